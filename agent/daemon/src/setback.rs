//! After a deployment that failed: when the pass may begin that goes back.

use std::time::Duration;

use agent_driver::Report;
use agent_engine::command::FailedStep;
use agent_engine::options::Limits;
use agent_engine::pass::UNHEALTHY;
use schema_catalog::Catalog;

/// How long after a pass the next one can go back from what it deployed: as long as reads may show what was before. `None`: no
/// deployment failed in it that was not the way back already.
pub(crate) fn goes_back_in(report: &Report, limits: &Limits) -> Option<Duration> {
    let failed = report.outcome.failed.iter().filter(|failed| failed.code == UNHEALTHY);
    let settling_ms = |failed: &FailedStep| {
        let setback =
            report.recorded.setbacks.get(&failed.resource).filter(|setback| setback.again.is_none())?;
        let record = report.recorded.generation(&failed.resource, setback.generation)?;
        Some(Catalog::builtin().kind(&record.kind)?.overlay.settling_ms)
    };
    let longest_ms = failed.filter_map(settling_ms).max()?;
    Some(Duration::from_millis(limits.lag_ms(longest_ms)))
}
