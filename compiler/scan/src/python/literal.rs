//! Values in the source that a declaration is configured with, read without running anything.

use serde::{Deserialize, Serialize};
use tree_sitter::Node;

use super::syntax::Source;
use crate::text::Place;

/// Expressions within each other that are followed; deeper ones are not constants.
const MAX_DEPTH: u32 = 64;

/// Longer texts are not constants.
const MAX_TEXT_BYTES: usize = 1024 * 1024;

/// An expression, as far as it can configure a declaration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Value {
    pub(super) kind: Kind,
    pub(super) at: Place,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Kind {
    None,
    Bool(bool),
    Integer(i64),
    Text(String),
    /// `timedelta(…)`, in nanoseconds.
    Duration(i64),
    /// `a.b.c`
    Name(Vec<String>),
    /// `*a` or `**a` among arguments.
    Spread,
    /// Anything else.
    Other,
}

impl Value {
    /// Reads an expression.
    pub(super) fn of(source: &Source<'_>, node: Node<'_>) -> Self {
        let kind = kind(source, node, MAX_DEPTH).filter(|kind| match kind {
            Kind::Text(text) => text.len() <= MAX_TEXT_BYTES,
            _ => true,
        });
        Self { kind: kind.unwrap_or(Kind::Other), at: source.place(node) }
    }

    /// The text that it is.
    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }
}

fn kind(source: &Source<'_>, node: Node<'_>, depth: u32) -> Option<Kind> {
    let depth = depth.checked_sub(1)?;
    Some(match node.kind() {
        "none" => Kind::None,
        "true" => Kind::Bool(true),
        "false" => Kind::Bool(false),
        "integer" => Kind::Integer(integer(source.slice(node))?),
        "string" => Kind::Text(text(source, node)?),
        "concatenated_string" => {
            let mut cursor = node.walk();
            let parts = node.named_children(&mut cursor).filter(|part| part.kind() != "comment");
            Kind::Text(parts.map(|part| text(source, part)).collect::<Option<String>>()?)
        }
        "parenthesized_expression" => kind(source, inner(node)?, depth)?,
        "unary_operator" => {
            let value = kind(source, node.child_by_field_name("argument")?, depth)?;
            match (source.slice(node.child_by_field_name("operator")?), value) {
                ("-", Kind::Integer(value)) => Kind::Integer(value.checked_neg()?),
                ("+", Kind::Integer(value)) => Kind::Integer(value),
                _ => return None,
            }
        }
        "binary_operator" => {
            let operand = |field| kind(source, node.child_by_field_name(field)?, depth);
            let operator = source.slice(node.child_by_field_name("operator")?);
            fold(operator, operand("left")?, operand("right")?)?
        }
        "identifier" => Kind::Name(vec![source.slice(node).to_owned()]),
        "attribute" => Kind::Name(name(source, node, depth)?),
        "call" => Kind::Duration(timedelta(source, node, depth)?),
        "list_splat" | "dictionary_splat" => Kind::Spread,
        _ => return None,
    })
}

fn inner(node: Node<'_>) -> Option<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).find(|child| child.kind() != "comment")
}

fn fold(operator: &str, left: Kind, right: Kind) -> Option<Kind> {
    match (left, right) {
        (Kind::Text(left), Kind::Text(right)) if operator == "+" => {
            (left.len() + right.len() <= MAX_TEXT_BYTES).then(|| Kind::Text(left + &right))
        }
        (Kind::Integer(left), Kind::Integer(right)) => Some(Kind::Integer(match operator {
            "+" => left.checked_add(right)?,
            "-" => left.checked_sub(right)?,
            "*" => left.checked_mul(right)?,
            "//" => left.checked_div_euclid(right).filter(|_| right > 0)?,
            "%" => left.checked_rem_euclid(right).filter(|_| right > 0)?,
            "**" => left.checked_pow(u32::try_from(right).ok()?)?,
            _ => return None,
        })),
        _ => None,
    }
}

/// `a.b.c`, gone through from its end.
fn name(source: &Source<'_>, node: Node<'_>, depth: u32) -> Option<Vec<String>> {
    let mut path = Vec::new();
    let mut at = node;
    for _ in 0..depth {
        if at.kind() == "identifier" {
            path.push(source.slice(at).to_owned());
            path.reverse();
            return Some(path);
        }
        path.push(source.slice(at.child_by_field_name("attribute")?).to_owned());
        at = at.child_by_field_name("object")?;
    }
    None
}

/// An integer as Python writes it: with `_`, and in other bases.
fn integer(written: &str) -> Option<i64> {
    let digits = written.replace('_', "").to_ascii_lowercase();
    let based = [("0x", 16), ("0o", 8), ("0b", 2)].into_iter();
    based
        .filter_map(|(prefix, base)| Some((digits.strip_prefix(prefix)?, base)))
        .next()
        .map_or_else(|| digits.parse(), |(digits, base)| i64::from_str_radix(digits, base))
        .ok()
}

/// The text of a string literal; absent where something is filled in, and for bytes.
fn text(source: &Source<'_>, node: Node<'_>) -> Option<String> {
    let mut cursor = node.walk();
    let start = node.named_children(&mut cursor).find(|child| child.kind() == "string_start")?;
    let prefix = source.slice(start).trim_end_matches(['"', '\'']).to_ascii_lowercase();
    if prefix.contains(['b', 't']) {
        return None;
    }
    let mut found = String::new();
    let mut cursor = node.walk();
    for child in node.named_children(&mut cursor) {
        match child.kind() {
            "string_start" | "string_end" => {}
            // Doubled braces are the only thing besides values in which an f-string differs.
            "string_content" if prefix.contains('f') && source.slice(child).contains(['{', '}']) => {
                return None;
            }
            "string_content" if prefix.contains('r') => found.push_str(source.slice(child)),
            "string_content" => unescape(source.slice(child), &mut found)?,
            _ => return None,
        }
    }
    Some(found)
}

/// Adds a text with its escapes resolved.
fn unescape(written: &str, into: &mut String) -> Option<()> {
    let mut letters = written.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            into.push(letter);
            continue;
        }
        match letters.next()? {
            '\n' => {}
            'n' => into.push('\n'),
            't' => into.push('\t'),
            'r' => into.push('\r'),
            '0' => into.push('\0'),
            quoted @ ('\\' | '\'' | '"') => into.push(quoted),
            'x' => into.push(code(&mut letters, 2)?),
            'u' => into.push(code(&mut letters, 4)?),
            'U' => into.push(code(&mut letters, 8)?),
            // Rare ones would only be guessed at.
            'N' | 'a' | 'b' | 'f' | 'v' | '1'..='7' => return None,
            other => into.extend(['\\', other]),
        }
    }
    Some(())
}

fn code(letters: &mut std::str::Chars<'_>, digits: usize) -> Option<char> {
    let written = letters.as_str().get(..digits)?;
    *letters = letters.as_str()[digits..].chars();
    char::from_u32(u32::from_str_radix(written, 16).ok()?)
}

/// The nanoseconds of `timedelta(minutes=5)`.
fn timedelta(source: &Source<'_>, call: Node<'_>, depth: u32) -> Option<i64> {
    let callee = name(source, call.child_by_field_name("function")?, depth)?;
    if callee.last()? != "timedelta" {
        return None;
    }
    let arguments = call.child_by_field_name("arguments")?;
    let mut positions = ["days", "seconds", "microseconds"].into_iter();
    let mut total: i64 = 0;
    let mut cursor = arguments.walk();
    for argument in arguments.named_children(&mut cursor).filter(|argument| argument.kind() != "comment") {
        let (unit, value) = match argument.kind() {
            "keyword_argument" => {
                let name = argument.child_by_field_name("name")?;
                (source.slice(name), argument.child_by_field_name("value")?)
            }
            _ => (positions.next()?, argument),
        };
        let Kind::Integer(count) = kind(source, value, depth)? else { return None };
        total = total.checked_add(count.checked_mul(unit_ns(unit)?)?)?;
    }
    Some(total)
}

fn unit_ns(unit: &str) -> Option<i64> {
    const SECOND: i64 = 1_000_000_000;
    Some(match unit {
        "weeks" => 7 * 24 * 3_600 * SECOND,
        "days" => 24 * 3_600 * SECOND,
        "hours" => 3_600 * SECOND,
        "minutes" => 60 * SECOND,
        "seconds" => SECOND,
        "milliseconds" => 1_000_000,
        "microseconds" => 1_000,
        _ => return None,
    })
}

/// The nanoseconds of a duration such as `1h30m`.
pub(super) fn duration_ns(written: &str) -> Option<i64> {
    const UNITS: [(&str, i64); 8] = [
        ("ms", 1_000_000),
        ("us", 1_000),
        ("µs", 1_000),
        ("ns", 1),
        ("d", 24 * 3_600 * 1_000_000_000),
        ("h", 3_600 * 1_000_000_000),
        ("m", 60 * 1_000_000_000),
        ("s", 1_000_000_000),
    ];
    let mut rest = written.trim();
    let mut total: i64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let count: i64 = rest[..digits].parse().ok()?;
        let (unit, ns) = UNITS.iter().find(|(unit, _)| rest[digits..].starts_with(unit))?;
        total = total.checked_add(count.checked_mul(*ns)?)?;
        rest = &rest[digits + unit.len()..];
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(written: &str, expected: Kind) {
        let text = format!("x = {written}\n");
        let source = Source::parse(&text).unwrap();
        let assignment = source.root().named_child(0).unwrap().named_child(0).unwrap();
        let value = Value::of(&source, assignment.child_by_field_name("right").unwrap());
        assert_eq!(value.kind, expected, "{written}");
    }

    fn text(text: &str) -> Kind {
        Kind::Text(text.to_owned())
    }

    #[test]
    fn texts_are_put_together() {
        check("'a' \"b\"", text("ab"));
        check("('a'  # one\n    'b')", text("ab"));
        check("'a' + \"\"\"b\nc\"\"\"", text("ab\nc"));
        check(r"r'a\n' u'\x41\u00e9\n\'\d'", text("a\\nAé\n'\\d"));
        check("f'a'", text("a"));
        check("''", text(""));
        check("'é' + 'ü'", text("éü"));
        for other in ["f'{a}'", "b'a'", "'a' % b", "'a'.upper()", r"'\N{DASH}'", r"'\xé'", "f'{{'"] {
            check(other, Kind::Other);
        }
    }

    #[test]
    fn numbers_are_calculated() {
        check("1_000 * (2 + 3) - -1", Kind::Integer(5_001));
        check("2 ** 10 // 3 % 100", Kind::Integer(41));
        check("0x1F", Kind::Integer(31));
        for other in ["10 ** 100", "1 // 0", "1 / 2", "1.5", "9999999999999999999999"] {
            check(other, Kind::Other);
        }
        check(&format!("{}1{}", "(".repeat(100), ")".repeat(100)), Kind::Other);
    }

    #[test]
    fn durations_are_texts_or_timedeltas() {
        check("timedelta(minutes=1, seconds=30)", Kind::Duration(90_000_000_000));
        check("datetime.timedelta(1)", Kind::Duration(86_400_000_000_000));
        check("timedelta(fortnights=1)", Kind::Other);
        check("f(1)", Kind::Other);
        assert_eq!(duration_ns("1h30m"), Some(5_400_000_000_000));
        assert_eq!(duration_ns("250ms"), Some(250_000_000));
        for bad in ["", "5", "m", "1x", "-1s", "1.5h", "99999999999d"] {
            assert_eq!(duration_ns(bad), None, "{bad}");
        }
    }

    #[test]
    fn names_and_the_rest_are_told_apart() {
        check("a.b.c", Kind::Name(["a", "b", "c"].map(str::to_owned).to_vec()));
        check("a().b", Kind::Other);
        check("None", Kind::None);
        check("True", Kind::Bool(true));
    }
}
