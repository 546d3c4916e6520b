//! Ownership tags: how a resource says whose it is, also to somebody who has lost the record.

use std::array::IntoIter;
use std::borrow::Cow;
use std::iter::Flatten;

use schema_catalog::{Kind, Schema};
use schema_documents::{FieldPath, Json, Kept, Sorted, Value};

/// The app.
pub(crate) const APP: &str = "manifest:app";
/// The environment.
pub(crate) const ENVIRONMENT: &str = "manifest:environment";
/// The resource id.
pub(crate) const RESOURCE: &str = "manifest:resource";
/// The generation.
pub(crate) const GENERATION: &str = "manifest:generation";

/// That somebody else made it, and it is given back when nobody asks for it any more. Only what was imported has it.
pub(crate) const IMPORTED: &str = "manifest:imported";

/// The tags of one generation, each with its key.
pub(crate) type Tags<'a> = Flatten<IntoIter<Option<(&'static str, Cow<'a, str>)>, 5>>;

/// The tags that say whose a generation is, and whether that one made it.
pub(crate) fn of<'a>(
    (app, environment): (&'a str, &'a str),
    resource: &'a str,
    generation: u32,
    is_imported: bool,
) -> Tags<'a> {
    let tags = [
        Some((APP, app.into())),
        Some((ENVIRONMENT, environment.into())),
        Some((RESOURCE, resource.into())),
        Some((GENERATION, generation.to_string().into())),
        is_imported.then(|| (IMPORTED, "true".into())),
    ];
    tags.into_iter().flatten()
}

/// Whether a tag is one of ours.
pub(crate) fn is_ours(key: &str) -> bool {
    [APP, ENVIRONMENT, RESOURCE, GENERATION, IMPORTED].contains(&key)
}

/// Adds the tags to the properties, in the form in which the kind holds tags. Kinds without tags get none.
pub(super) fn add(body: &mut Sorted<String, Value>, kind: &Kind, tags: Tags<'_>) {
    let Some(path) = &kind.tags else { return };
    let ([name], Some(schema)) = (path.segments(), kind.schema(path)) else { return };
    let element = schema.items.as_deref().and_then(|items| kind.resolve(items));
    if let Some(element) = element {
        let holder = body.get_or_insert_with(name.clone(), || Value::Array(Vec::new()));
        let Value::Array(items) = holder else { return };
        items.extend(tags.into_iter().map(|(key, value)| tag(Some(element), key, &value)));
    } else {
        let holder = body.get_or_insert_with(name.clone(), || Value::Object(Sorted::new()));
        let Value::Object(members) = holder else { return };
        for (key, value) in tags {
            members.insert(key.to_owned(), tag(None, key, &value));
        }
    }
}

/// One tag, as the value of a member or as an element of this schema. Members that an element must have beside key and value
/// are flags, such as whether it is passed on.
fn tag(element: Option<&Schema>, key: &str, value: &str) -> Value {
    let Some(element) = element else { return Value::text(value) };
    let mut tag =
        Sorted::from([("Key".to_owned(), Value::text(key)), ("Value".to_owned(), Value::text(value))]);
    for other in &element.required {
        tag.get_or_insert_with(other.clone(), || Value::Scalar(Json::Bool(true)));
    }
    Value::Object(tag)
}

/// The tag with this key, as it is live: an element of the array, or the member of the object.
pub(crate) fn find<'a>(live: &'a Kept, element: Option<&Schema>, key: &str) -> Option<&'a Kept> {
    match element {
        Some(_) => live.items()?.iter().find(|item| item.get("Key").and_then(Kept::as_str) == Some(key)),
        None => live.get(key),
    }
}

/// Whether this is, to the letter, the tag that [`add`] adds.
pub(crate) fn is_tag(live: &Kept, element: Option<&Schema>, key: &str, value: &str) -> bool {
    let Some(element) = element else { return live.as_str() == Some(value) };
    let Some(members) = live.members() else { return false };
    let mut others = 0;
    members.iter().all(|(name, member)| match &**name {
        "Key" => member.as_str() == Some(key),
        "Value" => member.as_str() == Some(value),
        other => {
            others += 1;
            element.required.contains(other) && member.is_true()
        }
    }) && members.len() - others == 2
        && element.required.iter().filter(|name| !["Key", "Value"].contains(&name.as_str())).count() == others
}

/// The segment of a path that names the tag with this key.
pub(crate) fn segment(element: Option<&Schema>, key: &str) -> String {
    if element.is_some() { format!("[Key={key}]") } else { key.to_owned() }
}

/// Whose a live resource says that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ownership {
    pub(crate) app: String,
    pub(crate) environment: String,
    pub(crate) resource: String,
    pub(crate) generation: u32,
    /// Whether somebody else made it.
    pub(crate) is_imported: bool,
}

/// Reads the tags of a live resource; `None` if it has not all of those that say whose it is.
pub(crate) fn ownership(kind: &Kind, live: &Json) -> Option<Ownership> {
    let tags = kind.tags.as_ref()?;
    let value = |key: &str| tag_value(tags, live, key).map(str::to_owned);
    Some(Ownership {
        app: value(APP)?,
        environment: value(ENVIRONMENT)?,
        resource: value(RESOURCE)?,
        generation: value(GENERATION)?.parse().ok().filter(|generation| *generation > 0)?,
        is_imported: value(IMPORTED).is_some(),
    })
}

fn tag_value<'a>(tags: &FieldPath, live: &'a Json, key: &str) -> Option<&'a str> {
    match tags.get(live)? {
        Json::Array(_) => tags.keyed("Key", key).child("Value").get(live)?.as_str(),
        Json::Object(members) => members.get(key)?.as_str(),
        _ => None,
    }
}
