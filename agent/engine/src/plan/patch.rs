//! The patch (RFC 6902) of an update, made from the properties as they were just read.

use std::collections::{BTreeMap, BTreeSet};

use schema_catalog::Kind;
use schema_documents::path::{element_text, selector};
use schema_documents::plan::{Change, Wish};
use schema_documents::{FieldPath, Json, Sorted, Value};

use crate::bind;

/// The patch that makes these changes to a resource that is live with these properties.
///
/// A scalar is tested before it is written. An array is written whole: live plus our changes, so that elements that
/// are not ours survive; never by index. Write-only wishes that the update would otherwise drop are sent again.
pub fn patch(kind: &Kind, live: &Json, changes: &[Change], wishes: &[Wish]) -> Value {
    let mut patch = Patch { kind, document: live.clone(), operations: Vec::new() };
    let mut arrays: BTreeMap<FieldPath, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        match array_of(&change.path) {
            Some(array) => arrays.entry(array).or_default().push(change),
            None => patch.scalar(change),
        }
    }
    for (array, changes) in arrays {
        patch.array(&array, &changes);
    }
    let written: BTreeSet<&FieldPath> = changes.iter().map(|change| &change.path).collect();
    for wish in wishes.iter().filter(|wish| !written.contains(&wish.path)) {
        patch.resend(wish);
    }
    Value::Array(patch.operations)
}

/// The live properties with these changes made; `None` while a value in them is not known.
pub(super) fn patched(kind: &Kind, live: &Json, changes: &[Change]) -> Option<Json> {
    let operations = patch(kind, live, changes, &[]).as_json()?;
    let mut document = live.clone();
    for operation in operations.as_array()? {
        let path = FieldPath::parse(operation.get("path")?.as_str()?).ok()?;
        match (operation.get("op")?.as_str()?, operation.get("value")) {
            ("add" | "replace", Some(value)) => drop(path.set(&mut document, value.clone())),
            ("remove", _) => drop(path.remove(&mut document)),
            _ => {}
        }
    }
    Some(document)
}

fn array_of(path: &FieldPath) -> Option<FieldPath> {
    path.segments().last().filter(|last| selector(last).is_some()).and_then(|_| path.parent())
}

struct Patch<'a> {
    kind: &'a Kind,
    /// The properties, with the operations so far made.
    document: Json,
    operations: Vec<Value>,
}

impl Patch<'_> {
    fn scalar(&mut self, change: &Change) {
        let now = change.path.get(&self.document).cloned();
        // What is remembered as a digest is not tested: the test would hold it in clear.
        if let Some(now) = now.as_ref().filter(|now| is_scalar(now) && change.from.as_ref() == Some(now)) {
            self.operation("test", &change.path, Some(Value::literal(now)));
        }
        match (&change.to, now) {
            (Some(to), Some(_)) => self.operation("replace", &change.path, Some(to.clone())),
            (Some(to), None) => self.add(&change.path, to),
            (None, Some(_)) => {
                self.operation("remove", &change.path, None);
                change.path.remove(&mut self.document);
            }
            (None, None) => {}
        }
    }

    fn add(&mut self, path: &FieldPath, value: &Value) {
        let mut missing = Vec::new();
        let mut at = path.parent();
        while let Some(parent) = at.filter(|parent| !parent.is_root() && parent.get(&self.document).is_none())
        {
            at = parent.parent();
            missing.push(parent);
        }
        for parent in missing.iter().rev() {
            self.operation("add", parent, Some(Value::Object(Sorted::new())));
            parent.set(&mut self.document, Json::Object(serde_json::Map::new()));
        }
        self.operation("add", path, Some(value.clone()));
        path.set(&mut self.document, value.to_document());
    }

    /// Removals first, so that an element that leaves and comes under another name stays.
    fn array(&mut self, path: &FieldPath, changes: &[&Change]) {
        let live = path.get(&self.document).and_then(Json::as_array);
        let mut items: Vec<Value> = live.into_iter().flatten().map(Value::literal).collect();
        let exists = live.is_some();
        for change in changes.iter().filter(|change| change.to.is_none()) {
            items.retain(|item| !self.is_element(change, item));
        }
        for change in changes {
            let Some(to) = &change.to else { continue };
            match items.iter().position(|item| self.is_element(change, item)) {
                Some(index) => items[index] = to.clone(),
                None if items.contains(to) => {}
                None => items.push(to.clone()),
            }
        }
        let whole = Value::Array(items);
        if exists {
            self.operation("replace", path, Some(whole));
        } else {
            self.add(path, &whole);
        }
    }

    /// Whether a live element is the one that a change is about.
    fn is_element(&self, change: &Change, item: &Value) -> bool {
        use schema_documents::path::Selector;
        let Some(item) = item.as_json() else { return false };
        match change.path.segments().last().and_then(|last| selector(last)) {
            Some(Selector::Keyed(key, value)) => {
                item.get(key).is_some_and(|found| element_text(found) == value)
            }
            Some(Selector::Element(text)) => {
                element_text(&item) == text
                    || change.from.as_ref().is_some_and(|from| self.same(change, from, &item))
            }
            None => false,
        }
    }

    fn same(&self, change: &Change, from: &Json, item: &Json) -> bool {
        schema_catalog::compare::equal(self.kind, &change.path, from, item)
    }

    fn resend(&mut self, wish: &Wish) {
        let Some(value) = wish.value.as_ref().filter(|_| bind::is_known(wish)) else { return };
        let droppable = self.kind.is_write_only(&wish.path)
            && !self.kind.is_create_only(&wish.path)
            && array_of(&wish.path).is_none();
        if droppable {
            self.add(&wish.path, value);
        }
    }

    fn operation(&mut self, op: &str, path: &FieldPath, value: Option<Value>) {
        let mut members = vec![("op", Value::text(op)), ("path", Value::text(path.to_string()))];
        members.extend(value.map(|value| ("value", value)));
        self.operations.push(Value::object(members));
    }
}

fn is_scalar(value: &Json) -> bool {
    !value.is_array() && !value.is_object()
}
