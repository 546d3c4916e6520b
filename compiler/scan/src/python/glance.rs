//! A first look at a file, without parsing it: whether it can matter at all.

use serde::{Deserialize, Serialize};

/// What the bytes of a file say at a glance.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Glance {
    /// Whether it speaks of the SDK.
    pub(super) mentions_encore: bool,
    /// Words of its imports, sorted, each once: parts of the paths and names that it imports.
    pub(super) imported: Vec<String>,
}

/// The word by which code speaks of the SDK.
const SDK: &str = "encore";

/// Takes a glance at a file.
pub(crate) fn glance(bytes: &[u8]) -> Glance {
    let text = String::from_utf8_lossy(bytes);
    let mut imported = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if !line.contains("import") {
            continue;
        }
        take_words(line, &mut imported);
        let mut is_open = line.contains('(') && !line.contains(')');
        let mut goes_on = line.ends_with('\\');
        while is_open || goes_on {
            let Some(line) = lines.next() else { break };
            take_words(line, &mut imported);
            is_open = is_open && !line.contains(')');
            goes_on = line.ends_with('\\');
        }
    }
    imported.sort_unstable();
    imported.dedup();
    Glance { mentions_encore: text.contains(SDK), imported }
}

fn take_words(line: &str, words: &mut Vec<String>) {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let code = line.split('#').next().unwrap_or(line);
    let found = code.split(|letter| !is_word(letter)).filter(|word| !word.is_empty());
    words.extend(found.filter(|word| !matches!(*word, "import" | "from" | "as")).map(str::to_owned));
}

/// The words by which others import a file: its name, and those of the folders that it lies in.
pub(super) fn stems(path: &str) -> impl Iterator<Item = &str> {
    path.strip_suffix(".py").unwrap_or(path).split('/').filter(|part| *part != "__init__")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(glance(text.as_bytes()).imported, expected, "{text}");
    }

    #[test]
    fn the_words_of_imports_are_found_without_parsing() {
        check("import a.b as c, d\nx = 1", &["a", "b", "c", "d"]);
        check(
            "from ..a import (\n    b,  # the b\n    c as d,\n)\nfrom . import e",
            &["a", "b", "c", "d", "e"],
        );
        check("def f():\n    from .db import db; db.query()", &["db", "query"]);
        check("from a import \\\n    b\nc", &["a", "b"]);
        check("from a import (", &["a"]);
    }

    #[test]
    fn a_file_is_imported_by_its_name_or_those_of_its_folders() {
        assert_eq!(stems("a/b.py").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(stems("a/b/__init__.py").collect::<Vec<_>>(), ["a", "b"]);
    }
}
