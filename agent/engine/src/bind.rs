//! Bind: the desired state with everything filled in that the record knows.
//!
//! Outputs come from what was seen of the current generation, if it is live; what is about to be replaced is hidden
//! and gives none. What cannot be filled in stays an expression and names what it waits for.

pub(crate) mod tags;
mod wishes;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use tags::{Ownership, is_ours, ownership};
pub(crate) use wishes::{is_ownership, split};

use schema_catalog::{Catalog, Kind};
use schema_documents::desired::{Class, DesiredState, Existing, Mode, NameStem, Phase, Resource};
use schema_documents::journal::Settlement;
use schema_documents::plan::Wish;
use schema_documents::recorded::{FieldRecord, Owner, Recorded, ResourceRecord, Setback, Status};
use schema_documents::value::Reference;
use schema_documents::{Digest, FieldPath, Json, Kept, Origin, ResourceId, Sorted, Value};

/// The desired state, bound.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bound {
    /// Every resource of the document that does not rest.
    pub resources: BTreeMap<ResourceId, BoundResource>,
    /// How many others the document has: nothing is to be said of them.
    pub at_rest: u64,
}

/// One resource, bound.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundResource {
    /// Its id.
    pub id: ResourceId,
    /// Its kind.
    pub kind: String,
    /// Whether it holds data.
    pub stateful: bool,
    /// When in a rollout it changes.
    pub phase: Phase,
    /// The generation that serves, or the next one where there is none or it is about to be replaced.
    pub generation: u32,
    /// How its physical name is made.
    pub name: Option<NameStem>,
    /// What it is, where it is there already.
    pub existing: Option<Existing>,
    /// One wish per merge unit, ownership tags among them, sorted by path.
    pub wishes: Vec<Wish>,
    /// The live values that wishes knowingly replace.
    pub over: BTreeMap<FieldPath, Json>,
    /// Arrays of which the document lists all elements: any other one is an enforced edit.
    pub closed: BTreeMap<FieldPath, Origin>,
    /// The properties to create it with, evaluated as far as is known, without a physical name that is not recorded; none
    /// where this generation lives: it is only ever updated, by its wishes.
    pub body: Option<Value>,
    /// Outputs that are not known yet.
    pub waits_for: BTreeSet<Reference>,
    /// What must exist before it.
    pub depends_on: BTreeSet<ResourceId>,
    /// Why it exists.
    pub origin: Origin,
    /// Whether its deployment failed for this document. What failed is not wished any more: the wishes are what was healthy last.
    pub set_back: bool,
}

/// What binding needs beside the resource.
#[derive(Clone, Copy)]
pub struct Binding<'a> {
    /// The document.
    pub desired: &'a DesiredState,
    /// The record.
    pub recorded: &'a Recorded,
    /// Facts about kinds.
    pub catalog: &'a Catalog,
    /// Resources that are about to be replaced: they give no outputs.
    pub hidden: &'a BTreeSet<ResourceId>,
}

/// Binds every resource of the document.
pub fn bind(
    desired: &DesiredState,
    recorded: &Recorded,
    catalog: &Catalog,
    hidden: &BTreeSet<ResourceId>,
) -> Bound {
    let binding = Binding { desired, recorded, catalog, hidden };
    Bound { resources: binding.bind_all(desired.resources.keys()), at_rest: 0 }
}

impl Binding<'_> {
    /// Binds those of these resources that the document has.
    pub(crate) fn bind_all<'i>(
        &self,
        ids: impl IntoIterator<Item = &'i ResourceId>,
    ) -> BTreeMap<ResourceId, BoundResource> {
        let wanted = ids.into_iter().filter_map(|id| Some((id, self.desired.resources.get(id)?)));
        wanted.map(|(id, resource)| (id.clone(), self.bind(id, resource))).collect()
    }

    /// Binds one resource. Applying a step does this again, when its outputs are known.
    pub fn bind(&self, id: &ResourceId, resource: &Resource) -> BoundResource {
        let hidden = self.hidden.contains(id);
        let current =
            self.recorded.current(id).filter(|(_, record)| !hidden && record.status != Status::Gone);
        let generation = current.map_or_else(|| self.next_generation(id), |(generation, _)| generation);
        let kind = self.catalog.kind(&resource.kind);

        let mut waits_for = BTreeSet::new();
        let mut body = Sorted::new();
        for (name, value) in &resource.properties {
            let evaluation = value.evaluate(&|reference| self.output(reference));
            waits_for.extend(evaluation.waits_for);
            body.insert(name.clone(), evaluation.value);
        }
        if let Some(kind) = kind {
            tags::add(&mut body, kind, self.ownership(id, generation));
        }
        let mut body = Value::Object(body);
        let name = current.and_then(|(_, record)| record.name.as_deref());
        if let (Some(stem), Some(name)) = (&resource.name, name) {
            put_name(&mut body, &stem.path, name);
        }
        let lives = current.is_some_and(|(_, record)| record.status == Status::Live);
        let mut kept = (!lives).then(|| body.clone());
        let wishes::Wishes { each: mut wishes, over, closed } = wishes::of(resource, kind, body);
        let setback = self.setback(id);
        let healthy = setback.and_then(|setback| self.recorded.generation(id, setback.generation));
        if let (Some(setback), Some(healthy), Some(kind)) = (setback, healthy, kind) {
            let back = wishes::WayBack { setback, healthy, kind, name: resource.name.as_ref() };
            back.wish(&mut wishes);
            kept = kept.map(|body| back.put(body));
        }
        BoundResource {
            id: id.clone(),
            kind: resource.kind.clone(),
            stateful: resource.stateful,
            phase: resource.phase,
            generation,
            name: resource.name.clone(),
            existing: resource.existing.clone(),
            wishes,
            over,
            closed,
            body: kept,
            waits_for,
            depends_on: resource.dependencies(),
            origin: resource.origin.clone(),
            set_back: setback.is_some(),
        }
    }

    /// The failed deployment that keeps this document from being tried again.
    fn setback(&self, id: &ResourceId) -> Option<&Setback> {
        self.recorded.setbacks.get(id).filter(|setback| setback.holds(&self.desired.digest()))
    }

    /// A failed creation is tried again in its own generation.
    fn next_generation(&self, id: &ResourceId) -> u32 {
        match self.recorded.current(id) {
            Some((generation, record)) if record.status == Status::Creating => generation,
            _ => self.recorded.next_generation(id),
        }
    }

    /// An output of a resource, if it is known.
    pub fn output(&self, reference: &Reference) -> Option<Json> {
        if self.hidden.contains(&reference.resource) {
            return None;
        }
        let (_, record) = self.recorded.current(&reference.resource)?;
        let known = matches!(record.status, Status::Live | Status::Gone);
        record.seen.at(&reference.output).filter(|_| known).map(Kept::to_json)
    }

    /// What somebody has to do for all the outputs that this one waits for, in words; none if it is nobody's to do.
    pub(crate) fn awaited(&self, waits_for: &BTreeSet<Reference>) -> Option<String> {
        let words = |output: &Reference| {
            let resource = self.desired.resources.get(&output.resource)?;
            let awaited = self.catalog.kind(&resource.kind)?.overlay.awaited.as_ref()?;
            (awaited.path == output.output).then_some(awaited.words.as_str())
        };
        let awaited: Vec<(&Reference, &str)> =
            waits_for.iter().filter_map(|output| Some((output, words(output)?))).collect();
        let (_, words) = awaited.first()?;
        let whose: Vec<String> = awaited.iter().map(|(output, _)| format!("`{}`", output.resource)).collect();
        Some(format!("it waits for {}: {words}", whose.join(", ")))
    }

    /// The tags that say whose a generation is.
    pub(crate) fn ownership<'i>(&'i self, id: &'i ResourceId, generation: u32) -> tags::Tags<'i> {
        let whose = (self.desired.app.as_str(), self.desired.environment.name.as_str());
        let record = self.recorded.generation(id, generation);
        let is_imported = record.is_some_and(|record| record.existing == Some(Mode::Owned));
        tags::of(whose, id.as_str(), generation, is_imported)
    }
}

/// The rule that asks for a physical name.
const NAME_RULE: &str = "name";

fn name_wish(path: &FieldPath, name: Value) -> Wish {
    let origin = Origin::Default { rule: NAME_RULE.to_owned(), edition: String::new() };
    Wish { path: path.clone(), value: Some(name), origin, class: Class::Open }
}

/// Puts a physical name into a body, at the path of its stem.
pub fn put_name(body: &mut Value, path: &FieldPath, name: &str) {
    put(body, path.segments(), Value::text(name));
}

/// Puts a value where the names of members lead, making the objects on the way.
fn put(body: &mut Value, members: &[String], value: Value) {
    let mut at = body;
    for segment in members {
        if !matches!(at, Value::Object(_)) {
            *at = Value::Object(Sorted::new());
        }
        let Value::Object(members) = at else { return };
        at = members.get_or_insert_with(segment.clone(), || Value::Object(Sorted::new()));
    }
    *at = value;
}

/// The physical name of a generation: the stem, eight characters that no other generation of no other journal has,
/// and the ending.
pub fn physical_name(journal: &str, id: &ResourceId, generation: u32, stem: &NameStem) -> String {
    let digest = Digest::of(&("name", journal, id, generation));
    let hex: String = digest.as_str().chars().rev().take(15).collect();
    let mut number = u64::from_str_radix(&hex, 16).unwrap_or_default();
    let mut suffix = String::new();
    for _ in 0..8 {
        let digit = u32::try_from(number % 36).unwrap_or_default();
        suffix.push(char::from_digit(digit, 36).unwrap_or('0'));
        number /= 36;
    }
    format!("{}-{suffix}{}", stem.stem, stem.ending)
}

/// The body to create a resource with, without its physical name, which [`put_name`] adds: the effective state, in
/// which open edits of the generation before keep their value. `None` while an output is not known, and for what lives.
pub fn create_body(bound: &BoundResource, recorded: &Recorded, kind: Option<&Kind>) -> Option<Value> {
    let body = bound.body.as_ref().filter(|body| body.references().is_empty())?;
    let kept = kept_edits(bound, recorded);
    if kept.is_empty() {
        return Some(body.clone());
    }
    let mut json = body.to_document();
    for (path, field) in kept {
        let secret = kind.is_some_and(|kind| kind.is_sensitive(path) || kind.is_write_only(path));
        match field.edit.as_ref().and_then(|edit| edit.to.as_ref()) {
            _ if secret => {}
            Some(to) => {
                path.set(&mut json, Value::literal(to).to_document());
            }
            None => {
                path.remove(&mut json);
            }
        }
    }
    Value::parse(&json).ok()
}

/// What becomes of each field when the creation of a resource has succeeded.
pub fn create_settles(
    bound: &BoundResource,
    recorded: &Recorded,
    name: Option<&str>,
) -> BTreeMap<FieldPath, Option<Settlement>> {
    let mut settles: BTreeMap<FieldPath, Option<Settlement>> = bound
        .wishes
        .iter()
        .filter(|wish| is_known(wish))
        .map(|wish| (wish.path.clone(), Some(Settlement::from(wish))))
        .collect();
    if let (Some(stem), Some(name)) = (&bound.name, name) {
        let wish = name_wish(&stem.path, Value::text(name));
        settles.insert(stem.path.clone(), Some(Settlement::from(&wish)));
    }
    for (path, field) in kept_edits(bound, recorded) {
        let FieldRecord { asked, rank, .. } = field.clone();
        settles.insert(
            path.clone(),
            Some(Settlement { asked, rank, owner: Owner::Console, closes_edit: false }),
        );
    }
    settles
}

/// Whether anything in a value is filled in later.
pub(crate) fn is_expression(value: &Value) -> bool {
    match value {
        Value::Scalar(_) => false,
        Value::Array(items) => items.iter().any(is_expression),
        Value::Object(members) => members.values().any(is_expression),
        Value::Expression(_) => true,
    }
}

/// Whether everything but secrets is filled in.
pub(crate) fn is_known(wish: &Wish) -> bool {
    wish.value.as_ref().is_none_or(|value| value.references().is_empty())
}

/// Open edits of the generation that `bound` will take the place of, but for those that the document overrules.
fn kept_edits<'a>(bound: &BoundResource, recorded: &'a Recorded) -> Vec<(&'a FieldPath, &'a FieldRecord)> {
    let Some(before) = predecessor(recorded, &bound.id, bound.generation) else { return Vec::new() };
    let answers = recorded.answers.get(&bound.id);
    let is_kept = |(path, field): &(&FieldPath, &FieldRecord)| {
        let Some(edit) = field.edit.as_ref().filter(|edit| !edit.reverted) else { return false };
        let over = bound.over.get(*path).or_else(|| answers?.get(*path)?.over.as_ref());
        let overruled = over.is_some() && over == edit.to.as_ref();
        edit.class != Class::Enforced && !path.is_root() && !overruled
    };
    before.fields.iter().filter(is_kept).collect()
}

fn predecessor<'a>(recorded: &'a Recorded, id: &ResourceId, generation: u32) -> Option<&'a ResourceRecord> {
    let mut older = recorded.resources.get(id)?.range(..generation).rev().map(|(_, record)| record.as_ref());
    older.find(|record| matches!(record.status, Status::Live | Status::Gone))
}
