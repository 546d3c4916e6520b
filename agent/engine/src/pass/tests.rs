//! The machine against a small cloud in memory that can be told to misbehave, with a clock that jumps.

mod cloud;
mod world;

use proptest::prelude::*;

use super::Mode;
use crate::command::Ended;
use cloud::Fault;
use world::{Crash, World, ten_resources};

/// A pass from here to its end, and another that plans: nothing is left to do, and nothing exists twice.
fn comes_to_rest(world: &mut World) {
    for _ in 0..20 {
        world.wait(3_600_000);
        let outcome = world.run(&ten_resources(), Mode::Apply);
        if outcome.failed.is_empty() && outcome.skipped.is_empty() && outcome.plan.unwrap().is_empty() {
            break;
        }
    }
    world.wait(3_600_000);
    let plan = world.run(&ten_resources(), Mode::Plan).plan.unwrap();
    assert!(plan.is_empty(), "{:#?}", plan);
    world.cloud.assert_one_of_each(&ten_resources());
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
