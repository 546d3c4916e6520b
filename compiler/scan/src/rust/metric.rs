//! Metrics: of one service, shared, or of all.
//!
//! ```text
//! static ORDERS: Counter = Counter::new("orders_placed");
//! static SERVED: SharedCounterGroup<Served> = SharedCounterGroup::new("served");
//! ```

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::manifest::{Metric, MetricKind};

use super::found::{Found, Resource, Usage};
use super::sdk::Reach;
use super::site::Site;

/// Reads a metric. One that belongs to a service is exported under the service's name and its own.
pub(super) fn declare(site: Site<'_>, kind: MetricKind, reach: Reach, found: &mut Found) {
    let Some(named) = site.name(0, &mut found.diagnostics) else { return };
    if site.is_named {
        found.hold(site, Resource::Metric(named.name));
        return;
    }
    let name = match (reach, site.service()) {
        (Reach::Service, Some(service)) => {
            format!("{}.{}", found.manifest.services[service].name, named.name)
        }
        (Reach::Service, None) => {
            found.diagnostics.push(
                Diagnostic::error(
                    Code::M0112,
                    format!("metric `{}` is declared outside of all services", named.name),
                )
                .at(&named.at)
                .note("a metric without `Shared` or `Global` belongs to the service that declares it")
                .help("declare it in the folder of that service, or make it a shared one"),
            );
            named.name
        }
        (Reach::Shared | Reach::Global, _) => named.name,
    };
    found.manifest.metrics.push(Metric { name: name.clone(), kind, at: named.at });
    found.hold(site, Resource::Metric(name));
}

/// Notes that services record to a metric.
pub(super) fn note_use(name: &str, usage: &Usage<'_>, found: &mut Found) {
    for service in usage.services() {
        let metrics = &mut found.manifest.services[*service].metrics;
        if !metrics.iter().any(|known| known == name) {
            metrics.push(name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn a_metric_belongs_to_the_services_that_record_to_it() {
        check(
            "use encore::metrics::*; /// Orders.\nstatic A: Counter = Counter::new(\"a\"); static B: SharedHistogramGroup<L> = SharedHistogramGroup::new(\"b\").buckets(&[1.0]).unit(\"s\");
static C: GlobalUpDownCounter = GlobalUpDownCounter::new(\"c\"); static D: Gauge<i64> = Gauge::new(\"d\"); static E: CounterGroup<L> = CounterGroup::named(\"b\");
fn f() { A.increment(); E.with(&l).add(1); g(D.reference()); }",
            &[
                r#"services {"name": "svc", "path": "svc", "metrics": ["b", "svc.a", "svc.d"]}"#,
                r#"metrics {"name": "svc.a", "kind": "counter"}"#,
                r#"metrics {"name": "b", "kind": "histogram"}"#,
                r#"metrics {"name": "c", "kind": "up_down_counter"}"#,
                r#"metrics {"name": "svc.d", "kind": "gauge"}"#,
            ],
        );
    }
}
