//! The extent of a number, string or rune, and what is wrong with it.

use std::ops::Range;

use memchr::memchr;

use super::token::Kind;

/// A literal at the start of a text.
pub(super) struct Scanned {
    pub(super) kind: Kind,
    /// In bytes.
    pub(super) length: usize,
    /// The first thing that is wrong.
    pub(super) error: Option<(Range<usize>, &'static str)>,
}

/// A string in back quotes.
pub(super) fn raw_string(text: &str) -> Scanned {
    let end = memchr(b'`', &text.as_bytes()[1..]);
    let length = end.map_or(text.len(), |inner| inner + 2);
    let error = end.is_none().then_some((0..1, "this string has no end"));
    Scanned { kind: Kind::RawString, length, error }
}

/// A string in double quotes. Without an end, it ends with the line.
pub(super) fn string(text: &str) -> Scanned {
    let bytes = text.as_bytes();
    let mut at = 1;
    let mut error = None;
    loop {
        match bytes.get(at) {
            Some(b'"') => return Scanned { kind: Kind::String, length: at + 1, error },
            Some(b'\\') => {
                at += escape(&text[at..], b'"').unwrap_or_else(|message| skip(&mut error, at, message));
            }
            Some(b'\n') | None => {
                let error = error.or(Some((0..at, "this string has no end")));
                return Scanned { kind: Kind::String, length: at, error };
            }
            Some(_) => at += 1,
        }
    }
}

/// A character in single quotes.
pub(super) fn rune(text: &str) -> Scanned {
    let mut at = 1;
    let mut error = None;
    let mut characters = 0;
    while let Some(character) = text[at..].chars().next().filter(|character| *character != '\n') {
        match character {
            '\'' => {
                let one = error.or((characters != 1).then_some((0..at + 1, "a rune is one character")));
                return Scanned { kind: Kind::Rune, length: at + 1, error: one };
            }
            '\\' => at += escape(&text[at..], b'\'').unwrap_or_else(|message| skip(&mut error, at, message)),
            _ => at += character.len_utf8(),
        }
        characters += 1;
    }
    let error = error.or(Some((0..at, "this rune has no end")));
    Scanned { kind: Kind::Rune, length: at, error }
}

/// Notes a wrong escape and skips its backslash.
fn skip(error: &mut Option<(Range<usize>, &'static str)>, at: usize, message: &'static str) -> usize {
    error.get_or_insert((at..at + 1, message));
    1
}

/// The length of the escape that a text begins with.
fn escape(text: &str, quote: u8) -> Result<usize, &'static str> {
    const HEAD: usize = 2;
    let bytes = text.as_bytes();
    let (start, digits, base) = match bytes.get(1) {
        Some(b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'\\') => return Ok(HEAD),
        Some(byte) if *byte == quote => return Ok(HEAD),
        Some(b'0'..=b'7') => (1, 3, 8),
        Some(b'x') => (HEAD, 2, 16),
        Some(b'u') => (HEAD, 4, 16),
        Some(b'U') => (HEAD, 8, 16),
        _ => return Err("Go does not know this escape"),
    };
    let end = start + digits;
    let digits = text.get(start..end).filter(|digits| digits.chars().all(|digit| digit.is_digit(base)));
    let digits = digits.ok_or("this escape has too few digits")?;
    let number = u32::from_str_radix(digits, base).map_err(|_| "this escape is no character")?;
    let is_byte = !matches!(bytes[1], b'u' | b'U');
    let valid = if is_byte { number <= 255 } else { char::from_u32(number).is_some() };
    if valid { Ok(end) } else { Err("this escape is no character") }
}

/// A number.
pub(super) fn number(text: &str) -> Scanned {
    let mut scan = Number { bytes: text.as_bytes(), at: 0, digits: 0, error: None };
    let kind = scan.number();
    let Number { at, mut error, .. } = scan;
    if error.is_none() && !separators_are_between_digits(&text[..at]) {
        error = Some("`_` must stand between digits");
    }
    Scanned { kind, length: at, error: error.map(|message| (0..at, message)) }
}

/// A number that is being read.
struct Number<'t> {
    bytes: &'t [u8],
    at: usize,
    /// How many digits there are before the exponent.
    digits: usize,
    error: Option<&'static str>,
}

impl Number<'_> {
    fn number(&mut self) -> Kind {
        let base = self.base();
        let mut kind = Kind::Integer;
        let whole = self.at;
        self.digits += self.skip_digits(base);
        let whole = whole..self.at;
        if self.peek() == b'.' {
            kind = Kind::Float;
            if matches!(base, Base::Binary | Base::Octal) {
                self.wrong("only decimal and hexadecimal numbers can have a point");
            }
            self.at += 1;
            self.digits += self.skip_digits(base);
        }
        if self.digits == 0 {
            self.wrong("this number has no digits");
        }
        kind = self.exponent(base, kind);
        if self.peek() == b'i' {
            self.at += 1;
            return Kind::Imaginary;
        }
        if kind == Kind::Integer && !self.bytes[whole].iter().all(|digit| base.has(*digit)) {
            self.wrong("this number has a digit that its base does not have");
        }
        kind
    }

    /// Reads the prefix. The zero of an old octal number is itself a digit, and `08.5` and `09i` are decimal.
    fn base(&mut self) -> Base {
        if self.peek() != b'0' {
            return Base::Decimal;
        }
        let base = match self.bytes.get(1).map(u8::to_ascii_lowercase) {
            Some(b'x') => Base::Hexadecimal,
            Some(b'o') => Base::Octal,
            Some(b'b') => Base::Binary,
            _ => {
                self.digits = 1;
                return Base::OldOctal;
            }
        };
        self.at = 2;
        base
    }

    fn exponent(&mut self, base: Base, kind: Kind) -> Kind {
        let wrong = match (self.peek().to_ascii_lowercase(), base) {
            (b'e', Base::Decimal | Base::OldOctal) | (b'p', Base::Hexadecimal) => None,
            (b'e', _) => Some("an `e` exponent belongs to a decimal number"),
            (b'p', _) => Some("a `p` exponent belongs to a hexadecimal number"),
            (_, Base::Hexadecimal) if kind == Kind::Float => {
                self.wrong("a hexadecimal number with a point must have a `p` exponent");
                return kind;
            }
            _ => return kind,
        };
        if let Some(message) = wrong {
            self.wrong(message);
        }
        self.at += 1;
        if matches!(self.peek(), b'+' | b'-') {
            self.at += 1;
        }
        if self.skip_digits(Base::Decimal) == 0 {
            self.wrong("this exponent has no digits");
        }
        Kind::Float
    }

    /// Skips digits and `_`, and counts the digits. A digit that the base does not have is skipped, too.
    fn skip_digits(&mut self, base: Base) -> usize {
        let hexadecimal = base == Base::Hexadecimal;
        let mut digits = 0;
        loop {
            match self.peek() {
                b'_' => {}
                b'0'..=b'9' => digits += 1,
                b'a'..=b'f' | b'A'..=b'F' if hexadecimal => digits += 1,
                _ => return digits,
            }
            self.at += 1;
        }
    }

    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or_default()
    }

    fn wrong(&mut self, message: &'static str) {
        self.error.get_or_insert(message);
    }
}

/// What the digits of a number count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Base {
    Binary,
    Octal,
    /// With a leading `0` only.
    OldOctal,
    Decimal,
    Hexadecimal,
}

impl Base {
    /// Whether it has a digit, or the byte is none.
    fn has(self, digit: u8) -> bool {
        match self {
            Self::Binary => !matches!(digit, b'2'..=b'9'),
            Self::Octal | Self::OldOctal => !matches!(digit, b'8' | b'9'),
            Self::Decimal | Self::Hexadecimal => true,
        }
    }
}

/// Whether each `_` of a number has a digit, or the prefix, before it, and a digit behind it.
fn separators_are_between_digits(number: &str) -> bool {
    let bytes = number.as_bytes();
    let prefixed = matches!(bytes, [b'0', b'x' | b'X' | b'o' | b'O' | b'b' | b'B', ..]);
    let hexadecimal = matches!(bytes, [b'0', b'x' | b'X', ..]);
    let is_digit = |byte: &u8| byte.is_ascii_digit() || hexadecimal && byte.is_ascii_hexdigit();
    bytes.iter().enumerate().filter(|(_, byte)| **byte == b'_').all(|(at, _)| {
        let before = at.checked_sub(1).map(|before| &bytes[before]);
        let after_prefix = prefixed && at == 2;
        (after_prefix || before.is_some_and(is_digit)) && bytes.get(at + 1).is_some_and(is_digit)
    })
}
