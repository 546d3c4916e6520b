//! Whether a journal that holds nothing is new, or another one was lost: anything live that says it is of this environment
//! tells.
//!
//! It asks little, for every environment begins with it: of the kinds of the document that carry tags a list each, and a
//! read of what is named like a resource of the document, or cannot be told from its identifier. The first trace ends it.

use std::collections::BTreeSet;

use agent_world::Found;
use schema_catalog::Kind;
use schema_documents::recovery::Leftover;

use super::{Answer, Inputs, Question, Search};

/// What a search for traces came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trace {
    /// Nothing says that it is of this environment.
    Nothing,
    /// This does, and there may be more.
    Something(Leftover),
    /// A kind could not be searched, so nobody can tell.
    Unknown {
        /// The kind.
        kind: String,
        /// What the cloud said.
        why: String,
    },
}

impl Search {
    /// A search that ends with the first trace of the environment. See [`Search::trace`].
    pub fn for_a_trace(inputs: Inputs) -> Self {
        Self { is_for_a_trace: true, ..Self::new(inputs) }
    }

    /// What was found, once the search is over.
    pub fn trace(&self) -> Trace {
        if let Some(found) = self.leftovers().into_iter().next() {
            return Trace::Something(found);
        }
        let unknown = self.answers.iter().find_map(|(question, answer)| match (question, answer) {
            (Question::List(kind, _) | Question::Read(kind, _), Answer::Not(why)) => {
                Some(Trace::Unknown { kind: kind.clone(), why: why.clone() })
            }
            _ => None,
        });
        unknown.unwrap_or(Trace::Nothing)
    }

    /// Asks on, unless there is a trace.
    pub(super) fn ask_for_a_trace(&mut self) {
        self.over = self.over || matches!(self.trace(), Trace::Something(_));
        if !self.over {
            self.ask();
        }
    }

    /// Whether something that a list shows may be named by this environment. Where an identifier does not show the name,
    /// anything may.
    pub(super) fn may_be_named(&self, kind: &Kind, found: &Found) -> bool {
        let of_kind = self.desired.resources.values().filter(|resource| resource.kind == kind.name);
        let stems: Option<BTreeSet<&str>> = of_kind
            .map(|resource| resource.name.as_ref().filter(|stem| kind.shows_name(&stem.path)))
            .map(|stem| stem.map(|stem| stem.stem.as_str()))
            .collect();
        stems.is_none_or(|stems| stems.into_iter().any(|stem| found.identifier.contains(stem)))
    }
}
