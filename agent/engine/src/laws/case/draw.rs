//! Drawing cases: what no journal would hold is put right.

use proptest::prelude::*;
use schema_documents::desired::Class;
use schema_documents::origin::Rank;
use schema_documents::recorded::Owner;

use super::{Case, EditOf, Later, MemoryOf, Spelled, State, WishOf};
use crate::laws::specimen::{SPECIMENS, UnitOf};

pub(in crate::laws) fn case() -> impl Strategy<Value = Case> {
    let specimens = 0..SPECIMENS.len();
    specimens.prop_flat_map(|specimen| {
        let units = SPECIMENS[specimen].units.len();
        let states = prop::collection::vec(state(), units);
        let later = prop::collection::vec(later(), units);
        (prop::bool::weighted(0.1), prop::bool::weighted(0.1), states, later).prop_map(
            move |(attached, unread, states, later)| {
                Case { specimen, attached, unread, states, later }.tidy()
            },
        )
    })
}

fn rank() -> impl Strategy<Value = Rank> {
    prop::sample::select(vec![Rank::Default, Rank::Code, Rank::Setting])
}

fn class() -> impl Strategy<Value = Class> {
    prop::sample::select(vec![Class::Open, Class::Open, Class::Enforced, Class::Reported])
}

fn value() -> impl Strategy<Value = usize> {
    0..3_usize
}

fn state() -> impl Strategy<Value = State> {
    let over = prop::option::weighted(0.3, value());
    let wish = (value(), rank(), class(), over, prop::bool::weighted(0.1))
        .prop_map(|(value, rank, class, over, waits)| WishOf { value, rank, class, over, waits });
    let edit = (prop::option::weighted(0.8, value()), class(), any::<bool>(), any::<bool>())
        .prop_map(|(to, class, reverted, found)| EditOf { to, class, reverted, found });
    let owner = prop::sample::select(vec![Owner::Manifest, Owner::Setting, Owner::Console]);
    let memory = (prop::option::weighted(0.9, value()), rank(), owner, prop::option::weighted(0.4, edit))
        .prop_map(|(asked, rank, owner, edit)| MemoryOf { asked, rank, owner, edit });
    let spelled = || prop::option::weighted(0.85, (value(), 0..2_usize));
    let (wish, memory) = (prop::option::weighted(0.8, wish), prop::option::weighted(0.85, memory));
    (wish, memory, spelled(), spelled(), prop::bool::weighted(0.4)).prop_map(
        |(wish, memory, seen, live, still)| State {
            wish,
            memory,
            seen: if still { live } else { seen },
            live,
        },
    )
}

fn later() -> impl Strategy<Value = Later> {
    let wish = prop::option::weighted(0.6, (value(), rank()));
    (prop::option::weighted(0.6, value()), wish).prop_map(|(edit, wish)| Later { edit, wish })
}

impl Case {
    /// Makes each state one that can be: values that the unit has, and nothing that no journal would hold.
    fn tidy(mut self) -> Self {
        let attached = self.attached;
        let units = &SPECIMENS[self.specimen].units;
        for (unit, state) in units.iter().zip(&mut self.states) {
            state.tidy(unit, attached);
        }
        for (unit, later) in units.iter().zip(&mut self.later) {
            let most = unit.values.len();
            later.edit = later.edit.map(|value| value % most);
            later.wish = later.wish.map(|(value, rank)| (value % most, rank));
        }
        self.unread &= !attached;
        self
    }
}

impl State {
    fn tidy(&mut self, unit: &UnitOf, attached: bool) {
        let most = unit.values.len();
        let known = |(value, spelling): Spelled| (value % most, spelling % unit.values[value % most].len());
        self.live = self.live.map(known).filter(|_| unit.is_readable());
        self.seen = self.seen.map(known).filter(|_| unit.is_readable());
        if attached {
            (self.memory, self.seen) = (None, self.live);
        }
        if let Some(wish) = &mut self.wish {
            wish.value %= most;
            wish.over = wish.over.map(|over| over % most);
            wish.waits &= unit.unknown().is_some();
            wish.class = if unit.is_closed() { Class::Enforced } else { wish.class };
        }
        let Some(memory) = &mut self.memory else { return };
        memory.asked = memory.asked.map(|asked| asked % most);
        if memory.asked.is_none() && unit.is_element() {
            // What was never asked for is remembered as the cloud spells it.
            self.live = self.live.map(|(value, _)| (value, 0));
            self.seen = self.seen.map(|(value, _)| (value, 0));
        }
        memory.edit = memory.edit.take().filter(|_| unit.is_readable());
        if let Some(edit) = &mut memory.edit {
            edit.to = edit.to.map(|to| to % most);
            edit.reverted &= edit.class == Class::Enforced;
            edit.found &= !edit.reverted;
            // What was seen of an open edit is what it made of the field.
            self.seen = if edit.reverted { self.seen } else { edit.to.map(|to| (to, 0)) };
            memory.owner = match memory.owner {
                // What was set back is of whoever wished for it.
                Owner::Console if edit.reverted => Owner::Manifest,
                owner if edit.reverted || edit.class == Class::Enforced => owner,
                _ => Owner::Console,
            };
        }
        if memory.owner == Owner::Console && memory.asked.is_none() {
            // What the console set beside the document was asked for by nobody.
            memory.rank = Rank::Default;
        }
    }
}
