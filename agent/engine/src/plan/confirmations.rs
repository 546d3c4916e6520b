//! A person's word for a loss: it holds through everything that has nothing to do with it, and no longer.

use schema_documents::journal::Entry;
use schema_documents::plan::{Action, Hold, Plan};
use serde_json::json;

use crate::scene::{Scene, code, id};

const TOPIC: &str = "topic/orders/topic";
const BUCKET: &str = "bucket/files/bucket";

/// A bucket that is not wanted any more, and whose loss somebody confirmed.
fn confirmed() -> Scene {
    let properties = json!({"VersioningConfiguration": {"Status": "Enabled"}});
    let mut scene = Scene::new().with(BUCKET, "AWS::S3::Bucket", properties).with(
        TOPIC,
        "AWS::SNS::Topic",
        json!({"DisplayName": "x"}),
    );
    scene.pass();
    scene.forget(BUCKET);
    let plan = scene.plan();
    let Hold::Unconfirmed { digest, loss } = plan.held[0].why.clone() else { panic!("{plan:#?}") };
    let (resource, who) = (id(BUCKET), "ada".to_owned());
    scene.append(Entry::Confirmed { resource, digest, loss: Some(loss), who });
    scene
}

/// What was confirmed has changed: nothing goes, and the confirmation is void for good.
#[track_caller]
fn check_lapsed(mut scene: Scene, after: impl FnOnce(&mut Scene)) {
    let live = scene.cloud.len();
    let steps = |plan: &Plan| plan.steps.iter().any(|step| matches!(step.action, Action::Delete { .. }));
    assert!(!steps(&scene.pass()), "another loss than the one that was confirmed");
    assert!(scene.recorded.confirmations.is_empty(), "{:#?}", scene.recorded.confirmations);
    after(&mut scene);
    assert!(!steps(&scene.pass()), "and it does not come back");
    assert_eq!(scene.cloud.len(), live);
}

#[test]
fn a_confirmation_holds_through_other_changes_and_commits() {
    let mut scene = confirmed();
    scene.wish(TOPIC, "DisplayName", json!("y"), code());
    scene.edit(BUCKET, "/PublicAccessBlockConfiguration", json!({"BlockPublicAcls": true}));
    let live = scene.cloud.len();
    scene.pass();
    scene.pass();
    assert_eq!((scene.cloud.len(), scene.recorded.confirmations.len()), (live - 1, 0), "gone as confirmed");
}

#[test]
fn a_confirmation_lapses_when_more_would_be_lost() {
    let mut scene = confirmed();
    scene.edit(BUCKET, "/VersioningConfiguration/Status", json!("Suspended"));
    check_lapsed(scene, |scene| {
        scene.edit(BUCKET, "/VersioningConfiguration/Status", json!("Enabled"));
    });
}

#[test]
fn a_confirmation_lapses_with_another_generation() {
    let mut scene = confirmed();
    let generations = scene.recorded.resources.get_mut(&id(BUCKET)).unwrap();
    let record = generations.remove(&1).unwrap();
    generations.insert(2, record);
    check_lapsed(scene, |_| {});
}

#[test]
fn a_confirmation_lapses_with_another_identifier() {
    let mut scene = confirmed();
    let identifier = scene.identifier(BUCKET);
    let live = scene.cloud.remove(&identifier).unwrap();
    scene.cloud.insert("another".to_owned(), live);
    let record = scene.recorded.resources.get_mut(&id(BUCKET)).unwrap().get_mut(&1).unwrap();
    std::sync::Arc::make_mut(record).identifier = Some("another".to_owned());
    check_lapsed(scene, |_| {});
}

#[test]
fn a_confirmation_lapses_with_another_resource_id() {
    let mut scene = confirmed();
    scene.append(Entry::Moved { from: id(BUCKET), to: id("bucket/invoices/bucket") });
    check_lapsed(scene, |_| {});
}
