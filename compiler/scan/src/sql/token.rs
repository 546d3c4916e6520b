//! The words of a SQL text, read as Postgres reads them.

/// A piece of a SQL text. What is between quotes is left out: it is no part of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// A keyword or a name without quotes, in the case of the text.
    Word(&'t str),
    /// A name in double quotes.
    Quoted,
    /// A string of any kind.
    String,
    /// Digits and dots.
    Number,
    /// Any other sign.
    Symbol(char),
}

impl Token<'_> {
    pub(super) fn is(&self, symbol: char) -> bool {
        *self == Token::Symbol(symbol)
    }

    /// Whether it is this word, which is given in lower case.
    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self, Token::Word(text) if text.eq_ignore_ascii_case(word))
    }
}

/// The tokens of a text without its comments; absent when it has an end that is missing, or when servers may differ in
/// how they read it. Takes time linear in the text.
pub(super) fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' => (None, &rest[1..]),
            '-' if rest.starts_with("--") => (None, rest.find(['\n', '\r']).map_or("", |end| &rest[end..])),
            '/' if rest.starts_with("/*") => (None, after_comment(rest)?),
            '\'' => (Some(Token::String), after_plain_string(&rest[1..])?),
            'e' | 'E' if rest[1..].starts_with('\'') => {
                (Some(Token::String), after_escape_string(&rest[2..])?)
            }
            '"' => (Some(Token::Quoted), after_quoted_name(&rest[1..])?),
            '$' => match dollar_quote(rest) {
                Some(quote) => {
                    let body = &rest[quote.len()..];
                    (Some(Token::String), &body[body.find(quote)? + quote.len()..])
                }
                None => (Some(Token::Symbol('$')), &rest[1..]),
            },
            _ if starts_name(first) => {
                let end = rest.find(|next| !continues_name(next)).unwrap_or(rest.len());
                (Some(Token::Word(&rest[..end])), &rest[end..])
            }
            '0'..='9' => {
                let end = rest.find(|next: char| !next.is_ascii_digit() && next != '.').unwrap_or(rest.len());
                (Some(Token::Number), &rest[end..])
            }
            // No server reads these as anything but an error.
            _ if first.is_ascii_control() => return None,
            _ => (Some(Token::Symbol(first)), &rest[first.len_utf8()..]),
        };
        // A string that goes on after a line end keeps the rules of its first piece.
        if token == Some(Token::String) && tokens.last() == Some(&Token::String) {
            return None;
        }
        tokens.extend(token);
        rest = after;
    }
    Some(tokens)
}

/// Letters beyond ASCII are letters for Postgres, whatever they are.
fn starts_name(first: char) -> bool {
    first.is_ascii_alphabetic() || first == '_' || !first.is_ascii()
}

fn continues_name(next: char) -> bool {
    starts_name(next) || next.is_ascii_digit() || next == '$'
}

/// What follows a comment, which may have comments in it.
fn after_comment(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0usize);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => (at, depth) = (at + 2, depth + 1),
            b"*/" => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
        if depth == 0 {
            return Some(&text[at..]);
        }
    }
    None
}

/// What follows a string whose first quote is taken. A backslash before a quote means one thing or the other, as the
/// server's `standard_conforming_strings` says.
fn after_plain_string(text: &str) -> Option<&str> {
    let mut escapes = false;
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\'' if escapes => return None,
            b'\'' if bytes.next_if(|(_, next)| *next == b'\'').is_none() => return Some(&text[at + 1..]),
            _ => escapes = byte == b'\\' && !escapes,
        }
    }
    None
}

/// What follows a string `E'…'` whose first quote is taken.
fn after_escape_string(text: &str) -> Option<&str> {
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'\'' if bytes.next_if(|(_, next)| *next == b'\'').is_none() => return Some(&text[at + 1..]),
            _ => {}
        }
    }
    None
}

fn after_quoted_name(text: &str) -> Option<&str> {
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        if byte == b'"' && bytes.next_if(|(_, next)| *next == b'"').is_none() {
            return Some(&text[at + 1..]);
        }
    }
    None
}

/// `$$` or `$tag$`, which begins and ends a string.
fn dollar_quote(text: &str) -> Option<&str> {
    let tag = &text[1..];
    let end = tag.find(|next: char| next == '$' || !continues_name(next))?;
    let is_quote = tag[end..].starts_with('$') && !tag.starts_with(|first: char| first.is_ascii_digit());
    is_quote.then(|| &text[..end + 2])
}
