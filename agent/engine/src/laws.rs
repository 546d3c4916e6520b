//! The laws of the merge, over random cases: a record with both memories, a document and a live resource, put together
//! from every kind of merge unit that the catalogue knows.
//!
//! `LAWS_CASES` says over how many cases a run goes, an equal share for each law; `just laws` takes a million. A run also
//! counts how often each rule of the table was used, and fails when one never was.

mod case;
mod owners;
mod specimen;
mod table;

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use schema_catalog::Catalog;
use schema_documents::plan::Plan;

use crate::merge::Decision;
use crate::scene::Scene;
use case::{Case, case, end, is_to_be_told, merge, outcome, record};
use table::{RULES, rule};

/// The laws below.
const LAWS: u32 = 8;

/// A run over this many cases, always the same ones, so that all tests together stay quick; or over its share of as many
/// others as somebody asks for.
fn runner(usual: u32) -> TestRunner {
    let asked: Option<u32> = std::env::var("LAWS_CASES").ok().and_then(|cases| cases.parse().ok());
    let config = |cases| Config { failure_persistence: None, ..Config::with_cases(cases) };
    match asked {
        Some(cases) => TestRunner::new(config(cases.div_ceil(LAWS))),
        None => TestRunner::new_with_rng(config(usual), TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    }
}

/// Checks a law over random cases, and shows the smallest one that breaks it.
#[track_caller]
fn check(usual: u32, law: impl Fn(&Case) -> Result<(), String>) {
    let outcome = runner(usual).run(&case(), |case| law(&case).map_err(TestCaseError::fail));
    if let Err(broken) = outcome {
        panic!("{broken}");
    }
}

fn holds(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

#[test]
fn every_field_is_decided_by_the_first_rule_of_the_table_that_fits_it_whatever_lies_beside_it() {
    let used: RefCell<BTreeMap<&str, u64>> = RefCell::default();
    check(1_500, |case| {
        let decided = case.decisions();
        for (unit, state) in case.units() {
            let expected = rule(&case.facts(unit, state));
            *used.borrow_mut().entry(expected.name).or_default() += 1;
            let found = decided.get(&unit.path());
            let quiet = [Decision::Waiting, Decision::Known, Decision::InStep, Decision::Released];
            let same = found.map_or_else(|| quiet.contains(&expected.then), |found| *found == expected.then);
            holds(same, || {
                format!("{}: rule `{}` says {:?}, found {found:?}", unit.path, expected.name, expected.then)
            })?;
        }
        Ok(())
    });
    let used = used.into_inner();
    for rule in RULES {
        let times = used.get(rule.name).copied().unwrap_or(0);
        println!("{times:>9}  {}", rule.name);
        assert!(times > 0, "no case came to the rule `{}`", rule.name);
    }
}

#[test]
fn no_edit_is_written_over_unless_the_document_names_it_or_enforces_the_field() {
    check(400, |case| {
        let written = case.scene().plan();
        for (unit, state) in case.units().filter(|(unit, _)| writes(&written, &unit.path().to_string())) {
            let asked_for = case.names_the_live_value(unit, state) || case.enforces(unit, state);
            holds(!case.is_edited(unit, state) || asked_for, || format!("{} is written over", unit.path))?;
        }
        holds(!case.attached || written.steps.is_empty(), || "what was found is written to".to_owned())
    });
}

fn writes(plan: &Plan, path: &str) -> bool {
    use schema_documents::plan::Action;
    let changes = plan.steps.iter().flat_map(|step| match &step.action {
        Action::Update { changes, .. } => changes.as_slice(),
        Action::Create { .. } | Action::Delete { .. } | Action::Import { .. } => &[],
    });
    changes.into_iter().any(|change| change.path.to_string() == path)
}

#[test]
fn what_is_wished_and_live_is_in_step_and_is_remembered_so() {
    check(150, |case| {
        let mut scene = case.in_step().scene();
        let plan = scene.pass();
        holds(plan.steps.is_empty() && plan.conflicts.is_empty(), || format!("{plan:#?}"))?;
        let wished =
            |(unit, state): &(&specimen::UnitOf, &case::State)| unit.is_readable() && state.is_wished();
        for (unit, _) in case.in_step().units().filter(wished) {
            let field = record(&scene, unit);
            let settled = field.is_some_and(|field| field.edit.is_none_or(|edit| edit.reverted));
            holds(settled, || format!("{} is not settled", unit.path))?;
        }
        Ok(())
    });
}

/// Passes that find and do all that there is to find and do: the first may not have been able to read.
fn come_to_rest(scene: &mut Scene) {
    scene.pass();
    scene.pass();
}

#[test]
fn a_pass_after_all_was_done_does_and_learns_nothing() {
    check(150, |case| {
        let mut scene = case.scene();
        come_to_rest(&mut scene);
        let (plan, learnt) = scene.clone().look_again();
        holds(plan.steps.is_empty() && plan.imports.is_empty(), || format!("{plan:#?}"))?;
        holds(learnt.is_empty(), || format!("{learnt:#?}"))
    });
}

#[test]
fn what_becomes_of_a_field_does_not_depend_on_the_fields_beside_it() {
    check(80, |case| {
        let mut together = case.scene();
        come_to_rest(&mut together);
        for (index, (unit, _)) in case.units().enumerate() {
            let alone = case.alone(index);
            let mut scene = alone.scene();
            come_to_rest(&mut scene);
            let (one, other) = (end(&together, unit), end(&scene, unit));
            holds(one == other, || format!("{}: {one:#?} beside others, {other:#?} alone", unit.path))?;
        }
        Ok(())
    });
}

#[test]
fn the_owner_of_a_field_changes_only_as_the_table_allows() {
    check(150, |case| {
        let decided = case.decisions();
        let mut scene = case.scene();
        let plan = scene.pass();
        for (unit, state) in case.units() {
            let Some(decision) = decided.get(&unit.path()) else { continue };
            let after = record(&scene, unit).map(|field| field.owner);
            let written = writes(&plan, &unit.path().to_string());
            let allowed = owners::allows(*decision, written, state.owner(), after);
            holds(allowed, || format!("{}: {decision:?}: {:?} to {after:?}", unit.path, state.owner()))?;
        }
        Ok(())
    });
}

#[test]
fn passes_between_what_happens_and_a_later_wish_change_nothing() {
    check(100, |case| {
        let mut with = case.readable().scene();
        come_to_rest(&mut with);
        let mut without = with.clone();
        for scene in [&mut with, &mut without] {
            case.edit_again(scene);
        }
        come_to_rest(&mut with);
        for scene in [&mut with, &mut without] {
            case.wish_again(scene);
            come_to_rest(scene);
        }
        // What is enforced goes back by itself, and is fought over by the clock.
        let plain = |(unit, state): &(&specimen::UnitOf, &case::State)| {
            unit.is_readable() && !unit.is_closed() && !state.is_enforced()
        };
        for (unit, _) in case.units().filter(plain) {
            let (one, other) = (outcome(&with, unit), outcome(&without, unit));
            holds(one == other, || {
                format!("{}: {one:#?} with passes between, {other:#?} without", unit.path)
            })?;
        }
        Ok(())
    });
}

#[test]
fn every_open_edit_is_told_and_merging_them_ends_in_an_empty_plan_without_a_write() {
    check(120, |case| {
        let mut scene = case.known().scene();
        come_to_rest(&mut scene);
        let live = scene.cloud.clone();
        let imports = |scene: &Scene| {
            crate::import::open_imports(&scene.recorded, Catalog::builtin(), "shop", "production").imports
        };
        let told = imports(&scene);
        for (unit, _) in case.units() {
            let is_told = told.iter().any(|import| import.path == unit.path());
            holds(is_told == is_to_be_told(&scene, unit), || format!("{} is told: {is_told}", unit.path))?;
        }
        for import in told {
            merge(&mut scene, &import);
        }
        scene.pass();
        holds(scene.cloud == live, || format!("it was written: {:#?}", scene.cloud))?;
        let plan = scene.plan();
        holds(plan.steps.is_empty() && plan.imports.is_empty(), || format!("{plan:#?}"))?;
        let left = imports(&scene);
        holds(left.is_empty(), || format!("still open: {left:#?}"))
    });
}
