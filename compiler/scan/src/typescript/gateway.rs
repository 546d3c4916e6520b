//! Gateways and auth handlers.
//!
//! ```ts
//! export const auth = authHandler<AuthParams, AuthData>(async (params) => …);
//! export const gateway = new Gateway({ authHandler: auth });
//! ```

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::manifest::{AuthHandler, Gateway};

use super::found::{Found, Resource};
use super::site::Site;

/// The name of every app's gateway.
const NAME: &str = "api-gateway";

/// Reads an auth handler. It counts only when a gateway names it.
pub(super) fn declare_handler(site: Site<'_>, found: &mut Found) {
    let Some(name) = site.variable(&mut found.diagnostics) else { return };
    if let Some(first) = found.auth_handler_at.clone() {
        found.diagnostics.push(
            Diagnostic::error(Code::S0029, "the app has more than one auth handler")
                .at(&site.at())
                .label(&first, "it is declared here first")
                .note("every request that has to be authenticated goes through the same one")
                .help("remove one of them, or let the one call the other"),
        );
    } else {
        found.auth_handler_at = Some(site.at());
    }
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
        default: false,
        auth_handler,
        at: site.at(),
    });
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn a_gateway_names_its_auth_handler() {
        check(
            "import { Gateway } from 'encore.dev/api'; import { authHandler } from 'encore.dev/auth';
export const auth = authHandler<P, D>(async (p) => ({ userID: '1' }));
export const gateway = new Gateway({ authHandler: auth });",
            &[
                r#"gateways {"name": "api-gateway", "service": "svc", "auth_handler": {"name": "auth", "service": "svc"}}"#,
            ],
        );
    }

    #[test]
    fn an_auth_handler_without_gateway_counts_for_nothing() {
        check(
            "import { authHandler } from 'encore.dev/auth'; export const auth = authHandler(async (p) => null);",
            &[],
        );
    }

    #[test]
    fn an_auth_handler_that_is_none_is_reported() {
        check(
            "import { Gateway } from 'encore.dev/api';\nnew Gateway({ authHandler: nobody });",
            &[
                r#"gateways {"name": "api-gateway", "service": "svc"}"#,
                "S0011 svc/svc.ts:2:28-2:34 this does not lead to an auth handler",
            ],
        );
    }

    #[test]
    fn an_app_has_one_auth_handler() {
        check(
            "import { authHandler } from 'encore.dev/auth';
export const a = authHandler(async (p) => null);
export const b = authHandler(async (p) => null);",
            &["S0029 svc/svc.ts:3:14-3:15 the app has more than one auth handler"],
        );
    }
}
