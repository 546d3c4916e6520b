//! Cache clusters and their keyspaces.
//!
//! ```ts
//! const cluster = new CacheCluster("sessions", { evictionPolicy: "allkeys-lru" });
//! const tokens = new StringKeyspace<Key>(cluster, { keyPattern: "token/:id" });
//! ```

use compiler_diagnostics::Diagnostic;
use schema_documents::Position;
use schema_documents::manifest::{Cache, CacheAccess, CacheUse, Keyspace};

use super::found::{Found, Resource};
use super::site::Site;

/// Reads a cluster.
pub(super) fn declare(site: Site<'_>, found: &mut Found) {
    let out = &mut found.diagnostics;
    let config = site.config(1, &["evictionPolicy"], out);
    let eviction_policy = config.string("evictionPolicy", out).map(str::to_owned);
    let Some(named) = site.name(0, out) else { return };
    let name = named.name.clone();
    found.manifest.caches.push(Cache {
        name: name.clone(),
        eviction_policy,
        persistent: false,
        keyspaces: Vec::new(),
        at: named.at,
    });
    bind(site, name, found);
}

/// Reads `CacheCluster.named`.
pub(super) fn declare_named(site: Site<'_>, found: &mut Found) {
    if let Some(named) = site.name(0, &mut found.diagnostics) {
        bind(site, named.name, found);
    }
}

fn bind(site: Site<'_>, name: String, found: &mut Found) {
    if let Some(service) = site.service() {
        found.services[service].binds.caches.push(name.clone());
    }
    found.resources.insert(site.key, Resource::Cache(name));
}

/// Reads a keyspace, once all clusters are known.
pub(super) fn declare_keyspace(site: Site<'_>, found: &mut Found) {
    let out = &mut found.diagnostics;
    let config = site.config(1, &["keyPattern", "defaultExpiry"], out);
    let Some(cluster) = site.argument(0) else {
        out.push(site.missing("a cache cluster"));
        return;
    };
    let pattern = config.string("keyPattern", out);
    if config.value("keyPattern").is_none() {
        out.push(site.missing_field("keyPattern"));
    }
    let resource = site.program.declaration_of(site.key.0, cluster).and_then(|key| found.resources.get(&key));
    let Some(Resource::Cache(name)) = resource.cloned() else {
        out.push(site.unresolved(cluster, "a cache cluster"));
        return;
    };
    note_use(&name, site.service(), site.at(), found);
    found.resources.insert(site.key, Resource::Keyspace(name.clone()));
    let Some(pattern) = pattern else { return };
    let keyspace = Keyspace { pattern: pattern.to_owned(), service: site.service_name(), at: site.at() };
    match found.manifest.caches.iter_mut().find(|cache| cache.name == name) {
        Some(cache) => cache.keyspaces.push(keyspace),
        None => found.diagnostics.push(unknown(site, &name)),
    }
}

fn unknown(site: Site<'_>, name: &str) -> Diagnostic {
    Diagnostic::error(compiler_diagnostics::Code::M0103, format!("there is no cache cluster `{name}`"))
        .at(&site.at())
        .note("`CacheCluster.named` names a cluster that is declared elsewhere")
        .help(format!("declare it: `new CacheCluster(\"{name}\")`"))
}

/// Notes that a service uses a cluster.
pub(super) fn note_use(name: &str, service: Option<usize>, at: Position, found: &mut Found) {
    let Some(service) = service else { return };
    let uses = &mut found.services[service].caches;
    if !uses.iter().any(|one| one.cache == name) {
        uses.push(CacheUse { cache: name.to_owned(), access: CacheAccess::Write, at });
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn a_cluster_has_keyspaces_that_services_use() {
        check(
            "import { CacheCluster, StringKeyspace, StructKeyspace } from 'encore.dev/storage/cache';
const c = new CacheCluster('c', { evictionPolicy: 'noeviction' });
const k = new StringKeyspace<K>(c, { keyPattern: 'k/:key', defaultExpiry: expireIn(3) });
export const l = new StructKeyspace<K, V>(CacheCluster.named('c'), { keyPattern: 'l/:key' });",
            &[
                r#"services {"name": "svc", "path": "svc", "binds": {"caches": ["c"]}, "caches": [{"cache": "c"}]}"#,
                r#"caches {"name": "c", "eviction_policy": "noeviction",
                    "keyspaces": [{"pattern": "k/:key", "service": "svc"}, {"pattern": "l/:key", "service": "svc"}]}"#,
            ],
        );
    }

    #[test]
    fn a_keyspace_needs_a_cluster_and_a_pattern() {
        check(
            "import { CacheCluster, IntKeyspace } from 'encore.dev/storage/cache'; const c = CacheCluster.named('c');
new IntKeyspace(x, { keyPattern: 'k' });
new IntKeyspace(c, {});
new IntKeyspace(c, { keyPattern: 'k' });",
            &[
                r#"services {"name": "svc", "path": "svc", "binds": {"caches": ["c"]}, "caches": [{"cache": "c"}]}"#,
                "S0011 svc/svc.ts:2:17-2:18 this does not lead to a cache cluster",
                "S0010 svc/svc.ts:3:1-3:17 `new …Keyspace` needs the field `keyPattern`",
                "M0103 svc/svc.ts:4:1-4:17 there is no cache cluster `c`",
            ],
        );
    }
}
