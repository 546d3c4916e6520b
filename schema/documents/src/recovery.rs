//! Recovery: what a search found in the cloud after an environment's journal was lost. A person confirms it by its
//! digest, and it becomes the beginning of a new journal.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::desired::Mode;
use crate::{Digest, Json, Millis, ResourceId};

/// The version of the format that this crate writes.
pub const VERSION: u32 = 1;

/// All that a search found of one environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recovery {
    /// Always `recovery`.
    pub format: Format,
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// The app.
    pub app: String,
    /// The environment.
    pub environment: String,
    /// What a person confirms: [`Recovery::confirmation`]. Absent while something of the document could not be looked
    /// for: nothing is rebuilt from half an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// One finding for each resource of the document that could be looked for, sorted by resource.
    pub findings: Vec<Finding>,
    /// Resources of the document that could not be looked for, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unanswered: BTreeMap<ResourceId, String>,
    /// What carries this environment's tags and is in no document. It is never touched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leftovers: Vec<Leftover>,
    /// Kinds outside of the document that could not be searched for leftovers, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unsearched: BTreeMap<String, String>,
}

/// The word that says what a document is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Format {
    /// What a search found.
    #[default]
    #[serde(rename = "recovery")]
    Recovery,
}

/// What was found of one resource of the document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The resource.
    pub resource: ResourceId,
    /// Its generation from now on.
    pub generation: u32,
    /// Its kind.
    pub kind: String,
    /// Whether it holds data.
    pub stateful: bool,
    /// What it depends on.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub depends_on: BTreeSet<ResourceId>,
    /// What the environment does with it, where somebody else made it: the document says so, or its tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub existing: Option<Mode>,
    /// What is there.
    pub there: There,
}

/// What is there of a resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case", deny_unknown_fields)]
pub enum There {
    /// It, and no other: it is taken under record as it is.
    One {
        /// Its identifier.
        identifier: String,
        /// Its physical name, where it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// How it was told.
        by: Proof,
        /// Its live properties, secrets as digests.
        live: Json,
        /// When the read of them began.
        began_at_ms: Millis,
    },
    /// Several that claim to be it: it is held until a person decides.
    Several {
        /// Their identifiers, sorted.
        identifiers: BTreeSet<String>,
    },
    /// Nothing: it counts as gone. What holds data or grants access waits for a person; anything else is created again.
    Nothing {},
}

impl There {
    /// The identifiers of what is there: none, one, or several that claim to be it.
    pub fn identifiers(&self) -> Vec<&str> {
        match self {
            Self::One { identifier, .. } => vec![identifier],
            Self::Several { identifiers } => identifiers.iter().map(String::as_str).collect(),
            Self::Nothing {} => Vec::new(),
        }
    }
}

/// How a found resource was told from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Its tags name the app, the environment and the resource.
    Tags,
    /// It has the properties that tell it from its siblings.
    NaturalKey,
    /// A person named its identifier.
    Person,
    /// The environment file names its identifier.
    Document,
}

/// Something with this environment's tags that is in no document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Leftover {
    /// The resource that its tags name.
    pub resource: String,
    /// Its kind.
    pub kind: String,
    /// Its identifier.
    pub identifier: String,
}

impl Recovery {
    /// What a person confirms: which physical resource each resource of the document is, and which of them somebody else
    /// made. Live properties do not count:
    /// they may change between the list and the word.
    pub fn confirmation(&self) -> Digest {
        let claims: Vec<_> = self.findings.iter().map(Finding::claim).collect();
        Digest::of(&("recover", &self.app, &self.environment, claims))
    }
}

impl Finding {
    fn claim(&self) -> (&ResourceId, u32, &str, Option<Mode>, Vec<&str>) {
        let identifiers = match &self.there {
            There::One { identifier, .. } => vec!["one", identifier.as_str()],
            There::Several { identifiers } => {
                std::iter::once("several").chain(identifiers.iter().map(String::as_str)).collect()
            }
            There::Nothing {} => Vec::new(),
        };
        (&self.resource, self.generation, &self.kind, self.existing, identifiers)
    }
}
