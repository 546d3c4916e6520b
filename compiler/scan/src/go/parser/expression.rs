//! Expressions.

use std::mem;

use super::Parser;
use super::ast::{
    Assertion, BinaryOperator, Call, ChannelType, Composite, Direction, Element, Expression, ExpressionKind,
    FunctionLiteral, Literal, LiteralKind, Name, Operation, Selector, Slice, Span, Unary, UnaryOperator,
};
use super::token::Kind;
use super::types::identifier;

impl<'a> Parser<'a> {
    pub(super) fn expression(&mut self) -> Expression<'a> {
        self.operand_of(1)
    }

    /// `a, b, c`.
    pub(super) fn expressions(&mut self) -> &'a [Expression<'a>] {
        let mut expressions = self.list();
        expressions.push(self.expression());
        while self.accept(Kind::Comma) {
            expressions.push(self.expression());
        }
        expressions.into_bump_slice()
    }

    /// An expression between brackets. Even in the head of an `if`, a `{` begins a literal here.
    pub(super) fn bracketed_expression(&mut self) -> Expression<'a> {
        self.within_brackets(Self::expression)
    }

    pub(super) fn within_brackets<T>(&mut self, parse: impl FnOnce(&mut Self) -> T) -> T {
        let outer = mem::replace(&mut self.braces_are_literals, true);
        let parsed = parse(self);
        self.braces_are_literals = outer;
        parsed
    }

    /// An operand of an operator of the precedence below: what binds at least as tightly as `minimum`.
    fn operand_of(&mut self, minimum: u8) -> Expression<'a> {
        let outer_height = mem::take(&mut self.height);
        let first = self.unary();
        let expression = self.operations(first, minimum);
        self.height = self.height.max(outer_height);
        expression
    }

    /// What follows an operand that has been consumed: operators that bind at least as tightly as `minimum`.
    pub(super) fn operations(&mut self, first: Expression<'a>, minimum: u8) -> Expression<'a> {
        let mut left = first;
        while let Some(precedence) = self.precedence().filter(|precedence| *precedence >= minimum) {
            left = self.operations_of_one_precedence(left, precedence);
        }
        left
    }

    fn operations_of_one_precedence(&mut self, first: Expression<'a>, precedence: u8) -> Expression<'a> {
        let mut rest = self.list();
        while let Kind::Operator(operator) = self.token.kind
            && operator.precedence() == precedence
        {
            self.advance();
            rest.push(Operation { operator, operand: self.operand_of(precedence + 1) });
        }
        self.binary_node(first, rest.into_bump_slice())
    }

    fn precedence(&self) -> Option<u8> {
        match self.token.kind {
            Kind::Operator(operator) => Some(operator.precedence()),
            _ => None,
        }
    }

    /// An operand with the operators before it.
    fn unary(&mut self) -> Expression<'a> {
        let Some(level) = self.enter() else { return self.bad() };
        let expression = match self.unary_operator() {
            Some(operator) => self.operation_on(operator),
            None if self.at(Kind::Operator(BinaryOperator::Multiply)) => self.star(),
            None => self.primary(),
        };
        self.leave(level);
        expression
    }

    fn unary_operator(&self) -> Option<UnaryOperator> {
        match self.token.kind {
            Kind::Operator(BinaryOperator::Add) => Some(UnaryOperator::Plus),
            Kind::Operator(BinaryOperator::Subtract) => Some(UnaryOperator::Minus),
            Kind::Operator(BinaryOperator::Xor) => Some(UnaryOperator::Complement),
            Kind::Operator(BinaryOperator::And) => Some(UnaryOperator::Address),
            Kind::Not => Some(UnaryOperator::Not),
            Kind::Tilde => Some(UnaryOperator::Tilde),
            Kind::Arrow => Some(UnaryOperator::Receive),
            _ => None,
        }
    }

    fn operation_on(&mut self, operator: UnaryOperator) -> Expression<'a> {
        let start = self.advance().span.start;
        let operand = self.unary();
        if operator == UnaryOperator::Receive
            && let ExpressionKind::ChannelType(channel) = operand.kind
        {
            return self.receive_only(start, operand.span, channel);
        }
        let unary = self.alloc(Unary { operator, operand });
        Expression { span: self.since(start), kind: ExpressionKind::Unary(unary) }
    }

    /// `*x`: a pointer type and what a pointer points to look the same.
    fn star(&mut self) -> Expression<'a> {
        let start = self.advance().span.start;
        let operand = self.unary();
        Expression { span: self.since(start), kind: ExpressionKind::Star(self.alloc(operand)) }
    }

    /// `<-` before a channel type. That it is a type and no receive shows only when all of it has been parsed:
    /// `<-chan int` is a type, `<-chan int(x)` receives from a conversion. The arrow then belongs to the `chan`, and
    /// pushes the arrow of a `chan<-` on to the next: `<-chan<- chan T` is `<-chan (<-chan T)`.
    fn receive_only(&mut self, start: u32, channel: Span, ty: &ChannelType<'a>) -> Expression<'a> {
        let element = match (ty.direction, ty.element.kind) {
            (Direction::Both, _) => ty.element,
            (Direction::Send, ExpressionKind::ChannelType(inner)) => {
                let arrow = self.last_arrow_before(ty.element.span.start);
                self.receive_only(arrow, ty.element.span, inner)
            }
            (Direction::Send, _) => {
                self.error(ty.element.span, "expected a channel type behind `<-chan<-`");
                ty.element
            }
            (Direction::Receive, _) => {
                self.error(channel, "expected `chan` behind `<-`");
                ty.element
            }
        };
        let span = Span { start, end: channel.end };
        let channel = self.alloc(ChannelType { direction: Direction::Receive, element });
        Expression { span, kind: ExpressionKind::ChannelType(channel) }
    }

    #[expect(clippy::cast_possible_truncation, reason = "the parser refuses a source of 4 GiB")]
    fn last_arrow_before(&self, end: u32) -> u32 {
        let before = &self.lexer.source[..end as usize];
        before.rfind("<-").expect("BUG: the arrow has been consumed") as u32
    }

    fn primary(&mut self) -> Expression<'a> {
        let operand = self.operand();
        self.links(operand)
    }

    fn operand(&mut self) -> Expression<'a> {
        match self.token.kind {
            Kind::Identifier => identifier(self.name()),
            Kind::Integer => self.literal(LiteralKind::Integer),
            Kind::Float => self.literal(LiteralKind::Float),
            Kind::Imaginary => self.literal(LiteralKind::Imaginary),
            Kind::Rune => self.literal(LiteralKind::Rune),
            Kind::String => self.literal(LiteralKind::String),
            Kind::RawString => self.literal(LiteralKind::RawString),
            Kind::LeftParenthesis => self.parenthesized(),
            Kind::Func => self.function_literal_or_type(),
            _ => self.optional_type().unwrap_or_else(|| {
                self.error_expected("an expression");
                self.bad()
            }),
        }
    }

    fn literal(&mut self, kind: LiteralKind) -> Expression<'a> {
        let span = self.advance().span;
        Expression { span, kind: ExpressionKind::Literal(Literal { text: self.text(span), kind }) }
    }

    fn parenthesized(&mut self) -> Expression<'a> {
        let start = self.advance().span.start;
        let inner = self.bracketed_expression();
        self.close(Kind::RightParenthesis, "`)`");
        Expression { span: self.since(start), kind: ExpressionKind::Parenthesized(self.alloc(inner)) }
    }

    fn function_literal_or_type(&mut self) -> Expression<'a> {
        let start = self.advance().span.start;
        let signature = self.signature_of_type();
        let kind = if self.at(Kind::LeftBrace) {
            let body = self.within_brackets(Self::block);
            ExpressionKind::FunctionLiteral(self.alloc(FunctionLiteral { signature, body }))
        } else {
            ExpressionKind::FunctionType(self.alloc(signature))
        };
        Expression { span: self.since(start), kind }
    }

    /// What follows an operand that has been consumed: `.name`, `[i]`, `(x)`, `{…}`, as often as it comes.
    pub(super) fn links(&mut self, operand: Expression<'a>) -> Expression<'a> {
        let mut expression = operand;
        loop {
            let start = expression.span.start;
            let kind = match self.token.kind {
                Kind::Dot => self.selector_or_assertion(expression),
                Kind::LeftBracket => self.index_or_slice(expression),
                Kind::LeftParenthesis => self.call(expression),
                Kind::LeftBrace if self.has_literal(expression) => self.composite(Some(expression)),
                _ => return expression,
            };
            let span = self.since(start);
            expression = Expression { span, kind };
            if !self.grow(span) {
                expression.kind = ExpressionKind::Bad;
            }
        }
    }

    fn selector_or_assertion(&mut self, operand: Expression<'a>) -> ExpressionKind<'a> {
        self.advance();
        if self.at(Kind::LeftParenthesis) {
            return self.assertion(operand);
        }
        let name = if self.at(Kind::Identifier) {
            self.name()
        } else {
            self.error_expected("a name or `(`");
            Name { span: self.missing(), text: "" }
        };
        ExpressionKind::Selector(self.alloc(Selector { operand, name }))
    }

    /// `.(T)`, and the `.(type)` of a type switch, whose type is missing.
    fn assertion(&mut self, operand: Expression<'a>) -> ExpressionKind<'a> {
        self.advance();
        let ty = if self.at(Kind::Type) {
            Expression { span: self.advance().span, kind: ExpressionKind::Bad }
        } else {
            self.ty()
        };
        self.close(Kind::RightParenthesis, "`)`");
        ExpressionKind::Assertion(self.alloc(Assertion { operand, ty }))
    }

    /// The operand of `operand.(type)`.
    pub(super) fn type_switch_operand(&self, expression: Expression<'a>) -> Option<Expression<'a>> {
        match expression.kind {
            ExpressionKind::Assertion(assertion) if self.text(assertion.ty.span) == "type" => {
                Some(assertion.operand)
            }
            _ => None,
        }
    }

    /// `[i]`, `[low:high:max]`, or type arguments.
    fn index_or_slice(&mut self, operand: Expression<'a>) -> ExpressionKind<'a> {
        self.advance();
        let kind = self.within_brackets(|parser| {
            if parser.at(Kind::Colon) {
                return parser.slice(operand, None);
            }
            let first = parser.expression();
            if parser.at(Kind::Colon) {
                parser.slice(operand, Some(first))
            } else {
                parser.index(operand, first)
            }
        });
        self.close(Kind::RightBracket, "`]`");
        kind
    }

    fn index(&mut self, operand: Expression<'a>, first: Expression<'a>) -> ExpressionKind<'a> {
        let mut indices = self.list();
        indices.push(first);
        while self.accept(Kind::Comma) && !self.at(Kind::RightBracket) {
            indices.push(self.ty());
        }
        ExpressionKind::Index(self.alloc(super::ast::Index { operand, indices: indices.into_bump_slice() }))
    }

    fn slice(&mut self, operand: Expression<'a>, low: Option<Expression<'a>>) -> ExpressionKind<'a> {
        let high = self.slice_bound();
        let mut max = None;
        if self.at(Kind::Colon) {
            let colon = self.token.span;
            max = self.slice_bound();
            if high.is_none() || max.is_none() {
                self.error(colon, "a slice with two `:` has a bound behind each");
            }
        }
        ExpressionKind::Slice(self.alloc(Slice { operand, low, high, max }))
    }

    fn slice_bound(&mut self) -> Option<Expression<'a>> {
        self.advance();
        let missing = matches!(self.token.kind, Kind::Colon | Kind::RightBracket | Kind::End);
        (!missing).then(|| self.expression())
    }

    fn call(&mut self, function: Expression<'a>) -> ExpressionKind<'a> {
        self.advance();
        let mut spread = false;
        let arguments = self.within_brackets(|parser| {
            parser.elements_before(Kind::RightParenthesis, "the arguments", |parser| {
                if spread {
                    parser.error(parser.token.span, "the argument with `...` is the last one");
                }
                let argument = parser.expression();
                spread = parser.accept(Kind::Ellipsis);
                argument
            })
        });
        self.close(Kind::RightParenthesis, "`)`");
        ExpressionKind::Call(self.alloc(Call { function, arguments, spread }))
    }

    /// Whether the `{` behind an expression begins a literal of that type. If the expression can be a value as well, it
    /// depends on the place: `if x == T{…}` compares `x` with `T`, and the `{` begins the body.
    fn has_literal(&self, expression: Expression<'a>) -> bool {
        match expression.unparenthesized().kind {
            ExpressionKind::ArrayType(_)
            | ExpressionKind::SliceType(_)
            | ExpressionKind::StructType(_)
            | ExpressionKind::MapType(_) => true,
            ExpressionKind::Bad
            | ExpressionKind::Identifier(_)
            | ExpressionKind::Selector(_)
            | ExpressionKind::Index(_) => self.braces_are_literals,
            _ => false,
        }
    }

    /// The `{…}` of a composite literal.
    fn composite(&mut self, ty: Option<Expression<'a>>) -> ExpressionKind<'a> {
        let Some(level) = self.enter() else { return ExpressionKind::Bad };
        if let Some(Expression { span, kind: ExpressionKind::Parenthesized(_) }) = ty {
            self.error(span, "the type of a composite literal has no parentheses");
        }
        self.advance();
        let elements = self
            .within_brackets(|parser| parser.elements_before(Kind::RightBrace, "the literal", Self::element));
        self.close(Kind::RightBrace, "`}`");
        self.leave(level);
        ExpressionKind::Composite(self.alloc(Composite { ty, elements }))
    }

    fn element(&mut self) -> Element<'a> {
        let start = self.start();
        let first = self.element_value();
        let (key, value) =
            if self.accept(Kind::Colon) { (Some(first), self.element_value()) } else { (None, first) };
        Element { span: self.since(start), key, value }
    }

    /// An expression, or a composite literal without its type.
    fn element_value(&mut self) -> Expression<'a> {
        if !self.at(Kind::LeftBrace) {
            return self.expression();
        }
        let start = self.start();
        let kind = self.composite(None);
        Expression { span: self.since(start), kind }
    }
}
