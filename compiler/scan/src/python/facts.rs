//! The facts of one file: what it imports and declares, and what it does with names of its top level.
//!
//! Everything here is owned and depends on nothing but the bytes of the file: not on its path, nor on other files. So
//! facts can be kept and taken up again for as long as the bytes are the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::literal::Value;
use crate::text::Place;

/// The facts of one file.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// What each imported name of the top level stands for.
    pub(super) imports: BTreeMap<String, Import>,
    /// Modules of which everything is imported.
    pub(super) star_imports: Vec<String>,
    /// Calls that may declare infrastructure, in the order of the source. Whether they do is known when the names that
    /// are called have been followed.
    pub(super) declarations: Vec<Declaration>,
    /// Which declaration a name of the top level holds.
    pub(super) bound: BTreeMap<String, usize>,
    /// Other values that names of the top level hold, each set once: constants, and names of others.
    pub(super) values: BTreeMap<String, Value>,
    /// Classes of the top level.
    pub(super) classes: BTreeMap<String, Class>,
    /// What is done with names of the top level, and with declarations that no name holds.
    pub(super) uses: Vec<Use>,
    /// Names of the SDK that are given another name or passed on, without being called.
    pub(super) uncalled: Vec<(Callee, Place)>,
    /// What is wrong with the text itself.
    pub(super) flaws: Vec<Flaw>,
}

/// What is wrong with a text, and where.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Flaw {
    pub(super) message: String,
    pub(super) at: Place,
}

/// An imported name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Import {
    /// The module, as written: `a.b`, or `..b` for one near the file.
    pub(super) module: String,
    /// The name there; absent for the module itself.
    pub(super) name: Option<String>,
}

/// A name and the fields gone through from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Callee {
    /// Where the name comes from.
    pub(super) import: Import,
    /// The fields: `postgres.Database` is `["Database"]` of `postgres`.
    pub(super) path: Vec<String>,
}

/// A call that may declare infrastructure.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Declaration {
    pub(super) callee: Callee,
    pub(super) arguments: Vec<Argument>,
    /// What stands in the brackets: `Secret[str]`.
    pub(super) type_argument: Option<Value>,
    /// The name of the top level that holds it, and where that stands.
    pub(super) bound: Option<(String, Place)>,
    pub(super) surroundings: Surroundings,
    /// The whole call.
    pub(super) at: Place,
    /// What is called, without the arguments.
    pub(super) callee_at: Place,
}

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Surroundings {
    /// At the top level.
    Module,
    /// At the top level, in an `if`, a loop, a `try` or a `with`.
    Conditional,
    /// In a class, not in one of its methods.
    Class,
    /// In a function.
    Function,
}

/// An argument of a call.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Argument {
    /// Its name and where that stands, if it has one.
    pub(super) name: Option<(String, Place)>,
    pub(super) value: Value,
}

/// A class, as far as it can be the type of a configuration.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Class {
    /// Secrets that its fields read, as indices of declarations.
    pub(super) secrets: Vec<usize>,
    /// Names in the types of its fields.
    pub(super) types: Vec<String>,
}

/// Something done with a name or a declaration.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Use {
    pub(super) subject: Subject,
    /// The fields gone through: `db.query` is `["query"]`.
    pub(super) path: Vec<String>,
    pub(super) action: Action,
    /// The first argument of a call that runs SQL.
    pub(super) sql: Option<Value>,
    pub(super) at: Place,
}

/// With what something is done.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Subject {
    /// A name of the top level.
    Name(String),
    /// A name that a function imports for itself.
    Import(Import),
    /// A declaration that no name holds, as an index.
    Declaration(usize),
}

/// What is done with a name, or with a field of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Action {
    /// It is called.
    Called,
    /// It is an argument of the call at this place.
    Passed(Place),
    /// It is read.
    Read,
    /// It is compared with something.
    Compared,
}
