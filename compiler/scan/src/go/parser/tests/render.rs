//! The tree as S-expressions.

use super::super::ast::{
    BinaryOperator, Block, BranchKeyword, CaseClause, Declaration, Direction, Element, Expression,
    ExpressionKind, Field, Function, IfArm, InterfaceElement, Name, Parameter, RangeLoop, SelectClause,
    Signature, Statement, StatementKind, TypeParameter, TypeSpec, UnaryOperator,
};

pub(super) fn declaration(declaration: &Declaration<'_>) -> String {
    match declaration {
        Declaration::Import(group) => list("import", group.specs, |spec| {
            let name = spec.name.map(|name| format!("{} ", name.text)).unwrap_or_default();
            format!("{name}{}", spec.path.text)
        }),
        Declaration::Const(group) => list("const", group.specs, |spec| {
            format!("({}#{}{}{})", names(spec.names), spec.iota, ty(spec.ty.as_ref()), values(spec.values))
        }),
        Declaration::Var(group) => list("var", group.specs, |spec| {
            format!("({}{}{})", names(spec.names), ty(spec.ty.as_ref()), values(spec.values))
        }),
        Declaration::Type(group) => list("type", group.specs, type_spec),
        Declaration::Function(function) => self::function(function),
    }
}

fn type_spec(spec: &TypeSpec<'_>) -> String {
    let alias = if spec.alias { " =" } else { "" };
    let parameters = type_parameters(spec.type_parameters);
    format!("({}{parameters}{alias} {})", spec.name.text, expression(&spec.ty))
}

fn function(function: &Function<'_>) -> String {
    let receiver = function
        .receiver
        .iter()
        .map(|receiver| format!("({}) ", parameter(receiver)))
        .collect::<Vec<_>>()
        .concat();
    let parameters = type_parameters(function.type_parameters);
    let body = function.body.iter().map(|body| format!(" {}", block(body))).collect::<Vec<_>>().concat();
    format!("(func {receiver}{}{parameters} {}{body})", function.name.text, signature(&function.signature))
}

fn type_parameters(parameters: &[TypeParameter<'_>]) -> String {
    if parameters.is_empty() {
        return String::new();
    }
    let parameter = |parameter: &TypeParameter<'_>| {
        format!("{} {}", names(parameter.names), expression(&parameter.constraint))
    };
    format!("[{}]", parameters.iter().map(parameter).collect::<Vec<_>>().join(", "))
}

fn signature(signature: &Signature<'_>) -> String {
    let parameters = parameters(signature.parameters);
    let results =
        if signature.results.is_empty() { String::new() } else { self::parameters(signature.results) };
    format!("{parameters}{results}")
}

fn parameters(parameters: &[Parameter<'_>]) -> String {
    format!("({})", parameters.iter().map(parameter).collect::<Vec<_>>().join(", "))
}

fn parameter(parameter: &Parameter<'_>) -> String {
    let names =
        if parameter.names.is_empty() { String::new() } else { format!("{} ", names(parameter.names)) };
    format!("{names}{}{}", if parameter.variadic { "..." } else { "" }, expression(&parameter.ty))
}

fn names(names: &[Name<'_>]) -> String {
    names.iter().map(|name| name.text).collect::<Vec<_>>().join(" ")
}

fn ty(ty: Option<&Expression<'_>>) -> String {
    ty.map(|ty| format!(" {}", expression(ty))).unwrap_or_default()
}

fn values(values: &[Expression<'_>]) -> String {
    if values.is_empty() { String::new() } else { format!(" = {}", expressions(values)) }
}

fn expressions(expressions: &[Expression<'_>]) -> String {
    expressions.iter().map(expression).collect::<Vec<_>>().join(" ")
}

/// `(head item …)`.
fn list<T>(head: &str, items: &[T], render: impl Fn(&T) -> String) -> String {
    let items = items.iter().map(|item| format!(" {}", render(item))).collect::<Vec<_>>().concat();
    format!("({head}{items})")
}

fn expression(expression: &Expression<'_>) -> String {
    let of = self::expression;
    match &expression.kind {
        ExpressionKind::Bad => "BAD".to_owned(),
        ExpressionKind::Identifier(name) => (*name).to_owned(),
        ExpressionKind::Literal(literal) => literal.text.to_owned(),
        ExpressionKind::Composite(composite) => {
            list(&format!("lit{}", ty(composite.ty.as_ref())), composite.elements, element)
        }
        ExpressionKind::FunctionLiteral(literal) => {
            format!("(func {} {})", signature(&literal.signature), block(&literal.body))
        }
        ExpressionKind::Parenthesized(inner) => format!("(paren {})", of(inner)),
        ExpressionKind::Selector(selector) => format!("{}.{}", of(&selector.operand), selector.name.text),
        ExpressionKind::Index(index) => format!("{}[{}]", of(&index.operand), expressions(index.indices)),
        ExpressionKind::Slice(slice) => {
            let bound = |bound: &Option<Expression<'_>>| bound.as_ref().map_or("_".to_owned(), of);
            format!(
                "(slice {} {} {} {})",
                of(&slice.operand),
                bound(&slice.low),
                bound(&slice.high),
                bound(&slice.max)
            )
        }
        ExpressionKind::Assertion(assertion) => format!("{}.({})", of(&assertion.operand), of(&assertion.ty)),
        ExpressionKind::Call(call) => {
            let spread = if call.spread { " ..." } else { "" };
            format!("(call {}{}{spread})", of(&call.function), trailing(call.arguments))
        }
        ExpressionKind::Star(inner) => format!("(* {})", of(inner)),
        ExpressionKind::Unary(unary) => {
            format!("({} {})", unary_operator(unary.operator), of(&unary.operand))
        }
        ExpressionKind::Binary(binary) => {
            let rest = binary.rest.iter();
            let rest = rest.map(|rest| format!(" {} {}", operator(rest.operator), of(&rest.operand)));
            format!("({}{})", of(&binary.first), rest.collect::<Vec<_>>().concat())
        }
        ExpressionKind::ArrayType(array) => {
            let length = array.length.as_ref().map_or("...".to_owned(), of);
            format!("(array {length} {})", of(&array.element))
        }
        ExpressionKind::SliceType(element) => format!("(slice-of {})", of(element)),
        ExpressionKind::MapType(map) => format!("(map {} {})", of(&map.key), of(&map.value)),
        ExpressionKind::ChannelType(channel) => {
            let direction = match channel.direction {
                Direction::Both => "chan",
                Direction::Send => "chan<-",
                Direction::Receive => "<-chan",
            };
            format!("({direction} {})", of(&channel.element))
        }
        ExpressionKind::FunctionType(signature) => format!("(func-type {})", self::signature(signature)),
        ExpressionKind::StructType(fields) => list("struct", fields, field),
        ExpressionKind::InterfaceType(elements) => list("interface", elements, interface_element),
    }
}

fn trailing(items: &[Expression<'_>]) -> String {
    items.iter().map(|item| format!(" {}", expression(item))).collect::<Vec<_>>().concat()
}

fn element(element: &Element<'_>) -> String {
    match &element.key {
        Some(key) => format!("{}: {}", expression(key), expression(&element.value)),
        None => expression(&element.value),
    }
}

fn field(field: &Field<'_>) -> String {
    let names = if field.names.is_empty() { "embedded".to_owned() } else { names(field.names) };
    let tag = field.tag.map(|tag| format!(" {}", tag.text)).unwrap_or_default();
    format!("({names} {}{tag})", expression(&field.ty))
}

fn interface_element(element: &InterfaceElement<'_>) -> String {
    match element {
        InterfaceElement::Method(method) => {
            format!("({} {})", method.name.text, signature(&method.signature))
        }
        InterfaceElement::Embedded(ty) => expression(ty),
    }
}

fn block(block: &Block<'_>) -> String {
    format!("{{{} }}", body(block.statements))
}

fn body(statements: &[Statement<'_>]) -> String {
    statements.iter().map(|inner| format!(" {}", statement(inner))).collect::<Vec<_>>().concat()
}

fn statement(statement: &Statement<'_>) -> String {
    match &statement.kind {
        StatementKind::Bad => "BAD".to_owned(),
        StatementKind::Empty => "empty".to_owned(),
        StatementKind::Declaration(inner) => declaration(inner),
        StatementKind::Labeled(labeled) => {
            format!("(label {} {})", labeled.label.text, self::statement(&labeled.statement))
        }
        StatementKind::Expression(inner) => expression(inner),
        StatementKind::Send(send) => {
            format!("(send {} {})", expression(&send.channel), expression(&send.value))
        }
        StatementKind::Step(step) => {
            format!("({} {})", if step.up { "++" } else { "--" }, expression(&step.operand))
        }
        StatementKind::Assign(assign) => {
            let operator = assign.operator.map(operator).unwrap_or_default();
            format!("({operator}= {} | {})", expressions(assign.left), expressions(assign.right))
        }
        StatementKind::Define(define) => {
            format!("(:= {} | {})", expressions(define.left), expressions(define.right))
        }
        StatementKind::Go(call) => format!("(go {})", expression(call)),
        StatementKind::Defer(call) => format!("(defer {})", expression(call)),
        StatementKind::Return(values) => format!("(return{})", trailing(values)),
        StatementKind::Branch(branch) => {
            let keyword = match branch.keyword {
                BranchKeyword::Break => "break",
                BranchKeyword::Continue => "continue",
                BranchKeyword::Goto => "goto",
                BranchKeyword::Fallthrough => "fallthrough",
            };
            format!("({keyword}{})", branch.label.map(|label| format!(" {}", label.text)).unwrap_or_default())
        }
        StatementKind::Block(inner) => block(inner),
        StatementKind::If(inner) => {
            let arms = inner.arms.iter().map(|inner| format!(" {}", arm(inner))).collect::<Vec<_>>().concat();
            let otherwise =
                inner.otherwise.as_ref().map_or(String::new(), |inner| format!(" {}", block(inner)));
            format!("(if{arms}{otherwise})")
        }
        StatementKind::Switch(switch) => {
            let tag = switch.tag.as_ref().map_or("_".to_owned(), expression);
            list(&format!("switch {}{tag}", init(switch.init.as_ref())), switch.clauses, case_clause)
        }
        StatementKind::TypeSwitch(switch) => {
            let name = switch.name.map(|name| format!("{} := ", name.text)).unwrap_or_default();
            let head =
                format!("type-switch {}{name}{}", init(switch.init.as_ref()), expression(&switch.operand));
            list(&head, switch.clauses, case_clause)
        }
        StatementKind::Select(clauses) => list("select", clauses, select_clause),
        StatementKind::For(inner) => {
            let condition = inner.condition.as_ref().map_or("_".to_owned(), expression);
            let part = |part: &Option<Statement<'_>>| part.as_ref().map_or("_".to_owned(), self::statement);
            format!("(for {} {condition} {} {})", part(&inner.init), part(&inner.post), block(&inner.body))
        }
        StatementKind::Range(range) => self::range(range),
    }
}

fn range(range: &RangeLoop<'_>) -> String {
    let variables = [&range.key, &range.value].into_iter().flatten().map(expression).collect::<Vec<_>>();
    let sign = match (variables.is_empty(), range.defines) {
        (true, _) => "",
        (false, true) => " :=",
        (false, false) => " =",
    };
    let variables = variables.iter().map(|variable| format!(" {variable}")).collect::<Vec<_>>().concat();
    format!("(range{variables}{sign} {} {})", expression(&range.operand), block(&range.body))
}

fn init(init: Option<&Statement<'_>>) -> String {
    init.map(|init| format!("{}; ", statement(init))).unwrap_or_default()
}

fn arm(arm: &IfArm<'_>) -> String {
    format!("({}{} {})", init(arm.init.as_ref()), expression(&arm.condition), block(&arm.body))
}

fn case_clause(clause: &CaseClause<'_>) -> String {
    let head = if clause.values.is_empty() {
        "default".to_owned()
    } else {
        format!("case{}", trailing(clause.values))
    };
    format!("({head}:{})", body(clause.body))
}

fn select_clause(clause: &SelectClause<'_>) -> String {
    let head = clause
        .communication
        .as_ref()
        .map_or("default".to_owned(), |inner| format!("case {}", statement(inner)));
    format!("({head}:{})", body(clause.body))
}

fn unary_operator(operator: UnaryOperator) -> &'static str {
    match operator {
        UnaryOperator::Plus => "+",
        UnaryOperator::Minus => "-",
        UnaryOperator::Not => "!",
        UnaryOperator::Complement => "^",
        UnaryOperator::Address => "&",
        UnaryOperator::Receive => "<-",
        UnaryOperator::Tilde => "~",
    }
}

fn operator(operator: BinaryOperator) -> &'static str {
    match operator {
        BinaryOperator::LogicalOr => "||",
        BinaryOperator::LogicalAnd => "&&",
        BinaryOperator::Equal => "==",
        BinaryOperator::NotEqual => "!=",
        BinaryOperator::Less => "<",
        BinaryOperator::LessEqual => "<=",
        BinaryOperator::Greater => ">",
        BinaryOperator::GreaterEqual => ">=",
        BinaryOperator::Add => "+",
        BinaryOperator::Subtract => "-",
        BinaryOperator::Or => "|",
        BinaryOperator::Xor => "^",
        BinaryOperator::Multiply => "*",
        BinaryOperator::Divide => "/",
        BinaryOperator::Remainder => "%",
        BinaryOperator::ShiftLeft => "<<",
        BinaryOperator::ShiftRight => ">>",
        BinaryOperator::And => "&",
        BinaryOperator::AndNot => "&^",
    }
}
