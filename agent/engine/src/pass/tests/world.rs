//! A world for one pass after another: a journal, a cloud and a clock.

use std::collections::BTreeMap;

use agent_world::ReadError;
use schema_catalog::Catalog;
use schema_documents::desired::DesiredState;
use schema_documents::journal::Entry;
use schema_documents::recorded::Recorded;
use schema_documents::{Json, Millis};
use serde_json::json;

use super::cloud::Cloud;
use crate::attention::{Agreement, Attention, Looks};
use crate::command::{Command, Event, Note, Outcome};
use crate::diff::Sightings;
use crate::fold;
use crate::options::Limits;
use crate::pass::{Inputs, Mode, Pass, Published};

/// The process dies when it is about to execute this command, or has just done so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crash {
    pub(super) at: usize,
    pub(super) done: bool,
}

/// The number of a command, and what is done to the cloud.
type Meddling = (usize, fn(&mut Cloud));

pub(super) struct World {
    pub(super) cloud: Cloud,
    pub(super) entries: Vec<(Entry, Millis)>,
    /// Every command that was executed, as text.
    pub(super) log: Vec<String>,
    /// Done to the cloud just before the command with this number is executed.
    pub(super) meddle: Option<Meddling>,
    /// The number of the command before which the pass is told to stop.
    pub(super) stop_at: Option<usize>,
    /// What passes are bounded by.
    pub(super) limits: Limits,
    /// What passes told.
    pub(super) notes: Vec<Note>,
    /// What reads and lists are answered instead, by the number of the question.
    pub(super) unread: BTreeMap<u64, ReadError>,
    questions: u64,
    pub(super) now_ms: Millis,
    sightings: Sightings,
    /// What the next pass looks at.
    pub(super) attention: Attention,
    pub(super) looks: Looks,
    /// What the last pass found of how its document and the record agreed.
    pub(super) agreement: Option<Agreement>,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            cloud: Cloud::default(),
            entries: Vec::new(),
            log: Vec::new(),
            meddle: None,
            stop_at: None,
            limits: Limits { in_flight: 4, ..Limits::default() },
            notes: Vec::new(),
            unread: BTreeMap::new(),
            questions: 0,
            now_ms: 1_000_000,
            sightings: Sightings::new(),
            attention: Attention::default(),
            looks: Looks::new(),
            agreement: None,
        }
    }

    pub(super) fn wait(&mut self, ms: u64) {
        self.now_ms += ms;
    }

    /// The journal, read from its beginning.
    pub(super) fn recorded(&self) -> Recorded {
        let mut recorded = Recorded { journal: Some("j".to_owned()), ..Recorded::default() };
        for (entry, at_ms) in &self.entries {
            fold::apply(&mut recorded, entry, *at_ms).expect("what was written can be read");
        }
        recorded
    }

    pub(super) fn run(&mut self, desired: &DesiredState, mode: Mode) -> Outcome {
        self.run_until(desired, mode, None).expect("a pass comes to its end")
    }

    pub(super) fn run_until(
        &mut self,
        desired: &DesiredState,
        mode: Mode,
        crash: Option<Crash>,
    ) -> Option<Outcome> {
        let kinds = Catalog::builtin().kinds().map(|kind| kind.name.clone());
        let mut pass = Pass::new(Inputs {
            desired: desired.clone().into(),
            published: Published::default(),
            recorded: self.recorded(),
            catalog: Catalog::builtin(),
            limits: self.limits.clone(),
            mode,
            sightings: std::mem::take(&mut self.sightings),
            knows: kinds.collect(),
            experience: crate::schedule::Experience::default(),
            account: Some("123456789012".to_owned()),
            digests: crate::digests::Digests::default(),
            attention: std::mem::take(&mut self.attention),
        });
        let mut waiting: BTreeMap<(Millis, usize), Command> = BTreeMap::new();
        let mut event = Event::Started;
        let (mut executed, mut issued) = (0, 0);
        loop {
            for command in pass.step(event, self.now_ms) {
                if let Command::Tell(note) = command {
                    self.notes.push(note);
                    continue;
                }
                if let Command::Finish(outcome) = command {
                    let left = pass.leave();
                    (self.sightings, self.looks, self.agreement) =
                        (left.sightings, left.looks, left.agreement);
                    return Some(*outcome);
                }
                waiting.insert((not_before_ms(&command), issued), command);
                issued += 1;
            }
            if self.stop_at.take_if(|at| *at == executed).is_some() {
                event = Event::Stop;
                continue;
            }
            let ((at_ms, _), command) =
                waiting.pop_first().expect("a pass that is not over waits for something");
            self.now_ms = self.now_ms.max(at_ms) + 1;
            let crashes = crash.is_some_and(|crash| crash.at == executed);
            if crashes && crash.is_some_and(|crash| !crash.done) {
                return None;
            }
            if let Some((at, meddle)) = self.meddle
                && at == executed
            {
                meddle(&mut self.cloud);
            }
            event = self.execute(command);
            if crashes {
                return None;
            }
            executed += 1;
            assert!(executed < 10_000, "a pass comes to its end");
        }
    }

    /// What this question is answered instead.
    fn unread(&mut self) -> Option<ReadError> {
        self.questions += 1;
        self.unread.remove(&(self.questions - 1))
    }

    /// Somebody's word, or anything else that is written between passes.
    pub(super) fn append(&mut self, entry: Entry) {
        self.entries.push((entry, self.now_ms));
    }

    /// The next question.
    pub(super) fn next_question(&self) -> u64 {
        self.questions
    }

    fn execute(&mut self, command: Command) -> Event {
        self.log.push(format!("{command:?}"));
        match command {
            Command::Append { append, entries } => {
                self.entries.extend(entries.into_iter().map(|entry| (entry, self.now_ms)));
                Event::Appended { append }
            }
            Command::Read { question, kind, identifier, .. } => {
                let result = self.unread().map_or_else(|| Ok(self.cloud.read(&kind, &identifier)), Err);
                Event::Read { question, result, began_at_ms: self.now_ms }
            }
            Command::List { question, kind, parent, .. } => {
                let result = self.unread().map_or_else(|| Ok(self.cloud.list(&kind, parent.as_ref())), Err);
                Event::Listed { question, result }
            }
            Command::Call { intent, call, .. } => {
                assert!(self.recorded().open.contains_key(&intent), "intent before action");
                Event::Called { intent, result: self.cloud.call(&call) }
            }
            Command::Poll { intent, operation, .. } => {
                Event::Polled { intent, result: self.cloud.poll(&operation) }
            }
            Command::Probe { intent, probe } => {
                let result = self.unread().map_or_else(|| Ok(self.cloud.readiness(&probe)), Err);
                Event::Probed { intent, result }
            }
            Command::Wake { at_ms } => Event::Woke { at_ms },
            Command::Tell(_) | Command::Finish(_) => unreachable!("handled before"),
        }
    }
}

/// When a command is executed, at the earliest.
fn not_before_ms(command: &Command) -> Millis {
    if let Command::Wake { at_ms } = command { *at_ms } else { 0 }
}

/// A small app: a network of four, and six things of their own.
pub(super) fn ten_resources() -> DesiredState {
    let vpc = || json!({"$ref": {"resource": "network/main/vpc", "output": "/VpcId"}});
    let mut resources = vec![
        ("network/main/vpc".to_owned(), "AWS::EC2::VPC", json!({"CidrBlock": "10.0.0.0/16"})),
        ("network/main/subnet/a".to_owned(), SUBNET, json!({"VpcId": vpc(), "CidrBlock": "10.0.1.0/24"})),
        ("network/main/subnet/b".to_owned(), SUBNET, json!({"VpcId": vpc(), "CidrBlock": "10.0.2.0/24"})),
        (
            "network/main/group".to_owned(),
            "AWS::EC2::SecurityGroup",
            json!({"VpcId": vpc(), "GroupDescription": "all"}),
        ),
    ];
    for name in ["a", "b", "c"] {
        resources.push((format!("topic/{name}/topic"), "AWS::SNS::Topic", json!({"DisplayName": name})));
        resources.push((format!("topic/{name}/queue"), "AWS::SQS::Queue", json!({"DelaySeconds": 1})));
    }
    app(resources)
}

const SUBNET: &str = "AWS::EC2::Subnet";

/// An app of resources, each with its id, kind and properties.
pub(super) fn app(
    resources: impl IntoIterator<Item = (impl Into<String>, &'static str, Json)>,
) -> DesiredState {
    let resources: serde_json::Map<String, Json> = resources
        .into_iter()
        .map(|(id, kind, properties)| (id.into(), resource(kind, &properties)))
        .collect();
    let document = json!({
        "format": "desired-state", "version": 1, "app": "shop", "edition": "2026.1", "approval": "automatic",
        "environment": {"name": "production", "type": "production", "cloud": "aws", "region": "eu-central-1"},
        "settle_seconds": 60, "resources": resources,
    });
    serde_json::from_value(document).expect("a desired state")
}

fn resource(kind: &str, properties: &Json) -> Json {
    let origin = json!({"by": "declaration", "at": "shop.ts:1:1-1:2"});
    let fields: serde_json::Map<String, Json> = properties
        .as_object()
        .expect("properties")
        .keys()
        .map(|name| (format!("/{name}"), json!({"class": "open", "origin": origin})))
        .collect();
    json!({
        "kind": kind, "stateful": false, "phase": "provision", "properties": properties,
        "origin": origin, "fields": fields,
    })
}

/// A bucket whose name is its identifier.
pub(super) fn one_bucket() -> DesiredState {
    let mut desired = ten_resources();
    let mut bucket = resource("AWS::S3::Bucket", &json!({}));
    bucket["name"] = json!({"path": "/BucketName", "stem": "shop-images"});
    let bucket = serde_json::from_value(bucket).expect("a resource");
    desired.resources = BTreeMap::from([("bucket/images/bucket".parse().expect("an id"), bucket)]);
    desired
}

/// The ten, one of them changed and one gone.
pub(super) fn nine_resources() -> DesiredState {
    let mut desired = ten_resources();
    desired.resources.remove(&"topic/c/queue".parse().expect("an id"));
    let topic = desired.resources.get_mut(&"topic/a/topic".parse().expect("an id")).expect("it is there");
    topic.properties.insert("DisplayName".to_owned(), "renamed".into());
    desired
}
