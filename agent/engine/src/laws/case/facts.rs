//! What the table looks at, said of a case without the engine's code.

use schema_documents::desired::Class;
use schema_documents::origin::Rank;
use schema_documents::recorded::Owner;

use super::{Case, State};
use crate::laws::specimen::UnitOf;
use crate::laws::table::Facts;

impl Case {
    pub(in crate::laws) fn facts(&self, unit: &UnitOf, state: &State) -> Facts {
        let (seen, live) = (State::value(state.seen), State::value(state.live));
        let memory = state.memory.as_ref();
        let wish = state.wish.as_ref();
        // Of a set that the document lists in full, what it does not list should not be there.
        let unlisted = unit.is_closed() && wish.is_none() && live.is_some();
        let wished = wish.map(|wish| wish.value);
        let undone = memory.is_some_and(|memory| match memory.asked {
            Some(asked) => unit.same(Some(asked), live),
            None => live.is_none(),
        });
        let edit = memory.and_then(|memory| memory.edit.as_ref());
        let open = edit.filter(|edit| !edit.reverted);
        let rank = wish.map_or(Rank::Code, |wish| wish.rank);
        let over = wish.and_then(|wish| wish.over).is_some_and(|over| unit.same(Some(over), live));
        let other_value = memory.is_none_or(|memory| memory.asked != wished);
        let class = wish.map_or(Class::Enforced, |wish| wish.class);
        let above = live.is_some_and(|live| unit.above_minimum.contains(&live));
        let waits = wish.is_some_and(|wish| wish.waits);
        let in_step = wish.is_some() && !waits && unit.same(wished, live);
        let beside = memory.is_some_and(|memory| {
            memory.owner == Owner::Console && memory.asked.is_none() && memory.edit.is_none()
        });
        let unmoved = unit.same(seen, live);
        let ours = memory.is_some_and(|memory| memory.owner != Owner::Console && memory.asked.is_some());
        Facts {
            read: !self.unread || unmoved || in_step,
            mentioned: wish.is_some() || unlisted,
            waits,
            remembered: memory.is_some(),
            found: self.attached,
            in_step,
            wish_moved: other_value
                || memory.is_none_or(|memory| rank > memory.rank)
                || over && edit.is_some(),
            other_value,
            live_moved: !unmoved && !undone,
            edited: (open.is_some() || beside) && !undone,
            over,
            was_found: open.is_some_and(|edit| edit.found && unit.same(edit.to, live)),
            back: edit.is_some_and(|edit| unit.same(edit.to, live)),
            rank,
            class: if class == Class::Enforced && above { Class::Open } else { class },
            provider: unit.is_provider_owned(),
            write_only: !unit.is_readable(),
            never_asked: memory
                .is_some_and(|memory| memory.owner == Owner::Console && memory.asked.is_none()),
            is_there: !unit.same(None, live),
            open: open.is_some(),
            still_ours: ours && open.is_none() && unmoved && unit.is_readable() && !unit.is_provider_owned(),
            can_go_back: if unit.is_element() {
                live.is_some()
            } else {
                unit.default.is_some_and(|default| !unit.same(Some(default), live))
            },
        }
    }

    /// Whether somebody in the console made the live value what it is: nobody asked for it last, and it is not what was
    /// seen, or an open edit.
    pub(in crate::laws) fn is_edited(&self, unit: &UnitOf, state: &State) -> bool {
        let facts = self.facts(unit, state);
        facts.live_moved || facts.edited
    }

    /// Whether the document says that it knowingly replaces what is live.
    pub(in crate::laws) fn names_the_live_value(&self, unit: &UnitOf, state: &State) -> bool {
        self.facts(unit, state).over
    }

    pub(in crate::laws) fn enforces(&self, unit: &UnitOf, state: &State) -> bool {
        self.facts(unit, state).class == Class::Enforced && !self.attached
    }
}
