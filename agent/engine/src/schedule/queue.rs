//! The queue before the cloud: all that waits to be sent, and which of it goes next.
//!
//! What is worth most goes first, among all that its limits allow. A request whose service has no room keeps nobody back
//! who is on the way to another service. What has waited for [`PATIENCE_MS`] goes before everything that has not, oldest
//! first: so nothing starves.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use agent_world::{CallError, ReadError, Throttler};
use schema_documents::Millis;

use super::{Lane, Quotas};

/// After so long, a request goes before all that have not waited so long, in milliseconds.
pub const PATIENCE_MS: u64 = 1_800_000;

/// Something that wants to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted<T> {
    /// What.
    pub what: T,
    /// The limit of the interface that it meets.
    pub interface: Lane,
    /// The limit of the service behind that it meets, if it goes so far.
    pub service: Option<Lane>,
    /// What hangs on it, in milliseconds: the way from here to the end.
    pub worth: u64,
    /// Not before.
    pub not_before_ms: Millis,
    /// How it takes part in what is limited.
    pub class: Class,
}

/// How a request takes part in the places in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// It belongs to a step that has a place already, and would keep it while it waits.
    Within,
    /// It takes a place, and begins an operation.
    Begins,
    /// It takes a place.
    Work,
    /// It takes a place, and no more than its share of the limit.
    Background,
}

/// What was sent and has no answer yet.
#[derive(Debug, PartialEq, Eq)]
pub struct Sent {
    route: Route,
    at_ms: Millis,
    /// Whether it waited for the interface's limit, and for the service's.
    waited: (bool, bool),
}

/// What an answer says of the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was let through.
    Served,
    /// It met a limit.
    Throttled(Throttler),
    /// Nothing.
    Silent,
    /// It was not sent after all.
    Unsent,
}

impl Verdict {
    /// What the answer of a call says.
    pub fn of_call<T>(result: &Result<T, CallError>) -> Self {
        match result {
            Err(CallError::Throttled { by, .. }) => Self::Throttled(*by),
            Err(CallError::NoAnswer(_)) => Self::Silent,
            Ok(_) | Err(CallError::Refused { .. } | CallError::TokenConflict) => Self::Served,
        }
    }

    /// What the answer of a question says.
    pub fn of_question<T>(result: &Result<T, ReadError>) -> Self {
        match result {
            Err(ReadError::Throttled { by, .. }) => Self::Throttled(*by),
            Err(ReadError::NoAnswer(_)) => Self::Silent,
            Ok(_) | Err(ReadError::Refused { .. } | ReadError::UnknownOperation) => Self::Served,
        }
    }
}

/// The limits on the way of a request, by number, and its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Route {
    interface: usize,
    service: Option<usize>,
    class: Class,
}

/// Which of a line goes first: the most worth, then the oldest.
type Rank = (Reverse<u64>, u64);

/// What waits for the same limits.
struct Line<T> {
    by_rank: BTreeMap<Rank, T>,
    by_age: BTreeMap<u64, (Millis, Rank)>,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self { by_rank: BTreeMap::new(), by_age: BTreeMap::new() }
    }
}

impl<T> Line<T> {
    fn push(&mut self, what: T, worth: u64, ticket: u64, now_ms: Millis) {
        let rank = (Reverse(worth), ticket);
        self.by_rank.insert(rank, what);
        self.by_age.insert(ticket, (now_ms, rank));
    }

    /// Who goes first: whoever has waited too long, else the most worth. The first of two comes before the other.
    fn head(&self, now_ms: Millis) -> Option<(bool, Rank)> {
        let (since_ms, oldest) = self.by_age.first_key_value()?.1;
        if now_ms.saturating_sub(*since_ms) >= PATIENCE_MS {
            return Some((false, (Reverse(u64::MAX), oldest.1)));
        }
        self.by_rank.first_key_value().map(|(rank, _)| (true, *rank))
    }

    fn pop(&mut self, head: (bool, Rank)) -> Option<T> {
        let (_, rank) = self.by_age.remove(&head.1.1)?;
        self.by_rank.remove(&rank)
    }
}

/// The queue. See the module.
pub struct Queue<T> {
    quotas: Quotas,
    /// Whether limits are heeded at all.
    heeds: bool,
    places: usize,
    in_flight: usize,
    may_begin: bool,
    /// The share of the limits that requests in the background may use, in percent.
    background_percent: u64,
    background_at_ms: Millis,
    last_ticket: u64,
    lines: BTreeMap<Route, Line<T>>,
    later: BTreeMap<(Millis, u64), (Route, u64, T)>,
    /// When somebody will say what time it is.
    alarms: BTreeSet<Millis>,
}

impl<T> Queue<T> {
    /// A queue before so many places in flight, and with what is known of the limits.
    pub fn new(places: usize, quotas: Quotas) -> Self {
        Self {
            quotas,
            heeds: true,
            places: places.max(1),
            in_flight: 0,
            may_begin: true,
            background_percent: 100,
            background_at_ms: 0,
            last_ticket: 0,
            lines: BTreeMap::new(),
            later: BTreeMap::new(),
            alarms: BTreeSet::new(),
        }
    }

    /// The same, where requests in the background use no more than this part of the limits.
    #[must_use]
    pub fn with_background_percent(self, percent: u64) -> Self {
        Self { background_percent: percent.clamp(1, 100), ..self }
    }

    /// The same without limits: for a comparison with those who heed none.
    #[must_use]
    pub fn heedless(self) -> Self {
        Self { heeds: false, ..self }
    }

    /// What is known of the limits.
    pub fn quotas(&self) -> &Quotas {
        &self.quotas
    }

    /// Whether operations may be begun: not while too many are under way.
    pub fn let_begin(&mut self, may_begin: bool) {
        self.may_begin = may_begin;
    }

    /// Waits from now on.
    pub fn push(&mut self, wanted: Wanted<T>, now_ms: Millis) {
        let Wanted { what, interface, service, worth, not_before_ms, class } = wanted;
        let interface = self.quotas.lane(&interface);
        let service = service.map(|service| self.quotas.lane(&service));
        let route = Route { interface, service, class };
        self.last_ticket += 1;
        if not_before_ms > now_ms {
            self.later.insert((not_before_ms, self.last_ticket), (route, worth, what));
        } else {
            self.lines.entry(route).or_default().push(what, worth, self.last_ticket, now_ms);
        }
    }

    /// What goes now, if anything may. It holds a place from now until [`Queue::answered`].
    pub fn next(&mut self, now_ms: Millis) -> Option<(T, Sent)> {
        self.call_up(now_ms);
        let mut best: Option<((bool, Rank), Route)> = None;
        for (route, line) in &self.lines {
            let Some(head) = line.head(now_ms) else { continue };
            if best.is_some_and(|(first, _)| first <= head) || !self.has_place(*route) {
                continue;
            }
            if free_at_ms(&mut self.quotas, self.heeds, self.background_at_ms, *route, now_ms) == Some(now_ms)
            {
                best = Some((head, *route));
            }
        }
        let (head, route) = best?;
        let what = self.lines.get_mut(&route)?.pop(head)?;
        let waited = self.send(route, now_ms);
        Some((what, Sent { route, at_ms: now_ms, waited }))
    }

    /// What had to wait for its time waits for its turn now.
    fn call_up(&mut self, now_ms: Millis) {
        while let Some(entry) = self.later.first_entry()
            && entry.key().0 <= now_ms
        {
            let (_, ticket) = *entry.key();
            let (route, worth, what) = entry.remove();
            self.lines.entry(route).or_default().push(what, worth, ticket, now_ms);
        }
    }

    fn has_place(&self, route: Route) -> bool {
        match route.class {
            Class::Within => true,
            Class::Begins => self.may_begin && self.in_flight < self.places,
            Class::Work | Class::Background => self.in_flight < self.places,
        }
    }

    fn send(&mut self, route: Route, now_ms: Millis) -> (bool, bool) {
        let interface = self.quotas.bucket(route.interface).take();
        let waited = (interface, route.service.is_some_and(|service| self.quotas.bucket(service).take()));
        self.in_flight += usize::from(route.class != Class::Within);
        if route.class == Class::Background
            && self.background_percent < 100
            && let Some(per_second) = self.quotas.bucket(route.interface).per_second()
        {
            // Integers: a hundred times a thousand, over percent and thousandths of the rate.
            let thousandths = super::bucket::thousandths(per_second).max(1);
            let pause_ms = 100_000_000 / (self.background_percent * thousandths);
            self.background_at_ms = self.background_at_ms.max(now_ms) + pause_ms;
        }
        waited
    }

    /// What was sent has its answer, or needs none any more. Whether that lowered a rate, and of which lane.
    #[expect(clippy::needless_pass_by_value, reason = "a place is given back once")]
    pub fn answered(&mut self, sent: Sent, verdict: Verdict, now_ms: Millis) -> Option<Lane> {
        let Sent { route, at_ms, waited } = sent;
        self.in_flight -= usize::from(route.class != Class::Within);
        let interface = self.quotas.bucket(route.interface);
        let slowed = match verdict {
            Verdict::Served | Verdict::Throttled(Throttler::Service) => {
                interface.served(at_ms, waited.0);
                None
            }
            Verdict::Throttled(Throttler::Interface) => {
                interface.throttled(at_ms, now_ms).then_some(route.interface)
            }
            Verdict::Silent => {
                interface.silent(at_ms, waited.0);
                None
            }
            Verdict::Unsent => {
                interface.give_back();
                None
            }
        };
        let Some(lane) = route.service else { return self.named(slowed) };
        let service = self.quotas.bucket(lane);
        match verdict {
            Verdict::Served => service.served(at_ms, waited.1),
            Verdict::Throttled(Throttler::Service) => {
                let slowed = service.throttled(at_ms, now_ms).then_some(lane);
                return self.named(slowed);
            }
            Verdict::Silent => service.silent(at_ms, waited.1),
            Verdict::Throttled(Throttler::Interface) | Verdict::Unsent => service.give_back(),
        }
        self.named(slowed)
    }

    /// An operation that was accepted at this time has failed since its service was asked too often.
    pub fn refused_later(&mut self, service: &Lane, sent_at_ms: Millis, now_ms: Millis) -> Option<Lane> {
        let lane = self.quotas.lane(service);
        let slowed = self.quotas.bucket(lane).throttled_later(sent_at_ms, now_ms).then_some(lane);
        self.named(slowed)
    }

    fn named(&self, lane: Option<usize>) -> Option<Lane> {
        self.quotas.name(lane?).cloned()
    }

    /// When the next request may go, if that is not after an answer and earlier than any alarm that was asked for.
    pub fn alarm(&mut self, now_ms: Millis) -> Option<Millis> {
        let at_ms = self.wake_at_ms(now_ms)?;
        let is_earlier = self.alarms.first().is_none_or(|first| at_ms < *first);
        (is_earlier && self.alarms.insert(at_ms)).then_some(at_ms)
    }

    /// The time of an alarm has come.
    pub fn woke(&mut self, at_ms: Millis) {
        self.alarms.remove(&at_ms);
    }

    /// When to ask for [`Queue::next`] again, if not after an answer.
    pub fn wake_at_ms(&mut self, now_ms: Millis) -> Option<Millis> {
        let timed = self.later.first_key_value().map(|((at_ms, _), _)| *at_ms);
        let mut wake = timed.unwrap_or(Millis::MAX);
        for (route, line) in &self.lines {
            if !line.by_age.is_empty()
                && self.has_place(*route)
                && let Some(at_ms) =
                    free_at_ms(&mut self.quotas, self.heeds, self.background_at_ms, *route, now_ms)
            {
                wake = wake.min(at_ms);
            }
        }
        (wake < Millis::MAX).then_some(wake)
    }
}

impl Sent {
    /// The same, sent at another time than when it got its place.
    #[must_use]
    pub fn at(self, at_ms: Millis) -> Self {
        Self { at_ms, ..self }
    }
}

impl Route {
    fn lanes(self) -> impl Iterator<Item = usize> {
        std::iter::once(self.interface).chain(self.service)
    }
}

/// When all limits on a route have room; `None`: after an answer. Those that have none now know that somebody waits.
fn free_at_ms(
    quotas: &mut Quotas,
    heeds: bool,
    background_at_ms: Millis,
    route: Route,
    now_ms: Millis,
) -> Option<Millis> {
    if !heeds {
        return Some(now_ms);
    }
    let mut free = Some(now_ms);
    for lane in route.lanes() {
        let bucket = quotas.bucket(lane);
        let at_ms = bucket.free_at_ms(now_ms);
        if at_ms != Some(now_ms) {
            bucket.short(now_ms);
        }
        free = free.zip(at_ms).map(|(free, at)| free.max(at));
    }
    let own_ms = if route.class == Class::Background { background_at_ms } else { 0 };
    free.map(|free| free.max(own_ms))
}
