//! What changed beside the document: fields that nobody wishes and nobody remembers (semantics, §1). They are kept and
//! never written; that they changed is told.

use std::collections::{BTreeMap, BTreeSet};

use schema_catalog::{Kind, units};
use schema_documents::recorded::ResourceRecord;
use schema_documents::{FieldPath, Json};

use super::Beside;
use crate::bind::BoundResource;
use crate::merge;

/// The fields that differ between what was seen and what is live, and that neither wish nor memory holds. What the cloud
/// alone decides, and what is secret, is not told.
pub(super) fn beside(
    kind: &Kind,
    bound: &BoundResource,
    record: &ResourceRecord,
    (seen, live): (&Json, &Json),
) -> Vec<Beside> {
    if !seen.is_object() {
        return Vec::new();
    }
    let before: BTreeMap<FieldPath, Json> = units::units(kind, seen).into_iter().collect();
    let now: BTreeMap<FieldPath, Json> = units::units(kind, live).into_iter().collect();
    let remembered = record.fields.iter().filter(|(_, field)| !merge::is_beside(Some(field)));
    let remembered = remembered.map(|(path, _)| path);
    let known: Vec<&FieldPath> = bound.wishes.iter().map(|wish| &wish.path).chain(remembered).collect();
    let is_known =
        |path: &FieldPath| known.iter().any(|known| path.is_within(known) || known.is_within(path));
    let is_told = |path: &FieldPath| {
        !kind.is_provider_owned(path)
            && !kind.is_scaled(path)
            && !kind.is_write_only(path)
            && !kind.is_sensitive(path)
            && !is_known(path)
    };
    let paths: BTreeSet<&FieldPath> = before.keys().chain(now.keys()).collect();
    let same = |path, one, other| merge::Meaning { kind, path }.equal(one, other);
    paths
        .into_iter()
        .filter(|path| !same(path, before.get(path), now.get(path)))
        .filter(|path| is_told(path))
        .map(|path| Beside {
            path: path.clone(),
            from: before.get(path).cloned(),
            to: now.get(path).cloned(),
            is_set: !same(path, None, now.get(path)),
        })
        .collect()
}
