//! `manifest-agent destroy`: a plan like any other, towards nothing. What holds data waits for a person.

use agent_engine::attention::Attention;
use agent_engine::diff::Sightings;
use agent_engine::pass::Mode;
use anyhow::Result;
use schema_store::Missing;

use super::apply::{Work, once, say};
use crate::args::Destroy;
use crate::output::Verdict;
use crate::wiring::{self, Environment};
use crate::{desired, show};

pub(crate) async fn run(args: Destroy) -> Result<Verdict> {
    let (desired, published) = desired::read(&args.at.wanted, &args.at.place).await?;
    let environment = Environment::of(&desired, &args.at.place, Missing::Refuse)?;
    let driver =
        environment.driver(wiring::cloud(&desired, &args.at.reach).await?, wiring::lease(&args.at.reach)?);
    let (sightings, attention) = (Sightings::default(), Attention::default());
    let work = Work { desired, published, mode: Mode::Destroy, sightings, attention };
    let report = once(&driver, work, &args.at.reach, show::stop_signal(), None).await?;
    say(&report.outcome)
}
