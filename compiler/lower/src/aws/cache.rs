//! Caches: a Redis replication group per declared cache, encrypted, reached by what computes alone.

use std::collections::BTreeSet;

use compiler_model::{Cache, Uses};
use schema_documents::{Origin, ResourceId, Value};
use serde_json::json;

use super::network::Network;
use super::{groups, secret};
use crate::builder::{Draft, Lowering, id, output};
use crate::names;
use crate::processes::{self, Process};
use crate::sizes::REDIS;

const PORT: u16 = 6379;

/// Percent of the memory that is kept for backups and failover.
const RESERVED_PERCENT: u32 = 10;

/// What a process may do: everything with all keys, but nothing with the server. Clients ask for its version by `INFO`.
const ACCESS: &str = "on ~* +@all -@admin -@dangerous +info";

pub(crate) fn lower(lowering: &mut Lowering<'_>, processes: &[Process], network: &Network) {
    let model = lowering.model;
    for cache in model.caches.values() {
        let is_used = |uses: &Uses| uses.caches.contains_key(&cache.name);
        let users = processes::users(model, processes, is_used);
        lower_cache(lowering, cache, processes, &users, network);
    }
}

fn lower_cache(
    lowering: &mut Lowering<'_>,
    cache: &Cache,
    processes: &[Process],
    users: &BTreeSet<String>,
    network: &Network,
) {
    let name = cache.name.as_str();
    let why = Lowering::declared(&cache.at);
    let subnets: Vec<Value> = network.storage.iter().map(|subnet| output(subnet, "/SubnetId")).collect();
    let subnet_group = lowering.add(
        Draft::new(id(["cache", name, "subnet-group"]), "AWS::ElastiCache::SubnetGroup", &why)
            .named([name])
            .properties(json!({ "Description": format!("cache {name}"), "SubnetIds": subnets })),
    );
    let (version, family) = REDIS;
    let parameters = lowering.add(
        Draft::new(id(["cache", name, "parameter-group"]), "AWS::ElastiCache::ParameterGroup", &why)
            .properties(json!({
                "CacheParameterGroupFamily": family,
                "Description": format!("cache {name}"),
                "Properties": {
                    "activedefrag": "yes",
                    "maxmemory-policy": cache.eviction_policy.as_str(),
                    "reserved-memory-percent": RESERVED_PERCENT.to_string(),
                },
            }))
            .from(&why, "/Properties/maxmemory-policy"),
    );
    let group = id(["cache", name, "security-group"]);
    let group = groups::storage(lowering, network, group, PORT, users, &why);
    let size = &lowering.sizes.cache;
    let settings = lowering.environment.environment.cache.get(name);
    let replicas = settings.and_then(|cache| cache.replicas).unwrap_or(size.replicas);
    let user_group = user_group(lowering, name, processes, users, &why);
    let draft = Draft::new(group_id(name), "AWS::ElastiCache::ReplicationGroup", &why);
    let draft = draft.named([name]).properties(json!({
        "ReplicationGroupDescription": format!("cache {name}"),
        "Engine": "redis",
        "EngineVersion": version,
        "CacheNodeType": size.node_type,
        "NumCacheClusters": replicas.saturating_add(1),
        // There is nothing to fail over to without a replica.
        "AutomaticFailoverEnabled": replicas > 0,
        "MultiAZEnabled": replicas > 0,
        "AtRestEncryptionEnabled": true,
        "TransitEncryptionEnabled": true,
        "AutoMinorVersionUpgrade": true,
        "Port": PORT,
        "SnapshotRetentionLimit": size.snapshot_days,
        "CacheParameterGroupName": output(&parameters, "/CacheParameterGroupName"),
        "CacheSubnetGroupName": output(&subnet_group, "/CacheSubnetGroupName"),
        "SecurityGroupIds": [output(&group, "/GroupId")],
        "UserGroupIds": [output(&user_group, "/UserGroupId")],
    }));
    lowering.add(draft);
}

fn group_id(cache: &str) -> ResourceId {
    id(["cache", cache, "replication-group"])
}

/// Host and port of a cache.
pub(crate) fn host(cache: &str) -> Value {
    let group = group_id(cache);
    Value::join([
        output(&group, "/PrimaryEndPoint/Address"),
        ":".into(),
        output(&group, "/PrimaryEndPoint/Port"),
    ])
}

/// The id of a process's user of a cache.
pub(crate) fn user_id(cache: &str, process: &Process) -> ResourceId {
    id(["cache", cache, "user", &process.name])
}

/// The id of that user's password.
pub(crate) fn password_id(cache: &str, process: &Process) -> ResourceId {
    id(["cache", cache, "password", &process.name])
}

/// The variable by which the process gets it.
pub(crate) fn variable(cache: &str) -> String {
    format!("MANIFEST_CACHE_{cache}_PASSWORD")
}

/// Who may come in: a user for each process, and nobody without a name.
fn user_group(
    lowering: &mut Lowering<'_>,
    cache: &str,
    processes: &[Process],
    users: &BTreeSet<String>,
    why: &Origin,
) -> ResourceId {
    let mut members = vec![nobody(lowering, cache, why)];
    for process in processes.iter().filter(|process| users.contains(&process.name)) {
        members.push(user(lowering, cache, process));
    }
    let members: Vec<Value> = members.iter().map(|user| output(user, "/UserId")).collect();
    let draft = Draft::new(id(["cache", cache, "user-group"]), "AWS::ElastiCache::UserGroup", why);
    lowering.add(draft.named([cache]).properties(json!({ "Engine": "redis", "UserIds": members })))
}

/// A group has to have a user called `default`, who is whoever gives no name. This one may not come in.
fn nobody(lowering: &mut Lowering<'_>, cache: &str, why: &Origin) -> ResourceId {
    let draft = Draft::new(id(["cache", cache, "nobody"]), "AWS::ElastiCache::User", why);
    lowering.add(draft.named_as([cache], "nobody").properties(json!({
        "Engine": "redis",
        "UserName": "default",
        "AccessString": "off -@all",
        "AuthenticationMode": { "Type": "no-password-required" },
    })))
}

fn user(lowering: &mut Lowering<'_>, cache: &str, process: &Process) -> ResourceId {
    let why = &process.origin;
    let what = format!("password of process {} in cache {cache}", process.name);
    let password = password_id(cache, process);
    secret::generated(lowering, password.clone(), &[cache, &process.name], "cache-password", &what, why);
    let draft = Draft::new(user_id(cache, process), "AWS::ElastiCache::User", why);
    lowering.add(draft.named([cache, &process.name]).properties(json!({
        "Engine": "redis",
        "UserName": names::word(&process.name),
        "AccessString": ACCESS,
        "AuthenticationMode": { "Type": "password", "Passwords": [Value::secret_of(&password, "/Id")] },
    })))
}
