//! A walk from a name to all that it leads to, across files.

use super::facts::{DEFAULT, Export, Import, Subject, Use};
use super::literal::{Field, Kind, Value};
use super::resolve::{CLIENTS, Key, Program, Target};

/// Names and properties that are gone through for one name; no app has more.
const MAX_STEPS: usize = 2_000;

/// What a name leads to.
pub(super) struct Reached {
    pub(super) target: Target,
    /// The fields that remain.
    pub(super) rest: Vec<String>,
    /// The properties of the object that the name is, down to the target; the outermost first.
    pub(super) within: Vec<String>,
}

impl Program<'_> {
    /// What a name of a file's top level leads to, going through `path`: several things where it is an object of them.
    pub(super) fn resolve(&self, file: usize, name: &str, path: &[String]) -> Vec<Reached> {
        let mut walk = Walk::new(self);
        walk.local(file, name, path.to_vec(), &[]);
        walk.found
    }

    /// What the subject of a use leads to, going through the use's path.
    pub(super) fn resolve_subject(&self, file: usize, one: &Use) -> Vec<Reached> {
        match &one.subject {
            Subject::Name(name) => self.resolve(file, name, &one.path),
            Subject::Declaration(index) => {
                let target = Target::Declaration((file, *index));
                vec![Reached { target, rest: one.path.clone(), within: Vec::new() }]
            }
        }
    }

    /// The declaration or client that a value is, with the fields that remain.
    pub(super) fn resolve_value(&self, file: usize, value: &Value) -> Option<(Target, Vec<String>)> {
        let mut walk = Walk::new(self);
        walk.value(file, value, Vec::new(), &[]);
        let reached = walk.found.into_iter().find(|reached| reached.within.is_empty())?;
        Some((reached.target, reached.rest))
    }

    /// The declaration that a value is.
    pub(super) fn declaration_of(&self, file: usize, value: &Value) -> Option<Key> {
        match self.resolve_value(file, value)? {
            (Target::Declaration(key), rest) if rest.is_empty() => Some(key),
            _ => None,
        }
    }
}

/// A walk from a name to all that it leads to.
struct Walk<'w, 't> {
    program: &'w Program<'t>,
    /// The names that one has gone through to where one is.
    through: Vec<(usize, String)>,
    steps_left: usize,
    found: Vec<Reached>,
}

impl<'w, 't> Walk<'w, 't> {
    fn new(program: &'w Program<'t>) -> Self {
        Self { program, through: Vec::new(), steps_left: MAX_STEPS, found: Vec::new() }
    }

    fn reach(&mut self, target: Target, rest: Vec<String>, within: &[String]) {
        self.found.push(Reached { target, rest, within: within.to_vec() });
    }

    /// Goes through a name, unless one is there already.
    fn through(&mut self, file: usize, name: String, go: impl FnOnce(&mut Self)) {
        let key = (file, name);
        let Some(left) = self.steps_left.checked_sub(1) else { return };
        if self.through.contains(&key) {
            return;
        }
        self.steps_left = left;
        self.through.push(key);
        go(self);
        self.through.pop();
    }

    fn local(&mut self, file: usize, name: &str, path: Vec<String>, within: &[String]) {
        self.through(file, name.to_owned(), |walk| walk.local_value(file, name, path, within));
    }

    fn local_value(&mut self, file: usize, name: &str, path: Vec<String>, within: &[String]) {
        let facts = &self.program.modules[file].facts;
        if let Some(index) = facts.bound.get(name) {
            self.reach(Target::Declaration((file, *index)), path, within);
        } else if let Some(import) = facts.imports.get(name) {
            self.imported(file, import, path, within);
        } else if let Some(value) = facts.values.get(name) {
            self.value(file, value, path, within);
        }
    }

    fn value(&mut self, file: usize, value: &Value, mut path: Vec<String>, within: &[String]) {
        if let Some(key) = self.program.declared_at(file, value.at) {
            return self.reach(Target::Declaration(key), path, within);
        }
        match &value.kind {
            Kind::Name(name) => self.local(file, name, path, within),
            Kind::Member(object, field) => {
                path.insert(0, field.clone());
                self.value(file, object, path, within);
            }
            Kind::Object(fields) if path.is_empty() => {
                for field in fields {
                    let Some(left) = self.steps_left.checked_sub(1) else { return };
                    self.steps_left = left;
                    let Some(name) = &field.name else { continue };
                    self.value(
                        file,
                        &field.value,
                        Vec::new(),
                        &[within, std::slice::from_ref(name)].concat(),
                    );
                }
            }
            Kind::Object(fields) => {
                let name = path.remove(0);
                let is_it = |field: &&Field| field.name.as_ref() == Some(&name);
                if let Some(field) = fields.iter().rfind(is_it) {
                    self.value(file, &field.value, path, within);
                }
            }
            _ => {}
        }
    }

    fn imported(&mut self, file: usize, import: &Import, mut path: Vec<String>, within: &[String]) {
        let name = match import.name.as_str() {
            "*" if path.is_empty() => return self.whole(file, import, within),
            "*" => path.remove(0),
            name => name.to_owned(),
        };
        if import.module == CLIENTS {
            return self.reach(Target::Client(name), path, within);
        }
        if let Some(module) = self.program.module(file, &import.module) {
            self.exported(module, &name, path, within);
        }
    }

    /// All that a module exports.
    fn whole(&mut self, file: usize, import: &Import, within: &[String]) {
        let Some(module) = self.program.module(file, &import.module) else { return };
        for name in self.program.modules[module].facts.exports.keys() {
            self.exported(module, name, Vec::new(), &[within, std::slice::from_ref(name)].concat());
        }
    }

    fn exported(&mut self, file: usize, name: &str, path: Vec<String>, within: &[String]) {
        self.through(file, format!("export {name}"), |walk| walk.exported_value(file, name, path, within));
    }

    fn exported_value(&mut self, file: usize, name: &str, path: Vec<String>, within: &[String]) {
        let facts = &self.program.modules[file].facts;
        match facts.exports.get(name) {
            Some(Export::Local(local)) => return self.local(file, local, path, within),
            Some(Export::From(import)) => return self.imported(file, import, path, within),
            None if name == DEFAULT => return,
            None => {}
        }
        for module in &facts.exported_modules {
            if let Some(module) = self.program.module(file, module) {
                self.exported(module, name, path.clone(), within);
            }
        }
    }
}
