//! A cheap look at a file, by byte search, that tells whether its facts can matter.

use std::collections::BTreeSet;

use memchr::memmem;

/// Longer paths than this are no imports.
const MAX_IMPORT_BYTES: usize = 1_024;

/// What can be seen of a file without parsing it. What is said here may be in a comment or a string; what is not said is
/// not in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Glance {
    /// Whether it speaks of the framework: by an import, a directive, or secrets.
    pub(super) speaks: bool,
    /// The name in its package clause, most likely.
    pub(super) package: String,
    /// The packages of the app that it imports.
    pub(super) imports: BTreeSet<String>,
}

/// Looks at a file of the module with this path.
pub(super) fn glance(content: &[u8], module: &str) -> Glance {
    Glance {
        speaks: speaks(content),
        package: package(content).unwrap_or_default(),
        imports: imports(content, module),
    }
}

fn speaks(content: &[u8]) -> bool {
    let of_framework = memmem::find_iter(content, b"encore").any(|at| {
        let rest = &content[at + b"encore".len()..];
        rest.starts_with(b".dev") || rest.starts_with(b":")
    });
    of_framework || memmem::find_iter(content, b"secrets").any(|at| declares_secrets(content, at))
}

/// `var secrets`, or `secrets struct` within a block.
fn declares_secrets(content: &[u8], at: usize) -> bool {
    let after = content[at + b"secrets".len()..].trim_ascii_start();
    content[..at].trim_ascii_end().ends_with(b"var")
        || after.starts_with(b"struct")
        || after.starts_with(b",")
}

/// The name after the first `package` that begins a line.
fn package(content: &[u8]) -> Option<String> {
    let at = memmem::find_iter(content, b"package").find(|at| {
        let line = content[..*at].rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        let rest = &content[at + b"package".len()..];
        line.trim_ascii().is_empty() && rest.first().is_some_and(u8::is_ascii_whitespace)
    })?;
    let name = content[at + b"package".len()..].trim_ascii_start();
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii();
    let name = name.split(|byte| !is_letter(byte)).next()?;
    Some(String::from_utf8_lossy(name).into_owned())
}

fn imports(content: &[u8], module: &str) -> BTreeSet<String> {
    let mut imports = BTreeSet::new();
    for at in memmem::find_iter(content, module.as_bytes()) {
        let quote = at.checked_sub(1).map(|before| content[before]);
        let rest = &content[at..content.len().min(at + MAX_IMPORT_BYTES)];
        let end = rest.iter().position(|byte| Some(*byte) == quote);
        if let (Some(b'"' | b'`'), Some(end)) = (quote, end)
            && let Ok(path) = std::str::from_utf8(&rest[..end])
            && path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        {
            imports.insert(path.to_owned());
        }
    }
    imports
}

/// Whether a file contains one of these names, as a word of its own.
pub(super) fn contains_word(content: &[u8], words: &BTreeSet<String>) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii();
    let found = content.split(|byte| !is_letter(byte)).filter(|word| !word.is_empty());
    found.filter_map(|word| std::str::from_utf8(word).ok()).any(|word| words.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, speaks: bool, package: &str, imports: &[&str]) {
        let glance = glance(text.as_bytes(), "example.com/app");
        let found: Vec<_> = glance.imports.iter().map(String::as_str).collect();
        assert_eq!((glance.speaks, glance.package.as_str(), found.as_slice()), (speaks, package, imports));
    }

    #[test]
    fn a_file_speaks_of_the_framework_by_what_it_imports_and_declares() {
        check("package a\nimport \"encore.dev/cron\"", true, "a", &[]);
        check("package a\n//encore:api public\n", true, "a", &[]);
        check("package a\nvar  secrets struct{}", true, "a", &[]);
        check("package a\nvar (\n\tsecrets   struct {}\n)", true, "a", &[]);
        check("package a\nfunc f(secrets []string, encore int) {}", false, "a", &[]);
    }

    #[test]
    fn imports_of_the_app_are_seen() {
        check(
            "// package no\n\npackage  b_1 // x\nimport (\n\t\"example.com/app/x\"\n\t`example.com/app`\n\t\"example.com/apple\"\n\t\"fmt\"\n)",
            false,
            "b_1",
            &["example.com/app", "example.com/app/x"],
        );
    }

    #[test]
    fn a_word_stands_alone() {
        for (text, is_there) in [("db.Query", true), ("xdb dbx _db", false), ("(db)", true), ("", false)] {
            let words = BTreeSet::from(["db".to_owned(), "x".to_owned()]);
            assert_eq!(contains_word(text.as_bytes(), &words), is_there, "{text}");
        }
    }
}
