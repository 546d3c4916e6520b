//! What the tests of the scanners share: a scan as rows of text.
//!
//! A row has one of two shapes: `topics {"name": "x"}`, an element of a list of the manifest without its position, and
//! `S0006 svc/svc.ts:1:2-1:3 message`, a diagnostic. The endpoints of a service are rows of their own.

use std::collections::BTreeMap;

use compiler_diagnostics::Code;
use serde_json::{Map, Value};

use crate::{SourceTree, scan};

/// Compares a scan with rows, in any order.
#[track_caller]
pub(crate) fn check(tree: &SourceTree, is_left_out: fn(&str) -> bool, expected: &[&str]) {
    let mut found = rows(tree, is_left_out);
    let mut wanted: Vec<String> = expected.iter().map(|row| normal(row)).collect();
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
}

/// The rows of a scan. A service with a name and a path only is left out if `is_left_out` says so.
pub(crate) fn rows(tree: &SourceTree, is_left_out: fn(&str) -> bool) -> Vec<String> {
    let (manifest, diagnostics) = scan(tree);
    let manifest = without_places(serde_json::to_value(manifest.unwrap()).unwrap());
    let mut rows = Vec::new();
    for (list, elements) in manifest.as_object().unwrap() {
        for element in elements.as_array().into_iter().flatten() {
            let mut element = element.as_object().unwrap().clone();
            for endpoint in element.remove("endpoints").iter().flat_map(|list| list.as_array().unwrap()) {
                rows.push(row("endpoints", endpoint.as_object().unwrap()));
            }
            let is_bare = list == "services" && element.len() == 2;
            if !(is_bare && is_left_out(element["name"].as_str().unwrap())) {
                rows.push(row(list, &element));
            }
        }
    }
    rows.extend(diagnostics.iter().map(|one| {
        // What a parser says of its own comes without advice.
        let is_explained = one.help.is_some() && !one.notes.is_empty();
        assert!(is_explained || one.code == Code::S0001, "{one:?}");
        let place = one.span.as_ref().map_or_else(String::new, |span| {
            format!("{}:{}:{}-{}:{} ", span.file, span.line, span.column, span.end_line, span.end_column)
        });
        format!("{} {place}{}", one.code.as_str(), one.message)
    }));
    rows
}

/// A row as it is written in a test, with its fields in order.
pub(crate) fn normal(expected: &str) -> String {
    match expected.split_once(' ') {
        Some((list, element)) if element.starts_with('{') => {
            row(list, &serde_json::from_str(element).unwrap())
        }
        _ => expected.to_owned(),
    }
}

/// A value without the positions in it.
pub(crate) fn without_places(value: Value) -> Value {
    match value {
        Value::Array(list) => list.into_iter().map(without_places).collect(),
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(name, _)| name != "at");
            Value::Object(kept.map(|(name, value)| (name, without_places(value))).collect())
        }
        other => other,
    }
}

fn row(list: &str, element: &Map<String, Value>) -> String {
    let sorted: BTreeMap<_, _> = element.iter().collect();
    format!("{list} {}", serde_json::to_string(&sorted).unwrap())
}
