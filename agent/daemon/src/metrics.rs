//! What is counted, for Prometheus. Every metric has its row in the book's page on operations.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use agent_engine::command::Outcome;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use schema_documents::plan::{Hold, Plan, StepKey};
use schema_documents::recorded::Recorded;

/// Which environment it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Labels {
    app: String,
    environment: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PassLabels {
    app: String,
    environment: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StepLabels {
    app: String,
    environment: String,
    action: String,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    service: String,
    operation: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LeaseLabels {
    app: String,
    environment: String,
    holder: &'static str,
}

/// Who holds the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lease {
    /// Nobody: nothing is being done.
    Nobody,
    /// This process.
    Us,
    /// Another process: this one stands by.
    Another,
}

/// All metrics of a process.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    passes: Family<PassLabels, Counter>,
    duration: Family<Labels, Histogram, fn() -> Histogram>,
    last_success: Family<Labels, Gauge<f64, AtomicU64>>,
    steps: Family<StepLabels, Counter>,
    calls: Family<CallLabels, Counter>,
    lease: Family<LeaseLabels, Gauge>,
    gauges: Gauges,
}

/// What is so after the last pass.
#[derive(Debug, Default)]
struct Gauges {
    journal: Family<Labels, Gauge>,
    resources: Family<Labels, Gauge>,
    in_flight: Family<Labels, Gauge>,
    open_edits: Family<Labels, Gauge>,
    held: Family<Labels, Gauge>,
    failed_deployments: Family<Labels, Gauge>,
    conflicts: Family<Labels, Gauge>,
    waiting_approvals: Family<Labels, Gauge>,
    waiting_confirmations: Family<Labels, Gauge>,
}

/// From a tenth of a second to half an hour.
fn pass_buckets() -> Histogram {
    Histogram::new(exponential_buckets(0.1, 3.0, 10))
}

impl Metrics {
    /// All of them at nought.
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("manifest_agent");
        let metrics = Self {
            passes: Family::default(),
            duration: Family::new_with_constructor(pass_buckets as fn() -> Histogram),
            last_success: Family::default(),
            steps: Family::default(),
            calls: Family::default(),
            lease: Family::default(),
            gauges: Gauges::default(),
            registry: Registry::default(),
        };
        registry.register("passes", "Passes, by how they ended", metrics.passes.clone());
        let seconds = Unit::Seconds;
        registry.register_with_unit(
            "pass_duration",
            "How long passes took",
            seconds,
            metrics.duration.clone(),
        );
        registry.register(
            "last_successful_pass_timestamp_seconds",
            "When the last pass that saw the cloud and did all it could ended, in seconds since 1970",
            metrics.last_success.clone(),
        );
        registry.register(
            "steps",
            "Steps of plans, by what they do and what came of it",
            metrics.steps.clone(),
        );
        registry.register("calls", "Calls of the cloud, by service and answer", metrics.calls.clone());
        registry.register("lease_held", "1 for who holds the lease", metrics.lease.clone());
        metrics.gauges.register(&mut registry);
        Self { registry, ..metrics }
    }

    /// A call was answered, or not.
    pub(crate) fn called(&self, kind: &str, operation: &'static str, result: &'static str) {
        let service = kind.rsplit_once("::").map_or("unknown", |(service, _)| service).to_owned();
        self.calls.get_or_create(&CallLabels { service, operation, result }).inc();
    }

    /// Who holds the lease from now on.
    pub(crate) fn lease(&self, of: &Labels, lease: Lease) {
        let each = [("nobody", Lease::Nobody), ("us", Lease::Us), ("another", Lease::Another)];
        for (holder, state) in each {
            let (app, environment) = (of.app.clone(), of.environment.clone());
            let gauge = self.lease.get_or_create(&LeaseLabels { app, environment, holder });
            gauge.set(i64::from(state == lease));
        }
    }

    /// A pass ended like this.
    pub(crate) fn passed(&self, of: &Labels, outcome: &'static str, took: Duration) {
        let (app, environment) = (of.app.clone(), of.environment.clone());
        self.passes.get_or_create(&PassLabels { app, environment, outcome }).inc();
        self.duration.get_or_create(of).observe(took.as_secs_f64());
    }

    /// The last pass that went well ended at this time.
    pub(crate) fn went_well(&self, of: &Labels, at_ms: u64) {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of this century are exact")]
        self.last_success.get_or_create(of).set(at_ms as f64 / 1_000.0);
    }

    /// What became of the steps of a pass.
    pub(crate) fn stepped(&self, of: &Labels, outcome: &Outcome) {
        let count = |key: &StepKey, result: &'static str| {
            let action = key.0.split(' ').next().unwrap_or_default().to_owned();
            let (app, environment) = (of.app.clone(), of.environment.clone());
            self.steps.get_or_create(&StepLabels { app, environment, action, result }).inc();
        };
        outcome.succeeded.iter().for_each(|key| count(key, "succeeded"));
        outcome.failed.iter().for_each(|failed| count(&failed.step, "failed"));
        outcome.skipped.iter().for_each(|skipped| count(&skipped.step, "skipped"));
    }

    /// What is so after a pass.
    pub(crate) fn looked(&self, of: &Labels, plan: Option<&Plan>, recorded: &Recorded) {
        self.gauges.set(of, plan, recorded);
    }

    /// All metrics in the text format of Prometheus (`OpenMetrics` 1.0).
    pub(crate) fn encoded(&self) -> String {
        let mut out = String::new();
        match text::encode(&mut out, &self.registry) {
            Ok(()) => out,
            Err(error) => format!("# {error}\n# EOF\n"),
        }
    }
}

impl Gauges {
    fn register(&self, registry: &mut Registry) {
        let all = [
            ("journal_number", "Number of the last batch of the journal", &self.journal),
            ("resources", "Generations of resources that are recorded", &self.resources),
            ("operations_in_flight", "Operations whose result is not known yet", &self.in_flight),
            ("open_edits", "Console edits that the repository does not have yet", &self.open_edits),
            ("held", "Things that are not done, with a reason each", &self.held),
            (
                "failed_deployments",
                "Deployments that failed, and were not tried again with success",
                &self.failed_deployments,
            ),
            ("conflicts", "Fields that the repository and the console want differently", &self.conflicts),
            ("waiting_approvals", "Steps that wait for a person's approval", &self.waiting_approvals),
            (
                "waiting_confirmations",
                "Deletions of data that wait for a person's confirmation",
                &self.waiting_confirmations,
            ),
        ];
        for (name, help, family) in all {
            registry.register(name, help, family.clone());
        }
    }

    fn set(&self, of: &Labels, plan: Option<&Plan>, recorded: &Recorded) {
        let set = |family: &Family<Labels, Gauge>, count: usize| {
            family.get_or_create(of).set(i64::try_from(count).unwrap_or(i64::MAX));
        };
        let records = || recorded.resources.values().flat_map(|generations| generations.values());
        let edits =
            records().flat_map(|record| record.fields.values()).filter_map(|field| field.edit.as_ref());
        set(&self.journal, usize::try_from(recorded.number).unwrap_or(usize::MAX));
        set(&self.resources, records().count());
        set(&self.in_flight, recorded.open.len());
        set(&self.failed_deployments, recorded.failed_deployments().count());
        set(&self.open_edits, edits.filter(|edit| !edit.reverted).count());
        let Some(plan) = plan else { return };
        let unconfirmed = plan.held.iter().filter(|held| matches!(held.why, Hold::Unconfirmed { .. }));
        set(&self.held, plan.held.len());
        set(&self.conflicts, plan.conflicts.len());
        set(&self.waiting_approvals, plan.awaited.as_ref().map_or(0, |awaited| awaited.steps.len()));
        set(&self.waiting_confirmations, unconfirmed.count());
    }
}

impl Labels {
    /// Those of an environment.
    pub(crate) fn new(app: &str, environment: &str) -> Self {
        Self { app: app.to_owned(), environment: environment.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
        let metrics = Metrics::new();
        let of = Labels::new("shop", "production");
        metrics.passed(&of, "ok", Duration::from_millis(40));
        metrics.called("AWS::RDS::DBInstance", "read", "throttled");
        metrics.lease(&of, Lease::Another);
        let text = metrics.encoded();
        for line in [
            r#"manifest_agent_passes_total{app="shop",environment="production",outcome="ok"} 1"#,
            r#"manifest_agent_calls_total{service="AWS::RDS",operation="read",result="throttled"} 1"#,
            r#"manifest_agent_lease_held{app="shop",environment="production",holder="another"} 1"#,
            r#"manifest_agent_lease_held{app="shop",environment="production",holder="us"} 0"#,
            r#"manifest_agent_pass_duration_seconds_bucket{le="0.1",app="shop",environment="production"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
