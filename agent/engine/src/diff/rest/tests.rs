//! What rests is what the long way has nothing to say of. Every scene of the other tests checks it as well ([`crate::scene`]).

use schema_documents::recorded::{Choice, OpenEdit};
use serde_json::json;

use super::*;
use crate::scene::{Scene, code, id, path, rule, setting};

const QUEUE: &str = "topic/orders/queue";
const GROUP: &str = "compute/shop/security-group";

/// A queue with tags and a policy text, and a group with an enforced list.
fn scene() -> Scene {
    let rule = json!({"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "10.0.0.0/8"});
    let queue = json!({
        "VisibilityTimeout": 60, "Tags": [{"Key": "team", "Value": "orders"}],
        "RedrivePolicy": {"deadLetterTargetArn": {"$ref": {"resource": "topic/orders/dead", "output": "/Arn"}}, "maxReceiveCount": 3},
    });
    let group = json!({"GroupDescription": "web", "SecurityGroupIngress": [rule]});
    let mut scene = Scene::new()
        .with("topic/orders/dead", "AWS::SQS::Queue", json!({"MessageRetentionPeriod": 60}))
        .with(QUEUE, "AWS::SQS::Queue", queue)
        .with(GROUP, "AWS::EC2::SecurityGroup", group);
    scene.pass();
    scene.pass();
    scene
}

/// How many of the three rest. That the others are what the long way sees is asserted by the scene.
#[track_caller]
fn check(resting: u64, change: impl FnOnce(&mut Scene)) {
    let mut scene = scene();
    change(&mut scene);
    assert_eq!(scene.at_rest(), resting);
}

fn record<'a>(scene: &'a mut Scene, name: &str) -> &'a mut ResourceRecord {
    let generations = scene.recorded.resources.get_mut(&id(name)).unwrap();
    std::sync::Arc::make_mut(generations.get_mut(&1).unwrap())
}

#[test]
fn an_environment_in_step_rests() {
    check(3, |_| {});
}

#[test]
fn what_anything_can_be_said_of_does_not_rest() {
    check(2, |scene| scene.wish(QUEUE, "VisibilityTimeout", json!(90), code()));
    check(2, |scene| scene.wish(QUEUE, "DelaySeconds", json!(5), code()));
    check(2, |scene| scene.wish(QUEUE, "VisibilityTimeout", json!(60), setting()));
    check(2, |scene| scene.wish(QUEUE, "VisibilityTimeout", json!(60), rule()));
    check(2, |scene| scene.edit(QUEUE, "/VisibilityTimeout", json!(90)));
    check(2, |scene| scene.edit(QUEUE, "/Tags/[Key=team]/Value", json!("others")));
    check(2, |scene| scene.edit(QUEUE, "/KmsMasterKeyId", json!("beside the document")));
    check(2, |scene| scene.edit(GROUP, "/SecurityGroupIngress/[=x]", json!({"IpProtocol": "-1"})));
    check(2, |scene| scene.vanish(GROUP));
    check(2, |scene| scene.forget(GROUP));
    check(2, |scene| assert!(scene.unknown.insert(scene.identifier(GROUP))));
    check(2, |scene| scene.answer(QUEUE, "/VisibilityTimeout", Choice::Revert, None));
    check(3, |scene| scene.declare("topic/new/queue", "AWS::SQS::Queue", json!({}), &code()));
}

#[test]
fn what_is_remembered_otherwise_does_not_rest() {
    check(2, |scene| drop(record(scene, QUEUE).fields.remove(&path("/VisibilityTimeout"))));
    check(2, |scene| record(scene, QUEUE).kind = "AWS::SNS::Topic".to_owned());
    check(2, |scene| record(scene, QUEUE).status = Status::Gone);
    check(2, |scene| record(scene, QUEUE).seen = Kept::from(&json!({})));
    check(2, |scene| {
        let before = record(scene, QUEUE).clone();
        scene.recorded.resources.get_mut(&id(QUEUE)).unwrap().insert(2, before.into());
    });
    check(2, |scene| {
        let memory = record(scene, QUEUE).fields[&path("/VisibilityTimeout")].clone();
        record(scene, QUEUE).fields.insert(path("/DelaySeconds"), memory);
    });
    check(2, |scene| {
        let field = record(scene, QUEUE).fields.get_mut(&path("/VisibilityTimeout")).unwrap();
        field.edit = Some(Box::new(OpenEdit {
            from: None,
            to: None,
            who: None,
            made_at_ms: None,
            seen_at_ms: 0,
            class: Class::Open,
            origin: None,
            reverted: true,
            found: false,
        }));
    });
    // What uses an output of another generation is wished anew.
    check(1, |scene| {
        let record = record(scene, "topic/orders/dead");
        let mut seen = record.seen.to_json();
        assert!(path("/Arn").set(&mut seen, json!("another")));
        record.seen = Kept::from(&seen);
    });
}
