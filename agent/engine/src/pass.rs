//! The pass as a machine: it is told what happened and says what to do next.
//!
//! ```text
//! settle    what an earlier pass left open is brought to a recorded end        settle, look
//! observe   what is recorded is read                                           observe
//! decide    compare, plan, check: functions; then what was learnt is recorded  decide
//! apply     step by step, each intent recorded before its call                 apply, flight
//! ```
//!
//! Two things hold throughout. *Intent before action*: a call is only ever handed out by [`Then::Call`], which runs when the
//! intent is durable. *The record is the fold*: each entry is folded as it is handed to the journal, by the same function
//! that reads the journal back, so an entry that would be illegal is never written, and dropping the machine at any point
//! and starting another one from the journal goes on from there.

mod apply;
pub(crate) mod backoff;
mod decide;
mod ending;
mod flight;
mod gate;
mod look;
mod memory;
mod narrow;
mod not_yet;
mod observe;
mod send;
mod settle;
#[cfg(test)]
mod tests;
mod turn;
mod untaken;
mod wait;
mod work;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use agent_world::ReadError;
use schema_catalog::{Catalog, Kind};
use schema_documents::desired::DesiredState;
use schema_documents::journal::Entry;
use schema_documents::plan::{Plan, StepKey};
use schema_documents::recorded::Recorded;
use schema_documents::{Digest, Json, Millis};

use crate::attention::{Agreement, Attention, Looks};
use crate::check::Checked;
use crate::command::{Command, Ended, Event, FailedStep, Outcome, SkippedStep};
use crate::diff::Sightings;
use crate::digests::Digests;
use crate::fold;
use crate::live::{Key, LiveState};
use crate::options::Limits;
use crate::schedule::{Experience, Verdict};

pub use gate::{GONE, UNHEALTHY};
pub use turn::Turn;

use flight::{Ending, Flight};
use observe::Observation;
use send::{Asker, Desk};
use work::Work;

/// All that a pass starts from.
#[derive(Clone)]
pub struct Inputs {
    /// What should be.
    pub desired: Arc<DesiredState>,
    /// Where it was published, when it was.
    pub published: Published,
    /// The fold of the journal.
    pub recorded: Recorded,
    /// Facts about kinds.
    pub catalog: &'static Catalog,
    /// What bounds the pass.
    pub limits: Limits,
    /// What the pass may do.
    pub mode: Mode,
    /// Edits that earlier passes saw and that have not settled.
    pub sightings: Sightings,
    /// The kinds that some provider knows.
    pub knows: BTreeSet<String>,
    /// What it looks at, and what it was told before.
    pub attention: Attention,
    /// What earlier passes learnt of the cloud's pace.
    pub experience: Experience,
    /// The account that the provider works in, where it could tell.
    pub account: Option<String>,
    /// What memory has in the place of sensitive values.
    pub digests: Digests,
}

/// Where a desired state was published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Its number.
    pub number: Option<u64>,
    /// The commit it was built from.
    pub commit: Option<String>,
}

/// What a pass may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Looks, and changes nothing anywhere: no call is made and no entry written.
    Plan,
    /// Looks at what [`Mode::Destroy`] would do, and changes nothing anywhere.
    PlanDestroy,
    /// Applies the plan. Where the environment wants approval, only steps that have it are begun. What was edited is read once more, a
    /// moment later, before the edit is believed.
    Apply,
    /// As [`Mode::Apply`], as one of many passes: an edit is believed when it has rested, or an earlier pass saw it too.
    Run,
    /// Works towards nothing: everything that is recorded goes, through the same gates.
    Destroy,
}

/// What a pass leaves to those after it.
pub struct Left {
    /// The record, with everything that this pass handed to the journal.
    pub recorded: Recorded,
    /// The edits that were seen and have not settled.
    pub sightings: Sightings,
    /// When each was last read, by this pass or an earlier one.
    pub looks: Looks,
    /// Of what it had anything to say. A narrow pass that is to act on it has to look at it again.
    pub noticed: BTreeSet<Key>,
    /// How the document and the record agreed before it.
    pub agreement: Option<Agreement>,
}

/// How far a pass is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    New,
    Settling,
    Observing,
    /// Edited resources are read once more before their edits are believed.
    Resting,
    Recording,
    Applying,
    Finished,
}

/// What a question was asked for.
#[derive(Clone, Debug)]
enum Purpose {
    Observe(Key),
    /// A list that stands for reads of these.
    Sweep {
        keys: BTreeSet<Key>,
        asked_at_ms: Millis,
    },
    Look(u64),
    Pin(StepKey),
    ReadBack(u64),
}

/// What happens when entries are durable.
#[derive(Clone, Debug)]
enum Then {
    Nothing,
    Call(u64),
    Poll { intent: u64, not_before_ms: Millis },
    Probe(u64),
    ReadBack(u64),
    Seek(u64),
    Close(u64, Ending),
    Apply,
}

/// At most one append is under way; what becomes ready meanwhile is collected into the next.
#[derive(Default)]
struct Writer {
    last: u64,
    under_way: Option<Vec<Then>>,
    entries: Vec<Entry>,
    then: Vec<Then>,
}

/// The machine. See the module.
pub struct Pass {
    desired: Arc<DesiredState>,
    published: Published,
    recorded: Recorded,
    catalog: &'static Catalog,
    limits: Limits,
    mode: Mode,
    sightings: Sightings,
    knows: BTreeSet<String>,
    attention: Attention,
    account: Option<String>,
    digests: Digests,
    /// The digest of the document, once somebody had to know.
    digest: Option<Digest>,
    /// Of what there was anything to say.
    noticed: BTreeSet<Key>,

    stage: Stage,
    now_ms: Millis,
    stopping: bool,
    ending: Option<Ended>,
    commands: Vec<Command>,
    writer: Writer,
    learnt: usize,
    due: VecDeque<Then>,
    desk: Desk,
    last_question: u64,
    questions: BTreeMap<u64, Purpose>,
    to_settle: VecDeque<u64>,
    flights: BTreeMap<u64, Flight>,
    observation: Observation,
    live: LiveState,
    plan: Option<Plan>,
    checked: Option<Checked>,
    work: Work,
    succeeded: Vec<StepKey>,
    failed: Vec<FailedStep>,
    skipped: Vec<SkippedStep>,
    turns: Vec<Turn>,
}

impl Pass {
    /// A pass that has not begun: its first event is [`Event::Started`].
    pub fn new(inputs: Inputs) -> Self {
        let Inputs {
            desired,
            published,
            recorded,
            catalog,
            limits,
            mode,
            sightings,
            knows,
            attention,
            experience,
            account,
            digests,
        } = inputs;
        Self {
            desk: Desk::new(&limits, experience),
            desired,
            published,
            recorded,
            catalog,
            limits,
            mode,
            sightings,
            knows,
            attention,
            account,
            digests,
            digest: None,
            noticed: BTreeSet::new(),
            stage: Stage::New,
            now_ms: 0,
            stopping: false,
            ending: None,
            commands: Vec::new(),
            writer: Writer::default(),
            learnt: 0,
            due: VecDeque::new(),
            last_question: 0,
            questions: BTreeMap::new(),
            to_settle: VecDeque::new(),
            flights: BTreeMap::new(),
            observation: Observation::default(),
            live: LiveState::new(),
            plan: None,
            checked: None,
            work: Work::default(),
            succeeded: Vec::new(),
            failed: Vec::new(),
            skipped: Vec::new(),
            turns: Vec::new(),
        }
    }

    /// Takes an event and says what to do. The same events at the same times give the same commands, to the byte.
    pub fn step(&mut self, event: Event, now_ms: Millis) -> Vec<Command> {
        if self.stage == Stage::Finished {
            return Vec::new();
        }
        self.now_ms = now_ms;
        match event {
            Event::Started => self.start(),
            Event::Appended { append } => self.appended(append),
            Event::Lost { to } => self.finish(Ended::Lost { to }),
            Event::Read { question, result, began_at_ms } => self.read(question, result, began_at_ms),
            Event::Listed { question, result } => self.listed(question, result),
            Event::Called { intent, result } => self.called(intent, result),
            Event::Polled { intent, result } => self.polled(intent, result),
            Event::Probed { intent, result } => self.probed(intent, result),
            Event::Woke { at_ms } => self.woke(at_ms),
            Event::Stop => self.stop(),
        }
        self.run_due();
        while self.advance() || self.send() {
            self.run_due();
        }
        self.flush();
        self.set_alarm();
        self.finish_when_idle();
        std::mem::take(&mut self.commands)
    }

    /// The record, with everything that this pass handed to the journal.
    pub fn recorded(&self) -> &Recorded {
        &self.recorded
    }

    /// The plan, once it is made.
    pub fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// The edits that were seen and have not settled: what the next pass starts with.
    pub fn sightings(&self) -> &Sightings {
        &self.sightings
    }

    /// The turns that were taken since this was asked last.
    pub fn take_turns(&mut self) -> Vec<Turn> {
        std::mem::take(&mut self.turns)
    }

    fn turn(&mut self, turn: Turn) {
        self.turns.push(turn);
    }

    /// When each was last read, by this pass or an earlier one: what the next pass starts with.
    pub fn looks(&self) -> &Looks {
        &self.attention.looks
    }

    /// What it leaves to the passes after it.
    pub fn leave(self) -> Left {
        let Self { recorded, sightings, attention, noticed, .. } = self;
        Left { recorded, sightings, looks: attention.looks, noticed, agreement: attention.agreement }
    }

    /// How many entries were handed to the journal, or would have been by a pass that may write.
    pub fn learnt(&self) -> usize {
        self.learnt
    }

    fn start(&mut self) {
        match self.superseded() {
            Some(by) => self.end(Ended::Superseded { by }),
            None => self.start_settling(),
        }
    }

    /// The number of a newer desired state than this pass would work towards.
    fn superseded(&self) -> Option<u64> {
        let newer = |newer: &u64| self.published.number.is_some_and(|number| number < *newer);
        self.recorded.published.filter(newer)
    }

    /// Moves to the next stage, or begins more within this one. Whether anything happened.
    fn advance(&mut self) -> bool {
        if self.ending.is_some() {
            return false;
        }
        match self.stage {
            Stage::Settling => self.advance_settling(),
            Stage::Observing | Stage::Resting => self.advance_observing(),
            Stage::Applying => self.advance_applying(),
            Stage::New | Stage::Recording | Stage::Finished => false,
        }
    }

    fn stop(&mut self) {
        self.stopping = true;
        if self.stage != Stage::Applying {
            return self.end(Ended::Stopped);
        }
        self.leave_waiting();
    }

    /// Ends the pass as soon as no append is under way.
    fn end(&mut self, ended: Ended) {
        self.ending.get_or_insert(ended);
    }

    fn finish_when_idle(&mut self) {
        if self.writer.under_way.is_none()
            && let Some(ended) = self.ending.take()
        {
            self.finish(ended);
        }
    }

    fn finish(&mut self, ended: Ended) {
        if self.stage == Stage::Finished {
            return;
        }
        self.stage = Stage::Finished;
        self.due.clear();
        let outcome = Outcome {
            plan: self.plan.clone(),
            succeeded: std::mem::take(&mut self.succeeded),
            failed: std::mem::take(&mut self.failed),
            skipped: std::mem::take(&mut self.skipped),
            ended,
        };
        self.commands.push(Command::Finish(Box::new(outcome)));
    }

    // --- the journal

    /// Whether anything may be written or called.
    fn mutates(&self) -> bool {
        !matches!(self.mode, Mode::Plan | Mode::PlanDestroy)
    }

    /// Folds the entries and hands them to the journal; `then` happens when they are durable. A pass that only plans
    /// folds them and writes nothing.
    fn append(&mut self, entries: Vec<Entry>, then: Then) {
        for entry in &entries {
            if let Err(illegal) = fold::apply(&mut self.recorded, entry, self.now_ms) {
                let violations = vec![format!("an entry would be illegal and was not written: {illegal}")];
                self.end(Ended::Refused { violations });
                return;
            }
        }
        self.learnt += entries.len();
        if self.mutates() && !entries.is_empty() {
            self.writer.entries.extend(entries);
            self.writer.then.push(then);
        } else {
            self.due.push_back(then);
        }
    }

    fn flush(&mut self) {
        let nothing_to_do = self.writer.under_way.is_some() || self.writer.entries.is_empty();
        if nothing_to_do || self.stage == Stage::Finished {
            return;
        }
        self.writer.last += 1;
        self.writer.under_way = Some(std::mem::take(&mut self.writer.then));
        let entries = std::mem::take(&mut self.writer.entries);
        self.commands.push(Command::Append { append: self.writer.last, entries });
    }

    fn appended(&mut self, append: u64) {
        if append == self.writer.last {
            self.due.extend(self.writer.under_way.take().unwrap_or_default());
        }
    }

    fn run_due(&mut self) {
        while let Some(then) = self.due.pop_front() {
            if self.ending.is_some() {
                self.due.clear();
                return;
            }
            match then {
                Then::Nothing => {}
                Then::Call(intent) => self.call(intent, self.now_ms),
                Then::Poll { intent, not_before_ms } => self.poll(intent, not_before_ms),
                Then::Probe(intent) => self.probe(intent, self.now_ms),
                Then::ReadBack(intent) => self.read_back(intent, self.now_ms),
                Then::Seek(intent) => self.seek(intent),
                Then::Close(intent, ending) => self.close(intent, ending),
                Then::Apply => self.start_applying(),
            }
        }
    }

    // --- questions

    fn read(&mut self, question: u64, result: Result<Option<Json>, ReadError>, began_at_ms: Millis) {
        self.answered(Asker::Question(question), Verdict::of_question(&result));
        match self.questions.remove(&question) {
            Some(Purpose::Observe(key)) => self.observed(key, result, began_at_ms),
            Some(Purpose::Look(intent)) => self.looked(intent, result),
            Some(Purpose::Pin(step)) => self.pinned(&step, result),
            Some(Purpose::ReadBack(intent)) => self.was_read_back(intent, result, began_at_ms),
            Some(Purpose::Sweep { .. }) | None => {}
        }
    }

    fn kind(&self, name: &str) -> Option<&'static Kind> {
        self.catalog.kind(name)
    }

    /// How long after a create reads may still say that there is nothing.
    fn visibility_ms(&self, kind: &str) -> u64 {
        self.kind(kind).map_or(0, |kind| self.limits.lag_ms(kind.overlay.visibility_ms))
    }
}
