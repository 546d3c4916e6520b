//! Local names, which hide those of the package.

use rustc_hash::FxHashMap;

use crate::go::parser::ast::Expression;

/// What a local name holds: its value, if it is a constant.
type Local<'a> = Option<Expression<'a>>;

/// A local name.
struct Declared<'a> {
    name: &'a str,
    holds: Local<'a>,
    /// The one of the same name that it hides.
    hidden: Option<usize>,
}

/// The local names that are known at one place.
#[derive(Default)]
pub(super) struct Scope<'a> {
    /// The names in the order of their declaration.
    declared: Vec<Declared<'a>>,
    /// The innermost one of each name.
    innermost: FxHashMap<&'a str, Option<usize>>,
    /// How many names there were when each open block began.
    blocks: Vec<usize>,
}

impl<'a> Scope<'a> {
    /// Begins a block.
    pub(super) fn open(&mut self) {
        self.blocks.push(self.declared.len());
    }

    /// Ends the innermost block.
    pub(super) fn close(&mut self) {
        let first = self.blocks.pop().unwrap_or(0);
        for declared in self.declared.drain(first..).rev() {
            self.innermost.insert(declared.name, declared.hidden);
        }
    }

    /// Declares a local name; outside of all blocks there is none.
    pub(super) fn declare(&mut self, name: &'a str, holds: Local<'a>) {
        if !self.blocks.is_empty() && name != "_" {
            let hidden = self.innermost.insert(name, Some(self.declared.len())).flatten();
            self.declared.push(Declared { name, holds, hidden });
        }
    }

    /// What a name holds; absent when it is not local.
    pub(super) fn local(&self, name: &str) -> Option<Local<'a>> {
        let innermost = (*self.innermost.get(name)?)?;
        Some(self.declared[innermost].holds)
    }

    /// Whether a name is local.
    pub(super) fn hides(&self, name: &str) -> bool {
        self.local(name).is_some()
    }
}
