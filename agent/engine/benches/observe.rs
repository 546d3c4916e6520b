//! How much an agent reads of a cloud in which little happens: 10,000 resources, an hour, a person who edits one of them every
//! three minutes. Virtual time; the engine is the real one.

#![expect(clippy::cast_precision_loss, reason = "figures for people")]

#[path = "plan/environment.rs"]
mod environment;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use agent_engine::attention::{Agreement, Attention, Looks, Scope, Sweep};
use agent_engine::audit::Authors;
use agent_engine::command::{Command, Event};
use agent_engine::diff::Sightings;
use agent_engine::fold;
use agent_engine::live::Key;
use agent_engine::options::Limits;
use agent_engine::pass::{Inputs, Mode, Pass, Published};
use agent_engine::schedule::Experience;
use schema_catalog::Catalog;
use schema_documents::desired::DesiredState;
use schema_documents::recorded::Recorded;
use schema_documents::{Json, Millis, ResourceId};

const RESOURCES: usize = 10_000;
const HOUR_MS: Millis = 3_600_000;
/// From pass to pass, if nothing else comes.
const EVERY_MS: Millis = 60_000;
/// From edit to edit.
const EDIT_EVERY_MS: Millis = 180_000;
/// An edit that was seen is looked at again after this time.
const REST_MS: Millis = 1_000;
/// How late an audit event comes.
const EVENT_LAG_MS: Millis = 4_000;

/// How an agent looks.
struct Policy {
    name: &'static str,
    /// Whether it hears audit events.
    hears: bool,
    /// Within this time everything is read once.
    sweep_ms: Millis,
    /// Reads of the sweep, at most, in a minute.
    a_minute: usize,
}

const POLICIES: [Policy; 3] = [
    Policy { name: "everything in each pass", hears: false, sweep_ms: EVERY_MS, a_minute: RESOURCES },
    Policy { name: "without events, 5 reads a second", hears: false, sweep_ms: EVERY_MS, a_minute: 300 },
    Policy { name: "with events, a sweep in an hour", hears: true, sweep_ms: HOUR_MS, a_minute: 300 },
];

fn main() {
    println!(
        "| {RESOURCES} resources, one hour | reads | of each unchanged resource | edits taken | after, at the median |"
    );
    println!("|---|---:|---:|---:|---:|");
    for policy in &POLICIES {
        let mut hour = Hour::new(policy);
        hour.pass_by();
        println!("{}", hour.row());
    }
}

struct Hour<'a> {
    policy: &'a Policy,
    desired: Arc<DesiredState>,
    recorded: Recorded,
    cloud: BTreeMap<String, Json>,
    now_ms: Millis,
    reads: BTreeMap<String, u64>,
    sightings: Sightings,
    looks: Looks,
    agreement: Option<Agreement>,
    /// When each was edited, and when the edit was taken.
    edits: BTreeMap<ResourceId, (Millis, Option<Millis>)>,
}

impl<'a> Hour<'a> {
    fn new(policy: &'a Policy) -> Self {
        let desired = environment::document(RESOURCES);
        let recorded = environment::record(&desired);
        let records = recorded.resources.values().map(|generations| &generations[&1]);
        let cloud = records
            .map(|record| (record.identifier.clone().expect("it lives"), record.seen.to_json()))
            .collect();
        // Everything was read at some time of the hour before.
        let looks = recorded.resources.keys().enumerate();
        let looks = looks.map(|(number, id)| {
            let spread = number as u64 * 7_919 % RESOURCES as u64;
            ((id.clone(), 1), HOUR_MS + spread * HOUR_MS / RESOURCES as u64)
        });
        Self {
            policy,
            looks: looks.collect(),
            desired: desired.into(),
            recorded,
            cloud,
            now_ms: 2 * HOUR_MS,
            reads: BTreeMap::new(),
            sightings: Sightings::new(),
            agreement: None,
            edits: BTreeMap::new(),
        }
    }

    fn pass_by(&mut self) {
        let end_ms = self.now_ms + HOUR_MS;
        let mut next_edit_ms = self.now_ms + EDIT_EVERY_MS / 2;
        while self.now_ms < end_ms {
            let sweep =
                Sweep { since_ms: EVERY_MS, interval_ms: self.policy.sweep_ms, most: self.policy.a_minute };
            let began_ms = self.now_ms;
            self.pass(BTreeSet::new(), sweep);
            if next_edit_ms <= began_ms + EVERY_MS {
                self.now_ms = self.now_ms.max(next_edit_ms);
                let key = self.edit();
                next_edit_ms += EDIT_EVERY_MS;
                if self.policy.hears {
                    self.now_ms += EVENT_LAG_MS;
                    self.pass(BTreeSet::from([key]), Sweep::default());
                }
            }
            while !self.sightings.is_empty() {
                self.now_ms += REST_MS;
                self.pass(BTreeSet::new(), Sweep::default());
            }
            self.now_ms = self.now_ms.max(began_ms + EVERY_MS);
        }
    }

    /// Somebody edits one that nobody has edited.
    fn edit(&mut self) -> Key {
        let number = self.edits.len() * 997 % RESOURCES;
        let (id, generations) = self.recorded.resources.iter().nth(number).expect("there are so many");
        let live = generations[&1].identifier.as_ref().and_then(|identifier| self.cloud.get_mut(identifier));
        live.expect("it lives")["VisibilityTimeout"] = 90.into();
        self.edits.insert(id.clone(), (self.now_ms, None));
        (id.clone(), 1)
    }

    fn pass(&mut self, named: BTreeSet<Key>, sweep: Sweep) {
        let mut pass = Pass::new(Inputs {
            desired: Arc::clone(&self.desired),
            published: Published::default(),
            recorded: self.recorded.clone(),
            catalog: Catalog::builtin(),
            limits: Limits::default(),
            mode: Mode::Run,
            sightings: std::mem::take(&mut self.sightings),
            knows: BTreeSet::from(["AWS::SQS::Queue".to_owned()]),
            attention: Attention {
                scope: Scope::Narrow { named, sweep },
                authors: Authors::default(),
                looks: std::mem::take(&mut self.looks),
                agreement: self.agreement.take(),
                outline: None,
            },
            experience: Experience::default(),
            account: None,
            digests: agent_engine::digests::Digests::default(),
        });
        let mut commands = pass.step(Event::Started, self.now_ms);
        while let Some(command) = commands.pop() {
            if matches!(command, Command::Tell(_)) {
                continue;
            }
            let Some(event) = self.execute(command) else { break };
            commands.splice(0..0, pass.step(event, self.now_ms));
        }
        let left = pass.leave();
        (self.sightings, self.looks, self.agreement) = (left.sightings, left.looks, left.agreement);
        for (id, (_, taken_ms)) in &mut self.edits {
            let is_taken = self.recorded.resources[id][&1].fields.values().any(|field| field.edit.is_some());
            *taken_ms = taken_ms.or(is_taken.then_some(self.now_ms));
        }
    }

    fn execute(&mut self, command: Command) -> Option<Event> {
        match command {
            Command::Read { question, identifier, .. } => {
                *self.reads.entry(identifier.clone()).or_default() += 1;
                let result = Ok(self.cloud.get(&identifier).cloned());
                Some(Event::Read { question, result, began_at_ms: self.now_ms })
            }
            Command::Append { append, entries } => {
                for entry in entries {
                    fold::apply(&mut self.recorded, &entry, self.now_ms).expect("it is legal");
                }
                self.recorded.number += 1;
                Some(Event::Appended { append })
            }
            Command::Wake { at_ms } => {
                self.now_ms = self.now_ms.max(at_ms);
                Some(Event::Woke { at_ms })
            }
            Command::Finish(_) => None,
            other => panic!("nothing is written: {other:?}"),
        }
    }

    fn row(&self) -> String {
        let edited: BTreeSet<&String> = self.edits.keys().filter_map(|id| self.identifier(id)).collect();
        let unchanged = self.reads.iter().filter(|(identifier, _)| !edited.contains(identifier));
        let unchanged: u64 = unchanged.map(|(_, count)| count).sum();
        let mut late: Vec<Millis> =
            self.edits.values().filter_map(|(made_ms, taken_ms)| Some((*taken_ms)? - made_ms)).collect();
        late.sort_unstable();
        format!(
            "| {} | {} | {:.2} | {} of {} | {} s |",
            self.policy.name,
            self.reads.values().sum::<u64>(),
            unchanged as f64 / (RESOURCES - edited.len()) as f64,
            late.len(),
            self.edits.len(),
            late.get(late.len() / 2).map_or(0, |late_ms| late_ms / 1_000),
        )
    }

    fn identifier(&self, id: &ResourceId) -> Option<&String> {
        let record: &Arc<_> = &self.recorded.resources[id][&1];
        record.identifier.as_ref()
    }
}
