//! Metrics.
//!
//! ```python
//! orders = metrics.Counter("orders_placed")                    # exported as `shop.orders_placed`
//! served = metrics.SharedCounterGroup[Served]("served")
//! other = metrics.Counter.named("signups")
//! orders.increment()
//! ```

use schema_documents::manifest::{Metric, MetricKind, SecretScope};

use super::found::{Found, Resource, Usage};
use super::site::{Signature, Site};

/// Reads a metric.
pub(super) fn declare(site: Site<'_>, kind: MetricKind, scope: SecretScope, found: &mut Found) {
    const PLAIN: Signature = Signature { positional: &["name"], named: &["unit", "description"] };
    const HISTOGRAM: Signature =
        Signature { positional: &["name"], named: &["unit", "description", "buckets"] };
    let out = &mut found.diagnostics;
    let given = site.arguments(if kind == MetricKind::Histogram { HISTOGRAM } else { PLAIN }, out);
    given.text("unit", out);
    given.text("description", out);
    let Some(named) = given.name("name", out) else { return };
    let name = match (scope, site.service()) {
        (SecretScope::Service, Some(service)) => {
            format!("{}.{}", found.manifest.services[service].name, named.name)
        }
        (SecretScope::Service, None) => {
            out.push(site.outside(&format!("metric `{}`", named.name)));
            return;
        }
        (SecretScope::Shared | SecretScope::Global, _) => named.name,
    };
    found.manifest.metrics.push(Metric { name: name.clone(), kind, at: named.at });
    found.resources.insert(site.key, Resource::Metric(name));
}

/// Reads `Counter.named` and its relatives.
pub(super) fn declare_named(site: Site<'_>, found: &mut Found) {
    let out = &mut found.diagnostics;
    let given = site.arguments(Signature { positional: &["name"], named: &[] }, out);
    if let Some(named) = given.name("name", out) {
        found.resources.insert(site.key, Resource::Metric(named.name));
    }
}

/// Notes that a metric is recorded to.
pub(super) fn note_use(name: &str, usage: &Usage<'_>, found: &mut Found) {
    if usage.member().is_none() && usage.is_harmless(None) {
        return;
    }
    for service in usage.services() {
        let metrics = &mut found.manifest.services[*service].metrics;
        if !metrics.iter().any(|known| known == name) {
            metrics.push(name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_uses};

    #[test]
    fn a_metric_of_a_service_is_named_after_it() {
        check(
            "from encore import metrics
a = metrics.Counter('a', unit='s')
b = metrics.SharedUpDownCounterGroup[L]('b')
c = metrics.GlobalGauge('c', description='x')
d = metrics.HistogramGroup[L]('d', buckets=[0.1, 1])
e = metrics.Counter('e', buckets=[1])",
            &[
                r#"metrics {"name": "svc.a", "kind": "counter"}"#,
                r#"metrics {"name": "b", "kind": "up_down_counter"}"#,
                r#"metrics {"name": "c", "kind": "gauge"}"#,
                r#"metrics {"name": "svc.d", "kind": "histogram"}"#,
                r#"metrics {"name": "svc.e", "kind": "counter"}"#,
                "S0008 svc/svc.py:6:26-6:33 `metrics.Counter` takes no `buckets`",
            ],
        );
    }

    #[test]
    fn recording_is_a_use() {
        for rest in ["r.increment()", "r.with_labels({'a': 1}).add(2)", "f(r.ref())"] {
            check_uses("metrics.CounterGroup[L]('m')", rest, "metrics", r#"["svc.m"]"#);
        }
        check_uses("metrics.CounterGroup[L].named('m')", "r.with_labels(x)", "metrics", r#"["m"]"#);
        check_uses("metrics.Gauge('m')", "", "metrics", "null");
    }
}
