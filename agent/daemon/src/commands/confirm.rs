//! `manifest-agent confirm`: a person's word that something that holds data may go.

use agent_driver::append_as_person;
use agent_engine::loss;
use anyhow::{Context as _, Result, bail};
use schema_catalog::Catalog;
use schema_documents::Digest;
use schema_documents::journal::Entry;

use crate::args::Confirm;
use crate::output::{self, Verdict};
use crate::wiring::{self, Environment};

pub(crate) async fn run(args: Confirm) -> Result<Verdict> {
    let who = wiring::person(args.person.by.as_ref())?;
    let environment = Environment::find(&args.place).await?;
    let recorded = environment.recorded().await?;
    let (resource, digest) = (args.resource, Digest::from(args.digest));
    recorded.resources.get(&resource).with_context(|| {
        format!("`{resource}` is not recorded in {} {}", environment.app, environment.name)
    })?;
    let Some(loss) = loss::meant_by(&recorded, Catalog::builtin(), &resource, &digest) else {
        bail!(
            "`{digest}` confirms nothing that `{resource}` is now; `manifest-agent plan` prints the digest to give"
        );
    };
    let said = format!("{resource}: `{}` goes with the next pass that finds it unused", loss.identifier);
    let entry = Entry::Confirmed { resource, digest, loss: Some(loss), who };
    let driver = environment.driver_without_cloud(wiring::lease_of_person(args.person.lease)?);
    append_as_person(&driver, vec![entry]).await?;
    output::data(&format!("{said}\n"))?;
    Ok(Verdict::Clean)
}
