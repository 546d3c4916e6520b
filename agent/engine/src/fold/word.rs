//! What people allow: proposals and approvals of steps, confirmations of losses.

use schema_documents::approval::{Approval, Proposal};
use schema_documents::journal::{Act, Entry, Intent, confirmation_digest};
use schema_documents::plan::{Step, StepKey};
use schema_documents::recorded::{Confirmation, Recorded};
use schema_documents::{Digest, Millis, ResourceId};

/// A person confirmed a loss. It must be that of a recorded generation, and what the digest stands for.
pub(super) fn confirmed(recorded: &mut Recorded, entry: &Entry, at_ms: Millis) -> Result<(), String> {
    let Entry::Confirmed { resource, digest, loss, who } = entry else { return Ok(()) };
    let generations = recorded.resources.get(resource).ok_or("it is not recorded")?;
    if let Some(loss) = loss {
        let record = generations.get(&loss.generation);
        if record.is_none_or(|record| record.identifier.as_ref() != Some(&loss.identifier)) {
            return Err("it is of no recorded generation of it".to_owned());
        }
        if *digest != confirmation_digest(resource, loss) {
            return Err("the digest stands for something else".to_owned());
        }
    }
    let (who, resource, loss) = (who.clone(), resource.clone(), loss.clone());
    recorded.confirmations.insert(digest.clone(), Confirmation { who, at_ms, resource, loss });
    Ok(())
}

/// These steps wait from now on, and no others.
pub(super) fn proposed(recorded: &mut Recorded, plan: &Digest, steps: &[Step], at_ms: Millis) {
    let proposal = || Proposal { plan: plan.clone(), at_ms, steps: steps.to_vec() };
    recorded.proposal = (!steps.is_empty()).then(proposal);
}

/// A person approved the steps that wait.
pub(super) fn approved(
    recorded: &mut Recorded,
    plan: &Digest,
    who: &str,
    at_ms: Millis,
) -> Result<(), String> {
    let is_it = |proposal: &Proposal| proposal.plan == *plan;
    let Some(proposal) = recorded.proposal.take_if(|proposal| is_it(proposal)) else {
        return Err("no such plan waits".to_owned());
    };
    let approval = |step: Step| Approval { plan: plan.clone(), who: who.to_owned(), at_ms, step };
    let steps = proposal.steps.into_iter().map(|step| (step.key.clone(), approval(step)));
    recorded.approvals.extend(steps);
    Ok(())
}

/// What was allowed does not hold any more.
pub(super) fn lapsed(
    recorded: &mut Recorded,
    approvals: &[StepKey],
    confirmations: &[Digest],
) -> Result<(), String> {
    if let Some(key) = approvals.iter().find(|key| !recorded.approvals.contains_key(key)) {
        return Err(format!("`{}` is not approved", key.0));
    }
    if let Some(digest) = confirmations.iter().find(|digest| !recorded.confirmations.contains_key(digest)) {
        return Err(format!("`{digest}` is not confirmed"));
    }
    recorded.approvals.retain(|key, _| !approvals.contains(key));
    recorded.confirmations.retain(|digest, _| !confirmations.contains(digest));
    Ok(())
}

/// Whether a person confirmed the loss of exactly this.
pub(super) fn is_confirmed(
    recorded: &Recorded,
    (resource, generation): (&ResourceId, u32),
    identifier: &str,
    digest: &Digest,
) -> bool {
    recorded.confirmations.get(digest).is_some_and(|confirmation| {
        let is_it = |loss: &schema_documents::journal::Loss| {
            loss.generation == generation && loss.identifier == identifier
        };
        confirmation.resource == *resource && confirmation.loss.as_ref().is_none_or(is_it)
    })
}

/// The step of an intent is done: its approval is used up.
pub(super) fn use_up(recorded: &mut Recorded, intent: &Intent) {
    let verb = match &intent.act {
        Act::Create { .. } => "create",
        Act::Update { .. } => "update",
        Act::Delete { .. } => "delete",
    };
    recorded.approvals.remove(&StepKey::new(verb, &intent.resource, intent.generation));
}
