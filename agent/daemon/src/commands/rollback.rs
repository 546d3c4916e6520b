//! `manifest-agent rollback`: the content of an earlier number under a new one.
//!
//! It shows what that would do and publishes. Nothing is applied here: the next pass works towards the new number like
//! towards any other, through the same gates.

use agent_engine::pass::Mode;
use anyhow::{Result, bail};
use schema_documents::canonical;
use schema_documents::publication::{Format, Publication, VERSION};
use schema_store::Claim;

use super::plan;
use crate::args::{self, Rollback};
use crate::desired::{self, Earlier};
use crate::output::{self, Verdict};
use crate::wiring;

pub(crate) async fn run(args: Rollback) -> Result<Verdict> {
    let who = wiring::person(args.by.as_ref())?;
    let Earlier { place, last, last_digest, publication: earlier } =
        desired::earlier(&args.at.wanted, &args.at.place, args.number).await?;
    let restores = earlier.number;
    if earlier.desired.digest() == last_digest {
        bail!(
            "number {restores} says the same as the last one, number {last}: there is nothing to go back to"
        );
    }
    let published = desired::published_as(last + 1, earlier.commit.clone());
    let at = (&args.at.place, &args.at.reach);
    let plan = plan::make(earlier.desired.clone(), published, at, Mode::Plan).await?;
    plan::say(&plan, args.format)?;
    if args.dry_run {
        anstream::eprintln!("nothing was published; without `--dry-run`, number {} would say this", last + 1);
        return Ok(Verdict::Clean);
    }
    let publication = Publication {
        format: Format::Publication,
        version: VERSION,
        number: last + 1,
        previous: Some(last_digest),
        publisher: who,
        restores: Some(restores),
        ..earlier
    };
    match place.numbered().claim(last + 1, canonical::to_pretty(&publication).into_bytes()).await? {
        Claim::Ours => {}
        Claim::Taken(_) => bail!(
            "number {} was published by somebody else meanwhile: look at it, then say `manifest-agent rollback {restores}` again",
            last + 1
        ),
    }
    let line = format!(
        "published as number {}, which says what number {restores} said; the next pass applies it",
        last + 1
    );
    match args.format {
        args::Format::Text => output::data(&format!("{line}\n"))?,
        args::Format::Json => anstream::eprintln!("{line}"),
    }
    Ok(Verdict::Clean)
}
