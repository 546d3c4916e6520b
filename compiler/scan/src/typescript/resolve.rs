//! What a name stands for, across files.

use std::collections::{BTreeMap, BTreeSet};

use oxc_span::Span;
use schema_documents::Position;

use super::alias::Aliases;
use super::literal::{Kind, Value};
use super::shape::{Function, Type};
use super::syntax::{DEFAULT, Declaration, Export, Facts, Import, Subject, Use};
use crate::text::Lines;

/// The module whose names are the clients of the app's services.
const CLIENTS: &str = "~encore/clients";

/// A file that was read.
pub(super) struct Module<'t> {
    /// Its path, relative to the app.
    pub(super) path: &'t str,
    pub(super) lines: Lines<'t>,
    pub(super) facts: Facts,
}

impl Module<'_> {
    /// The position of a span of this file.
    pub(super) fn at(&self, span: Span) -> Position {
        self.lines.position(span.start as usize, span.end as usize)
    }

    /// The folder it lies in; empty for the app's root.
    pub(super) fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
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
    by_path: BTreeMap<&'t str, usize>,
    aliases: Aliases,
}

/// A walk from name to name; it goes nowhere twice.
type Seen = BTreeSet<(usize, String)>;

impl<'t> Program<'t> {
    /// Puts files together; the services are still to be found.
    pub(super) fn new(modules: Vec<Module<'t>>, aliases: Aliases) -> Self {
        let by_path = modules.iter().enumerate().map(|(index, module)| (module.path, index)).collect();
        Self { modules, services: Vec::new(), by_path, aliases }
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
        if let Some(key) = self.declared_at(file, value.span) {
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

    /// The declaration that is this expression; declarations are sorted by where they begin.
    pub(super) fn declared_at(&self, file: usize, span: Span) -> Option<Key> {
        let declarations = &self.modules[file].facts.declarations;
        let index = declarations.binary_search_by_key(&span.start, |one| one.span.start).ok()?;
        (declarations[index].span == span).then_some((file, index))
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

    /// The file that a module specifier means.
    fn module(&self, from: usize, specifier: &str) -> Option<usize> {
        if !specifier.starts_with('.') {
            return self.aliases.paths(specifier).iter().find_map(|path| self.file(path));
        }
        self.file(&join(self.modules[from].folder(), specifier)?)
    }

    /// The file that a path means, which may leave out its ending.
    fn file(&self, path: &str) -> Option<usize> {
        let stem = [".js", ".mjs", ".ts"].iter().find_map(|ending| path.strip_suffix(ending)).unwrap_or(path);
        let candidates = [format!("{path}.ts"), format!("{stem}.ts"), join(path, "index.ts")?];
        candidates.iter().find_map(|candidate| self.by_path.get(candidate.as_str()).copied())
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
        let module = self.module(file, &import.module)?;
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
        self.exported_type(self.module(file, &import.module)?, &import.name, seen)
    }

    fn exported_type(&self, file: usize, name: &str, seen: &mut Seen) -> Option<(usize, &Type)> {
        let facts = &self.modules[file].facts;
        match facts.exports.get(name) {
            Some(Export::Local(local)) => self.named_type(file, local, seen),
            Some(Export::From(import)) => {
                if !seen.insert((file, format!("export type {name}"))) {
                    return None;
                }
                self.exported_type(self.module(file, &import.module)?, &import.name, seen)
            }
            None => facts.exported_modules.iter().find_map(|module| {
                if !seen.insert((file, format!("{module} type {name}"))) {
                    return None;
                }
                self.exported_type(self.module(file, module)?, name, seen)
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

/// A relative path taken from a folder; absent when it leaves the app.
pub(super) fn join(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_from_a_folder_and_stays_in_the_app() {
        for (folder, relative, expected) in [
            ("a/b", "./c", Some("a/b/c")),
            ("a/b", "../c/", Some("a/c")),
            ("", "c", Some("c")),
            ("a", "..", Some("")),
            ("a", "../..", None),
        ] {
            assert_eq!(join(folder, relative).as_deref(), expected);
        }
    }

    #[test]
    fn a_folder_holds_what_is_below_it_and_not_its_namesakes() {
        assert!(is_below("a/b.ts", "a") && is_below("b.ts", ""));
        assert!(!is_below("ab/c.ts", "a"));
    }
}
