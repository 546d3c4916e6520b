//! The catalogue: facts about cloud resource kinds, as data.
//!
//! `data/aws.json` is generated (`schema/catalog/generate.py`) from the schemas that the Python package `cfn-lint`
//! carries; `data/aws-overlay.toml` is written by hand and says what no schema says. No code here is about one kind.

pub mod compare;
mod overlay;
mod pattern;
pub mod validate;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use schema_documents::{FieldPath, Json};
use serde::{Deserialize, Serialize};

pub use overlay::Overlay;
pub use pattern::Pattern;

/// All kinds of all clouds that this build knows.
pub struct Catalog {
    kinds: BTreeMap<String, Kind>,
}

/// The facts about one kind.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    /// The property tree.
    pub properties: BTreeMap<String, Schema>,
    /// Named parts of the property tree.
    pub definitions: BTreeMap<String, Schema>,
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

/// A property: the facts of its JSON Schema that validation and comparison need.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Schema {
    /// Name of a definition that says the rest.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// JSON types that are allowed; empty for any.
    #[serde(rename = "type", skip_serializing_if = "BTreeSet::is_empty")]
    pub types: BTreeSet<String>,
    /// Members of an object.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, Schema>,
    /// Members with names that match a pattern.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub pattern_properties: BTreeMap<String, Schema>,
    /// Whether an object may have members that are not listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_properties: Option<bool>,
    /// Members that must be there.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub required: BTreeSet<String>,
    /// Elements of an array.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Box<Schema>>,
    /// Whether elements differ from each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique_items: Option<bool>,
    /// Whether the order of elements has a meaning (the schemas' default is yes).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insertion_order: Option<bool>,
    /// Allowed values.
    #[serde(rename = "enum", skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Json>,
    /// Regular expression of a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Shortest text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u64>,
    /// Longest text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    /// Smallest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// Largest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
    /// Fewest elements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_items: Option<u64>,
    /// Most elements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u64>,
    /// The kind of thing a text names, such as `AWS::EC2::VPC.Id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The value that a cloud fills in when none is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Json>,
}

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
    /// Members that move together; the path of the group.
    Group(FieldPath),
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

static BUILTIN: LazyLock<Catalog> = LazyLock::new(Catalog::load);

impl Catalog {
    /// The catalogue that is built in.
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    fn load() -> Self {
        todo!()
    }

    /// The facts about a kind.
    pub fn kind(&self, name: &str) -> Option<&Kind> {
        self.kinds.get(name)
    }

    /// All kinds, sorted by name.
    pub fn kinds(&self) -> impl Iterator<Item = &Kind> {
        self.kinds.values()
    }
}

impl Kind {
    /// The schema at a path; selectors and indices stand for any element.
    pub fn schema(&self, path: &FieldPath) -> Option<&Schema> {
        let _ = path;
        todo!()
    }

    /// How the value at this path is merged.
    pub fn unit(&self, path: &FieldPath) -> Unit {
        let _ = path;
        todo!()
    }

    /// Whether the cloud alone sets this path (it is read-only, or the overlay says `provider`).
    pub fn is_provider_owned(&self, path: &FieldPath) -> bool {
        let _ = path;
        todo!()
    }

    /// Whether only a create can set this path (conditional ones count: an update of those is tried first).
    pub fn is_create_only(&self, path: &FieldPath) -> bool {
        let _ = path;
        todo!()
    }

    /// Whether a read never returns this path: the path or all that is declared below it is write-only.
    pub fn is_write_only(&self, path: &FieldPath) -> bool {
        let _ = path;
        todo!()
    }

    /// Whether values at this path are secrets in the wide sense (container variables, user data): they enter
    /// memory as digests only.
    pub fn is_sensitive(&self, path: &FieldPath) -> bool {
        let _ = path;
        todo!()
    }

    /// What a change of this path does.
    pub fn consequence(&self, path: &FieldPath) -> Consequence {
        let _ = path;
        todo!()
    }

    /// The identifier that these properties make up, if all of its parts are there.
    pub fn identifier_of(&self, properties: &Json) -> Option<String> {
        let _ = properties;
        todo!()
    }

    /// The longest time an operation of this handler may take, in milliseconds.
    pub fn timeout_ms(&self, handler: &str) -> u64 {
        let minutes = self.handlers.get(handler).and_then(|handler| handler.timeout_minutes).unwrap_or(120);
        u64::from(minutes) * 60_000
    }
}
