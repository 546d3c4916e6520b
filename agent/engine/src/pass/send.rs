//! What leaves the pass: every request waits in the queue for its turn, and holds a place until its answer.
//!
//! A step pays for its call when it begins: what was decided last, and is recorded first, is not put off afterwards. So it
//! holds a place from its beginning to the answer of its call. While the cloud works, it holds none.

use std::collections::BTreeMap;

use schema_documents::plan::StepKey;
use schema_documents::{Json, Millis};

use super::{Pass, Purpose, Stage};
use crate::command::{Command, Note};
use crate::options::{Discipline, Limits};
use crate::schedule::{Class, Direction, Expected, Experience, Lane, Queue, Quotas, Sent, Verdict, Wanted};

/// Something that waits for its turn.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outgoing {
    /// A step of the plan, with its call.
    Step(StepKey),
    /// The call of an intent, again.
    Call(u64),
    /// A poll for an intent.
    Poll(u64),
    /// A question at the gate of an intent.
    Probe(u64),
    Read {
        question: u64,
        kind: String,
        identifier: String,
    },
    List {
        question: u64,
        kind: String,
        parent: Option<Json>,
    },
}

impl Outgoing {
    fn direction(&self) -> Direction {
        match self {
            Self::Step(_) | Self::Call(_) => Direction::Mutating,
            Self::Poll(_) | Self::Probe(_) | Self::Read { .. } | Self::List { .. } => Direction::Reading,
        }
    }
}

/// Who waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asker {
    Question(u64),
    Call(u64),
    Poll(u64),
    Probe(u64),
}

/// Where requests leave and answers come in.
pub(super) struct Desk {
    queue: Queue<Outgoing>,
    discipline: Discipline,
    operations: usize,
    sent: BTreeMap<Asker, Sent>,
    /// Places of steps that have begun and whose call was not made yet.
    paid: BTreeMap<StepKey, Sent>,
    pub(super) expected: Expected,
}

impl Desk {
    pub(super) fn new(limits: &Limits, experience: Experience) -> Self {
        let Experience { quotas, expected } = experience;
        let queue = Queue::new(limits.in_flight, quotas).with_background_percent(limits.looking_percent);
        let (queue, operations) = match limits.discipline {
            Discipline::Slots { steps, .. } => (queue.heedless(), steps),
            Discipline::LongestWayFirst | Discipline::FirstInFirstOut => (queue, limits.operations),
        };
        Self {
            queue,
            discipline: limits.discipline,
            operations: operations.max(1),
            sent: BTreeMap::new(),
            paid: BTreeMap::new(),
            expected,
        }
    }

    pub(super) fn quotas(&self) -> &Quotas {
        self.queue.quotas()
    }
}

impl Pass {
    /// What was learnt of the cloud's pace, for the next pass.
    pub fn experience(&self) -> Experience {
        let quotas = self.desk.quotas().clone().at_rest(self.now_ms);
        Experience { quotas, expected: self.desk.expected.clone() }
    }

    // --- wishes to send

    pub(super) fn want_step(&mut self, key: &StepKey, not_before_ms: Millis, class: Class) {
        let Some(task) = self.work.task(key) else { return };
        let kind = task.step.kind.clone();
        let worth = self.work.way_from_ms(key);
        self.want(Outgoing::Step(key.clone()), &kind, worth, not_before_ms, class);
    }

    pub(super) fn ask_read(&mut self, purpose: Purpose, kind: &str, identifier: &str, not_before_ms: Millis) {
        let (worth, class) = self.worth_of(&purpose);
        let question = self.ask(purpose);
        let read = Outgoing::Read { question, kind: kind.to_owned(), identifier: identifier.to_owned() };
        self.want(read, kind, worth, not_before_ms, class);
    }

    pub(super) fn ask_list(
        &mut self,
        purpose: Purpose,
        kind: &str,
        parent: Option<Json>,
        not_before_ms: Millis,
    ) {
        let (worth, class) = self.worth_of(&purpose);
        let question = self.ask(purpose);
        let list = Outgoing::List { question, kind: kind.to_owned(), parent };
        self.want(list, kind, worth, not_before_ms, class);
    }

    fn ask(&mut self, purpose: Purpose) -> u64 {
        self.last_question += 1;
        self.questions.insert(self.last_question, purpose);
        self.last_question
    }

    fn worth_of(&self, purpose: &Purpose) -> (u64, Class) {
        match purpose {
            Purpose::Observe(_) | Purpose::Sweep { .. } => (0, Class::Background),
            Purpose::Pin(step) => (self.work.way_from_ms(step), Class::Within),
            Purpose::Look(intent) | Purpose::ReadBack(intent) => (self.way_after_ms(*intent), Class::Work),
        }
    }

    /// How long the way is that waits for the end of an intent.
    pub(super) fn way_after_ms(&self, intent: u64) -> u64 {
        let step = self.flights.get(&intent).and_then(|flight| flight.step.as_ref());
        step.map_or(0, |step| self.work.way_after_ms(step))
    }

    pub(super) fn want_call(&mut self, intent: u64, kind: &str, not_before_ms: Millis) {
        let worth = self.way_after_ms(intent);
        self.want(Outgoing::Call(intent), kind, worth, not_before_ms, Class::Work);
    }

    pub(super) fn want_poll(&mut self, intent: u64, kind: &str, not_before_ms: Millis) {
        let worth = self.way_after_ms(intent);
        self.want(Outgoing::Poll(intent), kind, worth, not_before_ms, Class::Work);
    }

    pub(super) fn want_probe(&mut self, intent: u64, kind: &str, not_before_ms: Millis) {
        let worth = self.way_after_ms(intent);
        self.want(Outgoing::Probe(intent), kind, worth, not_before_ms, Class::Work);
    }

    fn want(&mut self, what: Outgoing, kind: &str, worth: u64, not_before_ms: Millis, class: Class) {
        let direction = what.direction();
        // A gate asks the service itself.
        let is_probe = matches!(what, Outgoing::Probe(_));
        let interface =
            if is_probe { Lane::service(kind, direction) } else { Lane::interface(kind, direction) };
        // A poll asks the interface, which knows without asking the service.
        let service =
            (!is_probe && !matches!(what, Outgoing::Poll(_))).then(|| Lane::service(kind, direction));
        let worth = if self.desk.discipline == Discipline::LongestWayFirst { worth } else { 0 };
        let wanted = Wanted { what, interface, service, worth, not_before_ms, class };
        self.desk.queue.push(wanted, self.now_ms);
    }

    // --- what goes, and what comes back

    /// Sends what may go now. Whether that was anything.
    pub(super) fn send(&mut self) -> bool {
        if self.ending.is_some() || self.stage == Stage::Finished {
            return false;
        }
        self.desk.queue.let_begin(self.work.running() < self.desk.operations);
        let Some((outgoing, sent)) = self.desk.queue.next(self.now_ms) else { return false };
        match outgoing {
            Outgoing::Step(key) => {
                self.desk.paid.insert(key.clone(), sent);
                self.begin(&key);
            }
            Outgoing::Call(intent) => self.send_call(intent, sent),
            Outgoing::Poll(intent) => {
                let operation = self.flights.get(&intent).and_then(|flight| flight.operation.clone());
                let command = operation.map(|operation| Command::Poll { intent, operation });
                self.dispatch(Asker::Poll(intent), command, sent);
            }
            Outgoing::Probe(intent) => {
                let command = self.asked_at_gate(intent).map(|probe| Command::Probe { intent, probe });
                self.dispatch(Asker::Probe(intent), command, sent);
            }
            Outgoing::Read { question, kind, identifier } => {
                let command = Command::Read { question, kind, identifier };
                self.dispatch(Asker::Question(question), Some(command), sent);
            }
            Outgoing::List { question, kind, parent } => {
                let command = Command::List { question, kind, parent };
                self.dispatch(Asker::Question(question), Some(command), sent);
            }
        }
        true
    }

    fn send_call(&mut self, intent: u64, sent: Sent) {
        let call = self.flights.get(&intent).map(super::flight::Flight::call);
        let command = call.map(|call| Command::Call { intent, call });
        self.dispatch(Asker::Call(intent), command, sent);
    }

    /// The call of an intent: at once, if its step has paid for it.
    pub(super) fn call(&mut self, intent: u64, not_before_ms: Millis) {
        let Some(flight) = self.flights.get(&intent) else { return };
        let kind = flight.intent.kind.clone();
        match flight.step.as_ref().and_then(|step| self.desk.paid.remove(step)) {
            Some(sent) => self.send_call(intent, sent.at(self.now_ms)),
            None => self.want_call(intent, &kind, not_before_ms),
        }
    }

    /// Hands out a command, or gives the place back when there is none any more.
    fn dispatch(&mut self, asker: Asker, command: Option<Command>, sent: Sent) {
        match command {
            Some(command) => {
                self.desk.sent.insert(asker, sent);
                self.commands.push(command);
            }
            None => self.release(sent, Verdict::Unsent),
        }
    }

    /// A step does not make the call that it paid for.
    pub(super) fn pay_back(&mut self, step: &StepKey) {
        if let Some(sent) = self.desk.paid.remove(step) {
            self.release(sent, Verdict::Unsent);
        }
    }

    /// An answer came: its place is free, and tells of the limits.
    pub(super) fn answered(&mut self, asker: Asker, verdict: Verdict) {
        if let Some(sent) = self.desk.sent.remove(&asker) {
            self.release(sent, verdict);
        }
    }

    fn release(&mut self, sent: Sent, verdict: Verdict) {
        let slowed = self.desk.queue.answered(sent, verdict, self.now_ms);
        self.tell_slowed(slowed);
    }

    /// An operation failed since its service was asked too often.
    pub(super) fn throttled_behind(&mut self, kind: &str, sent_at_ms: Millis) {
        let lane = Lane::service(kind, Direction::Mutating);
        let slowed = self.desk.queue.refused_later(&lane, sent_at_ms, self.now_ms);
        self.tell_slowed(slowed);
    }

    fn tell_slowed(&mut self, slowed: Option<Lane>) {
        let Some(lane) = slowed else { return };
        if let Some(per_second) = self.desk.quotas().of(&lane).and_then(crate::schedule::Bucket::per_second) {
            self.commands.push(Command::Tell(Note::Slowed { lane, per_second }));
        }
    }

    /// Sees to it that the pass is woken when the next request may go.
    pub(super) fn set_alarm(&mut self) {
        if self.ending.is_some() || self.stage == Stage::Finished {
            return;
        }
        self.desk.queue.let_begin(self.work.running() < self.desk.operations);
        let alarm = self.desk.queue.alarm(self.now_ms);
        self.commands.extend(alarm.map(|at_ms| Command::Wake { at_ms }));
    }

    pub(super) fn woke(&mut self, at_ms: Millis) {
        self.desk.queue.woke(at_ms);
    }
}
