//! The places of a tree that parsers are compared by.

use super::super::ast::{
    Declaration, Expression, ExpressionKind, File, LiteralKind, Name, Span, Statement, StatementKind,
    StringLiteral,
};
use super::super::walk::{self, Node};

/// What sort of place it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    Declaration,
    Call,
    Selector,
    Composite,
    FunctionLiteral,
    String,
    Comment,
    Identifier,
}

/// A place: what, from, to.
pub(super) type Mark = (Sort, u32, u32);

/// All places of a file, sorted.
pub(super) fn of(file: &File<'_>) -> Vec<Mark> {
    let mut marks = Marks(Vec::new());
    marks.names(file.package.as_slice());
    file.comments.iter().for_each(|comment| marks.add(Sort::Comment, comment.span));
    file.declarations.iter().for_each(|declaration| marks.add(Sort::Declaration, declaration.span()));
    walk::all(file, &mut |node| marks.node(node));
    marks.0.sort_unstable();
    marks.0
}

struct Marks(Vec<Mark>);

impl Marks {
    fn add(&mut self, sort: Sort, span: Span) {
        self.0.push((sort, span.start, span.end));
    }

    fn names(&mut self, names: &[Name<'_>]) {
        names.iter().filter(|name| name.text != ".").for_each(|name| self.add(Sort::Identifier, name.span));
    }

    fn string(&mut self, string: StringLiteral<'_>) {
        self.add(Sort::String, string.span);
    }

    fn node(&mut self, node: Node<'_>) {
        match node {
            Node::Declaration(Declaration::Function(function)) => self.names(&[function.name]),
            Node::Import(spec) => {
                self.names(spec.name.as_slice());
                self.string(spec.path);
            }
            Node::Const(spec) => self.names(spec.names),
            Node::Var(spec) => self.names(spec.names),
            Node::Type(spec) => self.names(&[spec.name]),
            Node::TypeParameter(parameter) => self.names(parameter.names),
            Node::Parameter(parameter) => self.names(parameter.names),
            Node::Method(method) => self.names(&[method.name]),
            Node::Field(field) => {
                self.names(field.names);
                field.tag.into_iter().for_each(|tag| self.string(tag));
            }
            Node::Statement(statement) => self.statement(statement),
            Node::Expression(expression) => self.expression(expression),
            _ => {}
        }
    }

    fn statement(&mut self, statement: &Statement<'_>) {
        match &statement.kind {
            StatementKind::Labeled(labeled) => self.names(&[labeled.label]),
            StatementKind::Branch(branch) => self.names(branch.label.as_slice()),
            StatementKind::TypeSwitch(switch) => self.names(switch.name.as_slice()),
            _ => {}
        }
    }

    fn expression(&mut self, expression: &Expression<'_>) {
        let span = expression.span;
        match &expression.kind {
            ExpressionKind::Identifier(_) => self.add(Sort::Identifier, span),
            ExpressionKind::Literal(literal)
                if matches!(literal.kind, LiteralKind::String | LiteralKind::RawString) =>
            {
                self.add(Sort::String, span);
            }
            ExpressionKind::Composite(composite) if composite.ty.is_some() => self.add(Sort::Composite, span),
            ExpressionKind::FunctionLiteral(_) => self.add(Sort::FunctionLiteral, span),
            ExpressionKind::Call(_) => self.add(Sort::Call, span),
            ExpressionKind::Selector(selector) => {
                self.add(Sort::Selector, span);
                self.names(&[selector.name]);
            }
            _ => {}
        }
    }
}
