//! Searches over a cloud in memory, and what the first passes make of what was found.

use std::collections::BTreeMap;

use agent_world::{Found, ReadError, Throttler};
use schema_catalog::Catalog;
use schema_documents::desired::Class;
use schema_documents::plan::Hold;
use schema_documents::recorded::{Choice, Recorded, Status};
use schema_documents::recovery::{Recovery, There};
use schema_documents::{Json, ResourceId};
use serde_json::json;

use super::{Inputs, Search, Trace, entries, is_confirmed, is_possible};
use crate::command::{Command, Event};
use crate::options::Limits;
use crate::scene::{Scene, code, id, keys, setting};

const TOPIC: &str = "topic/a/topic";
const QUEUE: &str = "topic/a/queue";
const SUBSCRIPTION: &str = "topic/a/subscription";
const BUCKET: &str = "bucket/files/bucket";
const BLOCK: &str = "/PublicAccessBlockConfiguration/BlockPublicAcls";

/// An app of four, live, and its journal lost.
fn lost() -> Scene {
    let arn = json!({"$ref": {"resource": TOPIC, "output": "/TopicArn"}});
    let endpoint = json!({"$ref": {"resource": QUEUE, "output": "/Arn"}});
    let block = json!({"BlockPublicAcls": true, "BlockPublicPolicy": true});
    let mut scene = Scene::new()
        .with(TOPIC, "AWS::SNS::Topic", json!({"DisplayName": "a"}))
        .with(QUEUE, "AWS::SQS::Queue", json!({"VisibilityTimeout": 60}))
        .with(
            SUBSCRIPTION,
            "AWS::SNS::Subscription",
            json!({"TopicArn": arn, "Protocol": "sqs", "Endpoint": endpoint}),
        )
        .with(BUCKET, "AWS::S3::Bucket", json!({"PublicAccessBlockConfiguration": block}));
    scene.pass();
    scene.recorded_before = std::mem::take(&mut scene.recorded);
    scene
}

/// What the cloud answers.
struct Clouds<'a> {
    scene: &'a Scene,
    kinds: &'a BTreeMap<String, String>,
    /// Questions that get this answer, by the start of their text.
    refused: Option<(&'a str, ReadError, usize)>,
}

impl Clouds<'_> {
    fn answer(&mut self, command: Command) -> Event {
        let text = format!("{command:?}");
        let mut error = None;
        if let Some((kind, refused, left)) = &mut self.refused
            && *left > 0
            && text.contains(*kind)
        {
            *left -= 1;
            error = Some(refused.clone());
        }
        let properties = |identifier: &str| self.scene.cloud.get(identifier).cloned();
        match command {
            Command::List { question, kind, .. } => {
                let all = self.kinds.iter().filter(|(_, of)| **of == kind);
                let found = all
                    .map(|(identifier, _)| Found { identifier: identifier.clone(), properties: Json::Null });
                Event::Listed { question, result: error.map_or_else(|| Ok(found.collect()), Err) }
            }
            Command::Read { question, identifier, .. } => {
                let result = error.map_or_else(|| Ok(properties(&identifier)), Err);
                Event::Read { question, result, began_at_ms: 7 }
            }
            Command::Wake { at_ms } => Event::Woke { at_ms },
            other => panic!("a search only asks: {other:?}"),
        }
    }
}

/// The kind of everything that is live, by identifier.
fn kinds(scene: &Scene) -> BTreeMap<String, String> {
    let records = scene.recorded_before.resources.values().flat_map(BTreeMap::values);
    let live = records.filter_map(|record| Some((record.identifier.clone()?, record.kind.clone())));
    let copies = scene.cloud.keys().filter_map(|key| {
        let of = key.strip_suffix("-copy")?;
        let record = scene.recorded_before.resources.values().flat_map(BTreeMap::values);
        let record = record.into_iter().find(|record| record.identifier.as_deref() == Some(of))?;
        Some((key.clone(), record.kind.clone()))
    });
    live.chain(copies).filter(|(identifier, _)| scene.cloud.contains_key(identifier)).collect()
}

fn search_told(
    scene: &Scene,
    told: BTreeMap<ResourceId, Option<String>>,
    refused: Option<(&str, ReadError, usize)>,
) -> Recovery {
    let mut search = Search::new(inputs(scene, told));
    execute(scene, &mut search, refused);
    search.recovery()
}

/// Answers until the search asks nothing more. How many lists and reads it asked for.
fn execute(scene: &Scene, search: &mut Search, refused: Option<(&str, ReadError, usize)>) -> (usize, usize) {
    let kinds = kinds(scene);
    let mut cloud = Clouds { scene, kinds: &kinds, refused };
    let mut now_ms = 1;
    let mut commands = search.step(Event::Started, now_ms);
    let (mut lists, mut reads) = (0, 0);
    while let Some(command) = commands.pop() {
        if let Command::Wake { at_ms } = command {
            now_ms = now_ms.max(at_ms);
        }
        lists += usize::from(matches!(command, Command::List { .. }));
        reads += usize::from(matches!(command, Command::Read { .. }));
        commands.extend(search.step(cloud.answer(command), now_ms));
    }
    (lists, reads)
}

fn inputs(scene: &Scene, told: BTreeMap<ResourceId, Option<String>>) -> Inputs {
    Inputs {
        desired: scene.desired.clone(),
        catalog: Catalog::builtin(),
        limits: Limits::default(),
        knows: Catalog::builtin().kinds().map(|kind| kind.name.clone()).collect(),
        told,
        digests: crate::digests::Digests::default(),
    }
}

fn trace(scene: &Scene, refused: Option<(&str, ReadError, usize)>) -> (Trace, (usize, usize)) {
    let mut search = Search::for_a_trace(inputs(scene, BTreeMap::new()));
    let asked = execute(scene, &mut search, refused);
    (search.trace(), asked)
}

fn search(scene: &Scene) -> Recovery {
    search_told(scene, BTreeMap::new(), None)
}

fn there(recovery: &Recovery, name: &str) -> There {
    let finding = recovery.findings.iter().find(|finding| finding.resource == id(name));
    finding.unwrap_or_else(|| panic!("{name}: {recovery:#?}")).there.clone()
}

/// The record that a person's word makes.
fn recover(scene: &mut Scene) -> Recovery {
    let recovery = search(scene);
    let digest = recovery.digest.clone().unwrap_or_else(|| panic!("{recovery:#?}"));
    assert!(is_confirmed(&recovery, &digest) && is_possible(&scene.recorded));
    for entry in entries(&recovery, Catalog::builtin(), "ada") {
        scene.append(entry);
    }
    assert!(!is_possible(&scene.recorded));
    recovery
}

#[test]
fn what_is_found_is_what_was_recorded_and_two_passes_do_nothing() {
    let mut scene = lost();
    recover(&mut scene);
    for (id, generations) in &scene.recorded_before.resources {
        let (before, now) = (&generations[&1], &scene.recorded.resources[id][&1]);
        assert_eq!((&before.identifier, &before.name), (&now.identifier, &now.name), "{id}");
        assert_eq!(before.depends_on, now.depends_on, "{id}");
    }
    for _ in 0..2 {
        assert!(scene.pass().is_empty());
    }
    let asked = |recorded: &Recorded| -> Vec<_> {
        let records = recorded.resources.values().flat_map(BTreeMap::values);
        records
            .flat_map(|record| record.fields.iter().map(|(path, field)| (path.clone(), field.asked.clone())))
            .collect()
    };
    let before = asked(&scene.recorded_before);
    let now = asked(&scene.recorded);
    assert!(before.iter().all(|field| now.contains(field)), "{before:#?}\n{now:#?}");
    scene.wish(TOPIC, "DisplayName", json!("b"), code());
    assert_eq!(keys(&scene.pass()), ["update topic/a/topic#1"], "from then on all is as it was");
}

#[test]
fn what_differs_is_an_open_edit_and_is_not_written_over_by_this_pass_or_the_next() {
    let mut scene = lost();
    let topic = scene.live_identifier(TOPIC);
    scene.cloud.get_mut(&topic).unwrap()["DisplayName"] = json!("edited");
    let queue = scene.live_identifier(QUEUE);
    scene.cloud.get_mut(&queue).unwrap().as_object_mut().unwrap().remove("VisibilityTimeout");
    recover(&mut scene);
    let plan = scene.pass();
    assert_eq!((plan.steps.len(), plan.imports.len()), (0, 2), "{plan:#?}");
    for _ in 0..3 {
        assert!(scene.pass().is_empty());
    }
    assert_eq!(scene.live(TOPIC)["DisplayName"], "edited");
    let imports =
        crate::import::open_imports(&scene.recorded, Catalog::builtin(), "shop", "production").imports;
    let open: Vec<_> = imports.iter().map(|import| (import.path.to_string(), import.to.clone())).collect();
    let removed = ("/VisibilityTimeout".to_owned(), None);
    assert_eq!(open, [removed, ("/DisplayName".to_owned(), Some(json!("edited")))]);
    scene.answer(TOPIC, "/DisplayName", Choice::Revert, Some(json!("edited")));
    scene.pass();
    assert_eq!(scene.live(TOPIC)["DisplayName"], "a");
}

#[test]
fn a_setting_that_differs_is_a_conflict_and_is_held() {
    let mut scene = lost();
    scene.wish(TOPIC, "DisplayName", json!("from the file"), setting());
    recover(&mut scene);
    let plan = scene.pass();
    assert_eq!((plan.steps.len(), plan.conflicts.len()), (0, 1), "{plan:#?}");
    for _ in 0..2 {
        assert!(scene.pass().steps.is_empty());
    }
    assert_eq!(scene.live(TOPIC)["DisplayName"], "a");
    scene.wish(TOPIC, "DisplayName", json!("a"), setting());
    assert!(scene.pass().is_empty());
}

#[test]
fn what_is_enforced_is_only_told_until_somebody_edits_it_again() {
    let mut scene = lost();
    let bucket = scene.live_identifier(BUCKET);
    let off = |scene: &mut Scene, value: bool| {
        scene.cloud.get_mut(&bucket).unwrap()["PublicAccessBlockConfiguration"]["BlockPublicAcls"] =
            json!(value);
    };
    off(&mut scene, false);
    recover(&mut scene);
    let plan = scene.pass();
    assert_eq!((plan.steps.len(), plan.imports[0].import.path.to_string()), (0, BLOCK.to_owned()));
    assert_eq!(scene.field(BUCKET, "/PublicAccessBlockConfiguration").class, Class::Enforced);
    for _ in 0..3 {
        assert!(scene.pass().is_empty());
    }
    scene.answer(BUCKET, BLOCK, Choice::Revert, Some(json!(false)));
    assert_eq!(keys(&scene.pass()), ["update bucket/files/bucket#1"]);
    scene.now_ms += crate::fold::FOUGHT_FOR_MS;
    off(&mut scene, false);
    assert_eq!(keys(&scene.pass()), ["update bucket/files/bucket#1"], "enforced from then on");
}

#[test]
fn of_several_none_is_taken_and_nothing_is_made_until_a_person_decides() {
    let mut scene = lost();
    let bucket = scene.live_identifier(BUCKET);
    scene.cloud.insert(format!("{bucket}-copy"), scene.cloud[&bucket].clone());
    let recovery = recover(&mut scene);
    assert!(matches!(there(&recovery, BUCKET), There::Several { identifiers } if identifiers.len() == 2));
    for _ in 0..2 {
        let plan = scene.pass();
        assert!(plan.steps.is_empty());
        assert!(matches!(plan.held[0].why, Hold::Ambiguous { .. }), "{plan:#?}");
    }
    let told = BTreeMap::from([(id(BUCKET), Some(bucket.clone()))]);
    let recovery = search_told(&scene, told, None);
    assert!(matches!(there(&recovery, BUCKET), There::One { identifier, .. } if identifier == bucket));
    assert_eq!(recovery.leftovers.len(), 1, "the other one is told");
    scene.answer(BUCKET, "", Choice::Revert, None);
    assert_eq!(keys(&scene.pass()), ["create bucket/files/bucket#2"], "a number that neither has");
}

#[test]
fn what_is_not_there_counts_as_gone() {
    let mut scene = lost();
    for name in [TOPIC, SUBSCRIPTION, BUCKET] {
        let identifier = scene.live_identifier(name);
        scene.cloud.remove(&identifier);
    }
    let recovery = recover(&mut scene);
    assert_eq!(there(&recovery, SUBSCRIPTION), There::Nothing {}, "below nothing there is nothing");
    assert_eq!(scene.status(BUCKET)[&1], Status::Gone);
    let plan = scene.pass();
    assert_eq!(keys(&plan), ["create topic/a/topic#2", "create topic/a/subscription#2"]);
    assert!(matches!(plan.held[0].why, Hold::StatefulGone));
}

#[test]
fn nothing_is_rebuilt_from_half_an_answer() {
    let scene = lost();
    let denied = || ReadError::Refused { code: "AccessDenied".to_owned(), message: "no".to_owned() };
    for question in ["AWS::S3::Bucket", "Read { question: "] {
        let recovery = search_told(&scene, BTreeMap::new(), Some((question, denied(), 1)));
        assert!(recovery.digest.is_none() && !recovery.unanswered.is_empty(), "{question}: {recovery:#?}");
    }
    let told = BTreeMap::from([(id(BUCKET), None)]);
    let recovery = search_told(&scene, told, Some(("AWS::S3::Bucket", denied(), 1)));
    assert_eq!(there(&recovery, BUCKET), There::Nothing {}, "a person says so");
    assert!(recovery.digest.is_some());
}

#[test]
fn a_question_that_is_not_answered_is_asked_again() {
    let scene = lost();
    let whole = search(&scene);
    for error in [
        ReadError::NoAnswer("late".to_owned()),
        ReadError::Throttled { retry_after_ms: 10, by: Throttler::Interface },
    ] {
        assert_eq!(search_told(&scene, BTreeMap::new(), Some(("", error, 5))), whole);
    }
    let silent = ReadError::NoAnswer("late".to_owned());
    let recovery = search_told(&scene, BTreeMap::new(), Some(("AWS::SQS::Queue", silent, 1_000)));
    assert!(recovery.unanswered.contains_key(&id(QUEUE)));
    assert!(recovery.unanswered.contains_key(&id(SUBSCRIPTION)), "it is known by the queue");
}

#[test]
fn where_nothing_of_the_environment_is_there_nothing_can_be_confirmed() {
    let mut scene = lost();
    scene.cloud.clear();
    let recovery = search(&scene);
    assert!(recovery.digest.is_none() && recovery.unanswered.is_empty());
}

/// Everything that is live is of another environment.
fn foreign() -> Scene {
    let mut scene = lost();
    for live in scene.cloud.values_mut() {
        for tag in live["Tags"].as_array_mut().into_iter().flatten() {
            if tag["Key"] == "manifest:environment" {
                tag["Value"] = json!("staging");
            }
        }
    }
    scene
}

#[test]
fn one_trace_tells_a_lost_journal_from_a_new_one() {
    let scene = lost();
    let denied = || ReadError::Refused { code: "AccessDenied".to_owned(), message: "no".to_owned() };
    let is_bucket = |trace: &Trace| matches!(trace, Trace::Something(found) if found.resource == BUCKET);
    assert!(is_bucket(&trace(&scene, None).0));
    let beside = trace(&scene, Some(("AWS::SNS::Topic", denied(), 1))).0;
    assert!(is_bucket(&beside), "what was not answered does not matter then: {beside:?}");
    let unknown = trace(&foreign(), Some(("AWS::SNS::Topic", denied(), 1))).0;
    assert!(matches!(unknown, Trace::Unknown { kind, .. } if kind == "AWS::SNS::Topic"));
}

/// Three kinds of the app carry tags; of what is live only the bucket's identifier has the name that ours would have.
#[test]
fn a_new_environment_costs_a_list_of_each_kind_and_reads_of_what_is_named_like_it() {
    assert_eq!(trace(&foreign(), None), (Trace::Nothing, (3, 1)));
}

#[test]
fn resources_of_other_environments_are_not_ours() {
    let scene = foreign();
    let recovery = search(&scene);
    assert_eq!(there(&recovery, TOPIC), There::Nothing {});
    assert!(recovery.leftovers.is_empty());
}

#[test]
fn a_word_is_for_one_list_whatever_was_edited_meanwhile() {
    let mut scene = lost();
    let digest = search(&scene).digest.unwrap();
    let topic = scene.live_identifier(TOPIC);
    scene.cloud.get_mut(&topic).unwrap()["DisplayName"] = json!("edited");
    assert!(is_confirmed(&search(&scene), &digest));
    scene.cloud.remove(&topic);
    assert!(!is_confirmed(&search(&scene), &digest));
}
