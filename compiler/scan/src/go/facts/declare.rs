//! The declarations at package level, and the directives above them.

use super::reader::Reader;
use super::walk::Walk;
use super::{Above, Declaration, Directive, Facts, Form, Function, Receiver, Variable, Word, kind};
use crate::go::parser::ast::{self, Comment, Expression, ExpressionKind, Span, VarSpec};

/// Reads the declarations of a file, and walks over each of them.
pub(super) fn declarations<'a>(reader: &Reader<'a>, walk: &mut Walk<'_, 'a>, facts: &mut Facts) {
    let is_directive = |comment: &&Comment<'a>| directive_text(comment.text).is_some();
    // Most files have none, and then it is of no interest which comments belong to what.
    let has_directives = reader.file.comments.iter().any(|comment| is_directive(&comment));
    let mut attached = Vec::new();
    for declaration in reader.file.declarations {
        let start = declaration.span().start;
        let above = if has_directives { reader.file.doc(start) } else { &[] };
        let comments: Vec<_> = above.iter().filter(is_directive).copied().collect();
        let above = match declaration {
            ast::Declaration::Import(_) => Above::Other,
            ast::Declaration::Const(group) => {
                group.specs.iter().for_each(|spec| constants(reader, spec, walk, facts));
                Above::Other
            }
            ast::Declaration::Var(group) => {
                for spec in group.specs {
                    variables(reader, spec, group.parenthesized, walk, facts);
                }
                Above::Other
            }
            ast::Declaration::Type(group) => {
                group.specs.iter().for_each(|spec| type_spec(reader, spec, walk, facts));
                if group.specs.len() == 1 { above_last(facts) } else { Above::Other }
            }
            ast::Declaration::Function(each) => {
                function(reader, each, !comments.is_empty(), walk, facts);
                above_last(facts)
            }
        };
        attached.extend(comments.iter().map(|comment| comment.span.start));
        facts.directives.extend(comments.iter().filter_map(|comment| directive(reader, comment, above)));
    }
    if has_directives {
        alone(reader, &attached, facts);
    }
}

/// The directives that stand above nothing.
fn alone(reader: &Reader<'_>, attached: &[u32], facts: &mut Facts) {
    let declarations = reader.file.declarations;
    for comment in reader.file.comments {
        let start = comment.span.start;
        let before = declarations.partition_point(|declaration| declaration.span().start <= start);
        let is_within = before.checked_sub(1).is_some_and(|index| declarations[index].span().end > start);
        if is_within || attached.binary_search(&start).is_ok() {
            continue;
        }
        let is_broken = reader.file.errors.last().is_some_and(|error| error.span.start >= start);
        let above = if is_broken { Above::Broken } else { Above::Nothing };
        facts.directives.extend(directive(reader, comment, above));
    }
}

fn above_last(facts: &Facts) -> Above {
    facts.declarations.len().checked_sub(1).map_or(Above::Other, Above::Declaration)
}

fn directive(reader: &Reader<'_>, comment: &Comment<'_>, above: Above) -> Option<Directive> {
    let text = directive_text(comment.text)?;
    let skipped = comment.text.find(text).unwrap_or_default();
    Some(Directive {
        text: text.to_owned(),
        at: reader.at(comment.span),
        skipped: u32::try_from(comment.text[..skipped].chars().count()).unwrap_or_default(),
        above,
    })
}

/// How directives begin.
const DIRECTIVES: [&str; 4] = ["api", "authhandler", "middleware", "service"];

/// The directive in a comment: `//encore:…`, or `// encore:api` as it was written once.
fn directive_text(comment: &str) -> Option<&str> {
    let comment = comment.strip_prefix("//")?;
    if let Some(directive) = comment.strip_prefix("encore:") {
        return Some(directive.trim_end());
    }
    let directive = comment.trim_start_matches([' ', '\t']).strip_prefix("encore:")?;
    DIRECTIVES.iter().any(|name| directive.starts_with(name)).then_some(directive.trim_end())
}

fn words(reader: &Reader<'_>, names: &[ast::Name<'_>]) -> Vec<Word> {
    names.iter().map(|name| reader.word(*name)).collect()
}

fn constants<'a>(reader: &Reader<'a>, spec: &ast::ConstSpec<'a>, walk: &mut Walk<'_, 'a>, facts: &mut Facts) {
    walk.begin(facts.declarations.len());
    spec.ty.iter().for_each(|ty| walk.kind(*ty));
    spec.values.iter().for_each(|value| walk.kind(*value));
    let (names, at, types) = (words(reader, spec.names), reader.at(spec.span), walk.end());
    facts.declarations.push(Declaration { names, at, form: Form::Constant, types });
}

/// `var a, b = x, y` are two declarations, `var a, b = f()` is one.
fn variables<'a>(
    reader: &Reader<'a>,
    spec: &VarSpec<'a>,
    in_block: bool,
    walk: &mut Walk<'_, 'a>,
    facts: &mut Facts,
) {
    let is_secrets = spec.names.iter().any(|name| name.text == "secrets");
    let declaration = Variable {
        kind: spec.ty.map(|ty| kind::kind(reader, ty)),
        value: spec.values.first().map(|value| reader.at(value.span)),
        in_block: in_block || spec.names.len() > 1,
    };
    let mut variable = |names: &[ast::Name<'a>], values: &[Expression<'a>]| {
        walk.begin(facts.declarations.len());
        spec.ty.iter().for_each(|ty| walk.kind(*ty));
        for value in values {
            walk.initial(*value);
        }
        let form = Form::Variable(is_secrets.then(|| Box::new(declaration.clone())));
        let (names, at, types) = (words(reader, names), reader.at(spec.span), walk.end());
        facts.declarations.push(Declaration { names, at, form, types });
    };
    if spec.names.len() == spec.values.len() {
        for (name, value) in spec.names.iter().zip(spec.values) {
            variable(&[*name], &[*value]);
        }
    } else {
        variable(spec.names, spec.values);
    }
}

fn type_spec<'a>(reader: &Reader<'a>, spec: &ast::TypeSpec<'a>, walk: &mut Walk<'_, 'a>, facts: &mut Facts) {
    walk.begin(facts.declarations.len());
    walk.type_spec(spec);
    let (names, at, types) = (words(reader, &[spec.name]), reader.at(spec.span), walk.end());
    let form = Form::Type(Box::new(kind::spec(reader, spec)));
    facts.declarations.push(Declaration { names, at, form, types });
}

fn function<'a>(
    reader: &Reader<'a>,
    function: &ast::Function<'a>,
    is_directed: bool,
    walk: &mut Walk<'_, 'a>,
    facts: &mut Facts,
) {
    walk.begin(facts.declarations.len());
    walk.function(function);
    let may_set_up_a_service =
        function.name.text.len() > "init".len() && function.name.text.starts_with("init");
    let form = Form::Function(Box::new(Function {
        receiver: function.receiver.and_then(|receiver| {
            let at = reader.at(parenthesized(reader, receiver.span));
            Some(Receiver { name: reader.word(receiver_of(receiver.ty)?), at })
        }),
        generic: function.type_parameters.first().map(|parameter| reader.at(parameter.span)),
        signature: (is_directed || may_set_up_a_service)
            .then(|| kind::signature(reader, &function.signature)),
        is_left_out: function.is_left_out,
    }));
    let (names, types) = (words(reader, &[function.name]), walk.end());
    facts.declarations.push(Declaration { names, at: at_head(reader, function), form, types });
}

/// From the keyword to the results; the body is no part of what is said about a function.
fn at_head(reader: &Reader<'_>, function: &ast::Function<'_>) -> crate::text::Place {
    reader.at(Span { start: function.span.start, end: function.signature.span.end })
}

/// What stands in parentheses, with these.
fn parenthesized(reader: &Reader<'_>, inside: Span) -> Span {
    let source = reader.file.source;
    let before = source[..inside.start as usize].trim_end().strip_suffix('(');
    let after = source[inside.end as usize..].find(')').map(|at| inside.end as usize + at + 1);
    let offset = |at: Option<usize>, otherwise| at.and_then(|at| u32::try_from(at).ok()).unwrap_or(otherwise);
    Span { start: offset(before.map(str::len), inside.start), end: offset(after, inside.end) }
}

/// The name of the type that a method belongs to.
fn receiver_of(ty: Expression<'_>) -> Option<ast::Name<'_>> {
    match ty.unparenthesized().kind {
        ExpressionKind::Star(inner) => receiver_of(*inner),
        ExpressionKind::Index(index) => receiver_of(index.operand),
        ExpressionKind::Identifier(text) => Some(ast::Name { span: ty.unparenthesized().span, text }),
        _ => None,
    }
}
