//! A deployment that failed is not tried again for the same document: the resource goes back, and stays there. Where it is gone
//! it is made again, with what was healthy last.

use schema_documents::ResourceId;
use schema_documents::plan::Hold;
use schema_documents::recorded::Status;

use super::resource::View;
use super::{Doing, FieldOutcome, Presence, ResourceDifference};
use crate::bind::BoundResource;

impl View<'_> {
    /// Where the deployment failed for this document: nothing is written but what goes back.
    pub(super) fn hold_set_back(&self, difference: &mut ResourceDifference, bound: &BoundResource) {
        let Some(setback) = self.recorded.setbacks.get(&bound.id).filter(|_| bound.set_back) else { return };
        let is_on_the_way_back =
            |field: &FieldOutcome| field.writes && setback.wrote.contains_key(&field.path);
        let goes_back = difference.fields.iter().any(is_on_the_way_back);
        for field in &mut difference.fields {
            field.writes &= !goes_back || setback.wrote.contains_key(&field.path);
        }
        let may_be_made = setback.again.is_none() && !setback.wrote.is_empty();
        let is_made = may_be_made
            && match difference.action {
                Doing::Restore => true,
                // An earlier try left it unfinished.
                Doing::Create => self.is_gone_with_what_was_healthy(&bound.id, setback.generation),
                _ => false,
            };
        if !is_made && !matches!(difference.action, Doing::Update | Doing::Nothing) {
            difference.action = Doing::Nothing;
            difference.fields.iter_mut().for_each(|field| field.writes = false);
        }
        let is_gone = matches!(difference.presence, Presence::Gone { .. })
            || self.is_gone_with_what_was_healthy(&bound.id, setback.generation);
        let mut generations = self.recorded.resources.get(&bound.id).into_iter().flatten();
        let is_former = generations
            .any(|(generation, record)| *generation != setback.generation && record.status == Status::Live);
        let back = match &setback.again {
            _ if setback.wrote.is_empty() && is_former => "what it was to replace runs".to_owned(),
            _ if setback.wrote.is_empty() => "nothing of it was healthy before".to_owned(),
            Some(again) => {
                format!("it went back to what was healthy last, and that failed as well ({again})")
            }
            None if is_made => "it is gone, and is made again as it was healthy last".to_owned(),
            None if is_gone => "it is gone".to_owned(),
            None if goes_back => "it goes back to what was healthy last".to_owned(),
            None => "what was healthy last runs".to_owned(),
        };
        let message = format!(
            "its deployment failed: {}; {back}; publish another document, or try this one again with `manifest-agent retry {}`",
            setback.message, bound.id
        );
        difference.holds.push((Hold::SetBack, message));
    }

    /// Whether this generation is gone, and is what a failed deployment goes back to.
    pub(super) fn is_gone_with_what_was_healthy(&self, id: &ResourceId, generation: u32) -> bool {
        let setback = self.bound.resources.get(id).filter(|bound| bound.set_back);
        let setback = setback.and_then(|_| self.recorded.setbacks.get(id));
        let record = self.recorded.generation(id, generation);
        setback.is_some_and(|setback| setback.generation == generation)
            && record.is_some_and(|record| record.status == Status::Gone)
    }
}
