//! Statements, and the local names that they declare.

use super::Walk;
use crate::go::facts::reader::constants;
use crate::go::parser::ast::{Block, Declaration, Expression, Statement, StatementKind};

impl<'a> Walk<'_, 'a> {
    pub(super) fn block(&mut self, block: &Block<'a>) {
        self.scope.open();
        self.statements(block.statements);
        self.scope.close();
    }

    fn statements(&mut self, statements: &[Statement<'a>]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Statement<'a>) {
        match statement.kind {
            StatementKind::Bad | StatementKind::Empty | StatementKind::Branch(_) => {}
            StatementKind::Declaration(declaration) => self.declaration(declaration),
            StatementKind::Labeled(labeled) => self.statement(&labeled.statement),
            StatementKind::Expression(expression) => self.value(expression),
            StatementKind::Go(call) | StatementKind::Defer(call) => self.value(*call),
            StatementKind::Send(send) => self.values(&[send.channel, send.value]),
            StatementKind::Step(step) => self.value(step.operand),
            StatementKind::Assign(assign) => {
                self.values(assign.left);
                self.values(assign.right);
            }
            StatementKind::Define(define) => {
                self.values(define.right);
                self.define(define.left);
            }
            StatementKind::Return(values) => self.values(values),
            StatementKind::Block(block) => self.block(&block),
            StatementKind::If(_)
            | StatementKind::Switch(_)
            | StatementKind::TypeSwitch(_)
            | StatementKind::Select(_)
            | StatementKind::For(_)
            | StatementKind::Range(_) => {
                self.scope.open();
                self.control(statement);
                self.scope.close();
            }
        }
    }

    /// A statement that has statements within, and a block around it.
    fn control(&mut self, statement: &Statement<'a>) {
        match statement.kind {
            StatementKind::If(branches) => {
                for arm in branches.arms {
                    arm.init.iter().for_each(|init| self.statement(init));
                    self.value(arm.condition);
                    self.block(&arm.body);
                }
                branches.otherwise.iter().for_each(|block| self.block(block));
            }
            StatementKind::Switch(switch) => {
                switch.init.iter().for_each(|init| self.statement(init));
                switch.tag.iter().for_each(|tag| self.value(*tag));
                for clause in switch.clauses {
                    self.values(clause.values);
                    self.clause(clause.body);
                }
            }
            StatementKind::TypeSwitch(switch) => {
                switch.init.iter().for_each(|init| self.statement(init));
                self.value(switch.operand);
                self.scope.open();
                switch.name.iter().for_each(|name| self.scope.declare(name.text, None));
                for clause in switch.clauses {
                    clause.values.iter().for_each(|ty| self.kind(*ty));
                    self.clause(clause.body);
                }
                self.scope.close();
            }
            StatementKind::Select(clauses) => {
                for clause in clauses {
                    self.scope.open();
                    clause.communication.iter().for_each(|statement| self.statement(statement));
                    self.statements(clause.body);
                    self.scope.close();
                }
            }
            StatementKind::For(each) => {
                each.init.iter().for_each(|init| self.statement(init));
                each.condition.iter().for_each(|condition| self.value(*condition));
                each.post.iter().for_each(|post| self.statement(post));
                self.block(&each.body);
            }
            StatementKind::Range(range) => {
                self.value(range.operand);
                let names: Vec<_> = [range.key, range.value].into_iter().flatten().collect();
                if range.defines {
                    self.define(&names);
                } else {
                    self.values(&names);
                }
                self.block(&range.body);
            }
            _ => {}
        }
    }

    fn clause(&mut self, body: &[Statement<'a>]) {
        self.scope.open();
        self.statements(body);
        self.scope.close();
    }

    fn values(&mut self, values: &[Expression<'a>]) {
        for value in values {
            self.value(*value);
        }
    }

    fn define(&mut self, left: &[Expression<'a>]) {
        for name in left.iter().filter_map(Expression::name) {
            self.scope.declare(name.text, None);
        }
    }

    /// A declaration in a function. A local name is known from the end of its declaration, so that
    /// `db := db.Stdlib()` uses the outer `db`.
    fn declaration(&mut self, declaration: Declaration<'a>) {
        match declaration {
            Declaration::Import(_) | Declaration::Function(_) => {}
            Declaration::Const(group) => {
                for spec in group.specs {
                    self.values(spec.values);
                    spec.names.iter().for_each(|name| self.scope.declare(name.text, None));
                    constants(spec).for_each(|(name, value)| self.scope.declare(name, Some(value)));
                }
            }
            Declaration::Var(group) => {
                for spec in group.specs {
                    spec.ty.iter().for_each(|ty| self.kind(*ty));
                    self.values(spec.values);
                    spec.names.iter().for_each(|name| self.scope.declare(name.text, None));
                }
            }
            Declaration::Type(group) => group.specs.iter().for_each(|spec| self.type_spec(spec)),
        }
    }
}
