//! Name stems: the readable part of a physical name, within the charset and length that the catalogue states.
//!
//! A stem is `<app>-<environment>-<words>`. Where something had to be changed or cut, or where the words alone could be
//! read in two ways, seven letters and digits of a digest follow, so that two things never share a stem.

use compiler_diagnostics::{Code, Diagnostic};
use compiler_model::AppModel;
use schema_catalog::{Charset, NameRule};
use schema_documents::desired::{NameStem, SUFFIX_LENGTH};
use schema_documents::{Digest, Json, Position, ResourceId};

/// What a name is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    /// Names that the app declares.
    pub declared: Vec<String>,
    /// A word of our own, where several resources of a kind come from one declaration.
    pub role: &'static str,
}

/// Characters of the digest, each one of 36: of a hundred thousand names that need one, two would meet once in sixteen apps.
const DIGEST_LENGTH: usize = 7;

/// The stem for these words. `properties` decide about an ending such as `.fifo`.
pub(crate) fn stem(
    rule: &NameRule,
    app: &str,
    environment: &str,
    words: &Words,
    properties: &Json,
) -> NameStem {
    let ending: String = rule
        .suffix_if
        .iter()
        .find(|(path, _)| path.get(properties) == Some(&Json::Bool(true)))
        .map_or_else(String::new, |(_, ending)| ending.clone());
    let room = (rule.max_length as usize).saturating_sub(SUFFIX_LENGTH + ending.len() + rule.prefix.len());
    let spelled: Vec<String> = words.declared.iter().map(|word| spell(rule.charset, word)).collect();
    let two_readings = spelled.len() > 1 && spelled.iter().any(|word| word.contains('-'));
    let parts = [spell(rule.charset, app), spell(rule.charset, environment)];
    let ours = (!words.role.is_empty()).then(|| words.role.to_owned());
    let text = parts.into_iter().chain(spelled.iter().cloned()).chain(ours).filter(|part| !part.is_empty());
    let text = letter_first(text.collect::<Vec<_>>().join("-"));
    let exact = spelled == words.declared && !two_readings && text.len() <= room;
    let text = if exact { text } else { with_digest(&text, words, room) };
    NameStem { path: rule.property.clone(), stem: format!("{}{text}", rule.prefix), ending }
}

/// A word of letters, digits and hyphens for a name, which no other name has.
pub(crate) fn word(name: &str) -> String {
    let words = Words { declared: vec![name.to_owned()], role: "" };
    let spelled = letter_first(spell(Charset::Kebab, name));
    if spelled == name { spelled } else { with_digest(&spelled, &words, LONGEST_WORD) }
}

/// Most characters of such a word.
const LONGEST_WORD: usize = 100;

fn with_digest(text: &str, words: &Words, room: usize) -> String {
    let digest = in_letters_and_digits(&Digest::of(&(&words.declared, words.role)));
    let kept: String = text.chars().take(room.saturating_sub(DIGEST_LENGTH + 1)).collect();
    format!("{}-{digest}", kept.trim_end_matches('-'))
}

/// The beginning of a digest, in as few characters as every charset allows.
fn in_letters_and_digits(digest: &Digest) -> String {
    const LETTERS_AND_DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut number = u64::from_str_radix(digest.short(), 16).expect("BUG: a digest is hexadecimal");
    let mut next = || {
        let character = LETTERS_AND_DIGITS[usize::try_from(number % 36).unwrap_or(0)];
        number /= 36;
        char::from(character)
    };
    (0..DIGEST_LENGTH).map(|_| next()).collect()
}

/// A word in the charset: what does not belong becomes a hyphen, and no two hyphens meet.
fn spell(charset: Charset, word: &str) -> String {
    let mut spelled = String::with_capacity(word.len());
    for c in word.chars() {
        let c = match charset {
            Charset::LowerKebab | Charset::Repository => c.to_ascii_lowercase(),
            Charset::Kebab | Charset::KebabSnake | Charset::Path => c,
        };
        let allowed = c.is_ascii_alphanumeric() || (c == '_' && charset == Charset::KebabSnake);
        if allowed {
            spelled.push(c);
        } else if !spelled.is_empty() && !spelled.ends_with('-') {
            spelled.push('-');
        }
    }
    spelled.trim_end_matches('-').to_owned()
}

fn letter_first(text: String) -> String {
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) { text } else { format!("x{text}") }
}

/// Every declared name becomes part of resource ids; those that cannot are reported.
pub(crate) fn check(model: &AppModel) -> Vec<Diagnostic> {
    let subscriptions = model.topics.values().flat_map(|topic| topic.subscriptions.values());
    let named = std::iter::empty()
        .chain(model.services.values().map(|service| ("service", &service.name, Some(&service.at))))
        .chain(model.gateways.values().map(|gateway| ("gateway", &gateway.name, gateway.at.as_ref())))
        .chain(model.databases.values().map(|database| ("database", &database.name, Some(&database.at))))
        .chain(model.topics.values().map(|topic| ("topic", &topic.name, Some(&topic.at))))
        .chain(subscriptions.map(|subscription| ("subscription", &subscription.name, Some(&subscription.at))))
        .chain(model.buckets.values().map(|bucket| ("bucket", &bucket.name, Some(&bucket.at))))
        .chain(model.caches.values().map(|cache| ("cache", &cache.name, Some(&cache.at))))
        .chain(model.secrets.values().map(|secret| ("secret", &secret.key, Some(&secret.at))));
    named.filter_map(|(primitive, name, at)| cannot_be_in_an_id(primitive, name, at)).collect()
}

/// Ids have up to 256 characters; this leaves room for the primitive, the role and a second name.
const LONGEST_DECLARED: usize = 100;

fn cannot_be_in_an_id(primitive: &str, name: &str, at: Option<&Position>) -> Option<Diagnostic> {
    let fits = name.len() <= LONGEST_DECLARED
        && ResourceId::parse(&format!("x/{name}")).is_ok()
        && !name.contains('/');
    if fits {
        return None;
    }
    let message = format!("{primitive} name `{name}` cannot be part of a resource's name");
    let help = format!("use letters, digits, `-`, `_`, `.` or `:`, {LONGEST_DECLARED} at most");
    let diagnostic = Diagnostic::error(Code::L0203, message).help(help);
    Some(match at {
        Some(at) => diagnostic.at(at),
        None => diagnostic,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use schema_documents::FieldPath;
    use std::collections::{BTreeMap, BTreeSet};

    fn rule(charset: Charset, max_length: u32) -> NameRule {
        let property = FieldPath::parse("/Name").unwrap();
        let suffix_if = BTreeMap::from([(FieldPath::parse("/Fifo").unwrap(), ".fifo".to_owned())]);
        NameRule { property, max_length, charset, suffix_if, prefix: String::new() }
    }

    fn words(declared: &[&str], role: &'static str) -> Words {
        Words { declared: declared.iter().map(|&word| word.to_owned()).collect(), role }
    }

    #[track_caller]
    fn check(charset: Charset, max_length: u32, declared: &[&str], expected: &str) {
        let found = stem(&rule(charset, max_length), "shop", "pr:72", &words(declared, ""), &Json::Null);
        assert_eq!(found.stem, expected);
    }

    #[test]
    fn a_stem_is_readable_and_says_so_when_it_is_not_the_whole_truth() {
        check(Charset::Kebab, 80, &["orders"], "shop-pr-72-orders");
        check(Charset::KebabSnake, 80, &["a_b"], "shop-pr-72-a_b");
        check(Charset::Kebab, 80, &["orders", "mail"], "shop-pr-72-orders-mail");
        check(Charset::Kebab, 80, &["site.added"], "shop-pr-72-site-added-z71sxnh");
        check(Charset::LowerKebab, 80, &["ApiKey"], "shop-pr-72-apikey-q8szrkv");
        check(Charset::LowerKebab, 32, &["a-very-long-name"], "shop-pr-72-a-ve-q6k32lp");
        check(Charset::Kebab, 80, &["a-b", "c"], "shop-pr-72-a-b-c-7e7rdm1");
    }

    #[test]
    fn a_fifo_queue_ends_as_it_must() {
        let properties = serde_json::json!({ "Fifo": true });
        let found = stem(&rule(Charset::Kebab, 80), "shop", "production", &words(&["a"], ""), &properties);
        assert_eq!(found.ending, ".fifo");
    }

    proptest! {
        #[test]
        fn stems_stay_in_charset_and_length_and_never_meet(
            names in proptest::collection::btree_set("[a-zA-Z][a-zA-Z0-9._-]{0,40}", 1..20),
            app in "[a-zA-Z0-9._-]{1,40}",
            max_length in 32_u32..128,
        ) {
            let rule = rule(Charset::LowerKebab, max_length);
            let mut seen = BTreeSet::new();
            for first in &names {
                for second in &names {
                    let words = words(&[first, second], "");
                    let found = stem(&rule, &app, "production", &words, &Json::Null).stem;
                    prop_assert!(found.len() + SUFFIX_LENGTH <= max_length as usize, "{found}");
                    prop_assert!(found.starts_with(|c: char| c.is_ascii_lowercase()), "{found}");
                    prop_assert!(found.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
                    prop_assert!(!found.contains("--") && !found.ends_with('-'), "{found}");
                    prop_assert!(seen.insert(found.clone()), "{found} twice");
                }
            }
        }
    }
}
