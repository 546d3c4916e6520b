//! `manifest-agent plan`: what a pass would do. It writes nothing anywhere.

use agent_driver::{Reporter, Request, pass};
use agent_engine::attention::Attention;
use agent_engine::command::Ended;
use agent_engine::pass::Mode;
use anyhow::{Result, bail};
use schema_catalog::Catalog;
use schema_documents::canonical;
use schema_review::{of_plan, render};
use schema_store::Missing;
use tokio::sync::watch;

use crate::args::{Format, Plan};
use crate::output::{self, Verdict};
use crate::wiring::{self, Environment};
use crate::{desired, show};

pub(crate) async fn run(args: Plan) -> Result<Verdict> {
    let (desired, published) = desired::read(&args.at.wanted, &args.at.place).await?;
    let environment = Environment::of(&desired, &args.at.place, Missing::Empty)?;
    let driver =
        environment.driver(wiring::cloud(&desired, &args.at.reach).await?, wiring::lease(&args.at.reach)?);
    let (reporter, progress) = Reporter::channel();
    let shown = show::start(progress);
    let (_stop, stopped) = watch::channel(false);
    let request = Request {
        limits: show::limits(&desired, &args.at.reach),
        desired,
        published,
        catalog: Catalog::builtin(),
        mode: if args.destroy { Mode::PlanDestroy } else { Mode::Plan },
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
    let Some(plan) = outcome.plan else { bail!("the pass ended before there was a plan") };
    match args.format {
        Format::Text => output::data(&render::text(&of_plan(&plan)))?,
        Format::Json => output::data(&canonical::to_pretty(&plan))?,
    }
    Ok(if args.exit_code && !plan.is_empty() { Verdict::Findings } else { Verdict::Clean })
}
