//! `manifest-agent run`: pass after pass, until told to stop.
//!
//! A pass comes when it is time for one, when an audit event names something, and a moment after an edit was seen that has not
//! settled. Only the first kind sweeps.

use std::sync::Arc;
use std::time::Duration;

use agent_driver::{Driver, Memory, NoCloud, Report, SystemClock, stand_by};
use agent_engine::attention::{Agreement, Attention, Looks, Scope, Sweep};
use agent_engine::command::{Ended, Outcome};
use agent_engine::diff::Sightings;
use agent_engine::options::Limits;
use agent_engine::pass::Mode;
use agent_world::{Clock as _, Delivery};
use anyhow::Result;
use schema_documents::desired::{DesiredState, Outline};
use schema_documents::plan::Plan;
use schema_documents::{Digest, Millis};
use schema_store::Missing;
use tokio::sync::watch;
use tracing::Instrument as _;
use tracing::field::Empty;

use super::apply::{Work, once, say};
use super::status;
use crate::args::Run;
use crate::listening::Ear;
use crate::metered::Metered;
use crate::output::{self, Verdict};
use crate::telemetry::Telemetry;
use crate::wiring::{self, Environment};
use crate::{desired, serve, setback, show};

/// How long an edit that was seen rests before it is looked at again.
const REST_MS: u64 = 1_000;

/// A sweep takes its share of the rate limit for no more than this at once, however long the last one is ago.
const LONGEST_SAVED_MS: u64 = 60_000;

/// Within this time everything is read once where audit events tell of most edits, in seconds.
const SWEEP_BESIDE_EVENTS: f64 = 3_600.0;

/// So often an agent that waits gives a sign of life.
const BEAT: Duration = Duration::from_secs(30);

/// A pass that fails is told and tried again: a store or a cloud that does not answer now may answer later.
pub(crate) async fn run(args: Run) -> Result<Verdict> {
    let every = wiring::seconds(args.every, "--every")?;
    let telemetry = Arc::new(Telemetry::new(every, args.listen.is_some()));
    if let Some(listen) = args.listen {
        let state = &args.at.place.state;
        let address = serve::start(listen, args.listen_anywhere, Arc::clone(&telemetry), state).await?;
        output::data(&format!("listening on http://{address}\n"))?;
    }
    let stop = show::stop_signal();
    let mut standing = Standing::new(&args, Arc::clone(&telemetry))?;
    let mut number: u64 = 0;
    while !*stop.borrow() {
        number += 1;
        telemetry.begins();
        let pass = tracing::info_span!("pass", number, app = Empty, environment = Empty);
        let driver = Box::pin(standing.pass(&args, stop.clone())).instrument(pass.clone()).await;
        if let Err(error) = &driver {
            pass.in_scope(|| tracing::error!("the pass failed and is tried again: {error:#}"));
            telemetry.failed(format!("{error:#}"));
        }
        standing.wait(driver.ok().as_ref(), every, &stop).await;
    }
    output::data("stopped\n")?;
    Ok(Verdict::Clean)
}

/// What passes leave to those after them.
struct Standing {
    telemetry: Arc<Telemetry>,
    clock: SystemClock,
    known: Known,
    sightings: Sightings,
    looks: Looks,
    agreement: Option<Agreement>,
    /// When a pass may follow on the last one, if a deployment of that did not come to its end.
    follows_at_ms: Option<Millis>,
    ear: Option<Ear>,
    limits: Limits,
    /// When the last slice of the sweep was read; `None` before the first.
    swept_at_ms: Option<Millis>,
    /// When the last pass ended that came because it was time.
    timed_at_ms: Millis,
    /// Whether the next pass comes because it is time.
    is_timed: bool,
    /// Within this time everything is read once.
    interval_ms: u64,
}

/// What this process has read of the journal of an environment.
#[derive(Default)]
struct Known {
    environment: (String, String),
    memory: Memory,
    /// What the last pass said. A plan that waits for people is told once.
    said: Option<Digest>,
    /// Whether the state was there: what is gone since then is not made again, for a journal must never begin anew.
    opened: bool,
}

impl Known {
    fn of(&mut self, environment: &Environment) -> Memory {
        let named = (environment.app.clone(), environment.name.clone());
        if self.environment != named {
            *self = Self { environment: named, opened: self.opened, ..Self::default() };
        }
        self.memory.clone()
    }

    /// Whether a pass did anything, or says something else than the one before.
    fn is_news(&mut self, outcome: &Outcome) -> bool {
        let Some(plan) = &outcome.plan else { return outcome.ended != Ended::Done };
        let says = Digest::of(&Plan { journal: None, ..plan.clone() });
        let told_already = self.said.replace(says.clone()).is_some_and(|said| said == says);
        let did = outcome.succeeded.len() + outcome.failed.len() > 0;
        did || outcome.ended != Ended::Done || !(plan.is_empty() || told_already)
    }
}

impl Standing {
    fn new(args: &Run, telemetry: Arc<Telemetry>) -> Result<Self> {
        let default = if args.events.is_some() { SWEEP_BESIDE_EVENTS } else { args.every };
        let interval = wiring::seconds(args.sweep.unwrap_or(default), "--sweep")?;
        Ok(Self {
            telemetry,
            clock: SystemClock::default(),
            known: Known::default(),
            sightings: Sightings::default(),
            looks: Looks::default(),
            agreement: None,
            follows_at_ms: None,
            ear: None,
            limits: Limits::default(),
            swept_at_ms: None,
            timed_at_ms: 0,
            is_timed: true,
            interval_ms: u64::try_from(interval.as_millis())?,
        })
    }

    /// One pass. What it leaves is a driver to wait with, which has no connections to the cloud.
    async fn pass(&mut self, args: &Run, stop: watch::Receiver<bool>) -> Result<Driver> {
        let (desired, published) = desired::read(&args.at.wanted, &args.at.place).await?;
        let missing = if self.known.opened { Missing::Refuse } else { Missing::Create };
        let environment = Environment::of(&desired, &args.at.place, missing)?;
        self.known.opened = true;
        let (app, name) = (environment.app.as_str(), environment.name.as_str());
        tracing::Span::current().record("app", app).record("environment", name);
        self.telemetry.is_of(app, name);
        if let (Some(url), None) = (&args.events, &self.ear) {
            let options = wiring::aws_options(desired.environment.region.clone(), &args.at.reach)?;
            self.ear = Some(Ear::at(url, options).await);
        }
        let mut account = wiring::cloud(&desired, &args.at.reach).await?;
        account.provider =
            Arc::new(Metered { provider: account.provider, telemetry: Arc::clone(&self.telemetry) });
        let driver = environment.driver(account, wiring::lease(&args.at.reach)?);
        let driver = Driver { memory: self.known.of(&environment), ..driver };
        self.limits = show::limits(&desired, &args.at.reach)?;
        let sweep = if self.is_timed { self.slice(args.sweep_rate) } else { Sweep::default() };
        let began_at_ms = self.clock.now_ms();
        let attention = self.attention(&desired, sweep);
        let sightings = self.sightings.clone();
        let work = Work { desired, published, mode: Mode::Run, sightings, attention };
        let report = once(&driver, work, &args.at.reach, stop, Some(&self.telemetry)).await?;
        self.tell(&environment, &report)?;
        if sweep.most > 0 {
            self.swept_at_ms = Some(began_at_ms);
        }
        self.leave(report).await;
        Ok(Driver { provider: Arc::new(NoCloud), ..driver })
    }

    /// Tells how a pass ended: to whoever watches, and to people where it is news.
    fn tell(&mut self, environment: &Environment, report: &Report) -> Result<()> {
        let outcome = &report.outcome;
        let (done, failed) = (outcome.succeeded.len(), outcome.failed.len());
        tracing::info!(done, failed, skipped = outcome.skipped.len(), "the pass ended");
        self.telemetry.ended(report, || status::of(environment, &report.recorded));
        if self.known.is_news(outcome) {
            say(outcome)?;
        }
        Ok(())
    }

    fn attention(&self, desired: &DesiredState, sweep: Sweep) -> Attention {
        let (named, authors) = self.ear.as_ref().map_or_else(Default::default, Ear::told);
        let (looks, agreement) = (self.looks.clone(), self.agreement.clone());
        let outline = Some(Arc::new(Outline::of(desired)));
        Attention { scope: Scope::Narrow { named, sweep }, authors, looks, agreement, outline }
    }

    /// The slice of the sweep that is due. In the first pass that is as much as the rate allows: what happened before nobody
    /// knows. Where the rate allows less than one read, it is saved up.
    fn slice(&self, rate: f64) -> Sweep {
        let since_ms = self.swept_at_ms.map_or(u64::MAX, |at_ms| self.clock.now_ms().saturating_sub(at_ms));
        let saved = Duration::from_millis(since_ms.min(LONGEST_SAVED_MS));
        let most = Duration::try_from_secs_f64(saved.as_secs_f64() * rate).unwrap_or_default().as_secs();
        Sweep { since_ms, interval_ms: self.interval_ms, most: usize::try_from(most).unwrap_or(usize::MAX) }
    }

    async fn leave(&mut self, report: Report) {
        let pause_ms = setback::follow_up(&report, &self.limits).map(|next| next.pause.as_millis());
        let pause_ms = pause_ms.map(|pause_ms| u64::try_from(pause_ms).unwrap_or(u64::MAX));
        self.follows_at_ms = pause_ms.map(|pause_ms| self.clock.now_ms().saturating_add(pause_ms));
        let Report { sightings, looks, agreement, .. } = report;
        if let Some(ear) = &mut self.ear {
            ear.settle(&looks, &sightings).await;
        }
        (self.sightings, self.looks, self.agreement) = (sightings, looks, agreement);
    }

    /// Waits until the next pass is due, or something is heard that one should look at.
    async fn wait(&mut self, driver: Option<&Driver>, every: Duration, stop: &watch::Receiver<bool>) {
        if self.is_timed {
            self.timed_at_ms = self.clock.now_ms();
        }
        let due_ms = self.due_ms(every);
        self.known.memory.rest();
        while !*stop.borrow() {
            let pause = Duration::from_millis(due_ms.saturating_sub(self.clock.now_ms()));
            let deliveries = tokio::select! {
                () = rest(driver, pause, stop.clone()) => return,
                deliveries = arrive(&mut self.ear) => deliveries,
                () = tokio::time::sleep(BEAT) => {
                    self.telemetry.beats();
                    continue;
                }
            };
            if let Some(ear) = &mut self.ear
                && ear.hear(deliveries, || self.known.memory.with(Clone::clone), &self.limits).await
            {
                self.is_timed = false;
                return;
            }
        }
    }

    /// When the next pass is due, if nothing is heard before.
    fn due_ms(&mut self, every: Duration) -> Millis {
        let soon_ms = self.clock.now_ms() + REST_MS;
        let every_ms = u64::try_from(every.as_millis()).unwrap_or(u64::MAX);
        let timed_at_ms = self.timed_at_ms.saturating_add(every_ms);
        let rested_at_ms = (!self.sightings.is_empty()).then_some(soon_ms);
        let again_at_ms = self.ear.as_ref().and_then(Ear::look_again_at_ms).map(|at_ms| at_ms.max(soon_ms));
        let sooner_ms = rested_at_ms
            .into_iter()
            .chain(again_at_ms)
            .chain(self.follows_at_ms)
            .min()
            .unwrap_or(Millis::MAX);
        self.is_timed = timed_at_ms <= sooner_ms;
        timed_at_ms.min(sooner_ms)
    }
}

/// Waits for the next pass; as long as another agent works, and no longer than that one lives.
async fn rest(driver: Option<&Driver>, pause: Duration, mut stop: watch::Receiver<bool>) {
    if let Some(driver) = driver {
        match stand_by(driver, pause, &stop).await {
            Ok(()) => return,
            Err(error) => tracing::warn!("the journal could not be watched: {error}"),
        }
    }
    tokio::select! {
        () = tokio::time::sleep(pause) => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

/// The next deliveries; never, where nobody listens.
async fn arrive(ear: &mut Option<Ear>) -> Vec<Delivery> {
    match ear {
        Some(ear) => ear.arrive().await,
        None => std::future::pending().await,
    }
}
