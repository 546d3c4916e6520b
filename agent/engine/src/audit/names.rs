//! By which names an event and the record speak of the same resource.

use std::collections::BTreeSet;

use schema_catalog::{Catalog, Kind};
use schema_documents::Json;
use schema_documents::recorded::ResourceRecord;

use super::Event;

/// Services through which every kind can be changed: they name resources by ARN, or by kind and identifier.
const OF_ALL_KINDS: [&str; 2] = ["tagging.amazonaws.com", "cloudcontrolapi.amazonaws.com"];

/// Texts of an event beyond this many are not looked at.
const MOST_TEXTS: usize = 1_000;

/// Parameters deeper than this are not looked at.
const DEEPEST: usize = 16;

/// Whether changes of a kind can show in events of this source.
pub(super) fn is_source(catalog: &Catalog, kind: &str, source: &str) -> bool {
    OF_ALL_KINDS.contains(&source) || catalog.kind(kind).is_some_and(|kind: &Kind| kind.is_audited_by(source))
}

/// Every text by which the event may name a resource: whole, and the end of an ARN or an address.
pub(super) fn in_event(event: &Event) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    collect(&event.parameters, &mut named, 0);
    collect(&event.answer, &mut named, 0);
    named
}

fn collect(value: &Json, named: &mut BTreeSet<String>, depth: usize) {
    if depth > DEEPEST || named.len() > MOST_TEXTS {
        return;
    }
    match value {
        Json::String(text) => {
            named.extend(std::iter::once(text.as_str()).chain(end_of(text)).map(str::to_owned));
        }
        Json::Array(items) => items.iter().for_each(|item| collect(item, named, depth + 1)),
        Json::Object(members) => members.values().for_each(|value| collect(value, named, depth + 1)),
        _ => {}
    }
}

/// Every name that a generation goes by. A part of an identifier that is made of several may be its parent's: then its
/// siblings are looked at too.
pub(super) fn of_record(record: &ResourceRecord) -> impl Iterator<Item = &str> {
    let identifier = record.identifier.as_deref().into_iter();
    let parts = identifier.clone().flat_map(|identifier| identifier.split('|'));
    let ends = parts.clone().filter_map(end_of);
    identifier.chain(parts).chain(ends).chain(record.name.as_deref()).filter(|name| !name.is_empty())
}

/// The name at the end of an ARN or an address.
fn end_of(text: &str) -> Option<&str> {
    let is_long = text.starts_with("arn:") || text.contains("://");
    text.rsplit(['/', ':']).next().filter(|end| is_long && !end.is_empty())
}
