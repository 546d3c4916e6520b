//! The property tree of a kind: the part of JSON Schema that validation and comparison need.

use std::collections::{BTreeMap, BTreeSet};

use schema_documents::Json;
use serde::{Deserialize, Serialize};

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
    /// Groups of members of which exactly one must be there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub required_xor: Vec<BTreeSet<String>>,
    /// Groups of members of which at least one must be there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub required_or: Vec<BTreeSet<String>>,
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
    /// Whether the allowed values may be written in any case.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub enum_ignore_case: bool,
    /// Regular expression of a text; it may match anywhere unless it is anchored.
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

impl Schema {
    /// Whether a value of this JSON type (`object`, `string`, …) is allowed.
    pub fn allows(&self, type_name: &str) -> bool {
        self.types.is_empty() || self.types.contains(type_name)
    }

    /// Whether the elements of this array have no order: the schema says so, or says that they are all different.
    pub fn is_unordered(&self) -> bool {
        self.insertion_order == Some(false)
            || (self.unique_items == Some(true) && self.insertion_order.is_none())
    }
}
