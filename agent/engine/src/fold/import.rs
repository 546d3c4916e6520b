//! What was there already, and somebody else made.

use schema_documents::desired::Mode;
use schema_documents::plan::{Action, StepKey};
use schema_documents::recorded::{Recorded, ResourceRecord};
use schema_documents::recovery::{Finding, There};
use schema_documents::{Millis, ResourceId};

use super::recover;

/// Takes a resource that was there already under record. To own it takes a person's approval of just that, which is used up,
/// and that nothing else of this environment is it.
pub(super) fn found(recorded: &mut Recorded, found: &Finding, at_ms: Millis) -> Result<(), String> {
    let (id, generation) = (&found.resource, found.generation);
    let (Some(mode), There::One { identifier, .. }) = (found.existing, &found.there) else {
        return Err("it is not said what is there, and what becomes of it".to_owned());
    };
    is_vacant(recorded, id, generation, identifier)?;
    if mode == Mode::Owned {
        is_free(recorded, &found.kind, identifier)?;
        let key = StepKey::new("import", id, generation);
        let is_it = |step: &schema_documents::plan::Step| {
            let names =
                matches!(&step.action, Action::Import { identifier: approved, .. } if approved == identifier);
            names && step.kind == found.kind
        };
        if !recorded.approvals.get(&key).is_some_and(|approval| is_it(&approval.step)) {
            return Err("nobody has approved it".to_owned());
        }
        recorded.approvals.remove(&key);
    }
    recover::take(recorded, found, at_ms);
    Ok(())
}

/// Whether the next generation is taken, or the one that was only referred to and is the same.
fn is_vacant(recorded: &Recorded, id: &ResourceId, generation: u32, identifier: &str) -> Result<(), String> {
    let refers = |record: &ResourceRecord| {
        record.existing == Some(Mode::Reference) && record.identifier.as_deref() == Some(identifier)
    };
    match recorded.current(id) {
        Some((current, record)) if current == generation && refers(record) => Ok(()),
        Some(_) => Err("it is recorded already".to_owned()),
        None if generation != recorded.next_generation(id) => {
            Err(format!("generation {} comes next", recorded.next_generation(id)))
        }
        None => Ok(()),
    }
}

fn is_free(recorded: &Recorded, kind: &str, identifier: &str) -> Result<(), String> {
    let owns = |record: &ResourceRecord| {
        record.kind == kind
            && record.identifier.as_deref() == Some(identifier)
            && record.existing != Some(Mode::Reference)
    };
    let mut all = recorded.resources.iter();
    match all.find(|(_, records)| records.values().any(|record| owns(record))) {
        Some((other, _)) => Err(format!("it is `{other}`")),
        None => Ok(()),
    }
}
