//! `manifest-agent retry`: a person's word that a failed deployment is tried again, for the same document.

use agent_driver::append_as_person;
use anyhow::{Result, bail};
use schema_documents::journal::Entry;

use crate::args::Retry;
use crate::output::{self, Verdict};
use crate::wiring::{self, Environment};

pub(crate) async fn run(args: Retry) -> Result<Verdict> {
    let who = wiring::person(args.person.by.as_ref())?;
    let environment = Environment::find(&args.place).await?;
    let recorded = environment.recorded().await?;
    let resource = args.resource;
    if !recorded.setbacks.contains_key(&resource) {
        bail!(
            "no deployment of `{resource}` has failed since the last that succeeded (`manifest-agent status` lists them)"
        );
    }
    let said = format!("{resource}: the next pass deploys it again\n");
    let driver = environment.driver_without_cloud(wiring::lease_of_person(args.person.lease)?);
    append_as_person(&driver, vec![Entry::Retried { resource, who }]).await?;
    output::data(&said)?;
    Ok(Verdict::Clean)
}
