//! Import: console edits on their way to the repository.

use schema_documents::desired::Class;
use schema_documents::import::{Format, Import, Imports, VERSION};
use schema_documents::plan::PlannedImport;
use schema_documents::recorded::{OpenEdit, Recorded};
use schema_documents::{FieldPath, ResourceId};

use schema_catalog::Catalog;

use crate::diff::{Context, Differences, FieldOutcome, Presence, ResourceDifference, holds_secret};
use crate::merge::Decision;

/// The edits that this pass found: taken, if they have settled, and only shown otherwise. What is reverted is none once
/// it has settled, and what is secret never.
pub fn imports(differences: &Differences, recorded: &Recorded, context: &Context<'_>) -> Vec<PlannedImport> {
    let mut all = Vec::new();
    for difference in &differences.resources {
        let edits = difference.fields.iter().filter(|field| is_import(difference, field, context.catalog));
        all.extend(edits.map(|field| PlannedImport {
            import: import(difference, field, context.now_ms),
            settled: field.settled,
        }));
        if let Presence::Gone { edit: true, .. } = difference.presence {
            let import = Import {
                resource: difference.id.clone(),
                kind: difference.kind.clone(),
                path: FieldPath::root(),
                from: None,
                to: None,
                who: difference.author.as_ref().and_then(|author| author.who.clone()),
                made_at_ms: difference.author.as_ref().map(|author| author.at_ms),
                seen_at_ms: context.now_ms,
                origin: context.desired.resources.get(&difference.id).map(|resource| resource.origin.clone()),
            };
            let is_new = recorded.resources.contains_key(&difference.id);
            all.extend(is_new.then_some(PlannedImport { import, settled: true }));
        }
    }
    all
}

fn is_import(difference: &ResourceDifference, field: &FieldOutcome, catalog: &Catalog) -> bool {
    field.is_new_edit()
        && !field.asked.iter().chain(field.wish.iter().flat_map(|wish| &wish.value)).any(holds_secret)
        && match field.decision {
            // What is enforced drifts only where a resource was found and not made: it is told.
            Decision::Drift => is_readable(catalog, &difference.kind, &field.path),
            Decision::Conflict | Decision::NotedDefault => {
                is_importable(catalog, &difference.kind, &field.path, field.class)
            }
            // It will go back, and until it has settled it is shown like any other edit.
            Decision::EnforcedDrift => !field.settled && is_readable(catalog, &difference.kind, &field.path),
            _ => false,
        }
}

/// A secret's value cannot go into the repository, and what is enforced goes back instead.
fn is_importable(catalog: &Catalog, kind: &str, path: &FieldPath, class: Class) -> bool {
    class != Class::Enforced && is_readable(catalog, kind, path)
}

fn is_readable(catalog: &Catalog, kind: &str, path: &FieldPath) -> bool {
    catalog.kind(kind).is_some_and(|kind| !kind.is_sensitive(path) && !kind.is_write_only(path))
}

fn import(difference: &ResourceDifference, field: &FieldOutcome, now_ms: u64) -> Import {
    Import {
        resource: difference.id.clone(),
        kind: difference.kind.clone(),
        path: field.path.clone(),
        from: field.seen.clone(),
        to: field.live.clone(),
        who: field.author.as_ref().and_then(|author| author.who.clone()),
        made_at_ms: field.author.as_ref().map(|author| author.at_ms),
        seen_at_ms: now_ms,
        origin: field.origin().cloned(),
    }
}

/// All open edits of the record: the document that `manifestc import` takes.
pub fn open_imports(recorded: &Recorded, catalog: &Catalog, app: &str, environment: &str) -> Imports {
    let mut imports = Vec::new();
    for id in recorded.resources.keys() {
        let Some((_, record)) = recorded.current(id) else { continue };
        let open = record.fields.iter().filter(|(_, field)| !field.asked.as_ref().is_some_and(holds_secret));
        let edits = open.filter_map(|(path, field)| Some((path, field.edit.as_ref()?)));
        let open = edits
            .filter(|(path, edit)| !edit.reverted && is_importable(catalog, &record.kind, path, edit.class));
        imports.extend(open.map(|(path, edit)| open_import(id, &record.kind, path, edit)));
    }
    Imports {
        format: Format::default(),
        version: VERSION,
        app: app.to_owned(),
        environment: environment.to_owned(),
        imports,
        existing: Vec::new(),
    }
}

fn open_import(id: &ResourceId, kind: &str, path: &FieldPath, edit: &OpenEdit) -> Import {
    Import {
        resource: id.clone(),
        kind: kind.to_owned(),
        path: path.clone(),
        from: edit.from.clone(),
        to: edit.to.clone(),
        who: edit.who.clone(),
        made_at_ms: edit.made_at_ms,
        seen_at_ms: edit.seen_at_ms,
        origin: edit.origin.clone(),
    }
}

#[cfg(test)]
mod tests;
