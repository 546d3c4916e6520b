//! Reading what was written: batch by batch, with more of them asked for at a time the longer the way is.
//!
//! The end is found by asking for the next number, and never from a listing. Batches have no gaps, so that a number with
//! nothing there, and something at a later one, is a damage and no end.

use std::sync::Arc;

use futures::future::try_join_all;
use schema_documents::journal::Batch;

use crate::patient::Patient;
use crate::{Driver, DriverError};

/// So many batches are asked for at a time, at most.
const MOST_AHEAD: u64 = 32;

/// Reads every batch of the journal, from the first to the last, and hands each on.
pub async fn read_all(driver: &Driver, mut each: impl FnMut(&Batch)) -> Result<(), DriverError> {
    let objects = Patient { store: Arc::clone(&driver.store), clock: Arc::clone(&driver.clock) };
    let mut past = Batches::from(objects, 1);
    loop {
        let (first, batches) = past.read().await?;
        if batches.is_empty() {
            return past.expect_end().await;
        }
        for (number, bytes) in (first..).zip(batches) {
            let opened = Batch::open(&bytes);
            let (batch, _) =
                opened.map_err(|error| DriverError::Unreadable { number, reason: error.to_string() })?;
            each(&batch);
        }
    }
}

/// A reader of batches, in their order.
pub(crate) struct Batches {
    objects: Patient,
    /// The number of the next batch.
    next: u64,
    /// How many are asked for at a time.
    ahead: u64,
}

impl Batches {
    /// Reads from this number on.
    pub(crate) fn from(objects: Patient, next: u64) -> Self {
        Self { objects, next, ahead: 1 }
    }

    /// The batches that come next, as they are stored, with the number of the first. None: there are no more for now.
    pub(crate) async fn read(&mut self) -> Result<(u64, Vec<Vec<u8>>), DriverError> {
        let first = self.next;
        let mut found = self.ask(first).await?;
        if let Some(later) = later_than_a_gap(&found) {
            // One that was written while we asked explains a gap; one that is still missing does not.
            let number = first + found.iter().take_while(|batch| batch.is_some()).count() as u64;
            found = self.ask(first).await?;
            if found.iter().take_while(|batch| batch.is_some()).count() as u64 <= number - first {
                return Err(DriverError::Missing { number, later: first + later });
            }
        }
        let batches: Vec<Vec<u8>> = found.into_iter().map_while(|batch| batch).collect();
        let read = batches.len() as u64;
        self.next += read;
        self.ahead = if read < self.ahead { 1 } else { (self.ahead * 2).min(MOST_AHEAD) };
        Ok((first, batches))
    }

    async fn ask(&self, first: u64) -> Result<Vec<Option<Vec<u8>>>, DriverError> {
        Ok(try_join_all((first..first + self.ahead).map(|number| self.objects.get(number))).await?)
    }

    /// An error if there is a batch after the one that is not there: where the journal seems to end.
    pub(crate) async fn expect_end(&self) -> Result<(), DriverError> {
        let (number, later) = (self.next, self.next + 1);
        let beyond = self.objects.get(later).await?;
        if beyond.is_some() && self.objects.get(number).await?.is_none() {
            return Err(DriverError::Missing { number, later });
        }
        Ok(())
    }
}

/// The place of a batch that comes after one that is not there.
fn later_than_a_gap(found: &[Option<Vec<u8>>]) -> Option<u64> {
    let gap = found.iter().position(Option::is_none)?;
    let later = found.iter().skip(gap).position(Option::is_some)?;
    Some((gap + later) as u64)
}
