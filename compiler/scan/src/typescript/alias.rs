//! The short names for folders that `tsconfig.json` gives: `"paths": { "@/*": ["./src/*"] }`.

use serde_json::Value;

use super::resolve::join;
use crate::SourceTree;
use crate::app::without_comments;

const FILE: &str = "tsconfig.json";

/// The short names of an app, longest first.
#[derive(Default)]
pub(super) struct Aliases(Vec<Alias>);

struct Alias {
    /// What a module specifier begins with, or is.
    prefix: String,
    /// Whether anything may follow.
    is_open: bool,
    /// Paths relative to the app, each tried in turn.
    targets: Vec<String>,
}

impl Aliases {
    /// Reads those of the `tsconfig.json` in the app's root; one that cannot be read gives none.
    pub(super) fn read(tree: &SourceTree) -> Self {
        let text = tree.text(FILE).map(|text| without_comments(&text)).unwrap_or_default();
        let file: Value = serde_json::from_str(&text).unwrap_or_default();
        let options = &file["compilerOptions"];
        let base = options["baseUrl"].as_str().unwrap_or(".");
        let paths = options["paths"].as_object();
        let mut aliases: Vec<Alias> =
            paths.into_iter().flatten().map(|(pattern, targets)| Alias::of(pattern, targets, base)).collect();
        aliases.sort_by_key(|alias| (alias.is_open, std::cmp::Reverse(alias.prefix.len())));
        Self(aliases)
    }

    /// Whether a text may be a module specifier with a short name.
    pub(super) fn may_begin(&self, text: &str) -> bool {
        self.0.iter().any(|alias| !alias.prefix.is_empty() && text.starts_with(&alias.prefix))
    }

    /// The paths that a module specifier may mean.
    pub(super) fn paths(&self, specifier: &str) -> Vec<String> {
        self.0.iter().find_map(|alias| alias.paths(specifier)).unwrap_or_default()
    }
}

impl Alias {
    fn of(pattern: &str, targets: &Value, base: &str) -> Self {
        let targets = targets.as_array().into_iter().flatten().filter_map(Value::as_str);
        Self {
            prefix: pattern.trim_end_matches('*').to_owned(),
            is_open: pattern.ends_with('*'),
            targets: targets.map(|target| format!("{base}/{target}")).collect(),
        }
    }

    fn paths(&self, specifier: &str) -> Option<Vec<String>> {
        let rest = specifier.strip_prefix(&self.prefix).filter(|rest| self.is_open || rest.is_empty())?;
        Some(self.targets.iter().filter_map(|target| join("", &target.replacen('*', rest, 1))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(specifier: &str, expected: &[&str]) {
        let config = r#"{
            // where things are
            "compilerOptions": { "baseUrl": "./src", "paths": {
                "@/*": ["./*", "../lib/*"], "@/db/*": ["./storage/*"], "config": ["../config.ts"],
            } },
        }"#;
        let aliases = Aliases::read(&SourceTree::from_files("app", [(FILE, config)]));
        assert_eq!(aliases.paths(specifier), expected);
    }

    #[test]
    fn the_longest_name_wins() {
        check("@/a/b", &["src/a/b", "lib/a/b"]);
        check("@/db/x", &["src/storage/x"]);
        check("config", &["config.ts"]);
        check("config/x", &[]);
        check("react", &[]);
    }

    #[test]
    fn a_broken_file_gives_none() {
        for text in ["", "{", "[]", r#"{"compilerOptions": {"paths": {"@/*": 1}}}"#] {
            assert!(Aliases::read(&SourceTree::from_files("app", [(FILE, text)])).paths("@/a").is_empty());
        }
    }
}
