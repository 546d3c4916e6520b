//! Resource ids: the names by which documents, people and the journal speak of a resource.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// `<primitive>/<declared name>/<role>[/<qualifier>…]`, or `network/…`, `compute/…` for what an environment shares.
///
/// An id never depends on a file, an order or a cloud; it is public interface, and renaming one is a `[[moved]]`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct ResourceId(Arc<str>);

/// Why a text is not a resource id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a resource id: write two or more parts of letters, digits, `-`, `_`, `.` or `:`, separated by `/`"
)]
pub struct InvalidId(pub String);

impl ResourceId {
    /// Checks and takes a text as an id.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let part_is_fine = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:".contains(c))
        };
        let parts: Vec<&str> = text.split('/').collect();
        if text.len() <= 256 && parts.len() >= 2 && parts.iter().all(|part| part_is_fine(part)) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidId(text.to_owned()))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first part: `database`, `topic`, `network`, …
    pub fn primitive(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// The second part: the name that was declared.
    pub fn declared_name(&self) -> &str {
        self.0.split('/').nth(1).unwrap_or_default()
    }
}

impl FromStr for ResourceId {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Self::parse(text)
    }
}

impl TryFrom<String> for ResourceId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(&text)
    }
}

impl From<ResourceId> for String {
    fn from(id: ResourceId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl Serialize for ResourceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for ResourceId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}
