//! Types.

use super::Parser;
use super::ast::{
    ArrayType, Binary, BinaryOperator, ChannelType, Direction, Expression, ExpressionKind, Field, Index,
    InterfaceElement, MapType, Method, Name, Operation, Selector, Signature, Unary, UnaryOperator,
};
use super::token::Kind;

impl<'a> Parser<'a> {
    /// A type; says so when there is none.
    pub(super) fn ty(&mut self) -> Expression<'a> {
        self.optional_type().unwrap_or_else(|| {
            self.error_expected("a type");
            self.bad()
        })
    }

    /// A type, if one begins here.
    pub(super) fn optional_type(&mut self) -> Option<Expression<'a>> {
        let begins = matches!(
            self.token.kind,
            Kind::Identifier
                | Kind::LeftBracket
                | Kind::LeftParenthesis
                | Kind::Operator(BinaryOperator::Multiply)
                | Kind::Arrow
                | Kind::Chan
                | Kind::Func
                | Kind::Interface
                | Kind::Map
                | Kind::Struct
        );
        if !begins {
            return None;
        }
        let Some(level) = self.enter() else { return Some(self.bad()) };
        let ty = self.type_that_begins();
        self.leave(level);
        Some(ty)
    }

    fn type_that_begins(&mut self) -> Expression<'a> {
        let start = self.start();
        let kind = match self.token.kind {
            Kind::Identifier => {
                let name = self.name();
                return self.named_type(name);
            }
            Kind::LeftParenthesis => {
                self.advance();
                let inner = self.ty();
                self.close(Kind::RightParenthesis, "`)`");
                ExpressionKind::Parenthesized(self.alloc(inner))
            }
            Kind::Operator(BinaryOperator::Multiply) => {
                self.advance();
                let pointed_to = self.ty();
                ExpressionKind::Star(self.alloc(pointed_to))
            }
            Kind::Func => {
                self.advance();
                let signature = self.signature_of_type();
                ExpressionKind::FunctionType(self.alloc(signature))
            }
            Kind::LeftBracket => self.array_or_slice_type(),
            Kind::Map => self.map_type(),
            Kind::Struct => self.struct_type(),
            Kind::Interface => self.interface_type(),
            _ => self.channel_type(),
        };
        Expression { span: self.since(start), kind }
    }

    /// `Name`, `package.Name` and either with type arguments, of which the first name has been consumed.
    pub(super) fn named_type(&mut self, first: Name<'a>) -> Expression<'a> {
        let mut ty = identifier(first);
        if self.accept(Kind::Dot) {
            let name = self.name();
            let selector = self.alloc(Selector { operand: ty, name });
            ty = Expression { span: self.since(first.span.start), kind: ExpressionKind::Selector(selector) };
        }
        if self.at(Kind::LeftBracket) { self.instance(ty) } else { ty }
    }

    /// The type arguments of a generic type.
    fn instance(&mut self, operand: Expression<'a>) -> Expression<'a> {
        self.advance();
        if self.at(Kind::RightBracket) {
            self.error_expected("a type");
        }
        let indices = self.elements_before(Kind::RightBracket, "the type arguments", Self::ty);
        self.close(Kind::RightBracket, "`]`");
        self.index_node(operand, indices)
    }

    /// `operand[indices]`, of which all has been consumed.
    pub(super) fn index_node(
        &mut self,
        operand: Expression<'a>,
        indices: &'a [Expression<'a>],
    ) -> Expression<'a> {
        let index = self.alloc(Index { operand, indices });
        Expression { span: self.since(operand.span.start), kind: ExpressionKind::Index(index) }
    }

    /// `[]T`, `[n]T` or `[...]T`.
    fn array_or_slice_type(&mut self) -> ExpressionKind<'a> {
        self.advance();
        self.behind_bracket()
    }

    /// The rest of an array or slice type.
    pub(super) fn behind_bracket(&mut self) -> ExpressionKind<'a> {
        if self.accept(Kind::RightBracket) {
            let element = self.ty();
            return ExpressionKind::SliceType(self.alloc(element));
        }
        let length = if self.accept(Kind::Ellipsis) { None } else { Some(self.bracketed_expression()) };
        self.array_type(length)
    }

    /// An array type, of which the length has been consumed.
    pub(super) fn array_type(&mut self, length: Option<Expression<'a>>) -> ExpressionKind<'a> {
        self.close(Kind::RightBracket, "`]`");
        let element = self.ty();
        ExpressionKind::ArrayType(self.alloc(ArrayType { length, element }))
    }

    fn map_type(&mut self) -> ExpressionKind<'a> {
        self.advance();
        self.expect(Kind::LeftBracket, "`[`");
        let key = self.ty();
        self.close(Kind::RightBracket, "`]`");
        let value = self.ty();
        ExpressionKind::MapType(self.alloc(MapType { key, value }))
    }

    /// `chan T`, `chan<- T` or `<-chan T`.
    fn channel_type(&mut self) -> ExpressionKind<'a> {
        let direction = if self.accept(Kind::Arrow) {
            self.expect(Kind::Chan, "`chan`");
            Direction::Receive
        } else {
            self.advance();
            if self.accept(Kind::Arrow) { Direction::Send } else { Direction::Both }
        };
        let element = self.ty();
        ExpressionKind::ChannelType(self.alloc(ChannelType { direction, element }))
    }

    /// The signature of a function type or literal, behind the `func`.
    pub(super) fn signature_of_type(&mut self) -> Signature<'a> {
        if self.at(Kind::LeftBracket) {
            self.error(self.token.span, "a function type has no type parameters");
            self.type_parameters();
        }
        self.signature()
    }

    fn struct_type(&mut self) -> ExpressionKind<'a> {
        self.advance();
        self.expect(Kind::LeftBrace, "`{`");
        let mut fields = self.list();
        while self.begins_field() {
            fields.push(self.field());
        }
        self.expect(Kind::RightBrace, "`}`");
        ExpressionKind::StructType(fields.into_bump_slice())
    }

    /// Skips what cannot be a field, and tells whether there is one.
    fn begins_field(&mut self) -> bool {
        loop {
            match self.token.kind {
                Kind::Identifier | Kind::LeftParenthesis | Kind::Operator(BinaryOperator::Multiply) => {
                    return true;
                }
                Kind::RightBrace | Kind::End => return false,
                kind if kind.begins_declaration() && self.is_at_margin() => return false,
                _ => {
                    self.error_expected("a field");
                    self.skip_balanced();
                    if !self.at(Kind::RightBrace) && !self.at(Kind::End) {
                        self.advance();
                    }
                }
            }
        }
    }

    fn field(&mut self) -> Field<'a> {
        let start = self.start();
        let (names, ty) = self.names_and_type();
        let tag = self.string_literal();
        let span = self.since(start);
        self.end_of_member();
        Field { span, names, ty, tag }
    }

    /// The names of a field, none for an embedded one, and its type.
    fn names_and_type(&mut self) -> (&'a [Name<'a>], Expression<'a>) {
        if !self.at(Kind::Identifier) {
            return (&[], self.embedded_pointer());
        }
        let first = self.name();
        match self.token.kind {
            Kind::Dot | Kind::String | Kind::RawString | Kind::Semicolon | Kind::RightBrace => {
                (&[], self.named_type(first))
            }
            Kind::LeftBracket => {
                let (name, ty) = self.array_or_instance(first);
                (self.arena.alloc_slice_copy(name.as_slice()), ty)
            }
            _ => {
                let mut names = self.list();
                names.push(first);
                while self.accept(Kind::Comma) {
                    names.push(self.name());
                }
                (names.into_bump_slice(), self.ty())
            }
        }
    }

    /// `*T`, or one with parentheses, which Go does not have.
    fn embedded_pointer(&mut self) -> Expression<'a> {
        let span = self.token.span;
        let ty = self.ty();
        let mut inner = ty;
        while let ExpressionKind::Star(pointed_to) = inner.kind {
            inner = *pointed_to;
        }
        if matches!(inner.kind, ExpressionKind::Parenthesized(_)) {
            self.error(span, "an embedded type has no parentheses");
        }
        ty
    }

    /// `x []E`, `x [n]E` or `x[P]`: a name with an array type, or a generic type without a name. Which one it is shows
    /// behind the bracket: in the first two there is one more type.
    pub(super) fn array_or_instance(&mut self, first: Name<'a>) -> (Option<Name<'a>>, Expression<'a>) {
        let start = self.advance().span.start;
        if self.accept(Kind::RightBracket) {
            let element = self.ty();
            let kind = ExpressionKind::SliceType(self.alloc(element));
            return (Some(first), Expression { span: self.since(start), kind });
        }
        let indices =
            self.elements_before(Kind::RightBracket, "the type arguments", Self::bracketed_expression);
        self.close(Kind::RightBracket, "`]`");
        if let [length] = *indices
            && let Some(element) = self.optional_type()
        {
            let array = self.alloc(ArrayType { length: Some(length), element });
            let kind = ExpressionKind::ArrayType(array);
            return (Some(first), Expression { span: self.since(start), kind });
        }
        (None, self.index_node(identifier(first), indices))
    }

    fn interface_type(&mut self) -> ExpressionKind<'a> {
        self.advance();
        self.expect(Kind::LeftBrace, "`{`");
        let mut elements = self.list();
        while !self.at(Kind::RightBrace) && !self.at(Kind::End) {
            let before = self.consumed;
            elements.push(self.interface_element());
            self.end_of_member();
            if self.consumed == before {
                break;
            }
        }
        self.expect(Kind::RightBrace, "`}`");
        ExpressionKind::InterfaceType(elements.into_bump_slice())
    }

    fn interface_element(&mut self) -> InterfaceElement<'a> {
        if !self.at(Kind::Identifier) {
            return InterfaceElement::Embedded(self.constraint());
        }
        let name = self.name();
        if self.at(Kind::LeftParenthesis) {
            return self.method(name);
        }
        if self.at(Kind::LeftBracket) {
            return self.instance_or_generic_method(name);
        }
        let ty = self.named_type(name);
        InterfaceElement::Embedded(self.union(ty))
    }

    fn method(&mut self, name: Name<'a>) -> InterfaceElement<'a> {
        let signature = self.signature();
        let span = self.since(name.span.start);
        InterfaceElement::Method(self.alloc(Method { span, name, signature }))
    }

    /// `T[A]`, or the `m[T any]()` that Go does not have.
    fn instance_or_generic_method(&mut self, name: Name<'a>) -> InterfaceElement<'a> {
        let bracket = self.token.span;
        let (parameter, ty) = self.array_or_instance(name);
        if parameter.is_some() || self.at(Kind::LeftParenthesis) {
            self.error(bracket, "a method has no type parameters");
            return self.method(name);
        }
        InterfaceElement::Embedded(self.union(ty))
    }

    /// A type or a union of types, as type parameters and interfaces have them.
    pub(super) fn constraint(&mut self) -> Expression<'a> {
        let first = self.term();
        self.union(first)
    }

    /// A union of which the first term has been consumed.
    pub(super) fn union(&mut self, first: Expression<'a>) -> Expression<'a> {
        let mut rest = self.list();
        while self.accept(Kind::Operator(BinaryOperator::Or)) {
            rest.push(Operation { operator: BinaryOperator::Or, operand: self.term() });
        }
        if rest.is_empty() { first } else { self.binary_node(first, rest.into_bump_slice()) }
    }

    /// `T` or `~T`.
    fn term(&mut self) -> Expression<'a> {
        let start = self.start();
        if !self.accept(Kind::Tilde) {
            return self.ty();
        }
        let unary = Unary { operator: UnaryOperator::Tilde, operand: self.ty() };
        Expression { span: self.since(start), kind: ExpressionKind::Unary(self.alloc(unary)) }
    }

    /// `first | …`, of which all has been consumed.
    pub(super) fn binary_node(&mut self, first: Expression<'a>, rest: &'a [Operation<'a>]) -> Expression<'a> {
        let span = self.since(first.span.start);
        if !self.grow(span) {
            return Expression { span, kind: ExpressionKind::Bad };
        }
        Expression { span, kind: ExpressionKind::Binary(self.alloc(Binary { first, rest })) }
    }

    /// The semicolon behind a field or method. What stands before it is skipped.
    fn end_of_member(&mut self) {
        if self.accept(Kind::Semicolon) || self.at(Kind::RightBrace) {
            return;
        }
        self.error_expected("the end of the line");
        self.skip_balanced();
        if !self.accept(Kind::Semicolon) {
            self.accept(Kind::Comma);
        }
    }
}

/// A name that is used.
pub(super) fn identifier(name: Name<'_>) -> Expression<'_> {
    Expression { span: name.span, kind: ExpressionKind::Identifier(name.text) }
}
