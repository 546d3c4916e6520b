//! What a search found after a journal was lost, as the beginning of a new one.

use std::sync::Arc;

use schema_documents::desired::Mode;
use schema_documents::recorded::{Failure, Recorded, ResourceRecord, Status};
use schema_documents::recovery::{Finding, There};
use schema_documents::{Kept, Millis, Sorted};

/// The code of a search that found several that claim to be one resource.
const AMBIGUOUS: &str = "Ambiguous";

/// Takes a found resource under record. Only what is not recorded, and never was, can be recovered.
pub(super) fn found(recorded: &mut Recorded, found: &Finding, at_ms: Millis) -> Result<(), String> {
    let id = &found.resource;
    if recorded.resources.contains_key(id) || recorded.retired.contains_key(id) {
        return Err("it is recorded already".to_owned());
    }
    if found.generation == 0 {
        return Err("generations are counted from 1".to_owned());
    }
    // What somebody else made and does not say that it is ours is imported anew, or not at all.
    if found.existing.is_none() || found.there != (There::Nothing {}) {
        take(recorded, found, at_ms);
    }
    Ok(())
}

/// Takes what was found under record.
pub(super) fn take(recorded: &mut Recorded, found: &Finding, at_ms: Millis) {
    let generations = recorded.resources.entry(found.resource.clone()).or_default();
    generations.insert(found.generation, Arc::new(record(found, at_ms)));
}

fn record(found: &Finding, at_ms: Millis) -> ResourceRecord {
    let blank = ResourceRecord {
        kind: found.kind.clone(),
        stateful: found.stateful,
        name: None,
        identifier: None,
        status: Status::Gone,
        seen: Kept::default(),
        seen_at_ms: 0,
        operated_at_ms: 0,
        fields: Sorted::new(),
        depends_on: found.depends_on.clone(),
        attempt: 0,
        failure: None,
        attached: false,
        existing: found.existing,
    };
    match &found.there {
        There::One { identifier, name, live, began_at_ms, .. } => ResourceRecord {
            identifier: Some(identifier.clone()),
            name: name.clone(),
            status: Status::Live,
            seen: live.into(),
            seen_at_ms: *began_at_ms,
            attached: found.existing != Some(Mode::Reference),
            ..blank
        },
        There::Several { identifiers } => {
            let message = "several were found that claim to be it".to_owned();
            let candidates = identifiers.iter().cloned().collect();
            let failure =
                Failure { code: AMBIGUOUS.to_owned(), message, at_ms, times: 1, candidates, untaken: None };
            ResourceRecord { status: Status::Creating, failure: Some(failure), ..blank }
        }
        There::Nothing {} => blank,
    }
}
