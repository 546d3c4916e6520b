//! Setbacks: deployments that the cloud did and that never became healthy.
//!
//! What counts as asked for moves only when a deployment has passed its gate. So what the record has as asked is what was healthy
//! last, and that is what a resource goes back to.

use std::collections::BTreeMap;

use schema_documents::journal::{Act, Entry, Intent};
use schema_documents::plan::Reason;
use schema_documents::recorded::{OpenIntent, Recorded, ResourceRecord, Setback, Status};
use schema_documents::{FieldPath, Millis, ResourceId, Value};

/// A deployment did not pass its gate. What a creation made is left behind; what was written is remembered as a failure.
pub(super) fn failed(recorded: &mut Recorded, entry: &Entry, at_ms: Millis) -> Result<(), String> {
    let Entry::Failed { intent: number, code, message, remnant, .. } = entry else { return Ok(()) };
    let OpenIntent { intent, gated_at_ms, .. } = super::intent::open(recorded, *number)?.clone();
    let done_at_ms = gated_at_ms.ok_or("it did not come to its gate")?;
    let record = super::record(recorded, &intent.resource, intent.generation)?;
    record.operated_at_ms = done_at_ms;
    leave(record, &intent, remnant.as_deref())?;
    let is_way_back = is_way_back(recorded, &intent);
    match recorded.setbacks.get_mut(&intent.resource) {
        Some(setback) if is_way_back => setback.again = Some(message.clone()),
        _ => {
            let setback = setback(recorded, &intent, (code, message), at_ms);
            recorded.setbacks.insert(intent.resource.clone(), setback);
        }
    }
    recorded.open.remove(number);
    Ok(())
}

/// Whether an intent restores what was healthy last: it says so, or it makes again what is gone while the document's own
/// deployment is held.
fn is_way_back(recorded: &Recorded, intent: &Intent) -> bool {
    intent.reason == Some(Reason::SetBack)
        || matches!(intent.act, Act::Create { .. }) && holding(recorded, intent).is_some()
}

/// The setback that keeps the document that is worked towards from being tried.
fn holding<'a>(recorded: &'a Recorded, intent: &Intent) -> Option<&'a Setback> {
    let desired = recorded.desired.as_ref()?;
    recorded.setbacks.get(&intent.resource).filter(|setback| setback.holds(desired))
}

fn setback(recorded: &Recorded, intent: &Intent, (code, message): (&str, &str), at_ms: Millis) -> Setback {
    let (generation, mut wrote) = wrote(recorded, intent);
    // What failed before for this document has not become better.
    let before = holding(recorded, intent).filter(|before| before.generation == generation);
    for (path, value) in before.into_iter().flat_map(|before| &before.wrote) {
        wrote.entry(path.clone()).or_insert_with(|| value.clone());
    }
    let (code, message, desired) = (code.to_owned(), message.to_owned(), recorded.desired.clone());
    Setback { generation, desired, wrote, code, message, at_ms, again: None }
}

/// What a creation made never served: it goes.
fn leave(record: &mut ResourceRecord, intent: &Intent, remnant: Option<&str>) -> Result<(), String> {
    match (&intent.act, remnant) {
        (Act::Create { .. }, Some(identifier)) => {
            record.identifier = Some(identifier.to_owned());
            record.status = Status::Deleting;
            Ok(())
        }
        (Act::Create { .. }, None) => Err("what the creation made has to be named".to_owned()),
        (_, None) => Ok(()),
        (_, Some(_)) => Err("only a create leaves a remnant".to_owned()),
    }
}

/// What an intent wrote that was not so when it was healthy last, and the generation that was healthy. Of a creation that
/// is what it asked for in another way than the one before it that is gone.
fn wrote(recorded: &Recorded, intent: &Intent) -> (u32, BTreeMap<FieldPath, Option<Value>>) {
    let (generation, nothing) = (intent.generation, BTreeMap::new());
    match &intent.act {
        Act::Update { changes, .. } => {
            let written = changes.iter().map(|change| (change.path.clone(), change.to.clone()));
            (generation, written.collect())
        }
        Act::Create { .. } => match healthy_before(recorded, intent) {
            Some((before, record)) => (before, otherwise(record, intent)),
            None => (generation, nothing),
        },
        Act::Delete { .. } => (generation, nothing),
    }
}

/// The generation that was there before a creation and is gone.
fn healthy_before<'a>(recorded: &'a Recorded, intent: &Intent) -> Option<(u32, &'a ResourceRecord)> {
    let older = recorded.resources.get(&intent.resource)?.range(..intent.generation);
    let (generation, record) = older.rev().find(|(_, record)| record.status == Status::Gone)?;
    Some((*generation, record))
}

/// What a creation asks for in another way than it was asked before.
fn otherwise(before: &ResourceRecord, intent: &Intent) -> BTreeMap<FieldPath, Option<Value>> {
    let asks = |path: &FieldPath| intent.settles.get(path)?.as_ref()?.asked.clone();
    let was_asked = |path: &FieldPath| before.fields.get(path)?.asked.clone();
    let paths = intent.settles.keys().chain(before.fields.iter().map(|(path, _)| path));
    let changed = paths.filter(|path| asks(path) != was_asked(path));
    changed.map(|path| (path.clone(), asks(path))).collect()
}

/// A deployment passed its gate: the setback before it is over, unless this was what its document is kept at.
pub(super) fn passed(recorded: &mut Recorded, intent: &Intent) {
    if is_way_back(recorded, intent) || holding(recorded, intent).is_some() {
        if let Some(setback) = recorded.setbacks.get_mut(&intent.resource) {
            // What was healthy before is asked of this generation now.
            setback.generation = intent.generation;
        }
    } else {
        recorded.setbacks.remove(&intent.resource);
    }
}

/// A pass begins. A setback of what is not there any more is about one document only.
pub(super) fn pass(recorded: &mut Recorded) {
    let Recorded { setbacks, resources, desired, .. } = recorded;
    setbacks.retain(|id, setback| {
        resources.contains_key(id) || desired.as_ref().is_some_and(|desired| setback.holds(desired))
    });
}

/// A person wants it tried again.
pub(super) fn retried(recorded: &mut Recorded, id: &ResourceId) -> Result<(), String> {
    let setback = recorded.setbacks.get_mut(id).ok_or("no deployment of it has failed")?;
    setback.desired = None;
    Ok(())
}
