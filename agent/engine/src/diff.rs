//! Diff: per resource, what the document, the record and the cloud say, and what follows.
//!
//! [`diff`] looks at each resource once. [`compare`] binds and diffs until nothing changes any more: what is about to
//! be replaced gives no outputs, so that what uses it changes too, which may replace it in turn.

mod beside;
mod evidence;
mod existing;
mod fields;
mod gone;
mod leaving;
mod muddle;
mod resource;
mod rest;
mod setback;
mod take_up;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use schema_catalog::{Catalog, Kind};
use schema_documents::desired::{Class, DesiredState};
use schema_documents::journal::{Entry, Loss};
use schema_documents::plan::{Change, Consequence, Hold, Wish};
use schema_documents::recorded::{Recorded, Status};
use schema_documents::{Digest, FieldPath, Json, Millis, Origin, ResourceId, Value};

use crate::audit::{Author, Authors};
use crate::bind::{Binding, Bound};
use crate::digests::Digests;
use crate::fold;
use crate::live::{Live, LiveState};
use crate::merge::Decision;
use crate::options::Limits;

pub(crate) use evidence::{holds_secret, owes_a_look};
pub use evidence::{redact, secret_units};
pub use existing::Report;
pub use fields::forces_replacement;
pub use resource::retry_at_ms;
pub(crate) use take_up::take_up;

/// What the pure stages need beside the documents.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Facts about kinds.
    pub catalog: &'a Catalog,
    /// What bounds the pass.
    pub limits: &'a Limits,
    /// The time.
    pub now_ms: Millis,
    /// The document.
    pub desired: &'a DesiredState,
    /// Whether there is a provider for a kind.
    pub knows: &'a dyn Fn(&str) -> bool,
    /// Edits that earlier passes saw and that have not settled.
    pub sightings: &'a Sightings,
    /// Whether everything that is recorded should go. Without it, an empty document changes nothing.
    pub destroy: bool,
    /// Who changed what in the cloud, as far as that was told.
    pub authors: &'a Authors,
    /// What becomes of what lives and was not read.
    pub unread: Unread,
    /// Where it is known that there is nothing to say of any other resource: these. Others are not even looked at.
    pub only: Option<&'a BTreeSet<ResourceId>>,
    /// The digest of the document, where it is known.
    pub digest: Option<&'a Digest>,
    /// The account that the provider works in, where it could tell.
    pub account: Option<&'a str>,
    /// What memory has in the place of sensitive values.
    pub digests: &'a Digests,
}

/// What becomes of what lives and was not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unread {
    /// It is not known, and nothing happens to it.
    #[default]
    Unknown,
    /// It counts as it was seen last: only to find out what deserves a read. Nothing may be done on the strength of it.
    AsSeen,
}

/// Edits on their way to be believed, by resource, generation and path.
pub type Sightings = BTreeMap<(ResourceId, u32, FieldPath), Sighting>;

/// An edit that was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    /// The live value, secrets as digests; absent: there was none.
    pub value: Option<Json>,
    /// When it was first seen.
    pub first_seen_ms: Millis,
    /// How many passes saw it.
    pub passes: u32,
}

/// What differs, and what did not but must be remembered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Differences {
    /// Per generation, sorted by id and generation. Generations with nothing to say are left out.
    pub resources: Vec<ResourceDifference>,
    /// Ids that move in the record, before anything else.
    pub moved: Vec<(ResourceId, ResourceId)>,
    /// Resources that are about to be replaced: they give no outputs until their new generation lives.
    pub hidden: BTreeSet<ResourceId>,
}

/// What differs in one generation.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceDifference {
    /// The resource.
    pub id: ResourceId,
    /// The generation that is acted on: the next one for a creation.
    pub generation: u32,
    /// Its kind.
    pub kind: String,
    /// Whether it holds data.
    pub stateful: bool,
    /// What is to be done.
    pub action: Doing,
    /// Fields with a decision that has a consequence or must be remembered.
    pub fields: Vec<FieldOutcome>,
    /// Whether there are fields about which nothing can be said in this pass, since what was read of them is no evidence: it may need
    /// what it needed before.
    pub is_undecided: bool,
    /// What is held, and why, in a sentence.
    pub holds: Vec<(Hold, String)>,
    /// What was read, secrets as digests, where the record holds something else and the read is evidence.
    pub seen: Option<Seen>,
    /// What changed beside the document.
    pub beside: Vec<Beside>,
    /// What would be lost with it by what was read, where the record says something else and a person is asked.
    pub loss: Option<Loss>,
    /// The confirmation that allows its deletion, where it needs one.
    pub confirmed: Option<Digest>,
    /// What becomes of the record of a generation.
    pub presence: Presence,
    /// Who made it go, where it is gone and that was told.
    pub author: Option<Author>,
}

/// A field that the document does not mention, and that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Beside {
    /// The merge unit.
    pub path: FieldPath,
    /// The value last seen.
    pub from: Option<Json>,
    /// The live value.
    pub to: Option<Json>,
    /// Whether it is anything but the default.
    pub is_set: bool,
}

/// What is to be done with one generation.
#[derive(Clone, Debug, PartialEq)]
pub enum Doing {
    /// Nothing.
    Nothing,
    /// It does not exist.
    Create,
    /// It is there already, and is to be owned.
    Import(Box<Report>),
    /// It was there before, and is not asked for any more: its ownership tags go.
    GiveBack,
    /// It is gone and is created again, as this generation.
    Restore,
    /// Fields are written.
    Update,
    /// These fields can only be set by a new generation.
    Replace {
        /// The fields.
        fields: Vec<FieldPath>,
    },
    /// The document does not have it any more; with the confirmation that allows it.
    Delete,
    /// A newer generation has taken its place.
    DeleteSuperseded,
}

/// What a pass learns about a generation as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Nothing new.
    Unchanged,
    /// It is gone without our doing.
    Gone {
        /// Whether that is an edit that the repository should hear of.
        edit: bool,
        /// The generation that is gone.
        generation: u32,
    },
    /// It is not under record any more.
    Forgotten,
}

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The live properties.
    pub live: Json,
    /// When the read began.
    pub began_at_ms: Millis,
}

/// One field of one generation.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct FieldOutcome {
    /// The merge unit.
    pub path: FieldPath,
    /// What it is.
    pub decision: Decision,
    /// The wish; absent when the field left the document.
    pub wish: Option<Wish>,
    /// What was asked last.
    pub asked: Option<Value>,
    /// The value last seen.
    pub seen: Option<Json>,
    /// The live value, secrets as digests.
    pub live: Option<Json>,
    /// The value to write; absent to remove it.
    pub to: Option<Value>,
    /// Class of the field.
    pub class: Class,
    /// What writing it means.
    pub consequence: Consequence,
    /// Whether the live value moved since it was last seen.
    pub live_moved: bool,
    /// Whether it differs in a resource that was found and not made, and is compared for the first time.
    pub attaches: bool,
    /// Whether an edit is old enough, or seen often enough, to be believed.
    pub settled: bool,
    /// Whether it is written: by an update, or by the new generation.
    pub writes: bool,
    /// Who made the edit, where that was told.
    pub author: Option<Author>,
}

impl FieldOutcome {
    /// Who asks for the value.
    pub fn origin(&self) -> Option<&Origin> {
        self.wish.as_ref().map(|wish| &wish.origin)
    }

    /// What an update does with it.
    pub fn change(&self) -> Change {
        Change {
            path: self.path.clone(),
            from: self.live.clone(),
            to: self.to.clone(),
            origin: self.origin().cloned(),
            consequence: self.consequence,
        }
    }

    /// Whether it is a console edit that the record does not have yet.
    pub fn is_new_edit(&self) -> bool {
        use Decision::{Change, Conflict, Drift, EnforcedDrift, NotedDefault};
        self.live_moved && matches!(self.decision, Drift | EnforcedDrift | Conflict | NotedDefault | Change)
    }
}

/// Looks at each resource once.
pub fn diff(recorded: &Recorded, bound: &Bound, live: &LiveState, context: &Context<'_>) -> Differences {
    let ids: BTreeSet<&ResourceId> = recorded.resources.keys().chain(bound.resources.keys()).collect();
    diff_of(ids, recorded, bound, live, context)
}

/// Looks at each of these once.
fn diff_of<'a>(
    ids: impl IntoIterator<Item = &'a ResourceId>,
    recorded: &Recorded,
    bound: &Bound,
    live: &LiveState,
    context: &Context<'_>,
) -> Differences {
    let mut differences = Differences::default();
    let view = resource::View {
        recorded,
        bound,
        live,
        context,
        too_much_gone: too_much_gone(recorded, live, context),
    };
    for id in ids {
        differences
            .resources
            .extend(view.resource(id).into_iter().filter(|difference| !difference.is_silent()));
    }
    differences
}

impl ResourceDifference {
    fn is_silent(&self) -> bool {
        self.action == Doing::Nothing
            && self.fields.is_empty()
            && !self.is_undecided
            && self.holds.is_empty()
            && self.seen.is_none()
            && self.presence == Presence::Unchanged
    }

    /// Whether a new generation takes the place of one that lives.
    pub fn replaces(&self) -> bool {
        matches!(self.action, Doing::Replace { .. } | Doing::Restore)
    }
}

/// Whether more is gone than can be believed. What a person wants back, a person has looked at.
fn too_much_gone(recorded: &Recorded, live: &LiveState, context: &Context<'_>) -> bool {
    let is_gone = |(key, found): (&crate::live::Key, &Live)| {
        let record = recorded.resources.get(&key.0).and_then(|generations| generations.get(&key.1));
        matches!(found, Live::Absent)
            && record.is_some_and(|record| record.status == Status::Live)
            && !resource::is_wanted_back(recorded, &key.0)
    };
    live.iter().filter(|entry| is_gone(*entry)).count() > context.limits.gone
}

/// Binds and diffs until what is replaced, and what that replaces in turn, is known.
pub fn compare(
    desired: &DesiredState,
    recorded: &Recorded,
    live: &LiveState,
    context: &Context<'_>,
) -> (Bound, Differences) {
    let nothing;
    let desired = if context.destroy {
        nothing = emptied(desired);
        &nothing
    } else {
        desired
    };
    let (recorded, moved) = after_moves(recorded, desired);
    let live = moved_live(live, &moved);
    let context = Context { desired, ..*context };
    let mut hidden = BTreeSet::new();
    loop {
        let sides =
            rest::Sides { desired, recorded: &recorded, live: &live, context: &context, hidden: &hidden };
        let (restless, at_rest) = rest::restless(&sides);
        let binding = Binding { desired, recorded: &recorded, catalog: context.catalog, hidden: &hidden };
        let bound = Bound { resources: binding.bind_all(restless.iter().copied()), at_rest };
        let mut differences = diff_of(restless, &recorded, &bound, &live, &context);
        let replaced = differences.resources.iter().filter(|difference| difference.replaces());
        let before = hidden.len();
        hidden.extend(replaced.map(|difference| difference.id.clone()));
        if hidden.len() == before {
            differences.moved = moved;
            differences.hidden = hidden;
            return (bound, differences);
        }
    }
}

fn emptied(desired: &DesiredState) -> DesiredState {
    DesiredState {
        resources: BTreeMap::new(),
        format: desired.format,
        version: desired.version,
        app: desired.app.clone(),
        environment: desired.environment.clone(),
        edition: desired.edition.clone(),
        approval: desired.approval,
        settle_seconds: desired.settle_seconds,
        moved: Vec::new(),
    }
}

/// The record with the moves of the document made, and those that were to be made.
pub(crate) fn after_moves<'a>(
    recorded: &'a Recorded,
    desired: &DesiredState,
) -> (Cow<'a, Recorded>, Vec<(ResourceId, ResourceId)>) {
    let mut recorded = Cow::Borrowed(recorded);
    let mut moves = Vec::new();
    for moved in &desired.moved {
        let is_due = recorded.resources.contains_key(&moved.from)
            && !recorded.resources.contains_key(&moved.to)
            && !desired.resources.contains_key(&moved.from);
        let entry = Entry::Moved { from: moved.from.clone(), to: moved.to.clone() };
        if is_due && fold::apply(recorded.to_mut(), &entry, 0).is_ok() {
            moves.push((moved.from.clone(), moved.to.clone()));
        }
    }
    (recorded, moves)
}

fn moved_live<'a>(live: &'a LiveState, moves: &[(ResourceId, ResourceId)]) -> Cow<'a, LiveState> {
    let mut live = Cow::Borrowed(live);
    for (from, to) in moves {
        let keys: Vec<_> = live.keys().filter(|(id, _)| id == from).cloned().collect();
        for key in keys {
            let all = live.to_mut();
            if let Some(found) = all.remove(&key) {
                all.insert((to.clone(), key.1), found);
            }
        }
    }
    live
}

/// The sightings for the next look: edits of this pass that have not settled, counted on from those before.
pub fn note_sightings(differences: &Differences, previous: &Sightings, now_ms: Millis) -> Sightings {
    let edits = differences.resources.iter().flat_map(|difference| {
        let edits = difference.fields.iter().filter(|field| field.is_new_edit() && !field.settled);
        edits.map(move |field| ((difference.id.clone(), difference.generation, field.path.clone()), field))
    });
    let noted = edits.map(|(key, field)| {
        let before = previous.get(&key).filter(|sighting| sighting.value == field.live);
        let sighting = Sighting {
            value: field.live.clone(),
            first_seen_ms: before.map_or(now_ms, |sighting| sighting.first_seen_ms),
            passes: before.map_or(0, |sighting| sighting.passes) + 1,
        };
        (key, sighting)
    });
    noted.collect()
}

/// The facts about a kind, if an agent can do anything with it.
pub(crate) fn known_kind<'a>(context: &Context<'a>, kind: &str) -> Option<&'a Kind> {
    context.catalog.kind(kind).filter(|_| (context.knows)(kind))
}
