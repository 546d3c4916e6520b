//! Which files are read.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::facts::Facts;
use super::glance::Glance;
use super::resolve::CLIENTS;
use super::specifier::Modules;
use crate::parallel;
use crate::per_file::{Files, Missing, Sources};

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
pub(super) fn that_matter<'s, 'r, 't>(
    sources: &'s Sources<'r, 't, Glance, Facts>,
    modules: &'s Modules<'t>,
    threads: usize,
) -> Result<Reach<'s, 'r, 't>, Missing> {
    let files: Vec<usize> = (0..sources.glances.len()).collect();
    let imports = parallel::map(&files, threads, |file| -> Vec<usize> {
        let specifiers = sources.glances[*file].specifiers();
        specifiers.filter_map(|specifier| modules.find(*file, specifier)).collect()
    });
    let mut reach = Reach::new(sources, modules, Reached::default(), Importers::new(&imports));
    reach.read(files.into_iter().filter(|file| sources.glances[*file].mentions_encore).collect())?;
    reach.read_the_rest()?;
    Ok(reach)
}

/// The files that each file is imported by, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Importers {
    /// Where those of each file begin, and at last where all end.
    first: Vec<u32>,
    files: Vec<u32>,
    /// Those that came later: the imported file and the one that imports it.
    #[serde(skip)]
    more: Vec<(usize, usize)>,
}

impl Importers {
    /// Of the files that each one imports.
    fn new(imports: &[Vec<usize>]) -> Self {
        let mut first = vec![0; imports.len() + 1];
        for imported in imports.iter().flatten() {
            first[imported + 1] += 1;
        }
        for file in 0..imports.len() {
            first[file + 1] += first[file];
        }
        let mut next = first.clone();
        let mut files = vec![0; imports.iter().map(Vec::len).sum()];
        for (file, imported) in imports.iter().enumerate() {
            for one in imported {
                files[next[*one] as usize] = number(file);
                next[*one] += 1;
            }
        }
        Self { first, files, more: Vec::new() }
    }

    /// All files that import another one.
    pub(super) fn all(&self) -> impl Iterator<Item = u32> {
        self.files.iter().copied()
    }

    fn add(&mut self, imported: usize, by: usize) {
        self.more.push((imported, by));
    }

    fn of(&self, file: usize) -> impl Iterator<Item = usize> {
        let part = self.first.get(file).zip(self.first.get(file + 1));
        let part = part.and_then(|(first, end)| self.files.get(*first as usize..*end as usize));
        let more =
            self.more.iter().filter(move |(imported, _)| *imported == file).map(|(_, importer)| *importer);
        part.unwrap_or_default().iter().map(|file| *file as usize).chain(more)
    }
}

/// The number of a file is small enough: so many files are no app.
pub(super) fn number(file: usize) -> u32 {
    u32::try_from(file).expect("BUG: a tree has fewer files")
}

/// How far it was gone from file to file.
#[derive(Debug, Default)]
pub(super) struct Reached {
    /// Files whose facts were asked for.
    pub(super) read: BTreeSet<usize>,
    /// Files from which others may get what is declared, or the client of a service.
    pub(super) giving: BTreeSet<usize>,
    /// Files that have such things in hand.
    pub(super) having: BTreeSet<usize>,
}

/// From file to file, by what each is found to give to others.
pub(super) struct Reach<'s, 'r, 't> {
    files: &'s Files<'r, 't, Glance, Facts>,
    modules: &'s Modules<'t>,
    pub(super) reached: Reached,
    pub(super) importers: Importers,
    /// What was read on the way.
    pub(super) facts: BTreeMap<usize, Facts>,
    /// Those that give something and whose importers are still to be looked at.
    open: Vec<usize>,
}

impl<'s, 'r, 't> Reach<'s, 'r, 't> {
    /// Goes on from where it was gone to.
    pub(super) fn new(
        files: &'s Files<'r, 't, Glance, Facts>,
        modules: &'s Modules<'t>,
        reached: Reached,
        importers: Importers,
    ) -> Self {
        Self { files, modules, reached, importers, facts: BTreeMap::new(), open: Vec::new() }
    }

    /// Takes up what a file says now, with the files that it may import.
    pub(super) fn take(&mut self, file: usize, facts: Facts, imported: &[usize]) {
        for one in imported {
            self.importers.add(*one, file);
            if self.reached.giving.contains(one) {
                self.reached.having.insert(file);
            }
        }
        self.note(file, facts);
        if self.passes_on(file) && self.reached.giving.insert(file) {
            self.open.push(file);
        }
    }

    /// Reads all that matters by what was read so far.
    pub(super) fn read_the_rest(&mut self) -> Result<(), Missing> {
        self.read_importers()?;
        self.read_imported_by_declarations()?;
        self.read_loaders()
    }

    /// Takes the facts of files that were not read before.
    fn read(&mut self, files: Vec<usize>) -> Result<(), Missing> {
        let facts = self.files.facts_by(self.files.language(), &files, Facts::are_usual)?;
        for (file, facts) in files.into_iter().zip(facts) {
            self.note(file, facts);
        }
        Ok(())
    }

    fn note(&mut self, file: usize, facts: Facts) {
        let reached = &mut self.reached;
        let declares = !facts.declarations.is_empty();
        if declares || facts.imports.values().any(|import| import.module == CLIENTS) {
            reached.having.insert(file);
        }
        if (declares || facts.passed_on(|module| module == CLIENTS)) && reached.giving.insert(file) {
            self.open.push(file);
        }
        reached.read.insert(file);
        self.facts.insert(file, facts);
    }

    /// Reads what imports from a file that gives something, and what imports from those that pass it on.
    fn read_importers(&mut self) -> Result<(), Missing> {
        while !self.open.is_empty() {
            let given: Vec<usize> = std::mem::take(&mut self.open);
            let importers: BTreeSet<usize> = given.iter().flat_map(|file| self.importers.of(*file)).collect();
            // Of those that an earlier scan read it was not kept here what they say.
            let unread = importers.iter().copied().filter(|file| !self.facts.contains_key(file)).collect();
            self.read(unread)?;
            for file in importers {
                self.reached.having.insert(file);
                if self.passes_on(file) && self.reached.giving.insert(file) {
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
            .filter(|file| !self.reached.read.contains(file))
            .collect();
        self.read(imported.into_iter().collect())
    }

    /// Whether a file gives to others what it gets from one that gives.
    fn passes_on(&self, file: usize) -> bool {
        let gives = |module: &str| {
            self.modules.find(file, module).is_some_and(|found| self.reached.giving.contains(&found))
        };
        self.facts.get(&file).is_some_and(|facts| facts.passed_on(gives))
    }

    /// Code outside of all services runs in those that load it, be it through other such code, which has to be read.
    fn read_loaders(&mut self) -> Result<(), Missing> {
        let is_shared = |file: &usize| !self.modules.is_within_service(*file);
        let mut open: Vec<usize> = self.reached.having.iter().copied().filter(is_shared).collect();
        let mut loaders: BTreeSet<usize> = open.iter().copied().collect();
        while let Some(file) = open.pop() {
            for importer in self.importers.of(file) {
                if loaders.insert(importer) && is_shared(&importer) {
                    open.push(importer);
                }
            }
        }
        self.read(loaders.into_iter().filter(|file| !self.reached.read.contains(file)).collect())
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
        let found = that_matter(&sources, &modules, 2).unwrap().facts;
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
