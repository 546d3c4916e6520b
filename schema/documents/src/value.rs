//! Values: JSON in which any node may be an expression that is filled in later.
//!
//! An expression is an object with one member whose name starts with `$`:
//!
//! | written | becomes |
//! |---|---|
//! | `{"$ref": {"resource": "topic/a/topic", "output": "/TopicArn"}}` | an output of another resource |
//! | `{"$secret": {"reference": …, "version": …, "key": …}}` | a secret value, read at the rim just before the call |
//! | `{"$join": [ … ]}` | the parts as one text |
//! | `{"$json": … }` | the structure, serialised as canonical JSON |
//! | `{"$base64": … }` | the text, in base64 |
//! | `{"$runtime_config": … }` | the message that the core runtime reads ([`crate::runtime::core`]), in base64 |
//! | `{"$literal": … }` | the JSON as it stands (for an object that looks like an expression) |
//!
//! Expressions nest. [`Value::evaluate`] is the only evaluator; plan, apply and export call it. What it cannot
//! evaluate yet stays an expression, and a secret always stays one.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine as _;
use schemars::JsonSchema;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroize as _;

use crate::{FieldPath, Json, ResourceId, Sorted, canonical, runtime};

/// JSON with expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A JSON null, boolean, number or string.
    Scalar(Json),
    /// An array.
    Array(Vec<Value>),
    /// An object, sorted by key.
    Object(Sorted<String, Value>),
    /// A node that is filled in later.
    Expression(Box<Expression>),
}

/// The closed set of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// An output of another resource.
    Ref(Reference),
    /// A secret, by reference.
    Secret(SecretRef),
    /// Parts that become one text.
    Join(Vec<Value>),
    /// A structure that becomes canonical JSON text.
    Json(Value),
    /// A text that becomes base64.
    Base64(Value),
    /// A structure that becomes the message which the core runtime reads, in base64.
    RuntimeConfig(Value),
}

/// An output of a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Whose output it is.
    pub resource: ResourceId,
    /// Where in the live properties it stands, such as `/Arn`.
    pub output: FieldPath,
}

/// A secret value, named but never held.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretRef {
    /// Name of the secret in the vault; empty while only another resource will tell it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// The output that is the name, until it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_by: Option<Reference>,
    /// The pinned version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The member, when the secret is a JSON object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// The result of an evaluation.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The value with everything filled in that is known.
    pub value: Value,
    /// The outputs that are still missing.
    pub waits_for: BTreeSet<Reference>,
}

impl Expression {
    /// The output that it is, or that tells what it is.
    fn reference(&self) -> Option<&Reference> {
        match self {
            Self::Ref(reference) => Some(reference),
            Self::Secret(secret) => secret.told_by.as_ref(),
            Self::Join(_) | Self::Json(_) | Self::Base64(_) | Self::RuntimeConfig(_) => None,
        }
    }
}

impl SecretRef {
    /// With its name, if that is known by now.
    fn named_by(&self, output: &mut dyn FnMut(&Reference) -> Option<Value>) -> Self {
        let told = self.told_by.as_ref().and_then(output).and_then(|name| name.as_text());
        match told {
            Some(reference) => Self { reference, told_by: None, ..self.clone() },
            None => self.clone(),
        }
    }
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Scalar(Json::String(text.into()))
    }

    /// An output of another resource; panics on a malformed path, which is the caller's literal.
    pub fn reference(resource: &ResourceId, output: &str) -> Self {
        let output = FieldPath::parse(output).expect("BUG: an output path starts with `/`");
        Self::Expression(Box::new(Expression::Ref(Reference { resource: resource.clone(), output })))
    }

    /// A secret.
    pub fn secret(secret: SecretRef) -> Self {
        Self::Expression(Box::new(Expression::Secret(secret)))
    }

    /// The secret whose name in the vault is an output of another resource; panics as [`Value::reference`] does.
    pub fn secret_of(resource: &ResourceId, output: &str) -> Self {
        let output = FieldPath::parse(output).expect("BUG: an output path starts with `/`");
        let told_by = Some(Reference { resource: resource.clone(), output });
        Self::secret(SecretRef { told_by, ..SecretRef::default() })
    }

    /// Parts that become one text.
    pub fn join(parts: impl IntoIterator<Item = Value>) -> Self {
        Self::Expression(Box::new(Expression::Join(parts.into_iter().collect())))
    }

    /// A structure that becomes canonical JSON text.
    pub fn json(value: Value) -> Self {
        Self::Expression(Box::new(Expression::Json(value)))
    }

    /// A structure that becomes the message which the core runtime reads, in base64.
    pub fn runtime_config(value: Value) -> Self {
        Self::Expression(Box::new(Expression::RuntimeConfig(value)))
    }

    /// An object from its members.
    pub fn object<K: Into<String>>(members: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::Object(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// An array from its items.
    pub fn array(items: impl IntoIterator<Item = Value>) -> Self {
        Self::Array(items.into_iter().collect())
    }

    /// Plain JSON, taken literally: nothing in it is an expression.
    pub fn literal(json: &Json) -> Self {
        match json {
            Json::Array(items) => Self::Array(items.iter().map(Self::literal).collect()),
            Json::Object(members) => {
                Self::Object(members.iter().map(|(key, value)| (key.clone(), Self::literal(value))).collect())
            }
            scalar => Self::Scalar(scalar.clone()),
        }
    }

    /// Reads JSON in which expressions are written as described at the top of this module.
    pub fn parse(json: &Json) -> Result<Self, String> {
        match json {
            Json::Array(items) => items.iter().map(Self::parse).collect::<Result<_, _>>().map(Self::Array),
            Json::Object(members) => {
                if members.len() == 1
                    && let Some((key, inner)) = members.iter().next()
                    && let Some(name) = key.strip_prefix('$')
                {
                    return parse_expression(name, inner);
                }
                let parse = |(key, value): (&String, &Json)| Ok((key.clone(), Self::parse(value)?));
                members.iter().map(parse).collect::<Result<_, String>>().map(Self::Object)
            }
            scalar => Ok(Self::Scalar(scalar.clone())),
        }
    }

    /// The JSON by which this value is written in a document.
    pub fn to_document(&self) -> Json {
        match self {
            Self::Scalar(json) => json.clone(),
            Self::Array(items) => Json::Array(items.iter().map(Self::to_document).collect()),
            Self::Object(members) => {
                let json: serde_json::Map<_, _> =
                    members.iter().map(|(key, value)| (key.clone(), value.to_document())).collect();
                let looks_like_one = json.len() == 1 && json.keys().all(|key| key.starts_with('$'));
                if looks_like_one {
                    return serde_json::json!({ "$literal": self.literal_json() });
                }
                Json::Object(json)
            }
            Self::Expression(expression) => expression_to_document(expression),
        }
    }

    /// The JSON that this value is, when nothing in it is left to fill in.
    pub fn as_json(&self) -> Option<Json> {
        match self {
            Self::Scalar(json) => Some(json.clone()),
            Self::Array(items) => items.iter().map(Self::as_json).collect::<Option<_>>().map(Json::Array),
            Self::Object(members) => members
                .iter()
                .map(|(key, value)| Some((key.clone(), value.as_json()?)))
                .collect::<Option<_>>()
                .map(Json::Object),
            Self::Expression(_) => None,
        }
    }

    /// Whether nothing in it is left to fill in.
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Scalar(_) => true,
            Self::Array(items) => items.iter().all(Self::is_whole),
            Self::Object(members) => members.values().all(Self::is_whole),
            Self::Expression(_) => false,
        }
    }

    fn literal_json(&self) -> Json {
        self.as_json().unwrap_or_else(|| self.to_document())
    }

    /// Every output of another resource that this value needs.
    pub fn references(&self) -> BTreeSet<Reference> {
        let mut found = BTreeSet::new();
        self.visit(&mut |expression| {
            found.extend(expression.reference().cloned());
        });
        found
    }

    /// Every secret that this value needs.
    pub fn secrets(&self) -> BTreeSet<SecretRef> {
        let mut found = BTreeSet::new();
        self.visit(&mut |expression| {
            if let Expression::Secret(secret) = expression {
                found.insert(secret.clone());
            }
        });
        found
    }

    /// Whether this value needs an output of one of these.
    pub fn refers_to(&self, resources: &BTreeSet<&ResourceId>) -> bool {
        let mut found = false;
        self.visit(&mut |expression| {
            found |= expression.reference().is_some_and(|reference| resources.contains(&reference.resource));
        });
        found
    }

    fn visit(&self, on: &mut impl FnMut(&Expression)) {
        match self {
            Self::Scalar(_) => {}
            Self::Array(items) => items.iter().for_each(|item| item.visit(on)),
            Self::Object(members) => members.values().for_each(|value| value.visit(on)),
            Self::Expression(expression) => {
                on(expression);
                match expression.as_ref() {
                    Expression::Ref(_) | Expression::Secret(_) => {}
                    Expression::Join(parts) => parts.iter().for_each(|part| part.visit(on)),
                    Expression::Json(inner)
                    | Expression::Base64(inner)
                    | Expression::RuntimeConfig(inner) => {
                        inner.visit(on);
                    }
                }
            }
        }
    }

    /// Fills in what `output` knows. What stays unknown is listed, and stays an expression.
    pub fn evaluate(&self, output: &dyn Fn(&Reference) -> Option<Json>) -> Evaluation {
        let mut waits_for = BTreeSet::new();
        let value = self.fill(
            &mut |reference| {
                let known = output(reference);
                if known.is_none() {
                    waits_for.insert(reference.clone());
                }
                known.as_ref().map(Self::literal)
            },
            &|_| None,
        );
        Evaluation { value, waits_for }
    }

    /// Fills in secrets. Only the rim calls this, on the bytes of one call; the result is never kept.
    #[must_use]
    pub fn reveal(&self, secret: &dyn Fn(&SecretRef) -> Option<String>) -> Self {
        self.fill(&mut |_| None, secret)
    }

    /// Overwrites every text in it: what was revealed is not left behind in memory.
    pub fn wipe(&mut self) {
        match self {
            Self::Scalar(Json::String(text)) => text.zeroize(),
            Self::Scalar(_) => {}
            Self::Array(items) => items.iter_mut().for_each(Self::wipe),
            Self::Object(members) => members.values_mut().for_each(Self::wipe),
            Self::Expression(expression) => match expression.as_mut() {
                Expression::Ref(_) | Expression::Secret(_) => {}
                Expression::Join(parts) => parts.iter_mut().for_each(Self::wipe),
                Expression::Json(inner) | Expression::Base64(inner) | Expression::RuntimeConfig(inner) => {
                    inner.wipe();
                }
            },
        }
    }

    fn fill(
        &self,
        output: &mut dyn FnMut(&Reference) -> Option<Value>,
        secret: &dyn Fn(&SecretRef) -> Option<String>,
    ) -> Self {
        match self {
            Self::Scalar(_) => self.clone(),
            Self::Array(items) => Self::Array(items.iter().map(|item| item.fill(output, secret)).collect()),
            Self::Object(members) => Self::Object(
                members.iter().map(|(key, value)| (key.clone(), value.fill(output, secret))).collect(),
            ),
            Self::Expression(expression) => match expression.as_ref() {
                Expression::Ref(reference) => output(reference).unwrap_or_else(|| self.clone()),
                Expression::Secret(reference) => {
                    let reference = reference.named_by(output);
                    secret(&reference).map_or_else(|| Self::secret(reference), Self::text)
                }
                Expression::Join(parts) => join(parts.iter().map(|part| part.fill(output, secret)).collect()),
                Expression::Json(inner) => {
                    let inner = inner.fill(output, secret);
                    match inner.as_json() {
                        Some(json) => Self::text(canonical::to_string(&json)),
                        None => Self::json(inner),
                    }
                }
                Expression::Base64(inner) => {
                    let inner = inner.fill(output, secret);
                    match inner.as_text() {
                        Some(text) => Self::text(base64::prelude::BASE64_STANDARD.encode(text)),
                        None => Self::Expression(Box::new(Expression::Base64(inner))),
                    }
                }
                Expression::RuntimeConfig(inner) => {
                    let inner = inner.fill(output, secret);
                    match inner.as_json().and_then(|json| runtime::core::encode(&json).ok()) {
                        Some(bytes) => Self::text(base64::prelude::BASE64_STANDARD.encode(bytes)),
                        None => Self::runtime_config(inner),
                    }
                }
            },
        }
    }

    fn as_text(&self) -> Option<String> {
        match self {
            Self::Scalar(Json::String(text)) => Some(text.clone()),
            Self::Scalar(Json::Null) => Some(String::new()),
            Self::Scalar(other) => Some(other.to_string()),
            _ => None,
        }
    }
}

fn join(parts: Vec<Value>) -> Value {
    match parts.iter().map(Value::as_text).collect::<Option<Vec<_>>>() {
        Some(texts) => Value::text(texts.concat()),
        None => Value::join(parts),
    }
}

fn parse_expression(name: &str, inner: &Json) -> Result<Value, String> {
    let shape = |error: serde_json::Error| format!("malformed `${name}`: {error}");
    let expression = match name {
        "ref" => Expression::Ref(serde_json::from_value(inner.clone()).map_err(shape)?),
        "secret" => Expression::Secret(serde_json::from_value(inner.clone()).map_err(shape)?),
        "join" => match Value::parse(inner)? {
            Value::Array(parts) => Expression::Join(parts),
            _ => return Err("malformed `$join`: it takes an array".to_owned()),
        },
        "json" => Expression::Json(Value::parse(inner)?),
        "base64" => Expression::Base64(Value::parse(inner)?),
        "runtime_config" => Expression::RuntimeConfig(Value::parse(inner)?),
        "literal" => return Ok(Value::literal(inner)),
        other => {
            return Err(format!(
                "`${other}` is no expression: the set is `$ref`, `$secret`, `$join`, `$json`, `$base64`, `$runtime_config`, `$literal`"
            ));
        }
    };
    Ok(Value::Expression(Box::new(expression)))
}

fn expression_to_document(expression: &Expression) -> Json {
    match expression {
        Expression::Ref(reference) => serde_json::json!({ "$ref": reference }),
        Expression::Secret(secret) => serde_json::json!({ "$secret": secret }),
        Expression::Join(parts) => {
            serde_json::json!({ "$join": parts.iter().map(Value::to_document).collect::<Vec<_>>() })
        }
        Expression::Json(inner) => serde_json::json!({ "$json": inner.to_document() }),
        Expression::Base64(inner) => serde_json::json!({ "$base64": inner.to_document() }),
        Expression::RuntimeConfig(inner) => {
            serde_json::json!({ "$runtime_config": inner.to_document() })
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Scalar(Json::Bool(truth))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Scalar(number.into())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Scalar(json) => json.serialize(serializer),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(members)
                if members.len() != 1 || members.keys().all(|key| !key.starts_with('$')) =>
            {
                serializer.collect_map(members)
            }
            Self::Object(_) | Self::Expression(_) => self.to_document().serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

/// Reads what [`Value::parse`] reads, without making JSON of it first where it cannot be an expression.
struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON, perhaps with expressions")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Scalar(Json::Null))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(truth.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Scalar(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Scalar(number.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        items.shrink_to_fit();
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if name.starts_with('$') && members.is_empty() {
                return perhaps_expression(name, map);
            }
            members.push((name, map.next_value()?));
        }
        Ok(Value::Object(members.into_iter().collect()))
    }
}

/// The rest of an object whose first member has the name of an expression: it is one if there is no other member.
fn perhaps_expression<'de, A: MapAccess<'de>>(name: String, mut map: A) -> Result<Value, A::Error> {
    let mut members = serde_json::Map::from_iter([(name, map.next_value()?)]);
    while let Some((name, member)) = map.next_entry()? {
        members.insert(name, member);
    }
    Value::parse(&Json::Object(members)).map_err(A::Error::custom)
}

impl JsonSchema for Value {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "JSON in which any node may be an expression: $ref, $secret, $join, $json, $base64, $runtime_config, $literal.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn value(json: &Json) -> Value {
        Value::parse(json).unwrap()
    }

    #[test]
    fn expressions_nest_and_wait_for_what_is_unknown() {
        let policy = value(&json!({"$json": {"Resource": {"$join": [
            {"$ref": {"resource": "topic/a/topic", "output": "/TopicArn"}}, "/*"]}}}));
        let waiting = policy.evaluate(&|_| None);
        assert_eq!(waiting.waits_for.len(), 1);
        assert_eq!(waiting.value, policy);
        let known = policy.evaluate(&|_| Some(json!("arn:x")));
        assert_eq!(known.value.as_json(), Some(json!("{\"Resource\":\"arn:x/*\"}")));
    }

    #[test]
    fn a_secret_gets_its_name_from_whoever_tells_it_and_leaves_nothing_behind() {
        let secret = ResourceId::parse("secret/key/secret").unwrap();
        let value = Value::array([Value::secret_of(&secret, "/Id")]);
        assert_eq!(value.references().len(), 1);
        assert!(value.refers_to(&BTreeSet::from([&secret])));
        assert_eq!(Value::parse(&value.to_document()).unwrap(), value);
        let told = value.evaluate(&|_| Some(json!("arn:secret"))).value;
        let names: Vec<String> = told.secrets().into_iter().map(|secret| secret.reference).collect();
        assert_eq!((names, told.references().len()), (vec!["arn:secret".to_owned()], 0));
        assert!(!told.is_whole());
        let mut revealed = told.reveal(&|secret| Some(format!("value of {}", secret.reference)));
        assert_eq!(revealed.as_json(), Some(json!(["value of arn:secret"])));
        revealed.wipe();
        assert_eq!(revealed.as_json(), Some(json!([""])));
    }

    #[test]
    fn a_secret_stays_a_reference_until_the_rim_reveals_it() {
        let secret = value(&json!({"$base64": {"$secret": {"reference": "db", "key": "password"}}}));
        assert_eq!(secret.evaluate(&|_| None).value, secret);
        assert_eq!(secret.reveal(&|_| Some("p".to_owned())).as_json(), Some(json!("cA==")));
    }

    #[test]
    fn an_object_that_looks_like_an_expression_survives() {
        let literal = Value::literal(&json!({"$ref": "x"}));
        assert_eq!(Value::parse(&literal.to_document()).unwrap(), literal);
        assert!(Value::parse(&json!({"$sum": []})).is_err());
    }

    #[test]
    fn what_is_read_from_text_is_what_is_read_from_json() {
        for text in [
            r#"{"a": [1, -1, 0.5, 18446744073709551615, true, null, "x"], "b": {}, "$c": {"$join": ["y"]}}"#,
            r#"{"$json": {"b": {"$ref": {"resource": "topic/a/topic", "output": "/Arn"}}, "a": 1}}"#,
            r#"{"$literal": {"$ref": 1}}"#,
            r#"{"$ref": 1, "a": {"$base64": "b"}}"#,
            r#"{"a": 1, "$ref": 1}"#,
            r#"{"a": 1, "a": {"b": 2, "a": 3}}"#,
            r#"{"a": {"$sum": []}}"#,
            r#"{"$ref": {"resource": "topic"}}"#,
        ] {
            let json: Json = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::from_str::<Value>(text).ok(), Value::parse(&json).ok(), "{text}");
        }
    }
}
