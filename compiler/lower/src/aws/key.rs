//! The key of an environment, which encrypts what holds credentials, in a cluster as well: who may use it is decided by the roles of the
//! environment alone.

use schema_documents::ResourceId;
use serde_json::json;

use crate::builder::{Draft, Lowering, id, output};

/// The id of the key.
pub(crate) fn key_id() -> ResourceId {
    id(["encryption", "key"])
}

/// Lowers the key, where something is encrypted with it.
pub(crate) fn lower(lowering: &mut Lowering<'_>) {
    if lowering.model.secrets.is_empty() && lowering.model.services.is_empty() {
        return;
    }
    let why = lowering.default("encryption.key");
    // The policy that AWS gives a key leaves everything to the roles of the account.
    let key = lowering.add(Draft::new(key_id(), "AWS::KMS::Key", &why).properties(json!({
        "Description": format!("{} {}", lowering.model.app, lowering.environment.name),
        "EnableKeyRotation": true,
    })));
    let draft = Draft::new(id(["encryption", "alias"]), "AWS::KMS::Alias", &why).named([]);
    lowering.add(draft.properties(json!({ "TargetKeyId": output(&key, "/KeyId") })));
}
