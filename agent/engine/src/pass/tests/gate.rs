//! Deployments: what has to be healthy before it counts, and what becomes of it if it is not.

use agent_world::Readiness;
use schema_documents::desired::DesiredState;
use schema_documents::journal::Entry;
use schema_documents::plan::{Hold, Reason};
use schema_documents::recorded::Status;
use serde_json::json;

use super::cloud::GivesUp;
use super::comes_to_rest_at;
use super::world::{Crash, World, app};
use crate::command::{Note, Outcome};
use crate::pass::{GONE, Mode, UNHEALTHY};

const TASK: &str = "compute/all/task-definition";
const SERVICE: &str = "compute/all/service";

/// A process that runs this image.
fn process(image: &str) -> DesiredState {
    let task = json!({"$ref": {"resource": TASK, "output": "/TaskDefinitionArn"}});
    let mut desired = app([
        (
            TASK,
            "AWS::ECS::TaskDefinition",
            json!({"ContainerDefinitions": [{"Name": "app", "Image": image}]}),
        ),
        (SERVICE, "AWS::ECS::Service", json!({"Cluster": "c", "TaskDefinition": task})),
    ]);
    for resource in desired.resources.values_mut() {
        resource.phase = schema_documents::desired::Phase::Deploy;
    }
    desired
}

fn world() -> World {
    let mut world = World::new();
    world.limits.lag_percent = 0;
    world
}

/// A world in which one image runs, and another one is about to be deployed that never becomes healthy.
fn sick_after_one(gives_up: GivesUp) -> World {
    let mut world = world();
    let outcome = world.run(&process("one"), Mode::Apply);
    assert_eq!(outcome.failed, []);
    // The task definition that is made next.
    world.cloud.sick.insert(next_task(&world), gives_up);
    world
}

fn next_task(world: &World) -> String {
    format!("AWS-ECS-TaskDefinition-{}", world.cloud.calls + 1)
}

fn runs(world: &World) -> String {
    let (_, service) = world.cloud.resources.values().find(|(kind, _)| kind == "AWS::ECS::Service").unwrap();
    service["TaskDefinition"].as_str().unwrap().to_owned()
}

/// The generation that serves.
fn generation(world: &World) -> u32 {
    world.recorded().current(&SERVICE.parse().unwrap()).expect("it is recorded").0
}

/// Somebody deletes it, and no read shows it any more.
fn delete_service(world: &mut World) {
    world.cloud.resources.retain(|_, (kind, _)| kind != "AWS::ECS::Service");
    world.wait(3_600_000);
}

fn tasks(world: &World) -> usize {
    world.cloud.resources.values().filter(|(kind, _)| kind == "AWS::ECS::TaskDefinition").count()
}

fn holds(outcome: &Outcome) -> Vec<(String, Hold)> {
    let plan = outcome.plan.as_ref().unwrap();
    plan.held.iter().map(|held| (held.resource.to_string(), held.why.clone())).collect()
}

#[track_caller]
fn assert_unhealthy(outcome: &Outcome) {
    let codes: Vec<&str> = outcome.failed.iter().map(|failed| failed.code.as_str()).collect();
    assert_eq!(codes, [UNHEALTHY], "{:?}", outcome.failed);
}

#[test]
fn a_deployment_is_done_when_it_is_healthy_and_the_old_one_goes_after_that() {
    let mut world = world();
    world.run(&process("one"), Mode::Apply);
    world.cloud.not_yet = 3;
    world.log.clear();
    let outcome = world.run(&process("two"), Mode::Apply);
    assert_eq!((outcome.failed.len(), outcome.skipped.len(), tasks(&world)), (0, 0, 1));
    let told = world.notes.iter().filter(|note| matches!(note, Note::NotYet { .. })).count();
    assert_eq!(told, 3, "{:?}", world.notes);
    let at = |words: &str| world.log.iter().position(|line| line.contains(words)).unwrap();
    let last_probe = world.log.iter().rposition(|line| line.starts_with("Probe")).unwrap();
    assert!(at("Gated") < last_probe && last_probe < at("Delete {"), "{:#?}", world.log);
}

#[test]
fn a_gate_that_says_once_that_it_failed_is_not_believed() {
    let mut world = world();
    world.run(&process("one"), Mode::Apply);
    for (image, says) in [
        ("two", Readiness::Failed { words: "another one runs".to_owned() }),
        ("three", Readiness::Gone { words: "it is not known".to_owned() }),
    ] {
        world.cloud.lags = Some(says);
        assert_eq!(world.run(&process(image), Mode::Apply).failed, []);
        assert!(world.recorded().setbacks.is_empty() && world.cloud.lags.is_none());
    }
    assert_eq!(generation(&world), 1, "it was never made again");
}

#[test]
fn what_a_service_may_run_is_not_deleted_while_no_read_tells_what_it_runs() {
    let mut world = World::new();
    world.run(&process("one"), Mode::Apply);
    let service = |world: &World| {
        let mut all = world.cloud.resources.iter();
        let found = all.find(|(_, (kind, _))| kind == "AWS::ECS::Service");
        found.map(|(identifier, (_, live))| (identifier.clone(), live.clone())).unwrap()
    };
    let before = service(&world);
    world.run(&process("two"), Mode::Apply);
    world.cloud.stale.extend([before]);
    let outcome = world.run(&process("three"), Mode::Apply);
    let task = runs(&world);
    assert!(world.cloud.resources.contains_key(&task), "{:#?}", outcome.plan);
    let held = outcome.plan.unwrap().held;
    assert!(held.iter().any(|held| held.message.contains("may still use it")), "{held:#?}");
    world.cloud.stale.clear();
    world.wait(3_600_000);
    comes_to_rest_at(&mut world, &process("three"));
    assert_eq!(tasks(&world), 1);
}

#[test]
fn a_gate_that_contradicts_itself_is_asked_until_its_time_is_over() {
    let mut world = world();
    world.run(&process("one"), Mode::Apply);
    let (failed, gone) = (
        Readiness::Failed { words: "tasks failed to start".to_owned() },
        Readiness::Gone { words: "it is not known".to_owned() },
    );
    world.cloud.says = vec![failed, gone];
    world.limits.deploy_ms = Some(60_000);
    let began_ms = world.now_ms;
    let outcome = world.run(&process("two"), Mode::Apply);
    assert_eq!(outcome.failed.len(), 1, "{:?}", outcome.failed);
    assert!(world.now_ms - began_ms >= 60_000);
}

#[test]
fn of_a_replacement_that_failed_the_former_one_is_told_to_run() {
    let mut world = world();
    world.run(&process("one"), Mode::Apply);
    let mut other = process("one");
    let service = other.resources.get_mut(&SERVICE.parse().unwrap()).unwrap();
    service.properties.insert("Cluster".to_owned(), "other".into());
    let task = runs(&world);
    world.cloud.sick.insert(task, GivesUp::Says);
    assert_unhealthy(&world.run(&other, Mode::Apply));
    let plan = world.run(&other, Mode::Apply).plan.unwrap();
    let words = &plan.held.iter().find(|held| held.why == Hold::SetBack).expect("it is held").message;
    assert!(words.contains("what it was to replace runs"), "{words}");
    assert_eq!(generation(&world), 1);
}

#[test]
fn what_goes_while_it_waits_at_its_gate_is_made_again_at_once_and_has_not_failed() {
    let mut world = world();
    world.run(&process("one"), Mode::Apply);
    world.cloud.goes_at_gate = true;
    let outcome = world.run(&process("two"), Mode::Apply);
    let codes: Vec<&str> = outcome.failed.iter().map(|failed| failed.code.as_str()).collect();
    assert_eq!((codes, world.recorded().setbacks.len()), (vec![GONE], 0));
    let again = world.run(&process("two"), Mode::Apply);
    let reasons: Vec<Reason> = again.plan.unwrap().steps.iter().map(|step| step.reason.clone()).collect();
    assert!(reasons.contains(&Reason::Gone), "{reasons:?}");
    assert_eq!((again.failed.len(), tasks(&world), generation(&world)), (0, 1, 2));
    assert!(world.run(&process("two"), Mode::Plan).plan.unwrap().is_empty());
}

#[test]
fn a_creation_that_goes_while_it_waits_at_its_gate_is_attempted_anew() {
    let mut world = world();
    world.cloud.goes_at_gate = true;
    let outcome = world.run(&process("one"), Mode::Apply);
    assert_eq!((outcome.failed.len(), world.recorded().setbacks.len(), generation(&world)), (0, 0, 1));
    world.cloud.assert_one_of_each(&process("one"));
    assert!(world.run(&process("one"), Mode::Plan).plan.unwrap().is_empty());
}

#[test]
fn what_goes_after_its_deployment_failed_is_made_again_as_it_was_healthy_last() {
    let mut world = sick_after_one(GivesUp::Says);
    let good = runs(&world);
    assert_unhealthy(&world.run(&process("two"), Mode::Apply));
    world.run(&process("two"), Mode::Apply);
    for nth in 2..4 {
        delete_service(&mut world);
        let made = world.run(&process("two"), Mode::Apply);
        assert_eq!(made.failed, []);
        assert_eq!((runs(&world), generation(&world), tasks(&world)), (good.clone(), nth, 2));
        let rest = world.run(&process("two"), Mode::Apply);
        assert!(rest.plan.as_ref().unwrap().steps.is_empty(), "what failed is not tried again");
        assert!(holds(&rest).contains(&(SERVICE.to_owned(), Hold::SetBack)), "{:?}", holds(&rest));
    }
    let done = world.run(&process("three"), Mode::Apply);
    assert_eq!((done.failed.len(), tasks(&world), world.recorded().setbacks.len()), (0, 1, 0));
}

#[test]
fn what_was_deployed_to_what_is_gone_and_fails_goes_back_to_what_was_healthy_before_that() {
    let mut world = sick_after_one(GivesUp::Says);
    let good = runs(&world);
    world.cloud.goes_at_gate = true;
    world.run(&process("two"), Mode::Apply);
    assert_unhealthy(&world.run(&process("two"), Mode::Apply));
    let back = world.run(&process("two"), Mode::Apply);
    assert_eq!(back.failed, []);
    assert_eq!((runs(&world), generation(&world)), (good.clone(), 3));
    assert_eq!(world.cloud.resources.values().filter(|(kind, _)| kind == "AWS::ECS::Service").count(), 1);
    let rest = world.run(&process("two"), Mode::Apply);
    assert!(rest.plan.unwrap().steps.is_empty());
    assert_eq!((runs(&world), tasks(&world)), (good, 2));
}

#[test]
fn what_cannot_be_made_again_as_it_was_healthy_waits_for_another_document() {
    let mut world = sick_after_one(GivesUp::Says);
    let good = runs(&world);
    assert_unhealthy(&world.run(&process("two"), Mode::Apply));
    world.run(&process("two"), Mode::Apply);
    delete_service(&mut world);
    world.cloud.sick.insert(good, GivesUp::Says);
    assert_unhealthy(&world.run(&process("two"), Mode::Apply));
    world.run(&process("two"), Mode::Apply);
    let calls = world.cloud.calls;
    for _ in 0..3 {
        world.wait(3_600_000);
        let rest = world.run(&process("two"), Mode::Apply);
        assert!(holds(&rest).contains(&(SERVICE.to_owned(), Hold::SetBack)), "{:?}", holds(&rest));
    }
    assert_eq!(world.cloud.calls, calls);
    let done = world.run(&process("three"), Mode::Apply);
    assert_eq!((done.failed.len(), tasks(&world), world.recorded().setbacks.len()), (0, 1, 0));
}

#[test]
fn a_failed_deployment_goes_back_to_what_was_healthy_and_is_not_tried_again() {
    for gives_up in [GivesUp::Says, GivesUp::Never] {
        let mut world = sick_after_one(gives_up);
        let good = runs(&world);
        assert_unhealthy(&world.run(&process("two"), Mode::Apply));
        assert_ne!(runs(&world), good);
        assert_eq!(tasks(&world), 2, "what it goes back to is not deleted");

        let back = world.run(&process("two"), Mode::Apply);
        let plan = back.plan.as_ref().unwrap();
        assert_eq!(plan.steps.iter().map(|step| &step.reason).collect::<Vec<_>>(), [&Reason::SetBack]);
        assert_eq!((runs(&world), tasks(&world)), (good.clone(), 2));
        assert!(holds(&back).contains(&(SERVICE.to_owned(), Hold::SetBack)), "{:?}", holds(&back));

        let calls = world.cloud.calls;
        for _ in 0..3 {
            let rest = world.run(&process("two"), Mode::Apply);
            assert!(holds(&rest).contains(&(SERVICE.to_owned(), Hold::SetBack)));
            world.wait(10 * 3_600_000);
        }
        assert_eq!((world.cloud.calls, runs(&world)), (calls, good), "nothing more is tried");

        let done = world.run(&process("three"), Mode::Apply);
        assert_eq!((done.failed.len(), done.skipped.len(), tasks(&world)), (0, 0, 1), "both old ones go");
        assert!(world.recorded().setbacks.is_empty());
        assert!(world.run(&process("three"), Mode::Plan).plan.unwrap().is_empty());
    }
}

#[test]
fn that_the_cloud_goes_back_by_itself_is_no_edit() {
    let mut world = sick_after_one(GivesUp::Says);
    let good = runs(&world);
    assert_unhealthy(&world.run(&process("two"), Mode::Apply));
    world.cloud.edit("AWS::ECS::Service", "/TaskDefinition", good.clone());
    let rest = world.run(&process("two"), Mode::Apply);
    let plan = rest.plan.as_ref().unwrap();
    assert!(plan.steps.is_empty() && plan.imports.is_empty() && plan.conflicts.is_empty(), "{plan:#?}");
    assert!(!world.entries.iter().any(|(entry, _)| matches!(entry, Entry::Edited { .. })));
    let done = world.run(&process("three"), Mode::Apply);
    assert_eq!((done.failed.len(), tasks(&world)), (0, 1));
}

#[test]
fn another_document_with_the_same_image_tries_it_again_and_so_does_a_person() {
    let mut world = sick_after_one(GivesUp::Says);
    let good = runs(&world);
    assert_unhealthy(&world.run(&process("two"), Mode::Apply));
    // Before it went back, and for another document: what is live is what is wished, and has not passed its gate.
    let mut other = process("two");
    other.settle_seconds += 1;
    assert_unhealthy(&world.run(&other, Mode::Apply));
    world.run(&other, Mode::Apply);
    assert_eq!(runs(&world), good);

    world.cloud.sick.clear();
    assert!(world.run(&other, Mode::Apply).succeeded.is_empty());
    world.append(Entry::Retried { resource: SERVICE.parse().unwrap(), who: "ada".to_owned() });
    let done = world.run(&other, Mode::Apply);
    assert_eq!((done.failed.len(), tasks(&world)), (0, 1));
    assert!(world.recorded().setbacks.is_empty());
}

#[test]
fn a_first_deployment_that_fails_leaves_nothing_and_waits_for_another_document() {
    let mut world = world();
    world.cloud.sick.insert(next_task(&world), GivesUp::Says);
    assert_unhealthy(&world.run(&process("one"), Mode::Apply));
    world.run(&process("one"), Mode::Apply);
    assert!(world.cloud.resources.values().all(|(kind, _)| kind != "AWS::ECS::Service"));
    let rest = world.run(&process("one"), Mode::Apply);
    assert_eq!(holds(&rest), [(SERVICE.to_owned(), Hold::SetBack)]);
    let done = world.run(&process("two"), Mode::Apply);
    assert_eq!((done.failed.len(), tasks(&world)), (0, 1));
    let (_, record) =
        world.recorded().current(&SERVICE.parse().unwrap()).map(|(n, r)| (n, r.clone())).unwrap();
    assert_eq!(record.status, Status::Live);
}

#[test]
fn a_crash_anywhere_at_a_gate_ends_like_no_crash() {
    for gives_up in [None, Some(GivesUp::Says)] {
        let mut at = 0;
        loop {
            let (done, executed) = (at % 2 == 1, at / 2);
            let mut world = world();
            world.run(&process("one"), Mode::Apply);
            let good = runs(&world);
            world.cloud.sick.extend(gives_up.map(|gives_up| (next_task(&world), gives_up)));
            world.cloud.not_yet = 2;
            let crash = Some(Crash { at: executed, done });
            let outcome = world.run_until(&process("two"), Mode::Apply, crash);
            for _ in 0..3 {
                world.run(&process("two"), Mode::Apply);
            }
            assert_eq!(world.recorded().open.len(), 0);
            match gives_up {
                None => assert_eq!((tasks(&world), runs(&world) != good), (1, true), "{at}"),
                Some(_) => assert_eq!((tasks(&world), runs(&world)), (2, good), "{at}"),
            }
            if outcome.is_some() {
                break;
            }
            at += 1;
        }
        assert!(at > 20, "{at}");
    }
}

#[test]
fn a_crash_anywhere_while_it_is_gone_at_its_gate_ends_like_no_crash() {
    for is_first in [true, false] {
        let mut at = 0;
        loop {
            let mut world = world();
            if !is_first {
                world.run(&process("one"), Mode::Apply);
            }
            world.cloud.goes_at_gate = true;
            let crash = Some(Crash { at: at / 2, done: at % 2 == 1 });
            let outcome = world.run_until(&process("two"), Mode::Apply, crash);
            // Where the crash came before the gate, it goes at the next one.
            for _ in 0..3 {
                world.wait(3_600_000);
                world.run(&process("two"), Mode::Apply);
            }
            let recorded = world.recorded();
            assert_eq!((recorded.open.len(), recorded.setbacks.len(), tasks(&world)), (0, 0, 1), "{at}");
            world.cloud.assert_one_of_each(&process("two"));
            assert!(world.run(&process("two"), Mode::Plan).plan.unwrap().is_empty(), "{at}");
            if outcome.is_some() {
                break;
            }
            at += 1;
        }
        assert!(at > 20, "{at}");
    }
}

#[test]
fn a_crash_anywhere_while_it_is_made_again_as_it_was_healthy_ends_like_no_crash() {
    let mut at = 0;
    loop {
        let mut world = sick_after_one(GivesUp::Says);
        let good = runs(&world);
        world.run(&process("two"), Mode::Apply);
        delete_service(&mut world);
        let crash = Some(Crash { at: at / 2, done: at % 2 == 1 });
        let outcome = world.run_until(&process("two"), Mode::Apply, crash);
        for _ in 0..3 {
            world.wait(3_600_000);
            world.run(&process("two"), Mode::Apply);
        }
        assert_eq!((runs(&world), tasks(&world), world.recorded().open.len()), (good, 2, 0), "{at}");
        assert!(world.recorded().setbacks[&SERVICE.parse().unwrap()].again.is_none(), "{at}");
        if outcome.is_some() {
            break;
        }
        at += 1;
    }
    assert!(at > 20, "{at}");
}

#[test]
fn a_gate_without_an_answer_stays_open_and_counts_from_when_it_was_reached() {
    let mut world = sick_after_one(GivesUp::Never);
    let gate = |world: &World| {
        let open = world.recorded().open.into_values().next().map(|open| open.gated_at_ms);
        open.flatten()
    };
    let probes = |world: &World| world.log.iter().filter(|line| line.starts_with("Probe")).count();
    // Dies at its gate.
    let at = (0..200).find(|at| {
        let mut other = sick_after_one(GivesUp::Never);
        other.run_until(&process("two"), Mode::Apply, Some(Crash { at: *at, done: true }));
        gate(&other).is_some()
    });
    let at = at.expect("it comes to its gate");
    world.run_until(&process("two"), Mode::Apply, Some(Crash { at, done: true }));
    let since_ms = gate(&world).expect("it is at its gate");
    world.wait(3 * 3_600_000);
    world.log.clear();
    world.run(&process("two"), Mode::Apply);
    assert_eq!(gate(&world), None, "its time was over long ago: {since_ms}");
    assert!(probes(&world) >= 1 && world.recorded().setbacks.len() == 1);
}

#[test]
fn every_deployment_waits_for_every_migration() {
    let mut desired = process("one");
    let topic = json!({"DisplayName": "stands for a migration"});
    let mut migration = app([("topic/a/topic", "AWS::SNS::Topic", topic)]).resources;
    for resource in migration.values_mut() {
        resource.phase = schema_documents::desired::Phase::Migrate;
    }
    desired.resources.append(&mut migration);
    let mut world = world();
    let plan = world.run(&desired, Mode::Plan).plan.unwrap();
    let order: Vec<&str> = plan.steps.iter().map(|step| step.key.0.as_str()).collect();
    assert_eq!(
        order,
        ["create topic/a/topic#1", "create compute/all/task-definition#1", "create compute/all/service#1"]
    );
    assert!(plan.steps[1..].iter().all(|step| step.after.contains(&plan.steps[0].key)));
    world.cloud.reject = Some("AWS::SNS::Topic".to_owned());
    world.run(&desired, Mode::Apply);
    assert!(world.cloud.resources.is_empty(), "nothing is deployed when a migration has failed");
}

#[test]
fn a_plan_asks_a_gate_once_and_writes_nothing() {
    let mut world = sick_after_one(GivesUp::Never);
    world.run_until(&process("two"), Mode::Apply, None);
    let recorded = world.recorded();
    assert_eq!(recorded.setbacks.len(), 1);
    let before = world.entries.len();
    let plan = world.run(&process("two"), Mode::Plan).plan.unwrap();
    assert_eq!((plan.steps.len(), world.entries.len()), (1, before));
    assert!(matches!(&plan.steps[0].reason, Reason::SetBack));
}
