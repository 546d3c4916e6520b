//! Waiting until those who have to know of it know what was just made.
//!
//! A cloud's services learn of each other's resources with a delay of seconds, and refuse until then, in words that sound final.
//! The provider knows the words; here it is known what was made when. As long as anything that a resource rests on was made or
//! changed lately, such a refusal passes by itself: it is tried again, often. When nothing is new any more, it is meant.

use std::collections::BTreeSet;

use agent_world::FailureKind;
use schema_documents::journal::{Act, Intent};
use schema_documents::{Millis, ResourceId};

use super::flight::{Again, Taken, Verdict};
use super::{Pass, Turn, backoff};
use crate::command::{Command, Note};

/// Names of what is new that a message holds at most.
const MOST_NAMES: usize = 5;

impl Pass {
    /// Whether a failure says that something is not known yet. What is to be created cannot be what was not found.
    pub(super) fn is_not_yet(act: &Act, failure: FailureKind) -> bool {
        match act {
            Act::Create { .. } => matches!(failure, FailureKind::NotYet | FailureKind::NotFound),
            Act::Update { .. } => failure == FailureKind::NotYet,
            // Nothing needs to know what is to go.
            Act::Delete { .. } => false,
        }
    }

    /// The verdict on such a failure: again soon, while something is new, else for good, and what was waited for.
    pub(super) fn judge_not_yet(&mut self, intent: u64, verdict: Verdict) -> Verdict {
        let Some(flight) = self.flights.get(&intent) else { return verdict };
        let new = self.new_below(&flight.intent);
        let rests_on: Vec<ResourceId> = flight.intent.depends_on.iter().cloned().collect();
        if new.is_empty() {
            self.turn(Turn::NotYetTooLong);
            let longest_s = self.limits.not_yet_ms / 1_000;
            let what = if rests_on.is_empty() { "nothing".to_owned() } else { listed(&rests_on, "and") };
            let message = format!(
                "{} (it refers to {what}; none was made in the last {longest_s} s, so this does not pass by itself)",
                verdict.message
            );
            return Verdict { again: Again::Never, message, ..verdict };
        }
        let words = format!("waiting until {} is known to it: {}", listed(&new, "or"), verdict.message);
        self.commands.push(Command::Tell(Note::NotYet { intent, words }));
        Verdict { again: Again::Soon, ..verdict }
    }

    /// The same call once more, soon. Nothing was done.
    pub(super) fn call_not_yet(&mut self, intent: u64, verdict: Verdict) {
        let verdict = self.judge_not_yet(intent, verdict);
        let now_ms = self.now_ms;
        match self.flights.get_mut(&intent) {
            Some(flight) if verdict.again == Again::Soon => {
                flight.waits += 1;
                let at_ms = now_ms + backoff::not_yet_ms(flight.waits);
                self.turn(Turn::CallNotYet);
                self.call(intent, at_ms);
            }
            _ => {
                let verdict = Verdict { taken: Taken::NotNow, ..verdict };
                self.refused_as(intent, FailureKind::Rejected, verdict);
            }
        }
    }

    /// What the resource of an intent rests on, directly or not, and was made or changed lately: the newest first.
    fn new_below(&self, intent: &Intent) -> Vec<ResourceId> {
        let mut all: BTreeSet<&ResourceId> = BTreeSet::new();
        let mut ahead: Vec<&ResourceId> = intent.depends_on.iter().collect();
        let mut new: Vec<(Millis, &ResourceId)> = Vec::new();
        while let Some(id) = ahead.pop() {
            let Some((_, record)) = self.recorded.current(id).filter(|_| all.insert(id)) else { continue };
            ahead.extend(&record.depends_on);
            if self.now_ms < record.operated_at_ms.saturating_add(self.limits.not_yet_ms) {
                new.push((record.operated_at_ms, id));
            }
        }
        new.sort_by(|a, b| b.cmp(a));
        new.into_iter().map(|(_, id)| id.clone()).collect()
    }
}

fn listed(ids: &[ResourceId], joint: &str) -> String {
    let names: Vec<String> = ids.iter().take(MOST_NAMES).map(|id| format!("`{id}`")).collect();
    let more = if ids.len() > MOST_NAMES { format!(" {joint} others") } else { String::new() };
    format!("{}{more}", names.join(&format!(" {joint} ")))
}
