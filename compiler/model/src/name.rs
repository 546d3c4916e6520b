//! The rules that names follow: those of the language, since a name is checked where it is declared.

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::Position;
use schema_documents::manifest::Language;

use crate::cross::Primitive;

/// The longest name, in characters.
const MAX_LENGTH: usize = 63;

/// A rule for names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// Lower-case letters, digits and the separator; a letter first, no separator last.
    Separated(char),
    /// Letters, digits, `-`, `_` and `.`.
    Plain,
    /// Letters, digits and `_`, no digit first.
    Identifier,
    /// Letters, digits, `_`, `.`, `-` and `/`, a letter first.
    Instrument,
}

/// Reports a name that breaks the rule for its primitive.
pub(crate) fn check(
    language: Language,
    primitive: Primitive,
    name: &str,
    at: &Position,
    found: &mut Vec<Diagnostic>,
) {
    let rule = rule(language, primitive);
    let reserved = reserved_prefix(language, primitive).and_then(|prefix| name.strip_prefix(prefix));
    let (note, suggestion) = match reserved {
        _ if !rule.holds(name) => (rule.describe(primitive), rule.suggest(name)),
        Some(rest) => (
            format!("a {primitive} name that starts like this one is kept for Encore itself"),
            rule.suggest(rest),
        ),
        None => return,
    };
    found.push(
        Diagnostic::error(Code::M0102, format!("`{name}` is not a valid {primitive} name"))
            .at(at)
            .note(note)
            .maybe_help(suggestion.map(|suggestion| format!("try `{suggestion}`"))),
    );
}

fn reserved_prefix(language: Language, primitive: Primitive) -> Option<&'static str> {
    match (language, primitive) {
        (Language::Go | Language::Typescript, Primitive::Metric) => Some("e_"),
        _ => None,
    }
}

fn rule(language: Language, primitive: Primitive) -> Rule {
    use Primitive::{Bucket, Cache, CronJob, Database, Metric, Secret, Subscription, Topic};
    match (language, primitive) {
        (Language::Go, Topic | Subscription | Bucket | Cache | CronJob)
        | (Language::Typescript, Bucket)
        | (Language::Python | Language::Rust, Bucket | Cache | CronJob) => Rule::Separated('-'),
        (Language::Go, Database | Metric) | (Language::Typescript, Metric) => Rule::Separated('_'),
        (Language::Python | Language::Rust, Secret) => Rule::Identifier,
        (Language::Python | Language::Rust, Metric) => Rule::Instrument,
        _ => Rule::Plain,
    }
}

impl Rule {
    fn holds(self, name: &str) -> bool {
        let length = name.chars().count();
        (1..=MAX_LENGTH).contains(&length)
            && name.chars().all(|letter| self.allows(letter))
            && match self {
                Self::Plain => true,
                Self::Identifier => !name.starts_with(|first: char| first.is_ascii_digit()),
                Self::Instrument => name.starts_with(|first: char| first.is_ascii_alphabetic()),
                Self::Separated(separator) => {
                    name.starts_with(|first: char| first.is_ascii_lowercase()) && !name.ends_with(separator)
                }
            }
    }

    fn allows(self, letter: char) -> bool {
        match self {
            Self::Plain => letter.is_ascii_alphanumeric() || "-_.".contains(letter),
            Self::Identifier => letter.is_ascii_alphanumeric() || letter == '_',
            Self::Instrument => letter.is_ascii_alphanumeric() || "-_./".contains(letter),
            Self::Separated(separator) => {
                letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == separator
            }
        }
    }

    fn describe(self, primitive: Primitive) -> String {
        match self {
            Self::Plain => format!(
                "a {primitive} name is 1 to {MAX_LENGTH} characters long: letters, digits, `-`, `_` and `.`"
            ),
            Self::Identifier => format!(
                "a {primitive} name is 1 to {MAX_LENGTH} characters long: letters, digits and `_`, with no digit first"
            ),
            Self::Instrument => format!(
                "a {primitive} name is 1 to {MAX_LENGTH} characters long: letters, digits, `_`, `.`, `-` and `/`, with \
                 a letter first"
            ),
            Self::Separated(separator) => format!(
                "a {primitive} name is 1 to {MAX_LENGTH} characters long: lower-case letters, digits and \
                 `{separator}`, with a letter first and no `{separator}` last"
            ),
        }
    }

    /// The nearest name that keeps the rule: words joined by the separator. None when nothing is left of the name.
    fn suggest(self, name: &str) -> Option<String> {
        let separator = match self {
            Self::Plain => '-',
            Self::Identifier | Self::Instrument => '_',
            Self::Separated(separator) => separator,
        };
        let splits_words = matches!(self, Self::Separated(_));
        let mut suggestion = String::new();
        let mut after_lower = false;
        for letter in name.chars() {
            let starts_word = splits_words && letter.is_ascii_uppercase();
            let kept = if starts_word { letter.to_ascii_lowercase() } else { letter };
            let allowed = self.allows(kept);
            if (starts_word && after_lower || !allowed) && !suggestion.ends_with(separator) {
                suggestion.push(separator);
            }
            if allowed && !(kept == separator && suggestion.ends_with(separator)) {
                suggestion.push(kept);
            }
            after_lower = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        }
        let start = |letter: char| match self {
            Self::Plain => letter == separator,
            Self::Identifier => letter.is_ascii_digit(),
            Self::Instrument => !letter.is_ascii_alphabetic(),
            Self::Separated(_) => !letter.is_ascii_lowercase(),
        };
        let trimmed: String = suggestion.trim_start_matches(start).chars().take(MAX_LENGTH).collect();
        let trimmed = trimmed.trim_end_matches(separator);
        self.holds(trimmed).then(|| trimmed.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(rule: Rule, name: &str, expected: Result<(), Option<&str>>) {
        let actual = if rule.holds(name) { Ok(()) } else { Err(rule.suggest(name)) };
        assert_eq!(actual.as_ref().map_err(Option::as_deref), expected.as_ref().map_err(|e| *e), "{name:?}");
    }

    #[test]
    fn a_go_topic_is_in_kebab_case() {
        let kebab = Rule::Separated('-');
        for good in ["a", "site-added", "a1-2b", "a--b"] {
            check(kebab, good, Ok(()));
        }
        check(kebab, "site.added", Err(Some("site-added")));
        check(kebab, "SiteAdded", Err(Some("site-added")));
        check(kebab, "siteADDED2Go", Err(Some("site-added2-go")));
        check(kebab, "-a-", Err(Some("a")));
        check(kebab, "9lives", Err(Some("lives")));
        check(kebab, "", Err(None));
        check(kebab, "ÄÖ", Err(None));
    }

    #[test]
    fn a_go_database_is_in_snake_case() {
        check(Rule::Separated('_'), "url_shortener", Ok(()));
        check(Rule::Separated('_'), "url-shortener", Err(Some("url_shortener")));
    }

    #[test]
    fn a_plain_name_may_have_dots_and_capitals() {
        check(Rule::Plain, "scraper.item.normalized", Ok(()));
        check(Rule::Plain, "usersDB", Ok(()));
        check(Rule::Plain, "a b", Err(Some("a-b")));
        check(Rule::Identifier, "9Api-Key", Err(Some("Api_Key")));
        check(Rule::Identifier, "_key", Ok(()));
        check(Rule::Instrument, "shop.orders/placed-1", Ok(()));
        check(Rule::Instrument, "_a b", Err(Some("a_b")));
        check(Rule::Plain, &"x".repeat(64), Err(Some(&"x".repeat(63))));
    }

    proptest! {
        #[test]
        fn a_suggestion_keeps_the_rule(name in "\\PC{0,80}") {
            let rules =
                [Rule::Separated('-'), Rule::Separated('_'), Rule::Plain, Rule::Identifier, Rule::Instrument];
            for rule in rules {
                if let Some(suggestion) = rule.suggest(&name) {
                    prop_assert!(rule.holds(&suggestion));
                }
            }
        }
    }
}
