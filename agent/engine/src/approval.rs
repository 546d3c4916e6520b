//! Approval: where an environment wants a person's word, which steps of a plan have it (semantics, §10).
//!
//! What was approved as known is approved as it was; what was shown as "known after" another step may be filled in. So an
//! approval survives a pass that was killed half-way, and nothing that a person did not see is done under it. A step of the
//! same name that does something else waits again, and says what is different.

use schema_catalog::{Catalog, Unit};
use schema_documents::approval::{Awaited, AwaitedStep, plan_digest};
use schema_documents::environment::Approval as Policy;
use schema_documents::journal::Entry;
use schema_documents::plan::{Action, Change, Consequence, Plan, Reason, Step, StepKey};
use schema_documents::recorded::Recorded;
use schema_documents::value::Reference;
use schema_documents::{Digest, FieldPath, Json, Value, canonical};

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
    if context.desired.approval != Policy::Required {
        return None;
    }
    let waiting = |step: &Step| match recorded.approvals.get(&step.key) {
        // What was healthy before was approved before, and people wait for it.
        _ if step.reason == Reason::SetBack => None,
        None => Some(AwaitedStep { step: step.key.clone(), changed: None }),
        Some(approval) => {
            let difference = difference(&approval.step, step, context.catalog, output)?;
            let changed = Some(format!("not what {} approved: {difference}", approval.who));
            Some(AwaitedStep { step: step.key.clone(), changed })
        }
    };
    let awaited: Vec<AwaitedStep> = steps.iter().filter_map(waiting).collect();
    if awaited.is_empty() {
        return None;
    }
    let by_name = |name: &StepKey| steps.iter().find(|step| step.key == *name);
    let (app, environment) = (&context.desired.app, &context.desired.environment.name);
    let digest = plan_digest(app, environment, awaited.iter().filter_map(|one| by_name(&one.step)));
    Some(Awaited { digest, steps: awaited })
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

fn updates(before: &[Change], now: &[Change]) -> Option<String> {
    let at = |changes: &[Change], path: &FieldPath| changes.iter().find(|one| one.path == *path).cloned();
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
