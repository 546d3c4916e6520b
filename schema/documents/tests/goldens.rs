//! A golden of each document and of its schema: a change of a format is seen in review.
//!
//! `UPDATE_GOLDENS=1` writes schemas, and brings samples into canonical form.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;

use schema_documents::checkpoint::Checkpoint;
use schema_documents::desired::DesiredState;
use schema_documents::environment::Environment;
use schema_documents::import::Imports;
use schema_documents::journal::Batch;
use schema_documents::manifest::Manifest;
use schema_documents::plan::Plan;
use schema_documents::publication::Publication;
use schema_documents::recorded::Recorded;
use schema_documents::recovery::Recovery;
use schema_documents::runtime::core::RuntimeConfig;
use schema_documents::runtime::infra::InfraConfig;
use schema_documents::sidecar::Sidecar;
use schema_documents::{canonical, schema};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/goldens").join(file)
}

fn updating() -> bool {
    std::env::var_os("UPDATE_GOLDENS").is_some()
}

fn golden(file: &str) -> String {
    std::fs::read_to_string(path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[track_caller]
fn check(file: &str, text: &str) {
    if updating() {
        std::fs::write(path(file), text).unwrap();
    }
    assert_eq!(golden(file), text, "{file}");
}

/// How a document is written, with the type of its content hidden.
struct Document {
    name: &'static str,
    file: String,
    /// The document, read and written again.
    again: fn(&str) -> Result<String, String>,
    /// Whether JSON is this document.
    takes: fn(Json) -> Result<(), String>,
}

fn json_document<T: Serialize + DeserializeOwned>(name: &'static str) -> Document {
    let again = |text: &str| {
        let document: T = serde_json::from_str(text).map_err(|error| error.to_string())?;
        Ok(canonical::to_pretty(&document))
    };
    Document { name, file: format!("{name}.json"), again, takes: takes::<T> }
}

fn toml_document<T: Serialize + DeserializeOwned>(name: &'static str) -> Document {
    let again = |text: &str| {
        let document: T = toml::from_str(text).map_err(|error| error.to_string())?;
        toml::to_string_pretty(&document).map_err(|error| error.to_string())
    };
    Document { name, file: format!("{name}.toml"), again, takes: takes::<T> }
}

fn takes<T: DeserializeOwned>(json: Json) -> Result<(), String> {
    serde_json::from_value::<T>(json).map(drop).map_err(|error| error.to_string())
}

fn documents() -> Vec<Document> {
    vec![
        toml_document::<Manifest>("manifest"),
        toml_document::<Environment>("environment"),
        json_document::<DesiredState>("desired-state"),
        json_document::<Publication>("publication"),
        json_document::<Plan>("plan"),
        json_document::<Batch>("journal"),
        json_document::<Checkpoint>("checkpoint"),
        json_document::<Recorded>("recorded-state"),
        json_document::<Imports>("imports"),
        json_document::<Recovery>("recovery"),
        json_document::<Sidecar>("sidecar"),
        json_document::<InfraConfig>("infra-config"),
        json_document::<RuntimeConfig>("runtime-config"),
    ]
}

impl Document {
    fn json(&self) -> Json {
        let text = golden(&self.file);
        if std::path::Path::new(&self.file).extension() == Some("toml".as_ref()) {
            toml::from_str(&text).unwrap()
        } else {
            serde_json::from_str(&text).unwrap()
        }
    }

    fn validator(&self) -> jsonschema::Validator {
        let schema = schema::of(self.name).unwrap();
        jsonschema::validator_for(schema.as_value()).unwrap()
    }
}

#[test]
fn every_document_has_a_golden() {
    let names: Vec<_> = documents().iter().map(|document| document.name).collect();
    assert_eq!(names, schema::NAMES);
}

#[test]
fn a_golden_is_read_and_written_as_it_is() {
    for document in documents() {
        let again = (document.again)(&golden(&document.file));
        check(&document.file, &again.unwrap_or_else(|error| panic!("{}: {error}", document.file)));
    }
}

#[test]
fn a_golden_keeps_its_schema() {
    for document in documents() {
        let json = document.json();
        let errors: Vec<String> = document
            .validator()
            .iter_errors(&json)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}:\n{}", document.name, errors.join("\n"));
    }
}

#[test]
fn the_schemas_are_those_that_were_reviewed() {
    for name in schema::NAMES {
        let schema = schema::of(name).unwrap();
        check(&format!("{name}.schema.json"), &canonical::to_pretty(schema.as_value()));
    }
}

#[test]
fn an_unknown_field_is_refused() {
    for document in documents() {
        let mut json = document.json();
        json["unknown"] = Json::Bool(true);
        assert!(!document.validator().is_valid(&json), "{}", document.name);
        let error = (document.takes)(json).unwrap_err();
        assert!(error.contains("unknown field `unknown`"), "{}: {error}", document.name);
    }
}

/// Every way to make one change to a document: a member more in an object, a member less, a text for a scalar.
fn mutations(json: &Json) -> Vec<Json> {
    let mut found = Vec::new();
    mutate(json, &mut |changed| found.push(changed));
    found
}

fn mutate(json: &Json, on: &mut dyn FnMut(Json)) {
    match json {
        Json::Object(members) => {
            let mut more = members.clone();
            more.insert("unknown".to_owned(), Json::Bool(true));
            on(Json::Object(more));
            for (key, member) in members {
                let mut less = members.clone();
                less.remove(key);
                on(Json::Object(less));
                mutate(member, &mut |changed| {
                    let mut members = members.clone();
                    members.insert(key.clone(), changed);
                    on(Json::Object(members));
                });
            }
        }
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                mutate(item, &mut |changed| {
                    let mut items = items.clone();
                    items[index] = changed;
                    on(Json::Array(items));
                });
            }
        }
        _ => on(Json::from("no such value")),
    }
}

/// A reason that says nothing but its own name, and a member beside it: serde reads over such a member, whatever the type
/// asks for.
fn is_bare_word(json: Option<&Json>) -> bool {
    let members = json.and_then(Json::as_object);
    members.is_some_and(|members| {
        let is_tagged = members.contains_key("hold") || members.contains_key("because");
        is_tagged && members.len() == 2 && members.contains_key("unknown")
    })
}

#[test]
fn what_is_read_keeps_the_schema() {
    for document in documents() {
        let validator = document.validator();
        for json in mutations(&document.json()) {
            if let Err(error) = validator.validate(&json) {
                let place = error.instance_path().to_string();
                if is_bare_word(json.pointer(&place)) {
                    continue;
                }
                assert!((document.takes)(json.clone()).is_err(), "{}: {place}: {error}", document.name);
            }
        }
    }
}

#[test]
fn a_manifest_is_the_same_in_toml_and_in_json() {
    let from_toml: Manifest = toml::from_str(&golden("manifest.toml")).unwrap();
    let json = canonical::to_pretty(&from_toml);
    check("manifest.json", &json);
    assert_eq!(serde_json::from_str::<Manifest>(&json).unwrap(), from_toml);
}
