//! Sealed documents: what is written once and must never be taken for anything else.
//!
//! A sealed document is canonical JSON with one more member at its very end, `digest`: the SHA-256 of the same JSON without
//! it. The seal is checked over the bytes as they lie in the store and before anything is parsed, so that no flipped bit,
//! no missing end and no second spelling of the same content gets through. Every later version of a format keeps this.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::read::{self, Unusable};
use crate::{Digest, canonical};

/// Between the other members and the digest.
const BEFORE: &[u8] = b",\"digest\":\"";
/// After the digest.
const AFTER: &[u8] = b"\"}";
/// `sha256:` and 64 hex digits.
const DIGEST_BYTES: usize = 7 + 64;
/// The seal as a whole.
const SEAL_BYTES: usize = BEFORE.len() + DIGEST_BYTES + AFTER.len();

/// A document as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The digest of the document, which the bytes end with.
    pub digest: Digest,
}

/// Seals a document. It must serialise as an object that has members, and none named `digest`.
pub fn seal(document: &impl Serialize) -> Sealed {
    let mut bytes = canonical::to_string(document).into_bytes();
    let digest = Digest::of_bytes(&bytes);
    bytes.pop();
    bytes.extend_from_slice(BEFORE);
    bytes.extend_from_slice(digest.as_str().as_bytes());
    bytes.extend_from_slice(AFTER);
    Sealed { bytes, digest }
}

/// Checks the seal of a document of at most `limit` bytes and parses it; `known` is the newest version that this program
/// knows. With the document comes its digest.
pub fn open<T: DeserializeOwned>(bytes: &[u8], known: u32, limit: u64) -> Result<(T, Digest), Unusable> {
    let size = bytes.len() as u64;
    if size > limit {
        return Err(Unusable::TooLarge { bytes: size, limit });
    }
    let (content, digest) = unsealed(bytes)?;
    let document = read::document(&content, known, limit).map_err(|error| match error {
        Unusable::Malformed(reason) => Unusable::Malformed(format!(
            "{reason}; its digest is right, so that it was written like this: by a newer program, if by any"
        )),
        other => other,
    })?;
    Ok((document, digest))
}

/// The content under a seal that is whole.
fn unsealed(bytes: &[u8]) -> Result<(Vec<u8>, Digest), Unusable> {
    let torn =
        || Unusable::Damaged(format!("it has {} bytes and no seal at its end: it is torn", bytes.len()));
    let (content, seal) = bytes.split_at_checked(bytes.len().saturating_sub(SEAL_BYTES)).ok_or_else(torn)?;
    let digest = seal.strip_prefix(BEFORE).and_then(|rest| rest.strip_suffix(AFTER)).ok_or_else(torn)?;
    let mut content = content.to_vec();
    content.push(b'}');
    let found = Digest::of_bytes(&content);
    if found.as_str().as_bytes() != digest {
        return Err(Unusable::Damaged(
            "its content is not what its digest says: something changed it".to_owned(),
        ));
    }
    Ok((content, found))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Note {
        format: String,
        version: u32,
        text: String,
    }

    fn note(version: u32) -> Note {
        Note { format: "note".to_owned(), version, text: "für Ada, \"\\n\"".to_owned() }
    }

    fn check(bytes: &[u8], part: &str) {
        let error = open::<Note>(bytes, 1, 1_000).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn a_sealed_document_is_json_with_its_digest_as_the_last_member_and_is_read_again() {
        let Sealed { bytes, digest } = seal(&note(1));
        assert_eq!(digest, Digest::of(&note(1)));
        let json: crate::Json = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(json["digest"], digest.as_str());
        assert_eq!(open::<Note>(&bytes, 1, 1_000), Ok((note(1), digest)));
    }

    #[test]
    fn every_end_that_is_missing_is_missed() {
        let bytes = seal(&note(1)).bytes;
        for length in 0..bytes.len() {
            check(&bytes[..length], "it is torn");
        }
    }

    #[test]
    fn the_same_content_in_another_spelling_is_not_the_same_document() {
        let text = String::from_utf8(seal(&note(1)).bytes).unwrap();
        check(text.replacen(":1,", ": 1,", 1).as_bytes(), "something changed it");
    }

    #[test]
    fn a_newer_version_and_an_unknown_member_point_to_a_newer_program() {
        check(&seal(&note(2)).bytes, "knows up to 1: use a newer program");
        let more = serde_json::json!({"format": "note", "version": 1, "text": "", "more": true});
        check(&seal(&more).bytes, "by a newer program");
        check(&vec![b' '; 1_001], "the limit is 1000");
    }
}
