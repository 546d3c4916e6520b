//! Statements; those with a head and a body are in `control`.

use super::Parser;
use super::ast::{
    Assign, BinaryOperator, Block, Branch, BranchKeyword, Define, Expression, ExpressionKind, Labeled, Send,
    Statement, StatementKind, Step,
};
use super::token::Kind;

impl<'a> Parser<'a> {
    /// `{ … }`.
    pub(super) fn block(&mut self) -> Block<'a> {
        self.skip_to_body();
        let start = self.start();
        if !self.accept(Kind::LeftBrace) {
            return Block { span: self.missing(), statements: &[] };
        }
        let statements = self.statements();
        self.expect(Kind::RightBrace, "`}`");
        Block { span: self.since(start), statements }
    }

    /// Skips what stands between a head and its body.
    fn skip_to_body(&mut self) {
        if self.at(Kind::LeftBrace) {
            return;
        }
        self.error_expected("`{`");
        while !matches!(self.token.kind, Kind::LeftBrace | Kind::RightBrace | Kind::Semicolon | Kind::End) {
            self.advance();
        }
    }

    /// Statements up to the end of a block or clause.
    pub(super) fn statements(&mut self) -> &'a [Statement<'a>] {
        let mut statements = self.list();
        while !self.ends_statements() {
            let before = self.consumed;
            statements.push(self.statement());
            if self.consumed == before {
                self.advance();
            }
        }
        statements.into_bump_slice()
    }

    fn ends_statements(&self) -> bool {
        match self.token.kind {
            Kind::RightBrace | Kind::Case | Kind::Default | Kind::End => true,
            Kind::Func | Kind::Import => self.begins_package_level(),
            _ => false,
        }
    }

    /// Whether the next declaration of the package begins here, since the brace before it was forgotten. Unlike `func(`,
    /// `func name` cannot stand in a function. A method can be mistaken for a literal, but not if it looks as usual.
    fn begins_package_level(&self) -> bool {
        if !self.is_at_margin() {
            return false;
        }
        let rest = self.lexer.rest().trim_start();
        let behind_receiver = match rest.strip_prefix('(') {
            Some(receiver) => match receiver.split_once(')') {
                Some((receiver, rest)) if !receiver.contains('\n') => rest.trim_start(),
                _ => return false,
            },
            None => rest,
        };
        let is_word = |character: char| character.is_alphanumeric() || character == '_';
        let behind_name = behind_receiver.trim_start_matches(is_word);
        self.at(Kind::Import)
            || behind_name.len() < behind_receiver.len() && behind_name.starts_with(['(', '['])
    }

    pub(super) fn statement(&mut self) -> Statement<'a> {
        let start = self.start();
        let Some(level) = self.enter() else {
            let kind = StatementKind::Bad;
            return Statement { span: self.since(start), kind };
        };
        let statement = self.statement_of_any_kind();
        self.leave(level);
        statement
    }

    fn statement_of_any_kind(&mut self) -> Statement<'a> {
        let start = self.start();
        let kind = match self.token.kind {
            Kind::Const | Kind::Type | Kind::Var => {
                let declaration = self.declaration().map(StatementKind::Declaration);
                let kind = declaration.unwrap_or(StatementKind::Bad);
                return Statement { span: self.since_declaration(start, kind), kind };
            }
            Kind::Semicolon => {
                self.advance();
                return Statement { span: self.since(start), kind: StatementKind::Empty };
            }
            Kind::Go => self.go(),
            Kind::Defer => self.defer(),
            Kind::Return => self.return_(),
            Kind::Break => self.branch(BranchKeyword::Break),
            Kind::Continue => self.branch(BranchKeyword::Continue),
            Kind::Goto => self.branch(BranchKeyword::Goto),
            Kind::Fallthrough => self.branch(BranchKeyword::Fallthrough),
            Kind::LeftBrace => StatementKind::Block(self.block()),
            Kind::If => self.if_(),
            Kind::Switch => self.switch(),
            Kind::Select => self.select(),
            Kind::For => self.for_(),
            kind if kind.begins_expression() && kind != Kind::Tilde => match self.labeled_or_simple(start) {
                labeled @ StatementKind::Labeled(_) => {
                    return Statement { span: self.since(start), kind: labeled };
                }
                simple => simple,
            },
            _ => {
                self.error_expected("a statement");
                self.missing();
                StatementKind::Bad
            }
        };
        let span = self.since(start);
        if !self.at(Kind::RightBrace) {
            self.end_of_statement(Kind::RightBrace);
        }
        Statement { span, kind }
    }

    /// The semicolon behind a statement or spec. What stands before it is skipped, up to what makes sense again.
    pub(super) fn end_of_statement(&mut self, closing: Kind) {
        if self.accept(Kind::Semicolon) || self.at(closing) || self.at(Kind::End) {
            return;
        }
        self.error_expected("the end of the line or `;`");
        loop {
            match self.token.kind {
                Kind::Semicolon => {
                    self.advance();
                    return;
                }
                Kind::End | Kind::LeftBrace | Kind::RightBrace => return,
                kind if kind == closing || kind.is_statement_keyword() => return,
                kind if kind.begins_declaration() && self.is_at_margin() => return,
                _ => self.advance(),
            };
        }
    }

    /// A statement that may stand in the head of another: an expression, an assignment and the like.
    pub(super) fn simple_statement(&mut self) -> Statement<'a> {
        let start = self.start();
        let left = self.expressions();
        let kind = self.behind_expressions(left);
        Statement { span: self.since(start), kind }
    }

    fn labeled_or_simple(&mut self, start: u32) -> StatementKind<'a> {
        let left = self.expressions();
        if !self.at(Kind::Colon) {
            return self.behind_expressions(left);
        }
        let colon = self.advance().span;
        let [label] = left else { return self.illegal_label(start) };
        let Some(label) = label.name() else {
            self.error(colon, "a label is a name");
            return StatementKind::Bad;
        };
        let nothing = matches!(self.token.kind, Kind::RightBrace | Kind::End);
        let statement = if nothing {
            Statement { span: self.since(self.end), kind: StatementKind::Empty }
        } else {
            self.statement()
        };
        StatementKind::Labeled(self.alloc(Labeled { label, statement }))
    }

    fn illegal_label(&mut self, start: u32) -> StatementKind<'a> {
        let span = self.since(start);
        self.error(span, "a label is one name");
        StatementKind::Bad
    }

    /// The rest of a simple statement.
    pub(super) fn behind_expressions(&mut self, left: &'a [Expression<'a>]) -> StatementKind<'a> {
        match self.token.kind {
            Kind::Define => {
                self.advance();
                let right = self.expressions();
                return StatementKind::Define(self.alloc(Define { left, right }));
            }
            Kind::Assign => return self.assign(left, None),
            Kind::AssignOperation(operator) => return self.assign(left, Some(operator)),
            _ => {}
        }
        if let [_, second, ..] = left {
            self.error(second.span, "expected one expression, or `=` behind them");
        }
        let first = left[0];
        match self.token.kind {
            Kind::Arrow => {
                self.advance();
                let value = self.expression();
                StatementKind::Send(self.alloc(Send { channel: first, value }))
            }
            Kind::Increment | Kind::Decrement => {
                let up = self.advance().kind == Kind::Increment;
                StatementKind::Step(self.alloc(Step { operand: first, up }))
            }
            _ if left.len() > 1 => {
                StatementKind::Assign(self.alloc(Assign { left, operator: None, right: &[] }))
            }
            _ => StatementKind::Expression(first),
        }
    }

    fn assign(&mut self, left: &'a [Expression<'a>], operator: Option<BinaryOperator>) -> StatementKind<'a> {
        self.advance();
        let right = self.expressions();
        StatementKind::Assign(self.alloc(Assign { left, operator, right }))
    }

    fn go(&mut self) -> StatementKind<'a> {
        self.advance();
        let call = self.call_of("`go`");
        StatementKind::Go(self.alloc(call))
    }

    fn defer(&mut self) -> StatementKind<'a> {
        self.advance();
        let call = self.call_of("`defer`");
        StatementKind::Defer(self.alloc(call))
    }

    fn call_of(&mut self, keyword: &str) -> Expression<'a> {
        let call = self.expression();
        if !matches!(call.kind, ExpressionKind::Call(_) | ExpressionKind::Bad) {
            let message = format!("expected a call behind {keyword}, without parentheses around it");
            self.error(call.span, &message);
        }
        call
    }

    fn return_(&mut self) -> StatementKind<'a> {
        self.advance();
        let nothing = matches!(self.token.kind, Kind::Semicolon | Kind::RightBrace);
        StatementKind::Return(if nothing { &[] } else { self.expressions() })
    }

    fn branch(&mut self, keyword: BranchKeyword) -> StatementKind<'a> {
        self.advance();
        let has_label = match keyword {
            BranchKeyword::Goto => true,
            BranchKeyword::Break | BranchKeyword::Continue => self.at(Kind::Identifier),
            BranchKeyword::Fallthrough => false,
        };
        let label = has_label.then(|| self.name());
        StatementKind::Branch(Branch { keyword, label })
    }
}
