//! Canonical JSON and digests: equal content has equal bytes, on any machine and with any feature of `serde_json`.

mod writer;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::Json;

/// A SHA-256 of canonical JSON, written `sha256:<64 hex digits>`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of some bytes.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self::of_hash(&Sha256::digest(bytes))
    }

    /// The digest with these 32 bytes.
    pub(crate) fn of_hash(hash: &[u8]) -> Self {
        Self(format!("sha256:{}", hex::encode(hash)))
    }

    /// The digest of a document's canonical JSON.
    pub fn of(document: &impl Serialize) -> Self {
        Self::of_bytes(to_string(document).as_bytes())
    }

    /// The whole text, with its prefix.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve hex digits: enough for a person to tell two documents apart.
    pub fn short(&self) -> &str {
        let hex = self.0.strip_prefix("sha256:").unwrap_or(&self.0);
        hex.get(..12).unwrap_or(hex)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl From<String> for Digest {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// Canonical JSON on one line: members sorted by key, no white space.
pub fn to_string(document: &impl Serialize) -> String {
    writer::write(document)
}

/// Canonical JSON for files that people read: members sorted by key, two spaces of indentation, a final newline.
pub fn to_pretty(document: &impl Serialize) -> String {
    writer::indent(&writer::write(document))
}

/// Sorts members by key at every level. `serde_json` keeps insertion order when any crate in the build asks
/// it to, so the order is made here and not hoped for.
pub fn sort(json: &mut Json) {
    match json {
        Json::Array(items) => items.iter_mut().for_each(sort),
        Json::Object(members) if members.keys().is_sorted() => members.values_mut().for_each(sort),
        Json::Object(members) => {
            let mut sorted: Vec<_> = std::mem::take(members).into_iter().collect();
            sorted.sort_by(|a, b| a.0.cmp(&b.0));
            for (key, mut value) in sorted {
                sort(&mut value);
                members.insert(key, value);
            }
        }
        _ => {}
    }
}
