//! Secrets: of one service, shared between those that read them, or of all.
//!
//! ```text
//! static MAIL_KEY: Secret = Secret::new("MailKey");
//! static TOKEN_KEY: SharedSecret = SharedSecret::new("TokenKey");
//! ```

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::manifest::{Secret, SecretScope};

use super::found::{Found, Resource, Usage};
use super::program::Key;
use super::sdk::Reach;
use super::site::Site;

/// Reads a secret. Declarations of the same name and reach are one secret.
pub(super) fn declare(site: Site<'_>, reach: Reach, found: &mut Found) {
    let Some(named) = site.name(0, &mut found.diagnostics) else { return };
    let services = match (reach, site.service()) {
        (Reach::Service, None) => {
            found.diagnostics.push(
                Diagnostic::error(
                    Code::M0112,
                    format!("secret `{}` is declared outside of all services", named.name),
                )
                .at(&named.at)
                .note("a `Secret` belongs to the service that declares it")
                .help("declare it in the folder of that service, or make it a `SharedSecret`"),
            );
            found.service_names(site.program().services_of(site.module))
        }
        (Reach::Service, Some(service)) => found.service_names(&[service]),
        (Reach::Shared | Reach::Global, _) => Vec::new(),
    };
    found.hold(site, Resource::Secret(reach, named.name.clone()));
    let scope = scope(reach);
    let is_known = |secret: &Secret| {
        secret.name == named.name
            && secret.scope == scope
            && (reach != Reach::Service || secret.packages_or_services == services)
    };
    if !found.manifest.secrets.iter().any(is_known) {
        found.manifest.secrets.push(Secret {
            name: named.name,
            scope,
            packages_or_services: services,
            reference: false,
            at: named.at,
        });
    }
}

/// Notes that a secret is read, or passed on to who may read it.
pub(super) fn note_use(reach: Reach, name: &str, key: Key, usage: &Usage<'_>, found: &mut Found) {
    if usage.method() == Some("name") {
        return;
    }
    match reach {
        Reach::Global => {}
        Reach::Shared => grant(name, usage.services(), found),
        Reach::Service => report_stranger(name, key, usage, found),
    }
}

/// Gives a shared secret to services.
pub(super) fn grant(name: &str, services: &[usize], found: &mut Found) {
    let services = found.service_names(services);
    let secrets = found.manifest.secrets.iter_mut();
    for secret in secrets.filter(|secret| secret.name == name && secret.scope == SecretScope::Shared) {
        secret.packages_or_services.extend(services.iter().cloned());
        secret.packages_or_services.sort();
        secret.packages_or_services.dedup();
    }
}

/// Reports that a service reads what belongs to another.
fn report_stranger(name: &str, key: Key, usage: &Usage<'_>, found: &mut Found) {
    let Some(owner) = usage.names.program().service_of(key.0) else { return };
    let Some(stranger) = usage.services().iter().find(|service| **service != owner) else { return };
    let service = |index: usize| found.manifest.services[index].name.as_str();
    let message = format!(
        "secret `{name}` belongs to service `{}` and is read by service `{}`",
        service(owner),
        service(*stranger)
    );
    found.diagnostics.push(
        Diagnostic::error(Code::S0016, message)
            .at(&usage.at())
            .note("a `Secret` has a value in the service that declares it, and in no other")
            .help("declare a `SharedSecret`, or read it in its own service"),
    );
}

/// Whose a secret is, as the manifest has it.
pub(super) fn scope(reach: Reach) -> SecretScope {
    match reach {
        Reach::Service => SecretScope::Service,
        Reach::Shared => SecretScope::Shared,
        Reach::Global => SecretScope::Global,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_app};

    #[test]
    fn a_secret_is_of_one_service_of_those_that_read_it_or_of_all() {
        check(
            "use encore::secrets::*; static A: Secret<Vec<u8>> = Secret::new(\"A\"); static B: SharedSecret = SharedSecret::new(\"B\");
static C: GlobalSecret = GlobalSecret::new(\"C\"); static D: SharedSecret = SharedSecret::new(\"D\"); fn f() { B.value()?.len(); D.name(); }",
            &[
                r#"secrets {"name": "A", "scope": "service", "packages_or_services": ["svc"]}"#,
                r#"secrets {"name": "B", "packages_or_services": ["svc"]}"#,
                r#"secrets {"name": "C", "scope": "global"}"#,
                r#"secrets {"name": "D"}"#,
            ],
        );
    }

    #[test]
    fn services_may_each_have_a_secret_of_the_same_name() {
        let source = "use encore::secrets::*; static A: Secret = Secret::new(\"A\"); static B: SharedSecret = SharedSecret::new(\"B\"); fn f() { g(&B); }";
        check_app(
            &[
                ("a/encore.service.json", r#"{"name": "a", "lang": "rust"}"#),
                ("a/src/main.rs", source),
                ("b/encore.service.json", r#"{"name": "b", "lang": "rust"}"#),
                ("b/src/main.rs", source),
            ],
            &[
                r#"secrets {"name": "A", "scope": "service", "packages_or_services": ["a"]}"#,
                r#"secrets {"name": "A", "scope": "service", "packages_or_services": ["b"]}"#,
                r#"secrets {"name": "B", "packages_or_services": ["a", "b"]}"#,
            ],
        );
    }

    #[test]
    fn a_secret_of_no_service_is_reported() {
        check_app(
            &[("src/main.rs", "use encore::secrets::*; static A: Secret = Secret::new(\"A\");")],
            &[
                r#"secrets {"name": "A", "scope": "service"}"#,
                "M0112 src/main.rs:1:56-1:59 secret `A` is declared outside of all services",
            ],
        );
    }
}
