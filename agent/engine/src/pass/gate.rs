//! The gate: a deployment has succeeded when what was written runs and is healthy, and not when the cloud says that it has done
//! what was asked.
//!
//! | answer | what happens |
//! |---|---|
//! | ready | the intent has succeeded |
//! | not yet | it is asked again, ever more seldom, until its time is over: then it has failed |
//! | failed | it is asked once more, since what it knows may lag; failed again: the deployment has failed |
//! | gone | it is asked once more, when what was created must be visible; gone again: the intent has failed, its deployment has not |
//! | failed and gone in turns | it is asked again until its time is over, and the last answer counts |
//! | no answer | it is asked again; after a few times the intent stays open |
//!
//! That an intent has come so far is in the journal, with the time: whoever goes on after a crash asks the gate, and counts from
//! then. An intent that waits here holds no place.

use agent_world::{Probe, ReadError, Readiness};
use schema_catalog::Gate;
use schema_documents::journal::{Act, Entry, Intent};
use schema_documents::plan::Consequence;
use schema_documents::{FieldPath, Json, Millis};

use super::flight::{Again, Ending, Verdict};
use super::send::Asker;
use super::{Pass, Then, Turn, backoff};
use crate::command::{Command, Note};
use crate::schedule::Verdict as OfLimits;

/// The code of a deployment that did not pass its gate.
pub const UNHEALTHY: &str = "Unhealthy";

/// The code of a deployment of what went while it waited at its gate.
pub const GONE: &str = "Gone";

/// The first pause after "not yet"; it doubles each time.
const FIRST_PAUSE_MS: u64 = 250;

/// The longest pause.
const LONGEST_PAUSE_MS: u64 = 15_000;

/// What the gate of an intent has said so far.
#[derive(Clone, Debug, Default)]
pub(super) struct AtGate {
    /// How often it said "not yet".
    not_yet: u32,
    /// What it said last, if that has to be heard twice.
    doubted: Option<Doubt>,
}

/// What counts only when a gate says it twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doubt {
    /// The deployment has failed.
    Failed,
    /// What was deployed to is gone.
    Gone,
}

impl Pass {
    /// Whether an intent has to pass a gate.
    pub(super) fn has_gate(&self, intent: u64) -> bool {
        self.flights.get(&intent).is_some_and(|flight| self.gate(&flight.intent).is_some())
    }

    /// The gate of an intent: a creation has one, and an update that restarts.
    fn gate(&self, intent: &Intent) -> Option<&'static Gate> {
        let deploys = match &intent.act {
            Act::Create { .. } => true,
            Act::Update { changes, .. } => {
                changes.iter().any(|change| change.consequence >= Consequence::Restart)
            }
            Act::Delete { .. } => false,
        };
        self.kind(&intent.kind)?.overlay.gate.as_ref().filter(|_| deploys)
    }

    pub(super) fn come_to_gate(&mut self, intent: u64, identifier: String) {
        let Some(flight) = self.flights.get_mut(&intent) else { return };
        flight.identifier = Some(identifier.clone());
        flight.tries = 0;
        self.turn(Turn::GateReached);
        self.append(vec![Entry::Gated { intent, identifier }], Then::Probe(intent));
    }

    pub(super) fn probe(&mut self, intent: u64, not_before_ms: Millis) {
        let Some(flight) = self.flights.get(&intent) else { return };
        let kind = flight.intent.kind.clone();
        self.want_probe(intent, &kind, not_before_ms);
    }

    /// The question at the gate of an intent.
    pub(super) fn asked_at_gate(&self, intent: u64) -> Option<Probe> {
        let flight = self.flights.get(&intent)?;
        let (gate, intent) = (self.gate(&flight.intent)?, &flight.intent);
        let identifier =
            flight.identifier.clone().or_else(|| flight.known_identifier().map(str::to_owned))?;
        let mut written = Json::Object(serde_json::Map::new());
        for path in &gate.proves {
            if let Some(value) = self.written(intent, path) {
                path.set(&mut written, value);
            }
        }
        Some(Probe { kind: intent.kind.clone(), identifier, written })
    }

    /// What an intent makes of a field, or leaves in it.
    fn written(&self, intent: &Intent, path: &FieldPath) -> Option<Json> {
        let changes = match &intent.act {
            Act::Create { body, .. } => return path.get(&body.to_document()).cloned(),
            Act::Update { changes, .. } => changes,
            Act::Delete { .. } => return None,
        };
        if let Some(change) = changes.iter().find(|change| change.path == *path) {
            return change.to.as_ref()?.as_json();
        }
        let record = self.recorded.generation(&intent.resource, intent.generation)?;
        record.fields.get(path)?.asked.as_ref()?.as_json()
    }

    pub(super) fn probed(&mut self, intent: u64, result: Result<Readiness, ReadError>) {
        self.answered(Asker::Probe(intent), OfLimits::of_question(&result));
        let Some(flight) = self.flights.get_mut(&intent) else { return };
        match result {
            Ok(Readiness::Ready) => {
                let Some(identifier) = flight.identifier.clone() else { return };
                self.turn(Turn::GatePassed);
                self.succeeded(intent, identifier);
            }
            Ok(Readiness::NotYet { words }) => {
                flight.tries = 0;
                flight.gate.doubted = None;
                flight.gate.not_yet += 1;
                self.not_yet(intent, words);
            }
            Ok(Readiness::Failed { words }) => {
                flight.tries = 0;
                self.doubt(intent, Doubt::Failed, words);
            }
            Ok(Readiness::Gone { words }) => {
                flight.tries = 0;
                self.doubt(intent, Doubt::Gone, words);
            }
            Err(error) => self.gate_unanswered(intent, &error),
        }
    }

    fn not_yet(&mut self, intent: u64, words: String) {
        let (Some(flight), Some(ends_ms)) = (self.flights.get(&intent), self.gate_closes_ms(intent)) else {
            return;
        };
        let pauses = flight.gate.not_yet;
        if self.now_ms >= ends_ms {
            self.turn(Turn::GateOverTime);
            let time = spelled(self.deploy_ms(intent).unwrap_or_default());
            return self.fail_at_gate(intent, format!("it is not healthy after {time}: {words}"));
        }
        if !self.mutates() || self.stopping {
            let open =
                Ending::Open { code: "InProgress".to_owned(), message: format!("not healthy yet: {words}") };
            return self.close(intent, open);
        }
        self.turn(Turn::GateNotYet);
        self.commands.push(Command::Tell(Note::NotYet { intent, words }));
        let pause_ms =
            FIRST_PAUSE_MS.saturating_mul(1 << pauses.saturating_sub(1).min(16)).min(LONGEST_PAUSE_MS);
        self.probe(intent, (self.now_ms + pause_ms).min(ends_ms));
    }

    /// When a deployment has failed that is not healthy.
    fn gate_closes_ms(&self, intent: u64) -> Option<Millis> {
        let since_ms = self.recorded.open.get(&intent)?.gated_at_ms?;
        Some(since_ms.saturating_add(self.deploy_ms(intent)?))
    }

    fn deploy_ms(&self, intent: u64) -> Option<u64> {
        let gate = self.gate(&self.flights.get(&intent)?.intent)?;
        Some(self.limits.deploy_ms.unwrap_or(gate.deadline_ms))
    }

    /// It says that the deployment has failed, or what was deployed to is gone: that counts when it says so twice, the second
    /// time late enough for what lags.
    fn doubt(&mut self, intent: u64, doubt: Doubt, words: String) {
        let is_over = self.gate_closes_ms(intent).is_some_and(|ends_ms| self.now_ms >= ends_ms);
        let Some(flight) = self.flights.get_mut(&intent) else { return };
        // One that contradicts itself is believed when the time is over.
        let before = flight.gate.doubted.replace(doubt);
        if before == Some(doubt) || before.is_some() && is_over {
            return match doubt {
                Doubt::Failed => {
                    self.turn(Turn::GateFailed);
                    self.fail_at_gate(intent, words);
                }
                Doubt::Gone => {
                    self.turn(Turn::GateGone);
                    self.gone_at_gate(intent, &words);
                }
            };
        }
        let kind = flight.intent.kind.clone();
        let settling_ms = self.kind(&kind).map_or(0, |kind| self.limits.lag_ms(kind.overlay.settling_ms));
        let settled_at_ms = self.now_ms + settling_ms.max(FIRST_PAUSE_MS);
        let done_at_ms = self.recorded.open.get(&intent).and_then(|open| open.gated_at_ms);
        let visible_at_ms = done_at_ms.unwrap_or(self.now_ms) + self.visibility_ms(&kind);
        let (turn, again_at_ms) = match doubt {
            Doubt::Failed => (Turn::GateDoubted, settled_at_ms),
            Doubt::Gone => (Turn::GateGoneOnce, settled_at_ms.max(visible_at_ms)),
        };
        self.turn(turn);
        self.probe(intent, again_at_ms);
    }

    /// What was deployed to went meanwhile. Nothing was found out about what was deployed: no document is kept from being
    /// tried. A creation is attempted anew, and what was updated is made again like anything else that is gone.
    fn gone_at_gate(&mut self, intent: u64, words: &str) {
        let Some(flight) = self.flights.get_mut(&intent) else { return };
        let creates = matches!(flight.intent.act, Act::Create { .. });
        let again = if creates { Again::Later } else { Again::Never };
        // It left nothing behind.
        flight.identifier = None;
        let message = format!("it went before it was healthy: {words}");
        self.fail(intent, Verdict { again, ..Verdict::last(GONE, message) });
    }

    fn gate_unanswered(&mut self, intent: u64, error: &ReadError) {
        let (now_ms, most) = (self.now_ms, self.limits.attempts);
        let Some(flight) = self.flights.get_mut(&intent) else { return };
        flight.tries += 1;
        if flight.tries >= most || matches!(error, ReadError::Refused { .. }) {
            let (code, message) = match error {
                ReadError::Refused { code, message } => (code.clone(), message.clone()),
                error => ("NoAnswer".to_owned(), error.to_string()),
            };
            let message = format!("asking whether it is healthy: {message}");
            self.turn(Turn::GateGivenUp);
            return self.close(intent, Ending::Open { code, message });
        }
        let at_ms = backoff::after_read_error(now_ms, error, &flight.intent.token, flight.tries);
        self.turn(Turn::GateAgain);
        self.probe(intent, at_ms);
    }

    fn fail_at_gate(&mut self, intent: u64, message: String) {
        let Some(flight) = self.flights.get(&intent) else { return };
        let creates = matches!(flight.intent.act, Act::Create { .. });
        let remnant = flight.identifier.clone().filter(|_| creates);
        self.turns.extend(remnant.is_some().then_some(Turn::RemnantRecorded));
        let code = UNHEALTHY.to_owned();
        let ending = Ending::Failed { code: code.clone(), message: message.clone(), again: Again::Never };
        let (candidates, untaken, for_now, unhealthy) = (Vec::new(), false, false, true);
        let entry = Entry::Failed { intent, code, message, remnant, candidates, untaken, for_now, unhealthy };
        self.append(vec![entry], Then::Close(intent, ending));
    }
}

/// A time for people: minutes, where it is a whole number of them.
fn spelled(ms: u64) -> String {
    if ms >= 60_000 && ms.is_multiple_of(60_000) {
        format!("{} min", ms / 60_000)
    } else {
        format!("{} s", ms.div_ceil(1_000))
    }
}
