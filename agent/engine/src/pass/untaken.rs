//! Requests that no operation took up, and of which a copy may still be on its way.
//!
//! What was refused for the moment, as one too many or with credentials that were no good, may be accepted minutes later, when a copy of
//! it arrives. As long as just the same is wanted it is asked for again with the same token, and the two are one request. An update says
//! what it found, and does nothing where that is not so any more. A creation would make a second resource: when something else is wanted
//! in its place, or nothing any more, what the copy may have made is looked for, as soon as it cannot arrive any more. Like
//! everything that may end with a resource under record, the look is an intent.

use schema_documents::ResourceId;
use schema_documents::journal::{Act, Entry, Intent};
use schema_documents::plan::{Step, StepKey};
use schema_documents::recorded::Failure;

use super::flight::{Again, Flight, Verdict};
use super::{Pass, Then, Turn};

/// What is known of an earlier request that no operation took up.
pub(super) enum Untaken {
    /// Nothing of it can come any more.
    Nothing,
    /// It asked for just the same, with this token.
    Same { token: String },
    /// It asked for something else, or so long ago that its token is not known any more, and a copy of it may be accepted.
    Other,
}

impl Pass {
    /// What to think of before a step does this.
    pub(super) fn untaken(&self, step: &Step, act: &Act) -> Untaken {
        let record = self.recorded.generation(&step.resource, step.generation);
        let failure = record.and_then(|record| record.failure.as_ref());
        let is_honoured = failure
            .is_some_and(|failure| self.now_ms.saturating_sub(failure.at_ms) < self.limits.token_lifetime_ms);
        match failure.and_then(|failure| failure.untaken.as_deref()) {
            Some(untaken) if untaken.intent.act == *act && is_honoured => {
                Untaken::Same { token: untaken.intent.token.clone() }
            }
            _ if record.is_some_and(|record| record.may_come().is_some()) => Untaken::Other,
            _ => Untaken::Nothing,
        }
    }

    /// A step is about to ask for something else.
    pub(super) fn seek_before(&mut self, step: &Step) {
        self.turn(Turn::UntakenSought);
        self.pay_back(&step.key);
        self.intend_to_seek(&step.resource, step.generation, Some(step.key.clone()));
    }

    /// What is about to be forgotten stays under record until it is known that nothing came of it.
    pub(super) fn seek_instead(&self, entries: &mut Vec<Entry>) -> Vec<(ResourceId, u32)> {
        let mut sought = Vec::new();
        entries.retain(|entry| {
            let Entry::Forgotten { resource, generation } = entry else { return true };
            let record = self.recorded.generation(resource, *generation);
            let may_come = record.is_some_and(|record| record.may_come().is_some());
            sought.extend(may_come.then(|| (resource.clone(), *generation)));
            !may_come
        });
        sought
    }

    pub(super) fn seek_all(&mut self, sought: Vec<(ResourceId, u32)>) {
        if self.ending.is_some() {
            return;
        }
        for (id, generation) in sought {
            self.turn(Turn::UntakenLeft);
            self.intend_to_seek(&id, generation, None);
        }
    }

    fn intend_to_seek(&mut self, id: &ResourceId, generation: u32, step: Option<StepKey>) {
        let Some(record) = self.recorded.generation(id, generation) else { return };
        let Some(before) = record.may_come().map(|untaken| untaken.intent.clone()) else { return };
        let (number, attempt) = (self.recorded.next_intent, record.attempt + 1);
        // It may have got another id since.
        let intent = Intent { intent: number, resource: id.clone(), attempt, only_looks: true, ..before };
        let flight = Flight { step, ..Flight::of_no_step(intent.clone(), self.now_ms) };
        self.flights.insert(number, flight);
        self.append(vec![Entry::Intent(Box::new(intent))], Then::Seek(number));
    }

    /// Looks, as soon as nothing can arrive any more.
    pub(super) fn seek(&mut self, intent: u64) {
        let Some(flight) = self.flights.get(&intent) else { return };
        let Intent { resource, generation, .. } = &flight.intent;
        let record = self.recorded.generation(resource, *generation);
        let Some(failure) = record.and_then(|record| record.failure.as_ref()) else { return };
        let Failure { code, message, .. } = failure;
        let message =
            format!("nothing came of an earlier request for it, which was refused: {code}: {message}");
        let verdict = Verdict { again: Again::Later, ..Verdict::last("NotCreated", message) };
        let refused_at_ms = failure.at_ms;
        self.look_after_arrival(intent, verdict, refused_at_ms);
    }

    /// What the step would have asked for in its place has to be compared with it first.
    pub(super) fn found_untaken(&mut self, step: &StepKey) {
        self.turn(Turn::UntakenFound);
        let why =
            "an earlier request for it was accepted late: the next pass goes on from what that one made";
        self.skip(step, why.to_owned());
    }
}
