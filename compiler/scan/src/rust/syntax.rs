//! The facts of one file: what it declares, names and does. They depend on its bytes alone.

use serde::{Deserialize, Serialize};

use super::value::{Path, Value};
use crate::text::Place;

/// The facts of a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// The file itself, then what is nested in it, parents first.
    pub(super) scopes: Vec<Scope>,
    /// What is wrong with the file.
    pub(super) problems: Vec<Problem>,
}

/// Something that keeps a file, or a part of it, from being read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Problem {
    pub(super) kind: ProblemKind,
    pub(super) message: String,
    pub(super) at: Place,
}

/// What keeps a file from being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ProblemKind {
    NotText,
    Syntax,
    TooDeep,
}

/// Where names are looked up: a file, an inline module, or a block that has items of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Scope {
    pub(super) kind: ScopeKind,
    /// The scope around it in this file; the file is its own.
    pub(super) parent: usize,
    /// `mod name;`
    pub(super) files: Vec<ModuleFile>,
    pub(super) imports: Vec<Import>,
    pub(super) bindings: Vec<Binding>,
    pub(super) types: Vec<TypeFacts>,
    /// Constructor calls that do not stand where resources are declared, and calls of `base_url`.
    pub(super) calls: Vec<Call>,
    pub(super) uses: Vec<Use>,
}

impl Scope {
    pub(super) fn new(kind: ScopeKind, parent: usize) -> Self {
        Self {
            kind,
            parent,
            files: Vec::new(),
            imports: Vec::new(),
            bindings: Vec::new(),
            types: Vec::new(),
            calls: Vec::new(),
            uses: Vec::new(),
        }
    }
}

/// What a scope is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ScopeKind {
    File,
    /// `mod name { … }`, with its `#[path]`.
    Module(String, Option<String>),
    /// A block in a function.
    Block,
}

/// `mod name;`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ModuleFile {
    pub(super) name: String,
    /// `#[path = "…"]`
    pub(super) path: Option<String>,
    pub(super) at: Place,
}

/// One name of a `use`, or all that a module has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Import {
    pub(super) path: Path,
    /// The name it gets here; absent for `*`.
    pub(super) name: Option<String>,
}

/// A `static` or `const`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Binding {
    pub(super) name: String,
    pub(super) at: Place,
    pub(super) holder: Holder,
    /// The type that it is declared with, if that is a path.
    pub(super) declared: Option<Path>,
    /// The types in that type's arguments.
    pub(super) arguments: Vec<Path>,
    pub(super) value: Value,
    /// What its value is taken from, as in `DB.read()`.
    pub(super) handle: Option<Use>,
    /// Its attributes that are written `#[…register…]`.
    pub(super) registers: Vec<Register>,
}

/// An attribute that may be `encore::pubsub::register`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Register {
    pub(super) path: Path,
    pub(super) has_arguments: bool,
    pub(super) at: Place,
}

/// What holds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Holder {
    Static,
    MutableStatic,
    Const,
}

/// A `struct`, `enum` or `type`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct TypeFacts {
    pub(super) name: String,
    /// Whether it is another name for one type, or a tuple of types.
    pub(super) is_alias: bool,
    /// The types of its fields, or those that it is another name for.
    pub(super) parts: Vec<Path>,
    /// `#[config(secret = "…")]` of its fields.
    pub(super) secrets: Vec<(String, Place)>,
}

/// A call whose callee is a path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Call {
    /// The call with the methods that follow.
    pub(super) value: Value,
    pub(super) stands: Stands,
}

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stands {
    /// In a function or closure.
    InFunction,
    /// In the value of a `static` or `const`, but not all of it.
    WithinValue,
    /// In a macro whose arguments are not expressions.
    InMacro,
}

/// A name in an expression, which may lead to a resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Use {
    pub(super) path: Path,
    pub(super) at: Place,
    /// The methods that are called on it, one on the other.
    pub(super) methods: Vec<Method>,
    /// The function whose first argument it is, as a method of its own.
    pub(super) argument_of: Option<(Path, Method)>,
}

/// A method that is called, or a function that is called like one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Method {
    pub(super) name: String,
    pub(super) at: Place,
    /// Its type arguments; absent where none are written.
    pub(super) types: Option<Vec<Path>>,
    /// Its first argument.
    pub(super) argument: Option<Value>,
}
