//! After a deployment that did not come to its end: when the next pass may begin that goes back, or makes again what is gone.

use std::time::Duration;

use agent_driver::Report;
use agent_engine::command::FailedStep;
use agent_engine::options::Limits;
use agent_engine::pass::{GONE, UNHEALTHY};
use schema_catalog::Catalog;

/// A pass that does not wait until one is due.
pub(crate) struct FollowUp {
    /// How long after the pass before: as long as reads may show what was before.
    pub(crate) pause: Duration,
    /// What it does, in words.
    pub(crate) why: &'static str,
}

/// The pass that has to follow one in which a deployment failed that was not the way back already, or in which something went
/// while it waited at its gate.
pub(crate) fn follow_up(report: &Report, limits: &Limits) -> Option<FollowUp> {
    let settling_ms = |(failed, generation): (&FailedStep, u32)| {
        let record = report.recorded.generation(&failed.resource, generation)?;
        Some(Catalog::builtin().kind(&record.kind)?.overlay.settling_ms)
    };
    let of_code = |code: &'static str| report.outcome.failed.iter().filter(move |failed| failed.code == code);
    let unhealthy = of_code(UNHEALTHY).filter_map(|failed| {
        let setback =
            report.recorded.setbacks.get(&failed.resource).filter(|setback| setback.again.is_none())?;
        Some((failed, setback.generation))
    });
    let gone = of_code(GONE)
        .filter_map(|failed| Some((failed, report.recorded.current(&failed.resource).map(|(n, _)| n)?)));
    let back = unhealthy.filter_map(settling_ms).max();
    let why = match back {
        Some(_) => "a deployment failed: going back to what was healthy last",
        None => "what was deployed to is gone: making it again",
    };
    let longest_ms = back.into_iter().chain(gone.filter_map(settling_ms)).max()?;
    Some(FollowUp { pause: Duration::from_millis(limits.lag_ms(longest_ms)), why })
}
