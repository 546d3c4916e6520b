//! Events that were delivered, until what they told of has been looked at.
//!
//! A delivery is given back to its queue only when what came of it is durable: a process that dies before gets it again.

use std::collections::{BTreeMap, BTreeSet};

use schema_catalog::Catalog;
use schema_documents::recorded::Recorded;
use schema_documents::{Json, Millis};

use super::{Authors, Event, Ourselves};
use crate::attention::Looks;
use crate::diff::Sightings;
use crate::live::Key;
use crate::options::Limits;

/// Events beyond this many are left to the sweep.
const MOST_EVENTS: usize = 10_000;

/// What has not been looked at for this long, whatever kept it, is left to the sweep.
const LONGEST_MS: u64 = 15 * 60_000;

/// Events that were delivered and are not done with.
#[derive(Clone, Debug, Default)]
pub struct Inbox {
    ourselves: Ourselves,
    heard: BTreeMap<String, Heard>,
}

#[derive(Clone, Debug)]
struct Heard {
    event: Event,
    touched: BTreeSet<Key>,
    /// From then on a read shows what the event told of, for each that it touched.
    visible_at_ms: BTreeMap<Key, Millis>,
    taken_at_ms: Millis,
    /// By what its deliveries are given back.
    receipts: Vec<String>,
}

impl Inbox {
    /// An inbox that knows our own calls.
    pub fn new(ourselves: Ourselves) -> Self {
        Self { ourselves, heard: BTreeMap::new() }
    }

    /// Whether a delivery tells of somebody else's change: all others need no look at the record.
    pub fn is_news(&mut self, delivered: &Json) -> bool {
        Event::parse(delivered).is_some_and(|event| !self.ourselves.made(&event))
    }

    /// Takes a delivery. Whether it is of use; what is not can be given back at once: a question, a call of our own, something
    /// that is not under record.
    pub fn take(
        &mut self,
        receipt: &str,
        delivered: &Json,
        recorded: &Recorded,
        (catalog, limits, now_ms): (&Catalog, &Limits, Millis),
    ) -> bool {
        let Some(event) = Event::parse(delivered) else { return false };
        if self.ourselves.made(&event) || self.heard.len() >= MOST_EVENTS {
            return false;
        }
        if let Some(heard) = self.heard.get_mut(&event.id) {
            heard.receipts.push(receipt.to_owned());
            return true;
        }
        let touched = event.touches(recorded, catalog);
        if touched.is_empty() {
            return false;
        }
        let visible = touched.iter().map(|key| {
            let record = recorded.resources.get(&key.0).and_then(|all| all.get(&key.1));
            let kind = record.and_then(|record| catalog.kind(&record.kind));
            let settling_ms = kind.map_or(0, |kind| limits.lag_ms(kind.overlay.settling_ms));
            (key.clone(), event.at_ms.saturating_add(settling_ms))
        });
        let visible_at_ms = visible.collect();
        let receipts = vec![receipt.to_owned()];
        let heard = Heard { touched, visible_at_ms, taken_at_ms: now_ms, receipts, event };
        self.heard.insert(heard.event.id.clone(), heard);
        true
    }

    /// What is to be looked at.
    pub fn named(&self) -> BTreeSet<Key> {
        self.heard.values().flat_map(|heard| heard.touched.iter().cloned()).collect()
    }

    /// Who changed what.
    pub fn authors(&self) -> Authors {
        let mut authors = Authors::default();
        for heard in self.heard.values() {
            authors.note(&heard.event, heard.touched.iter().cloned());
        }
        authors
    }

    /// When somebody should look again at what is not done with; `None`: there is nothing.
    pub fn look_again_at_ms(&self) -> Option<Millis> {
        self.heard.values().flat_map(|heard| heard.visible_at_ms.values().copied()).min()
    }

    /// Lets go of what was looked at late enough, in a pass that left no edit of it unsettled, and of what is too old. The
    /// receipts of their deliveries can be given back.
    pub fn settle(&mut self, looks: &Looks, sightings: &Sightings, now_ms: Millis) -> Vec<String> {
        let unsettled: BTreeSet<Key> =
            sightings.keys().map(|(id, generation, _)| (id.clone(), *generation)).collect();
        let mut receipts = Vec::new();
        self.heard.retain(|_, heard| {
            let was_seen = |(key, visible_at_ms): (&Key, &Millis)| {
                looks.get(key).is_some_and(|looked_at_ms| looked_at_ms >= visible_at_ms)
            };
            let is_done = heard.visible_at_ms.iter().all(was_seen) && heard.touched.is_disjoint(&unsettled);
            let is_old = now_ms.saturating_sub(heard.taken_at_ms) > LONGEST_MS;
            if is_done || is_old {
                receipts.append(&mut heard.receipts);
            }
            !(is_done || is_old)
        });
        receipts
    }
}
