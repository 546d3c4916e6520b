//! Values in the source that a declaration is configured with, read without running anything.

use std::collections::BTreeMap;

use compiler_diagnostics::{Code, Diagnostic, closest};
use oxc_ast::ast::{
    Argument, ArrayExpressionElement, BinaryExpression, BinaryOperator, Expression, ObjectExpression,
    ObjectPropertyKind, UnaryOperator,
};
use oxc_span::{GetSpan, Span};

use super::resolve::Module;
use super::shape::Function;

/// An expression, as far as it can configure a declaration.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    String(String),
    /// A whole number, or arithmetic on whole numbers.
    Integer(i64),
    Bool(bool),
    Null,
    /// `undefined`: as if the field were not there.
    Undefined,
    Array(Vec<Value>),
    Object(Vec<Field>),
    /// An identifier.
    Name(String),
    /// `object.field`.
    Member(Box<Value>, String),
    Function(Box<Function>),
    /// Anything else, calls among it.
    Other,
}

/// A part of an object literal.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// Absent for a spread and for a computed key.
    pub(super) name: Option<String>,
    /// Where the key stands.
    pub(super) key: Span,
    pub(super) value: Value,
}

impl Value {
    /// Reads an expression.
    pub(super) fn of(expression: &Expression<'_>) -> Self {
        let inner = expression.get_inner_expression();
        Self { kind: kind(inner), span: expression.span() }
    }

    /// Reads an argument; a spread is [`Kind::Other`].
    pub(super) fn of_argument(argument: &Argument<'_>) -> Self {
        match argument.as_expression() {
            Some(expression) => Self::of(expression),
            None => Self { kind: Kind::Other, span: argument.span() },
        }
    }

    /// The text of a string literal.
    pub(super) fn as_string(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    fn is_absent(&self) -> bool {
        matches!(self.kind, Kind::Undefined)
    }
}

fn kind(expression: &Expression<'_>) -> Kind {
    match expression {
        Expression::StringLiteral(literal) => Kind::String(literal.value.to_string()),
        Expression::TemplateLiteral(template) => match template.single_quasi() {
            Some(text) => Kind::String(text.to_string()),
            None => Kind::Other,
        },
        Expression::NumericLiteral(literal) => integer(literal.value).map_or(Kind::Other, Kind::Integer),
        Expression::BooleanLiteral(literal) => Kind::Bool(literal.value),
        Expression::NullLiteral(_) => Kind::Null,
        Expression::Identifier(name) if name.name == "undefined" => Kind::Undefined,
        Expression::Identifier(name) => Kind::Name(name.name.to_string()),
        Expression::StaticMemberExpression(member) => {
            Kind::Member(Box::new(Value::of(&member.object)), member.property.name.to_string())
        }
        Expression::UnaryExpression(unary) => {
            match (unary.operator, kind(unary.argument.get_inner_expression())) {
                (UnaryOperator::UnaryNegation, Kind::Integer(number)) => {
                    number.checked_neg().map_or(Kind::Other, Kind::Integer)
                }
                (UnaryOperator::UnaryPlus, Kind::Integer(number)) => Kind::Integer(number),
                _ => Kind::Other,
            }
        }
        Expression::BinaryExpression(binary) => arithmetic(binary).map_or(Kind::Other, Kind::Integer),
        Expression::ArrayExpression(array) => Kind::Array(array.elements.iter().map(element).collect()),
        Expression::ObjectExpression(object) => Kind::Object(fields(object)),
        Expression::ArrowFunctionExpression(arrow) => Kind::Function(Box::new(Function::of(&arrow.params))),
        Expression::FunctionExpression(function) => Kind::Function(Box::new(Function::of(&function.params))),
        _ => Kind::Other,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "checked to be a whole number that a double holds exactly"
)]
fn integer(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0).then_some(number as i64)
}

fn arithmetic(binary: &BinaryExpression<'_>) -> Option<i64> {
    let operand = |expression: &Expression<'_>| match kind(expression.get_inner_expression()) {
        Kind::Integer(number) => Some(number),
        _ => None,
    };
    let (left, right) = (operand(&binary.left)?, operand(&binary.right)?);
    match binary.operator {
        BinaryOperator::Addition => left.checked_add(right),
        BinaryOperator::Subtraction => left.checked_sub(right),
        BinaryOperator::Multiplication => left.checked_mul(right),
        BinaryOperator::Division => (left.checked_rem(right)? == 0).then(|| left / right),
        BinaryOperator::Remainder => left.checked_rem(right),
        BinaryOperator::Exponential => left.checked_pow(u32::try_from(right).ok()?),
        BinaryOperator::ShiftLeft => left.checked_mul(1_i64.checked_shl(u32::try_from(right).ok()?)?),
        BinaryOperator::ShiftRight => left.checked_shr(u32::try_from(right).ok()?),
        _ => None,
    }
}

fn element(element: &ArrayExpressionElement<'_>) -> Value {
    match element.as_expression() {
        Some(expression) => Value::of(expression),
        None => Value { kind: Kind::Other, span: element.span() },
    }
}

fn fields(object: &ObjectExpression<'_>) -> Vec<Field> {
    let field = |property: &ObjectPropertyKind<'_>| match property {
        ObjectPropertyKind::SpreadProperty(spread) => {
            Field { name: None, key: spread.span, value: Value { kind: Kind::Other, span: spread.span } }
        }
        ObjectPropertyKind::ObjectProperty(property) => Field {
            name: property.key.static_name().map(std::borrow::Cow::into_owned),
            key: property.key.span(),
            value: Value::of(&property.value),
        },
    };
    object.properties.iter().map(field).collect()
}

/// The configuration of a declaration: an object literal with known fields.
pub(super) struct Config<'p> {
    module: &'p Module<'p>,
    fields: BTreeMap<&'p str, &'p Value>,
}

impl<'p> Config<'p> {
    /// Reads an object literal. Reports what is not one, fields that are unknown or written twice, and spreads.
    /// No value at all is an empty configuration.
    pub(super) fn read(
        module: &'p Module<'p>,
        value: Option<&'p Value>,
        known: &[&str],
        out: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut config = Self { module, fields: BTreeMap::new() };
        let Some(value) = value.filter(|value| !value.is_absent()) else { return config };
        let Kind::Object(fields) = &value.kind else {
            out.push(
                Diagnostic::error(Code::S0009, "a configuration must be an object literal")
                    .at(&module.at(value.span))
                    .note("the infrastructure of an app is read from its source without running it")
                    .help("write the configuration in place: `{ … }`"),
            );
            return config;
        };
        for field in fields {
            config.take(field, known, out);
        }
        config
    }

    fn take(&mut self, field: &'p Field, known: &[&str], out: &mut Vec<Diagnostic>) {
        let place = self.module.at(field.key);
        let Some(name) = field.name.as_deref() else {
            out.push(
                Diagnostic::error(Code::S0009, "a configuration cannot have spread or computed fields")
                    .at(&place)
                    .note("the infrastructure of an app is read from its source without running it")
                    .help("write each field out"),
            );
            return;
        };
        if !known.contains(&name) {
            let guess = closest(name, known.iter().copied()).map(|guess| format!("did you mean `{guess}`?"));
            out.push(
                Diagnostic::error(Code::S0008, format!("unknown field `{name}`"))
                    .at(&place)
                    .note("a field that nobody reads is usually a slip of the pen")
                    .help(guess.unwrap_or_else(|| format!("known fields: {}", list(known)))),
            );
        } else if self.fields.insert(name, &field.value).is_some() {
            out.push(
                Diagnostic::error(Code::S0008, format!("field `{name}` is written twice"))
                    .at(&place)
                    .note("only the last one would count")
                    .help("remove one of them"),
            );
        }
    }

    /// The value of a field, `undefined` being no value.
    pub(super) fn value(&self, name: &str) -> Option<&'p Value> {
        self.fields.get(name).copied().filter(|value| !value.is_absent())
    }

    /// A field that holds a string.
    pub(super) fn string(&self, name: &str, out: &mut Vec<Diagnostic>) -> Option<&'p str> {
        let value = self.value(name)?;
        let text = value.as_string();
        self.expect(name, text, "a string literal", out)
    }

    /// A field that holds `true` or `false`.
    pub(super) fn bool(&self, name: &str, out: &mut Vec<Diagnostic>) -> Option<bool> {
        let truth = match self.value(name)?.kind {
            Kind::Bool(truth) => Some(truth),
            _ => None,
        };
        self.expect(name, truth, "`true` or `false`", out)
    }

    /// A field that holds a whole number.
    pub(super) fn integer(&self, name: &str, out: &mut Vec<Diagnostic>) -> Option<i64> {
        let number = match self.value(name)?.kind {
            Kind::Integer(number) => Some(number),
            _ => None,
        };
        self.expect(name, number, "a whole number", out)
    }

    /// A field that holds a duration such as `"30s"`, in nanoseconds.
    pub(super) fn duration_ns(&self, name: &str, out: &mut Vec<Diagnostic>) -> Option<i64> {
        let duration = self.value(name)?.as_string().and_then(duration_ns);
        self.expect(name, duration, "a duration such as `\"30s\"`, `\"10m\"` or `\"7d\"`", out)
    }

    /// A configuration within this one.
    pub(super) fn nested(&self, name: &str, known: &[&str], out: &mut Vec<Diagnostic>) -> Config<'p> {
        Config::read(self.module, self.value(name), known, out)
    }

    /// Reports that a field's value is not what it must be, if it is not.
    pub(super) fn expect<T>(
        &self,
        name: &str,
        found: Option<T>,
        expected: &str,
        out: &mut Vec<Diagnostic>,
    ) -> Option<T> {
        if let (None, Some(value)) = (&found, self.value(name)) {
            out.push(
                Diagnostic::error(Code::S0009, format!("`{name}` must be {expected}"))
                    .at(&self.module.at(value.span))
                    .note("the infrastructure of an app is read from its source without running it")
                    .help("write the value in place"),
            );
        }
        found
    }
}

/// Names in backticks, for a message.
pub(super) fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A duration such as `30s`, `1h30m` or `7d`, in nanoseconds.
pub(super) fn duration_ns(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    let mut total: i64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let number: i64 = rest[..digits].parse().ok()?;
        let unit = rest[digits..].trim_start();
        let end = unit.find(|letter: char| !letter.is_alphabetic()).unwrap_or(unit.len());
        total = total.checked_add(number.checked_mul(unit_ns(&unit[..end])?)?)?;
        rest = unit[end..].trim_start();
    }
    Some(total)
}

fn unit_ns(unit: &str) -> Option<i64> {
    const SECOND: i64 = 1_000_000_000;
    Some(match unit {
        "ns" => 1,
        "us" | "µs" => 1_000,
        "ms" => 1_000_000,
        "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => 3_600 * SECOND,
        "d" => 24 * 3_600 * SECOND,
        "w" => 7 * 24 * 3_600 * SECOND,
        "y" => 365 * 24 * 3_600 * SECOND,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_row_of_numbers_with_units() {
        for (text, expected) in [
            ("30s", Some(30_000_000_000)),
            ("1h30m", Some(5_400_000_000_000)),
            ("7d", Some(604_800_000_000_000)),
            ("1 h", Some(3_600_000_000_000)),
            ("10ms", Some(10_000_000)),
            ("", None),
            ("10", None),
            ("10x", None),
            ("s", None),
            ("99999999999999y", None),
            ("1.5h", None),
        ] {
            assert_eq!(duration_ns(text), expected, "{text}");
        }
    }
}
