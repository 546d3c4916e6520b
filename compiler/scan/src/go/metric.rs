//! Metrics, and who sets them.

use compiler_diagnostics::{Code as Number, Diagnostic};
use schema_documents::manifest::{Metric, MetricKind};

use super::Found;
use super::declaration::{Config, Constructor, Declared, declared};
use super::facts::Field;
use super::program::{File, Program};
use super::types::{Shape, Struct, is_integer, shape, written};
use crate::text::Place;

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
            check_types(program, &each, types == 2, found);
        }
    }
    for service in &mut found.manifest.services {
        service.metrics.sort();
        service.metrics.dedup();
    }
}

fn metric(program: &Program<'_>, each: &Declared<'_>, kind: MetricKind, found: &mut Found) {
    let Some((name, at)) = each.name(0, found) else { return };
    Config::read(each.file, each.argument(1), &[], found);
    if program.service_of(each.file.folder).is_none() {
        found.diagnostics.push(each.outside("metric"));
    }
    if let Some((package, variable)) = each.key() {
        for site in program.sites(&package, &variable) {
            found.services_of(program, &site).for_each(|service| service.metrics.push(name.clone()));
        }
    }
    found.manifest.metrics.push(Metric { name, kind, at });
}

/// Checks the type of a metric's values, and that of its labels.
fn check_types(program: &Program<'_>, each: &Declared<'_>, has_labels: bool, found: &mut Found) {
    let (labels, value) = if has_labels { (each.ty(0), each.ty(1)) } else { (None, each.ty(0)) };
    if let Some(ty) = value {
        let is_number = match shape(program, each.file, ty) {
            Shape::Basic(name) => is_integer(name) || name.starts_with("float"),
            Shape::Unknown => true,
            Shape::Struct(_) | Shape::Foreign(..) | Shape::Other => false,
        };
        if !is_number {
            let message = format!("`{}` is not the type of a metric's value", written(ty));
            found.diagnostics.push(wrong(each.file, ty.at, message, "make it a whole number or a float"));
        }
    }
    let Some(ty) = labels else { return };
    match shape(program, each.file, ty) {
        Shape::Struct(labels) => {
            let fields = labels.fields.iter();
            found.diagnostics.extend(fields.flat_map(|field| check_label(program, &labels, field)));
        }
        Shape::Basic(_) | Shape::Other => {
            let message = format!("`{}` is not a struct of labels", written(ty));
            let help = "declare a struct with a name, and name it without a `*`";
            found.diagnostics.push(wrong(each.file, ty.at, message, help));
        }
        Shape::Foreign(..) | Shape::Unknown => {}
    }
}

fn check_label<'p>(program: &'p Program<'p>, labels: &Struct<'p>, field: &'p Field) -> Vec<Diagnostic> {
    if field.names.is_empty() {
        let help = "write its fields out";
        return vec![wrong(
            labels.file,
            field.at,
            "a struct of labels has an embedded field".to_owned(),
            help,
        )];
    }
    let fits = match shape(program, labels.file, &field.kind) {
        Shape::Basic(name) => is_integer(name) || matches!(name, "string" | "bool"),
        Shape::Unknown => true,
        Shape::Struct(_) | Shape::Foreign(..) | Shape::Other => false,
    };
    if !fits {
        let message = format!("`{}` is not the type of a label", written(&field.kind));
        let help = "make it a string, a whole number or a truth value";
        return vec![wrong(labels.file, field.kind.at, message, help)];
    }
    let reserved = field.names.iter().filter(|name| name.text.eq_ignore_ascii_case("service"));
    let reserved = reserved.map(|name| {
        Diagnostic::error(Number::M0102, format!("the label `{}` has a name of the framework", name.text))
            .at(&labels.file.at(name.at))
            .note("the framework writes the service into a label of this name")
            .help("give it another name")
    });
    reserved.collect()
}

fn wrong(file: &File<'_>, at: Place, message: String, help: &str) -> Diagnostic {
    Diagnostic::error(Number::S0020, message)
        .at(&file.at(at))
        .note("a metric is a number, with labels that tell its parts from each other")
        .help(help)
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
