//! A scene for tests: a document, a record and a small cloud, and passes over them.
#![allow(
    clippy::needless_pass_by_value,
    reason = "a story reads better without references to what it made up"
)]

use std::collections::{BTreeMap, BTreeSet};

use schema_catalog::Catalog;
use schema_documents::desired::{
    Class, DesiredState, EnvironmentIdentity, Field, NameStem, Phase, Resource, VERSION,
};
use schema_documents::environment::{Approval, Cloud, EnvironmentType};
use schema_documents::journal::{Act, Entry, Intent};
use schema_documents::plan::{Action, Plan, Reason, Step, Wish};
use schema_documents::recorded::{Choice, Recorded, Status};
use schema_documents::{FieldPath, Json, Origin, Position, ResourceId, Sorted, Value};

use crate::audit::Authors;
use crate::bind::{self, Binding};
use crate::diff::{self, Context, Sightings};
use crate::live::{Live, LiveState};
use crate::options::Limits;
use crate::{approval, check, fold, loss, plan};

/// The environment under test.
#[derive(Clone)]
pub(crate) struct Scene {
    pub(crate) desired: DesiredState,
    pub(crate) recorded: Recorded,
    /// The record that was lost, in stories about that.
    pub(crate) recorded_before: Recorded,
    /// Live properties by identifier.
    pub(crate) cloud: BTreeMap<String, Json>,
    pub(crate) unknown: BTreeSet<String>,
    pub(crate) sightings: Sightings,
    pub(crate) limits: Limits,
    pub(crate) now_ms: u64,
    pub(crate) destroy: bool,
    pub(crate) authors: Authors,
    created: u32,
}

pub(crate) fn id(text: &str) -> ResourceId {
    ResourceId::parse(text).unwrap()
}

pub(crate) fn path(text: &str) -> FieldPath {
    FieldPath::parse(text).unwrap()
}

pub(crate) fn code() -> Origin {
    Origin::Declaration { at: Position::point("app.go", 1, 1) }
}

pub(crate) fn setting() -> Origin {
    Origin::Setting { at: Position::point("environments/production.toml", 3, 1) }
}

pub(crate) fn rule() -> Origin {
    Origin::Default { rule: "rule".to_owned(), edition: "2026.1".to_owned() }
}

impl Scene {
    pub(crate) fn new() -> Self {
        let environment = EnvironmentIdentity {
            name: "production".to_owned(),
            kind: EnvironmentType::Production,
            cloud: Cloud::Aws,
            region: None,
        };
        let desired = DesiredState {
            format: schema_documents::desired::Format::DesiredState,
            version: VERSION,
            app: "shop".to_owned(),
            environment,
            edition: "2026.1".to_owned(),
            approval: Approval::Automatic,
            settle_seconds: 0,
            resources: BTreeMap::new(),
            moved: Vec::new(),
        };
        Self {
            desired,
            recorded: Recorded::default(),
            recorded_before: Recorded::default(),
            cloud: BTreeMap::new(),
            unknown: BTreeSet::new(),
            sightings: Sightings::new(),
            limits: Limits { settle_ms: 0, ..Limits::default() },
            now_ms: 1_000_000,
            destroy: false,
            authors: Authors::default(),
            created: 0,
        }
    }

    /// Declares a resource; properties are written as in a document.
    pub(crate) fn with(mut self, name: &str, kind: &str, properties: Json) -> Self {
        self.declare(name, kind, properties, &code());
        self
    }

    pub(crate) fn declare(&mut self, name: &str, kind: &str, properties: Json, origin: &Origin) {
        let facts = Catalog::builtin().kind(kind).expect("a kind of the catalogue");
        let properties: Sorted<String, Value> = properties
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), Value::parse(value).unwrap()))
            .collect();
        let fields = properties.keys().map(|name| {
            let path = FieldPath::root().child(name);
            let class = if facts.enforced(&path).is_some() { Class::Enforced } else { Class::Open };
            (path, Field { class, origin: origin.clone(), over: None })
        });
        let stem = facts.overlay.name.as_ref().map(|rule| NameStem {
            path: rule.property.clone(),
            stem: "shop".to_owned(),
            ending: String::new(),
        });
        let resource = Resource {
            kind: kind.to_owned(),
            stateful: facts.is_stateful(),
            phase: Phase::Provision,
            name: stem,
            existing: None,
            fields: fields.collect(),
            properties,
            depends_on: BTreeSet::new(),
            origin: code(),
        };
        self.desired.resources.insert(id(name), resource);
    }

    pub(crate) fn field(&mut self, name: &str, at: &str) -> &mut Field {
        self.desired.resources.get_mut(&id(name)).unwrap().fields.get_mut(&path(at)).unwrap()
    }

    /// Another value for a property, asked for by somebody.
    pub(crate) fn wish(&mut self, name: &str, property: &str, value: Json, origin: Origin) {
        let resource = self.desired.resources.get_mut(&id(name)).unwrap();
        resource.properties.insert(property.to_owned(), Value::parse(&value).unwrap());
        let field = Field { class: Class::Open, origin, over: None };
        let at = FieldPath::root().child(property);
        let class = resource.fields.get(&at).map_or(Class::Open, |field| field.class);
        resource.fields.insert(at, Field { class, ..field });
    }

    pub(crate) fn forget(&mut self, name: &str) {
        self.desired.resources.remove(&id(name));
    }

    pub(crate) fn identifier(&self, name: &str) -> String {
        self.recorded.current(&id(name)).unwrap().1.identifier.clone().unwrap()
    }

    /// The identifier of a resource by the record that was lost.
    pub(crate) fn live_identifier(&self, name: &str) -> String {
        self.recorded_before.current(&id(name)).unwrap().1.identifier.clone().unwrap()
    }

    pub(crate) fn live(&self, name: &str) -> &Json {
        &self.cloud[&self.identifier(name)]
    }

    /// An edit in the console.
    pub(crate) fn edit(&mut self, name: &str, at: &str, value: Json) {
        self.now_ms += 10_000_000;
        let identifier = self.identifier(name);
        assert!(path(at).set(self.cloud.get_mut(&identifier).unwrap(), value));
    }

    pub(crate) fn vanish(&mut self, name: &str) {
        self.now_ms += 10_000_000;
        self.cloud.remove(&self.identifier(name));
    }

    pub(crate) fn append(&mut self, entry: Entry) {
        fold::apply(&mut self.recorded, &entry, self.now_ms).unwrap();
    }

    pub(crate) fn answer(&mut self, name: &str, at: &str, choice: Choice, over: Option<Json>) {
        let (resource, who) = (id(name), "ada".to_owned());
        self.append(Entry::Answered { resource, path: path(at), choice, over, who });
    }

    fn observe(&self) -> LiveState {
        let mut live = LiveState::new();
        for (id, generations) in &self.recorded.resources {
            for (generation, record) in generations {
                let Some(identifier) = &record.identifier else { continue };
                let found = match self.cloud.get(identifier) {
                    _ if self.unknown.contains(identifier) => {
                        Live::Unknown { reason: "no answer".to_owned() }
                    }
                    Some(properties) => {
                        Live::Present { properties: properties.clone(), began_at_ms: self.now_ms }
                    }
                    None => Live::Absent,
                };
                live.insert((id.clone(), *generation), found);
            }
        }
        let named = self.desired.resources.iter().filter(|(id, _)| self.recorded.current(id).is_none());
        for (id, existing) in named.filter_map(|(id, resource)| Some((id, resource.existing.as_ref()?))) {
            let found = self.cloud.get(&existing.identifier).map_or(Live::Absent, |properties| {
                Live::Present { properties: properties.clone(), began_at_ms: self.now_ms }
            });
            live.insert((id.clone(), self.recorded.next_generation(id)), found);
        }
        live
    }

    fn context(&self) -> Context<'_> {
        Context {
            catalog: Catalog::builtin(),
            limits: &self.limits,
            now_ms: self.now_ms,
            desired: &self.desired,
            knows: &|_| true,
            sightings: &self.sightings,
            destroy: self.destroy,
            authors: &self.authors,
            unread: diff::Unread::Unknown,
            only: None,
            digest: None,
            account: Some("123456789012"),
            digests: &crate::digests::PLAIN,
        }
    }

    pub(crate) fn judge(&self, plan: &Plan) -> Result<check::Checked, Vec<String>> {
        check::check(plan, &self.recorded, &self.context())
    }

    /// What a look finds, without doing or remembering anything.
    pub(crate) fn differences(&self) -> diff::Differences {
        diff::compare(&self.desired, &self.recorded, &self.observe(), &self.context()).1
    }

    /// The plan of one more look, and what would be recorded.
    pub(crate) fn look_again(mut self) -> (Plan, Vec<Entry>) {
        self.now_ms += 10_000_000;
        self.decide()
    }

    fn decide(&mut self) -> (Plan, Vec<Entry>) {
        let live = self.observe();
        let context = self.context();
        let (recorded, mut entries) = diff::take_up(&self.recorded, &live, &context);
        let (bound, differences) = diff::compare(&self.desired, &recorded, &live, &context);
        self.assert_law_of_rest(&recorded, &live, &differences);
        let plan = plan::plan(&bound, &differences, &recorded, &context);
        check::check(&plan, &recorded, &context).unwrap();
        entries.extend(plan::journal_entries(&differences));
        entries.extend(approval::entries(&plan, &recorded));

        let sightings = diff::note_sightings(&differences, &self.sightings, self.now_ms);
        self.sightings = sightings;
        (plan, entries)
    }

    /// What is passed over as being at rest is what there is nothing to say of.
    fn assert_law_of_rest(&self, recorded: &Recorded, live: &LiveState, differences: &diff::Differences) {
        if differences.moved.is_empty() && !self.destroy {
            let bound = bind::bind(&self.desired, recorded, Catalog::builtin(), &differences.hidden);
            let long = diff::diff(recorded, &bound, live, &self.context());
            assert_eq!(long.resources, differences.resources);
        }
    }

    /// How many resources rest.
    pub(crate) fn at_rest(&self) -> u64 {
        let live = self.observe();
        let (bound, differences) = diff::compare(&self.desired, &self.recorded, &live, &self.context());
        self.assert_law_of_rest(&self.recorded, &live, &differences);
        bound.at_rest
    }

    /// The plan, without doing or remembering anything.
    pub(crate) fn plan(&self) -> Plan {
        self.clone().decide().0
    }

    /// A whole pass: everything is recorded and applied. Each step is journaled as the machine would.
    pub(crate) fn pass(&mut self) -> Plan {
        self.now_ms += 10_000_000;
        let (plan, entries) = self.decide();
        for entry in entries {
            self.append(entry);
        }
        if let Some(lapsed) = loss::lapsed(&self.recorded, Catalog::builtin()) {
            self.append(lapsed);
        }
        for step in plan.approved_steps() {
            self.carry_out(step);
        }
        self.now_ms += 10_000_000;
        plan
    }

    pub(crate) fn carry_out(&mut self, step: &Step) {
        let (act, settles) = match &step.action {
            Action::Create { .. } => self.creation(step),
            Action::Update { identifier, changes } => {
                let live = self.cloud[identifier].clone();
                let wishes = self.wishes(step);
                let kind = Catalog::builtin().kind(&step.kind).unwrap();
                assert!(plan::is_pinned(kind, &self.memory_of(step, &live), changes));
                let (hidden, catalog) = (BTreeSet::new(), Catalog::builtin());
                let binding =
                    Binding { desired: &self.desired, recorded: &self.recorded, catalog, hidden: &hidden };
                let changes =
                    plan::substitute(kind, changes, &|reference| binding.output(reference)).unwrap();
                let patch = plan::patch(kind, &live, &changes, &wishes);
                let settles = plan::update_settles(&changes, &wishes);
                (Act::Update { identifier: identifier.clone(), patch, changes }, settles)
            }
            Action::Import { .. } => unreachable!("an import is done before anything is compared"),
            Action::Delete { identifier, confirmed } => {
                let act = Act::Delete { identifier: identifier.clone(), confirmed: confirmed.clone() };
                (act, BTreeMap::new())
            }
        };
        let attempt = self.recorded.resources.get(&step.resource).and_then(|all| all.get(&step.generation));
        let intent = Intent {
            intent: self.recorded.next_intent,
            resource: step.resource.clone(),
            generation: step.generation,
            kind: step.kind.clone(),
            stateful: step.stateful,
            attempt: attempt.map_or(0, |record| record.attempt) + 1,
            token: String::new(),
            reason: Some(step.reason.clone()),
            depends_on: self
                .desired
                .resources
                .get(&step.resource)
                .map(Resource::dependencies)
                .unwrap_or_default(),
            act,
            settles,
            only_looks: false,
        };
        self.append(Entry::Intent(Box::new(intent.clone())));
        let identifier = self.call(&intent);
        self.append(Entry::Succeeded { intent: intent.intent, identifier: identifier.clone() });
        if let Some(live) = self.cloud.get(&identifier).cloned() {
            let (resource, generation) = (step.resource.clone(), step.generation);
            let live = self.memory_of(step, &live);
            self.append(Entry::Seen { resource, generation, live, began_at_ms: self.now_ms });
        }
    }

    fn memory_of(&self, step: &Step, live: &Json) -> Json {
        let kind = Catalog::builtin().kind(&step.kind).unwrap();
        let wishes = self.wishes(step);
        let now = wishes.iter().filter_map(|wish| Some((&wish.path, wish.value.as_ref()?)));
        let record = self.recorded.generation(&step.resource, step.generation);
        diff::redact(kind, live, &diff::secret_units(now, record), &crate::digests::PLAIN).into_owned()
    }

    /// What is wished of a resource; nothing of one that is given back.
    fn wishes(&self, step: &Step) -> Vec<Wish> {
        let is_wanted =
            step.reason != Reason::GivenBack && self.desired.resources.contains_key(&step.resource);
        if is_wanted { self.bind(&step.resource, false).wishes } else { Vec::new() }
    }

    fn bind(&self, id: &ResourceId, replaces: bool) -> bind::BoundResource {
        let hidden = replaces.then(|| id.clone()).into_iter().collect();
        let catalog = Catalog::builtin();
        let binding = Binding { desired: &self.desired, recorded: &self.recorded, catalog, hidden: &hidden };
        binding.bind(id, &self.desired.resources[id])
    }

    fn creation(
        &self,
        step: &Step,
    ) -> (Act, BTreeMap<FieldPath, Option<schema_documents::journal::Settlement>>) {
        let current = self.recorded.current(&step.resource);
        let bound = self.bind(&step.resource, current.is_some_and(|(current, _)| current != step.generation));
        assert_eq!(bound.generation, step.generation);
        let kind = Catalog::builtin().kind(&step.kind);
        let mut body = bind::create_body(&bound, &self.recorded, kind).unwrap();
        let name =
            bound.name.as_ref().map(|stem| bind::physical_name("j", &bound.id, bound.generation, stem));
        if let (Some(stem), Some(name)) = (&bound.name, &name) {
            bind::put_name(&mut body, &stem.path, name);
        }
        let settles = bind::create_settles(&bound, &self.recorded, name.as_deref());
        (Act::Create { name, body }, settles)
    }

    /// What the cloud does.
    fn call(&mut self, intent: &Intent) -> String {
        let kind = Catalog::builtin().kind(&intent.kind).unwrap();
        match &intent.act {
            Act::Create { body, .. } => {
                let mut live = body.reveal(&|_| Some("revealed".to_owned())).as_json().unwrap();
                self.created += 1;
                for pattern in kind.read_only.iter().filter(|pattern| pattern.path().segments().len() == 1) {
                    let text = format!("{}-{}", pattern.path().segments()[0].to_lowercase(), self.created);
                    pattern.path().set(&mut live, Json::String(text));
                }
                for pattern in &kind.write_only {
                    pattern.path().remove(&mut live);
                }
                let identifier = kind.identifier_of(&live).unwrap();
                assert!(self.cloud.insert(identifier.clone(), live).is_none(), "{identifier} exists");
                identifier
            }
            Act::Update { identifier, patch, .. } => {
                let patch = patch.reveal(&|_| Some("revealed".to_owned())).as_json().unwrap();
                let live = self.cloud.get_mut(identifier).unwrap();
                for operation in patch.as_array().unwrap() {
                    operate(live, operation);
                }
                for pattern in &kind.write_only {
                    pattern.path().remove(live);
                }
                identifier.clone()
            }
            Act::Delete { identifier, .. } => {
                assert!(self.cloud.remove(identifier).is_some(), "{identifier} does not exist");
                identifier.clone()
            }
        }
    }

    pub(crate) fn status(&self, name: &str) -> BTreeMap<u32, Status> {
        let generations = self.recorded.resources.get(&id(name)).into_iter().flatten();
        generations.map(|(generation, record)| (*generation, record.status)).collect()
    }
}

fn operate(live: &mut Json, operation: &Json) {
    let at = path(operation["path"].as_str().unwrap());
    match operation["op"].as_str().unwrap() {
        "test" => assert_eq!(at.get(live), Some(&operation["value"])),
        "remove" => assert!(at.remove(live).is_some()),
        "replace" => {
            assert!(at.get(live).is_some(), "{at}");
            at.set(live, operation["value"].clone());
        }
        "add" => {
            assert!(at.parent().is_none_or(|parent| parent.get(live).is_some()), "{at}");
            at.set(live, operation["value"].clone());
        }
        other => panic!("{other}"),
    }
}

/// The keys of a plan's steps, in order.
pub(crate) fn keys(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.key.0.as_str()).collect()
}
