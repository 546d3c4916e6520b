//! A publication: a desired state with its number, its predecessor and who put it there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Digest;
use crate::desired::DesiredState;

/// The version of the format that this crate writes.
pub const VERSION: u32 = 1;

/// The object `desired/<app>/<env>/<n>.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Publication {
    /// Always `publication`.
    pub format: Format,
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// Its number, from 1 without a gap.
    pub number: u64,
    /// Digest of the desired state of number − 1; absent for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Digest>,
    /// The commit it was built from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Who published it.
    pub publisher: String,
    /// The number whose content this is once more; absent where it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restores: Option<u64>,
    /// The desired state.
    pub desired: DesiredState,
}

/// The word that says what a document is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Format {
    /// A publication.
    #[default]
    #[serde(rename = "publication")]
    Publication,
}
