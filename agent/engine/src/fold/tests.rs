//! What the table of transitions lets pass, and what it does not.

use schema_catalog::Catalog;
use schema_documents::Digest;
use schema_documents::journal::{Batch, Entry, Format, Intent, VERSION};
use schema_documents::recorded::{Recorded, Status};
use serde_json::json;

use super::*;
use crate::scene::{Scene, id};

const TOPIC: &str = "topic/orders/topic";

fn topic() -> Scene {
    let mut scene = Scene::new().with(TOPIC, "AWS::SNS::Topic", json!({"DisplayName": "x"}));
    scene.pass();
    scene
}

fn intent(number: u64, generation: u32, attempt: u32, act: schema_documents::journal::Act) -> Entry {
    Entry::Intent(Box::new(Intent {
        intent: number,
        resource: id(TOPIC),
        generation,
        kind: "AWS::SNS::Topic".to_owned(),
        stateful: false,
        attempt,
        token: String::new(),
        act,
        depends_on: std::collections::BTreeSet::new(),
        settles: std::collections::BTreeMap::new(),
    }))
}

fn create() -> schema_documents::journal::Act {
    let body = schema_documents::Value::object::<String>([]);
    schema_documents::journal::Act::Create { name: Some("shop-1".to_owned()), body }
}

fn delete(identifier: &str) -> schema_documents::journal::Act {
    schema_documents::journal::Act::Delete { identifier: identifier.to_owned(), confirmed: None }
}

fn failed(intent: u64, remnant: Option<&str>) -> Entry {
    let (code, message) = ("Internal".to_owned(), "no".to_owned());
    Entry::Failed { intent, code, message, remnant: remnant.map(str::to_owned), candidates: Vec::new() }
}

#[track_caller]
fn check(recorded: &Recorded, entry: &Entry, reason: &str) {
    let mut after = recorded.clone();
    let illegal = apply(&mut after, entry, 5).unwrap_err();
    assert!(illegal.reason.contains(reason), "{illegal}");
    assert_eq!(after, *recorded, "an illegal entry leaves the record as it was");
}

#[test]
fn what_does_not_follow_is_refused_and_changes_nothing() {
    let scene = topic();
    let (recorded, next) = (&scene.recorded, scene.recorded.next_intent);
    let identifier = scene.identifier(TOPIC);
    check(recorded, &intent(next + 1, 2, 1, create()), "comes next");
    check(recorded, &intent(next, 3, 1, create()), "generation 2 comes next");
    check(recorded, &intent(next, 2, 2, create()), "attempt 1");
    check(recorded, &intent(next, 1, 2, create()), "exists");
    check(recorded, &intent(next, 1, 1, delete("other")), "is recorded as");
    check(recorded, &Entry::Succeeded { intent: next, identifier }, "no such intent");
    check(recorded, &failed(next, None), "no such intent");
    let (resource, generation) = (id(TOPIC), 7);
    check(recorded, &Entry::Forgotten { resource: resource.clone(), generation }, "not recorded");
    check(recorded, &Entry::Gone { resource: resource.clone(), generation }, "not recorded");
    check(recorded, &Entry::Moved { from: id("a/b"), to: id("a/c") }, "not recorded");
    let digest = Digest::of(&"something else");
    let confirmed = |generation: u32| {
        let loss =
            Catalog::builtin().loss("AWS::SNS::Topic", generation, &scene.identifier(TOPIC), &json!({}));
        let (resource, digest, who) = (resource.clone(), digest.clone(), "ada".to_owned());
        Entry::Confirmed { resource, digest, loss: Some(loss), who }
    };
    check(recorded, &confirmed(2), "no recorded generation");
    check(recorded, &confirmed(1), "stands for something else");
    check(recorded, &Entry::Approved { plan: digest.clone(), who: "ada".to_owned() }, "no such plan waits");
    let lapsed = Entry::Lapsed { approvals: Vec::new(), confirmations: vec![digest] };
    check(recorded, &lapsed, "not confirmed");
}

#[test]
fn a_failed_creation_is_tried_again_under_its_name_and_a_remnant_becomes_a_tombstone() {
    let mut recorded = Recorded::default();
    let mut step = |entry: &Entry| apply(&mut recorded, entry, 1).map(|()| recorded.clone());
    step(&intent(0, 1, 1, create())).unwrap();
    let after = step(&failed(0, None)).unwrap();
    assert_eq!(after.resources[&id(TOPIC)][&1].status, Status::Creating);
    check(&after, &intent(1, 1, 1, create()), "attempt 2");
    let other = schema_documents::journal::Act::Create {
        name: Some("shop-2".to_owned()),
        body: schema_documents::Value::object::<String>([]),
    };
    check(&after, &intent(1, 1, 2, other), "keeps its name");
    step(&intent(1, 1, 2, create())).unwrap();
    let after = step(&failed(1, Some("arn"))).unwrap();
    let record = &after.resources[&id(TOPIC)][&1];
    assert_eq!((record.status, record.failure.as_ref().unwrap().times), (Status::Deleting, 2));
    step(&intent(2, 1, 1, delete("arn"))).unwrap();
    let after = step(&Entry::Succeeded { intent: 2, identifier: "arn".to_owned() }).unwrap();
    assert!(after.resources.is_empty());
    assert_eq!(after.next_generation(&id(TOPIC)), 2, "a number is never given twice");
}

#[test]
fn what_holds_data_is_not_deleted_without_a_word() {
    let bucket = "bucket/files/bucket";
    let mut scene = Scene::new().with(bucket, "AWS::S3::Bucket", json!({}));
    scene.pass();
    let entry = Entry::Intent(Box::new(Intent {
        intent: scene.recorded.next_intent,
        resource: id(bucket),
        generation: 1,
        kind: "AWS::S3::Bucket".to_owned(),
        stateful: true,
        attempt: 1,
        token: String::new(),
        act: delete(&scene.identifier(bucket)),
        depends_on: std::collections::BTreeSet::new(),
        settles: std::collections::BTreeMap::new(),
    }));
    check(&scene.recorded, &entry, "nobody has confirmed");
}

fn batch(number: u64, previous: Option<Digest>, epoch: u64) -> Batch {
    Batch {
        format: Format::Journal,
        version: VERSION,
        journal: "j".to_owned(),
        number,
        epoch,
        writer: "w".to_owned(),
        previous,
        at_ms: 1,
        entries: vec![Entry::Released {}],
    }
}

#[test]
fn batches_follow_each_other_without_a_gap_and_epochs_never_fall() {
    let mut recorded = Recorded::default();
    let first = batch(1, None, 3);
    fold(&mut recorded, &first).unwrap();
    assert!(fold(&mut recorded, &first).is_err(), "twice");
    assert!(fold(&mut recorded, &batch(3, Some(first.digest()), 3)).is_err(), "a gap");
    assert!(fold(&mut recorded, &batch(2, None, 3)).is_err(), "another past");
    assert!(fold(&mut recorded, &batch(2, Some(first.digest()), 2)).is_err(), "an epoch that is over");
    let other = Batch { journal: "other".to_owned(), ..batch(2, Some(first.digest()), 3) };
    assert!(fold(&mut recorded, &other).is_err(), "another journal");
    let newer = Batch { version: VERSION + 1, ..batch(2, Some(first.digest()), 3) };
    assert!(fold(&mut recorded, &newer).is_err(), "a newer version");
    fold(&mut recorded, &batch(2, Some(first.digest()), 4)).unwrap();
    assert_eq!((recorded.number, recorded.epoch), (2, 4));
}
