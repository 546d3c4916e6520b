//! Whose turn it is: places, limits, and what is told of them.

use agent_world::{ReadError, Throttler};

use super::cloud::Fault;
use super::world::{Crash, World, nine_resources, ten_resources};
use super::*;
use crate::command::Note;
use crate::schedule::{Direction, Lane};

/// The words of the commands that were executed: `Call`, `Poll`, `Read`, …
fn words(world: &World) -> Vec<&str> {
    world.log.iter().map(|line| line.split([' ', '(']).next().unwrap_or_default()).collect()
}

#[test]
fn an_operation_that_is_under_way_holds_no_place() {
    let mut world = World::new();
    world.limits.in_flight = 1;
    let outcome = world.run(&ten_resources(), Mode::Apply);
    assert_eq!(outcome.succeeded.len(), 10);
    let words = words(&world);
    let first_poll = words.iter().position(|word| *word == "Poll").unwrap();
    let calls = words[..first_poll].iter().filter(|word| **word == "Call").count();
    assert_eq!(calls, 7, "all that wait for nothing are begun: {words:?}");
}

#[test]
fn no_more_operations_are_under_way_than_may_be() {
    let mut world = World::new();
    world.limits.operations = 2;
    let outcome = world.run(&ten_resources(), Mode::Apply);
    assert_eq!(outcome.succeeded.len(), 10);
    let mut open: i32 = 0;
    for line in &world.log {
        open += i32::try_from(line.matches("Intent(").count()).unwrap();
        open -= i32::try_from(line.matches("Succeeded {").count()).unwrap();
        assert!(open <= 2, "{line}");
    }
}

#[test]
fn what_the_service_behind_refuses_is_attempted_anew_and_the_service_is_asked_less() {
    super::check_fault(Fault::ThrottleBehind);
    let mut world = World::new();
    world.cloud.faults.insert(0, Fault::ThrottleBehind);
    world.run(&ten_resources(), Mode::Apply);
    let slowed = world.notes.iter().filter_map(|note| match note {
        Note::Slowed { lane, .. } => Some(lane.clone()),
        _ => None,
    });
    let slowed: Vec<Lane> = slowed.collect();
    assert!(
        matches!(slowed.as_slice(), [lane] if lane.of.starts_with("AWS::") && lane.direction == Direction::Mutating),
        "{slowed:?}"
    );
}

#[test]
fn a_throttled_call_is_told_and_slows_the_interface() {
    let mut world = World::new();
    world.cloud.faults.insert(3, Fault::Throttle);
    world.run(&ten_resources(), Mode::Apply);
    let interface = Lane { of: "AWS".to_owned(), direction: Direction::Mutating };
    let is_it = |note: &&Note| matches!(note, Note::Slowed { lane, .. } if *lane == interface);
    assert_eq!(world.notes.iter().filter(is_it).count(), 1);
    assert!(world.notes.iter().any(|note| matches!(note, Note::Retrying { .. })));
}

#[test]
fn a_throttled_look_slows_the_reading_of_everything() {
    let mut world = World::new();
    world.run(&ten_resources(), Mode::Apply);
    world.wait(3_600_000);
    let slow_down = ReadError::Throttled { retry_after_ms: 100, by: Throttler::Interface };
    world.unread.insert(world.next_question(), slow_down);
    let outcome = world.run(&ten_resources(), Mode::Apply);
    assert!(outcome.plan.unwrap().steps.is_empty(), "it is read again");
    let reading = Lane { of: "AWS".to_owned(), direction: Direction::Reading };
    let is_it = |note: &&Note| matches!(note, Note::Slowed { lane, .. } if *lane == reading);
    assert_eq!(world.notes.iter().filter(is_it).count(), 1);
}

#[test]
fn progress_is_told_up_to_the_last_step() {
    let mut world = World::new();
    world.run(&ten_resources(), Mode::Apply);
    let advanced = world.notes.iter().filter_map(|note| match note {
        Note::Advanced { ended, of, left_ms } => Some((*ended, *of, *left_ms)),
        _ => None,
    });
    let advanced: Vec<(usize, usize, u64)> = advanced.collect();
    assert_eq!(
        advanced.iter().map(|(ended, of, _)| (*ended, *of)).collect::<Vec<_>>(),
        (1..=10).map(|ended| (ended, 10)).collect::<Vec<_>>()
    );
    assert!(advanced.windows(2).all(|pair| pair[1].2 <= pair[0].2), "{advanced:?}");
    assert_eq!(advanced.last().unwrap().2, 0);
}

#[test]
fn a_step_that_is_given_up_gives_its_place_back() {
    let mut world = World::new();
    world.limits.in_flight = 1;
    world.run(&ten_resources(), Mode::Apply);
    world.wait(3_600_000);
    // Reads before updates are refused: those steps are lost, and the others go on.
    let refused = ReadError::Refused { code: "AccessDenied".to_owned(), message: "no".to_owned() };
    world.unread.insert(world.next_question() + 10, refused);
    let outcome = world.run(&nine_resources(), Mode::Apply);
    assert_eq!((outcome.failed.len(), outcome.succeeded.len()), (1, 1), "{outcome:#?}");
    assert_eq!(outcome.ended, Ended::Done);
}

#[test]
fn what_is_settled_and_what_is_looked_at_go_one_by_one_if_they_must() {
    let mut world = World::new();
    world.limits.in_flight = 1;
    world.run_until(&ten_resources(), Mode::Apply, Some(Crash { at: 12, done: true }));
    comes_to_rest(&mut world);
}
