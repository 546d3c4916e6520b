//! Settling: every intent without a result is brought to a recorded end, before anything new is looked at.
//!
//! | what is known | what happens |
//! |---|---|
//! | that the provider has done it | its gate is asked |
//! | its operation | it is polled; an operation that is not known any more: look |
//! | nothing, and it only looks | look, when what it looks for cannot arrive any more |
//! | nothing, and the provider still honours the token | the same bytes with the same token, never a recomputed body |
//! | nothing, and it is too old for that | look |
//!
//! What was refused, and may have been done all the same, is looked for when nothing of it can arrive any more. That takes minutes, and
//! the rest of the pass goes on meanwhile: what has an open intent is neither read nor planned, and what needs it is held. The
//! pass ends when it is settled, too.
//!
//! A pass that only plans makes no call and does not wait: what it cannot tell from polls and reads stays open.

use super::apply::TOLD_TO_STOP;
use super::flight::{Ending, Flight};
use super::{Pass, Stage, Turn};

impl Pass {
    pub(super) fn start_settling(&mut self) {
        self.stage = Stage::Settling;
        self.to_settle = self.recorded.open.keys().copied().collect();
    }

    pub(super) fn advance_settling(&mut self) -> bool {
        while self.awaited_flights() < self.limits.operations.max(1)
            && let Some(intent) = self.to_settle.pop_front()
        {
            self.settle(intent);
        }
        if self.awaited_flights() > 0 {
            return false;
        }
        self.start_observing();
        true
    }

    /// How many intents are on their way that the pass waits for.
    fn awaited_flights(&self) -> usize {
        self.flights.values().filter(|flight| !flight.waits_for_arrival).count()
    }

    /// Whether intents of an earlier pass are still being settled.
    pub(super) fn is_settling(&self) -> bool {
        self.flights.values().any(|flight| flight.step.is_none())
    }

    /// Leaves to the next pass what waits until nothing can arrive any more.
    pub(super) fn leave_waiting(&mut self) {
        let waiting = self.flights.iter().filter(|(_, flight)| flight.waits_for_arrival);
        let waiting: Vec<u64> = waiting.map(|(intent, _)| *intent).collect();
        for intent in waiting {
            let (code, message) = ("Stopped".to_owned(), TOLD_TO_STOP.to_owned());
            self.close(intent, Ending::Open { code, message });
        }
    }

    fn settle(&mut self, intent: u64) {
        let Some(open) = self.recorded.open.get(&intent) else { return };
        let honoured = self.now_ms.saturating_sub(open.at_ms) < self.limits.token_lifetime_ms;
        let (known, gated) = (open.operation.is_some(), open.gated_at_ms.is_some());
        let only_looks = open.intent.only_looks;
        self.flights.insert(intent, Flight::resumed(open, self.now_ms));
        if gated {
            self.turn(Turn::SettledAtGate);
            self.probe(intent, self.now_ms);
        } else if known {
            self.turn(Turn::SettledByPolling);
            self.poll(intent, self.now_ms);
        } else if !self.mutates() {
            self.flights.remove(&intent);
        } else if only_looks {
            self.turn(Turn::SettledBySeeking);
            self.seek(intent);
        } else if honoured {
            self.turn(Turn::SettledByResending);
            self.call(intent, self.now_ms);
        } else {
            self.turn(Turn::SettledByLooking);
            self.start_look(intent, None);
        }
    }
}
