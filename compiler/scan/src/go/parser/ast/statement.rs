//! Statements.

use super::{BinaryOperator, Declaration, Expression, Name, Span};

/// `{ … }`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block<'a> {
    /// With the braces.
    pub(crate) span: Span,
    pub(crate) statements: &'a [Statement<'a>],
}

/// A statement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Statement<'a> {
    pub(crate) span: Span,
    pub(crate) kind: StatementKind<'a>,
}

/// What a statement is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StatementKind<'a> {
    /// Something that could not be parsed.
    Bad,
    /// Nothing before a semicolon, where it matters: `label: }`, `for ;;`.
    Empty,
    Declaration(Declaration<'a>),
    /// `label: statement`.
    Labeled(&'a Labeled<'a>),
    Expression(Expression<'a>),
    /// `channel <- value`.
    Send(&'a Send<'a>),
    /// `x++` and `x--`.
    Step(&'a Step<'a>),
    /// `a, b = c, d` and `a += b`.
    Assign(&'a Assign<'a>),
    /// `a, b := c, d`.
    Define(&'a Define<'a>),
    /// `go f()`.
    Go(&'a Expression<'a>),
    /// `defer f()`.
    Defer(&'a Expression<'a>),
    Return(&'a [Expression<'a>]),
    /// `break`, `continue`, `goto` and `fallthrough`.
    Branch(Branch<'a>),
    Block(Block<'a>),
    If(&'a If<'a>),
    Switch(&'a Switch<'a>),
    TypeSwitch(&'a TypeSwitch<'a>),
    Select(&'a [SelectClause<'a>]),
    For(&'a For<'a>),
    Range(&'a RangeLoop<'a>),
}

/// `label: statement`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Labeled<'a> {
    pub(crate) label: Name<'a>,
    pub(crate) statement: Statement<'a>,
}

/// `channel <- value`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Send<'a> {
    pub(crate) channel: Expression<'a>,
    pub(crate) value: Expression<'a>,
}

/// `x++` or `x--`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'a> {
    pub(crate) operand: Expression<'a>,
    /// Whether it is `++`.
    pub(crate) up: bool,
}

/// `left = right`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Assign<'a> {
    pub(crate) left: &'a [Expression<'a>],
    /// That of `+=` and the like.
    pub(crate) operator: Option<BinaryOperator>,
    pub(crate) right: &'a [Expression<'a>],
}

/// `left := right`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Define<'a> {
    /// Names; anything else is an error, kept here.
    pub(crate) left: &'a [Expression<'a>],
    pub(crate) right: &'a [Expression<'a>],
}

/// `break label`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Branch<'a> {
    pub(crate) keyword: BranchKeyword,
    pub(crate) label: Option<Name<'a>>,
}

/// The keyword of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BranchKeyword {
    Break,
    Continue,
    Goto,
    Fallthrough,
}

/// `if … { } else if … { } else { }`. What the head of an arm declares is known in all arms behind it, too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct If<'a> {
    /// One at least.
    pub(crate) arms: &'a [IfArm<'a>],
    pub(crate) otherwise: Option<Block<'a>>,
}

/// `if init; condition { … }`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IfArm<'a> {
    /// From the `if`.
    pub(crate) span: Span,
    pub(crate) init: Option<Statement<'a>>,
    pub(crate) condition: Expression<'a>,
    pub(crate) body: Block<'a>,
}

/// `switch init; tag { … }`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Switch<'a> {
    pub(crate) init: Option<Statement<'a>>,
    pub(crate) tag: Option<Expression<'a>>,
    pub(crate) clauses: &'a [CaseClause<'a>],
}

/// `switch init; name := operand.(type) { … }`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TypeSwitch<'a> {
    pub(crate) init: Option<Statement<'a>>,
    /// Declared anew in every clause.
    pub(crate) name: Option<Name<'a>>,
    pub(crate) operand: Expression<'a>,
    /// Their values are types, and `nil`.
    pub(crate) clauses: &'a [CaseClause<'a>],
}

/// `case a, b: …` or `default: …`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CaseClause<'a> {
    pub(crate) span: Span,
    /// Empty for `default`.
    pub(crate) values: &'a [Expression<'a>],
    pub(crate) body: &'a [Statement<'a>],
}

/// `case v := <-c: …` or `default: …`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SelectClause<'a> {
    pub(crate) span: Span,
    /// A send, an expression, an assignment or a definition; absent for `default`.
    pub(crate) communication: Option<Statement<'a>>,
    pub(crate) body: &'a [Statement<'a>],
}

/// `for init; condition; post { … }`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct For<'a> {
    pub(crate) init: Option<Statement<'a>>,
    pub(crate) condition: Option<Expression<'a>>,
    pub(crate) post: Option<Statement<'a>>,
    pub(crate) body: Block<'a>,
}

/// `for key, value := range operand { … }`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RangeLoop<'a> {
    pub(crate) key: Option<Expression<'a>>,
    pub(crate) value: Option<Expression<'a>>,
    /// Whether it is `:=`: key and value are names that are declared here.
    pub(crate) defines: bool,
    pub(crate) operand: Expression<'a>,
    pub(crate) body: Block<'a>,
}
