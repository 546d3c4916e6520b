//! Gateways and auth handlers.
//!
//! ```ts
//! export const auth = authHandler<AuthParams, AuthData>(async (params) => …);
//! export const gateway = new Gateway({ authHandler: auth });
//! ```

use schema_documents::manifest::{AuthHandler, Gateway};

use super::found::{Found, Resource};
use super::site::Site;

/// The name of every app's gateway.
const NAME: &str = "api-gateway";

/// Reads an auth handler. It counts only when a gateway names it.
pub(super) fn declare_handler(site: Site<'_>, found: &mut Found) {
    let Some(name) = site.variable(&mut found.diagnostics) else { return };
    let handler = AuthHandler { name: name.to_owned(), service: site.service_name(), at: site.at() };
    found.resources.insert(site.key, Resource::AuthHandler(handler));
}

/// Reads a gateway, once all auth handlers are known.
pub(super) fn declare(site: Site<'_>, found: &mut Found) {
    let config = site.config(0, &["authHandler"], &mut found.diagnostics);
    let mut auth_handler = None;
    if let Some(value) = config.value("authHandler") {
        let handler =
            site.program.declaration_of(site.key.0, value).and_then(|key| found.resources.get(&key));
        match handler {
            Some(Resource::AuthHandler(handler)) => auth_handler = Some(handler.clone()),
            _ => found.diagnostics.push(site.unresolved(value, "an auth handler")),
        }
    }
    if found.manifest.auth_handler.is_none() {
        found.manifest.auth_handler.clone_from(&auth_handler);
    }
    found.manifest.gateways.push(Gateway {
        name: NAME.to_owned(),
        service: site.service_name(),
        auth_handler,
        at: site.at(),
    });
}
