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
//! is an object with a member whose name reads as a selector (`[a=b]`). And **an empty object or array is no unit**
//! ([`is_empty`]): to the clouds it is the same as nothing, so a document put together again from its units
//! (`FieldPath::set`, one after the other) lacks the empty containers, and is otherwise equal, arrays in the same
//! order. An empty element inside a unit is kept with it.

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

/// Documents deeper than this are not entered further; what is below is one unit.
const DEEPEST: usize = 64;

impl Kind {
    /// How the value at this path is merged. An element of a set or a map is [`Unit::Atomic`], as is everything inside
    /// another unit.
    pub fn unit(&self, path: &FieldPath) -> Unit {
        if self.unit_path(path) == *path { self.own_unit(path) } else { Unit::Atomic }
    }

    /// The path of the unit that a path is part of: itself, or what it lies in. The path of a set or a map is its own.
    pub fn unit_path(&self, path: &FieldPath) -> FieldPath {
        let mut at = FieldPath::root();
        for (index, segment) in path.segments().iter().enumerate() {
            at = at.child(segment);
            match self.own_unit(&at) {
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

    /// How the value at this path would be merged if it were not part of another unit. Comparison goes into units, so
    /// it needs to know of a list inside of one, too, whether it has an order. Whoever comes from the root through
    /// nothing but [`Unit::Scalar`] has the same answer as from [`Kind::unit`], without asking again at each step.
    pub fn own_unit(&self, path: &FieldPath) -> Unit {
        match (self.overlay.unit_at(path), self.schema(path)) {
            (Some(unit), _) => unit.clone(),
            (None, Some(schema)) => self.unit_of_schema(path, schema),
            (None, None) => Unit::Scalar,
        }
    }

    fn unit_of_schema(&self, path: &FieldPath, schema: &Schema) -> Unit {
        let name = path.segments().last().map_or("", String::as_str);
        let is_object_or_text = schema.types.contains("object") && schema.types.contains("string");
        let is_free_form = schema.allows("object") && schema.properties.is_empty();
        if is_object_or_text || is_free_form && self.overlay.json_properties.contains(name) {
            return Unit::EmbeddedJson;
        }
        let Some(items) = schema.items.as_deref().and_then(|items| self.resolve(items)) else {
            return if schema.types.contains("array") { Unit::Ordered } else { Unit::Scalar };
        };
        if self.tags.as_ref() == Some(path) && items.properties.contains_key("Key") {
            return Unit::Map("Key".to_owned());
        }
        match self.key_of_pairs(items) {
            Some(key) => Unit::Map(key.clone()),
            None if schema.is_unordered() => Unit::Set,
            None => Unit::Ordered,
        }
    }

    /// The member that is the key, in a list of key and value.
    fn key_of_pairs(&self, items: &Schema) -> Option<&String> {
        let has = |name: &str| items.properties.contains_key(name);
        let is_pair = has("Value") && items.properties.len() <= 3;
        self.overlay.pair_keys.iter().find(|key| is_pair && has(key))
    }
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

/// Whether a value says nothing: it is an empty list, or an object whose members, if any, say nothing either. The
/// clouds do not tell these from absence.
pub fn is_empty(value: &Json) -> bool {
    match value {
        Json::Array(items) => items.is_empty(),
        Json::Object(members) => members.values().all(is_empty),
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
        match (self.kind.own_unit(path), value) {
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
pub(crate) fn is_proper_set(items: &[Json]) -> bool {
    let mut seen = BTreeSet::new();
    items.iter().all(|item| seen.insert(element_text(item)))
}

/// Whether every element is an object with a key of its own: elements of no other list can be told apart.
pub fn is_proper_map(items: &[Json], key: &str) -> bool {
    let mut seen = BTreeSet::new();
    items.iter().all(|item| item.get(key).is_some_and(|found| seen.insert(element_text(found))))
}

pub(crate) fn key_text(item: &Json, key: &str) -> String {
    item.get(key).map(element_text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Catalog;

    fn check(kind: &str, document: &Json) -> Vec<String> {
        let kind = Catalog::builtin().kind(kind).unwrap();
        units(kind, document).into_iter().map(|(path, value)| format!("{path} = {value}")).collect()
    }

    #[test]
    fn objects_are_entered_and_their_members_are_units() {
        let document = json!({"VersioningConfiguration": {"Status": "Enabled"}, "BucketName": "b"});
        let found = check("AWS::S3::Bucket", &document);
        assert_eq!(found, ["/BucketName = \"b\"", "/VersioningConfiguration/Status = \"Enabled\""]);
    }

    #[test]
    fn tags_are_units_by_their_key() {
        let found = check("AWS::SQS::Queue", &json!({"Tags": [{"Key": "team", "Value": "a"}]}));
        assert_eq!(found, [r#"/Tags/[Key=team] = {"Key":"team","Value":"a"}"#]);
    }

    #[test]
    fn elements_of_a_set_are_units_by_what_they_are() {
        let found = check("AWS::RDS::DBSubnetGroup", &json!({"SubnetIds": ["b", "a"]}));
        assert_eq!(found, [r#"/SubnetIds/[=b] = "b""#, r#"/SubnetIds/[=a] = "a""#]);
    }

    #[test]
    fn a_set_with_two_equal_elements_is_one_unit() {
        let found = check("AWS::RDS::DBSubnetGroup", &json!({"SubnetIds": ["a", "a"]}));
        assert_eq!(found, [r#"/SubnetIds = ["a","a"]"#]);
    }

    #[test]
    fn a_policy_is_one_unit_as_object_and_as_text() {
        for policy in [json!({"deadLetterTargetArn": "a"}), json!("{\"deadLetterTargetArn\":\"a\"}")] {
            let found = check("AWS::SQS::Queue", &json!({"RedrivePolicy": policy}));
            assert_eq!(found, [format!("/RedrivePolicy = {policy}")]);
        }
    }

    #[test]
    fn parameters_of_a_database_are_units_of_their_own() {
        let found = check("AWS::RDS::DBParameterGroup", &json!({"Parameters": {"rds.force_ssl": "1"}}));
        assert_eq!(found, [r#"/Parameters/rds.force_ssl = "1""#]);
    }

    #[test]
    fn a_group_moves_together() {
        let window = json!({"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5});
        let found = check("AWS::Scheduler::Schedule", &json!({"FlexibleTimeWindow": window}));
        assert_eq!(found, [format!("/FlexibleTimeWindow = {window}")]);
    }

    #[test]
    fn empty_containers_are_no_units() {
        assert!(check("AWS::SQS::Queue", &json!({"Tags": [], "RedrivePolicy": {}})).is_empty());
        assert!(check("AWS::S3::Bucket", &json!({"CorsConfiguration": {"CorsRules": []}})).is_empty());
    }

    #[test]
    fn what_lies_in_a_unit_belongs_to_it() {
        let kind = Catalog::builtin().kind("AWS::ECS::TaskDefinition").unwrap();
        let path = |text| FieldPath::parse(text).unwrap();
        let inner = path("/ContainerDefinitions/[Name=app]/Environment/[Name=A]/Value");
        assert_eq!(kind.unit_path(&inner), path("/ContainerDefinitions/[Name=app]"));
        assert_eq!(kind.unit(&inner), Unit::Atomic);
        assert_eq!(kind.unit(&path("/ContainerDefinitions")), Unit::Map("Name".to_owned()));
        assert_eq!(kind.unit(&path("/RuntimePlatform/CpuArchitecture")), Unit::Scalar);
    }
}
