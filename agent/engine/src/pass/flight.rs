//! The way of one intent: call, operation, [gate](super::gate), [result and read-back](super::ending). Settling and applying share it.
//!
//! | answer | what it means | what happens |
//! |---|---|---|
//! | throttled, refused for now | this time nothing was done | the same bytes and token again, later |
//! | no answer | it may have been done | the same bytes and token again, later; never another body |
//! | token conflict, operation unknown, exists already | it may be ours | look |
//! | refused, the operation failed, because of what is not known yet | nothing was done | again, [soon](super::not_yet) |
//! | the operation failed for now | the token is used up | recorded as failed; the step begins a new attempt |
//! | refused, the operation failed | it will not succeed | recorded as failed |
//! | refused, after a call without an answer | that one may have been done, or arrive yet | look, once it cannot arrive any more |
//!
//! What stays without a usable answer stays an open intent, and the next pass settles it.

use agent_world::{Call, CallAction, CallError, FailureKind, Progress, ProgressState, ReadError};
use schema_documents::Millis;
use schema_documents::journal::{Act, Entry, Intent};
use schema_documents::plan::StepKey;
use schema_documents::recorded::OpenIntent;

use super::gate::AtGate;
use super::look::Look;
use super::send::Asker;
use super::{Pass, Then, Turn, backoff};
use crate::command::{Command, Note};
use crate::schedule::Verdict as OfLimits;

/// One intent on its way.
pub(super) struct Flight {
    pub(super) intent: Intent,
    pub(super) written_at_ms: Millis,
    pub(super) step: Option<StepKey>,
    pub(super) operation: Option<String>,
    /// As our own operation named it.
    pub(super) identifier: Option<String>,
    /// Whether the provider says that something with this name was there before.
    pub(super) foreign: bool,
    /// When a call of this intent may have gone out at the latest whose answer nobody has: it may have been done, or be done
    /// yet. A later refusal says nothing of that one.
    pub(super) unanswered_ms: Option<Millis>,
    /// Whether it waits until nothing of it can arrive any more. Nobody waits for it meanwhile but what needs its resource.
    pub(super) waits_for_arrival: bool,
    /// Answers in a row that were of no use.
    pub(super) tries: u32,
    /// How often it was refused because of what is not known yet.
    pub(super) waits: u32,
    /// When the provider first said that it works on it.
    pub(super) accepted_at_ms: Option<Millis>,
    /// How long after that it was last seen under way, in milliseconds.
    pub(super) still_ms: u64,
    pub(super) succeeded_at_ms: Millis,
    pub(super) look: Option<Look>,
    /// What its gate has said so far.
    pub(super) gate: AtGate,
}

/// How the way of an intent ended.
#[derive(Clone, Debug)]
pub(super) enum Ending {
    Succeeded,
    Failed {
        code: String,
        message: String,
        /// Whether a new attempt may succeed.
        again: Again,
    },
    /// There is no result, and the intent stays open.
    Open {
        code: String,
        message: String,
    },
}

/// Whether a new attempt may succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    Never,
    /// Ever later, and a few times.
    Later,
    /// Often, until something is known that is not known yet.
    Soon,
}

/// What a provider said of a failure.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    pub(super) code: String,
    pub(super) message: String,
    /// Whether a new attempt may succeed.
    pub(super) again: Again,
    /// Those that claim to be what was to be created, where there are several.
    pub(super) candidates: Vec<String>,
    /// Whether an operation took the request up.
    pub(super) taken: Taken,
}

/// Whether an operation took a request up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// One did, or may have.
    Up,
    /// None: it was refused for the moment, and a copy of it that arrives later may be accepted.
    NotNow,
    /// None: it was refused for what it says.
    Never,
}

impl Verdict {
    pub(super) fn last(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            again: Again::Never,
            candidates: Vec::new(),
            taken: Taken::Up,
        }
    }
}

impl Flight {
    pub(super) fn begun(intent: Intent, written_at_ms: Millis, step: StepKey) -> Self {
        Self { step: Some(step), ..Self::of_no_step(intent, written_at_ms) }
    }

    pub(super) fn of_no_step(intent: Intent, written_at_ms: Millis) -> Self {
        Self {
            intent,
            written_at_ms,
            step: None,
            operation: None,
            identifier: None,
            foreign: false,
            unanswered_ms: None,
            waits_for_arrival: false,
            tries: 0,
            waits: 0,
            accepted_at_ms: None,
            still_ms: 0,
            succeeded_at_ms: 0,
            look: None,
            gate: AtGate::default(),
        }
    }

    /// Of another process, which may have called until now.
    pub(super) fn resumed(open: &OpenIntent, now_ms: Millis) -> Self {
        Self {
            operation: open.operation.clone(),
            identifier: open.identifier.clone(),
            unanswered_ms: Some(now_ms),
            ..Self::of_no_step(open.intent.clone(), open.at_ms)
        }
    }

    /// The identifier, as far as it is known without looking.
    pub(super) fn known_identifier(&self) -> Option<&str> {
        match &self.intent.act {
            Act::Create { .. } => self.identifier.as_deref(),
            Act::Update { identifier, .. } | Act::Delete { identifier, .. } => Some(identifier),
        }
    }

    pub(super) fn call(&self) -> Call {
        let action = match &self.intent.act {
            Act::Create { body, .. } => CallAction::Create(body.clone()),
            Act::Update { identifier, patch, .. } => CallAction::Update(identifier.clone(), patch.clone()),
            Act::Delete { identifier, .. } => CallAction::Delete(identifier.clone()),
        };
        Call { kind: self.intent.kind.clone(), token: self.intent.token.clone(), action }
    }

    pub(super) fn handler(&self) -> &'static str {
        match &self.intent.act {
            Act::Create { .. } => "create",
            Act::Update { .. } => "update",
            Act::Delete { .. } => "delete",
        }
    }
}

impl Pass {
    pub(super) fn called(&mut self, intent: u64, result: Result<Progress, CallError>) {
        self.answered(Asker::Call(intent), OfLimits::of_call(&result));
        if !self.flights.contains_key(&intent) {
            return;
        }
        match result {
            Ok(progress) => {
                self.turn(Turn::CallAccepted);
                self.progressed(intent, progress);
            }
            Err(CallError::Throttled { retry_after_ms, .. }) => {
                self.turn(Turn::CallThrottled);
                self.call_again(intent, retry_after_ms, Verdict::last("Throttled", "throttled"));
            }
            Err(CallError::NoAnswer(message)) => {
                self.turn(Turn::CallUnanswered);
                if let Some(flight) = self.flights.get_mut(&intent) {
                    flight.unanswered_ms = Some(self.now_ms);
                }
                self.call_again(intent, 0, Verdict::last("NoAnswer", message));
            }
            Err(CallError::TokenConflict) => {
                self.turn(Turn::CallTokenConflict);
                self.start_look(intent, None);
            }
            Err(CallError::Refused { failure, code, message }) => {
                self.refused(intent, failure, Verdict::last(code, message));
            }
        }
    }

    fn refused(&mut self, intent: u64, failure: FailureKind, verdict: Verdict) {
        let Some(flight) = self.flights.get(&intent) else { return };
        if Self::is_not_yet(&flight.intent.act, failure) {
            return self.call_not_yet(intent, verdict);
        }
        self.refused_as(intent, failure, verdict);
    }

    pub(super) fn refused_as(&mut self, intent: u64, failure: FailureKind, verdict: Verdict) {
        let unanswered_ms = self.flights.get(&intent).and_then(|flight| flight.unanswered_ms);
        match (failure, unanswered_ms) {
            (FailureKind::Transient | FailureKind::Throttled | FailureKind::NotYet, _) => {
                self.turn(Turn::CallRefusedForNow);
                self.call_again(intent, 0, verdict);
            }
            (
                FailureKind::Rejected | FailureKind::Denied | FailureKind::NotUpdatable,
                Some(unanswered_ms),
            ) => {
                self.turn(Turn::CallRefusedLate);
                self.look_after_arrival(intent, Verdict { taken: Taken::Up, ..verdict }, unanswered_ms);
            }
            _ => {
                self.turn(Turn::CallRefused);
                let for_now = verdict.taken == Taken::NotNow || failure == FailureKind::Denied;
                let taken = if for_now { Taken::NotNow } else { Taken::Never };
                self.failed_for_good(intent, failure, Verdict { taken, ..verdict });
            }
        }
    }

    /// The same bytes with the same token. When that was tried often enough, the intent has failed if nothing can
    /// have been done, and stays open if something can.
    fn call_again(&mut self, intent: u64, at_least_ms: u64, verdict: Verdict) {
        let (now_ms, most) = (self.now_ms, self.limits.attempts);
        let Some(flight) = self.flights.get_mut(&intent) else { return };
        flight.tries += 1;
        if flight.tries < most {
            let pause_ms = backoff::pause_ms(&flight.intent.token, flight.tries).max(at_least_ms);
            let at_ms = now_ms + pause_ms;
            self.commands.push(Command::Tell(Note::Retrying { intent, at_ms }));
            return self.call(intent, at_ms);
        }
        if flight.unanswered_ms.is_some() {
            let Verdict { code, message, .. } = verdict;
            self.turn(Turn::CallLeftOpen);
            self.close(intent, Ending::Open { code, message });
        } else {
            self.turn(Turn::CallGivenUp);
            self.fail(intent, Verdict { taken: Taken::NotNow, ..verdict });
        }
    }

    pub(super) fn poll(&mut self, intent: u64, not_before_ms: Millis) {
        let Some(flight) = self.flights.get(&intent) else { return };
        let kind = flight.intent.kind.clone();
        self.want_poll(intent, &kind, not_before_ms);
    }

    pub(super) fn polled(&mut self, intent: u64, result: Result<Progress, ReadError>) {
        self.answered(Asker::Poll(intent), OfLimits::of_question(&result));
        let (now_ms, most) = (self.now_ms, self.limits.attempts);
        let Some(flight) = self.flights.get_mut(&intent) else { return };
        match result {
            Ok(progress) => {
                flight.tries = 0;
                self.progressed(intent, progress);
            }
            Err(ReadError::UnknownOperation) => {
                self.turn(Turn::PollUnknown);
                self.start_look(intent, None);
            }
            Err(error) => {
                flight.tries += 1;
                if flight.tries >= most {
                    let (code, message) = ("NoAnswer".to_owned(), error.to_string());
                    self.turn(Turn::PollGivenUp);
                    return self.close(intent, Ending::Open { code, message });
                }
                let at = backoff::after_read_error(now_ms, &error, &flight.intent.token, flight.tries);
                self.turn(Turn::PollAgain);
                self.poll(intent, at);
            }
        }
    }

    fn progressed(&mut self, intent: u64, progress: Progress) {
        let Progress { operation, identifier, state } = progress;
        // A failure because of something that was there before may carry that one's identifier.
        let foreign = matches!(&state, ProgressState::Failed { failure: FailureKind::AlreadyExists, .. });
        let identifier = identifier.filter(|_| !foreign);
        let news = self.note_progress(intent, &operation, identifier.as_deref());
        match state {
            ProgressState::Running { retry_after_ms } => self.wait(intent, retry_after_ms, news),
            ProgressState::Succeeded => {
                self.learn_duration(intent);
                let known = identifier.or_else(|| self.identifier_by_heart(intent));
                self.append(news, Then::Nothing);
                self.turn(if known.is_some() { Turn::OperationSucceeded } else { Turn::OperationUnnamed });
                match known {
                    Some(identifier) => self.succeed(intent, identifier),
                    None => self.start_look(intent, None),
                }
            }
            ProgressState::Failed { failure, code, message } => {
                self.append(news, Then::Nothing);
                self.operation_failed(intent, failure, Verdict::last(code, message));
            }
        }
    }

    /// What a progress says that is not in the journal yet.
    fn note_progress(&mut self, intent: u64, operation: &str, identifier: Option<&str>) -> Vec<Entry> {
        let Some(flight) = self.flights.get_mut(&intent) else { return Vec::new() };
        let mut news = Vec::new();
        if flight.operation.as_deref() != Some(operation) {
            flight.operation = Some(operation.to_owned());
            news.push(Entry::Operation { intent, operation: operation.to_owned() });
        }
        let creates = matches!(flight.intent.act, Act::Create { .. });
        if let Some(identifier) = identifier.filter(|_| creates)
            && flight.identifier.as_deref() != Some(identifier)
        {
            flight.identifier = Some(identifier.to_owned());
            news.push(Entry::Identified { intent, identifier: identifier.to_owned() });
        }
        news
    }

    /// The identifier, where the act or the body says it.
    fn identifier_by_heart(&self, intent: u64) -> Option<String> {
        let flight = self.flights.get(&intent)?;
        flight.known_identifier().map(str::to_owned).or_else(|| self.identifier_in_body(&flight.intent))
    }

    pub(super) fn identifier_in_body(&self, intent: &Intent) -> Option<String> {
        match &intent.act {
            Act::Create { body, .. } => self.kind(&intent.kind)?.identifier_of(&body.to_document()),
            Act::Update { .. } | Act::Delete { .. } => None,
        }
    }
}
