//! Parameters of functions and types.

use super::Parser;
use super::ast::{
    BinaryOperator, Expression, ExpressionKind, Name, Parameter, Signature, Span, TypeParameter,
};
use super::token::Kind;
use super::types::identifier;

/// What stands between two commas: `name type`, `name` or `type`. A lone name is a type if all others are, too.
#[derive(Clone, Copy)]
struct Entry<'a> {
    span: Span,
    name: Option<Name<'a>>,
    ty: Option<Expression<'a>>,
    variadic: bool,
}

/// Which sort of list it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    Parameters,
    Results,
    TypeParameters,
}

impl<'a> Parser<'a> {
    /// Parameters and results.
    pub(super) fn signature(&mut self) -> Signature<'a> {
        let start = self.start();
        let parameters = self.parameters(List::Parameters);
        let results = self.results();
        Signature { span: self.since(start), parameters, results }
    }

    /// What a method is for.
    pub(super) fn receivers(&mut self) -> &'a [Parameter<'a>] {
        self.parameters(List::Parameters)
    }

    fn results(&mut self) -> &'a [Parameter<'a>] {
        if self.at(Kind::LeftParenthesis) {
            return self.parameters(List::Results);
        }
        match self.optional_type() {
            Some(ty) => {
                self.arena.alloc_slice_copy(&[Parameter { span: ty.span, names: &[], variadic: false, ty }])
            }
            None => &[],
        }
    }

    fn parameters(&mut self, list: List) -> &'a [Parameter<'a>] {
        if !self.expect(Kind::LeftParenthesis, "`(`") {
            return &[];
        }
        let entries = self.entries(list, None);
        let parameters = self.grouped(&entries, list);
        self.close(Kind::RightParenthesis, "`)`");
        parameters
    }

    /// `[A, B C]`.
    pub(super) fn type_parameters(&mut self) -> &'a [TypeParameter<'a>] {
        let bracket = self.advance().span;
        if self.at(Kind::RightBracket) {
            self.error(bracket, "the list of type parameters is empty");
        }
        self.rest_of_type_parameters(None)
    }

    /// The type parameters behind the bracket. Of the first one, the name may have been consumed, and with it even the
    /// constraint.
    pub(super) fn rest_of_type_parameters(
        &mut self,
        first: Option<(Name<'a>, Option<Expression<'a>>)>,
    ) -> &'a [TypeParameter<'a>] {
        let entries = self.entries(List::TypeParameters, first);
        let parameters = self.grouped(&entries, List::TypeParameters);
        self.close(Kind::RightBracket, "`]`");
        let mut list = self.list();
        list.extend(parameters.iter().map(|parameter| TypeParameter {
            span: parameter.span,
            names: parameter.names,
            constraint: parameter.ty,
        }));
        list.into_bump_slice()
    }

    fn entries(
        &mut self,
        list: List,
        mut first: Option<(Name<'a>, Option<Expression<'a>>)>,
    ) -> std::vec::Vec<Entry<'a>> {
        let (closing, name) = match list {
            List::Parameters => (Kind::RightParenthesis, "the parameters"),
            List::Results => (Kind::RightParenthesis, "the results"),
            List::TypeParameters => (Kind::RightBracket, "the type parameters"),
        };
        let mut entries = std::vec::Vec::new();
        while first.is_some() || !self.at(closing) && !self.at(Kind::End) {
            let before = self.consumed;
            let begun = first.take();
            entries.push(self.entry(list, begun));
            let progress = begun.is_some() || self.consumed > before;
            if !self.next_element(closing, name) || !progress {
                break;
            }
        }
        entries
    }

    fn entry(&mut self, list: List, begun: Option<(Name<'a>, Option<Expression<'a>>)>) -> Entry<'a> {
        let start = begun.map_or(self.start(), |(name, _)| name.span.start);
        let (name, ty) = match begun {
            Some((name, Some(ty))) => (Some(name), Some(ty)),
            Some((name, None)) => self.behind_name(list, name),
            None if self.at(Kind::Identifier) => {
                let name = self.name();
                self.behind_name(list, name)
            }
            None if self.at(Kind::Ellipsis) => (None, None),
            None if list == List::TypeParameters => (None, Some(self.constraint())),
            None => (None, Some(self.ty())),
        };
        if let Some(ellipsis) = (ty.is_none() && self.at(Kind::Ellipsis)).then_some(self.token.span) {
            self.advance();
            if list != List::Parameters {
                self.error(ellipsis, "only the last parameter of a function can have `...`");
            }
            let ty = Some(self.ty());
            return Entry { span: self.since(start), name, ty, variadic: true };
        }
        let ty = match ty {
            Some(ty) if list == List::TypeParameters => Some(self.union(ty)),
            ty => ty,
        };
        Entry { span: self.since(start), name, ty, variadic: false }
    }

    /// What a name turns out to be: that of a parameter whose type follows, a type, or something that the other
    /// entries decide.
    fn behind_name(&mut self, list: List, name: Name<'a>) -> (Option<Name<'a>>, Option<Expression<'a>>) {
        match self.token.kind {
            Kind::LeftBracket => {
                let (name, ty) = self.array_or_instance(name);
                (name, Some(ty))
            }
            Kind::Dot => (None, Some(self.named_type(name))),
            Kind::Tilde if list == List::TypeParameters => (Some(name), Some(self.constraint())),
            Kind::Operator(BinaryOperator::Or) if list == List::TypeParameters => {
                (None, Some(identifier(name)))
            }
            _ => (Some(name), self.optional_type()),
        }
    }

    /// Puts names and types together: `a, b T` is one parameter, `A, B` are two.
    fn grouped(&mut self, entries: &[Entry<'a>], list: List) -> &'a [Parameter<'a>] {
        let have_names = entries.iter().any(|entry| entry.name.is_some() && entry.ty.is_some());
        self.check_entries(entries, list, have_names);
        let mut parameters = self.list();
        let mut names = self.list();
        let mut start = None;
        for (index, entry) in entries.iter().enumerate() {
            let ty = match (entry.name, entry.ty) {
                (Some(name), None) if !have_names => Some(identifier(name)),
                (name, ty) => {
                    names.extend(name);
                    ty
                }
            };
            let from = *start.get_or_insert(entry.span.start);
            let is_last = index + 1 == entries.len();
            let Some(ty) = ty.or_else(|| is_last.then(|| self.bad())) else { continue };
            let names = std::mem::replace(&mut names, self.list()).into_bump_slice();
            let span = Span { start: from, end: entry.span.end.max(ty.span.end) };
            parameters.push(Parameter { span, names, variadic: entry.variadic, ty });
            start = None;
        }
        parameters.into_bump_slice()
    }

    fn check_entries(&mut self, entries: &[Entry<'a>], list: List, have_names: bool) {
        let Some((final_entry, before)) = entries.split_last() else { return };
        if let Some(variadic) = before.iter().find(|entry| entry.variadic) {
            self.error(variadic.span, "only the last parameter of a function can have `...`");
        }
        let unnamed = entries.iter().find(|entry| entry.name.is_none());
        let must_have_names = have_names || list == List::TypeParameters;
        match unnamed {
            Some(unnamed) if must_have_names => {
                let message = match list {
                    List::TypeParameters => "this type parameter has no name, or this is no array length",
                    _ => "this parameter has no name, but others have one",
                };
                self.error(unnamed.span, message);
            }
            None if must_have_names && final_entry.ty.is_none() => {
                let message = match list {
                    List::TypeParameters => "this type parameter has no constraint",
                    _ => "this parameter has no type",
                };
                self.error(final_entry.span, message);
            }
            _ => {}
        }
    }
}

/// A name and a constraint that were parsed as one expression: in `type T[P *C, …`, the `P *C` could have been the
/// product that is the length of an array. `forced` says that it was not, since a comma follows.
pub(super) fn split_name<'a>(
    parser: &Parser<'a>,
    expression: Expression<'a>,
    forced: bool,
) -> Option<(Name<'a>, Option<Expression<'a>>)> {
    let end = expression.span.end;
    match expression.kind {
        ExpressionKind::Identifier(_) => Some((expression.name()?, None)),
        ExpressionKind::Binary(binary) if binary.rest[0].operator == BinaryOperator::Multiply => {
            let name = binary.first.name()?;
            let [operation] = binary.rest else { return None };
            let is_type = forced || is_certainly_type(operation.operand);
            let start = parser.find(name.span.end, "*");
            let star = ExpressionKind::Star(&operation.operand);
            is_type.then_some((name, Some(Expression { span: Span { start, end }, kind: star })))
        }
        ExpressionKind::Binary(binary) => {
            if binary.rest.iter().any(|operation| operation.operator != BinaryOperator::Or) {
                return None;
            }
            let forced = forced || binary.rest.iter().any(|operation| is_certainly_type(operation.operand));
            let (name, first) = split_name(parser, binary.first, forced)?;
            let first = first?;
            let union = ExpressionKind::Binary(parser.alloc(super::ast::Binary { first, rest: binary.rest }));
            let span = Span { start: first.span.start, end };
            Some((name, Some(Expression { span, kind: union })))
        }
        ExpressionKind::Call(call) => {
            let name = call.function.name()?;
            let [argument] = call.arguments else { return None };
            let is_type = !call.spread && (forced || is_certainly_type(*argument));
            let start = parser.find(name.span.end, "(");
            let kind = ExpressionKind::Parenthesized(argument);
            is_type.then_some((name, Some(Expression { span: Span { start, end }, kind })))
        }
        _ => None,
    }
}

/// Whether an expression is a type and cannot be a value.
fn is_certainly_type(expression: Expression<'_>) -> bool {
    match expression.unparenthesized().kind {
        ExpressionKind::ArrayType(_)
        | ExpressionKind::SliceType(_)
        | ExpressionKind::StructType(_)
        | ExpressionKind::FunctionType(_)
        | ExpressionKind::InterfaceType(_)
        | ExpressionKind::MapType(_)
        | ExpressionKind::ChannelType(_) => true,
        ExpressionKind::Binary(binary) => {
            is_certainly_type(binary.first)
                || binary.rest.iter().any(|operation| is_certainly_type(operation.operand))
        }
        ExpressionKind::Unary(unary) => unary.operator == super::ast::UnaryOperator::Tilde,
        _ => false,
    }
}

impl Parser<'_> {
    /// Where a word that is known to follow stands.
    #[expect(clippy::cast_possible_truncation, reason = "the parser refuses a source of 4 GiB")]
    fn find(&self, from: u32, word: &str) -> u32 {
        let rest = &self.lexer.source[from as usize..];
        from + rest.find(word).expect("BUG: the word has been consumed") as u32
    }
}
