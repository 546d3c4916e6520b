//! Deciding: the pure stages in their order, and what was learnt handed to the journal.

use std::collections::{BTreeMap, BTreeSet};

use schema_catalog::Kind;
use schema_documents::journal::{Act, Entry, Settlement};
use schema_documents::plan::{Action, Plan, Reason, Step};
use schema_documents::recorded::Status;
use schema_documents::value::Reference;
use schema_documents::{FieldPath, Json, Kept, ResourceId, Value};

use super::{Mode, Pass, Published, Stage, Then};
use crate::bind::{Binding, BoundResource, physical_name, put_name};
use crate::command::Ended;
use crate::diff::Differences;
use crate::live::Key;
use crate::{approval, bind, check, diff, fold, loss, plan};

impl Pass {
    /// Compares and plans, hands what was learnt to the journal, and checks. Before edits are believed, what was edited is
    /// read once more.
    pub(super) fn decide(&mut self) {
        let (entries, plan) = {
            let knows = |kind: &str| self.knows.contains(kind);
            let regarded = self.regarded();
            let context = diff::Context { only: regarded.as_ref(), ..self.context(&knows) };
            let (recorded, mut entries) = diff::take_up(&self.recorded, &self.live, &context);
            let (bound, differences) = diff::compare(&self.desired, &recorded, &self.live, &context);
            let sightings = diff::note_sightings(&differences, &self.sightings, self.now_ms);
            let unsettled = unsettled(&differences);
            let rests = self.mutates() && self.mode != Mode::Run && self.stage == Stage::Observing;
            if rests && !unsettled.is_empty() {
                self.sightings = sightings;
                return self.start_resting(unsettled);
            }
            let plan = plan::plan(&bound, &differences, &recorded, &context);
            entries.extend(plan::journal_entries(&differences));
            entries.extend(approval::entries(&plan, &recorded));
            self.sightings = sightings;
            self.noticed = noticed(&differences);
            (entries, plan)
        };
        self.stage = Stage::Recording;
        let mut entries = self.with_pass_entry(entries, &plan);
        let sought = self.seek_instead(&mut entries);
        entries.extend(self.lapsed_by(&entries));
        self.append(entries, Then::Apply);
        self.judge(plan);
        self.seek_all(sought);
    }

    /// What was seen just now may be a greater loss than the one that somebody confirmed.
    fn lapsed_by(&self, entries: &[Entry]) -> Option<Entry> {
        if self.recorded.confirmations.is_empty() {
            return None;
        }
        let mut after = self.recorded.clone();
        for entry in entries {
            // One that is illegal is found out when it is appended.
            let _ = fold::apply(&mut after, entry, self.now_ms);
        }
        loss::lapsed(&after, self.catalog)
    }

    pub(super) fn context<'a>(&'a self, knows: &'a dyn Fn(&str) -> bool) -> diff::Context<'a> {
        diff::Context {
            catalog: self.catalog,
            limits: &self.limits,
            now_ms: self.now_ms,
            desired: &self.desired,
            knows,
            sightings: &self.sightings,
            destroy: matches!(self.mode, Mode::Destroy | Mode::PlanDestroy),
            authors: &self.attention.authors,
            unread: diff::Unread::Unknown,
            only: None,
            digest: self.digest.as_ref(),
            account: self.account.as_deref(),
            digests: &self.digests,
        }
    }

    /// Checks the plan against the record as it will be when the plan is applied.
    fn judge(&mut self, plan: Plan) {
        let knows = |kind: &str| self.knows.contains(kind);
        let checked = check::check(&plan, &self.recorded, &self.context(&knows));
        self.plan = Some(plan);
        match checked {
            Err(violations) => self.end(Ended::Refused { violations }),
            Ok(_) if !self.mutates() => self.end(Ended::Done),
            Ok(checked) => self.checked = Some(checked),
        }
    }

    /// What is written is led by what it works towards, when that is new or something is about to be done.
    fn with_pass_entry(&self, entries: Vec<Entry>, plan: &Plan) -> Vec<Entry> {
        let desired = plan.desired.clone();
        let something_to_do = self.mutates() && plan.approved_steps().next().is_some();
        if self.recorded.desired.as_ref() == Some(&desired) && !something_to_do {
            return entries;
        }
        let Published { number, commit } = self.published.clone();
        std::iter::once(Entry::Pass { desired, number, commit }).chain(entries).collect()
    }

    fn output(&self, reference: &Reference) -> Option<Json> {
        let (_, record) = self.recorded.current(&reference.resource)?;
        let output = record.seen.at(&reference.output).filter(|_| record.status == Status::Live);
        output.map(Kept::to_json)
    }

    /// The complete act of a create and what becomes of its fields: the plan's step with all outputs filled in that were
    /// not known when it was made.
    pub(super) fn creation(&self, step: &Step, journal: &str) -> Result<Deed, Lack> {
        // What this step replaces still serves, and is not what is bound.
        let replaces =
            self.recorded.current(&step.resource).is_some_and(|(current, _)| current != step.generation);
        let bound = self.bound(step, replaces).map_err(waiting)?;
        if bound.generation != step.generation {
            return Err(waiting(format!("generation {} comes next", bound.generation)));
        }
        let Some(mut body) = bind::create_body(&bound, &self.recorded, self.kind(&step.kind)) else {
            return Err(self.lack(&bound));
        };
        let record = self.recorded.resources.get(&step.resource).and_then(|all| all.get(&step.generation));
        let kept = record.and_then(|record| record.name.clone());
        let name = bound.name.as_ref().map(|stem| {
            let name = kept.unwrap_or_else(|| physical_name(journal, &step.resource, step.generation, stem));
            put_name(&mut body, &stem.path, &name);
            name
        });
        let settles = bind::create_settles(&bound, &self.recorded, name.as_deref());
        Ok(Deed { act: Act::Create { name, body }, settles })
    }

    /// The complete act of an update of what is live like this; `None` when that is not what the plan saw. What keeps it
    /// from being done has a code and a sentence.
    pub(super) fn update(&self, step: &Step, live: &Json) -> Result<Option<Deed>, Lack> {
        let (Action::Update { identifier, changes }, Some(kind)) = (&step.action, self.kind(&step.kind))
        else {
            return Err(waiting(format!("the catalogue does not know `{}`", step.kind)));
        };
        let Some(changes) = plan::substitute(kind, changes, &|reference| self.output(reference)) else {
            return Err(self.bound(step, false).map_or_else(waiting, |bound| self.lack(&bound)));
        };
        let secrets = self.secret_units(kind, (&step.resource, step.generation));
        if !plan::is_pinned(kind, &diff::redact(kind, live, &secrets, &self.digests), &changes) {
            return Ok(None);
        }
        if let Some(violation) = plan::violation(kind, live, &changes) {
            let message = format!("it would leave `{}` wrong: {}", violation.path, violation.message);
            return Err(Lack { code: "Invalid", message });
        }
        let wishes = match step.reason {
            // Nothing is wished of it any more.
            Reason::GivenBack => Vec::new(),
            _ => self.bound(step, false).map_err(waiting)?.wishes,
        };
        let patch = plan::patch(kind, live, &changes, &wishes);
        let settles = plan::update_settles(&changes, &wishes);
        Ok(Some(Deed { act: Act::Update { identifier: identifier.clone(), patch, changes }, settles }))
    }

    /// What a resource lacks of which some outputs are not known.
    fn lack(&self, bound: &BoundResource) -> Lack {
        let (desired, recorded, catalog, hidden) =
            (&self.desired, &self.recorded, self.catalog, &BTreeSet::new());
        let binding = Binding { desired, recorded, catalog, hidden };
        if let Some(message) = binding.awaited(&bound.waits_for) {
            return Lack { code: AWAITED, message };
        }
        waiting(bound.waits_for.first().map_or_else(
            || "an output is not known".to_owned(),
            |missing| format!("`{}` of `{}` is not known", missing.output, missing.resource),
        ))
    }

    fn bound(&self, step: &Step, hide: bool) -> Result<BoundResource, String> {
        let Some(resource) = self.desired.resources.get(&step.resource) else {
            return Err("the document does not have it".to_owned());
        };
        let hidden = hide.then(|| step.resource.clone()).into_iter().collect();
        let (desired, recorded, catalog) = (&self.desired, &self.recorded, self.catalog);
        Ok(Binding { desired, recorded, catalog, hidden: &hidden }.bind(&step.resource, resource))
    }

    /// Live properties as they enter memory: secrets as digests.
    pub(super) fn memory_of(&self, kind: &str, key: (&ResourceId, u32), live: &Json) -> Json {
        match self.kind(kind) {
            Some(kind) => diff::redact(kind, live, &self.secret_units(kind, key), &self.digests).into_owned(),
            None => live.clone(),
        }
    }

    /// The units of a generation that hold a secret, by what is asked now or was asked last.
    fn secret_units(&self, kind: &Kind, (id, generation): (&ResourceId, u32)) -> BTreeSet<FieldPath> {
        let record = self.recorded.generation(id, generation);
        let resource = self.desired.resources.get(id);
        let asked = resource.filter(|resource| resource.properties.values().any(diff::holds_secret));
        let units = asked.map(|resource| bind::split(kind, Value::Object(resource.properties.clone())));
        let now = units.iter().flatten().map(|(path, value)| (path, value));
        diff::secret_units(now, record)
    }
}

/// What keeps a step from being done.
pub(super) struct Lack {
    /// What kind of thing, as codes of providers are.
    pub(super) code: &'static str,
    /// What it is, in words.
    pub(super) message: String,
}

impl Lack {
    /// Whether somebody has to do their part first: nothing has failed.
    pub(super) fn is_awaited(&self) -> bool {
        self.code == AWAITED
    }

    /// Whether something was to be there by now.
    pub(super) fn is_waiting(&self) -> bool {
        self.code == WAITING
    }
}

const WAITING: &str = "Waiting";
const AWAITED: &str = "Awaited";

fn waiting(message: String) -> Lack {
    Lack { code: WAITING, message }
}

/// What a step does, complete.
pub(super) struct Deed {
    pub(super) act: Act,
    pub(super) settles: BTreeMap<FieldPath, Option<Settlement>>,
}

fn noticed(differences: &Differences) -> BTreeSet<Key> {
    let all = differences.resources.iter();
    all.map(|difference| (difference.id.clone(), difference.generation)).collect()
}

/// Resources with edits that have not settled.
fn unsettled(differences: &Differences) -> BTreeSet<Key> {
    let has_edit = |difference: &&diff::ResourceDifference| {
        difference.fields.iter().any(|field| field.is_new_edit() && !field.settled)
    };
    let edited = differences.resources.iter().filter(has_edit);
    edited.map(|difference| (difference.id.clone(), difference.generation)).collect()
}
