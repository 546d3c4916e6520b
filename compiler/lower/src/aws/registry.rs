//! Image repositories: one per process, scanned on push, with tags that can move: a process runs `latest` until
//! releases name digests.

use schema_documents::ResourceId;
use serde_json::json;

use crate::builder::{Draft, Lowering, id};
use crate::processes::Process;

/// Lowers the repository of a process' image.
pub(crate) fn lower(lowering: &mut Lowering<'_>, process: &Process) -> ResourceId {
    let draft =
        Draft::new(id(["compute", &process.name, "repository"]), "AWS::ECR::Repository", &process.origin);
    lowering.add(draft.named([&process.name]).properties(json!({
        "ImageScanningConfiguration": { "ScanOnPush": true },
        "ImageTagMutability": "MUTABLE",
    })))
}
