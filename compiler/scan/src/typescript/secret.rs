//! Secrets.
//!
//! ```ts
//! const webhook = secret("SlackWebhookURL");
//! ```

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::manifest::Secret;

use super::found::Found;
use super::site::Site;

/// Reads a secret. Services that declare the same name share it.
pub(super) fn declare(site: Site<'_>, found: &mut Found) {
    if site.declaration.in_function {
        found.diagnostics.push(
            Diagnostic::error(Code::S0016, "a secret cannot be declared in a function")
                .at(&site.module.at(site.declaration.span))
                .note("a secret is loaded when the app starts, before any function runs")
                .help("write `const name = secret(\"…\");` at the top level, and call `name()` where it is needed"),
        );
    }
    let Some(named) = site.name(0, &mut found.diagnostics) else { return };
    let services = site.service().map(|service| site.program.services[service].name.clone());
    let secrets = &mut found.manifest.secrets;
    let known = secrets.iter().position(|secret| secret.name == named.name);
    let secret = match known {
        Some(index) => &mut secrets[index],
        None => {
            secrets.push(Secret { name: named.name, packages_or_services: Vec::new(), at: named.at });
            secrets.last_mut().expect("BUG: one was just added")
        }
    };
    secret.packages_or_services.extend(services);
    secret.packages_or_services.sort();
    secret.packages_or_services.dedup();
}
