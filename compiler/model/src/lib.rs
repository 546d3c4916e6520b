//! From the manifest to the app model: names resolved, the defaults of the language filled in, everything checked.
//!
//! The manifest holds what the code says; the model holds what it means. [`resolve`] is the way from one to the other.
//! There is one file per primitive, each with its part of the model, its defaults and its checks; what concerns several
//! primitives (duplicates, references, paths) is in `cross.rs`.
//!
//! Nothing here knows an environment or a cloud, and nothing here reads a file.

mod bucket;
mod cache;
mod cron_expression;
mod cron_job;
mod cross;
mod database;
mod endpoint;
mod gateway;
mod language;
mod metric;
mod name;
mod path;
mod secret;
mod service;
#[cfg(test)]
mod tests;
mod topic;

use std::collections::BTreeMap;

use compiler_diagnostics::{Diagnostic, any_error, sort};
use schema_documents::manifest::{Language, Manifest};

pub use bucket::Bucket;
pub use cache::{Cache, EvictionPolicy, Keyspace};
pub use cron_job::{CronJob, EndpointRef, Schedule, Target};
pub use database::Database;
pub use endpoint::{DEFAULT_BODY_LIMIT_BYTES, Endpoint, METHODS};
pub use gateway::{AuthHandler, DEFAULT_GATEWAY, Gateway};
pub use metric::Metric;
pub use secret::Secret;
pub use service::{Binds, BucketUse, DatabaseUse, Service, Uses};
pub use topic::{Retries, Subscription, Topic};

/// An app: everything it declares and uses, by name. Every name in it resolves: what a service uses, a subscription
/// names or a cron job calls is found in the map of its primitive.
#[derive(Clone, Debug, PartialEq)]
pub struct AppModel {
    /// The app's name.
    pub app: String,
    /// The language of its services, but for those that have another.
    pub language: Language,
    /// Services, with their endpoints and with what their code uses.
    pub services: BTreeMap<String, Service>,
    /// Gateways: those that are declared, and [`DEFAULT_GATEWAY`] unless one of them takes its place.
    pub gateways: BTreeMap<String, Gateway>,
    /// The function that authenticates requests.
    pub auth_handler: Option<AuthHandler>,
    /// SQL databases.
    pub databases: BTreeMap<String, Database>,
    /// Pub/Sub topics with their subscriptions.
    pub topics: BTreeMap<String, Topic>,
    /// Object storage buckets.
    pub buckets: BTreeMap<String, Bucket>,
    /// Cache clusters with their keyspaces.
    pub caches: BTreeMap<String, Cache>,
    /// Cron jobs.
    pub cron_jobs: BTreeMap<String, CronJob>,
    /// Secrets, by [`Secret::key`].
    pub secrets: BTreeMap<String, Secret>,
    /// Metrics.
    pub metrics: BTreeMap<String, Metric>,
}

/// Resolves a manifest and checks it. All problems are reported at once, sorted by place; there is a model when none of
/// them is an error.
pub fn resolve(manifest: &Manifest) -> (Option<AppModel>, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let manifest = &{
        let mut joined = manifest.clone();
        joined.join_references();
        joined
    };
    let app = AppModel {
        app: manifest.app.clone(),
        language: manifest.language,
        services: service::resolve(manifest, &mut found),
        gateways: gateway::resolve(manifest, &mut found),
        auth_handler: gateway::auth_handler(manifest),
        databases: database::resolve(manifest, &mut found),
        topics: topic::resolve(manifest, &mut found),
        buckets: bucket::resolve(manifest, &mut found),
        caches: cache::resolve(manifest, &mut found),
        cron_jobs: cron_job::resolve(manifest, &mut found),
        secrets: secret::resolve(manifest, &mut found),
        metrics: metric::resolve(manifest, &mut found),
    };
    cross::references(manifest, &mut found);
    path::endpoints(&app, &mut found);
    cross::authentication(&app, &mut found);
    sort(&mut found);
    ((!any_error(&found)).then_some(app), found)
}
