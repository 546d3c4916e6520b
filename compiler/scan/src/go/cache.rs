//! Caches: clusters and their keyspaces.

use compiler_diagnostics::{Code as Number, Diagnostic, closest};
use schema_documents::manifest::{Cache, CacheAccess, CacheUse, Keyspace};

use super::Found;
use super::declaration::{Config, Constructor, Declared, declared};
use super::keyspace;
use super::program::Program;

const PACKAGE: &str = "encore.dev/storage/cache";

const NEW_CLUSTER: Constructor = Constructor {
    package: PACKAGE,
    function: "NewCluster",
    usage: "cache.NewCluster(\"name\", cache.ClusterConfig{})",
    types: 0..=0,
    arguments: 2,
};

/// Name, usage, number of type arguments.
const KEYSPACES: [(&str, &str, usize); 6] = [
    (
        "NewStringKeyspace",
        "cache.NewStringKeyspace[string](cluster, cache.KeyspaceConfig{KeyPattern: \"users/:key\"})",
        1,
    ),
    (
        "NewIntKeyspace",
        "cache.NewIntKeyspace[string](cluster, cache.KeyspaceConfig{KeyPattern: \"users/:key\"})",
        1,
    ),
    (
        "NewFloatKeyspace",
        "cache.NewFloatKeyspace[string](cluster, cache.KeyspaceConfig{KeyPattern: \"users/:key\"})",
        1,
    ),
    (
        "NewListKeyspace",
        "cache.NewListKeyspace[string, int](cluster, cache.KeyspaceConfig{KeyPattern: \"users/:key\"})",
        2,
    ),
    (
        "NewSetKeyspace",
        "cache.NewSetKeyspace[string, int](cluster, cache.KeyspaceConfig{KeyPattern: \"users/:key\"})",
        2,
    ),
    (
        "NewStructKeyspace",
        "cache.NewStructKeyspace[string, User](cluster, cache.KeyspaceConfig{KeyPattern: \"users/:key\"})",
        2,
    ),
];

/// Finds the clusters, and their keyspaces.
pub(super) fn scan(program: &Program<'_>, found: &mut Found) {
    for each in declared(program, &NEW_CLUSTER, found) {
        cluster(program, &each, found);
    }
    for (function, usage, types) in KEYSPACES {
        let constructor =
            Constructor { package: PACKAGE, function, usage, types: types..=types, arguments: 2 };
        for each in declared(program, &constructor, found) {
            keyspace(program, &each, function, found);
        }
    }
}

fn cluster(program: &Program<'_>, each: &Declared<'_>, found: &mut Found) {
    let Some((name, at)) = each.name(0, found) else { return };
    let config = Config::read(each.file, each.argument(1), &["EvictionPolicy", "DefaultExpiry"], found);
    let eviction_policy = config.text("EvictionPolicy", found);
    if let Some(service) = found.service_of(program, each.file) {
        service.binds.caches.push(name.clone());
    }
    if let Some(key) = each.key().filter(|_| !each.is_nested) {
        found.clusters.insert(key, name.clone());
    }
    found.manifest.caches.push(Cache { name, eviction_policy, persistent: false, keyspaces: Vec::new(), at });
}

fn keyspace(program: &Program<'_>, each: &Declared<'_>, function: &str, found: &mut Found) {
    let config = Config::read(each.file, each.argument(1), &["KeyPattern", "DefaultExpiry"], found);
    config.required("KeyPattern", "write `KeyPattern: \"users/:key\"`", found);
    let pattern = config.text("KeyPattern", found);
    let at = keyspace::inside_quotes(config.at_field("KeyPattern"));
    if let Some(pattern) = &pattern {
        keyspace::check(program, each, &config, pattern, function == "NewStructKeyspace", found);
    }
    let cluster = each.named(program, 0).and_then(|key| found.clusters.get(&key).cloned());
    let Some(cluster) = cluster else {
        let diagnostic = no_cluster(program, each, found);
        found.diagnostics.push(diagnostic);
        return;
    };
    let Some(service) = found.service_of(program, each.file) else {
        let diagnostic = Diagnostic::error(Number::S0005, "a keyspace is declared outside of all services")
            .at(&each.at())
            .note("a keyspace belongs to one service, which alone uses it")
            .help("move it into the folder of the service that uses it");
        found.diagnostics.push(diagnostic);
        return;
    };
    match service.caches.iter_mut().find(|known| known.cache == cluster) {
        Some(known) => known.at = known.at.clone().min(at.clone()),
        None => service.caches.push(CacheUse {
            cache: cluster.clone(),
            access: CacheAccess::Write,
            at: at.clone(),
        }),
    }
    let service = service.name.clone();
    keyspace::check_uses(program, each, found);
    let cache = found.manifest.caches.iter_mut().find(|cache| cache.name == cluster);
    if let (Some(cache), Some(pattern)) = (cache, pattern) {
        cache.keyspaces.push(Keyspace { pattern, service, at });
    }
}

fn no_cluster(program: &Program<'_>, each: &Declared<'_>, found: &Found) -> Diagnostic {
    let meant = each.named(program, 0).and_then(|(package, name)| {
        let names = found.clusters.keys().filter(|(of, _)| *of == package).map(|(_, name)| name.as_str());
        closest(&name, names).map(|meant| format!("did you mean `{meant}`?"))
    });
    Diagnostic::error(Number::S0011, "the cluster of this keyspace cannot be found")
        .at(&each.at_argument(0))
        .note("a keyspace names the package-level variable that holds its cluster")
        .help(meant.unwrap_or_else(|| "name a variable that is set to `cache.NewCluster(…)`".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_file};

    const CLUSTER: &str =
        "var c = cache.NewCluster(\"c\", cache.ClusterConfig{EvictionPolicy: cache.AllKeysLFU})\n";

    #[test]
    fn a_keyspace_uses_its_cluster() {
        let keyspaces = "var k = cache.NewStringKeyspace[string](c, cache.KeyspaceConfig{KeyPattern: \"a/:key\", DefaultExpiry: cache.ExpireIn(time.Hour)})
var l = cache.NewListKeyspace[string, int](c, cache.KeyspaceConfig{KeyPattern: \"b/:key\"})
";
        check_file(
            &format!("{CLUSTER}{keyspaces}"),
            &[
                "cache c allkeys-lfu",
                "keyspace c a/:key svc",
                "keyspace c b/:key svc",
                "service svc svc caches=c binds=svc,c",
            ],
            &[],
        );
    }

    #[test]
    fn a_keyspace_needs_a_cluster_and_a_pattern() {
        check_file(
            "var k = cache.NewIntKeyspace[string](nothing, cache.KeyspaceConfig{})",
            &[],
            &[
                "S0011 svc/svc.go:16:38-16:45 the cluster of this keyspace cannot be found",
                "S0010 svc/svc.go:16:47-16:69 the field `KeyPattern` is missing",
            ],
        );
    }

    #[test]
    fn a_keyspace_belongs_to_a_service() {
        let text = format!(
            "package shared\nimport \"encore.dev/storage/cache\"\n{CLUSTER}var k = cache.NewIntKeyspace[int](c, cache.KeyspaceConfig{{KeyPattern: \"a\"}})\n"
        );
        check(
            &[("shared/shared.go", &text)],
            &["cache c allkeys-lfu"],
            &["S0005 shared/shared.go:4:9-4:76 a keyspace is declared outside of all services"],
        );
    }
}
