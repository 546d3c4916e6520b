//! Which files are read.

use std::collections::BTreeSet;

use super::glance::Glance;
use super::specifier::Modules;

/// Whether a path is that of a TypeScript file of the app: neither a test nor generated.
pub(super) fn is_source(path: &str) -> bool {
    let Some((stem, "ts")) = path.rsplit_once('.') else { return false };
    let is_test_or_types = [".test", ".spec", ".d"].iter().any(|ending| stem.ends_with(ending));
    let is_skipped_folder =
        |part: &str| part.starts_with('.') || matches!(part, "node_modules" | "encore.gen" | "__tests__");
    !is_test_or_types && !path.split('/').any(is_skipped_folder)
}

/// The files that matter, as indices: those that speak of the framework, those that import from one of them, directly
/// or through others, and then all that these import in turn, where types and handlers may be.
pub(super) fn that_matter(glances: &[Glance], modules: &Modules<'_>) -> BTreeSet<usize> {
    let imports: Vec<Vec<usize>> = glances
        .iter()
        .enumerate()
        .map(|(file, glance)| {
            glance.specifiers.iter().filter_map(|specifier| modules.find(file, specifier)).collect()
        })
        .collect();
    let mut importers = vec![Vec::new(); glances.len()];
    for (file, imported) in imports.iter().enumerate() {
        for one in imported {
            importers[*one].push(file);
        }
    }
    let speaking = (0..glances.len()).filter(|file| glances[*file].mentions_encore).collect();
    reached(reached(speaking, &importers), &imports)
}

/// These files, and all that are reached from them.
fn reached(from: BTreeSet<usize>, leads_to: &[Vec<usize>]) -> BTreeSet<usize> {
    let mut open: Vec<usize> = from.iter().copied().collect();
    let mut all = from;
    while let Some(file) = open.pop() {
        open.extend(leads_to[file].iter().copied().filter(|next| all.insert(*next)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::glance::glance;
    use super::*;
    use crate::SourceTree;

    fn check(files: &[(&str, &str)], expected: &[&str]) {
        let tree = SourceTree::from_files("app", files.iter().copied());
        let paths: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
        let glances: Vec<Glance> = files.iter().map(|(_, text)| glance(text.as_bytes())).collect();
        let found = that_matter(&glances, &Modules::new(paths.iter().copied(), &tree));
        assert_eq!(found.iter().map(|file| paths[*file]).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_file_matters_through_what_it_imports_and_who_imports_it() {
        check(
            &[
                ("a/topic.ts", "import { Topic } from 'encore.dev/pubsub'"),
                ("a/index.ts", "export * from './topic'"),
                ("b/user.ts", "import { t } from '../a'; import { T } from './types'"),
                ("b/types.ts", "export type T = string"),
                ("b/unrelated.ts", "import { T } from './types'"),
                ("c/topic.ts", "export const topic = 1"),
            ],
            &["a/topic.ts", "a/index.ts", "b/user.ts", "b/types.ts"],
        );
    }

    #[test]
    fn tests_types_and_what_is_generated_are_no_source() {
        for path in
            ["a.test.ts", "a.spec.ts", "a.d.ts", "encore.gen/a.ts", "x/__tests__/a.ts", ".x/a.ts", "a.tsx"]
        {
            assert!(!is_source(path), "{path}");
        }
        assert!(is_source("a/b.ts"));
    }
}
