//! Redis databases: caches, in the words of the manifest.
//!
//! ```python
//! sessions = redis.Database("sessions")
//! await sessions.string.set("user:1", b"hello", ex=60)
//! await load(sessions.read())
//! ```

use schema_documents::manifest::{Cache, CacheAccess, CacheUse};

use super::found::{Found, Resource, Usage};
use super::site::{Signature, Site};

/// Families of commands, and those of their commands that only read.
const READS: [(&str, &[&str]); 11] = [
    ("generic", &["exists", "expiretime", "pexpiretime", "pttl", "scan", "touch", "ttl", "type"]),
    ("string", &["get", "getrange", "mget", "strlen"]),
    ("bitmap", &["bitcount", "bitpos", "getbit"]),
    ("hash", &["hexists", "hget", "hgetall", "hkeys", "hlen", "hmget", "hrandfield", "hscan", "hvals"]),
    ("json", &["arrindex", "arrlen", "get", "mget", "objkeys", "objlen", "strlen", "type"]),
    ("list", &["lindex", "llen", "lpos", "lrange"]),
    (
        "set",
        &[
            "scard",
            "sdiff",
            "sinter",
            "sismember",
            "smembers",
            "smismember",
            "srandmember",
            "sscan",
            "sunion",
        ],
    ),
    (
        "sorted_set",
        &[
            "zcard",
            "zcount",
            "zrandmember",
            "zrange",
            "zrangebyscore",
            "zrank",
            "zrevrange",
            "zrevrank",
            "zscan",
            "zscore",
        ],
    ),
    ("geo", &["geodist", "geohash", "geopos", "geosearch"]),
    ("stream", &["xinfo_stream", "xlen", "xpending", "xrange", "xread", "xrevrange"]),
    ("pubsub", &["subscribe", "psubscribe"]),
];

/// Reads a Redis database.
pub(super) fn declare(site: Site<'_>, found: &mut Found) {
    let out = &mut found.diagnostics;
    let given = site.arguments(Signature { positional: &["name"], named: &[] }, out);
    let Some(named) = given.name("name", out) else { return };
    found.manifest.caches.push(Cache {
        name: named.name.clone(),
        eviction_policy: None,
        persistent: false,
        keyspaces: Vec::new(),
        at: named.at,
    });
    bind(site, named.name, found);
}

/// Reads `Database.named`.
pub(super) fn declare_named(site: Site<'_>, found: &mut Found) {
    let out = &mut found.diagnostics;
    let given = site.arguments(Signature { positional: &["name"], named: &[] }, out);
    if let Some(named) = given.name("name", out) {
        bind(site, named.name, found);
    }
}

fn bind(site: Site<'_>, name: String, found: &mut Found) {
    if let Some(service) = site.service() {
        found.manifest.services[service].binds.caches.push(name.clone());
    }
    found.resources.insert(site.key, Resource::Cache(name));
}

/// Notes what is done with a Redis database.
pub(super) fn note_use(name: &str, usage: &Usage<'_>, found: &mut Found) {
    let access = match usage.rest {
        [] if usage.is_harmless(None) => return,
        [] => {
            let help = "pass on `db.read()` or `db.write()`";
            found.diagnostics.push(usage.passed_on("Redis database", name, help));
            CacheAccess::Write
        }
        [method, ..] if method == "read" => CacheAccess::Read,
        [family, command, ..] if reads(family, command) => CacheAccess::Read,
        [family] if READS.iter().any(|(known, _)| known == family) => {
            let help = "keep the family and the command together, or pass on `db.read()` or `db.write()`";
            found.diagnostics.push(usage.passed_on("Redis database", name, help));
            CacheAccess::Write
        }
        _ => CacheAccess::Write,
    };
    for service in usage.services_or_report(name, &mut found.diagnostics) {
        let uses = &mut found.manifest.services[*service].caches;
        match uses.iter_mut().find(|one| one.cache == name) {
            Some(known) => known.access = known.access.max(access),
            None => uses.push(CacheUse { cache: name.to_owned(), access, at: usage.at() }),
        }
    }
}

fn reads(family: &str, command: &str) -> bool {
    READS.iter().any(|(known, commands)| *known == family && commands.contains(&command))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_uses};

    #[test]
    fn commands_decide_the_access() {
        let (read, write) = (r#"[{"cache": "c", "access": "read"}]"#, r#"[{"cache": "c"}]"#);
        for (rest, expected) in [
            ("r.string.get('k')", read),
            ("r.string.get[int]('k'); r.hash.hgetall[User]('h')", read),
            ("f(r.read())", read),
            ("r.string.set('k', 1, ex=60)", write),
            ("r.string.get('k'); r.generic.delete('k')", write),
            ("r.string.getdel('k')", write),
            ("f(r.write())", write),
            ("f(r.connection_string)", write),
        ] {
            check_uses("redis.Database('c')", rest, "caches", expected);
        }
    }

    #[test]
    fn a_family_without_a_command_is_reported() {
        check(
            "from encore.storage import redis\nc = redis.Database('c')\ns = c.string",
            &[
                r#"services {"name": "svc", "path": "svc", "binds": {"caches": ["c"]}, "caches": [{"cache": "c"}]}"#,
                r#"caches {"name": "c"}"#,
                "S0018 svc/svc.py:3:5-3:13 the Redis database `c` is passed on as a value",
            ],
        );
    }
}
