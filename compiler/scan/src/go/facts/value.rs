//! Arguments as facts: a small tree of literals, with what is constant computed.

use super::fold::{fold, is_conversion, known};
use super::reader::{Chain, Reader, unquote};
use super::{Constant, Element, Value, ValueForm, Word};
use crate::go::parser::ast::{self, Composite, Expression, ExpressionKind, LiteralKind, UnaryOperator};

/// The fact of an argument.
pub(super) fn value(reader: &Reader<'_>, expression: Expression<'_>) -> Value {
    let inner = expression.unparenthesized();
    let form = match inner.kind {
        ExpressionKind::Bad => ValueForm::Broken,
        ExpressionKind::Literal(literal) => match unquote(literal.text, literal.kind) {
            Some(text) => ValueForm::Text(text),
            None => folded(reader, expression),
        },
        ExpressionKind::Composite(composite) => elements(reader, composite),
        ExpressionKind::Unary(unary) if unary.operator == UnaryOperator::Address => {
            match unary.operand.unparenthesized().kind {
                ExpressionKind::Composite(composite) => elements(reader, composite),
                _ => folded(reader, expression),
            }
        }
        ExpressionKind::FunctionLiteral(_) => ValueForm::Function,
        ExpressionKind::Identifier(_) | ExpressionKind::Selector(_) | ExpressionKind::Index(_) => {
            path(reader, expression)
        }
        ExpressionKind::Call(call) if !is_conversion(reader, call) => self::call(reader, call, expression),
        _ => folded(reader, expression),
    };
    Value { at: reader.at(expression.span), form }
}

fn folded(reader: &Reader<'_>, expression: Expression<'_>) -> ValueForm {
    match fold(reader, expression) {
        Ok(constant) => ValueForm::Constant(constant),
        Err(unknown) => ValueForm::Unknown(unknown.why, reader.at(unknown.span)),
    }
}

fn path(reader: &Reader<'_>, expression: Expression<'_>) -> ValueForm {
    let constant = match expression.unparenthesized().kind {
        ExpressionKind::Identifier("true") => Some(Constant::Boolean(true)),
        ExpressionKind::Identifier("false") => Some(Constant::Boolean(false)),
        ExpressionKind::Identifier("nil") => Some(Constant::Nil),
        _ => known(reader, expression),
    };
    match (constant, Chain::of(expression)) {
        (Some(constant), _) => ValueForm::Constant(constant),
        (None, Some(chain)) => {
            ValueForm::Path(chain.names.into_iter().map(|name| reader.word(name)).collect())
        }
        (None, None) => folded(reader, expression),
    }
}

fn call(reader: &Reader<'_>, call: &ast::Call<'_>, whole: Expression<'_>) -> ValueForm {
    match Chain::of(call.function) {
        Some(chain) => {
            let arguments = call.arguments.iter().map(|argument| value(reader, *argument)).collect();
            ValueForm::Call(chain.texts(), arguments)
        }
        None => folded(reader, whole),
    }
}

fn elements(reader: &Reader<'_>, composite: &Composite<'_>) -> ValueForm {
    let element = |element: &ast::Element<'_>| Element {
        at: reader.at(element.span),
        key: element.key.map(|key| key_of(reader, key)),
        value: value(reader, element.value),
    };
    ValueForm::Literal(composite.elements.iter().map(element).collect())
}

fn key_of(reader: &Reader<'_>, key: Expression<'_>) -> Word {
    Word { text: reader.file.text(key.span).into(), at: reader.at(key.span) }
}

/// How many parts a constant text may be made of.
const MAX_PARTS: usize = 256;

/// How long a constant text may be.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// The text that an expression is, with the constants of the file filled in. `local` gives the value of a local name:
/// the inner option is absent for one that is no constant, the outer one for a name that is not local.
pub(super) fn text<'a>(
    reader: &Reader<'a>,
    expression: Expression<'a>,
    local: &dyn Fn(&str) -> Option<Option<Expression<'a>>>,
) -> Option<String> {
    let mut text = String::new();
    let mut open = vec![expression];
    for _ in 0..MAX_PARTS {
        let Some(next) = open.pop() else { return Some(text) };
        match next.kind {
            ExpressionKind::Parenthesized(inner) => open.push(*inner),
            ExpressionKind::Literal(literal)
                if matches!(literal.kind, LiteralKind::String | LiteralKind::RawString) =>
            {
                text.push_str(&unquote(literal.text, literal.kind)?);
            }
            ExpressionKind::Binary(list)
                if list.rest.iter().all(|part| part.operator == ast::BinaryOperator::Add) =>
            {
                open.extend(list.rest.iter().rev().map(|part| part.operand));
                open.push(list.first);
            }
            ExpressionKind::Identifier(name) => match local(name) {
                // Its own names may mean something else where it is declared.
                Some(value) => text.push_str(&literal_text(value?)?),
                None => open.push(reader.constant(name)?),
            },
            _ => return None,
        }
        if text.len() > MAX_TEXT_BYTES {
            return None;
        }
    }
    None
}

fn literal_text(expression: Expression<'_>) -> Option<String> {
    match expression.unparenthesized().kind {
        ExpressionKind::Literal(literal) => unquote(literal.text, literal.kind),
        _ => None,
    }
}
