//! Setbacks: deployments that the cloud did and that never became healthy.
//!
//! What counts as asked for moves only when a deployment has passed its gate. So what the record has as asked is what was healthy
//! last, and that is what a resource goes back to.

use std::collections::BTreeMap;

use schema_documents::journal::{Act, Entry, Intent};
use schema_documents::plan::Reason;
use schema_documents::recorded::{OpenIntent, Recorded, ResourceRecord, Setback, Status};
use schema_documents::{FieldPath, Millis, ResourceId, Value};

/// A deployment did not pass its gate. What a creation made is left behind; what an update wrote is remembered as a failure.
pub(super) fn failed(recorded: &mut Recorded, entry: &Entry, at_ms: Millis) -> Result<(), String> {
    let Entry::Failed { intent: number, code, message, remnant, .. } = entry else { return Ok(()) };
    let OpenIntent { intent, gated_at_ms, .. } = super::intent::open(recorded, *number)?.clone();
    let done_at_ms = gated_at_ms.ok_or("it did not come to its gate")?;
    let record = super::record(recorded, &intent.resource, intent.generation)?;
    record.operated_at_ms = done_at_ms;
    leave(record, &intent, remnant.as_deref())?;
    let (id, desired) = (intent.resource.clone(), recorded.desired.clone());
    let way_back = recorded.setbacks.get_mut(&id).filter(|_| intent.reason == Some(Reason::SetBack));
    if let Some(setback) = way_back {
        setback.again = Some(message.clone());
    } else {
        let (generation, code, message) = (intent.generation, code.clone(), message.clone());
        let wrote = wrote(&intent.act);
        let setback = Setback { generation, desired, wrote, code, message, at_ms, again: None };
        recorded.setbacks.insert(id, setback);
    }
    recorded.open.remove(number);
    Ok(())
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

fn wrote(act: &Act) -> BTreeMap<FieldPath, Option<Value>> {
    match act {
        Act::Update { changes, .. } => {
            changes.iter().map(|change| (change.path.clone(), change.to.clone())).collect()
        }
        Act::Create { .. } | Act::Delete { .. } => BTreeMap::new(),
    }
}

/// A deployment passed its gate: the setback before it is over. That what was healthy before is healthy again ends none.
pub(super) fn passed(recorded: &mut Recorded, intent: &Intent) {
    if intent.reason != Some(Reason::SetBack) {
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
