//! JSON as the record keeps it.
//!
//! An agent keeps what it saw of every resource for as long as it lives, and most of it is never looked at again. [`Kept`] is the
//! same as [`Json`], written and read as the same, in a quarter of the memory, and is only ever put in another's place as a whole.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Number;

use crate::path::{Selector, element_text, selector};
use crate::{FieldPath, Json, Value};

/// JSON in little memory.
#[derive(Clone, Default, PartialEq)]
pub struct Kept(Node);

#[derive(Clone, Default, PartialEq)]
enum Node {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    Text(Box<str>),
    Array(Box<[Kept]>),
    /// Sorted by name.
    Object(Box<[(Box<str>, Kept)]>),
}

impl Kept {
    /// The same as JSON that can be worked with.
    pub fn to_json(&self) -> Json {
        match &self.0 {
            Node::Null => Json::Null,
            Node::Bool(truth) => Json::Bool(*truth),
            Node::Number(number) => Json::Number(number.clone()),
            Node::Text(text) => Json::String(text.to_string()),
            Node::Array(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Node::Object(members) => Json::Object(
                members.iter().map(|(name, member)| (name.to_string(), member.to_json())).collect(),
            ),
        }
    }

    /// The value at a path, as [`FieldPath::get`] finds it.
    pub fn at(&self, path: &FieldPath) -> Option<&Self> {
        path.segments().iter().try_fold(self, |value, segment| match &value.0 {
            Node::Object(_) => value.get(segment),
            Node::Array(items) => match selector(segment) {
                Some(Selector::Keyed(key, text)) => {
                    items.iter().find(|item| item.get(key).is_some_and(|found| found.is_named(text)))
                }
                Some(Selector::Element(text)) => items.iter().find(|item| item.is_named(text)),
                None => items.get(segment.parse::<usize>().ok()?),
            },
            _ => None,
        })
    }

    /// A member of an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let members = self.members()?;
        let at = members.binary_search_by(|(other, _)| (**other).cmp(name)).ok()?;
        Some(&members[at].1)
    }

    /// The members of an object, sorted by name.
    pub fn members(&self) -> Option<&[(Box<str>, Self)]> {
        match &self.0 {
            Node::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The items of an array.
    pub fn items(&self) -> Option<&[Self]> {
        match &self.0 {
            Node::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether nothing is kept.
    pub fn is_null(&self) -> bool {
        matches!(self.0, Node::Null)
    }

    /// Whether it is true.
    pub fn is_true(&self) -> bool {
        matches!(self.0, Node::Bool(true))
    }

    /// Whether it is, to the letter, what a value is that has nothing left to fill in.
    pub fn is_value(&self, value: &Value) -> bool {
        match (value, &self.0) {
            (Value::Scalar(scalar), _) => self == scalar,
            (Value::Array(values), Node::Array(items)) => {
                values.len() == items.len()
                    && values.iter().zip(items).all(|(value, item)| item.is_value(value))
            }
            (Value::Object(values), Node::Object(members)) => {
                values.len() == members.len()
                    && values
                        .iter()
                        .zip(members)
                        .all(|((name, value), (other, member))| **name == **other && member.is_value(value))
            }
            _ => false,
        }
    }

    /// Whether this is the text by which a selector names it.
    fn is_named(&self, text: &str) -> bool {
        match &self.0 {
            Node::Text(own) => **own == *text,
            _ => element_text(&self.to_json()) == text,
        }
    }

    fn of_members(mut members: Vec<(Box<str>, Self)>) -> Self {
        if !members.is_sorted_by(|one, other| one.0 < other.0) {
            members.reverse();
            members.sort_by(|one, other| one.0.cmp(&other.0));
            members.dedup_by(|one, other| one.0 == other.0);
        }
        Self(Node::Object(members.into()))
    }
}

impl From<&Json> for Kept {
    fn from(json: &Json) -> Self {
        Self(match json {
            Json::Null => Node::Null,
            Json::Bool(truth) => Node::Bool(*truth),
            Json::Number(number) => Node::Number(number.clone()),
            Json::String(text) => Node::Text(text.as_str().into()),
            Json::Array(items) => Node::Array(items.iter().map(Self::from).collect()),
            Json::Object(members) => {
                let members = members.iter().map(|(name, member)| (name.as_str().into(), member.into()));
                return Self::of_members(members.collect());
            }
        })
    }
}

impl PartialEq<Json> for Kept {
    fn eq(&self, json: &Json) -> bool {
        match (&self.0, json) {
            (Node::Null, Json::Null) => true,
            (Node::Bool(one), Json::Bool(other)) => one == other,
            (Node::Number(one), Json::Number(other)) => one == other,
            (Node::Text(one), Json::String(other)) => **one == **other,
            (Node::Array(one), Json::Array(other)) => **one == **other,
            (Node::Object(one), Json::Object(other)) => {
                one.len() == other.len()
                    && one
                        .iter()
                        .all(|(name, member)| other.get(&**name).is_some_and(|other| member == other))
            }
            _ => false,
        }
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_json().fmt(out)
    }
}

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Node::Null => serializer.serialize_unit(),
            Node::Bool(truth) => serializer.serialize_bool(*truth),
            Node::Number(number) => number.serialize(serializer),
            Node::Text(text) => serializer.serialize_str(text),
            Node::Array(items) => serializer.collect_seq(items),
            Node::Object(members) => {
                serializer.collect_map(members.iter().map(|(name, member)| (name, member)))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Kept;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Kept, E> {
        Ok(Kept(Node::Null))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Kept, E> {
        Ok(Kept(Node::Bool(truth)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Kept, E> {
        Ok(Kept(Node::Number(number.into())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Kept, E> {
        Ok(Kept(Node::Number(number.into())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Kept, E> {
        Ok(Kept(Number::from_f64(number).map_or(Node::Null, Node::Number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Kept, E> {
        Ok(Kept(Node::Text(text.into())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Kept, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Kept(Node::Array(items.into())))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kept, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Kept::of_members(members))
    }
}

impl JsonSchema for Kept {
    fn inline_schema() -> bool {
        Json::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        Json::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Json::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn any_json() -> impl Strategy<Value = Json> {
        let scalar = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<u64>().prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            "[a-c]{0,2}".prop_map(Json::from),
        ];
        scalar.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::btree_map("[a-c]{0,2}", inner, 0..4)
                    .prop_map(|members| Json::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_kept_is_what_it_was(json in any_json(), other in any_json()) {
            let kept = Kept::from(&json);
            prop_assert_eq!(&kept.to_json(), &json);
            let (text, kept_text) = (json.to_string(), serde_json::to_string(&kept).unwrap());
            prop_assert_eq!(&kept_text, &text);
            prop_assert_eq!(serde_json::from_str::<Kept>(&text).unwrap().to_json(), serde_json::from_str::<Json>(&text).unwrap());
            prop_assert!(kept == json && kept.is_value(&Value::literal(&json)));
            prop_assert_eq!(kept == other, json == other);
            prop_assert_eq!(kept.is_value(&Value::literal(&other)), json == other);
            let other_kept = Kept::from(&other);
            prop_assert_eq!(kept == other_kept, json == other);
        }
    }

    #[test]
    fn a_path_finds_what_it_finds_in_json() {
        let json = json!({"Tags": [{"Key": "a", "Value": 1}, {"Key": 2, "Value": null}], "Set": ["x", {"b": 1, "a": 2}]});
        let kept = Kept::from(&json);
        for path in [
            "",
            "/Tags",
            "/Tags/[Key=a]/Value",
            "/Tags/[Key=2]",
            "/Tags/[Key=3]",
            "/Tags/1/Value",
            "/Tags/2",
            "/Set/[=x]",
            "/Set/[={\"a\":2,\"b\":1}]",
            "/Set/[=y]",
            "/Set/0/a",
            "/Other",
            "/Set/x",
        ] {
            let path = FieldPath::parse(path).unwrap();
            assert_eq!(kept.at(&path).map(Kept::to_json).as_ref(), path.get(&json), "{path}");
        }
    }
}
