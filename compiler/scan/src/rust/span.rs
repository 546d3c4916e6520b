//! Places of syntax. They are taken from the first and the last token, which is cheap however much stands between.

use proc_macro2::Span;
use syn::{Expr, Ident, MacroDelimiter, PathArguments, PathSegment, UnOp};

use crate::text::Place;

/// Where a name stands.
pub(super) fn ident(name: &Ident) -> Place {
    between(name.span(), name.span())
}

/// Where a path stands.
pub(super) fn path(path: &syn::Path) -> Place {
    between(first_of_path(path), last_of_path(path))
}

/// Where an expression stands.
pub(super) fn expression(expression: &Expr) -> Place {
    between(first(expression), last(expression))
}

/// From the beginning of one token to the end of another.
pub(super) fn between(first: Span, last: Span) -> Place {
    let point = |at: proc_macro2::LineColumn| {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        (number(at.line).max(1), number(at.column).saturating_add(1))
    };
    let (line, column) = point(first.start());
    // What has no place of its own stands at the beginning of the file.
    let (end_line, end_column) = point(last.end()).max((line, column));
    Place { line, column, end_line, end_column }
}

/// From a place to the end of a token.
pub(super) fn until(start: Place, last: Span) -> Place {
    let Place { end_line, end_column, .. } = between(last, last);
    Place { end_line, end_column, ..start }
}

fn first(expression: &Expr) -> Span {
    let mut expression = expression;
    loop {
        expression = match expression {
            Expr::Assign(assign) => &assign.left,
            Expr::Await(awaited) => &awaited.base,
            Expr::Binary(binary) => &binary.left,
            Expr::Call(call) => &call.func,
            Expr::Cast(cast) => &cast.expr,
            Expr::Field(field) => &field.base,
            Expr::Group(group) => &group.expr,
            Expr::Index(index) => &index.expr,
            Expr::MethodCall(method) => &method.receiver,
            Expr::Try(tried) => &tried.expr,
            Expr::Array(array) => return array.bracket_token.span.open(),
            Expr::Async(block) => return block.async_token.span,
            Expr::Block(block) => return block.block.brace_token.span.open(),
            Expr::Closure(closure) => return closure.inputs_begin.span,
            Expr::If(branch) => return branch.if_token.span,
            Expr::Lit(literal) => return literal.lit.span(),
            Expr::Macro(call) => return first_of_path(&call.mac.path),
            Expr::Match(choice) => return choice.match_token.span,
            Expr::Paren(paren) => return paren.paren_token.span.open(),
            Expr::Path(path) => {
                return path
                    .qself
                    .as_ref()
                    .map_or_else(|| first_of_path(&path.path), |own| own.lt_token.span);
            }
            Expr::Reference(reference) => return reference.and_token.span,
            Expr::Struct(structure) => return first_of_path(&structure.path),
            Expr::Tuple(tuple) => return tuple.paren_token.span.open(),
            Expr::Unary(unary) => {
                return match &unary.op {
                    UnOp::Deref(star) => star.span,
                    UnOp::Not(not) => not.span,
                    UnOp::Neg(minus) => minus.span,
                    _ => Span::call_site(),
                };
            }
            Expr::Unsafe(block) => return block.unsafe_token.span,
            _ => return Span::call_site(),
        };
    }
}

fn last(expression: &Expr) -> Span {
    let mut expression = expression;
    loop {
        expression = match expression {
            Expr::Assign(assign) => &assign.right,
            Expr::Binary(binary) => &binary.right,
            Expr::Closure(closure) => &closure.body,
            Expr::Group(group) => &group.expr,
            Expr::Reference(reference) => &reference.expr,
            Expr::Unary(unary) => &unary.expr,
            Expr::Array(array) => return array.bracket_token.span.close(),
            Expr::Async(block) => return block.block.brace_token.span.close(),
            Expr::Await(awaited) => return awaited.await_token.span,
            Expr::Block(block) => return block.block.brace_token.span.close(),
            Expr::Call(call) => return call.paren_token.span.close(),
            Expr::Cast(cast) => return cast.as_token.span,
            Expr::Field(field) => return field.dot_token.span,
            Expr::Index(index) => return index.bracket_token.span.close(),
            Expr::Lit(literal) => return literal.lit.span(),
            Expr::Macro(call) => return close(&call.mac.delimiter),
            Expr::Match(choice) => return choice.brace_token.span.close(),
            Expr::MethodCall(method) => return method.paren_token.span.close(),
            Expr::Paren(paren) => return paren.paren_token.span.close(),
            Expr::Path(path) => return last_of_path(&path.path),
            Expr::Struct(structure) => return structure.brace_token.span.close(),
            Expr::Try(tried) => return tried.question_token.span,
            Expr::Tuple(tuple) => return tuple.paren_token.span.close(),
            Expr::Unsafe(block) => return block.block.brace_token.span.close(),
            Expr::If(branch) => return branch.then_branch.brace_token.span.close(),
            _ => return first(expression),
        };
    }
}

fn first_of_path(path: &syn::Path) -> Span {
    match (&path.leading_colon, path.segments.first()) {
        (Some(colons), _) => colons.spans[0],
        (None, Some(part)) => part.ident.span(),
        (None, None) => Span::call_site(),
    }
}

fn last_of_path(path: &syn::Path) -> Span {
    path.segments.last().map_or_else(Span::call_site, last_of_part)
}

fn last_of_part(part: &PathSegment) -> Span {
    match &part.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.gt_token.span,
        PathArguments::None | PathArguments::Parenthesized(_) => part.ident.span(),
    }
}

fn close(delimiter: &MacroDelimiter) -> Span {
    match delimiter {
        MacroDelimiter::Paren(paren) => paren.span.close(),
        MacroDelimiter::Brace(brace) => brace.span.close(),
        MacroDelimiter::Bracket(bracket) => bracket.span.close(),
    }
}
