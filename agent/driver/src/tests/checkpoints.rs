//! Checkpoints: the same record with them as without, whatever becomes of them.

use std::sync::Arc;

use schema_documents::checkpoint::Checkpoint;
use schema_documents::journal::{Act, Entry, Intent};
use schema_documents::recorded::Recorded;
use schema_documents::{ResourceId, Value, sealed};

use super::World;
use super::journal::{claimed, pass_entry};
use super::store::FaultyStore;
use crate::{Checkpoints, Driver, DriverError, Journal};

/// An entry about one of a few resources; legal or not.
fn any_entry(chance: &mut fastrand::Rng, next_intent: u64) -> Entry {
    let resource = ResourceId::parse(&format!("topic/t{}/topic", chance.u8(0..4))).unwrap();
    let generation = chance.u32(1..4);
    let (intent, identifier) = (chance.u64(0..=next_intent), format!("arn-{resource}-{generation}"));
    let act = match chance.u8(0..3) {
        0 => Act::Create { name: None, body: Value::object::<String>([]) },
        1 => Act::Update {
            identifier: identifier.clone(),
            patch: Value::literal(&serde_json::json!([])),
            changes: vec![],
        },
        _ => Act::Delete { identifier: identifier.clone(), confirmed: None },
    };
    match chance.u8(0..7) {
        0 | 1 => Entry::Intent(Box::new(Intent {
            intent: next_intent,
            resource,
            generation,
            kind: "AWS::SNS::Topic".to_owned(),
            stateful: false,
            attempt: chance.u32(1..3),
            token: String::new(),
            act,
            reason: None,
            depends_on: std::collections::BTreeSet::new(),
            settles: std::collections::BTreeMap::new(),
            only_looks: false,
        })),
        2 => Entry::Succeeded { intent, identifier },
        3 => Entry::Failed {
            intent,
            code: "x".to_owned(),
            message: String::new(),
            remnant: None,
            candidates: Vec::new(),
            untaken: false,
            for_now: false,
            unhealthy: false,
        },
        4 => Entry::Seen { resource, generation, live: chance.u8(..).into(), began_at_ms: 1 },
        5 => Entry::Forgotten { resource, generation },
        _ => pass_entry(&chance.u8(..).to_string()),
    }
}

/// Some sixty batches by a writer or two.
async fn any_journal(world: &World, chance: &mut fastrand::Rng) {
    for _ in 0..chance.u8(1..4) {
        let mut journal = claimed(&world.agent("a")).await;
        for _ in 0..chance.u8(0..40) {
            let next_intent = journal.recorded().next_intent;
            let entries = (0..chance.u8(1..3)).map(|_| any_entry(chance, next_intent)).collect();
            match journal.append(entries).await {
                Ok(()) | Err(DriverError::Illegal(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        journal.release().await.unwrap();
    }
}

async fn record(driver: &Driver) -> Recorded {
    Journal::open(driver).await.unwrap().recorded().clone()
}

/// What is recorded by an agent that has no checkpoints.
async fn record_without(world: &World) -> Recorded {
    let checkpoints = Checkpoints { store: Arc::<FaultyStore>::default(), every: 4 };
    record(&Driver { checkpoints, ..world.agent("b") }).await
}

#[tokio::test(start_paused = true)]
async fn the_record_is_the_same_with_and_without_checkpoints_whatever_becomes_of_them() {
    let (mut with, mut damaged) = (0, 0);
    for seed in 0..60 {
        let (world, mut chance) = (World::new(), fastrand::Rng::with_seed(seed));
        any_journal(&world, &mut chance).await;
        let expected = record_without(&world).await;
        with += world.checkpoints.len();
        assert_eq!(record(&world.agent("b")).await, expected, "seed {seed}");
        while world.checkpoints.len() > 0 {
            damage(&world, &mut chance);
            damaged += 1;
            assert_eq!(record(&world.agent("b")).await, expected, "seed {seed}");
        }
    }
    assert!(with > 90 && damaged > 200, "{with} checkpoints, {damaged} damages");
}

/// Spoils one checkpoint, or takes it away.
fn damage(world: &World, chance: &mut fastrand::Rng) {
    let mut objects = world.checkpoints.objects.lock().unwrap();
    let numbers: Vec<u64> = objects.keys().copied().collect();
    let number = numbers[chance.usize(..numbers.len())];
    let (other, of_other) = objects.iter().next().map(|(number, bytes)| (*number, bytes.clone())).unwrap();
    let bytes = objects.get_mut(&number).unwrap();
    match chance.u8(0..5) {
        0 => drop(objects.remove(&number)),
        1 => bytes.truncate(chance.usize(..bytes.len())),
        2 => bytes[chance.usize(..) % 20] ^= 1,
        3 if other != number => *bytes = of_other,
        _ => {
            if let Ok(mut json) = serde_json::from_slice::<serde_json::Value>(bytes) {
                json.as_object_mut().unwrap().remove("digest");
                json["version"] = 2.into();
                *bytes = sealed::seal(&json).bytes;
            } else {
                objects.remove(&number);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_has_the_same_bytes_whoever_writes_it() {
    let (world, mut chance) = (World::new(), fastrand::Rng::with_seed(7));
    any_journal(&world, &mut chance).await;
    let checkpoints = world.checkpoints.objects.lock().unwrap().clone();
    assert!(!checkpoints.is_empty());
    for (number, bytes) in checkpoints {
        let cut = World::new();
        let batches = world.store.objects.lock().unwrap().clone();
        *cut.store.objects.lock().unwrap() =
            batches.into_iter().filter(|(batch, _)| *batch <= number).collect();
        assert_eq!(Checkpoint::of(record_without(&cut).await).seal().bytes, bytes, "batch {number}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_journal_is_opened_by_its_newest_checkpoint_and_few_reads() {
    let world = World::new();
    let mut journal = claimed(&world.agent("a")).await;
    for nth in 0..1_001 {
        journal.append(vec![pass_entry(&nth.to_string())]).await.unwrap();
    }
    *world.store.gets.lock().unwrap() = 0;
    let opened = Journal::open(&world.agent("b")).await.unwrap();
    assert_eq!(opened.recorded(), journal.recorded());
    let gets = *world.store.gets.lock().unwrap();
    assert!(gets < 35, "{gets}");
}
