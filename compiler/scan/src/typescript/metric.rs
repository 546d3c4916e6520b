//! Metrics.
//!
//! ```ts
//! const orders = new Counter("orders_processed");
//! ```

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::manifest::{Metric, MetricKind};

use super::found::{Found, Resource};
use super::site::Site;

/// The label that every metric has.
const RESERVED: &str = "service";

/// Reads a metric.
pub(super) fn declare(site: Site<'_>, kind: MetricKind, found: &mut Found) {
    let Some(named) = site.name(0, &mut found.diagnostics) else { return };
    let labels = site.declaration.types.first();
    if labels.is_some_and(|labels| site.program.has_field(site.key.0, labels, RESERVED)) {
        found.diagnostics.push(
            Diagnostic::error(Code::S0020, format!("metric `{}` has a label `{RESERVED}`", named.name))
                .at(&named.at)
                .note("each metric has that label already: the service that sets it")
                .help("give the label another name, or leave it out"),
        );
    }
    site.check_basic_fields(0, "label", "the value of a label is one short text", &mut found.diagnostics);
    found.manifest.metrics.push(Metric { name: named.name.clone(), kind, at: named.at });
    found.resources.insert(site.key, Resource::Metric(named.name));
}

/// Notes that services set a metric.
pub(super) fn note_use(name: &str, services: &[usize], found: &mut Found) {
    for service in services {
        let metrics = &mut found.services[*service].metrics;
        if !metrics.iter().any(|known| known == name) {
            metrics.push(name.to_owned());
        }
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

    #[test]
    fn a_label_holds_a_basic_value() {
        check(
            "import { CounterGroup } from 'encore.dev/metrics';
new CounterGroup<{ x: string[]; y: 'a' | 'b'; z: boolean }>('orders');",
            &[
                r#"metrics {"name": "orders", "kind": "counter"}"#,
                "S0020 svc/svc.ts:2:18-2:59 the label `x` is not a string, a number or a boolean",
            ],
        );
    }

    #[test]
    fn the_label_of_the_service_is_reserved() {
        check(
            "import { CounterGroup } from 'encore.dev/metrics'; interface Labels extends Record<string, string> { service: string; success: boolean }
new CounterGroup<Labels>('orders');",
            &[
                r#"metrics {"name": "orders", "kind": "counter"}"#,
                "S0020 svc/svc.ts:2:26-2:34 metric `orders` has a label `service`",
            ],
        );
    }
}
