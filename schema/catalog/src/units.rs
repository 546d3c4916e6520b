//! Merge units: what is one field in the sense of the three-way merge (semantics, §3).
//!
//! [`units`] splits a property document into pairs of path and value that change independently of each other.
//!
//! - An object is entered: each of its members is a unit, or is entered in turn.
//! - The elements of a set are units, at `…/[=element]`; what changes is whether one is there.
//! - The elements of a map are units, at `…/[Key=name]`, with the whole element as value.
//! - An ordered array, an embedded JSON text, an atomic value or a group is one unit.
//!
//! Two cases keep the split lossless whatever a cloud answers. An array that is not what its unit says (two equal
//! elements in a set, an element without key or with the key of another in a map) is one unit at its own path, and so
//! is an object with a member whose name reads as a selector (`[a=b]`). And **an empty object or array is no unit**:
//! to the clouds it is the same as nothing, so a document put together again from its units lacks the empty
//! containers, and is otherwise equal, arrays in the same order. An empty element inside a unit is kept with it.

use std::collections::BTreeSet;

use schema_documents::path::{element_text, selector};
use schema_documents::{FieldPath, Json};

use crate::{Kind, Schema};

/// How a path is merged: what is one field in the sense of the semantics, §3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unit {
    /// One value. Objects are entered: each of their members is a unit of its own.
    Scalar,
    /// The whole value is one unit.
    Atomic,
    /// Each element's presence is a unit.
    Set,
    /// Each element is a unit, found by this member.
    Map(String),
    /// The whole array, whose order has a meaning.
    Ordered,
    /// A text that holds JSON, or the JSON itself; compared by meaning.
    EmbeddedJson,
    /// Members that move together; the path of the group, an object that they are all in.
    Group(FieldPath),
}

/// Properties that hold a policy or another JSON document where the schema allows an object.
const JSON_PROPERTIES: [&str; 14] = [
    "AssumeRolePolicyDocument",
    "DeliveryPolicy",
    "EventPattern",
    "FilterPolicy",
    "KeyPolicy",
    "Policy",
    "PolicyDocument",
    "PolicyText",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "ReplayPolicy",
    "RepositoryPolicyText",
    "ResourcePolicy",
    "LifecyclePolicyText",
];

/// Members by which elements of a list of pairs are told apart, if the other member is the value.
const KEYS: [&str; 2] = ["Key", "Name"];

/// Documents deeper than this are not entered further; what is below is one unit.
const DEEPEST: usize = 64;

impl Kind {
    /// How the value at this path is merged. An element of a set or a map is [`Unit::Atomic`], as is everything in it.
    pub fn unit(&self, path: &FieldPath) -> Unit {
        if let Some(unit) = self.own_unit(path) {
            return unit;
        }
        match self.schema(path) {
            Some(schema) => self.unit_of_schema(path, schema),
            None => Unit::Scalar,
        }
    }

    /// The path of the unit that a path is part of: itself, or what it lies in.
    pub fn unit_path(&self, path: &FieldPath) -> FieldPath {
        let mut at = FieldPath::root();
        for (index, segment) in path.segments().iter().enumerate() {
            at = at.child(segment);
            match self.unit(&at) {
                Unit::Scalar => {}
                Unit::Group(group) => return group,
                Unit::Set | Unit::Map(_) => {
                    return path.segments().get(index + 1).map_or(at.clone(), |element| at.child(element));
                }
                Unit::Atomic | Unit::Ordered | Unit::EmbeddedJson => return at,
            }
        }
        at
    }

    fn own_unit(&self, path: &FieldPath) -> Option<Unit> {
        let rules = &self.overlay.units;
        rules.iter().find(|(pattern, _)| pattern.matches(path)).map(|(_, rule)| rule.0.clone())
    }

    fn unit_of_schema(&self, path: &FieldPath, schema: &Schema) -> Unit {
        let name = path.segments().last().map_or("", String::as_str);
        let object = schema.types.contains("object");
        if object
            && (schema.types.contains("string") || is_json_property(name) && schema.properties.is_empty())
        {
            return Unit::EmbeddedJson;
        }
        let Some(items) = schema.items.as_deref().and_then(|items| self.resolve(items)) else {
            return if schema.types.contains("array") { Unit::Ordered } else { Unit::Scalar };
        };
        if self.tags.as_ref() == Some(path) && items.properties.contains_key("Key") {
            return Unit::Map("Key".to_owned());
        }
        match key_of_pairs(items) {
            Some(key) => Unit::Map(key.to_owned()),
            None if schema.is_unordered() => Unit::Set,
            None => Unit::Ordered,
        }
    }
}

pub(crate) fn is_json_property(name: &str) -> bool {
    JSON_PROPERTIES.contains(&name)
}

/// The member that is the key, in a list of key and value.
fn key_of_pairs(items: &Schema) -> Option<&'static str> {
    let has = |name: &str| items.properties.contains_key(name);
    KEYS.into_iter().find(|key| has(key) && has("Value") && items.properties.len() <= 3)
}

/// Splits a property document into its units, in the order of the document. See the module for what is one.
pub fn units(kind: &Kind, document: &Json) -> Vec<(FieldPath, Json)> {
    let mut out = Vec::new();
    let mut split = Split { kind, groups: BTreeSet::new(), out: &mut out };
    match document {
        Json::Object(members) if !holds_selector(document) => {
            for (name, value) in members {
                split.enter(&FieldPath::root().child(name), value, document);
            }
        }
        other if !is_empty(other) => out.push((FieldPath::root(), other.clone())),
        _ => {}
    }
    out
}

/// Whether a value is an empty container, which the clouds do not tell from nothing.
pub fn is_empty(value: &Json) -> bool {
    match value {
        Json::Array(items) => items.is_empty(),
        Json::Object(members) => members.is_empty(),
        _ => false,
    }
}

struct Split<'a> {
    kind: &'a Kind,
    groups: BTreeSet<FieldPath>,
    out: &'a mut Vec<(FieldPath, Json)>,
}

impl Split<'_> {
    fn enter(&mut self, path: &FieldPath, value: &Json, document: &Json) {
        if is_empty(value) {
            return;
        }
        match (self.kind.unit(path), value) {
            (Unit::Scalar, Json::Object(members))
                if path.segments().len() < DEEPEST && !holds_selector(value) =>
            {
                for (name, member) in members {
                    self.enter(&path.child(name), member, document);
                }
            }
            (Unit::Set, Json::Array(items)) if is_proper_set(items) => {
                self.out.extend(items.iter().map(|item| (path.element(item), item.clone())));
            }
            (Unit::Map(key), Json::Array(items)) if is_proper_map(items, &key) => {
                self.out
                    .extend(items.iter().map(|item| (path.keyed(&key, &key_text(item, &key)), item.clone())));
            }
            (Unit::Group(group), _) if path.is_within(&group) => self.group(group, document),
            _ => self.out.push((path.clone(), value.clone())),
        }
    }

    fn group(&mut self, group: FieldPath, document: &Json) {
        let Some(value) = group.get(document) else { return };
        if self.groups.insert(group.clone()) {
            self.out.push((group, value.clone()));
        }
    }
}

fn holds_selector(value: &Json) -> bool {
    value.as_object().is_some_and(|members| members.keys().any(|name| selector(name).is_some()))
}

/// Whether every element has a path of its own.
fn is_proper_set(items: &[Json]) -> bool {
    let mut seen = BTreeSet::new();
    items.iter().all(|item| seen.insert(element_text(item)))
}

/// Whether every element is an object with a key of its own.
pub(crate) fn is_proper_map(items: &[Json], key: &str) -> bool {
    let mut seen = BTreeSet::new();
    items.iter().all(|item| item.get(key).is_some_and(|found| seen.insert(element_text(found))))
}

pub(crate) fn key_text(item: &Json, key: &str) -> String {
    item.get(key).map(element_text).unwrap_or_default()
}
