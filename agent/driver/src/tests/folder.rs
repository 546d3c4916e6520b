//! The journal over the real thing: a folder on a disk.

use std::sync::Arc;

use agent_world::{JournalStore, Put, StoreError, async_trait};
use schema_store::{Missing, Numbered, Store};

use super::World;
use super::journal::{claimed, pass_entry};
use crate::{Driver, Journal, SystemClock};

struct Folder(Numbered);

#[async_trait]
impl JournalStore for Folder {
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
}

fn agent(folder: &std::path::Path) -> Driver {
    let store = Store::open(&folder.display().to_string(), Missing::Create).unwrap().below("journal");
    let world = World::new();
    Driver {
        store: Arc::new(Folder(store.numbered())),
        clock: Arc::new(SystemClock::default()),
        ..world.agent("a")
    }
}

#[tokio::test]
async fn what_a_crash_left_of_a_put_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = claimed(&agent(folder.path())).await;
    // A put that died half-way leaves the file that it would have linked to its number.
    std::fs::write(folder.path().join("journal/0000000002.json#1"), "{\"at_ms\":1,\"ent").unwrap();
    journal.append(vec![pass_entry("x")]).await.unwrap();
    journal.release().await.unwrap();
    let again = Journal::open(&agent(folder.path())).await.unwrap();
    assert_eq!((again.recorded(), again.recorded().number), (journal.recorded(), 3));
}

#[tokio::test]
async fn every_flipped_bit_in_a_file_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = claimed(&agent(folder.path())).await;
    journal.append(vec![pass_entry("x")]).await.unwrap();
    let file = folder.path().join("journal/0000000002.json");
    let whole = std::fs::read(&file).unwrap();
    for bit in (0..whole.len() * 8).step_by(61) {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&file, flipped).unwrap();
        assert!(Journal::open(&agent(folder.path())).await.is_err(), "bit {bit}");
    }
    std::fs::write(&file, whole).unwrap();
    Journal::open(&agent(folder.path())).await.unwrap();
}
