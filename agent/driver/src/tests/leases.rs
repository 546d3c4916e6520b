//! Several agents of one environment: one works, the others stand by.

use std::time::Duration;

use agent_engine::command::Ended;
use agent_engine::pass::{Mode, Published};
use schema_documents::journal::Entry;
use tokio::sync::watch;
use tokio::time::Instant;

use super::World;
use super::passes::{assert_at_rest, request};
use super::store::Fault;
use crate::lease::MOST_UNFOLDED;
use crate::{Driver, Journal, LeaseTerms, Report, Reporter, Request, append_as_person, pass, stand_by};

/// With the terms that an agent has when nothing else is said.
fn agent(world: &World, holder: &str) -> Driver {
    let lease = LeaseTerms { holder: holder.to_owned(), ..LeaseTerms::default() };
    Driver { lease, ..world.agent(holder) }
}

async fn numbered(driver: &Driver, number: u64) -> Report {
    let (_never, stop) = watch::channel(false);
    let published = Published { number: Some(number), commit: None };
    let request = Request { published, ..request(Mode::Apply) };
    pass(driver, request, &Reporter::silent(), stop).await.unwrap()
}

async fn stood_by(driver: &Driver, pause: Duration) -> Duration {
    let (_never, stop) = watch::channel(false);
    let began = Instant::now();
    stand_by(driver, pause, &stop).await.unwrap();
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_killed_agent_is_followed_within_fifteen_seconds() {
    for killed_at_ms in (50..600).step_by(50) {
        let world = World::new();
        let (first, second) = (agent(&world, "a"), agent(&world, "b"));
        let standing_by = tokio::spawn(async move {
            stood_by(&second, Duration::from_hours(1)).await;
            let began = Instant::now();
            numbered(&second, 1).await;
            (began, second)
        });
        tokio::time::sleep(Duration::from_millis(700)).await;
        let life = Duration::from_millis(killed_at_ms);
        assert!(tokio::time::timeout(life, numbered(&first, 1)).await.is_err(), "it is killed at work");
        let killed = Instant::now();
        let (took_over, _) = standing_by.await.unwrap();
        // The claim itself comes when the silence is over, so when the standing by ends.
        let gap = took_over - killed;
        assert!(gap > Duration::from_secs(12) && gap <= Duration::from_secs(15), "{gap:?}");
        let journal = Journal::open(&agent(&world, "c")).await.unwrap();
        assert_eq!(journal.recorded().epoch, 2);
        assert_at_rest(&world).await;
    }
}

#[tokio::test(start_paused = true)]
async fn while_another_agent_works_the_pause_does_not_end() {
    let world = World::new();
    let first = agent(&world, "a");
    let mut journal = super::journal::claimed(&first).await;
    let standing_by = tokio::spawn({
        let second = agent(&world, "b");
        async move { stood_by(&second, Duration::from_secs(1)).await }
    });
    for nth in 0..12 {
        tokio::time::sleep(Duration::from_secs(5)).await;
        journal.append(vec![super::journal::pass_entry(&nth.to_string())]).await.unwrap();
    }
    assert!(!standing_by.is_finished());
    journal.release().await.unwrap();
    let stood = standing_by.await.unwrap();
    assert!(stood < Duration::from_secs(62), "{stood:?}");
}

#[tokio::test(start_paused = true)]
async fn without_another_agent_the_pause_is_as_long_as_it_is() {
    let world = World::new();
    assert_eq!(stood_by(&agent(&world, "a"), Duration::from_mins(1)).await.as_secs(), 60);
    let (sender, stop) = watch::channel(false);
    let standing_by = tokio::spawn({
        let driver = agent(&world, "a");
        async move { stand_by(&driver, Duration::from_mins(1), &stop).await }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    sender.send(true).unwrap();
    let told = Instant::now();
    standing_by.await.unwrap().unwrap();
    assert!(told.elapsed().as_millis() < 10, "a stop ends it at once");
}

#[tokio::test(start_paused = true)]
async fn whoever_stands_by_lets_the_record_rest_and_does_not_fall_far_behind() {
    let world = World::new();
    let (first, second) = (agent(&world, "a"), agent(&world, "b"));
    let mut journal = super::journal::claimed(&first).await;
    let standing_by = tokio::spawn({
        let second = second.clone();
        async move { stood_by(&second, Duration::from_secs(1)).await }
    });
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(second.memory.rests());
    let read = second.memory.end().unwrap().0;
    for nth in 0..2 * MOST_UNFOLDED {
        journal.append(vec![super::journal::pass_entry(&nth.to_string())]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    journal.release().await.unwrap();
    standing_by.await.unwrap();
    assert!(second.memory.rests());
    let (read_since, left) = (second.memory.end().unwrap().0 - read, journal.recorded().number);
    assert!(
        read_since >= MOST_UNFOLDED && left - read - read_since <= MOST_UNFOLDED,
        "{read_since} of {left}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_published_before_is_not_worked_towards_any_more() {
    let world = World::new();
    assert_eq!(numbered(&agent(&world, "a"), 7).await.outcome.ended, Ended::Done);
    let calls = world.cloud.calls();
    let late = numbered(&agent(&world, "b"), 6).await;
    assert_eq!(late.outcome.ended, Ended::Superseded { by: 7 });
    assert_eq!(world.cloud.calls(), calls);
    assert_eq!(late.recorded.published, Some(7));
    let (_never, stop) = watch::channel(false);
    let published = Published { number: Some(6), commit: None };
    let look = Request { published, ..request(Mode::Plan) };
    let planned = pass(&agent(&world, "b"), look, &Reporter::silent(), stop).await.unwrap();
    assert_eq!(planned.outcome.ended, Ended::Superseded { by: 7 }, "nor is it planned for");
    // The same and the next one are.
    assert_eq!(numbered(&agent(&world, "b"), 7).await.outcome.ended, Ended::Done);
    assert_eq!(numbered(&agent(&world, "b"), 8).await.outcome.ended, Ended::Done);
}

#[tokio::test(start_paused = true)]
async fn a_word_that_is_durable_was_said_even_if_the_lease_is_not_given_back() {
    let world = World::new();
    // The first put is the lease, the second what is said; the third, which gives the lease back, is never answered.
    world.store.faults.lock().unwrap().extend((3..100).map(|put| (put, Fault::BeforeCommit)));
    let said = Entry::Pass { desired: schema_documents::Digest::of(&"x"), number: None, commit: None };
    append_as_person(&agent(&world, "ada"), vec![said]).await.unwrap();
    assert_eq!(world.store.len(), 2);
}
