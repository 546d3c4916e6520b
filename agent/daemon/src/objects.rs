//! Numbered objects of an object store, as the journal wants them.

use agent_world::{JournalStore, Put, StoreError, async_trait};
use schema_store::Numbered;

/// A journal that lies in an object store or a local folder.
pub(crate) struct JournalObjects(pub(crate) Numbered);

#[async_trait]
impl JournalStore for JournalObjects {
    async fn put(&self, number: u64, bytes: Vec<u8>) -> Result<Put, StoreError> {
        match self.0.put(number, bytes).await {
            Ok(schema_store::Put::Written) => Ok(Put::Written),
            Ok(schema_store::Put::Exists) => Ok(Put::Exists),
            Err(error) => Err(StoreError(error.0)),
        }
    }

    async fn get(&self, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(number).await.map_err(|error| StoreError(error.0))
    }

    async fn listed(&self) -> Result<u64, StoreError> {
        self.0.last_hint(0).await.map_err(|error| StoreError(error.0))
    }
}
