//! Rest: what most resources do, most of the time. All that is wished was asked, is live and is remembered, to the letter, and
//! nothing about it is open.
//!
//! Says of a resource what the long way ([`super::resource`]) would say, *nothing*, without making its wishes. Whatever this is
//! not sure of goes the long way: it may never call something at rest that is not.

use std::collections::BTreeSet;

use schema_catalog::{Kind, Unit};
use schema_documents::desired::{Class, DesiredState, Field, Resource};
use schema_documents::origin::Rank;
use schema_documents::path::element_text;
use schema_documents::recorded::{Generations, Recorded, ResourceRecord, Status};
use schema_documents::{FieldPath, Json, Kept, ResourceId, Value};

use super::{Context, Unread, known_kind, owes_a_look};
use crate::bind::{Binding, is_expression, tags};
use crate::live::{Key, Live, LiveState};

/// All sides of an environment.
pub(super) struct Sides<'a> {
    pub(super) desired: &'a DesiredState,
    pub(super) recorded: &'a Recorded,
    pub(super) live: &'a LiveState,
    pub(super) context: &'a Context<'a>,
    /// Resources that are about to be replaced.
    pub(super) hidden: &'a BTreeSet<ResourceId>,
}

/// The resources that do not rest, sorted, and how many of the document do.
pub(super) fn restless<'a>(sides: &Sides<'a>) -> (Vec<&'a ResourceId>, u64) {
    let under_way = sides.recorded.open.values().map(|open| &open.intent.resource).collect();
    let mut search = Search { sides, under_way, restless: Vec::new() };
    match sides.context.only {
        Some(only) => search.among(only),
        None => search.everywhere(),
    }
    let of_document = search.restless.iter().filter(|id| sides.desired.resources.contains_key(**id)).count();
    (search.restless, (sides.desired.resources.len() - of_document) as u64)
}

struct Search<'s, 'a> {
    sides: &'s Sides<'a>,
    under_way: BTreeSet<&'a ResourceId>,
    restless: Vec<&'a ResourceId>,
}

impl<'a> Search<'_, 'a> {
    /// All three sides are sorted by id: they are walked through side by side.
    fn everywhere(&mut self) {
        let Sides { desired, recorded, live, .. } = *self.sides;
        let mut recorded = recorded.resources.iter().peekable();
        let mut live = live.iter().peekable();
        for (id, resource) in &desired.resources {
            while let Some((other, _)) = recorded.next_if(|(other, _)| *other < id) {
                self.restless.push(other);
            }
            let generations = recorded.next_if(|(other, _)| *other == id).map(|(_, generations)| generations);
            while live.next_if(|((other, _), _)| other < id).is_some() {}
            let mut first = None;
            while let Some(found) = live.next_if(|((other, _), _)| other == id) {
                first = first.or(Some(found));
            }
            self.look(id, resource, generations, first);
        }
        self.restless.extend(recorded.map(|(other, _)| other));
    }

    fn among(&mut self, only: &'a BTreeSet<ResourceId>) {
        let Sides { desired, recorded, live, .. } = *self.sides;
        for id in only {
            let generations = recorded.resources.get(id);
            let first = live.range((id.clone(), 0)..).next().filter(|((other, _), _)| other == id);
            match desired.resources.get(id) {
                Some(resource) => self.look(id, resource, generations, first),
                None if generations.is_some() => self.restless.push(id),
                None => {}
            }
        }
    }

    fn look(
        &mut self,
        id: &'a ResourceId,
        resource: &'a Resource,
        generations: Option<&'a Generations>,
        live: Option<(&'a Key, &'a Live)>,
    ) {
        if !generations.is_some_and(|generations| self.is_at_rest(id, resource, generations, live)) {
            self.restless.push(id);
        }
    }

    fn is_at_rest(
        &self,
        id: &'a ResourceId,
        resource: &Resource,
        generations: &Generations,
        live: Option<(&Key, &Live)>,
    ) -> bool {
        let mut generations = generations.iter();
        let (Some((&generation, record)), None) = (generations.next(), generations.next()) else {
            return false;
        };
        let lives =
            record.status == Status::Live && record.kind == resource.kind && is_as_before(resource, record);
        let is_free = !self.sides.hidden.contains(id) && !self.under_way.contains(id);
        let is_as_seen = match (live, self.sides.context.unread) {
            // What is not known of what lives says nothing.
            (None, Unread::Unknown) => return lives && is_free,
            (None, Unread::AsSeen) => !owes_a_look(record),
            (Some(((_, read), live)), _) => *read == generation && live.is_as_seen(record),
        };
        let Some(kind) = known_kind(self.sides.context, &record.kind) else { return false };
        is_as_seen
            && lives
            && is_free
            && !self.sides.recorded.answers.contains_key(id)
            && !self.sides.recorded.setbacks.contains_key(id)
            && kind.overlay.sensitive.is_empty()
            && !kind.overlay.units.values().any(|rule| matches!(rule.0, Unit::Group(_)))
            && self.walk(kind, resource, record).settles((id, generation))
    }

    fn walk<'w>(&'w self, kind: &'w Kind, resource: &'w Resource, record: &'w ResourceRecord) -> Walk<'w> {
        let Sides { desired, recorded, context, hidden, .. } = *self.sides;
        let binding = Binding { desired, recorded, catalog: context.catalog, hidden };
        Walk { binding, kind, resource, record, path: FieldPath::root(), settled: 0, near: (0, 0) }
    }
}

/// A walk over what is wished of one resource, unit by unit.
struct Walk<'a> {
    binding: Binding<'a>,
    kind: &'a Kind,
    resource: &'a Resource,
    record: &'a ResourceRecord,
    /// Where it is.
    path: FieldPath,
    /// Units that are settled so far: each has another path.
    settled: usize,
    /// Where the next field and the next memory are likely to stand: all sides are sorted alike.
    near: (usize, usize),
}

impl<'a> Walk<'a> {
    fn settles(mut self, of: (&ResourceId, u32)) -> bool {
        let root = self.resource.fields.get(&self.path);
        self.properties(root) && self.ownership(of) && self.name() && self.has_nothing_else()
    }

    fn properties(&mut self, root: Option<&Field>) -> bool {
        let resource = self.resource;
        let live = &self.record.seen;
        resource.properties.iter().all(|(name, value)| {
            let filled;
            let value = if is_expression(value) {
                let evaluation = value.evaluate(&|reference| self.binding.output(reference));
                if !evaluation.waits_for.is_empty() {
                    return false;
                }
                filled = evaluation.value;
                &filled
            } else {
                value
            };
            self.member(name, value, live, root)
        })
    }

    fn member(&mut self, name: &str, value: &Value, live: &Kept, above: Option<&Field>) -> bool {
        self.path.push(name);
        let field = self.field().or(above);
        let is_settled = match (value, live.get(name)) {
            (Value::Object(members), _) if members.is_empty() => true,
            (Value::Array(items), _) if items.is_empty() => true,
            (_, None) => false,
            (value, Some(live)) => self.value(value, live, field),
        };
        self.path.pop();
        is_settled
    }

    fn value(&mut self, value: &Value, live: &Kept, field: Option<&Field>) -> bool {
        match value {
            Value::Object(members) if self.kind.own_unit(&self.path) == Unit::Scalar => {
                members.iter().all(|(name, value)| self.member(name, value, live, field))
            }
            Value::Array(items) => match self.kind.own_unit(&self.path) {
                Unit::Set => self.elements(items, live, field, |value| {
                    Some(format!("[={}]", element_text(&value.as_json()?)))
                }),
                Unit::Map(key) => self.elements(items, live, field, |value| key_segment(&key, value)),
                _ => self.unit(value, live, rank(field, self.resource)),
            },
            Value::Scalar(_) | Value::Object(_) => self.unit(value, live, rank(field, self.resource)),
            Value::Expression(_) => false,
        }
    }

    fn elements(
        &mut self,
        items: &[Value],
        live: &Kept,
        above: Option<&Field>,
        segment: impl Fn(&Value) -> Option<String>,
    ) -> bool {
        let Some(live) = live.items() else { return false };
        let mut seen = BTreeSet::new();
        items.iter().all(|item| {
            let (Some(segment), Some(live)) = (segment(item), live.iter().find(|live| live.is_value(item)))
            else {
                return false;
            };
            self.path.push(&segment);
            let field = self.field().or(above);
            let is_settled = self.unit(item, live, rank(field, self.resource));
            self.path.pop();
            is_settled && seen.insert(segment)
        })
    }

    /// What the document says of the field where it is.
    fn field(&mut self) -> Option<&'a Field> {
        self.resource.fields.get_near(&self.path, &mut self.near.0)
    }

    /// One unit: it is live as it is wished and as it was asked, by one of the same strength, and nobody has edited it.
    fn unit(&mut self, value: &Value, live: &Kept, rank: Rank) -> bool {
        live.is_value(value) && self.was_asked(live, rank)
    }

    fn was_asked(&mut self, live: &Kept, rank: Rank) -> bool {
        let memory = self.record.fields.get_near(&self.path, &mut self.near.1);
        let Some(memory) = memory else { return false };
        self.settled += 1;
        memory.edit.is_none()
            && memory.rank == rank
            && memory.asked.as_ref().is_some_and(|asked| live.is_value(asked))
    }

    fn ownership(&mut self, (id, generation): (&ResourceId, u32)) -> bool {
        let Some(holder) = &self.kind.tags else { return true };
        let ([name], Some(schema)) = (holder.segments(), self.kind.schema(holder)) else { return true };
        let element = schema.items.as_deref().and_then(|items| self.kind.resolve(items));
        let Some(live) = self.record.seen.get(name) else { return false };
        self.path.push(name);
        let binding = self.binding;
        let is_settled = binding.ownership(id, generation).all(|(key, value)| {
            let found = tags::find(live, element, key);
            let Some(live) = found.filter(|live| tags::is_tag(live, element, key, &value)) else {
                return false;
            };
            self.path.push(tags::segment(element, key));
            let is_settled = self.was_asked(live, Rank::Default);
            self.path.pop();
            is_settled
        });
        self.path.pop();
        is_settled
    }

    fn name(&mut self) -> bool {
        let (stem, name) = match (&self.resource.name, &self.record.name) {
            (Some(stem), Some(name)) => (stem, name),
            (None, _) => return true,
            (Some(_), None) => return false,
        };
        let [property] = stem.path.segments() else { return false };
        let live = match self.record.seen.get(property) {
            Some(live) if !self.resource.properties.contains_key(property) => live,
            _ => return false,
        };
        self.path.push(property);
        let is_settled = self.unit(&Value::text(name), live, Rank::Default);
        self.path.pop();
        is_settled
    }

    /// Whether nothing is remembered, and nothing is live in an array that the document closes, beside what was walked over.
    fn has_nothing_else(&self) -> bool {
        let fields = &self.record.fields;
        let is_closed = |(path, field): &(&FieldPath, &Field)| {
            field.class == Class::Enforced && matches!(self.kind.unit(path), Unit::Set | Unit::Map(_))
        };
        self.settled == fields.len()
            && self.resource.fields.iter().filter(is_closed).all(|(path, _)| {
                let live = self.record.seen.at(path).and_then(Kept::items).map_or(0, <[Kept]>::len);
                live == fields.keys().filter(|field| field.is_within(path)).count()
            })
    }
}

/// Whether the document says still what it said of something that was there before: nothing, mostly.
fn is_as_before(resource: &Resource, record: &ResourceRecord) -> bool {
    match (&resource.existing, record.existing) {
        (None, None) => true,
        (Some(existing), Some(mode)) => {
            existing.mode == mode && record.identifier.as_ref() == Some(&existing.identifier)
        }
        _ => false,
    }
}

fn rank(field: Option<&Field>, resource: &Resource) -> Rank {
    field.map_or(&resource.origin, |field| &field.origin).rank()
}

/// The segment by which an element of a map is named; none for our own tags, which come from elsewhere.
fn key_segment(key: &str, value: &Value) -> Option<String> {
    let Value::Object(members) = value else { return None };
    match members.get(key)? {
        Value::Scalar(Json::String(name)) if !tags::is_ours(name) => Some(format!("[{key}={name}]")),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
