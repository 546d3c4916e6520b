//! A resource's properties by path, expressions and all.

use schema_documents::{FieldPath, Json, Sorted, Value};

type Properties = Sorted<String, Value>;

/// What a document has at a path of these properties.
pub(crate) fn get(properties: &Properties, path: &FieldPath) -> Option<Json> {
    let (property, rest) = split(path)?;
    rest.get(&properties.get(property)?.to_document()).cloned()
}

/// Puts a value at a path. `false`, and no change, where the way leads through something that is only known at run time.
pub(crate) fn set(properties: &mut Properties, path: &FieldPath, value: &Value) -> bool {
    let Some((property, rest)) = split(path) else { return false };
    let mut document = properties.get(property).map_or(Json::Null, Value::to_document);
    if passes_expression(&document, &rest) || !rest.set(&mut document, value.to_document()) {
        return false;
    }
    let Ok(value) = Value::parse(&document) else { return false };
    properties.insert(property.to_owned(), value);
    true
}

/// Takes out what is at a path, and what holds nothing any more: a cloud does not tell an empty list from none, and many
/// schemas refuse one. `false`, and no change, where nothing is, or nothing that can be taken apart.
pub(crate) fn remove(properties: &mut Properties, path: &FieldPath) -> bool {
    let Some((property, rest)) = split(path) else { return false };
    if rest.is_root() {
        return properties.remove(property).is_some();
    }
    let Some(value) = properties.get_mut(property) else { return false };
    let mut document = value.to_document();
    if passes_expression(&document, &rest) || rest.remove(&mut document).is_none() {
        return false;
    }
    let mut emptied = rest.parent();
    while let Some(path) = emptied.filter(|path| path.get(&document).is_some_and(is_bare)) {
        if path.is_root() {
            return properties.remove(property).is_some();
        }
        path.remove(&mut document);
        emptied = path.parent();
    }
    let Ok(parsed) = Value::parse(&document) else { return false };
    *value = parsed;
    true
}

fn is_bare(document: &Json) -> bool {
    document.as_array().is_some_and(Vec::is_empty)
        || document.as_object().is_some_and(serde_json::Map::is_empty)
}

/// The property, and the path inside of it.
fn split(path: &FieldPath) -> Option<(&str, FieldPath)> {
    let (property, rest) = path.segments().split_first()?;
    Some((property, FieldPath::from_segments(rest.iter().cloned())))
}

/// Whether something on the way to `path` is an expression.
fn passes_expression(document: &Json, path: &FieldPath) -> bool {
    let mut at = path.parent();
    while let Some(path) = at {
        let node = path.get(document).and_then(Json::as_object);
        if node.is_some_and(|members| members.len() == 1 && members.keys().all(|key| key.starts_with('$'))) {
            return true;
        }
        at = path.parent();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_expression_is_replaced_as_a_whole_and_never_in_part() {
        let path = |text: &str| FieldPath::parse(text).unwrap();
        let later = Value::parse(&json!({ "$json": { "a": 1 } })).unwrap();
        let mut properties = Properties::from([("Policy".to_owned(), later)]);
        let before = properties.clone();
        assert!(!set(&mut properties, &path("/Policy/a"), &Value::text("x")));
        assert!(!remove(&mut properties, &path("/Policy/$json")));
        assert_eq!(properties, before);
        assert!(set(&mut properties, &path("/Policy"), &Value::text("x")));
        assert!(set(&mut properties, &path("/Tags/[Key=a]/Value"), &Value::text("x")));
        assert_eq!(get(&properties, &path("/Tags/[Key=a]/Value")), Some(json!("x")));
        assert!(remove(&mut properties, &path("/Tags/[Key=a]")));
        assert_eq!(get(&properties, &path("/Tags")), None, "what holds nothing is not there");
        assert!(set(&mut properties, &path("/A/B/C"), &Value::text("x")));
        assert!(set(&mut properties, &path("/A/D"), &Value::text("x")));
        assert!(remove(&mut properties, &path("/A/B/C")));
        assert_eq!(get(&properties, &path("/A")), Some(json!({"D": "x"})));
    }
}
