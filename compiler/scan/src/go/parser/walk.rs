//! What stands within what.

use super::ast::{
    CaseClause, ConstSpec, Declaration, Element, Expression, ExpressionKind, Field, File, Function, Group,
    IfArm, ImportSpec, InterfaceElement, Method, Parameter, SelectClause, Signature, Span, Statement,
    StatementKind, TypeParameter, TypeSpec, VarSpec,
};

/// A part of the tree that has a span.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Node<'a> {
    Declaration(&'a Declaration<'a>),
    Import(&'a ImportSpec<'a>),
    Const(&'a ConstSpec<'a>),
    Var(&'a VarSpec<'a>),
    Type(&'a TypeSpec<'a>),
    TypeParameter(&'a TypeParameter<'a>),
    Parameter(&'a Parameter<'a>),
    Field(&'a Field<'a>),
    Method(&'a Method<'a>),
    Element(&'a Element<'a>),
    IfArm(&'a IfArm<'a>),
    CaseClause(&'a CaseClause<'a>),
    SelectClause(&'a SelectClause<'a>),
    Statement(&'a Statement<'a>),
    Expression(&'a Expression<'a>),
}

impl Node<'_> {
    pub(crate) fn span(self) -> Span {
        match self {
            Self::Declaration(node) => node.span(),
            Self::Import(node) => node.span,
            Self::Const(node) => node.span,
            Self::Var(node) => node.span,
            Self::Type(node) => node.span,
            Self::TypeParameter(node) => node.span,
            Self::Parameter(node) => node.span,
            Self::Field(node) => node.span,
            Self::Method(node) => node.span,
            Self::Element(node) => node.span,
            Self::IfArm(node) => node.span,
            Self::CaseClause(node) => node.span,
            Self::SelectClause(node) => node.span,
            Self::Statement(node) => node.span,
            Self::Expression(node) => node.span,
        }
    }
}

/// Calls `visit` with every node of a file, a node before what stands within it, in the order of the source.
pub(crate) fn all<'a>(file: &File<'a>, visit: &mut dyn FnMut(Node<'a>)) {
    for declaration in file.declarations {
        within(Node::Declaration(declaration), visit);
    }
}

/// Calls `visit` with a node and with all that stands within it.
pub(crate) fn within<'a>(node: Node<'a>, visit: &mut dyn FnMut(Node<'a>)) {
    visit(node);
    children(node, &mut |child| within(child, visit));
}

/// Calls `visit` with what stands directly within a node, in the order of the source.
pub(crate) fn children<'a>(node: Node<'a>, visit: &mut dyn FnMut(Node<'a>)) {
    match node {
        Node::Declaration(declaration) => of_declaration(declaration, visit),
        Node::Import(_) => {}
        Node::Const(spec) => {
            expressions(spec.ty.as_slice(), visit);
            expressions(spec.values, visit);
        }
        Node::Var(spec) => {
            expressions(spec.ty.as_slice(), visit);
            expressions(spec.values, visit);
        }
        Node::Type(spec) => {
            spec.type_parameters.iter().for_each(|parameter| visit(Node::TypeParameter(parameter)));
            visit(Node::Expression(&spec.ty));
        }
        Node::TypeParameter(parameter) => visit(Node::Expression(&parameter.constraint)),
        Node::Parameter(parameter) => visit(Node::Expression(&parameter.ty)),
        Node::Field(field) => visit(Node::Expression(&field.ty)),
        Node::Method(method) => of_signature(&method.signature, visit),
        Node::Element(element) => {
            expressions(element.key.as_slice(), visit);
            visit(Node::Expression(&element.value));
        }
        Node::IfArm(arm) => {
            statements(arm.init.as_slice(), visit);
            visit(Node::Expression(&arm.condition));
            statements(arm.body.statements, visit);
        }
        Node::CaseClause(clause) => {
            expressions(clause.values, visit);
            statements(clause.body, visit);
        }
        Node::SelectClause(clause) => {
            statements(clause.communication.as_slice(), visit);
            statements(clause.body, visit);
        }
        Node::Statement(statement) => of_statement(statement, visit),
        Node::Expression(expression) => of_expression(expression, visit),
    }
}

fn of_declaration<'a>(declaration: &'a Declaration<'a>, visit: &mut dyn FnMut(Node<'a>)) {
    match declaration {
        Declaration::Import(group) => specs(group, Node::Import, visit),
        Declaration::Const(group) => specs(group, Node::Const, visit),
        Declaration::Var(group) => specs(group, Node::Var, visit),
        Declaration::Type(group) => specs(group, Node::Type, visit),
        Declaration::Function(function) => of_function(function, visit),
    }
}

fn specs<'a, Spec>(
    group: &'a Group<'a, Spec>,
    node: fn(&'a Spec) -> Node<'a>,
    visit: &mut dyn FnMut(Node<'a>),
) {
    group.specs.iter().for_each(|spec| visit(node(spec)));
}

fn of_function<'a>(function: &'a Function<'a>, visit: &mut dyn FnMut(Node<'a>)) {
    function.receiver.iter().for_each(|receiver| visit(Node::Parameter(receiver)));
    function.type_parameters.iter().for_each(|parameter| visit(Node::TypeParameter(parameter)));
    of_signature(&function.signature, visit);
    function.body.iter().for_each(|body| statements(body.statements, visit));
}

fn of_signature<'a>(signature: &'a Signature<'a>, visit: &mut dyn FnMut(Node<'a>)) {
    let parameters = signature.parameters.iter().chain(signature.results);
    parameters.for_each(|parameter| visit(Node::Parameter(parameter)));
}

fn of_statement<'a>(statement: &'a Statement<'a>, visit: &mut dyn FnMut(Node<'a>)) {
    match &statement.kind {
        StatementKind::Bad | StatementKind::Empty | StatementKind::Branch(_) => {}
        StatementKind::Declaration(declaration) => visit(Node::Declaration(declaration)),
        StatementKind::Labeled(labeled) => visit(Node::Statement(&labeled.statement)),
        StatementKind::Expression(expression) => visit(Node::Expression(expression)),
        StatementKind::Go(call) | StatementKind::Defer(call) => visit(Node::Expression(call)),
        StatementKind::Send(send) => {
            visit(Node::Expression(&send.channel));
            visit(Node::Expression(&send.value));
        }
        StatementKind::Step(step) => visit(Node::Expression(&step.operand)),
        StatementKind::Assign(assign) => {
            expressions(assign.left, visit);
            expressions(assign.right, visit);
        }
        StatementKind::Define(define) => {
            expressions(define.left, visit);
            expressions(define.right, visit);
        }
        StatementKind::Return(values) => expressions(values, visit),
        StatementKind::Block(block) => statements(block.statements, visit),
        StatementKind::If(branches) => {
            branches.arms.iter().for_each(|arm| visit(Node::IfArm(arm)));
            branches.otherwise.iter().for_each(|block| statements(block.statements, visit));
        }
        StatementKind::Switch(switch) => {
            statements(switch.init.as_slice(), visit);
            expressions(switch.tag.as_slice(), visit);
            switch.clauses.iter().for_each(|clause| visit(Node::CaseClause(clause)));
        }
        StatementKind::TypeSwitch(switch) => {
            statements(switch.init.as_slice(), visit);
            visit(Node::Expression(&switch.operand));
            switch.clauses.iter().for_each(|clause| visit(Node::CaseClause(clause)));
        }
        StatementKind::Select(clauses) => {
            clauses.iter().for_each(|clause| visit(Node::SelectClause(clause)));
        }
        StatementKind::For(repeated) => {
            statements(repeated.init.as_slice(), visit);
            expressions(repeated.condition.as_slice(), visit);
            statements(repeated.post.as_slice(), visit);
            statements(repeated.body.statements, visit);
        }
        StatementKind::Range(range) => {
            expressions(range.key.as_slice(), visit);
            expressions(range.value.as_slice(), visit);
            visit(Node::Expression(&range.operand));
            statements(range.body.statements, visit);
        }
    }
}

fn of_expression<'a>(expression: &'a Expression<'a>, visit: &mut dyn FnMut(Node<'a>)) {
    match &expression.kind {
        ExpressionKind::Bad | ExpressionKind::Identifier(_) | ExpressionKind::Literal(_) => {}
        ExpressionKind::Composite(composite) => {
            expressions(composite.ty.as_slice(), visit);
            composite.elements.iter().for_each(|element| visit(Node::Element(element)));
        }
        ExpressionKind::FunctionLiteral(literal) => {
            of_signature(&literal.signature, visit);
            statements(literal.body.statements, visit);
        }
        ExpressionKind::Parenthesized(inner)
        | ExpressionKind::Star(inner)
        | ExpressionKind::SliceType(inner) => visit(Node::Expression(inner)),
        ExpressionKind::Selector(selector) => visit(Node::Expression(&selector.operand)),
        ExpressionKind::Index(index) => {
            visit(Node::Expression(&index.operand));
            expressions(index.indices, visit);
        }
        ExpressionKind::Slice(slice) => {
            visit(Node::Expression(&slice.operand));
            for bound in [&slice.low, &slice.high, &slice.max] {
                expressions(bound.as_slice(), visit);
            }
        }
        ExpressionKind::Assertion(assertion) => {
            visit(Node::Expression(&assertion.operand));
            visit(Node::Expression(&assertion.ty));
        }
        ExpressionKind::Call(call) => {
            visit(Node::Expression(&call.function));
            expressions(call.arguments, visit);
        }
        ExpressionKind::Unary(unary) => visit(Node::Expression(&unary.operand)),
        ExpressionKind::Binary(binary) => {
            visit(Node::Expression(&binary.first));
            binary.rest.iter().for_each(|operation| visit(Node::Expression(&operation.operand)));
        }
        ExpressionKind::ArrayType(array) => {
            expressions(array.length.as_slice(), visit);
            visit(Node::Expression(&array.element));
        }
        ExpressionKind::MapType(map) => {
            visit(Node::Expression(&map.key));
            visit(Node::Expression(&map.value));
        }
        ExpressionKind::ChannelType(channel) => visit(Node::Expression(&channel.element)),
        ExpressionKind::FunctionType(signature) => of_signature(signature, visit),
        ExpressionKind::StructType(fields) => fields.iter().for_each(|field| visit(Node::Field(field))),
        ExpressionKind::InterfaceType(elements) => elements.iter().for_each(|element| match element {
            InterfaceElement::Method(method) => visit(Node::Method(method)),
            InterfaceElement::Embedded(ty) => visit(Node::Expression(ty)),
        }),
    }
}

fn expressions<'a>(expressions: &'a [Expression<'a>], visit: &mut dyn FnMut(Node<'a>)) {
    for expression in expressions {
        visit(Node::Expression(expression));
    }
}

fn statements<'a>(statements: &'a [Statement<'a>], visit: &mut dyn FnMut(Node<'a>)) {
    for statement in statements {
        visit(Node::Statement(statement));
    }
}
