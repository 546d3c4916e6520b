//! A limit of the cloud, as far as it is known: a token bucket whose rate is told, or found out.
//!
//! | what is known | how much is sent |
//! |---|---|
//! | nothing: no limit was met yet | a window of unanswered requests, which grows with each answer |
//! | the limit was met for the first time | a small part of what was let through so far, which rises with each answer, ever faster, until the limit is met again |
//! | it was met again before anything was let through | less, and rising in the same way |
//! | the limit was met at some rate | somewhat less than was let through lately, for a while; then the rate rises again |
//! | the limit is met again and again | less and less: it has become another one, and is looked for from below |
//! | the limit was told | that rate; less for a while when it was met nevertheless |
//!
//! A rate rises only with requests that had to wait for it: what is not used is not known to be allowed. A refusal of what
//! was sent before the rate was last lowered says nothing new. All arithmetic is such that every machine gets the same.

#[cfg(test)]
mod tests;

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
const FIRST_WINDOW: f64 = 3.0;

/// How much an answer adds to the window.
const WINDOW_GROWTH: f64 = 0.5;

/// The least rate, in requests a second: something always goes.
const LEAST: f64 = 0.1;

/// What is tried of the rate that was let through when the limit is met for the first time: most of that was a burst. And
/// the least that is tried then.
const OPENED: f64 = 0.25;
const OPENED_LEAST: f64 = 0.3;

/// What is left of the rate that was let through lately when the limit is met, and met again before the lower rate proved
/// right, and again.
const SLOWED: [f64; 3] = [0.8, 0.5, 0.4];

/// What is left out after the limit was met, in requests.
const REST: f64 = 2.0;

/// Answers after which a rate has proved right.
const PROOF: u32 = 8;

/// Answers for which a rate is held, at least, and for how long, in milliseconds.
const HELD: u32 = 12;
const HELD_MS: u64 = 90_000;

/// How much a rate rises in a second, near a limit, and far below it; by how much more each second; and the most.
const RISE: f64 = 0.02;
const RISE_FAR: f64 = 0.1;
const RISE_MORE: f64 = 0.05;
const RISE_MOST: f64 = 0.2;

/// How much a rate rises with one answer, at most.
const STEP: f64 = 0.5;

/// A rate that was found out may be used ahead by so many milliseconds.
const BURST_MS: f64 = 500.0;

/// A burst that was told is used but for what comes together on its way, in milliseconds of the rate.
const JITTER_MS: f64 = 250.0;

/// Answers of which the time is remembered, and those that tell a rate.
const REMEMBERED: usize = 16;
const TELLING: usize = 4;

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
    /// How much the rate rises in a second; `None`: it is held.
    rise: Option<f64>,
    /// How often the limit was met since a rate proved right.
    hits: usize,
    slowed_at_ms: Option<Millis>,
    /// Answers since then, to requests that had to wait.
    proof: u32,
    /// When something last had to wait for this limit, and whether nothing was sent since.
    short_at_ms: Option<Millis>,
    is_short: bool,
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
            rise: None,
            hits: 0,
            slowed_at_ms: None,
            proof: 0,
            short_at_ms: None,
            is_short: false,
            served: VecDeque::new(),
        }
    }
}

impl Bucket {
    /// A limit that is known.
    pub fn known(quota: Quota) -> Self {
        let rate = quota.per_second.max(LEAST);
        let bucket = Self { told: Some(quota), rate: Some(rate), ..Self::default() };
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
        self.is_short = true;
    }

    /// A request is sent. Whether it, or another one, had to wait for this limit.
    pub(super) fn take(&mut self) -> bool {
        self.tokens -= 1.0;
        self.under_way += 1;
        std::mem::take(&mut self.is_short)
    }

    /// A request was not sent after all, or never came as far as this limit.
    pub(super) fn give_back(&mut self) {
        self.tokens += 1.0;
        self.is_back();
    }

    fn is_back(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// A request was not answered. Nobody refused it either: the window grows as with an answer, or a cloud that keeps silent
    /// would be waited for by a few requests at a time.
    pub(super) fn silent(&mut self, sent_at_ms: Millis, waited: bool) {
        self.is_back();
        if self.rate.is_none() && self.has_waited(sent_at_ms, waited) {
            self.window += WINDOW_GROWTH;
        }
    }

    /// Whether a request, or one that came while it was under way, had to wait; `waited` is what [`Bucket::take`] said.
    fn has_waited(&self, sent_at_ms: Millis, waited: bool) -> bool {
        waited || self.short_at_ms.is_some_and(|short_at_ms| short_at_ms >= sent_at_ms)
    }

    /// A request was let through; `waited` is what [`Bucket::take`] said.
    pub(super) fn served(&mut self, sent_at_ms: Millis, waited: bool) {
        self.is_back();
        let waited = self.has_waited(sent_at_ms, waited);
        if !waited {
            // How much is sent when nothing waits tells nothing of the limit.
            self.served.clear();
        }
        self.served.push_back(sent_at_ms);
        if self.served.len() > REMEMBERED {
            self.served.pop_front();
        }
        match self.rate.filter(|_| waited) {
            Some(rate) => self.proved(rate, sent_at_ms),
            None if waited => self.window += WINDOW_GROWTH,
            None => {}
        }
    }

    /// A request that had to wait for the rate was let through.
    fn proved(&mut self, rate: f64, sent_at_ms: Millis) {
        self.proof += 1;
        if self.proof >= PROOF {
            self.hits = 0;
        }
        let Some(rise) = self.rise else {
            self.rise = self.has_held(sent_at_ms).then_some(RISE);
            return;
        };
        let most = self.told.map_or(f64::MAX, |told| told.per_second);
        self.rate = Some((rate * (1.0 + (rise / rate).min(STEP))).min(most.max(LEAST)));
        self.rise = Some((rise * (1.0 + (RISE_MORE / rate).min(STEP))).min(RISE_MOST));
    }

    fn has_held(&self, now_ms: Millis) -> bool {
        let held_ms = self.slowed_at_ms.map_or(0, |slowed_at_ms| now_ms.saturating_sub(slowed_at_ms));
        self.proof >= HELD && held_ms >= HELD_MS
    }

    /// A request met the limit. Whether that lowered the rate.
    pub(super) fn throttled(&mut self, sent_at_ms: Millis, now_ms: Millis) -> bool {
        self.is_back();
        self.throttled_later(sent_at_ms, now_ms)
    }

    /// A request that seemed to be let through had met the limit. Whether that lowered the rate.
    pub(super) fn throttled_later(&mut self, sent_at_ms: Millis, now_ms: Millis) -> bool {
        if self.slowed_at_ms.is_some_and(|slowed_at_ms| sent_at_ms < slowed_at_ms) {
            return false;
        }
        let lately = self.served_per_second(now_ms);
        let is_last = self.hits + 1 == SLOWED.len();
        let slowed = match self.rate {
            None => (lately.unwrap_or_default() * OPENED).max(OPENED_LEAST),
            Some(rate) => rate.min(lately.unwrap_or(rate)) * SLOWED[self.hits],
        };
        // Far below the limit, it is looked for from below; near it, the rate is held. Where nothing was let through yet, nothing
        // says that the limit is near.
        let is_far = self.rate.is_none() || is_last || self.served.is_empty();
        self.rise = is_far.then_some(RISE_FAR);
        self.hits = if is_far { 0 } else { self.hits + 1 };
        self.rate = Some(slowed.max(LEAST));
        // What was sent before any rate was known is no debt; but a cloud that has nothing left needs a moment.
        self.tokens = -REST;
        self.filled_at_ms = now_ms;
        self.slowed_at_ms = Some(now_ms);
        self.proof = 0;
        true
    }

    /// How much was let through lately, in requests a second, where enough was to tell. Before any limit was met, all of it
    /// may have been a burst: that is taken over a second at least.
    fn served_per_second(&self, now_ms: Millis) -> Option<f64> {
        let first = self.served.front().filter(|_| self.served.len() >= TELLING)?;
        let count = f64::from(u32::try_from(self.served.len()).unwrap_or(u32::MAX));
        let least_ms = if self.rate.is_none() { 1_000.0 } else { 100.0 };
        Some(count * 1_000.0 / as_f64(now_ms.saturating_sub(*first)).max(least_ms))
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
