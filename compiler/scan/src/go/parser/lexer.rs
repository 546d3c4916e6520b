//! From characters to tokens.
//!
//! Comments are kept aside, and the semicolons that ends of lines stand for are put in. What is wrong in a token is
//! noted, and the token is handed out all the same.

use bumpalo::Bump;
use bumpalo::collections::Vec;
use memchr::{memchr, memmem};

use super::ast::BinaryOperator::{
    Add, And, AndNot, Divide, Equal, Greater, GreaterEqual, Less, LessEqual, LogicalAnd, LogicalOr, Multiply,
    NotEqual, Or, Remainder, ShiftLeft, ShiftRight, Subtract, Xor,
};
use super::ast::{Comment, ErrorKind, Span, SyntaxError};
use super::literal;
use super::token::{Kind, Token};

/// A place in a source, and what has been found before it.
pub(super) struct Lexer<'a> {
    pub(super) source: &'a str,
    pub(super) comments: Vec<'a, Comment<'a>>,
    pub(super) errors: Vec<'a, SyntaxError<'a>>,
    at: usize,
    /// Whether the end of a line is a semicolon here.
    ends_statement: bool,
}

impl<'a> Lexer<'a> {
    /// At the start of a source that is not larger than 4 GiB.
    pub(super) fn new(arena: &'a Bump, source: &'a str) -> Self {
        let byte_order_mark = if source.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self {
            source,
            comments: Vec::new_in(arena),
            errors: Vec::new_in(arena),
            at: byte_order_mark,
            ends_statement: false,
        }
    }

    /// The next token.
    pub(super) fn next(&mut self) -> Token {
        loop {
            if let Some(line_end) = self.skip_space() {
                self.ends_statement = false;
                return Token { kind: Kind::Semicolon, span: span(line_end, line_end) };
            }
            let start = self.at;
            if let Some(kind) = self.token() {
                self.ends_statement = kind.ends_statement();
                return Token { kind, span: span(start, self.at) };
            }
        }
    }

    /// The text that has not been read yet.
    pub(super) fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    /// Goes on at an offset that lies ahead, where a token begins.
    pub(super) fn skip_to(&mut self, offset: usize) {
        self.at = offset;
    }

    /// Notes something that is wrong.
    pub(super) fn error(&mut self, start: usize, end: usize, message: &'a str) {
        self.errors.push(SyntaxError { span: span(start, end), message, kind: ErrorKind::Syntax });
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.source.as_bytes().get(self.at + ahead).copied().unwrap_or_default()
    }

    fn is_at_end(&self) -> bool {
        self.at == self.source.len()
    }

    /// Skips space and comments. Stops at what is a semicolon, and tells where that is.
    fn skip_space(&mut self) -> Option<usize> {
        loop {
            let start = self.at;
            match self.byte(0) {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\n' => {
                    self.at += 1;
                    if self.ends_statement {
                        return Some(start);
                    }
                }
                b'/' if self.byte(1) == b'/' => self.line_comment(),
                b'/' if self.byte(1) == b'*' => {
                    let comment = self.block_comment();
                    if self.ends_statement && memchr(b'\n', comment.as_bytes()).is_some() {
                        return Some(start);
                    }
                }
                0 if self.is_at_end() && self.ends_statement => return Some(start),
                _ => return None,
            }
        }
    }

    fn line_comment(&mut self) {
        let start = self.at;
        let line = memchr(b'\n', self.rest().as_bytes()).unwrap_or(self.rest().len());
        self.at += line;
        let text = self.source[start..self.at].trim_end_matches('\r');
        self.comments.push(Comment { span: span(start, start + text.len()), text });
    }

    fn block_comment(&mut self) -> &'a str {
        let start = self.at;
        let inner = start + "/*".len();
        if let Some(length) = memmem::find(&self.source.as_bytes()[inner..], b"*/") {
            self.at = inner + length + "*/".len();
        } else {
            self.at = self.source.len();
            self.error(start, inner, "this comment has no end");
        }
        let text = &self.source[start..self.at];
        self.comments.push(Comment { span: span(start, self.at), text });
        text
    }

    /// Reads a token; absent when there was something that is none.
    fn token(&mut self) -> Option<Kind> {
        let kind = match self.byte(0) {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(),
            b'0'..=b'9' => self.number(),
            b'.' if self.byte(1).is_ascii_digit() => self.number(),
            b'"' => self.string(),
            b'`' => self.raw_string(),
            b'\'' => self.rune(),
            0 if self.is_at_end() => Kind::End,
            128.. => return self.beyond_ascii(),
            _ => return self.operator(),
        };
        Some(kind)
    }

    fn word(&mut self) -> Kind {
        let start = self.at;
        let bytes = self.source.as_bytes();
        while bytes.get(self.at).is_some_and(|byte| is_word_byte(*byte)) {
            self.at += 1;
        }
        if self.byte(0) >= 128 {
            self.at += length_of_word(self.rest());
        }
        Kind::of_word(&self.source[start..self.at])
    }

    /// A word that begins beyond ASCII, or a character that Go does not have.
    fn beyond_ascii(&mut self) -> Option<Kind> {
        let character = self.rest().chars().next().expect("BUG: no character where there is a byte");
        if character.is_alphabetic() {
            self.at += length_of_word(self.rest());
            return Some(Kind::Identifier);
        }
        self.invalid_character(character);
        None
    }

    fn invalid_character(&mut self, character: char) {
        let start = self.at;
        self.at += character.len_utf8();
        let message = match character {
            '\u{feff}' => "a byte order mark can stand at the start of the file only",
            '\u{201c}' | '\u{201d}' => "this quotation mark is typographic; Go has `\"`",
            '\0' => "a NUL character cannot stand here",
            _ => "this character cannot stand here",
        };
        self.error(start, self.at, message);
    }

    fn number(&mut self) -> Kind {
        let number = literal::number(self.rest());
        self.literal(number)
    }

    fn string(&mut self) -> Kind {
        let string = literal::string(self.rest());
        self.literal(string)
    }

    fn rune(&mut self) -> Kind {
        let rune = literal::rune(self.rest());
        self.literal(rune)
    }

    fn raw_string(&mut self) -> Kind {
        let string = literal::raw_string(self.rest());
        self.literal(string)
    }

    fn literal(&mut self, literal: literal::Scanned) -> Kind {
        if let Some((range, message)) = literal.error {
            self.error(self.at + range.start, self.at + range.end, message);
        }
        self.at += literal.length;
        literal.kind
    }

    fn operator(&mut self) -> Option<Kind> {
        use Kind::{AssignOperation, Operator};
        let (kind, length) = match (self.byte(0), self.byte(1), self.byte(2)) {
            (b'(', ..) => (Kind::LeftParenthesis, 1),
            (b')', ..) => (Kind::RightParenthesis, 1),
            (b'[', ..) => (Kind::LeftBracket, 1),
            (b']', ..) => (Kind::RightBracket, 1),
            (b'{', ..) => (Kind::LeftBrace, 1),
            (b'}', ..) => (Kind::RightBrace, 1),
            (b',', ..) => (Kind::Comma, 1),
            (b';', ..) => (Kind::Semicolon, 1),
            (b'.', b'.', b'.') => (Kind::Ellipsis, 3),
            (b'.', ..) => (Kind::Dot, 1),
            (b':', b'=', _) => (Kind::Define, 2),
            (b':', ..) => (Kind::Colon, 1),
            (b'=', b'=', _) => (Operator(Equal), 2),
            (b'=', ..) => (Kind::Assign, 1),
            (b'!', b'=', _) => (Operator(NotEqual), 2),
            (b'!', ..) => (Kind::Not, 1),
            (b'~', ..) => (Kind::Tilde, 1),
            (b'+', b'+', _) => (Kind::Increment, 2),
            (b'+', b'=', _) => (AssignOperation(Add), 2),
            (b'+', ..) => (Operator(Add), 1),
            (b'-', b'-', _) => (Kind::Decrement, 2),
            (b'-', b'=', _) => (AssignOperation(Subtract), 2),
            (b'-', ..) => (Operator(Subtract), 1),
            (b'*', b'=', _) => (AssignOperation(Multiply), 2),
            (b'*', ..) => (Operator(Multiply), 1),
            (b'/', b'=', _) => (AssignOperation(Divide), 2),
            (b'/', ..) => (Operator(Divide), 1),
            (b'%', b'=', _) => (AssignOperation(Remainder), 2),
            (b'%', ..) => (Operator(Remainder), 1),
            (b'^', b'=', _) => (AssignOperation(Xor), 2),
            (b'^', ..) => (Operator(Xor), 1),
            (b'|', b'|', _) => (Operator(LogicalOr), 2),
            (b'|', b'=', _) => (AssignOperation(Or), 2),
            (b'|', ..) => (Operator(Or), 1),
            (b'&', b'^', b'=') => (AssignOperation(AndNot), 3),
            (b'&', b'^', _) => (Operator(AndNot), 2),
            (b'&', b'&', _) => (Operator(LogicalAnd), 2),
            (b'&', b'=', _) => (AssignOperation(And), 2),
            (b'&', ..) => (Operator(And), 1),
            (b'<', b'<', b'=') => (AssignOperation(ShiftLeft), 3),
            (b'<', b'<', _) => (Operator(ShiftLeft), 2),
            (b'<', b'=', _) => (Operator(LessEqual), 2),
            (b'<', b'-', _) => (Kind::Arrow, 2),
            (b'<', ..) => (Operator(Less), 1),
            (b'>', b'>', b'=') => (AssignOperation(ShiftRight), 3),
            (b'>', b'>', _) => (Operator(ShiftRight), 2),
            (b'>', b'=', _) => (Operator(GreaterEqual), 2),
            (b'>', ..) => (Operator(Greater), 1),
            (other, ..) => {
                self.invalid_character(other.into());
                return None;
            }
        };
        self.at += length;
        Some(kind)
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// How many bytes of the text belong to a word that has begun. A few more characters pass than Go's letters and digits:
/// what the compiler does not take has no meaning here either.
fn length_of_word(text: &str) -> usize {
    text.find(|character: char| !(character.is_alphanumeric() || character == '_')).unwrap_or(text.len())
}

/// A span of a source that is not larger than 4 GiB.
#[expect(clippy::cast_possible_truncation, reason = "the parser refuses a larger source")]
fn span(start: usize, end: usize) -> Span {
    Span { start: start as u32, end: end as u32 }
}
