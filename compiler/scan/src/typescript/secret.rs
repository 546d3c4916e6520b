//! Secrets.
//!
//! ```ts
//! const webhook = secret("SlackWebhookURL");
//! ```

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::manifest::{Secret, SecretScope};

use super::found::{Found, Resource};
use super::site::Site;
use super::usage::Usage;

/// Reads a secret. Services that declare the same name share it.
pub(super) fn declare(site: Site<'_>, found: &mut Found) {
    if site.declaration.in_function {
        found.diagnostics.push(
            Diagnostic::error(Code::S0016, "a secret cannot be declared in a function")
                .at(&site.module.at(site.declaration.at))
                .note("a secret is loaded when the app starts, before any function runs")
                .help("write `const name = secret(\"…\");` at the top level, and call `name()` where it is needed"),
        );
    }
    if site.declaration.is_dropped {
        found.diagnostics.push(
            Diagnostic::error(Code::S0016, "a secret must be held by a variable")
                .at(&site.module.at(site.declaration.at))
                .note("the value of a secret is read by calling what `secret` returns, and that is dropped here")
                .help("write `const name = secret(\"…\");`, or remove the line"),
        );
    }
    let Some(named) = site.name(0, &mut found.diagnostics) else { return };
    if site.services().is_empty() {
        found.diagnostics.push(
            Diagnostic::error(
                Code::M0112,
                format!("secret `{}` is declared outside of all services", named.name),
            )
            .at(&named.at)
            .note("a secret is given to the services whose code declares or uses it; no service loads this file")
            .help("declare it in a file within the folder of each service that needs it, or import this file"),
        );
    }
    let secrets = &mut found.manifest.secrets;
    let index = secrets.iter().position(|secret| secret.name == named.name).unwrap_or_else(|| {
        secrets.push(Secret {
            name: named.name,
            scope: SecretScope::Shared,
            packages_or_services: Vec::new(),
            reference: false,
            at: named.at,
        });
        secrets.len() - 1
    });
    found.resources.insert(site.key, Resource::Secret(index));
    let services = &site.program.services;
    give(&mut secrets[index], site.services().iter().map(|service| services[*service].name.as_str()));
}

/// Notes that services use a secret, also one that another service declares.
pub(super) fn note_use(index: usize, usage: &Usage<'_>, found: &mut Found) {
    give(&mut found.manifest.secrets[index], usage.service_names());
}

fn give<'n>(secret: &mut Secret, services: impl Iterator<Item = &'n str>) {
    secret.packages_or_services.extend(services.map(str::to_owned));
    secret.packages_or_services.sort();
    secret.packages_or_services.dedup();
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_app};

    #[test]
    fn services_that_declare_the_same_secret_share_it() {
        let service = |name| {
            format!("import {{ Service }} from 'encore.dev/service'; import {{ secret as s }} from 'encore.dev/config';
                export default new Service('{name}'); const key = s('Key');")
        };
        check_app(
            &[("a/encore.service.ts", &service("a")), ("b/encore.service.ts", &service("b"))],
            &[
                r#"services {"name": "a", "path": "a"}"#,
                r#"services {"name": "b", "path": "b"}"#,
                r#"secrets {"name": "Key", "packages_or_services": ["a", "b"]}"#,
            ],
        );
    }

    #[test]
    fn a_secret_stands_at_the_top_level_and_is_named_in_place() {
        check(
            "import { secret } from 'encore.dev/config'; const f = () => secret('S')();",
            &[
                r#"secrets {"name": "S", "packages_or_services": ["svc"]}"#,
                "S0016 svc/svc.ts:1:61-1:72 a secret cannot be declared in a function",
            ],
        );
        check(
            "import { secret } from 'encore.dev/config';\nsecret('S');",
            &[
                r#"secrets {"name": "S", "packages_or_services": ["svc"]}"#,
                "S0016 svc/svc.ts:2:1-2:12 a secret must be held by a variable",
            ],
        );
        check(
            "import { secret } from 'encore.dev/config'; const s = secret(`S${1}`);",
            &["S0006 svc/svc.ts:1:62-1:69 the name in `secret` must be a string literal"],
        );
    }

    #[test]
    fn a_secret_outside_of_all_services_is_reported() {
        check_app(
            &[("lib/a.ts", "import { secret } from 'encore.dev/config'; const s = secret('S');")],
            &[
                r#"secrets {"name": "S"}"#,
                "M0112 lib/a.ts:1:62-1:65 secret `S` is declared outside of all services",
            ],
        );
    }
}
