//! The journal and its lease.

use schema_documents::journal::Entry;
use tokio::sync::watch;

use super::World;
use super::store::Fault;
use crate::{Driver, DriverError, Journal, Reporter, lease};

pub(super) fn pass_entry(name: &str) -> Entry {
    Entry::Pass { desired: schema_documents::Digest::of(&name), number: None, commit: None }
}

pub(super) async fn claimed(driver: &Driver) -> Journal {
    let mut journal = Journal::open(driver).await.unwrap();
    let (_sender, stop) = watch::channel(false);
    lease::claim(driver, &mut journal, &Reporter::silent(), &stop).await.unwrap();
    journal
}

async fn check_fault(fault: Fault) {
    let world = World::new();
    let agent = world.agent("a");
    let mut journal = claimed(&agent).await;
    world.store.faults.lock().unwrap().insert(2, fault);
    journal.append(vec![pass_entry("x")]).await.unwrap();
    journal.append(vec![pass_entry("y")]).await.unwrap();
    assert_eq!(world.store.len(), 3, "{fault:?}");
    let read = Journal::open(&agent).await.unwrap();
    assert_eq!(read.recorded(), journal.recorded());
}

#[tokio::test(start_paused = true)]
async fn a_put_that_was_done_without_an_answer_is_found_and_not_done_again() {
    check_fault(Fault::AfterCommit).await;
    check_fault(Fault::ExistsThroughUs).await;
    check_fault(Fault::NoAnswerAfterCommit).await;
}

#[tokio::test(start_paused = true)]
async fn a_put_that_was_not_done_is_done_again_at_the_same_number() {
    check_fault(Fault::BeforeCommit).await;
    check_fault(Fault::ExistsWithoutAny).await;
    check_fault(Fault::NoAnswer).await;
}

#[tokio::test(start_paused = true)]
async fn while_the_store_does_not_answer_nothing_more_is_written() {
    let world = World::new();
    let mut journal = claimed(&world.agent("a")).await;
    let faults = (2..100).map(|put| (put, Fault::BeforeCommit));
    world.store.faults.lock().unwrap().extend(faults);
    let unsettled = journal.append(vec![pass_entry("x")]).await;
    assert!(matches!(unsettled, Err(DriverError::Unsettled { number: 2, .. })), "{unsettled:?}");
    let puts = *world.store.puts.lock().unwrap();
    assert!(journal.append(vec![pass_entry("y")]).await.is_err());
    assert_eq!(*world.store.puts.lock().unwrap(), puts);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_was_given_back_is_taken_at_once() {
    let world = World::new();
    claimed(&world.agent("a")).await.release().await.unwrap();
    let before = tokio::time::Instant::now();
    let journal = claimed(&world.agent("b")).await;
    assert!(before.elapsed().as_millis() < 100);
    assert_eq!(journal.recorded().epoch, 2);
}

#[tokio::test(start_paused = true)]
async fn a_silent_holder_is_waited_for_its_whole_term_and_the_longest_call() {
    let world = World::new();
    let mut silent = claimed(&world.agent("a")).await;
    let before = tokio::time::Instant::now();
    let successor = claimed(&world.agent("b")).await;
    assert!(before.elapsed().as_millis() >= 25_000, "{:?}", before.elapsed());
    let lost = silent.append(vec![pass_entry("x")]).await;
    assert_eq!(lost, Err(DriverError::Lost { to: "b".to_owned() }));
    assert_eq!(world.store.len(), 2);
    assert_eq!(silent.recorded(), successor.recorded());
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_goes_on_writing_is_waited_for() {
    let world = World::new();
    let mut busy = claimed(&world.agent("a")).await;
    let waiting = tokio::spawn({
        let agent = world.agent("b");
        async move { claimed(&agent).await.recorded().epoch }
    });
    for number in 0..20 {
        tokio::time::sleep(std::time::Duration::from_secs(10)).await;
        busy.append(vec![pass_entry(&number.to_string())]).await.unwrap();
    }
    assert!(!waiting.is_finished());
    busy.release().await.unwrap();
    assert_eq!(waiting.await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_read_back_is_not_written() {
    let world = World::new();
    let mut journal = claimed(&world.agent("a")).await;
    let illegal = journal.append(vec![Entry::Operation { intent: 7, operation: "x".to_owned() }]).await;
    assert!(matches!(illegal, Err(DriverError::Illegal(_))), "{illegal:?}");
    assert_eq!(world.store.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_the_lease_nothing_is_written() {
    let world = World::new();
    let mut journal = claimed(&world.agent("a")).await;
    journal.release().await.unwrap();
    let refused = journal.append(vec![pass_entry("x")]).await;
    assert!(matches!(refused, Err(DriverError::Illegal(_))), "{refused:?}");
    assert_eq!(world.store.len(), 2);
}
