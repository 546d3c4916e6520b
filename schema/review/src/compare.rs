//! Two desired states compared: what a pull request changes.

use std::collections::{BTreeMap, BTreeSet};

use schema_catalog::units::units;
use schema_catalog::{Catalog, Kind, compare as equality};
use schema_documents::desired::{DesiredState, Existing, Mode, Resource};
use schema_documents::{FieldPath, Json, Origin, ResourceId};

use crate::shown::shown;
use crate::{Change, Consequence, FieldLine, ResourceChange, Review, cause};

/// What changes from `old` to `new`. No old one: everything is new.
pub fn compare(old: Option<&DesiredState>, new: &DesiredState, catalog: &Catalog) -> Review {
    let moved: BTreeMap<&ResourceId, &ResourceId> =
        new.moved.iter().map(|moved| (&moved.to, &moved.from)).collect();
    let mut changes = Vec::new();
    let mut unchanged = 0;
    let mut met = BTreeSet::new();
    for (id, resource) in &new.resources {
        let id_before = match moved.get(id) {
            Some(from) if old.is_some_and(|old| old.resources.contains_key(*from)) => *from,
            _ => id,
        };
        let before = old.and_then(|old| old.resources.get(id_before));
        met.insert(id_before);
        match before {
            None => changes.push(added(id, resource)),
            Some(before) => match changed(id, before, resource, catalog.kind(&resource.kind)) {
                Some(change) => changes.push(change),
                None if id_before != id => changes.push(renamed(id, id_before, resource)),
                None => unchanged += 1,
            },
        }
    }
    let gone = old.iter().flat_map(|old| &old.resources).filter(|(id, _)| !met.contains(id));
    changes.extend(gone.map(|(id, resource)| removed(id, resource)));
    changes.sort_by(|a, b| {
        (a.change == Change::Removed, &a.resource).cmp(&(b.change == Change::Removed, &b.resource))
    });
    Review {
        app: new.app.clone(),
        environment: new.environment.name.clone(),
        changes,
        imports: Vec::new(),
        noted: Vec::new(),
        held: Vec::new(),
        unchanged,
        awaited: None,
    }
}

fn added(id: &ResourceId, resource: &Resource) -> ResourceChange {
    let taken = resource.existing.as_ref().map(taken);
    ResourceChange {
        change: if taken.is_some() { Change::Imported } else { Change::Added },
        resource: id.clone(),
        kind: resource.kind.clone(),
        stateful: resource.stateful,
        cause: resource.origin.to_string(),
        consequence: if taken.is_some() { Consequence::InPlace } else { Consequence::New },
        fields: Vec::new(),
        remark: taken,
    }
}

/// What becomes of something that is there already.
fn taken(existing: &Existing) -> String {
    let identifier = &existing.identifier;
    match existing.mode {
        Mode::Owned => {
            format!("`{identifier}` is imported, once a person has approved the agent's report of it")
        }
        Mode::Reference => format!("`{identifier}` is only read"),
    }
}

/// Where two documents do not say the same of what is there already.
fn taken_or_given_back(id: &ResourceId, before: &Resource, after: &Resource) -> Option<ResourceChange> {
    let said = |resource: &Resource| {
        resource.existing.as_ref().map(|existing| (existing.identifier.clone(), existing.mode))
    };
    if said(before) == said(after) {
        return None;
    }
    let given_back =
        before.existing.as_ref().map(|existing| format!("`{}` is given back as it is", existing.identifier));
    let Some(existing) = &after.existing else {
        let remark = given_back.map(|given_back| format!("{given_back}, and a new one is made"));
        return Some(ResourceChange { remark, ..added(id, after) });
    };
    let remark = given_back.into_iter().chain([taken(existing)]).collect::<Vec<_>>().join("; ");
    let cause = existing.origin.to_string();
    Some(ResourceChange { cause, remark: Some(remark), ..added(id, after) })
}

fn renamed(id: &ResourceId, from: &ResourceId, resource: &Resource) -> ResourceChange {
    let remark = Some(format!("was {from}; the running resource stays"));
    ResourceChange { change: Change::Moved, consequence: Consequence::InPlace, remark, ..added(id, resource) }
}

fn removed(id: &ResourceId, resource: &Resource) -> ResourceChange {
    let (consequence, remark) = if let Some(existing) = &resource.existing {
        (Consequence::InPlace, Some(format!("`{}` is given back as it is", existing.identifier)))
    } else if resource.stateful {
        let remark = "it is kept until a person confirms the deletion".to_owned();
        (Consequence::DataLoss, Some(remark))
    } else {
        (Consequence::Removal, None)
    };
    let cause = format!("no longer declared (was {})", resource.origin);
    ResourceChange { change: Change::Removed, cause, consequence, remark, ..added(id, resource) }
}

fn changed(
    id: &ResourceId,
    before: &Resource,
    after: &Resource,
    kind: Option<&Kind>,
) -> Option<ResourceChange> {
    if before.kind != after.kind {
        let remark = Some(format!("the kind was {}", before.kind));
        let consequence = if before.stateful { Consequence::DataLoss } else { Consequence::Replacement };
        return Some(ResourceChange { change: Change::Replaced, consequence, remark, ..added(id, after) });
    }
    if let Some(change) = taken_or_given_back(id, before, after) {
        return Some(change);
    }
    let fields = field_lines(before, after, kind);
    let worst = fields.iter().map(|field| field.consequence).max()?;
    let replaced = worst == Consequence::Replacement;
    let causes: BTreeSet<&str> = fields.iter().map(|field| field.cause.as_str()).collect();
    let cause = causes.into_iter().collect::<Vec<_>>().join(", ");
    let remark = (replaced && after.stateful)
        .then(|| "it holds data: the replacement is held until a person decides".to_owned());
    let change = if replaced { Change::Replaced } else { Change::Changed };
    let consequence = if replaced && after.stateful { Consequence::DataLoss } else { worst };
    Some(ResourceChange { change, cause, consequence, fields, remark, ..added(id, after) })
}

fn field_lines(before: &Resource, after: &Resource, kind: Option<&Kind>) -> Vec<FieldLine> {
    let old = fields_of(before, kind);
    let new = fields_of(after, kind);
    let paths: BTreeSet<&FieldPath> = old.keys().chain(new.keys()).collect();
    let mut lines = Vec::new();
    for path in paths {
        let (from, to) = (old.get(path), new.get(path));
        let same = match (from, to) {
            (Some(from), Some(to)) => {
                from == to || kind.is_some_and(|kind| equality::equal(kind, path, from, to))
            }
            _ => false,
        };
        if !same {
            let origin: Option<&Origin> = to.and_then(|_| after.field(path)).map(|field| &field.origin);
            lines.push(FieldLine {
                path: path.clone(),
                from: from.cloned(),
                to: to.cloned(),
                cause: cause(origin),
                consequence: kind.map_or(Consequence::InPlace, |kind| consequence(kind, path)),
            });
        }
    }
    lines
}

/// The fields by merge unit. The name is none of them: it is given once, and stays whatever becomes of its stem.
fn fields_of(resource: &Resource, kind: Option<&Kind>) -> BTreeMap<FieldPath, Json> {
    let document =
        Json::Object(resource.properties.iter().map(|(key, value)| (key.clone(), shown(value))).collect());
    match kind {
        Some(kind) => units(kind, &document).into_iter().collect(),
        None => resource
            .properties
            .iter()
            .map(|(key, value)| (FieldPath::root().child(key.as_str()), shown(value)))
            .collect(),
    }
}

fn consequence(kind: &Kind, path: &FieldPath) -> Consequence {
    match kind.consequence(path) {
        schema_catalog::Consequence::InPlace => Consequence::InPlace,
        schema_catalog::Consequence::Restart => Consequence::Restart,
        schema_catalog::Consequence::Replacement => Consequence::Replacement,
        schema_catalog::Consequence::DataLoss => Consequence::DataLoss,
    }
}
