//! The journal in its store: batches with numbers, each written once, each naming the digest of the one before.
//!
//! Any answer to a put but *written* is settled by reading that number: ours: it was appended; another's: that writer has
//! taken over; nothing: the same bytes again at the same number, never at the next.

use std::sync::Arc;

use agent_engine::fold;
use agent_world::{Clock, Entropy, JournalStore, Put};
use schema_documents::journal::{Batch, Entry, Format, Lease, VERSION};
use schema_documents::recorded::Recorded;
use schema_documents::{Millis, canonical};

use crate::{Driver, DriverError, Memory};

/// How often a put or a get without a usable answer is tried.
const MOST_TRIES: u32 = 8;

/// The pause after the first try; it doubles.
const FIRST_PAUSE_MS: u64 = 50;

/// A journal that was read to its end.
pub struct Journal {
    store: Arc<dyn JournalStore>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    recorded: Recorded,
    memory: Memory,
    /// Tells our batches from another's: drawn when the journal was opened.
    writer: String,
    /// The epoch of our lease; none: we hold none.
    epoch: Option<u64>,
    lease: Option<Lease>,
    /// When the last batch of ours began to be written.
    written_at_ms: Millis,
    /// The number of a batch of which it is not known whether it was written.
    unsettled: Option<u64>,
}

impl Journal {
    /// Reads the journal, from its first batch or from where this process stopped reading, and folds it. Writes nothing.
    pub async fn open(driver: &Driver) -> Result<Self, DriverError> {
        let mut journal = Self {
            store: Arc::clone(&driver.store),
            clock: Arc::clone(&driver.clock),
            entropy: Arc::clone(&driver.entropy),
            recorded: driver.memory.take(),
            memory: driver.memory.clone(),
            writer: driver.entropy.nonce(),
            epoch: None,
            lease: None,
            written_at_ms: 0,
            unsettled: None,
        };
        journal.catch_up().await?;
        Ok(journal)
    }

    /// The fold of all batches that were read or written.
    pub fn recorded(&self) -> &Recorded {
        &self.recorded
    }

    /// Reads what others have written since, and folds it. How many batches that were.
    pub async fn catch_up(&mut self) -> Result<u64, DriverError> {
        let before = self.recorded.number;
        while let Some(bytes) = self.get(self.recorded.number + 1).await? {
            let batch = parse(self.recorded.number + 1, &bytes)?;
            self.fold(&batch)?;
        }
        Ok(self.recorded.number - before)
    }

    fn fold(&mut self, batch: &Batch) -> Result<(), DriverError> {
        let number = batch.number;
        fold::fold(&mut self.recorded, batch).map_err(|illegal| {
            // Half of the batch may be in it.
            self.recorded = Recorded::default();
            DriverError::Unreadable { number, reason: illegal.to_string() }
        })
    }

    /// Appends these entries as one batch, durably, under the lease that is held. What could not be folded is not written:
    /// nobody could read the journal any more.
    pub async fn append(&mut self, entries: Vec<Entry>) -> Result<(), DriverError> {
        let mut after = self.recorded.clone();
        for entry in &entries {
            fold::apply(&mut after, entry, self.clock.now_ms())
                .map_err(|illegal| DriverError::Illegal(illegal.to_string()))?;
        }
        self.append_legal(entries).await
    }

    /// Appends entries that are known to be legal: the engine has folded them already.
    pub(crate) async fn append_legal(&mut self, entries: Vec<Entry>) -> Result<(), DriverError> {
        let epoch = self.epoch.unwrap_or(self.recorded.epoch);
        self.append_in(epoch, entries).await
    }

    async fn append_in(&mut self, epoch: u64, entries: Vec<Entry>) -> Result<(), DriverError> {
        if let Some(number) = self.unsettled {
            let reason = "an earlier put was never answered".to_owned();
            return Err(DriverError::Unsettled { number, reason });
        }
        let batch = self.next_batch(epoch, entries);
        let began_at_ms = self.clock.now_ms();
        self.put(batch.number, canonical::to_string(&batch).into_bytes()).await?;
        #[cfg(debug_assertions)]
        crate::crash_point::appended();
        self.fold(&batch)?;
        self.written_at_ms = began_at_ms;
        Ok(())
    }

    fn next_batch(&self, epoch: u64, entries: Vec<Entry>) -> Batch {
        Batch {
            format: Format::Journal,
            version: VERSION,
            journal: self.recorded.journal.clone().unwrap_or_else(|| self.entropy.nonce()),
            number: self.recorded.number + 1,
            epoch,
            writer: self.writer.clone(),
            previous: self.recorded.last.clone(),
            at_ms: self.clock.now_ms(),
            entries,
        }
    }

    async fn put(&mut self, number: u64, bytes: Vec<u8>) -> Result<(), DriverError> {
        self.unsettled = Some(number);
        let ours = self.settle_put(number, bytes).await?;
        self.unsettled = None;
        if ours { Ok(()) } else { Err(self.lost().await) }
    }

    /// Whether the object with this number, which is there afterwards, is ours.
    async fn settle_put(&self, number: u64, bytes: Vec<u8>) -> Result<bool, DriverError> {
        let mut reason = "it says that the number is taken, and has nothing there".to_owned();
        for tries in 1..=MOST_TRIES {
            match self.store.put(number, bytes.clone()).await {
                Ok(Put::Written) => return Ok(true),
                Ok(Put::Exists) => {}
                Err(error) => reason = error.0,
            }
            match self.store.get(number).await {
                Ok(Some(found)) => return Ok(found == bytes),
                Ok(None) => {}
                Err(error) => reason = error.0,
            }
            self.pause(tries).await;
        }
        Err(DriverError::Unsettled { number, reason })
    }

    async fn lost(&mut self) -> DriverError {
        (self.epoch, self.lease) = (None, None);
        if let Err(error) = self.catch_up().await {
            return error;
        }
        let holder = self.recorded.lease.as_ref().map(|lease| lease.holder.clone());
        DriverError::Lost { to: holder.unwrap_or_else(|| "a writer that is done already".to_owned()) }
    }

    async fn get(&self, number: u64) -> Result<Option<Vec<u8>>, DriverError> {
        let mut tries = 0;
        loop {
            match self.store.get(number).await {
                Ok(found) => return Ok(found),
                Err(error) => {
                    tries += 1;
                    if tries >= MOST_TRIES {
                        return Err(error.into());
                    }
                }
            }
            self.pause(tries).await;
        }
    }

    async fn pause(&self, tries: u32) {
        let pause_ms = FIRST_PAUSE_MS << (tries - 1).min(6);
        self.clock.sleep_until(self.clock.now_ms() + pause_ms).await;
    }

    // --- the lease

    /// Writes that we hold the lease from now on, in a new epoch.
    pub(crate) async fn take_lease(&mut self, lease: Lease) -> Result<(), DriverError> {
        let epoch = self.recorded.epoch + 1;
        self.append_in(epoch, vec![Entry::Lease(lease.clone())]).await?;
        (self.epoch, self.lease) = (Some(epoch), Some(lease));
        Ok(())
    }

    /// The lease that is held.
    pub(crate) fn lease(&self) -> Option<Lease> {
        self.lease.clone()
    }

    /// When the lease is to be renewed: when it no longer covers a whole call; none: no lease is held.
    pub(crate) fn renewal_due_ms(&self) -> Option<Millis> {
        self.lease.as_ref().map(|lease| self.written_at_ms + lease.term_ms - lease.longest_call_ms)
    }

    /// Until when nobody else acts; none: no lease is held.
    pub(crate) fn deadline_ms(&self) -> Option<Millis> {
        self.lease.as_ref().map(|lease| self.written_at_ms + lease.term_ms)
    }

    /// Gives the lease back, so that the next writer need not wait.
    pub async fn release(&mut self) -> Result<(), DriverError> {
        if self.lease.is_none() || self.unsettled.is_some() {
            return Ok(());
        }
        self.append_legal(vec![Entry::Released {}]).await?;
        (self.epoch, self.lease) = (None, None);
        Ok(())
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.memory.keep(std::mem::take(&mut self.recorded));
    }
}

fn parse(number: u64, bytes: &[u8]) -> Result<Batch, DriverError> {
    serde_json::from_slice(bytes)
        .map_err(|error| DriverError::Unreadable { number, reason: error.to_string() })
}
