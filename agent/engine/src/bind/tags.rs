//! Ownership tags: how a resource says whose it is, also to somebody who has lost the record.

use std::collections::BTreeMap;

use schema_catalog::{Kind, Schema};
use schema_documents::{Json, Value};

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
    if let Some(element) = element {
        let holder = body.entry(name.clone()).or_insert_with(|| Value::Array(Vec::new()));
        let Value::Array(items) = holder else { return };
        items.extend(tags.into_iter().map(|(key, value)| tag(Some(element), key, value)));
    } else {
        let holder = body.entry(name.clone()).or_insert_with(|| Value::Object(BTreeMap::new()));
        let Value::Object(members) = holder else { return };
        for (key, value) in tags {
            members.insert(key.to_owned(), tag(None, key, value));
        }
    }
}

/// One tag, as the value of a member or as an element of this schema. Members that an element must have beside key and value
/// are flags, such as whether it is passed on.
pub(crate) fn tag(element: Option<&Schema>, key: &str, value: String) -> Value {
    let Some(element) = element else { return Value::text(value) };
    let mut tag =
        BTreeMap::from([("Key".to_owned(), Value::text(key)), ("Value".to_owned(), Value::text(value))]);
    for other in &element.required {
        tag.entry(other.clone()).or_insert(Value::Scalar(Json::Bool(true)));
    }
    Value::Object(tag)
}
