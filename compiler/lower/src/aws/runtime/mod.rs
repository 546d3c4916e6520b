//! What a process is told when it starts: first in one form, then in that of its runtime. Everything that the cloud alone knows
//! is an output, and every secret is the name of a variable.

mod core;
mod infra;
mod missing;

use std::collections::{BTreeMap, BTreeSet};

use compiler_diagnostics::{Code, Diagnostic};
use compiler_model::{Service, Uses};
use schema_documents::environment::EnvironmentType;
use schema_documents::manifest::{Delivery, Language};
use schema_documents::runtime::infra::EnvironmentType as RuntimeType;
use schema_documents::{Json, ResourceId, Value};
use serde_json::json;

use super::compute::{Compute, DOMAIN};
use super::network::PROCESS_PORT;
use super::{bucket, cache, database, gateway, groups, postgres, secret, topic};
use crate::builder::{Lowering, id, output};
use crate::processes::Process;

/// The variable with the key by which services trust each other's calls.
pub(crate) const CALL_KEY: &str = "MANIFEST_CALL_KEY";

/// The number of that key, which signatures name.
const CALL_KEY_ID: u32 = 1;

/// Where a container finds the file of the Go runtime, and the folder of it.
pub(crate) const FILE: &str = "/manifest/infra.config.json";
pub(crate) const FOLDER: &str = "/manifest";

/// What a process of one runtime is told, and how.
pub(crate) enum Told {
    /// The text of the file at [`FILE`], which its variable `ENCORE_INFRA_CONFIG_PATH` names.
    File(Value),
    /// The value of its variable `ENCORE_RUNTIME_CONFIG`.
    Variable(Value),
}

/// What a process is told.
pub(crate) fn tell(
    lowering: &mut Lowering<'_>,
    processes: &[Process],
    process: &Process,
    compute: &Compute,
) -> Told {
    let situation = Situation::of(lowering, processes, process, compute);
    let (told, missing) = match language(lowering, process) {
        Language::Go => {
            let config = infra::config(&situation);
            let missing = missing::check(lowering, process, &config, missing::told_by_infra);
            (Told::File(Value::json(config)), missing)
        }
        Language::Typescript | Language::Python | Language::Rust => {
            let config = core::config(&situation);
            let missing = missing::check(lowering, process, &config, missing::told_by_core);
            (Told::Variable(Value::runtime_config(config)), missing)
        }
    };
    lowering.found.extend(missing.into_iter().map(|what| {
        let message = format!("process `{}` would not be told {what}", process.name);
        Diagnostic::error(Code::L0202, message).help("please report this, with the manifest of the app")
    }));
    told
}

/// The language of a process: that of its services, and of the app where it has none.
fn language(lowering: &mut Lowering<'_>, process: &Process) -> Language {
    let mut services = process.services.iter().filter_map(|name| lowering.model.services.get(name));
    let Some(first) = services.next() else { return lowering.model.language };
    let is_go = |service: &Service| service.language == Language::Go;
    if let Some(other) = services.find(|service| is_go(service) != is_go(first)) {
        let message = format!(
            "process `{}` would run `{}` and `{}`, which need two runtimes",
            process.name, first.name, other.name
        );
        lowering.found.push(
            Diagnostic::error(Code::L0205, message)
                .at(&other.at)
                .label(&first.at, "the other one is here")
                .note("Go has a runtime of its own; TypeScript, Python and Rust share one")
                .help("run them apart: `allocation = \"per-service\"`, or groups of one runtime each"),
        );
    }
    first.language
}

/// The secrets that a process is started with: the variable, and the secret.
pub(crate) fn secrets(lowering: &Lowering<'_>, process: &Process) -> Vec<(String, ResourceId)> {
    let mut all = secret::of_process(lowering, process);
    let databases = database::servers_of(lowering, process).into_keys();
    all.extend(
        databases.map(|server| (postgres::variable(&server), postgres::password_id(&server, process))),
    );
    let caches = caches_of(lowering, process).into_iter();
    all.extend(caches.map(|cache| (cache::variable(&cache), cache::password_id(&cache, process))));
    all.push((CALL_KEY.to_owned(), call_key_id()));
    all
}

fn call_key_id() -> ResourceId {
    id(["compute", "call-key"])
}

/// Makes the key by which services trust each other's calls.
pub(crate) fn call_key(lowering: &mut Lowering<'_>) {
    let why = lowering.default("compute.call_key");
    secret::generated(lowering, call_key_id(), &[], "call-key", "key by which services trust calls", &why);
}

/// What the services of a process use.
fn uses<'a>(lowering: &Lowering<'a>, process: &Process) -> Vec<&'a Uses> {
    let services = process.services.iter().filter_map(|name| lowering.model.services.get(name));
    services.map(|service| &service.uses).collect()
}

fn caches_of(lowering: &Lowering<'_>, process: &Process) -> BTreeSet<String> {
    uses(lowering, process).into_iter().flat_map(|uses| uses.caches.keys().cloned()).collect()
}

/// All that a process has to know, in no runtime's form.
struct Situation {
    app: String,
    environment: String,
    kind: RuntimeType,
    region: String,
    /// Where the app is reached from outside.
    base_url: Option<Value>,
    services: Vec<String>,
    gateways: Vec<String>,
    /// The services that run elsewhere, each with its URL.
    elsewhere: BTreeMap<String, Value>,
    servers: Vec<Server>,
    caches: Vec<Cache>,
    topics: BTreeMap<String, Topic>,
    buckets: BTreeMap<String, Bucket>,
    /// Secrets of the app. The variable has the name of the secret.
    secrets: Vec<String>,
    /// Metrics, each with the services here that set it.
    metrics: BTreeMap<String, Vec<String>>,
}

struct Server {
    host: Value,
    user: Value,
    variable: String,
    /// Each with its name in the server, which is its name in the app.
    databases: BTreeMap<String, Value>,
}

struct Cache {
    name: String,
    host: Value,
    user: Value,
    variable: String,
}

struct Topic {
    arn: Value,
    exactly_once: bool,
    ordering_attribute: Option<String>,
    /// Those that services here handle, each with the URL of its queue.
    subscriptions: BTreeMap<String, Value>,
}

struct Bucket {
    name: Value,
    public: Option<Value>,
}

impl Situation {
    fn of(lowering: &Lowering<'_>, processes: &[Process], process: &Process, compute: &Compute) -> Self {
        let model = lowering.model;
        Self {
            app: model.app.clone(),
            environment: lowering.environment.name.clone(),
            kind: match lowering.environment.environment.kind {
                EnvironmentType::Production => RuntimeType::Production,
                EnvironmentType::Development | EnvironmentType::Local => RuntimeType::Development,
                EnvironmentType::Preview => RuntimeType::Ephemeral,
            },
            region: lowering.region().to_owned(),
            base_url: gateway::base_url(lowering),
            services: process.services.iter().cloned().collect(),
            gateways: if process.gateway { model.gateways.keys().cloned().collect() } else { Vec::new() },
            elsewhere: elsewhere(lowering, processes, process, compute),
            servers: servers(lowering, process),
            caches: caches_of(lowering, process).into_iter().map(|name| described(name, process)).collect(),
            topics: topics(lowering, process),
            buckets: buckets(lowering, process),
            secrets: secret::of_process(lowering, process).into_iter().map(|(name, _)| name).collect(),
            metrics: metrics(lowering, process),
        }
    }

    /// The namespace of its metrics.
    fn namespace(&self) -> String {
        namespace(&self.app, &self.environment)
    }
}

/// The namespace of an environment's metrics.
pub(crate) fn namespace(app: &str, environment: &str) -> String {
    format!("{app}/{environment}")
}

/// The services that this process may call in others.
fn elsewhere(
    lowering: &Lowering<'_>,
    processes: &[Process],
    process: &Process,
    compute: &Compute,
) -> BTreeMap<String, Value> {
    if compute.namespace.is_none() {
        return BTreeMap::new();
    }
    let called = groups::called_by(lowering.model, process);
    let mut elsewhere = BTreeMap::new();
    for other in processes.iter().filter(|other| other.name != process.name) {
        let name = output(&super::service::discovery_id(other), "/Name");
        let url = Value::join(["http://".into(), name, format!(".{DOMAIN}:{PROCESS_PORT}").into()]);
        let services = other.services.iter().filter(|service| called.contains(service.as_str()));
        elsewhere.extend(services.map(|service| (service.clone(), url.clone())));
    }
    elsewhere
}

fn servers(lowering: &Lowering<'_>, process: &Process) -> Vec<Server> {
    let servers = database::servers_of(lowering, process).into_iter();
    let described = servers.map(|(server, databases)| Server {
        host: database::host(&server),
        user: output(&postgres::role_id(&server, process), "/Name"),
        variable: postgres::variable(&server),
        databases: databases
            .into_keys()
            .map(|name| (name.to_owned(), output(&postgres::database_id(name), "/Name")))
            .collect(),
    });
    described.collect()
}

fn described(name: String, process: &Process) -> Cache {
    Cache {
        host: cache::host(&name),
        user: output(&cache::user_id(&name, process), "/UserName"),
        variable: cache::variable(&name),
        name,
    }
}

fn topics(lowering: &Lowering<'_>, process: &Process) -> BTreeMap<String, Topic> {
    let mut topics: BTreeMap<String, Topic> = BTreeMap::new();
    for uses in uses(lowering, process) {
        for name in uses.publishes.keys().chain(uses.subscribes.keys()) {
            let declared = &lowering.model.topics[name];
            let topic = topics.entry(name.clone()).or_insert_with(|| Topic {
                arn: output(&topic::topic_id(name), "/TopicArn"),
                exactly_once: declared.delivery == Delivery::ExactlyOnce,
                ordering_attribute: declared.ordering_attribute.clone(),
                subscriptions: BTreeMap::new(),
            });
            let handled = uses.subscribes.get(name).into_iter().flatten();
            topic.subscriptions.extend(handled.map(|subscription| {
                (subscription.clone(), output(&topic::queue_id(name, subscription), "/QueueUrl"))
            }));
        }
    }
    topics
}

fn buckets(lowering: &Lowering<'_>, process: &Process) -> BTreeMap<String, Bucket> {
    let used = uses(lowering, process).into_iter().flat_map(|uses| uses.buckets.keys());
    let described = used.map(|name| {
        let public = lowering.model.buckets[name]
            .public
            .then(|| Value::join(["https://".into(), output(&bucket::distribution_id(name), "/DomainName")]));
        (name.clone(), Bucket { name: output(&bucket::bucket_id(name), "/BucketName"), public })
    });
    described.collect()
}

fn metrics(lowering: &Lowering<'_>, process: &Process) -> BTreeMap<String, Vec<String>> {
    let mut metrics: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for service in process.services.iter().filter_map(|name| lowering.model.services.get(name)) {
        for metric in &service.uses.metrics {
            metrics.entry(metric.clone()).or_default().push(service.name.clone());
        }
    }
    metrics
}

/// The variable that holds a secret, as both runtimes write it.
fn variable(name: &str) -> Json {
    json!({ "$literal": { "$env": name } })
}

/// What our own JSON means.
fn value(json: &Json) -> Value {
    Value::parse(json).expect("BUG: a room writes well-formed expressions")
}
