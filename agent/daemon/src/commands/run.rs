//! `manifest-agent run`: pass after pass, until told to stop.

use std::sync::Arc;

use agent_driver::{Driver, Memory};
use agent_engine::command::{Ended, Outcome};
use agent_engine::diff::Sightings;
use agent_engine::pass::Mode;
use anyhow::Result;
use schema_documents::Digest;
use schema_documents::plan::Plan;
use schema_store::Missing;
use tokio::sync::watch;
use tracing::Instrument as _;
use tracing::field::Empty;

use super::apply::{Work, once, say};
use super::status;
use crate::args::Run;
use crate::metered::Metered;
use crate::output::{self, Verdict};
use crate::telemetry::Telemetry;
use crate::wiring::{self, Environment};
use crate::{desired, serve, show};

/// A pass that fails is told and tried again: a store or a cloud that does not answer now may answer later.
pub(crate) async fn run(args: Run) -> Result<Verdict> {
    let every = wiring::seconds(args.every, "--every")?;
    let telemetry = Arc::new(Telemetry::new(every));
    if let Some(listen) = args.listen {
        let state = &args.at.place.state;
        let address = serve::start(listen, args.listen_anywhere, Arc::clone(&telemetry), state).await?;
        output::data(&format!("listening on http://{address}\n"))?;
    }
    let mut stop = show::stop_signal();
    let mut known = Known::new(Arc::clone(&telemetry));
    let mut number: u64 = 0;
    while !*stop.borrow() {
        number += 1;
        telemetry.begins();
        let pass = tracing::info_span!("pass", number, app = Empty, environment = Empty);
        if let Err(error) = one(&args, &mut known, stop.clone()).instrument(pass.clone()).await {
            pass.in_scope(|| tracing::error!("the pass failed and is tried again: {error:#}"));
            telemetry.failed(format!("{error:#}"));
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
struct Known {
    telemetry: Arc<Telemetry>,
    /// Whether the state was there: what is gone since then is not made again, for a journal must never begin anew.
    opened: bool,
    environment: (String, String),
    memory: Memory,
    sightings: Sightings,
    /// What the last pass said. A plan that waits for people is told once.
    said: Option<Digest>,
}

impl Known {
    fn new(telemetry: Arc<Telemetry>) -> Self {
        Self {
            telemetry,
            opened: false,
            environment: (String::new(), String::new()),
            memory: Memory::default(),
            sightings: Sightings::default(),
            said: None,
        }
    }

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
            (self.environment, self.memory, self.said) = (named, Memory::default(), None);
        }
        self.memory.clone()
    }
}

async fn one(args: &Run, known: &mut Known, stop: watch::Receiver<bool>) -> Result<()> {
    let sightings = std::mem::take(&mut known.sightings);
    let (desired, published) = desired::read(&args.at.wanted, &args.at.place).await?;
    let missing = if known.opened { Missing::Refuse } else { Missing::Create };
    let environment = Environment::of(&desired, &args.at.place, missing)?;
    known.opened = true;
    let (app, name) = (environment.app.as_str(), environment.name.as_str());
    tracing::Span::current().record("app", app).record("environment", name);
    known.telemetry.is_of(app, name);
    let (provider, lease) = (wiring::cloud(&desired, &args.at.reach).await?, wiring::lease(&args.at.reach)?);
    let provider = Arc::new(Metered { provider, telemetry: Arc::clone(&known.telemetry) });
    let driver = Driver { memory: known.of(&environment), ..environment.driver(provider, lease) };
    let work = Work { desired, published, mode: Mode::Run, sightings };
    let report = once(&driver, work, &args.at.reach, stop, Some(&known.telemetry)).await?;
    let outcome = &report.outcome;
    let (done, failed) = (outcome.succeeded.len(), outcome.failed.len());
    tracing::info!(done, failed, skipped = outcome.skipped.len(), "the pass ended");
    known.telemetry.ended(&report, status::of(&environment, &report.recorded));
    if known.is_news(outcome) {
        say(outcome)?;
    }
    known.sightings = report.sightings;
    Ok(())
}
