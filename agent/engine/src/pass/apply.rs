//! Applying: the steps of the checked plan, as parallel as their order and the limits allow, the longest way to go first.
//!
//! Plan decides, apply obeys: values that were not known when the plan was made are filled in, nothing else is chosen. An
//! update reads the resource once more; when what it is about to replace is not what the plan saw, the step is stale and the
//! next pass decides anew.

use std::collections::{BTreeMap, BTreeSet};

use agent_world::ReadError;
use schema_documents::approval::AwaitedStep;
use schema_documents::journal::{Act, Entry, Intent, token};
use schema_documents::plan::{Action, Reason, Step, StepKey};
use schema_documents::{Json, Millis, ResourceId};

use super::decide::{Deed, Lack};
use super::flight::{Again, Ending, Flight};
use super::untaken::Untaken;
use super::work::{TaskState, Work};
use super::{Pass, Purpose, Stage, Then, Turn, backoff};
use crate::check::Checked;
use crate::command::{Command, Ended, FailedStep, Note, SkippedStep};
use crate::schedule::Class;

/// Why a step that could have begun was not.
pub(super) const TOLD_TO_STOP: &str = "the pass was told to stop";

impl Pass {
    pub(super) fn start_applying(&mut self) {
        self.stage = Stage::Applying;
        let Some(plan) = self.checked.take().map(Checked::into_plan) else { return };
        self.work = Work::new(&plan.steps, self.catalog, &self.desk.expected);
        for AwaitedStep { step, changed } in plan.awaited.into_iter().flat_map(|awaited| awaited.steps) {
            let changed = changed.map(|changed| format!(" ({changed})")).unwrap_or_default();
            self.skip(&step, format!("it waits for a person's approval{changed}"));
        }
    }

    /// Lets what can begin wait for its turn, and gives up what cannot any more. Whether that was anything.
    pub(super) fn advance_applying(&mut self) -> bool {
        let waiting = self.work.waiting();
        while let Some((key, lost)) = self.work.next_cut_off() {
            self.turn(Turn::CutOff);
            self.skip(&key, format!("it comes after `{}`, which was not done", lost.0));
        }
        if self.stopping {
            for key in self.work.all_waiting() {
                self.skip(&key, TOLD_TO_STOP.to_owned());
            }
        }
        for key in self.work.take_ready() {
            self.want_step(&key, self.now_ms, Class::Begins);
        }
        let is_settling = self.is_settling() && !self.stopping;
        if self.work.running() == 0 && self.work.waiting() == 0 && !is_settling {
            self.end(if self.stopping { Ended::Stopped } else { Ended::Done });
        }
        self.work.waiting() < waiting
    }

    pub(super) fn skip(&mut self, key: &StepKey, why: String) {
        self.end_step(key, false);
        self.skipped.push(SkippedStep { step: key.clone(), why });
    }

    /// A step has come to its end, or will never begin.
    fn end_step(&mut self, key: &StepKey, succeeded: bool) {
        self.pay_back(key);
        self.work.end(key, succeeded);
        let (ended, of) = self.work.advanced();
        let left_ms = self.work.left_ms(self.desk.quotas());
        self.commands.push(Command::Tell(Note::Advanced { ended, of, left_ms }));
    }

    /// It is the turn of a step.
    pub(super) fn begin(&mut self, key: &StepKey) {
        let is_over = |state| matches!(state, TaskState::Succeeded | TaskState::Lost);
        let Some(task) = self.work.task(key).filter(|task| !is_over(task.state)) else {
            return self.pay_back(key);
        };
        let step = task.step.clone();
        if self.stopping {
            return self.skip(key, TOLD_TO_STOP.to_owned());
        }
        self.work.begin(key);
        match &step.action {
            Action::Create { .. } => self.begin_create(&step),
            Action::Update { identifier, .. } => {
                self.ask_read(Purpose::Pin(key.clone()), &step.kind, identifier, self.now_ms);
            }
            // Its approval would have taken it before anything was compared.
            Action::Import { .. } => self.skip(key, "it waits for a person's approval".to_owned()),
            Action::Delete { identifier, confirmed } => {
                let act = Act::Delete { identifier: identifier.clone(), confirmed: confirmed.clone() };
                self.intend(&step, Deed { act, settles: BTreeMap::new() });
            }
        }
    }

    /// A step that has begun waits for another turn.
    fn begin_later(&mut self, key: &StepKey, not_before_ms: Millis) {
        self.pay_back(key);
        self.want_step(key, not_before_ms, Class::Work);
    }

    fn begin_create(&mut self, step: &Step) {
        let journal = self.recorded.journal.clone().unwrap_or_default();
        match self.creation(step, &journal) {
            Ok(deed) => self.intend(step, deed),
            Err(lack) => self.lacks(step, &lack),
        }
    }

    fn lacks(&mut self, step: &Step, lack: &Lack) {
        if lack.is_awaited() {
            return self.skip(&step.key, lack.message.clone());
        }
        self.turns.extend(lack.is_waiting().then_some(Turn::StillMissing));
        self.lose(&step.key, lack.code, &lack.message);
    }

    /// The live state just before an update.
    pub(super) fn pinned(&mut self, key: &StepKey, result: Result<Option<Json>, ReadError>) {
        let (now_ms, most) = (self.now_ms, self.limits.attempts);
        let Some(task) = self.work.task_mut(key) else { return };
        match result {
            Ok(Some(live)) => {
                let step = task.step.clone();
                self.begin_update(&step, &live);
            }
            Ok(None) => {
                self.turn(Turn::PinGone);
                self.skip(key, "it is gone since the plan was made".to_owned());
            }
            Err(error) => {
                task.tries += 1;
                let refused = matches!(error, ReadError::Refused { .. });
                if task.tries >= most || refused {
                    self.turn(Turn::PinGivenUp);
                    return self.lose(key, "NoAnswer", &format!("reading it before the update: {error}"));
                }
                let at = backoff::after_read_error(now_ms, &error, &key.0, task.tries);
                self.turn(Turn::PinAgain);
                self.begin_later(key, at);
            }
        }
    }

    fn begin_update(&mut self, step: &Step, live: &Json) {
        match self.update(step, live) {
            Ok(Some(deed)) => self.intend(step, deed),
            Ok(None) => {
                self.turn(Turn::PinStale);
                self.skip(&step.key, "it changed since the plan was made".to_owned());
            }
            Err(lack) => self.lacks(step, &lack),
        }
    }

    /// Journals the intent; the call is made when it is durable.
    fn intend(&mut self, step: &Step, deed: Deed) {
        let Deed { act, settles } = deed;
        let Some(journal) = self.recorded.journal.clone() else {
            return self.lose(&step.key, "NoJournal", "the journal has no id yet: nothing can be recorded");
        };
        let before = match self.untaken(step, &act) {
            Untaken::Other => return self.seek_before(step),
            Untaken::Same { token } => Some(token),
            Untaken::Nothing => None,
        };
        let number = self.recorded.next_intent;
        let attempt = self.attempt(step, &act);
        self.turn(intended(step));
        // The intent's number makes the token unlike that of any other intent: what is created again after its deletion,
        // or changed back and forth, has the same body in the same generation, and must not be answered from the past.
        let journal = format!("{journal}/{number}");
        let Step { resource, generation, kind, stateful, .. } = step;
        let intent = Intent {
            intent: number,
            resource: resource.clone(),
            generation: *generation,
            kind: kind.clone(),
            stateful: *stateful,
            attempt,
            token: before.unwrap_or_else(|| token(&journal, resource, *generation, attempt, &act)),
            act,
            reason: Some(step.reason.clone()),
            depends_on: self.dependencies(resource),
            settles,
            only_looks: false,
        };
        self.flights.insert(number, Flight::begun(intent.clone(), self.now_ms, step.key.clone()));
        let then = Then::Call(number);
        self.append(vec![Entry::Intent(Box::new(intent))], then);
    }

    /// Which try it is, from 1.
    fn attempt(&self, step: &Step, act: &Act) -> u32 {
        let record = self.recorded.resources.get(&step.resource).and_then(|all| all.get(&step.generation));
        let tried = record.map_or(0, |record| match act {
            Act::Create { .. } => record.attempt,
            Act::Update { .. } | Act::Delete { .. } => {
                record.failure.as_ref().map_or(0, |failure| failure.times)
            }
        });
        tried + 1
    }

    fn dependencies(&self, id: &ResourceId) -> BTreeSet<ResourceId> {
        match self.desired.resources.get(id) {
            Some(resource) => resource.dependencies(),
            None => self.recorded.resources.get(id).into_iter().flatten().fold(
                BTreeSet::new(),
                |mut all, (_, record)| {
                    all.extend(record.depends_on.iter().cloned());
                    all
                },
            ),
        }
    }

    pub(super) fn step_ended(&mut self, key: &StepKey, ending: Ending) {
        match ending {
            Ending::Succeeded => {
                self.end_step(key, true);
                self.succeeded.push(key.clone());
            }
            Ending::Failed { again: Again::Later, code, message } if !self.stopping => {
                self.try_again(key, &code, &message);
            }
            Ending::Failed { again: Again::Soon, .. } if !self.stopping => {
                self.try_again_soon(key);
            }
            Ending::Failed { code, message, .. } | Ending::Open { code, message } => {
                self.lose(key, &code, &message);
            }
        }
    }

    /// A new attempt, with a new token: its predecessor came to a recorded end.
    fn try_again(&mut self, key: &StepKey, code: &str, message: &str) {
        let most = self.limits.attempts;
        let Some(task) = self.work.task_mut(key) else { return };
        task.tries += 1;
        if task.tries >= most {
            self.turn(Turn::AttemptsUsedUp);
            return self.lose(key, code, message);
        }
        self.turns.push(Turn::AnotherAttempt);
        let not_before_ms = self.now_ms + backoff::pause_ms(&key.0, task.tries);
        self.begin_later(key, not_before_ms);
    }

    /// A new attempt, as often as it takes: what is waited for is known within a bounded time, or the refusal is meant.
    fn try_again_soon(&mut self, key: &StepKey) {
        let Some(task) = self.work.task_mut(key) else { return };
        task.waits += 1;
        let not_before_ms = self.now_ms + backoff::not_yet_ms(task.waits);
        self.turns.push(Turn::AnotherAttempt);
        self.begin_later(key, not_before_ms);
    }

    fn lose(&mut self, key: &StepKey, code: &str, message: &str) {
        let Some(task) = self.work.task(key) else { return };
        let resource = task.step.resource.clone();
        self.end_step(key, false);
        let (step, code, message) = (key.clone(), code.to_owned(), message.to_owned());
        self.failed.push(FailedStep { step, resource, code, message });
    }
}

fn intended(step: &Step) -> Turn {
    match (&step.action, &step.reason) {
        (Action::Create { .. }, Reason::Replaced { .. }) => Turn::ReplacementIntended,
        (Action::Create { .. }, Reason::Gone) => Turn::RestorationIntended,
        (Action::Create { .. }, _) => Turn::CreateIntended,
        (Action::Update { .. }, Reason::Revert) => Turn::RevertIntended,
        (Action::Update { .. }, Reason::SetBack) => Turn::WayBackIntended,
        (Action::Update { .. } | Action::Import { .. }, _) => Turn::UpdateIntended,
        (Action::Delete { .. }, Reason::Superseded) => Turn::FormerDeleteIntended,
        (Action::Delete { .. }, _) => Turn::DeleteIntended,
    }
}
