//! Which resources a pass reads: all of them, or what there is a reason to look at ([`crate::attention`]).

use std::collections::{BTreeMap, BTreeSet};

use schema_documents::recorded::Status;
use schema_documents::{Json, Millis, ResourceId};

use super::{Pass, Purpose};
use crate::attention::{Agreement, Scope, longest_unread};
use crate::diff::{self, Context, Doing, Unread};
use crate::live::{Key, Live, LiveState};

/// What is read beyond the limit of what may be gone, when a narrow pass finds something gone: whether it is the account that
/// is the wrong one shows only in what should be there too.
const SAMPLE: usize = 2;

/// A list is asked for when it stands for this many reads.
const WORTH_A_LIST: usize = 3;

impl Pass {
    /// What is read one by one, and the kinds that are listed, each with what the list may stand for.
    pub(super) fn choose_reads(&mut self) -> (Vec<Key>, BTreeMap<String, BTreeSet<Key>>) {
        let readable = self.readable();
        if self.attention.scope != Scope::Everything {
            self.agree();
        }
        let Scope::Narrow { named, sweep } = &self.attention.scope else {
            return (readable, BTreeMap::new());
        };
        let mut wanted: BTreeSet<Key> = named.clone();
        wanted.extend(self.sightings.keys().map(|(id, generation, _)| (id.clone(), *generation)));
        if let Some(agreement) = &self.attention.agreement {
            wanted.extend(readable.iter().filter(|(id, _)| agreement.worth_a_look.contains(id)).cloned());
        }
        let looks = &self.attention.looks;
        let ripe = readable.iter().filter(|key| sweep.is_ripe(looks.get(*key), self.now_ms)).cloned();
        let slice = longest_unread(ripe, looks, sweep.due(readable.len()));
        let swept: BTreeSet<Key> = slice.into_iter().filter(|key| !wanted.contains(key)).collect();
        let lists = self.worth_a_list(&swept);
        let is_read = |key: &Key| {
            wanted.contains(key) || swept.contains(key) && !lists.values().any(|listed| listed.contains(key))
        };
        (readable.into_iter().filter(is_read).collect(), lists)
    }

    /// Everything of which there is an identifier and a provider, and that no open intent is about: of that recovery alone
    /// judges.
    fn readable(&self) -> Vec<Key> {
        let busy = self.keys_with_open_intents();
        let all = self.recorded.resources.iter();
        let generations =
            all.flat_map(|(id, all)| all.iter().map(move |(number, record)| (id, *number, record)));
        generations
            .filter(|(.., record)| record.identifier.is_some() && self.knows.contains(&record.kind))
            .map(|(id, number, _)| (id.clone(), number))
            .filter(|key| !busy.contains(key))
            .collect()
    }

    /// Of a narrow pass: all that there can be anything to say of.
    pub(super) fn regarded(&self) -> Option<BTreeSet<ResourceId>> {
        let Scope::Narrow { .. } = &self.attention.scope else { return None };
        let mut ids = self.attention.agreement.as_ref()?.disagree.clone();
        ids.extend(self.live.keys().map(|(id, _)| id.clone()));
        Some(ids)
    }

    /// Finds out how the document and the record agree, unless an earlier pass did and both are still the same.
    fn agree(&mut self) {
        let desired = self.desired.digest();
        let number = (self.learnt == 0).then_some(self.recorded.number);
        let is_known = self.attention.agreement.as_ref().is_some_and(|agreement| {
            agreement.desired == desired && agreement.number == number && number.is_some()
        });
        self.digest = Some(desired.clone());
        if !is_known {
            let (disagree, worth_a_look) = self.worth_a_look();
            self.attention.agreement = Some(Agreement { desired, number, disagree, worth_a_look });
        }
    }

    /// What would differ if the cloud were as it was seen last; and with that, where something would be done, its neighbours:
    /// those whose outputs it uses, and those that use its own.
    fn worth_a_look(&self) -> (BTreeSet<ResourceId>, BTreeSet<ResourceId>) {
        let knows = |kind: &str| self.knows.contains(kind);
        let context = Context { unread: Unread::AsSeen, ..self.context(&knows) };
        let (_, differences) = diff::compare(&self.desired, &self.recorded, &LiveState::new(), &context);
        let mut disagree: BTreeSet<ResourceId> =
            differences.resources.iter().map(|difference| difference.id.clone()).collect();
        // A move is made in the record before anything else: until then it has the old id there.
        disagree.extend(differences.moved.into_iter().flat_map(|(from, to)| [from, to]));
        let mut ids = disagree.clone();
        let acted_on = differences.resources.iter().filter(|difference| difference.action != Doing::Nothing);
        let acted_on: BTreeSet<&ResourceId> = acted_on.map(|difference| &difference.id).collect();
        if !acted_on.is_empty() {
            for (id, resource) in &self.desired.resources {
                if acted_on.contains(id) {
                    ids.extend(resource.dependencies());
                } else if resource.properties.values().any(|value| value.refers_to(&acted_on)) {
                    ids.insert(id.clone());
                }
            }
        }
        (disagree, ids)
    }

    /// Of a slice of the sweep, the kinds of which one list tells as much as many reads.
    fn worth_a_list(&self, swept: &BTreeSet<Key>) -> BTreeMap<String, BTreeSet<Key>> {
        let mut by_kind: BTreeMap<String, BTreeSet<Key>> = BTreeMap::new();
        for key in swept {
            let Some(record) = self.recorded.generation(&key.0, key.1) else { continue };
            let lists = self.kind(&record.kind).is_some_and(|kind| {
                kind.overlay.lists_in_full
                    && kind.handlers.get("list").is_some_and(|list| list.requires.is_empty())
            });
            if lists && record.status == Status::Live {
                by_kind.entry(record.kind.clone()).or_default().insert(key.clone());
            }
        }
        by_kind.retain(|_, keys| keys.len() >= WORTH_A_LIST);
        by_kind
    }

    pub(super) fn ask_for_lists(&mut self, lists: BTreeMap<String, BTreeSet<Key>>) {
        for (kind, keys) in lists {
            self.observation.listed += 1;
            let purpose = Purpose::Sweep { keys, asked_at_ms: self.now_ms };
            self.ask_list(purpose, &kind, None, self.now_ms);
        }
    }

    /// A list stands for a read only where it shows just what was seen last. Of anything else, and of what it does not show,
    /// it proves nothing: that is read.
    pub(super) fn swept(&mut self, keys: BTreeSet<Key>, asked_at_ms: Millis, shown: Vec<agent_world::Found>) {
        self.observation.listed -= 1;
        let shown: BTreeMap<String, Json> =
            shown.into_iter().map(|found| (found.identifier, found.properties)).collect();
        for key in keys {
            let record = self.recorded.generation(&key.0, key.1);
            let found = record.and_then(|record| Some((record, shown.get(record.identifier.as_ref()?)?)));
            if let Some((record, properties)) = found
                && !diff::owes_a_look(record)
                && *properties == record.seen
            {
                self.attention.looks.insert(key.clone(), asked_at_ms);
                self.live.insert(key, Live::AsSeen { began_at_ms: asked_at_ms });
            } else {
                self.observation.waiting.push_back(key);
            }
        }
    }

    /// A narrow pass that finds something gone looks at some others, once.
    pub(super) fn look_around(&mut self) {
        if self.attention.scope == Scope::Everything || self.observation.looked_around {
            return;
        }
        self.observation.looked_around = true;
        let known: BTreeSet<&Key> = (self.live.keys())
            .chain(self.observation.waiting.iter())
            .chain(self.observation.under_way.keys())
            .collect();
        let others = self.readable().into_iter().filter(|key| !known.contains(key));
        let count = self.limits.gone + SAMPLE;
        let sample = longest_unread(others, &self.attention.looks, count);
        self.observation.waiting.extend(sample);
    }
}
