//! Values in the source that a declaration is configured with, read without running anything.

use std::collections::{BTreeMap, BTreeSet};

use compiler_diagnostics::{Code, Diagnostic, closest};
use oxc_ast::ast::{
    Argument, ArrayExpressionElement, BinaryOperator, Expression, ObjectExpression, ObjectPropertyKind,
    UnaryOperator,
};
use oxc_span::{GetSpan, Span};
use serde::{Deserialize, Serialize};

use super::resolve::Module;
use super::shape::Function;
use super::shorten::Cuts;
use crate::text::{Place, Places};

/// An expression, as far as it can configure a declaration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Value {
    pub(super) kind: Kind,
    pub(super) at: Place,
}

/// What an expression is.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    /// The result of a call, or a new object.
    Made,
    /// Anything else.
    Other,
}

/// A part of an object literal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Field {
    /// Absent for a spread and for a computed key.
    pub(super) name: Option<String>,
    /// Where the key stands.
    pub(super) key: Place,
    pub(super) value: Value,
}

impl Value {
    /// The text of a string literal.
    pub(super) fn as_string(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    /// The names that it is made of.
    pub(super) fn names<'v>(&'v self, found: &mut BTreeSet<&'v str>) {
        match &self.kind {
            Kind::Name(name) => drop(found.insert(name)),
            Kind::Member(object, _) => object.names(found),
            Kind::Array(values) => values.iter().for_each(|value| value.names(found)),
            Kind::Object(fields) => fields.iter().for_each(|field| field.value.names(found)),
            _ => {}
        }
    }

    /// What is left of an object when only names, and what is made in place, are kept.
    pub(super) fn named_parts(self) -> Option<Self> {
        let kind = match self.kind {
            Kind::Object(fields) => {
                let part = |field: Field| Some(Field { value: field.value.named_parts()?, ..field });
                let fields: Vec<Field> = fields.into_iter().filter_map(part).collect();
                Kind::Object(Some(fields).filter(|fields| !fields.is_empty())?)
            }
            kind @ (Kind::Name(_) | Kind::Member(..) | Kind::Made) => kind,
            _ => return None,
        };
        Some(Self { kind, ..self })
    }

    fn is_absent(&self) -> bool {
        matches!(self.kind, Kind::Undefined)
    }
}

/// Values within each other that are read; what lies deeper configures nothing.
const MAX_DEPTH: usize = 32;

/// Reads expressions, types and functions with their places.
#[derive(Clone, Copy)]
pub(super) struct Reader<'t> {
    places: &'t Places<'t>,
    /// What was left out of the text that is read, and not of that which the places are of.
    cuts: &'t Cuts,
    /// How much deeper it may go.
    depth: usize,
}

impl<'t> Reader<'t> {
    /// A reader of a text with these places, or of what is left of it.
    pub(super) fn new(places: &'t Places<'t>, cuts: &'t Cuts) -> Self {
        Self { places, cuts, depth: MAX_DEPTH }
    }

    /// The reader of what lies within; absent when that is too deep.
    pub(super) fn within(self) -> Option<Self> {
        Some(Self { depth: self.depth.checked_sub(1)?, ..self })
    }

    /// The place of a span.
    pub(super) fn at(self, span: Span) -> Place {
        let [start, end] = [span.start, span.end].map(|offset| self.cuts.original(offset as usize));
        self.places.place(start, end)
    }

    /// Reads an expression.
    pub(super) fn value(self, expression: &Expression<'_>) -> Value {
        let inner = expression.get_inner_expression();
        let kind = self.within().map_or(Kind::Other, |within| within.kind(inner));
        Value { kind, at: self.at(expression.span()) }
    }

    /// Reads an argument; a spread is [`Kind::Other`].
    pub(super) fn argument(self, argument: &Argument<'_>) -> Value {
        match argument.as_expression() {
            Some(expression) => self.value(expression),
            None => Value { kind: Kind::Other, at: self.at(argument.span()) },
        }
    }

    fn kind(self, expression: &Expression<'_>) -> Kind {
        match expression {
            Expression::StringLiteral(literal) => Kind::String(literal.value.to_string()),
            Expression::TemplateLiteral(template) => match template.single_quasi() {
                Some(text) => Kind::String(text.to_string()),
                None => Kind::Other,
            },
            Expression::NumericLiteral(_)
            | Expression::UnaryExpression(_)
            | Expression::BinaryExpression(_) => {
                whole_number(expression, self.depth).map_or(Kind::Other, Kind::Integer)
            }
            Expression::BooleanLiteral(literal) => Kind::Bool(literal.value),
            Expression::NullLiteral(_) => Kind::Null,
            Expression::Identifier(name) if name.name == "undefined" => Kind::Undefined,
            Expression::Identifier(name) => Kind::Name(name.name.to_string()),
            Expression::StaticMemberExpression(member) => {
                Kind::Member(Box::new(self.value(&member.object)), member.property.name.to_string())
            }
            Expression::ArrayExpression(array) => {
                Kind::Array(array.elements.iter().map(|element| self.element(element)).collect())
            }
            Expression::ObjectExpression(object) => Kind::Object(self.fields(object)),
            Expression::ArrowFunctionExpression(arrow) => {
                Kind::Function(Box::new(Function::of(&arrow.params, self)))
            }
            Expression::FunctionExpression(function) => {
                Kind::Function(Box::new(Function::of(&function.params, self)))
            }
            Expression::CallExpression(_) | Expression::NewExpression(_) => Kind::Made,
            _ => Kind::Other,
        }
    }

    fn element(self, element: &ArrayExpressionElement<'_>) -> Value {
        match element.as_expression() {
            Some(expression) => self.value(expression),
            None => Value { kind: Kind::Other, at: self.at(element.span()) },
        }
    }

    fn fields(self, object: &ObjectExpression<'_>) -> Vec<Field> {
        let field = |property: &ObjectPropertyKind<'_>| match property {
            ObjectPropertyKind::SpreadProperty(spread) => {
                let at = self.at(spread.span);
                Field { name: None, key: at, value: Value { kind: Kind::Other, at } }
            }
            ObjectPropertyKind::ObjectProperty(property) => Field {
                name: property.key.static_name().map(std::borrow::Cow::into_owned),
                key: self.at(property.key.span()),
                value: self.value(&property.value),
            },
        };
        object.properties.iter().map(field).collect()
    }
}

/// A whole number, or arithmetic on whole numbers; a fold that is too deep is none.
fn whole_number(expression: &Expression<'_>, depth: usize) -> Option<i64> {
    let depth = depth.checked_sub(1)?;
    match expression.get_inner_expression() {
        Expression::NumericLiteral(literal) => integer(literal.value),
        Expression::UnaryExpression(unary) => {
            let number = whole_number(&unary.argument, depth)?;
            match unary.operator {
                UnaryOperator::UnaryNegation => number.checked_neg(),
                UnaryOperator::UnaryPlus => Some(number),
                UnaryOperator::BitwiseNot => Some(!number),
                _ => None,
            }
        }
        Expression::BinaryExpression(binary) => {
            let (left, right) = (whole_number(&binary.left, depth)?, whole_number(&binary.right, depth)?);
            arithmetic(binary.operator, left, right)
        }
        _ => None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "checked to be a whole number that a double holds exactly"
)]
fn integer(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0).then_some(number as i64)
}

fn arithmetic(operator: BinaryOperator, left: i64, right: i64) -> Option<i64> {
    match operator {
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
                    .at(&module.at(value.at))
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
                    .at(&self.module.at(value.at))
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
