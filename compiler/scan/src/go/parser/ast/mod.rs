//! The syntax tree of one Go file.
//!
//! - Nodes live in an arena (`'a`), are `Copy`, and hold slices of the source as their text.
//! - Every node knows where it stands, as byte offsets into the source.
//! - Types are expressions, as in `go/ast`: `f[T](x)`, `[]T(x)` and `(*T).M` cannot be told from values without
//!   knowing what the names mean.
//! - The tree is never deeper than [`MAX_HEIGHT`](super::MAX_HEIGHT), so whoever reads it may recurse. What a file can
//!   repeat without end is a list here and not a chain: `a + b + c` is one [`Binary`], `if … else if …` one [`If`].
//! - Comments are no nodes. [`File::doc`] finds those above a declaration.

mod declaration;
mod expression;
mod statement;
mod types;

use std::ops::Range;

pub(crate) use declaration::*;
pub(crate) use expression::*;
pub(crate) use statement::*;
pub(crate) use types::*;

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

impl<'a> File<'a> {
    /// The text of a span.
    pub(crate) fn text(&self, span: Span) -> &'a str {
        &self.source[span.range()]
    }
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

/// A string literal where the grammar has nothing else: an import path, a tag of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StringLiteral<'a> {
    pub(crate) span: Span,
    /// As written, with its quotes.
    pub(crate) text: &'a str,
}
