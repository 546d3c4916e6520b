//! Recover: an environment's record, found again in the cloud after its journal was lost.
//!
//! ```text
//! list     every kind of the document, and every other kind that carries tags    (leftovers are told, too)
//! read     whatever does not show at once that it is not ours
//! judge    which of them is which resource: by its tags, by its natural key, by a person's word
//! ```
//!
//! A [`Search`] is a machine like the [pass](crate::pass): it is told what happened and says what to ask next, and it only
//! asks. Resources without tags are judged when everything that they refer to is known, so a search goes from parents to
//! children. What it finds is a [`Recovery`], which a person confirms; [`entries`] is what the confirmed one writes. The
//! next pass *attaches* what was found (semantics, §1): it compares, remembers and writes nothing.
//!
//! *Unknown is never absent*: one resource of the document that could not be looked for, and nothing is rebuilt.

mod judge;
#[cfg(test)]
mod tests;
mod trace;

use std::collections::{BTreeMap, BTreeSet};

use agent_world::{Found, ReadError};
use schema_catalog::{Catalog, Kind};
use schema_documents::desired::{Class, DesiredState};
use schema_documents::journal::Entry;
use schema_documents::recorded::Recorded;
use schema_documents::recovery::{Finding, Format, Leftover, Recovery, There, VERSION};
use schema_documents::{Digest, FieldPath, Json, Millis, ResourceId};

use crate::command::{Command, Event};
use crate::digests::Digests;
use crate::fold;
use crate::options::Limits;
use crate::pass::backoff;
use crate::schedule::{Class as Share, Direction, Lane, Queue, Quotas, Sent, Verdict, Wanted};

pub use trace::Trace;

/// All that a search starts from.
pub struct Inputs {
    /// What should be there.
    pub desired: DesiredState,
    /// Facts about kinds.
    pub catalog: &'static Catalog,
    /// What bounds the search.
    pub limits: Limits,
    /// The kinds that some provider knows.
    pub knows: BTreeSet<String>,
    /// What a person says that resources are: an identifier, or that there is nothing.
    pub told: BTreeMap<ResourceId, Option<String>>,
    /// What memory has in the place of sensitive values.
    pub digests: Digests,
}

/// What is asked of the cloud.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    /// The resources of a kind, below a parent given by its canonical JSON.
    List(String, Option<String>),
    /// One resource.
    Read(String, String),
}

/// How a question was answered.
#[derive(Clone, Debug)]
enum Answer {
    /// It was.
    Given,
    /// It was refused, or not answered often enough.
    Not(String),
}

/// A live resource that may be ours.
struct Candidate {
    live: Json,
    began_at_ms: Millis,
}

/// The machine. See the module.
pub struct Search {
    desired: DesiredState,
    catalog: &'static Catalog,
    limits: Limits,
    knows: BTreeSet<String>,
    told: BTreeMap<ResourceId, Option<String>>,
    digests: Digests,
    /// Whether anything of the environment is enough.
    is_for_a_trace: bool,

    now_ms: Millis,
    /// What was asked and has no answer that counts.
    waiting: BTreeSet<Question>,
    queue: Queue<Question>,
    under_way: BTreeMap<u64, (Question, Sent)>,
    tries: BTreeMap<Question, u32>,
    answers: BTreeMap<Question, Answer>,
    last: u64,
    commands: Vec<Command>,
    /// Whatever was read, by kind and identifier.
    candidates: BTreeMap<(String, String), Candidate>,
    /// The record so far: what is judged of others tells their outputs.
    recorded: Recorded,
    findings: BTreeMap<ResourceId, Finding>,
    unanswered: BTreeMap<ResourceId, String>,
    over: bool,
}

impl Search {
    /// A search that has not begun: its first event is [`Event::Started`].
    pub fn new(inputs: Inputs) -> Self {
        let Inputs { desired, catalog, limits, knows, told, digests } = inputs;
        let queue = Queue::new(limits.in_flight, Quotas::default());
        Self {
            desired,
            catalog,
            limits,
            knows,
            told,
            digests,
            is_for_a_trace: false,
            now_ms: 0,
            waiting: BTreeSet::new(),
            queue,
            under_way: BTreeMap::new(),
            tries: BTreeMap::new(),
            answers: BTreeMap::new(),
            last: 0,
            commands: Vec::new(),
            candidates: BTreeMap::new(),
            recorded: Recorded::default(),
            findings: BTreeMap::new(),
            unanswered: BTreeMap::new(),
            over: false,
        }
    }

    /// Takes an event and says what to ask. When nothing is asked any more, the search is over.
    pub fn step(&mut self, event: Event, now_ms: Millis) -> Vec<Command> {
        self.now_ms = now_ms;
        match event {
            Event::Started => self.start(),
            Event::Read { question, result, began_at_ms } => self.read(question, result, began_at_ms),
            Event::Listed { question, result } => self.listed(question, result),
            Event::Woke { at_ms } => self.queue.woke(at_ms),
            Event::Appended { .. }
            | Event::Lost { .. }
            | Event::Called { .. }
            | Event::Polled { .. }
            | Event::Probed { .. }
            | Event::Stop => {}
        }
        if self.is_for_a_trace {
            self.ask_for_a_trace();
        } else {
            self.ask();
            self.judge_all();
        }
        if !self.over {
            let alarm = self.queue.alarm(self.now_ms);
            self.commands.extend(alarm.map(|at_ms| Command::Wake { at_ms }));
        }
        std::mem::take(&mut self.commands)
    }

    fn judge_all(&mut self) {
        while self.waiting.is_empty() && !self.over {
            self.over = !self.judge();
            self.ask();
        }
        if self.over {
            self.give_up_on_the_rest();
        }
    }

    /// What was found, once the search is over.
    pub fn recovery(&self) -> Recovery {
        let mut recovery = Recovery {
            format: Format::default(),
            version: VERSION,
            app: self.desired.app.clone(),
            environment: self.desired.environment.name.clone(),
            digest: None,
            findings: self.findings.values().cloned().collect(),
            unanswered: self.unanswered.clone(),
            leftovers: self.leftovers(),
            unsearched: self.unsearched(),
        };
        let anything = recovery.findings.iter().any(|finding| finding.there != There::Nothing {});
        recovery.digest = (self.unanswered.is_empty() && anything).then(|| recovery.confirmation());
        recovery
    }

    fn kind(&self, name: &str) -> Option<&'static Kind> {
        self.catalog.kind(name).filter(|kind| self.knows.contains(&kind.name))
    }

    /// Asks first for every kind that needs no parent.
    fn start(&mut self) {
        let wanted: BTreeSet<&str> =
            self.desired.resources.values().map(|resource| resource.kind.as_str()).collect();
        let kinds = self.catalog.all_kinds().filter(|kind| self.knows.contains(&kind.name));
        let is_asked_for = |kind: &&Kind| match (wanted.contains(kind.name.as_str()), kind.tags.is_some()) {
            (is_wanted, has_tags) if self.is_for_a_trace => is_wanted && has_tags,
            (is_wanted, has_tags) => is_wanted || has_tags,
        };
        let lists = kinds.filter(is_asked_for);
        let without_parent = lists
            .filter(|kind| kind.handlers.get("list").is_some_and(|list| list.requires.is_empty()))
            .map(|kind| Question::List(kind.name.clone(), None));
        for question in without_parent.collect::<Vec<_>>() {
            self.want(question);
        }
    }

    // --- questions

    /// Asks a question, unless it was asked before. Whether its answer is still to come.
    fn want(&mut self, question: Question) -> bool {
        if self.answers.contains_key(&question) {
            return false;
        }
        if self.waiting.insert(question.clone()) {
            self.line_up(question, self.now_ms);
        }
        true
    }

    /// Lets a question wait for its turn.
    fn line_up(&mut self, question: Question, not_before_ms: Millis) {
        let (Question::List(kind, _) | Question::Read(kind, _)) = &question;
        let wanted = Wanted {
            interface: Lane::interface(kind, Direction::Reading),
            service: Some(Lane::service(kind, Direction::Reading)),
            what: question,
            worth: 0,
            not_before_ms,
            class: Share::Work,
        };
        self.queue.push(wanted, self.now_ms);
    }

    fn ask(&mut self) {
        while let Some((question, sent)) = self.queue.next(self.now_ms) {
            self.send(question, sent);
        }
    }

    fn send(&mut self, question: Question, sent: Sent) {
        self.last += 1;
        let number = self.last;
        self.commands.push(match &question {
            Question::List(kind, parent) => Command::List {
                question: number,
                kind: kind.clone(),
                parent: parent.as_deref().and_then(|parent| serde_json::from_str(parent).ok()),
            },
            Question::Read(kind, identifier) => {
                Command::Read { question: number, kind: kind.clone(), identifier: identifier.clone() }
            }
        });
        self.under_way.insert(number, (question, sent));
    }

    /// What was asked, now that an answer came. Its place is free, and the answer tells of the limits.
    fn answered(&mut self, question: u64, verdict: Verdict) -> Option<Question> {
        let (asked, sent) = self.under_way.remove(&question)?;
        self.queue.answered(sent, verdict, self.now_ms);
        Some(asked)
    }

    fn close(&mut self, asked: Question, answer: Answer) {
        self.waiting.remove(&asked);
        self.answers.insert(asked, answer);
    }

    fn read(&mut self, question: u64, result: Result<Option<Json>, ReadError>, began_at_ms: Millis) {
        let Some(asked) = self.answered(question, Verdict::of_question(&result)) else { return };
        match (result, &asked) {
            (Ok(live), Question::Read(kind, identifier)) => {
                let key = (kind.clone(), identifier.clone());
                self.candidates.extend(live.map(|live| (key, Candidate { live, began_at_ms })));
                self.close(asked, Answer::Given);
            }
            (Ok(_), Question::List(..)) => {}
            (Err(error), _) => self.unread(asked, &error),
        }
    }

    fn listed(&mut self, question: u64, result: Result<Vec<Found>, ReadError>) {
        let Some(asked) = self.answered(question, Verdict::of_question(&result)) else { return };
        match (result, &asked) {
            (Ok(found), Question::List(name, _)) => {
                let plausible: Vec<Found> = match self.kind(name) {
                    Some(kind) => {
                        let is_plausible = |found: &Found| {
                            self.may_be_ours(kind, &found.properties)
                                && (!self.is_for_a_trace || self.may_be_named(kind, found))
                        };
                        found.into_iter().filter(is_plausible).collect()
                    }
                    None => Vec::new(),
                };
                let name = name.clone();
                for found in plausible {
                    self.want(Question::Read(name.clone(), found.identifier));
                }
                self.close(asked, Answer::Given);
            }
            (Ok(_), Question::Read(..)) => {}
            (Err(error), _) => self.unread(asked, &error),
        }
    }

    /// The same question again, later; a question that is refused is not repeated.
    fn unread(&mut self, asked: Question, error: &ReadError) {
        let tries = self.tries.entry(asked.clone()).or_default();
        *tries += 1;
        let tries = *tries;
        if matches!(error, ReadError::Refused { .. }) || tries >= self.limits.attempts {
            return self.close(asked, Answer::Not(error.to_string()));
        }
        let at = backoff::after_read_error(self.now_ms, error, &format!("{asked:?}"), tries);
        self.line_up(asked, at);
    }

    // --- what is told beside the findings

    fn leftovers(&self) -> Vec<Leftover> {
        let taken: BTreeSet<(&str, &str)> = self
            .findings
            .values()
            .flat_map(|finding| {
                judge::identifiers(finding).into_iter().map(|one| (finding.kind.as_str(), one))
            })
            .collect();
        let ours = self.candidates.iter().filter_map(|((kind, identifier), candidate)| {
            let (resource, _) = self.claim(self.kind(kind)?, &candidate.live)?;
            let is_taken = taken.contains(&(kind.as_str(), identifier.as_str()));
            (!is_taken).then(|| Leftover { resource, kind: kind.clone(), identifier: identifier.clone() })
        });
        let mut leftovers: Vec<Leftover> = ours.collect();
        leftovers.sort();
        leftovers
    }

    fn unsearched(&self) -> BTreeMap<String, String> {
        let wanted = |kind: &str| self.desired.resources.values().any(|resource| resource.kind == kind);
        let refused = self.answers.iter().filter_map(|(question, answer)| match (question, answer) {
            (Question::List(kind, None), Answer::Not(why)) if !wanted(kind) => {
                Some((kind.clone(), why.clone()))
            }
            _ => None,
        });
        refused.collect()
    }
}

/// What a person's word for a recovery writes: each finding, and of what grants access and is not there an edit of the
/// whole resource, which nobody but a person gives again.
pub fn entries(recovery: &Recovery, catalog: &Catalog, who: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    for finding in &recovery.findings {
        let found = Box::new(finding.clone());
        entries.push(Entry::Recovered { found, who: who.to_owned() });
        let grants_access = catalog.kind(&finding.kind).is_some_and(Kind::grants_access);
        if finding.there == (There::Nothing {}) && grants_access && finding.existing.is_none() {
            entries.push(Entry::Edited {
                resource: finding.resource.clone(),
                generation: finding.generation,
                path: FieldPath::root(),
                from: None,
                to: None,
                who: None,
                made_at_ms: None,
                class: Class::Open,
                origin: None,
            });
        }
    }
    entries
}

/// Whether nothing was ever recorded, and no pass of this journal has begun: it is new, or the one before it was lost.
pub fn may_be_lost(recorded: &Recorded) -> bool {
    is_possible(recorded) && recorded.desired.is_none()
}

/// Whether nothing was ever recorded that a recovery could contradict. Leases and what was seen of the document do not
/// count: whoever was killed in the middle of a recovery may begin it again.
pub fn is_possible(recorded: &Recorded) -> bool {
    recorded.resources.is_empty()
        && recorded.retired.is_empty()
        && recorded.open.is_empty()
        && recorded.next_intent == 0
}

/// Whether a person's word is for exactly this.
pub fn is_confirmed(recovery: &Recovery, word: &Digest) -> bool {
    recovery.digest.as_ref() == Some(word)
}

impl Search {
    /// What waits for itself is never judged.
    fn give_up_on_the_rest(&mut self) {
        for id in self.desired.resources.keys().filter(|id| !self.findings.contains_key(id)) {
            let why = || "what it refers to waits for it in turn".to_owned();
            self.unanswered.entry(id.clone()).or_insert_with(why);
        }
    }

    /// Folds a finding, so that whatever refers to it can be judged.
    fn settle(&mut self, finding: Finding) {
        let entry = Entry::Recovered { found: Box::new(finding.clone()), who: String::new() };
        // A finding of a resource that is folded already cannot be: each is judged once.
        if fold::apply(&mut self.recorded, &entry, self.now_ms).is_ok() {
            self.findings.insert(finding.resource.clone(), finding);
        }
    }
}
