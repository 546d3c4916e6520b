//! The environment file, `environments/<name>.toml`: what differs from one environment to the next.
//!
//! This is its plain shape, for people, editors and the JSON Schema. `compiler/lower` reads the file with the place of
//! every value, so that an unknown key gets a suggestion and every setting an origin.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::desired::Mode;
use crate::{FieldPath, Json, ResourceId};

/// The version of the format that this crate writes.
pub const VERSION: u32 = 1;

/// The newest edition of the compiler's defaults.
pub const EDITION: &str = "2026.1";

/// Every edition, oldest first.
pub const EDITIONS: &[&str] = &[EDITION];

/// The settings of one environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// The edition of the compiler's defaults. Raising it is a reviewed change.
    pub edition: String,
    /// What the environment is for; sizes and availability follow.
    #[serde(rename = "type")]
    pub kind: EnvironmentType,
    /// The cloud.
    pub cloud: Cloud,
    /// The cloud's region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Which services share a process.
    #[serde(default)]
    pub allocation: Allocation,
    /// Whether a person approves infrastructure changes first.
    #[serde(default)]
    pub approval: Approval,
    /// How long a console edit rests before it is taken as meant, such as `60s` or `5m`.
    #[serde(default = "default_settle")]
    pub settle: String,
    /// The /16 network of the environment, such as `10.0.0.0/16`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkSettings>,
    /// Settings of the roles that processes and services of the cloud act as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<RoleSettings>,
    /// Who provides a primitive; the default follows the cloud.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub providers: BTreeMap<String, String>,
    /// Settings of databases, by declared name; `shared` is the server that all others share.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub database: BTreeMap<String, DatabaseSettings>,
    /// Settings of caches, by declared name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cache: BTreeMap<String, CacheSettings>,
    /// Settings of processes, by name: `all`, the service's or the group's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub process: BTreeMap<String, ProcessSettings>,
    /// Settings of gateways, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gateway: BTreeMap<String, GatewaySettings>,
    /// Settings of buckets, by declared name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bucket: BTreeMap<String, BucketSettings>,
    /// Any other attribute of any resource, as imports write it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub resources: BTreeMap<ResourceId, ResourceSettings>,
    /// Resources that got another id; the physical resource stays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<Moved>,
}

fn default_settle() -> String {
    "60s".to_owned()
}

/// What an environment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EnvironmentType {
    /// A developer's machine.
    Local,
    /// One pull request.
    Preview,
    /// A shared environment for trying things out.
    Development,
    /// The real thing.
    Production,
}

/// A cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cloud {
    /// Amazon Web Services.
    Aws,
    /// Google Cloud.
    Gcp,
    /// This machine.
    Local,
}

/// Which services share a process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Allocation {
    /// All in one.
    #[default]
    All,
    /// One each.
    PerService,
    /// Named groups of services; a service in none gets a process of its own.
    Groups(BTreeMap<String, Vec<String>>),
}

/// Whether a person approves infrastructure changes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// Changes are applied at once.
    #[default]
    Automatic,
    /// Changes wait for `manifest-agent approve`.
    Required,
}

/// Settings of the network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkSettings {
    /// The /16 range of the environment; `10.0.0.0/16` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cidr: Option<String>,
    /// Gateways through which the compute tier reaches the internet: 1 for all zones, or 2, one in each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nat_gateways: Option<u32>,
    /// Whether the network's traffic is logged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_logs: Option<bool>,
    /// Whether load balancers and buckets log who asked for what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_logs: Option<bool>,
    /// Whether processes reach services of AWS by private endpoints instead of the internet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_endpoints: Option<bool>,
}

/// Settings of all roles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleSettings {
    /// ARN of a managed policy: the most that any role of the environment can be allowed, whatever its policies say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<String>,
}

/// Settings of a gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GatewaySettings {
    /// The domain under which it is reached, such as `api.example.com`. Without one it has the load balancer's name, and
    /// requests come unencrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Id of the hosted zone of Route 53 that holds the domain: certificate and records are made in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosted_zone: Option<String>,
    /// ARN of a certificate that is there already, for a domain that is kept elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
}

/// Settings of a database server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// `shared` (the default) puts the database on the server that the app's databases share, `own` gives it one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Instance class, such as `db.m5.large`. Changing it restarts the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_class: Option<String>,
    /// Storage in GiB. It can grow, never shrink.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_gib: Option<u32>,
    /// Days that backups are kept, at least 7 in production.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_days: Option<u32>,
    /// A standby in another zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multi_az: Option<bool>,
}

/// Settings of a cache.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CacheSettings {
    /// Node type, such as `cache.m6g.large`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_type: Option<String>,
    /// Read replicas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u32>,
}

/// Settings of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProcessSettings {
    /// CPU units: 1024 are one virtual CPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
    /// Memory in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u32>,
    /// Instances that run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances: Option<u32>,
}

/// Settings of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BucketSettings {
    /// Whether old versions of objects are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versioned: Option<bool>,
}

/// Attributes of one resource.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceSettings {
    /// Values by path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<FieldPath, Json>,
    /// Paths that are to be left out although a rule would set them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<FieldPath>,
    /// The resource is not wanted although the code would have it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub absent: bool,
    /// Enforced paths whose drift is reported and not reverted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub report: Vec<FieldPath>,
    /// The identifier or the ARN of a resource that is there already: it is taken, and none is created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<String>,
    /// What the environment does with it; without this it owns it, field by field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
}

/// A resource that got another id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Moved {
    /// The id so far.
    pub from: ResourceId,
    /// The id from now on.
    pub to: ResourceId,
}
