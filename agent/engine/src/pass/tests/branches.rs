//! The branches of the protocols (semantics, §7 and §8) that a crash or a bad answer leads to, one by one.

use schema_documents::desired::DesiredState;
use schema_documents::journal::Entry;
use schema_documents::plan::Hold;
use schema_documents::recorded::Status;
use serde_json::json;

use super::cloud::Fault;
use super::world::{Crash, World, app, nine_resources, one_bucket, ten_resources};
use super::{Mode, comes_to_rest_at};

const TOPIC: &str = "topic/a/topic";
const LONG_MS: u64 = 40 * 3_600_000;

fn topic(name: &str) -> DesiredState {
    app([(TOPIC, "AWS::SNS::Topic", json!({"DisplayName": name}))])
}

/// A world in which the process died when it was about to make the only call of `desired`, or had just made it, so long
/// ago that nobody knows the operation any more.
fn lost_call(made: &DesiredState, desired: &DesiredState, done: bool) -> World {
    for at in 0.. {
        let mut world = World::new();
        world.run(made, Mode::Apply);
        world.wait(3_600_000);
        let calls = world.cloud.calls;
        let ended = world.run_until(desired, Mode::Apply, Some(Crash { at, done }));
        assert!(ended.is_none(), "the call is made at some time");
        let is_open = !world.recorded().open.is_empty();
        if is_open && world.cloud.calls == calls + u64::from(done) {
            world.wait(LONG_MS);
            world.cloud.forget_operations();
            return world;
        }
    }
    unreachable!("a pass has an end")
}

fn name_of(world: &World) -> String {
    let (_, properties) = world.cloud.resources.values().next().expect("there is one");
    properties["DisplayName"].as_str().expect("a name").to_owned()
}

#[test]
fn an_update_that_was_not_made_is_made_later() {
    let mut world = lost_call(&topic("a"), &topic("b"), false);
    world.run(&topic("b"), Mode::Apply);
    comes_to_rest_at(&mut world, &topic("b"));
    assert_eq!(name_of(&world), "b");
}

#[test]
fn an_update_that_was_not_made_does_not_write_over_an_edit_that_came_instead() {
    let mut world = lost_call(&topic("a"), &topic("b"), false);
    world.cloud.edit("AWS::SNS::Topic", "/DisplayName", "console");
    for _ in 0..4 {
        world.run(&topic("b"), Mode::Apply);
        world.wait(3_600_000);
    }
    assert_eq!(name_of(&world), "console");
    let plan = world.run(&topic("b"), Mode::Plan).plan.unwrap();
    assert_eq!(plan.conflicts.len(), 1, "{plan:#?}");
}

#[test]
fn an_update_whose_resource_is_gone_has_failed_and_the_resource_comes_again() {
    for done in [false, true] {
        let mut world = lost_call(&topic("a"), &topic("b"), done);
        world.cloud.resources.clear();
        comes_to_rest_at(&mut world, &topic("b"));
        let recorded = world.recorded();
        assert!(recorded.resources[&TOPIC.parse().unwrap()].contains_key(&2), "the next generation");
    }
}

#[test]
fn a_deletion_that_was_not_made_is_made_later() {
    let made = ten_resources();
    let mut kept = made.clone();
    kept.resources.remove(&"topic/c/queue".parse().unwrap());
    let mut world = lost_call(&made, &kept, false);
    assert_eq!(world.cloud.resources.len(), 10);
    comes_to_rest_at(&mut world, &kept);
}

#[test]
fn what_somebody_else_deleted_first_is_deleted() {
    for at in 0..40 {
        let mut world = World::new();
        world.run(&ten_resources(), Mode::Apply);
        world.meddle = Some((at, |cloud| {
            cloud.resources.retain(|_, (_, properties)| !properties.to_string().contains("topic/c/queue"));
        }));
        let outcome = world.run(&nine_resources(), Mode::Apply);
        assert_eq!(outcome.failed, vec![], "at {at}");
        comes_to_rest_at(&mut world, &nine_resources());
    }
}

#[test]
fn what_exists_already_with_our_name_and_our_tags_is_taken_up() {
    let mut first = World::new();
    first.run(&one_bucket(), Mode::Apply);
    let mut world = World::new();
    world.cloud.resources = first.cloud.resources;
    let outcome = world.run(&one_bucket(), Mode::Apply);
    assert_eq!((outcome.succeeded.len(), outcome.failed), (1, vec![]));
    comes_to_rest_at(&mut world, &one_bucket());
}

#[test]
fn what_a_rejected_creation_left_behind_is_removed_and_its_successor_has_a_generation_of_its_own() {
    let mut world = World::new();
    world.cloud.faults.insert(0, Fault::RejectAfterDoing);
    let outcome = world.run(&topic("a"), Mode::Apply);
    assert_eq!(outcome.failed.len(), 1);
    let recorded = world.recorded();
    let remnant = &recorded.resources[&TOPIC.parse().unwrap()][&1];
    assert_eq!(remnant.status, Status::Deleting);
    assert!(remnant.identifier.is_some(), "our own operation named it");
    comes_to_rest_at(&mut world, &topic("a"));
    assert!(world.recorded().resources[&TOPIC.parse().unwrap()].keys().eq([&2]));
}

#[test]
fn calls_that_are_never_answered_leave_the_intent_open_and_those_that_are_throttled_fail() {
    for (fault, open) in [(Fault::NeverArrived, 1), (Fault::Throttle, 0)] {
        let mut world = World::new();
        world.cloud.faults = (0..12).map(|call| (call, fault)).collect();
        let outcome = world.run(&topic("a"), Mode::Apply);
        assert_eq!((outcome.failed.len(), world.recorded().open.len()), (1, open), "{fault:?}");
        assert_eq!(world.cloud.calls, 12);
        comes_to_rest_at(&mut world, &topic("a"));
    }
}

/// An app in which a subnet has another range: it is replaced, and what uses it with it.
fn network(range: &str) -> DesiredState {
    let output = |of: &str, path: &str| json!({"$ref": {"resource": of, "output": path}});
    let subnet = json!({"VpcId": output("network/main/vpc", "/VpcId"), "CidrBlock": range});
    let table = json!({"VpcId": output("network/main/vpc", "/VpcId")});
    app([
        ("network/main/vpc", "AWS::EC2::VPC", json!({"CidrBlock": "10.0.0.0/16"})),
        ("network/main/subnet", "AWS::EC2::Subnet", subnet),
        ("network/main/table", "AWS::EC2::RouteTable", table),
    ])
}

#[test]
fn a_replacement_survives_a_crash_at_any_command() {
    let (before, after) = (network("10.0.1.0/24"), network("10.0.2.0/24"));
    let commands = {
        let mut world = World::new();
        world.run(&before, Mode::Apply);
        let made = world.log.len();
        let outcome = world.run(&after, Mode::Apply);
        assert_eq!((outcome.succeeded.len(), outcome.failed, outcome.skipped), (2, vec![], vec![]));
        world.log.len() - made
    };
    for at in 0..commands {
        for (done, forgets) in [(false, false), (false, true), (true, false), (true, true)] {
            let mut world = World::new();
            world.run(&before, Mode::Apply);
            world.run_until(&after, Mode::Apply, Some(Crash { at, done }));
            if forgets {
                world.wait(LONG_MS);
                world.cloud.forget_operations();
            }
            comes_to_rest_at(&mut world, &after);
        }
    }
}

#[test]
fn a_confirmed_deletion_survives_a_crash_at_any_command_without_another_word() {
    let mut made = ten_resources();
    let id = "topic/c/queue".parse().unwrap();
    made.resources.get_mut(&id).unwrap().stateful = true;
    let mut kept = made.clone();
    kept.resources.remove(&id);
    for at in 0..200 {
        let mut world = World::new();
        world.run(&made, Mode::Apply);
        let outcome = world.run(&kept, Mode::Apply);
        let held = &outcome.plan.unwrap().held;
        assert!(matches!(held[0].why, Hold::Unconfirmed { .. }), "{held:#?}");
        let Hold::Unconfirmed { digest, loss } = held[0].why.clone() else { unreachable!() };
        let (resource, who) = (id.clone(), "ada".to_owned());
        world.append(Entry::Confirmed { resource, digest, loss: Some(loss), who });
        let ended = world.run_until(&kept, Mode::Apply, Some(Crash { at, done: at % 2 == 0 }));
        comes_to_rest_at(&mut world, &kept);
        assert!(world.recorded().confirmations.is_empty(), "a word is good for one deletion");
        if ended.is_some() {
            return;
        }
    }
    panic!("a pass has an end");
}

#[test]
fn what_needs_something_that_is_not_referred_to_any_more_waits_for_what_takes_its_place() {
    let origin = json!({"by": "setting", "at": "production.toml:1:1-1:2"});
    let mut before = topic("a");
    let existing = json!({"identifier": "theirs", "mode": "reference", "origin": origin});
    let named = before.resources.values_mut().next().expect("a topic");
    named.existing = serde_json::from_value(existing).expect("it is there already");
    let arn = json!({"$ref": {"resource": TOPIC, "output": "/TopicArn"}});
    let after = app([
        (TOPIC, "AWS::SNS::Topic", json!({"DisplayName": "a"})),
        (
            "topic/a/subscription",
            "AWS::SNS::Subscription",
            json!({"TopicArn": arn, "Protocol": "sqs", "Endpoint": "e"}),
        ),
    ]);
    let mut world = World::new();
    let theirs = ("AWS::SNS::Topic".to_owned(), json!({"TopicArn": "theirs", "DisplayName": "a"}));
    world.cloud.resources.insert("theirs".to_owned(), theirs);
    world.run(&before, Mode::Apply);
    assert!(world.run(&before, Mode::Plan).plan.unwrap().is_empty());
    for _ in 0..3 {
        world.wait(3_600_000);
        let outcome = world.run(&after, Mode::Apply);
        assert_eq!((outcome.failed, outcome.skipped), (vec![], vec![]));
    }
    assert_eq!(world.cloud.resources.len(), 3, "theirs, and two of our own: {:#?}", world.cloud.resources);
}
