use schema_catalog::Catalog;
use schema_documents::desired::DesiredState;
use serde_json::{Value as Json, json};

use super::*;

fn state(resources: &Json, moved: &Json) -> DesiredState {
    serde_json::from_value(json!({
        "format": "desired-state", "version": 1, "app": "shop", "edition": "2026.1", "approval": "automatic",
        "settle_seconds": 60, "environment": {"name": "production", "type": "production", "cloud": "aws"},
        "resources": resources, "moved": moved,
    }))
    .unwrap()
}

fn resource(kind: &str, stateful: bool, stem: &Json, properties: &Json) -> Json {
    let declared = json!({"by": "declaration", "at": "orders/orders.go:12:9-12:20"});
    let setting = json!({"by": "setting", "at": "environments/production.toml:7:1-7:20"});
    let fields: serde_json::Map<String, Json> = properties
        .as_object()
        .unwrap()
        .keys()
        .map(|name| (format!("/{name}"), json!({"class": "open", "origin": setting})))
        .collect();
    json!({
        "kind": kind, "stateful": stateful, "phase": "provision", "properties": properties, "origin": declared,
        "fields": fields, "name": stem,
    })
}

fn queue(properties: &Json) -> Json {
    resource("AWS::SQS::Queue", true, &json!({"path": "/QueueName", "stem": "shop"}), properties)
}

/// Compares two documents and renders the difference without colours.
fn check(old: &Json, new: &Json, moved: &Json, expected: &[&str]) -> Review {
    let review = compare(Some(&state(old, &json!([]))), &state(new, moved), Catalog::builtin());
    let text = anstream_free(&render::text(&review));
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, expected, "{text}");
    review
}

fn anstream_free(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    plain + rest
}

#[test]
fn a_changed_field_says_who_asks_for_it_and_what_it_means() {
    let review = check(
        &json!({"topic/a/queue": queue(&json!({"VisibilityTimeout": 30}))}),
        &json!({"topic/a/queue": queue(&json!({"VisibilityTimeout": 60}))}),
        &json!([]),
        &[
            "  ~ topic/a/queue  AWS::SQS::Queue  in place  environments/production.toml:7",
            "      /VisibilityTimeout: 30 → 60  in place, environments/production.toml:7",
            "shop production: 1 to change; 0 unchanged",
        ],
    );
    assert!(!review.is_empty());
}

#[test]
fn what_holds_data_is_said_to_stay_until_a_person_confirms() {
    check(
        &json!({"topic/a/queue": queue(&json!({}))}),
        &json!({}),
        &json!([]),
        &[
            "  - topic/a/queue  AWS::SQS::Queue  data loss  no longer declared (was orders/orders.go:12)",
            "      it is kept until a person confirms the deletion",
            "shop production: 1 to remove; 0 unchanged",
        ],
    );
}

#[test]
fn a_field_that_only_a_new_resource_can_have_is_a_replacement() {
    let review = check(
        &json!({"topic/a/queue": queue(&json!({"FifoQueue": false}))}),
        &json!({"topic/a/queue": queue(&json!({"FifoQueue": true}))}),
        &json!([]),
        &[
            "-/+ topic/a/queue  AWS::SQS::Queue  data loss  environments/production.toml:7",
            "      /FifoQueue: false → true  replacement, environments/production.toml:7",
            "      it holds data: the replacement is held until a person decides",
            "shop production: 1 to replace; 0 unchanged",
        ],
    );
    assert_eq!(review.summary().replaced, 1);
}

#[test]
fn a_new_id_keeps_the_running_resource_and_its_name() {
    let renamed =
        resource("AWS::SQS::Queue", true, &json!({"path": "/QueueName", "stem": "other"}), &json!({}));
    check(
        &json!({"topic/a/queue": queue(&json!({}))}),
        &json!({"topic/b/queue": renamed}),
        &json!([{"from": "topic/a/queue", "to": "topic/b/queue"}]),
        &[
            "  > topic/b/queue  AWS::SQS::Queue  in place  orders/orders.go:12",
            "      was topic/a/queue; the running resource stays",
            "shop production: 1 with a new id; 0 unchanged",
        ],
    );
}

#[test]
fn a_policy_is_compared_by_what_it_says() {
    let policy = |actions: Json| {
        let document = json!({"$json": {"Statement": [{"Effect": "Allow", "Action": actions,
            "Resource": {"$ref": {"resource": "topic/t/topic", "output": "/TopicArn"}}}]}});
        queue(&json!({"RedrivePolicy": document}))
    };
    let same = json!({"topic/a/queue": policy(json!(["a", "b"]))});
    check(&same, &same, &json!([]), &["shop production: no changes, 1 resource in step"]);
}

#[test]
fn markdown_keeps_tables_whole() {
    let new = json!({"topic/a/queue": queue(&json!({"VisibilityTimeout": 30}))});
    let review = compare(None, &state(&new, &json!([])), Catalog::builtin());
    let text = render::markdown(&review);
    assert!(text.starts_with("### shop production: 1 to add; 0 unchanged\n"), "{text}");
    assert!(
        text.contains("| `+` | `topic/a/queue`<br>AWS::SQS::Queue | new | orders/orders.go:12 |"),
        "{text}"
    );
}

#[test]
fn what_is_there_already_is_said_to_be_imported_read_or_given_back() {
    let setting = json!({"by": "setting", "at": "environments/production.toml:7:1-7:20"});
    let named = |identifier: &str, mode: &str| {
        let mut queue = queue(&json!({}));
        queue["existing"] = json!({"identifier": identifier, "mode": mode, "origin": setting});
        json!({"topic/a/queue": queue})
    };
    let remark = |old: &Json, new: &Json| {
        let review = compare(Some(&state(old, &json!([]))), &state(new, &json!([])), Catalog::builtin());
        let change = review.changes.first()?;
        Some((change.change, change.consequence, change.remark.clone().unwrap_or_default()))
    };
    let (none, own) = (json!({}), json!({"topic/a/queue": queue(&json!({}))}));
    let (theirs, read) = (named("theirs", "owned"), named("theirs", "reference"));
    let imported = |words: &str| Some((Change::Imported, Consequence::InPlace, words.to_owned()));
    let approved = "`theirs` is imported, once a person has approved the agent's report of it";
    assert_eq!(remark(&none, &theirs), imported(approved));
    assert_eq!(remark(&own, &theirs), imported(approved));
    assert_eq!(remark(&none, &read), imported("`theirs` is only read"));
    assert_eq!(remark(&theirs, &read), imported("`theirs` is given back as it is; `theirs` is only read"));
    let anew = "`theirs` is given back as it is, and a new one is made".to_owned();
    assert_eq!(remark(&theirs, &own), Some((Change::Added, Consequence::New, anew)));
    let back = "`theirs` is given back as it is".to_owned();
    assert_eq!(remark(&theirs, &none), Some((Change::Removed, Consequence::InPlace, back)));
    assert_eq!(remark(&theirs, &theirs), None);
}
