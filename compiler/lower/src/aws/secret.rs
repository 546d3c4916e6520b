//! Secrets: a place for each, without a value. The value goes there by `manifest-agent secret set`, past every document.

use std::collections::BTreeMap;

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::{Origin, ResourceId};
use serde_json::json;

use super::key;
use crate::builder::{Draft, Lowering, id, output};
use crate::processes::Process;

/// Characters of a value that the cloud draws: about 238 bits.
const GENERATED_LENGTH: u32 = 40;

/// Makes a place for each secret.
pub(crate) fn lower(lowering: &mut Lowering<'_>) {
    let model = lowering.model;
    for secret in model.secrets.values() {
        let why = Lowering::declared(&secret.at);
        let draft =
            Draft::new(secret_id(&secret.key), "AWS::SecretsManager::Secret", &why).named([&secret.key]);
        lowering.add(draft.properties(json!({
            "Description": format!("secret {}", secret.key),
            "KmsKeyId": output(&key::key_id(), "/Arn"),
        })));
    }
}

/// Makes a secret whose value the cloud draws, once. Nobody has to know it but those who may read the secret.
pub(crate) fn generated(
    lowering: &mut Lowering<'_>,
    id: ResourceId,
    declared: &[&str],
    role: &'static str,
    what: &str,
    why: &Origin,
) {
    let draft = Draft::new(id, "AWS::SecretsManager::Secret", why).named_by(declared, role).replaceable();
    lowering.add(draft.properties(json!({
        "Description": what,
        "KmsKeyId": output(&key::key_id(), "/Arn"),
        // Letters and digits pass through every URL, shell and protocol as they are.
        "GenerateSecretString": { "PasswordLength": GENERATED_LENGTH, "ExcludePunctuation": true },
    })));
}

/// Reports secrets of one name in one process: its services read them by their names from the same environment.
pub(crate) fn check(lowering: &mut Lowering<'_>, process: &Process) {
    let mut seen: BTreeMap<&str, &compiler_model::Secret> = BTreeMap::new();
    let mut found = Vec::new();
    for secret in lowering.model.secrets.values() {
        if secret.services.is_disjoint(&process.services) {
            continue;
        }
        if let Some(other) = seen.insert(&secret.name, secret) {
            let message =
                format!("process `{}` has two secrets that are called `{}`", process.name, secret.name);
            found.push(
                Diagnostic::error(Code::L0205, message)
                    .at(&secret.at)
                    .label(&other.at, "the other one is declared here")
                    .note("each belongs to one service, and a process has one value for a name")
                    .help(
                        "run the two services in processes of their own with `allocation = \"per-service\"`",
                    ),
            );
        }
    }
    lowering.found.extend(found);
}

fn secret_id(secret: &str) -> ResourceId {
    id(["secret", secret, "secret"])
}

/// The secrets that the services of a process need, by name.
pub(crate) fn of_process(lowering: &Lowering<'_>, process: &Process) -> Vec<(String, ResourceId)> {
    let needs = |secret: &&compiler_model::Secret| !secret.services.is_disjoint(&process.services);
    let secrets = lowering.model.secrets.values().filter(needs);
    secrets.map(|secret| (secret.name.clone(), secret_id(&secret.key))).collect()
}
