//! The manifest: what an app declares and uses, without a word of any language or cloud.
//!
//! A scanner writes it, `compiler/model` reads it; people and other tools may write one by hand. It holds what
//! was declared: a value that the code does not give is absent here, and `compiler/model` fills in the defaults of
//! the language. Field names are the same in TOML and JSON. Durations are in nanoseconds.

mod references;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Position;

/// The version of the format that this crate writes.
pub const VERSION: u32 = 1;

/// Everything that one app declares and uses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// The app's name: `id` of `encore.app`, else the folder's name.
    pub app: String,
    /// The language whose defaults apply, but for services that name another.
    pub language: Language,
    /// Services, sorted by name; likewise all other lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
    /// SQL databases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub databases: Vec<Database>,
    /// Pub/Sub topics with their subscriptions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<Topic>,
    /// Object storage buckets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buckets: Vec<Bucket>,
    /// Cache clusters with their keyspaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caches: Vec<Cache>,
    /// Cron jobs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cron_jobs: Vec<CronJob>,
    /// Secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Secret>,
    /// Metrics.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
    /// Gateways that the code declares; in Go, where it has no word for one, `api-gateway` in the service of the auth
    /// handler. Every app has `api-gateway` or another default; where none is here, `compiler/model` adds it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<Gateway>,
    /// The function that authenticates requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_handler: Option<AuthHandler>,
    /// Which service calls which endpoint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
}

impl Manifest {
    /// The manifest of an app in which nothing was found yet.
    pub fn new(app: &str, language: Language) -> Self {
        Self {
            version: VERSION,
            app: app.to_owned(),
            language,
            services: Vec::new(),
            databases: Vec::new(),
            topics: Vec::new(),
            buckets: Vec::new(),
            caches: Vec::new(),
            cron_jobs: Vec::new(),
            secrets: Vec::new(),
            metrics: Vec::new(),
            gateways: Vec::new(),
            auth_handler: None,
            calls: Vec::new(),
        }
    }
}

/// The language of an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Encore.go.
    Go,
    /// Encore.ts.
    Typescript,
    /// Encore's SDK for Python.
    Python,
    /// Encore's SDK for Rust.
    Rust,
}

/// A service: what it offers, what its code uses, and what was declared inside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Name, unique in the app.
    pub name: String,
    /// Root folder, relative to the app, with `/`; empty for the app's root.
    pub path: String,
    /// The language whose defaults apply to it, where that is not the app's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// The declaration, or the first thing that made the folder a service.
    pub at: Position,
    /// Databases that code of the service uses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub databases: Vec<DatabaseUse>,
    /// Buckets that code of the service uses, and how.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buckets: Vec<BucketUse>,
    /// Caches that code of the service uses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caches: Vec<CacheUse>,
    /// Metrics that code of the service sets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<String>,
    /// What was declared or named inside the service's folder, used or not.
    #[serde(default, skip_serializing_if = "Binds::is_empty")]
    pub binds: Binds,
    /// The service's endpoints.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<Endpoint>,
}

/// A use of a database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatabaseUse {
    /// Name of the database.
    pub database: String,
    /// What the service does with it; absent where it may be anything but changes of the schema.
    #[serde(default, skip_serializing_if = "DatabaseAccess::is_write")]
    pub access: DatabaseAccess,
    /// The first use.
    pub at: Position,
}

/// What code may do in a database, from the least to the most.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum DatabaseAccess {
    /// Read rows: every statement that it runs is known, and none writes.
    Read,
    /// Read and write rows.
    #[default]
    Write,
    /// Change the schema as well.
    Admin,
}

impl DatabaseAccess {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
    fn is_write(&self) -> bool {
        *self == Self::Write
    }
}

/// A use of a bucket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BucketUse {
    /// Name of the bucket.
    pub bucket: String,
    /// What the code does with it, sorted, each once.
    pub operations: Vec<BucketOperation>,
    /// The first use.
    pub at: Position,
}

/// A use of a cache.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CacheUse {
    /// Name of the cache cluster.
    pub cache: String,
    /// What the service does with it; absent where it may be anything.
    #[serde(default, skip_serializing_if = "CacheAccess::is_write")]
    pub access: CacheAccess,
    /// The first use.
    pub at: Position,
}

/// What code may do in a cache, from the least to the most.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CacheAccess {
    /// Run commands that read.
    Read,
    /// Run all commands.
    #[default]
    Write,
}

impl CacheAccess {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
    fn is_write(&self) -> bool {
        *self == Self::Write
    }
}

/// What code can do with a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BucketOperation {
    /// List the objects.
    ListObjects,
    /// Read an object.
    ReadObjectContents,
    /// Write an object.
    WriteObject,
    /// Change an object's metadata.
    UpdateObjectMetadata,
    /// Read an object's metadata.
    GetObjectMetadata,
    /// Delete an object.
    DeleteObject,
    /// Make the public address of an object.
    GetPublicUrl,
    /// Sign an address for an upload.
    SignedUploadUrl,
    /// Sign an address for a download.
    SignedDownloadUrl,
}

/// What a service's folder declares or names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Binds {
    /// Names of databases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub databases: Vec<String>,
    /// Names of topics.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<String>,
    /// Names of buckets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buckets: Vec<String>,
    /// Names of caches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caches: Vec<String>,
}

impl Binds {
    /// Whether nothing is bound.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An endpoint of a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// Name, unique in the service.
    pub name: String,
    /// Who may call it; absent when the code does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// HTTP methods, sorted; `*` for all. Empty when the code does not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// Path: `:x` a parameter, `*x` a wildcard, `!x` a fallback. Absent when the code does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Whether it takes the request as it came.
    #[serde(default, skip_serializing_if = "is_false")]
    pub raw: bool,
    /// The direction of a stream, seen from the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub streaming: Option<Streaming>,
    /// The folder that a static endpoint serves, relative to the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub static_dir: Option<String>,
    /// The file served for what is not found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub static_not_found: Option<String>,
    /// The status served with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub static_not_found_status: Option<u32>,
    /// Limit of a request's body, in bytes or `none`; absent when the code does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_limit: Option<BodyLimit>,
    /// Tags, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Whether its payload is kept out of traces.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sensitive: bool,
    /// Whether it takes a request of its own: path parameters not counted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub takes_request: bool,
    /// The declaration.
    pub at: Position,
}

/// Who may call an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Anybody.
    Public,
    /// Requests that the auth handler accepts.
    Auth,
    /// Services of the app, and cron.
    Private,
}

/// The direction of a stream, seen from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Streaming {
    /// The client sends.
    In,
    /// The server sends.
    Out,
    /// Both send.
    Inout,
}

/// Limit of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum BodyLimit {
    /// So many bytes.
    Bytes(u64),
    /// No limit.
    None(NoLimit),
}

/// The word `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoLimit {
    /// No limit.
    None,
}

/// A SQL database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Name, unique in the app.
    pub name: String,
    /// Folder of the migrations, relative to the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migrations_path: Option<String>,
    /// The migrations, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub migrations: Vec<Migration>,
    /// Whether migration numbers need not be sequential.
    #[serde(default, skip_serializing_if = "is_false")]
    pub non_sequential: bool,
    /// The declaration.
    pub at: Position,
}

/// One migration of a database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Migration {
    /// Its number.
    pub number: u64,
    /// File name within the folder; `name/migration.sql` for tools that make a folder each.
    pub file: String,
}

/// A Pub/Sub topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Name, unique in the app.
    pub name: String,
    /// Delivery guarantee; absent when the code does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    /// The message attribute by which messages are kept in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordering_attribute: Option<String>,
    /// Services that publish, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub publishers: Vec<String>,
    /// Subscriptions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subscriptions: Vec<Subscription>,
    /// Whether it is only referred to here, by its name: it is declared in another part of the app.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reference: bool,
    /// The declaration, or the first reference.
    pub at: Position,
}

/// Delivery guarantee of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// A message may come more than once.
    AtLeastOnce,
    /// A message comes once.
    ExactlyOnce,
}

/// A subscription to a topic. Absent values were not given by the code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// Name, unique in the topic.
    pub name: String,
    /// The service that handles the messages.
    pub service: String,
    /// Time to acknowledge a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack_deadline_ns: Option<i64>,
    /// How long an unacknowledged message is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_retention_ns: Option<i64>,
    /// Shortest wait before a retry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_backoff_ns: Option<i64>,
    /// Longest wait before a retry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_backoff_ns: Option<i64>,
    /// Retries before a message is a dead letter; -1 for ever, -2 none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_retries: Option<i64>,
    /// Messages handled at a time by one instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<i64>,
    /// The declaration.
    pub at: Position,
}

/// An object storage bucket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// Name, unique in the app.
    pub name: String,
    /// Whether its objects have public addresses.
    #[serde(default, skip_serializing_if = "is_false")]
    pub public: bool,
    /// Whether old versions of objects are kept.
    #[serde(default, skip_serializing_if = "is_false")]
    pub versioned: bool,
    /// The declaration.
    pub at: Position,
}

/// A cache cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// Name, unique in the app.
    pub name: String,
    /// Redis eviction policy; absent when the code does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eviction_policy: Option<String>,
    /// Whether what it holds must survive a restart, and is never evicted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub persistent: bool,
    /// Keyspaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keyspaces: Vec<Keyspace>,
    /// The declaration.
    pub at: Position,
}

/// A keyspace of a cache cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Keyspace {
    /// Pattern of the keys.
    pub pattern: String,
    /// The service that uses it.
    pub service: String,
    /// The declaration.
    pub at: Position,
}

/// A cron job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CronJob {
    /// Id, unique in the app.
    pub id: String,
    /// Title; the id when the code gives none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// `every:MINUTES` or `schedule:EXPRESSION`; absent when the code gives neither, which is an error of the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// `service.endpoint` that is called; absent when it could not be found out, which is an error of the app, and
    /// where a path is requested instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The path that is requested with `POST`, where the code names no endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The service of which the path is requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The declaration.
    pub at: Position,
}

/// A secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// Name, unique in the app; for one that belongs to a service, unique there.
    pub name: String,
    /// Whose it is; absent where services share it.
    #[serde(default, skip_serializing_if = "SecretScope::is_shared")]
    pub scope: SecretScope,
    /// The services that need it, sorted. For one that belongs to a service, that service alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages_or_services: Vec<String>,
    /// Whether it is only referred to here, by its name: it is declared in another part of the app.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reference: bool,
    /// The first declaration.
    pub at: Position,
}

/// Whose a secret is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretScope {
    /// One value for the app, given to the services that need it.
    #[default]
    Shared,
    /// One service's alone: another service may have one of the same name with another value.
    Service,
    /// One value for the app, given to every service.
    Global,
}

impl SecretScope {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
    fn is_shared(&self) -> bool {
        *self == Self::Shared
    }
}

/// A metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// Name, unique in the app.
    pub name: String,
    /// Kind of the metric.
    pub kind: MetricKind,
    /// The declaration.
    pub at: Position,
}

/// Kind of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MetricKind {
    /// Only goes up.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Goes up and down by steps.
    UpDownCounter,
    /// Counts values in ranges.
    Histogram,
}

/// A gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// Name.
    pub name: String,
    /// The service that declares it; empty when it stands outside of all.
    pub service: String,
    /// Whether it stands in for `api-gateway`, which is then not there.
    #[serde(default, skip_serializing_if = "is_false")]
    pub default: bool,
    /// The function that authenticates its requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_handler: Option<AuthHandler>,
    /// The declaration.
    pub at: Position,
}

/// A function that authenticates requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthHandler {
    /// Name of the function.
    pub name: String,
    /// Its service; empty when it stands outside of all.
    pub service: String,
    /// The declaration.
    pub at: Position,
}

/// A call from one service to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The caller.
    pub from_service: String,
    /// `service.endpoint`, or only the service when its whole client is passed on.
    pub to: String,
    /// The first such call.
    pub at: Position,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_false(truth: &bool) -> bool {
    !truth
}
