//! The last look at what was lowered, by nobody who lowered it: every reference leads somewhere, nothing waits for itself,
//! and the cloud would take each body.

use std::collections::{BTreeMap, BTreeSet};

use compiler_diagnostics::{Code, Diagnostic};
use schema_catalog::validate::{self, Mode, Violation};
use schema_documents::desired::{DesiredState, Resource};
use schema_documents::{FieldPath, Json, Origin, ResourceId, Value};

use crate::builder;

/// Everything that is wrong with these resources.
pub(crate) fn check(resources: &BTreeMap<ResourceId, Resource>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (id, resource) in resources {
        found.extend(references(id, resource, resources));
        found.extend(body(id, resource));
    }
    if found.is_empty() {
        found.extend(circle(resources).map(|path| circle_found(&path, resources)));
    }
    found
}

/// References to resources that are not there, or to outputs that their kind does not have.
fn references(
    id: &ResourceId,
    resource: &Resource,
    resources: &BTreeMap<ResourceId, Resource>,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for to in resource.dependencies().into_iter().filter(|to| !resources.contains_key(to)) {
        let message = format!("`{id}` refers to `{to}`, which is not there");
        found.push(said_by(&resource.origin, Code::E0004, message));
    }
    for (property, value) in &resource.properties {
        let origin = resource
            .field(&FieldPath::root().child(property))
            .map_or(&resource.origin, |field| &field.origin);
        for reference in value.references() {
            let Some(other) = resources.get(&reference.resource) else { continue };
            if builder::kind(&other.kind).schema(&reference.output).is_none() {
                let output = format!("`{}` of `{}`", reference.output, reference.resource);
                let message = format!("`{id}` refers to {output}, which `{}` does not have", other.kind);
                found.push(said_by(origin, Code::L0202, message));
            }
        }
    }
    found
}

/// What the catalogue says against the literal part of the properties.
fn body(id: &ResourceId, resource: &Resource) -> Vec<Diagnostic> {
    let kind = builder::kind(&resource.kind);
    let mut pending = BTreeSet::new();
    let mut properties = literals(resource.properties.iter(), &mut FieldPath::root(), &mut pending);
    if let Some(name) = &resource.name {
        name.path.set(&mut properties, Json::String(name.stem.clone()));
        pending.insert(name.path.clone());
    }
    let violations = validate::validate(kind, &properties, Mode::Create).into_iter();
    let known = violations.filter(|violation| !pending.iter().any(|path| violation.path.is_within(path)));
    known.map(|violation| refused(id, resource, &violation)).collect()
}

/// The value with a text in place of each expression, whose path is noted. The path is as it was when this returns.
fn literal(value: &Value, at: &mut FieldPath, pending: &mut BTreeSet<FieldPath>) -> Json {
    match value {
        Value::Scalar(json) => json.clone(),
        Value::Array(items) => {
            let items = items.iter().enumerate().map(|(index, item)| {
                at.push(index.to_string());
                let item = literal(item, at, pending);
                at.pop();
                item
            });
            Json::Array(items.collect())
        }
        Value::Object(members) => literals(members.iter(), at, pending),
        Value::Expression(_) => {
            pending.insert(at.clone());
            Json::String(format!("known later: {at}"))
        }
    }
}

/// The same of each member.
fn literals<'a>(
    members: impl Iterator<Item = (&'a String, &'a Value)>,
    at: &mut FieldPath,
    pending: &mut BTreeSet<FieldPath>,
) -> Json {
    let members = members.map(|(name, value)| {
        at.push(name);
        let value = literal(value, at, pending);
        at.pop();
        (name.clone(), value)
    });
    Json::Object(members.collect())
}

fn refused(id: &ResourceId, resource: &Resource, violation: &Violation) -> Diagnostic {
    let origin = resource.field(&violation.path).map_or(&resource.origin, |field| &field.origin);
    let code = match origin {
        Origin::Setting { .. } => Code::E0003,
        Origin::Declaration { .. } | Origin::Default { .. } => Code::L0205,
    };
    let path = if violation.path.is_root() { String::new() } else { format!("`{}` of ", violation.path) };
    said_by(origin, code, format!("{} would not take {path}`{id}`: {}", resource.kind, violation.message))
}

fn said_by(origin: &Origin, code: Code, message: String) -> Diagnostic {
    let diagnostic = Diagnostic::error(code, message);
    match origin.position() {
        Some(at) => diagnostic.at(at),
        None => diagnostic,
    }
}

/// A circle of dependencies, if there is one: each waits for the next, the last for the first.
fn circle(resources: &BTreeMap<ResourceId, Resource>) -> Option<Vec<ResourceId>> {
    let waits: BTreeMap<&ResourceId, BTreeSet<ResourceId>> =
        resources.iter().map(|(id, resource)| (id, resource.dependencies())).collect();
    let mut left: BTreeMap<&ResourceId, usize> = waits.iter().map(|(id, on)| (*id, on.len())).collect();
    let mut ready: Vec<&ResourceId> =
        left.iter().filter(|(_, count)| **count == 0).map(|(id, _)| *id).collect();
    let mut needed_by: BTreeMap<&ResourceId, Vec<&ResourceId>> = BTreeMap::new();
    for (&id, on) in &waits {
        for dependency in on {
            needed_by.entry(dependency).or_default().push(id);
        }
    }
    while let Some(id) = ready.pop() {
        left.remove(id);
        for &waiting in needed_by.get(id).into_iter().flatten() {
            if let Some(count) = left.get_mut(waiting) {
                *count -= 1;
                if *count == 0 {
                    ready.push(waiting);
                }
            }
        }
    }
    // Everything left waits for something left, so that following it must come back.
    let mut path: Vec<ResourceId> = Vec::new();
    let mut at = left.keys().next().map(|id| (*id).clone())?;
    while !path.contains(&at) {
        let next = waits.get(&at)?.iter().find(|next| left.contains_key(next))?.clone();
        path.push(at);
        at = next;
    }
    let start = path.iter().position(|id| *id == at)?;
    Some(path.split_off(start))
}

fn circle_found(path: &[ResourceId], resources: &BTreeMap<ResourceId, Resource>) -> Diagnostic {
    let steps = path.iter().chain(path.first()).map(|id| format!("`{id}`")).collect::<Vec<_>>().join(" → ");
    let message = format!("resources wait for each other: {steps}");
    let settings =
        path.iter().filter_map(|id| resources.get(id)).flat_map(|resource| resource.fields.values());
    let setting = settings
        .filter(|field| matches!(field.origin, Origin::Setting { .. }))
        .find_map(|f| f.origin.position());
    let diagnostic = Diagnostic::error(Code::L0206, message).help("take one of these references out");
    match setting {
        Some(at) => diagnostic.at(at),
        None => diagnostic,
    }
}

/// Stateful resources that are gone while one of the same kind is new: probably the same thing under another name, which
/// only a `[[moved]]` says.
pub fn unmoved(old: &DesiredState, new: &DesiredState) -> Vec<Diagnostic> {
    let stateful = |state: &DesiredState, other: &DesiredState| -> Vec<(ResourceId, Resource)> {
        let only = state
            .resources
            .iter()
            .filter(|(id, resource)| resource.stateful && !other.resources.contains_key(id));
        only.map(|(id, resource)| (id.clone(), resource.clone())).collect()
    };
    let appeared = stateful(new, old);
    let mut found = Vec::new();
    for (gone, was) in stateful(old, new) {
        if new.moved.iter().any(|moved| moved.from == gone) {
            continue;
        }
        let taken = |id: &ResourceId| new.moved.iter().any(|moved| moved.to == *id);
        let Some((id, is)) = appeared.iter().find(|(id, is)| is.kind == was.kind && !taken(id)) else {
            continue;
        };
        let message = format!("stateful `{gone}` is gone, and `{id}` of the same kind is new");
        found.push(
            said_by(&is.origin, Code::L0204, message)
                .note("without a word they are two things: the old one with its data is kept aside, the new one is empty")
                .help(format!("if it is the same thing, write\n[[moved]]\nfrom = \"{gone}\"\nto = \"{id}\"")),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use schema_documents::Sorted;
    use schema_documents::desired::Phase;

    fn id(text: &str) -> ResourceId {
        ResourceId::parse(text).unwrap()
    }

    fn waits_for(others: &[&str]) -> Resource {
        Resource {
            kind: "AWS::EC2::InternetGateway".to_owned(),
            stateful: false,
            phase: Phase::Provision,
            name: None,
            existing: None,
            properties: Sorted::new(),
            depends_on: others.iter().map(|other| id(other)).collect(),
            origin: Origin::Default { rule: "x".to_owned(), edition: "2026.1".to_owned() },
            fields: Sorted::new(),
        }
    }

    fn resources(edges: &[(&str, &[&str])]) -> BTreeMap<ResourceId, Resource> {
        edges.iter().map(|(from, to)| (id(from), waits_for(to))).collect()
    }

    #[test]
    fn a_circle_is_found_and_shown_from_its_start() {
        let all = resources(&[("a/1", &["a/2"]), ("a/2", &["a/3"]), ("a/3", &["a/2"]), ("a/4", &[])]);
        let found = check(&all);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].code, Code::L0206);
        assert!(found[0].message.contains("`a/2` → `a/3` → `a/2`"), "{}", found[0].message);
        assert_eq!(check(&resources(&[("a/1", &["a/2"]), ("a/2", &[])])), vec![]);
        assert_eq!(check(&resources(&[("a/1", &["a/1"])]))[0].code, Code::L0206);
    }

    #[test]
    fn a_reference_to_nothing_is_found() {
        assert_eq!(check(&resources(&[("a/1", &["a/2"])]))[0].code, Code::E0004);
    }
}
