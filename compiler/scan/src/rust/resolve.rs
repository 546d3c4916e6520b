//! What a name stands for, across modules and crates.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::program::{Crate, Key, Program};
use super::sdk;
use super::syntax::ScopeKind;
use super::value::Path;

/// Names that are looked up in one app, those on the way included. Far more than any app has; a hostile one could ask
/// for the square of its size.
const MAX_STEPS: usize = 20_000_000;

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A module of this app.
    Module(usize),
    /// A `static` or `const`.
    Binding(Key),
    /// A type of this app: its module, and its index there.
    Type(usize, usize),
    /// A path of the SDK, without the crate's name.
    Sdk(Path),
    /// A path of another crate, or one that is nowhere.
    Other(Path),
}

/// A name may stand for a type or module, and for a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Space {
    Types,
    Values,
}

/// Names that lead to each other, one by the next. Far more than any app has.
const MAX_DEPTH: usize = 500;

/// A name of a module.
type Name = (usize, String, Space);

/// What is known of a name.
#[derive(Clone)]
enum Known {
    /// It is being looked up.
    NotYet,
    Found(Option<Target>),
}

/// The names of an app.
pub(super) struct Names<'p, 't> {
    program: &'p Program<'t>,
    /// What is known of names.
    known: RefCell<BTreeMap<Name, Known>>,
    steps: Cell<usize>,
    depth: Cell<usize>,
    /// How often a name led back to itself.
    circles: Cell<usize>,
    /// Names that were not found since they led back to themselves: known as long as one name is looked up.
    tentative: RefCell<Vec<Name>>,
}

impl<'p, 't> Names<'p, 't> {
    pub(super) fn new(program: &'p Program<'t>) -> Self {
        Self {
            program,
            known: RefCell::default(),
            steps: Cell::new(0),
            depth: Cell::new(0),
            circles: Cell::new(0),
            tentative: RefCell::default(),
        }
    }

    /// The app whose names they are.
    pub(super) fn program(&self) -> &'p Program<'t> {
        self.program
    }

    /// Whether names were left that were not looked up, since there were too many.
    pub(super) fn gave_up(&self) -> bool {
        self.steps.get() >= MAX_STEPS
    }

    /// What a path leads to from within a module.
    pub(super) fn resolve(&self, module: usize, path: &[String], space: Space) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        let first_space = if rest.is_empty() { space } else { Space::Types };
        let (mut target, rest) = match first.as_str() {
            "" => (self.external(module, rest.first()?), &rest[1..]),
            "crate" => (Target::Module(self.program.units[self.program.modules[module].unit].root), rest),
            "self" => (Target::Module(self.real(module)), rest),
            "super" => (Target::Module(self.above(module)?), rest),
            name => match self.in_scopes(module, name, first_space) {
                Some(target) => (target, rest),
                None => (self.external(module, name), rest),
            },
        };
        for (index, name) in rest.iter().enumerate() {
            let space = if index + 1 == rest.len() { space } else { Space::Types };
            target = self.step(target, name, space)?;
        }
        Some(target)
    }

    /// The `static` or `const` that a path leads to.
    pub(super) fn binding(&self, module: usize, path: &[String]) -> Option<Key> {
        match self.resolve(module, path, Space::Values)? {
            Target::Binding(key) => Some(key),
            _ => None,
        }
    }

    /// The path of the SDK that a path leads to.
    pub(super) fn of_sdk(&self, module: usize, path: &[String], space: Space) -> Option<Path> {
        match self.resolve(module, path, space)? {
            Target::Sdk(path) => Some(path),
            _ => None,
        }
    }

    fn step(&self, target: Target, name: &str, space: Space) -> Option<Target> {
        match target {
            Target::Module(module) if name == "super" => Some(Target::Module(self.above(module)?)),
            Target::Module(module) if name == "self" => Some(Target::Module(module)),
            Target::Module(module) => self.in_scope(module, name, space),
            Target::Sdk(path) => Some(Target::Sdk(with(path, name))),
            Target::Other(path) => Some(Target::Other(with(path, name))),
            Target::Binding(_) | Target::Type(..) => None,
        }
    }

    /// A crate, by the name that it has in the crate of a module.
    fn external(&self, module: usize, name: &str) -> Target {
        let unit = &self.program.units[self.program.modules[module].unit];
        match unit.names.get(name) {
            Some(Crate::Root(root)) => Target::Module(*root),
            Some(Crate::Sdk) => Target::Sdk(Path::new()),
            None if name == sdk::CRATE => Target::Sdk(Path::new()),
            None => Target::Other(vec![name.to_owned()]),
        }
    }

    /// A name as code sees it: in its block, in the blocks around, in its module.
    fn in_scopes(&self, module: usize, name: &str, space: Space) -> Option<Target> {
        let mut module = module;
        loop {
            if let Some(found) = self.in_scope(module, name, space) {
                return Some(found);
            }
            match (&self.program.scope(module).kind, self.program.modules[module].parent) {
                (ScopeKind::Block, Some(around)) => module = around,
                _ => return None,
            }
        }
    }

    /// A name that a module has itself.
    fn in_scope(&self, module: usize, name: &str, space: Space) -> Option<Target> {
        let key = (module, name.to_owned(), space);
        match self.known.borrow().get(&key) {
            Some(Known::Found(known)) => return known.clone(),
            Some(Known::NotYet) => {
                self.circles.set(self.circles.get() + 1);
                return None;
            }
            None => {}
        }
        self.steps.set(self.steps.get() + 1);
        if self.gave_up() || self.depth.get() >= MAX_DEPTH {
            return None;
        }
        self.known.borrow_mut().insert(key.clone(), Known::NotYet);
        let circles = self.circles.get();
        self.depth.set(self.depth.get() + 1);
        let found = self.look_up(module, name, space);
        self.depth.set(self.depth.get() - 1);
        // What was not found since it led back to a name that is being looked up may be found from elsewhere.
        if found.is_none() && self.circles.get() > circles && self.depth.get() > 0 {
            self.tentative.borrow_mut().push(key.clone());
        }
        self.known.borrow_mut().insert(key, Known::Found(found.clone()));
        if self.depth.get() == 0 {
            let tentative = self.tentative.take();
            for name in tentative {
                self.known.borrow_mut().remove(&name);
            }
        }
        found
    }

    /// The module's own, then what it imports by name, then what it imports with all others.
    fn look_up(&self, module: usize, name: &str, space: Space) -> Option<Target> {
        let scope = self.program.scope(module);
        let own = match space {
            Space::Types => self.own_type(module, name),
            Space::Values => scope
                .bindings
                .iter()
                .position(|binding| binding.name == name)
                .map(|index| Target::Binding((module, index))),
        };
        let named = || {
            let mut imports = scope.imports.iter().filter(|import| import.name.as_deref() == Some(name));
            imports.find_map(|import| self.resolve(module, &import.path, space))
        };
        let all = || {
            let mut imports = scope.imports.iter().filter(|import| import.name.is_none());
            imports.find_map(|import| self.in_all_of(module, &import.path, name, space))
        };
        own.or_else(named).or_else(all)
    }

    /// A name that comes with `use path::*`.
    fn in_all_of(&self, module: usize, path: &[String], name: &str, space: Space) -> Option<Target> {
        self.steps.set(self.steps.get() + 1);
        match self.resolve(module, path, Space::Types)? {
            Target::Module(other) if other != module => self.in_scope(other, name, space),
            Target::Sdk(path) => {
                let path = with(path, name);
                sdk::has(&path).then_some(Target::Sdk(path))
            }
            _ => None,
        }
    }

    fn own_type(&self, module: usize, name: &str) -> Option<Target> {
        if let Some(child) = self.program.modules[module].children.get(name) {
            return Some(Target::Module(*child));
        }
        let types = &self.program.scope(module).types;
        let index = types.iter().position(|one| one.name == name)?;
        match types[index].parts.as_slice() {
            [other] if types[index].is_alias => self.resolve(module, other, Space::Types),
            _ => Some(Target::Type(module, index)),
        }
    }

    /// The module that a block is in.
    fn real(&self, module: usize) -> usize {
        let mut module = module;
        while let (ScopeKind::Block, Some(around)) =
            (&self.program.scope(module).kind, self.program.modules[module].parent)
        {
            module = around;
        }
        module
    }

    /// `super`
    fn above(&self, module: usize) -> Option<usize> {
        let parent = self.program.modules[self.real(module)].parent?;
        Some(self.real(parent))
    }
}

fn with(mut path: Path, name: &str) -> Path {
    path.push(name.to_owned());
    path
}
