//! Waiting for an operation: when it is asked how it is doing, and what its duration teaches.

use schema_documents::journal::Entry;

use super::flight::Ending;
use super::{Pass, Then, Turn, work};
use crate::options::Discipline;
use crate::schedule::next_poll_ms;

impl Pass {
    /// The provider works on it: it is asked again, when that is worth a question.
    pub(super) fn wait(&mut self, intent: u64, said_ms: Option<u64>, news: Vec<Entry>) {
        let now_ms = self.now_ms;
        let Some(flight) = self.flights.get_mut(&intent) else { return };
        let waited_ms = now_ms.saturating_sub(flight.written_at_ms);
        let elapsed_ms = now_ms.saturating_sub(*flight.accepted_at_ms.get_or_insert(now_ms));
        flight.still_ms = elapsed_ms;
        let (kind, handler) = (flight.intent.kind.clone(), flight.handler());
        let longest_ms = self.kind(&kind).map_or(u64::MAX, |kind| kind.timeout_ms(handler));
        let settles_only = !self.mutates();
        if settles_only || waited_ms > longest_ms {
            self.turns.extend((!settles_only).then_some(Turn::PollOverTime));
            let message = format!("the operation is still under way after {} s", waited_ms / 1_000);
            let open = Ending::Open { code: "InProgress".to_owned(), message };
            return self.append(news, Then::Close(intent, open));
        }
        let pause_ms = match self.limits.discipline {
            Discipline::Slots { poll_ms, .. } => poll_ms,
            Discipline::FirstInFirstOut | Discipline::LongestWayFirst => {
                let expected_ms = self.expected_ms(&kind, handler);
                let left_ms = self.work.left_ms(self.desk.quotas());
                let slack_ms = left_ms.saturating_sub(self.way_after_ms(intent));
                next_poll_ms(elapsed_ms, expected_ms, slack_ms, said_ms)
            }
        };
        self.turn(Turn::PollRunning);
        self.append(news, Then::Poll { intent, not_before_ms: now_ms + pause_ms });
    }

    fn expected_ms(&self, kind: &str, handler: &'static str) -> u64 {
        self.desk.expected.of(kind, handler, work::typical_ms(self.catalog, kind, handler))
    }

    /// An operation was found done: that tells how long its like take.
    pub(super) fn learn_duration(&mut self, intent: u64) {
        let Some(flight) = self.flights.get(&intent) else { return };
        let Some(accepted_at_ms) = flight.accepted_at_ms else { return };
        let (kind, handler) = (&flight.intent.kind, flight.handler());
        let done_ms = self.now_ms.saturating_sub(accepted_at_ms);
        let typical_ms = work::typical_ms(self.catalog, kind, handler);
        self.desk.expected.saw((kind, handler), (flight.still_ms, done_ms), typical_ms);
    }
}
