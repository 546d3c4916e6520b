//! Intents: from their beginning to their result.

use std::sync::Arc;

use schema_documents::desired::Mode;
use schema_documents::journal::{Act, Intent};
use schema_documents::recorded::{Failure, OpenIntent, Recorded, ResourceRecord, Status, Untaken};
use schema_documents::{Digest, FieldPath, Kept, Millis, Sorted};

use super::{record, remove, settle, use_answers_up, word};

/// An intent is about to be carried out.
pub(super) fn begin(recorded: &mut Recorded, intent: &Intent, at_ms: Millis) -> Result<(), String> {
    if intent.intent != recorded.next_intent {
        return Err(format!("intent {} comes next", recorded.next_intent));
    }
    let is_same = |open: &OpenIntent| {
        open.intent.resource == intent.resource && open.intent.generation == intent.generation
    };
    if let Some(other) = recorded.open.values().find(|open| is_same(open)) {
        return Err(format!("intent {} on the same generation is still open", other.intent.intent));
    }
    match &intent.act {
        Act::Create { name, .. } => begin_create(recorded, intent, name.as_deref())?,
        Act::Update { identifier, .. } => {
            let record = record(recorded, &intent.resource, intent.generation)?;
            is_identified(record, identifier)?;
            if record.status != Status::Live {
                return Err("only what is live can be updated".to_owned());
            }
            if record.existing == Some(Mode::Reference) {
                return Err("nothing is written to what is only referred to".to_owned());
            }
        }
        Act::Delete { identifier, confirmed } => {
            begin_delete(recorded, intent, identifier, confirmed.as_ref())?;
        }
    }
    recorded.next_intent += 1;
    let open =
        OpenIntent { intent: intent.clone(), at_ms, operation: None, identifier: None, gated_at_ms: None };
    recorded.open.insert(intent.intent, open);
    Ok(())
}

fn begin_create(recorded: &mut Recorded, intent: &Intent, name: Option<&str>) -> Result<(), String> {
    let known = recorded.resources.get(&intent.resource).and_then(|all| all.get(&intent.generation));
    match known {
        None if intent.generation != recorded.next_generation(&intent.resource) => {
            return Err(format!("generation {} comes next", recorded.next_generation(&intent.resource)));
        }
        None if intent.attempt != 1 => return Err("a first try is attempt 1".to_owned()),
        None => {}
        Some(record) => is_to_be_tried_again(record, intent, name)?,
    }
    let before = known.and_then(|record| record.may_come()).map(|untaken| &untaken.intent);
    let is_same = before.is_some_and(|before| before.token == intent.token && before.act == intent.act);
    if intent.only_looks && !is_same {
        return Err("only what was asked for is looked for".to_owned());
    }
    if before.is_some() && !is_same {
        return Err("what an earlier request may have made was not looked for".to_owned());
    }
    let generations = recorded.resources.entry(intent.resource.clone()).or_default();
    let record = generations.entry(intent.generation).or_insert_with(|| {
        Arc::new(ResourceRecord {
            kind: intent.kind.clone(),
            stateful: intent.stateful,
            name: None,
            identifier: None,
            status: Status::Creating,
            seen: Kept::default(),
            seen_at_ms: 0,
            operated_at_ms: 0,
            fields: Sorted::new(),
            depends_on: std::collections::BTreeSet::new(),
            attempt: 0,
            failure: None,
            attached: false,
            existing: None,
        })
    });
    let record = Arc::make_mut(record);
    record.name = name.map(str::to_owned);
    record.attempt = intent.attempt;
    record.depends_on.clone_from(&intent.depends_on);
    Ok(())
}

fn is_to_be_tried_again(record: &ResourceRecord, intent: &Intent, name: Option<&str>) -> Result<(), String> {
    if record.status != Status::Creating || record.identifier.is_some() {
        return Err("this generation exists".to_owned());
    }
    if intent.attempt != record.attempt + 1 {
        return Err(format!("attempt {} comes next", record.attempt + 1));
    }
    if record.name.is_some() && record.name.as_deref() != name {
        return Err("a generation keeps its name".to_owned());
    }
    Ok(())
}

fn begin_delete(
    recorded: &mut Recorded,
    intent: &Intent,
    identifier: &str,
    confirmed: Option<&Digest>,
) -> Result<(), String> {
    let (id, generation) = (&intent.resource, intent.generation);
    let is_confirmed =
        confirmed.is_some_and(|digest| word::is_confirmed(recorded, (id, generation), identifier, digest));
    let record = record(recorded, id, generation)?;
    is_identified(record, identifier)?;
    if record.existing.is_some() {
        return Err("what somebody else made is not deleted".to_owned());
    }
    if matches!(record.status, Status::Creating | Status::Gone) {
        return Err("only what exists can be deleted".to_owned());
    }
    if record.stateful && record.status != Status::Deleting && !is_confirmed {
        return Err("it holds data and nobody has confirmed that it may go".to_owned());
    }
    record.status = Status::Deleting;
    if let Some(digest) = confirmed {
        recorded.confirmations.remove(digest);
    }
    Ok(())
}

fn is_identified(record: &ResourceRecord, identifier: &str) -> Result<(), String> {
    match &record.identifier {
        Some(known) if known == identifier => Ok(()),
        Some(known) => Err(format!("it is recorded as `{known}`, not `{identifier}`")),
        None => Err("its identifier is not known".to_owned()),
    }
}

/// The open intent with this number.
pub(super) fn open(recorded: &mut Recorded, intent: u64) -> Result<&mut OpenIntent, String> {
    recorded.open.get_mut(&intent).ok_or_else(|| "no such intent is open".to_owned())
}

/// An intent has succeeded.
pub(super) fn succeed(
    recorded: &mut Recorded,
    number: u64,
    identifier: &str,
    at_ms: Millis,
) -> Result<(), String> {
    let OpenIntent { intent, gated_at_ms, .. } = open(recorded, number)?.clone();
    let (id, generation) = (&intent.resource, intent.generation);
    if !matches!(intent.act, Act::Create { .. }) {
        is_identified(record(recorded, id, generation)?, identifier)?;
    }
    match &intent.act {
        Act::Create { .. } => created(recorded, &intent, identifier)?,
        Act::Update { .. } => {
            let record = record(recorded, id, generation)?;
            record.depends_on.clone_from(&intent.depends_on);
            for (path, settlement) in &intent.settles {
                settle(record, path, settlement.as_ref());
            }
        }
        Act::Delete { .. } => remove(recorded, id, generation),
    }
    if let Ok(record) = record(recorded, id, generation) {
        record.failure = None;
        record.operated_at_ms = at_ms;
        // That it may be created anew was said of one creation.
        let whole = FieldPath::root();
        let spent = matches!(intent.act, Act::Create { .. }).then_some(&whole);
        use_answers_up(recorded, id, intent.settles.keys().chain(spent));
    }
    word::use_up(recorded, &intent);
    if gated_at_ms.is_some() {
        super::setback::passed(recorded, &intent);
    }
    recorded.open.remove(&number);
    Ok(())
}

/// The new generation lives; what served before waits for clean-up. Edits that the new body keeps stay open.
fn created(recorded: &mut Recorded, intent: &Intent, identifier: &str) -> Result<(), String> {
    let generations = recorded.resources.get_mut(&intent.resource).ok_or("it is not recorded")?;
    let mut kept = std::collections::BTreeMap::new();
    for older in generations.range_mut(..intent.generation).map(|(_, record)| Arc::make_mut(record)) {
        if matches!(older.status, Status::Live | Status::Gone) {
            for (path, field) in &older.fields {
                kept.insert(path.clone(), field.clone());
            }
        }
        if older.status == Status::Live {
            older.status = Status::Superseded;
        }
    }
    generations
        .retain(|generation, record| *generation >= intent.generation || record.status != Status::Gone);
    let record = generations.get_mut(&intent.generation).map(Arc::make_mut).ok_or("it is not recorded")?;
    record.identifier = Some(identifier.to_owned());
    record.status = Status::Live;
    for (path, settlement) in &intent.settles {
        let keeps_edit = settlement.as_ref().is_some_and(|settlement| !settlement.closes_edit);
        if let Some(field) = kept.remove(path).filter(|_| keeps_edit) {
            record.fields.insert(path.clone(), field);
        }
        settle(record, path, settlement.as_ref());
    }
    Ok(())
}

/// A request that no operation took up. A creation that was refused for what it says may still be accepted if it was refused for the
/// moment before.
pub(super) fn untaken(recorded: &mut Recorded, number: u64, for_now: bool) -> Result<Box<Untaken>, String> {
    let OpenIntent { intent, operation, .. } = open(recorded, number)?.clone();
    if operation.is_some() {
        return Err("an operation took it up".to_owned());
    }
    let before = record(recorded, &intent.resource, intent.generation)?.may_come();
    let for_now = for_now || before.is_some_and(|before| before.intent.token == intent.token);
    Ok(Box::new(Untaken { intent, for_now }))
}

/// An intent has failed for good.
pub(super) fn fail(
    recorded: &mut Recorded,
    number: u64,
    failure: Failure,
    remnant: Option<&str>,
) -> Result<(), String> {
    let OpenIntent { intent, .. } = open(recorded, number)?.clone();
    let creates = matches!(intent.act, Act::Create { .. });
    if !creates && (remnant.is_some() || !failure.candidates.is_empty()) {
        return Err("only a create leaves a remnant, or is looked for".to_owned());
    }
    fail_record(record(recorded, &intent.resource, intent.generation)?, failure, remnant);
    recorded.open.remove(&number);
    Ok(())
}

fn fail_record(record: &mut ResourceRecord, failure: Failure, remnant: Option<&str>) {
    let before = record.failure.as_ref().map_or(0, |failure| failure.times);
    record.operated_at_ms = failure.at_ms;
    record.failure = Some(Failure { times: before + 1, ..failure });
    if let Some(identifier) = remnant {
        record.identifier = Some(identifier.to_owned());
        record.status = Status::Deleting;
    }
}
