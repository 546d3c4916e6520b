//! Differences as steps, with what each must come after.

use std::collections::{BTreeMap, BTreeSet};

use schema_catalog::{Kind, NaturalKey, Replacement};
use schema_documents::desired::Phase;
use schema_documents::plan::{Action, Change, Consequence, Held, Hold, Reason, Step, StepKey};
use schema_documents::recorded::{Recorded, ResourceRecord, Status};
use schema_documents::{ResourceId, Value};

use crate::bind::{Binding, Bound, BoundResource};
use crate::diff::{Context, Differences, Doing, FieldOutcome, Presence, Report, ResourceDifference};
use crate::merge::Decision;

/// Steps without an order, and what became of the rest.
pub(super) struct Draft {
    pub(super) steps: Vec<Step>,
    pub(super) held: Vec<Held>,
}

struct Drafting<'a> {
    bound: &'a Bound,
    differences: &'a Differences,
    recorded: &'a Recorded,
    context: &'a Context<'a>,
    /// Creations and updates, by resource.
    writes: BTreeMap<ResourceId, Step>,
    deletes: Vec<Step>,
    /// What is given back.
    releases: Vec<Step>,
    held: Vec<Held>,
    /// What leaves the record before anything is written, and is still current: what somebody made, and is only referred to.
    leaves: BTreeSet<&'a ResourceId>,
}

pub(super) fn draft(
    bound: &Bound,
    differences: &Differences,
    recorded: &Recorded,
    context: &Context<'_>,
) -> Draft {
    let is_current = |difference: &&ResourceDifference| {
        recorded.current(&difference.id).is_some_and(|(generation, _)| generation == difference.generation)
    };
    let forgotten =
        differences.resources.iter().filter(|difference| difference.presence == Presence::Forgotten);
    let mut drafting = Drafting {
        leaves: forgotten.filter(is_current).map(|difference| &difference.id).collect(),
        bound,
        differences,
        recorded,
        context,
        writes: BTreeMap::new(),
        deletes: Vec::new(),
        releases: Vec::new(),
        held: Vec::new(),
    };
    for difference in &differences.resources {
        drafting.write(difference);
        drafting.give_back(difference);
    }
    drafting.hold_what_waits();
    for difference in &differences.resources {
        drafting.delete(difference);
    }
    drafting.limit_deletes();
    drafting.put_in_order();
    let steps = drafting.writes.into_values().chain(drafting.releases).chain(drafting.deletes).collect();
    Draft { steps, held: drafting.held }
}

impl<'a> Drafting<'a> {
    fn write(&mut self, difference: &ResourceDifference) {
        let Some(bound) = self.bound.resources.get(&difference.id) else { return };
        let step = match &difference.action {
            Doing::Create => create(bound, Reason::New { origin: bound.origin.clone() }, Consequence::New),
            Doing::Restore => create(bound, Reason::Gone, Consequence::New),
            Doing::Replace { fields } => {
                create(bound, Reason::Replaced { fields: fields.clone() }, Consequence::Replacement)
            }
            Doing::Update => self.update(difference, bound),
            Doing::Import(_) => import(difference, bound),
            Doing::Nothing | Doing::Delete | Doing::DeleteSuperseded | Doing::GiveBack => None,
        };
        self.writes.extend(step.map(|step| (difference.id.clone(), step)));
    }

    fn update(&self, difference: &ResourceDifference, bound: &BoundResource) -> Option<Step> {
        let identifier = self.record(difference)?.identifier.clone()?;
        let written: Vec<&FieldOutcome> = difference.fields.iter().filter(|field| field.writes).collect();
        let setback = self.recorded.setbacks.get(&difference.id).filter(|_| bound.set_back);
        let goes_back =
            |field: &&FieldOutcome| setback.is_some_and(|setback| setback.wrote.contains_key(&field.path));
        let reason = if written.iter().all(goes_back) {
            Reason::SetBack
        } else if written.iter().all(|field| field.decision == Decision::EnforcedDrift) {
            Reason::Revert
        } else {
            Reason::Changed
        };
        let consequence = written.iter().map(|field| field.consequence).max()?;
        let changes = written.into_iter().map(FieldOutcome::change).collect();
        Some(Step {
            key: key("update", &difference.id, difference.generation),
            resource: difference.id.clone(),
            generation: difference.generation,
            kind: difference.kind.clone(),
            stateful: difference.stateful,
            phase: bound.phase,
            action: Action::Update { identifier, changes },
            after: BTreeSet::new(),
            reason,
            consequence,
        })
    }

    fn give_back(&mut self, difference: &ResourceDifference) {
        let identifier = self.record(difference).and_then(|record| record.identifier.clone());
        let Some(identifier) = identifier.filter(|_| difference.action == Doing::GiveBack) else { return };
        self.releases.push(Step {
            key: key("update", &difference.id, difference.generation),
            resource: difference.id.clone(),
            generation: difference.generation,
            kind: difference.kind.clone(),
            stateful: difference.stateful,
            phase: Phase::CleanUp,
            action: Action::Update {
                identifier,
                changes: difference.fields.iter().map(FieldOutcome::change).collect(),
            },
            after: BTreeSet::new(),
            reason: Reason::GivenBack,
            consequence: Consequence::InPlace,
        });
    }

    fn record(&self, difference: &ResourceDifference) -> Option<&'a ResourceRecord> {
        self.recorded.generation(&difference.id, difference.generation)
    }

    /// What needs something that is neither there nor coming is held, and so is what needs that.
    fn hold_what_waits(&mut self) {
        loop {
            let mut blocked = Vec::new();
            for (id, step) in &self.writes {
                let needs = match &step.action {
                    Action::Create { .. } => self.bound.resources[id].depends_on.clone(),
                    Action::Update { changes, .. } => awaited(changes),
                    Action::Delete { .. } | Action::Import { .. } => BTreeSet::new(),
                };
                if let Some(on) = needs.into_iter().find(|need| !self.will_serve(id, need)) {
                    blocked.push((id.clone(), on));
                }
            }
            if blocked.is_empty() {
                return;
            }
            for (id, on) in blocked {
                self.hold_write(&id, &on);
            }
        }
    }

    /// Whether a resource that another one needs exists, or will by the time that one is written.
    fn will_serve(&self, user: &ResourceId, id: &ResourceId) -> bool {
        if self.writes.get(id).is_some_and(|step| matches!(step.action, Action::Create { .. })) {
            return true;
        }
        let gives_all = !self.bound.resources[user].waits_for.iter().any(|wanted| wanted.resource == *id);
        let lives = self.recorded.current(id).is_some_and(|(_, record)| record.status == Status::Live);
        gives_all && lives && !self.differences.hidden.contains(id) && !self.leaves.contains(id)
    }

    /// Holds a creation, or the changes of an update that wait.
    fn hold_write(&mut self, id: &ResourceId, on: &ResourceId) {
        let Some(mut step) = self.writes.remove(id) else { return };
        self.held.push(Held {
            resource: id.clone(),
            generation: step.generation,
            kind: step.kind.clone(),
            message: self.awaited(id, on).unwrap_or_else(|| format!("it waits for `{on}`")),
            why: Hold::Waiting { on: on.clone() },
        });
        if let Action::Update { changes, .. } = &mut step.action {
            changes.retain(|change| !awaited(std::slice::from_ref(change)).contains(on));
            if !changes.is_empty() {
                self.writes.insert(id.clone(), step);
            }
        }
    }

    /// What somebody has to do for what a resource waits for, where that is what is missing.
    fn awaited(&self, user: &ResourceId, on: &ResourceId) -> Option<String> {
        let waits_for = &self.bound.resources[user].waits_for;
        waits_for.iter().find(|output| output.resource == *on)?;
        let (desired, recorded, catalog) = (self.context.desired, self.recorded, self.context.catalog);
        Binding { desired, recorded, catalog, hidden: &self.differences.hidden }.awaited(waits_for)
    }

    fn delete(&mut self, difference: &ResourceDifference) {
        let reason = match &difference.action {
            Doing::Delete => Reason::Removed,
            Doing::DeleteSuperseded => Reason::Superseded,
            Doing::Replace { .. } if self.writes.contains_key(&difference.id) => Reason::Superseded,
            _ => return,
        };
        let Some(record) = self.record(difference) else { return };
        let Some(identifier) = record.identifier.clone() else { return };
        if let Some(user) = self.held_user(difference) {
            self.held.push(super::held(
                difference,
                Hold::Waiting { on: user.clone() },
                format!("`{user}` may still use it, and cannot be brought up to date in this pass"),
            ));
            return;
        }
        let confirmed = difference.confirmed.clone();
        let loses_data = record.stateful && confirmed.is_some();
        self.deletes.push(Step {
            key: key("delete", &difference.id, difference.generation),
            resource: difference.id.clone(),
            generation: difference.generation,
            kind: record.kind.clone(),
            stateful: record.stateful,
            phase: Phase::CleanUp,
            action: Action::Delete { identifier, confirmed },
            after: BTreeSet::new(),
            reason,
            consequence: if loses_data { Consequence::DataLoss } else { Consequence::Removal },
        });
    }

    /// A resource that used this one when it was last written, and that this pass cannot bring up to date.
    fn held_user(&self, difference: &ResourceDifference) -> Option<ResourceId> {
        let uses = |id: &ResourceId, record: &ResourceRecord| {
            *id != difference.id && record.depends_on.contains(&difference.id)
        };
        let is_stuck = |id: &ResourceId| {
            self.held.iter().any(|held| held.resource == *id)
                || self
                    .differences
                    .resources
                    .iter()
                    .any(|other| other.id == *id && (other.is_undecided || !other.holds.is_empty()))
        };
        let all = self.recorded.resources.iter();
        let mut of_it = all.filter(|(id, records)| records.values().any(|record| uses(id, record)));
        of_it.find(|(id, _)| is_stuck(id)).map(|(id, _)| id.clone())
    }

    fn limit_deletes(&mut self) {
        let limit = if self.context.destroy { usize::MAX } else { self.context.limits.deletes };
        let rest = self.deletes.split_off(self.deletes.len().min(limit));
        for step in rest {
            let message = format!("one pass deletes at most {limit} resources; the next one goes on");
            self.held.push(Held {
                resource: step.resource,
                generation: step.generation,
                kind: step.kind,
                why: Hold::Unknown { reason: message.clone() },
                message,
            });
        }
    }

    // --- what comes after what

    fn put_in_order(&mut self) {
        let keys: BTreeMap<ResourceId, StepKey> =
            self.writes.iter().map(|(id, step)| (id.clone(), step.key.clone())).collect();
        for (id, step) in &mut self.writes {
            let needs = &self.bound.resources[id].depends_on;
            // The way back needs nothing new.
            if step.reason != Reason::SetBack {
                let needs = needs.iter().filter(|need| *need != id);
                step.after = needs.filter_map(|need| keys.get(need)).cloned().collect();
            }
        }
        let of_phase = |phase: Phase| -> BTreeSet<StepKey> {
            self.writes.values().filter(|step| step.phase == phase).map(|step| step.key.clone()).collect()
        };
        let (migrates, serves) = (of_phase(Phase::Migrate), of_phase(Phase::Deploy));
        for step in self
            .writes
            .values_mut()
            .filter(|step| step.phase == Phase::Deploy && step.reason != Reason::SetBack)
        {
            step.after.extend(migrates.iter().cloned());
        }
        let going: Vec<(StepKey, ResourceId, u32)> = self
            .deletes
            .iter()
            .map(|step| (step.key.clone(), step.resource.clone(), step.generation))
            .collect();
        for index in 0..self.deletes.len() {
            let (key, id, _) = &going[index];
            let users_go =
                going.iter().filter(|(_, user, generation)| user != id && self.uses(user, *generation, id));
            let mut after: BTreeSet<StepKey> = users_go.map(|(key, ..)| key.clone()).collect();
            if self.goes_first(&self.deletes[index]) {
                let phase = self.writes.get_mut(id).map(|step| {
                    step.after.insert(key.clone());
                    step.phase
                });
                self.deletes[index].phase = phase.unwrap_or(Phase::CleanUp);
            } else {
                after.extend(serves.iter().cloned());
                after.extend(keys.get(id).cloned());
                let users = self.recorded.resources.iter().filter(|(user, all)| {
                    *user != id && all.values().any(|record| record.depends_on.contains(id))
                });
                after.extend(users.filter_map(|(user, _)| keys.get(user)).cloned());
            }
            self.deletes[index].after = after;
        }
    }

    fn uses(&self, user: &ResourceId, generation: u32, id: &ResourceId) -> bool {
        let record = self.recorded.resources.get(user).and_then(|all| all.get(&generation));
        record.is_some_and(|record| record.depends_on.contains(id))
    }

    /// Two of some kinds cannot exist side by side: the old one goes before the new one comes. So does what a failed creation
    /// left behind, where it takes the place of the next one: it never served.
    fn goes_first(&self, step: &Step) -> bool {
        let Some(kind) = self.context.catalog.kind(&step.kind) else { return false };
        let record = self.recorded.resources.get(&step.resource).and_then(|all| all.get(&step.generation));
        let is_tombstone = record.is_some_and(|record| record.status == Status::Deleting);
        self.writes.contains_key(&step.resource)
            && (kind.replacement == Replacement::DeleteThenCreate || is_tombstone && is_in_the_way(kind))
    }
}

/// Whether two generations of a kind are the same to the cloud: no name tells them apart.
fn is_in_the_way(kind: &Kind) -> bool {
    match kind.natural_key() {
        Some(NaturalKey::Properties(paths)) => {
            !kind.overlay.name.as_ref().is_some_and(|rule| paths.contains(&rule.property))
        }
        _ => false,
    }
}

fn key(verb: &str, id: &ResourceId, generation: u32) -> StepKey {
    StepKey::new(verb, id, generation)
}

fn create(bound: &BoundResource, reason: Reason, consequence: Consequence) -> Option<Step> {
    let body = bound.body.clone()?;
    Some(Step {
        key: key("create", &bound.id, bound.generation),
        resource: bound.id.clone(),
        generation: bound.generation,
        kind: bound.kind.clone(),
        stateful: bound.stateful,
        phase: bound.phase,
        action: Action::Create { body, wishes: bound.wishes.clone() },
        after: BTreeSet::new(),
        reason,
        consequence,
    })
}

/// The step that takes what is there already under record. It waits for a person, whatever the environment says, and is done
/// before anything is compared: never by being applied.
pub(crate) fn import(difference: &ResourceDifference, bound: &BoundResource) -> Option<Step> {
    let (Doing::Import(report), Some(existing)) = (&difference.action, &bound.existing) else { return None };
    let Report { identifier, account, region, differences } = Report::clone(report);
    Some(Step {
        key: key("import", &bound.id, bound.generation),
        resource: bound.id.clone(),
        generation: bound.generation,
        kind: bound.kind.clone(),
        stateful: bound.stateful,
        phase: bound.phase,
        action: Action::Import { identifier, account, region, differences },
        after: BTreeSet::new(),
        reason: Reason::Existing { origin: existing.origin.clone() },
        consequence: Consequence::InPlace,
    })
}

/// The resources whose outputs the changes wait for.
fn awaited(changes: &[Change]) -> BTreeSet<ResourceId> {
    let values = changes.iter().filter_map(|change| change.to.as_ref());
    values.flat_map(Value::references).map(|reference| reference.resource).collect()
}
