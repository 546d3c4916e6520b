//! Comparison of what was declared with what is live, by meaning.
//!
//! A cloud answers in other words than it was asked in: numbers as texts, lists in another order, policies rewritten,
//! defaults filled in. Here is what makes no difference:
//!
//! - a scalar and its text (`50` and `"50"`), a JSON value and its text;
//! - the order of a list that has none, and of a map; `aws:` tags, which only the cloud sets;
//! - an empty object or list and nothing;
//! - two IAM policies that grant the same;
//! - what the overlay says of a path ([`Equality`]), and allowed values that may be in any case.
//!
//! There are three relations. [`equal`] is symmetric: for two live states, or two wishes. [`satisfies`] is not: it asks
//! whether everything that was declared is so, and lets the live side say more, such as defaults filled in inside a
//! list element. [`differences`] is made of the second. The third is for who has two documents and no memory: it also lets
//! pass what nobody can tell apart ([`findings`](crate::findings) is made of it).

mod matching;

use std::collections::BTreeSet;

use schema_documents::{FieldPath, Json, canonical};

use crate::units::{is_empty, is_proper_map, is_proper_set, key_text};
use crate::{Equality, Kind, Schema, Unit, given, plausible, policy, words};

use matching::Matching;

pub use crate::units::units;

/// A declared value that is not the live one.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The merge unit that differs.
    pub path: FieldPath,
    /// The declared value; `None` for an element that is live only, see [`undeclared_elements`].
    pub declared: Option<Json>,
    /// The live value, if there is one.
    pub live: Option<Json>,
}

/// Values deeper than this are compared to the letter.
const DEEPEST: usize = 64;

/// In longer lists only elements that are equal to the letter are matched.
const LONGEST_MATCHED: usize = 256;

/// The prefix of tags that the cloud sets, and nobody else can.
pub(crate) const CLOUD_TAGS: &str = "aws:";

/// Whether two values at this path mean the same. Symmetric and reflexive.
pub fn equal(kind: &Kind, path: &FieldPath, declared: &Json, live: &Json) -> bool {
    Comparison { kind, relation: Relation::Equal }.same(path, declared, live)
}

/// Whether the live value is as declared: equal, or it says more than was declared in places where nothing was said.
pub fn satisfies(kind: &Kind, path: &FieldPath, declared: &Json, live: &Json) -> bool {
    Comparison { kind, relation: Relation::Satisfies }.same(path, declared, live)
}

/// The declared units that the live state does not satisfy. Paths that were not declared, that only the cloud sets, or
/// that a read never returns make no difference.
pub fn differences(kind: &Kind, declared: &Json, live: &Json) -> Vec<Difference> {
    Search::run(kind, Wanted::Declared, declared, live)
}

/// The live elements of declared sets that were not declared themselves, such as a rule that somebody added to a
/// security group. Another resource may have declared them (a rule of its own): that is for the caller to know.
pub fn undeclared_elements(kind: &Kind, declared: &Json, live: &Json) -> Vec<Difference> {
    Search::run(kind, Wanted::UndeclaredElements, declared, live)
}

/// The live value of a unit of the declared document: at the path itself, or for an element of a set the element that
/// satisfies the declared one, however the cloud spells it.
pub fn live_value<'a>(kind: &Kind, path: &FieldPath, declared: &Json, live: &'a Json) -> Option<&'a Json> {
    let in_set = path.parent().filter(|parent| kind.unit(parent) == Unit::Set);
    let Some(set) = in_set else { return path.get(live) };
    let items = set.get(live)?.as_array()?;
    path.get(live).or_else(|| items.iter().find(|item| satisfies(kind, &set.child("*"), declared, item)))
}

/// Whether a live value cannot be another spelling of the declared one: somewhere in both, numbers or booleans differ, or two
/// of the texts that the schema lists. A number that the overlay lets grow, or compares by a rule, may be spelled.
pub fn is_another_value(kind: &Kind, path: &FieldPath, declared: &Json, live: &Json) -> bool {
    if satisfies(kind, path, declared, live) {
        return false;
    }
    match (declared, live) {
        (Json::Number(_), Json::Number(_)) | (Json::Bool(_), Json::Bool(_)) => kind.equality(path).is_none(),
        (Json::String(_), Json::String(_)) => {
            let listed = kind.schema(path).map(|schema| &schema.values[..]).unwrap_or_default();
            listed.contains(declared) && listed.contains(live)
        }
        (Json::Object(declared), Json::Object(live)) => declared.iter().any(|(name, declared)| {
            let within = path.child(name);
            live.get(name).is_some_and(|live| is_another_value(kind, &within, declared, live))
        }),
        _ => false,
    }
}

/// What is asked of two values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// They mean the same.
    Equal,
    /// The live one is as declared, and may say more.
    Satisfies,
    /// The same, as far as anybody can tell who may not ask.
    Plausible,
}

pub(crate) struct Comparison<'a> {
    pub(crate) kind: &'a Kind,
    pub(crate) relation: Relation,
}

impl Comparison<'_> {
    fn may_say_more(&self) -> bool {
        self.relation != Relation::Equal
    }

    fn is_plausible(&self) -> bool {
        self.relation == Relation::Plausible
    }

    pub(crate) fn same(&self, path: &FieldPath, declared: &Json, live: &Json) -> bool {
        if declared == live || is_empty(declared) && is_empty(live) {
            return true;
        }
        if self.is_plausible() && plausible::is_unknown(declared) {
            return true;
        }
        if path.segments().len() > DEEPEST {
            return false;
        }
        if let Some(rule) = self.kind.equality(path)
            && self.same_by_rule(rule, path, declared, live)
        {
            return true;
        }
        match (self.kind.own_unit(path), declared, live) {
            (Unit::EmbeddedJson, _, _)
                if !(self.is_plausible() && declared.is_array() && live.is_array()) =>
            {
                Self::same_json(declared, live) || self.is_plausible() && plausible::holds_unknown(declared)
            }
            (Unit::Set, Json::Array(declared), Json::Array(live)) => self.same_set(path, declared, live),
            (Unit::Map(key), Json::Array(declared), Json::Array(live))
                if is_proper_map(declared, &key) && is_proper_map(live, &key) =>
            {
                self.same_map(path, &key, declared, live)
            }
            (Unit::Atomic, Json::Array(declared), Json::Array(live)) if self.is_unordered(path) => {
                self.same_set(path, declared, live)
            }
            (_, Json::Array(declared), Json::Array(live))
                if self.is_plausible() && is_pairs(declared) && is_pairs(live) =>
            {
                self.same_map(path, "Key", declared, live)
            }
            (_, Json::Array(declared), Json::Array(live)) => {
                let is_reordered = self.is_plausible() && self.may_be_reordered(path);
                if is_reordered && declared.len() <= LONGEST_MATCHED {
                    self.same_set(path, declared, live)
                } else {
                    self.same_list(path, declared, live)
                }
            }
            (_, Json::Object(_), Json::Object(_)) => {
                self.same_object(path, declared, live)
                    || self.is_plausible() && Self::same_policy(declared, live)
            }
            (_, Json::Object(_) | Json::Array(_), Json::String(text)) => {
                self.same_text_of(path, declared, text, false)
                    || self.is_plausible() && self.may_be_same(path, declared, live)
            }
            (_, Json::String(text), Json::Object(_) | Json::Array(_)) => {
                self.same_text_of(path, live, text, true)
                    || self.is_plausible() && self.may_be_same(path, declared, live)
            }
            _ => {
                words::same_scalar(declared, live)
                    || self.is_plausible() && self.may_be_same(path, declared, live)
            }
        }
    }

    /// What is left to try for two scalars, or for values of two shapes, when nobody may be asked.
    fn may_be_same(&self, path: &FieldPath, declared: &Json, live: &Json) -> bool {
        match (declared, live) {
            (Json::Array(items), one) if items.len() == 1 => self.same(&path.child("*"), &items[0], one),
            (one, Json::Array(items)) if items.len() == 1 && !one.is_object() => {
                self.same(&path.child("*"), one, &items[0])
            }
            (Json::Object(members), Json::Array(_)) => self.same(path, &pairs(members), live),
            (Json::Array(_), Json::Object(members)) => self.same(path, declared, &pairs(members)),
            (Json::String(one), Json::String(other)) if is_container(one) && is_container(other) => {
                Self::same_json(declared, live)
            }
            _ => plausible::same(path.segments().last().map_or("", String::as_str), declared, live),
        }
    }

    /// Whether nothing says that the order of a list has a meaning.
    pub(crate) fn may_be_reordered(&self, path: &FieldPath) -> bool {
        let has_none = matches!(self.kind.own_unit(path), Unit::Set | Unit::Map(_))
            || self.kind.equality(path) == Some(Equality::Unordered)
            || self.is_unordered(path);
        let name = path.segments().iter().rev().find(|segment| *segment != "*").map_or("", String::as_str);
        let is_stated = self.kind.schema(path).is_some_and(|schema| schema.insertion_order == Some(true))
            || self.kind.overlay.unit_at(path) == Some(&Unit::Ordered);
        has_none || !is_stated && !given::is_ordered(name)
    }

    fn same_policy(declared: &Json, live: &Json) -> bool {
        policy::canonical(declared).is_some() && Self::same_json(declared, live)
    }

    fn same_by_rule(&self, rule: Equality, path: &FieldPath, declared: &Json, live: &Json) -> bool {
        match (rule, declared, live) {
            (Equality::Unordered, Json::Array(declared), Json::Array(live)) => {
                self.same_set(path, declared, live)
            }
            (Equality::AtLeast, _, _) => self.may_say_more() && words::is_at_least(declared, live),
            _ => match (words::text(declared), words::text(live)) {
                (Some(declared), Some(live)) => words::same(rule, &declared, &live),
                _ => false,
            },
        }
    }

    fn is_unordered(&self, path: &FieldPath) -> bool {
        self.kind.schema(path).is_some_and(Schema::is_unordered)
    }

    fn same_list(&self, path: &FieldPath, declared: &[Json], live: &[Json]) -> bool {
        let element = path.child("*");
        declared.len() == live.len()
            && declared.iter().zip(live).all(|(declared, live)| self.same(&element, declared, live))
    }

    fn same_map(&self, path: &FieldPath, key: &str, declared: &[Json], live: &[Json]) -> bool {
        let element = path.child("*");
        let find = |items: &[Json], wanted: &Json| self.position(path, key, items, wanted);
        let declared_is_live = declared
            .iter()
            .filter(|item| !is_cloud_tag(item, key))
            .all(|item| find(live, item).is_some_and(|index| self.same(&element, item, &live[index])));
        let is_known = |item: &&Json| find(declared, item).is_some();
        declared_is_live
            && (self.may_say_more()
                || live.iter().filter(|item| !is_cloud_tag(item, key)).all(|item| is_known(&item)))
    }

    /// Where the element with this one's key is, however the cloud spells keys of this list.
    pub(crate) fn position(
        &self,
        path: &FieldPath,
        key: &str,
        items: &[Json],
        wanted: &Json,
    ) -> Option<usize> {
        let name = key_text(wanted, key);
        let by_text = items.iter().position(|item| key_text(item, key) == name);
        by_text.or_else(|| {
            let path = path.child("*").child(key);
            let rule = self.kind.equality(&path)?;
            let is_it = |item: &Json| match (wanted.get(key), item.get(key)) {
                (Some(one), Some(other)) => self.same_by_rule(rule, &path, one, other),
                _ => false,
            };
            items.iter().position(is_it)
        })
    }

    /// Both sides have the same elements: there is a one-to-one matching.
    fn same_set(&self, path: &FieldPath, declared: &[Json], live: &[Json]) -> bool {
        declared.len() == live.len() && self.matching(path, declared, live).iter().all(Option::is_some)
    }

    /// For each declared element the index of a live one that it is matched with; no live one is used twice.
    pub(crate) fn matching(&self, path: &FieldPath, declared: &[Json], live: &[Json]) -> Vec<Option<usize>> {
        let element = path.child("*");
        let mut matching = Matching::exact(declared, live);
        if declared.len().max(live.len()) <= LONGEST_MATCHED {
            let candidates: Vec<Vec<usize>> = declared
                .iter()
                .map(|declared| {
                    (0..live.len()).filter(|at| self.same(&element, declared, &live[*at])).collect()
                })
                .collect();
            matching.complete(&candidates);
        }
        matching.of_declared
    }

    fn same_object(&self, path: &FieldPath, declared: &Json, live: &Json) -> bool {
        let (Some(declared), Some(live)) = (declared.as_object(), live.as_object()) else { return false };
        let is_said = |value| self.is_plausible() && plausible::is_said_in(value, live);
        let names: BTreeSet<&String> = declared.keys().chain(live.keys()).collect();
        names.into_iter().all(|name| {
            let path = path.child(name);
            match (declared.get(name), live.get(name)) {
                (Some(declared), Some(live)) => {
                    self.kind.is_provider_owned(&path) || self.same(&path, declared, live)
                }
                (Some(one), None) => is_empty(one) || self.is_silent(&path, one) || is_said(one),
                (None, Some(one)) => self.may_say_more() || is_empty(one) || self.is_silent(&path, one),
                (None, None) => true,
            }
        })
    }

    /// Whether a value that only one side has means nothing: it is the cloud's own, the default, or not readable.
    pub(crate) fn is_silent(&self, path: &FieldPath, value: &Json) -> bool {
        self.kind.is_provider_owned(path)
            || self.kind.default_at(path).is_some_and(|default| words::same_scalar(default, value))
            || self.is_never_read(path, value)
    }

    /// Whether every leaf of a value is write-only, so that its absence from a read says nothing.
    pub(crate) fn is_never_read(&self, path: &FieldPath, value: &Json) -> bool {
        if self.kind.is_write_only(path) {
            return true;
        }
        if path.segments().len() > DEEPEST || is_empty(value) {
            return false;
        }
        match value {
            Json::Object(members) => {
                members.iter().all(|(name, value)| self.is_never_read(&path.child(name), value))
            }
            Json::Array(items) => items.iter().all(|item| self.is_never_read(&path.child("*"), item)),
            _ => false,
        }
    }

    /// A value on one side, its JSON text on the other.
    fn same_text_of(&self, path: &FieldPath, value: &Json, text: &str, text_is_declared: bool) -> bool {
        let Some(parsed) = parse_container(text) else { return false };
        if text_is_declared { self.same(path, &parsed, value) } else { self.same(path, value, &parsed) }
    }

    fn same_json(declared: &Json, live: &Json) -> bool {
        let read = |value: &Json| match value {
            Json::String(text) => parse_container(text).unwrap_or_else(|| value.clone()),
            other => other.clone(),
        };
        let (declared, live) = (read(declared), read(live));
        match (policy::canonical(&declared), policy::canonical(&live)) {
            (Some(declared), Some(live)) => canonical::to_string(&declared) == canonical::to_string(&live),
            _ => words::same_json(&declared, &live),
        }
    }
}

/// What a search reports.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Declared,
    UndeclaredElements,
}

struct Search<'a> {
    comparison: Comparison<'a>,
    wanted: Wanted,
    found: Vec<Difference>,
}

impl<'a> Search<'a> {
    fn run(kind: &'a Kind, wanted: Wanted, declared: &Json, live: &Json) -> Vec<Difference> {
        let comparison = Comparison { kind, relation: Relation::Satisfies };
        let mut search = Self { comparison, wanted, found: Vec::new() };
        search.members(&FieldPath::root(), declared, Some(live));
        search.found
    }

    fn members(&mut self, path: &FieldPath, declared: &Json, live: Option<&Json>) {
        let Some(members) = declared.as_object() else { return };
        for (name, value) in members {
            self.value(&path.child(name), value, live.and_then(|live| live.get(name)));
        }
    }

    fn value(&mut self, path: &FieldPath, declared: &Json, live: Option<&Json>) {
        let kind = self.comparison.kind;
        if kind.is_provider_owned(path) || self.is_silent(path, declared, live) {
            return;
        }
        match (kind.own_unit(path), declared, live.unwrap_or(&Json::Null)) {
            (Unit::Scalar, Json::Object(_), Json::Object(_) | Json::Null)
                if path.segments().len() < DEEPEST =>
            {
                self.members(path, declared, live);
            }
            (Unit::Set, Json::Array(items), live @ (Json::Array(_) | Json::Null)) if is_proper_set(items) => {
                self.set(path, items, live.as_array().map_or(&[], Vec::as_slice));
            }
            (Unit::Map(key), Json::Array(items), live @ (Json::Array(_) | Json::Null))
                if is_proper_map(items, &key) =>
            {
                self.map(path, &key, items, live.as_array().map_or(&[], Vec::as_slice));
            }
            (_, _, live) if self.comparison.same(path, declared, live) => {}
            _ => self.report(path.clone(), Some(declared), live),
        }
    }

    /// Whether nothing was declared, or nothing is live and that says nothing.
    fn is_silent(&self, path: &FieldPath, declared: &Json, live: Option<&Json>) -> bool {
        let may_lack_elements = self.wanted == Wanted::UndeclaredElements && declared.is_array();
        is_empty(declared) && !may_lack_elements
            || live.is_none_or(is_empty) && self.comparison.is_silent(path, declared)
    }

    fn set(&mut self, path: &FieldPath, declared: &[Json], live: &[Json]) {
        let matching = self.comparison.matching(path, declared, live);
        for (item, matched) in declared.iter().zip(&matching) {
            if matched.is_none() && !self.comparison.is_never_read(&path.child("*"), item) {
                self.report(path.element(item), Some(item), None);
            }
        }
        let used: BTreeSet<usize> = matching.into_iter().flatten().collect();
        for (_, item) in live.iter().enumerate().filter(|(index, _)| !used.contains(index)) {
            self.report(path.element(item), None, Some(item));
        }
    }

    fn map(&mut self, path: &FieldPath, key: &str, declared: &[Json], live: &[Json]) {
        for item in declared.iter().filter(|item| !is_cloud_tag(item, key)) {
            let found = self.comparison.position(path, key, live, item).map(|index| &live[index]);
            if found.is_none_or(|live| !self.comparison.same(&path.child("*"), item, live)) {
                self.report(path.keyed(key, &key_text(item, key)), Some(item), found);
            }
        }
    }

    fn report(&mut self, path: FieldPath, declared: Option<&Json>, live: Option<&Json>) {
        if declared.is_some() == (self.wanted == Wanted::Declared) {
            self.found.push(Difference { path, declared: declared.cloned(), live: live.cloned() });
        }
    }
}

/// A map as the list of keys and values that other kinds have instead.
fn pairs(members: &serde_json::Map<String, Json>) -> Json {
    members.iter().map(|(key, value)| serde_json::json!({"Key": key, "Value": value})).collect()
}

/// Whether a list is one of keys and values, each key once.
fn is_pairs(items: &[Json]) -> bool {
    is_proper_map(items, "Key") && items.iter().all(|item| item.get("Value").is_some())
}

fn is_container(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

pub(crate) fn is_cloud_tag(item: &Json, key: &str) -> bool {
    item.get(key).and_then(Json::as_str).is_some_and(|name| name.starts_with(CLOUD_TAGS))
}

/// The object or list that a text holds.
pub(crate) fn parse_container(text: &str) -> Option<Json> {
    let parsed: Json = serde_json::from_str(text).ok()?;
    (parsed.is_object() || parsed.is_array()).then_some(parsed)
}

#[cfg(test)]
mod tests;
