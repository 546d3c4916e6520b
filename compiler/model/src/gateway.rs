//! Gateways, and the function that authenticates what comes in through them.

use std::collections::BTreeMap;

use compiler_diagnostics::Diagnostic;
use schema_documents::Position;
use schema_documents::manifest::{self, Language, Manifest};

use crate::cross::{self, Primitive};
use crate::{language, name};

/// The gateway of an app that names no other as its default.
pub const DEFAULT_GATEWAY: &str = "api-gateway";

/// A gateway.
#[derive(Clone, Debug, PartialEq)]
pub struct Gateway {
    /// Name.
    pub name: String,
    /// The service that declares it; absent when it stands outside of all, and for the one that is there by itself.
    pub service: Option<String>,
    /// The function that authenticates its requests.
    pub auth_handler: Option<AuthHandler>,
    /// The declaration; absent for the one that is there by itself.
    pub at: Option<Position>,
}

/// A function that authenticates requests.
#[derive(Clone, Debug, PartialEq)]
pub struct AuthHandler {
    /// Name of the function.
    pub name: String,
    /// Its service; absent when it stands outside of all.
    pub service: Option<String>,
    /// The declaration.
    pub at: Position,
}

impl Gateway {
    /// Whether the app declares it.
    pub fn explicit(&self) -> bool {
        self.at.is_some()
    }
}

impl From<&manifest::AuthHandler> for AuthHandler {
    fn from(handler: &manifest::AuthHandler) -> Self {
        let service = (!handler.service.is_empty()).then(|| handler.service.clone());
        Self { name: handler.name.clone(), service, at: handler.at.clone() }
    }
}

pub(crate) fn resolve(manifest: &Manifest, found: &mut Vec<Diagnostic>) -> BTreeMap<String, Gateway> {
    let declared = manifest.gateways.iter().map(|gateway| (gateway.name.as_str(), &gateway.at, gateway));
    let mut gateways = BTreeMap::new();
    for (name, gateway) in cross::unique(Primitive::Gateway, None, declared, found) {
        name::check(
            language::of_declaration(manifest, &gateway.at),
            Primitive::Gateway,
            name,
            &gateway.at,
            found,
        );
        let gateway = Gateway {
            name: name.to_owned(),
            service: (!gateway.service.is_empty()).then(|| gateway.service.clone()),
            auth_handler: gateway.auth_handler.as_ref().map(AuthHandler::from),
            at: Some(gateway.at.clone()),
        };
        gateways.insert(name.to_owned(), gateway);
    }
    if !manifest.gateways.iter().any(|gateway| gateway.default) {
        gateways.entry(DEFAULT_GATEWAY.to_owned()).or_insert_with(|| implicit(manifest));
    }
    gateways
}

/// The gateway of an app that declares none. In Go there is one auth handler for the app; in TypeScript a handler counts
/// only when a gateway names it.
fn implicit(manifest: &Manifest) -> Gateway {
    let in_go = |handler: &AuthHandler| match language::of_declaration(manifest, &handler.at) {
        Language::Go => true,
        Language::Typescript | Language::Python | Language::Rust => false,
    };
    let auth_handler = auth_handler(manifest).filter(in_go);
    Gateway { name: DEFAULT_GATEWAY.to_owned(), service: None, auth_handler, at: None }
}

/// The app's auth handler: the one of the first gateway, by name, that has one, or the one that stands by itself.
pub(crate) fn auth_handler(manifest: &Manifest) -> Option<AuthHandler> {
    let with_handler = manifest.gateways.iter().filter(|gateway| gateway.auth_handler.is_some());
    let first = with_handler.min_by_key(|gateway| &gateway.name);
    first
        .and_then(|gateway| gateway.auth_handler.as_ref())
        .or(manifest.auth_handler.as_ref())
        .map(AuthHandler::from)
}
