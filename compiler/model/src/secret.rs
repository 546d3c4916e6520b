//! Secrets: values that only some services may read.

use std::collections::{BTreeMap, BTreeSet};

use compiler_diagnostics::Diagnostic;
use schema_documents::Position;
use schema_documents::manifest::Manifest;

use crate::cross::{self, Primitive};
use crate::name;

/// A secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Secret {
    /// Name, unique in the app.
    pub name: String,
    /// The services that need it.
    pub services: BTreeSet<String>,
    /// The first declaration.
    pub at: Position,
}

pub(crate) fn resolve(manifest: &Manifest, found: &mut Vec<Diagnostic>) -> BTreeMap<String, Secret> {
    let declared = manifest.secrets.iter().map(|secret| (secret.name.as_str(), &secret.at, secret));
    let mut secrets = BTreeMap::new();
    for (name, secret) in cross::unique(Primitive::Secret, None, declared, found) {
        name::check(manifest.language, Primitive::Secret, name, &secret.at, found);
        let services = secret.packages_or_services.iter().cloned().collect();
        let secret = Secret { name: name.to_owned(), services, at: secret.at.clone() };
        secrets.insert(name.to_owned(), secret);
    }
    secrets
}
