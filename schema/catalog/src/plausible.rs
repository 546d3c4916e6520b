//! Spellings that nobody can tell apart who has two documents and may not ask: a name and an ARN that ends with it, an
//! alias and the key that it may stand for, a value that was not known when it was written down.
//!
//! The agent needs none of this: it remembers how the cloud spelled what was asked. Whoever compares two files has no
//! memory, and says nothing rather than something wrong.

use std::net::IpAddr;

use schema_documents::Json;
use serde_json::Map;

use crate::{Equality, words};

/// Words that mark a text in double underscores as a stand-in for a value.
const STAND_INS: [&str; 4] = ["unresolved", "unknown", "redacted", "masked"];

/// Ends of the names of properties that hold an identifier: several services store those in lower case.
const IDENTIFIERS: [&str; 6] = ["Identifier", "Name", "Id", "Engine", "Family", "Window"];

/// Whether a declared value was not known when it was written down: a reference of a template, a reference to a secret, a
/// stand-in (`__unresolved__`), or asterisks.
pub(crate) fn is_unknown(value: &Json) -> bool {
    match value {
        Json::String(text) => {
            text.contains("{{resolve:") || text.contains("${Token[") || is_stand_in(text) || is_masked(text)
        }
        Json::Object(members) if members.len() == 1 => {
            members.keys().all(|name| name == "Ref" || name.starts_with("Fn::"))
        }
        _ => false,
    }
}

/// Whether a value that was not known is anywhere in this one.
pub(crate) fn holds_unknown(value: &Json) -> bool {
    is_unknown(value)
        || match value {
            Json::Array(items) => items.iter().any(holds_unknown),
            Json::Object(members) => members.values().any(holds_unknown),
            _ => false,
        }
}

fn is_stand_in(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("__") else { return false };
    let Some((inner, _)) = rest.split_once("__") else { return false };
    let is_word = |char: char| char.is_ascii_alphanumeric() || "_-".contains(char);
    inner.chars().all(is_word) && STAND_INS.iter().any(|word| inner.to_ascii_lowercase().contains(word))
}

fn is_masked(text: &str) -> bool {
    text.len() >= 3 && text.bytes().all(|byte| byte == b'*')
}

/// Whether a declared value that is not where it should be is said in another place of the same live object: a reference, or
/// a list of them. Services answer a short form with the long one.
pub(crate) fn is_said_in(declared: &Json, live: &Map<String, Json>) -> bool {
    match declared {
        Json::String(text) => is_reference(text) && live.values().any(|value| holds(value, text)),
        Json::Array(items) => !items.is_empty() && items.iter().all(|item| is_said_in(item, live)),
        _ => false,
    }
}

fn holds(value: &Json, text: &str) -> bool {
    match value {
        Json::String(found) => found == text,
        Json::Array(items) => items.iter().any(|item| holds(item, text)),
        Json::Object(members) => members.values().any(|member| holds(member, text)),
        _ => false,
    }
}

/// An ARN, or an id that a service made up: `subnet-0a1b2c3d`.
fn is_reference(text: &str) -> bool {
    let is_id = |(_, end): (&str, &str)| end.len() >= 8 && end.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.starts_with("arn:") || text.rsplit_once('-').is_some_and(is_id)
}

/// Whether two scalars of a property of this name may mean the same.
pub(crate) fn same(name: &str, one: &Json, other: &Json) -> bool {
    let (Some(one_text), Some(other_text)) = (words::text(one), words::text(other)) else { return false };
    if one.is_number() || other.is_number() {
        return number(&one_text).is_some_and(|one| Some(one) == number(&other_text));
    }
    if one.is_boolean() || other.is_boolean() {
        return one_text.eq_ignore_ascii_case(&other_text);
    }
    same_text(name, &one_text, &other_text)
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

fn same_text(name: &str, one: &str, other: &str) -> bool {
    let by = |rule| words::same(rule, one, other);
    let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    by(Equality::ArnOrName)
        || is_end_of_link(one, other)
        || is_end_of_link(other, one)
        || is_revision_of(one, other)
        || is_revision_of(other, one)
        || is_own_attribute(one, other)
        || is_own_attribute(other, one)
        || is_account(one, other)
        || is_account(other, one)
        || by(Equality::Trimmed)
        || one.lines().map(str::trim_end).eq(other.lines().map(str::trim_end))
        || ends(&IDENTIFIERS) && by(Equality::IgnoreCase)
        || name != "Value" && is_upper_of(one, other)
        || ends(&["Version", "Family"]) && by(Equality::PrefixVersion)
        || ends(&["Protocol"]) && by(Equality::Protocol)
        || name.to_ascii_lowercase().contains("key") && (is_alias_of(one, other) || is_alias_of(other, one))
        || is_domain(one) && is_domain(other) && by(Equality::DomainName)
        || address(one).is_some_and(|one| Some(one) == address(other))
        || time(one).is_some_and(|one| Some(one) == time(other))
        || bare_url(one) == bare_url(other)
}

/// Whether an address ends with the name or the path of the other.
fn is_end_of_link(link: &str, name: &str) -> bool {
    let front = link.strip_suffix(name).filter(|_| link.starts_with("https://") && !name.is_empty());
    front.is_some_and(|front| front.ends_with('/'))
}

/// Whether an ARN names what the other does, in one of its revisions or with all that is below it: `task:7` is a `task`.
fn is_revision_of(arn: &str, other: &str) -> bool {
    let Some((front, end)) = arn.rsplit_once(':').filter(|_| arn.starts_with("arn:")) else { return false };
    let is_revision =
        end == "*" || !other.starts_with("arn:") && end.bytes().all(|byte| byte.is_ascii_digit());
    is_revision && (front == other || words::same(Equality::ArnOrName, front, other))
}

/// User pools give attributes of their owners' own a prefix.
fn is_own_attribute(long: &str, short: &str) -> bool {
    long.strip_prefix("custom:") == Some(short)
}

/// An account's number stands for its root.
fn is_account(root: &str, number: &str) -> bool {
    root.strip_suffix(":root").is_some_and(|front| front.ends_with(&format!("::{number}")))
}

/// Whether both are one word of a list that the service writes in capitals.
fn is_upper_of(one: &str, other: &str) -> bool {
    let is_word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    let is_upper = |text: &str| text == text.to_ascii_uppercase();
    is_word(one) && one.eq_ignore_ascii_case(other) && (is_upper(one) || is_upper(other))
}

fn is_alias_of(alias: &str, key: &str) -> bool {
    let name = alias.rsplit_once(":alias/").map(|(_, name)| name).or_else(|| alias.strip_prefix("alias/"));
    name.is_some()
        && (key.contains(":key/") || key.len() == 36 && key.bytes().filter(|byte| *byte == b'-').count() == 4)
}

fn is_domain(text: &str) -> bool {
    text.contains('.') && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || br"-_.*\\".contains(&byte))
}

/// A network by its first address and its length: the bits behind have no meaning.
fn address(text: &str) -> Option<(u128, u8, bool)> {
    let (address, length) = text.split_once('/').map_or((text, None), |(front, rest)| (front, Some(rest)));
    let (bits, width, is_v4) = match address.parse().ok()? {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32, true),
        IpAddr::V6(address) => (u128::from(address), 128, false),
    };
    let length: u8 = length.map_or(Ok(width), str::parse).ok().filter(|length| *length <= width)?;
    let behind = u32::from(width - length);
    Some((bits.checked_shr(behind).unwrap_or(0), length, is_v4))
}

fn time(text: &str) -> Option<jiff::Timestamp> {
    text.parse().ok()
}

fn bare_url(text: &str) -> &str {
    let bare = text.split_once("://").map_or(text, |(_, rest)| rest);
    bare.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(name: &str, one: &Json, other: &Json, expected: bool) {
        assert_eq!(same(name, one, other), expected, "{one} and {other}");
        assert_eq!(same(name, other, one), expected, "{other} and {one}");
    }

    #[test]
    fn what_was_not_known_is_recognised() {
        for value in [
            json!("__tool_corpus_unresolved__"),
            json!("arn:aws:sqs:::__unresolved__"),
            json!("{{resolve:secretsmanager:a}}"),
            json!("****"),
            json!({"Ref": "Queue"}),
            json!({"Fn::GetAtt": ["A", "Arn"]}),
        ] {
            assert!(is_unknown(&value), "{value}");
        }
        for value in [json!("__main__"), json!("*"), json!({"Ref": "a", "b": 1}), json!("a_unknown_b")] {
            assert!(!is_unknown(&value), "{value}");
        }
    }

    #[test]
    fn a_number_is_its_text_in_any_spelling_but_a_version_is_no_number() {
        check("Cost", &json!(1), &json!("1.0"), true);
        check("MinCapacity", &json!(0.5), &json!("0.50"), true);
        check("EngineVersion", &json!("1.1"), &json!("1.10"), false);
        check("Flag", &json!(true), &json!("True"), true);
    }

    #[test]
    fn an_address_is_its_network() {
        check("Cidr", &json!("10.0.3.7/16"), &json!("10.0.0.0/16"), true);
        check("Cidr", &json!("10.0.0.0/16"), &json!("10.0.0.0/15"), false);
        check("Cidr", &json!("2001:DB8::/32"), &json!("2001:db8:0::/32"), true);
        check("Cidr", &json!("0.0.0.0/0"), &json!("::/0"), false);
    }

    #[test]
    fn identifiers_and_listed_words_have_no_case_and_values_have() {
        check("ClusterIdentifier", &json!("MyCluster"), &json!("mycluster"), true);
        check("Status", &json!("enabled"), &json!("ENABLED"), true);
        check("Value", &json!("prod"), &json!("PROD"), false);
        check("Description", &json!("A b"), &json!("a b"), false);
    }

    #[test]
    fn names_stand_for_what_they_name() {
        let key = json!("arn:aws:kms:eu-west-1:1:key/0a");
        check("KmsKeyId", &json!("alias/app"), &key, true);
        check("Target", &json!("alias/app"), &key, false);
        check("Principal", &json!("123456789012"), &json!("arn:aws:iam::123456789012:root"), true);
        check(
            "Network",
            &json!("global/networks/a"),
            &json!("https://cloud.example/v1/global/networks/a"),
            true,
        );
        check("Network", &json!("networks/a"), &json!("https://cloud.example/v1/networks/ba"), false);
        check("Url", &json!("https://a.b/c/"), &json!("a.b/c"), true);
        check("Start", &json!("2026-01-01T00:00:00Z"), &json!("2026-01-01T01:00:00.000+01:00"), true);
        check("Start", &json!("2026-01-01T00:00:00Z"), &json!("2026-01-01T00:00:01Z"), false);
    }
}
