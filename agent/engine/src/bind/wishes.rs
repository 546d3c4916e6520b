//! A body, split into one wish per merge unit. The split is that of the catalogue, for values in which some nodes are
//! not known yet: a unit that holds such a node is an expression as a whole.

use std::collections::{BTreeMap, BTreeSet};

use schema_catalog::{Kind, Unit};
use schema_documents::desired::{Class, Field, NameStem, Resource};
use schema_documents::path::element_text;
use schema_documents::plan::Wish;
use schema_documents::recorded::{ResourceRecord, Setback};
use schema_documents::{FieldPath, Json, Origin, Sorted, Value};

use super::tags;

/// The rule that asks for what was healthy before a deployment failed.
const BEFORE: &str = "healthy before";

/// The wishes of a resource, and what belongs to them.
pub(super) struct Wishes {
    pub(super) each: Vec<Wish>,
    pub(super) over: BTreeMap<FieldPath, Json>,
    pub(super) closed: BTreeMap<FieldPath, Origin>,
}

pub(super) fn of(resource: &Resource, kind: Option<&Kind>, body: Value) -> Wishes {
    let Some(kind) = kind else {
        return Wishes { each: Vec::new(), over: BTreeMap::new(), closed: BTreeMap::new() };
    };
    let mut units = split(kind, body);
    units.sort_by(|a, b| a.0.cmp(&b.0));
    units.dedup_by(|a, b| a.0 == b.0);
    let each = units.into_iter().map(|(path, value)| wish(resource, kind, path, value)).collect();
    let over = resource.fields.iter().filter_map(|(path, field)| Some((path.clone(), field.over.clone()?)));
    let enforced = resource.fields.iter().filter(|(path, field)| {
        field.class == Class::Enforced && matches!(kind.unit(path), Unit::Set | Unit::Map(_))
    });
    let closed = enforced.map(|(path, field)| (path.clone(), field.origin.clone())).collect();
    Wishes { each, over: over.collect(), closed }
}

/// The way back of a resource whose deployment failed. What failed is not wished: in its place stands what was asked when it
/// was healthy last.
pub(super) struct WayBack<'a> {
    pub(super) setback: &'a Setback,
    /// The generation that was healthy.
    pub(super) healthy: &'a ResourceRecord,
    pub(super) kind: &'a Kind,
    pub(super) name: Option<&'a NameStem>,
}

impl WayBack<'_> {
    /// Each path that failed, with what failed there and what was asked before. What says which generation it is goes back
    /// nowhere.
    fn each(&self) -> impl Iterator<Item = (&FieldPath, Option<&Value>, Option<&Value>)> {
        let is_its_own = |path: &FieldPath| {
            is_ownership(self.kind, path) || self.name.is_some_and(|stem| stem.path == *path)
        };
        let wrote = self.setback.wrote.iter().filter(move |(path, _)| !is_its_own(path));
        wrote.map(|(path, failed)| {
            (path, failed.as_ref(), self.healthy.fields.get(path).and_then(|field| field.asked.as_ref()))
        })
    }

    /// Wishes for it.
    pub(super) fn wish(&self, wishes: &mut Vec<Wish>) {
        for (path, failed, asked) in self.each() {
            match wishes.iter_mut().find(|wish| wish.path == *path) {
                Some(wish) => wish.value = asked.cloned(),
                // It left the document, and that is what failed.
                None if failed.is_none() && asked.is_some() => {
                    let origin = Origin::Default { rule: BEFORE.to_owned(), edition: String::new() };
                    let value = asked.cloned();
                    wishes.push(Wish { path: path.clone(), value, origin, class: Class::Open });
                }
                None => {}
            }
        }
        wishes.sort_by(|a, b| a.path.cmp(&b.path));
    }

    /// A body to create it with, as it was healthy.
    pub(super) fn put(&self, body: Value) -> Value {
        let mut json = body.to_document();
        for (path, _, asked) in self.each() {
            match asked {
                Some(asked) => {
                    path.set(&mut json, asked.to_document());
                }
                None => {
                    path.remove(&mut json);
                }
            }
        }
        Value::parse(&json).unwrap_or(body)
    }
}

/// Splits a body into its units.
pub(crate) fn split(kind: &Kind, body: Value) -> Vec<(FieldPath, Value)> {
    let mut split = Split { kind, groups: BTreeMap::new(), units: Vec::new() };
    if let Value::Object(members) = body {
        for (name, value) in members {
            split.enter(FieldPath::root().child(name), value);
        }
    }
    split.units.extend(split.groups);
    split.units
}

struct Split<'a> {
    kind: &'a Kind,
    /// Members that move together become one unit, at the path of their group.
    groups: BTreeMap<FieldPath, Value>,
    units: Vec<(FieldPath, Value)>,
}

impl Split<'_> {
    fn enter(&mut self, path: FieldPath, value: Value) {
        match (self.kind.own_unit(&path), value) {
            (_, Value::Object(members)) if members.is_empty() => {}
            (_, Value::Array(items)) if items.is_empty() => {}
            (Unit::Scalar, Value::Object(members)) => {
                for (name, member) in members {
                    self.enter(path.child(name), member);
                }
            }
            (Unit::Set, Value::Array(items)) => {
                self.elements(path, items, |path, item| Some(element_path(path, item)));
            }
            (Unit::Map(key), Value::Array(items)) => {
                self.elements(path, items, |path, item| keyed_path(path, &key, item));
            }
            (Unit::Group(group), value) if path.is_within(&group) => {
                let inside = &path.segments()[group.segments().len()..];
                let whole = self.groups.entry(group).or_insert_with(|| Value::Object(Sorted::new()));
                super::put(whole, inside, value);
            }
            (_, value) => self.units.push((path, value)),
        }
    }

    /// Elements that are told apart by their paths; an array with two of the same path is one unit.
    fn elements(
        &mut self,
        path: FieldPath,
        items: Vec<Value>,
        path_of: impl Fn(&FieldPath, &Value) -> Option<FieldPath>,
    ) {
        let paths: Option<Vec<FieldPath>> = items.iter().map(|item| path_of(&path, item)).collect();
        let mut seen = BTreeSet::new();
        match paths {
            Some(paths) if paths.iter().all(|path| seen.insert(path)) => {
                self.units.extend(paths.into_iter().zip(items));
            }
            _ => self.units.push((path, Value::Array(items))),
        }
    }
}

fn element_path(path: &FieldPath, item: &Value) -> FieldPath {
    path.element(&item.as_json().unwrap_or_else(|| item.to_document()))
}

fn keyed_path(path: &FieldPath, key: &str, item: &Value) -> Option<FieldPath> {
    let Value::Object(members) = item else { return None };
    let name = members.get(key)?;
    Some(path.keyed(key, &element_text(&name.as_json().unwrap_or_else(|| name.to_document()))))
}

fn wish(resource: &Resource, kind: &Kind, path: FieldPath, value: Value) -> Wish {
    let rule = |rule: &str| Origin::Default { rule: rule.to_owned(), edition: String::new() };
    let (origin, class) = if is_ownership(kind, &path) {
        (rule("ownership"), Class::Enforced)
    } else if resource.name.as_ref().is_some_and(|stem| stem.path == path) {
        (rule(super::NAME_RULE), Class::Open)
    } else {
        match resource.fields.get(&path).or_else(|| resource.field(&path.parent()?)) {
            Some(Field { origin, class, .. }) => (origin.clone(), *class),
            None => (resource.origin.clone(), Class::Open),
        }
    };
    Wish { path, value: Some(value), origin, class }
}

/// Whether a path is that of one of our own tags.
pub(crate) fn is_ownership(kind: &Kind, path: &FieldPath) -> bool {
    let (Some(tags), Some((last, front))) = (&kind.tags, path.segments().split_last()) else { return false };
    if tags.segments() != front {
        return false;
    }
    match schema_documents::path::selector(last) {
        Some(schema_documents::path::Selector::Keyed(_, key)) => tags::is_ours(key),
        _ => tags::is_ours(last),
    }
}
