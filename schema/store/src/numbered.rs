//! Objects named by a number, written once each.

use std::sync::Arc;

use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions};

use crate::StoreError;
use crate::durable::Durable;

/// Documents `0000000001.json`, `0000000002.json`, … at one place.
#[derive(Clone)]
pub struct Numbered {
    objects: Arc<dyn ObjectStore>,
    at: Path,
    /// On a local disk: what is durable.
    durable: Option<Durable>,
}

/// How a put ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It was written, and is durable.
    Written,
    /// There is an object with this number: ours, perhaps, after an answer that never came. Reading it tells.
    Exists,
}

/// Whose a number is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It holds what was to be written.
    Ours,
    /// Somebody else's document is there.
    Taken(Vec<u8>),
}

impl Numbered {
    pub(crate) fn new(objects: Arc<dyn ObjectStore>, at: Path, durable: Option<Durable>) -> Self {
        Self { objects, at, durable }
    }

    fn key(&self, number: u64) -> Path {
        self.at.clone().join(format!("{number:010}.json"))
    }

    /// Writes the document with this number if there is none.
    pub async fn put(&self, number: u64, bytes: Vec<u8>) -> Result<Put, StoreError> {
        let options = PutOptions::from(PutMode::Create);
        match self.objects.put_opts(&self.key(number), bytes.into(), options).await {
            Ok(_) => Ok(Put::Written),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(Put::Exists),
            Err(error) => {
                self.durable.iter().for_each(Durable::doubt);
                Err(StoreError::from(&error))
            }
        }
    }

    /// Writes the document with this number if there is none, and says whose it is afterwards: an answer that does not come
    /// says nothing, so reading the number tells.
    pub async fn claim(&self, number: u64, bytes: Vec<u8>) -> Result<Claim, StoreError> {
        let put = self.put(number, bytes.clone()).await;
        if matches!(put, Ok(Put::Written)) {
            return Ok(Claim::Ours);
        }
        match self.get(number).await? {
            Some(found) if found == bytes => Ok(Claim::Ours),
            Some(found) => Ok(Claim::Taken(found)),
            None => {
                let reason = put.err().map_or_else(String::new, |error| format!(": {}", error.0));
                Err(StoreError(format!("number {number} was not taken by the store{reason}")))
            }
        }
    }

    /// Reads the document with this number. `None`: there is none. What is read is durable.
    pub async fn get(&self, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let found = read(self.objects.as_ref(), &self.key(number)).await?;
        if let Some(durable) = self.durable.as_ref().filter(|_| found.is_some()) {
            durable.settle().await?;
        }
        Ok(found)
    }

    /// The highest number that a listing shows above `from`, else `from`. A listing may lag.
    pub async fn last_hint(&self, from: u64) -> Result<u64, StoreError> {
        let listing = self.objects.list_with_offset(Some(&self.at), &self.key(from));
        listing
            .map_ok(|object| number_of(&object.location).unwrap_or(0))
            .try_fold(from, |highest, number| async move { Ok(highest.max(number)) })
            .await
            .map_err(|error| StoreError::from(&error))
    }

    /// The last document with its number: what the listing shows, and what can be read beyond it.
    pub async fn last(&self) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        let mut number = self.last_hint(0).await?;
        let mut last = None;
        if number > 0 {
            last = self.get(number).await?.map(|bytes| (number, bytes));
        }
        while let Some(bytes) = self.get(number + 1).await? {
            number += 1;
            last = Some((number, bytes));
        }
        Ok(last)
    }
}

pub(crate) async fn read(objects: &dyn ObjectStore, key: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    let found = match objects.get(key).await {
        Ok(found) => found,
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(StoreError::from(&error)),
    };
    match found.bytes().await {
        Ok(bytes) => Ok(Some(bytes.to_vec())),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(StoreError::from(&error)),
    }
}

fn number_of(key: &Path) -> Option<u64> {
    key.filename()?.strip_suffix(".json")?.parse().ok()
}
