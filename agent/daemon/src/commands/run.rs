//! `manifest-agent run`: pass after pass, until told to stop.

use std::time::Duration;

use agent_driver::{Driver, Memory, stand_by};
use agent_engine::command::Ended;
use agent_engine::diff::Sightings;
use agent_engine::pass::Mode;
use anyhow::Result;
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
            Ok((seen, driver)) => {
                sightings = seen;
                pause(Some(&driver), every, &mut stop).await;
            }
            Err(error) => {
                tracing::error!("the pass failed and is tried again: {error:#}");
                pause(None, every, &mut stop).await;
            }
        }
    }
    output::data("stopped\n")?;
    Ok(Verdict::Clean)
}

/// Waits for the next pass; as long as another agent works, and no longer than that one lives.
async fn pause(driver: Option<&Driver>, every: Duration, stop: &mut watch::Receiver<bool>) {
    if let Some(driver) = driver {
        match stand_by(driver, every, stop).await {
            Ok(()) => return,
            Err(error) => tracing::warn!("the journal could not be watched: {error}"),
        }
    }
    tokio::select! {
        () = tokio::time::sleep(every) => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

/// What this process has read of the journal of an environment.
#[derive(Default)]
struct Known {
    environment: (String, String),
    memory: Memory,
}

impl Known {
    fn of(&mut self, environment: &Environment) -> Memory {
        let named = (environment.app.clone(), environment.name.clone());
        if self.environment != named {
            *self = Self { environment: named, memory: Memory::default() };
        }
        self.memory.clone()
    }
}

async fn one(
    args: &Run,
    sightings: Sightings,
    known: &mut Known,
    stop: watch::Receiver<bool>,
) -> Result<(Sightings, Driver)> {
    let (desired, published) = desired::read(&args.at.wanted, &args.at.place).await?;
    let environment = Environment::of(&desired, &args.at.place, Missing::Create)?;
    let (cloud, lease) = (wiring::cloud(&desired, &args.at.reach).await?, wiring::lease(&args.at.reach)?);
    let driver = Driver { memory: known.of(&environment), ..environment.driver(cloud, lease) };
    let work = Work { desired, published, mode: Mode::Run, sightings };
    let report = once(&driver, work, &args.at.reach, stop).await?;
    let idle = report.outcome.plan.as_ref().is_some_and(schema_documents::plan::Plan::is_empty);
    if !idle || report.outcome.ended != Ended::Done {
        say(&report.outcome)?;
    }
    Ok((report.sightings, driver))
}
