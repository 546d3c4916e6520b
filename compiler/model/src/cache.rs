//! Cache clusters and their keyspaces.

use std::collections::BTreeMap;
use std::fmt;

use compiler_diagnostics::{Code, Diagnostic, closest};
use schema_documents::Position;
use schema_documents::manifest::{self, Manifest};

use crate::cross::{self, Primitive, one_of};
use crate::{language, name, path};

/// A cache cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Cache {
    /// Name, unique in the app.
    pub name: String,
    /// What goes first when memory is short.
    pub eviction_policy: EvictionPolicy,
    /// Whether what it holds must survive a restart.
    pub persistent: bool,
    /// Keyspaces, in the order of their declarations.
    pub keyspaces: Vec<Keyspace>,
    /// The declaration.
    pub at: Position,
}

/// A keyspace of a cache cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Keyspace {
    /// Pattern of the keys.
    pub pattern: String,
    /// The service that uses it.
    pub service: String,
    /// The declaration.
    pub at: Position,
}

/// What goes first when memory is short. Redis knows eight policies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum EvictionPolicy {
    /// Of all keys, the one used longest ago.
    #[default]
    AllKeysLru,
    /// Of all keys, the one used least often.
    AllKeysLfu,
    /// Any key.
    AllKeysRandom,
    /// Of the keys that expire, the one used longest ago.
    VolatileLru,
    /// Of the keys that expire, the one used least often.
    VolatileLfu,
    /// Of the keys that expire, the one that expires first.
    VolatileTtl,
    /// Any key that expires.
    VolatileRandom,
    /// Nothing: writes fail.
    NoEviction,
}

impl EvictionPolicy {
    /// Every policy.
    pub const ALL: [Self; 8] = [
        Self::AllKeysLru,
        Self::AllKeysLfu,
        Self::AllKeysRandom,
        Self::VolatileLru,
        Self::VolatileLfu,
        Self::VolatileTtl,
        Self::VolatileRandom,
        Self::NoEviction,
    ];

    /// Its name in Redis.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AllKeysLru => "allkeys-lru",
            Self::AllKeysLfu => "allkeys-lfu",
            Self::AllKeysRandom => "allkeys-random",
            Self::VolatileLru => "volatile-lru",
            Self::VolatileLfu => "volatile-lfu",
            Self::VolatileTtl => "volatile-ttl",
            Self::VolatileRandom => "volatile-random",
            Self::NoEviction => "noeviction",
        }
    }

    /// The policy of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == name)
    }
}

impl fmt::Display for EvictionPolicy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

pub(crate) fn resolve(manifest: &Manifest, found: &mut Vec<Diagnostic>) -> BTreeMap<String, Cache> {
    let declared = manifest.caches.iter().map(|cache| (cache.name.as_str(), &cache.at, cache));
    let mut caches = BTreeMap::new();
    for (name, cache) in cross::unique(Primitive::Cache, None, declared, found) {
        name::check(language::of_declaration(manifest, &cache.at), Primitive::Cache, name, &cache.at, found);
        let eviction_policy = eviction_policy(cache, found);
        let mut keyspaces: Vec<Keyspace> = cache.keyspaces.iter().map(keyspace).collect();
        keyspaces.sort_by(|a, b| (&a.at, &a.pattern).cmp(&(&b.at, &b.pattern)));
        let cache = Cache {
            name: name.to_owned(),
            eviction_policy,
            persistent: cache.persistent,
            keyspaces,
            at: cache.at.clone(),
        };
        path::keyspaces(manifest, &cache, found);
        caches.insert(name.to_owned(), cache);
    }
    caches
}

fn keyspace(keyspace: &manifest::Keyspace) -> Keyspace {
    Keyspace { pattern: keyspace.pattern.clone(), service: keyspace.service.clone(), at: keyspace.at.clone() }
}

fn eviction_policy(cache: &manifest::Cache, found: &mut Vec<Diagnostic>) -> EvictionPolicy {
    let Some(written) = cache.eviction_policy.as_deref() else {
        // What must not be lost is not evicted.
        return if cache.persistent { EvictionPolicy::NoEviction } else { EvictionPolicy::default() };
    };
    EvictionPolicy::parse(written).unwrap_or_else(|| {
        let names = || EvictionPolicy::ALL.into_iter().map(EvictionPolicy::as_str);
        let help = match closest(written, names()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("write {}", one_of(names())),
        };
        let message =
            format!("cache `{}` has the eviction policy `{written}`, which does not exist", cache.name);
        found.push(Diagnostic::error(Code::M0113, message).at(&cache.at).help(help));
        EvictionPolicy::default()
    })
}
