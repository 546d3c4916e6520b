//! `manifest-agent apply`: one pass.

use std::sync::Arc;

use agent_driver::{Driver, Report, Reporter, Request, pass, reconcile};
use agent_engine::attention::Attention;
use agent_engine::command::{Ended, Outcome};
use agent_engine::diff::Sightings;
use agent_engine::options::Limits;
use agent_engine::pass::{Mode, Published};
use anyhow::{Result, bail};
use schema_catalog::Catalog;
use schema_documents::desired::DesiredState;
use schema_documents::plan::Hold;
use schema_review::{of_plan, render};
use schema_store::Missing;
use tokio::sync::watch;

use crate::args::{Apply, Reach};
use crate::output::{self, DIM, GREEN, RED, Verdict};
use crate::telemetry::Telemetry;
use crate::wiring::{self, Environment};
use crate::{advice, desired, setback, show};

pub(crate) async fn run(args: Apply) -> Result<Verdict> {
    let (desired, published) = desired::read(&args.at.wanted, &args.at.place).await?;
    let environment = Environment::of(&desired, &args.at.place, Missing::Create)?;
    let driver =
        environment.driver(wiring::cloud(&desired, &args.at.reach).await?, wiring::lease(&args.at.reach)?);
    let work = || {
        let (desired, published) = (desired.clone(), published.clone());
        let (sightings, attention) = (Sightings::default(), Attention::default());
        Work { desired, published, mode: Mode::Apply, sightings, attention }
    };
    let mut stop = show::stop_signal();
    let report = once(&driver, work(), &args.at.reach, stop.clone(), None).await?;
    let verdict = say(&report.outcome)?;
    let Some(next) = setback::follow_up(&report, &show::limits(&desired, &args.at.reach)?) else {
        return Ok(verdict);
    };
    tokio::select! {
        () = tokio::time::sleep(next.pause) => {}
        _ = stop.wait_for(|stop| *stop) => return Ok(verdict),
    }
    anstream::eprintln!("{}", next.why);
    let report = once(&driver, work(), &args.at.reach, stop, None).await?;
    say(&report.outcome)?;
    Ok(Verdict::Findings)
}

/// What one pass works towards.
pub(crate) struct Work {
    pub(crate) desired: DesiredState,
    pub(crate) published: Published,
    pub(crate) mode: Mode,
    pub(crate) sightings: Sightings,
    pub(crate) attention: Attention,
}

/// How much of the reading limits one pass of many may use to look at what is live, in percent: nobody waits for it, and
/// others read in the same account.
const RUN_LOOKS_PERCENT: u64 = 50;

/// Runs one pass with its progress shown. One of many looks first: an environment in step is never written to.
pub(crate) async fn once(
    driver: &Driver,
    work: Work,
    reach: &Reach,
    stop: watch::Receiver<bool>,
    telemetry: Option<&Arc<Telemetry>>,
) -> Result<Report> {
    let (reporter, progress) = Reporter::channel();
    let shown = show::start(progress, telemetry.cloned());
    let Work { desired, published, mode, sightings, attention } = work;
    let looking_percent = if mode == Mode::Run { RUN_LOOKS_PERCENT } else { 100 };
    let limits = Limits { looking_percent, ..show::limits(&desired, reach)? };
    let catalog = Catalog::builtin();
    let desired = desired.into();
    let request = Request { desired, published, catalog, limits, mode, sightings, attention };
    let report = if request.mode == Mode::Run {
        reconcile(driver, request, &reporter, stop).await
    } else {
        pass(driver, request, &reporter, stop).await
    };
    drop(reporter);
    show::finish(shown).await;
    Ok(report?)
}

/// Says how a pass ended.
pub(crate) fn say(outcome: &Outcome) -> Result<Verdict> {
    if let Some(plan) = &outcome.plan {
        output::data(&render::text(&of_plan(plan)))?;
    }
    for failed in &outcome.failed {
        let (red, plain) = (RED.render(), RED.render_reset());
        anstream::eprintln!("{red}failed{plain} {}: {}: {}", failed.step.0, failed.code, failed.message);
        anstream::eprintln!("       {}", advice::on(&failed.code));
    }
    for skipped in &outcome.skipped {
        anstream::eprintln!(
            "{}skipped{} {}: {}",
            DIM.render(),
            DIM.render_reset(),
            skipped.step.0,
            skipped.why
        );
    }
    match &outcome.ended {
        Ended::Done => {}
        Ended::Stopped => {
            anstream::eprintln!("stopped; what was in flight is recorded, the next pass goes on from there");
        }
        Ended::Lost { to } => bail!("another agent has taken over: {to}"),
        Ended::Superseded { by } => bail!(
            "superseded: document {by} was applied meanwhile and nothing was done; run this again to work towards the newest"
        ),
        Ended::Refused { violations } => bail!(
            "the plan did not pass its own check and nothing was done, which is a fault of this program: {}",
            violations.join("; ")
        ),
    }
    let (done, failed, skipped) = (outcome.succeeded.len(), outcome.failed.len(), outcome.skipped.len());
    if done + failed + skipped > 0 {
        let style = if failed == 0 { GREEN } else { RED };
        let line = format!("{done} done, {failed} failed, {skipped} skipped");
        output::data(&format!("{}{line}{}\n", style.render(), style.render_reset()))?;
    }
    let held = outcome.plan.iter().flat_map(|plan| &plan.held);
    let is_set_back = held.into_iter().any(|held| held.why == Hold::SetBack);
    let clean = failed == 0 && skipped == 0 && outcome.ended == Ended::Done && !is_set_back;
    Ok(if clean { Verdict::Clean } else { Verdict::Findings })
}
