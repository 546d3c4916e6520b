//! The words of the framework: which imported name declares what.

use serde::{Deserialize, Serialize};

/// What a call or construction declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Construct {
    /// `new Service(…)`
    Service,
    /// `api(…)` and its relatives
    Endpoint(EndpointKind),
    /// `authHandler(…)`
    AuthHandler,
    /// `new Gateway(…)`
    Gateway,
    /// `new SQLDatabase(…)`
    Database,
    /// `SQLDatabase.named(…)`
    NamedDatabase,
    /// `new Topic(…)`
    Topic,
    /// `new Subscription(…)`
    Subscription,
    /// `new Bucket(…)`
    Bucket,
    /// `Bucket.named(…)`
    NamedBucket,
    /// `new CacheCluster(…)`
    Cache,
    /// `CacheCluster.named(…)`
    NamedCache,
    /// `new StringKeyspace(…)` and its relatives
    Keyspace,
    /// `new CronJob(…)`
    CronJob,
    /// `secret(…)`
    Secret,
    /// `new Counter(…)`, `new CounterGroup(…)`
    Counter,
    /// `new Gauge(…)`, `new GaugeGroup(…)`
    Gauge,
}

/// The kinds of endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum EndpointKind {
    /// `api(…)`
    Typed,
    /// `api.raw(…)`
    Raw,
    /// `api.streamIn(…)`
    StreamIn,
    /// `api.streamOut(…)`
    StreamOut,
    /// `api.streamInOut(…)`
    StreamInOut,
    /// `api.static(…)`
    Static,
}

impl Construct {
    /// Whether there is one for a service or for the app, by which others are judged.
    pub(super) fn is_single(self) -> bool {
        match self {
            Self::Service | Self::AuthHandler | Self::Gateway => true,
            Self::Endpoint(_)
            | Self::Database
            | Self::NamedDatabase
            | Self::Topic
            | Self::Subscription
            | Self::Bucket
            | Self::NamedBucket
            | Self::Cache
            | Self::NamedCache
            | Self::Keyspace
            | Self::CronJob
            | Self::Secret
            | Self::Counter
            | Self::Gauge => false,
        }
    }

    /// The construct that a path of names in a module of the framework stands for.
    pub(super) fn of(module: &str, path: &[&str]) -> Option<Self> {
        Some(match (module, path) {
            ("encore.dev/service", ["Service"]) => Self::Service,
            ("encore.dev/api", ["api"]) => Self::Endpoint(EndpointKind::Typed),
            ("encore.dev/api", ["api", kind]) => Self::Endpoint(match *kind {
                "raw" => EndpointKind::Raw,
                "streamIn" => EndpointKind::StreamIn,
                "streamOut" => EndpointKind::StreamOut,
                "streamInOut" => EndpointKind::StreamInOut,
                "static" => EndpointKind::Static,
                _ => return None,
            }),
            ("encore.dev/api", ["Gateway"]) => Self::Gateway,
            ("encore.dev/auth", ["authHandler"]) => Self::AuthHandler,
            ("encore.dev/storage/sqldb", ["SQLDatabase"]) => Self::Database,
            ("encore.dev/storage/sqldb", ["SQLDatabase", "named"]) => Self::NamedDatabase,
            ("encore.dev/pubsub", ["Topic"]) => Self::Topic,
            ("encore.dev/pubsub", ["Subscription"]) => Self::Subscription,
            ("encore.dev/storage/objects", ["Bucket"]) => Self::Bucket,
            ("encore.dev/storage/objects", ["Bucket", "named"]) => Self::NamedBucket,
            ("encore.dev/storage/cache", ["CacheCluster"]) => Self::Cache,
            ("encore.dev/storage/cache", ["CacheCluster", "named"]) => Self::NamedCache,
            ("encore.dev/storage/cache", [name]) if name.ends_with("Keyspace") => Self::Keyspace,
            ("encore.dev/cron", ["CronJob"]) => Self::CronJob,
            ("encore.dev/config", ["secret"]) => Self::Secret,
            ("encore.dev/metrics", ["Counter" | "CounterGroup"]) => Self::Counter,
            ("encore.dev/metrics", ["Gauge" | "GaugeGroup"]) => Self::Gauge,
            _ => return None,
        })
    }

    /// Whether it is made with `new`.
    pub(super) fn is_class(self) -> bool {
        !matches!(
            self,
            Self::Endpoint(_)
                | Self::AuthHandler
                | Self::NamedDatabase
                | Self::NamedBucket
                | Self::NamedCache
                | Self::Secret
        )
    }

    /// How it is written, for messages.
    pub(super) fn written(self) -> &'static str {
        match self {
            Self::Service => "new Service",
            Self::Endpoint(EndpointKind::Typed) => "api",
            Self::Endpoint(EndpointKind::Raw) => "api.raw",
            Self::Endpoint(EndpointKind::StreamIn) => "api.streamIn",
            Self::Endpoint(EndpointKind::StreamOut) => "api.streamOut",
            Self::Endpoint(EndpointKind::StreamInOut) => "api.streamInOut",
            Self::Endpoint(EndpointKind::Static) => "api.static",
            Self::AuthHandler => "authHandler",
            Self::Gateway => "new Gateway",
            Self::Database => "new SQLDatabase",
            Self::NamedDatabase => "SQLDatabase.named",
            Self::Topic => "new Topic",
            Self::Subscription => "new Subscription",
            Self::Bucket => "new Bucket",
            Self::NamedBucket => "Bucket.named",
            Self::Cache => "new CacheCluster",
            Self::NamedCache => "CacheCluster.named",
            Self::Keyspace => "new …Keyspace",
            Self::CronJob => "new CronJob",
            Self::Secret => "secret",
            Self::Counter => "new Counter",
            Self::Gauge => "new Gauge",
        }
    }
}
