//! One pass, from the journal's opening to its outcome.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use agent_engine::attention::{Agreement, Attention, Looks};
use agent_engine::command::{Command, Event, Outcome};
use agent_engine::diff::Sightings;
use agent_engine::live::Key;
use agent_engine::options::Limits;
use agent_engine::pass::{Inputs, Left, Mode, Pass, Published};
use agent_world::{
    Call, CallAction, CallError, FailureKind, Progress as Answer, ProgressState, ReadError, Readiness,
};
use schema_catalog::Catalog;
use schema_documents::Value;
use schema_documents::desired::DesiredState;
use schema_documents::journal::{Act, Intent};
use schema_documents::recorded::Recorded;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::lease::{self, Hold};
use crate::progress::Narrator;
use crate::scrub::{self, Secrets};
use crate::witness::Sight;
use crate::{Driver, DriverError, Journal, Reporter, Writer, recover};

/// What a pass is asked for.
#[derive(Clone)]
pub struct Request {
    /// What should be.
    pub desired: Arc<DesiredState>,
    /// Where it was published, when it was.
    pub published: Published,
    /// Facts about kinds.
    pub catalog: &'static Catalog,
    /// What bounds the pass.
    pub limits: Limits,
    /// What the pass may do.
    pub mode: Mode,
    /// Edits that earlier passes saw and that have not settled: [`Report::sightings`] of the last one.
    pub sightings: Sightings,
    /// What it looks at, and what it was told before.
    pub attention: Attention,
}

/// What a pass leaves.
pub struct Report {
    /// How it ended, with its plan.
    pub outcome: Outcome,
    /// The record after it.
    pub recorded: Recorded,
    /// Edits that were seen and have not settled, for the next pass.
    pub sightings: Sightings,
    /// How many entries were written, or would have been by a pass that may write.
    pub learnt: usize,
    /// When each was last read, for the next pass.
    pub looks: Looks,
    /// Of what the pass had anything to say.
    pub noticed: BTreeSet<Key>,
    /// How the document and the record agreed before the pass.
    pub agreement: Option<Agreement>,
}

/// Runs one pass: opens the journal, holds the lease where anything may change, executes what the engine commands, and
/// gives the lease back. `stop` turning true lets what is in flight come to a recorded end and begins nothing new.
///
/// A pass in [`Mode::Plan`] writes nothing anywhere. Where there is no journal and something live says that it is of this
/// environment, no pass begins: [`DriverError::JournalLost`].
pub async fn pass(
    driver: &Driver,
    request: Request,
    reporter: &Reporter,
    stop: watch::Receiver<bool>,
) -> Result<Report, DriverError> {
    let mut journal = Journal::open(driver).await?;
    recover::is_new(driver, &mut journal, &request).await?;
    if !matches!(request.mode, Mode::Plan | Mode::PlanDestroy) {
        lease::claim(driver, &mut journal, reporter, &stop).await?;
    }
    let account = account(driver, &request.desired).await;
    let mut run = Run::new(driver, journal, request, account, reporter);
    let outcome = run.execute(stop).await;
    let (pass, mut journal) = run.end().await;
    if let Err(error) = journal.release().await {
        tracing::warn!(%error, "the lease was not given back; the next writer waits until its term is over");
    }
    driver.memory.learn(pass.experience());
    let outcome = outcome?;
    let learnt = pass.learnt();
    let Left { recorded, sightings, looks, noticed, agreement } = pass.leave();
    Ok(Report { outcome, recorded, sightings, learnt, looks, noticed, agreement })
}

/// The account that the cloud is, where the document names something that must be in it. Without an answer nothing is taken
/// that may be elsewhere.
async fn account(driver: &Driver, desired: &DesiredState) -> Option<String> {
    if !desired.resources.values().any(|resource| resource.existing.is_some()) {
        return None;
    }
    let answer = in_time(driver, driver.provider.account()).await;
    answer.inspect_err(|error| tracing::warn!(%error, "the account is not known")).ok().flatten()
}

/// A pass for an environment that is mostly idle: looks first, without the lease, and runs the pass only when there is
/// something to do, to record or to settle. So an environment in which nothing happens is never written to.
pub async fn reconcile(
    driver: &Driver,
    request: Request,
    reporter: &Reporter,
    stop: watch::Receiver<bool>,
) -> Result<Report, DriverError> {
    let mode = if request.mode == Mode::Destroy { Mode::PlanDestroy } else { Mode::Plan };
    let look = Request { mode, ..request.clone() };
    let report = pass(driver, look, &reporter.unheard(), stop.clone()).await?;
    if is_idle(&report) || *stop.borrow() {
        return Ok(report);
    }
    let attention = request.attention.clone().once_more(report.looks, report.noticed, report.agreement);
    pass(driver, Request { attention, ..request }, reporter, stop).await
}

fn is_idle(report: &Report) -> bool {
    let begins = report.outcome.plan.as_ref().is_some_and(|plan| plan.approved_steps().next().is_some());
    report.learnt == 0 && report.recorded.open.is_empty() && !begins
}

/// What a task of the run ends with.
enum Done {
    Event(Event),
    /// An append is durable, or never will be.
    Appended(u64, Result<(), DriverError>),
}

struct Run {
    driver: Driver,
    writer: Writer,
    /// Works off what the writer is given, and keeps the lease, for as long as it is polled.
    writing: Pin<Box<dyn Future<Output = Journal> + Send>>,
    held: watch::Receiver<Hold>,
    /// Boxed, since it is large and held across every wait.
    pass: Box<Pass>,
    reporter: Reporter,
    narrator: Narrator,
    tasks: JoinSet<Done>,
    /// Calls that wait for the lease to be renewed.
    calls_due: VecDeque<(u64, Call)>,
}

impl Run {
    fn new(
        driver: &Driver,
        journal: Journal,
        request: Request,
        account: Option<String>,
        reporter: &Reporter,
    ) -> Self {
        let Request { desired, published, catalog, limits, mode, sightings, attention } = request;
        let recorded = journal.recorded().clone();
        let knows = known_kinds(driver, &desired, &recorded);
        let open: BTreeMap<u64, _> =
            recorded.open.iter().map(|(number, open)| (*number, open.intent.resource.clone())).collect();
        let experience = driver.memory.experience();
        let inputs = Inputs {
            desired,
            published,
            recorded,
            catalog,
            limits,
            mode,
            sightings,
            knows,
            attention,
            experience,
            account,
            digests: driver.digests.clone(),
        };
        reporter.witness.sees(Sight::Began(&inputs));
        let (writer, writing) = journal.into_writer();
        Self {
            driver: driver.clone(),
            held: writer.held(),
            writer,
            writing: Box::pin(writing),
            pass: Box::new(Pass::new(inputs)),
            reporter: reporter.clone(),
            narrator: Narrator::new(reporter.clone(), open),
            tasks: JoinSet::new(),
            calls_due: VecDeque::new(),
        }
    }

    async fn execute(&mut self, mut stop: watch::Receiver<bool>) -> Result<Outcome, DriverError> {
        let mut stopped = false;
        let mut outcome = self.tell(Event::Started);
        loop {
            if let Some(outcome) = outcome.take() {
                return Ok(outcome);
            }
            if !stopped && *stop.borrow() {
                stopped = true;
                outcome = self.tell(Event::Stop);
                continue;
            }
            self.start_due_calls();
            tokio::select! {
                biased;
                _ = &mut self.writing => return Err(DriverError::Closed),
                Some(done) = self.tasks.join_next() => outcome = self.done(done)?,
                Ok(()) = self.held.changed() => outcome = self.held_changed()?,
                () = told_to_stop(&mut stop), if !stopped => {}
            }
        }
    }

    /// Lets the journal finish what was given to it, and takes it back.
    async fn end(self) -> (Box<Pass>, Journal) {
        drop(self.writer);
        (self.pass, self.writing.await)
    }

    /// Tells the engine what happened, and starts what it commands.
    fn tell(&mut self, event: Event) -> Option<Outcome> {
        let now_ms = self.driver.clock.now_ms();
        let witness = &self.reporter.witness;
        witness.sees(Sight::Told { event: &event, now_ms });
        let commands = self.pass.step(event, now_ms);
        witness.sees(Sight::Said { commands: &commands, turns: &self.pass.take_turns() });
        self.narrator.tell(&commands, self.pass.plan());
        let mut outcome = None;
        for command in commands {
            outcome = outcome.or(self.start(command));
        }
        outcome
    }

    fn start(&mut self, command: Command) -> Option<Outcome> {
        let driver = self.driver.clone();
        match command {
            Command::Append { append, entries } => {
                let appended = self.writer.append(entries);
                self.tasks.spawn(async move { Done::Appended(append, appended.await) });
            }
            Command::Read { question, kind, identifier } => {
                self.tasks.spawn(async move {
                    let began_at_ms = driver.clock.now_ms();
                    let result = in_time(&driver, driver.provider.read(&kind, &identifier)).await;
                    Done::Event(Event::Read { question, result, began_at_ms })
                });
            }
            Command::List { question, kind, parent } => {
                self.tasks.spawn(async move {
                    let result = in_time(&driver, driver.provider.list(&kind, parent.as_ref())).await;
                    Done::Event(Event::Listed { question, result })
                });
            }
            Command::Poll { intent, operation } => {
                let about = self.pass.recorded().open.get(&intent).map(|open| open.intent.clone());
                self.tasks.spawn(async move {
                    let result = in_time(&driver, driver.provider.poll(&operation)).await;
                    let result = fit_to_be_told(&driver, about.as_ref(), result).await;
                    Done::Event(Event::Polled { intent, result })
                });
            }
            Command::Probe { intent, probe } => {
                self.tasks.spawn(async move {
                    let result = in_time(&driver, driver.provider.readiness(&probe)).await;
                    match &result {
                        Ok(Readiness::NotYet { words }) => {
                            tracing::info!(intent, kind = probe.kind, "not healthy yet: {words}");
                        }
                        Ok(Readiness::Failed { words }) => {
                            tracing::warn!(intent, kind = probe.kind, "the deployment failed: {words}");
                        }
                        Ok(Readiness::Gone { words }) => {
                            tracing::warn!(
                                intent,
                                kind = probe.kind,
                                "what was deployed to is gone: {words}"
                            );
                        }
                        _ => {}
                    }
                    Done::Event(Event::Probed { intent, result })
                });
            }
            // It starts with the others, below, under the lease.
            Command::Call { intent, call } => self.calls_due.push_back((intent, call)),
            Command::Wake { at_ms } => {
                self.tasks.spawn(async move {
                    driver.clock.sleep_until(at_ms).await;
                    Done::Event(Event::Woke { at_ms })
                });
            }
            // The narrator has told it.
            Command::Tell(_) => {}
            Command::Finish(outcome) => return Some(*outcome),
        }
        None
    }

    fn done(&mut self, done: Result<Done, tokio::task::JoinError>) -> Result<Option<Outcome>, DriverError> {
        match done {
            Ok(Done::Event(event)) => Ok(self.tell(event)),
            Ok(Done::Appended(append, Ok(()))) => Ok(self.tell(Event::Appended { append })),
            Ok(Done::Appended(_, Err(error))) => self.over(error),
            // A task is never cancelled before the run is over; it can only have panicked, in a provider.
            Err(error) => Err(DriverError::Provider(error.to_string())),
        }
    }

    // --- calls, under the lease

    /// Starts the calls that wait, if the lease covers them to their end. Else they wait for it to be renewed.
    fn start_due_calls(&mut self) {
        let ends_ms = self.driver.clock.now_ms() + self.driver.lease.longest_call_ms;
        let covers = matches!(&*self.held.borrow(), Hold::Lease(held) if ends_ms < held.deadline_ms);
        if !covers {
            return;
        }
        for (intent, call) in std::mem::take(&mut self.calls_due) {
            let driver = self.driver.clone();
            let about = self.narrator.about(intent, &call);
            self.tasks.spawn(async move {
                let result = make(&driver, call).instrument(about).await;
                Done::Event(Event::Called { intent, result })
            });
        }
    }

    /// The lease was renewed, or is over.
    fn held_changed(&mut self) -> Result<Option<Outcome>, DriverError> {
        let hold = self.held.borrow_and_update().clone();
        match hold {
            Hold::Over(error) => self.over(error),
            Hold::Lease(_) | Hold::Nothing => Ok(None),
        }
    }

    /// Nothing more is written.
    fn over(&mut self, error: DriverError) -> Result<Option<Outcome>, DriverError> {
        match error {
            DriverError::Lost { to } => Ok(self.tell(Event::Lost { to })),
            error => Err(error),
        }
    }
}

/// Ends when the pass is told to stop; never, when nobody can tell it any more.
async fn told_to_stop(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// The kinds of this pass that the provider knows.
fn known_kinds(driver: &Driver, desired: &DesiredState, recorded: &Recorded) -> BTreeSet<String> {
    let desired = desired.resources.values().map(|resource| &resource.kind);
    let recorded = recorded.resources.values().flat_map(BTreeMap::values).map(|record| &record.kind);
    let kinds: BTreeSet<&String> = desired.chain(recorded).collect();
    kinds.into_iter().filter(|kind| driver.provider.knows(kind)).cloned().collect()
}

pub(crate) async fn in_time<T>(
    driver: &Driver,
    question: impl Future<Output = Result<T, ReadError>>,
) -> Result<T, ReadError> {
    let longest = Duration::from_millis(driver.lease.longest_question_ms);
    let answer = tokio::time::timeout(longest, question).await;
    answer
        .unwrap_or_else(|_| Err(ReadError::NoAnswer(format!("nothing came within {} s", longest.as_secs()))))
}

/// Makes a call with its secrets filled in; an answer that does not come in time is no answer.
async fn make(driver: &Driver, call: Call) -> Result<Answer, CallError> {
    let longest = Duration::from_millis(driver.lease.longest_call_ms);
    let answer = tokio::time::timeout(longest, async {
        let call = revealed(driver, call).await?;
        let call = &call.0;
        let secrets = match &call.action {
            CallAction::Create(sent) | CallAction::Update(_, sent) => {
                Secrets::of_call(Catalog::builtin(), &call.kind, sent)
            }
            CallAction::Delete(_) => Secrets::default(),
        };
        scrub::answer(&secrets, driver.provider.call(call).await)
    });
    let late = || CallError::NoAnswer(format!("nothing came within {} s", longest.as_secs()));
    let answer = answer.await.unwrap_or_else(|_| Err(late()));
    match &answer {
        Ok(progress) => tracing::info!(operation = progress.operation, "the call was taken up"),
        Err(error) => tracing::warn!(%error, "the call was not taken up"),
    }
    answer
}

/// What is said of an operation, without the secrets of its call. Where they cannot be had any more, only the code is told.
async fn fit_to_be_told(
    driver: &Driver,
    about: Option<&Intent>,
    said: Result<Answer, ReadError>,
) -> Result<Answer, ReadError> {
    let (Ok(progress), Some(intent)) = (&said, about) else { return said };
    let ProgressState::Failed { failure, code, .. } = &progress.state else { return said };
    let mut secrets = Secrets::of_intent(Catalog::builtin(), intent);
    let sent = match &intent.act {
        Act::Create { body, .. } => body.secrets(),
        Act::Update { patch, .. } => patch.secrets(),
        Act::Delete { .. } => BTreeSet::new(),
    };
    for secret in sent {
        if let Ok(value) = driver.vault.reveal(&secret).await {
            secrets.add(&value);
        } else {
            let message = "the provider's words may hold a secret that cannot be had now".to_owned();
            let state = ProgressState::Failed { failure: *failure, code: code.clone(), message };
            return Ok(Answer { state, ..progress.clone() });
        }
    }
    said.map(|progress| scrub::progress(&secrets, progress))
}

/// A call with every secret in it, for as long as it takes.
struct Revealed(Call);

impl Drop for Revealed {
    fn drop(&mut self) {
        match &mut self.0.action {
            CallAction::Create(sent) | CallAction::Update(_, sent) => sent.wipe(),
            CallAction::Delete(_) => {}
        }
    }
}

/// The call with every secret in it. Nothing has been sent when this fails.
async fn revealed(driver: &Driver, call: Call) -> Result<Revealed, CallError> {
    let action = match call.action {
        CallAction::Create(body) => CallAction::Create(reveal(driver, &body).await?),
        CallAction::Update(identifier, patch) => {
            CallAction::Update(identifier, reveal(driver, &patch).await?)
        }
        CallAction::Delete(identifier) => CallAction::Delete(identifier),
    };
    Ok(Revealed(Call { action, ..call }))
}

async fn reveal(driver: &Driver, value: &Value) -> Result<Value, CallError> {
    let mut secrets = BTreeMap::new();
    for secret in value.secrets() {
        let text = driver.vault.reveal(&secret).await.map_err(not_revealed)?;
        secrets.insert(secret, text);
    }
    let mut revealed = value.reveal(&|secret| secrets.get(secret).map(|text| text.as_str().to_owned()));
    if revealed.is_whole() {
        return Ok(revealed);
    }
    revealed.wipe();
    let message = "the call has values that are not known yet".to_owned();
    Err(CallError::Refused { failure: FailureKind::Rejected, code: "Unevaluated".to_owned(), message })
}

fn not_revealed(error: ReadError) -> CallError {
    match error {
        ReadError::Throttled { retry_after_ms, .. } => CallError::Refused {
            failure: FailureKind::Transient,
            code: "Vault".to_owned(),
            message: format!(
                "the vault was asked too often and wants to be left alone for {retry_after_ms} ms"
            ),
        },
        ReadError::NoAnswer(message) => {
            CallError::Refused { failure: FailureKind::Transient, code: "Vault".to_owned(), message }
        }
        ReadError::Refused { code, message } => {
            CallError::Refused { failure: FailureKind::Rejected, code, message }
        }
        ReadError::UnknownOperation => CallError::Refused {
            failure: FailureKind::Rejected,
            code: "Vault".to_owned(),
            message: "the vault does not know the secret".to_owned(),
        },
    }
}
