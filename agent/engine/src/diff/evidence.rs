//! What a read proves (semantics, §2), and what of it may be kept (§11).

use std::borrow::Cow;

use schema_catalog::{Kind, units};
use schema_documents::recorded::ResourceRecord;
use schema_documents::{Digest, Json, Millis};

use super::Context;
use crate::options::Limits;

/// Whether a read that began at this time shows the state after our last operation for certain.
pub(super) fn is_evidence(
    record: &ResourceRecord,
    kind: &Kind,
    began_at_ms: Millis,
    limits: &Limits,
) -> bool {
    let settling_ms = limits.lag_ms(kind.overlay.settling_ms);
    began_at_ms > record.operated_at_ms.saturating_add(settling_ms)
        || record.operated_at_ms == 0
        || settling_ms == 0 && began_at_ms >= record.operated_at_ms
}

/// Whether "there is none" can be believed: creations show late.
pub(super) fn absence_is_evidence(record: &ResourceRecord, kind: &Kind, context: &Context<'_>) -> bool {
    let visibility_ms = context.limits.lag_ms(kind.overlay.visibility_ms);
    record.operated_at_ms == 0 || context.now_ms >= record.operated_at_ms.saturating_add(visibility_ms)
}

/// The live properties as they may be remembered: sensitive values as digests.
pub fn redact<'a>(kind: &Kind, live: &'a Json) -> Cow<'a, Json> {
    if kind.overlay.sensitive.is_empty() {
        return Cow::Borrowed(live);
    }
    let mut redacted = Cow::Borrowed(live);
    for (path, value) in units::units(kind, live) {
        if kind.is_sensitive(&path) {
            let digest = Json::String(Digest::of(&value).as_str().to_owned());
            path.set(redacted.to_mut(), digest);
        }
    }
    redacted
}
