//! Making a case happen: the document, the record and the cloud, what comes later, and what became of it.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use schema_catalog::Catalog;
use schema_documents::desired::{Class, Field, Resource};
use schema_documents::import::Import;
use schema_documents::origin::Rank;
use schema_documents::recorded::{FieldRecord, OpenEdit, ResourceRecord};
use schema_documents::{FieldPath, Json, Kept, Origin, Value};
use serde_json::json;

use super::{Case, Spelled, State, WishOf};
use crate::laws::specimen::{SPECIMENS, Specimen, UnitOf};
use crate::merge::Decision;
use crate::scene::{Scene, code, id, rule, setting};

const NAME: &str = "sample/one/resource";

/// A resource of each specimen that was made with its fixed properties, and is in step.
static MADE: LazyLock<Vec<Scene>> = LazyLock::new(|| SPECIMENS.iter().map(made).collect());

fn made(specimen: &Specimen) -> Scene {
    let mut scene = Scene::new().with(NAME, specimen.kind, specimen.fixed.clone());
    scene.pass();
    scene.pass();
    scene
}

impl Case {
    pub(in crate::laws) fn scene(&self) -> Scene {
        let mut scene = MADE[self.specimen].clone();
        let identifier = scene.identifier(NAME);
        let now_ms = scene.now_ms;
        let mut live = scene.cloud[&identifier].clone();
        let record = record_mut(&mut scene);
        let mut seen = record.seen.to_json();
        if self.unread {
            record.operated_at_ms = now_ms;
        }
        for (unit, state) in self.units() {
            put(unit, &mut live, state.live);
            put(unit, &mut seen, state.seen);
            remember((unit, state), record, now_ms);
        }
        if self.attached {
            record.fields.clear();
            (record.attached, record.operated_at_ms, seen) = (true, 0, live.clone());
        }
        record.seen = Kept::from(&seen);
        scene.cloud.insert(identifier, live);
        for (unit, state) in self.units() {
            wish(&mut scene, unit, state.wish.as_ref());
        }
        self.close(&mut scene);
        scene
    }

    /// What a look decides of each field; what has no consequence is left out.
    pub(in crate::laws) fn decisions(&self) -> BTreeMap<FieldPath, Decision> {
        let differences = self.scene().differences();
        let fields = differences.resources.into_iter().flat_map(|difference| difference.fields);
        fields.map(|field| (field.path, field.decision)).collect()
    }

    /// A set that is listed in full is enforced as a whole.
    fn close(&self, scene: &mut Scene) {
        for (unit, _) in self.units().filter(|(unit, _)| unit.is_closed()) {
            let array = unit.path().parent().unwrap();
            let field = Field { class: Class::Enforced, origin: code(), over: None };
            scene.desired.resources.get_mut(&id(NAME)).unwrap().fields.insert(array, field);
        }
    }

    pub(in crate::laws) fn edit_again(&self, scene: &mut Scene) {
        scene.now_ms += 10_000_000;
        let identifier = scene.identifier(NAME);
        for (index, (unit, _)) in self.units().enumerate() {
            if let Some(edit) = self.later[index].edit.filter(|_| self.happens(index, unit)) {
                put(unit, scene.cloud.get_mut(&identifier).unwrap(), Some((edit, 0)));
            }
        }
    }

    pub(in crate::laws) fn wish_again(&self, scene: &mut Scene) {
        for (index, (unit, _)) in self.units().enumerate() {
            if let Some((value, rank)) = self.later[index].wish.filter(|_| self.happens(index, unit)) {
                let class = self.states[index].wish.as_ref().map_or(Class::Open, |wish| wish.class);
                wish(scene, unit, Some(&WishOf { value, rank, class, over: None, waits: false }));
            }
        }
        self.close(scene);
    }
}

/// What is remembered of a field.
pub(in crate::laws) fn record(scene: &Scene, unit: &UnitOf) -> Option<FieldRecord> {
    let (_, record) = scene.recorded.current(&id(NAME))?;
    record.fields.get(&unit.path()).cloned()
}

/// What became of a field: what is live, and what is remembered of it, without the times.
pub(in crate::laws) fn end(scene: &Scene, unit: &UnitOf) -> (Option<usize>, Option<FieldRecord>) {
    let live = &scene.cloud[&scene.identifier(NAME)];
    let is_there = |spelling: &Json| at(unit, spelling).get(live) == Some(spelling);
    let value = unit.values.iter().position(|spellings| spellings.iter().any(is_there));
    let mut field = record(scene, unit);
    if let Some(edit) = field.as_mut().and_then(|field| field.edit.as_mut()) {
        (edit.seen_at_ms, edit.from, edit.origin) = (0, None, None);
        let spelled = edit.to.take();
        let of = |to: &Json| unit.values.iter().position(|spellings| spellings.contains(to));
        edit.to = spelled.map(|to| of(&to).map_or(to, |value| json!(value)));
    }
    (value, field)
}

/// Whether the repository is to hear of a field: somebody edited it, and it does not go back.
pub(in crate::laws) fn is_to_be_told(scene: &Scene, unit: &UnitOf) -> bool {
    let edit = record(scene, unit).and_then(|field| field.edit);
    edit.is_some_and(|edit| !edit.reverted && edit.class != Class::Enforced)
}

/// As [`end`], without the memory of an edit that was taken back.
pub(in crate::laws) fn outcome(scene: &Scene, unit: &UnitOf) -> (Option<usize>, Option<FieldRecord>) {
    let (value, mut field) = end(scene, unit);
    if let Some(field) = &mut field {
        field.edit = field.edit.take().filter(|edit| !edit.reverted);
    }
    (value, field)
}

/// Takes an import into the document, as a setting.
pub(in crate::laws) fn merge(scene: &mut Scene, import: &Import) {
    let resource = scene.desired.resources.get_mut(&import.resource).unwrap();
    let class = resource.field(&import.path).map_or(Class::Open, |field| field.class);
    edit(resource, &import.path, import.to.clone());
    if import.to.is_some() {
        let field = Field { class, origin: setting(), over: None };
        resource.fields.insert(import.path.clone(), field);
    }
}

/// What the document says of a field, or that it says nothing.
fn wish(scene: &mut Scene, unit: &UnitOf, wish: Option<&WishOf>) {
    let resource = scene.desired.resources.get_mut(&id(NAME)).unwrap();
    let path = unit.path();
    let value = wish.map(|wish| {
        let unknown = wish.waits.then(|| unit.unknown()).flatten();
        unknown.unwrap_or_else(|| unit.values[wish.value][0].clone())
    });
    edit(resource, &path, value);
    if let Some(wish) = wish {
        let over = wish.over.map(|over| unit.values[over][0].clone());
        resource.fields.insert(path, Field { class: wish.class, origin: origin(wish.rank), over });
    }
}

/// Another value in the document, or none, and nobody who asked for it.
fn edit(resource: &mut Resource, path: &FieldPath, value: Option<Json>) {
    let members = resource.properties.iter().map(|(name, value)| (name.clone(), value.to_document()));
    let mut document = Json::Object(members.collect());
    path.remove(&mut document);
    resource.fields.remove(path);
    if let Some(value) = value {
        assert!(path.set(&mut document, value));
    }
    let members = document.as_object().unwrap().iter();
    resource.properties = members.map(|(name, value)| (name.clone(), Value::parse(value).unwrap())).collect();
}

fn record_mut(scene: &mut Scene) -> &mut ResourceRecord {
    Arc::make_mut(scene.recorded.resources.get_mut(&id(NAME)).unwrap().get_mut(&1).unwrap())
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
    let edit = memory.edit.as_ref().map(|edit| {
        Box::new(OpenEdit {
            from: None,
            to: edit.to.map(spelled),
            who: None,
            made_at_ms: None,
            seen_at_ms: now_ms,
            class: edit.class,
            origin: None,
            reverted: edit.reverted,
            found: edit.found,
        })
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
