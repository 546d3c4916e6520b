//! A bound on nesting, checked before parsing: the parser recurses, and a hostile file must not exhaust the stack.

/// Brackets of all kinds that may stand within each other.
pub(super) const MAX_BRACKETS: usize = 300;

/// Operators that may hang on each other (`!!!!x`, `a.b().c()`, `if … else if …`, `A<B<C>>`), those around included.
pub(super) const MAX_LINKS: usize = 3_000;

/// Words that nest what follows.
const NESTING_WORDS: [&[u8]; 20] = [
    b"if", b"else", b"while", b"for", b"in", b"match", b"loop", b"return", b"break", b"yield", b"move",
    b"async", b"unsafe", b"let", b"as", b"dyn", b"impl", b"fn", b"mut", b"const",
];

/// The offset of what is nested too deep, if anything is.
///
/// It reads bytes, not syntax, and leaves out comments, strings and characters.
pub(super) fn too_deep(text: &str) -> Option<usize> {
    let mut scan = Scan::default();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() && scan.found.is_none() {
        at = match end_of_trivia(bytes, at) {
            Some(end) => end.max(at + 1),
            None => scan.token(bytes, at),
        };
    }
    scan.found
}

#[derive(Default)]
struct Scan {
    /// Open brackets, each with the links counted before it opened.
    open: Vec<(u8, usize)>,
    /// Links at the present depth.
    links: usize,
    /// Links at all depths around.
    links_around: usize,
    /// Whether the last token closed a block.
    after_block: bool,
    found: Option<usize>,
}

impl Scan {
    /// Reads the token that begins here, and returns where it ends.
    fn token(&mut self, text: &[u8], at: usize) -> usize {
        let byte = text[at];
        if byte.is_ascii_whitespace() {
            return at + 1;
        }
        let end = if is_word(byte) { end_of_word(text, at) } else { at + 1 };
        let word = &text[at..end];
        // After a block a new statement, item or arm begins, but for what goes on with an expression.
        let goes_on = !is_word(byte) && !matches!(byte, b'(' | b'[' | b'#' | b'"' | b'\'')
            || matches!(word, b"else" | b"as");
        if self.after_block && !goes_on {
            self.links = 0;
        }
        self.after_block = byte == b'}';
        match byte {
            b'(' | b'[' | b'{' => self.open(byte, at),
            b')' => self.close(b'('),
            b']' => self.close(b'['),
            b'}' => self.close(b'{'),
            b';' | b',' => self.links = 0,
            b'!' | b'-' | b'+' | b'*' | b'/' | b'%' | b'&' | b'|' | b'^' | b'<' | b'=' | b'.' | b'?' => {
                self.link(at);
            }
            _ if NESTING_WORDS.contains(&word) => self.link(at),
            _ => {}
        }
        end
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
}

/// The end of the comment, string or character that begins here, if one does.
fn end_of_trivia(text: &[u8], at: usize) -> Option<usize> {
    match text[at] {
        b'/' => end_of_comment(text, at),
        b'"' => Some(end_of_string(text, at)),
        b'\'' => end_of_character(text, at),
        b'r' | b'b' | b'c' if !(at > 0 && is_word(text[at - 1])) => end_of_prefixed_string(text, at),
        _ => None,
    }
}

fn end_of_comment(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at + 1)? {
        b'/' => Some(find(text, at, b'\n')),
        b'*' => {
            let (mut next, mut depth) = (at + 2, 1_usize);
            while next < text.len() && depth > 0 {
                match &text[next..] {
                    [b'/', b'*', ..] => (depth, next) = (depth + 1, next + 2),
                    [b'*', b'/', ..] => (depth, next) = (depth - 1, next + 2),
                    _ => next += 1,
                }
            }
            Some(next)
        }
        _ => None,
    }
}

/// The end of a string with escapes, which may go over several lines.
fn end_of_string(text: &[u8], at: usize) -> usize {
    let mut next = at + 1;
    while next < text.len() {
        match text[next] {
            b'\\' => next += 2,
            b'"' => return next + 1,
            _ => next += 1,
        }
    }
    text.len()
}

/// The end of `'x'`; a lifetime or a label is none.
fn end_of_character(text: &[u8], at: usize) -> Option<usize> {
    match *text.get(at + 1)? {
        b'\\' => {
            let end = text[at + 2..].iter().skip(1).position(|byte| *byte == b'\'')?;
            Some(at + 3 + end + 1)
        }
        first => {
            let length = match first {
                0xF0.. => 4,
                0xE0.. => 3,
                0xC0.. => 2,
                _ => 1,
            };
            (text.get(at + 1 + length) == Some(&b'\'')).then_some(at + length + 2)
        }
    }
}

/// The end of `r"…"`, `r#"…"#`, `b"…"`, `br"…"`, `c"…"` or `b'x'`.
fn end_of_prefixed_string(text: &[u8], at: usize) -> Option<usize> {
    let letters = text[at..].iter().take_while(|byte| byte.is_ascii_lowercase()).count();
    let is_raw = match &text[at..at + letters] {
        b"r" | b"br" | b"cr" => true,
        b"b" | b"c" => false,
        _ => return None,
    };
    let after = at + letters;
    if !is_raw {
        return match text.get(after)? {
            b'"' => Some(end_of_string(text, after)),
            b'\'' => end_of_character(text, after),
            _ => None,
        };
    }
    let hashes = text[after..].iter().take_while(|byte| **byte == b'#').count();
    if text.get(after + hashes) != Some(&b'"') {
        return None;
    }
    let mut next = after + hashes + 1;
    while next < text.len() {
        let quote = find(text, next, b'"');
        let closing = text.get(quote + 1..quote + 1 + hashes);
        if quote == text.len() || closing.is_some_and(|closing| closing.iter().all(|byte| *byte == b'#')) {
            return Some((quote + 1 + hashes).min(text.len()));
        }
        next = quote + 1;
    }
    Some(text.len())
}

fn find(text: &[u8], from: usize, byte: u8) -> usize {
    text[from..].iter().position(|other| *other == byte).map_or(text.len(), |length| from + length)
}

fn end_of_word(text: &[u8], at: usize) -> usize {
    text[at..].iter().position(|byte| !is_word(*byte)).map_or(text.len(), |length| at + length)
}

/// Whether a byte can be part of a word.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
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
            &"fn f<'a>(x: &'a str) -> Vec<u8> { if x == \"(\" { 'a' } else { b'(' } }\n".repeat(20_000),
            false,
        );
        check(&"match x { A => {} (B, C) => {} 'd' => {} \"e\" => {} _ => {} }\n".repeat(20_000), false);
        check(&format!("const A: &[u32] = &[{}];", "1 + 2, ".repeat(50_000)), false);
        check(&format!("let a = r#\"{}\"#; let b = \"\\\"{0}\"; // {0}", "(".repeat(10_000)), false);
        check(
            &format!(
                "/* {} /* ( */ {0} */ let c = '\\''; let d = '\\u{{28}}'; let e = 'é';",
                "(".repeat(10_000)
            ),
            false,
        );
        check(
            &"impl A for B { const C: u8 = 1; fn d(&self) -> u8 { self.e().f()? } }\n".repeat(20_000),
            false,
        );
        check(&"#[derive(Clone)] struct A { b: Option<Vec<&'static str>>, }\n".repeat(20_000), false);
        check(&"r#type = r\"\\\"; br#\"\"#; x'\n".repeat(10_000), false);
    }

    #[test]
    fn what_is_nested_too_deep_is_found() {
        for open in ["(", "[", "{", "[(", "f(", "A{b:", "|x|{", "m!(", "if a {", "A<(", "#[a("] {
            check(&open.repeat(10_000), true);
        }
        for link in [
            "!",
            "-",
            "&",
            "*",
            "a.b().",
            "a?.",
            "|x|",
            "||",
            "a=",
            "return ",
            "a+",
            "if a {} else ",
            "A<",
            "&mut ",
            "*const ",
            "impl Fn()->",
            "1..",
            "async move ",
            "break 'a ",
        ] {
            check(&link.repeat(10_000), true);
        }
    }

    #[test]
    fn what_begins_like_a_string_cannot_hide_what_follows() {
        for start in ["'a ", "r#x ", "br ", "b' ", "'\\", "r##", "x\" \"", "/ ", "c'a "] {
            check(&format!("{start}{}", "(".repeat(10_000)), true);
        }
    }

    #[test]
    fn every_ending_is_survived() {
        let text = "/* /* */ 'a' '\\n' b'x' r##\"a\"# \"## \"\\\"\" c\"x\" 'é' // x";
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            too_deep(&text[..end]);
        }
    }
}
