//! A cheap look at a file, by byte search, that tells whether its facts can matter.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use memchr::memmem::{self, Finder};
use serde::{Deserialize, Serialize};

use super::constraint;

/// What can be seen of a file without parsing it. What is said here may be in a comment or a string; what is not said is
/// not in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Glance {
    /// Whether it speaks of the framework: by an import, a directive, or secrets.
    pub(super) speaks: bool,
    /// Whether its build constraint holds, by processor.
    pub(super) holding: [bool; 2],
    /// The name in its package clause, most likely.
    pub(super) package: String,
    /// What it imports: paths, each ended by a line's end.
    imports: String,
}

impl Glance {
    /// The paths that it imports.
    pub(super) fn imports(&self) -> impl Iterator<Item = &str> {
        self.imports.lines()
    }
}

/// Looks at a file: a pure function of its bytes.
pub(super) fn glance(content: &[u8]) -> Glance {
    let (package, rest) = package(content);
    Glance {
        speaks: speaks(content),
        holding: constraint::holding(content),
        package: String::from_utf8_lossy(package).into_owned(),
        imports: paths(rest),
    }
}

static ENCORE: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("encore"));
static SECRETS: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("secrets"));

/// Whether a file speaks of the framework.
pub(super) fn speaks(content: &[u8]) -> bool {
    let of_framework = ENCORE.find_iter(content).any(|at| {
        let rest = &content[at + ENCORE.needle().len()..];
        rest.starts_with(b".dev") || rest.starts_with(b":")
    });
    of_framework || SECRETS.find_iter(content).any(|at| declares_secrets(content, at))
}

/// `var secrets`, or `secrets struct` within a block.
fn declares_secrets(content: &[u8], at: usize) -> bool {
    let after = content[at + b"secrets".len()..].trim_ascii_start();
    content[..at].trim_ascii_end().ends_with(b"var")
        || after.starts_with(b"struct")
        || after.starts_with(b",")
}

/// The name in the package clause, and what follows it.
fn package(content: &[u8]) -> (&[u8], &[u8]) {
    let text = content.strip_prefix("\u{feff}".as_bytes()).unwrap_or(content);
    match after_blank(text).strip_prefix(b"package") {
        Some(rest) if rest.first().is_some_and(|byte| !is_letter(*byte)) => word(after_blank(rest)),
        _ => (&[], &[]),
    }
}

/// The paths of what is imported, each ended by a line's end.
fn paths(text: &[u8]) -> String {
    let mut paths = String::new();
    each_import(text, &mut |_, path| {
        paths.push_str(path);
        paths.push('\n');
    });
    paths
}

/// What a file imports, most likely: the name that it is given, empty where there is none, and the path.
pub(super) fn imports(content: &[u8]) -> Vec<(&[u8], &str)> {
    let mut imports = Vec::new();
    each_import(package(content).1, &mut |name, path| imports.push((name, path)));
    imports
}

/// Goes through what is imported: declarations of imports come before all others.
fn each_import<'c>(text: &'c [u8], take: &mut impl FnMut(&'c [u8], &'c str)) {
    let mut rest = next(text);
    while let Some(after) = rest.strip_prefix(b"import") {
        rest = after_blank(after);
        match rest.strip_prefix(b"(") {
            Some(inside) => {
                rest = next(inside);
                while !rest.is_empty() && !rest.starts_with(b")") {
                    rest = next(import(rest, take));
                }
                rest = next(rest.get(1..).unwrap_or_default());
            }
            None => rest = next(import(rest, take)),
        }
    }
}

/// Takes the name and path of one import, and gives what follows; nothing when it is none.
fn import<'c>(text: &'c [u8], take: &mut impl FnMut(&'c [u8], &'c str)) -> &'c [u8] {
    let (name, rest) = if text.starts_with(b".") { text.split_at(1) } else { word(text) };
    let path = match after_blank(rest).split_first() {
        Some((quote @ (b'"' | b'`'), path)) => {
            memchr::memchr2(*quote, b'\n', path).map(|end| path.split_at(end))
        }
        _ => None,
    };
    let Some((path, rest)) = path else { return &[] };
    if let Ok(path) = std::str::from_utf8(path) {
        take(name, path);
    }
    rest.get(1..).unwrap_or_default()
}

fn word(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|byte| !is_letter(*byte)).unwrap_or(text.len()))
}

#[inline]
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// What follows white space and comments.
fn after_blank(text: &[u8]) -> &[u8] {
    let mut rest = text.trim_ascii_start();
    loop {
        let end = match rest {
            [b'/', b'/', ..] => memchr::memchr(b'\n', rest),
            [b'/', b'*', inside @ ..] => memmem::find(inside, b"*/").map(|end| end + 4),
            _ => return rest,
        };
        rest = end.map_or(&[][..], |end| rest[end..].trim_ascii_start());
    }
}

/// What follows white space, comments, and the end of a statement.
fn next(text: &[u8]) -> &[u8] {
    let mut rest = after_blank(text);
    while let Some(more) = rest.strip_prefix(b";") {
        rest = after_blank(more);
    }
    rest
}

/// Words that are looked for one by one; more are looked up for each word of the file.
const FEW: usize = 16;

/// Whether a file contains one of these names, as a word of its own.
pub(crate) fn contains_word(content: &[u8], words: &BTreeSet<String>) -> bool {
    if words.len() <= FEW {
        return words.iter().any(|word| contains_one(content, word));
    }
    // Most words are told apart from all that are looked for by their first letter and their length.
    let length = |word: &[u8]| 1_u64 << word.len().min(63);
    let mut lengths = [0_u64; 256];
    for word in words.iter().map(String::as_bytes) {
        lengths[usize::from(word.first().copied().unwrap_or(0))] |= length(word);
    }
    let may_be_one =
        |word: &&[u8]| word.first().is_some_and(|first| lengths[usize::from(*first)] & length(word) != 0);
    let found = content.split(|byte| !is_letter(*byte)).filter(may_be_one);
    found.filter_map(|word| std::str::from_utf8(word).ok()).any(|word| words.contains(word))
}

fn contains_one(content: &[u8], word: &str) -> bool {
    memmem::find_iter(content, word.as_bytes()).any(|at| {
        let before = at.checked_sub(1).map(|before| &content[before]);
        !before.copied().is_some_and(is_letter)
            && !content.get(at + word.len()).copied().is_some_and(is_letter)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, speaks: bool, package: &str, imports: &[&str]) {
        let glance = glance(text.as_bytes());
        let found: Vec<_> = glance.imports().collect();
        assert_eq!((glance.speaks, glance.package.as_str(), found.as_slice()), (speaks, package, imports));
    }

    #[test]
    fn a_file_speaks_of_the_framework_by_what_it_imports_and_declares() {
        check("package a\nimport \"encore.dev/cron\"", true, "a", &["encore.dev/cron"]);
        check("package a\n//encore:api public\n", true, "a", &[]);
        check("package a\nvar  secrets struct{}", true, "a", &[]);
        check("package a\nvar (\n\tsecrets   struct {}\n)", true, "a", &[]);
        check("package a\nfunc f(secrets []string, encore int) {}", false, "a", &[]);
    }

    #[test]
    fn imports_are_seen_without_parsing() {
        check(
            "// package no\n\npackage  b_1 // x\nimport (\n\t\"example.com/app/x\" // a\n\tb `example.com/app`; . \"c\"\n/* \"d\" */ _ \"e\"\n)\nimport f \"f\"\nvar x = \"g\"",
            false,
            "b_1",
            &["example.com/app/x", "example.com/app", "c", "e", "f"],
        );
        check(
            "/* import \"x\" */ package a; import \"b\"; import (); func f() { \"c\" }",
            false,
            "a",
            &["b"],
        );
        for broken in [
            "package",
            "package a\nimport",
            "package a\nimport (\"x",
            "package a\nimport x y \"z\"",
            "/*",
            "packagea",
        ] {
            assert_eq!(glance(broken.as_bytes()).imports().count(), 0, "{broken}");
        }
    }

    #[test]
    fn a_word_stands_alone() {
        for (text, is_there) in [("db.Query", true), ("xdb dbx _db", false), ("(db)", true), ("", false)] {
            for count in [0, 2 * FEW] {
                let others = (0..count).map(|number| format!("x{number}"));
                let words = others.chain(["db".to_owned()]).collect();
                assert_eq!(contains_word(text.as_bytes(), &words), is_there, "{text}");
            }
        }
    }
}
