//! Checkpoints: never needed, never wrong.
//!
//! The writer of every [`Checkpoints::every`]-th batch writes the fold up to it, under the number of that batch and with
//! put-if-absent. The bytes follow from the batches, so it does not matter who comes first; whether it succeeds does not
//! matter either. A reader looks for the last batch that can have one, takes the newest one that is whole, understood and
//! bound to its batch by digest, and otherwise reads all batches.

use std::sync::Arc;
use std::time::Duration;

use agent_world::{Clock, JournalStore};
use schema_documents::checkpoint::Checkpoint;
use schema_documents::journal::Batch;
use schema_documents::recorded::Recorded;

use crate::DriverError;
use crate::patient::{Patient, answered};

/// Where the checkpoints of a journal lie, and which of its batches have one.
#[derive(Clone)]
pub struct Checkpoints {
    /// The objects, by the number of their batch.
    pub store: Arc<dyn JournalStore>,
    /// Every so many batches there is one; at least 1.
    pub every: u64,
}

/// As many batches are read in a moment, and cost less than the checkpoints that would save it.
pub const EVERY: u64 = 256;

/// A checkpoint is large, and nobody waits for it who could do without. A longer answer is none.
const LONGEST_ANSWER: Duration = Duration::from_mins(1);

/// So many checkpoints that cannot be used are passed over.
const MOST_PASSED_OVER: u64 = 8;

impl Checkpoints {
    /// Whether the batch with this number has a checkpoint.
    pub(crate) fn are_due(&self, number: u64) -> bool {
        number.is_multiple_of(self.every.max(1))
    }

    /// Writes the checkpoint of this record. Failing is no failure: it is never needed.
    pub(crate) async fn write(self, recorded: Recorded) {
        let number = recorded.number;
        let bytes = Checkpoint::of(recorded).seal().bytes;
        if bytes.len() as u64 > schema_documents::checkpoint::LONGEST_BYTES {
            return;
        }
        if let Err(error) = answered(LONGEST_ANSWER, self.store.put(number, bytes)).await {
            tracing::debug!(number, %error, "a checkpoint was not written; nobody needs it");
        }
    }

    /// The record of the newest checkpoint that can be used; that of an empty journal if there is none.
    pub(crate) async fn newest(
        &self,
        batches: &Patient,
        clock: &Arc<dyn Clock>,
    ) -> Result<Recorded, DriverError> {
        let checkpoints = Patient { store: Arc::clone(&self.store), clock: Arc::clone(clock) };
        let every = self.every.max(1);
        let last = last_multiple(batches, every).await?;
        for nth in (last.saturating_sub(MOST_PASSED_OVER) + 1..=last).rev() {
            if let Some(recorded) = usable(batches, &checkpoints, nth * every).await? {
                return Ok(recorded);
            }
        }
        Ok(Recorded::default())
    }
}

/// The largest `n` for which batch `n * every` is there, found by asking for ever larger ones and then between: batches are
/// contiguous and never deleted.
async fn last_multiple(batches: &Patient, every: u64) -> Result<u64, DriverError> {
    let mut beyond = 1;
    while batches.get(beyond * every).await?.is_some() {
        beyond *= 2;
    }
    let mut there = beyond / 2;
    while beyond - there > 1 {
        let middle = there + (beyond - there) / 2;
        if batches.get(middle * every).await?.is_some() {
            there = middle;
        } else {
            beyond = middle;
        }
    }
    Ok(there)
}

/// The record of the checkpoint of this batch, if there is one that is whole, understood and of exactly this batch.
async fn usable(
    batches: &Patient,
    checkpoints: &Patient,
    number: u64,
) -> Result<Option<Recorded>, DriverError> {
    // A store that does not answer here has an answer where it counts: at the batches.
    let Ok(Some(bytes)) = answered(LONGEST_ANSWER, checkpoints.store.get(number)).await else {
        return Ok(None);
    };
    let Some(batch) = batches.get(number).await? else { return Ok(None) };
    // A batch that cannot be read is told of by whoever reads all of them.
    let Ok((_, digest)) = Batch::open(&batch) else { return Ok(None) };
    match Checkpoint::open(&bytes, number, &digest) {
        Ok(recorded) => Ok(Some(recorded)),
        Err(error) => {
            tracing::debug!(number, %error, "a checkpoint is not used");
            Ok(None)
        }
    }
}
