//! Types; those that have a part of their own.

use super::{Expression, Name, Signature, Span, StringLiteral};

/// `[n]T`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ArrayType<'a> {
    /// Absent for `[...]T`.
    pub(crate) length: Option<Expression<'a>>,
    pub(crate) element: Expression<'a>,
}

/// `map[key]value`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MapType<'a> {
    pub(crate) key: Expression<'a>,
    pub(crate) value: Expression<'a>,
}

/// `chan T`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChannelType<'a> {
    pub(crate) direction: Direction,
    pub(crate) element: Expression<'a>,
}

/// What may be done with a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// `chan T`.
    Both,
    /// `chan<- T`.
    Send,
    /// `<-chan T`.
    Receive,
}

/// `a, b T "tag"` of a struct.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    pub(crate) span: Span,
    /// Empty for an embedded field.
    pub(crate) names: &'a [Name<'a>],
    pub(crate) ty: Expression<'a>,
    pub(crate) tag: Option<StringLiteral<'a>>,
}

/// What stands in an interface.
#[derive(Clone, Copy, Debug)]
pub(crate) enum InterfaceElement<'a> {
    Method(&'a Method<'a>),
    /// A type, or a union of types; see [`TypeParameter::constraint`].
    Embedded(Expression<'a>),
}

/// `Name(…) T` of an interface.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Method<'a> {
    pub(crate) span: Span,
    pub(crate) name: Name<'a>,
    pub(crate) signature: Signature<'a>,
}
