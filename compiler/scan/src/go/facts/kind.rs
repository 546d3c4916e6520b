//! Types as facts.

use super::reader::{Reader, unquote};
use super::{Field, Parameter, Signature, Type, TypeForm, TypeSpec, Word};
use crate::go::parser::ast::{
    self, Expression, ExpressionKind, InterfaceElement, LiteralKind, StringLiteral,
};

/// The fact of a type that is declared.
pub(super) fn spec(reader: &Reader<'_>, spec: &ast::TypeSpec<'_>) -> TypeSpec {
    let names = spec.type_parameters.iter().flat_map(|parameter| parameter.names);
    let parameters = names.map(|name| reader.word(*name)).collect();
    TypeSpec { parameters, is_alias: spec.alias, kind: kind(reader, spec.ty) }
}

/// The fact of a type.
pub(super) fn kind(reader: &Reader<'_>, ty: Expression<'_>) -> Type {
    let boxed = |ty: &Expression<'_>| Box::new(kind(reader, *ty));
    let form = match ty.kind {
        ExpressionKind::Parenthesized(inner) => return kind(reader, *inner),
        ExpressionKind::Star(inner) => TypeForm::Pointer(boxed(inner)),
        ExpressionKind::SliceType(element) => TypeForm::List(boxed(element)),
        ExpressionKind::ArrayType(array) => TypeForm::List(boxed(&array.element)),
        ExpressionKind::MapType(map) => TypeForm::Map(boxed(&map.key), boxed(&map.value)),
        ExpressionKind::StructType(fields) => {
            TypeForm::Struct(fields.iter().map(|each| field(reader, each)).collect())
        }
        ExpressionKind::InterfaceType(elements) => interface(reader, elements),
        ExpressionKind::Bad => TypeForm::Broken,
        _ => named(reader, ty, &[]),
    };
    Type { at: reader.at(ty.span), form }
}

/// `T`, `package.T` and `T[A]`; anything else is not told apart.
fn named(reader: &Reader<'_>, ty: Expression<'_>, arguments: &[Expression<'_>]) -> TypeForm {
    let (qualifier, name) = match ty.unparenthesized().kind {
        ExpressionKind::Index(index) if arguments.is_empty() => {
            return named(reader, index.operand, index.indices);
        }
        ExpressionKind::Identifier(name) => (None, name),
        ExpressionKind::Selector(selector) => match selector.operand.name() {
            Some(package) => (Some(package.text.to_owned()), selector.name.text),
            None => return TypeForm::Other,
        },
        _ => return TypeForm::Other,
    };
    let arguments = arguments.iter().map(|argument| kind(reader, *argument)).collect();
    TypeForm::Name { qualifier, name: name.to_owned(), arguments }
}

fn field(reader: &Reader<'_>, field: &ast::Field<'_>) -> Field {
    Field {
        names: field.names.iter().map(|name| reader.word(*name)).collect(),
        at: reader.at(field.span),
        kind: kind(reader, field.ty),
        tag: field.tag.and_then(|tag| self::tag(reader, tag)),
    }
}

fn tag(reader: &Reader<'_>, literal: StringLiteral<'_>) -> Option<Word> {
    let kind = if literal.text.starts_with('`') { LiteralKind::RawString } else { LiteralKind::String };
    Some(Word { text: unquote(literal.text, kind)?.into(), at: reader.at(literal.span) })
}

fn interface(reader: &Reader<'_>, elements: &[InterfaceElement<'_>]) -> TypeForm {
    let mut embedded = Vec::new();
    let mut has_methods = false;
    for element in elements {
        match element {
            InterfaceElement::Method(_) => has_methods = true,
            InterfaceElement::Embedded(ty) => embedded.push(kind(reader, *ty)),
        }
    }
    TypeForm::Interface { has_methods, embedded }
}

/// The fact of a function's parameters and results.
pub(super) fn signature(reader: &Reader<'_>, signature: &ast::Signature<'_>) -> Signature {
    let parameters =
        |list: &[ast::Parameter<'_>]| list.iter().flat_map(|each| parameters(reader, each)).collect();
    Signature {
        at: reader.at(signature.span),
        parameters: parameters(signature.parameters),
        results: parameters(signature.results),
    }
}

/// `a, b T` are two parameters.
fn parameters(reader: &Reader<'_>, parameter: &ast::Parameter<'_>) -> Vec<Parameter> {
    let at = reader.at(parameter.span);
    let kind = kind(reader, parameter.ty);
    let kind = if parameter.variadic { Type { at, form: TypeForm::List(Box::new(kind)) } } else { kind };
    let one = |name: Option<&str>| Parameter { name: name.map(str::to_owned), at, kind: kind.clone() };
    match parameter.names {
        [] => vec![one(None)],
        names => names.iter().map(|name| one(Some(name.text))).collect(),
    }
}
