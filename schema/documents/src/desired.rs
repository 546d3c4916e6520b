//! The desired state: what should exist in one environment, complete and normalised.

mod digest;
mod outline;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::environment::{Approval, Cloud, EnvironmentType, Moved};
use crate::{Digest, FieldPath, Json, Origin, ResourceId, Sorted, Value};

pub use outline::Outline;

/// The version of the format that this crate writes.
pub const VERSION: u32 = 1;

/// Documents larger than this are refused before they are parsed, unless a setting says otherwise.
pub const DEFAULT_MAX_BYTES: u64 = 512 * 1024 * 1024;

/// What should exist in one environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DesiredState {
    /// Always `desired-state`.
    pub format: Format,
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// The app.
    pub app: String,
    /// The environment.
    pub environment: EnvironmentIdentity,
    /// The edition of the compiler's defaults.
    pub edition: String,
    /// Whether a person approves changes first.
    pub approval: Approval,
    /// How long a console edit rests before it is taken as meant, in seconds.
    pub settle_seconds: u64,
    /// Everything that should exist.
    pub resources: BTreeMap<ResourceId, Resource>,
    /// Ids that changed; the physical resources stay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<Moved>,
}

/// The word that says what a document is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Format {
    /// A desired state.
    #[default]
    #[serde(rename = "desired-state")]
    DesiredState,
}

/// Which environment, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentIdentity {
    /// Its name, such as `production` or `pr:72`.
    pub name: String,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: EnvironmentType,
    /// The cloud.
    pub cloud: Cloud,
    /// The cloud's region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// One thing that should exist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Kind of the resource: the full type name of its provider, such as `AWS::SNS::Topic`.
    pub kind: String,
    /// Whether it holds data that a new one would not have.
    pub stateful: bool,
    /// When in a rollout it changes.
    pub phase: Phase,
    /// How its physical name is made, for kinds that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<NameStem>,
    /// What it is, where it is there already: nothing of it is created then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub existing: Option<Existing>,
    /// Its properties.
    pub properties: Sorted<String, Value>,
    /// What must exist before it, beyond what its properties refer to.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub depends_on: BTreeSet<ResourceId>,
    /// Why it exists.
    pub origin: Origin,
    /// Class and origin by path. The longest path that holds a field speaks for it; every property has one.
    pub fields: Sorted<FieldPath, Field>,
}

/// A resource that is there already, made by somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Existing {
    /// Its identifier, as the provider takes it.
    pub identifier: String,
    /// The account that it must be in, where the environment file says: by an ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The region that it must be in, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// What the environment does with it.
    pub mode: Mode,
    /// Who asks for it.
    pub origin: Origin,
}

/// What an environment does with a resource that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It owns it, field by field, once a person has approved that. It never replaces it, and never deletes it.
    Owned,
    /// It reads its outputs, and writes nothing to it.
    Reference,
}

/// When in a rollout a resource changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Before the new images run.
    Provision,
    /// When all is there that was to be provisioned, and still before the new images run: databases get their new schema.
    Migrate,
    /// What runs the images.
    Deploy,
    /// After they serve: what is not used any more goes.
    CleanUp,
}

/// How a physical name is made: `stem`, `-`, the agent's suffix, `ending`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NameStem {
    /// The property that takes the name.
    pub path: FieldPath,
    /// The readable part, already within the kind's charset, with room for [`SUFFIX_LENGTH`] and the ending.
    pub stem: String,
    /// What the name must end with, such as `.fifo`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub ending: String,
}

/// Characters that the agent adds to a stem: `-` and eight of `[a-z0-9]`.
pub const SUFFIX_LENGTH: usize = 9;

/// Class and origin of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Whether the console may change it.
    pub class: Class,
    /// Who asks for the value.
    pub origin: Origin,
    /// The live value that the wish knowingly replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<Json>,
}

/// Whether the console may change a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// An edit is imported.
    Open,
    /// An edit is reverted.
    Enforced,
    /// Enforced by nature, but an edit is only reported, because a setting says so.
    Reported,
}

impl Resource {
    /// Everything that must exist before it.
    pub fn dependencies(&self) -> BTreeSet<ResourceId> {
        let references =
            self.properties.values().flat_map(Value::references).map(|reference| reference.resource);
        references.chain(self.depends_on.iter().cloned()).collect()
    }

    /// Class and origin of the field at `path`.
    pub fn field(&self, path: &FieldPath) -> Option<&Field> {
        let mut at = Some(path.clone());
        while let Some(path) = at {
            if let Some(field) = self.fields.get(&path) {
                return Some(field);
            }
            at = path.parent();
        }
        None
    }
}

impl DesiredState {
    /// The digest of what is to be built. Source positions do not count: moving a line changes nothing.
    pub fn digest(&self) -> Digest {
        digest::of(self, |_, _, _| {})
    }
}
