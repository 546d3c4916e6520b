//! The facts of one file: what it imports, exports and declares, and what it does with names of its top level.
//!
//! Everything here is owned and depends on nothing but the bytes of the file: not on its path, nor on other files. So
//! facts can be kept and taken up again for as long as the bytes are the same.

use std::collections::{BTreeMap, BTreeSet};

use schema_documents::manifest::DatabaseAccess;
use serde::{Deserialize, Serialize};

use super::construct::Construct;
use super::literal::Value;
use super::shape::Type;
use crate::text::Place;

/// What [`Facts::exports`] calls the default export.
pub(super) const DEFAULT: &str = "default";

/// The facts of one file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// What each imported name stands for.
    pub(super) imports: BTreeMap<String, Import>,
    /// What each exported name stands for.
    pub(super) exports: BTreeMap<String, Export>,
    /// Modules of which everything is exported again.
    pub(super) exported_modules: Vec<String>,
    /// Declarations of infrastructure, in the order of the source.
    pub(super) declarations: Vec<Declaration>,
    /// Which declaration a name of the top level holds.
    pub(super) bound: BTreeMap<String, usize>,
    /// Other values that names of the top level hold: names of others, members of others, functions.
    pub(super) values: BTreeMap<String, Value>,
    /// Interfaces and type aliases of the top level.
    pub(super) types: BTreeMap<String, Type>,
    /// What is done with names of the top level, and with declarations that no name holds.
    pub(super) uses: Vec<Use>,
    /// What exported functions and classes do with what they are given; each of them has an entry.
    pub(super) given: BTreeMap<String, Vec<Given>>,
    /// Exported functions and classes that take something, and whose bodies were left out: what they do with it is only
    /// known when the whole file is read.
    pub(super) left_out: BTreeSet<String>,
    /// Modules whose code runs when this one is loaded.
    pub(super) loaded: BTreeSet<String>,
    /// Constructs of the framework that are named without being called.
    pub(super) uncalled: Vec<(Construct, Place)>,
    /// What is wrong with the text itself.
    pub(super) flaws: Vec<Flaw>,
    /// Whether somebody asked for all of it: then something may be wrong where nobody looks otherwise.
    pub(super) asked_whole: bool,
}

impl Facts {
    /// Whether nothing is said to be wrong that is not said of a file that nobody asks for whole.
    pub(super) fn are_usual(&self) -> bool {
        !self.asked_whole || self.flaws.is_empty()
    }

    /// Whether it has such a declaration.
    pub(super) fn declares(&self, construct: Construct) -> bool {
        self.declarations.iter().any(|one| one.construct == construct)
    }

    /// A name of the file's own top level, of which something is known.
    pub(super) fn own_name(&self, text: &str) -> Option<&str> {
        fn key<'m, V>(map: &'m BTreeMap<String, V>, text: &str) -> Option<&'m str> {
            map.get_key_value(text).map(|(key, _)| key.as_str())
        }
        key(&self.imports, text)
            .or_else(|| key(&self.bound, text))
            .or_else(|| key(&self.values, text))
            .or_else(|| key(&self.types, text))
            .or_else(|| key(&self.given, text))
            .or_else(|| self.left_out.get(text).map(String::as_str))
    }

    /// Whether other files can get from this one what it imports from a module that `gives`.
    pub(super) fn passed_on(&self, gives: impl Fn(&str) -> bool) -> bool {
        let mut names = BTreeSet::new();
        for export in self.exports.values() {
            match export {
                Export::Local(name) => drop(names.insert(name.as_str())),
                Export::From(import) if gives(&import.module) => return true,
                Export::From(_) => {}
            }
        }
        self.values.values().for_each(|value| value.names(&mut names));
        self.exported_modules.iter().any(|module| gives(module))
            || self
                .imports
                .iter()
                .any(|(name, import)| names.contains(name.as_str()) && gives(&import.module))
    }
}

/// Whether a module is one of those that the runtime itself has, such as `node:crypto`; no app has one by that name.
pub(super) fn is_of_the_runtime(module: &str) -> bool {
    module.starts_with("node:")
}

/// What is wrong with a text.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Flaw {
    pub(super) kind: FlawKind,
    pub(super) at: Place,
}

/// What can be wrong with a text.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum FlawKind {
    /// The parser's words, and its help.
    Syntax(String, Option<String>),
    /// It is nested so deep that it was not parsed.
    TooDeep,
}

/// An imported name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Import {
    /// The module, as written.
    pub(super) module: String,
    /// The name there: [`DEFAULT`], or `*` for the module itself.
    pub(super) name: String,
}

impl Import {
    /// Whether it comes from the framework itself.
    pub(super) fn is_of_framework(&self) -> bool {
        self.module == "encore.dev" || self.module.starts_with("encore.dev/")
    }
}

/// An exported name.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Export {
    /// A name of the file's own top level.
    Local(String),
    /// A name of another module, `*` for the module itself.
    From(Import),
}

impl Export {
    /// The name of the file's own top level.
    pub(super) fn local(&self) -> Option<&str> {
        match self {
            Self::Local(name) => Some(name),
            Self::From(_) => None,
        }
    }
}

/// A call or construction that declares infrastructure.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Declaration {
    pub(super) construct: Construct,
    pub(super) arguments: Vec<Value>,
    /// The type arguments.
    pub(super) types: Vec<Type>,
    /// Where these are written.
    pub(super) types_at: Vec<Place>,
    /// The name of the top level that holds it, and where that stands; [`DEFAULT`] for a default export.
    pub(super) bound: Option<(String, Place)>,
    /// Whether it is a statement: its value is dropped.
    pub(super) is_dropped: bool,
    /// Whether it stands in a function, and so not at the top level.
    pub(super) in_function: bool,
    /// The whole call.
    pub(super) at: Place,
}

/// Something done with a name or a declaration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Use {
    pub(super) subject: Subject,
    /// The fields gone through: `db.query` is `["query"]`.
    pub(super) path: Vec<String>,
    pub(super) action: Action,
    /// The type arguments of a call.
    pub(super) types: Vec<Type>,
    /// What the constant SQL text of a call can do, if there is one.
    pub(super) sql: Option<DatabaseAccess>,
    pub(super) at: Place,
}

/// With what something is done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Subject {
    /// A name of the top level.
    Name(String),
    /// A declaration that no name holds, as an index.
    Declaration(usize),
}

/// What is done with a name, or with a field of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Action {
    /// It is called, also as the tag of a template.
    Called,
    /// It is passed on: to a function of another file, or to nobody knows whom.
    Passed(Option<Callee>),
    /// It is read.
    Read,
}

/// A function by its name in a file that uses it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Callee {
    /// A name of the top level.
    pub(super) name: String,
    /// The fields gone through.
    pub(super) path: Vec<String>,
    /// Which argument it is.
    pub(super) argument: usize,
    /// The properties of that argument gone through to it: `f({ db })` is `["db"]`.
    pub(super) within: Vec<String>,
}

/// What a function does with one of its parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Given {
    pub(super) parameter: usize,
    pub(super) path: Vec<String>,
    pub(super) action: Action,
    pub(super) types: Vec<Type>,
    pub(super) sql: Option<DatabaseAccess>,
}
