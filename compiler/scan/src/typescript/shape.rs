//! The shape of types and functions, as far as declarations depend on it.

use std::collections::BTreeSet;

use oxc_ast::ast::{
    BindingPattern, FormalParameters, TSInterfaceDeclaration, TSSignature, TSType, TSTypeName,
    TSTypeReference,
};
use serde::{Deserialize, Serialize};

use super::literal::Reader;

/// What is known of a type without a type checker.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Type {
    /// An object with these fields.
    Fields(BTreeSet<String>),
    /// An object whose fields of these names hold lists, objects or functions.
    Compound(BTreeSet<String>),
    /// A type with a name.
    Name(String),
    /// All of these at once.
    All(Vec<Type>),
    /// A text, a number or a truth value.
    Basic,
    /// No value: `void` and the like.
    Nothing,
    /// Anything else.
    Unknown,
}

/// What is known of a function.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Function {
    /// Its parameters.
    pub(super) parameters: Vec<Parameter>,
}

/// What is known of a parameter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Parameter {
    /// Its declared type.
    pub(super) declared: Option<Type>,
    /// The fields it is taken apart into, if it is and no rest is kept.
    pub(super) fields: Option<BTreeSet<String>>,
}

impl Function {
    /// Reads the parameters of a function.
    pub(super) fn of(parameters: &FormalParameters<'_>, read: Reader<'_>) -> Self {
        let mut list: Vec<Parameter> = parameters
            .items
            .iter()
            .map(|parameter| Parameter {
                declared: parameter
                    .type_annotation
                    .as_ref()
                    .map(|written| Type::of(&written.type_annotation, read)),
                fields: taken_apart(&parameter.pattern),
            })
            .collect();
        if parameters.rest.is_some() {
            list.push(Parameter { declared: None, fields: None });
        }
        Self { parameters: list }
    }
}

fn taken_apart(pattern: &BindingPattern<'_>) -> Option<BTreeSet<String>> {
    match pattern {
        BindingPattern::ObjectPattern(object) if object.rest.is_none() => object
            .properties
            .iter()
            .map(|property| property.key.static_name().map(std::borrow::Cow::into_owned))
            .collect(),
        BindingPattern::AssignmentPattern(with_default) => taken_apart(&with_default.left),
        _ => None,
    }
}

impl Type {
    /// Reads a type.
    pub(super) fn of(written: &TSType<'_>, read: Reader<'_>) -> Self {
        let Some(read) = read.within() else { return Self::Unknown };
        match written {
            TSType::TSTypeLiteral(literal) => members(&literal.members),
            TSType::TSTypeReference(reference) => reference_to(reference),
            TSType::TSIntersectionType(all) => {
                Self::All(all.types.iter().map(|one| Self::of(one, read)).collect())
            }
            TSType::TSParenthesizedType(inner) => Self::of(&inner.type_annotation, read),
            TSType::TSStringKeyword(_)
            | TSType::TSNumberKeyword(_)
            | TSType::TSBooleanKeyword(_)
            | TSType::TSBigIntKeyword(_) => Self::Basic,
            TSType::TSVoidKeyword(_)
            | TSType::TSUndefinedKeyword(_)
            | TSType::TSNullKeyword(_)
            | TSType::TSNeverKeyword(_) => Self::Nothing,
            _ => Self::Unknown,
        }
    }

    /// Reads an interface with what it extends.
    pub(super) fn of_interface(interface: &TSInterfaceDeclaration<'_>) -> Self {
        let own = members(&interface.body.body);
        if interface.extends.is_empty() {
            return own;
        }
        let parents = interface.extends.iter().map(|parent| match &parent.type_name {
            TSTypeName::IdentifierReference(name) => Self::Name(name.name.to_string()),
            _ => Self::Unknown,
        });
        Self::All(parents.chain([own]).collect())
    }
}

fn reference_to(reference: &TSTypeReference<'_>) -> Type {
    match &reference.type_name {
        TSTypeName::IdentifierReference(name) => Type::Name(name.name.to_string()),
        TSTypeName::QualifiedName(name) => Type::Name(name.right.name.to_string()),
        TSTypeName::ThisExpression(_) => Type::Unknown,
    }
}

fn members(members: &[TSSignature<'_>]) -> Type {
    let name = |member: &TSSignature<'_>| match member {
        TSSignature::TSPropertySignature(property) => {
            property.key.static_name().map(std::borrow::Cow::into_owned)
        }
        _ => None,
    };
    let compound = |member: &TSSignature<'_>| match member {
        TSSignature::TSPropertySignature(property) => {
            let written = property.type_annotation.as_ref()?;
            is_compound(&written.type_annotation).then(|| name(member)).flatten()
        }
        _ => None,
    };
    let Some(fields) = members.iter().map(name).collect::<Option<BTreeSet<_>>>() else {
        return Type::Unknown;
    };
    let compound: BTreeSet<String> = members.iter().filter_map(compound).collect();
    if compound.is_empty() {
        Type::Fields(fields)
    } else {
        Type::All(vec![Type::Fields(fields), Type::Compound(compound)])
    }
}

/// Whether a type is written as one of lists, objects or functions.
fn is_compound(written: &TSType<'_>) -> bool {
    matches!(
        written,
        TSType::TSArrayType(_)
            | TSType::TSTupleType(_)
            | TSType::TSTypeLiteral(_)
            | TSType::TSFunctionType(_)
    )
}
