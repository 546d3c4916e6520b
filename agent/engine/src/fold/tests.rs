//! What the table of transitions lets pass, and what it does not.

use schema_catalog::Catalog;
use schema_documents::Digest;
use schema_documents::journal::{Batch, Entry, Format, Intent, Lease, VERSION};
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
        reason: None,
        depends_on: std::collections::BTreeSet::new(),
        settles: std::collections::BTreeMap::new(),
        only_looks: false,
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
    Entry::Failed {
        intent,
        code,
        message,
        remnant: remnant.map(str::to_owned),
        candidates: Vec::new(),
        untaken: false,
        for_now: false,
        unhealthy: false,
    }
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
fn what_may_come_of_a_refused_request_is_looked_for_before_it_is_forgotten_or_anything_else_is_asked_for() {
    let mut recorded = Recorded::default();
    let mut step = |entry: &Entry| apply(&mut recorded, entry, 1).map(|()| recorded.clone());
    step(&intent(0, 1, 1, create())).unwrap();
    let mut refused = failed(0, None);
    if let Entry::Failed { untaken, for_now, .. } = &mut refused {
        (*untaken, *for_now) = (true, true);
    }
    let after = step(&refused).unwrap();
    let body = schema_documents::Value::object([("DisplayName".to_owned(), "other".into())]);
    let other = schema_documents::journal::Act::Create { name: Some("shop-1".to_owned()), body };
    let looks = |number, attempt, act| match intent(number, 1, attempt, act) {
        Entry::Intent(intent) => Entry::Intent(Box::new(Intent { only_looks: true, ..*intent })),
        entry => entry,
    };
    let forgotten = Entry::Forgotten { resource: id(TOPIC), generation: 1 };
    check(&after, &forgotten, "may be accepted yet");
    check(&after, &intent(1, 1, 2, other.clone()), "was not looked for");
    check(&after, &looks(1, 2, other.clone()), "only what was asked for");
    let looking = step(&looks(1, 2, create())).unwrap();
    check(&looking, &Entry::Operation { intent: 1, operation: "o".to_owned() }, "asks for nothing");
    let after = step(&failed(1, None)).unwrap();
    check(&after, &looks(2, 3, create()), "only what was asked for");
    step(&intent(2, 1, 3, other)).unwrap();
    step(&failed(2, None)).unwrap();
    step(&forgotten).unwrap();
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
        reason: None,
        depends_on: std::collections::BTreeSet::new(),
        settles: std::collections::BTreeMap::new(),
        only_looks: false,
    }));
    check(&scene.recorded, &entry, "nobody has confirmed");
}

fn batch(number: u64, previous: Option<Digest>, epoch: u64, entry: Entry) -> Batch {
    Batch {
        format: Format::Journal,
        version: VERSION,
        journal: "j".to_owned(),
        number,
        epoch,
        writer: format!("writer of {epoch}"),
        previous,
        at_ms: 1,
        entries: vec![entry],
    }
}

fn lease() -> Entry {
    Entry::Lease(Lease { holder: "ada".to_owned(), term_ms: 9, longest_call_ms: 4 })
}

#[track_caller]
fn check_batch(recorded: &Recorded, batch: &Batch, reason: &str) {
    let illegal = begin(recorded, batch).unwrap_err();
    assert!(illegal.reason.contains(reason), "{illegal}");
}

#[test]
fn batches_follow_each_other_without_a_gap_and_epochs_without_a_jump() {
    let mut recorded = Recorded::default();
    let first = batch(1, None, 1, lease());
    check_batch(&recorded, &batch(1, None, 2, lease()), "epoch 1 comes next");
    check_batch(&recorded, &batch(1, None, 1, Entry::Released {}), "begins with a lease");
    fold(&mut recorded, &first).unwrap();
    let next = batch(2, Some(first.digest()), 1, lease());
    check_batch(&recorded, &first, "batch 2 comes next");
    check_batch(&recorded, &Batch { number: 3, ..next.clone() }, "batch 2 comes next");
    check_batch(&recorded, &Batch { previous: None, ..next.clone() }, "names another batch");
    check_batch(&recorded, &Batch { epoch: 0, ..next.clone() }, "epoch 0 is past");
    check_batch(&recorded, &Batch { epoch: 3, ..next.clone() }, "epoch 2 comes next");
    check_batch(
        &recorded,
        &Batch { journal: "other".to_owned(), ..next.clone() },
        "belongs to journal `other`",
    );
    check_batch(&recorded, &Batch { version: VERSION + 1, ..next.clone() }, "use a newer agent");
    fold(&mut recorded, &next).unwrap();
    let second = batch(3, recorded.last.clone(), 2, lease());
    fold(&mut recorded, &second).unwrap();
    assert_eq!((recorded.number, recorded.epoch), (3, 2));
}

#[test]
fn an_epoch_has_one_writer_who_is_silent_once_the_lease_was_given_back() {
    let mut recorded = Recorded::default();
    let first = batch(1, None, 1, lease());
    fold(&mut recorded, &first).unwrap();
    let next = batch(2, Some(first.digest()), 1, Entry::Released {});
    check_batch(&recorded, &Batch { writer: "somebody".to_owned(), ..next.clone() }, "has another writer");
    fold(&mut recorded, &next).unwrap();
    check_batch(&recorded, &batch(3, Some(next.digest()), 1, lease()), "was given back");
    fold(&mut recorded, &batch(3, Some(next.digest()), 2, lease())).unwrap();
}

/// The record after each entry of a history that has all kinds of them.
#[test]
fn whoever_changes_what_an_entry_means_gives_checkpoints_a_new_version() {
    let mut recorded = Recorded::default();
    let mut after = |text: &str| {
        let entry: Entry = serde_json::from_str(text).unwrap();
        apply(&mut recorded, &entry, 1_000).unwrap_or_else(|illegal| panic!("{text}: {illegal}"));
        Digest::of(&recorded)
    };
    let all: Vec<Digest> = include_str!("history.jsonl").lines().map(&mut after).collect();
    let found = (schema_documents::checkpoint::VERSION, Digest::of(&all));
    assert_eq!(
        (found.0, found.1.short()),
        (2, "31d8359ea425"),
        "the same entries give another record: raise `checkpoint::VERSION`, and write both down here"
    );
}

#[test]
fn an_older_document_does_not_follow_a_newer_one() {
    let pass = |number| Entry::Pass { desired: Digest::of(&number), number, commit: None };
    let mut recorded = Recorded::default();
    apply(&mut recorded, &pass(Some(7)), 5).unwrap();
    check(&recorded, &pass(Some(6)), "number 7 was worked towards");
    for number in [Some(7), None, Some(8)] {
        apply(&mut recorded, &pass(number), 5).unwrap();
    }
    assert_eq!(recorded.published, Some(8));
}
