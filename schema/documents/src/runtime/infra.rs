//! The infrastructure configuration that the Go runtime reads from the file which `ENCORE_INFRA_CONFIG_PATH` names. The form
//! is Encore's; only what is ever written is described, and nothing else is allowed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Named, Variable};

/// What a process of Go services is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InfraConfig {
    /// Which app and environment this is.
    pub metadata: Metadata,
    /// The keys by which services trust each other's calls, and those of cron jobs. Without one, any caller is believed.
    #[schemars(length(min = 1))]
    pub auth: Vec<Key>,
    /// Services that run in this process.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosted_services: Vec<String>,
    /// Gateways that run in this process.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosted_gateways: Vec<String>,
    /// The services that run elsewhere.
    #[serde(default, skip_serializing_if = "Named::is_empty")]
    pub service_discovery: Named<Service>,
    /// Database servers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sql_servers: Vec<SqlServer>,
    /// Caches.
    #[serde(default, skip_serializing_if = "Named::is_empty")]
    pub redis: Named<Redis>,
    /// Topics. The runtime keeps those of the last provider only, so there is one at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1))]
    pub pubsub: Vec<PubSub>,
    /// Buckets. The runtime keeps those of the last provider only, so there is one at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1))]
    pub object_storage: Vec<ObjectStorage>,
    /// Secrets that the app declares.
    #[serde(default, skip_serializing_if = "Named::is_empty")]
    pub secrets: Named<Variable>,
    /// Where metrics go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Metrics>,
}

/// Which app and environment this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// The app.
    pub app_id: String,
    /// The environment.
    pub env_name: String,
    /// What it is for.
    pub env_type: EnvironmentType,
    /// The cloud.
    pub cloud: Cloud,
    /// Where the app is reached from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
}

/// What an environment is for, in the runtimes' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EnvironmentType {
    /// People depend on it.
    Production,
    /// Developers share it.
    Development,
    /// It belongs to a pull request.
    Ephemeral,
}

/// The cloud, in the runtimes' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Cloud {
    /// Amazon Web Services.
    Aws,
    /// Google Cloud.
    Gcp,
}

/// A key by which calls are signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Always `key`.
    #[serde(rename = "type")]
    pub kind: KeyType,
    /// Its number, which a signature names.
    pub id: u32,
    /// The key.
    pub key: Variable,
}

/// The word that says how calls are trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyType {
    /// By a key that both sides have.
    Key,
}

/// A service that runs elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Scheme, host and port.
    pub base_url: String,
}

/// A database server. TLS is used where nothing says otherwise, and nothing ever does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlServer {
    /// Host and port. It can be in no variable.
    pub host: String,
    /// Databases. The key is the name in the app for one runtime and the name in the server for the other, so both are the same.
    pub databases: Named<SqlDatabase>,
}

/// A database of a server, and as whom to connect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlDatabase {
    /// The role of the process.
    pub username: String,
    /// Its password.
    pub password: Variable,
}

/// A cache.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// Host and port.
    pub host: String,
    /// Number of the database in the server.
    pub database_index: u8,
    /// As whom to connect.
    pub auth: Acl,
    /// Whether the runtime keeps everything in its own memory instead. Always `false`, but it must be there.
    pub in_memory: bool,
    /// That the connection is encrypted. The Go runtime connects in the open without it.
    pub tls_config: Tls,
}

/// A user of a cache.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Acl {
    /// Always `acl`.
    #[serde(rename = "type")]
    pub kind: AclType,
    /// The user of the process.
    pub username: String,
    /// Its password.
    pub password: Variable,
}

/// The word that says how a cache knows its users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AclType {
    /// By name and password.
    Acl,
}

/// An encrypted connection whose certificate any public authority vouches for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {}

/// Topics of one provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum PubSub {
    /// SNS with SQS.
    AwsSnsSqs {
        /// Topics.
        topics: Named<Topic>,
    },
}

/// A topic of SNS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Its ARN.
    pub arn: String,
    /// Subscriptions that this process handles.
    #[serde(default, skip_serializing_if = "Named::is_empty")]
    pub subscriptions: Named<Subscription>,
}

/// A queue of SQS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// Its URL.
    pub url: String,
}

/// Buckets of one provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ObjectStorage {
    /// S3, with the credentials of the process.
    S3 {
        /// The region.
        region: String,
        /// Buckets.
        buckets: Named<Bucket>,
    },
}

/// A bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// Its name in the cloud.
    pub name: String,
    /// Where its objects are read by anybody, if they are public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_base_url: Option<String>,
}

/// Where metrics go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Metrics {
    /// `CloudWatch`.
    AwsCloudwatch {
        /// The namespace.
        namespace: String,
    },
}
