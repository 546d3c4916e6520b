//! What a narrow pass reads, and what it never concludes from what it did not read.

use std::collections::BTreeSet;

use schema_documents::desired::DesiredState;
use schema_documents::environment::{Approval, Moved};
use schema_documents::journal::Entry;
use schema_documents::plan::Hold;
use schema_documents::{FieldPath, ResourceId, Value};
use serde_json::json;

use super::world::{World, app, ten_resources};
use super::{Mode, comes_to_rest, comes_to_rest_at};
use crate::attention::{Agreement, Attention, Looks, Scope, Sweep};
use crate::command::Outcome;
use crate::live::Key;

const TOPIC: &str = "topic/a/topic";
const VPC: &str = "network/main/vpc";

/// Ten resources in step, an hour ago.
fn in_step() -> World {
    let mut world = World::new();
    world.run(&ten_resources(), Mode::Apply);
    comes_to_rest(&mut world);
    world.wait(3_600_000);
    world
}

fn id(name: &str) -> ResourceId {
    name.parse().expect("an id")
}

fn narrow(named: &[&str], sweep: usize, looks: Looks) -> Attention {
    let named: BTreeSet<Key> = named.iter().map(|name| (id(name), 1)).collect();
    let sweep = Sweep { since_ms: 1, interval_ms: u64::from(sweep > 0), most: sweep };
    Attention { scope: Scope::Narrow { named, sweep }, looks, ..Attention::default() }
}

/// A pass of this attention, and the identifiers that it read.
fn pass(world: &mut World, desired: &DesiredState, attention: Attention) -> (Outcome, Vec<String>) {
    let before = world.log.len();
    world.attention = attention;
    let outcome = world.run(desired, Mode::Run);
    let reads = world.log[before..].iter().filter(|line| line.starts_with("Read"));
    let read = reads.filter_map(|line| line.split("identifier: \"").nth(1)?.split('"').next());
    let read = read.map(str::to_owned).collect();
    (outcome, read)
}

fn identifier(world: &World, name: &str) -> String {
    world.recorded().resources[&id(name)][&1].identifier.clone().expect("it was created")
}

#[expect(clippy::needless_pass_by_value, reason = "it reads better at the call")]
fn wish(desired: &mut DesiredState, name: &str, property: &str, value: serde_json::Value) {
    let resource = desired.resources.get_mut(&id(name)).expect("it is wished");
    resource.properties.insert(property.to_owned(), Value::literal(&value));
}

fn edit(world: &mut World, name: &str, at: &str, value: serde_json::Value) {
    let identifier = identifier(world, name);
    let live = &mut world.cloud.resources.get_mut(&identifier).expect("it lives").1;
    assert!(FieldPath::parse(at).unwrap().set(live, value));
}

#[test]
fn where_nothing_has_happened_nothing_is_read() {
    let mut world = in_step();
    let (outcome, read) = pass(&mut world, &ten_resources(), narrow(&[], 0, Looks::new()));
    assert!(read.is_empty(), "{read:?}");
    let plan = outcome.plan.unwrap();
    assert!(plan.is_empty() && plan.unchanged == 10);
}

#[test]
fn a_change_of_the_document_reads_what_it_touches_and_its_neighbours() {
    let mut world = in_step();
    let mut desired = ten_resources();
    wish(&mut desired, TOPIC, "DisplayName", json!("another"));
    let topic = identifier(&world, TOPIC);
    let (outcome, read) = pass(&mut world, &desired, narrow(&[], 0, Looks::new()));
    assert_eq!(outcome.succeeded.len(), 1);
    assert_eq!(
        read,
        [topic.clone(), topic.clone(), topic],
        "a look, a look before the write, and one after it"
    );

    wish(&mut desired, VPC, "EnableDnsSupport", json!(false));
    let (outcome, read) = pass(&mut world, &desired, narrow(&[], 0, Looks::new()));
    assert_eq!(outcome.succeeded.len(), 1);
    let read: BTreeSet<String> = read.into_iter().collect();
    let network = [VPC, "network/main/subnet/a", "network/main/subnet/b", "network/main/group"];
    assert_eq!(read, network.map(|name| identifier(&world, name)).into());
}

#[test]
fn what_a_write_would_overwrite_is_seen_though_nobody_told_of_it() {
    let mut world = in_step();
    edit(&mut world, TOPIC, "/DisplayName", json!("edited"));
    let mut desired = ten_resources();
    wish(&mut desired, TOPIC, "DisplayName", json!("another"));
    for _ in 0..2 {
        let (outcome, _) = pass(&mut world, &desired, narrow(&[], 0, Looks::new()));
        assert!(outcome.succeeded.is_empty());
    }
    let (outcome, _) = pass(&mut world, &desired, narrow(&[], 0, Looks::new()));
    assert_eq!(outcome.plan.unwrap().conflicts.len(), 1, "and is not forgotten while nobody decides");
}

#[test]
fn an_edit_that_is_named_is_taken_in_two_looks_at_it_alone() {
    let mut world = in_step();
    edit(&mut world, TOPIC, "/DisplayName", json!("edited"));
    let topic = identifier(&world, TOPIC);
    let (outcome, read) = pass(&mut world, &ten_resources(), narrow(&[TOPIC], 0, Looks::new()));
    assert!(!outcome.plan.unwrap().imports[0].settled);
    assert_eq!(read, std::slice::from_ref(&topic));
    let (outcome, read) = pass(&mut world, &ten_resources(), narrow(&[], 0, Looks::new()));
    assert!(outcome.plan.unwrap().imports[0].settled, "an edit that has not settled is looked at unasked");
    assert_eq!(read, [topic]);
    let (_, read) = pass(&mut world, &ten_resources(), narrow(&[], 0, Looks::new()));
    assert!(read.is_empty(), "{read:?}");
}

#[test]
fn a_sweep_takes_those_first_that_were_not_read_for_the_longest_time() {
    let mut world = in_step();
    let mut seen = BTreeSet::new();
    let mut looks = Looks::new();
    for slice in 1..=5 {
        let (_, read) = pass(&mut world, &ten_resources(), narrow(&[], 2, looks));
        assert_eq!(read.len(), 2);
        seen.extend(read);
        assert_eq!(seen.len(), 2 * slice, "each slice is new");
        looks = std::mem::take(&mut world.looks);
    }
    let (_, read) = pass(&mut world, &ten_resources(), narrow(&[], 10, looks));
    assert_eq!(read.len(), 10);
}

#[test]
fn with_wrong_credentials_a_small_slice_creates_nothing_anew() {
    let mut world = in_step();
    let before = world.cloud.calls;
    world.cloud.resources.clear();
    let (outcome, read) = pass(&mut world, &ten_resources(), narrow(&[TOPIC], 0, Looks::new()));
    assert!(read.len() > 2, "others are looked at: {read:?}");
    let held = outcome.plan.unwrap().held;
    assert!(held.iter().all(|held| held.why == Hold::TooMuchGone) && !held.is_empty(), "{held:?}");
    assert_eq!(world.cloud.calls, before);
}

#[test]
fn one_that_is_gone_among_others_is_created_again() {
    let mut world = in_step();
    let topic = identifier(&world, TOPIC);
    world.cloud.resources.remove(&topic);
    pass(&mut world, &ten_resources(), narrow(&[TOPIC], 0, Looks::new()));
    world.wait(60_000);
    pass(&mut world, &ten_resources(), narrow(&[TOPIC], 0, Looks::new()));
    assert_eq!(world.cloud.resources.len(), 10);
}

#[test]
fn narrow_passes_and_a_sweep_come_to_the_same_as_looking_at_everything() {
    let mut world = World::new();
    let mut desired = ten_resources();
    let mut looks = Looks::new();
    for round in 0..12 {
        if round == 4 {
            wish(&mut desired, TOPIC, "DisplayName", json!("another"));
            desired.resources.remove(&id("topic/c/queue"));
        }
        if round == 6 {
            edit(&mut world, "topic/b/queue", "/DelaySeconds", json!(9));
        }
        world.wait(3_600_000);
        pass(&mut world, &desired, narrow(&[], 5, looks));
        looks = std::mem::take(&mut world.looks);
    }
    world.wait(3_600_000);
    let plan = world.run(&desired, Mode::Plan).plan.unwrap();
    assert!(plan.is_empty(), "{plan:#?}");
    let edited = &world.recorded().resources[&id("topic/b/queue")][&1];
    assert!(edited.fields[&FieldPath::parse("/DelaySeconds").unwrap()].edit.is_some());
    world.cloud.assert_one_of_each(&desired);
}

#[test]
fn one_list_stands_for_many_reads_but_only_where_it_shows_what_was_seen() {
    const GROUPS: [&str; 4] = ["compute/a/logs", "compute/b/logs", "compute/c/logs", "compute/d/logs"];
    let kind = "AWS::Logs::LogGroup";
    let desired = app(GROUPS.map(|name| (name, kind, json!({"LogGroupName": name, "RetentionInDays": 7}))));
    let mut world = World::new();
    world.run(&desired, Mode::Apply);
    comes_to_rest_at(&mut world, &desired);
    world.wait(3_600_000);
    edit(&mut world, GROUPS[2], "/RetentionInDays", json!(14));
    let edited = identifier(&world, GROUPS[2]);
    let lists = world.log.len();
    let (outcome, read) = pass(&mut world, &desired, narrow(&[], 4, Looks::new()));
    assert_eq!(world.log[lists..].iter().filter(|line| line.starts_with("List")).count(), 1);
    assert_eq!(read, [edited], "what the list shows otherwise is read, and nothing else");
    assert_eq!(outcome.plan.unwrap().imports.len(), 1);
    assert_eq!(world.looks.len(), 4, "and all four were looked at");
}

/// How a document and the record agree, found from scratch or from how another document did.
fn agreement(world: &mut World, desired: &DesiredState, known: Option<Agreement>) -> Agreement {
    world.attention = Attention { agreement: known, ..narrow(&[], 0, Looks::new()) };
    world.run(desired, Mode::Plan);
    world.agreement.take().expect("a narrow pass finds out")
}

/// From one document to another and back: what is found from what was known is what is found from scratch.
#[track_caller]
fn check_agreement(disagree: &[&str], change: impl Fn(&mut DesiredState)) {
    let mut world = in_step();
    let before = ten_resources();
    let mut after = before.clone();
    change(&mut after);
    for (from, to, disagree) in [(&before, &after, disagree), (&after, &before, &[])] {
        let known = agreement(&mut world, from, None);
        let anew = agreement(&mut world, to, None);
        let names: Vec<&str> = anew.disagree.iter().map(ResourceId::as_str).collect();
        assert_eq!(names, disagree);
        assert_eq!(agreement(&mut world, to, Some(known)), anew);
    }
}

#[test]
fn what_a_change_of_the_document_means_is_found_from_what_was_known_before() {
    check_agreement(&[TOPIC], |desired| wish(desired, TOPIC, "DisplayName", json!("another")));
    check_agreement(&[TOPIC], |desired| drop(desired.resources.remove(&id(TOPIC))));
    check_agreement(&["topic/d/topic"], |desired| {
        let another = desired.resources[&id(TOPIC)].clone();
        desired.resources.insert(id("topic/d/topic"), another);
    });
    let network = ["network/main/group", "network/main/subnet/a", "network/main/subnet/b", VPC];
    check_agreement(&network, |desired| wish(desired, VPC, "CidrBlock", json!("10.9.0.0/16")));
    check_agreement(&[TOPIC, "topic/d/topic"], |desired| {
        let renamed = desired.resources.remove(&id(TOPIC)).expect("it is there");
        desired.resources.insert(id("topic/d/topic"), renamed);
        desired.moved.push(Moved { from: id(TOPIC), to: id("topic/d/topic") });
    });
}

/// Two changes of the document that wait for a person, of resources that no event names.
fn two_changes_that_wait() -> DesiredState {
    let mut desired = ten_resources();
    desired.approval = Approval::Required;
    wish(&mut desired, TOPIC, "DisplayName", json!("another"));
    wish(&mut desired, VPC, "EnableDnsSupport", json!(false));
    desired
}

#[test]
fn a_pass_that_an_event_narrows_proposes_and_does_what_was_approved_as_one_that_reads_everything() {
    const QUEUE: &str = "topic/b/queue";
    let mut world = in_step();
    let desired = two_changes_that_wait();
    let (outcome, _) = pass(&mut world, &desired, narrow(&[QUEUE], 0, Looks::new()));
    let narrowly = outcome.plan.unwrap().awaited.expect("it waits");
    assert_eq!((outcome.succeeded.len(), narrowly.steps.len()), (0, 2));
    world.attention = Attention::default();
    let broadly = world.run(&desired, Mode::Plan).plan.unwrap().awaited;
    assert_eq!(broadly.as_ref(), Some(&narrowly), "a person is asked for the same");

    // Other events, of resources that have nothing to do with it, neither take back the question nor the word.
    let entries = world.entries.len();
    pass(&mut world, &desired, narrow(&[QUEUE], 0, Looks::new()));
    assert_eq!(world.entries.len(), entries, "it was asked already");
    world.append(Entry::Approved { plan: narrowly.digest, who: "ada".to_owned() });
    edit(&mut world, QUEUE, "/DelaySeconds", json!(7));
    let (outcome, read) = pass(&mut world, &desired, narrow(&[QUEUE], 0, Looks::new()));
    assert_eq!((outcome.succeeded.len(), outcome.failed.len()), (2, 0), "{:?}", outcome.skipped);
    assert!(read.contains(&identifier(&world, TOPIC)), "what is written was read, though no event named it");
    assert!(world.recorded().approvals.is_empty() && world.recorded().proposal.is_none());
    assert!(
        !world.entries.iter().any(|(entry, _)| matches!(entry, Entry::Lapsed { .. })),
        "{:#?}",
        world.entries
    );
}

#[test]
fn an_edit_that_an_event_names_takes_back_the_word_for_a_step_that_would_write_over_it() {
    let mut world = in_step();
    let desired = two_changes_that_wait();
    let (outcome, _) = pass(&mut world, &desired, narrow(&[], 0, Looks::new()));
    let awaited = outcome.plan.unwrap().awaited.expect("it waits");
    world.append(Entry::Approved { plan: awaited.digest, who: "ada".to_owned() });
    edit(&mut world, TOPIC, "/DisplayName", json!("edited"));
    for _ in 0..3 {
        pass(&mut world, &desired, narrow(&[TOPIC], 0, Looks::new()));
    }
    let live = |world: &World, name: &str| world.cloud.resources[&identifier(world, name)].1.clone();
    assert_eq!(live(&world, TOPIC)["DisplayName"], "edited", "it is a conflict now");
    assert_eq!(live(&world, VPC)["EnableDnsSupport"], false, "the other one was done");
    assert!(world.recorded().approvals.is_empty(), "{:?}", world.recorded().approvals);
}
