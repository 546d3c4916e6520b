//! Which resources a pass reads: all of them, or what there is a reason to look at ([`crate::attention`]).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schema_documents::desired::{Outline, Resource};
use schema_documents::recorded::{ResourceRecord, Status};
use schema_documents::{Json, Millis, ResourceId};

use super::{Mode, Pass, Purpose};
use crate::attention::{Agreement, Scope, Sweep, longest_unread};
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
        if self.attention.scope != Scope::Everything {
            self.agree();
        }
        let Scope::Narrow { named, sweep } = &self.attention.scope else {
            return (self.readable(), BTreeMap::new());
        };
        let mut wanted: BTreeSet<Key> = named.clone();
        wanted.extend(self.sightings.keys().map(|(id, generation, _)| (id.clone(), *generation)));
        for id in self.attention.agreement.iter().flat_map(|agreement| &agreement.worth_a_look) {
            let generations = self.recorded.resources.get(id).into_iter().flat_map(BTreeMap::keys);
            wanted.extend(generations.map(|generation| (id.clone(), *generation)));
        }
        let busy = self.keys_with_open_intents();
        wanted.retain(|key| {
            self.recorded.generation(&key.0, key.1).is_some_and(|record| self.is_readable(key, record, &busy))
        });
        let swept: BTreeSet<Key> =
            self.slice(*sweep).into_iter().filter(|key| !wanted.contains(key)).collect();
        let lists = self.worth_a_list(&swept);
        let listed = |key: &Key| lists.values().any(|listed| listed.contains(key));
        wanted.extend(swept.into_iter().filter(|key| !listed(key)));
        (wanted.into_iter().collect(), lists)
    }

    /// What the document says is there already, and the record does not know, by the generation that it will have.
    pub(super) fn to_be_taken(&self) -> Vec<Key> {
        if matches!(self.mode, Mode::Destroy | Mode::PlanDestroy) {
            return Vec::new();
        }
        let is_one = |id: &ResourceId, resource: &Resource| {
            let is_known = self.recorded.current(id).is_some() || !self.knows.contains(&resource.kind);
            (resource.existing.is_some() && !is_known)
                .then(|| (id.clone(), self.recorded.next_generation(id)))
        };
        let all = &self.desired.resources;
        match self.regarded() {
            Some(ids) => ids.iter().filter_map(|id| is_one(id, all.get(id)?)).collect(),
            None => all.iter().filter_map(|(id, resource)| is_one(id, resource)).collect(),
        }
    }

    /// Kind and identifier of what the document says is there already.
    pub(super) fn named_by_document(&self, id: &ResourceId) -> Option<(String, String)> {
        let resource = self.desired.resources.get(id)?;
        Some((resource.kind.clone(), resource.existing.as_ref()?.identifier.clone()))
    }

    /// The slice of the sweep that is due.
    fn slice(&self, sweep: Sweep) -> Vec<Key> {
        if sweep.due(usize::MAX) == 0 {
            return Vec::new();
        }
        let (readable, looks) = (self.readable(), &self.attention.looks);
        let due = sweep.due(readable.len());
        let ripe = readable.into_iter().filter(|key| sweep.is_ripe(looks.get(key), self.now_ms));
        longest_unread(ripe, looks, due)
    }

    /// Everything that can be read, sorted.
    fn readable(&self) -> Vec<Key> {
        let busy = self.keys_with_open_intents();
        let all = self.recorded.resources.iter();
        let all =
            all.flat_map(|(id, all)| all.iter().map(|(number, record)| ((id.clone(), *number), record)));
        all.filter(|(key, record)| self.is_readable(key, record, &busy)).map(|(key, _)| key).collect()
    }

    /// Whether there is an identifier and a provider, and no open intent is about it: of that recovery alone judges.
    fn is_readable(&self, key: &Key, record: &ResourceRecord, busy: &BTreeSet<Key>) -> bool {
        record.identifier.is_some() && self.knows.contains(&record.kind) && !busy.contains(key)
    }

    /// Of a narrow pass: all that there can be anything to say of.
    pub(super) fn regarded(&self) -> Option<BTreeSet<ResourceId>> {
        let Scope::Narrow { .. } = &self.attention.scope else { return None };
        let mut ids = self.attention.agreement.as_ref()?.disagree.clone();
        ids.extend(self.live.keys().map(|(id, _)| id.clone()));
        Some(ids)
    }

    /// Finds out how the document and the record agree, unless an earlier pass did and both are still the same. Where only the
    /// document is another, what is the same in both documents is as it was.
    fn agree(&mut self) {
        let outline = self.attention.outline.take().unwrap_or_else(|| Arc::new(Outline::of(&self.desired)));
        let number = (self.learnt == 0).then_some(self.recorded.number);
        self.digest = Some(outline.digest().clone());
        let known =
            self.attention.agreement.take().filter(|known| number.is_some() && known.number == number);
        let agreement = match known {
            Some(known) if known.desired.digest() == outline.digest() => known,
            known => {
                let in_question = known.and_then(|known| known.in_question(&outline));
                self.agreement(number, &outline, in_question)
            }
        };
        (self.attention.agreement, self.attention.outline) = (Some(agreement), Some(outline));
    }

    /// What would differ if the cloud were as it was seen last; and with that, where something would be done, its neighbours:
    /// those whose outputs it uses, and those that use its own. Where it is known what is in question, nothing else is looked at.
    fn agreement(
        &self,
        number: Option<u64>,
        outline: &Arc<Outline>,
        mut in_question: Option<BTreeSet<ResourceId>>,
    ) -> Agreement {
        let knows = |kind: &str| self.knows.contains(kind);
        let differences = loop {
            let only = in_question.as_ref();
            let context = Context { unread: Unread::AsSeen, only, ..self.context(&knows) };
            let (_, found) = diff::compare(&self.desired, &self.recorded, &LiveState::new(), &context);
            // What is about to be replaced gives no outputs: whoever uses them is in question, too.
            let Some(ids) = &mut in_question else { break found };
            let before = ids.len();
            ids.extend(outline.users_of(&found.hidden));
            if ids.len() == before {
                break found;
            }
        };
        let all = || differences.resources.iter();
        let mut disagree: BTreeSet<ResourceId> = all().map(|difference| difference.id.clone()).collect();
        let acted_on = all().filter(|difference| difference.action != Doing::Nothing);
        let acted_on: BTreeSet<&ResourceId> = acted_on.map(|difference| &difference.id).collect();
        // A move is made in the record before anything else: until then it has the old id there.
        disagree.extend(differences.moved.iter().flat_map(|(from, to)| [from.clone(), to.clone()]));
        let mut worth_a_look = disagree.clone();
        worth_a_look.extend(outline.users_of(acted_on.iter().copied()));
        let resources = acted_on.iter().filter_map(|id| self.desired.resources.get(*id));
        worth_a_look.extend(resources.flat_map(Resource::dependencies));
        let (desired, hidden) = (Arc::clone(outline), differences.hidden);
        Agreement { desired, number, disagree, worth_a_look, hidden }
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
                && record.seen == *properties
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
