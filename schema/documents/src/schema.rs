//! The JSON Schema of each document, for editors, for `manifestc schema`, and for the tests.

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};

use crate::{
    Json, checkpoint, desired, environment, import, journal, manifest, plan, publication, recorded, recovery,
    runtime, sidecar,
};

/// The documents that have a schema, by the name that `manifestc schema` takes.
pub const NAMES: &[&str] = &[
    "manifest",
    "environment",
    "desired-state",
    "publication",
    "plan",
    "journal",
    "checkpoint",
    "recorded-state",
    "imports",
    "recovery",
    "sidecar",
    "infra-config",
    "runtime-config",
];

/// The schema of the document with this name.
pub fn of(name: &str) -> Option<Schema> {
    Some(match name {
        "manifest" => as_written(schema::<manifest::Manifest>()),
        "environment" => schema::<environment::Environment>(),
        "desired-state" => schema::<desired::DesiredState>(),
        "publication" => schema::<publication::Publication>(),
        "plan" => schema::<plan::Plan>(),
        "journal" => sealed(schema::<journal::Batch>()),
        "checkpoint" => sealed(schema::<checkpoint::Checkpoint>()),
        "recorded-state" => schema::<recorded::Recorded>(),
        "imports" => schema::<import::Imports>(),
        "recovery" => schema::<recovery::Recovery>(),
        "sidecar" => schema::<sidecar::Sidecar>(),
        "infra-config" => schema::<runtime::infra::InfraConfig>(),
        "runtime-config" => schema::<runtime::core::RuntimeConfig>(),
        _ => return None,
    })
}

/// What people may leave out of a manifest, because it can be told from what they wrote: the format's version, the place
/// of a declaration, and the folder of a service.
fn as_written(mut schema: Schema) -> Schema {
    let Some(root) = schema.as_object_mut() else { return schema };
    let forget = |schema: &mut Json, fields: &[&str]| {
        if let Some(required) = schema.get_mut("required").and_then(Json::as_array_mut) {
            required.retain(|field| field.as_str().is_none_or(|field| !fields.contains(&field)));
        }
    };
    for (name, schema) in root.get_mut("$defs").and_then(Json::as_object_mut).into_iter().flatten() {
        forget(schema, if name == "Service" { &["at", "path"] } else { &["at"] });
    }
    if let Some(required) = root.get_mut("required").and_then(Json::as_array_mut) {
        required.retain(|field| field != "version");
    }
    schema
}

/// What the seal adds when the document is stored.
fn sealed(mut schema: Schema) -> Schema {
    let properties = schema.as_object_mut().and_then(|root| root.get_mut("properties"));
    if let Some(properties) = properties.and_then(Json::as_object_mut) {
        let digest = serde_json::json!({
            "$ref": "#/$defs/Digest",
            "description": "SHA-256 of the canonical JSON of all other members. It stands last where the document is stored.",
        });
        properties.insert("digest".to_owned(), digest);
    }
    schema
}

fn schema<T: JsonSchema>() -> Schema {
    SchemaGenerator::new(SchemaSettings::draft2020_12()).into_root_schema_for::<T>()
}
