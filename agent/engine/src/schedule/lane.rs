//! Lanes: whose limit a request meets, and what is known of each limit.

use std::collections::BTreeMap;

use schema_documents::Millis;

use super::{Bucket, Quota};

/// Whether a request changes anything: providers limit the two apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// Reads, lists and polls.
    Reading,
    /// Creations, updates and deletions.
    Mutating,
}

/// One limit of the cloud.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lane {
    /// Whose limit: a provider's interface (`AWS`), or the service behind it (`AWS::EC2`).
    pub of: String,
    /// Of which requests.
    pub direction: Direction,
}

impl Lane {
    /// The limit of the interface through which a kind is reached.
    pub fn interface(kind: &str, direction: Direction) -> Self {
        let of = kind.split("::").next().unwrap_or(kind).to_owned();
        Self { of, direction }
    }

    /// The limit of the service that a kind belongs to.
    pub fn service(kind: &str, direction: Direction) -> Self {
        let of = kind.rsplit_once("::").map_or(kind, |(service, _)| service).to_owned();
        Self { of, direction }
    }
}

/// What is known of all limits. It outlives a pass, so that the next one need not find out anew.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quotas {
    lanes: BTreeMap<Lane, usize>,
    buckets: Vec<Bucket>,
}

impl Quotas {
    /// Limits that are known. Others may follow, and are found out.
    pub fn known(quotas: impl IntoIterator<Item = (Lane, Quota)>) -> Self {
        let mut all = Self::default();
        for (lane, quota) in quotas {
            let at = all.lane(&lane);
            all.buckets[at] = Bucket::known(quota);
        }
        all
    }

    /// The number of a lane, which is new if nobody asked for it before.
    pub(super) fn lane(&mut self, lane: &Lane) -> usize {
        if let Some(at) = self.lanes.get(lane) {
            return *at;
        }
        self.lanes.insert(lane.clone(), self.buckets.len());
        self.buckets.push(Bucket::default());
        self.buckets.len() - 1
    }

    pub(super) fn bucket(&mut self, at: usize) -> &mut Bucket {
        &mut self.buckets[at]
    }

    /// The lane with this number.
    pub(super) fn name(&self, at: usize) -> Option<&Lane> {
        self.lanes.iter().find(|(_, lane)| **lane == at).map(|(name, _)| name)
    }

    /// What is known of a lane.
    pub fn of(&self, lane: &Lane) -> Option<&Bucket> {
        self.lanes.get(lane).map(|at| &self.buckets[*at])
    }

    /// How long a limit takes to let so many requests through, in milliseconds, where it is known.
    pub fn drain_ms(&self, lane: &Lane, requests: u64) -> Option<u64> {
        let per_second = self.of(lane)?.per_second()?;
        Some(requests.saturating_mul(1_000_000) / super::bucket::thousandths(per_second))
    }

    /// All lanes, in order.
    pub fn all(&self) -> impl Iterator<Item = (&Lane, &Bucket)> {
        self.lanes.iter().map(|(lane, at)| (lane, &self.buckets[*at]))
    }

    /// What was learnt, for the next pass: nothing of this one is under way any more.
    #[must_use]
    pub fn at_rest(mut self, now_ms: Millis) -> Self {
        for bucket in &mut self.buckets {
            bucket.rest(now_ms);
        }
        self
    }
}
