//! Check: a plan is judged without the planner's code. Apply accepts only what passed.

use std::collections::{BTreeMap, BTreeSet};

use schema_catalog::{Catalog, compare};
use schema_documents::desired::{Class, DesiredState, Mode, Phase};
use schema_documents::environment::Approval;
use schema_documents::journal::confirmation_digest;
use schema_documents::plan::{Action, Change, Plan, Reason, Step, StepKey};
use schema_documents::recorded::{Choice, Recorded, ResourceRecord, Status};
use schema_documents::{Digest, FieldPath, ResourceId};

use crate::diff::{Context, after_moves};
use crate::loss;

/// A plan that passed its check. Nothing else can make one.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked(Plan);

impl Checked {
    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.0
    }

    /// The plan, taken out.
    pub fn into_plan(self) -> Plan {
        self.0
    }
}

/// Judges a plan against the record that it was made from. Every violation is a bug of the planner, in words.
pub fn check(plan: &Plan, recorded: &Recorded, context: &Context<'_>) -> Result<Checked, Vec<String>> {
    let (recorded, _) = after_moves(recorded, context.desired);
    let judge = Judge { desired: context.desired, recorded: &recorded, context };
    let mut violations = unique_and_acyclic(&plan.steps);
    violations.extend(judge.limits(plan));
    violations.extend(judge.unapproved(plan));
    violations.extend(migrates_too_late(&plan.steps));
    violations.extend(judge.too_early(plan));
    for step in &plan.steps {
        let found = judge.step(step);
        violations.extend(found.into_iter().map(|what| format!("{}: {what}", step.key.0)));
    }
    if violations.is_empty() { Ok(Checked(plan.clone())) } else { Err(violations) }
}

/// Steps are in an order in which each comes after all that it names: that is at once unique, complete and acyclic.
fn unique_and_acyclic(steps: &[Step]) -> Vec<String> {
    let mut done: BTreeSet<&StepKey> = BTreeSet::new();
    let mut violations = Vec::new();
    let all: BTreeSet<&StepKey> = steps.iter().map(|step| &step.key).collect();
    for step in steps {
        for before in step.after.iter().filter(|before| !done.contains(before)) {
            let what = if all.contains(before) { "comes before it ends" } else { "is not in the plan" };
            violations.push(format!("{}: `{}` {what}", step.key.0, before.0));
        }
        if !done.insert(&step.key) {
            violations.push(format!("{}: there are two of it", step.key.0));
        }
    }
    violations
}

/// A deployment comes after every migration. The way back needs nothing new.
fn migrates_too_late(steps: &[Step]) -> Vec<String> {
    let writes = |phase: Phase| {
        let deletes = |step: &Step| matches!(step.action, Action::Delete { .. });
        steps.iter().filter(move |step| step.phase == phase && !deletes(step))
    };
    let deployments = writes(Phase::Deploy).filter(|step| step.reason != Reason::SetBack);
    let early = deployments
        .filter(|step| writes(Phase::Migrate).any(|migration| !step.after.contains(&migration.key)));
    early.map(|step| format!("{}: it does not wait for the migrations", step.key.0)).collect()
}

/// The way back leads to what was asked before, and nowhere else.
fn leads_elsewhere(step: &Step, record: &ResourceRecord, change: &Change) -> Option<String> {
    let asked = record.fields.get(&change.path).and_then(|field| field.asked.as_ref());
    let is_elsewhere = step.reason == Reason::SetBack && asked != change.to.as_ref();
    is_elsewhere.then(|| format!("`{}` would not be what it was before", change.path))
}

struct Judge<'a> {
    desired: &'a DesiredState,
    recorded: &'a Recorded,
    context: &'a Context<'a>,
}

impl Judge<'_> {
    fn limits(&self, plan: &Plan) -> Vec<String> {
        let limits = self.context.limits;
        let deletes = plan.steps.iter().filter(|step| matches!(step.action, Action::Delete { .. })).count();
        let mut violations = Vec::new();
        if plan.steps.len() > limits.steps {
            violations.push(format!("{} steps are more than {}", plan.steps.len(), limits.steps));
        }
        if deletes > limits.deletes && !self.context.destroy {
            violations.push(format!("{deletes} deletions are more than {}", limits.deletes));
        }
        violations
    }

    /// Where a person's word is wanted, what may begin has it. Whether it still means the same is judged elsewhere: here it
    /// only counts that somebody gave it.
    fn unapproved(&self, plan: &Plan) -> Vec<String> {
        let awaited = plan.awaited.iter().flat_map(|awaited| &awaited.steps);
        let awaited: BTreeSet<&StepKey> = awaited.map(|awaited| &awaited.step).collect();
        let unapproved = plan
            .steps
            .iter()
            .filter(|step| self.wants_a_word(step))
            // The way back is judged for itself.
            .filter(|step| step.reason != Reason::SetBack)
            .filter(|step| !awaited.contains(&step.key))
            // An import that was approved is in the record already.
            .filter(|step| is_import(step) || !self.recorded.approvals.contains_key(&step.key));
        unapproved.map(|step| format!("{}: nobody has approved it", step.key.0)).collect()
    }

    /// The first ownership tags of something imported have the word that was given for the import.
    fn wants_a_word(&self, step: &Step) -> bool {
        let tags = self.context.catalog.kind(&step.kind).and_then(|kind| kind.tags.as_ref());
        let is_first_mark = match (&step.action, self.record(step), tags) {
            (Action::Update { changes, .. }, Some(record), Some(tags)) => {
                record.existing == Some(Mode::Owned)
                    && changes.iter().all(|change| {
                        change.path.is_within(tags)
                            && change.path.to_string().contains("manifest:")
                            && !record.fields.contains_key(&change.path)
                    })
            }
            _ => false,
        };
        is_import(step) || self.desired.approval == Approval::Required && !is_first_mark
    }

    /// The end of what a failed deployment may go back to.
    fn too_early(&self, plan: &Plan) -> Vec<String> {
        let superseded = plan.steps.iter().filter(|step| step.reason == Reason::Superseded);
        let found = superseded.filter_map(|step| {
            let setbacks = self.recorded.setbacks.iter();
            let user = setbacks.map(|(user, _)| user).find(|user| self.may_go_back_to(user, step, plan))?;
            Some(format!("{}: `{user}` may go back to it", step.key.0))
        });
        found.collect()
    }

    /// Whether a resource whose deployment failed uses what a step deletes, and nothing else is deployed to it before.
    fn may_go_back_to(&self, user: &ResourceId, step: &Step, plan: &Plan) -> bool {
        let wanted = self.desired.resources.contains_key(user) && !self.context.destroy;
        let setback = self.recorded.setbacks.get(user);
        // What is made again while its document is held is made as it was.
        let is_held = setback.is_some_and(|setback| setback.holds(&plan.desired));
        let needs_it = self.recorded.current(user).is_some_and(|(_, record)| {
            let serves = record.status == Status::Live || is_held && record.status == Status::Gone;
            serves && record.depends_on.contains(&step.resource)
        });
        let mut deployments = plan.steps.iter().filter(|other| {
            let deploys = other.reason != Reason::SetBack && !is_held;
            other.resource == *user && deploys && step.after.contains(&other.key)
        });
        wanted && needs_it && deployments.next().is_none()
    }

    fn step(&self, step: &Step) -> Vec<String> {
        if !(self.context.knows)(&step.kind) {
            return vec![format!("no provider knows `{}`", step.kind)];
        }
        match &step.action {
            Action::Create { .. } => self.create(step),
            Action::Update { identifier, changes } => self.update(step, identifier, changes),
            Action::Import { identifier, .. } => self.import(step, identifier),
            Action::Delete { identifier, .. } => self.delete(step, identifier),
        }
    }

    fn record(&self, step: &Step) -> Option<&ResourceRecord> {
        self.recorded.generation(&step.resource, step.generation)
    }

    fn create(&self, step: &Step) -> Vec<String> {
        let mut violations = Vec::new();
        if !self.desired.resources.contains_key(&step.resource) || self.context.destroy {
            violations.push("nobody wants it".to_owned());
        }
        match self.record(step) {
            Some(record) if record.status == Status::Creating && record.identifier.is_none() => {}
            Some(_) => violations.push("this generation exists".to_owned()),
            None if step.generation != self.recorded.next_generation(&step.resource) => {
                violations
                    .push(format!("generation {} comes next", self.recorded.next_generation(&step.resource)));
            }
            None => {}
        }
        let serving =
            self.recorded.current(&step.resource).filter(|(_, record)| record.status == Status::Live);
        let asked_for =
            self.recorded.answers.get(&step.resource).and_then(|answers| answers.get(&FieldPath::root()));
        let restores =
            step.reason == Reason::Gone && asked_for.is_some_and(|answer| answer.choice == Choice::Revert);
        if serving.is_some_and(|(_, record)| record.existing.is_some()) {
            violations.push("it would replace something that somebody else made".to_owned());
        }
        if serving.is_some_and(|(_, record)| record.stateful) && !restores {
            violations.push("it would replace something that holds data".to_owned());
        }
        violations
    }

    fn update(&self, step: &Step, identifier: &str, changes: &[Change]) -> Vec<String> {
        let Some(record) = self.record(step) else { return vec!["it is not in the record".to_owned()] };
        let mut violations = Vec::new();
        if record.identifier.as_deref() != Some(identifier) {
            violations.push(format!("`{identifier}` is not its recorded identifier"));
        }
        if record.status != Status::Live {
            violations.push("it does not live".to_owned());
        }
        if self.recorded.current(&step.resource).is_none_or(|(current, _)| current != step.generation) {
            violations.push("it is not the current generation".to_owned());
        }
        if record.existing == Some(Mode::Reference) {
            violations.push("it is only referred to, and nothing of it is written".to_owned());
        }
        if changes.is_empty() {
            violations.push("it changes nothing".to_owned());
        }
        let mut paths = BTreeSet::new();
        for change in changes {
            if !paths.insert(&change.path) {
                violations.push(format!("it changes `{}` twice", change.path));
            }
            violations.extend(leads_elsewhere(step, record, change));
            violations.extend(self.weakens(step, change));
        }
        violations
    }

    /// What is there already is taken because the document names it, and from nobody.
    fn import(&self, step: &Step, identifier: &str) -> Vec<String> {
        let mut violations = Vec::new();
        let existing = self.desired.resources.get(&step.resource).and_then(|one| one.existing.as_ref());
        let is_named = existing
            .is_some_and(|existing| existing.mode == Mode::Owned && existing.identifier == identifier);
        if !is_named || self.context.destroy {
            violations.push(format!("the document does not name `{identifier}` for it"));
        }
        let owns = |record: &ResourceRecord| {
            record.kind == step.kind
                && record.identifier.as_deref() == Some(identifier)
                && record.existing != Some(Mode::Reference)
        };
        let mut all = self.recorded.resources.iter();
        if let Some((other, _)) = all.find(|(_, records)| records.values().any(|record| owns(record))) {
            violations.push(format!("`{identifier}` is `{other}` already"));
        }
        violations
    }

    /// A field that the document enforces is only ever set to what the document says.
    fn weakens(&self, step: &Step, change: &Change) -> Option<String> {
        let resource = self.desired.resources.get(&step.resource)?;
        let field = resource.field(&change.path).filter(|field| field.class == Class::Enforced)?;
        let wished = resource.properties.get(change.path.segments().first()?)?;
        if !wished.references().is_empty() || !wished.secrets().is_empty() {
            return None;
        }
        let document = BTreeMap::from([(change.path.segments()[0].clone(), wished.as_json()?)]);
        let document = serde_json::to_value(document).ok()?;
        let wished = change.path.get(&document);
        let written = change.to.as_ref().and_then(schema_documents::Value::as_json);
        let same = match (wished, &written) {
            (Some(wished), Some(written)) => {
                is_same(self.context.catalog, &step.kind, change, wished, written)
            }
            (wished, written) => wished.is_none() == written.is_none(),
        };
        let message =
            || format!("`{}` is enforced ({}) and would be set to something else", change.path, field.origin);
        (!same).then(message)
    }

    /// Whether a digest stands for what is lost with the deletion of a step.
    fn means(&self, digest: &Digest, step: &Step) -> bool {
        let catalog = self.context.catalog;
        loss::recorded_loss(self.recorded, catalog, &step.resource, step.generation)
            .is_some_and(|loss| confirmation_digest(&step.resource, &loss) == *digest)
    }

    fn delete(&self, step: &Step, identifier: &str) -> Vec<String> {
        let Some(record) = self.record(step) else { return vec!["it is not in the record".to_owned()] };
        let mut violations = Vec::new();
        if record.identifier.as_deref() != Some(identifier) {
            violations.push(format!("`{identifier}` is not its recorded identifier"));
        }
        if record.existing.is_some() {
            violations.push("somebody else made it".to_owned());
        }
        let confirmed = matches!(&step.action, Action::Delete { confirmed: Some(given), .. }
            if self.recorded.confirmations.contains_key(given) && self.means(given, step));
        if record.stateful && record.status != Status::Deleting && !confirmed {
            violations.push("it holds data, and nobody has confirmed that it may go".to_owned());
        }
        let wanted = self.desired.resources.contains_key(&step.resource) && !self.context.destroy;
        let is_current =
            self.recorded.current(&step.resource).is_some_and(|(current, _)| current == step.generation);
        if wanted && is_current && !matches!(step.reason, Reason::Superseded) {
            violations.push("the document wants it".to_owned());
        }
        violations
    }
}

fn is_import(step: &Step) -> bool {
    matches!(step.action, Action::Import { .. })
}

fn is_same(
    catalog: &Catalog,
    kind: &str,
    change: &Change,
    wished: &serde_json::Value,
    written: &serde_json::Value,
) -> bool {
    catalog.kind(kind).map_or(wished == written, |kind| compare::equal(kind, &change.path, wished, written))
}

#[cfg(test)]
mod tests;
