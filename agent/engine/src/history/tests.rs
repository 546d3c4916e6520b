//! What is told of a journal that has every kind of entry.

use schema_documents::journal::{Format, VERSION};
use serde_json::json;

use super::*;

/// One batch per entry of a legal history with all kinds of them.
fn batches() -> Vec<Batch> {
    let lines = include_str!("../fold/history.jsonl").lines();
    let entries = lines.map(|line| serde_json::from_str::<Entry>(line).unwrap());
    let batch = |(number, entry)| Batch {
        format: Format::Journal,
        version: VERSION,
        journal: "j".to_owned(),
        number,
        epoch: 1,
        writer: "w".to_owned(),
        previous: None,
        at_ms: number * 1_000,
        entries: vec![entry],
    };
    (1..).zip(entries).map(batch).collect()
}

fn told() -> Vec<Json> {
    let mut history = History::default();
    let events: Vec<Event> = batches().iter().flat_map(|batch| history.read(batch)).collect();
    events.iter().map(|event| serde_json::to_value(event).unwrap()).collect()
}

#[track_caller]
fn check(told: &[Json], expected: &Json) {
    let is_it = |event: &&Json| {
        expected
            .as_object()
            .unwrap()
            .iter()
            .all(|(name, value)| event.get(name).unwrap_or(&Json::Null) == value)
    };
    assert_eq!(
        told.iter().filter(is_it).count(),
        1,
        "{expected} in {}",
        serde_json::to_string_pretty(told).unwrap()
    );
}

#[test]
fn who_did_what_when_and_why_is_told_of_every_change() {
    let told = told();
    let topic = "topic/orders/topic";
    check(&told, &json!({ "what": "pass", "who": "ada", "number": 3, "commit": "c0ffee", "batch": 2 }));
    check(
        &told,
        &json!({
            "what": "call", "act": "create", "resource": topic, "result": {"ended": "succeeded"}, "who": "ada",
            "request": "op-0", "identifier": "arn:orders", "began_at_ms": 3_000, "at_ms": 7_000,
            "why": "new, asked for by shop.go:12",
        }),
    );
    check(&told, &json!({ "what": "edited", "path": "/DisplayName", "from": "a", "to": "b", "who": "eve" }));
    check(&told, &json!({ "what": "edited", "path": "/KmsMasterKeyId", "who": null }));
    check(&told, &json!({ "what": "answered", "choice": "adopt", "over": "b", "who": "ada" }));
    check(
        &told,
        &json!({ "what": "moved", "resource": topic, "to": "topic/placed/topic", "generation": null }),
    );
    check(&told, &json!({ "what": "gone", "resource": "topic/placed/topic", "who": null, "generation": 1 }));
    check(&told, &json!({ "what": "confirmed", "resource": "bucket/files/bucket", "who": "ada" }));
    check(&told, &json!({ "what": "forgotten", "generation": 2 }));
    check(
        &told,
        &json!({
            "what": "call", "act": "delete", "identifier": "arn:placed",
            "result": {"ended": "failed", "code": "Conflict", "message": "used"},
        }),
    );
    check(
        &told,
        &json!({
            "what": "call", "act": "create", "generation": 3,
            "result": {"ended": "failed", "code": "Internal", "message": "no", "remnant": "arn:left"},
        }),
    );
    let update = told.iter().find(|event| event["act"] == "update").unwrap();
    let field = json!({ "path": "/KmsMasterKeyId", "from": "alias/y", "to": "alias/x", "why": "shop.go:12" });
    assert_eq!(
        (&update["fields"], &update["why"]),
        (&json!([field]), &json!("an enforced field was edited"))
    );
}

#[test]
fn what_has_no_result_is_told_as_under_way() {
    let mut history = History::default();
    for batch in batches().iter().take(4) {
        history.read(batch);
    }
    let open: Vec<(u64, u64)> = history
        .under_way()
        .iter()
        .map(|event| match &event.what {
            What::Call(done) if done.result == Ending::UnderWay => (done.intent, event.batch),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(open, [(0, 3), (1, 4)]);
}
