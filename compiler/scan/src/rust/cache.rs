//! Redis databases, which are caches unless they are persistent, and what is done in them.
//!
//! ```text
//! static ITEMS: Database = Database::new("items").eviction_policy(EvictionPolicy::AllKeysLfu);
//! ITEMS.string().get(key).await?;
//! ```

use schema_documents::manifest::{Cache, CacheAccess, CacheUse};

use super::found::{Found, Resource, Usage};
use super::resolve::Space;
use super::site::Site;

/// The policies, as the SDK and as Redis writes them.
const POLICIES: [(&str, &str); 8] = [
    ("NoEviction", "noeviction"),
    ("AllKeysLru", "allkeys-lru"),
    ("AllKeysLfu", "allkeys-lfu"),
    ("AllKeysRandom", "allkeys-random"),
    ("VolatileLru", "volatile-lru"),
    ("VolatileLfu", "volatile-lfu"),
    ("VolatileTtl", "volatile-ttl"),
    ("VolatileRandom", "volatile-random"),
];

/// The groups of commands, each with those that only read.
const GROUPS: [(&str, &[&str]); 10] = [
    ("pubsub", &[]),
    ("generic", &["exists", "ttl", "pttl", "key_type", "expire_time"]),
    ("string", &["get", "mget", "strlen", "getrange"]),
    ("bitmap", &["getbit", "bitcount", "bitcount_range", "bitpos"]),
    ("hash", &["hget", "hmget", "hgetall", "hexists", "hlen", "hkeys", "hvals", "hrandfield"]),
    ("list", &["lrange", "lindex", "llen", "lpos"]),
    (
        "set",
        &[
            "smembers",
            "sismember",
            "smismember",
            "scard",
            "srandmember",
            "srandmember_multiple",
            "sdiff",
            "sinter",
            "sunion",
        ],
    ),
    (
        "sorted_set",
        &[
            "zrange",
            "zrange_withscores",
            "zrevrange",
            "zrevrange_withscores",
            "zrangebyscore",
            "zrangebyscore_withscores",
            "zscore",
            "zrank",
            "zrevrank",
            "zcard",
            "zcount",
            "zrandmember",
        ],
    ),
    ("geo", &["geo_pos", "geo_dist", "geo_hash", "geo_radius", "geo_radius_by_member"]),
    (
        "stream",
        &[
            "xrange",
            "xrange_count",
            "xrevrange",
            "xrevrange_count",
            "xlen",
            "xread",
            "xpending",
            "xinfo_stream",
        ],
    ),
];

/// Reads a Redis database.
pub(super) fn declare(site: Site<'_>, found: &mut Found) {
    let out = &mut found.diagnostics;
    let eviction_policy = site.given("eviction_policy").and_then(|value| {
        let path = value.as_path().and_then(|path| site.names.of_sdk(site.module, path, Space::Values));
        let policy = path.and_then(|path| {
            let (name, owner) = path.split_last()?;
            let is_policy = owner.last().is_some_and(|owner| owner == "EvictionPolicy");
            POLICIES.iter().find(|(known, _)| is_policy && known == name).map(|(_, policy)| *policy)
        });
        site.expect("eviction_policy", value, policy, "one of `EvictionPolicy`", out).map(str::to_owned)
    });
    let Some(named) = site.name(0, out) else { return };
    if !site.is_named {
        found.manifest.caches.push(Cache {
            name: named.name.clone(),
            eviction_policy,
            persistent: site.has("persistent"),
            keyspaces: Vec::new(),
            at: named.at,
        });
    }
    if let Some(service) = site.service() {
        found.manifest.services[service].binds.caches.push(named.name.clone());
    }
    found.hold(site, Resource::Cache(named.name));
}

/// Notes what is done in a Redis database.
pub(super) fn note_use(name: &str, usage: &Usage<'_>, found: &mut Found) {
    let group = usage.method().and_then(|method| GROUPS.iter().find(|(group, _)| *group == method));
    let command = usage.methods.get(1).map(|method| method.name.as_str());
    let access = match (usage.method(), group, command) {
        (Some("read" | "read_primary"), ..) => CacheAccess::Read,
        (_, Some((_, reads)), Some(command)) if reads.contains(&command) => CacheAccess::Read,
        (None, ..) | (_, Some(_), None) => {
            let help =
                "call the command in place, or pass on `.read()` or `.write()`, which says what may be done";
            found.diagnostics.push(usage.passed_on("Redis database", name, help));
            CacheAccess::Write
        }
        _ => CacheAccess::Write,
    };
    for service in usage.services() {
        let uses = &mut found.manifest.services[*service].caches;
        match uses.iter_mut().find(|one| one.cache == name) {
            Some(known) => known.access = known.access.max(access),
            None => uses.push(CacheUse { cache: name.to_owned(), access, at: usage.at() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[track_caller]
    fn check_use(options: &str, body: &str, declared: &str, access: &str, others: &[&str]) {
        let source = format!(
            "use encore::storage::redis::{{Database, EvictionPolicy}}; static C: Database = Database::new(\"c\"){options};\nasync fn f() {{ {body} }}"
        );
        let used = format!(
            r#"services {{"name": "svc", "path": "svc", "binds": {{"caches": ["c"]}}, "caches": [{{"cache": "c"{access}}}]}}"#
        );
        let declared = format!(r#"caches {{"name": "c"{declared}}}"#);
        check(&source, &[&[declared.as_str(), used.as_str()], others].concat());
    }

    #[test]
    fn commands_read_or_write() {
        let read = r#", "access": "read""#;
        check_use("", "C.string().get(k).await?;", "", read, &[]);
        check_use("", "C.read(); C.sorted_set().zrange(k, 0, 1);", "", read, &[]);
        check_use("", "C.hash().hset(k, f, v); C.string().get(k);", "", "", &[]);
        check_use("", "C.pipeline();", "", "", &[]);
    }

    #[test]
    fn a_cache_may_be_persistent_or_evict() {
        check_use(".persistent()", "C.write();", r#", "persistent": true"#, "", &[]);
        check_use(
            ".eviction_policy(EvictionPolicy::VolatileTtl)",
            "C.write();",
            r#", "eviction_policy": "volatile-ttl""#,
            "",
            &[],
        );
        check_use(
            ".eviction_policy(policy())",
            "C.write();",
            "",
            "",
            &["S0009 svc/src/main.rs:1:113-1:121 `eviction_policy` must be one of `EvictionPolicy`"],
        );
    }

    #[test]
    fn a_group_of_commands_that_is_kept_is_reported() {
        check_use(
            "",
            "let s = C.string();",
            "",
            "",
            &["S0018 svc/src/main.rs:2:24-2:25 the Redis database `c` is passed on as a value"],
        );
    }
}
