//! Field paths: JSON Pointers (RFC 6901) that can also name an element of an array by what it is.
//!
//! `/Tags/[Key=team]` is the element of `/Tags` whose `Key` is `team`; `/SubnetIds/[=subnet-1]` is the element
//! `subnet-1` of a set (an element that is no string is written as canonical JSON). An index would move when
//! the cloud reorders.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use crate::{Json, canonical};

/// A path into a resource's properties. The empty path is the whole of them.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct FieldPath(Vec<String>);

/// Why a text is not a field path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a field path: it starts with `/`, for instance `/BackupRetentionPeriod`")]
pub struct InvalidPath(pub String);

/// How a segment picks a member of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector<'a> {
    /// The element whose member `key` has this text.
    Keyed(&'a str, &'a str),
    /// The element that is this text, or has this canonical JSON.
    Element(&'a str),
}

impl FieldPath {
    /// The path of the whole document.
    pub fn root() -> Self {
        Self::default()
    }

    /// Parses `/A/B`, with `~1` for `/` and `~0` for `~` inside a segment.
    pub fn parse(text: &str) -> Result<Self, InvalidPath> {
        if text.is_empty() {
            return Ok(Self::root());
        }
        let rest = text.strip_prefix('/').ok_or_else(|| InvalidPath(text.to_owned()))?;
        // Counted first: documents hold millions of paths, and a vector that grows keeps room for four.
        let mut segments = Vec::with_capacity(rest.split('/').count());
        segments.extend(rest.split('/').map(unescaped));
        Ok(Self(segments))
    }

    /// A path from its segments.
    pub fn from_segments(segments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(segments.into_iter().map(Into::into).collect())
    }

    /// This path, one segment longer.
    #[must_use]
    pub fn child(&self, segment: impl Into<String>) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment.into());
        Self(segments)
    }

    /// Makes this path one segment longer.
    pub fn push(&mut self, segment: impl Into<String>) {
        self.0.push(segment.into());
    }

    /// Makes this path one segment shorter; the root stays.
    pub fn pop(&mut self) {
        self.0.pop();
    }

    /// The path of the element whose member `key` is `value`.
    #[must_use]
    pub fn keyed(&self, key: &str, value: &str) -> Self {
        self.child(format!("[{key}={value}]"))
    }

    /// The path of an element of a set.
    #[must_use]
    pub fn element(&self, element: &Json) -> Self {
        self.child(format!("[={}]", element_text(element)))
    }

    /// The path without its last segment; the root has none.
    pub fn parent(&self) -> Option<Self> {
        let (_, front) = self.0.split_last()?;
        Some(Self(front.to_vec()))
    }

    /// The segments, unescaped.
    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// Whether this is the path of the whole document.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `self` is `other` or lies below it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// The value at this path.
    pub fn get<'a>(&self, document: &'a Json) -> Option<&'a Json> {
        self.0.iter().try_fold(document, |value, segment| match value {
            Json::Object(members) => members.get(segment),
            Json::Array(items) => items.get(position_in(items, segment)?),
            _ => None,
        })
    }

    /// Puts a value at this path, making the objects and arrays on the way. `false` if something on the way is
    /// neither, in which case the document is as it was up to that point.
    pub fn set(&self, document: &mut Json, value: Json) -> bool {
        let Some((last, front)) = self.0.split_last() else {
            *document = value;
            return true;
        };
        let mut at = document;
        for (index, segment) in front.iter().enumerate() {
            let next_is_selector = selector(self.0.get(index + 1).unwrap_or(last)).is_some();
            let Some(next) = enter(at, segment, next_is_selector) else { return false };
            at = next;
        }
        place(at, last, value)
    }

    /// Takes the value at this path out of the document.
    pub fn remove(&self, document: &mut Json) -> Option<Json> {
        let (last, _) = self.0.split_last()?;
        let mut at = document;
        for segment in &self.0[..self.0.len() - 1] {
            at = match at {
                Json::Object(members) => members.get_mut(segment)?,
                Json::Array(items) => {
                    let index = position_in(items, segment)?;
                    items.get_mut(index)?
                }
                _ => return None,
            };
        }
        match at {
            Json::Object(members) => members.remove(last),
            Json::Array(items) => position_in(items, last).map(|index| items.remove(index)),
            _ => None,
        }
    }
}

fn unescaped(segment: &str) -> String {
    if segment.contains('~') { segment.replace("~1", "/").replace("~0", "~") } else { segment.to_owned() }
}

/// The selector that a segment stands for, if it is one.
pub fn selector(segment: &str) -> Option<Selector<'_>> {
    let inner = segment.strip_prefix('[')?.strip_suffix(']')?;
    match inner.split_once('=')? {
        ("", element) => Some(Selector::Element(element)),
        (key, value) => Some(Selector::Keyed(key, value)),
    }
}

/// The text by which a selector names an element.
pub fn element_text(element: &Json) -> String {
    match element {
        Json::String(text) => text.clone(),
        other => canonical::to_string(other),
    }
}

/// Whether this is the text by which a selector names an element.
fn is_text_of(text: &str, element: &Json) -> bool {
    match element {
        Json::String(found) => found == text,
        other => canonical::to_string(other) == text,
    }
}

fn position_in(items: &[Json], segment: &str) -> Option<usize> {
    match selector(segment) {
        Some(Selector::Keyed(key, value)) => {
            items.iter().position(|item| item.get(key).is_some_and(|found| is_text_of(value, found)))
        }
        Some(Selector::Element(text)) => items.iter().position(|item| is_text_of(text, item)),
        None => segment.parse().ok().filter(|index| *index < items.len()),
    }
}

fn enter<'a>(at: &'a mut Json, segment: &str, array_below: bool) -> Option<&'a mut Json> {
    let empty = || if array_below { Json::Array(Vec::new()) } else { Json::Object(serde_json::Map::new()) };
    if at.is_null() {
        *at = if selector(segment).is_some() {
            Json::Array(Vec::new())
        } else {
            Json::Object(serde_json::Map::new())
        };
    }
    match at {
        Json::Object(members) => Some(members.entry(segment).or_insert_with(empty)),
        Json::Array(items) => {
            let index = match (position_in(items, segment), selector(segment)) {
                (Some(index), _) => index,
                (None, Some(Selector::Keyed(key, value))) => {
                    items.push(serde_json::json!({ key: value }));
                    items.len() - 1
                }
                _ => return None,
            };
            items.get_mut(index)
        }
        _ => None,
    }
}

fn place(at: &mut Json, segment: &str, value: Json) -> bool {
    if at.is_null() {
        *at = if selector(segment).is_some() {
            Json::Array(Vec::new())
        } else {
            Json::Object(serde_json::Map::new())
        };
    }
    match at {
        Json::Object(members) => {
            members.insert(segment.to_owned(), value);
            true
        }
        Json::Array(items) => match (position_in(items, segment), selector(segment)) {
            (Some(index), _) => {
                items[index] = value;
                true
            }
            (None, Some(_)) => {
                items.push(value);
                true
            }
            (None, None) => false,
        },
        _ => false,
    }
}

impl FromStr for FieldPath {
    type Err = InvalidPath;
    fn from_str(text: &str) -> Result<Self, InvalidPath> {
        Self::parse(text)
    }
}

impl TryFrom<String> for FieldPath {
    type Error = InvalidPath;
    fn try_from(text: String) -> Result<Self, InvalidPath> {
        Self::parse(&text)
    }
}

impl From<FieldPath> for String {
    fn from(path: FieldPath) -> Self {
        path.to_string()
    }
}

impl Serialize for FieldPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.0 {
            out.write_str("/")?;
            if segment.contains(['~', '/']) {
                out.write_str(&segment.replace('~', "~0").replace('/', "~1"))?;
            } else {
                out.write_str(segment)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for FieldPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn path(text: &str) -> FieldPath {
        FieldPath::parse(text).unwrap()
    }

    #[test]
    fn an_element_is_found_by_its_key_wherever_it_stands() {
        let mut document = json!({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "team", "Value": "x"}]});
        assert_eq!(path("/Tags/[Key=team]/Value").get(&document), Some(&json!("x")));
        assert!(path("/Tags/[Key=team]/Value").set(&mut document, json!("y")));
        assert!(path("/Tags/[Key=new]/Value").set(&mut document, json!("z")));
        assert_eq!(document["Tags"][2], json!({"Key": "new", "Value": "z"}));
        path("/Tags/[Key=a]").remove(&mut document);
        assert_eq!(document["Tags"][0]["Key"], "team");
    }

    #[test]
    fn set_makes_the_containers_on_the_way() {
        let mut document = json!({});
        assert!(path("/A/B/[=x]").set(&mut document, json!("x")));
        assert!(path("/C/D").set(&mut document, json!(1)));
        assert_eq!(document, json!({"A": {"B": ["x"]}, "C": {"D": 1}}));
        assert!(!path("/C/D/E").set(&mut document, json!(1)));
    }

    #[test]
    fn escapes_survive_the_way_through_text() {
        for text in ["", "/a~1b/c~0d", "/Tags/[Key=a~1b]", "/x/[={\"a\":1}]"] {
            assert_eq!(path(text).to_string(), text);
        }
        assert!(FieldPath::parse("a").is_err());
    }
}
