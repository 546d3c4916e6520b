//! A plan that was tampered with does not pass.

use schema_documents::plan::{Action, Plan, StepKey};
use serde_json::json;

use crate::scene::{Scene, code, id};

const TOPIC: &str = "topic/orders/topic";
const GROUP: &str = "network/web/security-group";

fn scene() -> Scene {
    let rule = json!({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.0.0.0/8"});
    let properties = json!({"GroupDescription": "web", "SecurityGroupIngress": [rule]});
    let mut scene = Scene::new()
        .with(TOPIC, "AWS::SNS::Topic", json!({"DisplayName": "x"}))
        .with("bucket/files/bucket", "AWS::S3::Bucket", json!({}))
        .with(GROUP, "AWS::EC2::SecurityGroup", properties);
    scene.pass();
    scene.wish(TOPIC, "DisplayName", json!("y"), code());
    scene.declare("topic/new/topic", "AWS::SNS::Topic", json!({}), &code());
    scene
}

#[track_caller]
fn check(tamper: impl FnOnce(&mut Plan), violation: &str) {
    let scene = scene();
    let mut plan = scene.plan();
    assert!(scene.judge(&plan).is_ok());
    tamper(&mut plan);
    let violations = scene.judge(&plan).unwrap_err();
    assert!(violations.iter().any(|found| found.contains(violation)), "{violations:?}");
}

fn update(plan: &mut Plan) -> &mut schema_documents::plan::Step {
    plan.steps.iter_mut().find(|step| matches!(step.action, Action::Update { .. })).unwrap()
}

fn create(plan: &mut Plan) -> &mut schema_documents::plan::Step {
    plan.steps.iter_mut().find(|step| matches!(step.action, Action::Create { .. })).unwrap()
}

#[test]
fn steps_are_unique_and_come_after_what_they_name() {
    check(|plan| plan.steps.push(plan.steps[0].clone()), "two of it");
    check(|plan| _ = plan.steps[0].after.insert(StepKey("nothing".to_owned())), "not in the plan");
    check(
        |plan| {
            let last = plan.steps.last().unwrap().key.clone();
            plan.steps[0].after.insert(last);
        },
        "comes before it ends",
    );
}

#[test]
fn a_step_acts_on_what_the_record_says() {
    check(|plan| create(plan).generation = 2, "generation 1 comes next");
    check(|plan| create(plan).resource = id(TOPIC), "exists");
    check(|plan| update(plan).generation = 2, "not in the record");
    check(
        |plan| {
            let Action::Update { identifier, .. } = &mut update(plan).action else { return };
            "other".clone_into(identifier);
        },
        "not its recorded identifier",
    );
    check(
        |plan| {
            let Action::Update { changes, .. } = &mut update(plan).action else { return };
            changes.clear();
        },
        "changes nothing",
    );
}

#[test]
fn what_is_wanted_or_holds_data_is_not_deleted() {
    let deleting = |plan: &mut Plan, name: &str, kind: &str, identifier: String| {
        let step = update(plan);
        step.resource = id(name);
        step.kind = kind.to_owned();
        step.action = Action::Delete { identifier, confirmed: None };
    };
    let topic = scene().identifier(TOPIC);
    check(|plan| deleting(plan, TOPIC, "AWS::SNS::Topic", topic), "the document wants it");
    let bucket = scene().identifier("bucket/files/bucket");
    check(|plan| deleting(plan, "bucket/files/bucket", "AWS::S3::Bucket", bucket), "nobody has confirmed");
}

#[test]
fn what_is_enforced_is_not_weakened() {
    let open = json!({"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"});
    let group = scene().identifier(GROUP);
    check(
        |plan| {
            let step = update(plan);
            step.resource = id(GROUP);
            step.kind = "AWS::EC2::SecurityGroup".to_owned();
            let Action::Update { identifier, changes } = &mut step.action else { return };
            *identifier = group;
            changes[0].path = crate::scene::path("/SecurityGroupIngress").element(&open);
            changes[0].to = Some(schema_documents::Value::literal(&open));
        },
        "is enforced",
    );
}

#[test]
fn limits_are_kept() {
    let mut scene = scene();
    let plan = scene.plan();
    scene.limits.steps = 1;
    assert!(scene.judge(&plan).unwrap_err()[0].contains("more than 1"));
}
