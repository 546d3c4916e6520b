//! Which files are read.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Facts;
use super::glance::Glance;
use super::resolve::CLIENTS;
use super::specifier::Modules;
use crate::parallel;
use crate::per_file::{Missing, Sources};

/// Whether a path is that of a TypeScript file of the app: neither a test nor generated.
pub(crate) fn is_source(path: &str) -> bool {
    let Some(stem) = path.strip_suffix(".ts") else { return false };
    let is_test_or_types = [".test", ".spec", ".d"].iter().any(|ending| stem.ends_with(ending));
    let is_skipped = |part: &[u8]| {
        part.starts_with(b".") || matches!(part, b"node_modules" | b"encore.gen" | b"__tests__")
    };
    !is_test_or_types && !path.as_bytes().split(|byte| *byte == b'/').any(is_skipped)
}

/// The files that matter, with their facts, by index.
///
/// Those that speak of the framework are read first. Next come those that import from one that was found to give
/// something to others, and so on while more of them pass it on. What they have in common with other code is nothing
/// more than its types and functions, which are read when they are asked for ([`Program::unread`]).
///
/// [`Program::unread`]: super::resolve::Program::unread
pub(super) fn that_matter<'t>(
    sources: &Sources<'_, 't, Glance, Facts>,
    modules: &Modules<'t>,
    threads: usize,
) -> Result<BTreeMap<usize, Facts>, Missing> {
    let mut reach = Reach::new(sources, modules, threads);
    reach.read((0..sources.glances.len()).filter(|file| sources.glances[*file].mentions_encore).collect())?;
    reach.read_importers()?;
    reach.read_imported_by_declarations()?;
    reach.read_loaders()?;
    Ok(reach.facts)
}

/// From file to file, by what each is found to give to others.
struct Reach<'s, 'r, 't> {
    sources: &'s Sources<'r, 't, Glance, Facts>,
    modules: &'s Modules<'t>,
    /// The files that each file is imported by.
    importers: Vec<Vec<usize>>,
    facts: BTreeMap<usize, Facts>,
    /// Files from which others may get what is declared, or the client of a service.
    giving: BTreeSet<usize>,
    /// Those among them whose importers are still to be looked at.
    open: Vec<usize>,
    /// Files that have such things in hand.
    having: BTreeSet<usize>,
}

impl<'s, 'r, 't> Reach<'s, 'r, 't> {
    fn new(sources: &'s Sources<'r, 't, Glance, Facts>, modules: &'s Modules<'t>, threads: usize) -> Self {
        let files: Vec<usize> = (0..sources.glances.len()).collect();
        let imports = parallel::map(&files, threads, |file| -> Vec<usize> {
            let specifiers = sources.glances[*file].specifiers();
            specifiers.filter_map(|specifier| modules.find(*file, specifier)).collect()
        });
        let mut importers = vec![Vec::new(); files.len()];
        for (file, imported) in imports.iter().enumerate() {
            for one in imported {
                importers[*one].push(file);
            }
        }
        let (facts, giving, having) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        Self { sources, modules, importers, facts, giving, open: Vec::new(), having }
    }

    /// Takes the facts of files that were not read before.
    fn read(&mut self, files: Vec<usize>) -> Result<(), Missing> {
        let facts = self.sources.facts_by(self.sources.language(), &files, Facts::are_usual)?;
        for (file, facts) in files.into_iter().zip(facts) {
            let declares = !facts.declarations.is_empty();
            if declares || facts.imports.values().any(|import| import.module == CLIENTS) {
                self.having.insert(file);
            }
            if (declares || facts.passed_on(|module| module == CLIENTS)) && self.giving.insert(file) {
                self.open.push(file);
            }
            self.facts.insert(file, facts);
        }
        Ok(())
    }

    /// Reads what imports from a file that gives something, and what imports from those that pass it on.
    fn read_importers(&mut self) -> Result<(), Missing> {
        while !self.open.is_empty() {
            let given: Vec<usize> = std::mem::take(&mut self.open);
            let importers: BTreeSet<usize> =
                given.iter().flat_map(|file| self.importers[*file].iter().copied()).collect();
            let unread = importers.iter().copied().filter(|file| !self.facts.contains_key(file)).collect();
            self.read(unread)?;
            for file in importers {
                self.having.insert(file);
                if self.passes_on(file) && self.giving.insert(file) {
                    self.open.push(file);
                }
            }
        }
        Ok(())
    }

    /// A declaration may be about what another file was meant to give. If nothing can be read there, that is to be said there.
    fn read_imported_by_declarations(&mut self) -> Result<(), Missing> {
        let declaring = self.facts.iter().filter(|(_, facts)| !facts.declarations.is_empty());
        let imported: BTreeSet<usize> = declaring
            .flat_map(|(file, facts)| {
                facts.imports.values().filter_map(|import| self.modules.find(*file, &import.module))
            })
            .filter(|file| !self.facts.contains_key(file))
            .collect();
        self.read(imported.into_iter().collect())
    }

    /// Whether a file gives to others what it gets from one that gives.
    fn passes_on(&self, file: usize) -> bool {
        let gives =
            |module: &str| self.modules.find(file, module).is_some_and(|found| self.giving.contains(&found));
        self.facts.get(&file).is_some_and(|facts| facts.passed_on(gives))
    }

    /// Code outside of all services runs in those that load it, be it through other such code, which has to be read.
    fn read_loaders(&mut self) -> Result<(), Missing> {
        let is_shared = |file: &usize| !self.modules.is_within_service(*file);
        let mut open: Vec<usize> = self.having.iter().copied().filter(is_shared).collect();
        let mut loaders: BTreeSet<usize> = open.iter().copied().collect();
        while let Some(file) = open.pop() {
            for importer in &self.importers[file] {
                if loaders.insert(*importer) && is_shared(importer) {
                    open.push(*importer);
                }
            }
        }
        self.read(loaders.into_iter().filter(|file| !self.facts.contains_key(file)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::LANGUAGE;
    use super::*;
    use crate::SourceTree;
    use crate::known::Known;
    use crate::per_file::Reader;

    fn check(files: &[(&str, &str)], expected: &[&str]) {
        let tree = SourceTree::from_files("app", files.iter().copied());
        let known = Known::default();
        let reader = Reader::new(&tree, &known, 2, false);
        let sources = reader.sources(&LANGUAGE, |_| true).unwrap();
        let modules = Modules::new(sources.paths.iter().copied(), &tree);
        let found = that_matter(&sources, &modules, 2).unwrap();
        assert_eq!(found.keys().map(|file| sources.paths[*file]).collect::<Vec<_>>(), expected);
    }

    const TOPIC: (&str, &str) =
        ("a/topic.ts", "import { Topic } from 'encore.dev/pubsub'; export const t = new Topic<M>('t', {});");

    #[test]
    fn a_file_matters_through_what_it_gets_from_others() {
        check(
            &[
                TOPIC,
                ("a/encore.service.ts", "// encore.dev"),
                ("a/index.ts", "export * from './topic'"),
                (
                    "a/user.ts",
                    "import { t } from '.'; import { T } from './types'; export function f() { t.publish(1); }",
                ),
                ("a/types.ts", "export type T = string"),
                ("a/unrelated.ts", "import { T } from './types'; import { f } from './user'"),
                ("c/topic.ts", "export const topic = 1"),
            ],
            &["a/encore.service.ts", "a/index.ts", "a/topic.ts", "a/user.ts"],
        );
    }

    #[test]
    fn what_is_renamed_is_passed_on() {
        for text in [
            "import { t } from './topic'; export const other = t;",
            "import { t } from './topic'; export const all = { inner: { t } };",
            "import * as all from './topic'; export { all };",
            "import { t } from './topic'; export default t;",
        ] {
            let files = [
                TOPIC,
                ("a/encore.service.ts", "// encore.dev"),
                ("a/between.ts", text),
                ("a/user.ts", "import './between'"),
            ];
            check(&files, &["a/between.ts", "a/encore.service.ts", "a/topic.ts", "a/user.ts"]);
        }
    }

    #[test]
    fn code_outside_of_services_matters_with_all_that_loads_it() {
        check(
            &[
                TOPIC,
                (
                    "lib/publish.ts",
                    "import { t } from '../a/topic'; export function publish() { t.publish(1); }",
                ),
                ("lib/more.ts", "import { publish } from './publish'; export function more() { publish(); }"),
                ("b/encore.service.ts", "// encore.dev"),
                ("b/b.ts", "import { more } from '../lib/more'"),
                ("b/c.ts", "import './b'"),
            ],
            &["a/topic.ts", "b/b.ts", "b/encore.service.ts", "lib/more.ts", "lib/publish.ts"],
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
