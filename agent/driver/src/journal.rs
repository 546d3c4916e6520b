//! The journal in its store: batches with numbers, each written once, each naming the digest of the one before.
//!
//! Entries are applied to the record before they are written, by the same table of transitions that reads them back. So what
//! could not be read is never written; and what was applied and not written makes the record useless, which is then read
//! anew.

mod split;

use std::sync::Arc;

use agent_engine::fold;
use agent_world::{Clock, Entropy};
use schema_documents::Millis;
use schema_documents::journal::{Batch, Entry, Format, Lease, VERSION};
use schema_documents::recorded::Recorded;
use tokio::task::JoinHandle;

use crate::lease::{Held, Hold};
use crate::past::Batches;
use crate::patient::{Holder, Patient};
use crate::{Checkpoints, Driver, DriverError, Memory};

pub(crate) use split::{MOST_BATCH_BYTES, size};

/// A journal that was read to its end.
pub struct Journal {
    objects: Patient,
    checkpoints: Checkpoints,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    recorded: Recorded,
    memory: Memory,
    /// Tells our batches from another's: drawn when the journal was opened.
    writer: String,
    /// The lease, while we hold it. Its epoch is that of the last batch.
    lease: Option<Lease>,
    /// When the last batch of ours began to be written.
    written_at_ms: Millis,
    /// Why nothing more is written: another writer has taken over, or it is not known whether a batch was written.
    over: Option<DriverError>,
    /// Whether the record holds entries that may not be in the journal.
    ahead: bool,
    /// The last checkpoint, while it is written.
    checkpointing: Option<JoinHandle<()>>,
}

impl Journal {
    /// Reads the journal and folds it: from its newest checkpoint, or from where this process stopped reading. Writes
    /// nothing.
    pub async fn open(driver: &Driver) -> Result<Self, DriverError> {
        let mut journal = Self {
            objects: Patient { store: Arc::clone(&driver.store), clock: Arc::clone(&driver.clock) },
            checkpoints: driver.checkpoints.clone(),
            clock: Arc::clone(&driver.clock),
            entropy: Arc::clone(&driver.entropy),
            recorded: driver.memory.take(),
            memory: driver.memory.clone(),
            writer: driver.entropy.nonce(),
            lease: None,
            written_at_ms: 0,
            over: None,
            ahead: false,
            checkpointing: None,
        };
        if journal.recorded.number == 0 {
            journal.recorded = journal.checkpoints.newest(&journal.objects, &journal.clock).await?;
        }
        journal.catch_up().await?;
        Batches::from(journal.objects.clone(), journal.recorded.number + 1).expect_end().await?;
        Ok(journal)
    }

    /// The fold of all batches that were read or written.
    pub fn recorded(&self) -> &Recorded {
        &self.recorded
    }

    /// Reads what others have written since, and folds it. How many batches that were.
    pub async fn catch_up(&mut self) -> Result<u64, DriverError> {
        let before = self.recorded.number;
        let mut past = Batches::from(self.objects.clone(), before + 1);
        loop {
            let (first, batches) = past.read().await?;
            if batches.is_empty() {
                return Ok(self.recorded.number - before);
            }
            for (number, bytes) in (first..).zip(batches) {
                self.fold(number, &bytes)?;
            }
        }
    }

    fn fold(&mut self, number: u64, bytes: &[u8]) -> Result<(), DriverError> {
        let opened = Batch::open(bytes).map_err(|unusable| unusable.to_string());
        let folded = opened.and_then(|(batch, digest)| {
            fold::fold_read(&mut self.recorded, &batch, digest).map_err(|illegal| illegal.to_string())
        });
        folded.map_err(|reason| {
            // Half of the batch may be in it.
            self.recorded = Recorded::default();
            DriverError::Unreadable { number, reason }
        })
    }

    /// Reads everything anew: the record holds what was not written. After an error nothing more is written.
    async fn read_anew(&mut self) -> Result<(), DriverError> {
        (self.recorded, self.ahead) = (Recorded::default(), false);
        let read = async {
            self.recorded = self.checkpoints.newest(&self.objects, &self.clock).await?;
            self.catch_up().await.map(drop)
        };
        let read = read.await;
        if let Err(error) = &read {
            self.over = Some(error.clone());
        }
        read
    }

    // --- writing

    /// Appends these entries, durably, under the lease that is held. What could not be folded is not written: nobody could
    /// read the journal any more.
    pub async fn append(&mut self, entries: Vec<Entry>) -> Result<(), DriverError> {
        let bytes = entries.iter().map(size).sum();
        let mut results = self.append_each(vec![entries], bytes).await;
        self.start_checkpoint();
        results.pop().unwrap_or(Ok(()))
    }

    /// Appends several groups of entries of so many bytes together, as one batch if they fit into one. A group is taken
    /// whole, or not at all when one of its entries is illegal. A result for each.
    pub(crate) async fn append_each(
        &mut self,
        groups: Vec<Vec<Entry>>,
        bytes: usize,
    ) -> Vec<Result<(), DriverError>> {
        let at_ms = self.clock.now_ms();
        let mut legal: Vec<Entry> = Vec::new();
        let mut results = Vec::new();
        for group in groups {
            let result = self.take(&legal, &group, at_ms).await;
            if result.is_ok() {
                legal.extend(group);
            }
            results.push(result);
        }
        let batches = if bytes > MOST_BATCH_BYTES { split::into_batches(&legal) } else { vec![legal] };
        if let Err(error) = self.write(batches, at_ms).await {
            results
                .iter_mut()
                .filter(|result| result.is_ok())
                .for_each(|result| *result = Err(error.clone()));
        }
        results
    }

    /// Applies a group to the record, which holds `before` and is not written yet either.
    async fn take(&mut self, before: &[Entry], group: &[Entry], at_ms: Millis) -> Result<(), DriverError> {
        self.is_writable()?;
        self.ahead = true;
        for (nth, entry) in group.iter().enumerate() {
            if let Err(illegal) = fold::apply(&mut self.recorded, entry, at_ms) {
                if nth > 0 {
                    self.read_anew().await?;
                    for entry in before {
                        fold::apply(&mut self.recorded, entry, at_ms)
                            .map_err(|illegal| DriverError::Illegal(illegal.to_string()))?;
                    }
                    self.ahead = true;
                }
                return Err(DriverError::Illegal(illegal.to_string()));
            }
        }
        Ok(())
    }

    fn is_writable(&self) -> Result<(), DriverError> {
        match (&self.over, &self.lease) {
            (Some(over), _) => Err(over.clone()),
            (None, None) => Err(DriverError::Illegal("no lease is held".to_owned())),
            (None, Some(_)) => Ok(()),
        }
    }

    /// Writes entries that the record holds already.
    async fn write(&mut self, batches: Vec<Vec<Entry>>, at_ms: Millis) -> Result<(), DriverError> {
        self.is_writable()?;
        let epoch = self.recorded.epoch;
        for entries in batches.into_iter().filter(|entries| !entries.is_empty()) {
            let batch = self.next_batch(epoch, at_ms, entries);
            self.write_batch(&batch).await?;
        }
        self.ahead = false;
        Ok(())
    }

    fn next_batch(&self, epoch: u64, at_ms: Millis, entries: Vec<Entry>) -> Batch {
        Batch {
            format: Format::Journal,
            version: VERSION,
            journal: self.recorded.journal.clone().unwrap_or_else(|| self.entropy.nonce()),
            number: self.recorded.number + 1,
            epoch,
            writer: self.writer.clone(),
            previous: self.recorded.last.clone(),
            at_ms,
            entries,
        }
    }

    /// Puts a batch whose entries the record holds, and takes note of it.
    async fn write_batch(&mut self, batch: &Batch) -> Result<(), DriverError> {
        let sealed = batch.seal();
        let bytes = sealed.bytes.len() as u64;
        if bytes > schema_documents::journal::LONGEST_BYTES {
            self.read_anew().await?;
            return Err(DriverError::TooLong { bytes });
        }
        let began_at_ms = self.clock.now_ms();
        let number = batch.number;
        // Also for whoever stops waiting for this put and goes on with the journal.
        self.over = Some(DriverError::Unsettled { number, reason: "its put was given up".to_owned() });
        match self.objects.put(number, &sealed.bytes).await {
            Ok(Holder::Us) => self.over = None,
            Ok(Holder::Another) => return Err(self.lost().await),
            Err(error) => return Err(self.unsettled(number, error.0)),
        }
        #[cfg(debug_assertions)]
        crate::crash_point::appended();
        fold::end(&mut self.recorded, batch, sealed.digest);
        self.written_at_ms = began_at_ms;
        Ok(())
    }

    fn unsettled(&mut self, number: u64, reason: String) -> DriverError {
        let unsettled = DriverError::Unsettled { number, reason };
        self.lease = None;
        (self.recorded, self.ahead) = (Recorded::default(), false);
        self.over = Some(unsettled.clone());
        unsettled
    }

    /// Another writer took the number: reads what it wrote.
    async fn lost(&mut self) -> DriverError {
        self.lease = None;
        let read = if self.ahead { self.read_anew().await } else { self.catch_up().await.map(drop) };
        let error = read.err().unwrap_or_else(|| {
            let holder = self.recorded.lease.as_ref().map(|lease| lease.holder.clone());
            DriverError::Lost { to: holder.unwrap_or_else(|| "a writer that is done already".to_owned()) }
        });
        self.over = Some(error.clone());
        error
    }

    /// Begins to write a checkpoint, if the last batch has one. It is written beside everything else.
    pub(crate) fn start_checkpoint(&mut self) {
        let is_ours = self.lease.is_some() && !self.ahead;
        if is_ours && self.checkpoints.are_due(self.recorded.number) {
            let write = self.checkpoints.clone().write(self.recorded.clone());
            self.checkpointing = Some(tokio::spawn(write));
        }
    }

    // --- the lease

    /// Writes that we hold the lease from now on, in a new epoch.
    pub(crate) async fn take_lease(&mut self, lease: Lease) -> Result<(), DriverError> {
        if let Some(over) = self.over.as_ref().filter(|over| !matches!(over, DriverError::Lost { .. })) {
            return Err(over.clone());
        }
        let entries = vec![Entry::Lease(lease.clone())];
        let batch = self.next_batch(self.recorded.epoch + 1, self.clock.now_ms(), entries);
        self.write_batch(&batch).await?;
        self.recorded.lease = Some(lease.clone());
        self.lease = Some(lease);
        Ok(())
    }

    /// Whether a lease is held, and until when.
    pub(crate) fn hold(&self) -> Hold {
        match (&self.over, &self.lease) {
            (Some(over), _) => Hold::Over(over.clone()),
            (None, None) => Hold::Nothing,
            (None, Some(lease)) => Hold::Lease(Held::since(self.written_at_ms, lease)),
        }
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Gives the lease back, so that the next writer need not wait.
    pub async fn release(&mut self) -> Result<(), DriverError> {
        if self.lease.is_some() {
            self.append(vec![Entry::Released {}]).await?;
            self.lease = None;
        }
        if let Some(checkpointing) = self.checkpointing.take() {
            // A process that ends now would take an unfinished checkpoint with it. Its outcome does not matter.
            let _ = checkpointing.await;
        }
        Ok(())
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if !self.ahead {
            self.memory.keep(std::mem::take(&mut self.recorded));
        }
    }
}
