//! The contract of a store of numbered documents, and what becomes of it when the store under it misbehaves.

mod faulty;

use std::io;
use std::sync::Arc;

use object_store::local::LocalFileSystem;
use object_store::path::Path;

use crate::durable::Durable;
use crate::{Claim, Missing, Numbered, Put, Store};
use faulty::{Fault, Faulty};

async fn a_number_is_written_once(store: Store) {
    let numbered = store.below("shop").below("pr:72").numbered();
    assert_eq!(numbered.last().await, Ok(None));
    assert_eq!(numbered.put(1, b"a".to_vec()).await, Ok(Put::Written));
    assert_eq!(numbered.put(1, b"b".to_vec()).await, Ok(Put::Exists));
    assert_eq!(numbered.claim(2, b"c".to_vec()).await, Ok(Claim::Ours));
    assert_eq!(numbered.claim(2, b"c".to_vec()).await, Ok(Claim::Ours), "said once more");
    assert_eq!(numbered.claim(2, b"d".to_vec()).await, Ok(Claim::Taken(b"c".to_vec())));
    assert_eq!(numbered.get(1).await, Ok(Some(b"a".to_vec())));
    assert_eq!(numbered.get(3).await, Ok(None));
    assert_eq!(numbered.last_hint(0).await, Ok(2));
    assert_eq!(numbered.last().await, Ok(Some((2, b"c".to_vec()))));
    assert_eq!(store.below("shop").folders().await, Ok(vec!["pr-72".to_owned()]));
}

#[tokio::test]
async fn memory_keeps_the_contract() {
    a_number_is_written_once(Store::memory()).await;
}

#[tokio::test]
async fn a_local_folder_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("deep/state").display().to_string();
    assert!(Store::open(&place, Missing::Refuse).is_err());
    a_number_is_written_once(Store::open(&place, Missing::Create).unwrap()).await;
    a_second_look_sees_the_same(&place).await;
}

async fn a_second_look_sees_the_same(place: &str) {
    let numbered = Store::open(place, Missing::Refuse).unwrap().below("shop").below("pr:72").numbered();
    assert_eq!(numbered.last().await, Ok(Some((2, b"c".to_vec()))));
}

/// A local folder whose store does this at every put, and whose folder syncs like that.
fn folder(fault: Fault, sync: fn(&std::path::Path) -> io::Result<()>) -> (tempfile::TempDir, Numbered) {
    let folder = tempfile::tempdir().unwrap();
    let objects = LocalFileSystem::new_with_prefix(folder.path()).unwrap().with_fsync(true);
    let durable = Durable::new(folder.path().to_owned()).with_sync(sync);
    let numbered = Numbered::new(Arc::new(Faulty::over(objects, fault)), Path::default(), Some(durable));
    (folder, numbered)
}

#[expect(clippy::unnecessary_wraps, reason = "it stands for one that can fail")]
fn synced(_: &std::path::Path) -> io::Result<()> {
    Ok(())
}

fn never_synced(_: &std::path::Path) -> io::Result<()> {
    Err(io::Error::other("input/output error"))
}

#[tokio::test]
async fn an_object_whose_name_could_not_be_synced_is_not_shown_until_it_can() {
    let (_folder, failing) = folder(Fault::FailsAfterCommit, never_synced);
    assert!(failing.put(1, b"a".to_vec()).await.is_err());
    let shown = failing.get(1).await.unwrap_err();
    assert!(shown.0.contains("cannot be made durable"), "{shown}");
    assert_eq!(failing.get(2).await, Ok(None), "what is not there needs no disk");
    let (_folder, mended) = folder(Fault::FailsAfterCommit, synced);
    assert!(mended.put(1, b"a".to_vec()).await.is_err());
    assert_eq!(mended.get(1).await, Ok(Some(b"a".to_vec())));
}

#[tokio::test]
async fn a_put_that_failed_before_it_was_done_leaves_nothing() {
    let (_folder, full) = folder(Fault::FailsBeforeCommit, synced);
    assert!(full.put(1, b"a".to_vec()).await.is_err());
    assert_eq!(full.get(1).await, Ok(None));
    assert_eq!(full.last().await, Ok(None));
}

#[tokio::test]
async fn what_a_store_says_of_a_number_that_is_taken_is_told_as_it_is() {
    let (_folder, wrong) = folder(Fault::SaysThatItExists, synced);
    assert_eq!(wrong.put(1, b"a".to_vec()).await, Ok(Put::Exists));
    assert_eq!(wrong.get(1).await, Ok(None), "reading the number tells the truth");
}

#[tokio::test]
async fn the_last_document_is_found_beyond_a_listing_that_lags() {
    let (_folder, lagging) = folder(Fault::ListsNothing, synced);
    for number in 1..=5 {
        assert_eq!(lagging.put(number, vec![b'a'; 3]).await, Ok(Put::Written));
    }
    assert_eq!(lagging.last_hint(0).await, Ok(0));
    assert_eq!(lagging.last().await, Ok(Some((5, vec![b'a'; 3]))));
}

#[tokio::test]
async fn what_a_put_left_behind_when_it_died_is_no_document() {
    let folder = tempfile::tempdir().unwrap();
    let numbered = Store::open(&folder.path().display().to_string(), Missing::Refuse).unwrap().numbered();
    std::fs::write(folder.path().join("0000000001.json#1"), "{\"half").unwrap();
    assert_eq!(numbered.last().await, Ok(None));
    assert_eq!(numbered.put(1, b"whole".to_vec()).await, Ok(Put::Written));
    assert_eq!(numbered.last().await, Ok(Some((1, b"whole".to_vec()))));
}
