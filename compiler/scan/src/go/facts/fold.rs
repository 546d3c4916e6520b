//! Constant folding: the value of an expression, where code that never runs can know it.
//!
//! Known are literals, the constants of the framework and of `time`, and arithmetic over them. Constants of the app
//! are not, like in the framework itself.

use serde::{Deserialize, Serialize};

use super::reader::{Chain, Reader, unquote};
use crate::go::parser::ast::{
    Binary, BinaryOperator, Call, Expression, ExpressionKind, Literal, LiteralKind, Span, UnaryOperator,
};

/// How deep an expression may nest.
const MAX_DEPTH: usize = 64;

/// How long a text may become.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// A constant value. A duration is an integer, in the unit of its package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::go) enum Constant {
    Integer(i64),
    Boolean(bool),
    Text(String),
    Nil,
}

/// Why a value is not known, and which part of it.
pub(super) struct Unknown {
    pub(super) span: Span,
    pub(super) why: Why,
}

/// Why a value is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::go) enum Why {
    NotConstant,
    Overflow,
    DivisionByZero,
    UnsupportedOperation,
    NotDecimal,
    TooDeep,
}

impl Why {
    /// The reason as the end of a sentence.
    pub(in crate::go) fn text(self) -> &'static str {
        match self {
            Self::NotConstant => "its value is not known before the app runs",
            Self::Overflow => "the result does not fit into 64 bits",
            Self::DivisionByZero => "it divides by zero",
            Self::UnsupportedOperation => "this operation is not possible on these values",
            Self::NotDecimal => "only whole decimal numbers are understood",
            Self::TooDeep => "it is nested too deep",
        }
    }
}

/// The value of an expression.
pub(super) fn fold(reader: &Reader<'_>, expression: Expression<'_>) -> Result<Constant, Unknown> {
    value(reader, expression, 0)
}

fn value(reader: &Reader<'_>, expression: Expression<'_>, depth: usize) -> Result<Constant, Unknown> {
    let because = |why| Unknown { span: expression.span, why };
    if depth > MAX_DEPTH {
        return Err(because(Why::TooDeep));
    }
    match expression.kind {
        ExpressionKind::Literal(literal) => self::literal(literal).map_err(because),
        ExpressionKind::Identifier("true") => Ok(Constant::Boolean(true)),
        ExpressionKind::Identifier("false") => Ok(Constant::Boolean(false)),
        ExpressionKind::Identifier("nil") => Ok(Constant::Nil),
        ExpressionKind::Parenthesized(inner) => value(reader, *inner, depth + 1),
        ExpressionKind::Unary(unary) => {
            let operand = value(reader, unary.operand, depth + 1)?;
            self::unary(unary.operator, &operand).map_err(because)
        }
        ExpressionKind::Binary(list) => self::list(reader, list, depth),
        ExpressionKind::Selector(_) => known(reader, expression).ok_or(because(Why::NotConstant)),
        ExpressionKind::Call(call) if is_conversion(reader, call) => match call.arguments {
            [argument] => value(reader, *argument, depth + 1),
            _ => Err(because(Why::NotConstant)),
        },
        _ => Err(because(Why::NotConstant)),
    }
}

fn list(reader: &Reader<'_>, list: &Binary<'_>, depth: usize) -> Result<Constant, Unknown> {
    let mut left = value(reader, list.first, depth + 1)?;
    for operation in list.rest {
        let right = value(reader, operation.operand, depth + 1)?;
        let span = Span { start: list.first.span.start, end: operation.operand.span.end };
        left = binary(operation.operator, left, &right).map_err(|why| Unknown { span, why })?;
    }
    Ok(left)
}

fn literal(literal: Literal<'_>) -> Result<Constant, Why> {
    match literal.kind {
        LiteralKind::Integer => integer(literal.text).map(Constant::Integer),
        LiteralKind::String | LiteralKind::RawString => {
            unquote(literal.text, literal.kind).map(Constant::Text).ok_or(Why::NotConstant)
        }
        LiteralKind::Float | LiteralKind::Imaginary => Err(Why::NotDecimal),
        LiteralKind::Rune => Err(Why::NotConstant),
    }
}

/// Whether a call only gives a constant another type.
pub(super) fn is_conversion(reader: &Reader<'_>, call: &Call<'_>) -> bool {
    matches!(qualified(reader, call.function), Some(("time" | "encore.dev/cron", "Duration")))
}

fn integer(written: &str) -> Result<i64, Why> {
    let is_decimal = written.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    if !is_decimal || (written.len() > 1 && written.starts_with('0')) {
        return Err(Why::NotDecimal);
    }
    written.replace('_', "").parse().map_err(|_| Why::Overflow)
}

/// The import path and the name of `package.name`.
fn qualified<'a>(reader: &Reader<'a>, expression: Expression<'a>) -> Option<(&'a str, &'a str)> {
    match Chain::of(expression)?.names.as_slice() {
        [package, name] => Some((reader.path_of(package.text)?, name.text)),
        _ => None,
    }
}

/// The constants of packages that everybody has.
pub(super) fn known(reader: &Reader<'_>, expression: Expression<'_>) -> Option<Constant> {
    let (package, name) = qualified(reader, expression)?;
    let number = match (package, name) {
        ("time", "Nanosecond") | ("encore.dev/pubsub", "AtLeastOnce") => 1,
        ("time", "Microsecond") => 1_000,
        ("time", "Millisecond") => 1_000_000,
        ("time", "Second") => 1_000_000_000,
        ("time", "Minute") => 60_000_000_000,
        ("time", "Hour") => 3_600_000_000_000,
        ("encore.dev/cron", "Minute") => 60,
        ("encore.dev/cron", "Hour") => 3_600,
        ("encore.dev/pubsub", "NoRetries") => -2,
        ("encore.dev/pubsub", "InfiniteRetries") => -1,
        ("encore.dev/pubsub", "ExactlyOnce") => 2,
        ("encore.dev/storage/cache", policy) => return eviction_policy(policy),
        _ => return None,
    };
    Some(Constant::Integer(number))
}

fn eviction_policy(name: &str) -> Option<Constant> {
    let policy = match name {
        "AllKeysLRU" => "allkeys-lru",
        "AllKeysLFU" => "allkeys-lfu",
        "AllKeysRandom" => "allkeys-random",
        "VolatileLRU" => "volatile-lru",
        "VolatileLFU" => "volatile-lfu",
        "VolatileTTL" => "volatile-ttl",
        "VolatileRandom" => "volatile-random",
        "NoEviction" => "noeviction",
        _ => return None,
    };
    Some(Constant::Text(policy.to_owned()))
}

fn unary(operator: UnaryOperator, operand: &Constant) -> Result<Constant, Why> {
    match (operator, operand) {
        (UnaryOperator::Minus, Constant::Integer(number)) => {
            number.checked_neg().map(Constant::Integer).ok_or(Why::Overflow)
        }
        (UnaryOperator::Plus, Constant::Integer(number)) => Ok(Constant::Integer(*number)),
        (UnaryOperator::Complement, Constant::Integer(number)) => Ok(Constant::Integer(!number)),
        (UnaryOperator::Not, Constant::Boolean(truth)) => Ok(Constant::Boolean(!truth)),
        _ => Err(Why::UnsupportedOperation),
    }
}

fn binary(operator: BinaryOperator, left: Constant, right: &Constant) -> Result<Constant, Why> {
    use Constant::{Boolean, Integer, Text};
    match (operator, left, right) {
        (BinaryOperator::Equal, left, right) => Ok(Boolean(left == *right)),
        (BinaryOperator::NotEqual, left, right) => Ok(Boolean(left != *right)),
        (BinaryOperator::LogicalAnd, Boolean(left), Boolean(right)) => Ok(Boolean(left && *right)),
        (BinaryOperator::LogicalOr, Boolean(left), Boolean(right)) => Ok(Boolean(left || *right)),
        (BinaryOperator::Add, Text(left), Text(right)) if left.len() + right.len() <= MAX_TEXT_BYTES => {
            Ok(Text(left + right))
        }
        (operator, Integer(left), Integer(right)) => arithmetic(operator, left, *right),
        _ => Err(Why::UnsupportedOperation),
    }
}

fn arithmetic(operator: BinaryOperator, left: i64, right: i64) -> Result<Constant, Why> {
    use BinaryOperator as Op;
    let shift = || u32::try_from(right).map_err(|_| Why::UnsupportedOperation);
    let number = match operator {
        Op::Add => left.checked_add(right),
        Op::Subtract => left.checked_sub(right),
        Op::Multiply => left.checked_mul(right),
        Op::Divide | Op::Remainder if right == 0 => return Err(Why::DivisionByZero),
        Op::Divide => left.checked_div(right),
        Op::Remainder => left.checked_rem(right),
        Op::And => Some(left & right),
        Op::Or => Some(left | right),
        Op::Xor => Some(left ^ right),
        Op::AndNot => Some(left & !right),
        Op::ShiftLeft => shift_left(left, shift()?),
        Op::ShiftRight => Some(left >> shift()?.min(63)),
        Op::Less => return Ok(Constant::Boolean(left < right)),
        Op::LessEqual => return Ok(Constant::Boolean(left <= right)),
        Op::Greater => return Ok(Constant::Boolean(left > right)),
        Op::GreaterEqual => return Ok(Constant::Boolean(left >= right)),
        Op::Equal | Op::NotEqual | Op::LogicalAnd | Op::LogicalOr => return Err(Why::UnsupportedOperation),
    };
    number.map(Constant::Integer).ok_or(Why::Overflow)
}

fn shift_left(number: i64, by: u32) -> Option<i64> {
    let shifted = i128::from(number).checked_shl(by.min(64))?;
    i64::try_from(shifted).ok()
}
#[cfg(test)]
mod tests {
    use crate::go::tests::check_file;

    /// The value of an expression, as a field of a subscription.
    fn check(expression: &str, expected: i64) {
        let body = topic(expression);
        check_file(&body, &[&format!("subscription t/s svc ack={expected}")], &[]);
    }

    fn check_unknown(expression: &str, code: &str) {
        let body = topic(expression);
        let end = 108 + expression.chars().count();
        let diagnostic = format!("{code} svc/svc.go:17:108-17:{end} `AckDeadline` is not a constant");
        check_file(&body, &[], &[&diagnostic]);
    }

    fn topic(deadline: &str) -> String {
        format!(
            "var t = pubsub.NewTopic[*M](\"t\", pubsub.TopicConfig{{DeliveryGuarantee: pubsub.ExactlyOnce}})
var _ = pubsub.NewSubscription(t, \"s\", pubsub.SubscriptionConfig[*example.M]{{Handler: handle, AckDeadline: {deadline}}})"
        )
    }

    #[test]
    fn constants_are_computed() {
        check("30 * time.Second", 30_000_000_000);
        check("5*time.Hour*24 + -10*time.Hour", 110 * 3_600_000_000_000);
        check("time.Duration(1_000)", 1_000);
        check("((7 / 2) << 3) % 10 &^ 4 | 1", 1);
        check("^0 + +2 - 1 ^ 3", 3);
        check("time.Millisecond >> 1", 500_000);
    }

    #[test]
    fn a_value_that_is_nested_too_deep_is_given_up() {
        let body = topic(&format!("{}1{}", "(".repeat(100), ")".repeat(100)));
        check_file(&body, &[], &["S0017 svc/svc.go:17:173-17:244 `AckDeadline` is not a constant"]);
    }

    #[test]
    fn what_is_not_constant_is_not_guessed() {
        check_unknown("deadline", "S0009");
        check_unknown("1.5", "S0009");
        check_unknown("010", "S0009");
        check_unknown("0x10", "S0009");
        check_unknown("1 / 0", "S0009");
        check_unknown("9223372036854775807 + 1", "S0009");
        check_unknown("1 << 99", "S0009");
        check_unknown("1 << -1", "S0009");
        check_unknown("!1", "S0009");
        check_unknown("1 + \"a\"", "S0009");
        check_unknown("compute()", "S0009");
    }
}
