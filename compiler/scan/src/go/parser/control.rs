//! Statements with a head and a body.

use std::mem;

use super::Parser;
use super::ast::{
    Assign, CaseClause, Define, Expression, ExpressionKind, For, If, IfArm, Name, RangeLoop, SelectClause,
    Span, Statement, StatementKind, Switch, TypeSwitch,
};
use super::token::Kind;

/// What stands between `for` and the body.
enum ForHead<'a> {
    Clauses { init: Option<Statement<'a>>, condition: Option<Expression<'a>>, post: Option<Statement<'a>> },
    Range { left: &'a [Expression<'a>], defines: bool, operand: Expression<'a> },
}

impl<'a> Parser<'a> {
    /// Parses the head of a statement, in which a `{` behind a name begins the body.
    fn head<T>(&mut self, parse: impl FnOnce(&mut Self) -> T) -> T {
        let outer = mem::replace(&mut self.braces_are_literals, false);
        let head = parse(self);
        self.braces_are_literals = outer;
        head
    }

    /// All arms of an `if`. They nest in the grammar, but a chain of them is a list here, however long it is.
    pub(super) fn if_(&mut self) -> StatementKind<'a> {
        let mut arms = self.list();
        let mut otherwise = None;
        loop {
            arms.push(self.if_arm());
            if !self.accept(Kind::Else) {
                break;
            }
            if self.at(Kind::If) {
                continue;
            }
            if !self.at(Kind::LeftBrace) {
                self.error_expected("`if` or `{` behind `else`");
            }
            otherwise = Some(self.block());
            break;
        }
        StatementKind::If(self.alloc(If { arms: arms.into_bump_slice(), otherwise }))
    }

    fn if_arm(&mut self) -> IfArm<'a> {
        let start = self.advance().span.start;
        let (init, condition) = self.head(Self::if_head);
        let body = self.block();
        IfArm { span: self.since(start), init, condition, body }
    }

    fn if_head(&mut self) -> (Option<Statement<'a>>, Expression<'a>) {
        if self.at(Kind::LeftBrace) {
            self.error_expected("a condition");
            return (None, self.bad());
        }
        let first = (!self.at(Kind::Semicolon)).then(|| self.simple_statement());
        if !self.at(Kind::Semicolon) {
            let condition = first.map(|first| self.value_of(first, "a condition"));
            return (None, condition.unwrap_or_else(|| self.bad()));
        }
        let line_end = self.advance().span;
        if self.at(Kind::LeftBrace) {
            let message = if line_end.start == line_end.end {
                "the `{` must stand on the line of the `if`"
            } else {
                "expected a condition behind the `;`"
            };
            self.error(line_end, message);
            return (first, self.bad());
        }
        let condition = self.simple_statement();
        (first, self.value_of(condition, "a condition"))
    }

    /// The expression that a statement must be in this place.
    fn value_of(&mut self, statement: Statement<'a>, what: &str) -> Expression<'a> {
        if let StatementKind::Expression(expression) = statement.kind {
            return expression;
        }
        let message =
            format!("expected {what}, found a statement; a composite literal needs parentheses here");
        self.error(statement.span, &message);
        Expression { span: statement.span, kind: ExpressionKind::Bad }
    }

    pub(super) fn for_(&mut self) -> StatementKind<'a> {
        let start = self.advance().span.start;
        let head = self.head(Self::for_head);
        let body = self.block();
        match head {
            ForHead::Clauses { init, condition, post } => {
                StatementKind::For(self.alloc(For { init, condition, post, body }))
            }
            ForHead::Range { left, defines, operand } => {
                if left.len() > 2 {
                    self.error(self.since(start), "a `range` gives two values at most");
                }
                let (key, value) = (left.first().copied(), left.get(1).copied());
                StatementKind::Range(self.alloc(RangeLoop { key, value, defines, operand, body }))
            }
        }
    }

    fn for_head(&mut self) -> ForHead<'a> {
        if self.at(Kind::LeftBrace) {
            return ForHead::Clauses { init: None, condition: None, post: None };
        }
        if self.accept(Kind::Range) {
            return ForHead::Range { left: &[], defines: false, operand: self.expression() };
        }
        if self.at(Kind::Semicolon) {
            return self.for_clauses(None);
        }
        let start = self.start();
        let left = self.expressions();
        let kind = match self.token.kind {
            Kind::Define | Kind::Assign => {
                let defines = self.advance().kind == Kind::Define;
                if self.accept(Kind::Range) {
                    return ForHead::Range { left, defines, operand: self.expression() };
                }
                let right = self.expressions();
                if defines {
                    StatementKind::Define(self.alloc(Define { left, right }))
                } else {
                    StatementKind::Assign(self.alloc(Assign { left, operator: None, right }))
                }
            }
            _ => self.behind_expressions(left),
        };
        let first = Statement { span: self.since(start), kind };
        if self.at(Kind::Semicolon) {
            return self.for_clauses(Some(first));
        }
        let condition = Some(self.value_of(first, "a condition or `range`"));
        ForHead::Clauses { init: None, condition, post: None }
    }

    /// `; condition; post`.
    fn for_clauses(&mut self, init: Option<Statement<'a>>) -> ForHead<'a> {
        self.advance();
        let condition = (!self.at(Kind::Semicolon)).then(|| {
            let condition = self.simple_statement();
            self.value_of(condition, "a condition")
        });
        self.expect(Kind::Semicolon, "`;` behind the condition");
        let post = (!self.at(Kind::LeftBrace)).then(|| self.simple_statement());
        ForHead::Clauses { init, condition, post }
    }

    pub(super) fn switch(&mut self) -> StatementKind<'a> {
        self.advance();
        let (init, guard) = self.head(Self::switch_head);
        let ty = guard.and_then(|guard| self.type_switch_guard(guard));
        let tag = guard.filter(|_| ty.is_none()).map(|guard| self.value_of(guard, "a value"));
        let clauses = self.clauses(Self::case_clause);
        match ty {
            Some((name, operand)) => {
                StatementKind::TypeSwitch(self.alloc(TypeSwitch { init, name, operand, clauses }))
            }
            None => StatementKind::Switch(self.alloc(Switch { init, tag, clauses })),
        }
    }

    fn switch_head(&mut self) -> (Option<Statement<'a>>, Option<Statement<'a>>) {
        let first =
            (!matches!(self.token.kind, Kind::Semicolon | Kind::LeftBrace)).then(|| self.simple_statement());
        if !self.accept(Kind::Semicolon) {
            return (None, first);
        }
        (first, (!self.at(Kind::LeftBrace)).then(|| self.simple_statement()))
    }

    /// `x.(type)` or `name := x.(type)`.
    fn type_switch_guard(&mut self, guard: Statement<'a>) -> Option<(Option<Name<'a>>, Expression<'a>)> {
        let (left, right) = match guard.kind {
            StatementKind::Expression(expression) => {
                return Some((None, self.type_switch_operand(expression)?));
            }
            StatementKind::Define(define) => (define.left, define.right),
            StatementKind::Assign(assign) if assign.operator.is_none() => (assign.left, assign.right),
            _ => return None,
        };
        let ([left], [right]) = (left, right) else { return None };
        let operand = self.type_switch_operand(*right)?;
        if matches!(guard.kind, StatementKind::Assign(_)) {
            self.error(guard.span, "a type switch declares its variable with `:=`");
        }
        Some((left.name(), operand))
    }

    pub(super) fn select(&mut self) -> StatementKind<'a> {
        self.advance();
        let clauses = self.clauses(Self::select_clause);
        StatementKind::Select(clauses)
    }

    /// The body of a `switch` or `select`.
    fn clauses<T>(&mut self, parse: fn(&mut Self) -> T) -> &'a [T] {
        let mut clauses = self.list();
        if !self.expect(Kind::LeftBrace, "`{`") {
            return &[];
        }
        loop {
            match self.token.kind {
                Kind::Case | Kind::Default => clauses.push(parse(self)),
                Kind::RightBrace => {
                    self.advance();
                    break;
                }
                _ => {
                    // Statements here belong to no clause: they are parsed to get behind them, and dropped.
                    self.error_expected("`case`, `default` or `}`");
                    let before = self.consumed;
                    self.statements();
                    if self.consumed == before {
                        break;
                    }
                }
            }
        }
        clauses.into_bump_slice()
    }

    fn case_clause(&mut self) -> CaseClause<'a> {
        let start = self.start();
        let is_case = self.advance().kind == Kind::Case;
        let values = if is_case { self.expressions() } else { &[] };
        let (span, body) = self.clause_body(start);
        CaseClause { span, values, body }
    }

    fn select_clause(&mut self) -> SelectClause<'a> {
        let start = self.start();
        let is_case = self.advance().kind == Kind::Case;
        let communication = is_case.then(|| self.communication());
        let (span, body) = self.clause_body(start);
        SelectClause { span, communication, body }
    }

    /// What a clause of a `select` waits for.
    fn communication(&mut self) -> Statement<'a> {
        let statement = self.simple_statement();
        let (left, right): (&[_], &[_]) = match statement.kind {
            StatementKind::Send(_) | StatementKind::Expression(_) => return statement,
            StatementKind::Define(define) => (define.left, define.right),
            StatementKind::Assign(assign) if assign.operator.is_none() => (assign.left, assign.right),
            _ => (&[], &[]),
        };
        if right.len() != 1 || left.len() > 2 {
            self.error(statement.span, "expected a send or a receive");
        }
        statement
    }

    fn clause_body(&mut self, start: u32) -> (Span, &'a [Statement<'a>]) {
        self.expect(Kind::Colon, "`:`");
        let colon = self.since(start);
        let body = self.statements();
        let end = body.last().map_or(colon.end, |last| last.span.end.max(colon.end));
        (Span { start, end }, body)
    }
}
