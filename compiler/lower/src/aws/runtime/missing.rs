//! A second look at what a process is told, from the app's side: the document is one that its runtime reads, and nothing that
//! the services of the process use is missing.

use std::collections::BTreeSet;

use compiler_model::Uses;
use schema_documents::runtime::core::RuntimeConfig;
use schema_documents::runtime::infra::{InfraConfig, ObjectStorage, PubSub};
use schema_documents::{Json, Value, runtime};

use crate::builder::Lowering;
use crate::processes::Process;

/// Primitive and name.
type Names = BTreeSet<(&'static str, String)>;

/// What a process would not be told, in words. `told` reads the document.
pub(super) fn check(
    lowering: &Lowering<'_>,
    process: &Process,
    config: &Value,
    told: fn(&Json) -> Result<Names, String>,
) -> Vec<String> {
    let known = config.evaluate(&|_| Some(Json::from("told-by-the-cloud"))).value.as_json();
    let Some(known) = known else { return vec!["anything: a secret is in the document".to_owned()] };
    match told(&known) {
        Ok(told) => {
            let missing = needed(lowering, process).difference(&told).cloned().collect::<Vec<_>>();
            missing.into_iter().map(|(primitive, name)| format!("of {primitive} `{name}`")).collect()
        }
        Err(error) => vec![format!("anything: {error}")],
    }
}

/// All that the code of the process uses, by the model alone.
fn needed(lowering: &Lowering<'_>, process: &Process) -> Names {
    let mut needed = Names::new();
    for name in &process.services {
        needed.insert(("service", name.clone()));
        let Some(service) = lowering.model.services.get(name) else { continue };
        let Uses { databases, buckets, publishes, subscribes, caches, secrets, metrics: _, calls } =
            &service.uses;
        needed.extend(calls.iter().map(|name| ("service", name.clone())));
        needed.extend(databases.keys().map(|name| ("database", name.clone())));
        needed.extend(buckets.keys().map(|name| ("bucket", name.clone())));
        needed.extend(publishes.keys().map(|name| ("topic", name.clone())));
        needed.extend(caches.keys().map(|name| ("cache", name.clone())));
        needed.extend(secrets.keys().map(|key| ("secret", lowering.model.secrets[key].name.clone())));
        for (topic, subscriptions) in subscribes {
            needed.insert(("topic", topic.clone()));
            needed.extend(subscriptions.iter().map(|name| ("subscription", format!("{topic}/{name}"))));
        }
    }
    if process.gateway {
        needed.extend(lowering.model.gateways.keys().map(|name| ("gateway", name.clone())));
    }
    needed
}

/// What a document tells of.
#[derive(Default)]
struct Told(Names);

impl Told {
    fn of<'a>(&mut self, primitive: &'static str, names: impl IntoIterator<Item = &'a String>) {
        self.0.extend(names.into_iter().map(|name| (primitive, name.clone())));
    }

    fn of_subscription(&mut self, topic: &str, name: &str) {
        self.0.insert(("subscription", format!("{topic}/{name}")));
    }
}

/// What an infrastructure configuration tells of.
pub(super) fn told_by_infra(document: &Json) -> Result<Names, String> {
    let config: InfraConfig = runtime::read(document)?;
    let mut told = Told::default();
    told.of("service", config.hosted_services.iter().chain(config.service_discovery.keys()));
    told.of("gateway", &config.hosted_gateways);
    told.of("database", config.sql_servers.iter().flat_map(|server| server.databases.keys()));
    told.of("cache", config.redis.keys());
    told.of("secret", config.secrets.keys());
    for PubSub::AwsSnsSqs { topics } in &config.pubsub {
        told.of("topic", topics.keys());
        for (topic, subscriptions) in topics.iter().map(|(name, topic)| (name, topic.subscriptions.keys())) {
            subscriptions.for_each(|name| told.of_subscription(topic, name));
        }
    }
    for ObjectStorage::S3 { buckets, .. } in &config.object_storage {
        told.of("bucket", buckets.keys());
    }
    Ok(told.0)
}

/// What a runtime configuration tells of.
pub(super) fn told_by_core(document: &Json) -> Result<Names, String> {
    let config: RuntimeConfig = runtime::read(document)?;
    let resources = config.infra.and_then(|infra| infra.resources).unwrap_or_default();
    let deployment = config.deployment.unwrap_or_default();
    let mut told = Told::default();
    told.of("service", deployment.hosted_services.iter().map(|service| &service.name));
    told.of("service", deployment.service_discovery.unwrap_or_default().services.keys());
    told.of("gateway", &deployment.hosted_gateways);
    told.of("secret", resources.app_secrets.iter().map(|secret| &secret.encore_name));
    let databases = resources.sql_clusters.iter().flat_map(|cluster| &cluster.databases);
    told.of("database", databases.map(|database| &database.encore_name));
    let caches = resources.redis_clusters.iter().flat_map(|cluster| &cluster.databases);
    told.of("cache", caches.map(|cache| &cache.encore_name));
    let topics = resources.pubsub_clusters.iter().flat_map(|cluster| &cluster.topics);
    told.of("topic", topics.map(|topic| &topic.encore_name));
    for subscription in resources.pubsub_clusters.iter().flat_map(|cluster| &cluster.subscriptions) {
        told.of_subscription(&subscription.topic_encore_name, &subscription.subscription_encore_name);
    }
    let buckets = resources.bucket_clusters.iter().flat_map(|cluster| &cluster.buckets);
    told.of("bucket", buckets.map(|bucket| &bucket.encore_name));
    Ok(told.0)
}
