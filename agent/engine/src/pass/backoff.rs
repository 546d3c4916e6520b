//! When something is tried again: later each time, and spread out, without chance.

use agent_world::ReadError;
use schema_documents::{Digest, Millis};

/// The first pause.
const FIRST_MS: u64 = 300;

/// The longest pause.
const LONGEST_MS: u64 = 30_000;

/// How long to wait before try number `tries + 1`: it doubles each time; `seed` (a client token, an identifier) decides by up
/// to a half how much is taken off, so that many that failed together do not come back together.
pub(crate) fn pause_ms(seed: &str, tries: u32) -> u64 {
    let full = FIRST_MS.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(LONGEST_MS);
    let digest = Digest::of(&(seed, tries));
    let drawn = u64::from_str_radix(digest.short().get(..4).unwrap_or_default(), 16).unwrap_or_default();
    full - full / 2 * drawn / 0xffff
}

/// The first and the longest pause before what was refused because something is not known yet is tried again.
const NOT_YET_MS: [u64; 2] = [400, 4_000];

/// How long to wait before try number `tries + 1` of what somebody does not know yet: news spreads within seconds, so it is asked
/// often, and then ever more seldom, but never so seldom as what is overloaded.
pub(crate) fn not_yet_ms(tries: u32) -> u64 {
    let [first, longest] = NOT_YET_MS;
    (1..tries.min(16)).fold(first, |pause, _| pause + pause / 2).min(longest)
}

/// When a question that was answered so is asked again.
pub(crate) fn after_read_error(now_ms: Millis, error: &ReadError, seed: &str, tries: u32) -> Millis {
    let asked_for = match error {
        ReadError::Throttled { retry_after_ms, .. } => *retry_after_ms,
        _ => 0,
    };
    now_ms + asked_for.max(pause_ms(seed, tries))
}
