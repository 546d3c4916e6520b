//! A deployment that failed is not tried again for the same document: the resource goes back, and stays there.

use schema_documents::plan::Hold;
use schema_documents::recorded::Setback;

use super::resource::View;
use super::{Doing, FieldOutcome, ResourceDifference};
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
        if !matches!(difference.action, Doing::Update | Doing::Nothing) {
            difference.action = Doing::Nothing;
            difference.fields.iter_mut().for_each(|field| field.writes = false);
        }
        difference.holds.push((Hold::SetBack, words(difference, setback, goes_back)));
    }
}

fn words(difference: &ResourceDifference, setback: &Setback, goes_back: bool) -> String {
    let back = match &setback.again {
        _ if setback.wrote.is_empty() => "nothing of it was healthy before".to_owned(),
        Some(again) => format!("it went back to what was healthy last, and that failed as well ({again})"),
        None if goes_back => "it goes back to what was healthy last".to_owned(),
        None => "what was healthy last runs".to_owned(),
    };
    format!(
        "its deployment failed: {}; {back}; publish another document, or try this one again with `manifest-agent retry {}`",
        setback.message, difference.id
    )
}
