//! The machine against a small cloud in memory that can be told to misbehave, with a clock that jumps.

mod branches;
mod cloud;
mod gate;
mod looks;
mod narrow;
mod not_yet;
mod turns;
mod untaken;
mod updates;
mod world;

use proptest::prelude::*;

use super::Mode;
use crate::command::Ended;
use cloud::Fault;
use schema_documents::desired::DesiredState;
use schema_documents::journal::Entry;
use world::{Crash, World, nine_resources, one_bucket, ten_resources};

/// A pass from here to its end, and another that plans: nothing is left to do, and nothing exists twice.
fn comes_to_rest(world: &mut World) {
    comes_to_rest_at(world, &ten_resources());
}

fn comes_to_rest_at(world: &mut World, desired: &DesiredState) {
    for _ in 0..20 {
        world.wait(3_600_000);
        let outcome = world.run(desired, Mode::Apply);
        if outcome.failed.is_empty() && outcome.skipped.is_empty() && outcome.plan.unwrap().is_empty() {
            break;
        }
    }
    world.wait(3_600_000);
    let plan = world.run(desired, Mode::Plan).plan.unwrap();
    assert!(plan.is_empty(), "{plan:#?}");
    world.cloud.assert_one_of_each(desired);
}

#[test]
fn ten_resources_are_created_once_and_the_second_plan_is_empty() {
    let mut world = World::new();
    let outcome = world.run(&ten_resources(), Mode::Apply);
    assert_eq!(outcome.ended, Ended::Done);
    assert_eq!((outcome.succeeded.len(), outcome.failed, outcome.skipped), (10, vec![], vec![]));
    let plan = world.run(&ten_resources(), Mode::Plan).plan.unwrap();
    assert!(plan.is_empty(), "{plan:#?}");
    world.cloud.assert_one_of_each(&ten_resources());
}

#[test]
fn planning_writes_nothing_and_calls_nothing() {
    let mut world = World::new();
    let plan = world.run(&ten_resources(), Mode::Plan).plan.unwrap();
    assert_eq!(plan.steps.len(), 10);
    assert_eq!((world.entries.len(), world.cloud.calls), (0, 0));
}

#[test]
fn the_same_events_give_the_same_commands() {
    let log = |_| {
        let mut world = World::new();
        world.run(&ten_resources(), Mode::Apply);
        world.log
    };
    assert_eq!(log(1), log(2));
}

#[test]
fn after_a_crash_at_any_command_each_resource_exists_once() {
    let commands = {
        let mut world = World::new();
        world.run(&ten_resources(), Mode::Apply);
        world.log.len()
    };
    for at in 0..commands {
        for done in [false, true] {
            let mut world = World::new();
            world.run_until(&ten_resources(), Mode::Apply, Some(Crash { at, done }));
            comes_to_rest(&mut world);
        }
    }
}

#[test]
fn after_a_crash_the_token_is_too_old_and_what_was_done_is_found_by_looking() {
    let commands = {
        let mut world = World::new();
        world.run(&ten_resources(), Mode::Apply);
        world.log.len()
    };
    for at in 0..commands {
        let mut world = World::new();
        world.run_until(&ten_resources(), Mode::Apply, Some(Crash { at, done: true }));
        world.wait(40 * 3_600_000);
        world.cloud.forget_operations();
        comes_to_rest(&mut world);
    }
}

fn check_fault(fault: Fault) {
    for call in 0..10 {
        let mut world = World::new();
        world.cloud.faults.insert(call, fault);
        let outcome = world.run(&ten_resources(), Mode::Apply);
        assert_eq!(outcome.failed, vec![], "{fault:?} at call {call}");
        comes_to_rest(&mut world);
    }
}

#[test]
fn a_call_whose_answer_is_lost_is_made_again_and_does_nothing_twice() {
    check_fault(Fault::DropAnswer);
}

#[test]
fn a_call_that_never_arrived_is_made_again() {
    check_fault(Fault::NeverArrived);
}

#[test]
fn a_throttled_call_is_made_again() {
    check_fault(Fault::Throttle);
}

#[test]
fn an_operation_that_fails_for_now_is_attempted_anew() {
    check_fault(Fault::FailForNow);
}

#[test]
fn what_a_failed_operation_left_behind_is_taken_up() {
    check_fault(Fault::FailAfterDoing);
}

#[test]
fn a_rejected_create_leaves_out_what_depends_on_it_and_the_rest_goes_on() {
    let mut world = World::new();
    world.cloud.reject = Some("AWS::EC2::VPC".to_owned());
    let outcome = world.run(&ten_resources(), Mode::Apply);
    assert_eq!(outcome.failed.len(), 1);
    assert_eq!((outcome.skipped.len(), outcome.succeeded.len()), (3, 6), "{outcome:#?}");
    world.cloud.reject = None;
    comes_to_rest(&mut world);
}

#[test]
fn a_change_and_a_removal_survive_a_crash_at_any_command() {
    let commands = {
        let mut world = World::new();
        world.run(&ten_resources(), Mode::Apply);
        let before = world.log.len();
        let outcome = world.run(&nine_resources(), Mode::Apply);
        assert_eq!((outcome.succeeded.len(), outcome.failed, outcome.skipped), (2, vec![], vec![]));
        world.log.len() - before
    };
    for at in 0..commands {
        for (done, forgets) in [(false, false), (true, false), (true, true)] {
            let mut world = World::new();
            world.run(&ten_resources(), Mode::Apply);
            world.run_until(&nine_resources(), Mode::Apply, Some(Crash { at, done }));
            if forgets {
                world.wait(40 * 3_600_000);
                world.cloud.forget_operations();
            }
            comes_to_rest_at(&mut world, &nine_resources());
        }
    }
}

#[test]
fn what_changed_since_the_plan_is_not_overwritten() {
    let rename = |cloud: &mut cloud::Cloud| cloud.edit("AWS::SNS::Topic", "/DisplayName", "console");
    let (mut stale, mut refused) = (0, 0);
    for at in 0..40 {
        let mut world = World::new();
        world.run(&ten_resources(), Mode::Apply);
        world.meddle = Some((at, rename));
        let outcome = world.run(&nine_resources(), Mode::Apply);
        stale += outcome.skipped.iter().filter(|step| step.why.contains("changed since the plan")).count();
        refused += outcome.failed.len();
        let names = world.cloud.resources.values().map(|(_, properties)| &properties["DisplayName"]);
        let edited = names.clone().any(|name| name == "console");
        assert!(!edited || names.clone().all(|name| name != "renamed"), "at {at}");
    }
    assert!(stale > 0, "some edits come between the plan and the read before the call");
    assert!(refused > 0, "some come between that read and the call");
}

#[test]
fn a_console_edit_is_imported_and_kept() {
    let mut world = World::new();
    world.run(&ten_resources(), Mode::Apply);
    world.wait(3_600_000);
    world.cloud.edit("AWS::SNS::Topic", "/DisplayName", "console");
    let calls = world.cloud.calls;
    let plan = world.run(&ten_resources(), Mode::Apply).plan.unwrap();
    assert_eq!((plan.steps.len(), plan.imports.len()), (0, 3));
    assert_eq!(world.cloud.calls, calls);
    let recorded = world.recorded();
    let records = recorded.resources.values().flat_map(|generations| generations.values());
    let edited = records.filter(|record| record.fields.values().any(|field| field.edit.is_some()));
    assert_eq!(edited.count(), 3);
}

#[test]
fn one_of_many_passes_believes_an_edit_when_it_sees_it_again() {
    let mut world = World::new();
    world.run(&ten_resources(), Mode::Run);
    world.wait(3_600_000);
    world.cloud.edit("AWS::SNS::Topic", "/DisplayName", "console");
    let open_edits = |world: &World| {
        let recorded = world.recorded();
        let records = recorded.resources.values().flat_map(|generations| generations.values());
        records.flat_map(|record| record.fields.values()).filter(|field| field.edit.is_some()).count()
    };
    world.run(&ten_resources(), Mode::Run);
    assert_eq!(open_edits(&world), 0);
    world.wait(1_000);
    world.run(&ten_resources(), Mode::Run);
    assert_eq!(open_edits(&world), 3);
}

#[test]
fn a_bucket_of_somebody_else_with_our_name_is_never_taken_up() {
    let mut world = World::new();
    let plan = world.run(&one_bucket(), Mode::Plan).plan.unwrap();
    assert_eq!(plan.steps.len(), 1);
    let id = "bucket/images/bucket".parse().unwrap();
    let stem = one_bucket().resources[&id].name.clone().unwrap();
    let name = crate::bind::physical_name("j", &id, 1, &stem);
    let foreign = serde_json::json!({"BucketName": name, "Tags": [{"Key": "team", "Value": "others"}]});
    world.cloud.resources.insert(name.clone(), ("AWS::S3::Bucket".to_owned(), foreign.clone()));
    let outcome = world.run(&one_bucket(), Mode::Apply);
    assert_eq!(outcome.failed.len(), 1, "{outcome:#?}");
    assert_eq!(outcome.failed[0].code, "AlreadyExists");
    assert_eq!(world.cloud.resources[&name].1, foreign);
    assert!(world.recorded().resources[&id].values().all(|record| record.identifier.is_none()));
}

#[test]
fn a_bucket_survives_a_crash_at_any_command() {
    for at in 0..12 {
        for forgets in [false, true] {
            let mut world = World::new();
            world.run_until(&one_bucket(), Mode::Apply, Some(Crash { at, done: true }));
            if forgets {
                world.wait(40 * 3_600_000);
                world.cloud.forget_operations();
            }
            comes_to_rest_at(&mut world, &one_bucket());
        }
    }
}

#[test]
fn what_was_removed_and_comes_back_is_created_and_not_answered_from_the_past() {
    let mut world = World::new();
    world.run(&one_bucket(), Mode::Apply);
    let none = DesiredState { resources: std::collections::BTreeMap::new(), ..one_bucket() };
    world.wait(60_000);
    let plan = world.run(&none, Mode::PlanDestroy).plan.unwrap();
    assert_eq!((plan.steps.len(), world.cloud.resources.len()), (1, 1), "{plan:#?}");
    let gone = world.run(&none, Mode::Destroy);
    assert_eq!((gone.succeeded.len(), world.cloud.resources.len()), (1, 0), "{gone:#?}");
    world.wait(60_000);
    let back = world.run(&one_bucket(), Mode::Apply);
    assert_eq!((back.succeeded.len(), world.cloud.resources.len()), (1, 1), "{back:#?}");
}

#[test]
fn without_approval_no_step_begins() {
    let mut world = World::new();
    let mut desired = ten_resources();
    desired.approval = schema_documents::environment::Approval::Required;
    let plan = world.run(&desired, Mode::Plan).plan.unwrap();
    let outcome = world.run(&desired, Mode::Apply);
    assert_eq!((outcome.skipped.len(), world.cloud.calls), (10, 0));
    let plan = plan.awaited.unwrap().digest;
    assert!(outcome.skipped[0].why.contains("a person's approval"), "{:#?}", outcome.skipped);
    world.append(Entry::Approved { plan, who: "ada".to_owned() });
    for at in [7, 15, 40] {
        world.run_until(&desired, Mode::Apply, Some(Crash { at, done: true }));
        world.wait(1_000);
    }
    let outcome = world.run(&desired, Mode::Apply);
    assert_eq!((outcome.skipped.len(), world.cloud.resources.len()), (0, 10), "{:#?}", outcome.skipped);
    assert!(world.recorded().approvals.is_empty(), "used up");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_faults_and_crashes_end_in_one_of_each(
        faults in proptest::collection::btree_map(0_u64..30, cloud::any_fault(), 0..6),
        crashes in proptest::collection::vec((0_usize..60, any::<bool>()), 0..4),
    ) {
        let mut world = World::new();
        world.cloud.faults = faults;
        for (at, done) in crashes {
            world.run_until(&ten_resources(), Mode::Apply, Some(Crash { at, done }));
            world.wait(1_000);
        }
        comes_to_rest(&mut world);
    }
}
