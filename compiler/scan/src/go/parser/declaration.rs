//! Declarations, and the file.

use super::Parser;
use super::ast::{
    Block, ConstSpec, Declaration, Expression, File, Function, Group, ImportSpec, Name, Span, StatementKind,
    StringLiteral, TypeParameter, TypeSpec, VarSpec,
};
use super::parameter::split_name;
use super::token::Kind;
use super::types::identifier;

/// What stands behind the name of a declared type.
struct TypeBody<'a> {
    type_parameters: &'a [TypeParameter<'a>],
    alias: bool,
    ty: Expression<'a>,
}

impl<'a> Parser<'a> {
    pub(super) fn file(mut self) -> File<'a> {
        let package = self.package();
        let mut declarations = self.list();
        let mut imports_may_follow = true;
        while !self.at(Kind::End) {
            if self.at(Kind::Import) && !imports_may_follow {
                self.error(self.token.span, "imports stand before all other declarations");
            }
            imports_may_follow &= self.at(Kind::Import);
            match self.declaration() {
                Some(declaration) => declarations.push(declaration),
                None => self.skip_to_declaration(),
            }
        }
        let mut errors = self.lexer.errors;
        errors.sort_by_key(|error| error.span);
        File {
            source: self.lexer.source,
            package,
            declarations: declarations.into_bump_slice(),
            comments: self.lexer.comments.into_bump_slice(),
            errors: errors.into_bump_slice(),
        }
    }

    fn package(&mut self) -> Option<Name<'a>> {
        if !self.expect(Kind::Package, "`package`") {
            return None;
        }
        let name = self.name();
        self.end_of_statement(Kind::End);
        (!name.text.is_empty()).then_some(name)
    }

    /// A declaration, if one begins here.
    pub(super) fn declaration(&mut self) -> Option<Declaration<'a>> {
        Some(match self.token.kind {
            Kind::Import => Declaration::Import(self.group(Self::import_spec)),
            Kind::Const => Declaration::Const(self.group(Self::const_spec)),
            Kind::Var => Declaration::Var(self.group(Self::var_spec)),
            Kind::Type => Declaration::Type(self.group(Self::type_spec)),
            Kind::Func => Declaration::Function(self.function()),
            _ => return None,
        })
    }

    /// The span of a declaration that is a statement, without the semicolon.
    pub(super) fn since_declaration(&self, start: u32, kind: StatementKind<'a>) -> Span {
        match kind {
            StatementKind::Declaration(declaration) => declaration.span(),
            _ => self.since(start),
        }
    }

    /// Skips what is no declaration. Blocks are parsed, to find where they end, and dropped.
    fn skip_to_declaration(&mut self) {
        self.error_expected("a declaration");
        while !self.at(Kind::End) && !self.token.kind.begins_declaration() {
            if self.at(Kind::LeftBrace) {
                self.block();
            } else {
                self.advance();
            }
        }
    }

    /// One spec behind the keyword, or several in parentheses.
    fn group<Spec>(&mut self, parse: fn(&mut Self, u32) -> (Spec, u32)) -> &'a Group<'a, Spec> {
        let start = self.advance().span.start;
        let mut specs = self.list();
        if !self.accept(Kind::LeftParenthesis) {
            let (spec, end) = parse(self, 0);
            self.end_of_statement(Kind::RightBrace);
            specs.push(spec);
            let span = Span { start, end };
            return self.alloc(Group { span, parenthesized: false, specs: specs.into_bump_slice() });
        }
        let mut index = 0;
        while !self.ends_group() {
            let before = self.consumed;
            let (spec, _) = parse(self, index);
            self.end_of_statement(Kind::RightParenthesis);
            specs.push(spec);
            index += 1;
            if self.consumed == before {
                break;
            }
        }
        self.close(Kind::RightParenthesis, "`)`");
        let span = self.since(start);
        self.end_of_statement(Kind::RightBrace);
        self.alloc(Group { span, parenthesized: true, specs: specs.into_bump_slice() })
    }

    fn ends_group(&self) -> bool {
        match self.token.kind {
            Kind::RightParenthesis | Kind::End => true,
            kind => kind.begins_declaration() && self.is_at_margin(),
        }
    }

    fn import_spec(&mut self, _: u32) -> (ImportSpec<'a>, u32) {
        let start = self.start();
        let name = match self.token.kind {
            Kind::Identifier => Some(self.name()),
            Kind::Dot => {
                let span = self.advance().span;
                Some(Name { span, text: self.text(span) })
            }
            _ => None,
        };
        let path = self.string_literal().unwrap_or_else(|| {
            self.error_expected("the path of a package, as a string");
            StringLiteral { span: self.missing(), text: "" }
        });
        let span = self.since(start);
        (ImportSpec { span, name, path }, span.end)
    }

    fn const_spec(&mut self, iota: u32) -> (ConstSpec<'a>, u32) {
        let start = self.start();
        let names = self.names();
        let ty = self.optional_type();
        let values = if self.accept(Kind::Assign) { self.expressions() } else { &[] };
        let span = self.since(start);
        (ConstSpec { span, names, ty, values, iota }, span.end)
    }

    fn var_spec(&mut self, _: u32) -> (VarSpec<'a>, u32) {
        let start = self.start();
        let names = self.names();
        let ty = (!self.at(Kind::Assign)).then(|| self.ty());
        let values = if self.accept(Kind::Assign) { self.expressions() } else { &[] };
        let span = self.since(start);
        (VarSpec { span, names, ty, values }, span.end)
    }

    fn type_spec(&mut self, _: u32) -> (TypeSpec<'a>, u32) {
        let start = self.start();
        let name = self.name();
        let TypeBody { type_parameters, alias, ty } =
            if self.at(Kind::LeftBracket) { self.array_or_generic_type() } else { self.type_body(&[]) };
        let span = self.since(start);
        (TypeSpec { span, name, type_parameters, alias, ty }, span.end)
    }

    fn type_body(&mut self, type_parameters: &'a [TypeParameter<'a>]) -> TypeBody<'a> {
        let alias = self.accept(Kind::Assign);
        TypeBody { type_parameters, alias, ty: self.ty() }
    }

    /// `type T[P any] …`, `type T[n]E` or `type T[]E`.
    ///
    /// Behind the bracket both begin with an expression: the length of the array, or the name of a type parameter with
    /// as much of its constraint as looks like an operation on it, as in `[P *C]` or `[P (C)]`. That expression is
    /// parsed, and taken apart again if it was a type parameter. A name followed by `[` always is: no length is `a[i]`.
    fn array_or_generic_type(&mut self) -> TypeBody<'a> {
        let bracket = self.advance().span.start;
        if !self.at(Kind::Identifier) {
            return self.array_body(bracket, None);
        }
        let name = self.name();
        let first = if self.at(Kind::LeftBracket) {
            identifier(name)
        } else {
            self.within_brackets(|parser| {
                let operand = parser.links(identifier(name));
                parser.operations(operand, 1)
            })
        };
        match split_name(self, first, self.at(Kind::Comma)) {
            Some((name, constraint)) if constraint.is_some() || !self.at(Kind::RightBracket) => {
                let type_parameters = self.rest_of_type_parameters(Some((name, constraint)));
                self.type_body(type_parameters)
            }
            _ => self.array_body(bracket, Some(first)),
        }
    }

    /// An array or slice type, of which the bracket has been consumed, and perhaps the length.
    fn array_body(&mut self, bracket: u32, length: Option<Expression<'a>>) -> TypeBody<'a> {
        let kind = match length {
            Some(length) => self.array_type(Some(length)),
            None => self.behind_bracket(),
        };
        let ty = Expression { span: self.since(bracket), kind };
        TypeBody { type_parameters: &[], alias: false, ty }
    }

    fn function(&mut self) -> &'a Function<'a> {
        let start = self.advance().span.start;
        let receiver = if self.at(Kind::LeftParenthesis) { self.receivers().first().copied() } else { None };
        let name = self.name();
        let type_parameters = if self.at(Kind::LeftBracket) {
            if receiver.is_some() {
                self.error(self.token.span, "a method has no type parameters");
            }
            self.type_parameters()
        } else {
            &[]
        };
        let signature = self.signature();
        let has_body = self.has_body();
        let left_out = if has_body { self.left_out_body() } else { None };
        let is_left_out = left_out.is_some();
        let body = left_out.or_else(|| has_body.then(|| self.block()));
        let span = self.since(start);
        self.end_of_statement(Kind::End);
        self.alloc(Function { span, receiver, name, type_parameters, signature, body, is_left_out })
    }

    /// Skips a body, if it is one to be left out.
    fn left_out_body(&mut self) -> Option<Block<'a>> {
        let start = self.start();
        let end = self.left_out?.end(self.lexer.source, start as usize)?;
        self.lexer.skip_to(end);
        self.advance();
        self.accept(Kind::RightBrace);
        Some(Block { span: self.since(start), statements: &[] })
    }

    /// Whether a function has a body. One that begins on the next line is an error, and the body all the same.
    fn has_body(&mut self) -> bool {
        if self.at(Kind::Semicolon) && self.lexer.rest().trim_start().starts_with('{') {
            self.error(self.token.span, "the `{` must stand on the line of the `func`");
            self.advance();
        }
        self.at(Kind::LeftBrace)
    }
}
