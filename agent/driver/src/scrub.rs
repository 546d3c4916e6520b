//! What a provider says of a call may repeat the call, with the secrets in it. Its words go into the journal, into logs and to
//! people, so they are looked through first (semantics, §11).
//!
//! Known secrets are taken out wherever they stand, also encoded. What looks like a document is left out as a whole: it may
//! hold what nobody here knows to be a secret.

use std::collections::BTreeSet;

use agent_world::{CallError, Progress, ProgressState};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use schema_catalog::{Catalog, Kind, units};
use schema_documents::journal::{Act, Intent};
use schema_documents::{Json, Value};

/// What stands in the place of a secret.
const INSTEAD: &str = "(a secret)";

/// What stands in the place of a document.
const NO_DOCUMENT: &str = "(a document, left out)";

/// Shorter texts are no secrets, and would be found everywhere.
const SHORTEST: usize = 4;

/// Most characters of a message.
const LONGEST: usize = 2_000;

/// Texts that must not be repeated.
#[derive(Clone, Debug, Default)]
pub(crate) struct Secrets(BTreeSet<String>);

impl Secrets {
    /// Those of a body or a patch as it is sent: values at sensitive and write-only paths.
    pub(crate) fn of_call(catalog: &Catalog, kind: &str, sent: &Value) -> Self {
        let mut secrets = Self::default();
        let (Some(kind), document) = (catalog.kind(kind), sent.to_document()) else { return secrets };
        match &document {
            Json::Array(operations) => {
                for operation in operations {
                    secrets.take_operation(kind, operation);
                }
            }
            body => secrets.take_body(kind, body),
        }
        secrets
    }

    /// Those of an intent, as far as the journal has them; what it holds by reference is added with [`Secrets::add`].
    pub(crate) fn of_intent(catalog: &Catalog, intent: &Intent) -> Self {
        match &intent.act {
            Act::Create { body, .. } => Self::of_call(catalog, &intent.kind, body),
            Act::Update { patch, .. } => Self::of_call(catalog, &intent.kind, patch),
            Act::Delete { .. } => Self::default(),
        }
    }

    /// One more.
    pub(crate) fn add(&mut self, secret: &str) {
        if secret.len() >= SHORTEST {
            self.0.insert(secret.to_owned());
        }
    }

    fn take_body(&mut self, kind: &Kind, body: &Json) {
        for (path, value) in units::units(kind, body) {
            if kind.is_sensitive(&path) || kind.is_write_only(&path) {
                self.take_all(&value);
            }
        }
    }

    fn take_operation(&mut self, kind: &Kind, operation: &Json) {
        let path = operation.get("path").and_then(Json::as_str).unwrap_or_default();
        let Ok(path) = schema_documents::FieldPath::parse(path) else { return };
        if let Some(value) = operation.get("value")
            && (kind.is_sensitive(&path) || kind.is_write_only(&path))
        {
            self.take_all(value);
        }
    }

    fn take_all(&mut self, value: &Json) {
        match value {
            Json::String(text) => self.add(text),
            Json::Array(items) => items.iter().for_each(|item| self.take_all(item)),
            Json::Object(members) => members.values().for_each(|member| self.take_all(member)),
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }

    /// A message without secrets and documents, and not longer than a message is.
    pub(crate) fn clean(&self, message: &str) -> String {
        let mut clean = message.to_owned();
        for secret in self.0.iter().flat_map(|secret| spellings(secret)) {
            if clean.contains(&secret) {
                clean = clean.replace(&secret, INSTEAD);
            }
        }
        shortened(&without_documents(&clean))
    }
}

/// A secret as it may stand in a message.
fn spellings(secret: &str) -> Vec<String> {
    let escaped = Json::String(secret.to_owned()).to_string();
    let hex = hex::encode(secret);
    let url: String = secret.bytes().map(url_encoded).collect();
    let twice = Json::String(escaped.clone()).to_string();
    let mut all = vec![
        secret.to_owned(),
        escaped.trim_matches('"').to_owned(),
        twice.trim_matches('"').trim_matches(['\\', '"']).to_owned(),
        hex.to_uppercase(),
        hex,
        url,
    ];
    all.extend((0..3).map(|skipped| base64_inside(secret.as_bytes(), skipped)));
    all.retain(|spelling| spelling.len() >= SHORTEST);
    all.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
    all
}

fn url_encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

/// The characters of base64 that these bytes decide alone, when `skipped` bytes of something else stand before them.
fn base64_inside(bytes: &[u8], skipped: usize) -> String {
    let all = STANDARD_NO_PAD.encode([&vec![0; skipped], bytes].concat());
    let (first, end) = ((skipped * 8).div_ceil(6), (skipped + bytes.len()) * 8 / 6);
    all.get(first..end).unwrap_or_default().to_owned()
}

/// The message with every part in braces left out: a request that is repeated, a model, a policy.
fn without_documents(message: &str) -> String {
    let (Some(begin), Some(end)) = (message.find('{'), message.rfind('}')) else {
        return match message.find('{') {
            // It broke off: all that follows belongs to it.
            Some(begin) => format!("{}{NO_DOCUMENT}", &message[..begin]),
            None => message.to_owned(),
        };
    };
    match message.get(end + 1..).filter(|_| begin < end) {
        Some(rest) => format!("{}{NO_DOCUMENT}{rest}", &message[..begin]),
        None => message.to_owned(),
    }
}

fn shortened(message: &str) -> String {
    match message.char_indices().nth(LONGEST) {
        // The end of a message has the id of the request.
        Some((end, _)) => {
            let tail = message.char_indices().rev().nth(119).map_or(0, |(at, _)| at);
            format!("{}… {}", &message[..end], &message[tail..])
        }
        None => message.to_owned(),
    }
}

/// The answer to a call, fit to be told.
pub(crate) fn answer(secrets: &Secrets, answer: Result<Progress, CallError>) -> Result<Progress, CallError> {
    match answer {
        Ok(found) => Ok(progress(secrets, found)),
        Err(CallError::Refused { failure, code, message }) => {
            Err(CallError::Refused { failure, code, message: secrets.clean(&message) })
        }
        Err(CallError::NoAnswer(message)) => Err(CallError::NoAnswer(secrets.clean(&message))),
        Err(error) => Err(error),
    }
}

/// What is said of an operation, fit to be told.
pub(crate) fn progress(secrets: &Secrets, found: Progress) -> Progress {
    let state = match found.state {
        ProgressState::Failed { failure, code, message } => {
            ProgressState::Failed { failure, code, message: secrets.clean(&message) }
        }
        state => state,
    };
    Progress { state, ..found }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SECRET: &str = "p\"ss wörd/+1";

    fn secrets() -> Secrets {
        let body = json!({"Name": "shop-key", "SecretString": SECRET});
        Secrets::of_call(Catalog::builtin(), "AWS::SecretsManager::Secret", &Value::literal(&body))
    }

    #[track_caller]
    fn check(message: &str, clean: &str) {
        assert_eq!(secrets().clean(message), clean);
    }

    #[test]
    fn a_secret_is_taken_out_of_a_message_however_it_is_spelt() {
        check(&format!("`{SECRET}` is too weak"), "`(a secret)` is too weak");
        check(r#"got p\"ss wörd/+1 for it"#, "got (a secret) for it");
        check("p%22ss%20w%C3%B6rd%2F%2B1 is odd", "(a secret) is odd");
        check("702273732077c3b672642f2b31 is odd", "(a secret) is odd");
        check("shop-key is taken", "shop-key is taken");
        for skipped in 0..3 {
            let part = base64_inside(SECRET.as_bytes(), skipped);
            check(&format!("Basic QUJD{part}=="), "Basic QUJD(a secret)==");
        }
    }

    #[test]
    fn a_document_in_a_message_is_left_out_whoever_put_secrets_into_it() {
        check(
            r#"Model validation failed for {"Env": [{"Name": "A", "Value": "unknown"}]} (request id 12)"#,
            "Model validation failed for (a document, left out) (request id 12)",
        );
        check(r#"It broke off at {"Env": [{"Na"#, "It broke off at (a document, left out)");
    }

    #[test]
    fn a_long_message_keeps_its_beginning_and_its_end() {
        let clean = secrets().clean(&format!("begin {} (request id 12)", "x".repeat(5_000)));
        assert!(clean.starts_with("begin x") && clean.ends_with("(request id 12)"), "{clean}");
        assert!(clean.chars().count() < 2_200);
    }

    #[test]
    fn what_a_patch_sets_at_a_sensitive_path_is_a_secret() {
        let patch = json!([{"op": "add", "path": "/SecretString", "value": SECRET}]);
        let kind = "AWS::SecretsManager::Secret";
        let secrets = Secrets::of_call(Catalog::builtin(), kind, &Value::literal(&patch));
        assert_eq!(secrets.clean(SECRET), INSTEAD);
    }
}
