//! The syntax tree of one Go file.
//!
//! - Nodes live in an arena (`'a`), are `Copy`, and hold slices of the source as their text.
//! - Every node knows where it stands, as byte offsets into the source.
//! - Types are expressions, as in `go/ast`: `f[T](x)`, `[]T(x)` and `(*T).M` cannot be told from values without
//!   knowing what the names mean.
//! - The tree is never deeper than [`MAX_HEIGHT`](super::MAX_HEIGHT), so whoever reads it may recurse. What a file can
//!   repeat without end is a list here and not a chain: `a + b + c` is one [`Binary`], `if … else if …` one [`If`].
//! - Comments are no nodes. [`File::doc`] finds those above a declaration.

use std::ops::Range;

/// Where something stands in the source: bytes, end exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    /// The bytes, to slice the source with.
    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// One Go file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct File<'a> {
    pub(crate) source: &'a str,
    /// The name in the package clause; absent when there is none.
    pub(crate) package: Option<Name<'a>>,
    /// All declarations, imports among them, in order.
    pub(crate) declarations: &'a [Declaration<'a>],
    /// All comments, in order.
    pub(crate) comments: &'a [Comment<'a>],
    /// What is wrong with the file, in order. The rest of it is in the tree all the same.
    pub(crate) errors: &'a [SyntaxError<'a>],
}

/// A comment, with its `//` or `/*` and `*/`, without the line's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Comment<'a> {
    pub(crate) span: Span,
    pub(crate) text: &'a str,
}

/// Something that is not Go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError<'a> {
    pub(crate) span: Span,
    pub(crate) message: &'a str,
    pub(crate) kind: ErrorKind,
}

/// What sort of error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// The grammar does not have it.
    Syntax,
    /// The grammar has it, but it is nested deeper, or the file is larger, than this parser goes.
    TooDeep,
}

/// A name, where it is declared, or after a dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name<'a> {
    pub(crate) span: Span,
    pub(crate) text: &'a str,
}

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

/// A string literal where the grammar has nothing else: an import path, a tag of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StringLiteral<'a> {
    pub(crate) span: Span,
    /// As written, with its quotes.
    pub(crate) text: &'a str,
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

impl<'a> File<'a> {
    /// The text of a span.
    pub(crate) fn text(&self, span: Span) -> &'a str {
        &self.source[span.range()]
    }

    /// The comments that document what starts at an offset: the last group that ends on the line above it. Between the
    /// comments of a group is no empty line, and none of them stands behind code.
    pub(crate) fn doc(&self, start: u32) -> &'a [Comment<'a>] {
        let last = self.comments.partition_point(|comment| comment.span.end <= start);
        let mut first = last;
        let mut below = start;
        while let Some(comment) = first.checked_sub(1).map(|index| self.comments[index]) {
            let lines = self.lines_between(comment.span.end, below);
            let touches =
                if first == last { lines == Some(1) } else { lines.is_some_and(|lines| lines <= 1) };
            if !touches || self.stands_behind_code(first - 1) {
                break;
            }
            first -= 1;
            below = comment.span.start;
        }
        &self.comments[first..last]
    }

    /// How many line ends there are between two offsets; absent when there is more than space.
    fn lines_between(&self, start: u32, end: u32) -> Option<usize> {
        let between = self.text(Span { start, end });
        between.trim_ascii().is_empty().then(|| between.matches('\n').count())
    }

    /// Whether there is code on the line before a comment.
    fn stands_behind_code(&self, comment: usize) -> bool {
        let mut start = self.comments[comment].span.start;
        for before in self.comments[..comment].iter().rev() {
            if self.lines_between(before.span.end, start) != Some(0) {
                break;
            }
            start = before.span.start;
        }
        let line = self.source[..start as usize].rsplit('\n').next().unwrap_or_default();
        !line.trim_matches(['\u{feff}', ' ', '\t', '\r']).is_empty()
    }
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
