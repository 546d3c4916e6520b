//! Batches: what one of them says of itself, against all before it.

use schema_documents::journal::{self, Batch, Entry};
use schema_documents::recorded::Recorded;

/// Whether a batch may come next.
pub(super) fn check(recorded: &Recorded, batch: &Batch) -> Result<(), String> {
    if batch.version > journal::VERSION {
        return Err(format!(
            "it is of version {}, and this agent reads up to {}: use a newer agent",
            batch.version,
            journal::VERSION
        ));
    }
    if batch.number != recorded.number + 1 {
        return Err(format!("batch {} comes next", recorded.number + 1));
    }
    if let Some(journal) = recorded.journal.as_ref().filter(|journal| **journal != batch.journal) {
        return Err(format!("it belongs to journal `{}`, and this is `{journal}`", batch.journal));
    }
    if batch.previous != recorded.last {
        return Err("it names another batch before it than the one that is there".to_owned());
    }
    check_writer(recorded, batch)
}

/// An epoch begins with a lease and has one writer, who writes nothing more once the lease was given back.
fn check_writer(recorded: &Recorded, batch: &Batch) -> Result<(), String> {
    if batch.epoch == recorded.epoch + 1 {
        let leads = matches!(batch.entries.first(), Some(Entry::Lease(_)));
        return if leads { Ok(()) } else { Err("a new epoch begins with a lease".to_owned()) };
    }
    if batch.epoch < recorded.epoch {
        return Err(format!("epoch {} is past, {} has begun", batch.epoch, recorded.epoch));
    }
    if batch.epoch > recorded.epoch {
        return Err(format!("epoch {} comes next", recorded.epoch + 1));
    }
    if recorded.writer.as_ref() != Some(&batch.writer) {
        return Err(format!("epoch {} has another writer", batch.epoch));
    }
    if recorded.lease.is_none() {
        return Err(format!("the lease of epoch {} was given back", batch.epoch));
    }
    Ok(())
}
