//! Imports: console edits on their way to the repository.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::desired::Mode;
use crate::{FieldPath, Json, Millis, Origin, ResourceId};

/// The version of the format that this crate writes.
pub const VERSION: u32 = 1;

/// All open edits of one environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Imports {
    /// Always `imports`.
    pub format: Format,
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// The app.
    pub app: String,
    /// The environment.
    pub environment: String,
    /// The edits, sorted by resource and path.
    pub imports: Vec<Import>,
    /// Resources that are there already and are to be named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub existing: Vec<Named>,
}

/// A resource that is there already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The resource.
    pub resource: ResourceId,
    /// Its identifier or its ARN, as a person wrote it.
    pub identifier: String,
    /// What the environment is to do with it.
    pub mode: Mode,
}

/// The word that says what a document is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Format {
    /// A list of imports.
    #[default]
    #[serde(rename = "imports")]
    Imports,
}

/// One console edit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// The resource.
    pub resource: ResourceId,
    /// Its kind.
    pub kind: String,
    /// The merge unit. The root path: the whole resource (it is gone).
    pub path: FieldPath,
    /// The value before the edit; absent when there was none.
    #[serde(
        default,
        deserialize_with = "crate::present::even_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub from: Option<Json>,
    /// The value now; absent when it was removed.
    #[serde(
        default,
        deserialize_with = "crate::present::even_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub to: Option<Json>,
    /// Who made the edit, where the cloud tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// When it was made, where the cloud tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at_ms: Option<Millis>,
    /// When the agent first saw it.
    pub seen_at_ms: Millis,
    /// Who had asked for the value before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}
