//! Cache clusters and their keyspaces.
//!
//! ```ts
//! const cluster = new CacheCluster("sessions", { evictionPolicy: "allkeys-lru" });
//! const tokens = new StringKeyspace<Key>(cluster, { keyPattern: "token/:id" });
//! ```

use std::collections::BTreeSet;

use compiler_diagnostics::{Code, Diagnostic, closest};
use schema_documents::Position;
use schema_documents::manifest::{Cache, CacheAccess, CacheUse, Keyspace};

use super::found::{Found, Resource};
use super::literal::Config;
use super::shape::Type;
use super::site::Site;

/// What the keys of the framework itself begin with.
const RESERVED: &str = "__encore";

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
    note_use(&name, site.services(), &site.at(), found);
    found.resources.insert(site.key, Resource::Keyspace(name.clone()));
    check_types(site, &mut found.diagnostics);
    let Some(pattern) = pattern else { return };
    check_pattern(site, pattern, &config, &mut found.diagnostics);
    let keyspace = Keyspace { pattern: pattern.to_owned(), service: site.service_name(), at: site.at() };
    // A cluster that is named and not declared is reported where names are resolved.
    if let Some(cache) = found.manifest.caches.iter_mut().find(|cache| cache.name == name) {
        cache.keyspaces.push(keyspace);
    }
}

/// Whether keys are made of basic values, and the values of a `StructKeyspace`, which alone names their type, are objects.
fn check_types(site: Site<'_>, out: &mut Vec<Diagnostic>) {
    site.check_basic_fields(0, "field of the key", "each field of a key is a part of its text", out);
    let Some((value, at)) = site.type_argument(1) else { return };
    if site.program.is_basic(site.key.0, value) {
        out.push(
            Diagnostic::error(Code::S0020, "the values of this keyspace are no objects")
                .at(&at)
                .note("a `StructKeyspace` keeps objects, field by field")
                .help("name an interface, or use a `StringKeyspace`, an `IntKeyspace` or a `FloatKeyspace`"),
        );
    }
}

/// Whether the pattern of a keyspace fits its keys: those that are no object fill in `:key`, others a field each.
fn check_pattern(site: Site<'_>, pattern: &str, config: &Config<'_>, out: &mut Vec<Diagnostic>) {
    let Some(written) = config.value("keyPattern") else { return };
    let mut report = |message: String, help: String| {
        out.push(
            Diagnostic::error(Code::S0025, message)
                .at(&site.module.at(written.at))
                .note(
                    "each key of the keyspace is made from the pattern, with the parts of the key filled in",
                )
                .help(help),
        );
    };
    if pattern.starts_with(RESERVED) {
        report(
            format!("the pattern `{pattern}` begins with `{RESERVED}`"),
            "begin it with another word; these are the framework's own keys".to_owned(),
        );
    }
    let parameters: BTreeSet<&str> = pattern.split('/').filter_map(|part| part.strip_prefix(':')).collect();
    let Some(key) = site.declaration.types.first() else { return };
    if matches!(key, Type::Basic) {
        for parameter in parameters.iter().filter(|parameter| **parameter != "key") {
            report(
                format!("the parameter `:{parameter}` is not called `:key`"),
                "write `:key` for a key that is no object".to_owned(),
            );
        }
        return;
    }
    let Some(fields) = site.program.fields(site.key.0, key) else { return };
    for parameter in parameters.iter().filter(|parameter| !fields.contains(**parameter)) {
        let guess = closest(parameter, fields.iter().map(String::as_str));
        report(
            format!("the key has no field `{parameter}`"),
            guess.map_or_else(
                || format!("add a field `{parameter}` to the type of the key"),
                |guess| format!("did you mean `:{guess}`?"),
            ),
        );
    }
    for field in fields.iter().filter(|field| !parameters.contains(field.as_str())) {
        report(
            format!("the field `{field}` of the key is not in the pattern `{pattern}`"),
            format!("add `/:{field}` to the pattern; keys that differ only in this field would be the same"),
        );
    }
}

/// Notes that services use a cluster.
pub(super) fn note_use(name: &str, services: &[usize], at: &Position, found: &mut Found) {
    for service in services {
        let uses = &mut found.services[*service].caches;
        match uses.iter_mut().find(|one| one.cache == name) {
            Some(known) => known.at = known.at.clone().min(at.clone()),
            None => {
                uses.push(CacheUse { cache: name.to_owned(), access: CacheAccess::Write, at: at.clone() });
            }
        }
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
new IntKeyspace(c, {});",
            &[
                r#"services {"name": "svc", "path": "svc", "binds": {"caches": ["c"]}, "caches": [{"cache": "c"}]}"#,
                "S0011 svc/svc.ts:2:17-2:18 this does not lead to a cache cluster",
                "S0010 svc/svc.ts:3:1-3:17 `new …Keyspace` needs the field `keyPattern`",
            ],
        );
    }

    #[test]
    fn keys_have_basic_fields_and_structs_are_objects() {
        let check_types = |construct: &str, types: &str, pattern: &str, reported: &[&str]| {
            let source = format!(
                "import {{ CacheCluster, {construct} }} from 'encore.dev/storage/cache'; const c = CacheCluster.named('c');
type Text = string; interface Key {{ a: string[]; b: {{ c: string }}; d: number }}
new {construct}<
{types}>(c, {{ keyPattern: '{pattern}' }});"
            );
            let used = r#"services {"name": "svc", "path": "svc", "binds": {"caches": ["c"]}, "caches": [{"cache": "c"}]}"#;
            check(&source, &[&[used], reported].concat());
        };
        check_types("StructKeyspace", "string, { a: string[] }", ":key", &[]);
        check_types("StructKeyspace", "string, Unknown", ":key", &[]);
        let reported = "S0020 svc/svc.ts:4:9-4:13 the values of this keyspace are no objects";
        check_types("StructKeyspace", "string, Text", ":key", &[reported]);
        check_types(
            "IntKeyspace",
            "Key",
            ":a/:b/:d",
            &[
                "S0020 svc/svc.ts:4:1-4:4 the field of the key `a` is not a string, a number or a boolean",
                "S0020 svc/svc.ts:4:1-4:4 the field of the key `b` is not a string, a number or a boolean",
            ],
        );
    }

    #[test]
    fn a_pattern_fits_the_keys() {
        let check_pattern = |key: &str, pattern: &str, reported: &[&str]| {
            let source = format!(
                "import {{ CacheCluster, IntKeyspace }} from 'encore.dev/storage/cache'; const c = new CacheCluster('c');
interface Key {{ id: string; name: string }} new IntKeyspace<{key}>(c, {{ keyPattern:
{pattern:?} }});"
            );
            let end = pattern.len() + 3;
            let mut expected = vec![
                r#"services {"name": "svc", "path": "svc", "binds": {"caches": ["c"]}, "caches": [{"cache": "c"}]}"#.to_owned(),
                format!(r#"caches {{"name": "c", "keyspaces": [{{"pattern": {pattern:?}, "service": "svc"}}]}}"#),
            ];
            expected.extend(reported.iter().map(|message| format!("S0025 svc/svc.ts:3:1-3:{end} {message}")));
            check(&source, &expected.iter().map(String::as_str).collect::<Vec<_>>());
        };
        check_pattern("string", "x/:key", &[]);
        check_pattern("Key", "x/:id/:name", &[]);
        check_pattern("Unknown", "x/:anything", &[]);
        check_pattern("number", "x/:id", &["the parameter `:id` is not called `:key`"]);
        check_pattern("string", "__encore/:key", &["the pattern `__encore/:key` begins with `__encore`"]);
        check_pattern(
            "Key",
            "x/:ids",
            &[
                "the key has no field `ids`",
                "the field `id` of the key is not in the pattern `x/:ids`",
                "the field `name` of the key is not in the pattern `x/:ids`",
            ],
        );
    }
}
