//! Bodies of functions that are left out, since nothing in them is asked for.
//!
//! Where a body ends is found by its braces. Whoever leaves bodies out has to parse again, with all of them, when what is
//! left is no code: so it is enough to be right about code that compiles.

use memchr::memmem::{self, Finder};
use memchr::{memchr, memchr3};

/// Which bodies are left out: those with none of some names in them.
pub(crate) struct LeftOut<'n> {
    names: Vec<Finder<'n>>,
    /// What stands where the next function begins.
    function: Finder<'n>,
}

impl<'n> LeftOut<'n> {
    /// Those without these names. A name in a comment, in a string or within another word counts: too many bodies are kept,
    /// and never too few.
    pub(crate) fn without(names: impl Iterator<Item = &'n str>) -> Self {
        Self { names: names.map(Finder::new).collect(), function: Finder::new("\nfunc ") }
    }

    /// Where the brace stands that closes the body opened at an offset; absent when that body is to be parsed.
    pub(super) fn end(&self, source: &str, open: usize) -> Option<usize> {
        let end = close(source.as_bytes(), open)?;
        let body = &source.as_bytes()[open..end];
        // Here a brace is missing.
        let is_more = self.function.find(body).is_some();
        (!is_more && self.names.iter().all(|name| name.find(body).is_none())).then_some(end)
    }
}

/// The bytes at which a brace stands, or something begins that hides braces.
const STOPS: [bool; 256] = {
    let (mut stops, bytes, mut at) = ([false; 256], *b"{}\"'`/", 0);
    while at < bytes.len() {
        stops[bytes[at] as usize] = true;
        at += 1;
    }
    stops
};

/// The brace that closes the one at an offset.
fn close(text: &[u8], open: usize) -> Option<usize> {
    let (mut at, mut depth) = (open, 0_usize);
    loop {
        at += text.get(at..)?.iter().position(|byte| STOPS[usize::from(*byte)])?;
        at = match text[at] {
            b'{' => {
                depth += 1;
                at + 1
            }
            b'}' if depth == 1 => return Some(at),
            b'}' => {
                depth -= 1;
                at + 1
            }
            b'/' => after_slash(text, at)?,
            b'`' => at + 1 + memchr(b'`', &text[at + 1..])? + 1,
            quote => after_quoted(text, at + 1, quote)?,
        };
    }
}

fn after_slash(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at + 1)? {
        b'/' => Some(at + memchr(b'\n', &text[at..])?),
        b'*' => Some(at + 2 + memmem::find(&text[at + 2..], b"*/")? + 2),
        _ => Some(at + 1),
    }
}

fn after_quoted(text: &[u8], mut at: usize, quote: u8) -> Option<usize> {
    loop {
        at += memchr3(quote, b'\\', b'\n', text.get(at..)?)?;
        match text[at] {
            b'\\' => at += 2,
            b'\n' => return None,
            _ => return Some(at + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body that begins at the first brace, if `db` is the name that keeps one.
    fn check(source: &str, expected: Option<&str>) {
        let open = source.find('{').unwrap();
        let end = LeftOut::without(std::iter::once("db")).end(source, open);
        assert_eq!(end.map(|end| &source[open..=end]), expected, "{source}");
    }

    #[test]
    fn a_body_ends_with_its_brace() {
        check("func f() {} }", Some("{}"));
        check("{ if x { y() } else { z() } }}", Some("{ if x { y() } else { z() } }"));
        check(
            "{ a := \"}\\\"}\" + `}\\` + '}' + '\\'' }}",
            Some("{ a := \"}\\\"}\" + `}\\` + '}' + '\\'' }"),
        );
        check("{ a := b / c // }\n /* } ' */ }}", Some("{ a := b / c // }\n /* } ' */ }"));
    }

    #[test]
    fn a_body_with_a_name_in_it_is_kept() {
        check("{ db.Query() }", None);
        check("{ /* adbc */ }", None);
        check("{ x } db", Some("{ x }"));
    }

    #[test]
    fn what_has_no_end_or_more_in_it_than_a_body_is_kept() {
        for source in [
            "{",
            "{ \"",
            "{ \"\\",
            "{ `",
            "{ '\n' }",
            "{ /*",
            "{ //",
            "{ /",
            "{ { }",
            "{ if x {\n}\nfunc g() {}\n}",
        ] {
            check(source, None);
        }
    }
}
