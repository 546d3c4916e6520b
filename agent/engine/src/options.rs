//! What bounds a pass: every limit has a name, a unit and a default.

/// Limits of a pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls and questions that are under way at a time.
    pub in_flight: usize,
    /// Operations that are under way at a time: one that only waits for the cloud holds no place among the calls.
    pub operations: usize,
    /// How much of the reading limits a pass may use to look at what is live, in percent.
    pub looking_percent: u64,
    /// In which order steps begin.
    pub discipline: Discipline,
    /// Steps in one plan.
    pub steps: usize,
    /// Deletions in one plan.
    pub deletes: usize,
    /// Resources that may be found gone in one pass before everything is held: wrong credentials are likelier.
    pub gone: usize,
    /// Attempts at one call, transient failures counted.
    pub attempts: u32,
    /// How long after something was made it may be unknown to those that have to know of it, in milliseconds. For so long a
    /// rejection that says so is waited out.
    pub not_yet_ms: u64,
    /// How long the provider honours a client token, in milliseconds, with room to spare.
    pub token_lifetime_ms: u64,
    /// How late a request may arrive whose sender has given up, in milliseconds. AWS takes a signature for five minutes, and
    /// clocks may be apart.
    pub latest_arrival_ms: u64,
    /// After how long a deployment that is not healthy has failed, in milliseconds; `None`: as long as the catalogue gives its kind.
    pub deploy_ms: Option<u64>,
    /// How long a console edit rests before it is taken as meant, in milliseconds.
    pub settle_ms: u64,
    /// How much of the time that the catalogue gives reads to settle is waited for, in percent. 0 is for a cloud whose
    /// reads never lag.
    pub lag_percent: u64,
    /// How far the clocks of two agents may be apart, in milliseconds: the one that waits for reads to settle is not
    /// always the one that wrote down when the operation ended.
    pub clock_skew_ms: u64,
}

/// In which order steps begin. All but the first are what others do, for comparison.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Discipline {
    /// Whatever has the longest way behind it, as soon as limits allow.
    #[default]
    LongestWayFirst,
    /// Whatever could begin first, as soon as limits allow.
    FirstInFirstOut,
    /// Whatever could begin first, so many at a time, each of them from its beginning to its end; limits are met, not known,
    /// and operations are asked at equal times.
    Slots {
        /// Steps at a time.
        steps: usize,
        /// From poll to poll.
        poll_ms: u64,
    },
}

impl Limits {
    /// A settling or visibility time of the catalogue, as this pass waits for it, in milliseconds.
    pub fn lag_ms(&self, catalogued_ms: u64) -> u64 {
        match catalogued_ms.saturating_mul(self.lag_percent) / 100 {
            0 => 0,
            lag_ms => lag_ms.saturating_add(self.clock_skew_ms),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            in_flight: 64,
            operations: 1_000,
            looking_percent: 100,
            discipline: Discipline::LongestWayFirst,
            steps: 10_000,
            deletes: 50,
            gone: 3,
            attempts: 12,
            not_yet_ms: 180_000,
            token_lifetime_ms: 35 * 3_600_000,
            latest_arrival_ms: 600_000,
            deploy_ms: None,
            settle_ms: 60_000,
            lag_percent: 100,
            clock_skew_ms: 5_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_for_lagging_reads_has_room_for_clocks_that_disagree_and_none_is_waited_for_what_never_lags() {
        let limits = Limits { lag_percent: 50, clock_skew_ms: 7, ..Limits::default() };
        assert_eq!((limits.lag_ms(1_000), limits.lag_ms(0)), (507, 0));
        assert_eq!(Limits { lag_percent: 0, ..limits }.lag_ms(1_000), 0);
    }
}
