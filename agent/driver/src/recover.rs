//! A search for what a lost journal spoke of, executed; and a person's word for what it found.

use std::collections::BTreeMap;

use agent_engine::command::{Command, Event};
use agent_engine::options::Limits;
use agent_engine::recover::{self, Inputs, Search, Trace};
use schema_catalog::Catalog;
use schema_documents::desired::DesiredState;
use schema_documents::recovery::Recovery;
use schema_documents::{Digest, ResourceId};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::run::in_time;
use crate::{Driver, DriverError, Journal, Reporter, Request, lease};

/// What a search is asked for.
#[derive(Clone)]
pub struct RecoverRequest {
    /// What should be there.
    pub desired: DesiredState,
    /// Facts about kinds.
    pub catalog: &'static Catalog,
    /// What bounds the search.
    pub limits: Limits,
    /// What a person says that resources are: an identifier, or that there is nothing.
    pub told: BTreeMap<ResourceId, Option<String>>,
}

/// Searches the cloud for an environment whose journal was lost. Writes nothing anywhere.
pub async fn search(driver: &Driver, request: RecoverRequest) -> Result<Recovery, DriverError> {
    is_free(&Journal::open(driver).await?)?;
    let mut search = Search::new(inputs(driver, request));
    execute(driver, &mut search).await?;
    Ok(search.recovery())
}

/// Refuses to begin a journal where the one before it was lost: everything would be created anew. A journal that a pass of
/// it has begun is none of those, and costs nothing here.
pub(crate) async fn is_new(
    driver: &Driver,
    journal: &mut Journal,
    request: &Request,
) -> Result<(), DriverError> {
    if !recover::may_be_lost(journal.recorded()) {
        return Ok(());
    }
    let (desired, limits) = ((*request.desired).clone(), request.limits.clone());
    let request = RecoverRequest { desired, catalog: request.catalog, limits, told: BTreeMap::new() };
    let mut search = Search::for_a_trace(inputs(driver, request));
    execute(driver, &mut search).await?;
    let trace = search.trace();
    // What was found may be another agent's, which has begun this journal meanwhile.
    if trace != Trace::Nothing && journal.catch_up().await? > 0 && !recover::may_be_lost(journal.recorded()) {
        return Ok(());
    }
    match trace {
        Trace::Nothing => Ok(()),
        Trace::Something(found) => Err(DriverError::JournalLost { found }),
        Trace::Unknown { kind, why } => Err(DriverError::PerhapsLost { kind, why }),
    }
}

fn inputs(driver: &Driver, request: RecoverRequest) -> Inputs {
    let RecoverRequest { desired, catalog, limits, told } = request;
    let knows = catalog
        .all_kinds()
        .map(|kind| kind.name.clone())
        .filter(|kind| driver.provider.knows(kind))
        .collect();
    Inputs { desired, catalog, limits, knows, told, digests: driver.digests.clone() }
}

/// Asks what the search wants to know, until it wants to know nothing more.
async fn execute(driver: &Driver, search: &mut Search) -> Result<(), DriverError> {
    let mut tasks = JoinSet::new();
    let mut event = Event::Started;
    loop {
        for command in search.step(event, driver.clock.now_ms()) {
            tasks.spawn(ask(driver.clone(), command));
        }
        event = loop {
            match tasks.join_next().await {
                None => return Ok(()),
                Some(Ok(Some(event))) => break event,
                Some(Ok(None)) => {}
                // A task is never cancelled; it can only have panicked, in a provider.
                Some(Err(error)) => return Err(DriverError::Provider(error.to_string())),
            }
        };
    }
}

/// Writes what was found as the beginning of a new journal, if a person's word is for exactly that.
pub async fn confirm_recovery(
    driver: &Driver,
    recovery: &Recovery,
    catalog: &Catalog,
    (word, who): (&Digest, &str),
) -> Result<(), DriverError> {
    if !recover::is_confirmed(recovery, word) {
        return Err(DriverError::Illegal(
            "the digest confirms something else than what was found".to_owned(),
        ));
    }
    let mut journal = Journal::open(driver).await?;
    let (_never, stop) = watch::channel(false);
    lease::claim(driver, &mut journal, &Reporter::silent(), &stop).await?;
    let appended = match is_free(&journal) {
        Ok(()) => journal.append(recover::entries(recovery, catalog, who)).await,
        Err(error) => Err(error),
    };
    let released = journal.release().await;
    appended.and(released)
}

/// Only an environment without a record can be recovered.
fn is_free(journal: &Journal) -> Result<(), DriverError> {
    let recorded = journal.recorded();
    if recover::is_possible(recorded) {
        Ok(())
    } else {
        Err(DriverError::NotLost { number: recorded.number })
    }
}

async fn ask(driver: Driver, command: Command) -> Option<Event> {
    match command {
        Command::Read { question, kind, identifier } => {
            let began_at_ms = driver.clock.now_ms();
            let result = in_time(&driver, driver.provider.read(&kind, &identifier)).await;
            Some(Event::Read { question, result, began_at_ms })
        }
        Command::List { question, kind, parent } => {
            let result = in_time(&driver, driver.provider.list(&kind, parent.as_ref())).await;
            Some(Event::Listed { question, result })
        }
        Command::Wake { at_ms } => {
            driver.clock.sleep_until(at_ms).await;
            Some(Event::Woke { at_ms })
        }
        Command::Append { .. }
        | Command::Call { .. }
        | Command::Poll { .. }
        | Command::Probe { .. }
        | Command::Tell(_)
        | Command::Finish(_) => None,
    }
}
