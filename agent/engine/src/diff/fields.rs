//! The fields of one generation that exists.

use std::borrow::Cow;
use std::collections::BTreeSet;

use schema_catalog::{Kind, Unit, compare};
use schema_documents::desired::Class;
use schema_documents::plan::{Consequence, Wish};
use schema_documents::recorded::{Answer, Choice, FieldRecord, ResourceRecord, Setback};
use schema_documents::{FieldPath, Json, Millis, Origin, ResourceId, Value};

use super::evidence::{is_evidence, is_secretly_added_to, redact, secret_units};
use super::{Context, FieldOutcome};
use crate::audit::Author;
use crate::bind::{self, BoundResource};
use crate::merge::{
    Decision, Default, FieldInput, LiveField, Meaning, Wished, decide, has_live_moved, is_attached, is_beside,
};

/// What is taken for live.
#[derive(Clone, Copy)]
pub(super) struct Sight<'a> {
    pub(super) properties: &'a Json,
    /// When the read began.
    pub(super) began_at_ms: Millis,
    /// Whether it was not read, but remembered: its secrets are digests already.
    pub(super) is_memory: bool,
}

impl<'a> Sight<'a> {
    pub(super) fn read(properties: &'a Json, began_at_ms: Millis) -> Self {
        Self { properties, began_at_ms, is_memory: false }
    }

    pub(super) fn remembered(seen: &'a Json) -> Self {
        Self { properties: seen, began_at_ms: Millis::MAX, is_memory: true }
    }
}

/// One generation, its wishes and what was read of it.
pub(super) struct Subject<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) id: &'a ResourceId,
    pub(super) generation: u32,
    pub(super) kind: &'a Kind,
    pub(super) bound: &'a BoundResource,
    pub(super) record: &'a ResourceRecord,
    pub(super) answers: Option<&'a std::collections::BTreeMap<FieldPath, Answer>>,
    /// Its deployment that failed, if the last one did.
    pub(super) setback: Option<&'a Setback>,
    /// As it was seen last.
    pub(super) seen: Json,
    /// As it was read.
    pub(super) raw: &'a Json,
    /// As it may be remembered.
    pub(super) redacted: Cow<'a, Json>,
    /// Whether the read proves drift.
    pub(super) evidence: bool,
    /// When the read began.
    pub(super) began_at_ms: Millis,
    /// Lists by key in which somebody has made elements that no key tells apart: nobody can say which of them is whose.
    pub(super) muddled: BTreeSet<FieldPath>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(
        context: &'a Context<'a>,
        (id, generation): (&'a ResourceId, u32),
        kind: &'a Kind,
        (bound, record): (&'a BoundResource, &'a ResourceRecord),
        Sight { properties: raw, began_at_ms, is_memory }: Sight<'a>,
    ) -> Self {
        let evidence = is_evidence(record, kind, began_at_ms, context.limits);
        let now = bound.wishes.iter().filter_map(|wish| Some((&wish.path, wish.value.as_ref()?)));
        let redacted = if is_memory {
            Cow::Borrowed(raw)
        } else {
            redact(kind, raw, &secret_units(now, Some(record)), context.digests)
        };
        let seen = record.seen.to_json();
        let paths = bound.wishes.iter().map(|wish| &wish.path).chain(record.fields.keys());
        let muddled = super::muddle::muddled(kind, paths, (&seen, raw));
        Self {
            context,
            id,
            generation,
            kind,
            bound,
            record,
            answers: None,
            setback: None,
            raw,
            redacted,
            evidence,
            began_at_ms,
            seen,
            muddled,
        }
    }

    /// Every field with a decision that has a consequence, or that must be remembered.
    pub(super) fn outcomes(&self) -> Vec<FieldOutcome> {
        let mut outcomes = Vec::new();
        let mut left: Vec<(&FieldPath, &FieldRecord)> = Vec::new();
        // Wishes and memory are both sorted by path.
        let mut memories = self.record.fields.iter().peekable();
        for wish in &self.bound.wishes {
            while let Some(unwished) = memories.next_if(|(path, _)| **path < wish.path) {
                left.push(unwished);
            }
            let memory = memories.next_if(|(path, _)| **path == wish.path).map(|(_, memory)| memory);
            if self.bound.generation == self.generation || !bind::is_ownership(self.kind, &wish.path) {
                outcomes.extend(self.outcome(&wish.path, Some(wish), memory));
            }
        }
        left.extend(memories);
        let foreign = self.foreign();
        for wish in &foreign {
            outcomes.extend(self.outcome(&wish.path, Some(wish), self.record.fields.get(&wish.path)));
        }
        let name = self.bound.name.as_ref().map(|stem| &stem.path);
        for (path, memory) in left {
            let is_foreign = foreign.iter().any(|wish| wish.path == *path);
            if !is_foreign && Some(path) != name && !path.is_root() {
                outcomes.extend(self.outcome(path, None, Some(memory)));
            }
        }
        outcomes
    }

    /// A wish that each element of a closed array that nobody wished should not be there.
    fn foreign(&self) -> Vec<Wish> {
        let mut wishes = Vec::new();
        for (array, origin) in &self.bound.closed {
            let listed: Vec<Json> = (self.bound.wishes.iter())
                .filter(|wish| wish.path.is_within(array))
                .filter_map(|wish| wish.value.as_ref()?.as_json())
                .collect();
            let waits =
                self.bound.wishes.iter().any(|wish| wish.path.is_within(array) && !bind::is_known(wish));
            if !waits {
                let live = array.get(self.raw).and_then(Json::as_array).into_iter().flatten();
                let matches = |item: &Json| {
                    listed.iter().any(|wish| compare::satisfies(self.kind, &array.child("*"), wish, item))
                };
                let unlisted = live.filter(|item| !matches(item));
                wishes.extend(unlisted.filter_map(|item| self.absence(array, item, origin)));
            }
        }
        wishes
    }

    fn absence(&self, array: &FieldPath, item: &Json, origin: &Origin) -> Option<Wish> {
        let path = match self.kind.unit(array) {
            Unit::Map(key) => {
                let name = schema_documents::path::element_text(item.get(&key)?);
                if name.starts_with("aws:")
                    || self.bound.wishes.iter().any(|wish| wish.path == array.keyed(&key, &name))
                {
                    return None;
                }
                array.keyed(&key, &name)
            }
            _ => array.element(item),
        };
        Some(Wish { path, value: None, origin: origin.clone(), class: Class::Enforced })
    }

    fn outcome(
        &self,
        path: &FieldPath,
        wish: Option<&Wish>,
        memory: Option<&FieldRecord>,
    ) -> Option<FieldOutcome> {
        if self.is_plainly_settled(path, wish, memory) || self.is_muddled(path) {
            return None;
        }
        let meaning = Meaning { kind: self.kind, path };
        let json = wish.and_then(|wish| wish.value.as_ref()).and_then(Value::as_json);
        // An element of a set that left the document is found by what was asked, however the cloud spells it.
        let asked = memory.and_then(|memory| memory.asked.as_ref()).and_then(Value::as_json);
        let spelled = json.as_ref().or(asked.as_ref()).unwrap_or(&Json::Null);
        let raw = compare::live_value(self.kind, path, spelled, self.raw);
        let live = compare::live_value(self.kind, path, spelled, &self.redacted);
        let seen = compare::live_value(self.kind, path, spelled, &self.seen);
        let after = self.after_setback(meaning, asked.as_ref(), live);
        // Neither what a deployment has left nor that the cloud has gone back by itself is anybody's edit.
        let seen = if after.is_some() { live } else { seen };
        let live_moved = !meaning.equal(seen, live);
        let sensitive = live != raw;
        let as_wished = json.is_some() && meaning.satisfies(json.as_ref(), raw);
        let is_added_to = if sensitive {
            is_secretly_added_to(meaning, memory, json.as_ref(), (raw, live, path.get(&self.seen)))
        } else {
            meaning.is_added_to(json.as_ref(), seen, live)
        };
        let as_wished_alone = as_wished && !is_added_to;
        let read = self.evidence || !live_moved || as_wished_alone;

        let class = wish.map_or(Class::Open, |wish| self.class(wish, raw));
        let wished = wish.map(|wish| Wished {
            value: wish.value.as_ref(),
            json: json.as_ref(),
            rank: wish.origin.rank(),
            class,
            overrules: self.overrules(path, live, memory),
            waits: !bind::is_known(wish),
        });
        // A sensitive value is compared with the wish as it was read, and with the memory as it is remembered.
        let input = FieldInput {
            wish: wished,
            memory,
            seen,
            live: if read { LiveField::Known(live) } else { LiveField::NotRead },
            meaning,
            attached: self.is_attached(path),
        };
        let decision = match after {
            // Also where the wish is just that: it has failed, and has to pass its gate.
            Some(AfterSetback::Failed) if wish.is_some_and(bind::is_known) && read => Decision::Change,
            _ if sensitive && as_wished_alone && read => Decision::InStep,
            _ => decide(&input),
        };
        if Self::is_silent(decision, wish, memory) {
            return None;
        }
        let attaches = is_attached(&input) && decision != Decision::InStep;
        // What was edited beside the document becomes an open edit when the document speaks of it.
        let opens = attaches || is_beside(memory) && wish.is_some() && decision != Decision::InStep;
        let moved = opens || has_live_moved(&input);
        // Nothing was there before: what the document says stands for it.
        let seen = if attaches { json.as_ref() } else { seen };
        let (live, seen) = (live.cloned(), seen.cloned());
        Some(self.made(path, decision, wish, memory, Sides { live, seen, moved, attaches, class, meaning }))
    }

    /// Whether what is found is taken as it is. What was imported has no ownership tags yet: they are written.
    fn is_attached(&self, path: &FieldPath) -> bool {
        let is_untagged = self.record.existing.is_some() && bind::is_ownership(self.kind, path);
        self.record.attached && !is_untagged
    }

    /// Which of the two sides of a failed deployment is live in a field that it wrote, if one is.
    fn after_setback(
        &self,
        meaning: Meaning<'_>,
        asked: Option<&Json>,
        live: Option<&Json>,
    ) -> Option<AfterSetback> {
        let failed = self.setback?.wrote.get(meaning.path)?.as_ref().and_then(Value::as_json);
        if meaning.satisfies(asked, live) {
            return Some(AfterSetback::Healthy);
        }
        meaning.satisfies(failed.as_ref(), live).then_some(AfterSetback::Failed)
    }

    /// The class of a field whose live value is this: what is enforced as a minimum is open above it (semantics, §4).
    fn class(&self, wish: &Wish, live: Option<&Json>) -> Class {
        let minimum = self.kind.enforced_minimum(&wish.path).filter(|_| wish.class == Class::Enforced);
        match (minimum, live.and_then(number)) {
            (Some(minimum), Some(live)) if live >= minimum => Class::Open,
            _ => wish.class,
        }
    }

    /// Most fields, most of the time: asked for, live to the letter, remembered so. Says the same as the long way.
    fn is_plainly_settled(
        &self,
        path: &FieldPath,
        wish: Option<&Wish>,
        memory: Option<&FieldRecord>,
    ) -> bool {
        let (Some(wish), Some(memory), Cow::Borrowed(live)) = (wish, memory, &self.redacted) else {
            return false;
        };
        let (Some(value), Some(live)) = (&wish.value, path.get(live)) else { return false };
        memory.edit.is_none()
            && memory.rank == wish.origin.rank()
            && memory.asked.as_ref() == Some(value)
            && is_to_the_letter(value, live)
    }

    /// Whether nothing follows from a decision.
    fn is_silent(decision: Decision, wish: Option<&Wish>, memory: Option<&FieldRecord>) -> bool {
        match decision {
            Decision::Known => true,
            Decision::InStep => wish.is_some_and(|wish| match (memory, &wish.value) {
                (None, value) => value.is_none(),
                (Some(memory), Some(value)) => {
                    memory.rank == wish.origin.rank()
                        && memory.asked.as_ref() == Some(value)
                        && memory.edit.as_ref().is_none_or(|edit| edit.reverted)
                }
                (Some(_), None) => false,
            }),
            Decision::Released => memory.is_none(),
            _ => false,
        }
    }

    fn overrules(&self, path: &FieldPath, live: Option<&Json>, memory: Option<&FieldRecord>) -> bool {
        let meaning = Meaning { kind: self.kind, path };
        let over = self.bound.over.get(path);
        let answer = self.answers.and_then(|answers| answers.get(path));
        let reverts = answer.is_some_and(|answer| {
            answer.choice == Choice::Revert && meaning.equal(answer.over.as_ref(), live)
        });
        let edited = memory.is_some_and(|memory| memory.edit.is_some());
        over.is_some() && meaning.equal(over, live) || reverts && edited
    }

    fn made(
        &self,
        path: &FieldPath,
        decision: Decision,
        wish: Option<&Wish>,
        memory: Option<&FieldRecord>,
        sides: Sides<'_>,
    ) -> FieldOutcome {
        let Sides { live, seen, moved, attaches, class, meaning } = sides;
        let known = self.record.attached || is_beside(memory);
        let settled = !moved || known || self.is_settled(path, live.as_ref());
        let author = self.author(path).filter(|_| moved).cloned();
        let to = match (decision, meaning.default()) {
            (Decision::Reset, Some(Default::Value(default))) => Some(Value::literal(default)),
            (Decision::Reset, _) => None,
            _ => wish.and_then(|wish| wish.value.clone()),
        };
        let writes = matches!(
            decision,
            Decision::Change | Decision::Later | Decision::Reset | Decision::EnforcedDrift
        );
        FieldOutcome {
            path: path.clone(),
            decision,
            wish: wish.cloned(),
            asked: memory.and_then(|memory| memory.asked.clone()),
            class,
            consequence: consequence(self.kind, path),
            live_moved: moved,
            attaches,
            settled,
            writes: writes && settled,
            author,
            seen,
            live,
            to,
        }
    }

    /// Who changed it between the last look that is remembered and this one.
    fn author(&self, path: &FieldPath) -> Option<&Author> {
        let key = (self.id.clone(), self.generation);
        self.context.authors.of(&key, path, self.record.seen_at_ms, self.began_at_ms)
    }

    /// An edit is believed when an earlier look saw the same, when it is old enough, or when somebody has answered it.
    fn is_settled(&self, path: &FieldPath, live: Option<&Json>) -> bool {
        let key = (self.id.clone(), self.generation, path.clone());
        let sighting = self.context.sightings.get(&key).filter(|sighting| sighting.value.as_ref() == live);
        let age_ms =
            sighting.map_or(0, |sighting| self.context.now_ms.saturating_sub(sighting.first_seen_ms));
        let is_answered = self.answers.is_some_and(|answers| answers.contains_key(path));
        sighting.is_some_and(|sighting| sighting.passes >= 1)
            || age_ms >= self.context.limits.settle_ms
            || is_answered
    }
}

/// Whether a value is this JSON, without making it one.
pub(super) fn is_to_the_letter(value: &Value, json: &Json) -> bool {
    match (value, json) {
        (Value::Scalar(scalar), json) => scalar == json,
        (Value::Array(values), Json::Array(items)) => {
            values.len() == items.len()
                && values.iter().zip(items).all(|(value, item)| is_to_the_letter(value, item))
        }
        (Value::Object(values), Json::Object(members)) => {
            values.len() == members.len()
                && values.iter().all(|(name, value)| {
                    members.get(name).is_some_and(|member| is_to_the_letter(value, member))
                })
        }
        _ => false,
    }
}

/// A number, also where the cloud spells it as a text.
fn number(value: &Json) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// What is live after a deployment has failed.
enum AfterSetback {
    /// What was healthy before.
    Healthy,
    /// What failed.
    Failed,
}

struct Sides<'a> {
    live: Option<Json>,
    seen: Option<Json>,
    moved: bool,
    attaches: bool,
    class: Class,
    meaning: Meaning<'a>,
}

/// What writing a field means.
pub(super) fn consequence(kind: &Kind, path: &FieldPath) -> Consequence {
    if forces_replacement(kind, path) {
        return Consequence::Replacement;
    }
    match kind.consequence(path) {
        schema_catalog::Consequence::InPlace => Consequence::InPlace,
        schema_catalog::Consequence::Restart | schema_catalog::Consequence::Replacement => {
            Consequence::Restart
        }
        schema_catalog::Consequence::DataLoss => Consequence::DataLoss,
    }
}

/// Whether a field can only be written by a new generation. What can be written in some situations is tried in place,
/// unless it would lose data.
pub fn forces_replacement(kind: &Kind, path: &FieldPath) -> bool {
    use schema_catalog::Consequence::{DataLoss, Replacement};
    if !kind.handlers.contains_key("update") {
        return true;
    }
    match kind.consequence(path) {
        DataLoss => kind.is_create_only(path),
        Replacement => !kind.is_conditional_create_only(path),
        _ => false,
    }
}
