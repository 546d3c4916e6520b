//! The changes of an update, from the plan to the call.

use std::collections::BTreeMap;

use schema_catalog::validate::{self, Violation};
use schema_catalog::{Kind, Unit, compare};
use schema_documents::journal::Settlement;
use schema_documents::plan::{Change, Wish};
use schema_documents::recorded::Owner;
use schema_documents::value::Reference;
use schema_documents::{FieldPath, Json, Value};

/// Fills in outputs that have become known since the plan was made. `None` while one is missing. An element of a set
/// is named by what it is, so its path is only known now.
pub fn substitute(
    kind: &Kind,
    changes: &[Change],
    output: &dyn Fn(&Reference) -> Option<Json>,
) -> Option<Vec<Change>> {
    let filled = changes.iter().map(|change| {
        let Some(to) = &change.to else { return Some(change.clone()) };
        let evaluation = to.evaluate(output);
        if !evaluation.waits_for.is_empty() {
            return None;
        }
        let array = change.path.parent().filter(|parent| kind.unit(parent) == Unit::Set);
        let path = match (array, evaluation.value.as_json()) {
            (Some(array), Some(element)) if evaluation.value != *to => array.element(&element),
            _ => change.path.clone(),
        };
        Some(Change { path, to: Some(evaluation.value), ..change.clone() })
    });
    filled.collect()
}

/// Whether the live state is still the one that the plan was made from, as far as these changes are concerned. What
/// already is as it should be does not count. `redacted` is the live state as it may be remembered.
pub fn is_pinned(kind: &Kind, redacted: &Json, changes: &[Change]) -> bool {
    changes.iter().all(|change| {
        let wish = change.to.as_ref().and_then(Value::as_json);
        let spelled = wish.as_ref().or(change.from.as_ref()).unwrap_or(&Json::Null);
        let found = compare::live_value(kind, &change.path, spelled, redacted);
        let meaning = crate::merge::Meaning { kind, path: &change.path };
        kind.is_write_only(&change.path)
            || meaning.equal(change.from.as_ref(), found)
            || wish.is_some() && meaning.satisfies(wish.as_ref(), found)
            || change.to.is_none() && found.is_none()
    })
}

/// The first thing that the changes would make wrong of live properties, by the schema of the kind (semantics, §3). `None`
/// also while a value is not known: what the cloud would see cannot be judged before.
pub fn violation(kind: &Kind, live: &Json, changes: &[Change]) -> Option<Violation> {
    let patched = super::patch::patched(kind, live, changes)?;
    validate::introduced(kind, live, &patched).into_iter().next()
}

/// What becomes of each field when an update has succeeded.
pub fn update_settles(changes: &[Change], wishes: &[Wish]) -> BTreeMap<FieldPath, Option<Settlement>> {
    let settles = changes.iter().map(|change| {
        let wish = wishes.iter().find(|wish| wish.path == change.path);
        let settlement = match (wish, &change.origin) {
            (Some(wish), _) => Some(Settlement::from(wish)),
            // An element that nobody listed is gone: remembered for a while, in case it comes back.
            (None, Some(origin)) => Some(Settlement {
                asked: change.to.clone(),
                rank: origin.rank(),
                owner: Owner::Manifest,
                closes_edit: true,
            }),
            (None, None) => None,
        };
        (change.path.clone(), settlement)
    });
    settles.collect()
}
