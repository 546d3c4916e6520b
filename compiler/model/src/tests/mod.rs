//! Rows per primitive: a manifest, and what is found in it or what the model says.

mod bucket;
mod cache;
mod cron_job;
mod database;
mod gateway;
mod laws;
mod metric;
mod secret;
mod service;
mod topic;

use std::fmt::Write as _;

use compiler_diagnostics::{Code, Diagnostic, Severity, code};
use schema_documents::manifest::Manifest;

use crate::{AppModel, resolve};

/// A manifest without its head. A service `a` with the endpoint `Run`, at line 1 of `a/a`, is there already.
fn manifest(language: &str, body: &str) -> Manifest {
    let service = "[[services]]\nname = \"a\"\npath = \"a\"\nat = \"a/a:1\"\n\
                   endpoints = [{ name = \"Run\", at = \"a/a:2\" }]\n";
    let text = format!("version = 1\napp = \"shop\"\nlanguage = \"{language}\"\n{body}\n{service}");
    toml::from_str(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// Checks everything that is found in a manifest: a paragraph for each diagnostic.
#[track_caller]
fn check(language: &str, body: &str, expected: &str) {
    let (app, found) = resolve(&manifest(language, body));
    let shown: Vec<String> = found.iter().map(show).collect();
    let actual = shown.join("\n");
    assert_eq!(actual, expected.trim(), "\n{actual}");
    let errors = found.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    assert_eq!(app.is_none(), errors, "there is a model exactly when there is no error");
}

#[track_caller]
fn go(body: &str, expected: &str) {
    check("go", body, expected);
}

#[track_caller]
fn ts(body: &str, expected: &str) {
    check("typescript", body, expected);
}

/// The model of a manifest without errors.
#[track_caller]
fn model(language: &str, body: &str) -> AppModel {
    let (app, found) = resolve(&manifest(language, body));
    app.unwrap_or_else(|| panic!("{found:#?}"))
}

fn show(diagnostic: &Diagnostic) -> String {
    let at = diagnostic
        .span
        .as_ref()
        .map_or_else(|| "nowhere".to_owned(), |at| format!("{}:{}", at.file, at.line));
    let mut out = format!("{} {at} {}", diagnostic.code.as_str(), diagnostic.message);
    if diagnostic.severity == Severity::Warning {
        out.insert_str(0, "warning ");
    }
    for label in &diagnostic.labels {
        let _ = write!(out, "\n  {}:{} {}", label.span.file, label.span.line, label.message);
    }
    for note in &diagnostic.notes {
        let _ = write!(out, "\n  note: {note}");
    }
    if let Some(help) = &diagnostic.help {
        let _ = write!(out, "\n  help: {help}");
    }
    out
}

#[test]
fn an_empty_app_has_a_gateway_and_nothing_else() {
    let app = model("go", "");
    assert_eq!(app.gateways.keys().collect::<Vec<_>>(), ["api-gateway"]);
    assert_eq!(app.services["a"].uses, crate::Uses::default());
}

#[test]
fn the_order_of_the_manifest_does_not_matter() {
    let body = r#"
        databases = [{ name = "B-", at = "b:2" }, { name = "b", at = "b:1" }, { name = "b", at = "b:3" }]
        topics = [{ name = "T.", at = "a:1" }]
    "#;
    let mut manifest: Manifest =
        toml::from_str(&format!("version = 1\napp = \"x\"\nlanguage = \"go\"\n{body}")).unwrap();
    let first = resolve(&manifest);
    manifest.databases.reverse();
    assert_eq!(resolve(&manifest), first);
    assert_eq!(first.1.len(), 3);
}

/// The first TOML manifest in the example of a page of the book.
fn example(page: &str) -> Option<&str> {
    let (_, example) = page.split_once("\n## Example\n")?;
    let (example, _) = example.split_once("\n## ")?;
    let (_, toml) = example.split_once("```toml\n")?;
    toml.split_once("```").map(|(toml, _)| toml)
}

#[test]
fn an_example_in_the_book_produces_the_code_of_its_page() {
    // What is wrong with a manifest as such is found before there is one.
    let before = [Code::M0114, Code::M0115];
    let of_the_model =
        code::ALL.iter().filter(|code| code.as_str().starts_with('M') && !before.contains(code));
    let examples: Vec<_> = of_the_model.filter_map(|code| Some((*code, example(code.page())?))).collect();
    assert!(!examples.is_empty());
    for (code, toml) in examples {
        let (_, found) = resolve(&toml::from_str(toml).unwrap_or_else(|error| panic!("{code:?}: {error}")));
        let codes: Vec<_> = found.iter().map(|diagnostic| diagnostic.code).collect();
        assert_eq!(codes, [code]);
    }
}
