//! JSON with places: every value and every key knows where it stands.
//!
//! Configuration is read with it, so that a diagnostic can point at the value that is wrong.

use crate::text::Lines;
use compiler_diagnostics::{Diagnostic, closest};
use schema_documents::Position;

/// A value and where it stands, in bytes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Json {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<Member>),
}

/// A field of an object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    pub(crate) key: String,
    /// Where the key starts and ends, in bytes, with its quotes.
    pub(crate) key_at: (usize, usize),
    pub(crate) value: Json,
}

/// Why a text is not JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    pub(crate) message: String,
    /// The byte at which it stops being JSON.
    pub(crate) at: usize,
}

/// Reads a text that is one JSON value.
pub(crate) fn parse(text: &str) -> Result<Json, Invalid> {
    // What follows relies on this check.
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        let message = error.to_string();
        let message = message.split(" at line").next().unwrap_or(&message).to_owned();
        return Err(Invalid { message, at: offset(text, error.line(), error.column()) });
    }
    let mut reader = Reader { text, at: 0 };
    let refused = "a text is not valid here, or it is nested too deep";
    reader.value(MAX_DEPTH).ok_or_else(|| Invalid { message: refused.to_owned(), at: reader.at })
}

/// Values within each other.
const MAX_DEPTH: usize = 128;

/// The offset of a line and a column in bytes, both from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (start + column.saturating_sub(1)).min(text.len())
}

/// Reads a text that is known to be JSON.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Option<Json> {
        let depth = depth.checked_sub(1)?;
        let start = self.skip_blanks();
        let kind = match self.peek()? {
            b'"' => Kind::Text(self.text()?),
            b'[' => Kind::List(self.list(depth)?),
            b'{' => Kind::Object(self.object(depth)?),
            _ => self.word()?,
        };
        Some(Json { kind, start, end: self.at })
    }

    fn list(&mut self, depth: usize) -> Option<Vec<Json>> {
        let mut elements = Vec::new();
        self.at += 1;
        loop {
            self.skip_blanks();
            match self.peek()? {
                b']' => break,
                b',' => self.at += 1,
                _ => elements.push(self.value(depth)?),
            }
        }
        self.at += 1;
        Some(elements)
    }

    fn object(&mut self, depth: usize) -> Option<Vec<Member>> {
        let mut members = Vec::new();
        self.at += 1;
        loop {
            let start = self.skip_blanks();
            match self.peek()? {
                b'}' => break,
                b'"' => {
                    let key = self.text()?;
                    let key_at = (start, self.at);
                    self.skip_blanks();
                    self.at += 1;
                    members.push(Member { key, key_at, value: self.value(depth)? });
                }
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(members)
    }

    fn text(&mut self) -> Option<String> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        self.at += 1;
        while self.peek()? != b'"' {
            self.at += if bytes[self.at] == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        serde_json::from_str(self.text.get(start..self.at)?).ok()
    }

    fn word(&mut self) -> Option<Kind> {
        let rest = &self.text[self.at..];
        let length = rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || "+-.".contains(letter)));
        let word = &rest[..length.unwrap_or(rest.len())];
        self.at += word.len();
        Some(match word {
            "" => return None,
            "null" => Kind::Null,
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            number => Kind::Number(number.to_owned()),
        })
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The offset of what comes next.
    fn skip_blanks(&mut self) -> usize {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
        self.at
    }
}

impl Json {
    /// Where it stands.
    pub(crate) fn position(&self, lines: &Lines<'_>) -> Position {
        lines.position(self.start, self.end)
    }

    /// Its fields; absent when it is no object.
    pub(crate) fn members(&self) -> Option<&[Member]> {
        match &self.kind {
            Kind::Object(members) => Some(members),
            _ => None,
        }
    }

    /// A text that it is.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// As people are told of it.
    pub(crate) fn shown(&self) -> String {
        match &self.kind {
            Kind::Null => "null".to_owned(),
            Kind::Bool(truth) => truth.to_string(),
            Kind::Number(number) => number.clone(),
            Kind::Text(text) => text.clone(),
            Kind::List(_) => "a list".to_owned(),
            Kind::Object(_) => "an object".to_owned(),
        }
    }
}

/// A field by its name, unless it is `null`. Of two with the same name the last counts.
pub(crate) fn field<'j>(members: &'j [Member], key: &str) -> Option<&'j Member> {
    members.iter().rfind(|member| member.key == key).filter(|member| member.value.kind != Kind::Null)
}

/// Reports fields that are not known, by way of `report`, which gets the message and the place.
pub(crate) fn check_known(
    members: &[Member],
    known: &[&str],
    lines: &Lines<'_>,
    report: impl Fn(String) -> Diagnostic,
    out: &mut Vec<Diagnostic>,
) {
    for member in members.iter().filter(|member| !known.contains(&member.key.as_str())) {
        let help = match closest(&member.key, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the known fields are `{}`", known.join("`, `")),
        };
        let (start, end) = member.key_at;
        out.push(
            report(format!("unknown field `{}`", member.key)).at(&lines.position(start, end)).help(help),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_value_knows_where_it_stands() {
        let text = r#" { "a\u0041": [1, -2.5e+1, "é\"", null] , "b": {"c": true} } "#;
        let json = parse(text).unwrap();
        let members = json.members().unwrap();
        assert_eq!((json.start, json.end), (1, text.len() - 1));
        assert_eq!(members[0].key, "aA");
        assert_eq!(&text[members[0].key_at.0..members[0].key_at.1], r#""a\u0041""#);
        let Kind::List(list) = &members[0].value.kind else { panic!("{members:?}") };
        let written: Vec<_> = list.iter().map(|one| &text[one.start..one.end]).collect();
        assert_eq!(written, ["1", "-2.5e+1", r#""é\"""#, "null"]);
        assert_eq!(list[2].as_text(), Some("é\""));
        assert_eq!(field(members[1].value.members().unwrap(), "c").unwrap().value.kind, Kind::Bool(true));
    }

    #[test]
    fn what_is_no_json_is_refused_where_it_stops_being_it() {
        for (text, at, message) in [
            ("", 0, "EOF while parsing a value"),
            ("{\n  \"a\": x\n}", 9, "expected value"),
            ("[1,]", 3, "expected value"),
            ("{} {}", 3, "trailing characters"),
            ("// x", 0, "expected value"),
        ] {
            assert_eq!(parse(text), Err(Invalid { message: message.to_owned(), at }), "{text}");
        }
        let nested = |depth: usize| parse(&format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
        assert!(nested(128).is_ok() && nested(129).is_err() && nested(100_000).is_err());
        assert!(parse(&"[".repeat(100_000)).is_err() && parse(r#"["\ud800"]"#).is_err());
    }

    proptest! {
        #[test]
        fn it_takes_what_the_other_parser_takes(text in r#"[\[\]{}:, "a1\\-]{0,24}"#) {
            prop_assert_eq!(parse(&text).is_ok(), serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok());
        }
    }
}
