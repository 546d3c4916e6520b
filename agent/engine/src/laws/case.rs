//! A case: a document, a record with both memories, and a live resource, each field in any state that it can be in.

mod draw;
mod facts;
mod stage;

use schema_documents::desired::Class;
use schema_documents::origin::Rank;
use schema_documents::recorded::Owner;

use super::specimen::{SPECIMENS, UnitOf};

pub(super) use draw::case;
pub(super) use stage::{end, is_to_be_told, merge, outcome, record};

/// A value of a unit, and which of its spellings.
type Spelled = (usize, usize);

/// All sides of one resource.
#[derive(Clone, Debug)]
pub(super) struct Case {
    specimen: usize,
    /// It was found and not made: nobody remembers anything.
    pub(super) attached: bool,
    /// The read is too early to prove anything.
    unread: bool,
    states: Vec<State>,
    later: Vec<Later>,
}

/// One field on all sides.
#[derive(Clone, Debug)]
pub(super) struct State {
    wish: Option<WishOf>,
    memory: Option<MemoryOf>,
    seen: Option<Spelled>,
    live: Option<Spelled>,
}

#[derive(Clone, Debug)]
struct WishOf {
    value: usize,
    rank: Rank,
    class: Class,
    over: Option<usize>,
    waits: bool,
}

#[derive(Clone, Debug)]
struct MemoryOf {
    asked: Option<usize>,
    rank: Rank,
    owner: Owner,
    edit: Option<EditOf>,
}

#[derive(Clone, Debug)]
struct EditOf {
    to: Option<usize>,
    class: Class,
    reverted: bool,
    found: bool,
}

/// What happens to a field later: an edit, and another wish.
#[derive(Clone, Debug)]
struct Later {
    edit: Option<usize>,
    wish: Option<(usize, Rank)>,
}

impl Case {
    pub(super) fn units(&self) -> impl Iterator<Item = (&'static UnitOf, &State)> {
        SPECIMENS[self.specimen].units.iter().zip(&self.states)
    }

    // --- cases made of others

    /// The same, with everything that is wished live and nothing to be taken back.
    pub(super) fn in_step(&self) -> Self {
        let mut case = self.clone();
        case.unread = false;
        let units = &SPECIMENS[self.specimen].units;
        for (unit, state) in units.iter().zip(&mut case.states) {
            match &mut state.wish {
                Some(wish) => {
                    wish.waits = false;
                    let value = wish.value;
                    state.live = unit.is_readable().then(|| (value, unit.values[value].len() - 1));
                    if let Some(memory) = state.memory.as_mut().filter(|_| !unit.is_readable()) {
                        memory.asked = Some(value);
                    }
                    if !unit.is_readable() && state.memory.is_none() && !self.attached {
                        state.wish = None;
                    }
                }
                None => *state = State { wish: None, memory: None, seen: None, live: None },
            }
        }
        case
    }

    /// The same, with a read that proves something of a resource that was made.
    pub(super) fn readable(&self) -> Self {
        Self { unread: false, attached: false, ..self.clone() }
    }

    /// The same, with every output known.
    pub(super) fn known(&self) -> Self {
        let mut case = self.clone();
        for wish in case.states.iter_mut().filter_map(|state| state.wish.as_mut()) {
            wish.waits = false;
        }
        case
    }

    /// Only one field of it; the others are as if nobody had ever spoken of them.
    pub(super) fn alone(&self, index: usize) -> Self {
        let mut case = self.clone();
        let others = case.states.iter_mut().enumerate().filter(|(other, _)| *other != index);
        for (_, state) in others {
            *state = State { wish: None, memory: None, seen: None, live: None };
        }
        case
    }

    /// Whether what happens later to a field is an edit and a wish in the sense of the law: an edit to what is wished
    /// at that time is none, what is enforced goes back, and what is named is replaced.
    fn happens(&self, index: usize, unit: &UnitOf) -> bool {
        let wish = self.states[index].wish.as_ref();
        let edit = self.later[index].edit;
        let is_plain =
            wish.is_none_or(|wish| wish.class != Class::Enforced && wish.over.is_none() && !wish.waits);
        let other = !unit.same(edit, wish.map(|wish| wish.value));
        unit.is_readable() && !unit.is_closed() && !unit.is_provider_owned() && is_plain && other
    }
}

impl State {
    pub(super) fn is_wished(&self) -> bool {
        self.wish.is_some()
    }

    pub(super) fn is_enforced(&self) -> bool {
        self.wish.as_ref().is_some_and(|wish| wish.class == Class::Enforced)
    }

    pub(super) fn owner(&self) -> Option<Owner> {
        self.memory.as_ref().map(|memory| memory.owner)
    }

    fn value(spelled: Option<Spelled>) -> Option<usize> {
        spelled.map(|(value, _)| value)
    }
}
