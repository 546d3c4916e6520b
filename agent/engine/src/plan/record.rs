//! What a pass has learnt, as journal entries: appended before anything is done.

use std::collections::BTreeMap;

use schema_documents::FieldPath;
use schema_documents::desired::Class;
use schema_documents::journal::{Entry, Settlement};
use schema_documents::origin::Rank;
use schema_documents::plan::Wish;
use schema_documents::recorded::Owner;

use crate::bind;
use crate::diff::{Beside, Differences, FieldOutcome, Presence, ResourceDifference};
use crate::merge::Decision;

/// The entries that *record* appends before *apply*: moves, what was seen, edits that are believed, wishes that are
/// settled without writing, and what is gone.
///
/// While an edit of a resource has not settled, what was seen of that resource is not recorded: its memory would
/// take the edit for known.
pub fn journal_entries(differences: &Differences) -> Vec<Entry> {
    let moves = differences.moved.iter();
    let mut entries: Vec<Entry> =
        moves.map(|(from, to)| Entry::Moved { from: from.clone(), to: to.clone() }).collect();
    for difference in &differences.resources {
        // What was seen comes last: until then a resource that was found counts as never compared.
        edits(difference, &mut entries);
        settled(difference, &mut entries);
        let loss = difference.loss.as_ref();
        entries.extend(loss.map(|loss| Entry::Loses { resource: difference.id.clone(), loss: loss.clone() }));
        seen(difference, &mut entries);
        presence(difference, &mut entries);
    }
    entries
}

fn seen(difference: &ResourceDifference, entries: &mut Vec<Entry>) {
    if let Some(seen) = difference.seen.as_ref().filter(|_| !is_unsettled(difference)) {
        entries.push(Entry::Seen {
            resource: difference.id.clone(),
            generation: difference.generation,
            live: seen.live.clone(),
            began_at_ms: seen.began_at_ms,
        });
    }
}

/// Whether an edit of the resource has not settled.
fn is_unsettled(difference: &ResourceDifference) -> bool {
    difference.fields.iter().any(|field| field.live_moved && !field.settled)
}

/// A field that the document does not mention is the console's from now on: a wish that comes later does not write over it.
fn edited_beside(beside: &Beside) -> (FieldPath, Option<Settlement>) {
    let settlement =
        Settlement { asked: None, rank: Rank::Default, owner: Owner::Console, closes_edit: false };
    (beside.path.clone(), Some(settlement))
}

fn edits(difference: &ResourceDifference, entries: &mut Vec<Entry>) {
    for field in difference.fields.iter().filter(|field| field.is_new_edit() && field.settled) {
        entries.push(Entry::Edited {
            resource: difference.id.clone(),
            generation: difference.generation,
            path: field.path.clone(),
            from: field.seen.clone(),
            to: field.live.clone(),
            who: field.author.as_ref().and_then(|author| author.who.clone()),
            made_at_ms: field.author.as_ref().map(|author| author.at_ms),
            class: field.class,
            origin: field.origin().cloned(),
        });
    }
}

fn settled(difference: &ResourceDifference, entries: &mut Vec<Entry>) {
    let mut fields = BTreeMap::new();
    for field in &difference.fields {
        settle(field, &mut fields);
    }
    if !is_unsettled(difference) {
        fields.extend(difference.beside.iter().filter(|beside| beside.is_set).map(edited_beside));
    }
    if !fields.is_empty() {
        entries.push(Entry::Settled {
            resource: difference.id.clone(),
            generation: difference.generation,
            fields,
        });
    }
}

/// What becomes of a field without writing it.
fn settle(field: &FieldOutcome, fields: &mut BTreeMap<FieldPath, Option<Settlement>>) {
    let known: Option<&Wish> = field.wish.as_ref().filter(|wish| bind::is_known(wish));
    let below_an_edit = |wish: &Wish| Settlement { owner: Owner::Console, closes_edit: false, ..wish.into() };
    let settlement = match (field.decision, known) {
        (Decision::InStep, Some(wish)) if wish.value.is_some() => Some(wish.into()),
        (Decision::InStep, Some(_)) | (Decision::Released, _) => None,
        (Decision::NotedDefault, Some(wish)) if field.settled => Some(below_an_edit(wish)),
        // A resource that was found and not made: what is asked now counts as asked.
        (Decision::Drift | Decision::Conflict, Some(wish)) if field.attaches => Some(below_an_edit(wish)),
        _ => return,
    };
    fields.insert(field.path.clone(), settlement);
}

fn presence(difference: &ResourceDifference, entries: &mut Vec<Entry>) {
    let (resource, generation) = (difference.id.clone(), difference.generation);
    match difference.presence {
        Presence::Unchanged => {}
        Presence::Forgotten => entries.push(Entry::Forgotten { resource, generation }),
        Presence::Gone { edit, generation } => {
            let author = difference.author.as_ref();
            entries.push(Entry::Gone { resource: resource.clone(), generation });
            if edit {
                entries.push(Entry::Edited {
                    resource,
                    generation,
                    path: FieldPath::root(),
                    from: None,
                    to: None,
                    who: author.and_then(|author| author.who.clone()),
                    made_at_ms: author.map(|author| author.at_ms),
                    class: Class::Open,
                    origin: None,
                });
            }
        }
    }
}
