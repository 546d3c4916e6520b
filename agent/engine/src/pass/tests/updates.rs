//! Updates: what is filled in just before the call, and what somebody did meanwhile.

use schema_documents::desired::DesiredState;
use schema_documents::{FieldPath, Json};
use serde_json::json;

use super::cloud::Cloud;
use super::world::{World, app, nine_resources, ten_resources};
use super::{Ended, Mode};

const GROUP: &str = "database/main/subnet-group";
const SUBNET: &str = "network/main/subnet/a";

fn subnet_group(properties: &Json, subnet: bool) -> DesiredState {
    let mut group = json!({"DBSubnetGroupDescription": "all", "SubnetIds": ["subnet-0"]});
    for (name, value) in properties.as_object().expect("properties") {
        group[name] = value.clone();
    }
    let subnet = subnet.then(|| (SUBNET, "AWS::EC2::Subnet", json!({"CidrBlock": "10.0.1.0/24"})));
    app(subnet.into_iter().chain([(GROUP, "AWS::RDS::DBSubnetGroup", group)]))
}

/// An update that waits for the output of a resource which the same pass creates.
fn check_waits(properties: &Json, path_of: impl Fn(&str) -> FieldPath) {
    let mut world = World::new();
    world.run(&subnet_group(&json!({}), false), Mode::Apply);
    world.wait(3_600_000);
    let desired = subnet_group(properties, true);
    let outcome = world.run(&desired, Mode::Apply);
    assert_eq!((outcome.succeeded.len(), outcome.failed, outcome.skipped), (2, vec![], vec![]));
    let recorded = world.recorded();
    let subnet = recorded.resources[&SUBNET.parse().unwrap()][&1].identifier.clone().unwrap();
    let record = &recorded.resources[&GROUP.parse().unwrap()][&1];
    let path = path_of(&subnet);
    assert!(record.seen.at(&path).is_some(), "{path} in {:?}", record.seen);
    assert!(record.fields[&path].asked.as_ref().unwrap().as_json().unwrap().to_string().contains(&subnet));
    let unknown = record.fields.keys().find(|path| path.to_string().contains("$ref"));
    assert_eq!(unknown, None, "what is settled is named by what it is");
    world.wait(3_600_000);
    let plan = world.run(&desired, Mode::Plan).plan.unwrap();
    assert!(plan.is_empty(), "{plan:#?}");
}

fn subnet_id() -> Json {
    json!({"$ref": {"resource": SUBNET, "output": "/SubnetId"}})
}

#[test]
fn an_element_of_a_set_that_waits_for_an_output_is_settled_as_what_it_became() {
    let set = FieldPath::parse("/SubnetIds").unwrap();
    check_waits(&json!({"SubnetIds": ["subnet-0", subnet_id()]}), |id| set.element(&json!(id)));
}

#[test]
fn an_element_of_a_map_that_waits_for_an_output_is_settled_under_its_key() {
    let tags = FieldPath::parse("/Tags").unwrap();
    let tag = json!({"Key": "home", "Value": subnet_id()});
    check_waits(&json!({"Tags": [tag]}), |_| tags.keyed("Key", "home"));
}

#[test]
fn a_field_that_somebody_already_set_as_wished_does_not_make_its_step_stale() {
    let rename = |cloud: &mut Cloud| cloud.edit("AWS::SNS::Topic", "/DisplayName", "renamed");
    let mut done = 0;
    for at in 0..40 {
        let mut world = World::new();
        world.run(&ten_resources(), Mode::Apply);
        world.meddle = Some((at, rename));
        let outcome = world.run(&nine_resources(), Mode::Apply);
        assert_eq!((outcome.ended, outcome.skipped), (Ended::Done, vec![]), "at {at}");
        let updates = outcome.succeeded.iter().filter(|step| step.0.starts_with("update"));
        done += updates.count();
    }
    assert!(done > 0, "some edits come between the plan and the read before the call");
}

#[test]
fn what_an_output_makes_wrong_is_not_sent() {
    let mut world = World::new();
    let queue = ("topic/a/queue", "AWS::SQS::Queue", json!({"DelaySeconds": 1}));
    world.run(&app([queue.clone()]), Mode::Apply);
    world.wait(3_600_000);
    let name = json!({"$ref": {"resource": "topic/a/topic", "output": "/TopicArn"}});
    let queue = (queue.0, queue.1, json!({"DelaySeconds": name}));
    let topic = ("topic/a/topic", "AWS::SNS::Topic", json!({"DisplayName": "a"}));
    let outcome = world.run(&app([queue, topic]), Mode::Apply);
    assert_eq!((outcome.succeeded.len(), outcome.failed.len()), (1, 1), "{outcome:#?}");
    assert_eq!(outcome.failed[0].code, "Invalid");
    assert!(outcome.failed[0].message.contains("/DelaySeconds"), "{}", outcome.failed[0].message);
    assert_eq!(world.cloud.calls, 2, "the topic and the queue were created, and nothing else was sent");
}

#[test]
fn an_edit_beside_an_update_is_not_taken_for_known_by_its_read_back() {
    let topic = |display: &str, tracing: &str| {
        let properties = json!({"DisplayName": display, "TracingConfig": tracing});
        app([("topic/a/topic", "AWS::SNS::Topic", properties)])
    };
    let mut world = World::new();
    world.run(&topic("a", "PassThrough"), Mode::Run);
    world.wait(3_600_000);
    world.cloud.edit("AWS::SNS::Topic", "/DisplayName", "edited");
    // The pass that sees the edit for the first time, and does not believe it yet, changes another field.
    let outcome = world.run(&topic("a", "Active"), Mode::Run);
    assert_eq!(outcome.succeeded.len(), 1);
    for _ in 0..2 {
        world.wait(3_600_000);
        world.run(&topic("a", "Active"), Mode::Run);
    }
    let recorded = world.recorded();
    let record = &recorded.resources[&"topic/a/topic".parse().unwrap()][&1];
    assert!(record.fields[&FieldPath::parse("/DisplayName").unwrap()].edit.is_some(), "{record:#?}");
    assert_eq!(record.seen.to_json()["TracingConfig"], "Active", "what was written is seen");
}
