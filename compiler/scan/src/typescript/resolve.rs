//! What a name stands for, across files.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashMap;
use schema_documents::Position;

use super::facts::{Declaration, Export, Facts, Given, Import};
use super::literal::{Kind, Value};
use super::shape::{Function, Type};
use super::specifier::{Modules, folder_of};
use crate::text::Place;

/// The module whose names are the clients of the app's services.
pub(super) const CLIENTS: &str = "~encore/clients";

/// A file that was read.
pub(super) struct Module<'t> {
    /// Its path, relative to the app.
    pub(super) path: &'t str,
    /// Its index among all files that can be imported.
    pub(super) listed: usize,
    /// Whether it speaks of the framework; what is wrong with one that does not is worth a warning.
    pub(super) mentions_encore: bool,
    pub(super) facts: Facts,
}

impl Module<'_> {
    /// The position of a place in this file.
    pub(super) fn at(&self, place: Place) -> Position {
        place.in_file(self.path)
    }

    /// The folder it lies in; empty for the app's root.
    pub(super) fn folder(&self) -> &str {
        folder_of(self.path)
    }
}

/// A folder that is a service.
#[derive(Clone, Debug)]
pub(super) struct Root {
    /// The service's name.
    pub(super) name: String,
    /// Its folder.
    pub(super) path: String,
    /// What makes it a service.
    pub(super) at: Position,
}

/// Names a declaration: the index of its file and its own.
pub(super) type Key = (usize, usize);

/// What a name leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A declaration of infrastructure.
    Declaration(Key),
    /// The client of a service.
    Client(String),
}

/// All files that were read, and the services they make up.
pub(super) struct Program<'t> {
    pub(super) modules: Vec<Module<'t>>,
    /// Services by folder.
    pub(super) services: Vec<Root>,
    /// The services that run each file.
    running: Vec<Vec<usize>>,
    /// All files that can be imported.
    names: &'t Modules<'t>,
    /// The files that specifiers were found to mean, by the file in which these are written.
    meant: RefCell<Vec<HashMap<String, Option<usize>>>>,
    /// Those that were read, by their index among all.
    by_listed: BTreeMap<usize, usize>,
    /// Files that were not read, and turned out to be needed for their types and functions.
    unread: RefCell<BTreeSet<usize>>,
    /// Files that were read in part, and of which the rest turned out to be needed.
    unfinished: RefCell<BTreeSet<usize>>,
    /// How many more functions values are followed through; what is still open then counts as passed on.
    functions_left: Cell<usize>,
}

/// Functions that the values of an app are followed through.
const MAX_FUNCTIONS: usize = 1_000_000;

/// Names that are gone through for one; no app has more.
const MAX_NAMES: usize = 1_000;

/// A walk from name to name; it goes nowhere twice.
type Seen = BTreeSet<(usize, String)>;

impl<'t> Program<'t> {
    /// Puts files together; the services are still to be found.
    pub(super) fn new(modules: Vec<Module<'t>>, names: &'t Modules<'t>) -> Self {
        let by_listed = modules.iter().enumerate().map(|(index, module)| (module.listed, index)).collect();
        let meant = RefCell::new(vec![HashMap::default(); modules.len()]);
        Self {
            modules,
            meant,
            services: Vec::new(),
            running: Vec::new(),
            names,
            by_listed,
            functions_left: Cell::new(MAX_FUNCTIONS),
            unread: RefCell::default(),
            unfinished: RefCell::default(),
        }
    }

    /// Every declaration, file by file.
    pub(super) fn declarations(&self) -> impl Iterator<Item = (Key, &Module<'t>, &Declaration)> {
        self.modules.iter().enumerate().flat_map(|(file, module)| {
            module.facts.declarations.iter().enumerate().map(move |(index, one)| ((file, index), module, one))
        })
    }

    /// The services that run the code of a file: the one whose folder holds it; for shared code, those that load it.
    pub(super) fn services_running(&self, file: usize) -> &[usize] {
        self.running.get(file).map_or(&[], Vec::as_slice)
    }

    /// Takes the services, and finds out which code each of them runs.
    pub(super) fn set_services(&mut self, services: Vec<Root>) {
        self.services = services;
        let own: Vec<Option<usize>> =
            self.modules.iter().map(|module| self.service_of(module.path)).collect();
        let mut running: Vec<BTreeSet<usize>> = own.iter().map(|own| own.iter().copied().collect()).collect();
        let mut open: Vec<(usize, usize)> =
            own.iter().enumerate().filter_map(|(file, own)| Some((file, (*own)?))).collect();
        while let Some((file, service)) = open.pop() {
            for specifier in &self.modules[file].facts.loaded {
                let Some(loaded) = self.module(file, specifier) else { continue };
                if own[loaded].is_none() && running[loaded].insert(service) {
                    open.push((loaded, service));
                }
            }
        }
        self.running = running.into_iter().map(|services| services.into_iter().collect()).collect();
    }

    /// The service whose folder holds a file: the innermost one, as an index into [`Self::services`].
    pub(super) fn service_of(&self, path: &str) -> Option<usize> {
        let holds = |(_, root): &(usize, &Root)| is_below(path, &root.path);
        let innermost = |(_, root): &(usize, &Root)| root.path.len();
        self.services.iter().enumerate().filter(holds).max_by_key(innermost).map(|(index, _)| index)
    }

    /// The function that a value is, in place or by name, and the file in which it is written.
    pub(super) fn function<'v>(&'v self, file: usize, value: &'v Value) -> Option<(usize, &'v Function)> {
        match &value.kind {
            Kind::Function(function) => Some((file, function)),
            Kind::Name(name) => self.named_function(file, name, &mut Seen::new()),
            _ => None,
        }
    }

    /// The fields of a type; absent when they are not known.
    pub(super) fn fields(&self, file: usize, declared: &Type) -> Option<BTreeSet<String>> {
        self.fields_within(file, declared, &mut Seen::new())
    }

    /// Whether a type has a field, as far as it is known.
    pub(super) fn has_field(&self, file: usize, declared: &Type, name: &str) -> bool {
        self.has_field_within(file, declared, name, &mut Seen::new())
    }

    fn has_field_within(&self, file: usize, declared: &Type, name: &str, seen: &mut Seen) -> bool {
        match declared {
            Type::Fields(fields) => fields.contains(name),
            Type::All(all) => all.iter().any(|one| self.has_field_within(file, one, name, seen)),
            Type::Name(other) => self
                .named_type(file, other, seen)
                .is_some_and(|(file, found)| self.has_field_within(file, found, name, seen)),
            Type::Compound(_) | Type::Basic | Type::Nothing | Type::Unknown => false,
        }
    }

    /// The fields of a type that hold lists, objects or functions, as far as they are known.
    pub(super) fn compound_fields(&self, file: usize, declared: &Type) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        self.compound_fields_within(file, declared, &mut found, &mut Seen::new());
        found
    }

    fn compound_fields_within(
        &self,
        file: usize,
        declared: &Type,
        found: &mut BTreeSet<String>,
        seen: &mut Seen,
    ) {
        match declared {
            Type::Compound(fields) => found.extend(fields.iter().cloned()),
            Type::All(all) => all.iter().for_each(|one| self.compound_fields_within(file, one, found, seen)),
            Type::Name(name) => {
                if let Some((file, inner)) = self.named_type(file, name, seen) {
                    self.compound_fields_within(file, inner, found, seen);
                }
            }
            Type::Fields(_) | Type::Basic | Type::Nothing | Type::Unknown => {}
        }
    }

    /// Whether a type is a text, a number or a truth value.
    pub(super) fn is_basic(&self, file: usize, declared: &Type) -> bool {
        let (mut file, mut declared, mut seen) = (file, declared, Seen::new());
        while let Type::Name(name) = declared {
            let Some(found) = self.named_type(file, name, &mut seen) else { return false };
            (file, declared) = found;
        }
        matches!(declared, Type::Basic)
    }

    /// The framework's names that a type is made of: `Uploader & Downloader`.
    pub(super) fn framework_types(&self, file: usize, declared: &Type) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        self.framework_types_within(file, declared, &mut found, &mut Seen::new());
        found
    }

    /// The declaration that is this expression; declarations are sorted by place.
    pub(super) fn declared_at(&self, file: usize, at: Place) -> Option<Key> {
        let declarations = &self.modules[file].facts.declarations;
        declarations.binary_search_by_key(&at, |one| one.at).ok().map(|index| (file, index))
    }

    /// The files that must be read, by their indices among all, before what was found is all there is.
    pub(super) fn unread(&self) -> BTreeSet<usize> {
        self.unread.borrow().clone()
    }

    /// The index, among all files, of the one that a module specifier means. It is asked for with every use of what is
    /// imported.
    pub(super) fn meant(&self, from: usize, specifier: &str) -> Option<usize> {
        let mut meant = self.meant.borrow_mut();
        if let Some(known) = meant[from].get(specifier) {
            return *known;
        }
        let found = self.names.find(self.modules[from].listed, specifier);
        meant[from].insert(specifier.to_owned(), found);
        found
    }

    /// The files that must be read whole.
    pub(super) fn unfinished(&self) -> BTreeSet<usize> {
        self.unfinished.borrow().clone()
    }

    /// What an exported function or class does with what it is given; absent, and asked for, when its body was left out.
    pub(super) fn given(&self, file: usize, name: &str) -> Option<&[Given]> {
        let module = &self.modules[file];
        if module.facts.left_out.contains(name) {
            self.unfinished.borrow_mut().insert(module.listed);
        }
        module.facts.given.get(name).map(Vec::as_slice)
    }

    /// The file that a module specifier means, for its types and functions.
    fn module_of_types(&self, from: usize, specifier: &str) -> Option<usize> {
        let found = self.meant(from, specifier)?;
        let read = self.by_listed.get(&found).copied();
        if read.is_none() {
            self.unread.borrow_mut().insert(found);
        }
        read
    }

    /// The file that a module specifier means, if it was read. One that was not gives nothing that is declared.
    pub(super) fn module(&self, from: usize, specifier: &str) -> Option<usize> {
        let found = self.meant(from, specifier)?;
        self.by_listed.get(&found).copied()
    }

    fn fields_within(&self, file: usize, declared: &Type, seen: &mut Seen) -> Option<BTreeSet<String>> {
        match declared {
            Type::Fields(fields) => Some(fields.clone()),
            Type::Compound(_) | Type::Nothing => Some(BTreeSet::new()),
            Type::Basic | Type::Unknown => None,
            Type::All(all) => {
                let mut fields = BTreeSet::new();
                for one in all {
                    fields.extend(self.fields_within(file, one, seen)?);
                }
                Some(fields)
            }
            // A type that was met before adds nothing.
            Type::Name(name) if seen.contains(&(file, format!("type {name}"))) => Some(BTreeSet::new()),
            Type::Name(name) => {
                let (file, found) = self.named_type(file, name, seen)?;
                self.fields_within(file, found, seen)
            }
        }
    }

    fn framework_types_within(
        &self,
        file: usize,
        declared: &Type,
        found: &mut BTreeSet<String>,
        seen: &mut Seen,
    ) {
        match declared {
            Type::All(all) => all.iter().for_each(|one| self.framework_types_within(file, one, found, seen)),
            Type::Name(name) => match self.modules[file].facts.imports.get(name) {
                Some(import) if import.is_of_framework() => {
                    let shown = if import.name == "*" { name } else { &import.name };
                    found.insert(shown.clone());
                }
                _ => match self.named_type(file, name, seen) {
                    Some((file, inner)) => self.framework_types_within(file, inner, found, seen),
                    // `objects.Uploader`, whose last part alone is kept.
                    None => drop(found.insert(name.clone())),
                },
            },
            Type::Fields(_) | Type::Compound(_) | Type::Basic | Type::Nothing | Type::Unknown => {}
        }
    }

    /// Takes one of the functions that values are followed through, if there are any left.
    pub(super) fn spend_function(&self) -> bool {
        let left = self.functions_left.get().checked_sub(1);
        self.functions_left.set(left.unwrap_or(0));
        left.is_some()
    }

    /// Whether there are none left.
    pub(super) fn is_spent(&self) -> bool {
        self.functions_left.get() == 0
    }

    /// An exported function or class by the name that a file has for it: the file in which it is written, and its name
    /// there.
    pub(super) fn callee(&self, file: usize, name: &str, path: &[String]) -> Option<(usize, String)> {
        self.callee_within(file, name, path, &mut Seen::new())
    }

    fn callee_within(
        &self,
        file: usize,
        name: &str,
        path: &[String],
        seen: &mut Seen,
    ) -> Option<(usize, String)> {
        if !is_new(seen, (file, format!("callee {name}"))) {
            return None;
        }
        let facts = &self.modules[file].facts;
        if path.is_empty() && (facts.given.contains_key(name) || facts.left_out.contains(name)) {
            return Some((file, name.to_owned()));
        }
        if let Some(Value { kind: Kind::Name(other), .. }) = facts.values.get(name) {
            return self.callee_within(file, other, path, seen);
        }
        self.imported_callee(file, facts.imports.get(name)?, path, seen)
    }

    fn imported_callee(
        &self,
        file: usize,
        import: &Import,
        path: &[String],
        seen: &mut Seen,
    ) -> Option<(usize, String)> {
        let (name, path) = match (import.name.as_str(), path) {
            ("*", [name, rest @ ..]) => (name.as_str(), rest),
            ("*", []) => return None,
            (name, path) => (name, path),
        };
        self.exported_callee(self.module_of_types(file, &import.module)?, name, path, seen)
    }

    fn exported_callee(
        &self,
        file: usize,
        name: &str,
        path: &[String],
        seen: &mut Seen,
    ) -> Option<(usize, String)> {
        if !is_new(seen, (file, format!("export callee {name}"))) {
            return None;
        }
        let facts = &self.modules[file].facts;
        match facts.exports.get(name) {
            Some(Export::Local(local)) => self.callee_within(file, local, path, seen),
            Some(Export::From(import)) => self.imported_callee(file, import, path, seen),
            None => facts.exported_modules.iter().find_map(|module| {
                self.exported_callee(self.module_of_types(file, module)?, name, path, seen)
            }),
        }
    }

    fn named_function(&self, file: usize, name: &str, seen: &mut Seen) -> Option<(usize, &Function)> {
        if !is_new(seen, (file, name.to_owned())) {
            return None;
        }
        let facts = &self.modules[file].facts;
        match facts.values.get(name).map(|value| &value.kind) {
            Some(Kind::Function(function)) => return Some((file, function)),
            Some(Kind::Name(other)) => return self.named_function(file, other, seen),
            _ => {}
        }
        let import = facts.imports.get(name)?;
        let module = self.module_of_types(file, &import.module)?;
        match self.modules[module].facts.exports.get(&import.name)? {
            Export::Local(local) => self.named_function(module, local, seen),
            Export::From(_) => None,
        }
    }

    /// The type that a name means, and the file in which it is written.
    fn named_type(&self, file: usize, name: &str, seen: &mut Seen) -> Option<(usize, &Type)> {
        if !is_new(seen, (file, format!("type {name}"))) {
            return None;
        }
        let facts = &self.modules[file].facts;
        if let Some(found) = facts.types.get(name) {
            return Some((file, found));
        }
        let import = facts.imports.get(name)?;
        self.exported_type(self.module_of_types(file, &import.module)?, &import.name, seen)
    }

    fn exported_type(&self, file: usize, name: &str, seen: &mut Seen) -> Option<(usize, &Type)> {
        let facts = &self.modules[file].facts;
        match facts.exports.get(name) {
            Some(Export::Local(local)) => self.named_type(file, local, seen),
            Some(Export::From(import)) => {
                if !is_new(seen, (file, format!("export type {name}"))) {
                    return None;
                }
                self.exported_type(self.module_of_types(file, &import.module)?, &import.name, seen)
            }
            None => facts.exported_modules.iter().find_map(|module| {
                if !is_new(seen, (file, format!("{module} type {name}"))) {
                    return None;
                }
                self.exported_type(self.module_of_types(file, module)?, name, seen)
            }),
        }
    }
}

/// Whether a name is met for the first time, on a walk that is not too long.
fn is_new(seen: &mut Seen, name: (usize, String)) -> bool {
    seen.len() < MAX_NAMES && seen.insert(name)
}

/// Whether a path lies in a folder, directly or not.
pub(super) fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_holds_what_is_below_it_and_not_its_namesakes() {
        assert!(is_below("a/b.ts", "a") && is_below("b.ts", ""));
        assert!(!is_below("ab/c.ts", "a"));
    }
}
