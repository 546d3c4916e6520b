use schema_documents::Digest;
use schema_documents::environment::Approval as Policy;
use schema_documents::journal::Entry;
use schema_documents::plan::Plan;
use serde_json::json;

use crate::scene::{Scene, code, id, keys, setting};

const TOPIC: &str = "topic/orders/topic";
const OTHER: &str = "topic/mail/topic";
const POLICY: &str = "topic/orders/policy";

fn scene() -> Scene {
    let mut scene = Scene::new().with(TOPIC, "AWS::SNS::Topic", json!({"DisplayName": "x"})).with(
        OTHER,
        "AWS::SNS::Topic",
        json!({"DisplayName": "x"}),
    );
    scene.pass();
    scene.desired.approval = Policy::Required;
    scene
}

fn digest(plan: &Plan) -> Digest {
    plan.awaited.as_ref().unwrap_or_else(|| panic!("{plan:#?}")).digest.clone()
}

fn approve(scene: &mut Scene, plan: &Plan) {
    scene.append(Entry::Approved { plan: digest(plan), who: "ada".to_owned() });
}

/// Why the only step that waits is not the one that was approved.
#[track_caller]
fn check_changed(plan: &Plan, why: &str) {
    let awaited = plan.awaited.as_ref().unwrap();
    let changed = awaited.steps[0].changed.as_deref().unwrap_or_default();
    assert!(awaited.steps.len() == 1 && changed.contains(why), "{awaited:#?}");
}

fn live_name(scene: &Scene) -> &str {
    scene.live(TOPIC)["DisplayName"].as_str().unwrap()
}

#[test]
fn what_a_person_approved_is_done_and_nothing_else() {
    let mut scene = scene();
    scene.wish(TOPIC, "DisplayName", json!("y"), code());
    let plan = scene.pass();
    assert_eq!(live_name(&scene), "x", "it waits");
    approve(&mut scene, &plan);
    scene.wish(OTHER, "DisplayName", json!("z"), code());
    let plan = scene.pass();
    assert_eq!((live_name(&scene), scene.live(OTHER)["DisplayName"].as_str()), ("y", Some("x")));
    assert_eq!(plan.awaited.unwrap().steps[0].step.0, format!("update {OTHER}#1"));
    assert!(scene.recorded.approvals.is_empty(), "used up");
    scene.wish(TOPIC, "DisplayName", json!("x"), code());
    scene.pass();
    scene.wish(TOPIC, "DisplayName", json!("y"), code());
    assert_eq!(scene.plan().awaited.unwrap().steps.len(), 1, "an approval counts once");
}

#[test]
fn a_step_that_does_something_else_waits_again_and_says_why() {
    let mut scene = scene();
    scene.wish(TOPIC, "DisplayName", json!("y"), code());
    let plan = scene.pass();
    approve(&mut scene, &plan);
    scene.wish(TOPIC, "DisplayName", json!("z"), code());
    let changed = scene.pass();
    check_changed(&changed, r#"not what ada approved: `/DisplayName` is "x" → "z", and was "x" → "y""#);
    assert_ne!(digest(&plan), digest(&changed));
    assert_eq!(live_name(&scene), "x");
    scene.wish(TOPIC, "DisplayName", json!("y"), code());
    scene.wish(TOPIC, "SignatureVersion", json!("2"), code());
    check_changed(&scene.plan(), "it changes `/SignatureVersion` too");
}

#[test]
fn a_line_that_moved_and_an_origin_that_rose_are_no_other_step() {
    let mut scene = scene();
    scene.wish(TOPIC, "DisplayName", json!("y"), code());
    let plan = scene.pass();
    approve(&mut scene, &plan);
    scene.wish(TOPIC, "DisplayName", json!("y"), setting());
    assert!(scene.pass().awaited.is_none());
    assert_eq!(live_name(&scene), "y");
}

/// What uses an output that the approved plan could not know yet.
fn with_policy(scene: &mut Scene) {
    let arn = json!({"$ref": {"resource": "topic/new/topic", "output": "/TopicArn"}});
    let document = json!({"Version": "2012-10-17", "Statement": []});
    scene.declare("topic/new/topic", "AWS::SNS::Topic", json!({}), &code());
    scene.declare(
        POLICY,
        "AWS::SNS::TopicPolicy",
        json!({"PolicyDocument": document, "Topics": [arn]}),
        &code(),
    );
}

#[test]
fn what_was_known_after_another_step_is_covered_when_it_is_known() {
    let mut scene = scene();
    with_policy(&mut scene);
    let plan = scene.pass();
    assert_eq!(keys(&plan), ["create topic/new/topic#1", "create topic/orders/policy#1"]);
    approve(&mut scene, &plan);
    // Killed after the first step: the next plan knows what the approved one could not.
    let only_first = Plan { steps: vec![scene.plan().steps[0].clone()], ..scene.plan() };
    scene.carry_out(&only_first.steps[0]);
    let rest = scene.plan();
    assert_eq!(keys(&rest), ["create topic/orders/policy#1"]);
    assert_eq!(rest.awaited, None, "still approved");
    let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]});
    scene.wish(POLICY, "PolicyDocument", document, code());
    check_changed(&scene.plan(), "`/PolicyDocument` would be");
}

#[test]
fn an_approval_ends_with_the_wish_for_it() {
    let mut scene = scene();
    scene.wish(TOPIC, "DisplayName", json!("y"), code());
    let plan = scene.pass();
    approve(&mut scene, &plan);
    scene.wish(TOPIC, "DisplayName", json!("x"), code());
    scene.pass();
    assert!(scene.recorded.approvals.is_empty());
    scene.wish(TOPIC, "DisplayName", json!("y"), code());
    assert!(scene.plan().awaited.is_some(), "it was for a plan that is past");
}

#[test]
fn what_waits_is_recorded_once_and_withdrawn_when_nothing_does() {
    let mut scene = scene();
    scene.wish(TOPIC, "DisplayName", json!("y"), code());
    let plan = scene.pass();
    assert_eq!(scene.recorded.proposal.as_ref().unwrap().plan, digest(&plan));
    assert!(crate::approval::entries(&scene.plan(), &scene.recorded).is_empty(), "said already");
    scene.wish(TOPIC, "DisplayName", json!("x"), code());
    scene.pass();
    assert_eq!(scene.recorded.proposal, None);
}

#[test]
fn a_plan_that_hides_what_waits_does_not_pass_its_check() {
    let mut scene = scene();
    scene.wish(TOPIC, "DisplayName", json!("y"), code());
    let plan = Plan { awaited: None, ..scene.plan() };
    let violations = scene.judge(&plan).unwrap_err();
    assert!(violations[0].contains("nobody has approved it"), "{violations:?}");
    assert_eq!(id(TOPIC), plan.steps[0].resource);
}
