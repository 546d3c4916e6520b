//! `manifest-agent confirm`: a person's word that something that holds data may go.

use agent_driver::append_as_person;
use anyhow::{Context as _, Result, bail};
use schema_documents::Digest;
use schema_documents::journal::{Entry, confirmation_digest};

use crate::args::Confirm;
use crate::output::{self, Verdict};
use crate::wiring::{self, Environment};

pub(crate) async fn run(args: Confirm) -> Result<Verdict> {
    let who = wiring::person(args.person.by.as_ref())?;
    let environment = Environment::find(&args.place).await?;
    let recorded = environment.recorded().await?;
    let generations = recorded.resources.get(&args.resource).with_context(|| {
        format!("`{}` is not recorded in {} {}", args.resource, environment.app, environment.name)
    })?;
    let digest = Digest::from(args.digest.clone());
    let meant = generations.iter().find_map(|(generation, record)| {
        let identifier = record.identifier.as_deref()?;
        (confirmation_digest(&args.resource, *generation, identifier, &record.kind) == digest)
            .then_some(identifier)
    });
    let Some(identifier) = meant else {
        bail!(
            "`{}` confirms nothing that `{}` is now; `manifest-agent plan` prints the digest to give",
            args.digest,
            args.resource
        );
    };
    let entry = Entry::Confirmed { resource: args.resource.clone(), digest, who };
    let driver = environment.driver_without_cloud(wiring::lease_of_person(args.person.lease)?);
    append_as_person(&driver, vec![entry]).await?;
    output::data(&format!(
        "{}: `{identifier}` goes with the next pass that finds it unused\n",
        args.resource
    ))?;
    Ok(Verdict::Clean)
}
