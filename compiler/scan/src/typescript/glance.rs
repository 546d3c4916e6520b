//! The first look at a file, without parsing it: whether it matters, and which other files it makes matter.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem;
use serde::{Deserialize, Serialize};

/// What is looked for in one go: the words that stand before the path of a module, and what is in `encore.dev` and `~encore`,
/// one of which is in every file that speaks of the framework or of generated code.
static WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    // Only so are many bytes looked at at once. None of these words can be a part of another one.
    let mut words = AhoCorasick::builder();
    words
        .match_kind(MatchKind::LeftmostFirst)
        .build(["from", "import", ENCORE])
        .expect("BUG: these are few and short")
});
const ENCORE: &str = "encore";
const NUMBER_OF_ENCORE: usize = 2;

/// How far after such a word the end of a path is looked for.
const MAX_SPECIFIER_BYTES: usize = 1_024;

/// What a first look at a file shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Glance {
    /// Whether it speaks of the framework at all.
    pub(crate) mentions_encore: bool,
    /// The modules that it may import, as written, each ended by a line's end.
    specifiers: String,
}

impl Glance {
    /// The modules that it may import, as written, sorted; some may only look like it.
    pub(super) fn specifiers(&self) -> impl Iterator<Item = &str> {
        self.specifiers.split_terminator('\n')
    }
}

/// Takes a first look at a file: a pure function of its bytes.
pub(crate) fn glance(content: &[u8]) -> Glance {
    let mut mentions_encore = false;
    let mut found = BTreeSet::new();
    for word in WORDS.find_iter(content) {
        let (before, rest) = (&content[..word.start()], &content[word.end()..]);
        if word.pattern().as_usize() == NUMBER_OF_ENCORE {
            mentions_encore |= rest.starts_with(b".dev") || before.ends_with(b"~");
        } else {
            found.extend(quoted(&rest[..rest.len().min(MAX_SPECIFIER_BYTES)]));
        }
    }
    let mut specifiers = String::new();
    for specifier in found {
        specifiers.push_str(&specifier);
        specifiers.push('\n');
    }
    Glance { mentions_encore, specifiers }
}

/// The text in quotes that comes next, after white space, comments and brackets.
fn quoted(rest: &[u8]) -> Option<Cow<'_, str>> {
    let mut at = 0;
    loop {
        match rest.get(at)? {
            b'/' => at = after_comment(rest, at)?,
            b'(' => at += 1,
            space if space.is_ascii_whitespace() => at += 1,
            quote @ (b'"' | b'\'' | b'`') => {
                let inside = &rest[at + 1..];
                let end = memchr::memchr2(*quote, b'\n', inside)?;
                return (inside[end] == *quote).then(|| String::from_utf8_lossy(&inside[..end]));
            }
            _ => return None,
        }
    }
}

fn after_comment(rest: &[u8], at: usize) -> Option<usize> {
    let inside = &rest[at..];
    match inside.get(1)? {
        b'/' => memchr::memchr(b'\n', inside).map(|end| at + end + 1),
        b'*' => memmem::find(&inside[2..], b"*/").map(|end| at + end + 4),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, mentions_encore: bool, specifiers: &[&str]) {
        let glance = glance(text.as_bytes());
        let found: Vec<_> = glance.specifiers().collect();
        assert_eq!((glance.mentions_encore, found.as_slice()), (mentions_encore, specifiers), "{text}");
    }

    #[test]
    fn the_framework_is_mentioned_by_name() {
        check("import { api } from \"encore.dev/api\";", true, &["encore.dev/api"]);
        check("import { site } from '~encore/clients';", true, &["~encore/clients"]);
        check("// nothing of concern", false, &[]);
    }

    #[test]
    fn modules_are_found_without_parsing() {
        check(
            "import './a'; import b from\n  \"./b.js\"; export * from`@/c`",
            false,
            &["./a", "./b.js", "@/c"],
        );
        check("import x from /* \"no\" */ // no\n './a'; await import('#b')", false, &["#b", "./a"]);
        check("const from = 'a'; importer('b'); from 'c\n'", false, &[]);
    }

    #[test]
    fn strange_bytes_are_survived() {
        for bytes in
            [&b"from"[..], b"from/", b"from/*", b"from//", b"from'", b"from '\xff\xfe'", b"import((((("]
        {
            glance(bytes);
        }
        assert_eq!(glance(&b"from/*".repeat(100_000)).specifiers().count(), 0);
    }
}
