//! One resource: which of its generations serves, and what is to become of it.

use std::borrow::Cow;

use schema_catalog::{Catalog, Kind};
use schema_documents::plan::{Change, Consequence, Hold};
use schema_documents::recorded::{Choice, Failure, Recorded, ResourceRecord, Status};
use schema_documents::{FieldPath, Json, Millis, ResourceId};

use super::beside::beside;
use super::evidence::{self, absence_is_evidence};
use super::fields::{Sight, Subject};
use super::{Context, Doing, FieldOutcome, Presence, ResourceDifference, Seen, Unread, known_kind};
use crate::bind::{Bound, BoundResource};
use crate::fold::FOUGHT_FOR_MS;
use crate::live::{Live, LiveState};
use crate::merge::Decision;
use crate::plan;

/// All sides of an environment.
pub(super) struct View<'a> {
    pub(super) recorded: &'a Recorded,
    pub(super) bound: &'a Bound,
    pub(super) live: &'a LiveState,
    pub(super) context: &'a Context<'a>,
    pub(super) too_much_gone: bool,
}

impl View<'_> {
    /// Every generation of a resource, oldest first.
    pub(super) fn resource(&self, id: &ResourceId) -> Vec<ResourceDifference> {
        let mut all = Vec::new();
        let bound = self.bound.resources.get(id);
        let current = self.recorded.current(id).map(|(generation, _)| generation);
        for (&generation, record) in self.recorded.resources.get(id).into_iter().flatten() {
            if Some(generation) == current {
                continue;
            }
            all.push(self.former(id, generation, record, bound.is_some()));
        }
        match (bound, self.recorded.current(id)) {
            (Some(bound), None) => all.push(match &bound.existing {
                Some(existing) => self.import(bound, existing),
                None => self.missing(bound),
            }),
            (Some(bound), Some((generation, record))) => all.push(self.wanted(bound, generation, record)),
            (None, Some((generation, record))) => all.push(self.unwanted(id, generation, record)),
            (None, None) => {}
        }
        all
    }

    pub(super) fn live(&self, id: &ResourceId, generation: u32) -> Option<&Live> {
        self.live.get(&(id.clone(), generation))
    }

    pub(super) fn is_under_way(&self, id: &ResourceId, generation: u32) -> bool {
        let is_it = |open: &schema_documents::recorded::OpenIntent| {
            open.intent.resource == *id && open.intent.generation == generation
        };
        self.recorded.open.values().any(is_it)
    }

    fn missing(&self, bound: &BoundResource) -> ResourceDifference {
        let mut difference = about(&bound.id, bound.generation, &bound.kind, bound.stateful);
        difference.action = Doing::Create;
        self.hold_set_back(&mut difference, bound);
        self.guard(&mut difference, None);
        difference
    }

    fn wanted(&self, bound: &BoundResource, generation: u32, record: &ResourceRecord) -> ResourceDifference {
        let id = &bound.id;
        let mut difference = about(id, generation, &bound.kind, bound.stateful || record.stateful);
        if self.is_under_way(id, generation) {
            difference.hold_unknown("an operation on it is under way");
            return difference;
        }
        if self.settles_existing(&mut difference, bound, record) {
            return difference;
        }
        if self.context.unread == Unread::AsSeen && self.live(id, generation).is_none() {
            self.as_seen(&mut difference, bound, record);
            return difference;
        }
        match (record.status, self.live(id, generation)) {
            (Status::Creating, _) => {
                difference.action = Doing::Create;
                self.hold_set_back(&mut difference, bound);
                self.guard(&mut difference, record.failure.as_ref());
            }
            (Status::Gone | Status::Live, Some(Live::Present { .. } | Live::AsSeen { .. })) => {
                self.present(&mut difference, bound, record);
            }
            (_, Some(Live::Unknown { reason })) => difference.hold_unknown(reason),
            (Status::Gone, _) => self.gone(&mut difference, bound, record),
            (_, Some(Live::Absent)) if self.is_certainly_absent(record) => {
                self.gone(&mut difference, bound, record);
            }
            (_, None) if record.kind != bound.kind => self.present(&mut difference, bound, record),
            _ => {}
        }
        difference
    }

    /// What there would be to say if it were as it was seen last.
    fn as_seen(&self, difference: &mut ResourceDifference, bound: &BoundResource, record: &ResourceRecord) {
        if record.status == Status::Live && !evidence::owes_a_look(record) {
            self.present_like(difference, bound, record, Sight::remembered(&record.seen.to_json()));
        } else {
            difference.hold_unknown("it was not read");
        }
    }

    fn is_certainly_absent(&self, record: &ResourceRecord) -> bool {
        let kind = known_kind(self.context, &record.kind);
        kind.is_none_or(|kind| absence_is_evidence(record, kind, self.context))
    }

    /// It exists: each of its fields is merged.
    fn present(&self, difference: &mut ResourceDifference, bound: &BoundResource, record: &ResourceRecord) {
        let live = self.live(&bound.id, difference.generation).and_then(|live| live.present(record));
        let (properties, began_at_ms) = live.unwrap_or((Cow::Owned(Json::Null), 0));
        let sight = Sight::read(&properties, began_at_ms);
        self.present_like(difference, bound, record, sight);
    }

    /// It exists, with these properties.
    fn present_like(
        &self,
        difference: &mut ResourceDifference,
        bound: &BoundResource,
        record: &ResourceRecord,
        sight: Sight<'_>,
    ) {
        let Some(kind) = known_kind(self.context, &record.kind) else {
            difference.hold_no_provider();
            return;
        };
        if record.kind != bound.kind {
            difference.fields = Vec::new();
            Self::replace(difference, record, vec![FieldPath::root()]);
            self.guard(difference, None);
            return;
        }
        let Sight { properties, began_at_ms, .. } = sight;
        if properties.is_null() {
            return;
        }
        let key = (&bound.id, difference.generation);
        let mut subject = Subject::new(self.context, key, kind, (bound, record), sight);
        subject.answers = self.recorded.answers.get(&bound.id);
        subject.setback = self
            .recorded
            .setbacks
            .get(&bound.id)
            .filter(|setback| setback.generation == difference.generation);
        difference.fields = subject.outcomes();
        difference.fields.retain(|field| {
            difference.is_undecided |= field.decision == Decision::Waiting;
            field.decision != Decision::Waiting
        });
        let news = record.status == Status::Gone || record.attached;
        super::muddle::hold(difference, &subject.muddled);
        let live = subject.memorable();
        if subject.evidence && *live != subject.seen || news {
            let live = live.into_owned();
            difference.beside = beside(kind, bound, record, (&subject.seen, &live));
            difference.seen = Some(Seen { live, began_at_ms });
        }
        self.decide(difference, kind, record);
        self.hold_set_back(difference, bound);
        Self::hold_invalid(difference, kind, properties);
    }

    /// What the update would make of the live properties must be something that the cloud takes: nothing of it is sent
    /// otherwise.
    fn hold_invalid(difference: &mut ResourceDifference, kind: &Kind, live: &Json) {
        if difference.action != Doing::Update {
            return;
        }
        let written = difference.fields.iter().filter(|field| field.writes);
        let changes: Vec<Change> = written.map(FieldOutcome::change).collect();
        let Some(violation) = plan::violation(kind, live, &changes) else { return };
        for field in &mut difference.fields {
            field.writes = false;
        }
        difference.action = Doing::Nothing;
        let message = format!(
            "the update would leave `{}` wrong ({}): correct what is asked, or what was edited beside it",
            violation.path, violation.message
        );
        difference.holds.push((Hold::Invalid { path: violation.path }, message));
    }

    /// What the fields together mean for the resource.
    fn decide(&self, difference: &mut ResourceDifference, kind: &Kind, record: &ResourceRecord) {
        self.hold_enforced(difference, record);
        let forced: Vec<FieldPath> = (difference.fields.iter())
            .filter(|field| field.writes && super::forces_replacement(kind, &field.path))
            .map(|field| field.path.clone())
            .collect();
        if !forced.is_empty() {
            Self::replace(difference, record, forced);
        }
        if difference.action == Doing::Nothing && difference.fields.iter().any(|field| field.writes) {
            difference.action = Doing::Update;
        }
        self.guard(difference, record.failure.as_ref());
    }

    fn replace(difference: &mut ResourceDifference, record: &ResourceRecord, fields: Vec<FieldPath>) {
        let is_imported = record.existing.is_some();
        if !difference.stateful && !is_imported {
            difference.action = Doing::Replace { fields };
            return;
        }
        for field in difference.fields.iter_mut().filter(|field| fields.contains(&field.path)) {
            field.writes = false;
        }
        let names: Vec<String> = fields.iter().map(|path| format!("`{path}`")).collect();
        let why = if is_imported {
            "this one was imported: undo the change, or take `import` out to have a new one"
        } else {
            "this one holds data: undo the change, or declare a new one and move the data"
        };
        let message = format!("a change of {} needs a new resource, and {why}", names.join(", "));
        difference.holds.push((Hold::StatefulReplacement { fields }, message));
    }

    /// An enforced field goes back by itself only where that interrupts nothing, and not against somebody who insists.
    fn hold_enforced(&self, difference: &mut ResourceDifference, record: &ResourceRecord) {
        let reverts = |field: &&mut FieldOutcome| field.decision == Decision::EnforcedDrift && field.writes;
        for field in difference.fields.iter_mut().filter(reverts) {
            let edit = record.fields.get(&field.path).and_then(|memory| memory.edit.as_ref());
            let again = edit.is_some_and(|edit| {
                edit.reverted
                    && edit.to == field.live
                    && self.context.now_ms.saturating_sub(edit.seen_at_ms) < FOUGHT_FOR_MS
            });
            let message = if again {
                format!(
                    "`{}` was edited again after it was set back: change it in the repository, or set it back with `manifest-agent revert`",
                    field.path
                )
            } else if field.consequence > Consequence::InPlace {
                format!(
                    "setting `{}` back would interrupt what runs: do it with `manifest-agent revert`",
                    field.path
                )
            } else {
                continue;
            };
            let answered = self.recorded.answers.get(&difference.id).and_then(|all| all.get(&field.path));
            if answered.is_some_and(|answer| answer.choice == Choice::Revert) {
                continue;
            }
            field.writes = false;
            difference.holds.push((Hold::Enforced { path: field.path.clone() }, message));
        }
    }

    /// What stops any action: nobody who could do it, or a failure that was too recent.
    pub(super) fn guard(&self, difference: &mut ResourceDifference, failure: Option<&Failure>) {
        if difference.action == Doing::Nothing {
            return;
        }
        if known_kind(self.context, &difference.kind).is_none() {
            difference.hold_no_provider();
        } else if let Some(failure) = failure.filter(|failure| !failure.candidates.is_empty()) {
            self.hold_ambiguous(difference, &failure.candidates);
        } else if let Some(failure) = failure.filter(|failure| self.context.now_ms < retry_at_ms(failure)) {
            let message = format!("its last operation failed ({}): {}", failure.code, failure.message);
            let hold = Hold::Failed { retry_at_ms: retry_at_ms(failure) };
            difference.holds.push((hold, message));
            difference.action = Doing::Nothing;
        }
    }

    /// Several claim to be what was created. Which one is ours only a person can tell.
    fn hold_ambiguous(&self, difference: &mut ResourceDifference, candidates: &[String]) {
        let answers = self.recorded.answers.get(&difference.id);
        let answer = answers.and_then(|answers| answers.get(&FieldPath::root()));
        if answer.is_some_and(|answer| answer.choice == Choice::Revert) {
            return;
        }
        let message = format!(
            "several claim to be it: `{}`; delete them in the console, then `manifest-agent revert {}` creates one anew",
            candidates.join("`, `"),
            difference.id
        );
        difference.holds.push((Hold::Ambiguous { identifiers: candidates.to_vec() }, message));
        difference.action = Doing::Nothing;
    }
}

pub(super) fn about(id: &ResourceId, generation: u32, kind: &str, stateful: bool) -> ResourceDifference {
    ResourceDifference {
        id: id.clone(),
        generation,
        kind: kind.to_owned(),
        stateful,
        action: Doing::Nothing,
        fields: Vec::new(),
        is_undecided: false,
        holds: Vec::new(),
        seen: None,
        beside: Vec::new(),
        loss: None,
        confirmed: None,
        presence: Presence::Unchanged,
        author: None,
    }
}

impl ResourceDifference {
    pub(super) fn hold_unknown(&mut self, reason: &str) {
        self.holds.push((Hold::Unknown { reason: reason.to_owned() }, reason.to_owned()));
        self.action = Doing::Nothing;
    }

    pub(super) fn hold_no_provider(&mut self) {
        let awaits = Catalog::builtin().kind(&self.kind).and_then(|kind| kind.overlay.awaits.clone());
        let message = awaits.unwrap_or_else(|| format!("this agent has no provider for `{}`", self.kind));
        self.holds.push((Hold::NoProvider, message));
        self.action = Doing::Nothing;
    }

    pub(super) fn forget(&mut self, under_way: bool) {
        self.action = Doing::Nothing;
        if !under_way {
            self.presence = Presence::Forgotten;
        }
    }
}

/// Whether a person wants a resource back that is gone.
pub(super) fn is_wanted_back(recorded: &Recorded, id: &ResourceId) -> bool {
    let answer = recorded.answers.get(id).and_then(|answers| answers.get(&FieldPath::root()));
    answer.is_some_and(|answer| answer.choice == Choice::Revert)
}

/// The longest time between two tries.
const LONGEST_BACKOFF_MS: u64 = 3_600_000;

/// When something that failed is tried again: after a second, then four times as long each time, up to an hour.
pub fn retry_at_ms(failure: &Failure) -> Millis {
    let tries = failure.times.saturating_sub(1).min(16);
    let wait = 1_000_u64.saturating_mul(4_u64.saturating_pow(tries)).min(LONGEST_BACKOFF_MS);
    failure.at_ms.saturating_add(wait)
}
