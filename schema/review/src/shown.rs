//! Values as people read them: an expression becomes the text of what it stands for.

use schema_documents::{Expression, Json, Value, canonical};

/// The value with every expression spelled out: `${topic/orders/topic/TopicArn}`. A structure that will be serialised is
/// shown as the structure, so that a policy is compared statement by statement.
pub fn shown(value: &Value) -> Json {
    match value {
        Value::Scalar(json) => json.clone(),
        Value::Array(items) => Json::Array(items.iter().map(shown).collect()),
        Value::Object(members) => {
            Json::Object(members.iter().map(|(key, value)| (key.clone(), shown(value))).collect())
        }
        Value::Expression(expression) => match expression.as_ref() {
            Expression::Json(inner) | Expression::RuntimeConfig(inner) => shown(inner),
            other => Json::String(text(other)),
        },
    }
}

fn text(expression: &Expression) -> String {
    match expression {
        Expression::Ref(reference) => format!("${{{}{}}}", reference.resource, reference.output),
        Expression::Secret(secret) => match &secret.told_by {
            Some(reference) => format!("${{secret {}{}}}", reference.resource, reference.output),
            None => format!("${{secret {}}}", secret.reference),
        },
        Expression::Join(parts) => parts.iter().map(part).collect(),
        Expression::Json(inner) | Expression::RuntimeConfig(inner) => canonical::to_string(&shown(inner)),
        Expression::Base64(inner) => format!("base64({})", part(inner)),
    }
}

fn part(value: &Value) -> String {
    match shown(value) {
        Json::String(text) => text,
        other => canonical::to_string(&other),
    }
}
