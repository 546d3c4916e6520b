//! How the [way of an intent](super::flight) ends: with a failure, or with a success and a look at what came of it.

use agent_world::{FailureKind, ReadError};
use schema_documents::journal::{Act, Entry};
use schema_documents::{Json, Millis};

use super::flight::{Again, Ending, Taken, Verdict};
use super::{Pass, Purpose, Then, Turn, backoff};

/// How often a read-back without a usable answer is asked again.
const MOST_READ_BACKS: u32 = 6;

impl Pass {
    /// An operation came to its end, and failed: its token is used up. Before a create is attempted anew, what the failed
    /// one may have left behind is looked for, and taken up if it is there.
    pub(super) fn operation_failed(&mut self, intent: u64, failure: FailureKind, verdict: Verdict) {
        let Some(flight) = self.flights.get(&intent) else { return };
        let (kind, accepted_at_ms) = (flight.intent.kind.clone(), flight.accepted_at_ms);
        let creates = matches!(flight.intent.act, Act::Create { .. });
        let is_not_yet = Self::is_not_yet(&flight.intent.act, failure);
        // What an operation names that was refused may be there: who is refused before it begins names nothing.
        let names_something = flight.identifier.is_some();
        if failure == FailureKind::Throttled {
            self.throttled_behind(&kind, accepted_at_ms.unwrap_or(self.now_ms));
        }
        let verdict = match failure {
            _ if is_not_yet => self.judge_not_yet(intent, verdict),
            FailureKind::Transient | FailureKind::Throttled | FailureKind::NotYet => {
                Verdict { again: Again::Later, ..verdict }
            }
            _ => verdict,
        };
        self.turn(match verdict.again {
            Again::Never => Turn::OperationFailed,
            Again::Later => Turn::OperationFailedForNow,
            Again::Soon => Turn::OperationNotYet,
        });
        match verdict.again {
            Again::Later if creates => self.start_look(intent, Some(verdict)),
            Again::Soon if creates && names_something => self.start_look(intent, Some(verdict)),
            Again::Later | Again::Soon => self.fail(intent, verdict),
            Again::Never => self.failed_for_good(intent, failure, verdict),
        }
    }

    pub(super) fn failed_for_good(&mut self, intent: u64, failure: FailureKind, verdict: Verdict) {
        let Some(flight) = self.flights.get_mut(&intent) else { return };
        flight.foreign = failure == FailureKind::AlreadyExists;
        match (&flight.intent.act, failure) {
            (Act::Delete { identifier, .. }, FailureKind::NotFound) => {
                let identifier = identifier.clone();
                self.turn(Turn::DeletedBefore);
                self.succeed(intent, identifier);
            }
            (Act::Create { .. }, FailureKind::AlreadyExists) => {
                self.turn(Turn::ExistsAlready);
                self.start_look(intent, Some(verdict));
            }
            _ => self.fail(intent, verdict),
        }
    }

    /// Records a failure. What a failed create left behind is ours if our own operation named it.
    pub(super) fn fail(&mut self, intent: u64, verdict: Verdict) {
        let Some(flight) = self.flights.get(&intent) else { return };
        let remnant = flight.identifier.clone().filter(|_| !flight.foreign);
        self.turns.extend(remnant.is_some().then_some(Turn::RemnantRecorded));
        let Verdict { code, message, again, candidates, taken } = verdict;
        let (untaken, for_now) = (taken != Taken::Up, taken == Taken::NotNow);
        let ending = Ending::Failed { code: code.clone(), message: message.clone(), again };
        let unhealthy = false;
        let entry = Entry::Failed { intent, code, message, remnant, candidates, untaken, for_now, unhealthy };
        self.append(vec![entry], Then::Close(intent, ending));
    }

    /// The provider has done it. What has a gate has succeeded when that is passed.
    pub(super) fn succeed(&mut self, intent: u64, identifier: String) {
        if self.has_gate(intent) {
            self.come_to_gate(intent, identifier);
        } else {
            self.succeeded(intent, identifier);
        }
    }

    pub(super) fn succeeded(&mut self, intent: u64, identifier: String) {
        let now_ms = self.now_ms;
        let Some(flight) = self.flights.get_mut(&intent) else { return };
        flight.succeeded_at_ms = now_ms;
        flight.tries = 0;
        let deletes = matches!(flight.intent.act, Act::Delete { .. });
        let then = if deletes || flight.step.is_none() {
            Then::Close(intent, Ending::Succeeded)
        } else {
            Then::ReadBack(intent)
        };
        flight.identifier = Some(identifier.clone());
        self.append(vec![Entry::Succeeded { intent, identifier }], then);
    }

    /// Reads what was just written: what a read says after a success is what is *seen* from now on.
    pub(super) fn read_back(&mut self, intent: u64, not_before_ms: Millis) {
        let Some(flight) = self.flights.get(&intent) else { return };
        let Some(identifier) = flight.identifier.clone() else { return };
        let kind = flight.intent.kind.clone();
        self.ask_read(Purpose::ReadBack(intent), &kind, &identifier, not_before_ms);
    }

    pub(super) fn was_read_back(
        &mut self,
        intent: u64,
        result: Result<Option<Json>, ReadError>,
        began_at_ms: Millis,
    ) {
        let Some(flight) = self.flights.get(&intent) else { return };
        match result {
            Ok(Some(live)) => {
                let seen = self.read_back_entry(flight, &live, began_at_ms);
                self.turn(Turn::ReadBack);
                self.append(vec![seen], Then::Close(intent, Ending::Succeeded));
            }
            Ok(None) => {
                let visible_at_ms = flight.succeeded_at_ms + self.visibility_ms(&flight.intent.kind);
                let error = ReadError::NoAnswer("it was done, and a read does not find it".to_owned());
                self.turn(Turn::ReadBackHidden);
                self.read_back_again(intent, &error, visible_at_ms);
            }
            Err(error) => self.read_back_again(intent, &error, self.now_ms),
        }
    }

    fn read_back_again(&mut self, intent: u64, error: &ReadError, until_ms: Millis) {
        let now_ms = self.now_ms;
        let Some(flight) = self.flights.get_mut(&intent) else { return };
        flight.tries += 1;
        if flight.tries < MOST_READ_BACKS || now_ms < until_ms {
            let at = backoff::after_read_error(now_ms, error, &flight.intent.token, flight.tries);
            self.turn(Turn::ReadBackAgain);
            return self.read_back(intent, at);
        }
        self.turn(Turn::ReadBackGivenUp);
        let (code, message) = ("NotReadBack".to_owned(), error.to_string());
        self.close(intent, Ending::Open { code, message });
    }

    /// The way of an intent is over, as far as this pass goes.
    pub(super) fn close(&mut self, intent: u64, ending: Ending) {
        let Some(flight) = self.flights.remove(&intent) else { return };
        let Some(step) = flight.step else { return };
        match ending {
            Ending::Succeeded if flight.intent.only_looks => self.found_untaken(&step),
            ending => self.step_ended(&step, ending),
        }
    }
}
