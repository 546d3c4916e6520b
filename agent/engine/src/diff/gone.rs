//! What was there, and is not any more (semantics, §8).

use schema_catalog::Kind;
use schema_documents::FieldPath;
use schema_documents::plan::Hold;
use schema_documents::recorded::{ResourceRecord, Status};

use super::resource::{View, is_wanted_back};
use super::{Doing, Presence, ResourceDifference};
use crate::bind::BoundResource;

impl View<'_> {
    /// It was there, and is not any more.
    pub(super) fn gone(
        &self,
        difference: &mut ResourceDifference,
        bound: &BoundResource,
        record: &ResourceRecord,
    ) {
        let id = &bound.id;
        let restores = is_wanted_back(self.recorded, id);
        if self.too_much_gone && record.status == Status::Live && !restores {
            let message = format!(
                "more than {} resources are gone at once: check the account and the credentials first; if they are right, `manifest-agent revert {id} ''` creates it anew",
                self.context.limits.gone
            );
            difference.holds.push((Hold::TooMuchGone, message));
            return;
        }
        let grants_access = self.context.catalog.kind(&record.kind).is_some_and(Kind::grants_access);
        let is_new = record.status == Status::Live;
        let key = (id.clone(), difference.generation);
        let told = self.context.authors.of(&key, &FieldPath::root(), record.seen_at_ms, self.context.now_ms);
        difference.author = told.filter(|author| author.who.is_some()).cloned();
        let is_edit = grants_access
            || difference.author.is_some()
            || record.fields.get(&FieldPath::root()).is_some_and(|field| field.edit.is_some());
        if is_new {
            difference.presence = Presence::Gone { edit: is_edit, generation: difference.generation };
        }
        if record.existing.is_some() {
            let message = "it was imported, and is gone: restore it, or take `import` out to have a new one";
            difference.holds.push((Hold::Existing, message.to_owned()));
        } else if difference.stateful && !restores {
            let message = format!(
                "it is gone, and held data: restore it from a backup, or create an empty one with `manifest-agent revert {id}`"
            );
            difference.holds.push((Hold::StatefulGone, message));
        } else if !is_edit || restores {
            difference.action = Doing::Restore;
            difference.generation = self.recorded.next_generation(id);
            // That an operation on what is gone has failed keeps nothing from being made.
            self.guard(difference, None);
        }
        self.hold_set_back(difference, bound);
    }
}
