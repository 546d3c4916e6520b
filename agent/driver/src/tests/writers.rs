//! Many writers of one journal, and what its lease costs.

use std::time::Duration;

use schema_documents::journal::{Batch, Entry};

use super::World;
use super::journal::{claimed, pass_entry};
use super::store::Fault;
use crate::{DriverError, Journal, LeaseTerms};

#[tokio::test(start_paused = true)]
async fn those_who_wait_share_the_next_put() {
    let world = World::new();
    let (writer, writing) = claimed(&world.agent("a")).await.into_writer();
    let appends = async move {
        let all: Vec<_> = (0..64).map(|nth| writer.append(vec![pass_entry(&nth.to_string())])).collect();
        let results = futures::future::join_all(all).await;
        drop(writer);
        results
    };
    let (results, journal) = tokio::join!(appends, writing);
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(world.store.len(), 2, "the lease, and all of them");
    let bytes = world.store.objects.lock().unwrap()[&2].clone();
    let expected: Vec<Entry> = (0..64).map(|nth| pass_entry(&nth.to_string())).collect();
    assert_eq!(Batch::open(&bytes).unwrap().0.entries, expected, "in the order in which they came");
    assert_eq!(Journal::open(&world.agent("b")).await.unwrap().recorded(), journal.recorded());
}

#[tokio::test(start_paused = true)]
async fn what_is_illegal_is_refused_as_a_whole_and_harms_nobody_else() {
    let world = World::new();
    let (writer, writing) = claimed(&world.agent("a")).await.into_writer();
    let illegal = Entry::Operation { intent: 7, operation: "x".to_owned() };
    let appends = async move {
        let groups = [vec![pass_entry("a")], vec![pass_entry("never"), illegal], vec![pass_entry("b")]];
        let all: Vec<_> = groups.into_iter().map(|entries| writer.append(entries)).collect();
        futures::future::join_all(all).await
    };
    let (results, journal) = tokio::join!(appends, writing);
    assert!(matches!(&results[..], [Ok(()), Err(DriverError::Illegal(_)), Ok(())]), "{results:?}");
    let read = Journal::open(&world.agent("b")).await.unwrap();
    assert_eq!(read.recorded(), journal.recorded());
    assert_eq!(read.recorded().desired, journal.recorded().desired);
    let bytes = world.store.objects.lock().unwrap()[&2].clone();
    assert_eq!(Batch::open(&bytes).unwrap().0.entries, [pass_entry("a"), pass_entry("b")]);
}

#[tokio::test(start_paused = true)]
async fn when_a_put_is_not_answered_all_who_wait_are_told_and_nothing_more_is_written() {
    let world = World::new();
    let (writer, writing) = claimed(&world.agent("a")).await.into_writer();
    world.store.faults.lock().unwrap().extend((2..100).map(|put| (put, Fault::BeforeCommit)));
    let appends = async move {
        let first = writer.append(vec![pass_entry("a")]).await;
        (first, writer.append(vec![pass_entry("b")]).await)
    };
    let ((first, second), _) = tokio::join!(appends, writing);
    assert!(matches!(first, Err(DriverError::Unsettled { number: 2, .. })), "{first:?}");
    assert_eq!(first, second);
    assert_eq!(world.store.len(), 1);
}

/// How many entries renew the lease of an agent that has nothing else to write for ten minutes.
async fn renewals(term_ms: u64, longest_call_ms: u64) -> usize {
    let world = World::new();
    let mut agent = world.agent("a");
    agent.lease = LeaseTerms { term_ms, longest_call_ms, ..agent.lease };
    let (writer, writing) = claimed(&agent).await.into_writer();
    let work = async move {
        tokio::time::sleep(Duration::from_mins(10)).await;
        drop(writer);
    };
    let ((), _) = tokio::join!(work, writing);
    let objects = world.store.objects.lock().unwrap();
    let entries = objects.values().flat_map(|bytes| Batch::open(bytes).unwrap().0.entries);
    entries.filter(|entry| matches!(entry, Entry::Lease(_))).count() - 1
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_renewed_every_five_seconds_at_most() {
    for (term_ms, longest_call_ms) in [(9_000, 4_000), (10_000, 5_000), (15_000, 5_000), (20_000, 10_000)] {
        let renewals = renewals(term_ms, longest_call_ms).await;
        assert!((60..=120).contains(&renewals), "{renewals} in 600 s with a term of {term_ms} ms");
    }
    assert!(renewals(60_000, 20_000).await <= 30);
}

#[tokio::test(start_paused = true)]
async fn what_is_written_anyway_renews_the_lease() {
    let world = World::new();
    let (writer, writing) = claimed(&world.agent("a")).await.into_writer();
    let work = async move {
        for nth in 0..100 {
            tokio::time::sleep(Duration::from_secs(3)).await;
            writer.append(vec![pass_entry(&nth.to_string())]).await.unwrap();
        }
    };
    let ((), _) = tokio::join!(work, writing);
    assert_eq!(world.store.len(), 101, "the lease, and what was written");
}
