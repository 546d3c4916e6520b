//! What the record takes up before anything is compared, since what follows builds on it.

use std::borrow::Cow;

use schema_documents::journal::Entry;
use schema_documents::recorded::{Recorded, Status};

use super::{Context, existing};
use crate::fold;
use crate::live::{Key, Live, LiveState};

/// What is there already and can be taken, and outputs that somebody has seen to; and the record with it.
pub(crate) fn take_up<'a>(
    recorded: &'a Recorded,
    live: &LiveState,
    context: &Context<'_>,
) -> (Cow<'a, Recorded>, Vec<Entry>) {
    let mut entries = existing::taken(recorded, live, context);
    entries.extend(live.iter().filter_map(|(key, live)| arrived(recorded, key, live, context)));
    let mut recorded = Cow::Borrowed(recorded);
    for entry in &entries {
        // One that is illegal is found out when it is appended.
        let _ = fold::apply(recorded.to_mut(), entry, context.now_ms);
    }
    (recorded, entries)
}

/// An awaited output that is there now, where nothing else has changed. Where something has, it is settled first.
fn arrived(
    recorded: &Recorded,
    (resource, generation): &Key,
    live: &Live,
    context: &Context<'_>,
) -> Option<Entry> {
    let Live::Present { properties, began_at_ms } = live else { return None };
    let record = recorded.generation(resource, *generation).filter(|record| record.status == Status::Live)?;
    let awaited = context.catalog.kind(&record.kind)?.overlay.awaited.as_ref()?;
    let output = awaited.path.get(properties)?;
    let mut live = record.seen.to_json();
    awaited.path.set(&mut live, output.clone());
    let is_all = live == *properties && record.seen != live;
    is_all.then(|| Entry::Seen {
        resource: resource.clone(),
        generation: *generation,
        live,
        began_at_ms: *began_at_ms,
    })
}
