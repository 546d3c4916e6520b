//! The digest of a desired state, written straight into the hash.
//!
//! What is hashed is the canonical JSON of the document without its source positions, one resource after the other. The views
//! below have their members in the order of their names, so that no intermediate document has to be made and sorted; each takes
//! its original apart member by member, so that a new member cannot be forgotten here.

use std::collections::{BTreeMap, BTreeSet};

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::{
    Class, DesiredState, EnvironmentIdentity, Existing, Field, Format, Mode, NameStem, Phase, Resource,
};
use crate::environment::{Approval, Cloud, EnvironmentType, Moved};
use crate::{Digest, FieldPath, Json, Origin, ResourceId, Sorted, Value, canonical};

/// The digest of a document. What is hashed of each resource is shown on the way, in the order of their ids.
pub(super) fn of(desired: &DesiredState, mut shown: impl FnMut(&ResourceId, &Resource, &[u8])) -> Digest {
    let frame = frame(desired);
    let (before, after) = frame.split_once(RESOURCES).expect("BUG: a desired state has resources");
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(RESOURCES);
    let mut written = Vec::new();
    for (number, (id, resource)) in desired.resources.iter().enumerate() {
        let separator = if number == 0 { "" } else { "," };
        hash.update(format!("{separator}\"{id}\":"));
        written.clear();
        serde_json::to_writer(&mut written, &Thing::of(resource)).expect("BUG: a resource serialises");
        hash.update(&written);
        shown(id, resource, &written);
    }
    hash.update(after);
    Digest::of_hash(&hash.finalize())
}

/// After this the resources stand. Nothing else has a member of that name, and in a text its quotes would be escaped.
const RESOURCES: &str = "\"resources\":{";

/// What is hashed of a document beside its resources: the document without any.
pub(super) fn frame(desired: &DesiredState) -> String {
    serde_json::to_string(&State::of(desired)).expect("BUG: a desired state serialises")
}

#[derive(Serialize)]
struct State<'a> {
    app: &'a str,
    approval: Approval,
    edition: &'a str,
    environment: Identity<'a>,
    format: Format,
    #[serde(skip_serializing_if = "<[Moved]>::is_empty")]
    moved: &'a [Moved],
    resources: BTreeMap<&'a ResourceId, Thing<'a>>,
    settle_seconds: u64,
    version: u32,
}

impl<'a> State<'a> {
    fn of(desired: &'a DesiredState) -> Self {
        let DesiredState {
            format,
            version,
            app,
            environment,
            edition,
            approval,
            settle_seconds,
            resources: _,
            moved,
        } = desired;
        Self {
            app,
            approval: *approval,
            edition,
            environment: Identity::of(environment),
            format: *format,
            moved,
            resources: BTreeMap::new(),
            settle_seconds: *settle_seconds,
            version: *version,
        }
    }
}

#[derive(Serialize)]
struct Identity<'a> {
    cloud: Cloud,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    r#type: EnvironmentType,
}

impl<'a> Identity<'a> {
    fn of(environment: &'a EnvironmentIdentity) -> Self {
        let EnvironmentIdentity { name, kind, cloud, region } = environment;
        Self { cloud: *cloud, name, region: region.as_deref(), r#type: *kind }
    }
}

#[derive(Serialize)]
struct Thing<'a> {
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    depends_on: &'a BTreeSet<ResourceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    existing: Option<There<'a>>,
    fields: Mapped<'a, Field, Part<'a>>,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Stem<'a>>,
    origin: Source<'a>,
    phase: Phase,
    properties: &'a Sorted<String, Value>,
    stateful: bool,
}

impl<'a> Thing<'a> {
    fn of(resource: &'a Resource) -> Self {
        let Resource { kind, stateful, phase, name, existing, properties, depends_on, origin, fields } =
            resource;
        Self {
            depends_on,
            existing: existing.as_ref().map(There::of),
            fields: Mapped::of(fields, Part::of),
            kind,
            name: name.as_ref().map(Stem::of),
            origin: Source(origin),
            phase: *phase,
            properties,
            stateful: *stateful,
        }
    }
}

#[derive(Serialize)]
struct Stem<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    ending: &'a str,
    path: &'a FieldPath,
    #[serde(rename = "stem")]
    readable: &'a str,
}

impl<'a> Stem<'a> {
    fn of(name: &'a NameStem) -> Self {
        let NameStem { path, stem, ending } = name;
        Self { ending, path, readable: stem }
    }
}

#[derive(Serialize)]
struct Part<'a> {
    class: Class,
    origin: Source<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    over: Option<Json>,
}

impl<'a> Part<'a> {
    fn of(field: &'a Field) -> Self {
        let Field { class, origin, over } = field;
        let over = over.clone().map(|mut over| {
            canonical::sort(&mut over);
            over
        });
        Self { class: *class, origin: Source(origin), over }
    }
}

#[derive(Serialize)]
struct There<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    identifier: &'a str,
    mode: Mode,
    origin: Source<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
}

impl<'a> There<'a> {
    fn of(existing: &'a Existing) -> Self {
        let Existing { identifier, account, region, mode, origin } = existing;
        let (account, region) = (account.as_deref(), region.as_deref());
        Self { account, identifier, mode: *mode, origin: Source(origin), region }
    }
}

/// An origin without its place.
struct Source<'a>(&'a Origin);

impl Serialize for Source<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.0 {
            Origin::Default { rule, edition } => {
                map.serialize_entry("by", "default")?;
                map.serialize_entry("edition", edition)?;
                map.serialize_entry("rule", rule)?;
            }
            Origin::Declaration { at: _ } => map.serialize_entry("by", "declaration")?,
            Origin::Setting { at: _ } => map.serialize_entry("by", "setting")?,
        }
        map.end()
    }
}

/// A map whose values are looked at through a view. Keys sort by their text here, which for paths is not the order of the map.
struct Mapped<'a, V, W> {
    entries: Vec<(String, &'a V)>,
    view: fn(&'a V) -> W,
}

impl<'a, V, W> Mapped<'a, V, W> {
    fn of<K: ToString + 'a>(map: impl IntoIterator<Item = (&'a K, &'a V)>, view: fn(&'a V) -> W) -> Self {
        let mut entries: Vec<(String, &V)> =
            map.into_iter().map(|(key, value)| (key.to_string(), value)).collect();
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        Self { entries, view }
    }
}

impl<V, W: Serialize> Serialize for Mapped<'_, V, W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.entries.iter().map(|(key, value)| (key, (self.view)(value))))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    /// The digest as it is defined: canonical JSON of the document without its positions.
    fn defined(desired: &DesiredState) -> Digest {
        let mut json = serde_json::to_value(desired).unwrap();
        for resource in json["resources"].as_object_mut().unwrap().values_mut() {
            resource["origin"].as_object_mut().unwrap().remove("at");
            if let Some(existing) = resource.get_mut("existing") {
                existing["origin"].as_object_mut().unwrap().remove("at");
            }
            for field in resource["fields"].as_object_mut().unwrap().values_mut() {
                field["origin"].as_object_mut().unwrap().remove("at");
            }
        }
        Digest::of_bytes(canonical::to_string(&json).as_bytes())
    }

    pub(in crate::desired) fn document(position: &str) -> DesiredState {
        let declared = json!({"by": "declaration", "at": position});
        let fallback = json!({"by": "default", "rule": "topic", "edition": "2026.1"});
        let setting = json!({"by": "setting", "at": position});
        serde_json::from_value(json!({
            "format": "desired-state", "version": 1, "app": "shop", "edition": "2026.1", "approval": "required",
            "settle_seconds": 60,
            "environment": {"name": "pr:1", "type": "preview", "cloud": "aws", "region": "eu-central-1"},
            "moved": [{"from": "topic/z/topic", "to": "topic/a/topic"}],
            "resources": {
                "topic/a/topic": {
                    "kind": "AWS::SNS::Topic", "stateful": true, "phase": "provision", "origin": declared,
                    "name": {"path": "/TopicName", "stem": "shop-a", "ending": ".fifo"},
                    "depends_on": ["topic/b/topic", "network/vpc"],
                    "properties": {"FifoTopic": true, "Z": {"b": [1, {"$json": {"y": 1, "x": 2}}], "a": null}},
                    "fields": {
                        "/FifoTopic": {"class": "enforced", "origin": declared, "over": {"b": 1, "a": 2}},
                        "/Z/b": {"class": "open", "origin": fallback},
                        "/Z-a": {"class": "reported", "origin": setting},
                    },
                },
                "topic/b/topic": {
                    "kind": "AWS::SNS::Topic", "stateful": false, "phase": "deploy", "origin": fallback,
                    "properties": {}, "fields": {},
                    "existing": {"identifier": "arn", "account": "123456789012", "region": "eu-central-1",
                        "mode": "reference", "origin": setting},
                },
            },
        }))
        .unwrap()
    }

    #[test]
    fn the_digest_is_that_of_the_canonical_document_without_positions() {
        let desired = document("a.go:1:1-1:2");
        assert_eq!(desired.digest(), defined(&desired));
        assert_eq!(desired.digest(), document("b.go:9:9-9:9").digest());
        let mut other = desired.clone();
        other.settle_seconds = 61;
        assert_ne!(other.digest(), desired.digest());
        other.resources.clear();
        assert_eq!(other.digest(), defined(&other));
    }
}
