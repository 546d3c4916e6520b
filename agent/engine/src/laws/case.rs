//! A case: a document, a record with both memories, and a live resource, each field in any state that it can be in.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use schema_catalog::Catalog;
use schema_documents::desired::{Class, Field};
use schema_documents::import::Import;
use schema_documents::origin::Rank;
use schema_documents::recorded::{FieldRecord, OpenEdit, Owner, ResourceRecord};
use schema_documents::{FieldPath, Json, Origin, Value};
use serde_json::json;

use super::specimen::{SPECIMENS, Specimen, UnitOf};
use super::table::Facts;
use crate::merge::Decision;
use crate::scene::{Scene, code, id, rule, setting};

const NAME: &str = "sample/one/resource";

/// A value of a unit, and which of its spellings.
type Spelled = (usize, usize);

/// All sides of one resource.
#[derive(Clone, Debug)]
pub(super) struct Case {
    specimen: usize,
    /// It was found and not made: nobody remembers anything.
    pub(super) attached: bool,
    /// The read is too early to prove anything.
    unread: bool,
    states: Vec<State>,
    later: Vec<Later>,
}

/// One field on all sides.
#[derive(Clone, Debug)]
pub(super) struct State {
    wish: Option<WishOf>,
    memory: Option<MemoryOf>,
    seen: Option<Spelled>,
    live: Option<Spelled>,
}

#[derive(Clone, Debug)]
struct WishOf {
    value: usize,
    rank: Rank,
    class: Class,
    over: Option<usize>,
    waits: bool,
}

#[derive(Clone, Debug)]
struct MemoryOf {
    asked: Option<usize>,
    rank: Rank,
    owner: Owner,
    edit: Option<EditOf>,
}

#[derive(Clone, Debug)]
struct EditOf {
    to: Option<usize>,
    class: Class,
    reverted: bool,
    found: bool,
}

/// What happens to a field later: an edit, and another wish.
#[derive(Clone, Debug)]
struct Later {
    edit: Option<usize>,
    wish: Option<(usize, Rank)>,
}

// --- making them

pub(super) fn case() -> impl Strategy<Value = Case> {
    let specimens = 0..SPECIMENS.len();
    specimens.prop_flat_map(|specimen| {
        let units = SPECIMENS[specimen].units.len();
        let states = prop::collection::vec(state(), units);
        let later = prop::collection::vec(later(), units);
        (prop::bool::weighted(0.1), prop::bool::weighted(0.1), states, later).prop_map(
            move |(attached, unread, states, later)| {
                Case { specimen, attached, unread, states, later }.tidy()
            },
        )
    })
}

fn rank() -> impl Strategy<Value = Rank> {
    prop::sample::select(vec![Rank::Default, Rank::Code, Rank::Setting])
}

fn class() -> impl Strategy<Value = Class> {
    prop::sample::select(vec![Class::Open, Class::Open, Class::Enforced, Class::Reported])
}

fn value() -> impl Strategy<Value = usize> {
    0..3_usize
}

fn state() -> impl Strategy<Value = State> {
    let over = prop::option::weighted(0.3, value());
    let wish = (value(), rank(), class(), over, prop::bool::weighted(0.1))
        .prop_map(|(value, rank, class, over, waits)| WishOf { value, rank, class, over, waits });
    let edit = (prop::option::weighted(0.8, value()), class(), any::<bool>(), any::<bool>())
        .prop_map(|(to, class, reverted, found)| EditOf { to, class, reverted, found });
    let owner = prop::sample::select(vec![Owner::Manifest, Owner::Setting, Owner::Console]);
    let memory = (prop::option::weighted(0.9, value()), rank(), owner, prop::option::weighted(0.4, edit))
        .prop_map(|(asked, rank, owner, edit)| MemoryOf { asked, rank, owner, edit });
    let spelled = || prop::option::weighted(0.85, (value(), 0..2_usize));
    let (wish, memory) = (prop::option::weighted(0.8, wish), prop::option::weighted(0.85, memory));
    (wish, memory, spelled(), spelled(), prop::bool::weighted(0.4)).prop_map(
        |(wish, memory, seen, live, still)| State {
            wish,
            memory,
            seen: if still { live } else { seen },
            live,
        },
    )
}

fn later() -> impl Strategy<Value = Later> {
    let wish = prop::option::weighted(0.6, (value(), rank()));
    (prop::option::weighted(0.6, value()), wish).prop_map(|(edit, wish)| Later { edit, wish })
}

/// A resource of each specimen that was made with its fixed properties, and is in step.
static MADE: LazyLock<Vec<Scene>> = LazyLock::new(|| SPECIMENS.iter().map(made).collect());

fn made(specimen: &Specimen) -> Scene {
    let mut scene = Scene::new().with(NAME, specimen.kind, specimen.fixed.clone());
    scene.pass();
    scene.pass();
    scene
}

impl Case {
    /// Makes each state one that can be: values that the unit has, and nothing that no journal would hold.
    fn tidy(mut self) -> Self {
        let attached = self.attached;
        let units = &SPECIMENS[self.specimen].units;
        for (unit, state) in units.iter().zip(&mut self.states) {
            state.tidy(unit, attached);
        }
        for (unit, later) in units.iter().zip(&mut self.later) {
            let most = unit.values.len();
            later.edit = later.edit.map(|value| value % most);
            later.wish = later.wish.map(|(value, rank)| (value % most, rank));
        }
        self.unread &= !attached;
        self
    }

    pub(super) fn units(&self) -> impl Iterator<Item = (&'static UnitOf, &State)> {
        SPECIMENS[self.specimen].units.iter().zip(&self.states)
    }
}

impl State {
    fn tidy(&mut self, unit: &UnitOf, attached: bool) {
        let most = unit.values.len();
        let known = |(value, spelling): Spelled| (value % most, spelling % unit.values[value % most].len());
        self.live = self.live.map(known).filter(|_| unit.is_readable());
        self.seen = self.seen.map(known).filter(|_| unit.is_readable());
        if attached {
            (self.memory, self.seen) = (None, self.live);
        }
        if let Some(wish) = &mut self.wish {
            wish.value %= most;
            wish.over = wish.over.map(|over| over % most);
            wish.waits &= unit.unknown().is_some();
            wish.class = if unit.is_closed() { Class::Enforced } else { wish.class };
        }
        let Some(memory) = &mut self.memory else { return };
        memory.asked = memory.asked.map(|asked| asked % most);
        if memory.asked.is_none() && unit.is_element() {
            // What was never asked for is remembered as the cloud spells it.
            self.live = self.live.map(|(value, _)| (value, 0));
            self.seen = self.seen.map(|(value, _)| (value, 0));
        }
        memory.edit = memory.edit.take().filter(|_| unit.is_readable());
        if let Some(edit) = &mut memory.edit {
            edit.to = edit.to.map(|to| to % most);
            edit.reverted &= edit.class == Class::Enforced;
            edit.found &= !edit.reverted;
            // What was seen of an open edit is what it made of the field.
            self.seen = if edit.reverted { self.seen } else { edit.to.map(|to| (to, 0)) };
            memory.owner =
                if edit.reverted || edit.class == Class::Enforced { memory.owner } else { Owner::Console };
        }
    }

    pub(super) fn is_wished(&self) -> bool {
        self.wish.is_some()
    }

    pub(super) fn is_enforced(&self) -> bool {
        self.wish.as_ref().is_some_and(|wish| wish.class == Class::Enforced)
    }

    pub(super) fn owner(&self) -> Option<Owner> {
        self.memory.as_ref().map(|memory| memory.owner)
    }

    fn value(spelled: Option<Spelled>) -> Option<usize> {
        spelled.map(|(value, _)| value)
    }
}

// --- what the table looks at

impl Case {
    pub(super) fn facts(&self, unit: &UnitOf, state: &State) -> Facts {
        let (seen, live) = (State::value(state.seen), State::value(state.live));
        let memory = state.memory.as_ref();
        let wish = state.wish.as_ref();
        // Of a set that the document lists in full, what it does not list should not be there.
        let unlisted = unit.is_closed() && wish.is_none() && live.is_some();
        let wished = wish.map(|wish| wish.value);
        let undone = memory.is_some_and(|memory| match memory.asked {
            Some(asked) => unit.same(Some(asked), live),
            None => live.is_none(),
        });
        let edit = memory.and_then(|memory| memory.edit.as_ref());
        let open = edit.filter(|edit| !edit.reverted);
        let rank = wish.map_or(Rank::Code, |wish| wish.rank);
        let over = wish.and_then(|wish| wish.over).is_some_and(|over| unit.same(Some(over), live));
        let other_value = memory.is_none_or(|memory| memory.asked != wished);
        let class = wish.map_or(Class::Enforced, |wish| wish.class);
        let above = live.is_some_and(|live| unit.above_minimum.contains(&live));
        let waits = wish.is_some_and(|wish| wish.waits);
        let in_step = wish.is_some() && !waits && unit.same(wished, live);
        let beside = memory.is_some_and(|memory| {
            memory.owner == Owner::Console && memory.asked.is_none() && memory.edit.is_none()
        });
        let unmoved = unit.same(seen, live);
        let ours = memory.is_some_and(|memory| memory.owner != Owner::Console && memory.asked.is_some());
        Facts {
            read: !self.unread || unmoved || in_step,
            mentioned: wish.is_some() || unlisted,
            waits,
            remembered: memory.is_some(),
            found: self.attached,
            in_step,
            wish_moved: other_value
                || memory.is_none_or(|memory| rank > memory.rank)
                || over && edit.is_some(),
            other_value,
            live_moved: !unmoved && !undone,
            edited: (open.is_some() || beside) && !undone,
            over,
            was_found: open.is_some_and(|edit| edit.found && unit.same(edit.to, live)),
            back: edit.is_some_and(|edit| unit.same(edit.to, live)),
            rank,
            class: if class == Class::Enforced && above { Class::Open } else { class },
            provider: unit.is_provider_owned(),
            write_only: !unit.is_readable(),
            never_asked: memory
                .is_some_and(|memory| memory.owner == Owner::Console && memory.asked.is_none()),
            is_there: !unit.same(None, live),
            open: open.is_some(),
            still_ours: ours && open.is_none() && unmoved && unit.is_readable() && !unit.is_provider_owned(),
            can_go_back: if unit.is_element() {
                live.is_some()
            } else {
                unit.default.is_some_and(|default| !unit.same(Some(default), live))
            },
        }
    }

    /// Whether somebody in the console made the live value what it is: nobody asked for it last, and it is not what was
    /// seen, or an open edit.
    pub(super) fn is_edited(&self, unit: &UnitOf, state: &State) -> bool {
        let facts = self.facts(unit, state);
        facts.live_moved || facts.edited
    }

    /// Whether the document says that it knowingly replaces what is live.
    pub(super) fn names_the_live_value(&self, unit: &UnitOf, state: &State) -> bool {
        self.facts(unit, state).over
    }

    pub(super) fn enforces(&self, unit: &UnitOf, state: &State) -> bool {
        self.facts(unit, state).class == Class::Enforced && !self.attached
    }
}

// --- making it happen

impl Case {
    pub(super) fn scene(&self) -> Scene {
        let mut scene = MADE[self.specimen].clone();
        let identifier = scene.identifier(NAME);
        let now_ms = scene.now_ms;
        let mut live = scene.cloud[&identifier].clone();
        let record = record_mut(&mut scene);
        if self.unread {
            record.operated_at_ms = now_ms;
        }
        for (unit, state) in self.units() {
            put(unit, &mut live, state.live);
            put(unit, &mut record.seen, state.seen);
            remember((unit, state), record, now_ms);
        }
        if self.attached {
            record.fields.clear();
            (record.attached, record.operated_at_ms, record.seen) = (true, 0, live.clone());
        }
        scene.cloud.insert(identifier, live);
        for (index, (unit, state)) in self.units().enumerate() {
            self.wish(&mut scene, (index, unit), state.wish.as_ref());
        }
        self.close(&mut scene);
        scene
    }

    /// What a look decides of each field; what has no consequence is left out.
    pub(super) fn decisions(&self) -> BTreeMap<FieldPath, Decision> {
        let differences = self.scene().differences();
        let fields = differences.resources.into_iter().flat_map(|difference| difference.fields);
        fields.map(|field| (field.path, field.decision)).collect()
    }

    fn wish(&self, scene: &mut Scene, (_, unit): (usize, &UnitOf), wish: Option<&WishOf>) {
        let resource = scene.desired.resources.get_mut(&id(NAME)).unwrap();
        let path = unit.path();
        let members = resource.properties.iter().map(|(name, value)| (name.clone(), value.to_document()));
        let mut document = Json::Object(members.collect());
        path.remove(&mut document);
        resource.fields.remove(&path);
        if let Some(wish) = wish {
            let unknown = wish.waits.then(|| unit.unknown()).flatten();
            let value = unknown.unwrap_or_else(|| unit.values[wish.value][0].clone());
            assert!(path.set(&mut document, value));
            let over = wish.over.map(|over| unit.values[over][0].clone());
            resource.fields.insert(path, Field { class: wish.class, origin: origin(wish.rank), over });
        }
        let members = document.as_object().unwrap().iter();
        resource.properties =
            members.map(|(name, value)| (name.clone(), Value::parse(value).unwrap())).collect();
    }

    /// A set that is listed in full is enforced as a whole.
    fn close(&self, scene: &mut Scene) {
        for (unit, _) in self.units().filter(|(unit, _)| unit.is_closed()) {
            let array = unit.path().parent().unwrap();
            let field = Field { class: Class::Enforced, origin: code(), over: None };
            scene.desired.resources.get_mut(&id(NAME)).unwrap().fields.insert(array, field);
        }
    }

    pub(super) fn record<'a>(&self, scene: &'a Scene, unit: &UnitOf) -> Option<FieldRecord> {
        let (_, record): (u32, &'a ResourceRecord) = scene.recorded.current(&id(NAME))?;
        record.fields.get(&unit.path()).cloned()
    }

    /// What became of a field: what is live, and what is remembered of it, without the times.
    pub(super) fn end(&self, scene: &Scene, unit: &UnitOf) -> (Option<usize>, Option<FieldRecord>) {
        let live = &scene.cloud[&scene.identifier(NAME)];
        let is_there = |spelling: &Json| at(unit, spelling).get(live) == Some(spelling);
        let value = unit.values.iter().position(|spellings| spellings.iter().any(is_there));
        let mut field = self.record(scene, unit);
        if let Some(edit) = field.as_mut().and_then(|field| field.edit.as_mut()) {
            (edit.seen_at_ms, edit.from, edit.origin) = (0, None, None);
            let spelled = edit.to.take();
            let of = |to: &Json| unit.values.iter().position(|spellings| spellings.contains(to));
            edit.to = spelled.map(|to| of(&to).map_or(to, |value| json!(value)));
        }
        (value, field)
    }

    /// As [`Case::end`], without the memory of an edit that was taken back.
    pub(super) fn outcome(&self, scene: &Scene, unit: &UnitOf) -> (Option<usize>, Option<FieldRecord>) {
        let (value, mut field) = self.end(scene, unit);
        if let Some(field) = &mut field {
            field.edit = field.edit.take().filter(|edit| !edit.reverted);
        }
        (value, field)
    }

    // --- cases made of others

    /// The same, with everything that is wished live and nothing to be taken back.
    pub(super) fn in_step(&self) -> Self {
        let mut case = self.clone();
        case.unread = false;
        let units = &SPECIMENS[self.specimen].units;
        for (unit, state) in units.iter().zip(&mut case.states) {
            match &mut state.wish {
                Some(wish) => {
                    wish.waits = false;
                    let value = wish.value;
                    state.live = unit.is_readable().then(|| (value, unit.values[value].len() - 1));
                    if let Some(memory) = state.memory.as_mut().filter(|_| !unit.is_readable()) {
                        memory.asked = Some(value);
                    }
                    if !unit.is_readable() && state.memory.is_none() && !self.attached {
                        state.wish = None;
                    }
                }
                None => *state = State { wish: None, memory: None, seen: None, live: None },
            }
        }
        case
    }

    /// The same, with a read that proves something of a resource that was made.
    pub(super) fn readable(&self) -> Self {
        let mut case = Self { unread: false, ..self.clone() };
        if case.attached {
            case.attached = false;
        }
        case
    }

    /// The same, with every output known.
    pub(super) fn known(&self) -> Self {
        let mut case = self.clone();
        for wish in case.states.iter_mut().filter_map(|state| state.wish.as_mut()) {
            wish.waits = false;
        }
        case
    }

    /// Only one field of it; the others are as if nobody had ever spoken of them.
    pub(super) fn alone(&self, index: usize) -> Self {
        let mut case = self.clone();
        let others = case.states.iter_mut().enumerate().filter(|(other, _)| *other != index);
        for (_, state) in others {
            *state = State { wish: None, memory: None, seen: None, live: None };
        }
        case
    }

    /// Whether what happens later to a field is an edit and a wish in the sense of the law: an edit to what is wished
    /// at that time is none, what is enforced goes back, and what is named is replaced.
    fn happens(&self, index: usize, unit: &UnitOf) -> bool {
        let wish = self.states[index].wish.as_ref();
        let edit = self.later[index].edit;
        let is_plain =
            wish.is_none_or(|wish| wish.class != Class::Enforced && wish.over.is_none() && !wish.waits);
        let other = !unit.same(edit, wish.map(|wish| wish.value));
        unit.is_readable() && !unit.is_closed() && !unit.is_provider_owned() && is_plain && other
    }

    pub(super) fn edit_again(&self, scene: &mut Scene) {
        scene.now_ms += 10_000_000;
        let identifier = scene.identifier(NAME);
        for (index, (unit, _)) in self.units().enumerate() {
            if let Some(edit) = self.later[index].edit.filter(|_| self.happens(index, unit)) {
                put(unit, scene.cloud.get_mut(&identifier).unwrap(), Some((edit, 0)));
            }
        }
    }

    pub(super) fn wish_again(&self, scene: &mut Scene) {
        for (index, (unit, _)) in self.units().enumerate() {
            if let Some((value, rank)) = self.later[index].wish.filter(|_| self.happens(index, unit)) {
                let class = self.states[index].wish.as_ref().map_or(Class::Open, |wish| wish.class);
                let wish = WishOf { value, rank, class, over: None, waits: false };
                self.wish(scene, (index, unit), Some(&wish));
            }
        }
        self.close(scene);
    }

    /// Takes an import into the document, as a setting.
    pub(super) fn merge(&self, scene: &mut Scene, import: &Import) {
        let resource = scene.desired.resources.get_mut(&import.resource).unwrap();
        let members = resource.properties.iter().map(|(name, value)| (name.clone(), value.to_document()));
        let mut document = Json::Object(members.collect());
        let class = resource.field(&import.path).map_or(Class::Open, |field| field.class);
        match &import.to {
            Some(to) => {
                assert!(import.path.set(&mut document, to.clone()));
                let field = Field { class, origin: setting(), over: None };
                resource.fields.insert(import.path.clone(), field);
            }
            None => {
                import.path.remove(&mut document);
                resource.fields.remove(&import.path);
            }
        }
        let members = document.as_object().unwrap().iter();
        resource.properties =
            members.map(|(name, value)| (name.clone(), Value::parse(value).unwrap())).collect();
    }
}

fn record_mut(scene: &mut Scene) -> &mut ResourceRecord {
    scene.recorded.resources.get_mut(&id(NAME)).unwrap().get_mut(&1).unwrap()
}

fn origin(rank: Rank) -> Origin {
    match rank {
        Rank::Default => rule(),
        Rank::Code => code(),
        Rank::Setting => setting(),
    }
}

/// Where a spelling of a value stands: an element of a set stands where its own spelling says.
fn at(unit: &UnitOf, spelling: &Json) -> FieldPath {
    let path = unit.path();
    match unit.sort() {
        schema_catalog::Unit::Set => path.parent().unwrap().element(spelling),
        _ => path,
    }
}

fn put(unit: &UnitOf, document: &mut Json, value: Option<Spelled>) {
    for spelling in unit.values.iter().flatten() {
        at(unit, spelling).remove(document);
    }
    if let Some((value, spelling)) = value {
        let spelled = unit.values[value][spelling].clone();
        assert!(at(unit, &spelled).set(document, spelled));
    }
}

fn remember((unit, state): (&UnitOf, &State), record: &mut ResourceRecord, now_ms: u64) {
    let Some(memory) = &state.memory else { return };
    let spelled = |value: usize| unit.values[value][0].clone();
    let edit = memory.edit.as_ref().map(|edit| OpenEdit {
        from: None,
        to: edit.to.map(spelled),
        who: None,
        seen_at_ms: now_ms,
        class: edit.class,
        origin: None,
        reverted: edit.reverted,
        found: edit.found,
    });
    let asked = memory.asked.map(|asked| Value::literal(&spelled(asked)));
    record.fields.insert(unit.path(), FieldRecord { asked, rank: memory.rank, owner: memory.owner, edit });
}

#[test]
fn the_resources_that_cases_start_from_are_in_step() {
    for scene in MADE.iter() {
        assert!(scene.plan().is_empty());
        let (_, record) = scene.recorded.current(&id(NAME)).unwrap();
        assert!(Catalog::builtin().kind(&record.kind).is_some());
    }
}
