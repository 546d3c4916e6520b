//! What a read proves (semantics, §2), and what of it may be kept (§11).

use std::borrow::Cow;
use std::collections::BTreeSet;

use schema_catalog::{Kind, units};
use schema_documents::path::{Selector, selector};
use schema_documents::recorded::{FieldRecord, ResourceRecord};
use schema_documents::{FieldPath, Json, Millis, Value};

use super::Context;
use crate::digests::Digests;
use crate::merge::Meaning;
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

/// Whether what was seen of something is older than our last success on it, or there is nothing: what it is must be read.
pub(crate) fn owes_a_look(record: &ResourceRecord) -> bool {
    record.seen.is_null() || record.failure.is_none() && record.seen_at_ms < record.operated_at_ms
}

/// Whether "there is none" can be believed: creations show late.
pub(super) fn absence_is_evidence(record: &ResourceRecord, kind: &Kind, context: &Context<'_>) -> bool {
    let visibility_ms = context.limits.lag_ms(kind.overlay.visibility_ms);
    record.operated_at_ms == 0 || context.now_ms >= record.operated_at_ms.saturating_add(visibility_ms)
}

/// The live properties as they may be remembered: digests in the place of values that the catalogue calls sensitive, and
/// of units that hold a secret.
pub fn redact<'a>(
    kind: &Kind,
    live: &'a Json,
    secrets: &BTreeSet<FieldPath>,
    digests: &Digests,
) -> Cow<'a, Json> {
    if kind.overlay.sensitive.is_empty() && secrets.is_empty() {
        return Cow::Borrowed(live);
    }
    let is_secret =
        |path: &FieldPath| kind.is_sensitive(path) || secrets.iter().any(|secret| path.is_within(secret));
    let mut redacted = Cow::Borrowed(live);
    for (path, value) in units::units(kind, live).into_iter().filter(|(path, _)| is_secret(path)) {
        let digest = Json::String(digests.of(&value));
        path.set(redacted.to_mut(), digest);
    }
    redacted
}

/// The units that hold a secret, by what is asked now and what was asked last. An element of a set is named by its value,
/// which nobody knows here: the whole set counts.
pub fn secret_units<'a>(
    now: impl Iterator<Item = (&'a FieldPath, &'a Value)>,
    record: Option<&'a ResourceRecord>,
) -> BTreeSet<FieldPath> {
    let fields = record.into_iter().flat_map(|record| &record.fields);
    let last = fields.filter_map(|(path, field)| Some((path, field.asked.as_ref()?)));
    let secret = now.chain(last).filter(|(_, value)| holds_secret(value));
    let unit = |path: &FieldPath| {
        let is_element =
            matches!(path.segments().last().and_then(|last| selector(last)), Some(Selector::Element(_)));
        path.parent().filter(|_| is_element).unwrap_or_else(|| path.clone())
    };
    secret.map(|(path, _)| unit(path)).collect()
}

/// Whether a value needs a secret.
pub(crate) fn holds_secret(value: &Value) -> bool {
    !value.secrets().is_empty()
}

/// Whether somebody added to a value that is remembered as a digest: it has all that was asked, as before, and says more, and is
/// not what it was. What the cloud itself had added was in the digest. `raw` is what was read, `live` and `seen` are digests.
pub(super) fn is_secretly_added_to(
    meaning: Meaning<'_>,
    memory: Option<&FieldRecord>,
    wished: Option<&Json>,
    (raw, live, seen): (Option<&Json>, Option<&Json>, Option<&Json>),
) -> bool {
    let Some(memory) = memory else { return false };
    let edit = memory.edit.as_ref().filter(|edit| !edit.reverted);
    let before = edit.map_or(seen, |edit| edit.from.as_ref());
    let asked = memory.asked.as_ref().and_then(Value::as_json);
    let was_asked = asked.is_some() && meaning.equal(asked.as_ref(), wished);
    let is_whole = wished.is_some_and(|wished| wished.is_object() || wished.is_array());
    is_whole && was_asked && before.is_some() && before != live && !meaning.equal(wished, raw)
}
