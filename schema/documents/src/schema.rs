//! The JSON Schema of each document, for editors, for `manifestc schema`, and for the tests.

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};

use crate::{desired, environment, import, journal, manifest, plan, publication, recorded};

/// The documents that have a schema, by the name that `manifestc schema` takes.
pub const NAMES: &[&str] = &[
    "manifest",
    "environment",
    "desired-state",
    "publication",
    "plan",
    "journal",
    "recorded-state",
    "imports",
];

/// The schema of the document with this name.
pub fn of(name: &str) -> Option<Schema> {
    Some(match name {
        "manifest" => schema::<manifest::Manifest>(),
        "environment" => schema::<environment::Environment>(),
        "desired-state" => schema::<desired::DesiredState>(),
        "publication" => schema::<publication::Publication>(),
        "plan" => schema::<plan::Plan>(),
        "journal" => schema::<journal::Batch>(),
        "recorded-state" => schema::<recorded::Recorded>(),
        "imports" => schema::<import::Imports>(),
        _ => return None,
    })
}

fn schema<T: JsonSchema>() -> Schema {
    SchemaGenerator::new(SchemaSettings::draft2020_12()).into_root_schema_for::<T>()
}
