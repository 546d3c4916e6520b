//! Metrics, and who sets them.

use schema_documents::manifest::{Metric, MetricKind};

use super::Found;
use super::declaration::{Constructor, declared};
use super::resolve::Code;

const CONSTRUCTORS: [(&str, &str, MetricKind); 4] = [
    ("NewCounter", "metrics.NewCounter[uint64](\"name\", metrics.CounterConfig{})", MetricKind::Counter),
    ("NewGauge", "metrics.NewGauge[uint64](\"name\", metrics.GaugeConfig{})", MetricKind::Gauge),
    (
        "NewCounterGroup",
        "metrics.NewCounterGroup[Labels, uint64](\"name\", metrics.CounterConfig{})",
        MetricKind::Counter,
    ),
    (
        "NewGaugeGroup",
        "metrics.NewGaugeGroup[Labels, uint64](\"name\", metrics.GaugeConfig{})",
        MetricKind::Gauge,
    ),
];

/// Finds the metrics and the services that set them.
pub(super) fn scan(code: &Code<'_>, found: &mut Found) {
    for (function, usage, kind) in CONSTRUCTORS {
        let constructor = Constructor { package: "encore.dev/metrics", function, usage, arguments: 2 };
        for each in declared(code, &constructor, found) {
            let Some((name, at)) = each.name(0, found) else { continue };
            if let Some((package, variable)) = each.key() {
                for site in code.sites(&package, &variable) {
                    found.services_of(code, site.file).for_each(|service| service.metrics.push(name.clone()));
                }
            }
            found.manifest.metrics.push(Metric { name, kind, at });
        }
    }
    for service in &mut found.manifest.services {
        service.metrics.sort();
        service.metrics.dedup();
    }
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
