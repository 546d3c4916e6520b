//! What is found when one file says more than before.
//!
//! Most edits of an app's infrastructure add something to one file: an endpoint, a topic, a secret. To find what comes of
//! that, the app is put together twice without most of the files that only use something: with the file as it was, and as it
//! is. What the two differ in is what the edit changes, and it is changed in what the last scan found.
//!
//! That holds for as long as the edit means nothing to the files that are left out, and these nothing to it. Each language
//! makes sure of that, or gives up, and then everything is put together again. In particular:
//!
//! - All that the file said before it says still; only lines may have moved.
//! - No file that is left out has a name in it that the file gives now ([`Mentions`]), and none has to be read for it.
//! - What is added leads to nothing in files that are left out, and makes no code run in other services than before.

use std::collections::BTreeMap;

use compiler_diagnostics::Diagnostic;
use schema_documents::manifest::Manifest;
use serde_json::{Map, Value};

use crate::SourceTree;
use crate::app::App;
use crate::known::{Digest, Encoded, Known, KnownFile};
use crate::mentions::Mentions;
use crate::moved::Lines;
use crate::sort;

/// A file that may say more, and all that may be asked to find out what comes of it.
pub(crate) struct Scene<'t> {
    pub(crate) tree: &'t SourceTree,
    pub(crate) known: &'t Known,
    pub(crate) threads: usize,
    pub(crate) path: &'t str,
    pub(crate) content: &'t [u8],
    /// What was known of the file.
    pub(crate) before: &'t KnownFile,
    pub(crate) app: App,
    /// The folders of the services that were found.
    pub(crate) services: Vec<String>,
    /// What the files of the app say of each other.
    pub(crate) mentions: &'t Mentions,
    /// The content of files that were asked for.
    pub(crate) beside: &'t BTreeMap<String, Vec<u8>>,
}

/// What is found in a part of an app.
pub(crate) type Part = (Manifest, Vec<Diagnostic>);

/// What comes of it that a file says more.
pub(crate) struct Growth {
    /// Where the lines went that were there before.
    pub(crate) lines: Lines,
    /// What a part of the app gives with the file as it was, its lines moved.
    pub(crate) before: Part,
    /// What the same part gives with the file as it is.
    pub(crate) after: Part,
    /// What is said more of others.
    pub(crate) mentions: Mentions,
    /// The first look at the file, encoded.
    pub(crate) glance: Vec<u8>,
    /// The digest of the file, and its facts.
    pub(crate) digest: Digest,
    pub(crate) facts: Encoded,
}

/// More facts than these are not looked through for what is new in them.
pub(crate) const MAX_FACTS_BYTES: usize = 256 * 1024;

/// So much may be new; more of it is put together with everything else.
pub(crate) const MAX_ADDED: usize = 64;

/// Whether an encoded value has this text in it, as one of its texts and not within another one.
pub(crate) fn has_text(encoded: &[u8], text: &str) -> bool {
    let pattern = crate::per_file::encode(&text);
    memchr::memmem::find(encoded, &pattern).is_some()
}

/// Changes what was found as a part of it was changed; absent where it differs from the part in what changed.
pub(crate) fn change(
    manifest: Value,
    mut diagnostics: Vec<Diagnostic>,
    (mut before, diagnostics_before): Part,
    (mut after, diagnostics_after): Part,
) -> Option<Part> {
    let services = |part: &Manifest| -> Vec<(String, String)> {
        part.services.iter().map(|service| (service.name.clone(), service.path.clone())).collect()
    };
    // A new service takes code from those around it.
    if services(&before) != services(&after) {
        return None;
    }
    let [before, after] = [&mut before, &mut after].map(|part| {
        part.join_references();
        sort(part);
        serde_json::to_value(part).ok()
    });
    let mut manifest: Manifest = serde_json::from_value(change_value(manifest, &before?, &after?)?).ok()?;
    sort(&mut manifest);
    for used in manifest.services.iter_mut().flat_map(|service| &mut service.buckets) {
        used.operations.sort_unstable();
    }
    change_diagnostics(&mut diagnostics, &diagnostics_before, &diagnostics_after)?;
    Some((manifest, diagnostics))
}

/// Changes a whole as its part was changed.
fn change_value(whole: Value, before: &Value, after: &Value) -> Option<Value> {
    if before == after {
        return Some(whole);
    }
    match (whole, before, after) {
        (Value::Object(whole), Value::Object(before), Value::Object(after)) => {
            change_members(whole, before, after).map(Value::Object)
        }
        (Value::Array(whole), Value::Array(before), Value::Array(after)) => {
            change_items(whole, before, after).map(Value::Array)
        }
        (whole, before, after) => (whole == *before).then(|| after.clone()),
    }
}

fn change_members(
    mut whole: Map<String, Value>,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> Option<Map<String, Value>> {
    let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
    for name in names {
        let (before, after) = (before.get(name), after.get(name));
        if before == after {
            continue;
        }
        // A list that is not there is empty.
        let is_list = [before, after].into_iter().flatten().all(Value::is_array);
        let nothing = if is_list { Value::Array(Vec::new()) } else { Value::Null };
        let or_nothing = |value: Option<&Value>| value.cloned().unwrap_or_else(|| nothing.clone());
        let member = whole.remove(name).unwrap_or_else(|| nothing.clone());
        let member = change_value(member, &or_nothing(before), &or_nothing(after))?;
        if member != nothing {
            whole.insert(name.clone(), member);
        }
    }
    Some(whole)
}

fn change_items(mut whole: Vec<Value>, before: &[Value], after: &[Value]) -> Option<Vec<Value>> {
    let (mut gone, mut new) = difference(before, after);
    // What is there in another form has changed.
    let mut changed = Vec::new();
    gone.retain(|old| {
        let Some(at) = new.iter().position(|item| is_same_thing(old, item)) else { return true };
        changed.push((*old, new.remove(at)));
        false
    });
    for (old, item) in changed {
        let at = only(&whole, |each| is_same_thing(each, old))?;
        whole[at] = change_value(whole[at].take(), old, item)?;
    }
    for item in gone {
        whole.remove(only(&whole, |each| each == item)?);
    }
    for item in new {
        if whole.contains(item) {
            continue;
        }
        if whole.iter().any(|each| is_same_thing(each, item)) {
            return None;
        }
        match item {
            // Lists of things are put in order at last.
            Value::Object(_) => whole.push(item.clone()),
            _ => whole.insert(place_in_order(&whole, item)?, item.clone()),
        }
    }
    Some(whole)
}

/// What one list has and the other has not, and the other way round. Most of what they have in common stands at both ends.
fn difference<'l, T: PartialEq>(before: &'l [T], after: &'l [T]) -> (Vec<&'l T>, Vec<&'l T>) {
    let same = before.iter().zip(after).take_while(|(before, after)| before == after).count();
    let (before, after) = (&before[same..], &after[same..]);
    let same =
        before.iter().rev().zip(after.iter().rev()).take_while(|(before, after)| before == after).count();
    let (before, after) = (&before[..before.len() - same], &after[..after.len() - same]);
    let without = |these: &'l [T], others: &[T]| these.iter().filter(|item| !others.contains(item)).collect();
    (without(before, after), without(after, before))
}

/// The one item of which something is true.
fn only(items: &[Value], is_it: impl Fn(&Value) -> bool) -> Option<usize> {
    let mut found = items.iter().enumerate().filter(|(_, item)| is_it(item)).map(|(at, _)| at);
    found.next().filter(|_| found.next().is_none())
}

/// Where a text belongs in a list of texts in order.
fn place_in_order(texts: &[Value], text: &Value) -> Option<usize> {
    let text = text.as_str()?;
    let texts = texts.iter().map(Value::as_str).collect::<Option<Vec<_>>>()?;
    texts.is_sorted().then(|| texts.partition_point(|each| *each < text))
}

/// What a thing is known by.
const NAMES: [&str; 12] = [
    "name",
    "id",
    "database",
    "bucket",
    "cache",
    "pattern",
    "service",
    "from_service",
    "to",
    "scope",
    "number",
    "file",
];

/// Whether two things of a list are one, in two forms.
fn is_same_thing(one: &Value, other: &Value) -> bool {
    one.is_object() && NAMES.iter().all(|name| one.get(name) == other.get(name))
}

/// Changes what is wrong with the whole as its part was changed.
fn change_diagnostics(
    whole: &mut Vec<Diagnostic>,
    before: &[Diagnostic],
    after: &[Diagnostic],
) -> Option<()> {
    let (gone, new) = difference(before, after);
    for gone in gone {
        let at = whole.iter().position(|one| one == gone)?;
        whole.remove(at);
    }
    // In which order two things are said of one place that are told apart by their notes alone depends on more than a part.
    let is_like = |one: &Diagnostic, other: &Diagnostic| {
        (&one.span, one.code, &one.message) == (&other.span, other.code, &other.message)
    };
    if new.iter().any(|one| whole.iter().any(|other| is_like(one, other))) {
        return None;
    }
    whole.extend(new.into_iter().cloned());
    compiler_diagnostics::sort(whole);
    Some(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(whole: &Value, before: &Value, after: &Value, expected: Option<&Value>) {
        let changed = change_value(whole.clone(), before, after);
        assert_eq!(changed.as_ref(), expected, "{before} {after}");
    }

    #[test]
    fn a_whole_changes_as_its_part_does() {
        let thing = |name: &str, uses: &[&str]| json!({ "name": name, "uses": uses });
        let whole = json!([thing("a", &["x", "z"]), thing("b", &[]), thing("c", &[])]);
        let (before, after) = (json!([thing("a", &[])]), json!([thing("a", &["y"]), thing("d", &[])]));
        let changed =
            json!([thing("a", &["x", "y", "z"]), thing("b", &[]), thing("c", &[]), thing("d", &[])]);
        check(&whole, &before, &after, Some(&changed));
        check(&whole, &before, &json!([]), None);
        check(&whole, &json!([]), &json!([thing("b", &["x"])]), None);
        check(&whole, &json!([]), &json!([thing("c", &[])]), Some(&whole));
        check(&whole, &json!([thing("e", &[])]), &json!([thing("e", &["x"])]), None);
    }

    #[test]
    fn what_differs_in_the_whole_cannot_change() {
        let (nothing, more) = (json!({}), json!({ "more": ["x"], "one": {} }));
        let changed = json!({ "at": 0, "x": 2 });
        check(&json!({ "at": 1, "x": 2 }), &json!({ "at": 1 }), &json!({ "at": 0 }), Some(&changed));
        check(&json!({ "at": 2 }), &json!({ "at": 1 }), &json!({ "at": 0 }), None);
        check(&nothing, &nothing, &more, Some(&more));
        check(&json!({ "one": 1 }), &nothing, &json!({ "one": 2 }), None);
        check(&json!({ "list": ["b", "a"] }), &nothing, &json!({ "list": ["x"] }), None);
    }

    #[test]
    fn a_text_is_found_as_a_whole_one() {
        let encoded = crate::per_file::encode(&("other", ["name", "longer name"]));
        assert!(has_text(&encoded, "name") && has_text(&encoded, "longer name"));
        assert!(!has_text(&encoded, "nam") && !has_text(&encoded, "longer"));
    }
}
