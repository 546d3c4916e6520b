//! How many intents a second become durable, and how long each waits for it: many writers, one journal.
//!
//! Every writer records an update of a resource of its own, waits until that is durable, and records its success together
//! with the next one. The issue asks for 5,000 intents a second in a local folder, every one acknowledged after its
//! `fsync`, and for 1,000 over a store that takes 50 ms for a put.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures for people"
)]

use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use agent_driver::{
    Checkpoints, Driver, DriverError, EVERY, Journal, LeaseTerms, Memory, NoCloud, NoVault, Receipt,
    Reporter, SystemClock, SystemEntropy, Writer, claim,
};
use agent_world::{JournalStore, Put, StoreError, async_trait};
use schema_documents::journal::{Act, Entry, Intent};
use schema_documents::{ResourceId, Value};
use schema_store::{Missing, Numbered, Store};
use serde_json::json;
use tokio::sync::watch;

/// How long each measurement takes.
const MEASURED: Duration = Duration::from_secs(5);

/// How long a put of the slow store takes.
const SLOW_PUT: Duration = Duration::from_millis(50);

#[tokio::main]
async fn main() -> ExitCode {
    let folder =
        tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder on the disk of the build");
    println!(
        "{:<22} {:>8} {:>11} {:>9} {:>9} {:>9} {:>9}",
        "store", "writers", "intents/s", "asked", "p50 ms", "p99 ms", "per batch"
    );
    let mut reached = true;
    for writers in [64, 256] {
        let place = folder.path().join(writers.to_string()).display().to_string();
        let store = Store::open(&place, Missing::Create).expect("the folder can be opened");
        let objects = Arc::new(Objects(store.below("journal").numbered(), Duration::ZERO));
        let checkpoints = Arc::new(Objects(store.below("checkpoint").numbered(), Duration::ZERO));
        reached &= measure("local folder, fsync", objects, checkpoints, writers, 5_000.0).await;
    }
    for writers in [64, 256] {
        let store = Store::memory();
        let objects = Arc::new(Objects(store.below("journal").numbered(), SLOW_PUT));
        let checkpoints = Arc::new(Objects(store.below("checkpoint").numbered(), SLOW_PUT));
        reached &= measure("50 ms for a put", objects, checkpoints, writers, 1_000.0).await;
    }
    if reached { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn measure(
    name: &str,
    store: Arc<Objects>,
    checkpoints: Arc<Objects>,
    writers: usize,
    asked: f64,
) -> bool {
    let driver = Driver {
        provider: Arc::new(NoCloud),
        store,
        checkpoints: Checkpoints { store: checkpoints, every: EVERY },
        clock: Arc::new(SystemClock::default()),
        entropy: Arc::new(SystemEntropy),
        vault: Arc::new(NoVault),
        digests: agent_driver::Digests::default(),
        lease: LeaseTerms::default(),
        memory: Memory::default(),
    };
    let mut journal = Journal::open(&driver).await.expect("an empty journal");
    let (_never, stop) = watch::channel(false);
    claim(&driver, &mut journal, &Reporter::silent(), &stop).await.expect("nobody holds the lease");
    let first_batch = journal.recorded().number;
    let (writer, writing) = journal.into_writer();
    let writing = tokio::spawn(writing);
    let (mut waited, elapsed) = write(writer, writers).await;
    let mut journal = writing.await.expect("the writer ends");
    let batches = journal.recorded().number - first_batch;
    journal.release().await.expect("the lease is given back");
    let read =
        Journal::open(&Driver { memory: Memory::default(), ..driver }).await.expect("what was written");
    assert_eq!(read.recorded(), journal.recorded(), "what was acknowledged is there");

    waited.sort_unstable();
    let at = |share: f64| {
        let index = (waited.len() as f64 * share) as usize;
        waited[index.min(waited.len() - 1)].as_secs_f64() * 1e3
    };
    let rate = waited.len() as f64 / elapsed.as_secs_f64();
    let per_batch = waited.len() as f64 / batches as f64;
    println!(
        "{name:<22} {writers:>8} {rate:>11.0} {asked:>9.0} {:>9.2} {:>9.2} {per_batch:>9.0}",
        at(0.5),
        at(0.99)
    );
    rate >= asked
}

/// How long each intent waited until it was durable, and how long all of it took.
async fn write(writer: Writer, writers: usize) -> (Vec<Duration>, Duration) {
    let queue = Arc::new(Queue { writer, next: Mutex::new(0) });
    let creations = (0..writers).map(|nth| create(&queue, nth));
    futures::future::try_join_all(creations).await.expect("the resources are created");
    let began = Instant::now();
    let tasks: Vec<_> =
        (0..writers).map(|nth| tokio::spawn(update_again_and_again(queue.clone(), nth, began))).collect();
    drop(queue);
    let mut waited = Vec::new();
    for task in tasks {
        waited.extend(task.await.expect("no writer fails").expect("no append fails"));
    }
    (waited, began.elapsed())
}

/// Intents are numbered in the order in which they come to the journal.
struct Queue {
    writer: Writer,
    next: Mutex<u64>,
}

impl Queue {
    fn append(&self, mut entries: Vec<Entry>, nth: usize, act: Act) -> (u64, Receipt) {
        let mut next = self.next.lock().expect("no writer panics");
        let number = *next;
        *next += 1;
        entries.push(intent(number, nth, act));
        (number, self.writer.append(entries))
    }
}

async fn create(queue: &Queue, nth: usize) -> Result<(), DriverError> {
    let (number, created) =
        queue.append(Vec::new(), nth, Act::Create { name: None, body: Value::literal(&json!({})) });
    created.await?;
    queue.writer.append(vec![Entry::Succeeded { intent: number, identifier: identifier(nth) }]).await
}

async fn update_again_and_again(
    queue: Arc<Queue>,
    nth: usize,
    began: Instant,
) -> Result<Vec<Duration>, DriverError> {
    let mut waited = Vec::new();
    let mut before = Vec::new();
    while began.elapsed() < MEASURED {
        let asked = Instant::now();
        let (number, durable) = queue.append(before, nth, update(nth, waited.len()));
        durable.await?;
        waited.push(asked.elapsed());
        before = vec![Entry::Succeeded { intent: number, identifier: identifier(nth) }];
    }
    queue.writer.append(before).await?;
    Ok(waited)
}

fn update(nth: usize, value: usize) -> Act {
    let change =
        json!({ "path": "/VisibilityTimeout", "from": value, "to": value + 1, "consequence": "in_place" });
    Act::Update {
        identifier: identifier(nth),
        patch: Value::literal(
            &json!([{ "op": "replace", "path": "/VisibilityTimeout", "value": value + 1 }]),
        ),
        changes: vec![serde_json::from_value(change).expect("a change")],
    }
}

fn identifier(nth: usize) -> String {
    format!("https://sqs.eu-central-1.amazonaws.com/123456789012/shop-production-orders-{nth}")
}

fn intent(number: u64, nth: usize, act: Act) -> Entry {
    let resource = ResourceId::parse(&format!("topic/orders/queue/subscriber-{nth}")).expect("a resource id");
    Entry::Intent(Box::new(Intent {
        intent: number,
        token: schema_documents::journal::token("bench", &resource, 1, 1, &act),
        resource,
        generation: 1,
        kind: "AWS::SQS::Queue".to_owned(),
        stateful: false,
        attempt: 1,
        act,
        reason: None,
        depends_on: std::collections::BTreeSet::new(),
        settles: std::collections::BTreeMap::new(),
        only_looks: false,
    }))
}

/// Objects of a store, each put of which takes this much longer.
struct Objects(Numbered, Duration);

#[async_trait]
impl JournalStore for Objects {
    async fn put(&self, number: u64, bytes: Vec<u8>) -> Result<Put, StoreError> {
        if !self.1.is_zero() {
            tokio::time::sleep(self.1).await;
        }
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
