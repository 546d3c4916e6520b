//! Merge: the table of the semantics (§1), for one merge unit, as one pure function.
//!
//! Each side is compared with its own memory: the wish with what was asked, the live value with what was seen.

use schema_catalog::units::is_empty;
use schema_catalog::{Kind, compare};
use schema_documents::desired::Class;
use schema_documents::origin::Rank;
use schema_documents::recorded::{FieldRecord, OpenEdit, Owner};
use schema_documents::{FieldPath, Json, Value, path};

use crate::digests::are_incomparable;

/// All that is known of one merge unit.
#[derive(Clone, Copy)]
pub struct FieldInput<'a> {
    /// What the document wishes; absent: it does not mention the field.
    pub wish: Option<Wished<'a>>,
    /// What the record remembers.
    pub memory: Option<&'a FieldRecord>,
    /// The live value last seen.
    pub seen: Option<&'a Json>,
    /// The live value.
    pub live: LiveField<'a>,
    /// How values at this path are compared.
    pub meaning: Meaning<'a>,
    /// Whether the resource was found and not made: nothing of it was ever asked for.
    pub attached: bool,
}

/// A wish for one field.
#[derive(Clone, Copy)]
pub struct Wished<'a> {
    /// The value; absent: it should not be there.
    pub value: Option<&'a Value>,
    /// The same as JSON, where nothing in it is an expression.
    pub json: Option<&'a Json>,
    /// Its strength.
    pub rank: Rank,
    /// Whether the console may change it.
    pub class: Class,
    /// Whether it knowingly replaces the value that is live.
    pub overrules: bool,
    /// Whether it needs an output that is not known.
    pub waits: bool,
}

/// The live side of one field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LiveField<'a> {
    /// It was read; absent: there is none.
    Known(Option<&'a Json>),
    /// It was not read, or the read is no evidence.
    NotRead,
}

/// How values of one field are compared: what the catalogue knows, and nothing else.
#[derive(Clone, Copy)]
pub struct Meaning<'a> {
    /// The kind.
    pub kind: &'a Kind,
    /// The merge unit.
    pub path: &'a FieldPath,
}

impl<'a> Meaning<'a> {
    /// Whether the live value is as wished.
    pub fn satisfies(&self, wish: Option<&Json>, live: Option<&Json>) -> bool {
        match (wish, live) {
            (Some(wish), Some(live)) => compare::satisfies(self.kind, self.path, wish, live),
            (Some(wish), None) => self.is_as_good_as_none(wish),
            (None, live) => live.is_none(),
        }
    }

    /// Whether two live values, or two wishes, mean the same.
    pub fn equal(&self, one: Option<&Json>, other: Option<&Json>) -> bool {
        match (one, other) {
            (Some(one), Some(other)) => {
                are_incomparable(one, other) || compare::equal(self.kind, self.path, one, other)
            }
            (Some(one), None) | (None, Some(one)) => self.is_as_good_as_none(one),
            (None, None) => true,
        }
    }

    /// Whether a live value that is one whole has all that is said of it, as it had before, and something that it did not
    /// have then: somebody added that. What the cloud itself had added was there before.
    pub fn is_added_to(&self, said: Option<&Json>, before: Option<&Json>, live: Option<&Json>) -> bool {
        let (Some(said), Some(before), Some(live)) = (said, before, live) else { return false };
        let has = |declared, live| compare::satisfies(self.kind, self.path, declared, live);
        (said.is_object() || said.is_array()) && has(said, before) && has(said, live) && !has(live, before)
    }

    /// Whether a value says no more than none: nothing is in it, or it is the default, however it is spelled.
    fn is_as_good_as_none(&self, value: &Json) -> bool {
        let default = self.kind.default_at(self.path);
        is_empty(value) || default.is_some_and(|default| compare::equal(self.kind, self.path, default, value))
    }

    /// Whether the cloud alone decides the value.
    pub fn is_provider_owned(&self) -> bool {
        self.kind.is_provider_owned(self.path)
    }

    /// Whether a read never shows the value.
    pub fn is_write_only(&self) -> bool {
        self.kind.is_write_only(self.path)
    }

    /// What a field goes back to when nobody wishes anything; `None` if that is not known.
    pub fn default(&self) -> Option<Default<'a>> {
        let is_element = self.path.segments().last().is_some_and(|last| path::selector(last).is_some());
        if is_element {
            return Some(Default::Absent);
        }
        self.kind.default_at(self.path).map(Default::Value)
    }
}

/// What a field goes back to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Default<'a> {
    /// The value that the cloud would have filled in.
    Value(&'a Json),
    /// An element of a set or a map goes.
    Absent,
}

/// What a field is in this pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// The live side is not known, or the wish waits for an output and an edit is open: nothing happens.
    Waiting,
    /// The wish needs an output that is not known, and is otherwise free to be written once it is.
    Later,
    /// Wish and live are the same.
    InStep,
    /// They differ, and neither has moved: an edit is open, or it is held.
    Known,
    /// The live value moved: a console edit.
    Drift,
    /// The live value of an enforced field moved, and goes back.
    EnforcedDrift,
    /// The wish moved.
    Change,
    /// A default moved below an edit: noted, the edit stays.
    NotedDefault,
    /// Both moved, differently.
    Conflict,
    /// The field left the document and stays as it is.
    Released,
    /// The field left the document and goes back to its default.
    Reset,
}

/// Decides one field: the table of the semantics, top to bottom.
pub fn decide(field: &FieldInput<'_>) -> Decision {
    let LiveField::Known(live) = field.live else { return Decision::Waiting };
    let Some(wish) = field.wish else { return left(field, live) };
    let live_moved = has_live_moved(field);
    let edited = (open_edit(field.memory).is_some() || is_beside(field.memory)) && !is_undone(field);
    if wish.waits {
        return if edited || live_moved || is_attached(field) { Decision::Waiting } else { Decision::Later };
    }
    let wish_moved = has_moved(field, &wish);
    if field.meaning.is_write_only() || is_opaque(&wish) {
        return opaque(&wish, wish_moved, live_moved || edited, field);
    }
    let added = is_added_to(field, wish.json, live);
    let satisfied = field.meaning.satisfies(wish.json, live) && !added;
    if satisfied || field.meaning.is_provider_owned() && !wish_moved {
        return Decision::InStep;
    }
    if is_attached(field) {
        return if wish.rank == Rank::Setting { Decision::Conflict } else { Decision::Drift };
    }
    match (wish_moved, live_moved || edited || added) {
        (_, true) if wish.overrules => Decision::Change,
        (_, true) if wish.class == Class::Enforced && !is_only_reported(field) => Decision::EnforcedDrift,
        (true, false) => enforced_again(field, &wish, Decision::Change),
        (true, true) if wish.rank == Rank::Default => Decision::NotedDefault,
        (true, true) => Decision::Conflict,
        (false, _) if live_moved => Decision::Drift,
        (false, _) => enforced_again(field, &wish, Decision::Known),
    }
}

/// Whether the live side has moved: it is not what was seen, and was not put back to what was asked last.
pub fn has_live_moved(field: &FieldInput<'_>) -> bool {
    match field.live {
        LiveField::Known(live) => !field.meaning.equal(field.seen, live) && !is_undone(field),
        LiveField::NotRead => false,
    }
}

/// Whether what is live was asked for last: whoever edited it has put it back, and passes in between have no say.
fn is_undone(field: &FieldInput<'_>) -> bool {
    let (Some(memory), LiveField::Known(live)) = (field.memory, field.live) else { return false };
    match memory.asked.as_ref().map(Value::as_json) {
        Some(Some(asked)) => {
            field.meaning.satisfies(Some(&asked), live) && !is_added_to(field, Some(&asked), live)
        }
        Some(None) => false,
        None => live.is_none(),
    }
}

/// Whether somebody added to what was said of a field, since it was last as it was asked.
fn is_added_to(field: &FieldInput<'_>, said: Option<&Json>, live: Option<&Json>) -> bool {
    let before = open_edit(field.memory).map_or(field.seen, |edit| edit.from.as_ref());
    field.meaning.is_added_to(said, before, live)
}

/// Whether nothing of the field was ever asked for or seen: the resource was found and not made.
pub fn is_attached(field: &FieldInput<'_>) -> bool {
    field.attached && field.memory.is_none()
}

/// Whether an enforced field is still as it was when the resource was found: that is only reported.
fn is_only_reported(field: &FieldInput<'_>) -> bool {
    let (LiveField::Known(live), Some(edit)) = (field.live, open_edit(field.memory)) else { return false };
    edit.found && field.meaning.equal(edit.to.as_ref(), live)
}

/// An enforced field whose edit came back after it was reverted is still being fought over.
fn enforced_again(field: &FieldInput<'_>, wish: &Wished<'_>, otherwise: Decision) -> Decision {
    let LiveField::Known(live) = field.live else { return otherwise };
    let edit = field.memory.and_then(|memory| memory.edit.as_ref());
    let is_back = edit.is_some_and(|edit| field.meaning.equal(edit.to.as_ref(), live));
    let reverts = wish.class == Class::Enforced && is_back && !is_only_reported(field);
    if reverts { Decision::EnforcedDrift } else { otherwise }
}

fn open_edit(memory: Option<&FieldRecord>) -> Option<&OpenEdit> {
    memory.and_then(|memory| memory.edit.as_deref()).filter(|edit| !edit.reverted)
}

/// Whether somebody in the console set a field that the document did not mention: a wish that comes later finds it edited,
/// however many passes saw it in between.
pub fn is_beside(memory: Option<&FieldRecord>) -> bool {
    memory.is_some_and(|memory| never_asked(memory) && memory.edit.is_none())
}

fn never_asked(memory: &FieldRecord) -> bool {
    memory.owner == Owner::Console && memory.asked.is_none()
}

/// Whether a wish is a secret, whose value nobody here knows.
fn is_opaque(wish: &Wished<'_>) -> bool {
    wish.value.is_some() && wish.json.is_none()
}

/// Whether the wish has moved: another value, a higher rank, or it newly replaces what is live.
pub fn has_moved(field: &FieldInput<'_>, wish: &Wished<'_>) -> bool {
    let Some(memory) = field.memory else { return true };
    let value_moved = memory.asked.as_ref() != wish.value
        && match (memory.asked.as_ref().and_then(Value::as_json), wish.json) {
            (Some(asked), Some(wished)) => !field.meaning.equal(Some(&asked), Some(wished)),
            _ => true,
        };
    value_moved || wish.rank > memory.rank || wish.overrules && memory.edit.is_some()
}

/// A wish whose live value cannot be compared with it: only its own memory counts.
fn opaque(wish: &Wished<'_>, wish_moved: bool, other_moved: bool, field: &FieldInput<'_>) -> Decision {
    let readable = !field.meaning.is_write_only();
    let same_value = field.memory.is_some_and(|memory| memory.asked.as_ref() == wish.value);
    match (wish_moved && !same_value, other_moved && readable) {
        _ if is_attached(field) => Decision::InStep,
        (false, false) => Decision::InStep,
        (true, false) => Decision::Change,
        (_, true) if wish.class == Class::Enforced && !is_only_reported(field) => Decision::EnforcedDrift,
        (false, true) if open_edit(field.memory).is_some() => Decision::Known,
        (false, true) => Decision::Drift,
        (true, true) if wish.rank == Rank::Default => Decision::NotedDefault,
        (true, true) => Decision::Conflict,
    }
}

/// The field is in memory, and not in the document any more.
fn left(field: &FieldInput<'_>, live: Option<&Json>) -> Decision {
    let Some(memory) = field.memory else { return Decision::Released };
    if never_asked(memory) {
        return beside(field, live);
    }
    let ours = matches!(memory.owner, Owner::Manifest | Owner::Setting) && memory.asked.is_some();
    let edited = open_edit(Some(memory)).is_some() || !field.meaning.equal(field.seen, live);
    if !ours || edited || field.meaning.is_write_only() || field.meaning.is_provider_owned() {
        return Decision::Released;
    }
    match field.meaning.default() {
        Some(Default::Value(default)) if !field.meaning.satisfies(Some(default), live) => Decision::Reset,
        Some(Default::Absent) if live.is_some() => Decision::Reset,
        _ => Decision::Released,
    }
}

/// The field was never in the document, and somebody in the console set it: it is kept, and remembered while there
/// is anything but the default.
fn beside(field: &FieldInput<'_>, live: Option<&Json>) -> Decision {
    if field.meaning.equal(None, live) {
        return Decision::Released;
    }
    let is_adopted = open_edit(field.memory).is_some();
    if is_adopted && has_live_moved(field) { Decision::Drift } else { Decision::Known }
}

#[cfg(test)]
mod tests;
