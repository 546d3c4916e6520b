//! A store in memory whose puts misbehave on demand.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use agent_world::{JournalStore, Put, StoreError, async_trait};

/// What goes wrong with one put.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// It is written, and the answer is an error.
    AfterCommit,
    /// It is not written, and the answer is an error.
    BeforeCommit,
    /// It is not written, and the answer is that something is there.
    ExistsWithoutAny,
    /// It is written, and the answer is that something is there: a retry below us.
    ExistsThroughUs,
    /// It is written, and no answer ever comes.
    NoAnswerAfterCommit,
    /// No answer ever comes, and it is not written.
    NoAnswer,
    /// Half of it is written, by a store that breaks its promise, and the answer is an error.
    Torn,
}

#[derive(Default)]
pub(super) struct FaultyStore {
    pub(super) objects: Mutex<BTreeMap<u64, Vec<u8>>>,
    /// By how many puts from now.
    pub(super) faults: Mutex<BTreeMap<u64, Fault>>,
    pub(super) puts: Mutex<u64>,
    pub(super) gets: Mutex<u64>,
}

impl FaultyStore {
    pub(super) fn len(&self) -> usize {
        self.objects.lock().unwrap().len()
    }

    fn write(&self, number: u64, bytes: Vec<u8>) -> Put {
        match self.objects.lock().unwrap().entry(number) {
            std::collections::btree_map::Entry::Occupied(_) => Put::Exists,
            std::collections::btree_map::Entry::Vacant(vacant) => {
                vacant.insert(bytes);
                Put::Written
            }
        }
    }
}

#[async_trait]
impl JournalStore for FaultyStore {
    async fn put(&self, number: u64, bytes: Vec<u8>) -> Result<Put, StoreError> {
        tokio::time::sleep(Duration::from_millis(25)).await;
        let put = {
            let mut puts = self.puts.lock().unwrap();
            *puts += 1;
            *puts
        };
        let fault = self.faults.lock().unwrap().remove(&put);
        match fault {
            None => Ok(self.write(number, bytes)),
            Some(Fault::AfterCommit) => {
                self.write(number, bytes);
                Err(StoreError("503".to_owned()))
            }
            Some(Fault::BeforeCommit) => Err(StoreError("503".to_owned())),
            Some(Fault::ExistsWithoutAny) => Ok(Put::Exists),
            Some(Fault::NoAnswerAfterCommit) => {
                self.write(number, bytes);
                std::future::pending().await
            }
            Some(Fault::NoAnswer) => std::future::pending().await,
            Some(Fault::Torn) => {
                self.write(number, bytes[..bytes.len() / 2].to_vec());
                Err(StoreError("500".to_owned()))
            }
            Some(Fault::ExistsThroughUs) => {
                self.write(number, bytes);
                Ok(Put::Exists)
            }
        }
    }

    async fn get(&self, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        *self.gets.lock().unwrap() += 1;
        Ok(self.objects.lock().unwrap().get(&number).cloned())
    }

    async fn listed(&self) -> Result<u64, StoreError> {
        Ok(self.objects.lock().unwrap().keys().copied().max().unwrap_or(0))
    }
}
