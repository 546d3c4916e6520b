//! Metrics, and who sets them.

use schema_documents::manifest::{Metric, MetricKind};

use super::Found;
use super::declaration::{Constructor, Declared, declared};
use super::program::Program;

/// Name, usage, number of type arguments.
const CONSTRUCTORS: [(&str, &str, usize, MetricKind); 4] = [
    ("NewCounter", "metrics.NewCounter[uint64](\"name\", metrics.CounterConfig{})", 1, MetricKind::Counter),
    ("NewGauge", "metrics.NewGauge[uint64](\"name\", metrics.GaugeConfig{})", 1, MetricKind::Gauge),
    (
        "NewCounterGroup",
        "metrics.NewCounterGroup[Labels, uint64](\"name\", metrics.CounterConfig{})",
        2,
        MetricKind::Counter,
    ),
    (
        "NewGaugeGroup",
        "metrics.NewGaugeGroup[Labels, uint64](\"name\", metrics.GaugeConfig{})",
        2,
        MetricKind::Gauge,
    ),
];

/// Finds the metrics and the services that set them.
pub(super) fn scan(program: &Program<'_>, found: &mut Found) {
    for (function, usage, types, kind) in CONSTRUCTORS {
        let package = "encore.dev/metrics";
        let constructor = Constructor { package, function, usage, types: types..=types, arguments: 2 };
        for each in declared(program, &constructor, found) {
            metric(program, &each, kind, found);
        }
    }
    for service in &mut found.manifest.services {
        service.metrics.sort();
        service.metrics.dedup();
    }
}

fn metric(program: &Program<'_>, each: &Declared<'_>, kind: MetricKind, found: &mut Found) {
    let Some((name, at)) = each.name(0, found) else { return };
    if let Some((package, variable)) = each.key() {
        for site in program.sites(&package, &variable) {
            found.services_of(program, &site).for_each(|service| service.metrics.push(name.clone()));
        }
    }
    found.manifest.metrics.push(Metric { name, kind, at });
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_file;

    #[test]
    fn a_metric_belongs_to_who_sets_it() {
        check_file(
            "var a = metrics.NewCounter[uint64](\"a\", metrics.CounterConfig{})
var b = metrics.NewGaugeGroup[Labels, float64](\"b\", metrics.GaugeConfig{})
var c = metrics.NewCounterGroup[Labels, uint64](\"c\", metrics.CounterConfig{})
func f() { a.Increment(); b.With(Labels{}).Set(1) }
",
            &[
                "metric a Counter",
                "metric b Gauge",
                "metric c Counter",
                "service svc svc metrics=a,b binds=svc",
            ],
            &[],
        );
    }
}
