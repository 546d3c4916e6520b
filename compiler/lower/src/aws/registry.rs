//! Image repositories: one per process, encrypted, scanned on push, with tags that never move, since a release names digests.
//! Images that no tag names go after some time.

use schema_documents::ResourceId;
use serde_json::json;

use crate::builder::{Draft, Lowering, id};
use crate::processes::Process;

/// Days that an image without a tag is kept: longer than a rollout, and than the way back from one.
const UNTAGGED_DAYS: u32 = 30;

/// Lowers the repository of a process' image.
pub(crate) fn lower(lowering: &mut Lowering<'_>, process: &Process) -> ResourceId {
    let draft =
        Draft::new(id(["compute", &process.name, "repository"]), "AWS::ECR::Repository", &process.origin);
    let policy = json!({ "rules": [{
        "rulePriority": 1,
        "description": "images that no tag names",
        "selection": {
            "tagStatus": "untagged",
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": UNTAGGED_DAYS,
        },
        "action": { "type": "expire" },
    }] });
    lowering.add(draft.named([&process.name]).properties(json!({
        "EncryptionConfiguration": { "EncryptionType": "KMS" },
        "ImageScanningConfiguration": { "ScanOnPush": true },
        "ImageTagMutability": "IMMUTABLE",
        "LifecyclePolicy": { "LifecyclePolicyText": policy.to_string() },
    })))
}
