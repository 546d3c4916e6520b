//! Secrets: a place for each, without a value. The value goes there by `manifest-agent secret set`, past every document.

use schema_documents::ResourceId;
use serde_json::json;

use crate::builder::{Draft, Lowering, id};
use crate::processes::Process;

pub(crate) fn lower(lowering: &mut Lowering<'_>) {
    let model = lowering.model;
    for secret in model.secrets.values() {
        let why = Lowering::declared(&secret.at);
        let draft =
            Draft::new(secret_id(&secret.name), "AWS::SecretsManager::Secret", &why).named([&secret.name]);
        lowering.add(draft.properties(json!({ "Description": format!("secret {}", secret.name) })));
    }
}

fn secret_id(secret: &str) -> ResourceId {
    id(["secret", secret, "secret"])
}

/// The secrets that the services of a process need, by name.
pub(crate) fn of_process(lowering: &Lowering<'_>, process: &Process) -> Vec<(String, ResourceId)> {
    let needs = |secret: &&compiler_model::Secret| !secret.services.is_disjoint(&process.services);
    let secrets = lowering.model.secrets.values().filter(needs);
    secrets.map(|secret| (secret.name.clone(), secret_id(&secret.name))).collect()
}
