//! Who goes when.

use super::*;
use crate::schedule::{Direction, Quota};

fn wanted(what: &'static str, service: &str, worth: u64) -> Wanted<&'static str> {
    let kind = format!("AWS::{service}::Thing");
    let direction = Direction::Mutating;
    let (interface, service) = (Lane::interface(&kind, direction), Some(Lane::service(&kind, direction)));
    Wanted { what, interface, service, worth, not_before_ms: 0, class: Class::Work }
}

fn queue(places: usize) -> Queue<&'static str> {
    Queue::new(places, Quotas::default())
}

/// A queue in which one service lets one request a second through.
fn with_slow_service() -> Queue<&'static str> {
    let lane = Lane::service("AWS::Slow::Thing", Direction::Mutating);
    Queue::new(10, Quotas::known([(lane, Quota { per_second: 1.0, burst: 1.0 })]))
}

/// All that goes at a time, answered at once.
fn all(queue: &mut Queue<&'static str>, now_ms: Millis) -> Vec<&'static str> {
    let mut gone = Vec::new();
    while let Some((what, sent)) = queue.next(now_ms) {
        queue.answered(sent, Verdict::Served, now_ms);
        gone.push(what);
    }
    gone
}

#[test]
fn what_is_worth_most_goes_first_and_of_equals_the_first() {
    let mut queue = queue(10);
    for (what, worth) in [("a", 1), ("b", 5), ("c", 5), ("d", 3)] {
        queue.push(wanted(what, "S3", worth), 0);
    }
    assert_eq!(all(&mut queue, 0), ["b", "c", "d", "a"]);
}

#[test]
fn a_service_without_room_keeps_nobody_else_back() {
    let mut queue = with_slow_service();
    for (what, service) in [("a", "Slow"), ("b", "Slow"), ("c", "S3")] {
        queue.push(wanted(what, service, if service == "Slow" { 9 } else { 1 }), 0);
    }
    assert_eq!(all(&mut queue, 0), ["a", "c"]);
    assert_eq!(queue.wake_at_ms(0), Some(1_000));
    assert_eq!(all(&mut queue, 999), [""; 0]);
    assert_eq!(all(&mut queue, 1_000), ["b"]);
    assert_eq!(queue.wake_at_ms(1_000), None);
}

#[test]
fn a_place_is_held_until_the_answer() {
    let mut queue = queue(1);
    queue.push(wanted("a", "S3", 1), 0);
    queue.push(wanted("b", "S3", 1), 0);
    let (first, sent) = queue.next(0).unwrap();
    assert_eq!((first, queue.next(0).is_none(), queue.wake_at_ms(0)), ("a", true, None));
    queue.push(Wanted { class: Class::Within, ..wanted("c", "S3", 0) }, 0);
    assert_eq!(queue.next(0).unwrap().0, "c", "what belongs to a place needs none");
    queue.answered(sent, Verdict::Silent, 0);
    assert_eq!(queue.next(0).unwrap().0, "b");
}

#[test]
fn operations_begin_only_while_they_may() {
    let mut queue = queue(4);
    queue.let_begin(false);
    queue.push(Wanted { class: Class::Begins, ..wanted("a", "S3", 9) }, 0);
    queue.push(wanted("b", "S3", 1), 0);
    assert_eq!(all(&mut queue, 0), ["b"]);
    queue.let_begin(true);
    assert_eq!(all(&mut queue, 0), ["a"]);
}

#[test]
fn what_comes_later_waits_here_and_wakes_in_time() {
    let mut queue = queue(1);
    queue.push(Wanted { not_before_ms: 70, ..wanted("a", "S3", 9) }, 0);
    queue.push(wanted("b", "S3", 1), 0);
    assert_eq!(all(&mut queue, 0), ["b"]);
    assert_eq!(queue.wake_at_ms(0), Some(70));
    assert_eq!(all(&mut queue, 70), ["a"]);
}

#[test]
fn what_has_waited_too_long_goes_before_all_that_has_not() {
    let mut queue = with_slow_service();
    queue.push(wanted("old", "Slow", 1), 0);
    let mut went_at_s = None;
    for second in 0..PATIENCE_MS / 1_000 + 10 {
        queue.push(wanted("new", "Slow", 9), second * 1_000);
        if all(&mut queue, second * 1_000).contains(&"old") {
            went_at_s = Some(second);
        }
    }
    assert_eq!(went_at_s, Some(PATIENCE_MS / 1_000));
}

#[test]
fn the_background_keeps_to_its_share_of_a_known_rate() {
    let lane = Lane::interface("AWS::S3::Thing", Direction::Mutating);
    let quotas = Quotas::known([(lane, Quota { per_second: 10.0, burst: 50.0 })]);
    let mut queue = Queue::new(1_000, quotas).with_background_percent(20);
    for _ in 0..100 {
        queue.push(Wanted { class: Class::Background, ..wanted("a", "S3", 0) }, 0);
    }
    let gone: usize = (0..10_000).step_by(100).map(|now_ms| all(&mut queue, now_ms).len()).sum();
    assert_eq!(gone, 20, "two a second");
}

#[test]
fn whose_limit_was_met_is_slowed_and_nobody_else() {
    let mut queue = queue(100);
    for _ in 0..8 {
        queue.push(wanted("a", "S3", 0), 0);
    }
    let mut sent: Vec<Sent> = std::iter::from_fn(|| queue.next(0)).map(|(_, sent)| sent).collect();
    let last = sent.pop().unwrap();
    for sent in sent {
        queue.answered(sent, Verdict::Served, 100);
    }
    let slowed = queue.answered(last, Verdict::Throttled(Throttler::Service), 100);
    let (service, interface) = (
        Lane::service("AWS::S3::Thing", Direction::Mutating),
        Lane::interface("AWS::S3::Thing", Direction::Mutating),
    );
    assert_eq!(slowed.as_ref(), Some(&service));
    assert!(queue.quotas().of(&service).unwrap().per_second().is_some());
    assert!(queue.quotas().of(&interface).unwrap().per_second().is_none());
}

#[test]
fn an_operation_that_fails_later_for_its_service_slows_it() {
    let mut queue = queue(4);
    let service = Lane::service("AWS::S3::Thing", Direction::Mutating);
    assert_eq!(queue.refused_later(&service, 0, 50), Some(service.clone()));
    assert!(queue.quotas().of(&service).unwrap().per_second().is_some());
}
