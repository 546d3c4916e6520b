//! What a read after our own operation adds to memory.
//!
//! What the operation wrote is *seen* as the provider spells it (semantics, §2), unless no spelling could make it what the read
//! shows: somebody was quicker than the read. Everything else that the read shows is no doing of ours: it stays as it was seen
//! before, so that what somebody edited meanwhile is found by the next pass, and not taken for known.

use schema_catalog::{Kind, compare, units};
use schema_documents::journal::{Act, Entry};
use schema_documents::plan::Change;
use schema_documents::recorded::{FieldRecord, ResourceRecord, Status};
use schema_documents::{FieldPath, Json, Millis, Value};

use super::flight::Flight;
use super::{Pass, Then, Turn};
use crate::diff;
use crate::live::{Key, Live};

impl Pass {
    /// What a read-back that shows this is remembered as.
    pub(super) fn read_back_entry(&self, flight: &Flight, properties: &Json, began_at_ms: Millis) -> Entry {
        let (resource, generation) = (flight.intent.resource.clone(), flight.intent.generation);
        let mut live = self.memory_of(&flight.intent.kind, (&resource, generation), properties);
        let record = self.recorded.resources.get(&resource).and_then(|all| all.get(&generation));
        if let (Some(kind), Some(record)) = (self.kind(&flight.intent.kind), record) {
            if let Act::Update { changes, .. } = &flight.intent.act {
                keep_untouched(kind, &record.seen.to_json(), changes, &mut live);
            }
            as_asked(kind, record, &mut live, if flight.tries > 0 { Delay::Late } else { Delay::Prompt });
        }
        Entry::Seen { resource, generation, live, began_at_ms }
    }

    /// An operation whose read-back a crash prevented still owes it: this read is it. But it comes late, and somebody may
    /// have made an edit meanwhile: what is not as it was asked is remembered as asked, so that it shows as an edit.
    pub(super) fn remember_owed(&mut self, key: &Key, live: &Live) {
        let Live::Present { properties, began_at_ms } = live else { return };
        let Some(record) = self.recorded.resources.get(&key.0).and_then(|all| all.get(&key.1)) else {
            return;
        };
        if diff::owes_a_look(record) && record.status == Status::Live {
            let mut live = self.memory_of(&record.kind, (&key.0, key.1), properties);
            let is_edited =
                self.kind(&record.kind).is_some_and(|kind| as_asked(kind, record, &mut live, Delay::Late));
            self.turn(if is_edited { Turn::OwedReadBackEdited } else { Turn::OwedReadBack });
            let (resource, generation) = key.clone();
            let seen = Entry::Seen { resource, generation, live, began_at_ms: *began_at_ms };
            self.append(vec![seen], Then::Nothing);
        }
    }
}

/// Puts what was seen before in the place of what differs, wherever the changes did not reach and the cloud alone does not
/// decide.
fn keep_untouched(kind: &Kind, seen: &Json, changes: &[Change], live: &mut Json) {
    if !seen.is_object() {
        return;
    }
    let is_touched = |path: &FieldPath| {
        changes.iter().any(|change| path.is_within(&change.path) || change.path.is_within(path))
    };
    let is_kept = |path: &FieldPath| !is_touched(path) && !kind.is_provider_owned(path);
    for (path, _) in units::units(kind, live).into_iter().filter(|(path, _)| is_kept(path)) {
        if path.get(seen).is_none() {
            path.remove(live);
        }
    }
    for (path, before) in units::units(kind, seen).into_iter().filter(|(path, _)| is_kept(path)) {
        if path.get(live).is_none_or(|now| !compare::equal(kind, &path, &before, now)) {
            path.set(live, before);
        }
    }
}

/// When a read-back comes, and so what it may show.
#[derive(Clone, Copy, PartialEq)]
enum Delay {
    /// At once: what is otherwise is the provider's spelling, unless no spelling could make it so.
    Prompt,
    /// Later: what was written may have been edited meanwhile.
    Late,
}

/// Puts what was asked in the place of what somebody may have edited, wherever a read shows anything at all. Whether anything
/// was.
fn as_asked(kind: &Kind, record: &ResourceRecord, live: &mut Json, delay: Delay) -> bool {
    let mut is_otherwise = false;
    let is_edited_already = |field: &FieldRecord| field.edit.as_ref().is_some_and(|edit| !edit.reverted);
    for (path, field) in &record.fields {
        if kind.is_provider_owned(path) || is_edited_already(field) {
            continue;
        }
        let Some(asked) = field.asked.as_ref().and_then(Value::as_json) else { continue };
        let found = compare::live_value(kind, path, &asked, live);
        let is_edited = |found: &Json| match delay {
            Delay::Prompt => compare::is_another_value(kind, path, &asked, found),
            Delay::Late => !compare::satisfies(kind, path, &asked, found),
        };
        if found.is_some_and(is_edited) {
            is_otherwise |= path.set(live, asked);
        }
    }
    is_otherwise
}
