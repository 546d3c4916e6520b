//! Expressions, and with them types.

use super::{ArrayType, Block, ChannelType, Field, InterfaceElement, MapType, Name, Signature, Span};

/// An expression or a type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expression<'a> {
    pub(crate) span: Span,
    pub(crate) kind: ExpressionKind<'a>,
}

/// What an expression is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ExpressionKind<'a> {
    /// Something that could not be parsed, or that is missing.
    Bad,
    Identifier(&'a str),
    Literal(Literal<'a>),
    /// `T{…}`, or `{…}` within another.
    Composite(&'a Composite<'a>),
    /// `func(…) T { … }`.
    FunctionLiteral(&'a FunctionLiteral<'a>),
    /// `(x)`.
    Parenthesized(&'a Expression<'a>),
    /// `x.name`.
    Selector(&'a Selector<'a>),
    /// `x[i]`; also the generic type or function with its type arguments, `x[A, B]`.
    Index(&'a Index<'a>),
    /// `x[low:high:max]`.
    Slice(&'a Slice<'a>),
    /// `x.(T)`.
    Assertion(&'a Assertion<'a>),
    /// `f(x)`; also a conversion.
    Call(&'a Call<'a>),
    /// `*x`: the pointer type, or what a pointer points to.
    Star(&'a Expression<'a>),
    Unary(&'a Unary<'a>),
    Binary(&'a Binary<'a>),
    /// `[n]T` and `[...]T`.
    ArrayType(&'a ArrayType<'a>),
    /// `[]T`: the `T`.
    SliceType(&'a Expression<'a>),
    /// `map[K]V`.
    MapType(&'a MapType<'a>),
    /// `chan T`.
    ChannelType(&'a ChannelType<'a>),
    /// `func(…) T`.
    FunctionType(&'a Signature<'a>),
    /// `struct{…}`: the fields.
    StructType(&'a [Field<'a>]),
    /// `interface{…}`: what stands in it.
    InterfaceType(&'a [InterfaceElement<'a>]),
}

/// A number, string or rune.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Literal<'a> {
    /// As written.
    pub(crate) text: &'a str,
    pub(crate) kind: LiteralKind,
}

/// What sort of literal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LiteralKind {
    Integer,
    Float,
    Imaginary,
    Rune,
    /// `"…"`.
    String,
    /// `` `…` ``.
    RawString,
}

/// `T{a, k: v}`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Composite<'a> {
    /// Absent within another composite literal, where the type may be left out.
    pub(crate) ty: Option<Expression<'a>>,
    pub(crate) elements: &'a [Element<'a>],
}

/// `key: value` of a composite literal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) span: Span,
    pub(crate) key: Option<Expression<'a>>,
    pub(crate) value: Expression<'a>,
}

/// `func(…) T { … }`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FunctionLiteral<'a> {
    pub(crate) signature: Signature<'a>,
    pub(crate) body: Block<'a>,
}

/// `operand.name`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Selector<'a> {
    pub(crate) operand: Expression<'a>,
    pub(crate) name: Name<'a>,
}

/// `operand[a, b]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Index<'a> {
    pub(crate) operand: Expression<'a>,
    /// One at least, but for an error.
    pub(crate) indices: &'a [Expression<'a>],
}

/// `operand[low:high:max]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slice<'a> {
    pub(crate) operand: Expression<'a>,
    pub(crate) low: Option<Expression<'a>>,
    pub(crate) high: Option<Expression<'a>>,
    pub(crate) max: Option<Expression<'a>>,
}

/// `operand.(T)`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Assertion<'a> {
    pub(crate) operand: Expression<'a>,
    pub(crate) ty: Expression<'a>,
}

/// `function(a, b...)`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) function: Expression<'a>,
    /// A type among them is an expression like any other: `make([]int, 3)`.
    pub(crate) arguments: &'a [Expression<'a>],
    /// Whether the last argument has `...` behind it.
    pub(crate) spread: bool,
}

/// `!x`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unary<'a> {
    pub(crate) operator: UnaryOperator,
    pub(crate) operand: Expression<'a>,
}

/// What stands before an expression; `*x` is [`ExpressionKind::Star`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnaryOperator {
    /// `+`.
    Plus,
    /// `-`.
    Minus,
    /// `!`.
    Not,
    /// `^`.
    Complement,
    /// `&`.
    Address,
    /// `<-`.
    Receive,
    /// `~`, in a constraint.
    Tilde,
}

/// `first + a - b`: operands of one precedence, to be read from the left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binary<'a> {
    pub(crate) first: Expression<'a>,
    /// One at least.
    pub(crate) rest: &'a [Operation<'a>],
}

/// `+ operand`: one more operand, and what is done with it and all before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation<'a> {
    pub(crate) operator: BinaryOperator,
    pub(crate) operand: Expression<'a>,
}

/// What stands between two expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BinaryOperator {
    /// `||`.
    LogicalOr,
    /// `&&`.
    LogicalAnd,
    /// `==`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterEqual,
    /// `+`.
    Add,
    /// `-`.
    Subtract,
    /// `|`, also of a union.
    Or,
    /// `^`.
    Xor,
    /// `*`.
    Multiply,
    /// `/`.
    Divide,
    /// `%`.
    Remainder,
    /// `<<`.
    ShiftLeft,
    /// `>>`.
    ShiftRight,
    /// `&`.
    And,
    /// `&^`.
    AndNot,
}

impl<'a> Expression<'a> {
    /// The expression without the parentheses around it.
    pub(crate) fn unparenthesized(mut self) -> Self {
        while let ExpressionKind::Parenthesized(inner) = self.kind {
            self = *inner;
        }
        self
    }

    /// The name, if that is all it is.
    pub(crate) fn name(&self) -> Option<Name<'a>> {
        match self.kind {
            ExpressionKind::Identifier(text) => Some(Name { span: self.span, text }),
            _ => None,
        }
    }
}
