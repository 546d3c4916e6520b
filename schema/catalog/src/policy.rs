//! The canonical form of IAM policy documents: two documents that grant the same read the same.

use std::collections::BTreeMap;

use schema_documents::{Json, canonical};
use serde_json::Map;

/// Elements of a statement that hold one text or several.
const LISTS: [&str; 4] = ["Action", "NotAction", "NotResource", "Resource"];

/// The canonical form of an IAM policy, if the value is one: it has statements.
pub(crate) fn canonical(document: &Json) -> Option<Json> {
    let members = document.as_object()?;
    let statements = match members.get("Statement")? {
        Json::Array(statements) => statements.clone(),
        one => vec![one.clone()],
    };
    let mut statements: Vec<Json> = statements.iter().map(statement).collect();
    statements.sort_by_cached_key(canonical::to_string);
    let mut out = members.clone();
    out.entry("Version").or_insert_with(|| Json::from("2008-10-17"));
    out.insert("Statement".to_owned(), Json::Array(statements));
    Some(Json::Object(out))
}

/// Whether this is the policy that the cloud gives where nobody does: one statement that allows everything, or everything
/// of one service, to everybody who can reach it or to the account itself.
pub(crate) fn grants_all_to_its_own(document: &Json) -> bool {
    let Some(policy) = canonical(document) else { return false };
    let Some([statement]) = policy["Statement"].as_array().map(Vec::as_slice) else { return false };
    let only = |name: &str| match statement.get(name).and_then(Json::as_array).map(Vec::as_slice) {
        Some([Json::String(only)]) => only.as_str(),
        _ => "",
    };
    let to = statement.pointer("/Principal/AWS").and_then(Json::as_array).map(Vec::as_slice);
    let is_own = matches!(to, Some([Json::String(to)]) if to == "*" || to.ends_with(":root"));
    statement["Effect"] == "Allow"
        && is_own
        && statement.get("Condition").is_none()
        && (only("Action") == "*" || only("Action").ends_with(":*"))
        && only("Resource") == "*"
}

fn statement(statement: &Json) -> Json {
    let Some(members) = statement.as_object() else { return statement.clone() };
    let canonical =
        members.iter().filter(|(name, value)| *name != "Sid" || **value != "").map(|(name, value)| {
            let value = match name.as_str() {
                "Action" | "NotAction" => list(value, str::to_ascii_lowercase),
                name if LISTS.contains(&name) => list(value, str::to_owned),
                "Principal" | "NotPrincipal" => principal(value),
                "Condition" => condition(value),
                _ => value.clone(),
            };
            (name.clone(), value)
        });
    Json::Object(canonical.collect())
}

/// `"a"`, `["a"]` and `["a", "a"]` are the same list.
fn list(value: &Json, text: impl Fn(&str) -> String) -> Json {
    let items = match value {
        Json::Array(items) => items.clone(),
        one => vec![one.clone()],
    };
    let mut texts: Vec<String> = items
        .iter()
        .map(|item| match item {
            Json::String(item) => text(item),
            other => other.to_string(),
        })
        .collect();
    texts.sort();
    texts.dedup();
    Json::from(texts)
}

/// `"*"` is short for `{"AWS": "*"}`, an account number for the ARN of its root.
fn principal(value: &Json) -> Json {
    match value {
        Json::Object(members) => {
            let lists = members.iter().map(|(name, value)| (name.clone(), list(value, account_root)));
            Json::Object(lists.collect())
        }
        other => Json::Object(Map::from_iter([("AWS".to_owned(), list(other, account_root))])),
    }
}

fn account_root(principal: &str) -> String {
    let is_account = principal.len() == 12 && principal.bytes().all(|byte| byte.is_ascii_digit());
    if is_account { format!("arn:aws:iam::{principal}:root") } else { principal.to_owned() }
}

/// Condition keys are written in any case; their values are texts, one or several.
fn condition(value: &Json) -> Json {
    let Some(operators) = value.as_object() else { return value.clone() };
    let canonical = operators.iter().map(|(operator, keys)| {
        let keys = match keys.as_object() {
            Some(keys) => {
                let lists: BTreeMap<String, Json> = keys
                    .iter()
                    .map(|(key, value)| (key.to_ascii_lowercase(), list(value, str::to_owned)))
                    .collect();
                Json::Object(lists.into_iter().collect())
            }
            None => keys.clone(),
        };
        (operator.clone(), keys)
    });
    Json::Object(canonical.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(one: &Json, other: &Json) -> bool {
        let wrap =
            |statement: &Json| canonical(&json!({"Version": "2012-10-17", "Statement": statement})).unwrap();
        wrap(one) == wrap(other)
    }

    #[test]
    fn the_order_of_statements_actions_and_resources_has_no_meaning() {
        let (read, write) = (json!({"Action": ["a:B", "a:C"], "Resource": "*"}), json!({"Action": "a:D"}));
        assert!(check(&json!([read, write]), &json!([write, {"Action": ["A:c", "a:b"], "Resource": ["*"]}])));
    }

    #[test]
    fn another_principal_effect_or_condition_is_another_policy() {
        let statement =
            json!({"Effect": "Allow", "Principal": {"AWS": "1"}, "Condition": {"Bool": {"a:B": true}}});
        assert!(check(
            &statement,
            &json!({"Effect": "Allow", "Principal": {"AWS": ["1"]}, "Condition": {"Bool": {"A:b": "true"}}})
        ));
        for (member, value) in [
            ("Effect", json!("Deny")),
            ("Principal", json!("*")),
            ("Principal", json!({"Service": "1"})),
            ("Condition", json!({"Bool": {"a:B": "false"}})),
        ] {
            let mut other = statement.clone();
            other[member] = value;
            assert!(!check(&statement, &other), "{other}");
        }
    }

    #[test]
    fn the_case_of_a_resource_has_a_meaning() {
        assert!(!check(&json!({"Resource": "arn:A"}), &json!({"Resource": "arn:a"})));
    }

    #[test]
    fn what_has_no_statements_is_no_policy() {
        assert_eq!(canonical(&json!({"maxReceiveCount": 3})), None);
        assert_eq!(canonical(&json!("Statement")), None);
    }
}
