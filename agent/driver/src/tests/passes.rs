//! Whole passes.

use std::time::Duration;

use agent_engine::command::{Ended, Outcome};
use agent_engine::diff::Sightings;
use agent_engine::options::Limits;
use agent_engine::pass::{Mode, Published};
use schema_catalog::Catalog;
use schema_documents::desired::DesiredState;
use serde_json::json;
use tokio::sync::watch;

use super::World;
use crate::{Driver, DriverError, Progress, Reporter, Request, pass, reconcile};

/// A network of two, a database with a secret password, two topics.
fn desired() -> DesiredState {
    let origin = json!({"by": "declaration", "at": "shop.ts:1:1-1:2"});
    let vpc = json!({"$ref": {"resource": "network/main/vpc", "output": "/VpcId"}});
    let secret = json!({"$secret": {"reference": "db", "version": "1"}});
    let all = [
        ("network/main/vpc", "AWS::EC2::VPC", json!({"CidrBlock": "10.0.0.0/16"})),
        ("network/main/subnet", "AWS::EC2::Subnet", json!({"VpcId": vpc, "CidrBlock": "10.0.1.0/24"})),
        (
            "database/shop/instance",
            "AWS::RDS::DBInstance",
            json!({"Engine": "postgres", "MasterUserPassword": secret}),
        ),
        ("topic/a/topic", "AWS::SNS::Topic", json!({"DisplayName": "a"})),
        ("topic/b/topic", "AWS::SNS::Topic", json!({"DisplayName": "b"})),
    ];
    let resource = |(id, kind, properties): (&str, &str, serde_json::Value)| {
        let fields: serde_json::Map<_, _> = properties
            .as_object()
            .unwrap()
            .keys()
            .map(|name| (format!("/{name}"), json!({"class": "open", "origin": origin})))
            .collect();
        let resource = json!({
            "kind": kind, "stateful": false, "phase": "provision", "properties": properties,
            "origin": origin, "fields": fields,
        });
        (id.to_owned(), resource)
    };
    let resources: serde_json::Map<_, _> = all.into_iter().map(resource).collect();
    let document = json!({
        "format": "desired-state", "version": 1, "app": "shop", "edition": "2026.1", "approval": "automatic",
        "environment": {"name": "production", "type": "production", "cloud": "aws", "region": "eu-central-1"},
        "settle_seconds": 60, "resources": resources,
    });
    serde_json::from_value(document).unwrap()
}

pub(super) fn request(mode: Mode) -> Request {
    Request {
        desired: desired().into(),
        published: Published::default(),
        catalog: Catalog::builtin(),
        limits: Limits::default(),
        mode,
        sightings: Sightings::new(),
        attention: agent_engine::attention::Attention::default(),
    }
}

/// Nobody can stop this pass: the other end is gone.
async fn run(driver: &Driver, mode: Mode) -> Outcome {
    let (_, stop) = watch::channel(false);
    pass(driver, request(mode), &Reporter::silent(), stop).await.unwrap().outcome
}

fn assert_done(outcome: &Outcome) {
    assert_eq!(outcome.ended, Ended::Done);
    assert_eq!((outcome.failed.len(), outcome.skipped.len()), (0, 0), "{outcome:#?}");
}

pub(super) async fn assert_at_rest(world: &World) {
    tokio::time::sleep(Duration::from_hours(1)).await;
    let plan = run(&world.agent("c"), Mode::Plan).await.plan.unwrap();
    assert!(plan.is_empty(), "{plan:#?}");
    assert_eq!(world.cloud.resources().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn an_app_is_created_and_the_second_plan_is_empty() {
    let world = World::new();
    let (reporter, mut heard) = Reporter::channel();
    let (_sender, stop) = watch::channel(false);
    let report = pass(&world.agent("a"), request(Mode::Apply), &reporter, stop).await.unwrap();
    assert_done(&report.outcome);
    assert_eq!(report.outcome.succeeded.len(), 5);
    assert_at_rest(&world).await;
    let mut finished = 0;
    while let Ok(progress) = heard.try_recv() {
        finished += usize::from(matches!(progress, Progress::Succeeded { .. }));
    }
    assert_eq!(finished, 5);
}

#[tokio::test(start_paused = true)]
async fn a_secret_reaches_the_cloud_and_never_the_journal() {
    let world = World::new();
    assert_done(&run(&world.agent("a"), Mode::Apply).await);
    let databases = world.cloud.resources().into_iter().filter(|(kind, _)| kind == "AWS::RDS::DBInstance");
    let passwords: Vec<_> =
        databases.map(|(_, properties)| properties["MasterUserPassword"].clone()).collect();
    assert_eq!(passwords, [json!("hunter2-hunter2")]);
    for bytes in world.store.objects.lock().unwrap().values() {
        assert!(!String::from_utf8_lossy(bytes).contains("hunter2"));
    }
}

#[tokio::test(start_paused = true)]
async fn planning_writes_nothing() {
    let world = World::new();
    let plan = run(&world.agent("a"), Mode::Plan).await.plan.unwrap();
    assert_eq!((plan.steps.len(), world.store.len(), world.cloud.calls()), (5, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_idle_environment_is_never_written_to() {
    let world = World::new();
    let agent = world.agent("a");
    let silent = Reporter::silent();
    let (_sender, stop) = watch::channel(false);
    let first = reconcile(&agent, request(Mode::Apply), &silent, stop.clone()).await.unwrap();
    assert_eq!(first.outcome.succeeded.len(), 5);
    let batches = world.store.len();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_mins(10)).await;
        let report = reconcile(&agent, request(Mode::Apply), &silent, stop.clone()).await.unwrap();
        assert!(report.outcome.plan.unwrap().is_empty());
    }
    assert_eq!(world.store.len(), batches);
}

#[tokio::test(start_paused = true)]
async fn entries_that_become_ready_together_share_a_batch() {
    let world = World::new();
    assert_done(&run(&world.agent("a"), Mode::Apply).await);
    // Five resources have five or six entries each.
    assert!(world.store.len() <= 16, "{}", world.store.len());
}

#[tokio::test(start_paused = true)]
async fn an_agent_killed_at_any_time_is_followed_by_one_that_finishes_its_work() {
    for killed_at_ms in (0..1_500).step_by(25) {
        let world = World::new();
        let agent = world.agent("a");
        let killed =
            tokio::time::timeout(Duration::from_millis(killed_at_ms), run(&agent, Mode::Apply)).await;
        drop(killed);
        let outcome = run(&world.agent("b"), Mode::Apply).await;
        assert_done(&outcome);
        assert_at_rest(&world).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_is_made_again_with_its_token() {
    let world = World::new();
    *world.cloud.hangs.lock().unwrap() = 2;
    assert_done(&run(&world.agent("a"), Mode::Apply).await);
    assert_at_rest(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_lets_what_is_in_flight_end_and_begins_nothing() {
    let world = World::new();
    let agent = world.agent("a");
    let (sender, stop) = watch::channel(false);
    let running =
        tokio::spawn(async move { pass(&agent, request(Mode::Apply), &Reporter::silent(), stop).await });
    tokio::time::sleep(Duration::from_millis(60)).await;
    sender.send(true).unwrap();
    let report = running.await.unwrap().unwrap();
    assert_eq!(report.outcome.ended, Ended::Stopped);
    assert!(!report.outcome.succeeded.is_empty() && !report.outcome.skipped.is_empty());
    assert!(report.recorded.open.is_empty());
    assert_done(&run(&world.agent("a"), Mode::Apply).await);
    assert_at_rest(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_the_lease_can_be_stopped() {
    let world = World::new();
    let agent = world.agent("a");
    let killed = tokio::time::timeout(Duration::from_millis(100), run(&agent, Mode::Apply)).await;
    assert!(killed.is_err());
    let (_sender, stop) = watch::channel(true);
    let stopped = pass(&world.agent("b"), request(Mode::Apply), &Reporter::silent(), stop).await;
    assert!(matches!(stopped, Err(DriverError::StoppedWaiting { .. })));
}
