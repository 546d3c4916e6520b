//! What the environment file says of single resources, after all rules: attributes, what to leave out, what is not
//! wanted, what is only reported, and what got another id.

use compiler_diagnostics::{Code, Diagnostic, closest};
use schema_catalog::Kind;
use schema_documents::desired::{Class, Field};
use schema_documents::environment::{Moved, ResourceSettings};
use schema_documents::{FieldPath, Json, Origin, Position, ResourceId, Sorted, Value};

use crate::builder::{self, Lowering};
use crate::{existing, properties};

/// Applies all of it.
pub(crate) fn apply(lowering: &mut Lowering<'_>) {
    let written = &lowering.environment.environment.resources;
    for (id, settings) in written {
        apply_one(lowering, id, settings);
    }
    for (id, _) in written.iter().filter(|(_, settings)| settings.absent) {
        remove(lowering, id);
    }
    for (index, moved) in lowering.environment.environment.moved.iter().enumerate() {
        check_moved(lowering, index, moved);
    }
}

fn apply_one(lowering: &mut Lowering<'_>, id: &ResourceId, settings: &ResourceSettings) {
    let Some(resource) = lowering.resources.get(id) else {
        return unknown(lowering, id, &["resources", id.as_str()]);
    };
    let kind = builder::kind(&resource.kind);
    for (path, value) in &settings.properties {
        let text = path.to_string();
        let at = place(lowering, id, &["properties", &text]);
        set(lowering, id, kind, path, value, &at);
    }
    for path in &settings.without {
        let at = place(lowering, id, &["without"]);
        leave_out(lowering, id, kind, path, &at);
    }
    for path in &settings.report {
        let at = place(lowering, id, &["report"]);
        report_only(lowering, id, path, &at);
    }
    let at = place(lowering, id, &[if settings.import.is_some() { "import" } else { "mode" }]);
    existing::apply(lowering, id, settings, kind, &at);
}

fn place(lowering: &Lowering<'_>, id: &ResourceId, keys: &[&str]) -> Position {
    let keys: Vec<&str> = ["resources", id.as_str()].iter().chain(keys).copied().collect();
    let file = lowering.environment.file.clone().unwrap_or_default();
    lowering.environment.position(&keys).cloned().unwrap_or_else(|| Position::point(file, 1, 1))
}

fn set(
    lowering: &mut Lowering<'_>,
    id: &ResourceId,
    kind: &Kind,
    path: &FieldPath,
    value: &Json,
    at: &Position,
) {
    if !may_be_set(lowering, id, kind, path, Some(value), at) {
        return;
    }
    let parsed = match Value::parse(value) {
        Ok(parsed) => parsed,
        Err(error) => return lowering.found.push(Diagnostic::error(Code::E0003, error).at(at)),
    };
    let origin = Origin::Setting { at: at.clone() };
    let before = lowering.resources.get(id).and_then(|resource| resource.fields.get(path));
    let class = before.map(|field| field.class);
    let mut field = lowering.field(kind, path, origin);
    field.class = class.unwrap_or(field.class);
    let Some(resource) = lowering.resources.get_mut(id) else { return };
    if !properties::set(&mut resource.properties, path, &parsed) {
        let message = format!("`{path}` of `{id}` lies inside of a value that is not a literal");
        let help = "set the whole property";
        return lowering.found.push(Diagnostic::error(Code::L0202, message).at(at).help(help));
    }
    speak_for(&mut resource.fields, path, field);
}

/// The longest path speaks, so that what is open below the new one is silenced. What is enforced below has its value
/// still, and stays enforced.
fn speak_for(fields: &mut Sorted<FieldPath, Field>, path: &FieldPath, field: Field) {
    fields.retain(|other, below| !other.is_within(path) || below.class == Class::Enforced);
    fields.insert(path.clone(), field);
}

fn may_be_set(
    lowering: &mut Lowering<'_>,
    id: &ResourceId,
    kind: &Kind,
    path: &FieldPath,
    value: Option<&Json>,
    at: &Position,
) -> bool {
    if !exists(kind, path) {
        lowering.found.push(no_property(kind, path).at(at));
        return false;
    }
    if kind.is_provider_owned(path) {
        let message = format!("`{path}` of `{id}` is set by the cloud alone");
        lowering.found.push(Diagnostic::error(Code::L0202, message).at(at));
        return false;
    }
    if let Some(enforced) = enforced_by(lowering, id, kind, path, value) {
        let message = format!("`{enforced}` of `{id}` is enforced");
        let help = "an edit of it can be left alone: list the path under `report`";
        let diagnostic = Diagnostic::error(Code::E0007, message).at(at).help(help);
        let reason = kind.enforced(&enforced);
        lowering.found.push(reason.map_or(diagnostic.clone(), |reason| diagnostic.note(reason)));
        return false;
    }
    true
}

/// The enforced path that a new value at `path` would change: that path, or one below it.
fn enforced_by(
    lowering: &Lowering<'_>,
    id: &ResourceId,
    kind: &Kind,
    path: &FieldPath,
    value: Option<&Json>,
) -> Option<FieldPath> {
    let resource = lowering.resources.get(id)?;
    let enforced = match resource.fields.get(path) {
        Some(field) => field.class != Class::Open,
        None => lowering.is_enforced(kind, path),
    };
    let enough = kind.enforced_minimum(path).zip(value.and_then(Json::as_f64));
    if enforced && !enough.is_some_and(|(least, value)| value >= least) {
        return Some(path.clone());
    }
    let below = resource
        .fields
        .iter()
        .filter(|(other, field)| *other != path && other.is_within(path) && field.class == Class::Enforced);
    let changes = |other: &&FieldPath| {
        let rest = FieldPath::from_segments(other.segments()[path.segments().len()..].iter().cloned());
        value.and_then(|value| rest.get(value)) != properties::get(&resource.properties, other).as_ref()
    };
    below.map(|(other, _)| other).find(changes).cloned()
}

/// Whether the schema has this path, or leaves open what is there.
fn exists(kind: &Kind, path: &FieldPath) -> bool {
    if kind.schema(path).is_some() {
        return true;
    }
    let mut at = path.parent();
    while let Some(path) = at.filter(|path| !path.is_root()) {
        if let Some(schema) = kind.schema(&path) {
            let object = schema.types.contains("object") || schema.types.is_empty();
            return object && schema.properties.is_empty() && schema.additional_properties != Some(false);
        }
        at = path.parent();
    }
    false
}

fn no_property(kind: &Kind, path: &FieldPath) -> Diagnostic {
    let message = format!("`{}` has no property `{path}`", kind.name);
    let (last, parent) = match path.segments().split_last() {
        Some((last, front)) => (last.as_str(), FieldPath::from_segments(front.iter().cloned())),
        None => ("", FieldPath::root()),
    };
    let members =
        if parent.is_root() { Some(&kind.properties) } else { kind.schema(&parent).map(|s| &s.properties) };
    let near = members.and_then(|members| closest(last, members.keys().map(String::as_str)));
    let help = near.map(|near| format!("did you mean `{}`?", parent.child(near)));
    Diagnostic::error(Code::L0202, message).maybe_help(help)
}

fn leave_out(lowering: &mut Lowering<'_>, id: &ResourceId, kind: &Kind, path: &FieldPath, at: &Position) {
    if !may_be_set(lowering, id, kind, path, None, at) {
        return;
    }
    let Some(resource) = lowering.resources.get_mut(id) else { return };
    if !properties::remove(&mut resource.properties, path) {
        let message = format!("`{path}` of `{id}` is not set anyway");
        return lowering.found.push(Diagnostic::error(Code::E0004, message).at(at).help("take the line out"));
    }
    resource.fields.retain(|other, _| !other.is_within(path));
}

fn report_only(lowering: &mut Lowering<'_>, id: &ResourceId, path: &FieldPath, at: &Position) {
    let Some(resource) = lowering.resources.get_mut(id) else { return };
    if let Some(field) = resource.field(path).filter(|field| field.class == Class::Enforced).cloned() {
        resource.fields.insert(path.clone(), Field { class: Class::Reported, ..field });
        return;
    }
    let message = format!("`{path}` of `{id}` is not enforced");
    let help = "an edit of it is imported anyway: take the line out";
    lowering.found.push(Diagnostic::error(Code::E0004, message).at(at).help(help));
}

/// Takes out a resource that is not wanted, unless another one needs it.
fn remove(lowering: &mut Lowering<'_>, id: &ResourceId) {
    let written = &lowering.environment.environment.resources;
    let wanted = |other: &ResourceId| written.get(other).is_none_or(|settings| !settings.absent);
    let needs = |(other, resource): (&ResourceId, &schema_documents::desired::Resource)| {
        (wanted(other)
            && resource.properties.values().any(|value| value.references().iter().any(|r| r.resource == *id)))
        .then(|| other.clone())
    };
    if let Some(other) = lowering.resources.iter().find_map(needs) {
        let at = place(lowering, id, &["absent"]);
        let message = format!("`{id}` cannot be absent: `{other}` refers to it");
        let help = format!("say `absent = true` of `{other}` as well");
        return lowering.found.push(Diagnostic::error(Code::E0004, message).at(&at).help(help));
    }
    lowering.resources.remove(id);
    for resource in lowering.resources.values_mut() {
        resource.depends_on.remove(id);
    }
}

fn check_moved(lowering: &mut Lowering<'_>, index: usize, moved: &Moved) {
    let index = index.to_string();
    if !lowering.resources.contains_key(&moved.to) {
        unknown(lowering, &moved.to, &["moved", &index, "to"]);
    }
    if lowering.resources.contains_key(&moved.from) {
        let message = format!("`{}` still exists, so nothing moved from it", moved.from);
        let diagnostic = Diagnostic::error(Code::E0004, message);
        lowering.found.push(lowering.environment.point(diagnostic, &["moved", &index, "from"]));
    }
}

fn unknown(lowering: &mut Lowering<'_>, id: &ResourceId, keys: &[&str]) {
    let known = lowering.resources.keys().map(ResourceId::as_str);
    let help = closest(id.as_str(), known).map(|near| format!("did you mean `{near}`?"));
    let diagnostic = Diagnostic::error(Code::E0004, format!("there is no resource `{id}`")).maybe_help(help);
    lowering.found.push(lowering.environment.point(diagnostic, keys));
}
