//! What is refused because somebody does not know yet what was just made.

use agent_world::FailureKind;
use schema_documents::desired::DesiredState;
use serde_json::json;

use super::cloud::Unknown;
use super::world::{World, app, ten_resources};
use super::{Mode, comes_to_rest, comes_to_rest_at};
use crate::command::Note;

const SUBNET: &str = "AWS::EC2::Subnet";

fn refused(times: u32, how: Unknown) -> World {
    let mut world = World::new();
    world.cloud.unknown = Some((SUBNET, times, how));
    world
}

/// A topic with a subscription, which has no name of its own and is found by no look that does not wait.
fn subscribed() -> DesiredState {
    let topic = json!({"$ref": {"resource": "topic/a/topic", "output": "/TopicArn"}});
    app([
        ("topic/a/topic", "AWS::SNS::Topic", json!({"DisplayName": "a"})),
        (
            "topic/a/subscription",
            "AWS::SNS::Subscription",
            json!({"TopicArn": topic, "Protocol": "sqs", "Endpoint": "e"}),
        ),
    ])
}

#[test]
fn it_is_tried_again_more_often_than_attempts_are_made_at_anything_else_and_soon() {
    let hows = [Unknown::AtOnce, Unknown::Later(FailureKind::NotYet), Unknown::Later(FailureKind::NotFound)];
    for how in hows {
        let mut world = refused(30, how);
        let began_ms = world.now_ms;
        let outcome = world.run(&ten_resources(), Mode::Apply);
        assert_eq!((outcome.succeeded.len(), outcome.failed), (10, vec![]), "{how:?}");
        let took_ms = world.now_ms - began_ms;
        assert!(took_ms < 90_000, "{how:?}: {took_ms}");
        comes_to_rest(&mut world);
    }
}

#[test]
fn whoever_watches_is_told_what_is_waited_for() {
    let mut world = refused(1, Unknown::Later(FailureKind::NotYet));
    world.run(&ten_resources(), Mode::Apply);
    let told = world.notes.iter().filter_map(|note| match note {
        Note::NotYet { words, .. } => Some(words.as_str()),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), ["waiting until `network/main/vpc` is known to it: as told"]);
}

#[test]
fn when_nothing_is_new_any_more_it_is_meant_and_said_so_and_the_next_pass_tries_again() {
    for how in [Unknown::AtOnce, Unknown::Later(FailureKind::NotYet)] {
        let mut world = refused(u32::MAX, how);
        let began_ms = world.now_ms;
        let outcome = world.run(&ten_resources(), Mode::Apply);
        assert_eq!(outcome.failed.len(), 2, "{how:?}: both subnets");
        let took_ms = world.now_ms - began_ms;
        let longest_ms = world.limits.not_yet_ms;
        assert!((longest_ms..longest_ms + 10_000).contains(&took_ms), "{how:?}: {took_ms}");
        let message = &outcome.failed[0].message;
        assert!(
            message.contains("it refers to `network/main/vpc`; none was made in the last 180 s"),
            "{message}"
        );
        world.cloud.unknown = None;
        comes_to_rest(&mut world);
    }
}

#[test]
fn what_was_refused_and_made_nevertheless_is_taken_up_and_not_made_twice() {
    let mut world = World::new();
    world.cloud.unknown = Some(("AWS::SNS::Subscription", 1, Unknown::AfterDoing));
    let outcome = world.run(&subscribed(), Mode::Apply);
    assert_eq!((outcome.succeeded.len(), outcome.failed), (2, vec![]));
    assert_eq!(world.cloud.resources.len(), 2);
    world.wait(3_600_000);
    assert!(world.run(&subscribed(), Mode::Plan).plan.unwrap().is_empty());

    let mut world = refused(1, Unknown::AfterDoing);
    world.run(&ten_resources(), Mode::Apply);
    comes_to_rest_at(&mut world, &ten_resources());
}
