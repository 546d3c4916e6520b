//! The facts of one file: all that the rest of the scanner knows of it.
//!
//! [`facts`] is a pure function of the file's bytes, so facts can be found in parallel and kept by the content's digest.
//! Everything here is owned and small; places are lines and columns, so the text is not needed again. Which package a name
//! before a dot means is not known here, since that takes the other files ([`Program`](super::program::Program)).

mod declare;
mod fold;
mod kind;
mod reader;
mod scope;
mod standard;
mod value;
mod walk;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::text::Place;

pub(super) use fold::{Constant, Why};
pub(super) use reader::{is_framework, usual_name};
pub(super) use walk::{facts, whole_facts};

/// The facts of one file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// The name in the package clause; empty when there is none.
    pub(super) package: String,
    /// The package clause.
    pub(super) package_at: Place,
    pub(super) imports: Vec<Import>,
    /// The declarations at package level, imports left out, in order.
    pub(super) declarations: Vec<Declaration>,
    pub(super) directives: Vec<Directive>,
    /// What is done with names that are neither local nor of Go's own library, in order.
    pub(super) uses: Vec<Use>,
    /// The first thing that is not Go.
    pub(super) problem: Option<Problem>,
    pub(super) extent: Extent,
}

/// How much of a file its facts are about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Extent {
    /// All of it: nothing can be left out.
    #[default]
    All,
    /// Bodies of functions were left out that name no imported package. They may name what is in their own package.
    WithoutBodies,
    /// All of it, since somebody asked for that.
    AllAskedFor,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Problem {
    pub(super) message: String,
    pub(super) at: Place,
    /// Whether the file is Go, only more of it than can be read.
    pub(super) is_limit: bool,
}

/// An import.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Import {
    /// The name that is given to it, `_` and `.` too.
    pub(super) name: Option<String>,
    pub(super) path: String,
}

/// A word and its place. A file has thousands of them, most of which are short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Word {
    pub(super) text: CompactString,
    pub(super) at: Place,
}

/// A declaration at package level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Declaration {
    /// What is declared; several names only for variables that are set by one call.
    pub(super) names: Vec<Word>,
    /// All of it, for a type or variable without the keyword.
    pub(super) at: Place,
    pub(super) form: Form,
    /// Names of its own package that it mentions as types.
    pub(super) types: Vec<String>,
}

impl Declaration {
    /// Its name, or the first of its names.
    pub(super) fn name(&self) -> &str {
        self.names.first().map_or("", |name| &name.text)
    }

    /// Whether it declares a name for others to refer to.
    pub(super) fn declares(&self, name: &str) -> bool {
        let is_method = matches!(&self.form, Form::Function(function) if function.receiver.is_some());
        !is_method && name != "_" && self.names.iter().any(|word| word.text == name)
    }
}

/// What is declared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Form {
    /// Variables. How it is declared is kept of `secrets` alone.
    Variable(Option<Box<Variable>>),
    Constant,
    Type(Box<TypeSpec>),
    Function(Box<Function>),
}

/// How a variable is declared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Variable {
    pub(super) kind: Option<Type>,
    /// The value that it is given.
    pub(super) value: Option<Place>,
    /// Whether it stands in parentheses, with others or alone.
    pub(super) in_block: bool,
}

/// How a type is declared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct TypeSpec {
    pub(super) parameters: Vec<Word>,
    /// Whether it is another name for the same type.
    pub(super) is_alias: bool,
    pub(super) kind: Type,
}

/// How a function is declared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Function {
    pub(super) receiver: Option<Receiver>,
    /// The first type parameter.
    pub(super) generic: Option<Place>,
    /// Kept of functions with a directive, and of those that may set up a service.
    pub(super) signature: Option<Signature>,
    /// Whether what it does is not known.
    pub(super) is_left_out: bool,
}

/// What a method belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Receiver {
    /// The name of its type.
    pub(super) name: Word,
    /// All of it, with the parentheses.
    pub(super) at: Place,
}

/// Parameters and results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Signature {
    pub(super) at: Place,
    pub(super) parameters: Vec<Parameter>,
    pub(super) results: Vec<Parameter>,
}

/// One parameter or result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Parameter {
    pub(super) name: Option<String>,
    pub(super) at: Place,
    pub(super) kind: Type,
}

/// A type as it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Type {
    pub(super) at: Place,
    pub(super) form: TypeForm,
}

/// What a type is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum TypeForm {
    Name {
        /// What stands before the dot.
        qualifier: Option<String>,
        name: String,
        arguments: Vec<Type>,
    },
    Pointer(Box<Type>),
    /// A slice or an array.
    List(Box<Type>),
    Map(Box<Type>, Box<Type>),
    Struct(Vec<Field>),
    Interface {
        has_methods: bool,
        embedded: Vec<Type>,
    },
    /// Functions, channels, and what is no type.
    Other,
    /// What could not be read.
    Broken,
}

/// A field of a struct, or several of one type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Field {
    /// None for an embedded field.
    pub(super) names: Vec<Word>,
    pub(super) at: Place,
    pub(super) kind: Type,
    pub(super) tag: Option<Word>,
}

/// A comment that is a directive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Directive {
    /// What comes after `encore:`.
    pub(super) text: String,
    /// The whole comment.
    pub(super) at: Place,
    /// How many characters of the comment come before the text.
    pub(super) skipped: u32,
    pub(super) above: Above,
}

/// What a directive stands above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Above {
    /// An index into the declarations.
    Declaration(usize),
    /// Something that takes no directive.
    Other,
    Nothing,
    /// Something that could not be read.
    Broken,
}

/// A use of a name that is not local, and what is reached from it with dots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Use {
    /// `a`, `b` and `c` of `a.b.c`; one at least.
    pub(super) path: Vec<Word>,
    pub(super) action: Action,
    /// Index of the declaration that it stands in.
    pub(super) within: usize,
    pub(super) role: Role,
}

/// What is done with what a path leads to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Action {
    /// `path(…)`. The call itself is kept of the framework's functions.
    Called(Option<Box<Call>>),
    /// `path.Query(…)` and the like: the SQL, where it is constant.
    Queried(Option<String>),
    /// `f(path)`.
    Passed(Box<Passed>),
    /// Named as a type.
    Typed,
    /// Anything else.
    Valued,
}

/// Where a use stands in its declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Role {
    /// In a function, be it one without a name.
    InFunction,
    /// It is the whole value of a package-level variable.
    Whole,
    /// It is a part of such a value.
    Part,
    /// In a signature, a type or a constant.
    Elsewhere,
}

/// A call of a function of the framework.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Call {
    pub(super) at: Place,
    pub(super) types: Vec<Type>,
    pub(super) arguments: Vec<Value>,
}

/// The call that something is passed to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Passed {
    /// The words of the function's path; none when it is not a plain path.
    pub(super) function: Vec<String>,
    pub(super) types: Vec<Type>,
    /// The call.
    pub(super) call: Place,
}

/// An argument, or a part of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Value {
    pub(super) at: Place,
    pub(super) form: ValueForm,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum ValueForm {
    /// A string literal.
    Text(String),
    /// The value of any other constant expression.
    Constant(Constant),
    /// `a.b.c`.
    Path(Vec<Word>),
    /// `T{…}`, also behind `&`.
    Literal(Vec<Element>),
    /// `f(…)`, where `f` is a path.
    Call(Vec<String>, Vec<Value>),
    Function,
    /// Not a constant, because of this part of it.
    Unknown(Why, Place),
    /// Something that could not be read, which is said of the file.
    Broken,
}

/// An element of a composite literal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Element {
    pub(super) at: Place,
    pub(super) key: Option<Word>,
    pub(super) value: Value,
}
