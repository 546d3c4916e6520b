//! The front end for Go: from the text of a file to its syntax tree.
//!
//! A recursive-descent parser of the whole language, as of Go 1.26. It accepts what `go/parser` accepts. What is wrong
//! is noted, and parsing goes on with the next thing that makes sense, so that one mistake hides little.
//!
//! # Bounds
//!
//! Time and memory are linear in the size of the source. The tree is at most [`MAX_HEIGHT`] deep, and so is the
//! recursion of the parser: the two mebibytes of stack that a thread has are enough, even without optimisation. What
//! nests deeper is left out, and one error of [`ErrorKind::TooDeep`] says so.

pub(crate) mod ast;
mod bodies;
mod control;
mod declaration;
mod doc;
mod expression;
mod lexer;
mod literal;
mod parameter;
mod statement;
mod token;
mod types;
pub(crate) mod walk;

#[cfg(test)]
mod tests;

use std::mem;

use bumpalo::Bump;
use bumpalo::collections::Vec;

use ast::{ErrorKind, Expression, ExpressionKind, File, Name, Span, StringLiteral, SyntaxError};
pub(crate) use bodies::LeftOut;
use lexer::Lexer;
use token::{Kind, Token};

/// How deep a tree can be, counted in statements, operands, types and links of a chain such as `a.b().c`.
pub(crate) const MAX_HEIGHT: usize = 500;

/// How much of a token an error message repeats.
const SHOWN_BYTES: usize = 40;

/// Parses a file. Never fails: what is wrong is in [`File::errors`], and the rest is in the tree.
pub(crate) fn parse<'a>(arena: &'a Bump, source: &'a str) -> File<'a> {
    parse_without(arena, source, None)
}

/// Parses a file without the bodies of functions that are left out; see [`ast::Function::is_left_out`].
pub(crate) fn parse_without<'a>(
    arena: &'a Bump,
    source: &'a str,
    left_out: Option<&'a LeftOut<'a>>,
) -> File<'a> {
    if u32::try_from(source.len()).is_err() {
        let message = "this file is larger than 4 GiB";
        let error = SyntaxError { span: Span::default(), message, kind: ErrorKind::TooDeep };
        let errors = arena.alloc_slice_copy(&[error]);
        return File { source, package: None, declarations: &[], comments: &[], errors };
    }
    Parser { left_out, ..Parser::new(arena, source) }.file()
}

/// What has been parsed so far is left of `token`.
struct Parser<'a> {
    arena: &'a Bump,
    lexer: Lexer<'a>,
    left_out: Option<&'a LeftOut<'a>>,
    token: Token,
    /// Where the last token before `token` ends.
    end: u32,
    /// How many tokens have been consumed, to tell progress from standing still.
    consumed: usize,
    /// Whether a `{` behind a name begins a composite literal. In the head of an `if`, `for` or `switch` it begins the
    /// body, unless there are brackets around.
    braces_are_literals: bool,
    /// How many nodes are open.
    depth: usize,
    /// How high the highest tree is that has been finished within the innermost open node.
    height: usize,
    said_too_deep: bool,
}

/// What [`Parser::enter`] gives and [`Parser::leave`] takes back.
#[derive(Clone, Copy)]
struct Level {
    outer_height: usize,
}

impl<'a> Parser<'a> {
    fn new(arena: &'a Bump, source: &'a str) -> Self {
        let mut lexer = Lexer::new(arena, source);
        let token = lexer.next();
        Self {
            arena,
            lexer,
            left_out: None,
            token,
            end: 0,
            consumed: 0,
            braces_are_literals: true,
            depth: 0,
            height: 0,
            said_too_deep: false,
        }
    }

    /// An empty list in the arena.
    fn list<T>(&self) -> Vec<'a, T> {
        Vec::new_in(self.arena)
    }

    fn alloc<T>(&self, node: T) -> &'a T {
        self.arena.alloc(node)
    }

    // Tokens.

    fn at(&self, kind: Kind) -> bool {
        self.token.kind == kind
    }

    fn start(&self) -> u32 {
        self.token.span.start
    }

    fn advance(&mut self) -> Token {
        let token = self.token;
        self.end = token.span.end;
        self.consumed += 1;
        self.token = self.lexer.next();
        token
    }

    /// Consumes a token if it is there.
    fn accept(&mut self, kind: Kind) -> bool {
        let there = self.at(kind);
        if there {
            self.advance();
        }
        there
    }

    /// Consumes a token, or says that it is missing.
    fn expect(&mut self, kind: Kind, name: &str) -> bool {
        let there = self.accept(kind);
        if !there {
            self.error_expected(name);
        }
        there
    }

    fn text(&self, span: Span) -> &'a str {
        &self.lexer.source[span.range()]
    }

    /// From a place to the end of what has been consumed.
    fn since(&self, start: u32) -> Span {
        Span { start, end: self.end.max(start) }
    }

    /// Whether the token is the first thing on its line, without space before it. In formatted code that is what a
    /// declaration of the package looks like, and little else.
    fn is_at_margin(&self) -> bool {
        self.lexer.source[..self.start() as usize].ends_with('\n')
    }

    fn name(&mut self) -> Name<'a> {
        if self.at(Kind::Identifier) {
            let span = self.advance().span;
            return Name { span, text: self.text(span) };
        }
        self.error_expected("a name");
        Name { span: self.missing(), text: "" }
    }

    /// `a, b, c`.
    fn names(&mut self) -> &'a [Name<'a>] {
        let mut names = self.list();
        names.push(self.name());
        while self.accept(Kind::Comma) {
            names.push(self.name());
        }
        names.into_bump_slice()
    }

    fn string_literal(&mut self) -> Option<StringLiteral<'a>> {
        matches!(self.token.kind, Kind::String | Kind::RawString).then(|| {
            let span = self.advance().span;
            StringLiteral { span, text: self.text(span) }
        })
    }

    // Errors.

    /// Notes an error, unless there is one at that place already: then it follows from that one.
    fn error(&mut self, span: Span, message: &str) {
        let known = self.lexer.errors.last().is_some_and(|last| last.span.start >= span.start);
        if !known {
            let message = self.arena.alloc_str(message);
            self.lexer.errors.push(SyntaxError { span, message, kind: ErrorKind::Syntax });
        }
    }

    fn error_expected(&mut self, what: &str) {
        let message = format!("expected {what}, found {}", self.found());
        self.error(self.token.span, &message);
    }

    /// The token, as a message names it.
    fn found(&self) -> String {
        let text = self.text(self.token.span);
        match self.token.kind {
            Kind::End => "the end of the file".to_owned(),
            Kind::Semicolon if self.start() as usize == self.lexer.source.len() => {
                "the end of the file".to_owned()
            }
            Kind::Semicolon if text.is_empty() => "the end of the line".to_owned(),
            Kind::String | Kind::RawString => "a string".to_owned(),
            _ if text.len() > SHOWN_BYTES => "a long word".to_owned(),
            _ => format!("`{text}`"),
        }
    }

    /// A place where something is missing: right before the token.
    fn missing(&mut self) -> Span {
        let start = self.start();
        self.end = start;
        Span { start, end: start }
    }

    /// An expression that is missing.
    fn bad(&mut self) -> Expression<'a> {
        Expression { span: self.missing(), kind: ExpressionKind::Bad }
    }

    // Lists in brackets.

    /// Elements with commas between them, up to the closing bracket.
    fn elements_before<T>(
        &mut self,
        closing: Kind,
        list: &str,
        mut element: impl FnMut(&mut Self) -> T,
    ) -> &'a [T] {
        let mut elements = self.list();
        while !self.at(closing) && !self.at(Kind::End) {
            let before = self.consumed;
            elements.push(element(self));
            if !self.next_element(closing, list) || self.consumed == before {
                break;
            }
        }
        elements.into_bump_slice()
    }

    /// Goes from one element of a list to the next. False when there is none.
    fn next_element(&mut self, closing: Kind, list: &str) -> bool {
        if self.accept(Kind::Comma) {
            return !self.at(closing) && !self.at(Kind::End);
        }
        if self.at(closing) {
            return false;
        }
        let message = format!("expected `,` or the end of {list}, found {}", self.found());
        self.error(self.token.span, &message);
        self.skip_line_end_before(closing);
        self.token.kind.begins_expression() || closing == Kind::RightBrace && self.at(Kind::LeftBrace)
    }

    /// In a list over several lines, the last comma is often forgotten.
    fn skip_line_end_before(&mut self, closing: Kind) {
        let bracket = match closing {
            Kind::RightParenthesis => ')',
            Kind::RightBracket => ']',
            _ => '}',
        };
        if self.at(Kind::Semicolon) && self.lexer.rest().trim_start().starts_with(bracket) {
            self.advance();
        }
    }

    /// Consumes the bracket at the end of a list. If something else is there, looks for it in what remains of the
    /// statement.
    fn close(&mut self, closing: Kind, name: &str) {
        if self.accept(closing) {
            return;
        }
        self.error_expected(name);
        let mut open = 0_usize;
        loop {
            match self.token.kind {
                kind if kind == closing && open == 0 => {
                    self.advance();
                    return;
                }
                Kind::End | Kind::Semicolon | Kind::LeftBrace | Kind::RightBrace => return,
                kind if kind.is_statement_keyword() => return,
                Kind::LeftParenthesis | Kind::LeftBracket => open += 1,
                Kind::RightParenthesis | Kind::RightBracket if open == 0 => return,
                Kind::RightParenthesis | Kind::RightBracket => open -= 1,
                _ => {}
            }
            self.advance();
        }
    }

    // Depth.

    /// Goes one level down. Absent when that is too deep; what stands there has then been skipped.
    fn enter(&mut self) -> Option<Level> {
        if self.depth == MAX_HEIGHT {
            self.error_too_deep(self.token.span);
            self.missing();
            self.skip_balanced();
            return None;
        }
        self.depth += 1;
        Some(Level { outer_height: mem::take(&mut self.height) })
    }

    /// Comes back up.
    fn leave(&mut self, level: Level) {
        self.depth -= 1;
        self.height = level.outer_height.max(self.height + 1);
    }

    /// Counts a node that has been put on top of those finished, as in `a.b.c`, where each link holds all before it.
    /// False when that is too high; the caller then drops what is below.
    fn grow(&mut self, span: Span) -> bool {
        self.height += 1;
        let fits = self.depth + self.height <= MAX_HEIGHT;
        if !fits {
            self.error_too_deep(span);
            self.height = 0;
        }
        fits
    }

    fn error_too_deep(&mut self, span: Span) {
        if !mem::replace(&mut self.said_too_deep, true) {
            let message = "this is nested too deep";
            self.lexer.errors.push(SyntaxError { span, message, kind: ErrorKind::TooDeep });
        }
    }

    /// Skips what stands here, up to what ends it on this level: a separator or a closing bracket.
    fn skip_balanced(&mut self) {
        let mut open = 0_usize;
        loop {
            match self.token.kind {
                Kind::End => return,
                Kind::Semicolon
                | Kind::Comma
                | Kind::RightParenthesis
                | Kind::RightBracket
                | Kind::RightBrace
                    if open == 0 =>
                {
                    return;
                }
                Kind::LeftParenthesis | Kind::LeftBracket | Kind::LeftBrace => open += 1,
                Kind::RightParenthesis | Kind::RightBracket | Kind::RightBrace => open -= 1,
                _ => {}
            }
            self.advance();
        }
    }
}
