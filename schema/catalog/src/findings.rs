//! What a person wants to know of two documents, what was declared and what is live: [`findings`].
//!
//! The comparison is the agent's ([`compare`](crate::compare)), for who has no record: what cannot be told apart without
//! asking is no finding.

use std::collections::BTreeSet;

use schema_documents::{FieldPath, Json};
use serde::{Deserialize, Serialize};

use crate::compare::{CLOUD_TAGS, Comparison, Relation, is_cloud_tag};
use crate::given::Given;
use crate::units::{is_empty, is_proper_map, key_text};
use crate::{Kind, Unit, plausible, policy};

/// One place where the two differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Where: a JSON Pointer into the live value for what is live only, into the declared value otherwise.
    pub path: FieldPath,
    /// The declared value, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declared: Option<Json>,
    /// The live value, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<Json>,
    /// What it means.
    pub class: Class,
}

/// What a difference means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The declared value is not the live one: drift.
    Declared,
    /// Nobody declared it, and nothing explains it but that somebody set it.
    Undeclared,
    /// Nobody declared it, and nobody needs to have set it: the cloud alone decides it, it is a default, or made up.
    Provider,
}

/// Members by which elements of a list are told apart, if no schema says so and all have one of their own. What ends so
/// does, too.
const IDENTITIES: [&str; 4] = ["Id", "Name", "Key", "Identifier"];

/// Documents deeper than this are compared as a whole.
const DEEPEST: usize = 64;

/// All places where the two differ, in the order of the documents: declared ones first in each object.
pub fn findings(kind: &Kind, declared: &Json, live: &Json) -> Vec<Finding> {
    let comparison = Comparison { kind, relation: Relation::Plausible };
    let mut walk = Walk { kind, comparison, given: Given::new(kind, declared, live), found: Vec::new() };
    match (declared, live) {
        (Json::Object(_), Json::Object(_)) => walk.members(&Place::default(), declared, live),
        _ => walk.whole(&Place::default(), declared, live),
    }
    walk.found
}

/// A place in both documents.
#[derive(Clone, Default)]
struct Place {
    /// By what things are called, for the catalogue.
    path: FieldPath,
    /// By where they stand in the declared document.
    declared: FieldPath,
    /// By where they stand in the live document.
    live: FieldPath,
}

impl Place {
    fn member(&self, name: &str) -> Self {
        Self { path: self.path.child(name), declared: self.declared.child(name), live: self.live.child(name) }
    }

    fn element(&self, path: FieldPath, declared: usize, live: usize) -> Self {
        Self {
            path,
            declared: self.declared.child(declared.to_string()),
            live: self.live.child(live.to_string()),
        }
    }
}

struct Walk<'a> {
    kind: &'a Kind,
    comparison: Comparison<'a>,
    given: Given<'a>,
    found: Vec<Finding>,
}

impl Walk<'_> {
    fn both(&mut self, at: &Place, declared: &Json, live: &Json) {
        if plausible::is_unknown(declared) || self.kind.is_provider_owned(&at.path) {
            return;
        }
        let is_none = |value: &Json| value.is_null() || is_empty(value);
        match (is_none(declared), is_none(live)) {
            (true, true) => return,
            (false, true) if self.comparison.same(&at.path, declared, live) => return,
            (false, true) => return self.declared_only(at, declared),
            (true, false) => return self.live_only(&at.path, &at.live, live),
            (false, false) => {}
        }
        let is_document = self.kind.own_unit(&at.path) == Unit::EmbeddedJson;
        match (declared, live) {
            _ if at.path.segments().len() > DEEPEST => self.whole(at, declared, live),
            (Json::Object(_), _) if is_document => self.whole(at, declared, live),
            (Json::Object(_), Json::Object(_)) if policy::canonical(declared).is_none() => {
                self.members(at, declared, live);
            }
            (Json::Array(one), Json::Array(other)) => self.elements(at, one, other),
            _ => self.whole(at, declared, live),
        }
    }

    fn whole(&mut self, at: &Place, declared: &Json, live: &Json) {
        if !self.comparison.same(&at.path, declared, live) {
            self.report(&at.declared, Some(declared), Some(live), Class::Declared);
        }
    }

    fn members(&mut self, at: &Place, declared: &Json, live: &Json) {
        let (Some(declared), Some(live)) = (declared.as_object(), live.as_object()) else { return };
        for (name, value) in declared {
            match live.get(name) {
                Some(live) => self.both(&at.member(name), value, live),
                None if plausible::is_said_in(value, live)
                    || self.given.shows_what_is_in_effect(&at.path) => {}
                None => self.declared_only(&at.member(name), value),
            }
        }
        let is_new = |name: &str| !declared.contains_key(name) && !name.starts_with(CLOUD_TAGS);
        for (name, value) in live.iter().filter(|(name, _)| is_new(name)) {
            let at = at.member(name);
            self.live_only(&at.path, &at.live, value);
        }
    }

    fn elements(&mut self, at: &Place, declared: &[Json], live: &[Json]) {
        let key = match self.kind.own_unit(&at.path) {
            Unit::Map(key) => Some(key),
            _ => identity(declared, live),
        };
        match key.filter(|key| is_proper_map(declared, key) && is_proper_map(live, key)) {
            Some(key) => self.keyed(at, &key, declared, live),
            None if self.comparison.may_be_reordered(&at.path) => self.matched(at, declared, live),
            None if declared.len() == live.len() => {
                for (index, (declared, live)) in declared.iter().zip(live).enumerate() {
                    self.both(&at.element(at.path.child("*"), index, index), declared, live);
                }
            }
            None => {
                self.report(
                    &at.declared,
                    Some(&Json::from(declared)),
                    Some(&Json::from(live)),
                    Class::Declared,
                );
            }
        }
    }

    /// Elements that are known by a member. Those whose name the cloud spells otherwise are known by what they say.
    fn keyed(&mut self, at: &Place, key: &str, declared: &[Json], live: &[Json]) {
        let find = |item: &Json| self.comparison.position(&at.path, key, live, item);
        let mut pairs: Vec<Option<usize>> = declared.iter().map(find).collect();
        let left: Vec<usize> = (0..live.len()).filter(|index| !pairs.contains(&Some(*index))).collect();
        let unknown: Vec<usize> = (0..declared.len()).filter(|index| pairs[*index].is_none()).collect();
        let (some, others) = (picked(declared, &unknown), picked(live, &left));
        for (index, found) in unknown.iter().zip(self.comparison.matching(&at.path, &some, &others)) {
            pairs[*index] = found.map(|found| left[found]);
        }
        for (index, item) in declared.iter().enumerate().filter(|(_, item)| !is_cloud_tag(item, key)) {
            let path = at.path.keyed(key, &key_text(item, key));
            match pairs[index] {
                Some(found) => self.both(&at.element(path, index, found), item, &live[found]),
                None => self.declared_only(&at.element(path, index, 0), item),
            }
        }
        self.live_elements(at, live, &pairs, Some(key));
    }

    /// Elements that are known by what they say.
    fn matched(&mut self, at: &Place, declared: &[Json], live: &[Json]) {
        let path = at.path.child("*");
        let mut pairs = self.comparison.matching(&at.path, declared, live);
        pair_last(&mut pairs, declared, live);
        for (index, item) in declared.iter().enumerate() {
            match pairs[index] {
                Some(found) => self.both(&at.element(path.clone(), index, found), item, &live[found]),
                // Said twice, and the cloud keeps it once.
                None if live.iter().any(|live| self.comparison.same(&path, item, live)) => {}
                None => self.declared_only(&at.element(path.clone(), index, 0), item),
            }
        }
        self.live_elements(at, live, &pairs, None);
    }

    /// What is live only of a list whose other elements have been found.
    fn live_elements(&mut self, at: &Place, live: &[Json], pairs: &[Option<usize>], key: Option<&str>) {
        let used: BTreeSet<usize> = pairs.iter().flatten().copied().collect();
        for (index, item) in live.iter().enumerate().filter(|(index, _)| !used.contains(index)) {
            if key.is_none_or(|key| !is_cloud_tag(item, key)) {
                self.live_element(at, index, item, key);
            }
        }
    }

    fn declared_only(&mut self, at: &Place, declared: &Json) {
        if !self.says_nothing(&at.path, declared) {
            self.report(&at.declared, Some(declared), None, Class::Declared);
        }
    }

    /// Whether it means nothing that a read does not have a declared value.
    fn says_nothing(&self, path: &FieldPath, declared: &Json) -> bool {
        let itself = is_empty(declared)
            || declared.is_null()
            || holds_only_cloud_tags(declared)
            || is_cloud_tag(declared, "Key")
            || plausible::is_unknown(declared)
            || self.comparison.is_silent(path, declared)
            || self.given.shows_what_is_in_effect(path)
            || self.given.is_nothing(path, declared);
        let members = declared.as_object().filter(|_| path.segments().len() < DEEPEST);
        itself
            || members.is_some_and(|members| {
                members.iter().all(|(name, value)| self.says_nothing(&path.child(name), value))
            })
    }

    fn live_only(&mut self, path: &FieldPath, pointer: &FieldPath, live: &Json) {
        if live.is_null() || is_empty(live) || holds_only_cloud_tags(live) {
            return;
        }
        let in_effect = path.parent().is_some_and(|map| self.given.shows_what_is_in_effect(&map));
        let class =
            if in_effect || self.given.explains(path, live) { Class::Provider } else { Class::Undeclared };
        self.report(pointer, None, Some(live), class);
    }

    /// An element that is live only: in a pair it is the value that counts.
    fn live_element(&mut self, at: &Place, index: usize, item: &Json, key: Option<&str>) {
        let class = if self.given.explains_element(&at.path, item, key) {
            Class::Provider
        } else {
            Class::Undeclared
        };
        let pointer = at.live.child(index.to_string());
        let is_pair = key.is_some() && item.as_object().is_some_and(|item| item.len() == 2);
        match item.get("Value").filter(|_| is_pair) {
            Some(value) => self.report(&pointer.child("Value"), None, Some(value), class),
            None => self.report(&pointer, None, Some(item), class),
        }
    }

    fn report(&mut self, path: &FieldPath, declared: Option<&Json>, live: Option<&Json>, class: Class) {
        self.found.push(Finding {
            path: path.clone(),
            declared: declared.cloned(),
            live: live.cloned(),
            class,
        });
    }
}

/// If one declared object and one live one are left of a list, the second is the first, edited.
fn pair_last(pairs: &mut [Option<usize>], declared: &[Json], live: &[Json]) {
    let mut without = (0..declared.len()).filter(|index| pairs[*index].is_none());
    let mut unused = (0..live.len()).filter(|index| !pairs.contains(&Some(*index)));
    if let (Some(one), None, Some(other), None) =
        (without.next(), without.next(), unused.next(), unused.next())
        && declared[one].is_object()
        && live[other].is_object()
    {
        drop((without, unused));
        pairs[one] = Some(other);
    }
}

fn picked(items: &[Json], indices: &[usize]) -> Vec<Json> {
    indices.iter().map(|index| items[*index].clone()).collect()
}

/// The member by which the elements of both lists are told apart, if there is one.
fn identity(declared: &[Json], live: &[Json]) -> Option<String> {
    let members = declared.first()?.as_object()?;
    let is_one = |name: &&String| IDENTITIES.iter().any(|end| name.ends_with(end));
    let fits = |name: &&String| is_proper_map(declared, name) && is_proper_map(live, name);
    members.keys().filter(is_one).find(fits).cloned()
}

/// Whether these are tags, all of them the cloud's own.
fn holds_only_cloud_tags(live: &Json) -> bool {
    match live {
        Json::Array(items) => items.iter().all(|item| is_cloud_tag(item, "Key")),
        Json::Object(members) => members.keys().all(|name| name.starts_with(CLOUD_TAGS)),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
