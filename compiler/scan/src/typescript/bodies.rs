//! Where the bodies of functions and classes stand, found by their braces and without parsing.
//!
//! This is for leaving them out. Whoever does has to parse the rest, which fails if a body was not one; so it is enough to
//! be right about code that compiles, and to give up wherever that would take a parser.

use std::ops::Range;

use memchr::{memchr, memchr2, memchr3, memmem};

/// Templates within each other that are gone into.
const MAX_TEMPLATES: usize = 16;

/// How far back the parenthesis is looked for that closes before a slash.
const MAX_BACK_BYTES: usize = 256;

/// Words after which a slash begins a regular expression.
const WORDS_BEFORE_AN_EXPRESSION: [&[u8]; 15] = [
    b"return",
    b"typeof",
    b"instanceof",
    b"in",
    b"of",
    b"new",
    b"delete",
    b"void",
    b"throw",
    b"case",
    b"do",
    b"else",
    b"await",
    b"yield",
    b"default",
];

/// Words whose parentheses are followed by a statement.
const WORDS_BEFORE_A_CONDITION: [&[u8]; 4] = [b"if", b"while", b"for", b"with"];

/// Words in a type that another type follows.
const WORDS_BEFORE_A_TYPE: [&[u8]; 10] = [
    b"is",
    b"keyof",
    b"typeof",
    b"extends",
    b"asserts",
    b"readonly",
    b"infer",
    b"unique",
    b"new",
    b"abstract",
];

/// The insides of bodies, braces left out, in order: of functions, classes, and functions with an arrow that stand in no
/// other body, in no parentheses of a function's head and in no template. Absent where the text leaves in doubt what is
/// code and what is text.
pub(super) fn bodies(text: &str) -> Option<Vec<Range<usize>>> {
    let mut scan = Scan { text: text.as_bytes(), found: Vec::new() };
    let mut at = if text.starts_with("#!") { scan.end_of_line(0) } else { 0 };
    while let Some(next) = scan.next(at, &OUTSIDE) {
        at = match scan.text[next] {
            b'=' if scan.byte(next + 1) == b'>' => scan.arrow(next + 2)?,
            b'c' | b'f' if scan.begins_word(next) => scan.word(next)?,
            b'=' | b'c' | b'f' => next + 1,
            _ => scan.past(next, 0)?,
        };
    }
    Some(scan.found)
}

/// Bytes at which something may begin that hides brackets.
const HIDING: [u8; 4] = [b'"', b'\'', b'`', b'/'];

/// The bytes to stop at outside of bodies.
const OUTSIDE: [bool; 256] = stops(b"=cf");
const BRACES: [bool; 256] = stops(b"{}");
const PARENTHESES: [bool; 256] = stops(b"()");
const SQUARES: [bool; 256] = stops(b"[]");
const ANGLES: [bool; 256] = stops(b"<>([{;");

const fn stops(others: &[u8]) -> [bool; 256] {
    let mut stops = [false; 256];
    let mut at = 0;
    while at < HIDING.len() {
        stops[HIDING[at] as usize] = true;
        at += 1;
    }
    at = 0;
    while at < others.len() {
        stops[others[at] as usize] = true;
        at += 1;
    }
    stops
}

struct Scan<'t> {
    text: &'t [u8],
    found: Vec<Range<usize>>,
}

impl Scan<'_> {
    /// The byte at an offset; zero past the end.
    fn byte(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or(0)
    }

    /// The next byte to stop at.
    fn next(&self, from: usize, stops: &[bool; 256]) -> Option<usize> {
        let rest = self.text.get(from..)?;
        rest.iter().position(|byte| stops[usize::from(*byte)]).map(|length| from + length)
    }

    fn end_of_line(&self, at: usize) -> usize {
        memchr(b'\n', &self.text[at..]).map_or(self.text.len(), |length| at + length)
    }

    /// The next of these bytes on the same line.
    fn next_on_line(&self, from: usize, byte: u8) -> Option<usize> {
        let next = from + memchr2(byte, b'\n', &self.text[from..])?;
        (self.text[next] == byte).then_some(next)
    }

    /// Whether a word begins here that is no field of something.
    fn begins_word(&self, at: usize) -> bool {
        at.checked_sub(1).is_none_or(|before| {
            let before = self.text[before];
            !is_word(before) && !matches!(before, b'.' | b'#' | b'@' | b'\\')
        })
    }

    /// The end of the word at an offset; the offset itself when there is none.
    fn end_of_word(&self, at: usize) -> usize {
        let rest = &self.text[at.min(self.text.len())..];
        at + rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len())
    }

    /// What comes after white space and comments.
    fn blank(&self, mut at: usize) -> Option<usize> {
        loop {
            match self.byte(at) {
                b'/' if matches!(self.byte(at + 1), b'/' | b'*') => at = self.slash(at)?,
                byte if byte.is_ascii_whitespace() => at += 1,
                _ => return Some(at),
            }
        }
    }

    /// Past a string, a template, a comment, a regular expression, or a mere slash.
    fn past(&self, at: usize, templates: usize) -> Option<usize> {
        match self.text[at] {
            b'`' => self.template(at + 1, templates + 1),
            b'/' => self.slash(at),
            quote => self.string(at + 1, quote),
        }
    }

    fn string(&self, mut at: usize, quote: u8) -> Option<usize> {
        loop {
            at += memchr3(quote, b'\\', b'\n', self.text.get(at..)?)?;
            match self.text[at] {
                b'\\' => at += 2,
                b'\n' => return None,
                _ => return Some(at + 1),
            }
        }
    }

    fn template(&self, mut at: usize, templates: usize) -> Option<usize> {
        loop {
            at += memchr3(b'`', b'\\', b'$', self.text.get(at..)?)?;
            match self.text[at] {
                b'`' => return Some(at + 1),
                b'\\' => at += 2,
                _ if self.byte(at + 1) != b'{' => at += 1,
                _ if templates > MAX_TEMPLATES => return None,
                _ => at = self.close(at + 2, &BRACES, [b'{', b'}'], templates)? + 1,
            }
        }
    }

    /// The offset of the bracket that closes what was opened before this offset.
    fn close(&self, mut at: usize, stops: &[bool; 256], kind: [u8; 2], templates: usize) -> Option<usize> {
        let mut open = 0_usize;
        loop {
            at = self.next(at, stops)?;
            let byte = self.text[at];
            if byte == kind[0] {
                open += 1;
            } else if byte == kind[1] {
                match open.checked_sub(1) {
                    Some(left) => open = left,
                    None => return Some(at),
                }
            } else {
                at = self.past(at, templates)?;
                continue;
            }
            at += 1;
        }
    }

    /// Past what a bracket opens.
    fn bracket(&self, at: usize) -> Option<usize> {
        let close = match self.text[at] {
            b'(' => self.close(at + 1, &PARENTHESES, [b'(', b')'], 0),
            b'[' => self.close(at + 1, &SQUARES, [b'[', b']'], 0),
            _ => self.close(at + 1, &BRACES, [b'{', b'}'], 0),
        };
        close.map(|at| at + 1)
    }

    /// Past the arguments or parameters of a type, from their first angle on.
    fn angles(&self, mut at: usize) -> Option<usize> {
        let mut open = 0_usize;
        loop {
            at = self.next(at, &ANGLES)?;
            match self.text[at] {
                b'<' => open += 1,
                b'>' if self.text[at - 1] == b'=' => {}
                b'>' => open -= 1,
                b'(' | b'[' | b'{' => {
                    at = self.bracket(at)?;
                    continue;
                }
                b';' => return None,
                _ => {
                    at = self.past(at, 0)?;
                    continue;
                }
            }
            at += 1;
            if open == 0 {
                return Some(at);
            }
        }
    }

    /// Takes the body that an arrow leads to. One that leads to the type of an object is taken as well: nobody asks
    /// what functions of a type return.
    fn arrow(&mut self, at: usize) -> Option<usize> {
        let at = self.blank(at)?;
        if self.byte(at) == b'{' { self.body(at) } else { Some(at) }
    }

    fn body(&mut self, at: usize) -> Option<usize> {
        let end = self.close(at + 1, &BRACES, [b'{', b'}'], 0)?;
        self.found.push(at + 1..end);
        Some(end + 1)
    }

    /// Past a word, and what it heads if it is `function` or `class`.
    fn word(&mut self, at: usize) -> Option<usize> {
        let end = self.end_of_word(at);
        match &self.text[at..end] {
            b"function" => self.function(end),
            b"class" => self.class(end),
            _ => Some(end),
        }
    }

    fn function(&mut self, at: usize) -> Option<usize> {
        let mut at = self.blank(at)?;
        if self.byte(at) == b'*' {
            at = self.blank(at + 1)?;
        }
        at = self.blank(self.end_of_word(at))?;
        if self.byte(at) == b'<' {
            at = self.blank(self.angles(at)?)?;
        }
        if self.byte(at) != b'(' {
            return Some(at);
        }
        at = self.blank(self.bracket(at)?)?;
        match self.byte(at) {
            b'{' => self.body(at),
            b':' => self.function_with_result(at + 1),
            _ => Some(at),
        }
    }

    /// Past the type of a result, and the body if one follows.
    fn function_with_result(&mut self, mut at: usize) -> Option<usize> {
        let mut is_type = false;
        loop {
            at = self.blank(at)?;
            (at, is_type) = match self.byte(at) {
                b'{' if is_type => return self.body(at),
                b'(' | b'[' | b'{' => (self.bracket(at)?, true),
                b'<' => (self.angles(at)?, true),
                b'=' if self.byte(at + 1) == b'>' => (at + 2, false),
                b'|' | b'&' | b':' | b'?' | b'.' | b'-' => (at + 1, false),
                b'"' | b'\'' | b'`' => (self.past(at, 0)?, true),
                byte if is_word(byte) => {
                    let end = self.end_of_word(at);
                    let word = &self.text[at..end];
                    // Two types in a row: the first was that of a function without a body.
                    if is_type && !matches!(word, b"is" | b"extends") {
                        return Some(at);
                    }
                    (end, !WORDS_BEFORE_A_TYPE.contains(&word))
                }
                b';' | b',' | b')' | b'}' => return Some(at),
                _ => return None,
            };
        }
    }

    fn class(&mut self, at: usize) -> Option<usize> {
        let mut at = self.blank(at)?;
        if self.byte(at) != b'{' && !is_word(self.byte(at)) {
            return Some(at);
        }
        loop {
            at = self.blank(at)?;
            at = match self.byte(at) {
                b'{' => return self.body(at),
                b'<' => self.angles(at)?,
                b'(' | b'[' => self.bracket(at)?,
                b'.' | b',' => at + 1,
                byte if is_word(byte) => self.end_of_word(at),
                _ => return None,
            };
        }
    }

    /// Past a comment or a regular expression, or past the slash.
    fn slash(&self, at: usize) -> Option<usize> {
        match self.byte(at + 1) {
            b'/' => Some(self.end_of_line(at)),
            b'*' => memmem::find(&self.text[at + 2..], b"*/").map(|length| at + length + 4),
            // A regular expression ends on its line.
            _ if self.next_on_line(at + 1, b'/').is_none() => Some(at + 1),
            _ if self.is_regular_expression(at)? => self.end_of_regular_expression(at),
            _ => Some(at + 1),
        }
    }

    /// Whether a slash that is no comment begins a regular expression, by what stands before it.
    fn is_regular_expression(&self, slash: usize) -> Option<bool> {
        let before = self.text[..slash].trim_ascii_end();
        // What stands there may be in a comment.
        if memchr(b'\n', &self.text[before.len()..slash]).is_some() {
            let line = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
            memmem::find(&before[line..], b"//").is_none().then_some(())?;
        }
        let Some((last, rest)) = before.split_last() else { return Some(true) };
        match last {
            b')' => is_after_condition(before),
            b']' | b'"' | b'\'' | b'`' => Some(false),
            b'(' | b'[' | b'{' | b',' | b';' | b':' | b'=' | b'?' | b'&' | b'|' | b'^' | b'~' | b'<'
            | b'>' | b'*' | b'%' => Some(true),
            b'+' | b'-' => (rest.last() != Some(last)).then_some(true),
            b'!' => rest.last().is_some_and(|byte| !is_word(*byte) && !b")]".contains(byte)).then_some(true),
            byte if byte.is_ascii() && is_word(*byte) => {
                let start = before.iter().rposition(|byte| !is_word(*byte)).map_or(0, |at| at + 1);
                let is_field = before[..start].ends_with(b".");
                Some(!is_field && WORDS_BEFORE_AN_EXPRESSION.contains(&&before[start..]))
            }
            _ => None,
        }
    }

    fn end_of_regular_expression(&self, slash: usize) -> Option<usize> {
        let mut at = slash + 1;
        let mut in_class = false;
        loop {
            match self.text.get(at)? {
                b'\\' => at += 1,
                b'\n' => return None,
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => return Some(at + 1),
                _ => {}
            }
            at += 1;
        }
    }
}

/// Whether what ends with a parenthesis is the head of a statement, such as `if (…)`.
fn is_after_condition(before: &[u8]) -> Option<bool> {
    let mut open = 0_usize;
    for (at, byte) in before.iter().enumerate().rev().take(MAX_BACK_BYTES) {
        match byte {
            b')' => open += 1,
            b'(' if open == 1 => {
                let head = before[..at].trim_ascii_end();
                let start = head.iter().rposition(|byte| !is_word(*byte)).map_or(0, |at| at + 1);
                let word = &head[start..];
                return (word != b"await").then(|| WORDS_BEFORE_A_CONDITION.contains(&word));
            }
            b'(' => open -= 1,
            b'"' | b'\'' | b'`' | b'/' => return None,
            _ => {}
        }
    }
    None
}

/// Whether a byte is part of a name.
#[inline]
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

#[cfg(test)]
mod tests;
