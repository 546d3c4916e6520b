//! The sidecar of an exported template: what the template's format cannot say.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::desired::{EnvironmentIdentity, Resource};
use crate::value::Reference;
use crate::{Digest, ResourceId};

/// The version of the format that this crate writes.
pub const VERSION: u32 = 1;

/// The resources of a desired state that the template beside it leaves out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sidecar {
    /// Always `sidecar`.
    pub format: Format,
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// The app.
    pub app: String,
    /// The environment.
    pub environment: EnvironmentIdentity,
    /// Digest of the whole desired state.
    pub desired: Digest,
    /// What has to be made by other means.
    pub resources: BTreeMap<ResourceId, Resource>,
    /// Parameters of the template, by name, that take outputs of these resources.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Reference>,
}

/// The word that says what a document is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Format {
    /// A sidecar.
    #[default]
    #[serde(rename = "sidecar")]
    Sidecar,
}
