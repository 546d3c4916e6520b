//! Constant folding: the value of an expression, where code that never runs can know it.
//!
//! Known are literals, the constants of the framework and of `time`, and arithmetic over them. Constants of the app
//! are not, like in the framework itself.

use tree_sitter::Node;

use super::syntax::{File, arguments, string};

/// How deep an expression may nest.
const MAX_DEPTH: usize = 64;

/// A constant value. A duration is an integer, in the unit of its package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Constant {
    Integer(i64),
    Boolean(bool),
    Text(String),
    Nil,
}

/// Why a value is not known, and which part of it.
pub(super) struct Unknown<'t> {
    pub(super) node: Node<'t>,
    pub(super) why: Why,
}

/// Why a value is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    NotConstant,
    Overflow,
    DivisionByZero,
    UnsupportedOperation,
    NotDecimal,
    TooDeep,
}

impl Why {
    /// The reason as the end of a sentence.
    pub(super) fn text(self) -> &'static str {
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
pub(super) fn fold<'t>(file: &File<'t>, node: Node<'t>) -> Result<Constant, Unknown<'t>> {
    value(file, node, 0)
}

fn value<'t>(file: &File<'t>, node: Node<'t>, depth: usize) -> Result<Constant, Unknown<'t>> {
    let because = |why| Unknown { node, why };
    if depth > MAX_DEPTH {
        return Err(because(Why::TooDeep));
    }
    let field = |name| node.child_by_field_name(name).ok_or(because(Why::NotConstant));
    let operator = || field("operator").map(|operator| file.slice(operator));
    match node.kind() {
        "int_literal" => integer(file.slice(node)).map(Constant::Integer).map_err(because),
        "float_literal" => Err(because(Why::NotDecimal)),
        "true" => Ok(Constant::Boolean(true)),
        "false" => Ok(Constant::Boolean(false)),
        "nil" => Ok(Constant::Nil),
        "interpreted_string_literal" | "raw_string_literal" => string(node, file.text)
            .map(|text| Constant::Text(text.into_owned()))
            .ok_or(because(Why::NotConstant)),
        "parenthesized_expression" | "literal_element" => {
            let inside = node.named_child(0).ok_or(because(Why::NotConstant))?;
            value(file, inside, depth + 1)
        }
        "unary_expression" => {
            let operand = value(file, field("operand")?, depth + 1)?;
            unary(operator()?, &operand).map_err(because)
        }
        "binary_expression" => {
            let left = value(file, field("left")?, depth + 1)?;
            let right = value(file, field("right")?, depth + 1)?;
            binary(operator()?, &left, &right).map_err(because)
        }
        "selector_expression" => known(file, node).ok_or(because(Why::NotConstant)),
        "call_expression" if is_conversion(file, node) => match arguments(node).as_slice() {
            [argument] => value(file, *argument, depth + 1),
            _ => Err(because(Why::NotConstant)),
        },
        _ => Err(because(Why::NotConstant)),
    }
}

fn is_conversion<'t>(file: &File<'t>, call: Node<'t>) -> bool {
    matches!(file.callee(call), Some(("time" | "encore.dev/cron", "Duration")))
}

fn integer(written: &str) -> Result<i64, Why> {
    let is_decimal = written.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    if !is_decimal || (written.len() > 1 && written.starts_with('0')) {
        return Err(Why::NotDecimal);
    }
    written.replace('_', "").parse().map_err(|_| Why::Overflow)
}

/// The constants of packages that everybody has.
fn known<'t>(file: &File<'t>, node: Node<'t>) -> Option<Constant> {
    let (package, name) = file.qualified(node)?;
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

fn unary(operator: &str, operand: &Constant) -> Result<Constant, Why> {
    match (operator, operand) {
        ("-", Constant::Integer(number)) => number.checked_neg().map(Constant::Integer).ok_or(Why::Overflow),
        ("+", Constant::Integer(number)) => Ok(Constant::Integer(*number)),
        ("^", Constant::Integer(number)) => Ok(Constant::Integer(!number)),
        ("!", Constant::Boolean(truth)) => Ok(Constant::Boolean(!truth)),
        _ => Err(Why::UnsupportedOperation),
    }
}

fn binary(operator: &str, left: &Constant, right: &Constant) -> Result<Constant, Why> {
    use Constant::{Boolean, Integer, Text};
    match (operator, left, right) {
        ("==", left, right) => Ok(Boolean(left == right)),
        ("!=", left, right) => Ok(Boolean(left != right)),
        ("&&", Boolean(left), Boolean(right)) => Ok(Boolean(*left && *right)),
        ("||", Boolean(left), Boolean(right)) => Ok(Boolean(*left || *right)),
        ("+", Text(left), Text(right)) => Ok(Text(format!("{left}{right}"))),
        (operator, Integer(left), Integer(right)) => arithmetic(operator, *left, *right),
        _ => Err(Why::UnsupportedOperation),
    }
}

fn arithmetic(operator: &str, left: i64, right: i64) -> Result<Constant, Why> {
    let shift = || u32::try_from(right).map_err(|_| Why::UnsupportedOperation);
    let number = match operator {
        "+" => left.checked_add(right),
        "-" => left.checked_sub(right),
        "*" => left.checked_mul(right),
        "/" | "%" if right == 0 => return Err(Why::DivisionByZero),
        "/" => left.checked_div(right),
        "%" => left.checked_rem(right),
        "&" => Some(left & right),
        "|" => Some(left | right),
        "^" => Some(left ^ right),
        "&^" => Some(left & !right),
        "<<" => shift_left(left, shift()?),
        ">>" => Some(left >> shift()?.min(63)),
        "<" => return Ok(Constant::Boolean(left < right)),
        "<=" => return Ok(Constant::Boolean(left <= right)),
        ">" => return Ok(Constant::Boolean(left > right)),
        ">=" => return Ok(Constant::Boolean(left >= right)),
        _ => return Err(Why::UnsupportedOperation),
    };
    number.map(Constant::Integer).ok_or(Why::Overflow)
}

fn shift_left(number: i64, by: u32) -> Option<i64> {
    let shifted = i128::from(number).checked_shl(by.min(64))?;
    i64::try_from(shifted).ok()
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_file;

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
        let body = topic(&format!("{}1{}", "(".repeat(1_000), ")".repeat(1_000)));
        check_file(&body, &[], &["S0017 svc/svc.go:17:173-17:2044 `AckDeadline` is not a constant"]);
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
