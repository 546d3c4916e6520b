//! One kind, and the questions that the rest of the house asks about it.

use std::collections::{BTreeMap, BTreeSet};

use schema_documents::{FieldPath, Json};
use serde::{Deserialize, Serialize};

use crate::overlay::{Equality, NaturalKey};
use crate::{Overlay, Pattern, Schema};

/// The facts about one kind.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Full type name, such as `AWS::SNS::Topic`.
    pub name: String,
    /// The properties that make up the identifier, in the order in which `|` joins them.
    pub identifier: Vec<FieldPath>,
    /// Properties that a create must have.
    pub required: BTreeSet<String>,
    /// Paths that only a create can set.
    pub create_only: BTreeSet<Pattern>,
    /// Paths that an update can set in some situations only.
    pub conditional_create_only: BTreeSet<Pattern>,
    /// Paths that the cloud alone sets.
    pub read_only: BTreeSet<Pattern>,
    /// Paths that a read never returns.
    pub write_only: BTreeSet<Pattern>,
    /// The handlers that exist, by name (`create`, `read`, `update`, `delete`, `list`).
    pub handlers: BTreeMap<String, Handler>,
    /// The property that holds tags, if the kind has them and an update can set them.
    pub tags: Option<FieldPath>,
    /// Which of the two comes first in a replacement.
    pub replacement: Replacement,
    /// Groups of properties of which exactly one must be there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required_xor: Vec<BTreeSet<String>>,
    /// Groups of properties of which at least one must be there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required_or: Vec<BTreeSet<String>>,
    /// The property tree.
    pub properties: BTreeMap<String, Schema>,
    /// Named parts of the property tree.
    pub definitions: BTreeMap<String, Schema>,
    /// Paths whose values the cloud rewrites, and how the two spellings are told from two values.
    #[serde(default, rename = "equality", skip_serializing_if = "BTreeMap::is_empty")]
    pub spellings: BTreeMap<Pattern, Equality>,
    /// What no schema says.
    #[serde(skip)]
    pub overlay: Overlay,
}

/// A handler of a kind.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Handler {
    /// IAM actions that it needs.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub permissions: BTreeSet<String>,
    /// Longest time it may take, in minutes, where it is not the default of 120.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_minutes: Option<u32>,
    /// Properties of the parent that a list needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<String>,
}

/// Which comes first in a replacement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replacement {
    /// The new one, then the old one goes.
    #[default]
    CreateThenDelete,
    /// The old one goes first: two cannot exist side by side.
    DeleteThenCreate,
}

/// What a change of a field does to the running resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consequence {
    /// Nothing is interrupted.
    InPlace,
    /// It restarts, or fails over.
    Restart,
    /// A new one takes its place.
    Replacement,
    /// Data is lost.
    DataLoss,
}

/// References lead to definitions, never in a circle without an array or an object in between; this many in a row
/// would be a broken schema.
const LONGEST_CHAIN: usize = 16;

/// Property trees of real kinds are at most 14 levels deep, except for recursive ones.
const DEEPEST_TREE: usize = 24;

impl Kind {
    /// Makes the awaited output one of those that the cloud alone sets.
    pub(crate) fn take_up_awaited(&mut self) {
        let Some(awaited) = &self.overlay.awaited else { return };
        let [name] = awaited.path.segments() else { return };
        let text = Schema { types: BTreeSet::from(["string".to_owned()]), ..Schema::default() };
        self.properties.insert(name.clone(), text);
        self.read_only.insert(Pattern::of(awaited.path.clone()));
    }

    /// The schema at a path; selectors, indices and `*` stand for any element. References are already followed.
    pub fn schema(&self, path: &FieldPath) -> Option<&Schema> {
        self.resolve(self.schema_as_it_stands(path)?)
    }

    /// The schema at a path, a reference perhaps: beside it may stand what holds here alone.
    fn schema_as_it_stands(&self, path: &FieldPath) -> Option<&Schema> {
        let (first, rest) = path.segments().split_first()?;
        let mut at = self.properties.get(first)?;
        for segment in rest {
            at = member(self.resolve(at)?, segment)?;
        }
        Some(at)
    }

    /// What a reference stands for, or the schema itself.
    pub fn resolve<'a>(&'a self, schema: &'a Schema) -> Option<&'a Schema> {
        let mut at = schema;
        for _ in 0..LONGEST_CHAIN {
            match &at.reference {
                Some(name) => at = self.definitions.get(name)?,
                None => return Some(at),
            }
        }
        None
    }

    /// Whether the cloud alone sets this path (it is read-only, or the overlay says `provider`).
    pub fn is_provider_owned(&self, path: &FieldPath) -> bool {
        covered(&self.read_only, path) || covered(&self.overlay.provider, path)
    }

    /// Whether the cloud changes this path at run time while nobody asks for a value.
    pub fn is_scaled(&self, path: &FieldPath) -> bool {
        covered(&self.overlay.scaled, path)
    }

    /// Whether only a create can set this path (conditional ones count: an update of those is tried first).
    pub fn is_create_only(&self, path: &FieldPath) -> bool {
        covered(&self.create_only, path)
            || covered(&self.overlay.create_only, path)
            || self.is_conditional_create_only(path)
    }

    /// Whether an update can set this path in some situations only: it is tried, and may answer `NotUpdatable`.
    pub fn is_conditional_create_only(&self, path: &FieldPath) -> bool {
        covered(&self.conditional_create_only, path)
    }

    /// Whether a read never returns this path: the path or all that can be below it is write-only.
    pub fn is_write_only(&self, path: &FieldPath) -> bool {
        if covered(&self.write_only, path) {
            return true;
        }
        let some_below = self.write_only.iter().any(|pattern| pattern.is_below(path));
        some_below
            && self.schema(path).is_some_and(|schema| self.leaves_are_write_only(path, schema, DEEPEST_TREE))
    }

    fn leaves_are_write_only(&self, path: &FieldPath, schema: &Schema, levels: usize) -> bool {
        if covered(&self.write_only, path) {
            return true;
        }
        let Some(schema) = self.resolve(schema).filter(|_| levels > 0) else { return false };
        if let Some(items) = &schema.items {
            return self.leaves_are_write_only(&path.child("*"), items, levels - 1);
        }
        !schema.properties.is_empty()
            && schema
                .properties
                .iter()
                .all(|(name, member)| self.leaves_are_write_only(&path.child(name), member, levels - 1))
    }

    /// Whether values at this path are secrets in the wide sense (container variables, user data): they enter
    /// memory as digests only. True also for a path that holds such a value further down.
    pub fn is_sensitive(&self, path: &FieldPath) -> bool {
        covered(&self.overlay.sensitive, path)
            || self.overlay.sensitive.iter().any(|pattern| pattern.is_below(path))
    }

    /// What a change of this path does.
    pub fn consequence(&self, path: &FieldPath) -> Consequence {
        if covered(&self.overlay.data_loss, path) {
            Consequence::DataLoss
        } else if covered(&self.overlay.in_place, path) {
            Consequence::InPlace
        } else if covered(&self.overlay.restart, path) {
            Consequence::Restart
        } else if self.is_create_only(path) {
            Consequence::Replacement
        } else {
            Consequence::InPlace
        }
    }

    /// The identifier that these properties make up, if all of its parts are there.
    pub fn identifier_of(&self, properties: &Json) -> Option<String> {
        let parts: Option<Vec<String>> =
            self.identifier.iter().map(|path| text_at(path, properties)).collect();
        parts.filter(|parts| !parts.is_empty()).map(|parts| parts.join("|"))
    }

    /// Whether the identifier shows the physical name that this property takes: it is part of it, or an ARN or URL is made of
    /// it.
    pub fn shows_name(&self, name: &FieldPath) -> bool {
        let is_made_of_it = |path: &FieldPath| {
            path.segments().last().is_some_and(|last| last.ends_with("Arn") || last.ends_with("Url"))
        };
        self.identifier.iter().any(|path| path == name || is_made_of_it(path))
    }

    /// The longest time an operation of this handler may take, in milliseconds.
    pub fn timeout_ms(&self, handler: &str) -> u64 {
        let minutes = self.handlers.get(handler).and_then(|handler| handler.timeout_minutes).unwrap_or(120);
        u64::from(minutes) * 60_000
    }

    /// What tells a resource from all others of its kind before it has an identifier; `None` if the overlay does not
    /// say, which it does for each kind that the compiler emits.
    pub fn natural_key(&self) -> Option<&NaturalKey> {
        self.overlay.natural_key.as_ref()
    }

    /// Whether losing the resource loses data.
    pub fn is_stateful(&self) -> bool {
        self.overlay.stateful
    }

    /// Whether the resource says who may do or reach what, so that its removal by a person may be meant (semantics, §8).
    pub fn grants_access(&self) -> bool {
        self.overlay.grants_access
    }

    /// Whether audit events of this source, such as `sqs.amazonaws.com`, tell of changes.
    pub fn is_audited_by(&self, source: &str) -> bool {
        self.overlay.audited_as.iter().any(|own| own == source)
    }

    /// Why drift at this path is answered by a revert step, if it is (semantics, §4).
    pub fn enforced(&self, path: &FieldPath) -> Option<&str> {
        self.overlay.enforced_at(path).map(|rule| rule.reason.as_str())
    }

    /// The smallest value that an enforced path may have; `None` if it is enforced as it is.
    pub fn enforced_minimum(&self, path: &FieldPath) -> Option<f64> {
        self.overlay.enforced_at(path)?.minimum
    }

    /// The value that the cloud fills in where none is given, if that is known.
    pub fn default_at(&self, path: &FieldPath) -> Option<&Json> {
        let from_overlay = self.overlay.defaults.iter().find(|(pattern, _)| pattern.matches(path));
        let from_schema = || {
            let schema = self.schema_as_it_stands(path)?;
            schema.default.as_ref().or_else(|| self.resolve(schema)?.default.as_ref())
        };
        from_overlay.map(|(_, value)| value).or_else(from_schema)
    }

    /// How two values at this path are compared, where it is not by the general rules alone.
    pub fn equality(&self, path: &FieldPath) -> Option<Equality> {
        let schema = self.schema(path);
        let format = schema.and_then(|schema| schema.format.as_deref());
        let by_case = || schema?.enum_ignore_case.then_some(Equality::IgnoreCase);
        let by_schema =
            || self.spellings.iter().find(|(pattern, _)| pattern.matches(path)).map(|(_, rule)| *rule);
        self.overlay.equality_at(path, format).or_else(by_schema).or_else(by_case)
    }

    /// All IAM actions that the handlers of this kind need.
    pub fn permissions(&self) -> BTreeSet<&str> {
        self.handlers.values().flat_map(|handler| &handler.permissions).map(String::as_str).collect()
    }
}

fn covered(patterns: &BTreeSet<Pattern>, path: &FieldPath) -> bool {
    patterns.iter().any(|pattern| pattern.covers(path))
}

fn text_at(path: &FieldPath, properties: &Json) -> Option<String> {
    match path.get(properties)? {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The schema of a member of an object, or of the elements of an array.
fn member<'a>(schema: &'a Schema, segment: &str) -> Option<&'a Schema> {
    if let Some(found) = schema.properties.get(segment) {
        return Some(found);
    }
    schema.items.as_deref().or_else(|| crate::validate::pattern_member(schema, segment))
}
