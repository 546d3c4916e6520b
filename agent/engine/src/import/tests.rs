//! Imports that wait.

use schema_catalog::Catalog;
use schema_documents::import::Import;
use serde_json::json;

use crate::scene::{Scene, code, rule, setting};

const QUEUE: &str = "topic/orders/queue";
const WEEK_MS: u64 = 7 * 24 * 3_600_000;

fn open(scene: &Scene) -> Vec<Import> {
    super::open_imports(&scene.recorded, Catalog::builtin(), "shop", "production").imports
}

#[test]
fn an_import_that_nobody_merges_for_weeks_stays_open_while_code_and_defaults_move_on() {
    let mut scene = Scene::new().with(QUEUE, "AWS::SQS::Queue", json!({"DelaySeconds": 5}));
    scene.wish(QUEUE, "VisibilityTimeout", json!(60), rule());
    scene.pass();
    scene.edit(QUEUE, "/VisibilityTimeout", json!(120));
    scene.pass();
    let told = open(&scene);
    assert_eq!(
        (told.len(), told[0].from.clone(), told[0].to.clone()),
        (1, Some(json!(60)), Some(json!(120)))
    );
    for week in 1..=6 {
        scene.now_ms += WEEK_MS;
        scene.wish(QUEUE, "VisibilityTimeout", json!(60 + week), rule());
        scene.wish(QUEUE, "DelaySeconds", json!(5 + week), code());
        assert!(scene.pass().conflicts.is_empty(), "a default says nothing against an edit");
        assert_eq!(scene.live(QUEUE)["DelaySeconds"], 5 + week, "the rest goes on");
        assert_eq!(open(&scene), told, "week {week}");
    }
    scene.wish(QUEUE, "VisibilityTimeout", json!(90), code());
    let plan = scene.pass();
    assert_eq!((plan.steps.len(), plan.conflicts.len()), (0, 1), "the code says something against it");
    assert_eq!(open(&scene), told);
    assert_eq!(scene.live(QUEUE)["VisibilityTimeout"], 120);

    scene.wish(QUEUE, "VisibilityTimeout", json!(120), setting());
    assert!(scene.pass().is_empty(), "merged at last");
    assert!(scene.plan().is_empty());
    assert_eq!(open(&scene), []);
}
