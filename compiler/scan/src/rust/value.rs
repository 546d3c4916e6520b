//! Values as they are written, as far as declarations are concerned.

use serde::{Deserialize, Serialize};
use syn::{BinOp, Expr, ExprCall, ExprMethodCall, GenericArgument, Lit, PathArguments, Type, UnOp};

use super::span;
use super::syntax::Method;
use crate::text::Place;

/// The parts of a path, without type arguments. It begins with an empty part where it begins with `::`.
pub(super) type Path = Vec<String>;

/// Values within values that are kept; what is deeper is [`Kind::Other`].
const MAX_DEPTH: usize = 24;

/// Methods on methods that are kept of a declaration; more options than there are.
const MAX_METHODS: usize = 32;

/// Methods on methods that are kept of a use.
pub(super) const MAX_USED_METHODS: usize = 8;

/// A value, and where it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Value {
    pub(super) kind: Kind,
    pub(super) at: Place,
}

/// What is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Kind {
    Text(String),
    Integer(i128),
    Bool(bool),
    Path(Path),
    /// A function called by its path, and the methods called on what it returns.
    Call {
        callee: Path,
        /// Where the callee is written.
        callee_at: Place,
        arguments: Vec<Value>,
        methods: Vec<Chained>,
    },
    Unary(Unary, Box<Value>),
    Binary(Binary, Box<Value>, Box<Value>),
    /// `&value`
    Reference(Box<Value>),
    Closure,
    Other,
}

/// A method that is called on a declaration: `.public()`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Chained {
    pub(super) name: String,
    pub(super) at: Place,
    pub(super) arguments: Vec<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Unary {
    Minus,
    Not,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Binary {
    Plus,
    Minus,
    Times,
    Divide,
    Remainder,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
}

impl Value {
    /// Reads an expression.
    pub(super) fn of(expression: &Expr) -> Self {
        Self::within(expression, MAX_DEPTH)
    }

    /// Reads a call.
    pub(super) fn of_call(call: &ExprCall) -> Self {
        let (start, end) = (span::expression(&call.func), call.paren_token.span.close());
        let at = span::until(start, end);
        Self { kind: called(call, &[], MAX_DEPTH), at }
    }

    /// A text that it is.
    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The path that it is, with or without `&`.
    pub(super) fn as_path(&self) -> Option<&Path> {
        match &self.kind {
            Kind::Path(path) => Some(path),
            Kind::Reference(inner) => inner.as_path(),
            _ => None,
        }
    }

    fn within(expression: &Expr, depth: usize) -> Self {
        let expression = bare(expression);
        let at = span::expression(expression);
        let kind = depth.checked_sub(1).map_or(Kind::Other, |depth| Self::kind(expression, depth));
        Self { kind, at }
    }

    fn kind(expression: &Expr, depth: usize) -> Kind {
        let boxed = |expression: &Expr| Box::new(Self::within(expression, depth));
        match expression {
            Expr::Lit(literal) => of_literal(&literal.lit),
            Expr::Path(path) => path_of(path).map_or(Kind::Other, Kind::Path),
            Expr::Reference(reference) => Kind::Reference(boxed(&reference.expr)),
            Expr::Cast(cast) => Self::within(&cast.expr, depth).kind,
            Expr::Closure(_) => Kind::Closure,
            Expr::Unary(unary) => match unary.op {
                UnOp::Neg(_) => Kind::Unary(Unary::Minus, boxed(&unary.expr)),
                UnOp::Not(_) => Kind::Unary(Unary::Not, boxed(&unary.expr)),
                _ => Kind::Other,
            },
            Expr::Binary(binary) => match operator(&binary.op) {
                Some(operator) => Kind::Binary(operator, boxed(&binary.left), boxed(&binary.right)),
                None => Kind::Other,
            },
            Expr::Call(_) | Expr::MethodCall(_) => {
                let (base, methods) = chain(expression);
                match base {
                    Expr::Call(call) => called(call, &methods, depth),
                    _ => Kind::Other,
                }
            }
            _ => Kind::Other,
        }
    }
}

fn called(call: &ExprCall, methods: &[&ExprMethodCall], depth: usize) -> Kind {
    let Expr::Path(callee) = bare(&call.func) else { return Kind::Other };
    let Some(path) = path_of(callee) else { return Kind::Other };
    let methods = methods.iter().take(MAX_METHODS).map(|method| Chained {
        name: word(&method.method),
        at: span::ident(&method.method),
        arguments: method.args.iter().map(|argument| Value::within(argument, depth)).collect(),
    });
    Kind::Call {
        callee: path,
        callee_at: span::expression(&call.func),
        arguments: call.args.iter().map(|argument| Value::within(argument, depth)).collect(),
        methods: methods.collect(),
    }
}

/// An expression without parentheses around it.
pub(super) fn bare(expression: &Expr) -> &Expr {
    let mut expression = expression;
    loop {
        expression = match expression {
            Expr::Paren(paren) => &paren.expr,
            Expr::Group(group) => &group.expr,
            other => return other,
        };
    }
}

/// What methods are called on, and the methods in the order in which they are called. What awaits or unwraps a result
/// in between is passed over.
pub(super) fn chain(expression: &Expr) -> (&Expr, Vec<&ExprMethodCall>) {
    let mut methods = Vec::new();
    let mut expression = bare(expression);
    loop {
        expression = bare(match expression {
            Expr::MethodCall(method) => {
                methods.push(method);
                &method.receiver
            }
            Expr::Await(awaited) if !methods.is_empty() => &awaited.base,
            Expr::Try(tried) if !methods.is_empty() => &tried.expr,
            base => break expression = base,
        });
    }
    methods.reverse();
    (expression, methods)
}

/// Reads a method call.
pub(super) fn method(call: &ExprMethodCall) -> Method {
    let types = call.turbofish.as_ref().map(|written| {
        let mut types = Vec::new();
        written.args.iter().for_each(|argument| types_in_argument(argument, &mut types));
        types
    });
    Method {
        name: word(&call.method),
        at: span::ident(&call.method),
        types,
        argument: call.args.first().map(short),
    }
}

/// A value of which only what can be read in place is kept.
pub(super) fn short(expression: &Expr) -> Value {
    Value::within(expression, 3)
}

/// The path of an expression; `<Type>::name` is a path as well.
pub(super) fn path_of(path: &syn::ExprPath) -> Option<Path> {
    match &path.qself {
        None => Some(parts_of(&path.path)),
        Some(own) if own.position == 0 => {
            let function = path.path.segments.iter().map(|part| word(&part.ident));
            Some(type_path(&own.ty)?.into_iter().chain(function).collect())
        }
        Some(_) => None,
    }
}

/// The parts of a path.
pub(super) fn parts_of(path: &syn::Path) -> Path {
    let leading = path.leading_colon.as_ref().map(|_| String::new());
    leading.into_iter().chain(path.segments.iter().map(|part| word(&part.ident))).collect()
}

/// The path that a type is, with or without `&`.
pub(super) fn type_path(written: &Type) -> Option<Path> {
    match written {
        Type::Path(path) if path.qself.is_none() => Some(parts_of(&path.path)),
        Type::Paren(paren) => type_path(&paren.elem),
        Type::Group(group) => type_path(&group.elem),
        Type::Reference(reference) => type_path(&reference.elem),
        _ => None,
    }
}

/// All paths that a type is made of: `Option<(A, b::B)>` gives `Option`, `A` and `b::B`.
pub(super) fn types_in(written: &Type, out: &mut Vec<Path>) {
    match written {
        Type::Path(path) => {
            out.push(parts_of(&path.path));
            for part in &path.path.segments {
                if let PathArguments::AngleBracketed(arguments) = &part.arguments {
                    arguments.args.iter().for_each(|argument| types_in_argument(argument, out));
                }
            }
        }
        Type::Paren(paren) => types_in(&paren.elem, out),
        Type::Group(group) => types_in(&group.elem, out),
        Type::Reference(reference) => types_in(&reference.elem, out),
        Type::Array(array) => types_in(&array.elem, out),
        Type::Slice(slice) => types_in(&slice.elem, out),
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|element| types_in(element, out)),
        _ => {}
    }
}

fn types_in_argument(argument: &GenericArgument, out: &mut Vec<Path>) {
    if let GenericArgument::Type(written) = argument {
        types_in(written, out);
    }
}

fn of_literal(literal: &Lit) -> Kind {
    match literal {
        Lit::Str(text) => Kind::Text(text.value()),
        Lit::Int(number) => number.base10_parse().map_or(Kind::Other, Kind::Integer),
        Lit::Bool(truth) => Kind::Bool(truth.value),
        _ => Kind::Other,
    }
}

fn operator(operator: &BinOp) -> Option<Binary> {
    Some(match operator {
        BinOp::Add(_) => Binary::Plus,
        BinOp::Sub(_) => Binary::Minus,
        BinOp::Mul(_) => Binary::Times,
        BinOp::Div(_) => Binary::Divide,
        BinOp::Rem(_) => Binary::Remainder,
        BinOp::BitAnd(_) => Binary::And,
        BinOp::BitOr(_) => Binary::Or,
        BinOp::BitXor(_) => Binary::Xor,
        BinOp::Shl(_) => Binary::ShiftLeft,
        BinOp::Shr(_) => Binary::ShiftRight,
        _ => return None,
    })
}

/// A name without the `r#` of a raw one.
pub(super) fn word(name: &syn::Ident) -> String {
    let name = name.to_string();
    name.strip_prefix("r#").map(str::to_owned).unwrap_or(name)
}
