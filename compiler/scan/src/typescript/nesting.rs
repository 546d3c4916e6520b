//! A bound on nesting, checked before parsing: parsers recurse, and a hostile file must not exhaust the stack.

/// Brackets of all kinds that may stand within each other.
pub(super) const MAX_BRACKETS: usize = 500;

/// Operators that may hang on each other (`!!!!x`, `a ? b : c ? d : …`, `x => y => …`), those around included.
pub(super) const MAX_LINKS: usize = 5_000;

/// Words that nest what follows.
const NESTING_WORDS: [&[u8]; 25] = [
    b"if",
    b"else",
    b"for",
    b"while",
    b"do",
    b"new",
    b"typeof",
    b"void",
    b"delete",
    b"await",
    b"yield",
    b"async",
    b"keyof",
    b"unique",
    b"readonly",
    b"infer",
    b"is",
    b"as",
    b"satisfies",
    b"extends",
    b"in",
    b"of",
    b"instanceof",
    b"with",
    b"asserts",
];

/// Words that after a closing bracket, on a line of their own, can only begin a statement.
const STATEMENT_WORDS: [&[u8]; 7] =
    [b"const", b"var", b"export", b"import", b"return", b"function", b"class"];

/// The offset of what is nested too deep, if anything is.
///
/// It reads bytes, not syntax, and leaves out comments, strings and regular expressions as far as one can tell them
/// without parsing. Where a `/` leaves that in doubt, the text also has to pass with nothing left out.
pub(super) fn too_deep(text: &str) -> Option<usize> {
    if cannot_be(text.as_bytes()) {
        return None;
    }
    let mut careful = Scan::default();
    careful.run(text.as_bytes(), true);
    if careful.found.is_some() || !careful.in_doubt {
        return careful.found;
    }
    let mut plain = Scan::default();
    plain.run(text.as_bytes(), false);
    plain.found
}

/// Whether there are too few brackets and operators for it, wherever they stand. A word that links has a byte before it
/// that is no part of a word.
fn cannot_be(text: &[u8]) -> bool {
    let brackets = count(text, |byte| matches!(byte, b'(' | b'[' | b'{'));
    brackets <= MAX_BRACKETS && 2 * (text.len() - count(text, is_word)) < MAX_LINKS
}

/// The bytes of one kind; counted in bytes, many of which are added at once.
#[inline]
fn count(text: &[u8], is_it: impl Fn(u8) -> bool) -> usize {
    let of_chunk = |chunk: &[u8]| chunk.iter().map(|byte| u8::from(is_it(*byte))).sum::<u8>();
    text.chunks(usize::from(u8::MAX)).map(|chunk| usize::from(of_chunk(chunk))).sum()
}

#[derive(Default)]
struct Scan {
    /// Open brackets, each with the links counted before it opened.
    open: Vec<(u8, usize)>,
    /// Links at the present depth.
    links: usize,
    /// Links at all depths around.
    links_around: usize,
    /// The last byte that is neither white space nor comment; a quote for a whole string.
    last: u8,
    /// Whether the last word nests what follows.
    after_nesting_word: bool,
    /// Whether a line has begun since.
    on_new_line: bool,
    in_doubt: bool,
    found: Option<usize>,
}

impl Scan {
    fn run(&mut self, text: &[u8], skip: bool) {
        let mut at = 0;
        while at < text.len() && self.found.is_none() {
            let next = match text[at] {
                _ if !skip => None,
                b'"' | b'\'' => Some(end_of_string(text, at)),
                b'`' => Some(end_of_template_text(text, at + 1)),
                b'}' if matches!(self.open.last(), Some((b'$', _))) => {
                    self.close(b'$');
                    Some(end_of_template_text(text, at + 1))
                }
                b'/' => match end_of_comment(text, at) {
                    Some(end) => {
                        at = end;
                        continue;
                    }
                    None => self.end_of_regular_expression(text, at),
                },
                _ => None,
            };
            if let Some(next) = next {
                if text[..next].ends_with(b"${") {
                    self.open(b'$', next);
                }
                self.note(b'"');
                at = next;
            } else {
                self.byte(text, at);
                at += 1;
            }
        }
    }

    fn byte(&mut self, text: &[u8], at: usize) {
        match text[at] {
            bracket @ (b'(' | b'[' | b'{') => self.open(bracket, at),
            b')' => self.close(b'('),
            b']' => self.close(b'['),
            b'}' => self.close(b'{'),
            b';' | b',' => self.links = 0,
            b'!' | b'~' | b'?' | b'=' | b'+' | b'-' | b'*' | b'/' | b'%' | b'&' | b'|' | b'^' | b'<'
            | b'.' | b':' => {
                self.link(at);
            }
            letter if is_word(letter) && !is_word(before(text, at)) => {
                self.word(&text[at..], at);
                return;
            }
            _ => {}
        }
        match text[at] {
            b'\n' => self.on_new_line = true,
            byte if byte.is_ascii_whitespace() => {}
            byte if is_word(byte) => self.last = byte,
            byte => self.note(byte),
        }
    }

    fn note(&mut self, last: u8) {
        self.last = last;
        self.after_nesting_word = false;
        self.on_new_line = false;
    }

    /// A word may nest what follows, or begin a statement or member on a line of its own.
    fn word(&mut self, rest: &[u8], at: usize) {
        let length = rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len());
        let word = &rest[..length];
        let nests = NESTING_WORDS.contains(&word);
        let ends_before = match self.last {
            b')' => STATEMENT_WORDS.contains(&word),
            b']' | b'}' | b'"' => true,
            last => is_word(last) && !self.after_nesting_word,
        };
        if self.on_new_line && ends_before && !nests {
            self.links = 0;
        }
        if nests {
            self.link(at);
        }
        self.note(rest[0]);
        self.after_nesting_word = nests;
    }

    fn open(&mut self, bracket: u8, at: usize) {
        self.link(at);
        self.open.push((bracket, self.links));
        self.links_around += self.links;
        self.links = 0;
        if self.open.len() > MAX_BRACKETS {
            self.found = self.found.or(Some(at));
        }
    }

    /// Closes the last bracket of this kind and all that were left open within it; one that was never open closes
    /// nothing. The links before it count on: calls can be chained.
    fn close(&mut self, bracket: u8) {
        let Some(index) = self.open.iter().rposition(|(open, _)| *open == bracket) else { return };
        self.links = self.open[index].1;
        let closed: usize = self.open[index..].iter().map(|(_, links)| links).sum();
        self.links_around -= closed;
        self.open.truncate(index);
    }

    fn link(&mut self, at: usize) {
        self.links += 1;
        if self.links + self.links_around > MAX_LINKS {
            self.found = self.found.or(Some(at));
        }
    }

    /// The end of the regular expression that begins with a slash, if one does.
    fn end_of_regular_expression(&mut self, text: &[u8], at: usize) -> Option<usize> {
        let line = &text[at..end_of_line(text, at)];
        let is_tricky = line.iter().any(|byte| matches!(byte, b'"' | b'\'' | b'`'));
        if is_word(self.last) || matches!(self.last, b')' | b']' | b'}' | b'"') {
            self.in_doubt |= is_tricky;
            return None;
        }
        end_of_regular_expression(text, at)
    }
}

/// The end of the comment that begins with a slash, if one does.
fn end_of_comment(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at + 1)? {
        b'/' => Some(end_of_line(text, at)),
        b'*' => {
            let end = text[at + 2..].windows(2).position(|pair| pair == b"*/");
            Some(end.map_or(text.len(), |end| at + end + 4))
        }
        _ => None,
    }
}

/// The byte before an offset.
fn before(text: &[u8], at: usize) -> u8 {
    at.checked_sub(1).map_or(b' ', |before| text[before])
}

#[inline]
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

fn end_of_line(text: &[u8], at: usize) -> usize {
    text[at..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |length| at + length)
}

/// The end of a string; strings end with their line.
fn end_of_string(text: &[u8], at: usize) -> usize {
    let mut next = at + 1;
    while next < text.len() {
        match text[next] {
            b'\\' => next += 1,
            b'\n' => return next,
            byte if byte == text[at] => return next + 1,
            _ => {}
        }
        next += 1;
    }
    text.len()
}

/// The end of a piece of a template: after its closing backtick, or after `${`.
fn end_of_template_text(text: &[u8], at: usize) -> usize {
    let mut next = at;
    while next < text.len() {
        match text[next] {
            b'\\' => next += 1,
            b'`' => return next + 1,
            b'$' if text.get(next + 1) == Some(&b'{') => return next + 2,
            _ => {}
        }
        next += 1;
    }
    text.len()
}

/// The end of a regular expression, if one ends on this line.
fn end_of_regular_expression(text: &[u8], at: usize) -> Option<usize> {
    let mut next = at + 1;
    let mut in_class = false;
    while next < text.len() && text[next] != b'\n' {
        match text[next] {
            b'\\' => next += 1,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'/' if !in_class => return Some(next + 1),
            _ => {}
        }
        next += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, deep: bool) {
        assert_eq!(too_deep(text).is_some(), deep, "{}", &text[..text.len().min(60)]);
    }

    #[test]
    fn ordinary_code_passes() {
        check(
            "const a = (b + [c, { d: `x ${e(`${f}`)}` }])[0] / 2; // it's\n/* ((( */ /[(\"]/.test('(')",
            false,
        );
        check(&"const a = f(x => x.y ? 1 : 2)\n".repeat(5_000), false);
        check(&format!("const a = [\n{}]", "  { name: 'x', value: 1 + 2 },\n".repeat(50_000)), false);
        check(&format!("const a = `{}`", "(".repeat(10_000)), false);
        check(&format!("interface A {{\n{}}}", "  a?: string[]\n".repeat(50_000)), false);
        check(&"foo(a.b) // c\nexport const x = y\n".repeat(50_000), false);
        check(&format!("//{}\n/*{0}*/'{0}'", "(".repeat(10_000)), false);
    }

    #[test]
    fn what_is_nested_too_deep_is_found() {
        for open in ["(", "[", "{", "[(", "`${", "f(", "({a:", "x=>{"] {
            check(&open.repeat(10_000), true);
        }
        for link in [
            "!",
            "a?b:",
            "-",
            "x=>",
            "if(a)",
            "if(a){}else ",
            "a.b().",
            "await ",
            "new ",
            "a=",
            "typeof ",
            "a in ",
            "a\nas\n",
            "a.const\n.let",
            "while(a)\nl:",
            "if(a)\n",
            "T extends\nU ? V : ",
            "await\n",
            "yield ",
        ] {
            check(&link.repeat(10_000), true);
        }
    }

    #[test]
    fn a_slash_cannot_hide_what_follows() {
        check(&format!("x = (a) /`/1; {}", "(".repeat(10_000)), true);
        check(&format!("if (a) /`/.test(b); {}`", "(".repeat(10_000)), true);
        check(&format!("x = a /\"/ 1 {}", "(".repeat(10_000)), true);
    }
}
