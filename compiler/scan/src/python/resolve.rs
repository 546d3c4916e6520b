//! What a name stands for, across files.

use std::collections::{BTreeMap, BTreeSet};

use schema_documents::Position;

use super::construct::Construct;
use super::facts::{Class, Declaration, Facts, Import, Subject, Use};
use super::literal::{Kind, Value};
use crate::service_file::{ServiceFiles, is_below};
use crate::text::Place;

/// Names within each other that are followed.
const MAX_STEPS: usize = 64;

/// A file that was read.
pub(super) struct Module<'t> {
    /// Its path, relative to the app.
    pub(super) path: &'t str,
    pub(super) facts: Facts,
    /// What its declarations are; absent for calls that declare nothing.
    constructs: Vec<Option<Construct>>,
    /// The declaration at each place.
    declared: BTreeMap<Place, usize>,
}

impl Module<'_> {
    /// The position of a place in this file.
    pub(super) fn at(&self, place: Place) -> Position {
        place.in_file(self.path)
    }
}

/// Names a declaration: the index of its file and its own.
pub(super) type Key = (usize, usize);

/// All files that were read, and the services they make up.
pub(super) struct Program<'t> {
    pub(super) modules: Vec<Module<'t>>,
    /// The services of this language, by index into the manifest's.
    folders: Vec<String>,
    by_path: BTreeMap<&'t str, usize>,
    /// The services that each file's code runs in.
    runs_in: Vec<BTreeSet<usize>>,
}

/// What is left of a path, and how many steps have been taken.
struct Walk<'p> {
    path: &'p [String],
    steps: usize,
}

/// What a name leads to.
enum Found {
    Declaration(Key, usize),
    /// A name of the SDK, in full.
    Sdk(Vec<String>),
    Value(usize, String),
}

impl<'t> Program<'t> {
    /// Puts files together.
    pub(super) fn new(files: Vec<(&'t str, Facts)>, services: &[String]) -> Self {
        let modules: Vec<Module<'t>> = files
            .into_iter()
            .map(|(path, facts)| {
                let declared = facts.declarations.iter().enumerate();
                let declared = declared.map(|(index, declaration)| (declaration.at, index)).collect();
                Module { path, facts, constructs: Vec::new(), declared }
            })
            .collect();
        let by_path = modules.iter().enumerate().map(|(index, module)| (module.path, index)).collect();
        let mut program = Self { modules, folders: services.to_vec(), by_path, runs_in: Vec::new() };
        for file in 0..program.modules.len() {
            let declarations = &program.modules[file].facts.declarations;
            let constructs = declarations.iter().map(|one| program.construct_of(file, one)).collect();
            program.modules[file].constructs = constructs;
        }
        program.runs_in = program.runs_in();
        program
    }

    /// Every declaration, file by file.
    pub(super) fn declarations(&self) -> impl Iterator<Item = (Key, &Module<'t>, &Declaration, Construct)> {
        self.modules.iter().enumerate().flat_map(|(file, module)| {
            let all = module.facts.declarations.iter().zip(&module.constructs).enumerate();
            all.filter_map(move |(index, (one, construct))| Some(((file, index), module, one, (*construct)?)))
        })
    }

    /// What a declaration is.
    pub(super) fn construct(&self, key: Key) -> Option<Construct> {
        self.modules[key.0].constructs[key.1]
    }

    /// The service whose folder holds a file, as an index.
    pub(super) fn service_of(&self, file: usize) -> Option<usize> {
        let path = self.modules[file].path;
        self.folders.iter().position(|folder| is_below(path, folder))
    }

    /// The services in which the code of a file runs: the one whose folder holds it, or those that import it.
    pub(super) fn services_of(&self, file: usize) -> &BTreeSet<usize> {
        &self.runs_in[file]
    }

    /// What the subject of a use leads to, going through the use's path, and the fields that remain.
    pub(super) fn resolve_use<'u>(&self, file: usize, one: &'u Use) -> Option<(Key, &'u [String])> {
        let walk = Walk { path: &one.path, steps: 0 };
        let found = match &one.subject {
            Subject::Declaration(index) => return Some(((file, *index), &one.path)),
            Subject::Name(name) => self.local(file, name, walk),
            Subject::Import(import) => self.imported(file, import, walk),
        };
        self.declaration(found, &one.path)
    }

    /// The declaration that a value is.
    pub(super) fn declaration_of(&self, file: usize, value: &Value) -> Option<Key> {
        if let Some(key) = self.declared_at(file, value.at) {
            return Some(key);
        }
        let Kind::Name(path) = &value.kind else { return None };
        let (name, path) = path.split_first()?;
        let found = self.local(file, name, Walk { path, steps: 0 });
        self.declaration(found, path).filter(|(_, rest)| rest.is_empty()).map(|(key, _)| key)
    }

    /// The declaration that stands at a place.
    pub(super) fn declared_at(&self, file: usize, at: Place) -> Option<Key> {
        let index = *self.modules[file].declared.get(&at)?;
        self.construct((file, index)).map(|_| (file, index))
    }

    /// The text that a value is, in place or by the name of a constant.
    pub(super) fn text<'v>(&'v self, file: usize, value: &'v Value) -> Option<&'v str> {
        match &value.kind {
            Kind::Text(text) => Some(text),
            Kind::Name(path) => {
                let (name, path) = path.split_first()?;
                match self.local(file, name, Walk { path, steps: 0 })? {
                    Found::Value(file, name) => self.modules[file].facts.values.get(&name)?.as_text(),
                    Found::Declaration(..) | Found::Sdk(_) => None,
                }
            }
            _ => None,
        }
    }

    /// The secrets that the fields of a class read, also of classes within it.
    pub(super) fn secrets_of(&self, file: usize, class: &Value) -> BTreeSet<Key> {
        let mut secrets = BTreeSet::new();
        let Kind::Name(path) = &class.kind else { return secrets };
        let mut seen: BTreeSet<(usize, String)> = BTreeSet::new();
        let mut waiting = path.last().map(|name| vec![(file, name.clone())]).unwrap_or_default();
        while let Some((file, name)) = waiting.pop() {
            if !seen.insert((file, name.clone())) {
                continue;
            }
            if let Some((file, class)) = self.class(file, &name) {
                secrets.extend(class.secrets.iter().map(|index| (file, *index)));
                waiting.extend(class.types.iter().map(|name| (file, name.clone())));
            }
        }
        secrets
    }

    fn class(&self, file: usize, name: &str) -> Option<(usize, &Class)> {
        let mut at = (file, name.to_owned());
        for _ in 0..MAX_STEPS {
            let facts = &self.modules[at.0].facts;
            if let Some(class) = facts.classes.get(&at.1) {
                return Some((at.0, class));
            }
            let import = facts.imports.get(&at.1)?;
            let module = self.modules_of(at.0, &import.module).find_map(|module| self.file(&module))?;
            at = (module, import.name.clone()?);
        }
        None
    }

    fn declaration<'u>(&self, found: Option<Found>, path: &'u [String]) -> Option<(Key, &'u [String])> {
        match found? {
            Found::Declaration(key, left) => Some((key, &path[path.len() - left.min(path.len())..])),
            Found::Sdk(_) | Found::Value(..) => None,
        }
    }

    fn construct_of(&self, file: usize, declaration: &Declaration) -> Option<Construct> {
        let callee = &declaration.callee;
        if callee.import.is_of_sdk() {
            let path = callee.full_path();
            return Construct::of(&path.iter().map(String::as_str).collect::<Vec<_>>());
        }
        match self.imported(file, &callee.import, Walk { path: &callee.path, steps: 0 })? {
            Found::Sdk(path) => Construct::of(&path.iter().map(String::as_str).collect::<Vec<_>>()),
            Found::Declaration(..) | Found::Value(..) => None,
        }
    }

    /// A name of a file's top level.
    fn local(&self, file: usize, name: &str, walk: Walk<'_>) -> Option<Found> {
        let steps = walk.steps + 1;
        if steps > MAX_STEPS {
            return None;
        }
        let walk = Walk { path: walk.path, steps };
        let facts = &self.modules[file].facts;
        if let Some(index) = facts.bound.get(name) {
            return Some(Found::Declaration((file, *index), walk.path.len()));
        }
        if let Some(import) = facts.imports.get(name) {
            return self.imported(file, import, walk);
        }
        if let Some(value) = facts.values.get(name) {
            return match &value.kind {
                Kind::Name(path) => {
                    let (name, first) = path.split_first()?;
                    let whole = [first, walk.path].concat();
                    self.local(file, name, Walk { path: &whole, steps })
                }
                _ if walk.path.is_empty() => Some(Found::Value(file, name.to_owned())),
                _ => None,
            };
        }
        facts.star_imports.iter().find_map(|module| {
            let import = Import { module: module.clone(), name: Some(name.to_owned()) };
            self.imported(file, &import, Walk { path: walk.path, steps })
        })
    }

    fn imported(&self, file: usize, import: &Import, walk: Walk<'_>) -> Option<Found> {
        if import.is_of_sdk() {
            let module = import.module.split('.').map(str::to_owned);
            let path = module.chain(import.name.clone()).chain(walk.path.iter().cloned());
            return Some(Found::Sdk(path.collect()));
        }
        let whole: Vec<String> = import.name.iter().chain(walk.path).cloned().collect();
        self.modules_of(file, &import.module)
            .find_map(|module| self.in_module(module, Walk { path: &whole, steps: walk.steps }))
    }

    /// What a path of names leads to in a module: a name of its file, or a module below it.
    fn in_module(&self, module: String, walk: Walk<'_>) -> Option<Found> {
        let (mut module, mut path) = (module, walk.path);
        for _ in 0..MAX_STEPS {
            let (name, rest) = path.split_first()?;
            let found = self
                .file(&module)
                .and_then(|file| self.local(file, name, Walk { path: rest, steps: walk.steps }));
            if found.is_some() {
                return found;
            }
            module = if module.is_empty() { name.clone() } else { format!("{module}/{name}") };
            path = rest;
        }
        None
    }

    /// The modules that a name of a module may mean, nearest first, as paths without their endings.
    fn modules_of<'p>(&'p self, file: usize, written: &'p str) -> impl Iterator<Item = String> + 'p {
        let folder = self.modules[file].path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let levels = written.len() - written.trim_start_matches('.').len();
        let path = written.trim_start_matches('.').replace('.', "/");
        let parents = std::iter::successors(Some(folder), |folder| {
            (!folder.is_empty()).then(|| folder.rsplit_once('/').map_or("", |(parent, _)| parent))
        });
        // A module is looked for beside the file, then in each folder above it, where a service or the app begins.
        let (skip, take) = if levels > 0 { (levels - 1, 1) } else { (0, usize::MAX) };
        parents.skip(skip).take(take).flat_map(move |folder| {
            let in_folder = |folder: &str| join(folder, &path);
            let sources = (levels == 0).then(|| in_folder(&join(folder, "src")));
            std::iter::once(in_folder(folder)).chain(sources)
        })
    }

    /// The file of a module: `a/b.py` or `a/b/__init__.py`.
    fn file(&self, module: &str) -> Option<usize> {
        let candidates = [format!("{module}.py"), join(module, "__init__.py")];
        candidates.iter().find_map(|path| self.by_path.get(path.as_str()).copied())
    }

    /// In which services each file runs. Code outside of all services runs in those that import it, directly or not.
    fn runs_in(&self) -> Vec<BTreeSet<usize>> {
        let own = |file| self.service_of(file).into_iter().collect();
        let mut runs_in: Vec<BTreeSet<usize>> = (0..self.modules.len()).map(own).collect();
        let imports: Vec<Vec<usize>> = (0..self.modules.len()).map(|file| self.imports_of(file)).collect();
        let mut waiting: Vec<usize> = (0..self.modules.len()).collect();
        while let Some(file) = waiting.pop() {
            for imported in &imports[file] {
                if self.service_of(*imported).is_none() {
                    let before = runs_in[*imported].len();
                    let more = runs_in[file].clone();
                    runs_in[*imported].extend(more);
                    if runs_in[*imported].len() > before {
                        waiting.push(*imported);
                    }
                }
            }
        }
        runs_in
    }

    /// The files that a file imports, and the packages that they lie in.
    fn imports_of(&self, file: usize) -> Vec<usize> {
        let facts = &self.modules[file].facts;
        let local = facts.uses.iter().filter_map(|one| match &one.subject {
            Subject::Import(import) => Some(import),
            _ => None,
        });
        let stars = facts.star_imports.iter().map(|module| (module.as_str(), None));
        let named = facts
            .imports
            .values()
            .chain(local)
            .map(|import| (import.module.as_str(), import.name.as_deref()));
        let mut found = BTreeSet::new();
        for (module, name) in named.chain(stars) {
            for path in self.modules_of(file, module) {
                found.extend(self.file(&path));
                found.extend(name.and_then(|name| self.file(&join(&path, name))));
            }
        }
        // `import a.b` says no more than `a`, whose modules are then reached by what is done with them.
        found.extend(facts.uses.iter().filter_map(|one| Some(self.resolve_use(file, one)?.0.0)));
        found.remove(&file);
        found.into_iter().collect()
    }
}

fn join(folder: &str, path: &str) -> String {
    match (folder.is_empty(), path.is_empty()) {
        (true, _) => path.to_owned(),
        (_, true) => folder.to_owned(),
        _ => format!("{folder}/{path}"),
    }
}

/// The folders of the services of a manifest.
pub(super) fn folders(
    services: &ServiceFiles,
    language: schema_documents::manifest::Language,
) -> Vec<String> {
    let own = services.services.iter().filter(|service| service.language == language);
    own.map(|service| service.folder.clone()).collect()
}
