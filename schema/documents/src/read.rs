//! Reading a document that came from outside: its size, its format and its version first.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::desired::DesiredState;
use crate::publication::Publication;

/// Why a document cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Too large; it was not parsed.
    #[error("it has {bytes} bytes, and the limit is {limit} (`--max-document-bytes` sets another)")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// Not the document it should be.
    #[error("it is not valid: {0}")]
    Malformed(String),
    /// Not as it was written: its seal is broken.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// Written by a newer version.
    #[error("it has format version {found}, and this program knows up to {known}: use a newer program")]
    TooNew {
        /// The version that it says.
        found: u64,
        /// The newest version that this program knows.
        known: u32,
    },
}

/// What a document says of itself.
#[derive(Deserialize)]
struct Head {
    format: Option<String>,
    version: Option<u64>,
}

/// Parses JSON of a known format, newest version `known`.
pub fn document<T: DeserializeOwned>(bytes: &[u8], known: u32, limit: u64) -> Result<T, Unusable> {
    head(bytes, limit).and_then(|head| {
        version(&head, known)?;
        serde_json::from_slice(bytes).map_err(malformed)
    })
}

/// Parses a desired state, published or not.
pub fn desired(bytes: &[u8], limit: u64) -> Result<(DesiredState, Option<PublicationHead>), Unusable> {
    let head = head(bytes, limit)?;
    match head.format.as_deref() {
        Some("publication") => {
            version(&head, crate::publication::VERSION)?;
            let publication: Publication = serde_json::from_slice(bytes).map_err(malformed)?;
            let head = PublicationHead { number: publication.number, commit: publication.commit };
            Ok((publication.desired, Some(head)))
        }
        Some("desired-state") => {
            version(&head, crate::desired::VERSION)?;
            Ok((serde_json::from_slice(bytes).map_err(malformed)?, None))
        }
        other => Err(Unusable::Malformed(format!(
            "its format is {}, and a desired state was expected",
            other.map_or_else(|| "missing".to_owned(), |other| format!("`{other}`")),
        ))),
    }
}

/// What a publication says beside its desired state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicationHead {
    /// Its number.
    pub number: u64,
    /// The commit it was built from.
    pub commit: Option<String>,
}

fn head(bytes: &[u8], limit: u64) -> Result<Head, Unusable> {
    let size = bytes.len() as u64;
    if size > limit {
        return Err(Unusable::TooLarge { bytes: size, limit });
    }
    serde_json::from_slice(bytes).map_err(malformed)
}

fn version(head: &Head, known: u32) -> Result<(), Unusable> {
    match head.version {
        Some(found) if found > u64::from(known) => Err(Unusable::TooNew { found, known }),
        Some(_) => Ok(()),
        None => Err(Unusable::Malformed("it has no `version`".to_owned())),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn malformed(error: serde_json::Error) -> Unusable {
    Unusable::Malformed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_refused_by_its_size_before_it_is_parsed() {
        assert_eq!(desired(b"{{{{{", 4), Err(Unusable::TooLarge { bytes: 5, limit: 4 }));
    }

    #[test]
    fn nesting_of_ten_thousand_levels_is_an_error_and_no_crash() {
        let deep = format!(
            "{{\"format\":\"desired-state\",\"version\":1,\"x\":{}{}}}",
            "[".repeat(10_000),
            "]".repeat(10_000)
        );
        assert!(matches!(desired(deep.as_bytes(), 1 << 20), Err(Unusable::Malformed(_))));
    }

    #[test]
    fn a_newer_version_and_another_format_are_refused() {
        let newer = br#"{"format":"desired-state","version":2}"#;
        assert_eq!(desired(newer, 100), Err(Unusable::TooNew { found: 2, known: 1 }));
        assert!(matches!(desired(br#"{"format":"plan","version":1}"#, 100), Err(Unusable::Malformed(_))));
        assert!(matches!(desired(b"{}", 100), Err(Unusable::Malformed(_))));
    }
}
