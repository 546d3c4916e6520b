//! A witness of a pass: it sees all that the engine is told and all that it says, and has no say itself.
//!
//! The engine has no clock and no chance of its own, so what a witness wrote down can be told to another engine, which must
//! say the same (semantics: the same events at the same times give the same commands).

use std::fmt;
use std::sync::Arc;

use agent_engine::command::{Command, Event};
use agent_engine::pass::{Inputs, Turn};
use schema_documents::Millis;

/// Something that a witness sees, in the order in which it happens.
#[derive(Clone, Copy)]
pub enum Sight<'a> {
    /// A pass begins with these inputs.
    Began(&'a Inputs),
    /// The engine is told something.
    Told {
        /// What.
        event: &'a Event,
        /// When.
        now_ms: Millis,
    },
    /// What the engine says to that.
    Said {
        /// What is to be done.
        commands: &'a [Command],
        /// Which ways it took.
        turns: &'a [Turn],
    },
}

type Watch = dyn Fn(Sight<'_>) + Send + Sync;

/// Who watches; nobody by default.
#[derive(Clone, Default)]
pub(crate) struct Witness(Option<Arc<Watch>>);

impl Witness {
    pub(crate) fn new(watch: impl Fn(Sight<'_>) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(watch)))
    }

    pub(crate) fn sees(&self, sight: Sight<'_>) {
        if let Some(watch) = &self.0 {
            watch(sight);
        }
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.0.is_some() { "a witness" } else { "nobody" })
    }
}
