//! Where a template that is too large for one stack is cut.
//!
//! Stacks are made one after the other, so each resource is in the same stack as what it builds on, or in a later one.
//! The seams are network, data, compute. Whatever a resource of an earlier layer builds on moves there. A layer that is
//! still too large becomes several stacks, in which what was declared together stays together where it can.

use std::collections::{BTreeMap, BTreeSet};

use schema_documents::value::Reference;
use schema_documents::{ResourceId, Value};

use super::value::Context;
use super::{Limits, Unexportable};

/// A stack to be.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Part {
    pub name: String,
    pub ids: BTreeSet<ResourceId>,
}

const LAYERS: [&str; 3] = ["network", "data", "compute"];

fn layer(id: &ResourceId) -> usize {
    match id.primitive() {
        "network" => 0,
        "compute" | "gateway" => 2,
        _ => 1,
    }
}

/// The resources that CloudFormation knows, each after all that it builds on, and of those that could come next the ones
/// that were declared together.
pub(super) fn order(context: Context<'_>) -> Result<Vec<ResourceId>, Unexportable> {
    let known = |id: &ResourceId| Ok(context.kind(context.resource(id)?).is_some());
    let mut waiting: BTreeMap<&ResourceId, usize> = BTreeMap::new();
    let mut users: BTreeMap<ResourceId, Vec<&ResourceId>> = BTreeMap::new();
    let mut ready: BTreeSet<&ResourceId> = BTreeSet::new();
    for (id, resource) in &context.desired.resources {
        if context.kind(resource).is_none() {
            continue;
        }
        let mut count = 0;
        for before in resource.dependencies() {
            if known(&before)? {
                count += 1;
                users.entry(before).or_default().push(id);
            }
        }
        if count == 0 {
            ready.insert(id);
        } else {
            waiting.insert(id, count);
        }
    }
    let mut order: Vec<ResourceId> = Vec::new();
    while let Some(next) = next(&ready, order.last()) {
        ready.remove(next);
        for user in users.get(next).into_iter().flatten() {
            let Some(count) = waiting.get_mut(user) else { continue };
            *count -= 1;
            if *count == 0 {
                waiting.remove(user);
                ready.insert(user);
            }
        }
        order.push(next.clone());
    }
    match waiting.keys().next() {
        Some(stuck) => Err(Unexportable::Circle((*stuck).clone())),
        None => Ok(order),
    }
}

fn next<'a>(ready: &BTreeSet<&'a ResourceId>, last: Option<&ResourceId>) -> Option<&'a ResourceId> {
    let together = |id: &&&ResourceId| last.is_some_and(|last| group(last) == group(id));
    ready.iter().find(together).or_else(|| ready.first()).copied()
}

fn group(id: &ResourceId) -> (&str, &str) {
    (id.primitive(), id.declared_name())
}

/// Cuts resources into stacks. `bytes` is how long each is in a template.
pub(super) fn cut(
    context: Context<'_>,
    order: &[ResourceId],
    bytes: &BTreeMap<ResourceId, usize>,
    limits: &Limits,
) -> Vec<Part> {
    let layers = layers(context, order);
    let uses = Uses::of(context, order);
    let mut parts = Vec::new();
    for (number, name) in LAYERS.iter().enumerate() {
        let mut cut: Vec<Filling<'_>> = Vec::new();
        for id in order.iter().filter(|id| layers[*id] == number) {
            let size = bytes.get(id).copied().unwrap_or_default();
            if !cut.last_mut().is_some_and(|filling| filling.take(id, size, limits)) {
                cut.push(Filling::new(&uses, id, size));
            }
        }
        let several = cut.len() > 1;
        parts.extend(cut.into_iter().enumerate().map(|(index, filling)| Part {
            name: if several { format!("{name}-{}", index + 1) } else { (*name).to_owned() },
            ids: filling.ids,
        }));
    }
    parts
}

/// The layer of each resource: its own, or the earliest one that builds on it.
fn layers(context: Context<'_>, order: &[ResourceId]) -> BTreeMap<ResourceId, usize> {
    let mut layers: BTreeMap<ResourceId, usize> = order.iter().map(|id| (id.clone(), layer(id))).collect();
    for id in order.iter().rev() {
        let own = layers[id];
        let Some(resource) = context.desired.resources.get(id) else { continue };
        for before in resource.dependencies() {
            if let Some(layer) = layers.get_mut(&before) {
                *layer = own.min(*layer);
            }
        }
    }
    layers
}

/// Who uses which outputs of whom.
struct Uses {
    of: BTreeMap<ResourceId, BTreeSet<Reference>>,
    users: BTreeMap<Reference, BTreeSet<ResourceId>>,
}

impl Uses {
    fn of(context: Context<'_>, order: &[ResourceId]) -> Self {
        let mut uses = Self { of: BTreeMap::new(), users: BTreeMap::new() };
        for id in order {
            let Some(resource) = context.desired.resources.get(id) else { continue };
            let all: BTreeSet<Reference> = resource.properties.values().flat_map(Value::references).collect();
            for reference in &all {
                uses.users.entry(reference.clone()).or_default().insert(id.clone());
            }
            uses.of.insert(id.clone(), all);
        }
        uses
    }

    /// The outputs of a resource that anybody uses.
    fn given(&self, id: &ResourceId) -> impl Iterator<Item = &Reference> {
        let from = self.users.range(lowest(id)..);
        from.map(|(reference, _)| reference).take_while(move |reference| reference.resource == *id)
    }
}

fn lowest(id: &ResourceId) -> Reference {
    Reference { resource: id.clone(), output: schema_documents::FieldPath::root() }
}

/// A stack that is being filled.
struct Filling<'a> {
    uses: &'a Uses,
    ids: BTreeSet<ResourceId>,
    bytes: usize,
    taken: BTreeSet<&'a Reference>,
    given: BTreeSet<&'a Reference>,
}

impl<'a> Filling<'a> {
    fn new(uses: &'a Uses, id: &ResourceId, bytes: usize) -> Self {
        let mut new =
            Self { uses, ids: BTreeSet::new(), bytes: 0, taken: BTreeSet::new(), given: BTreeSet::new() };
        new.add(id, bytes);
        new
    }

    /// Takes one more resource, if it fits.
    fn take(&mut self, id: &ResourceId, bytes: usize, limits: &Limits) -> bool {
        let (taken, given) = (self.taken.clone(), self.given.clone());
        self.add(id, bytes);
        let fits = self.ids.len() <= limits.resources
            && self.bytes <= limits.bytes
            && self.taken.len() <= limits.parameters
            && self.given.len() <= limits.outputs;
        if !fits {
            self.ids.remove(id);
            self.bytes -= bytes;
            (self.taken, self.given) = (taken, given);
        }
        fits
    }

    fn add(&mut self, id: &ResourceId, bytes: usize) {
        self.ids.insert(id.clone());
        self.bytes += bytes;
        let uses = self.uses;
        self.taken
            .extend(uses.of.get(id).into_iter().flatten().filter(|used| !self.ids.contains(&used.resource)));
        self.given.extend(uses.given(id));
        let ids = &self.ids;
        self.given.retain(|given| uses.users[*given].iter().any(|user| !ids.contains(user)));
    }
}
