//! `manifest-agent approve`: a person's word that the steps of a plan may be done.
//!
//! What waits is in the journal, put there by the last pass of `apply` or `run`. What only `plan` has shown is not: with the
//! desired state at hand it is planned once more, and approved if it is still that.

use agent_driver::{DriverError, append_as_person};
use agent_engine::pass::Mode;
use anyhow::{Result, bail};
use schema_documents::Digest;
use schema_documents::journal::Entry;
use schema_documents::plan::{Plan, Step};
use schema_documents::recorded::Recorded;

use super::plan;
use crate::args::{Approve, Wanted};
use crate::desired;
use crate::output::{self, Verdict};
use crate::wiring::{self, Environment};

pub(crate) async fn run(args: Approve) -> Result<Verdict> {
    let who = wiring::person(args.by.as_ref())?;
    let digest = Digest::from(args.digest.clone());
    let environment = Environment::find(&args.place).await?;
    let recorded = environment.recorded().await?;
    let named = format!("{} {}", environment.app, environment.name);
    if let Some(approval) = recorded.approvals.values().find(|approval| approval.plan == digest) {
        let at = output::time(approval.at_ms);
        output::data(&format!("{named}: {} approved it already, {at}\n", approval.who))?;
        return Ok(Verdict::Clean);
    }
    let waits = recorded.proposal.as_ref().filter(|proposal| proposal.plan == digest);
    let proposed = match (waits, &args.desired) {
        (Some(proposal), _) => (proposal.steps.len(), None),
        (None, Some(_)) => {
            let steps = planned(&args, &digest).await?;
            (steps.len(), Some(Entry::Proposed { plan: digest.clone(), steps }))
        }
        (None, None) => bail!(refusal(&digest, &named, &recorded)),
    };
    let (count, proposal) = proposed;
    let entries = proposal.into_iter().chain([Entry::Approved { plan: digest.clone(), who: who.clone() }]);
    let driver = environment.driver_without_cloud(wiring::lease(&args.reach)?);
    match append_as_person(&driver, entries.collect()).await {
        // It was withdrawn between the look and the word.
        Err(DriverError::Illegal(_)) => bail!(refusal(&digest, &named, &environment.recorded().await?)),
        appended => appended?,
    }
    let steps = if count == 1 { "step" } else { "steps" };
    output::data(&format!("{named}: {who} approved {count} {steps}, which the next pass does\n"))?;
    Ok(Verdict::Clean)
}

/// Why a digest cannot be approved, and which one can.
fn refusal(digest: &Digest, named: &str, recorded: &Recorded) -> String {
    match &recorded.proposal {
        Some(proposal) => format!(
            "`{digest}` is not what waits in {named}: since {} that is `{newer}`; look at it with `manifest-agent status`, \
             then `manifest-agent approve {newer}`",
            output::time(proposal.at_ms),
            newer = proposal.plan,
        ),
        None => format!(
            "nothing waits for approval in {named}; what only `plan` has shown is approved with `--desired` beside it"
        ),
    }
}

/// The steps that wait by a plan made just now, if they are those.
async fn planned(args: &Approve, digest: &Digest) -> Result<Vec<Step>> {
    let desired = args.desired.clone().unwrap_or_default();
    let wanted = Wanted { desired, max_document_bytes: args.max_document_bytes };
    let (desired, published) = desired::read(&wanted, &args.place).await?;
    let plan = plan::make(desired, published, (&args.place, &args.reach), Mode::Plan).await?;
    match &plan.awaited {
        Some(awaited) if awaited.digest == *digest => Ok(waiting(&plan)),
        Some(awaited) => bail!(
            "`{digest}` is not what waits: that is `{newer}` now; look at it with `manifest-agent plan`, then \
             `manifest-agent approve {newer}`",
            newer = awaited.digest,
        ),
        None => bail!("`{digest}` is not what waits: nothing waits for approval now"),
    }
}

fn waiting(plan: &Plan) -> Vec<Step> {
    let awaited = plan.awaited.iter().flat_map(|awaited| &awaited.steps);
    let names: std::collections::BTreeSet<_> = awaited.map(|awaited| &awaited.step).collect();
    plan.steps.iter().filter(|step| names.contains(&step.key)).cloned().collect()
}
