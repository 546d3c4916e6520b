//! What verify says of a journal.

use agent_engine::fold;
use schema_documents::checkpoint::Checkpoint;
use schema_documents::journal::{Batch, Entry};

use super::World;
use super::journal::{claimed, pass_entry};
use crate::{Verified, verify};

/// A journal of nine batches with two checkpoints.
async fn written(world: &World) {
    let mut journal = claimed(&world.agent("a")).await;
    for name in ["t", "u", "v", "w", "x", "y", "z"] {
        journal.append(vec![pass_entry(name)]).await.unwrap();
    }
    journal.release().await.unwrap();
}

async fn verified(world: &World) -> Verified {
    verify(&world.agent("v")).await.unwrap()
}

/// The only thing that is wrong.
async fn check(world: &World, batch: u64, what: &str, help: &str) {
    let verified = verified(world).await;
    let [finding] = &verified.findings[..] else { panic!("{verified:#?}") };
    assert_eq!(finding.batch, batch, "{finding:?}");
    assert!(finding.what.contains(what) && finding.help.contains(help), "{finding:?}");
}

/// Batches that are whole, and chained, and yet not what a writer may write.
async fn rewritten(change: impl Fn(&mut Batch)) -> World {
    let world = World::new();
    written(&world).await;
    world.checkpoints.objects.lock().unwrap().clear();
    let mut previous = None;
    for bytes in world.store.objects.lock().unwrap().values_mut() {
        let (mut batch, _) = Batch::open(bytes).unwrap();
        change(&mut batch);
        batch.previous = previous;
        let sealed = batch.seal();
        (*bytes, previous) = (sealed.bytes, Some(sealed.digest));
    }
    world
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_is_whole_has_no_findings() {
    let world = World::new();
    assert_eq!(verified(&world).await, Verified::default());
    written(&world).await;
    let verified = verified(&world).await;
    assert_eq!((verified.batches, verified.entries, verified.epoch, verified.checkpoints), (9, 9, 1, 2));
    assert_eq!(verified.findings, []);
}

#[tokio::test(start_paused = true)]
async fn what_is_whole_and_illegal_is_found() {
    let world = rewritten(|batch| {
        if batch.number == 4 {
            batch.entries = vec![Entry::Operation { intent: 7, operation: "x".to_owned() }];
        }
    })
    .await;
    check(&world, 4, "the operation of intent 7 cannot follow what is recorded", "find out who").await;
    let world = rewritten(|batch| batch.epoch += u64::from(batch.number >= 5)).await;
    check(&world, 5, "a new epoch begins with a lease", "find out who").await;
    let world = rewritten(|batch| {
        if batch.number == 6 {
            batch.writer = "somebody".to_owned();
        }
    })
    .await;
    check(&world, 6, "epoch 1 has another writer", "find out who").await;
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_that_says_something_else_than_the_batches_is_found() {
    let world = World::new();
    written(&world).await;
    let mut recorded = schema_documents::recorded::Recorded::default();
    for bytes in world.store.objects.lock().unwrap().values().take(4) {
        fold::fold(&mut recorded, &Batch::open(bytes).unwrap().0).unwrap();
    }
    recorded.next_intent += 1;
    world.checkpoints.objects.lock().unwrap().insert(4, Checkpoint::of(recorded).seal().bytes);
    check(&world, 4, "says something else than the batches", "delete the checkpoint").await;
    world.checkpoints.objects.lock().unwrap().insert(4, b"{}".to_vec());
    check(&world, 4, "its checkpoint is not used: it is damaged", "delete the checkpoint").await;
}

#[tokio::test(start_paused = true)]
async fn an_end_that_is_gone_is_found_where_anything_still_knows_of_it() {
    let world = World::new();
    written(&world).await;
    world.store.objects.lock().unwrap().retain(|number, _| *number < 6);
    check(&world, 5, "the journal ends here, and batch 8 has a checkpoint", "put them back").await;
}
