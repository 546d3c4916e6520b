//! The first look at a file, without parsing it: whether it matters, and which other files it makes matter.

use std::collections::BTreeSet;

use memchr::memmem;
use serde::{Deserialize, Serialize};

/// Words of which one stands in every file that speaks of the framework or of generated code.
const WORDS_OF_ENCORE: [&str; 2] = ["encore.dev", "~encore"];

/// Words that stand before the path of a module.
const WORDS_BEFORE_A_SPECIFIER: [&str; 2] = ["from", "import"];

/// How far after such a word the end of a path is looked for.
const MAX_SPECIFIER_BYTES: usize = 1_024;

/// What a first look at a file shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Glance {
    /// Whether it speaks of the framework at all.
    pub(crate) mentions_encore: bool,
    /// The modules that it may import, as written; some may only look like it.
    pub(crate) specifiers: BTreeSet<String>,
}

/// Takes a first look at a file: a pure function of its bytes.
pub(crate) fn glance(content: &[u8]) -> Glance {
    let finds = |word: &&str| memmem::find(content, word.as_bytes()).is_some();
    let specifiers = WORDS_BEFORE_A_SPECIFIER.iter().flat_map(|word| {
        let after = memmem::find_iter(content, word).map(|at| at + word.len());
        after.filter_map(|at| quoted(&content[at..content.len().min(at + MAX_SPECIFIER_BYTES)]))
    });
    Glance { mentions_encore: WORDS_OF_ENCORE.iter().any(finds), specifiers: specifiers.collect() }
}

/// The text in quotes that comes next, after white space, comments and brackets.
fn quoted(rest: &[u8]) -> Option<String> {
    let mut at = 0;
    loop {
        match rest.get(at)? {
            b'/' => at = after_comment(rest, at)?,
            b'(' => at += 1,
            space if space.is_ascii_whitespace() => at += 1,
            quote @ (b'"' | b'\'' | b'`') => {
                let inside = &rest[at + 1..];
                let end = memchr::memchr2(*quote, b'\n', inside)?;
                return (inside[end] == *quote).then(|| String::from_utf8_lossy(&inside[..end]).into_owned());
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
        let specifiers = specifiers.iter().map(|one| (*one).to_owned()).collect();
        assert_eq!(glance(text.as_bytes()), Glance { mentions_encore, specifiers }, "{text}");
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
        check("import x from /* \"no\" */ // no\n './a'; await import('#b')", false, &["./a", "#b"]);
        check("const from = 'a'; importer('b'); from 'c\n'", false, &[]);
    }

    #[test]
    fn strange_bytes_are_survived() {
        for bytes in
            [&b"from"[..], b"from/", b"from/*", b"from//", b"from'", b"from '\xff\xfe'", b"import((((("]
        {
            glance(bytes);
        }
        assert!(glance(&b"from/*".repeat(100_000)).specifiers.is_empty());
    }
}
