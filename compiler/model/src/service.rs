//! Services: what they offer, and what their code uses.

use std::collections::{BTreeMap, BTreeSet};

use compiler_diagnostics::Diagnostic;
use schema_documents::Position;
use schema_documents::manifest::{self, BucketOperation, DatabaseAccess, Language, Manifest};

use crate::cross::{self, Primitive};
use crate::{Endpoint, endpoint, name, secret};

/// A service.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Name, unique in the app.
    pub name: String,
    /// Root folder, relative to the app; empty for the app's root.
    pub path: String,
    /// The language whose defaults apply to it.
    pub language: Language,
    /// The declaration, or the first thing that made the folder a service.
    pub at: Position,
    /// Its endpoints, by name.
    pub endpoints: BTreeMap<String, Endpoint>,
    /// What its code uses: what its identity may do, no more.
    pub uses: Uses,
    /// What was declared or named inside its folder, used or not. It grants nothing.
    pub binds: Binds,
}

/// What the code of a service uses, each with the place that makes it a use.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Uses {
    /// Databases, and what is done in each.
    pub databases: BTreeMap<String, DatabaseUse>,
    /// Buckets, and what is done with each.
    pub buckets: BTreeMap<String, BucketUse>,
    /// Topics that it publishes to.
    pub publishes: BTreeMap<String, Position>,
    /// Subscriptions that it handles, by topic.
    pub subscribes: BTreeMap<String, BTreeSet<String>>,
    /// Caches.
    pub caches: BTreeMap<String, Position>,
    /// Secrets.
    pub secrets: BTreeMap<String, Position>,
    /// Metrics that it sets.
    pub metrics: BTreeSet<String>,
    /// Other services that it calls.
    pub calls: BTreeSet<String>,
}

/// What the code of a service does in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseUse {
    /// The most that any of its uses needs.
    pub access: DatabaseAccess,
    /// The first use.
    pub at: Position,
}

/// What the code of a service does with a bucket.
#[derive(Clone, Debug, PartialEq)]
pub struct BucketUse {
    /// The operations.
    pub operations: BTreeSet<BucketOperation>,
    /// The first use.
    pub at: Position,
}

/// What a service's folder declares or names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Binds {
    /// Databases.
    pub databases: BTreeSet<String>,
    /// Topics.
    pub topics: BTreeSet<String>,
    /// Buckets.
    pub buckets: BTreeSet<String>,
    /// Caches.
    pub caches: BTreeSet<String>,
}

pub(crate) fn resolve(manifest: &Manifest, found: &mut Vec<Diagnostic>) -> BTreeMap<String, Service> {
    let declared = manifest.services.iter().map(|service| (service.name.as_str(), &service.at, service));
    let services = cross::unique(Primitive::Service, None, declared, found);
    let called = cross::calls(manifest);
    let mut resolved = BTreeMap::new();
    for (name, service) in services {
        let others = called.get(name).into_iter().flatten().filter(|called| **called != name);
        let calls = others.map(|called| (*called).to_owned()).collect();
        let language = service.language.unwrap_or(manifest.language);
        name::check(language, Primitive::Service, name, &service.at, found);
        let service = Service {
            name: name.to_owned(),
            path: service.path.clone(),
            language,
            at: service.at.clone(),
            endpoints: endpoint::resolve(language, service, found),
            uses: Uses { calls, ..uses(manifest, service) },
            binds: binds(&service.binds),
        };
        resolved.insert(name.to_owned(), service);
    }
    resolved
}

fn uses(manifest: &Manifest, service: &manifest::Service) -> Uses {
    let name = &service.name;
    let mut uses = Uses { metrics: service.metrics.iter().cloned().collect(), ..Uses::default() };
    for used in &service.databases {
        let new = || DatabaseUse { access: used.access, at: used.at.clone() };
        let database = uses.databases.entry(used.database.clone()).or_insert_with(new);
        database.access = used.access.max(database.access);
        database.at = used.at.clone().min(database.at.clone());
    }
    for used in &service.buckets {
        let new = || BucketUse { operations: BTreeSet::new(), at: used.at.clone() };
        let bucket = uses.buckets.entry(used.bucket.clone()).or_insert_with(new);
        bucket.operations.extend(&used.operations);
        bucket.at = used.at.clone().min(bucket.at.clone());
    }
    for used in &service.caches {
        first(&mut uses.caches, &used.cache, &used.at);
    }
    for cache in &manifest.caches {
        for keyspace in cache.keyspaces.iter().filter(|keyspace| keyspace.service == *name) {
            first(&mut uses.caches, &cache.name, &keyspace.at);
        }
    }
    for topic in &manifest.topics {
        if topic.publishers.contains(name) {
            first(&mut uses.publishes, &topic.name, &topic.at);
        }
        for subscription in topic.subscriptions.iter().filter(|subscription| subscription.service == *name) {
            uses.subscribes.entry(topic.name.clone()).or_default().insert(subscription.name.clone());
        }
    }
    for (key, secret) in secret::needed_by(manifest, name) {
        first(&mut uses.secrets, &key, &secret.at);
    }
    uses
}

/// Keeps the first position, whatever the order in the manifest.
fn first(uses: &mut BTreeMap<String, Position>, name: &str, at: &Position) {
    let kept = uses.entry(name.to_owned()).or_insert_with(|| at.clone());
    if at < kept {
        *kept = at.clone();
    }
}

fn binds(binds: &manifest::Binds) -> Binds {
    let set = |names: &[String]| names.iter().cloned().collect();
    Binds {
        databases: set(&binds.databases),
        topics: set(&binds.topics),
        buckets: set(&binds.buckets),
        caches: set(&binds.caches),
    }
}
