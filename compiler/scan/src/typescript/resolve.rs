//! What a name stands for, across files.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use schema_documents::Position;

use super::facts::{DEFAULT, Declaration, Export, Facts, Import, Subject, Use};
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
    /// All files that can be imported.
    names: &'t Modules<'t>,
    /// Those that were read, by their index among all.
    by_listed: BTreeMap<usize, usize>,
    /// Files that were not read, and turned out to be needed for their types and functions.
    unread: RefCell<BTreeSet<usize>>,
}

/// A walk from name to name; it goes nowhere twice.
type Seen = BTreeSet<(usize, String)>;

impl<'t> Program<'t> {
    /// Puts files together; the services are still to be found.
    pub(super) fn new(modules: Vec<Module<'t>>, names: &'t Modules<'t>) -> Self {
        let by_listed = modules.iter().enumerate().map(|(index, module)| (module.listed, index)).collect();
        let unread = RefCell::default();
        Self { modules, services: Vec::new(), names, by_listed, unread }
    }

    /// Every declaration, file by file.
    pub(super) fn declarations(&self) -> impl Iterator<Item = (Key, &Module<'t>, &Declaration)> {
        self.modules.iter().enumerate().flat_map(|(file, module)| {
            module.facts.declarations.iter().enumerate().map(move |(index, one)| ((file, index), module, one))
        })
    }

    /// The service whose folder holds a file: the innermost one, as an index into [`Self::services`].
    pub(super) fn service_of(&self, path: &str) -> Option<usize> {
        let holds = |(_, root): &(usize, &Root)| is_below(path, &root.path);
        let innermost = |(_, root): &(usize, &Root)| root.path.len();
        self.services.iter().enumerate().filter(holds).max_by_key(innermost).map(|(index, _)| index)
    }

    /// What a name of a file's top level leads to, going through `path`, and the fields that remain.
    pub(super) fn resolve(&self, file: usize, name: &str, path: &[String]) -> Option<(Target, Vec<String>)> {
        self.local(file, name, path.to_vec(), &mut Seen::new())
    }

    /// What the subject of a use leads to, going through the use's path, and the fields that remain.
    pub(super) fn resolve_subject(&self, file: usize, one: &Use) -> Option<(Target, Vec<String>)> {
        match &one.subject {
            Subject::Name(name) => self.resolve(file, name, &one.path),
            Subject::Declaration(index) => Some((Target::Declaration((file, *index)), one.path.clone())),
        }
    }

    /// The declaration or client that a value is, with the fields that remain.
    pub(super) fn resolve_value(&self, file: usize, value: &Value) -> Option<(Target, Vec<String>)> {
        if let Some(key) = self.declared_at(file, value.at) {
            return Some((Target::Declaration(key), Vec::new()));
        }
        let (name, path) = path_of(value)?;
        self.resolve(file, &name, &path)
    }

    /// The declaration that a value is.
    pub(super) fn declaration_of(&self, file: usize, value: &Value) -> Option<Key> {
        match self.resolve_value(file, value)? {
            (Target::Declaration(key), rest) if rest.is_empty() => Some(key),
            _ => None,
        }
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

    fn local(
        &self,
        file: usize,
        name: &str,
        path: Vec<String>,
        seen: &mut Seen,
    ) -> Option<(Target, Vec<String>)> {
        if !seen.insert((file, name.to_owned())) {
            return None;
        }
        let facts = &self.modules[file].facts;
        if let Some(index) = facts.bound.get(name) {
            return Some((Target::Declaration((file, *index)), path));
        }
        if let Some(import) = facts.imports.get(name) {
            return self.imported(file, import, path, seen);
        }
        let (name, mut whole) = path_of(facts.values.get(name)?)?;
        whole.extend(path);
        self.local(file, &name, whole, seen)
    }

    fn imported(
        &self,
        file: usize,
        import: &Import,
        path: Vec<String>,
        seen: &mut Seen,
    ) -> Option<(Target, Vec<String>)> {
        let mut path = path;
        let name = match import.name.as_str() {
            "*" if path.is_empty() => return None,
            "*" => path.remove(0),
            name => name.to_owned(),
        };
        if import.module == CLIENTS {
            return Some((Target::Client(name), path));
        }
        let module = self.module(file, &import.module)?;
        self.exported(module, &name, path, seen)
    }

    fn exported(
        &self,
        file: usize,
        name: &str,
        path: Vec<String>,
        seen: &mut Seen,
    ) -> Option<(Target, Vec<String>)> {
        if !seen.insert((file, format!("export {name}"))) {
            return None;
        }
        let facts = &self.modules[file].facts;
        match facts.exports.get(name) {
            Some(Export::Local(local)) => return self.local(file, local, path, seen),
            Some(Export::From(import)) => return self.imported(file, import, path, seen),
            None if name == DEFAULT => return None,
            None => {}
        }
        facts.exported_modules.iter().find_map(|module| {
            let module = self.module(file, module)?;
            self.exported(module, name, path.clone(), seen)
        })
    }

    /// The files that must be read, by their indices among all, before what was found is all there is.
    pub(super) fn unread(&self) -> BTreeSet<usize> {
        self.unread.borrow().clone()
    }

    /// The file that a module specifier means, for its types and functions.
    fn module_of_types(&self, from: usize, specifier: &str) -> Option<usize> {
        let found = self.names.find(self.modules[from].listed, specifier)?;
        let read = self.by_listed.get(&found).copied();
        if read.is_none() {
            self.unread.borrow_mut().insert(found);
        }
        read
    }

    /// The file that a module specifier means, if it was read. One that was not gives nothing that is declared.
    fn module(&self, from: usize, specifier: &str) -> Option<usize> {
        let found = self.names.find(self.modules[from].listed, specifier)?;
        self.by_listed.get(&found).copied()
    }

    fn fields_within(&self, file: usize, declared: &Type, seen: &mut Seen) -> Option<BTreeSet<String>> {
        match declared {
            Type::Fields(fields) => Some(fields.clone()),
            Type::Nothing => Some(BTreeSet::new()),
            Type::Unknown => None,
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
            Type::Fields(_) | Type::Nothing | Type::Unknown => {}
        }
    }

    fn named_function(&self, file: usize, name: &str, seen: &mut Seen) -> Option<(usize, &Function)> {
        if !seen.insert((file, name.to_owned())) {
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
        if !seen.insert((file, format!("type {name}"))) {
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
                if !seen.insert((file, format!("export type {name}"))) {
                    return None;
                }
                self.exported_type(self.module_of_types(file, &import.module)?, &import.name, seen)
            }
            None => facts.exported_modules.iter().find_map(|module| {
                if !seen.insert((file, format!("{module} type {name}"))) {
                    return None;
                }
                self.exported_type(self.module_of_types(file, module)?, name, seen)
            }),
        }
    }
}

/// The name and fields that a value is made of: `a.b.c`.
fn path_of(value: &Value) -> Option<(String, Vec<String>)> {
    match &value.kind {
        Kind::Name(name) => Some((name.clone(), Vec::new())),
        Kind::Member(object, field) => {
            let (name, mut path) = path_of(object)?;
            path.push(field.clone());
            Some((name, path))
        }
        _ => None,
    }
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
