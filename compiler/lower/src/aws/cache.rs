//! Caches: a Redis replication group per declared cache, encrypted, reached by what computes alone.

use std::collections::BTreeSet;

use compiler_model::{Cache, Uses};
use schema_documents::Value;
use serde_json::json;

use super::groups;
use super::network::Network;
use crate::builder::{Draft, Lowering, id, output};
use crate::processes::{self, Process};
use crate::sizes::REDIS;

const PORT: u16 = 6379;

/// Percent of the memory that is kept for backups and failover.
const RESERVED_PERCENT: u32 = 10;

pub(crate) fn lower(lowering: &mut Lowering<'_>, processes: &[Process], network: &Network) {
    let model = lowering.model;
    for cache in model.caches.values() {
        let is_used = |uses: &Uses| uses.caches.contains_key(&cache.name);
        let users = processes::users(model, processes, is_used);
        lower_cache(lowering, cache, &users, network);
    }
}

fn lower_cache(lowering: &mut Lowering<'_>, cache: &Cache, users: &BTreeSet<String>, network: &Network) {
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
    let draft =
        Draft::new(id(["cache", name, "replication-group"]), "AWS::ElastiCache::ReplicationGroup", &why);
    lowering.add(draft.named([name]).properties(json!({
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
    })));
}
