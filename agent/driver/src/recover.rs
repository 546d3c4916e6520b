//! A search for what a lost journal spoke of, executed; and a person's word for what it found.

use std::collections::{BTreeMap, BTreeSet};

use agent_engine::command::{Command, Event};
use agent_engine::options::Limits;
use agent_engine::recover::{self, Inputs, Search};
use schema_catalog::Catalog;
use schema_documents::desired::DesiredState;
use schema_documents::recovery::Recovery;
use schema_documents::{Digest, ResourceId};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::run::in_time;
use crate::{Driver, DriverError, Journal, Reporter, lease};

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
    let RecoverRequest { desired, catalog, limits, told } = request;
    let knows: BTreeSet<String> =
        catalog.kinds().map(|kind| kind.name.clone()).filter(|kind| driver.provider.knows(kind)).collect();
    let mut search = Search::new(Inputs { desired, catalog, limits, knows, told });
    let mut tasks = JoinSet::new();
    let mut event = Event::Started;
    loop {
        for command in search.step(event, driver.clock.now_ms()) {
            tasks.spawn(ask(driver.clone(), command));
        }
        event = loop {
            match tasks.join_next().await {
                None => return Ok(search.recovery()),
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
        Command::Read { question, kind, identifier, not_before_ms } => {
            driver.clock.sleep_until(not_before_ms).await;
            let began_at_ms = driver.clock.now_ms();
            let result = in_time(&driver, driver.provider.read(&kind, &identifier)).await;
            Some(Event::Read { question, result, began_at_ms })
        }
        Command::List { question, kind, parent, not_before_ms } => {
            driver.clock.sleep_until(not_before_ms).await;
            let result = in_time(&driver, driver.provider.list(&kind, parent.as_ref())).await;
            Some(Event::Listed { question, result })
        }
        Command::Append { .. } | Command::Call { .. } | Command::Poll { .. } | Command::Finish(_) => None,
    }
}
