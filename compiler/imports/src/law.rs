//! The law of imports: the edited file lowers to what is live at every imported path, and changes no other.

use std::collections::{BTreeMap, BTreeSet};

use schema_catalog::units::units;
use schema_catalog::{Catalog, compare};
use schema_documents::desired::{DesiredState, Resource};
use schema_documents::import::Import;
use schema_documents::{FieldPath, Json, Value};

use crate::shown;

/// How the law is broken, in words; `None` when it holds.
pub(crate) fn broken(before: &DesiredState, after: &DesiredState, imports: &[Import]) -> Option<String> {
    imports
        .iter()
        .find_map(|import| not_taken(after, import))
        .or_else(|| changed_beside(before, after, imports))
}

fn not_taken(after: &DesiredState, import: &Import) -> Option<String> {
    let resource = after.resources.get(&import.resource);
    let (Some(resource), false) = (resource, import.path.is_root()) else {
        let absent = resource.is_none() && import.to.is_none();
        return (!absent).then(|| "the resource would still be built".to_owned());
    };
    let document = document(resource);
    let lowered = import.path.get(&document);
    let same = match (lowered, &import.to) {
        (None, None) => true,
        (Some(lowered), Some(live)) => {
            lowered == live
                || Catalog::builtin()
                    .kind(&resource.kind)
                    .is_some_and(|kind| compare::equal(kind, &import.path, lowered, live))
        }
        _ => false,
    };
    (!same).then(|| format!("it would be {} and not {}", shown(lowered), shown(import.to.as_ref())))
}

fn changed_beside(before: &DesiredState, after: &DesiredState, imports: &[Import]) -> Option<String> {
    let is_imported = |id: &str, path: &FieldPath| {
        imports.iter().any(|import| {
            import.resource.as_str() == id && (path.is_within(&import.path) || import.path.is_within(path))
        })
    };
    let ids: BTreeSet<_> = before.resources.keys().chain(after.resources.keys()).collect();
    for id in ids {
        let (old, new) = (before.resources.get(id), after.resources.get(id));
        match (old, new) {
            (Some(old), Some(new)) if old.properties == new.properties => {}
            (Some(old), Some(new)) => {
                let (old, new) = (fields(old), fields(new));
                let paths: BTreeSet<_> = old.keys().chain(new.keys()).collect();
                let other = paths
                    .into_iter()
                    .find(|path| old.get(*path) != new.get(*path) && !is_imported(id.as_str(), path));
                if let Some(path) = other {
                    return Some(format!("it would also change `{path}` of `{id}`"));
                }
            }
            _ if is_imported(id.as_str(), &FieldPath::root()) => {}
            _ => return Some(format!("it would also add or remove `{id}`")),
        }
    }
    None
}

fn fields(resource: &Resource) -> BTreeMap<FieldPath, Json> {
    let document = document(resource);
    match Catalog::builtin().kind(&resource.kind) {
        Some(kind) => units(kind, &document).into_iter().collect(),
        None => BTreeMap::from([(FieldPath::root(), document)]),
    }
}

fn document(resource: &Resource) -> Json {
    Json::Object(
        resource.properties.iter().map(|(key, value)| (key.clone(), Value::to_document(value))).collect(),
    )
}
