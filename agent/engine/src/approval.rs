//! Approval: where an environment wants a person's word, which steps of a plan have it (semantics, §10).
//!
//! What was approved as known is approved as it was; what was shown as "known after" another step may be filled in. So an
//! approval survives a pass that was killed half-way, and nothing that a person did not see is done under it. A step of the
//! same name that does something else waits again, and says what is different.

use schema_catalog::{Catalog, Unit};
use schema_documents::approval::{Awaited, AwaitedStep, plan_digest};
use schema_documents::desired::Mode;
use schema_documents::environment::Approval as Policy;
use schema_documents::journal::Entry;
use schema_documents::plan::{Action, Change, Consequence, Plan, Reason, Step, StepKey};
use schema_documents::recorded::Recorded;
use schema_documents::value::Reference;
use schema_documents::{Digest, FieldPath, Json, Value, canonical};

use crate::bind;
use crate::diff::Context;

/// Outputs that are known by now.
pub type Output<'a> = &'a dyn Fn(&Reference) -> Option<Json>;

/// The steps that wait for a person; none where the environment wants no approval, or all have it.
pub fn awaited(
    steps: &[Step],
    recorded: &Recorded,
    context: &Context<'_>,
    output: Output<'_>,
) -> Option<Awaited> {
    let waiting = |step: &&Step| wants_a_word(step, recorded, context);
    let awaited = |step: &Step| match recorded.approvals.get(&step.key) {
        None => Some(AwaitedStep { step: step.key.clone(), changed: None }),
        Some(approval) => {
            let difference = difference(&approval.step, step, context.catalog, output)?;
            let changed = Some(format!("not what {} approved: {difference}", approval.who));
            Some(AwaitedStep { step: step.key.clone(), changed })
        }
    };
    let awaited: Vec<AwaitedStep> = steps.iter().filter(waiting).filter_map(awaited).collect();
    if awaited.is_empty() {
        return None;
    }
    let by_name = |name: &StepKey| steps.iter().find(|step| step.key == *name);
    let (app, environment) = (&context.desired.app, &context.desired.environment.name);
    let digest = plan_digest(app, environment, awaited.iter().filter_map(|one| by_name(&one.step)));
    Some(Awaited { digest, steps: awaited })
}

/// Whether a step needs a person's word: every one where the environment wants approval, and everywhere that something is
/// imported. Whoever approves an import has approved the ownership tags with it.
fn wants_a_word(step: &Step, recorded: &Recorded, context: &Context<'_>) -> bool {
    match &step.action {
        Action::Import { .. } => true,
        // What was healthy before was approved before, and people wait for it.
        _ if step.reason == Reason::SetBack => false,
        Action::Update { changes, .. } if marks(step, changes, recorded, context.catalog) => false,
        _ => context.desired.approval == Policy::Required,
    }
}

/// Whether a step does nothing but to mark what was imported as owned, for the first time.
fn marks(step: &Step, changes: &[Change], recorded: &Recorded, catalog: &Catalog) -> bool {
    let record = recorded.generation(&step.resource, step.generation);
    let Some(record) = record.filter(|record| record.existing == Some(Mode::Owned)) else { return false };
    let is_first_mark = |change: &Change| {
        let is_mark = catalog.kind(&step.kind).is_some_and(|kind| bind::is_ownership(kind, &change.path));
        is_mark && change.to.is_some() && !record.fields.contains_key(&change.path)
    };
    changes.iter().all(is_first_mark)
}

/// What the record must hear: what waits now, if that is not what waited before, and approvals whose step is not coming.
pub fn entries(plan: &Plan, recorded: &Recorded) -> Vec<Entry> {
    proposed(plan, recorded).into_iter().chain(lapsed(plan, recorded)).collect()
}

fn proposed(plan: &Plan, recorded: &Recorded) -> Option<Entry> {
    let waits = plan.awaited.as_ref().map(|awaited| &awaited.digest);
    let waited = recorded.proposal.as_ref().map(|proposal| &proposal.plan);
    if waits == waited {
        return None;
    }
    let steps: Vec<Step> = match &plan.awaited {
        Some(awaited) => {
            let waits = |step: &&Step| awaited.steps.iter().any(|one| one.step == step.key);
            plan.steps.iter().filter(waits).cloned().collect()
        }
        None => Vec::new(),
    };
    let digest = waits.cloned().unwrap_or_else(|| plan_digest(&plan.app, &plan.environment, &steps));
    Some(Entry::Proposed { plan: digest, steps })
}

/// An approval stays while a step of its name is planned (and covers it while it does the same), is held for a while or is
/// under way. Else it was for a plan that is past.
fn lapsed(plan: &Plan, recorded: &Recorded) -> Option<Entry> {
    let is_past = |(key, approval): &(&StepKey, &schema_documents::approval::Approval)| {
        let resource = &approval.step.resource;
        !plan.steps.iter().any(|step| step.key == **key)
            && !plan.held.iter().any(|held| held.resource == *resource)
            && !recorded.open.values().any(|open| open.intent.resource == *resource)
    };
    let approvals: Vec<StepKey> =
        recorded.approvals.iter().filter(is_past).map(|(key, _)| key.clone()).collect();
    (!approvals.is_empty()).then(|| Entry::Lapsed { approvals, confirmations: Vec::new() })
}

/// The first thing in which a step is not the one that was approved, in words.
pub fn difference(approved: &Step, step: &Step, catalog: &Catalog, output: Output<'_>) -> Option<String> {
    if step.consequence > approved.consequence {
        return Some(format!("it is {} now", graver(step.consequence)));
    }
    if (&approved.kind, approved.stateful) != (&step.kind, step.stateful) {
        return Some(format!("it is `{}` now", step.kind));
    }
    match (&approved.action, &step.action) {
        (Action::Create { body: before, .. }, Action::Create { body: now, .. }) => {
            bodies(before, now, output)
        }
        (
            Action::Update { identifier: before, changes: approved_changes },
            Action::Update { identifier: now, changes },
        ) => {
            let known = filled_in(approved_changes, &step.kind, catalog, output);
            identifiers(before, now).or_else(|| updates(&known, changes))
        }
        (
            Action::Import { identifier: before, differences: approved_differences, .. },
            Action::Import { identifier: now, differences, .. },
        ) => identifiers(before, now).or_else(|| reports(approved_differences, differences)),
        (
            Action::Delete { identifier: before, confirmed: word },
            Action::Delete { identifier: now, confirmed },
        ) => identifiers(before, now)
            .or_else(|| (word != confirmed).then(|| "what would be lost is not the same".to_owned())),
        _ => Some("it does something else".to_owned()),
    }
}

fn graver(consequence: Consequence) -> &'static str {
    match consequence {
        Consequence::New | Consequence::InPlace => "a change",
        Consequence::Restart => "a restart",
        Consequence::Replacement => "a replacement",
        Consequence::Removal => "a removal",
        Consequence::DataLoss => "a loss of data",
    }
}

fn identifiers(before: &str, now: &str) -> Option<String> {
    (before != now).then(|| format!("it is about `{now}`, and was about `{before}`"))
}

fn bodies(before: &Value, now: &Value, output: Output<'_>) -> Option<String> {
    let before = before.evaluate(output).value.to_document();
    let now = now.to_document();
    if Digest::of(&before) == Digest::of(&now) {
        return None;
    }
    let members = |document: &Json| document.as_object().cloned().unwrap_or_default();
    let (before, now) = (members(&before), members(&now));
    let differs = |name: &&String| before.get(*name) != now.get(*name);
    let name = before.keys().chain(now.keys()).find(differs)?;
    let path = FieldPath::root().child(name);
    Some(format!("`{path}` would be {}, and was {}", shown(now.get(name)), shown(before.get(name))))
}

/// The changes with all outputs in them that are known by now. An element of a set is named by what it is.
fn filled_in(changes: &[Change], kind: &str, catalog: &Catalog, output: Output<'_>) -> Vec<Change> {
    let filled = changes.iter().map(|change| {
        let Some(to) = &change.to else { return change.clone() };
        let value = to.evaluate(output).value;
        let is_element = |parent: &FieldPath| {
            catalog.kind(kind).is_some_and(|kind| kind.unit(parent) == Unit::Set) && value != *to
        };
        let path = match change.path.parent().filter(is_element) {
            Some(array) => array.element(&value.as_json().unwrap_or_else(|| value.to_document())),
            None => change.path.clone(),
        };
        Change { path, to: Some(value), ..change.clone() }
    });
    filled.collect()
}

fn at(changes: &[Change], path: &FieldPath) -> Option<Change> {
    changes.iter().find(|one| one.path == *path).cloned()
}

/// What is different now in something that is to be imported. What is as the document says by now needs no new word.
fn reports(before: &[Change], now: &[Change]) -> Option<String> {
    let is_new = |change: &&Change| {
        let shown = at(before, &change.path);
        shown.is_none_or(|shown| (&shown.from, &shown.to) != (&change.from, &change.to))
    };
    let new = now.iter().find(is_new)?;
    Some(format!("`{}` is {}, which was not in the report", new.path, shown(new.from.as_ref())))
}

fn updates(before: &[Change], now: &[Change]) -> Option<String> {
    for change in now {
        match at(before, &change.path) {
            None => return Some(format!("it changes `{}` too", change.path)),
            Some(approved) if (&approved.from, &approved.to) != (&change.from, &change.to) => {
                let says = |change: &Change| {
                    let to = change.to.as_ref().map(Value::to_document);
                    format!("{} → {}", shown(change.from.as_ref()), shown(to.as_ref()))
                };
                return Some(format!("`{}` is {}, and was {}", change.path, says(change), says(&approved)));
            }
            Some(_) => {}
        }
    }
    let left_out = before.iter().find(|change| at(now, &change.path).is_none());
    left_out.map(|change| format!("it does not change `{}` any more", change.path))
}

/// Most characters of a value in a sentence.
const LONGEST_SHOWN: usize = 60;

fn shown(value: Option<&Json>) -> String {
    let Some(value) = value else { return "nothing".to_owned() };
    let text = canonical::to_string(value);
    match text.char_indices().nth(LONGEST_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests;
