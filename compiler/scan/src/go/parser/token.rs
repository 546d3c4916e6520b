//! The words of the language.

use super::ast::{BinaryOperator, Span};

/// One word of the source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Empty for a semicolon that the end of a line stands for, and for the end of the file.
    pub(super) span: Span,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    End,
    Semicolon,
    Identifier,
    Integer,
    Float,
    Imaginary,
    Rune,
    String,
    RawString,

    LeftParenthesis,
    RightParenthesis,
    LeftBracket,
    RightBracket,
    LeftBrace,
    RightBrace,
    Comma,
    Colon,
    Dot,
    Ellipsis,
    Define,
    Assign,
    /// `+=` and the like.
    AssignOperation(BinaryOperator),
    /// Also what is a unary operator in another place: `+`, `-`, `*`, `^`, `&`.
    Operator(BinaryOperator),
    Not,
    Tilde,
    Arrow,
    Increment,
    Decrement,

    Break,
    Case,
    Chan,
    Const,
    Continue,
    Default,
    Defer,
    Else,
    Fallthrough,
    For,
    Func,
    Go,
    Goto,
    If,
    Import,
    Interface,
    Map,
    Package,
    Range,
    Return,
    Select,
    Struct,
    Switch,
    Type,
    Var,
}

impl Kind {
    /// What a word is: a keyword or an identifier.
    pub(super) fn of_word(word: &str) -> Self {
        match word {
            "break" => Self::Break,
            "case" => Self::Case,
            "chan" => Self::Chan,
            "const" => Self::Const,
            "continue" => Self::Continue,
            "default" => Self::Default,
            "defer" => Self::Defer,
            "else" => Self::Else,
            "fallthrough" => Self::Fallthrough,
            "for" => Self::For,
            "func" => Self::Func,
            "go" => Self::Go,
            "goto" => Self::Goto,
            "if" => Self::If,
            "import" => Self::Import,
            "interface" => Self::Interface,
            "map" => Self::Map,
            "package" => Self::Package,
            "range" => Self::Range,
            "return" => Self::Return,
            "select" => Self::Select,
            "struct" => Self::Struct,
            "switch" => Self::Switch,
            "type" => Self::Type,
            "var" => Self::Var,
            _ => Self::Identifier,
        }
    }

    /// Whether the end of the line behind such a token is a semicolon.
    pub(super) fn ends_statement(self) -> bool {
        matches!(
            self,
            Self::Identifier
                | Self::Integer
                | Self::Float
                | Self::Imaginary
                | Self::Rune
                | Self::String
                | Self::RawString
                | Self::RightParenthesis
                | Self::RightBracket
                | Self::RightBrace
                | Self::Increment
                | Self::Decrement
                | Self::Break
                | Self::Continue
                | Self::Fallthrough
                | Self::Return
        )
    }

    /// Whether an expression, or a type, can begin with such a token.
    pub(super) fn begins_expression(self) -> bool {
        use BinaryOperator::{Add, And, Multiply, Subtract, Xor};
        matches!(
            self,
            Self::Identifier
                | Self::Integer
                | Self::Float
                | Self::Imaginary
                | Self::Rune
                | Self::String
                | Self::RawString
                | Self::LeftParenthesis
                | Self::LeftBracket
                | Self::Operator(Add | Subtract | Multiply | Xor | And)
                | Self::Not
                | Self::Tilde
                | Self::Arrow
                | Self::Chan
                | Self::Func
                | Self::Interface
                | Self::Map
                | Self::Struct
        )
    }

    /// Whether a statement begins with such a keyword, and nothing else does.
    pub(super) fn is_statement_keyword(self) -> bool {
        matches!(
            self,
            Self::Break
                | Self::Case
                | Self::Const
                | Self::Continue
                | Self::Default
                | Self::Defer
                | Self::Fallthrough
                | Self::For
                | Self::Go
                | Self::Goto
                | Self::If
                | Self::Return
                | Self::Select
                | Self::Switch
                | Self::Type
                | Self::Var
        )
    }

    /// Whether a declaration at package level begins with such a keyword.
    pub(super) fn begins_declaration(self) -> bool {
        matches!(self, Self::Import | Self::Const | Self::Type | Self::Var | Self::Func)
    }
}

impl BinaryOperator {
    /// How tightly the operator binds, from 1 to 5.
    pub(super) fn precedence(self) -> u8 {
        match self {
            Self::LogicalOr => 1,
            Self::LogicalAnd => 2,
            Self::Equal
            | Self::NotEqual
            | Self::Less
            | Self::LessEqual
            | Self::Greater
            | Self::GreaterEqual => 3,
            Self::Add | Self::Subtract | Self::Or | Self::Xor => 4,
            Self::Multiply
            | Self::Divide
            | Self::Remainder
            | Self::ShiftLeft
            | Self::ShiftRight
            | Self::And
            | Self::AndNot => 5,
        }
    }
}
