//! Metrics.
//!
//! ```ts
//! const orders = new Counter("orders_processed");
//! ```

use schema_documents::manifest::{Metric, MetricKind};

use super::found::{Found, Resource};
use super::site::Site;

/// Reads a metric.
pub(super) fn declare(site: Site<'_>, kind: MetricKind, found: &mut Found) {
    let Some(named) = site.name(0, &mut found.diagnostics) else { return };
    found.manifest.metrics.push(Metric { name: named.name.clone(), kind, at: named.at });
    found.resources.insert(site.key, Resource::Metric(named.name));
}

/// Notes that a service sets a metric.
pub(super) fn note_use(name: &str, service: Option<usize>, found: &mut Found) {
    let Some(service) = service else { return };
    let metrics = &mut found.services[service].metrics;
    if !metrics.iter().any(|known| known == name) {
        metrics.push(name.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn a_metric_belongs_to_the_services_that_set_it() {
        check(
            "import { Counter, GaugeGroup } from 'encore.dev/metrics'; const c = new Counter('orders');
export const g = new GaugeGroup<{ x: string }>('load'); c.increment();",
            &[
                r#"services {"name": "svc", "path": "svc", "metrics": ["orders"]}"#,
                r#"metrics {"name": "orders", "kind": "counter"}"#,
                r#"metrics {"name": "load", "kind": "gauge"}"#,
            ],
        );
    }
}
