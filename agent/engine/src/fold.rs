//! Fold: the journal read into the recorded state, entry by entry.
//!
//! [`apply`] is the one table of legal transitions. It guards what is about to be appended and reads back what was, so
//! a journal that this agent wrote is one that it can read. An illegal entry leaves the record as it was.

mod header;
mod import;
mod intent;
mod recover;
mod setback;
#[cfg(test)]
mod tests;
mod word;

use std::sync::Arc;

use schema_documents::journal::{Act, Batch, Entry, Settlement};
use schema_documents::origin::Rank;
use schema_documents::recorded::{
    Answer, Failure, FieldRecord, OpenEdit, Owner, Recorded, ResourceRecord, Status,
};
use schema_documents::{Digest, FieldPath, Json, Kept, Millis, ResourceId};

/// An entry or a batch that cannot follow what is recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{entry} cannot follow what is recorded: {reason}")]
pub struct Illegal {
    /// Which one, in words: `batch 7`, `intent 3 (create topic/a/topic#1)`.
    pub entry: String,
    /// Why not.
    pub reason: String,
}

/// The same edit of an enforced field within this time is held instead of reverted once more, in milliseconds.
pub const FOUGHT_FOR_MS: u64 = 24 * 3_600_000;

/// Reads one batch into the record: it must be the next one, of the same journal, by its one writer, and each of its entries
/// legal. After an error the record holds the entries before the illegal one, and is not to be used.
pub fn fold(recorded: &mut Recorded, batch: &Batch) -> Result<(), Illegal> {
    fold_read(recorded, batch, batch.digest())
}

/// As [`fold`], for a batch whose digest is known from its seal.
pub fn fold_read(recorded: &mut Recorded, batch: &Batch, digest: Digest) -> Result<(), Illegal> {
    begin(recorded, batch)?;
    for entry in &batch.entries {
        apply(recorded, entry, batch.at_ms)?;
    }
    end(recorded, batch, digest);
    Ok(())
}

/// Whether this batch may come next, whatever its entries.
pub fn begin(recorded: &Recorded, batch: &Batch) -> Result<(), Illegal> {
    header::check(recorded, batch)
        .map_err(|reason| Illegal { entry: format!("batch {}", batch.number), reason })
}

/// Takes note of a batch whose entries have all been applied.
pub fn end(recorded: &mut Recorded, batch: &Batch, digest: Digest) {
    recorded.version = schema_documents::recorded::VERSION;
    recorded.journal = Some(batch.journal.clone());
    recorded.number = batch.number;
    recorded.last = Some(digest);
    recorded.epoch = batch.epoch;
    recorded.writer = Some(batch.writer.clone());
}

/// Reads one entry, written at `at_ms`, into the record.
pub fn apply(recorded: &mut Recorded, entry: &Entry, at_ms: Millis) -> Result<(), Illegal> {
    transition(recorded, entry, at_ms).map_err(|reason| Illegal { entry: name(entry), reason })
}

fn transition(recorded: &mut Recorded, entry: &Entry, at_ms: Millis) -> Result<(), String> {
    match entry {
        Entry::Lease(lease) => recorded.lease = Some(lease.clone()),
        Entry::Released {} => recorded.lease = None,
        Entry::Pass { desired, number, .. } => {
            if let Some(newer) =
                recorded.published.filter(|newer| number.is_some_and(|number| number < *newer))
            {
                return Err(format!("number {newer} was worked towards already"));
            }
            recorded.desired = Some(desired.clone());
            recorded.published = recorded.published.max(*number);
            setback::pass(recorded);
        }
        Entry::Intent(intent) => intent::begin(recorded, intent, at_ms)?,
        Entry::Operation { intent, operation } => {
            let open = intent::open(recorded, *intent)?;
            if open.intent.only_looks {
                return Err("it asks for nothing".to_owned());
            }
            open.operation = Some(operation.clone());
        }
        Entry::Identified { intent, identifier } => {
            intent::open(recorded, *intent)?.identifier = Some(identifier.clone());
        }
        Entry::Gated { intent, identifier } => {
            let open = intent::open(recorded, *intent)?;
            if matches!(open.intent.act, Act::Delete { .. }) {
                return Err("a deletion has no gate".to_owned());
            }
            open.identifier = Some(identifier.clone());
            open.gated_at_ms.get_or_insert(at_ms);
        }
        Entry::Succeeded { intent, identifier } => intent::succeed(recorded, *intent, identifier, at_ms)?,
        Entry::Failed { unhealthy: true, .. } => setback::failed(recorded, entry, at_ms)?,
        Entry::Failed { intent, code, message, remnant, candidates, untaken, for_now, unhealthy: false } => {
            let (code, message, candidates) = (code.clone(), message.clone(), candidates.clone());
            let untaken = untaken.then(|| intent::untaken(recorded, *intent, *for_now)).transpose()?;
            let failure = Failure { code, message, at_ms, times: 1, candidates, untaken };
            intent::fail(recorded, *intent, failure, remnant.as_deref())?;
        }
        Entry::Seen { resource, generation, live, began_at_ms } => {
            let record = record(recorded, resource, *generation)?;
            record.seen = live.into();
            record.seen_at_ms = *began_at_ms;
            record.attached = false;
            if record.status == Status::Gone {
                record.status = Status::Live;
            }
        }
        Entry::Settled { resource, generation, fields } => {
            let record = record(recorded, resource, *generation)?;
            for (path, settlement) in fields {
                settle(record, path, settlement.as_ref());
            }
            use_answers_up(recorded, resource, fields.keys());
        }
        Entry::Edited { .. } => edited(recorded, entry, at_ms)?,
        Entry::Gone { resource, generation } => {
            let record = record(recorded, resource, *generation)?;
            if record.status != Status::Live {
                return Err("only what is live can be found gone".to_owned());
            }
            record.status = Status::Gone;
        }
        Entry::Forgotten { resource, generation } => {
            not_under_way(recorded, resource)?;
            if record(recorded, resource, *generation)?.may_come().is_some() {
                return Err("a request for it may be accepted yet".to_owned());
            }
            remove(recorded, resource, *generation);
        }
        Entry::Moved { from, to } => moved(recorded, from, to)?,
        Entry::Loses { resource, loss } => {
            record(recorded, resource, loss.generation)?;
            recorded.losses.entry(resource.clone()).or_default().insert(loss.generation, loss.clone());
        }
        Entry::Confirmed { .. } => word::confirmed(recorded, entry, at_ms)?,
        Entry::Proposed { plan, steps } => word::proposed(recorded, plan, steps, at_ms),
        Entry::Approved { plan, who } => word::approved(recorded, plan, who, at_ms)?,
        Entry::Lapsed { approvals, confirmations } => word::lapsed(recorded, approvals, confirmations)?,
        Entry::Answered { resource, path, choice, over, who } => {
            if !recorded.resources.contains_key(resource) {
                return Err("it is not recorded".to_owned());
            }
            let answer = Answer { choice: *choice, over: over.clone(), who: who.clone(), at_ms };
            recorded.answers.entry(resource.clone()).or_default().insert(path.clone(), answer);
        }
        Entry::Retried { resource, .. } => setback::retried(recorded, resource)?,
        Entry::Recovered { found, .. } => recover::found(recorded, found, at_ms)?,
        Entry::Imported { found } => import::found(recorded, found, at_ms)?,
    }
    Ok(())
}

fn record<'a>(
    recorded: &'a mut Recorded,
    id: &ResourceId,
    generation: u32,
) -> Result<&'a mut ResourceRecord, String> {
    let record = recorded.resources.get_mut(id).and_then(|generations| generations.get_mut(&generation));
    record.map(Arc::make_mut).ok_or_else(|| format!("`{id}#{generation}` is not recorded"))
}

fn not_under_way(recorded: &Recorded, id: &ResourceId) -> Result<(), String> {
    match recorded.open.values().find(|open| open.intent.resource == *id) {
        Some(open) => Err(format!("intent {} is still open", open.intent.intent)),
        None => Ok(()),
    }
}

fn remove(recorded: &mut Recorded, id: &ResourceId, generation: u32) {
    let newest = recorded.retired.entry(id.clone()).or_default();
    *newest = (*newest).max(generation);
    if let Some(losses) = recorded.losses.get_mut(id) {
        losses.remove(&generation);
        if losses.is_empty() {
            recorded.losses.remove(id);
        }
    }
    if let Some(generations) = recorded.resources.get_mut(id) {
        generations.remove(&generation);
        if generations.is_empty() {
            recorded.resources.remove(id);
            recorded.answers.remove(id);
        }
    }
}

/// What becomes of a field. An edit of an enforced field that is closed stays in memory as reverted, so that the same
/// edit is known when it comes back.
fn settle(record: &mut ResourceRecord, path: &FieldPath, settlement: Option<&Settlement>) {
    let Some(settlement) = settlement else {
        record.fields.remove(path);
        return;
    };
    let edit = record.fields.remove(path).and_then(|field| field.edit);
    let edit = match edit {
        Some(edit) if settlement.closes_edit && edit.class == schema_documents::desired::Class::Enforced => {
            Some(Box::new(OpenEdit { reverted: true, ..*edit }))
        }
        Some(edit) if !settlement.closes_edit => Some(edit),
        _ => None,
    };
    let Settlement { asked, rank, owner, .. } = settlement.clone();
    record.fields.insert(path.clone(), FieldRecord { asked, rank, owner, edit });
}

fn use_answers_up<'a>(
    recorded: &mut Recorded,
    id: &ResourceId,
    paths: impl IntoIterator<Item = &'a FieldPath>,
) {
    if let Some(answers) = recorded.answers.get_mut(id) {
        for path in paths {
            answers.remove(path);
        }
        if answers.is_empty() {
            recorded.answers.remove(id);
        }
    }
}

fn edited(recorded: &mut Recorded, entry: &Entry, at_ms: Millis) -> Result<(), String> {
    let Entry::Edited { resource, generation, path, from, to, who, made_at_ms, class, origin } = entry else {
        return Ok(());
    };
    let record = record(recorded, resource, *generation)?;
    let fresh = FieldRecord { asked: None, rank: Rank::Default, owner: Owner::Console, edit: None };
    let field = record.fields.get_or_insert_with(path.clone(), || fresh);
    let before = field.edit.take();
    // What is not enforced any more is not fought over: the same edit again is an edit.
    let enforced = *class == schema_documents::desired::Class::Enforced;
    let fought = before.as_ref().filter(|_| enforced).is_some_and(|edit| {
        edit.reverted && edit.to == *to && at_ms.saturating_sub(edit.seen_at_ms) < FOUGHT_FOR_MS
    });
    let still_open = before.filter(|edit| !edit.reverted || fought);
    field.edit = Some(Box::new(OpenEdit {
        from: still_open.as_ref().map_or_else(|| from.clone(), |edit| edit.from.clone()),
        to: to.clone(),
        who: who.clone(),
        made_at_ms: *made_at_ms,
        seen_at_ms: still_open.as_ref().map_or(at_ms, |edit| edit.seen_at_ms),
        class: *class,
        origin: origin.clone(),
        reverted: fought,
        found: record.attached,
    }));
    if !enforced {
        field.owner = Owner::Console;
    }
    remember(&mut record.seen, path, to.as_ref());
    lapse(recorded, resource, path, to.as_ref());
    Ok(())
}

/// An answer is to the value that was live when it was given. When another one is found it lapses, for good: the answered
/// value may come back by another hand, and nobody has answered that.
fn lapse(recorded: &mut Recorded, id: &ResourceId, path: &FieldPath, live: Option<&Json>) {
    let answer = recorded.answers.get(id).and_then(|answers| answers.get(path));
    if answer.is_some_and(|answer| answer.over.as_ref() != live) {
        use_answers_up(recorded, id, [path]);
    }
}

/// Puts the live value of one unit into memory.
fn remember(memory: &mut Kept, path: &FieldPath, live: Option<&Json>) {
    if path.is_root() {
        return;
    }
    let mut seen = memory.to_json();
    match live {
        Some(live) => {
            path.set(&mut seen, live.clone());
        }
        None => {
            path.remove(&mut seen);
        }
    }
    *memory = Kept::from(&seen);
}

fn moved(recorded: &mut Recorded, from: &ResourceId, to: &ResourceId) -> Result<(), String> {
    not_under_way(recorded, from)?;
    if recorded.resources.contains_key(to) {
        return Err(format!("`{to}` is recorded already"));
    }
    let generations = recorded.resources.remove(from).ok_or_else(|| format!("`{from}` is not recorded"))?;
    recorded.resources.insert(to.clone(), generations);
    for record in recorded.resources.values_mut().flat_map(|generations| generations.values_mut()) {
        if record.depends_on.contains(from) {
            let needed = &mut Arc::make_mut(record).depends_on;
            needed.remove(from);
            needed.insert(to.clone());
        }
    }
    if let Some(newest) = recorded.retired.remove(from) {
        recorded.retired.insert(to.clone(), newest);
    }
    if let Some(losses) = recorded.losses.remove(from) {
        recorded.losses.insert(to.clone(), losses);
    }
    if let Some(setback) = recorded.setbacks.remove(from) {
        recorded.setbacks.insert(to.clone(), setback);
    }
    if let Some(answers) = recorded.answers.remove(from) {
        recorded.answers.insert(to.clone(), answers);
    }
    recorded.confirmations.retain(|_, confirmation| confirmation.resource != *from);
    recorded.approvals.retain(|_, approval| approval.step.resource != *from);
    Ok(())
}

fn name(entry: &Entry) -> String {
    match entry {
        Entry::Lease(_) => "the lease".to_owned(),
        Entry::Released {} => "the release of the lease".to_owned(),
        Entry::Pass { .. } => "the beginning of a pass".to_owned(),
        Entry::Intent(intent) => {
            format!("intent {} ({}#{})", intent.intent, intent.resource, intent.generation)
        }
        Entry::Operation { intent, .. } => format!("the operation of intent {intent}"),
        Entry::Identified { intent, .. } => format!("the identifier of intent {intent}"),
        Entry::Gated { intent, .. } => format!("the gate of intent {intent}"),
        Entry::Succeeded { intent, .. } => format!("the success of intent {intent}"),
        Entry::Failed { intent, .. } => format!("the failure of intent {intent}"),
        Entry::Seen { resource, generation, .. } => format!("the live state of `{resource}#{generation}`"),
        Entry::Settled { resource, generation, .. } => {
            format!("settled fields of `{resource}#{generation}`")
        }
        Entry::Edited { resource, generation, path, .. } => {
            format!("an edit of `{resource}#{generation}` at `{path}`")
        }
        Entry::Gone { resource, generation } => format!("`{resource}#{generation}` being gone"),
        Entry::Forgotten { resource, generation } => format!("forgetting `{resource}#{generation}`"),
        Entry::Moved { from, to } => format!("the move of `{from}` to `{to}`"),
        Entry::Loses { resource, loss } => format!("the loss of `{resource}#{}`", loss.generation),
        Entry::Confirmed { resource, .. } => format!("the confirmation for `{resource}`"),
        Entry::Proposed { plan, .. } => format!("the proposal of plan {}", plan.short()),
        Entry::Approved { plan, .. } => format!("the approval of plan {}", plan.short()),
        Entry::Lapsed { .. } => "the end of what people allowed".to_owned(),
        Entry::Answered { resource, path, .. } => format!("the answer for `{resource}` at `{path}`"),
        Entry::Retried { resource, .. } => format!("another try of `{resource}`"),
        Entry::Recovered { found, .. } => {
            format!("the recovery of `{}#{}`", found.resource, found.generation)
        }
        Entry::Imported { found } => format!("the import of `{}#{}`", found.resource, found.generation),
    }
}
