//! Pace: when an operation is asked how it is doing.
//!
//! Each poll is a request that a limit counts, so an operation is not asked while it can hardly be done. From then on it is
//! asked in steps that grow with the time it has taken, so that the news is late by a small part of that time; and where
//! other ways are longer, late news costs nothing, and the steps are wider.

use std::collections::BTreeMap;

/// How much of the time that an operation is expected to take passes before it is asked, in 1/16.
const FIRST: u64 = 10;

/// How late the news of an operation may come on the longest way, as a part of the time it has taken.
const LATE: u64 = 32;

/// How late it may come otherwise, as a part of what its way is shorter than the longest.
const PATIENCE: u64 = 12;

/// The shortest time between two polls, in milliseconds.
const LEAST_MS: u64 = 400;

/// In how many milliseconds an operation is asked next that has taken `elapsed_ms` so far, of `expected_ms`, and whose way
/// is shorter than the longest by `slack_ms`. A provider that says when to ask is believed, but not if that becomes a habit:
/// it may know, or may only say "soon".
pub fn next_poll_ms(elapsed_ms: u64, expected_ms: u64, slack_ms: u64, said_ms: Option<u64>) -> u64 {
    if let Some(said_ms) = said_ms {
        return said_ms.max(elapsed_ms / LATE);
    }
    let patience_ms = (slack_ms / PATIENCE).min(expected_ms);
    let first_ms = expected_ms * FIRST / 16 + patience_ms;
    if elapsed_ms < first_ms {
        return (first_ms - elapsed_ms).max(LEAST_MS);
    }
    (elapsed_ms / LATE + patience_ms / 2).max(LEAST_MS)
}

/// How long operations take: what was seen lately, where anything was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    seen_ms: BTreeMap<(String, &'static str), u64>,
}

impl Expected {
    /// How long an operation of this kind takes, `typical_ms` if nobody saw one yet.
    pub fn of(&self, kind: &str, handler: &'static str, typical_ms: u64) -> u64 {
        self.seen_ms.get(&(kind.to_owned(), handler)).copied().unwrap_or(typical_ms)
    }

    /// An operation was still under way after `still_ms`, and was found done after `done_ms`: between the two lies what it
    /// took. Only what contradicts the expectation changes it, by a quarter of the difference.
    pub fn saw(
        &mut self,
        (kind, handler): (&str, &'static str),
        (still_ms, done_ms): (u64, u64),
        typical_ms: u64,
    ) {
        let seen = self.seen_ms.entry((kind.to_owned(), handler)).or_insert(typical_ms);
        let nearest_ms = (*seen).clamp(still_ms.min(done_ms), done_ms);
        *seen = (3 * *seen + nearest_ms) / 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times at which an operation that takes `took_ms` is asked.
    fn polls(took_ms: u64, expected_ms: u64, slack_ms: u64, said_ms: Option<u64>) -> Vec<u64> {
        let (mut at, mut all) = (0, Vec::new());
        while at < took_ms {
            at += next_poll_ms(at, expected_ms, slack_ms, said_ms);
            all.push(at);
        }
        all
    }

    #[test]
    fn the_news_of_the_longest_way_is_late_by_a_small_part() {
        for took_ms in (100_000..2_000_000).step_by(7_919) {
            let polls = polls(took_ms, 400_000, 0, None);
            let late_ms = polls.last().unwrap() - took_ms;
            let early = took_ms < 275_000;
            assert!(early || late_ms * 20 <= took_ms, "{took_ms}: {polls:?}");
            assert!(polls.len() < 80, "{took_ms}: {polls:?}");
        }
    }

    #[test]
    fn what_nobody_waits_for_is_hardly_asked() {
        assert_eq!(polls(20_000, 20_000, 600_000, None).len(), 1);
        assert!(polls(30_000, 20_000, 600_000, None).len() <= 2);
    }

    #[test]
    fn a_provider_that_says_when_is_believed_and_cannot_eat_the_quota() {
        assert_eq!(polls(60, 400_000, 0, Some(60)), [60]);
        assert!(polls(7_200_000, 20_000, 0, Some(1_000)).len() < 240);
    }

    #[test]
    fn what_was_seen_is_expected() {
        let mut expected = Expected::default();
        assert_eq!(expected.of("a", "create", 400), 400);
        for _ in 0..40 {
            expected.saw(("a", "create"), (60, 100), 400);
        }
        let seen_ms = expected.of("a", "create", 400);
        assert!((60..=110).contains(&seen_ms), "{seen_ms}");
        expected.saw(("a", "create"), (0, 500), 400);
        assert_eq!(expected.of("a", "create", 400), seen_ms, "that tells nothing");
        assert_eq!(expected.of("a", "delete", 400), 400);
    }
}
