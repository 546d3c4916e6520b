//! Several manifests of one app, made one: one per language, per repository, or written beside the code.
//!
//! What is declared in two of them is declared once, if both say the same; it may be used in all of them. The result does
//! not depend on the order or on the grouping of the parts, and not even a conflict makes it: the lesser of two values
//! stays, whichever came first.

use std::collections::BTreeMap;

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::manifest::{DatabaseAccess, Language, Manifest};
use schema_documents::{Position, canonical};
use serde_json::{Map, Value};

use crate::sort;
use crate::written::Part;

/// Lists of things that have a name: the list, what one is called, and the fields that are its name.
const LISTS: [(&str, &str, &[&str]); 13] = [
    ("services", "service", &["name"]),
    ("endpoints", "endpoint", &["name"]),
    ("databases", "database", &["name", "database"]),
    ("topics", "topic", &["name"]),
    ("subscriptions", "subscription", &["name"]),
    ("buckets", "bucket", &["name", "bucket"]),
    ("caches", "cache", &["name", "cache"]),
    ("keyspaces", "keyspace", &["pattern", "service"]),
    ("cron_jobs", "cron job", &["id"]),
    ("secrets", "secret", &["name"]),
    ("metrics", "metric", &["name"]),
    ("gateways", "gateway", &["name"]),
    ("calls", "call", &["from_service", "to"]),
];

/// Lists of words to which each part adds its own. All other lists of words are one value.
const UNIONS: [&str; 4] = ["metrics", "operations", "packages_or_services", "publishers"];

/// Merges the parts of an app. Conflicts are reported (`M0115`); the manifest is absent when there is no part.
pub fn merge(parts: Vec<Part>) -> (Option<Manifest>, Vec<Diagnostic>) {
    let mut found = names_of_apps(&parts);
    let app = parts.iter().map(|part| part.manifest.app.clone()).min();
    let language = parts.iter().map(|part| part.manifest.language).min_by_key(|language| rank(*language));
    let (Some(app), Some(language)) = (app, language) else { return (None, found) };
    let mut whole: Option<Map<String, Value>> = None;
    for mut part in parts {
        part.manifest.join_references();
        part.manifest.app.clone_from(&app);
        let own = std::mem::replace(&mut part.manifest.language, language);
        speak(&mut part.manifest, own);
        let Ok(Value::Object(members)) = serde_json::to_value(&part.manifest) else { continue };
        whole = Some(match whole {
            Some(known) => {
                merge_tables(&mut Thing { what: APP, name: &app, found: &mut found }, known, members)
            }
            None => members,
        });
    }
    let whole = Value::Object(whole.unwrap_or_default());
    let mut manifest: Manifest =
        serde_json::from_value(whole).expect("BUG: two manifests that are merged are a manifest");
    for service in &mut manifest.services {
        service.language = service.language.filter(|own| *own != language);
    }
    sort(&mut manifest);
    for used in manifest.services.iter_mut().flat_map(|service| &mut service.buckets) {
        used.operations.sort_unstable();
    }
    (Some(manifest), found)
}

/// Says of each service in which language it is, whatever the language of the whole turns out to be.
fn speak(manifest: &mut Manifest, language: Language) {
    for service in &mut manifest.services {
        service.language.get_or_insert(language);
    }
}

/// Parts of two apps are no app.
fn names_of_apps(parts: &[Part]) -> Vec<Diagnostic> {
    let Some(first) = parts.first() else { return Vec::new() };
    let others = parts.iter().filter(|part| part.manifest.app != first.manifest.app);
    let conflict = |part: &Part| {
        let message = format!(
            "one manifest is of the app `{}`, another of `{}`",
            first.manifest.app, part.manifest.app
        );
        Diagnostic::error(Code::M0115, message)
            .at(&part.at)
            .label(&first.at, "the app has this name here")
            .note("manifests that are given together describe one app")
            .help("give the app one name, or build each app by itself")
    };
    others.map(conflict).collect()
}

/// Of languages, the one that names the app comes first in this order.
fn rank(language: Language) -> u8 {
    match language {
        Language::Go => 0,
        Language::Typescript => 1,
        Language::Python => 2,
        Language::Rust => 3,
    }
}

/// The thing of which two declarations are merged.
struct Thing<'a> {
    what: &'a str,
    name: &'a str,
    found: &'a mut Vec<Diagnostic>,
}

/// The whole manifest is a thing as well. Of it a part may say what others do not.
const APP: &str = "app";

/// Two declarations of a thing, made one. A reference adds to the lists, and says nothing of the thing itself.
fn merge_tables(
    thing: &mut Thing<'_>,
    mut first: Map<String, Value>,
    mut second: Map<String, Value>,
) -> Map<String, Value> {
    let places = [place(&first), place(&second)];
    let may_be_silent = thing.what == APP || is_reference(&first) != is_reference(&second);
    match (is_reference(&first), is_reference(&second)) {
        (true, false) => first.retain(|key, value| adds_up(key, value)),
        (false, true) => second.retain(|key, value| adds_up(key, value)),
        _ => {}
    }
    let is_use = USES.iter().any(|key| first.contains_key(*key));
    let mut pairs: BTreeMap<String, [Option<Value>; 2]> = BTreeMap::new();
    for (index, members) in [first, second].into_iter().enumerate() {
        for (key, value) in members {
            pairs.entry(key).or_default()[index] = Some(value);
        }
    }
    let mut differing = Vec::new();
    let mut merged = Map::new();
    for (key, pair) in pairs {
        let value = match (key.as_str(), pair) {
            ("access", pair) if is_use => greater_access(pair),
            ("at", [Some(first), Some(second)]) => Some(lesser_place(first, second)),
            ("binds", [Some(first), Some(second)]) => Some(merge_binds(first, second)),
            (key, [Some(first), Some(second)]) if adds_up(key, &first) => {
                Some(add(thing, key, first, second))
            }
            (key, [Some(one), None] | [None, Some(one)]) if may_be_silent || adds_up(key, &one) => Some(one),
            (key, pair) => {
                let [first, second] = &pair;
                if first.as_ref().map(without_place) != second.as_ref().map(without_place) {
                    differing.push(key.to_owned());
                }
                pair.into_iter().min_by_key(|value| value.as_ref().map(canonical::to_string)).flatten()
            }
        };
        merged.extend(value.map(|value| (key, value)));
    }
    if !differing.is_empty() {
        thing.found.push(conflict(thing, &differing, places));
    }
    merged
}

/// The fields that make a table the use of something, with an `access`.
const USES: [&str; 2] = ["database", "cache"];

fn is_reference(members: &Map<String, Value>) -> bool {
    members.get("reference") == Some(&Value::Bool(true))
}

/// Whether each part adds its own to what the others have. Then what is not there is an empty list.
fn adds_up(key: &str, value: &Value) -> bool {
    let things = || value.as_array().is_some_and(|items| items.iter().all(Value::is_object));
    key == "binds" || UNIONS.contains(&key) || (LISTS.iter().any(|(list, ..)| *list == key) && things())
}

/// Adds a list to a list of the same name.
fn add(thing: &mut Thing<'_>, list: &str, first: Value, second: Value) -> Value {
    let (Value::Array(first), Value::Array(second)) = (first, second) else { return Value::Null };
    let things = LISTS.iter().find(|(name, ..)| *name == list && first.iter().all(Value::is_object));
    let Some((_, what, fields)) = things else { return union(first, second) };
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for (index, item) in first.iter().enumerate() {
        known.entry(name(item, fields)).or_insert(index);
    }
    let mut merged = first;
    for item in second {
        let name = name(&item, fields);
        match (known.get(&name).map(|index| &mut merged[*index]), item) {
            (Some(place), Value::Object(second)) => {
                let Value::Object(first) = place.take() else { continue };
                let mut inner = Thing { what, name: &name, found: thing.found };
                *place = Value::Object(merge_tables(&mut inner, first, second));
            }
            (_, item) => merged.push(item),
        }
    }
    Value::Array(merged)
}

fn name(item: &Value, fields: &[&str]) -> String {
    let mut words: Vec<&str> = fields.iter().filter_map(|field| item[*field].as_str()).collect();
    // Two services may each have a secret of their own with the same name.
    if item["scope"] == "service" {
        words.extend(item["packages_or_services"][0].as_str());
    }
    words.join(" ")
}

fn union(mut first: Vec<Value>, second: Vec<Value>) -> Value {
    first.extend(second);
    first.sort_by_key(canonical::to_string);
    first.dedup();
    Value::Array(first)
}

fn merge_binds(first: Value, second: Value) -> Value {
    let (Value::Object(mut merged), Value::Object(second)) = (first, second) else { return Value::Null };
    for (list, names) in second {
        let known = merged.remove(&list).unwrap_or_else(|| Value::Array(Vec::new()));
        if let (Value::Array(known), Value::Array(names)) = (known, names) {
            merged.insert(list, union(known, names));
        }
    }
    Value::Object(merged)
}

/// What two uses need together, of a database or of a cache. What is not there is the default.
fn greater_access(pair: [Option<Value>; 2]) -> Option<Value> {
    let accesses = pair.map(|written| {
        written.and_then(|written| serde_json::from_value::<DatabaseAccess>(written).ok()).unwrap_or_default()
    });
    let greater = accesses.into_iter().max().filter(|access| *access != DatabaseAccess::default());
    greater.and_then(|access| serde_json::to_value(access).ok())
}

fn place(members: &Map<String, Value>) -> Option<Position> {
    members.get("at")?.as_str()?.parse().ok()
}

fn lesser_place(first: Value, second: Value) -> Value {
    let parsed = |value: &Value| value.as_str().and_then(|text| text.parse::<Position>().ok());
    if parsed(&second) < parsed(&first) { second } else { first }
}

/// The same wherever it stands.
fn without_place(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(members) = value.as_object_mut() {
        members.remove("at");
    }
    value
}

fn conflict(thing: &Thing<'_>, differing: &[String], [first, second]: [Option<Position>; 2]) -> Diagnostic {
    let fields = differing.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ");
    let differ = if differing.len() == 1 { "differs" } else { "differ" };
    let message = format!("{} `{}` is declared in two ways: {fields} {differ}", thing.what, thing.name);
    let mut diagnostic = Diagnostic::error(Code::M0115, message)
        .note("what several manifests declare is one thing, so they must agree on it")
        .help("declare it in one of them and use it by its name in the others, or make them the same");
    if let Some(second) = second {
        diagnostic = diagnostic.at(&second);
    }
    if let Some(first) = first {
        diagnostic = diagnostic.label(&first, "it is declared here as well");
    }
    diagnostic
}

#[cfg(test)]
mod tests;
