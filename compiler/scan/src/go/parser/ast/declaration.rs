//! Declarations.

use super::{Block, Expression, Name, Span, StringLiteral};

/// A declaration, at package level or in a function.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Declaration<'a> {
    Import(&'a Group<'a, ImportSpec<'a>>),
    Const(&'a Group<'a, ConstSpec<'a>>),
    Var(&'a Group<'a, VarSpec<'a>>),
    Type(&'a Group<'a, TypeSpec<'a>>),
    /// At package level only.
    Function(&'a Function<'a>),
}

/// `var x = 1`, or `var ( … )`: the specs after one keyword.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group<'a, Spec> {
    /// From the keyword.
    pub(crate) span: Span,
    /// Whether there are parentheses. Without them there is one spec, and comments stand above the group.
    pub(crate) parenthesized: bool,
    pub(crate) specs: &'a [Spec],
}

/// `name "path"`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ImportSpec<'a> {
    pub(crate) span: Span,
    /// Also `_` and `.`.
    pub(crate) name: Option<Name<'a>>,
    pub(crate) path: StringLiteral<'a>,
}

/// `a, b T = 1, 2` of a `const`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConstSpec<'a> {
    pub(crate) span: Span,
    pub(crate) names: &'a [Name<'a>],
    pub(crate) ty: Option<Expression<'a>>,
    /// Empty when type and values are those of the spec before.
    pub(crate) values: &'a [Expression<'a>],
    /// What `iota` is in the values: the index of the spec in its group.
    pub(crate) iota: u32,
}

/// `a, b T = 1, 2` of a `var`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VarSpec<'a> {
    pub(crate) span: Span,
    pub(crate) names: &'a [Name<'a>],
    pub(crate) ty: Option<Expression<'a>>,
    pub(crate) values: &'a [Expression<'a>],
}

/// `Name[P C] T` or `Name[P C] = T` of a `type`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TypeSpec<'a> {
    pub(crate) span: Span,
    pub(crate) name: Name<'a>,
    pub(crate) type_parameters: &'a [TypeParameter<'a>],
    /// Whether there is a `=`.
    pub(crate) alias: bool,
    pub(crate) ty: Expression<'a>,
}

/// A function or method.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Function<'a> {
    pub(crate) span: Span,
    pub(crate) receiver: Option<Parameter<'a>>,
    pub(crate) name: Name<'a>,
    pub(crate) type_parameters: &'a [TypeParameter<'a>],
    pub(crate) signature: Signature<'a>,
    /// Absent for what is written in another language.
    pub(crate) body: Option<Block<'a>>,
    /// Whether there is more in the body than is said here.
    pub(crate) is_left_out: bool,
}

/// Parameters and results.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signature<'a> {
    /// From the parenthesis of the parameters to the end of the results.
    pub(crate) span: Span,
    pub(crate) parameters: &'a [Parameter<'a>],
    /// A result without parentheses is a parameter without a name.
    pub(crate) results: &'a [Parameter<'a>],
}

/// `a, b T`: parameters of one type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter<'a> {
    pub(crate) span: Span,
    /// Empty when the parameter has no name.
    pub(crate) names: &'a [Name<'a>],
    /// Whether it is `...T`; `ty` is then `T`.
    pub(crate) variadic: bool,
    pub(crate) ty: Expression<'a>,
}

/// `A, B C`: type parameters of one constraint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TypeParameter<'a> {
    pub(crate) span: Span,
    pub(crate) names: &'a [Name<'a>],
    /// A type, or a union: [`Binary`] with `|`, of terms that may be [`Unary`] with `~`.
    pub(crate) constraint: Expression<'a>,
}

impl Declaration<'_> {
    /// From its keyword to its end.
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Import(group) => group.span,
            Self::Const(group) => group.span,
            Self::Var(group) => group.span,
            Self::Type(group) => group.span,
            Self::Function(function) => function.span,
        }
    }
}
