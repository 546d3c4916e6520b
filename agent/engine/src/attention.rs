//! Attention: what a pass looks at.
//!
//! A pass that looks at everything reads all that is recorded. A narrow one reads what it has a reason to: what would differ
//! if the cloud were as it was seen last, with its neighbours; what is named to it, by an audit event or an earlier look; edits
//! that have not settled; and a slice of the sweep, those first that were not read for the longest time. What a narrow pass
//! does not read is *not known*, never absent, and is never acted on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schema_documents::desired::Outline;
use schema_documents::{Millis, ResourceId};

use crate::audit::Authors;
use crate::live::Key;

/// What a pass looks at, and what it was told before it looks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attention {
    /// How far it looks.
    pub scope: Scope,
    /// Who changed what, as far as audit events told.
    pub authors: Authors,
    /// When each was last read, by earlier passes.
    pub looks: Looks,
    /// What an earlier pass found of how the document and the record agree.
    pub agreement: Option<Agreement>,
    /// The outline of the document, where whoever loaded it has made it.
    pub outline: Option<Arc<Outline>>,
}

/// Where a document and a record do not agree: the resources of which there would be something to say if the cloud were as it
/// was seen last. It holds while both are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// The document, in outline.
    pub desired: Arc<Outline>,
    /// The last batch of the record; none where the record had more in it than was written.
    pub number: Option<u64>,
    /// Of what there is something to say.
    pub disagree: BTreeSet<ResourceId>,
    /// These, and the neighbours of what something would be done about.
    pub worth_a_look: BTreeSet<ResourceId>,
    /// What is about to be replaced: it gives no outputs.
    pub hidden: BTreeSet<ResourceId>,
}

impl Agreement {
    /// Of another document, towards the same record: all of which there may be something else to say. `None`: that may be
    /// anything.
    pub fn in_question(&self, desired: &Outline) -> Option<BTreeSet<ResourceId>> {
        let mut ids = desired.changed_since(&self.desired)?;
        ids.extend(desired.users_of(&self.hidden));
        ids.extend(self.disagree.iter().cloned());
        Some(ids)
    }
}

impl Attention {
    /// For a pass that acts on what another one, with this attention, has noticed: it looks at that, and sweeps no further.
    #[must_use]
    pub fn once_more(self, looks: Looks, noticed: BTreeSet<Key>, agreement: Option<Agreement>) -> Self {
        let scope = match self.scope {
            Scope::Everything => Scope::Everything,
            Scope::Narrow { mut named, .. } => {
                named.extend(noticed);
                Scope::Narrow { named, sweep: Sweep::default() }
            }
        };
        Self { scope, looks, agreement, ..self }
    }
}

/// When the last read of a generation that gave an answer began. What is missing was not read.
pub type Looks = BTreeMap<Key, Millis>;

/// How far a pass looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// At all that is recorded.
    #[default]
    Everything,
    /// At what it has a reason to look at.
    Narrow {
        /// What was named to it.
        named: BTreeSet<Key>,
        /// The slice of the sweep.
        sweep: Sweep,
    },
}

/// How much of a sweep is due. The default is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sweep {
    /// How long it is since the last slice, in milliseconds.
    pub since_ms: u64,
    /// Within this time everything is read once, in milliseconds; 0: nothing is.
    pub interval_ms: u64,
    /// No more than this at once, whatever is due: the sweep's share of the rate limit.
    pub most: usize,
}

impl Sweep {
    /// How many of `all` are due.
    pub fn due(&self, all: usize) -> usize {
        if self.interval_ms == 0 {
            return 0;
        }
        let since_ms = u128::from(self.since_ms.min(self.interval_ms));
        let due = (all as u128 * since_ms).div_ceil(u128::from(self.interval_ms));
        usize::try_from(due).unwrap_or(usize::MAX).min(self.most)
    }

    /// Whether something is old enough to be read again: where a slice rounds up to more than its share, the same things would be
    /// read all the time.
    pub fn is_ripe(&self, looked_at_ms: Option<&Millis>, now_ms: Millis) -> bool {
        looked_at_ms.is_none_or(|at_ms| now_ms.saturating_sub(*at_ms) >= self.interval_ms / 2)
    }
}

/// The `count` of `all` that were not read for the longest time, those first that never were.
pub fn longest_unread(all: impl IntoIterator<Item = Key>, looks: &Looks, count: usize) -> Vec<Key> {
    let mut by_age: Vec<(Millis, Key)> =
        all.into_iter().map(|key| (looks.get(&key).copied().unwrap_or_default(), key)).collect();
    if count < by_age.len() && count > 0 {
        by_age.select_nth_unstable(count - 1);
    }
    by_age.truncate(count);
    by_age.sort_unstable();
    by_age.into_iter().map(|(_, key)| key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        (ResourceId::parse(name).unwrap(), 1)
    }

    #[test]
    fn slices_of_a_sweep_cover_everything_within_its_interval() {
        let sweep = Sweep { since_ms: 60_000, interval_ms: 3_600_000, most: 1_000 };
        assert!(sweep.due(10_000) * 60 >= 10_000, "sixty slices of {}", sweep.due(10_000));
        assert_eq!(Sweep { most: 50, ..sweep }.due(10_000), 50);
        assert_eq!(Sweep { since_ms: u64::MAX, ..sweep }.due(100), 100);
        assert!(
            sweep.is_ripe(None, 0)
                && sweep.is_ripe(Some(&1), 1_800_001)
                && !sweep.is_ripe(Some(&2), 1_800_001)
        );
        assert_eq!(Sweep::default().due(100), 0);
        assert_eq!(sweep.due(0), 0);
    }

    #[test]
    fn what_was_not_read_for_the_longest_time_comes_first() {
        let looks = Looks::from([(key("a/1"), 30), (key("a/2"), 10), (key("a/3"), 20)]);
        let all = ["a/1", "a/2", "a/3", "a/4"].map(key);
        assert_eq!(longest_unread(all.clone(), &looks, 2), [key("a/4"), key("a/2")]);
        assert_eq!(longest_unread(all.clone(), &looks, 9).len(), 4);
        assert!(longest_unread(all, &looks, 0).is_empty());
    }
}
