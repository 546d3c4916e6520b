//! A client that always has something to send, against a server with a limit of its own.

use super::*;

/// A cloud with one limit: requests a second, each from a time on, and a burst.
struct Server {
    rates: Vec<(Millis, f64)>,
    burst: f64,
    tokens: f64,
}

/// What became of a client that always has something to send.
#[derive(Debug)]
struct Sent {
    served: f64,
    throttled: f64,
    longest_silence_ms: Millis,
}

const ANSWER_MS: Millis = 200;

/// Sends for so long, millisecond by millisecond.
fn send(bucket: &mut Bucket, server: &mut Server, from_ms: Millis, until_ms: Millis) -> Sent {
    let mut sent = Sent { served: 0.0, throttled: 0.0, longest_silence_ms: 0 };
    let (mut answers, mut last_ms) = (VecDeque::<(Millis, Millis, bool, bool)>::new(), from_ms);
    for now_ms in from_ms..until_ms {
        let rate = server.rates.iter().rfind(|(from_ms, _)| *from_ms <= now_ms).unwrap().1;
        server.tokens = (server.tokens + rate / 1_000.0).min(server.burst);
        while answers.front().is_some_and(|(at_ms, ..)| *at_ms <= now_ms) {
            let (_, sent_at_ms, is_served, waited) = answers.pop_front().unwrap();
            if is_served {
                bucket.served(sent_at_ms, waited);
            } else {
                bucket.throttled(sent_at_ms, now_ms);
            }
        }
        while bucket.free_at_ms(now_ms) == Some(now_ms) {
            let waited = bucket.take();
            let is_served = server.tokens >= 1.0;
            server.tokens -= f64::from(u8::from(is_served));
            sent.served += f64::from(u8::from(is_served));
            sent.throttled += f64::from(u8::from(!is_served));
            answers.push_back((now_ms + ANSWER_MS, now_ms, is_served, waited));
            sent.longest_silence_ms = sent.longest_silence_ms.max(now_ms - last_ms);
            last_ms = now_ms;
        }
        bucket.short(now_ms);
    }
    sent
}

fn server(rates: &[(Millis, f64)]) -> Server {
    let burst = (rates[0].1 * 3.0).max(5.0);
    Server { rates: rates.to_vec(), burst, tokens: burst }
}

#[test]
fn a_limit_that_was_told_is_used_and_never_met() {
    for per_second in [0.5, 3.0, 40.0] {
        let mut bucket = Bucket::known(Quota { per_second, burst: per_second.max(2.0) * 3.0 });
        let mut cloud = Server { burst: per_second.max(2.0) * 3.0, ..server(&[(0, per_second)]) };
        let sent = send(&mut bucket, &mut cloud, 0, 400_000);
        assert!(sent.throttled < 1.0, "{per_second}: {sent:?}");
        assert!(sent.served >= 0.99 * per_second * 400.0, "{per_second}: {sent:?}");
    }
}

#[test]
fn a_limit_that_nobody_told_is_found_and_used() {
    for per_second in [0.5, 3.0, 12.0] {
        let (mut bucket, mut cloud) = (Bucket::default(), server(&[(0, per_second)]));
        let sent = send(&mut bucket, &mut cloud, 0, 1_000_000);
        assert!(sent.throttled <= 0.03 * sent.served + 15.0, "{per_second}: {sent:?}");
        assert!(sent.served >= 0.8 * per_second * 1_000.0, "{per_second}: {sent:?}");
    }
}

#[test]
fn a_limit_that_changes_fourfold_is_found_again_and_something_always_goes() {
    let rates = [(0, 4.0), (300_000, 1.0), (600_000, 4.0), (900_000, 16.0)];
    let (mut bucket, mut cloud) = (Bucket::default(), server(&rates));
    for (from_ms, rate) in rates {
        // What it takes to find out is counted too.
        let sent = send(&mut bucket, &mut cloud, from_ms, from_ms + 300_000);
        assert!(sent.served >= 0.5 * rate * 300.0, "from {from_ms}: {sent:?}");
        assert!(sent.throttled <= 0.04 * sent.served + 12.0, "from {from_ms}: {sent:?}");
        assert!(sent.longest_silence_ms < 40_000, "from {from_ms}: {sent:?}");
    }
}

/// A bucket that met its limit at about ten a second.
fn slowed() -> Bucket {
    let mut bucket = Bucket::default();
    for at_ms in 0..40 {
        bucket.take();
        bucket.served(at_ms * 100, true);
    }
    bucket.take();
    assert!(bucket.throttled(4_000, 4_100));
    bucket
}

#[test]
fn a_rate_that_nobody_waits_for_does_not_rise() {
    let (mut idle, mut busy) = (slowed(), slowed());
    let before = idle.per_second().unwrap();
    for at_ms in (5_000..50_000).step_by(500) {
        let waited = idle.take();
        idle.served(at_ms, waited);
        // Each request waits, and none waits behind it.
        busy.short(at_ms - 100);
        let waited = busy.take();
        busy.served(at_ms, waited);
    }
    assert_eq!(idle.per_second(), Some(before));
    assert!(busy.per_second().unwrap() > before);
}

#[test]
fn what_was_sent_before_any_limit_was_met_is_no_debt() {
    let mut bucket = Bucket::default();
    for at_ms in 0..1_000 {
        let waited = bucket.take();
        bucket.served(at_ms * 100, waited);
    }
    bucket.take();
    assert!(bucket.throttled(100_000, 100_100));
    let next_ms = bucket.free_at_ms(100_100).unwrap();
    assert!(next_ms <= 115_000, "{next_ms}");
}

#[test]
fn refusals_before_anything_was_let_through_do_not_slow_for_long() {
    // Others have used all that there is for a while.
    let mut server = Server { tokens: 0.0, ..server(&[(0, 0.0), (20_000, 10.0)]) };
    let mut bucket = Bucket::default();
    send(&mut bucket, &mut server, 0, 20_000);
    let sent = send(&mut bucket, &mut server, 20_000, 80_000);
    assert!(sent.served > 100.0, "{sent:?}");
}

#[test]
fn what_was_sent_before_the_rate_was_lowered_says_nothing_new() {
    let mut bucket = slowed();
    let rate = bucket.per_second();
    assert!(!bucket.throttled(4_050, 4_200));
    assert_eq!(bucket.per_second(), rate);
    assert!(bucket.throttled(4_150, 4_300));
    assert!(bucket.per_second() < rate);
}

#[test]
fn a_request_that_was_not_sent_costs_nothing() {
    let mut bucket = Bucket::known(Quota { per_second: 1.0, burst: 1.0 });
    assert_eq!(bucket.free_at_ms(0), Some(0));
    bucket.take();
    assert_eq!(bucket.free_at_ms(0), Some(1_000));
    bucket.give_back();
    assert_eq!(bucket.free_at_ms(0), Some(0));
}

#[test]
fn a_cloud_that_keeps_silent_is_not_waited_for_by_a_few_at_a_time() {
    let (mut bucket, mut now_ms, mut asked) = (Bucket::default(), 0, 0);
    for _ in 0..6 {
        let before = asked;
        while bucket.free_at_ms(now_ms) == Some(now_ms) {
            bucket.take();
            asked += 1;
        }
        bucket.short(now_ms);
        (before..asked).for_each(|_| bucket.silent(now_ms, true));
        now_ms += 20_000;
    }
    assert!(asked >= 50, "{asked} requests in the time of six that were not answered");
}
