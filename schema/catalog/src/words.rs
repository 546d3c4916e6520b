//! Scalars and texts that mean the same in other words.

use std::borrow::Cow;
use std::collections::BTreeSet;

use schema_documents::Json;

use crate::Equality;

/// Deeper JSON is compared to the letter.
const DEEPEST: usize = 64;

/// IP protocols that the clouds know by name.
const PROTOCOLS: [(&str, &str); 5] =
    [("-1", "all"), ("1", "icmp"), ("6", "tcp"), ("17", "udp"), ("58", "icmpv6")];

/// The text of a scalar: `true` and `"true"`, `50`, `50.0` and `"50"` have the same.
pub(crate) fn text(value: &Json) -> Option<Cow<'_, str>> {
    match value {
        Json::String(text) => Some(Cow::Borrowed(text)),
        Json::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
        Json::Number(number) => Some(Cow::Owned(number_text(number))),
        _ => None,
    }
}

fn number_text(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if !number.is_i64() && !number.is_u64() && float.fract() == 0.0 && float.abs() < 1e15 => {
            format!("{float:.0}")
        }
        _ => number.to_string(),
    }
}

/// Whether two scalars have the same text.
pub(crate) fn same_scalar(one: &Json, other: &Json) -> bool {
    one == other || matches!((text(one), text(other)), (Some(one), Some(other)) if one == other)
}

/// Whether two JSON documents are the same but for the spelling of their scalars.
pub(crate) fn same_json(one: &Json, other: &Json) -> bool {
    same_json_within(one, other, DEEPEST)
}

fn same_json_within(one: &Json, other: &Json, levels: usize) -> bool {
    match (one, other) {
        _ if levels == 0 => one == other,
        (Json::Object(one), Json::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| {
                    other.get(name).is_some_and(|other| same_json_within(value, other, levels - 1))
                })
        }
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| same_json_within(one, other, levels - 1))
        }
        _ => same_scalar(one, other),
    }
}

/// Whether the live number is the declared one or has grown from it.
pub(crate) fn is_at_least(declared: &Json, live: &Json) -> bool {
    let number = |value: &Json| text(value).and_then(|text| text.parse::<f64>().ok());
    matches!((number(declared), number(live)), (Some(declared), Some(live)) if live >= declared)
}

/// Whether two texts mean the same by a rule of the overlay.
pub(crate) fn same(rule: Equality, one: &str, other: &str) -> bool {
    match rule {
        Equality::IgnoreCase => one.eq_ignore_ascii_case(other),
        Equality::ArnOrName => named_by(one, other) || named_by(other, one),
        Equality::PrefixVersion => is_version_prefix(one, other) || is_version_prefix(other, one),
        Equality::AccessString => access_words(one) == access_words(other),
        Equality::DomainName => domain(one) == domain(other),
        Equality::Protocol => protocol(one) == protocol(other),
        Equality::Trimmed => one.trim() == other.trim(),
        Equality::KeyReference => {
            named_by(one, other)
                || named_by(other, one)
                || is_managed_key(one, other)
                || is_managed_key(other, one)
        }
        Equality::AtLeast | Equality::Unordered => false,
    }
}

/// Whether a name is what an ARN ends with: `alias/a` and `a` both name `arn:…:alias/a`.
fn named_by(arn: &str, name: &str) -> bool {
    let Some(resource) = arn.starts_with("arn:").then(|| arn.splitn(6, ':').nth(5)).flatten() else {
        return false;
    };
    let name = name.trim_start_matches('/');
    !name.is_empty()
        && resource.strip_suffix(name).is_some_and(|front| front.is_empty() || front.ends_with(['/', ':']))
}

/// Whether one is the alias of a key that the cloud manages and the other names some key by its ARN.
fn is_managed_key(alias: &str, key: &str) -> bool {
    alias.starts_with("alias/aws/") && key.starts_with("arn:") && key.contains(":key/")
}

fn is_version_prefix(short: &str, long: &str) -> bool {
    long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// What an access string grants: flags, keys and channels in any order, then commands in theirs, because a later one
/// overrules an earlier one. A user starts without any command, so taking all away at the start says nothing.
fn access_words(text: &str) -> (BTreeSet<&str>, Vec<&str>) {
    let words = text.split_whitespace().map(|word| match word {
        "allkeys" => "~*",
        "allchannels" => "&*",
        "allcommands" => "+@all",
        "nocommands" => "-@all",
        other => other,
    });
    let (commands, others): (Vec<&str>, Vec<&str>) = words.partition(|word| word.starts_with(['+', '-']));
    let commands = commands.into_iter().skip_while(|word| *word == "-@all").collect();
    let starts_with = ["resetchannels", "sanitize-payload"];
    (others.into_iter().filter(|word| !starts_with.contains(word)).collect(), commands)
}

fn domain(text: &str) -> String {
    text.trim_end_matches('.').replace("\\052", "*").to_ascii_lowercase()
}

fn protocol(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    PROTOCOLS.iter().find(|(number, _)| *number == lower).map_or(lower, |(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(rule: Equality, one: &str, other: &str, expected: bool) {
        assert_eq!(same(rule, one, other), expected, "{one} and {other}");
        assert_eq!(same(rule, other, one), expected, "{other} and {one}");
    }

    #[test]
    fn an_arn_names_what_it_ends_with() {
        check(Equality::ArnOrName, "arn:aws:ecs:eu-central-1:1:cluster/app", "app", true);
        check(Equality::ArnOrName, "arn:aws:ecs:eu-central-1:1:cluster/my-app", "app", false);
        check(Equality::ArnOrName, "arn:aws:ecs:eu-central-1:1:cluster/app", "", false);
        check(
            Equality::ArnOrName,
            "arn:aws:ecs:eu-central-1:1:cluster/app",
            "arn:aws:ecs:eu-central-1:2:cluster/app",
            false,
        );
    }

    #[test]
    fn a_version_is_the_start_of_a_more_exact_one() {
        check(Equality::PrefixVersion, "17", "17.4", true);
        check(Equality::PrefixVersion, "1", "17.4", false);
    }

    #[test]
    fn in_an_access_string_a_later_command_overrules_an_earlier_one() {
        check(Equality::AccessString, "on ~app:* +@read", "on ~app:* -@all +@read", true);
        check(Equality::AccessString, "~* on +@all", "on allkeys allcommands", true);
        check(Equality::AccessString, "on ~* +@all -@dangerous", "on ~* -@dangerous +@all", false);
        check(Equality::AccessString, "on ~* +@all", "on ~* +@all -@all", false);
    }

    #[test]
    fn the_alias_of_a_managed_key_may_be_any_key_and_no_other_alias_is() {
        let key = "arn:aws:kms:eu-central-1:1:key/0a1b";
        check(Equality::KeyReference, "alias/aws/sqs", key, true);
        check(Equality::KeyReference, "0a1b", key, true);
        check(Equality::KeyReference, "alias/app", key, false);
    }

    #[test]
    fn names_of_domains_and_protocols_have_more_than_one_spelling() {
        check(Equality::DomainName, "Example.org.", "example.org", true);
        check(Equality::DomainName, "*.example.org", "\\052.example.org.", true);
        check(Equality::Protocol, "6", "TCP", true);
        check(Equality::Protocol, "6", "udp", false);
    }

    #[test]
    fn a_number_is_its_text_but_no_other_number() {
        assert!(same_scalar(&json!(50.0), &json!("50")) && same_scalar(&json!(true), &json!("true")));
        assert!(!same_scalar(&json!(50), &json!("50.5")) && !same_scalar(&json!(null), &json!("null")));
    }
}
