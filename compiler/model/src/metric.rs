//! Metrics.

use std::collections::BTreeMap;

use compiler_diagnostics::Diagnostic;
use schema_documents::Position;
use schema_documents::manifest::{Manifest, MetricKind};

use crate::cross::{self, Primitive};
use crate::{language, name};

/// A metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Name, unique in the app.
    pub name: String,
    /// Kind of the metric.
    pub kind: MetricKind,
    /// The declaration.
    pub at: Position,
}

pub(crate) fn resolve(manifest: &Manifest, found: &mut Vec<Diagnostic>) -> BTreeMap<String, Metric> {
    let declared = manifest.metrics.iter().map(|metric| (metric.name.as_str(), &metric.at, metric));
    let mut metrics = BTreeMap::new();
    for (name, metric) in cross::unique(Primitive::Metric, None, declared, found) {
        name::check(
            language::of_declaration(manifest, &metric.at),
            Primitive::Metric,
            name,
            &metric.at,
            found,
        );
        metrics.insert(
            name.to_owned(),
            Metric { name: name.to_owned(), kind: metric.kind, at: metric.at.clone() },
        );
    }
    metrics
}
