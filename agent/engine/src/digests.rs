//! Digests of sensitive values: what memory has in their place (semantics, §11).
//!
//! A value that few others could be is found by trying when only its digest is known. So digests are made with a key that lives
//! in the vault, and each says under which one it was made: of two under different keys it is not known whether the values
//! differ, and what is not known has not changed.

use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use schema_documents::{Digest, Json, canonical};
use sha2::Sha256;
use zeroize::Zeroizing;

/// How a digest with a key begins. The id of the key follows, then the digest.
const KEYED: &str = "hmac-sha256:";

/// How one without a key begins.
const UNKEYED: &str = "sha256:";

/// Characters of a key's id.
const ID_LENGTH: usize = 16;

/// Makes digests of sensitive values.
#[derive(Clone, Default)]
pub struct Digests(Option<Arc<Key>>);

/// Without a key: where there is no vault.
pub static PLAIN: Digests = Digests(None);

struct Key {
    id: String,
    secret: Zeroizing<Vec<u8>>,
}

impl Digests {
    /// Under this key. Its id follows from it, and does not tell it.
    pub fn keyed(secret: &str) -> Self {
        let secret = Zeroizing::new(secret.as_bytes().to_vec());
        let id = mac(&secret, b"id of this key").chars().take(ID_LENGTH).collect();
        Self(Some(Arc::new(Key { id, secret })))
    }

    /// The digest of a value.
    pub(crate) fn of(&self, value: &Json) -> String {
        let Some(key) = &self.0 else { return Digest::of(value).as_str().to_owned() };
        let text = Zeroizing::new(canonical::to_string(value));
        format!("{KEYED}{}:{}", key.id, mac(&key.secret, text.as_bytes()))
    }
}

impl fmt::Debug for Digests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Digests").field(&self.0.as_ref().map(|key| &key.id)).finish()
    }
}

/// Whether both are digests, under different keys.
pub(crate) fn are_incomparable(one: &Json, other: &Json) -> bool {
    let key = |json: &Json| json.as_str().and_then(key_of).map(str::to_owned);
    matches!((key(one), key(other)), (Some(one), Some(other)) if one != other)
}

/// The id of the key that a digest was made with, empty for none; `None` for what is no digest.
fn key_of(text: &str) -> Option<&str> {
    let (id, digest) = match text.strip_prefix(KEYED) {
        Some(rest) => rest.split_once(':')?,
        None => ("", text.strip_prefix(UNKEYED)?),
    };
    let is_digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest.then_some(id)
}

fn mac(key: &[u8], message: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("BUG: HMAC takes keys of any length");
    mac.update(message);
    hex::encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_digest_says_its_key_and_tells_neither_key_nor_value() {
        let (value, digests) = (json!({ "Name": "KEY", "Value": "s3cret" }), Digests::keyed("the key"));
        let digest = digests.of(&value);
        assert_eq!(digest, Digests::keyed("the key").of(&value));
        assert_ne!(digest, digests.of(&json!({ "Name": "KEY", "Value": "S3cret" })));
        let said = format!("{digest} {digests:?}");
        assert!(!said.contains("s3cret") && !said.contains("the key"), "{said}");
        assert_eq!(key_of(&digest), digests.0.as_ref().map(|key| key.id.as_str()));
        // RFC 4231, test case 2.
        assert_eq!(
            mac(b"Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn digests_under_different_keys_say_nothing_of_each_other() {
        let of = |digests: Digests| Json::String(digests.of(&json!("value")));
        let (one, other, plain) = (of(Digests::keyed("one")), of(Digests::keyed("other")), of(PLAIN.clone()));
        for (a, b) in [(&one, &other), (&one, &plain), (&plain, &other)] {
            assert!(are_incomparable(a, b) && are_incomparable(b, a) && !are_incomparable(a, a), "{a} {b}");
        }
        for text in ["", "hmac-sha256:", "sha256:x", "hmac-sha256:a:b"] {
            assert!(!are_incomparable(&json!(text), &one), "{text} is no digest");
        }
    }
}
