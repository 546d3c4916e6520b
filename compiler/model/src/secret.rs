//! Secrets: values that only some services may read.

use std::collections::{BTreeMap, BTreeSet};

use compiler_diagnostics::Diagnostic;
use schema_documents::Position;
use schema_documents::manifest::{self, Manifest, SecretScope};

use crate::cross::{self, Primitive};
use crate::{language, name};

/// A secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Secret {
    /// The name by which the code reads it.
    pub name: String,
    /// What no other secret has: the name, after `service.` where it is one service's alone.
    pub key: String,
    /// The services that need it.
    pub services: BTreeSet<String>,
    /// The first declaration.
    pub at: Position,
}

pub(crate) fn resolve(manifest: &Manifest, found: &mut Vec<Diagnostic>) -> BTreeMap<String, Secret> {
    let declared = || manifest.secrets.iter().filter(|secret| !secret.reference);
    let keys: Vec<String> = declared().map(key).collect();
    let named = keys.iter().zip(declared()).map(|(key, secret)| (key.as_str(), &secret.at, secret));
    let mut secrets = BTreeMap::new();
    for (key, secret) in cross::unique(Primitive::Secret, None, named, found) {
        name::check(
            language::of_declaration(manifest, &secret.at),
            Primitive::Secret,
            &secret.name,
            &secret.at,
            found,
        );
        let services = services(manifest, secret);
        let (name, at) = (secret.name.clone(), secret.at.clone());
        secrets.insert(key.to_owned(), Secret { name, key: key.to_owned(), services, at });
    }
    secrets
}

fn key(secret: &manifest::Secret) -> String {
    match (secret.scope, secret.packages_or_services.first()) {
        (SecretScope::Service, Some(service)) => format!("{service}.{}", secret.name),
        _ => secret.name.clone(),
    }
}

fn services(manifest: &Manifest, secret: &manifest::Secret) -> BTreeSet<String> {
    match secret.scope {
        SecretScope::Global => manifest.services.iter().map(|service| service.name.clone()).collect(),
        SecretScope::Shared | SecretScope::Service => secret.packages_or_services.iter().cloned().collect(),
    }
}

/// The secrets that a service needs, by what no other has.
pub(crate) fn needed_by<'m>(
    manifest: &'m Manifest,
    service: &'m str,
) -> impl Iterator<Item = (String, &'m manifest::Secret)> {
    let needs = move |secret: &&manifest::Secret| {
        secret.scope == SecretScope::Global || secret.packages_or_services.iter().any(|one| one == service)
    };
    manifest.secrets.iter().filter(needs).map(|secret| (key(secret), secret))
}
