//! Looking for what was done without an answer.

use agent_world::{CallError, FailureKind, ReadError};
use schema_documents::desired::DesiredState;
use schema_documents::journal::Entry;
use schema_documents::plan::Hold;
use schema_documents::recorded::Choice;
use schema_documents::{FieldPath, ResourceId};
use serde_json::{Value as Json, json};

use super::cloud::{Cloud, Fault};
use super::world::{Crash, World, app, ten_resources};
use super::{Mode, check_fault, comes_to_rest, comes_to_rest_at};

const TOPIC: &str = "topic/a/topic";

fn one_topic() -> DesiredState {
    app([(TOPIC, "AWS::SNS::Topic", json!({"DisplayName": "a"}))])
}

/// A world in which the only create was made, and the process died before it heard of it.
fn just_after_a_lost_create(desired: &DesiredState) -> World {
    for at in 0.. {
        let mut world = World::new();
        let ended = world.run_until(desired, Mode::Apply, Some(Crash { at, done: true }));
        assert!(ended.is_none(), "the create is called at some time");
        if world.cloud.calls > 0 {
            return world;
        }
    }
    unreachable!("a pass has an end")
}

/// The same so long ago that neither the token nor the operation is known any more.
fn after_a_lost_create(desired: &DesiredState) -> World {
    let mut world = just_after_a_lost_create(desired);
    world.wait(40 * 3_600_000);
    world.cloud.forget_operations();
    world
}

/// The same resource once more, under another identifier.
fn double(world: &mut World) {
    let (identifier, (kind, properties)) = world.cloud.resources.first_key_value().expect("it was made");
    let copy = (format!("{identifier}-copy"), (kind.clone(), properties.clone()));
    world.cloud.resources.extend([copy]);
}

#[test]
fn of_several_that_a_list_shows_the_one_with_our_tags_is_it() {
    let mut world = after_a_lost_create(&one_topic());
    double(&mut world);
    for foreign in world.cloud.resources.values_mut().take(1) {
        foreign.1["Tags"] = json!([{"Key": "team", "Value": "others"}]);
    }
    let outcome = world.run(&one_topic(), Mode::Apply);
    assert!(outcome.failed.is_empty() && outcome.plan.unwrap().is_empty());
    assert_eq!(world.cloud.resources.len(), 2);
    let identifier = world.recorded().resources[&id()][&1].identifier.clone().unwrap();
    assert!(identifier.ends_with("-copy"), "{identifier}");
}

fn id() -> ResourceId {
    TOPIC.parse().expect("an id")
}

#[test]
fn several_with_our_tags_are_held_with_their_identifiers_until_a_person_decides() {
    let mut world = after_a_lost_create(&one_topic());
    double(&mut world);
    for _ in 0..3 {
        let plan = world.run(&one_topic(), Mode::Apply).plan.unwrap();
        let Hold::Ambiguous { identifiers } = &plan.held[0].why else { panic!("{plan:#?}") };
        assert_eq!((identifiers.len(), plan.steps.len()), (2, 0));
        assert!(identifiers.iter().all(|one| plan.held[0].message.contains(one)), "{}", plan.held[0].message);
        assert!(plan.held[0].message.contains("manifest-agent revert topic/a/topic"));
        world.wait(3_600_000);
    }
    assert_eq!(world.cloud.calls, 1, "nothing was created meanwhile");
    world.cloud.resources.clear();
    let (resource, path) = (id(), FieldPath::root());
    let who = "ada".to_owned();
    world.append(Entry::Answered { resource, path, choice: Choice::Revert, over: None, who });
    comes_to_rest_at(&mut world, &one_topic());
    assert!(world.recorded().answers.is_empty(), "an answer is good for one creation");
}

/// A route has no tags: it is found in its table, by where it leads to.
fn one_route() -> DesiredState {
    let properties =
        json!({"RouteTableId": "rtb-1", "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"});
    app([("network/main/route", "AWS::EC2::Route", properties)])
}

fn route_elsewhere(table: &str, destination: &str) -> (String, (String, Json)) {
    let properties = json!({"RouteTableId": table, "DestinationCidrBlock": destination, "CidrBlock": "x"});
    (format!("{table}|{destination}"), ("AWS::EC2::Route".to_owned(), properties))
}

#[test]
fn what_lists_need_a_parent_for_is_looked_for_below_it() {
    let mut world = after_a_lost_create(&one_route());
    let mine = world.cloud.resources.keys().next().cloned().unwrap();
    world
        .cloud
        .resources
        .extend([route_elsewhere("rtb-2", "0.0.0.0/0"), route_elsewhere("rtb-1", "10.0.0.0/8")]);
    let outcome = world.run(&one_route(), Mode::Apply);
    assert!(outcome.failed.is_empty(), "{:#?}", outcome.failed);
    let record = &world.recorded().resources[&"network/main/route".parse().unwrap()][&1];
    assert_eq!(record.identifier.as_ref(), Some(&mine));
    assert_eq!((world.cloud.resources.len(), world.cloud.calls), (3, 1));
    assert!(world.log.iter().any(|command| command.starts_with("List") && command.contains("rtb-1")));
}

#[test]
fn what_was_not_done_is_not_found_among_others_and_done_again() {
    let mut world = after_a_lost_create(&one_route());
    world.cloud.resources = [route_elsewhere("rtb-1", "10.0.0.0/8")].into();
    for _ in 0..3 {
        world.run(&one_route(), Mode::Apply);
        world.wait(3_600_000);
    }
    assert_eq!((world.cloud.resources.len(), world.cloud.calls), (2, 2));
}

#[test]
fn what_was_created_just_before_a_look_may_show_late_and_is_not_created_again() {
    let mut world = after_a_lost_create(&one_topic());
    world.cloud.hides = true;
    world.meddle = Some((1, |cloud| cloud.hides = false));
    let outcome = world.run(&one_topic(), Mode::Apply);
    assert!(outcome.failed.is_empty() && outcome.plan.expect("a plan").is_empty());
    assert_eq!(world.cloud.calls, 1, "however long ago its intent was written");
}

#[test]
fn a_refusal_says_nothing_of_an_earlier_call_whose_answer_nobody_has() {
    let throttled = CallError::Throttled { retry_after_ms: 100, by: agent_world::Throttler::Interface };
    let (code, message) = ("AccessDenied".to_owned(), "not now".to_owned());
    let denied = CallError::Refused { failure: FailureKind::Denied, code, message };
    for refusal in [throttled, denied] {
        let mut world = just_after_a_lost_create(&one_topic());
        world.cloud.refuses = Some(refusal.clone());
        world.run(&one_topic(), Mode::Apply);
        world.cloud.refuses = None;
        comes_to_rest_at(&mut world, &one_topic());
        world.cloud.assert_one_of_each(&one_topic());
        let attempts = world.recorded().resources[&id()][&1].attempt;
        assert_eq!(attempts, 1, "{refusal}: the first one was taken up");
    }
}

#[test]
fn what_is_refused_after_a_call_without_an_answer_is_looked_for_when_that_cannot_arrive_any_more() {
    let (code, message) = ("AccessDenied".to_owned(), "not now".to_owned());
    let denied = CallError::Refused { failure: FailureKind::Denied, code, message };
    let mut world = just_after_a_lost_create(&one_topic());
    (world.cloud.refuses, world.cloud.hides) = (Some(denied), true);
    let began_ms = world.now_ms;
    world.run(&one_topic(), Mode::Apply);
    assert!(world.now_ms - began_ms >= world.limits.latest_arrival_ms, "{:#?}", world.log);
}

#[test]
fn what_waits_until_nothing_of_it_can_arrive_holds_up_nothing_but_what_needs_it() {
    let (code, message) = ("AccessDenied".to_owned(), "not now".to_owned());
    let denied = CallError::Refused { failure: FailureKind::Denied, code, message };
    let mut world = just_after_a_lost_create(&one_topic());
    world.cloud.refuses_kind = Some(("AWS::SNS::Topic".to_owned(), denied));
    let other = ("bucket/b/bucket", "AWS::S3::Bucket", json!({"BucketName": "other"}));
    let desired = app([(TOPIC, "AWS::SNS::Topic", json!({"DisplayName": "a"})), other]);
    let began_ms = world.now_ms;
    let outcome = world.run(&desired, Mode::Apply);
    assert_eq!(outcome.succeeded.len(), 1);
    let made = world.entries.iter().find_map(|(entry, at_ms)| match entry {
        Entry::Intent(intent) if intent.kind == "AWS::S3::Bucket" => Some(*at_ms),
        _ => None,
    });
    assert!(made.expect("it is made") - began_ms < 60_000, "it did not wait: {:#?}", world.log);
    assert!(world.now_ms - began_ms >= world.limits.latest_arrival_ms, "the intent is settled in this pass");
    assert!(world.recorded().open.is_empty());
    world.cloud.refuses_kind = None;
    comes_to_rest_at(&mut world, &desired);
    assert_eq!(world.recorded().resources[&id()][&1].attempt, 1, "the first one was taken up");
}

#[test]
fn a_token_that_is_called_that_of_another_request_is_settled_by_looking() {
    check_fault(Fault::ConflictAfterDoing);
    for call in 0..10 {
        let mut world = World::new();
        world.cloud.faults.insert(call, Fault::Conflict);
        world.run(&ten_resources(), Mode::Apply);
        comes_to_rest(&mut world);
    }
}

#[test]
fn a_look_that_is_not_answered_is_repeated() {
    for count in 1..6 {
        for throttled in [false, true] {
            let mut world = after_a_lost_create(&one_topic());
            double(&mut world);
            world.cloud.resources.pop_last();
            let slow_down =
                ReadError::Throttled { retry_after_ms: 100, by: agent_world::Throttler::Interface };
            let error = if throttled { slow_down } else { ReadError::NoAnswer("timed out".to_owned()) };
            let first = world.next_question();
            world.unread = (first..first + count).map(|question| (question, error.clone())).collect();
            let outcome = world.run(&one_topic(), Mode::Apply);
            assert!(outcome.failed.is_empty() && world.unread.is_empty());
            world.cloud.assert_one_of_each(&one_topic());
            assert_eq!(world.cloud.calls, 1);
        }
    }
}

#[test]
fn a_look_that_is_refused_leaves_the_intent_open_and_nothing_is_created_meanwhile() {
    let mut world = after_a_lost_create(&one_topic());
    let refused = || ReadError::Refused { code: "AccessDenied".to_owned(), message: "no".to_owned() };
    world.unread.insert(world.next_question(), refused());
    let outcome = world.run(&one_topic(), Mode::Apply);
    assert!(outcome.plan.unwrap().steps.is_empty());
    assert_eq!((world.recorded().open.len(), world.cloud.calls), (1, 1));
    comes_to_rest_at(&mut world, &one_topic());
    assert_eq!(world.cloud.calls, 1, "the next look finds it");
}

#[test]
fn an_edit_before_a_read_back_that_a_crash_put_off_is_an_edit() {
    // Every place to die at from the creation on.
    for at in 0.. {
        let mut world = World::new();
        let ended = world.run_until(&one_topic(), Mode::Apply, Some(Crash { at, done: true }));
        if ended.is_some() {
            return;
        }
        if world.cloud.calls == 0 {
            continue;
        }
        world.wait(3_600_000);
        world.cloud.edit("AWS::SNS::Topic", "/DisplayName", "edited");
        for _ in 0..3 {
            world.run(&one_topic(), Mode::Run);
            world.wait(3_600_000);
        }
        let record = &world.recorded().resources[&id()][&1];
        let field = &record.fields[&FieldPath::parse("/DisplayName").expect("a path")];
        assert!(field.edit.is_some(), "after command {at}: {record:#?}");
    }
}

#[test]
fn an_edit_between_a_creation_and_its_read_back_is_an_edit() {
    let queue = |seconds: u64| {
        let properties = json!({"VisibilityTimeout": seconds});
        app([("topic/a/queue", "AWS::SQS::Queue", properties)])
    };
    let edit = |cloud: &mut Cloud| cloud.edit("AWS::SQS::Queue", "/VisibilityTimeout", 77);
    let mut found = 0;
    for at in 0..20 {
        let mut world = World::new();
        world.meddle = Some((at, edit));
        world.run(&queue(30), Mode::Run);
        let timeout = |world: &World| {
            let (_, properties) = world.cloud.resources.values().next().expect("the queue was made");
            properties["VisibilityTimeout"].clone()
        };
        let was_edited = timeout(&world) == 77;
        for _ in 0..2 {
            world.wait(3_600_000);
            world.run(&queue(50), Mode::Run);
        }
        if was_edited {
            found += 1;
            assert_eq!(timeout(&world), 77, "edited at {at}");
        }
    }
    assert!(found > 0, "some edits come between the call and the read");
}
