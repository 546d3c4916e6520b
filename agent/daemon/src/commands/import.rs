//! `manifest-agent import`: the report of an import before anybody asks for it, and the document by which `manifestc import`
//! writes it into the environment file. It writes nothing anywhere else.

use std::path::Path;

use agent_engine::pass::Mode;
use anyhow::{Context as _, Result, ensure};
use schema_catalog::{Catalog, Named as Found};
use schema_documents::desired::{DesiredState, Existing};
use schema_documents::import::{Format as ImportsFormat, Imports, Named, VERSION};
use schema_documents::plan::Plan;
use schema_documents::{Origin, ResourceId, canonical, desired};

use super::plan;
use crate::args::Import;
use crate::desired as document;
use crate::output::Verdict;

pub(crate) async fn run(args: Import) -> Result<Verdict> {
    let (mut desired, published) = document::read(&args.at.wanted, &args.at.place).await?;
    let mode = if args.reference { desired::Mode::Reference } else { desired::Mode::Owned };
    let named = Named { resource: args.resource.clone(), identifier: args.identifier.clone(), mode };
    name(&mut desired, &named)?;
    let (app, environment) = (desired.app.clone(), desired.environment.name.clone());
    let whole = plan::make(desired, published, (&args.at.place, &args.at.reach), Mode::Plan).await?;
    let report = only(whole, &args.resource);
    plan::say(&report, args.format)?;
    let is_refused = report.steps.is_empty() && !report.held.is_empty();
    if let Some(path) = args.out.as_ref().filter(|_| !is_refused) {
        let imports = Imports {
            format: ImportsFormat::default(),
            version: VERSION,
            app,
            environment,
            imports: Vec::new(),
            existing: vec![named],
        };
        write(path, &imports)?;
    }
    Ok(if is_refused { Verdict::Findings } else { Verdict::Clean })
}

/// Says of a resource what it is, as the environment file would.
fn name(desired: &mut DesiredState, named: &Named) -> Result<()> {
    let Named { resource: id, identifier, mode } = named;
    let known = desired.resources.get_mut(id);
    let resource = known.with_context(|| {
        format!("the desired state has no `{id}`: `manifestc build` writes which resources there are")
    })?;
    ensure!(resource.existing.is_none(), "the environment file says already what `{id}` is");
    let kind = Catalog::builtin().kind(&resource.kind);
    let kind = kind.with_context(|| format!("the catalogue does not know `{}`", resource.kind))?;
    let Found { identifier, account, region } = kind.named(identifier).map_err(anyhow::Error::msg)?;
    let origin = Origin::Default { rule: "manifest-agent import".to_owned(), edition: String::new() };
    resource.existing = Some(Existing { identifier, account, region, mode: *mode, origin });
    Ok(())
}

/// Of a plan what is about one resource. Nothing of it can be approved: the document does not say it yet.
fn only(plan: Plan, id: &ResourceId) -> Plan {
    Plan {
        steps: plan.steps.into_iter().filter(|step| step.resource == *id).collect(),
        imports: plan.imports.into_iter().filter(|one| one.import.resource == *id).collect(),
        held: plan.held.into_iter().filter(|held| held.resource == *id).collect(),
        conflicts: plan.conflicts.into_iter().filter(|conflict| conflict.resource == *id).collect(),
        noted: plan.noted.into_iter().filter(|noted| noted.resource == *id).collect(),
        awaited: None,
        ..plan
    }
}

fn write(path: &Path, imports: &Imports) -> Result<()> {
    schema_store::write_whole(path, canonical::to_pretty(imports).as_bytes())
        .with_context(|| format!("`{}` cannot be written", path.display()))?;
    let path = path.display();
    anstream::eprintln!("{path}: `manifestc import {path}` writes it into the environment file");
    Ok(())
}
