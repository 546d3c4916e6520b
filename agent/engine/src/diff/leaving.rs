//! What should not be there, or not any more: what goes, what is forgotten, and what a person has to say before.

use schema_catalog::Kind;
use schema_documents::journal::{Loss, confirmation_digest};
use schema_documents::plan::Hold;
use schema_documents::recorded::{ResourceRecord, Status};
use schema_documents::{Json, ResourceId};

use super::evidence::{redact, secret_units};
use super::resource::{View, about};
use super::{Doing, ResourceDifference, Seen, known_kind};
use crate::bind::BoundResource;
use crate::live::Live;
use crate::loss;

impl View<'_> {
    pub(super) fn unwanted(
        &self,
        id: &ResourceId,
        generation: u32,
        record: &ResourceRecord,
    ) -> ResourceDifference {
        let mut difference = about(id, generation, &record.kind, record.stateful);
        if self.bound.resources.is_empty() && self.bound.at_rest == 0 && !self.context.destroy {
            difference.hold_unknown("the desired state is empty, which changes nothing: `manifest-agent destroy` removes an environment");
            return difference;
        }
        if record.existing.is_some() {
            self.give_back(&mut difference, record);
            return difference;
        }
        if record.status == Status::Creating && record.identifier.is_none() {
            difference.forget(self.is_under_way(id, generation));
            return difference;
        }
        if record.status == Status::Gone {
            self.gone_for_good(&mut difference, record);
            return difference;
        }
        difference.action = Doing::Delete;
        self.leave(&mut difference, record);
        difference
    }

    /// What is remembered of what nobody wishes anything of.
    pub(super) fn unwished(&self, kind: &Kind, record: &ResourceRecord, properties: &Json) -> Json {
        let secrets = secret_units(std::iter::empty(), Some(record));
        redact(kind, properties, &secrets, self.context.digests).into_owned()
    }

    /// It was found gone, and nobody wants it any more. Perhaps it is back: then it is ours as before, and the next pass
    /// deletes it.
    fn gone_for_good(&self, difference: &mut ResourceDifference, record: &ResourceRecord) {
        let found = self.live(&difference.id, difference.generation);
        if let Some((properties, began_at_ms)) = found.and_then(|live| live.present(record)) {
            let Some(kind) = known_kind(self.context, &record.kind) else {
                return difference.hold_no_provider();
            };
            let live = self.unwished(kind, record, &properties);
            difference.seen = Some(Seen { live, began_at_ms });
            return;
        }
        match found {
            Some(Live::Unknown { reason }) => difference.hold_unknown(reason),
            // This pass did not look; a later one does.
            None if (self.context.knows)(&record.kind) => {}
            _ => difference.forget(false),
        }
    }

    pub(super) fn former(
        &self,
        id: &ResourceId,
        generation: u32,
        record: &ResourceRecord,
        wanted: bool,
    ) -> ResourceDifference {
        let mut difference = about(id, generation, &record.kind, record.stateful);
        if record.existing.is_some() {
            self.give_back(&mut difference, record);
            return difference;
        }
        match record.status {
            Status::Superseded => difference.action = Doing::DeleteSuperseded,
            // What it was asked last is what its resource is made of again.
            Status::Gone if self.is_gone_with_what_was_healthy(id, generation) => {}
            Status::Gone => difference.forget(false),
            Status::Creating if record.identifier.is_none() => {
                difference.forget(self.is_under_way(id, generation));
            }
            // It serves until the newer one, which is not there yet, takes its place.
            Status::Creating | Status::Live if wanted => {}
            Status::Creating | Status::Live | Status::Deleting => difference.action = Doing::Delete,
        }
        if difference.action != Doing::Nothing {
            self.leave(&mut difference, record);
        }
        difference
    }

    /// Gates that a deletion passes.
    fn leave(&self, difference: &mut ResourceDifference, record: &ResourceRecord) {
        let (id, generation) = (difference.id.clone(), difference.generation);
        if self.is_under_way(&id, generation) {
            difference.hold_unknown("an operation on it is under way");
            return;
        }
        match self.live(&id, generation) {
            Some(Live::Unknown { reason }) => return difference.hold_unknown(reason),
            Some(Live::Absent) if self.too_much_gone && record.status == Status::Live => {
                return difference.hold_unknown("more resources are gone at once than is likely");
            }
            Some(Live::Absent) => return difference.forget(false),
            _ => {}
        }
        let Some(identifier) = &record.identifier else { return difference.forget(false) };
        if record.stateful && record.status != Status::Deleting {
            self.ask_for_a_word(difference, record, identifier);
        }
        self.guard(difference, record.failure.as_ref());
    }

    /// What holds data goes with a person's word for exactly this loss.
    fn ask_for_a_word(&self, difference: &mut ResourceDifference, record: &ResourceRecord, identifier: &str) {
        let (id, generation) = (difference.id.clone(), difference.generation);
        let catalog = self.context.catalog;
        let recorded = loss::recorded_loss(self.recorded, catalog, &id, generation);
        let read = match self.live(&id, generation) {
            Some(Live::Present { properties, .. }) => {
                Some(catalog.loss(&record.kind, generation, identifier, properties))
            }
            _ => None,
        };
        let Some(loss) = read.or_else(|| recorded.clone()) else { return };
        let digest = confirmation_digest(&id, &loss);
        if self.recorded.confirmations.contains_key(&digest) {
            difference.confirmed = Some(digest);
            return;
        }
        difference.loss = Some(loss.clone()).filter(|loss| recorded.as_ref() != Some(loss));
        let message = format!(
            "deleting it loses {}{}: `manifest-agent confirm {id} --digest {digest}`{}",
            loss.holds,
            given(&loss),
            self.perhaps_moved(&id, &record.kind)
        );
        difference.holds.push((Hold::Unconfirmed { digest, loss }, message));
        difference.action = Doing::Nothing;
    }

    /// One that holds data goes and another of its kind comes: perhaps it was only renamed.
    fn perhaps_moved(&self, id: &ResourceId, kind: &str) -> String {
        let is_new =
            |bound: &&BoundResource| bound.kind == kind && !self.recorded.resources.contains_key(&bound.id);
        match self.bound.resources.values().find(is_new) {
            Some(new) => format!(
                "; if it was renamed, write `[[moved]]`, `from = \"{id}\"`, `to = \"{}\"` into the environment file",
                new.id
            ),
            None => String::new(),
        }
    }
}

/// What is kept elsewhere, in brackets.
fn given(loss: &Loss) -> String {
    let each: Vec<String> = loss.given.iter().map(|(path, value)| format!("`{path}` is {value}")).collect();
    if each.is_empty() { String::new() } else { format!(" ({})", each.join(", ")) }
}
