//! Ownership tags: how a resource says whose it is, also to somebody who has lost the record.

use std::collections::BTreeMap;

use schema_catalog::Kind;
use schema_documents::{FieldPath, Json, Value};

/// The app.
pub(crate) const APP: &str = "manifest:app";
/// The environment.
pub(crate) const ENVIRONMENT: &str = "manifest:environment";
/// The resource id.
pub(crate) const RESOURCE: &str = "manifest:resource";
/// The generation.
pub(crate) const GENERATION: &str = "manifest:generation";

/// Whether a tag is one of ours.
pub(crate) fn is_ours(key: &str) -> bool {
    [APP, ENVIRONMENT, RESOURCE, GENERATION].contains(&key)
}

/// Adds the tags to the properties, in the form in which the kind holds tags. Kinds without tags get none.
pub(super) fn add(body: &mut BTreeMap<String, Value>, kind: &Kind, tags: [(&'static str, String); 4]) {
    let Some(path) = &kind.tags else { return };
    let ([name], Some(schema)) = (path.segments(), kind.schema(path)) else { return };
    let element = schema.items.as_deref().and_then(|items| kind.resolve(items));
    // Members that a tag of this kind must have beside key and value are flags, such as whether it is passed on.
    if let Some(element) = element {
        let holder = body.entry(name.clone()).or_insert_with(|| Value::Array(Vec::new()));
        let Value::Array(items) = holder else { return };
        for (key, value) in tags {
            let mut tag = BTreeMap::from([
                ("Key".to_owned(), Value::text(key)),
                ("Value".to_owned(), Value::text(value)),
            ]);
            for other in &element.required {
                tag.entry(other.clone()).or_insert(Value::Scalar(Json::Bool(true)));
            }
            items.push(Value::Object(tag));
        }
    } else {
        let holder = body.entry(name.clone()).or_insert_with(|| Value::Object(BTreeMap::new()));
        let Value::Object(members) = holder else { return };
        for (key, value) in tags {
            members.insert(key.to_owned(), Value::text(value));
        }
    }
}

/// Whose a live resource says that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ownership {
    pub(crate) app: String,
    pub(crate) environment: String,
    pub(crate) resource: String,
    pub(crate) generation: u32,
}

/// Reads the tags of a live resource; `None` if it has not all of ours.
pub(crate) fn ownership(kind: &Kind, live: &Json) -> Option<Ownership> {
    let tags = kind.tags.as_ref()?;
    let value = |key: &str| tag(tags, live, key).map(str::to_owned);
    Some(Ownership {
        app: value(APP)?,
        environment: value(ENVIRONMENT)?,
        resource: value(RESOURCE)?,
        generation: value(GENERATION)?.parse().ok().filter(|generation| *generation > 0)?,
    })
}

fn tag<'a>(tags: &FieldPath, live: &'a Json, key: &str) -> Option<&'a str> {
    match tags.get(live)? {
        Json::Array(_) => tags.keyed("Key", key).child("Value").get(live)?.as_str(),
        Json::Object(members) => members.get(key)?.as_str(),
        _ => None,
    }
}
