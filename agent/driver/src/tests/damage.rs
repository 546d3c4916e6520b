//! A journal that is not as it was written: found, named, and never written to.

use schema_documents::journal::Batch;
use schema_documents::sealed;

use super::World;
use super::journal::{claimed, pass_entry};
use super::store::Fault;
use crate::{DriverError, Journal};

/// Four batches: the lease, two passes, the release.
async fn written(world: &World) {
    let mut journal = claimed(&world.agent("a")).await;
    journal.append(vec![pass_entry("x")]).await.unwrap();
    journal.append(vec![pass_entry("y")]).await.unwrap();
    journal.release().await.unwrap();
    world.checkpoints.objects.lock().unwrap().clear();
}

fn batch(world: &World, number: u64) -> Vec<u8> {
    world.store.objects.lock().unwrap()[&number].clone()
}

async fn opened(world: &World) -> Result<(), DriverError> {
    Journal::open(&world.agent("b")).await.map(drop)
}

/// What opening says when a batch is replaced by this, or gone.
async fn check(world: &World, number: u64, bytes: Option<Vec<u8>>, part: &str) {
    let before = world.store.objects.lock().unwrap().clone();
    match bytes {
        Some(bytes) => drop(world.store.objects.lock().unwrap().insert(number, bytes)),
        None => drop(world.store.objects.lock().unwrap().remove(&number)),
    }
    let puts = *world.store.puts.lock().unwrap();
    let error = opened(world).await.unwrap_err().to_string();
    assert!(error.contains(&format!("batch {number} of the journal")) && error.contains(part), "{error}");
    assert_eq!(*world.store.puts.lock().unwrap(), puts, "nothing is written");
    *world.store.objects.lock().unwrap() = before;
}

#[tokio::test(start_paused = true)]
async fn every_flipped_bit_of_every_batch_is_found() {
    let world = World::new();
    written(&world).await;
    for number in 1..=4 {
        let whole = batch(&world, number);
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Batch::open(&flipped).is_err(), "bit {bit} of batch {number}");
            if bit % 331 == 0 {
                check(&world, number, Some(flipped), "it is ").await;
            }
        }
    }
    opened(&world).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_torn_batch_is_named_and_nothing_is_written_after_it() {
    let world = World::new();
    written(&world).await;
    for number in [2, 4] {
        let whole = batch(&world, number);
        check(&world, number, Some(whole[..whole.len() - 1].to_vec()), "it is torn").await;
        check(&world, number, Some(Vec::new()), "it is torn").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_was_torn_by_our_own_put_is_not_taken_for_anothers() {
    let world = World::new();
    let mut journal = claimed(&world.agent("a")).await;
    world.store.faults.lock().unwrap().insert(2, Fault::Torn);
    let error = journal.append(vec![pass_entry("x")]).await.unwrap_err();
    assert!(matches!(error, DriverError::Unreadable { number: 2, .. }), "{error}");
    assert!(journal.append(vec![pass_entry("y")]).await.is_err());
    assert_eq!(world.store.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_missing_batch_is_no_end() {
    let world = World::new();
    written(&world).await;
    check(&world, 3, None, "is missing, and batch 4 is there").await;
    check(&world, 1, None, "is missing, and batch 2 is there").await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_a_newer_agent_is_refused_with_what_to_do() {
    let world = World::new();
    written(&world).await;
    let mut json: serde_json::Value = serde_json::from_slice(&batch(&world, 4)).unwrap();
    json.as_object_mut().unwrap().remove("digest");
    json["version"] = 2.into();
    json["novelty"] = true.into();
    check(
        &world,
        4,
        Some(sealed::seal(&json).bytes),
        "format version 2, and this program knows up to 1: use a newer",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_another_journal_is_found() {
    let (world, other) = (World::new(), World::new());
    written(&world).await;
    for _ in 0..9 {
        agent_world::Entropy::nonce(&*other.entropy);
    }
    written(&other).await;
    check(&world, 3, Some(batch(&other, 3)), "it belongs to journal `nonce-10`").await;
    check(&world, 2, Some(batch(&world, 3)), "batch 2 comes next").await;
}

#[tokio::test(start_paused = true)]
async fn when_the_disk_was_full_the_next_writer_goes_on() {
    let world = World::new();
    let mut journal = claimed(&world.agent("a")).await;
    world.store.faults.lock().unwrap().extend((2..100).map(|put| (put, Fault::BeforeCommit)));
    assert!(matches!(
        journal.append(vec![pass_entry("x")]).await,
        Err(DriverError::Unsettled { number: 2, .. })
    ));
    drop(journal);
    world.store.faults.lock().unwrap().clear();
    let mut next = claimed(&world.agent("b")).await;
    next.append(vec![pass_entry("y")]).await.unwrap();
    assert_eq!(world.store.len(), 3);
}
