//! Secrets.
//!
//! ```python
//! key = secrets.Secret[str]("StripeKey")                 # this service's own
//! email = secrets.SharedSecret[str]("SupportEmail")      # given to the services that read it
//! token = secrets.GlobalSecret[bytes]("Token")           # given to every service
//! other = secrets.SharedSecret[str].named("SupportEmail")
//! ```

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::manifest::{Secret, SecretScope};

use super::facts::Surroundings;
use super::found::{Found, Resource, Usage};
use super::literal::Kind;
use super::site::{Signature, Site};

/// Reads a secret.
pub(super) fn declare(site: Site<'_>, scope: SecretScope, found: &mut Found) {
    // In a class it is the default of a field, which reads a secret that is declared elsewhere.
    if site.declaration.surroundings == Surroundings::Class {
        return declare_reference(site, scope, found);
    }
    check(site, found);
    let out = &mut found.diagnostics;
    let given = site.arguments(Signature { positional: &["name"], named: &["scope"] }, out);
    let scope = match given.text("scope", out) {
        Some("shared") => SecretScope::Shared,
        Some("global") => SecretScope::Global,
        Some(_) => {
            given.expect("scope", Some(None::<()>), "`\"shared\"` or `\"global\"`", out);
            scope
        }
        None => scope,
    };
    let Some(named) = given.name("name", out) else { return };
    let service = site.service().map(|service| found.manifest.services[service].name.clone());
    if scope == SecretScope::Service && service.is_none() {
        out.push(site.outside(&format!("secret `{}`", named.name)));
        return;
    }
    // A secret of a service's own is given to it; a shared one to those that read it.
    let services = service.filter(|_| scope == SecretScope::Service).into_iter().collect();
    let secret =
        Secret { name: named.name, scope, packages_or_services: services, reference: false, at: named.at };
    add(site, secret, found);
}

/// Reads `SharedSecret.named`.
pub(super) fn declare_named(site: Site<'_>, found: &mut Found) {
    check(site, found);
    declare_reference(site, SecretScope::Shared, found);
}

fn declare_reference(site: Site<'_>, scope: SecretScope, found: &mut Found) {
    let out = &mut found.diagnostics;
    let given = site.arguments(Signature { positional: &["name"], named: &["scope"] }, out);
    let Some(named) = given.name("name", out) else { return };
    let secret = Secret {
        name: named.name,
        // A field reads by name alone, whatever the scope; which it is, its configuration says.
        scope,
        packages_or_services: Vec::new(),
        reference: true,
        at: named.at,
    };
    add(site, secret, found);
}

/// A service may declare its own secret in several files.
fn add(site: Site<'_>, secret: Secret, found: &mut Found) {
    let secrets = &mut found.manifest.secrets;
    let is_same = |other: &Secret| {
        secret.scope == SecretScope::Service
            && !secret.reference
            && other.scope == secret.scope
            && other.name == secret.name
            && other.packages_or_services == secret.packages_or_services
    };
    let index = secrets.iter().position(is_same).unwrap_or_else(|| {
        secrets.push(secret);
        secrets.len() - 1
    });
    found.resources.insert(site.key, Resource::Secret(index));
}

/// What the SDK asks of every declaration of a secret.
fn check(site: Site<'_>, found: &mut Found) {
    if site.declaration.surroundings != Surroundings::Module {
        found.diagnostics.push(
            Diagnostic::error(Code::S0016, "a secret is declared at the top level of a file")
                .at(&site.module.at(site.declaration.callee_at))
                .note("a secret is loaded when the app starts, before any function runs")
                .help(format!(
                    "write `name = {}[str](\"…\")` at the top level, and read `name.value` where it is needed",
                    site.written()
                )),
        );
    }
    let kind = site.declaration.type_argument.as_ref().map(|kind| &kind.kind);
    let is_type = |path: &[String]| matches!(path, [name] if name == "str" || name == "bytes");
    if !matches!(kind, Some(Kind::Name(path)) if is_type(path)) {
        found.diagnostics.push(
            Diagnostic::error(Code::S0016, "a secret says whether it is `str` or `bytes`")
                .at(&site.module.at(site.declaration.callee_at))
                .note("reading its value fails without, when the app runs")
                .help(format!("write `{}[str](…)`", site.written())),
        );
    }
}

/// Notes that a secret is read.
pub(super) fn note_use(index: usize, usage: &Usage<'_>, found: &mut Found) {
    let name = found.manifest.secrets[index].name.clone();
    match usage.member() {
        Some("name") => return,
        None if usage.is_harmless(None) => return,
        None => {
            found.diagnostics.push(usage.passed_on("secret", &name, "pass on its `value`"));
        }
        Some(_) => {}
    }
    if found.manifest.secrets[index].scope == SecretScope::Shared {
        grant(index, usage, found);
    }
}

/// Gives a secret to the services in which a use is made.
pub(super) fn grant(index: usize, usage: &Usage<'_>, found: &mut Found) {
    let name = found.manifest.secrets[index].name.clone();
    for service in usage.services_or_report(&name, &mut found.diagnostics) {
        let service = found.manifest.services[*service].name.clone();
        let services = &mut found.manifest.secrets[index].packages_or_services;
        services.push(service);
        services.sort();
        services.dedup();
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_app};

    const HEAD: &str = "from encore.secrets import Secret, SharedSecret, GlobalSecret\n";

    fn check_secret(rest: &str, expected: &[&str]) {
        check(&format!("{HEAD}{rest}"), expected);
    }

    #[test]
    fn a_secret_belongs_to_a_service_or_is_shared() {
        check_secret(
            "a = Secret[str]('A')\nb = SharedSecret[bytes]('B')\nc = GlobalSecret[str]('C')\nd = Secret[str]('D', scope='global')",
            &[
                r#"secrets {"name": "A", "scope": "service", "packages_or_services": ["svc"]}"#,
                r#"secrets {"name": "B"}"#,
                r#"secrets {"name": "C", "scope": "global"}"#,
                r#"secrets {"name": "D", "scope": "global"}"#,
            ],
        );
    }

    #[test]
    fn a_shared_secret_is_given_to_those_that_read_it() {
        let read = r#"secrets {"name": "B", "packages_or_services": ["svc"]}"#;
        check_secret("b = SharedSecret[str]('B')\ndef f():\n    return b.value", &[read]);
        check_secret("b = SharedSecret[str]('B')\nprint(b.name)", &[r#"secrets {"name": "B"}"#]);
        check_secret(
            "b = SharedSecret[str].named('B')\nx = b.value",
            &[r#"secrets {"name": "B", "reference": true, "packages_or_services": ["svc"]}"#],
        );
        check_app(
            &[
                ("svc/encore.service.json", r#"{"name": "svc", "lang": "python"}"#),
                ("lib/keys.py", &format!("{HEAD}b = SharedSecret[str]('B')")),
                ("svc/svc.py", &format!("{HEAD}b = SharedSecret[str].named('B')\nx = b.value")),
            ],
            &[read],
        );
    }

    #[test]
    fn a_secret_stands_at_the_top_level_has_a_type_and_is_not_passed_on() {
        check_secret(
            "def f():\n    return Secret[str]('A').value\nb = Secret('B')\nc = Secret[int]('C')\ng(c)",
            &[
                r#"secrets {"name": "A", "scope": "service", "packages_or_services": ["svc"]}"#,
                r#"secrets {"name": "B", "scope": "service", "packages_or_services": ["svc"]}"#,
                r#"secrets {"name": "C", "scope": "service", "packages_or_services": ["svc"]}"#,
                "S0016 svc/svc.py:3:12-3:23 a secret is declared at the top level of a file",
                "S0016 svc/svc.py:4:5-4:11 a secret says whether it is `str` or `bytes`",
                "S0016 svc/svc.py:5:5-5:16 a secret says whether it is `str` or `bytes`",
                "S0018 svc/svc.py:6:3-6:4 the secret `C` is passed on as a value",
            ],
        );
        check_app(
            &[("lib/a.py", &format!("{HEAD}a = Secret[str]('A')"))],
            &["M0112 lib/a.py:2:1-2:2 secret `A` is declared outside of all services"],
        );
    }
}
