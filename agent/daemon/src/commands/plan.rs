//! `manifest-agent plan`: what a pass would do. It writes nothing anywhere.

use agent_driver::{Reporter, Request, pass};
use agent_engine::attention::Attention;
use agent_engine::command::Ended;
use agent_engine::pass::{Mode, Published};
use anyhow::{Result, bail};
use schema_catalog::Catalog;
use schema_documents::canonical;
use schema_documents::desired::DesiredState;
use schema_documents::plan::Plan as Document;
use schema_review::{of_plan, render};
use schema_store::Missing;
use tokio::sync::watch;

use crate::args::{Format, Place, Plan, Reach};
use crate::output::{self, Verdict};
use crate::wiring::{self, Environment};
use crate::{desired, show};

pub(crate) async fn run(args: Plan) -> Result<Verdict> {
    let (desired, published) = desired::read(&args.at.wanted, &args.at.place).await?;
    let mode = if args.destroy { Mode::PlanDestroy } else { Mode::Plan };
    let plan = make(desired, published, (&args.at.place, &args.at.reach), mode).await?;
    say(&plan, args.format)?;
    Ok(if args.exit_code && !plan.is_empty() { Verdict::Findings } else { Verdict::Clean })
}

/// Makes the plan of a pass towards a desired state, and writes nothing anywhere.
pub(crate) async fn make(
    desired: DesiredState,
    published: Published,
    (place, reach): (&Place, &Reach),
    mode: Mode,
) -> Result<Document> {
    let environment = Environment::of(&desired, place, Missing::Empty)?;
    let driver = environment.driver(wiring::cloud(&desired, reach).await?, wiring::lease(reach)?);
    let (reporter, progress) = Reporter::channel();
    let shown = show::start(progress, None);
    let (_stop, stopped) = watch::channel(false);
    let request = Request {
        limits: show::limits(&desired, reach)?,
        desired: desired.into(),
        published,
        catalog: Catalog::builtin(),
        mode,
        sightings: agent_engine::diff::Sightings::default(),
        attention: Attention::default(),
    };
    let report = pass(&driver, request, &reporter, stopped).await;
    drop(reporter);
    show::finish(shown).await;
    let outcome = report?.outcome;
    if let Ended::Refused { violations } = &outcome.ended {
        bail!(
            "the plan did not pass its own check, which is a fault of this program: {}",
            violations.join("; ")
        );
    }
    if let Ended::Superseded { by } = outcome.ended {
        bail!("document {by} was worked towards meanwhile: run this again to plan for the newest");
    }
    let Some(plan) = outcome.plan else { bail!("the pass ended before there was a plan") };
    Ok(plan)
}

/// Writes a plan to standard output.
pub(crate) fn say(plan: &Document, format: Format) -> Result<()> {
    match format {
        Format::Text => output::data(&render::text(&of_plan(plan))),
        Format::Json => output::data(&canonical::to_pretty(plan)),
    }
}
