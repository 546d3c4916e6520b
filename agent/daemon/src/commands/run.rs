//! `manifest-agent run`: pass after pass, until told to stop.

use agent_driver::{Driver, Memory};
use agent_engine::command::{Ended, Outcome};
use agent_engine::diff::Sightings;
use agent_engine::pass::Mode;
use anyhow::Result;
use schema_documents::Digest;
use schema_documents::plan::Plan;
use schema_store::Missing;
use tokio::sync::watch;

use super::apply::{Work, once, say};
use crate::args::Run;
use crate::output::{self, Verdict};
use crate::wiring::{self, Environment};
use crate::{desired, show};

/// A pass that fails is told and tried again: a store or a cloud that does not answer now may answer later.
pub(crate) async fn run(args: Run) -> Result<Verdict> {
    let every = wiring::seconds(args.every, "--every")?;
    let mut stop = show::stop_signal();
    let mut sightings = Sightings::default();
    let mut known = Known::default();
    while !*stop.borrow() {
        match one(&args, std::mem::take(&mut sightings), &mut known, stop.clone()).await {
            Ok(seen) => sightings = seen,
            Err(error) => tracing::error!("the pass failed and is tried again: {error:#}"),
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }
    output::data("stopped\n")?;
    Ok(Verdict::Clean)
}

/// What this process has read of the journal of an environment.
#[derive(Default)]
struct Known {
    environment: (String, String),
    memory: Memory,
    /// What the last pass said. A plan that waits for people is told once.
    said: Option<Digest>,
}

impl Known {
    /// Whether a pass did anything, or says something else than the one before.
    fn is_news(&mut self, outcome: &Outcome) -> bool {
        let Some(plan) = &outcome.plan else { return outcome.ended != Ended::Done };
        let says = Digest::of(&Plan { journal: None, ..plan.clone() });
        let told_already = self.said.replace(says.clone()).is_some_and(|said| said == says);
        let did = outcome.succeeded.len() + outcome.failed.len() > 0;
        did || outcome.ended != Ended::Done || !(plan.is_empty() || told_already)
    }

    fn of(&mut self, environment: &Environment) -> Memory {
        let named = (environment.app.clone(), environment.name.clone());
        if self.environment != named {
            *self = Self { environment: named, ..Self::default() };
        }
        self.memory.clone()
    }
}

async fn one(
    args: &Run,
    sightings: Sightings,
    known: &mut Known,
    stop: watch::Receiver<bool>,
) -> Result<Sightings> {
    let (desired, published) = desired::read(&args.at.wanted, &args.at.place).await?;
    let environment = Environment::of(&desired, &args.at.place, Missing::Create)?;
    let (cloud, lease) = (wiring::cloud(&desired, &args.at.reach).await?, wiring::lease(&args.at.reach)?);
    let driver = Driver { memory: known.of(&environment), ..environment.driver(cloud, lease) };
    let work = Work { desired, published, mode: Mode::Run, sightings };
    let report = once(&driver, work, &args.at.reach, stop).await?;
    if known.is_news(&report.outcome) {
        say(&report.outcome)?;
    }
    Ok(report.sightings)
}
