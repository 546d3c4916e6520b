//! Copies of requests that no operation took up.

use agent_world::{CallError, FailureKind, Throttler};
use schema_documents::desired::DesiredState;
use schema_documents::environment::Moved;
use schema_documents::journal::{Entry, Intent};
use serde_json::json;

use super::cloud::Cloud;
use super::world::{Crash, World, app};
use super::{Mode, comes_to_rest_at};
use crate::command::Ended;

const TOPIC: &str = "topic/a/topic";

fn topic(display: &str) -> DesiredState {
    app([(TOPIC, "AWS::SNS::Topic", json!({"DisplayName": display}))])
}

/// Something else, so that nothing is not all that is wanted.
fn only_a_queue() -> DesiredState {
    app([("topic/b/queue", "AWS::SQS::Queue", json!({"DelaySeconds": 1}))])
}

fn refused(failure: FailureKind) -> CallError {
    CallError::Refused { failure, code: "Refused".to_owned(), message: "not now".to_owned() }
}

fn throttled() -> CallError {
    CallError::Throttled { retry_after_ms: 100, by: Throttler::Interface }
}

/// A world in which the creation of a topic was answered so, whenever it was asked for.
fn after(answer: CallError) -> World {
    let mut world = World::new();
    world.cloud.refuses = Some(answer);
    let outcome = world.run(&topic("a"), Mode::Apply);
    assert_eq!(outcome.failed.len(), 1);
    world.cloud.refuses = None;
    world.wait(5_000);
    world
}

/// A copy of the first request that was refused arrives, and is accepted.
fn copy_arrives(cloud: &mut Cloud) {
    let copy = cloud.refused.first().expect("something was refused").clone();
    cloud.call(&copy).expect("it is accepted");
}

fn intents(world: &World) -> Vec<Intent> {
    let intents = world.entries.iter().filter_map(|(entry, _)| match entry {
        Entry::Intent(intent) => Some(Intent::clone(intent)),
        _ => None,
    });
    intents.collect()
}

fn looks(world: &World) -> usize {
    intents(world).iter().filter(|intent| intent.only_looks).count()
}

#[test]
fn just_the_same_is_asked_for_again_at_once_with_the_same_token() {
    for answer in [throttled(), refused(FailureKind::Denied), refused(FailureKind::Rejected)] {
        let mut world = after(answer);
        let began_ms = world.now_ms;
        copy_arrives(&mut world.cloud);
        world.run(&topic("a"), Mode::Apply);
        let tokens: Vec<String> = intents(&world).into_iter().map(|intent| intent.token).collect();
        assert_eq!(tokens[0], tokens[1]);
        assert_eq!((world.cloud.resources.len(), looks(&world)), (1, 0));
        assert!(world.now_ms - began_ms < 60_000, "nothing is waited for");
        comes_to_rest_at(&mut world, &topic("a"));
    }
}

#[test]
fn when_no_token_is_known_any_more_what_a_copy_made_is_looked_for() {
    let mut world = after(throttled());
    copy_arrives(&mut world.cloud);
    world.wait(40 * 3_600_000);
    world.cloud.forget_operations();
    world.run(&topic("a"), Mode::Apply);
    assert_eq!((world.cloud.resources.len(), looks(&world)), (1, 1));
    comes_to_rest_at(&mut world, &topic("a"));
    world.cloud.assert_one_of_each(&topic("a"));
}

#[test]
fn an_update_that_was_refused_keeps_its_token_as_well() {
    let mut world = World::new();
    world.run(&topic("a"), Mode::Apply);
    world.wait(3_600_000);
    world.cloud.refuses = Some(throttled());
    world.run(&topic("b"), Mode::Apply);
    world.cloud.refuses = None;
    world.wait(3_600_000);
    world.run(&topic("b"), Mode::Apply);
    let tokens: Vec<String> = intents(&world).into_iter().map(|intent| intent.token).collect();
    assert_eq!(tokens.len(), 3);
    assert_eq!(tokens[1], tokens[2]);
    comes_to_rest_at(&mut world, &topic("b"));
    world.wait(3_600_000);
    world.run(&topic("a"), Mode::Apply);
    world.wait(3_600_000);
    world.run(&topic("b"), Mode::Apply);
    let again = intents(&world).pop().expect("it is updated").token;
    assert_ne!(again, tokens[1], "it was taken up, and is another request now");
}

#[test]
fn before_something_else_is_asked_for_what_a_copy_made_is_looked_for() {
    for answer in [throttled(), refused(FailureKind::Denied)] {
        let mut world = after(answer);
        world.meddle = Some((2, copy_arrives));
        let outcome = world.run(&topic("b"), Mode::Apply);
        assert!(outcome.succeeded.is_empty() && outcome.failed.is_empty(), "{outcome:#?}");
        assert!(outcome.skipped[0].why.contains("an earlier request"), "{}", outcome.skipped[0].why);
        assert_eq!((world.cloud.resources.len(), looks(&world)), (1, 1));
        comes_to_rest_at(&mut world, &topic("b"));
        world.cloud.assert_one_of_each(&topic("b"));
    }
}

#[test]
fn something_else_is_asked_for_when_no_copy_can_arrive_any_more() {
    let mut world = after(throttled());
    let refused_at_ms = world.recorded().resources.values().next().unwrap()[&1].operated_at_ms;
    world.wait(60_000);
    world.run(&topic("b"), Mode::Apply);
    assert!(world.now_ms >= refused_at_ms + world.limits.latest_arrival_ms);
    assert_eq!((world.cloud.calls, looks(&world)), (1, 1));
    let tokens: Vec<String> = intents(&world).into_iter().map(|intent| intent.token).collect();
    assert_ne!(tokens[0], tokens[2], "another request");
    comes_to_rest_at(&mut world, &topic("b"));
    assert_eq!(looks(&world), 1, "it is looked for once");
}

#[test]
fn what_was_refused_for_what_it_says_is_not_waited_for() {
    let mut world = after(refused(FailureKind::Rejected));
    let began_ms = world.now_ms;
    world.run(&topic("b"), Mode::Apply);
    assert_eq!((world.cloud.resources.len(), looks(&world)), (1, 0));
    assert!(world.now_ms - began_ms < 60_000);
}

#[test]
fn a_request_that_was_refused_for_the_moment_once_may_be_accepted_though_it_was_refused_for_what_it_says_then()
 {
    let mut world = after(throttled());
    world.cloud.refuses = Some(refused(FailureKind::Rejected));
    world.run(&topic("a"), Mode::Apply);
    world.cloud.refuses = None;
    world.wait(60_000);
    world.run(&topic("b"), Mode::Apply);
    assert_eq!(looks(&world), 1);
}

#[test]
fn what_nobody_wants_any_more_is_not_forgotten_before_it_was_looked_for() {
    for (arrives, made) in [(true, 2), (false, 1)] {
        let mut world = after(throttled());
        if arrives {
            world.meddle = Some((2, copy_arrives));
        }
        world.run(&only_a_queue(), Mode::Apply);
        assert_eq!((looks(&world), world.cloud.resources.len()), (1, made));
        comes_to_rest_at(&mut world, &only_a_queue());
        world.cloud.assert_one_of_each(&only_a_queue());
        assert_eq!(world.recorded().resources.len(), 1, "it is forgotten, or deleted");
    }
}

#[test]
fn what_got_another_id_is_looked_for_as_it_was_asked_for() {
    let to = "topic/moved/topic";
    let mut wanted = app([(to, "AWS::SNS::Topic", json!({"DisplayName": "b"}))]);
    wanted.moved = vec![Moved { from: TOPIC.parse().unwrap(), to: to.parse().unwrap() }];
    let mut world = after(throttled());
    world.meddle = Some((2, copy_arrives));
    world.run(&wanted, Mode::Apply);
    assert_eq!((world.cloud.resources.len(), looks(&world)), (1, 1));
    comes_to_rest_at(&mut world, &wanted);
    world.cloud.assert_one_of_each(&wanted);
}

#[test]
fn who_is_told_to_stop_does_not_wait_for_a_copy() {
    for wanted in [topic("b"), only_a_queue()] {
        // While the intent to look is being written, and while it waits.
        for stop_at in [1, 2] {
            let mut world = after(throttled());
            let began_ms = world.now_ms;
            world.stop_at = Some(stop_at);
            let outcome = world.run(&wanted, Mode::Apply);
            assert_eq!((outcome.ended, looks(&world)), (Ended::Stopped, 1), "stopped before {stop_at}");
            assert!(world.now_ms - began_ms < 60_000, "stopped before {stop_at}");
            comes_to_rest_at(&mut world, &wanted);
        }
    }
}

#[test]
fn a_look_for_a_copy_survives_every_crash() {
    for wanted in [topic("b"), only_a_queue()] {
        for (at, done) in (0..).flat_map(|at| [(at, false), (at, true)]) {
            let mut world = after(throttled());
            world.meddle = Some((2, copy_arrives));
            let ended = world.run_until(&wanted, Mode::Apply, Some(Crash { at, done }));
            // One pass finds it, and the next one goes on from there.
            world.run(&wanted, Mode::Apply);
            comes_to_rest_at(&mut world, &wanted);
            world.cloud.assert_one_of_each(&wanted);
            if ended.is_some() {
                break;
            }
        }
    }
}
