//! A limit of the cloud, as far as it is known: a token bucket whose rate is told, or found out.
//!
//! | what is known | how much is sent |
//! |---|---|
//! | nothing: no limit was met yet | a window of unanswered requests, which grows with each answer |
//! | the limit was met | a rate: less at once, then quickly back to just below where it was met, slowly past that, and ever faster while nothing happens |
//! | the limit was told | that rate; less for a while when it was met nevertheless |
//!
//! A rate rises only with requests that had to wait for it: what is not used is not known to be allowed. A refusal of what
//! was sent before the rate was last lowered says nothing new. All arithmetic is such that every machine gets the same.

use std::collections::VecDeque;

use schema_documents::Millis;

/// A limit that is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quota {
    /// Requests a second, in the long run.
    pub per_second: f64,
    /// Requests at once, after a rest.
    pub burst: f64,
}

/// Unanswered requests at first.
const FIRST_WINDOW: f64 = 4.0;

/// How much an answer adds to the window.
const WINDOW_GROWTH: f64 = 0.5;

/// The least rate, in requests a second: something always goes.
const LEAST: f64 = 0.1;

/// What is left of the rate when the limit was met.
const SLOWED: f64 = 0.8;

/// The same when it is met again before the lower rate proved right.
const SLOWED_AGAIN: f64 = 0.5;

/// Answers after which a rate has proved right.
const PROOF: u32 = 6;

/// Up to this part of the rate at which the limit was met last, the rate comes back quickly.
const QUICK_UP_TO: f64 = 0.92;

/// Up to this part it goes slowly: the limit is likely there.
const SLOW_UP_TO: f64 = 1.08;

/// Growth with each answer: quick, slow.
const QUICK: f64 = 0.03;
const SLOW: f64 = 0.001;

/// The growth past the limit of old, at most.
const FASTEST: f64 = 0.05;

/// A rate that was found out may be used ahead by so many milliseconds.
const BURST_MS: f64 = 500.0;

/// A burst that was told is used but for what comes together on its way, in milliseconds of the rate.
const JITTER_MS: f64 = 250.0;

/// Answers of which the time is remembered.
const REMEMBERED: usize = 24;

/// One limit. See the module.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    told: Option<Quota>,
    /// Requests a second; `None`: no limit was met.
    rate: Option<f64>,
    tokens: f64,
    filled_at_ms: Millis,
    window: f64,
    under_way: u32,
    /// The rate at which the limit was met last.
    met_at: f64,
    slowed_at_ms: Option<Millis>,
    /// Answers since then, to requests that had to wait.
    proof: u32,
    /// When something last had to wait for this limit.
    short_at_ms: Option<Millis>,
    /// When what was answered last was sent.
    served: VecDeque<Millis>,
}

impl Default for Bucket {
    fn default() -> Self {
        Self {
            told: None,
            rate: None,
            tokens: 0.0,
            filled_at_ms: 0,
            window: FIRST_WINDOW,
            under_way: 0,
            met_at: 0.0,
            slowed_at_ms: None,
            proof: 0,
            short_at_ms: None,
            served: VecDeque::new(),
        }
    }
}

impl Bucket {
    /// A limit that is known.
    pub fn known(quota: Quota) -> Self {
        let rate = quota.per_second.max(LEAST);
        let bucket = Self { told: Some(quota), rate: Some(rate), met_at: rate, ..Self::default() };
        Self { tokens: bucket.burst(rate), ..bucket }
    }

    /// The rate, in requests a second; `None` while no limit is known.
    pub fn per_second(&self) -> Option<f64> {
        self.rate
    }

    fn burst(&self, rate: f64) -> f64 {
        match self.told {
            Some(told) => (told.burst - 1.0 - rate * JITTER_MS / 1_000.0).max(1.0),
            None => (rate * BURST_MS / 1_000.0).max(1.0),
        }
    }

    fn fill(&mut self, now_ms: Millis) {
        if let Some(rate) = self.rate {
            let passed_ms = now_ms.saturating_sub(self.filled_at_ms);
            self.tokens = (self.tokens + rate * as_f64(passed_ms) / 1_000.0).min(self.burst(rate));
        }
        self.filled_at_ms = self.filled_at_ms.max(now_ms);
    }

    /// When a request may be sent: now, or later; `None`: after an answer.
    pub(super) fn free_at_ms(&mut self, now_ms: Millis) -> Option<Millis> {
        self.fill(now_ms);
        match self.rate {
            None => (f64::from(self.under_way) < self.window).then_some(now_ms),
            Some(_) if self.tokens >= 1.0 => Some(now_ms),
            Some(rate) => Some(now_ms + to_millis((1.0 - self.tokens) * 1_000.0 / rate)),
        }
    }

    /// A request has to wait for this limit.
    pub(super) fn short(&mut self, now_ms: Millis) {
        self.short_at_ms = Some(now_ms);
    }

    /// A request is sent.
    pub(super) fn take(&mut self) {
        self.tokens -= 1.0;
        self.under_way += 1;
    }

    /// A request was not sent after all, or never came as far as this limit.
    pub(super) fn give_back(&mut self) {
        self.tokens += 1.0;
        self.silent();
    }

    /// A request had no answer that tells anything of this limit.
    pub(super) fn silent(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// A request was let through.
    pub(super) fn served(&mut self, sent_at_ms: Millis) {
        self.silent();
        self.served.push_back(sent_at_ms);
        if self.served.len() > REMEMBERED {
            self.served.pop_front();
        }
        if self.short_at_ms.is_none_or(|short_at_ms| short_at_ms < sent_at_ms) {
            return;
        }
        self.proof += 1;
        match self.rate {
            None => self.window += WINDOW_GROWTH,
            Some(rate) => self.rate = Some(self.risen(rate)),
        }
    }

    fn risen(&self, rate: f64) -> f64 {
        let part = rate / self.met_at.max(LEAST);
        let growth = if part < QUICK_UP_TO {
            QUICK
        } else if part < SLOW_UP_TO {
            SLOW
        } else {
            (SLOW + (part - SLOW_UP_TO) * QUICK).min(FASTEST)
        };
        let most = self.told.map_or(f64::MAX, |told| told.per_second);
        (rate * (1.0 + growth)).min(most.max(LEAST))
    }

    /// A request met the limit. Whether that lowered the rate.
    pub(super) fn throttled(&mut self, sent_at_ms: Millis, now_ms: Millis) -> bool {
        self.silent();
        self.throttled_later(sent_at_ms, now_ms)
    }

    /// A request that seemed to be let through had met the limit. Whether that lowered the rate.
    pub(super) fn throttled_later(&mut self, sent_at_ms: Millis, now_ms: Millis) -> bool {
        if self.slowed_at_ms.is_some_and(|slowed_at_ms| sent_at_ms < slowed_at_ms) {
            return false;
        }
        let (met_at, slowed) = match self.rate {
            None => {
                let rate = self.served_per_second(now_ms);
                (rate, rate * SLOWED_AGAIN)
            }
            Some(rate) if self.proof >= PROOF => (rate, rate * SLOWED),
            Some(rate) => (rate, rate * SLOWED_AGAIN),
        };
        self.met_at = met_at;
        self.rate = Some(slowed.max(LEAST));
        self.tokens = self.tokens.min(0.0);
        self.filled_at_ms = now_ms;
        self.slowed_at_ms = Some(now_ms);
        self.proof = 0;
        true
    }

    /// How much was let through lately.
    fn served_per_second(&self, now_ms: Millis) -> f64 {
        let Some(first) = self.served.front() else { return 1.0 };
        let count = f64::from(u32::try_from(self.served.len()).unwrap_or(u32::MAX));
        (count * 1_000.0 / as_f64(now_ms.saturating_sub(*first)).max(1_000.0)).max(LEAST)
    }

    /// Nothing is under way any more.
    pub(super) fn rest(&mut self, now_ms: Millis) {
        self.fill(now_ms);
        self.under_way = 0;
    }
}

/// Exact below 2^53, which is some 285,000 years.
#[expect(clippy::cast_precision_loss, reason = "times are far below 2^53 milliseconds")]
fn as_f64(millis: u64) -> f64 {
    millis as f64
}

/// A rate in thousandths of a request a second.
pub(super) fn thousandths(per_second: f64) -> u64 {
    to_millis(per_second * 1_000.0)
}

/// Rounded up, and at least 1.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is capped, and not negative")]
fn to_millis(millis: f64) -> u64 {
    millis.ceil().clamp(1.0, 1e12) as u64
}
