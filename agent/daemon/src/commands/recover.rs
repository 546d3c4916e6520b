//! `manifest-agent recover`: a journal that was lost, rebuilt from what is live.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use agent_driver::{RecoverRequest, confirm_recovery, search};
use anyhow::{Result, bail, ensure};
use schema_catalog::Catalog;
use schema_documents::recovery::{Finding, Proof, Recovery, There};
use schema_documents::{Digest, ResourceId, canonical};
use schema_store::Missing;

use crate::args::{Format, Recover};
use crate::output::{self, Verdict};
use crate::wiring::{self, Environment};
use crate::{desired, show};

pub(crate) async fn run(args: Recover) -> Result<Verdict> {
    let (desired, _) = desired::read(&args.at.wanted, &args.at.place).await?;
    let missing = if args.confirm.is_some() { Missing::Create } else { Missing::Empty };
    let environment = Environment::of(&desired, &args.at.place, missing)?;
    let driver =
        environment.driver(wiring::cloud(&desired, &args.at.reach).await?, wiring::lease(&args.at.reach)?);
    let catalog = Catalog::builtin();
    let limits = show::limits(&desired, &args.at.reach)?;
    let told = told(&args);
    if let Some(id) = told.keys().find(|id| !desired.resources.contains_key(id)) {
        bail!("the desired state has no `{id}`, so nothing can be said of it");
    }
    let imports = desired.resources.iter().filter(|(_, resource)| resource.existing.is_some());
    let imports: BTreeSet<ResourceId> = imports.map(|(id, _)| id.clone()).collect();
    let recovery = search(&driver, RecoverRequest { desired, catalog, limits, told }).await?;
    let Some(word) = &args.confirm else { return show_list(&recovery, &imports, args.format) };
    let who = wiring::person(args.by.as_ref())?;
    let word = Digest::from(word.clone());
    ensure!(
        recovery.digest.as_ref() == Some(&word),
        "`{}` confirms another list than what is there now; `manifest-agent recover` shows it",
        word.as_str()
    );
    confirm_recovery(&driver, &recovery, catalog, (&word, &who)).await?;
    output::data(&format!(
        "{} {}: {} resources are under record again; the next pass compares them and writes nothing\n",
        recovery.app,
        recovery.environment,
        count(&recovery, |there| matches!(there, There::One { .. }))
    ))?;
    Ok(Verdict::Clean)
}

fn told(args: &Recover) -> BTreeMap<ResourceId, Option<String>> {
    let named = args.told.iter().map(|(id, identifier)| (id.clone(), Some(identifier.clone())));
    named.chain(args.absent.iter().map(|id| (id.clone(), None))).collect()
}

fn show_list(recovery: &Recovery, imports: &BTreeSet<ResourceId>, format: Format) -> Result<Verdict> {
    match format {
        Format::Json => output::data(&canonical::to_pretty(recovery))?,
        Format::Text => output::data(&text(recovery, imports))?,
    }
    Ok(if recovery.digest.is_some() { Verdict::Clean } else { Verdict::Findings })
}

fn count(recovery: &Recovery, is_meant: impl Fn(&There) -> bool) -> usize {
    recovery.findings.iter().filter(|finding| is_meant(&finding.there)).count()
}

/// The list. `imports` is what the document takes that is there already.
fn text(recovery: &Recovery, imports: &BTreeSet<ResourceId>) -> String {
    let mut out = String::new();
    for finding in &recovery.findings {
        line(&mut out, finding, finding.existing.is_some() && !imports.contains(&finding.resource));
    }
    for (id, why) in &recovery.unanswered {
        let _ = writeln!(out, "  ? {id}: cannot be looked for: {why}");
    }
    for leftover in &recovery.leftovers {
        let _ = writeln!(
            out,
            "  + {}  `{}` says that it is `{}`, which is in no document: it is left alone",
            leftover.kind, leftover.identifier, leftover.resource
        );
    }
    for (kind, why) in &recovery.unsearched {
        let _ = writeln!(out, "  + {kind}: not searched for leftovers: {why}");
    }
    let (found, several) = (
        count(recovery, |there| matches!(there, There::One { .. })),
        count(recovery, |there| matches!(there, There::Several { .. })),
    );
    let gone = recovery.findings.len() - found - several;
    let _ = writeln!(
        out,
        "\n{} {}: {found} found, {several} ambiguous, {gone} not there, {} not known",
        recovery.app,
        recovery.environment,
        recovery.unanswered.len()
    );
    match &recovery.digest {
        Some(digest) => {
            let _ = writeln!(out, "if that is so: `manifest-agent recover … --confirm {}`", digest.as_str());
        }
        None if recovery.unanswered.is_empty() => {
            out.push_str("nothing of this environment is there, so there is nothing to recover\n");
        }
        None => out.push_str(
            "nothing is rebuilt from half an answer: say what each `?` is with `--is RESOURCE=IDENTIFIER`, or that there is none with `--absent RESOURCE`\n",
        ),
    }
    out
}

fn line(out: &mut String, finding: &Finding, goes_back: bool) {
    let Finding { resource, generation, kind, stateful, there, .. } = finding;
    let _ = match there {
        There::One { identifier, by, .. } => {
            let by = match by {
                Proof::Tags => "by its tags",
                Proof::NaturalKey => "by its natural key",
                Proof::Person => "as you say",
                Proof::Document => "as the environment file says",
            };
            let becomes =
                if goes_back { ": it was imported, is not any more, and is given back" } else { "" };
            writeln!(out, "  = {resource}#{generation}  {kind}  `{identifier}` {by}{becomes}")
        }
        There::Several { identifiers } => {
            let all: Vec<&str> = identifiers.iter().map(String::as_str).collect();
            let all = all.join("`, `");
            writeln!(out, "  ! {resource}  {kind}  ambiguous, will be held: `{all}`")
        }
        There::Nothing {} if finding.existing.is_some() => {
            writeln!(
                out,
                "  - {resource}  {kind}  nothing says that it is ours: the next plan reports it anew"
            )
        }
        There::Nothing {} => {
            let becomes = if *stateful
                || Catalog::builtin().kind(kind).is_some_and(schema_catalog::Kind::grants_access)
            {
                "counts as gone and waits for a person"
            } else {
                "counts as gone and is created again"
            };
            writeln!(out, "  - {resource}  {kind}  not there: {becomes}")
        }
    };
}
