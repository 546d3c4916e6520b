//! Local names, which hide those of the package.

use std::collections::HashMap;

use crate::go::parser::ast::Expression;

/// What a local name holds: its value, if it is a constant.
type Local<'a> = Option<Expression<'a>>;

/// The local names that are known at one place.
#[derive(Default)]
pub(super) struct Scope<'a> {
    /// What each name holds, the innermost last.
    locals: HashMap<&'a str, Vec<Local<'a>>>,
    /// The names in the order of their declaration.
    names: Vec<&'a str>,
    /// How many names there were when each open block began.
    blocks: Vec<usize>,
}

impl<'a> Scope<'a> {
    /// Begins a block.
    pub(super) fn open(&mut self) {
        self.blocks.push(self.names.len());
    }

    /// Ends the innermost block.
    pub(super) fn close(&mut self) {
        let first = self.blocks.pop().unwrap_or(0);
        for name in self.names.drain(first..) {
            if let Some(locals) = self.locals.get_mut(name) {
                locals.pop();
            }
        }
    }

    /// Declares a local name; outside of all blocks there is none.
    pub(super) fn declare(&mut self, name: &'a str, value: Local<'a>) {
        if !self.blocks.is_empty() && name != "_" {
            self.names.push(name);
            self.locals.entry(name).or_default().push(value);
        }
    }

    /// What a name holds; absent when it is not local.
    pub(super) fn local(&self, name: &str) -> Option<Local<'a>> {
        self.locals.get(name)?.last().copied()
    }

    /// Whether a name is local.
    pub(super) fn hides(&self, name: &str) -> bool {
        self.local(name).is_some()
    }
}
