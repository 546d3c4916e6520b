//! Stories about several resources: order, replacement, deletion and their gates.

use schema_documents::journal::{Act, Entry, Intent};
use schema_documents::plan::{Consequence, Hold, Reason};
use schema_documents::recorded::Status;
use serde_json::{Value as Json, json};

use crate::scene::{Scene, code, id, keys, setting};

const VPC: &str = "network/main/vpc";
const SUBNET: &str = "network/main/subnet";
const TABLE: &str = "network/main/route-table";
const LINK: &str = "network/main/association";
const TOPIC: &str = "topic/orders/topic";
const QUEUE: &str = "topic/orders/queue";
const DATABASE: &str = "database/orders/instance";

fn reference(resource: &str, output: &str) -> Json {
    json!({"$ref": {"resource": resource, "output": output}})
}

fn network() -> Scene {
    let vpc = reference(VPC, "/VpcId");
    Scene::new()
        .with(VPC, "AWS::EC2::VPC", json!({"CidrBlock": "10.0.0.0/16"}))
        .with(SUBNET, "AWS::EC2::Subnet", json!({"VpcId": vpc, "CidrBlock": "10.0.0.0/24"}))
        .with(TABLE, "AWS::EC2::RouteTable", json!({"VpcId": vpc}))
        .with(
            LINK,
            "AWS::EC2::SubnetRouteTableAssociation",
            json!({"SubnetId": reference(SUBNET, "/SubnetId"), "RouteTableId": reference(TABLE, "/RouteTableId")}),
        )
}

#[test]
fn dependencies_come_first_and_the_order_is_always_the_same() {
    let mut scene = network();
    assert_eq!(scene.plan(), scene.plan());
    let plan = scene.pass();
    let expected = [
        "create network/main/vpc#1",
        "create network/main/route-table#1",
        "create network/main/subnet#1",
        "create network/main/association#1",
    ];
    assert_eq!(keys(&plan), expected);
    assert!(scene.plan().is_empty());
}

#[test]
fn a_replacement_cascades_and_the_old_go_last() {
    let mut scene = network();
    scene.pass();
    scene.wish(SUBNET, "CidrBlock", json!("10.0.1.0/24"), code());
    let plan = scene.pass();
    let expected = [
        "create network/main/subnet#2",
        "delete network/main/association#1",
        "create network/main/association#2",
        "delete network/main/subnet#1",
    ];
    assert_eq!(keys(&plan), expected, "{plan:#?}");
    assert_eq!(plan.steps[0].consequence, Consequence::Replacement);
    assert!(scene.plan().is_empty());
    assert_eq!(scene.cloud.len(), 4);
}

#[test]
fn a_replacement_of_what_holds_data_is_held_and_the_rest_goes_on() {
    let properties =
        json!({"DBInstanceClass": "db.m5.large", "Engine": "postgres", "AllocatedStorage": "20"});
    let mut scene = Scene::new().with(DATABASE, "AWS::RDS::DBInstance", properties);
    scene.pass();
    assert!(scene.plan().is_empty(), "{:#?}", scene.plan());
    scene.wish(DATABASE, "Engine", json!("mysql"), code());
    scene.wish(DATABASE, "DBInstanceClass", json!("db.m5.xlarge"), setting());
    let plan = scene.pass();
    assert!(matches!(plan.held[0].why, Hold::StatefulReplacement { .. }));
    assert_eq!(keys(&plan), ["update database/orders/instance#1"]);
    assert_eq!(plan.steps[0].consequence, Consequence::Restart);
    assert_eq!(scene.live(DATABASE)["Engine"], "postgres");
}

#[test]
fn a_replacement_keeps_open_edits() {
    let mut scene =
        Scene::new().with(TOPIC, "AWS::SNS::Topic", json!({"DisplayName": "a", "FifoTopic": false}));
    scene.pass();
    scene.edit(TOPIC, "/DisplayName", json!("edited"));
    scene.pass();
    scene.wish(TOPIC, "FifoTopic", json!(true), code());
    assert_eq!(keys(&scene.pass()), ["create topic/orders/topic#2", "delete topic/orders/topic#1"]);
    assert_eq!(scene.live(TOPIC)["DisplayName"], "edited");
    let catalog = schema_catalog::Catalog::builtin();
    let imports = crate::import::open_imports(&scene.recorded, catalog, "shop", "production").imports;
    assert_eq!((imports.len(), &imports[0].to), (1, &Some(json!("edited"))));
    assert!(scene.plan().is_empty());
}

#[test]
fn an_update_waits_for_what_is_created_in_the_same_pass() {
    let mut scene = Scene::new().with(QUEUE, "AWS::SQS::Queue", json!({}));
    scene.pass();
    let dead = "topic/orders/dead-letter";
    scene.declare(dead, "AWS::SQS::Queue", json!({}), &code());
    let policy = json!({"deadLetterTargetArn": reference(dead, "/Arn"), "maxReceiveCount": 3});
    scene.wish(QUEUE, "RedrivePolicy", policy, code());
    let plan = scene.pass();
    assert_eq!(keys(&plan), ["create topic/orders/dead-letter#1", "update topic/orders/queue#1"]);
    assert_eq!(plan.steps[1].after.len(), 1);
    assert!(scene.live(QUEUE)["RedrivePolicy"]["deadLetterTargetArn"].is_string());
    assert!(scene.plan().is_empty(), "{:#?}", scene.plan());
}

#[test]
fn what_needs_something_held_is_held_too() {
    let mut scene = Scene::new().with(QUEUE, "AWS::SQS::Queue", json!({}));
    let absent = reference("topic/orders/absent", "/Arn");
    scene.wish(QUEUE, "RedrivePolicy", json!({"deadLetterTargetArn": absent, "maxReceiveCount": 3}), code());
    let plan = scene.pass();
    assert!(plan.steps.is_empty());
    assert_eq!(plan.held[0].why, Hold::Waiting { on: id("topic/orders/absent") });
}

#[test]
fn a_circle_is_held_and_the_rest_goes_on() {
    let mut scene = Scene::new().with(TOPIC, "AWS::SNS::Topic", json!({}));
    for (one, other) in [("topic/a/queue", "topic/b/queue"), ("topic/b/queue", "topic/a/queue")] {
        let policy = json!({"deadLetterTargetArn": reference(other, "/Arn"), "maxReceiveCount": 3});
        scene.declare(one, "AWS::SQS::Queue", json!({"RedrivePolicy": policy}), &code());
    }
    let plan = scene.pass();
    assert_eq!(keys(&plan), ["create topic/orders/topic#1"]);
    assert_eq!(plan.held.len(), 2);
}

#[test]
fn stateless_leftovers_go_by_themselves_and_their_users_first() {
    let mut scene = network().with(TOPIC, "AWS::SNS::Topic", json!({}));
    scene.pass();
    for name in [VPC, SUBNET, TABLE, LINK] {
        scene.forget(name);
    }
    let plan = scene.pass();
    let expected = [
        "delete network/main/association#1",
        "delete network/main/route-table#1",
        "delete network/main/subnet#1",
        "delete network/main/vpc#1",
    ];
    assert_eq!(keys(&plan), expected);
    assert!(scene.plan().is_empty());
}

#[test]
fn what_holds_data_goes_only_when_a_person_confirmed_exactly_that() {
    let bucket = "bucket/files/bucket";
    let mut scene =
        Scene::new().with(bucket, "AWS::S3::Bucket", json!({})).with(TOPIC, "AWS::SNS::Topic", json!({}));
    scene.pass();
    scene.forget(bucket);
    let plan = scene.pass();
    assert!(plan.steps.is_empty());
    let Hold::Unconfirmed { digest, loss } = plan.held[0].why.clone() else { panic!("{plan:#?}") };
    scene.append(Entry::Confirmed { resource: id(bucket), digest, loss: Some(loss), who: "ada".to_owned() });
    let plan = scene.pass();
    assert_eq!(plan.steps[0].consequence, Consequence::DataLoss);
    assert!(scene.recorded.confirmations.is_empty() && scene.status(bucket).is_empty());
    scene.declare(bucket, "AWS::S3::Bucket", json!({}), &code());
    assert_eq!(keys(&scene.pass()), ["create bucket/files/bucket#2"], "a number is never given twice");
}

#[test]
fn an_empty_document_changes_nothing_and_destroy_passes_the_same_gates() {
    let mut scene = network().with("bucket/files/bucket", "AWS::S3::Bucket", json!({}));
    scene.pass();
    let wanted = std::mem::take(&mut scene.desired.resources);
    assert!(scene.pass().steps.is_empty());
    scene.desired.resources = wanted;
    scene.destroy = true;
    let plan = scene.pass();
    assert_eq!(plan.steps.len(), 4);
    assert!(plan.steps.iter().all(|step| step.reason == Reason::Removed));
    assert!(matches!(plan.held[0].why, Hold::Unconfirmed { .. }));
    assert_eq!(scene.status("bucket/files/bucket")[&1], Status::Live);
}

#[test]
fn one_pass_deletes_no_more_than_its_limit() {
    let mut scene = network().with(TOPIC, "AWS::SNS::Topic", json!({}));
    scene.pass();
    scene.limits.deletes = 1;
    for name in [SUBNET, TABLE, LINK, VPC] {
        scene.forget(name);
    }
    for _ in 0..4 {
        assert_eq!(scene.pass().steps.len(), 1);
    }
    assert!(scene.plan().is_empty());
}

#[test]
fn what_a_failed_creation_left_behind_goes_before_the_next_comes_where_it_takes_its_place() {
    let mut scene = network();
    let (intent, kind) = (scene.recorded.next_intent, "AWS::EC2::Subnet".to_owned());
    scene.append(Entry::Intent(Box::new(Intent {
        intent,
        resource: id(SUBNET),
        generation: 1,
        kind,
        stateful: false,
        attempt: 1,
        token: String::new(),
        act: Act::Create { name: None, body: schema_documents::Value::object::<String>([]) },
        reason: None,
        depends_on: std::collections::BTreeSet::new(),
        settles: std::collections::BTreeMap::new(),
        only_looks: false,
    })));
    let (code, message, remnant) = ("Limit".to_owned(), "no".to_owned(), Some("subnet-1".to_owned()));
    scene.append(Entry::Failed {
        intent,
        code,
        message,
        remnant,
        candidates: Vec::new(),
        untaken: false,
        for_now: false,
        unhealthy: false,
    });
    scene.cloud.insert("subnet-1".to_owned(), json!({"SubnetId": "subnet-1", "CidrBlock": "10.0.0.0/24"}));
    let plan = scene.pass();
    let at = |key: &str| keys(&plan).iter().position(|one| *one == key);
    let (goes, comes) = (at("delete network/main/subnet#1"), at("create network/main/subnet#2"));
    assert!(goes.is_some() && goes < comes, "{:?}", keys(&plan));
    assert!(scene.plan().is_empty());
}
