//! What explains a live value that nobody declared: the cloud decides it, it is a default, or the cloud made it up.
//!
//! What is known of a path comes first: the catalogue's defaults, `data/aws-given.toml`, the schemas' defaults and what
//! their prose says of them. Where something is known and it is another value, somebody set it. Where nothing is, general
//! rules decide: what only a create can set nobody has edited; identifiers, windows and times are made up; `false`, zero
//! and `none` say nothing.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use schema_documents::{FieldPath, Json};
use serde::Deserialize;

use crate::compare::{self, Comparison, Relation, is_cloud_tag};
use crate::units::is_empty;
use crate::{Catalog, Kind, Pattern, Unit, broad, policy};

mod shapes;

/// What is known for all kinds and of single ones.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// Texts that say nothing, in any case.
    nothing: Vec<String>,
    /// Properties whose value the cloud chooses if nobody does; one `*` stands for anything.
    chosen: Vec<String>,
    /// Properties that hold one element by the cloud's choice; with a second one somebody has added to it.
    chosen_one: Vec<String>,
    /// Declared properties that name another resource from which this one takes what is not declared.
    made_from: Vec<String>,
    /// Lists whose order has a meaning that no schema states.
    ordered: Vec<String>,
    /// Maps of which a read leaves out what equals the engine's own value, or shows all that is in effect.
    effective: Effective,
    /// Property of a resource as a whole -> values that are its default in any kind.
    states: BTreeMap<String, Vec<Json>>,
    /// Property at any depth -> values that are its default in any kind.
    names: BTreeMap<String, Vec<Json>>,
    /// Kind -> path -> values that are its default there; an empty list if none is.
    kind: BTreeMap<String, BTreeMap<Pattern, Vec<Json>>>,
}

/// Maps of settings, by the kinds that have them and the properties that hold them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Effective {
    kinds: Vec<String>,
    properties: Vec<String>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../data/aws-given.toml"))
        .expect("BUG: data/aws-given.toml is a table, a test reads it")
});

/// Values that a cloud fills in for each resource of a kind where none is given, whatever else is asked for, by path.
pub fn unconditional_defaults(kind: &str) -> impl Iterator<Item = (&'static FieldPath, &'static Json)> {
    let known = TABLE.kind.get(kind).into_iter().flatten();
    known.filter_map(|(pattern, values)| match values.as_slice() {
        [only] => Some((pattern.path(), only)),
        _ => None,
    })
}

/// Whether the order of a list of this name has a meaning, whatever a schema leaves out.
pub(crate) fn is_ordered(name: &str) -> bool {
    fits(&TABLE.ordered, name)
}

fn fits(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|pattern| match pattern.split_once('*') {
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
        None => name == pattern,
    })
}

/// Ends of properties that name the same thing in several ways.
const NAMINGS: [&str; 5] = ["Id", "Name", "Arn", "ARN", "Identifier"];

/// One resource, and what explains its values.
pub(crate) struct Given<'a> {
    kind: &'a Kind,
    declared: &'a Json,
    /// The schema of the kind with what its prose says of defaults.
    broad: Option<Cow<'a, Kind>>,
    known: Option<&'static BTreeMap<Pattern, Vec<Json>>>,
    /// Texts by which the resource is known.
    names: Vec<&'a str>,
    /// Texts that were declared somewhere.
    said: BTreeSet<&'a str>,
    /// Parts of compound identifiers that were declared.
    parts: BTreeSet<&'a str>,
    is_made_from_another: bool,
}

/// What is known of the default at a path.
enum Known {
    /// This is it.
    Default,
    /// It is another one.
    Another,
    /// None is: whatever is there, somebody set it.
    Never,
    /// Nothing.
    Nothing,
}

impl<'a> Given<'a> {
    pub(crate) fn new(kind: &'a Kind, declared: &'a Json, live: &'a Json) -> Self {
        let is_own = Catalog::builtin().kind(&kind.name).is_some();
        let broad =
            if is_own { broad::broad_kind(&kind.name).map(Cow::Owned) } else { Some(Cow::Borrowed(kind)) };
        let said = said(declared);
        let members = || declared.as_object().into_iter().flatten();
        let name = kind.overlay.name.as_ref().map(|rule| &rule.property);
        let names = kind.identifier.iter().chain(name).filter_map(|path| path.get(live)?.as_str());
        Self {
            kind,
            declared,
            broad,
            known: TABLE.kind.get(&kind.name),
            names: names.filter(|name| name.len() >= 5).collect(),
            parts: said.iter().filter(|text| text.contains('|')).flat_map(|text| text.split('|')).collect(),
            said,
            is_made_from_another: members().any(|(name, _)| fits(&TABLE.made_from, name)),
        }
    }

    /// Whether a live value that nobody declared needs nobody to have set it.
    pub(crate) fn explains(&self, path: &FieldPath, value: &Json) -> bool {
        let is_its_own = self.kind.is_provider_owned(path) || self.kind.is_scaled(path);
        if value.is_null() || is_empty(value) || is_its_own || self.is_part_of_tag(path) {
            return true;
        }
        let name = path.segments().last().map_or("", String::as_str);
        match self.known(path, value) {
            Known::Default => return true,
            Known::Never => return false,
            Known::Another if self.is_made_from_another => return true,
            Known::Another if !value.is_object() && !value.is_array() => return false,
            _ => {}
        }
        self.has_other_name(path, name)
            || self.is_made_up(path)
            || fits(&TABLE.chosen, name)
            || self.explains_contents(path, name, value)
    }

    /// Whether a read of a map of settings says nothing about what it leaves out, and shows what nobody set.
    pub(crate) fn shows_what_is_in_effect(&self, map: &FieldPath) -> bool {
        let [name] = map.segments() else { return false };
        fits(&TABLE.effective.kinds, &self.kind.name) && fits(&TABLE.effective.properties, name)
    }

    /// Whether a declared value says no more than none would. What a cloud fills in at a creation is there until somebody
    /// takes it away: that it is the default is no reason for a read to leave it out.
    pub(crate) fn is_nothing(&self, path: &FieldPath, value: &Json) -> bool {
        if matches!(self.known(path, value), Known::Another | Known::Never) {
            return false;
        }
        match value {
            Json::String(text) => is_nothing(text),
            Json::Bool(value) => !value,
            Json::Object(members) => {
                members.iter().all(|(name, value)| self.is_nothing(&path.child(name), value))
            }
            _ => value.is_null(),
        }
    }

    fn explains_contents(&self, path: &FieldPath, name: &str, value: &Json) -> bool {
        match value {
            Json::Object(_) if policy::canonical(value).is_some() => policy::grants_all_to_its_own(value),
            Json::Object(members) => {
                members.iter().all(|(name, value)| self.explains(&path.child(name), value))
            }
            Json::Array(items) if items.len() == 1 && fits(&TABLE.chosen_one, name) => true,
            Json::Array(items) => items.iter().all(|item| self.explains_element(path, item, None)),
            Json::String(text) => match compare::parse_container(text) {
                Some(inside) => self.explains_contents(path, name, &inside),
                None => self.is_made_from_another || self.explains_scalar(path, value),
            },
            scalar => self.is_made_from_another || self.explains_scalar(path, scalar),
        }
    }

    /// An element of a list that nobody declared. In a list of pairs the key says what it is, and the value counts.
    pub(crate) fn explains_element(&self, path: &FieldPath, item: &Json, key: Option<&str>) -> bool {
        let own_key = match self.kind.own_unit(path) {
            Unit::Map(key) => Some(key),
            _ => key.map(ToOwned::to_owned),
        };
        match own_key {
            Some(key) if item.is_object() => {
                let at = path.keyed(&key, &crate::units::key_text(item, &key));
                let mut members = item.as_object().into_iter().flatten().filter(|(name, _)| **name != key);
                is_cloud_tag(item, &key)
                    || self.kind.tags.as_ref() != Some(path)
                        && members.all(|(name, value)| self.explains(&at.child(name), value))
            }
            _ => self.explains(&path.child("*"), item),
        }
    }

    fn explains_scalar(&self, path: &FieldPath, value: &Json) -> bool {
        match value {
            Json::String(text) => {
                is_nothing(text)
                    || shapes::is_made_up(text)
                    || self.names.iter().any(|name| text.contains(name))
                    || self.repeats(path, text)
            }
            Json::Bool(value) => !value,
            Json::Number(number) => number.as_f64() == Some(0.0),
            _ => true,
        }
    }

    /// Whether it says once more what was declared. A property of its own with a declared value is another wish.
    fn repeats(&self, path: &FieldPath, text: &str) -> bool {
        let is_further_down = path.segments().iter().filter(|segment| *segment != "*").count() > 1;
        self.parts.contains(text) || is_further_down && self.said.contains(text)
    }

    fn known(&self, path: &FieldPath, value: &Json) -> Known {
        let comparison = Comparison { kind: self.kind, relation: Relation::Plausible };
        let is_it =
            |default: &Json| comparison.same(path, default, value) && comparison.same(path, value, default);
        let listed = self.known.and_then(|known| known.iter().find(|(pattern, _)| pattern.matches(path)));
        if let Some((_, defaults)) = listed {
            return match defaults.as_slice() {
                [] => Known::Never,
                defaults if defaults.iter().any(is_it) => Known::Default,
                _ => Known::Another,
            };
        }
        let (name, levels) = (path.segments().last(), path.segments().len());
        let by_name = |table: &'static BTreeMap<String, Vec<Json>>| name.and_then(|name| table.get(name));
        let named = by_name(&TABLE.names).or_else(|| by_name(&TABLE.states).filter(|_| levels == 1));
        if named.is_some_and(|defaults| defaults.contains(value)) {
            return Known::Default;
        }
        let own = self.kind.default_at(path);
        let broad = self.broad.as_ref().and_then(|kind| kind.default_at(path));
        match (own, broad) {
            (own, broad) if own.into_iter().chain(broad).any(is_it) => Known::Default,
            // What holds in general does not hold always: only a flag that stands the other way was set for certain.
            (own, broad) if is_flag(own.into_iter().chain(broad).chain(named.into_iter().flatten())) => {
                Known::Another
            }
            _ => Known::Nothing,
        }
    }

    /// Whether only the creation can have set it, so that nobody has edited it: it is the cloud's choice.
    fn is_made_up(&self, path: &FieldPath) -> bool {
        let is_identifier = self.kind.identifier.contains(path);
        let is_name = self.kind.overlay.name.as_ref().is_some_and(|rule| rule.property == *path);
        is_identifier
            || is_name
            || self.kind.is_create_only(path) && !self.kind.is_conditional_create_only(path)
    }

    /// Whether it says something of a tag that is no part of it, such as what it is on.
    fn is_part_of_tag(&self, path: &FieldPath) -> bool {
        let Some(tags) = &self.kind.tags else { return false };
        path.is_within(tags) && path.segments().len() > tags.segments().len() + 1
    }

    /// Whether the declared document names the same thing by another property, such as its id.
    fn has_other_name(&self, path: &FieldPath, name: &str) -> bool {
        let Some(stem) = NAMINGS.iter().find_map(|naming| name.strip_suffix(naming)) else { return false };
        let siblings = path.parent().and_then(|parent| parent.get(self.declared)).and_then(Json::as_object);
        siblings.is_some_and(|siblings| {
            NAMINGS.iter().any(|naming| siblings.contains_key(&format!("{stem}{naming}")))
        })
    }
}

/// Whether a text says nothing.
fn is_nothing(text: &str) -> bool {
    TABLE.nothing.iter().any(|nothing| nothing.eq_ignore_ascii_case(text))
}

/// Whether there are values, and all are true or false.
fn is_flag<'a>(mut values: impl Iterator<Item = &'a Json>) -> bool {
    values.next().is_some_and(Json::is_boolean) && values.all(Json::is_boolean)
}

/// Texts of a document that name something: long enough to be no accident.
fn said(document: &Json) -> BTreeSet<&str> {
    let mut said: BTreeSet<&str> = BTreeSet::new();
    let mut queue = vec![document];
    while let Some(value) = queue.pop() {
        match value {
            Json::String(text) if text.len() >= 8 || text.contains(['/', ':', '.', '|']) => {
                said.insert(text);
            }
            Json::Array(items) => queue.extend(items),
            Json::Object(members) => queue.extend(members.values()),
            _ => {}
        }
    }
    said
}

#[cfg(test)]
mod tests;
