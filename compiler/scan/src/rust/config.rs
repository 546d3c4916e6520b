//! Configuration. Its values are in files and are no infrastructure; the secrets that its fields read are.
//!
//! ```text
//! #[derive(Deserialize, ConfigType)]
//! struct Stripe { #[config(secret = "StripeKey")] key: Secret }
//! static STRIPE: SharedConfig<Stripe> = SharedConfig::new("stripe");
//! ```

use std::collections::BTreeSet;

use compiler_diagnostics::{Code, Diagnostic, closest};

use super::found::{Found, Resource, Usage};
use super::resolve::{Space, Target};
use super::sdk::Reach;
use super::secret;
use super::site::Site;

/// Types within types of one configuration; more than any has.
const MAX_TYPES: usize = 1_000;

/// Reads a configuration, once all secrets are known.
pub(super) fn declare(site: Site<'_>, reach: Reach, found: &mut Found) {
    let Some(named) = site.name(0, &mut found.diagnostics) else { return };
    if reach == Reach::Service && site.service().is_none() {
        found.diagnostics.push(
            Diagnostic::error(
                Code::M0112,
                format!("config `{}` is declared outside of all services", named.name),
            )
            .at(&named.at)
            .note("a `Config` belongs to the service that declares it")
            .help("declare it in the folder of that service, or make it a `SharedConfig`"),
        );
    }
    let secrets = secrets(site, reach, found);
    found.hold(site, Resource::Config(reach, secrets));
}

/// The secrets that the fields of its type read, those of the types within it included.
fn secrets(site: Site<'_>, reach: Reach, found: &mut Found) -> BTreeSet<String> {
    let mut secrets = BTreeSet::new();
    let arguments = site.held.map(|(_, binding)| binding.arguments.as_slice()).unwrap_or_default();
    let mut waiting: Vec<_> = arguments.iter().map(|path| (site.module, path)).collect();
    let mut seen = BTreeSet::new();
    while let Some((module, path)) = waiting.pop() {
        let Some(Target::Type(module, index)) = site.names.resolve(module, path, Space::Types) else {
            continue;
        };
        if seen.len() >= MAX_TYPES || !seen.insert((module, index)) {
            continue;
        }
        let declared = &site.program().scope(module).types[index];
        waiting.extend(declared.parts.iter().map(|path| (module, path)));
        for (name, place) in &declared.secrets {
            if !is_declared(site, reach, name, found) {
                found
                    .diagnostics
                    .push(undeclared(site, reach, name, found).at(&site.program().at(module, *place)));
            }
            secrets.insert(name.clone());
        }
    }
    secrets
}

fn is_declared(site: Site<'_>, reach: Reach, name: &str, found: &Found) -> bool {
    let owner = site.service().map(|service| found.manifest.services[service].name.as_str());
    found.manifest.secrets.iter().any(|secret| {
        let is_owned = reach != Reach::Service
            || secret.packages_or_services.iter().any(|service| Some(service.as_str()) == owner);
        secret.name == name && secret.scope == secret::scope(reach) && is_owned
    })
}

fn undeclared(site: Site<'_>, reach: Reach, name: &str, found: &Found) -> Diagnostic {
    let kind = match reach {
        Reach::Service => "Secret",
        Reach::Shared => "SharedSecret",
        Reach::Global => "GlobalSecret",
    };
    let known = found.manifest.secrets.iter().filter(|secret| secret.scope == secret::scope(reach));
    let help = match closest(name, known.map(|secret| secret.name.as_str())) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("declare it: `static NAME: {kind} = {kind}::new(\"{name}\")`"),
    };
    Diagnostic::error(Code::M0103, format!("a config field reads the secret `{name}`, which is not declared"))
        .note(format!("the secrets of a `{}` are each declared as a `{kind}`", site.construct.written()))
        .help(help)
}

/// Notes that a configuration is read, and with it the secrets of its fields.
pub(super) fn note_use(reach: Reach, secrets: &BTreeSet<String>, usage: &Usage<'_>, found: &mut Found) {
    if reach == Reach::Shared && usage.method() != Some("name") {
        for name in secrets {
            secret::grant(name, usage.services(), found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn a_config_reads_the_secrets_of_its_fields() {
        check(
            "use encore::{config::*, secrets::*}; struct A { b: Option<Vec<B>>, #[config(secret = \"K\")] k: Secret } enum B { C(#[config(secret = \"L\")] Secret), D }
static K: SharedSecret = SharedSecret::new(\"K\"); static L: SharedSecret = SharedSecret::new(\"L\"); static X: SharedConfig<A> = SharedConfig::new(\"x\"); fn f() { X.get().k; }",
            &[
                r#"secrets {"name": "K", "packages_or_services": ["svc"]}"#,
                r#"secrets {"name": "L", "packages_or_services": ["svc"]}"#,
            ],
        );
        check(
            "use encore::config::*; struct A { #[config(secret = \"K\")] k: Secret } static X: Config<A> = Config::new(\"x\");",
            &["M0103 svc/src/main.rs:1:53-1:56 a config field reads the secret `K`, which is not declared"],
        );
    }
}
