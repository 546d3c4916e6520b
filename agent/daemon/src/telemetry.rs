//! What a running agent tells of itself: metrics, whether it lives, whether it is ready, and its last status.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use agent_driver::{Progress, Report, SystemClock};
use agent_engine::command::Ended;
use agent_world::Clock as _;

use crate::metrics::{Labels, Lease, Metrics};

/// A sign of life is at most so old: the longest time that nothing needs to happen in, beside the interval.
const SILENCE: Duration = Duration::from_mins(5);

/// A pass that went well is at most so many rounds old. A round is the interval and the longest pass so far.
const ROUNDS: u32 = 3;

/// The longest pass that counts for that.
const LONGEST_PASS: Duration = Duration::from_hours(1);

/// Shared between the passes and whoever asks about them.
#[derive(Debug)]
pub(crate) struct Telemetry {
    metrics: Metrics,
    every: Duration,
    /// Whether anybody can ask. Otherwise no status is kept.
    is_asked: bool,
    now: Mutex<State>,
}

#[derive(Debug)]
struct State {
    environment: Labels,
    sign_of_life: Instant,
    began: Instant,
    longest: Duration,
    went_well: Option<Instant>,
    /// Why the last pass did not go well.
    trouble: Option<String>,
    /// Whether the pass waits for another agent, which works.
    stands_by: bool,
    /// Answers of the cloud since the pass began, and questions that it left open.
    answered: u64,
    unanswered: u64,
    /// Whether no question was answered when there last was one.
    blind: bool,
    status: Option<Status>,
}

/// The status after the last pass, as `manifest-agent status` writes it.
#[derive(Clone, Debug)]
pub(crate) struct Status {
    /// For people.
    pub(crate) text: String,
    /// For machines.
    pub(crate) json: String,
}

impl Telemetry {
    /// Of an agent that makes a pass each so often, and can be asked about it or not.
    pub(crate) fn new(every: Duration, is_asked: bool) -> Self {
        let now = Instant::now();
        let state = State {
            environment: Labels::default(),
            sign_of_life: now,
            began: now,
            longest: Duration::ZERO,
            went_well: None,
            trouble: Some("no pass has ended yet".to_owned()),
            stands_by: false,
            answered: 0,
            unanswered: 0,
            blind: false,
            status: None,
        };
        Self { metrics: Metrics::new(), every, is_asked, now: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A pass begins.
    pub(crate) fn begins(&self) {
        let mut state = self.state();
        state.sign_of_life = Instant::now();
        state.began = state.sign_of_life;
        (state.answered, state.unanswered) = (0, 0);
    }

    /// The agent waits, and lives.
    pub(crate) fn beats(&self) {
        self.state().sign_of_life = Instant::now();
    }

    /// It is of this environment.
    pub(crate) fn is_of(&self, app: &str, environment: &str) {
        self.state().environment = Labels::new(app, environment);
    }

    /// A call was answered, or not.
    pub(crate) fn called(&self, kind: &str, operation: &'static str, result: &'static str) {
        self.metrics.called(kind, operation, result);
        let mut state = self.state();
        state.sign_of_life = Instant::now();
        // A refusal of the credentials is an answer, and no look at the cloud either.
        if matches!(result, "no_answer" | "refused") { state.unanswered += 1 } else { state.answered += 1 }
    }

    /// What a pass tells while it runs.
    pub(crate) fn hear(&self, progress: &Progress) {
        let mut state = self.state();
        state.sign_of_life = Instant::now();
        match progress {
            Progress::LeaseHeld { .. } => {
                state.stands_by = true;
                self.metrics.lease(&state.environment, Lease::Another);
            }
            Progress::Started { .. } => {
                state.stands_by = false;
                self.metrics.lease(&state.environment, Lease::Us);
            }
            _ => {}
        }
    }

    /// A pass came to its end, with the status after it.
    pub(crate) fn ended(&self, report: &Report, status: impl FnOnce() -> Status) {
        let status = self.is_asked.then(status);
        let mut state = self.state();
        let took = state.end();
        // A pass that had nothing to ask sees no more than the one before.
        state.blind = state.answered == 0 && (state.unanswered > 0 || state.blind);
        let blind = state.blind;
        let (outcome, trouble) = judge(report, blind);
        let of = state.environment.clone();
        self.metrics.passed(&of, outcome, took);
        self.metrics.stepped(&of, &report.outcome);
        self.metrics.looked(&of, report.outcome.plan.as_ref(), &report.recorded);
        self.metrics.lease(&of, if report.recorded.lease.is_some() { Lease::Another } else { Lease::Nobody });
        if trouble.is_none() {
            state.went_well = Some(Instant::now());
            self.metrics.went_well(&of, SystemClock::default().now_ms());
        }
        state.trouble = trouble;
        state.status = status;
    }

    /// A pass could not be run, or not to its end.
    pub(crate) fn failed(&self, why: String) {
        let mut state = self.state();
        let took = state.end();
        self.metrics.passed(&state.environment, "error", took);
        state.trouble = Some(why);
    }

    /// All metrics, encoded.
    pub(crate) fn metrics(&self) -> String {
        self.metrics.encoded()
    }

    /// The status after the last pass that came to its end.
    pub(crate) fn status(&self) -> Option<Status> {
        self.state().status.clone()
    }

    /// Whether the passes go on: `Err` says since when nothing happened.
    pub(crate) fn lives(&self) -> Result<(), String> {
        let silent = self.state().sign_of_life.elapsed();
        if silent <= SILENCE + self.every {
            return Ok(());
        }
        Err(format!("nothing has happened for {} s", silent.as_secs()))
    }

    /// Whether a pass went well lately, or waits for another agent that works: `Err` says what is wrong.
    pub(crate) fn is_ready(&self) -> Result<(), String> {
        let state = self.state();
        let within = (self.every + state.longest.min(LONGEST_PASS)) * ROUNDS;
        match (state.went_well, &state.trouble) {
            _ if state.stands_by => Ok(()),
            (Some(at), _) if at.elapsed() <= within => Ok(()),
            (_, Some(trouble)) => Err(trouble.clone()),
            (Some(at), None) => Err(format!("the last pass ended {} s ago", at.elapsed().as_secs())),
            (None, None) => Err("no pass has ended yet".to_owned()),
        }
    }
}

impl State {
    fn end(&mut self) -> Duration {
        self.stands_by = false;
        self.sign_of_life = Instant::now();
        let took = self.began.elapsed();
        self.longest = self.longest.max(took);
        took
    }
}

/// The word for how a pass ended, and what was wrong with it, if it was not good.
fn judge(report: &Report, blind: bool) -> (&'static str, Option<String>) {
    let outcome = &report.outcome;
    match &outcome.ended {
        Ended::Stopped => ("stopped", Some("the last pass was told to stop".to_owned())),
        Ended::Lost { to } => ("lost", Some(format!("another agent has taken over: {to}"))),
        // Another agent works towards what is newer: that is no trouble, and the next pass reads it too.
        Ended::Superseded { .. } => ("superseded", None),
        Ended::Refused { .. } => ("refused", Some("the plan did not pass its own check".to_owned())),
        Ended::Done if blind => ("blind", Some("the cloud did not answer a single question".to_owned())),
        // A step that fails is told by its metric: the agent itself does what it can.
        Ended::Done if !outcome.failed.is_empty() => ("failed_steps", None),
        Ended::Done => ("ok", None),
    }
}
