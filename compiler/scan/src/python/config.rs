//! Configurations: typed values that a service reads from files beside its code. They need no infrastructure, but their
//! fields may read secrets.
//!
//! ```python
//! @dataclass
//! class Checkout:
//!     stripe_key: Secret[str] = Secret[str]("StripeKey")
//!
//! checkout = config.SharedConfig[Checkout]("checkout")
//! key = checkout.value.stripe_key.value
//! ```

use std::collections::BTreeSet;

use compiler_diagnostics::{Code, Diagnostic, closest};
use schema_documents::manifest::{Secret, SecretScope};

use super::found::{Found, Resource, Usage};
use super::resolve::Key;
use super::secret;
use super::site::{Signature, Site};

/// Reads a configuration, once all secrets are known.
pub(super) fn declare(site: Site<'_>, scope: SecretScope, found: &mut Found) {
    let out = &mut found.diagnostics;
    let given = site.arguments(Signature { positional: &["name"], named: &[] }, out);
    let Some(named) = given.name("name", out) else { return };
    let Some(class) = &site.declaration.type_argument else {
        out.push(
            Diagnostic::error(Code::S0007, format!("`{}` needs a type in brackets", site.written()))
                .at(&site.module.at(site.declaration.callee_at))
                .note("the type says which values there are, and which secrets they read")
                .help(format!("write `{}[Checkout](…)` with a class of yours", site.written())),
        );
        return;
    };
    if scope == SecretScope::Service && site.service().is_none() {
        out.push(site.outside(&format!("configuration `{}`", named.name)));
        return;
    }
    let secrets = site.program.secrets_of(site.key.0, class);
    for key in &secrets {
        let Some(Resource::Secret(index)) = found.resources.get(key) else { continue };
        if scope == SecretScope::Service {
            check_own(site, *index, found);
        } else {
            // The scope of what a field reads is that of its configuration.
            found.manifest.secrets[*index].scope = scope;
        }
    }
    found.resources.insert(site.key, Resource::Config(secrets));
}

/// A configuration of a service's own reads the service's own secrets.
fn check_own(site: Site<'_>, index: usize, found: &mut Found) {
    let Some(service) = site.service().map(|service| &found.manifest.services[service].name) else { return };
    let read = &found.manifest.secrets[index];
    let is_own = |secret: &&Secret| {
        secret.scope == SecretScope::Service
            && !secret.reference
            && secret.packages_or_services.contains(service)
    };
    let names = || found.manifest.secrets.iter().filter(is_own).map(|secret| secret.name.as_str());
    if names().any(|name| name == read.name) {
        return;
    }
    let help = match closest(&read.name, names()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => {
            format!("declare it with `secrets.Secret[str](\"{}\")` at the top level of a file", read.name)
        }
    };
    let message = format!("service `{service}` has no secret `{}` of its own", read.name);
    found.diagnostics.push(
        Diagnostic::error(Code::M0103, message)
            .at(&read.at)
            .note("a configuration of a service's own reads its own secrets, which are declared in its code")
            .help(help),
    );
}

/// Notes that a configuration is read, and with it the secrets of its fields.
pub(super) fn note_use(secrets: &BTreeSet<Key>, usage: &Usage<'_>, found: &mut Found) {
    if usage.member() == Some("name") || usage.is_harmless(None) {
        return;
    }
    for key in secrets {
        if let Some(Resource::Secret(index)) = found.resources.get(key)
            && found.manifest.secrets[*index].scope == SecretScope::Shared
        {
            secret::grant(*index, usage, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_app};

    const HEAD: &str = "from encore.config import Config, SharedConfig
from encore.secrets import Secret, SharedSecret
class Inner:
    key: Secret[str] = Secret[str]('Key')
class Checkout:
    limit: int = 1
    inner: list[Inner] = []
";

    #[test]
    fn a_shared_configuration_gives_its_secrets_to_those_that_read_it() {
        let shared = "s = SharedSecret[str]('Key')\nc = SharedConfig[Checkout]('c')\n";
        check(
            &format!("{HEAD}{shared}limit = c.value.limit"),
            &[r#"secrets {"name": "Key", "packages_or_services": ["svc"]}"#],
        );
        check(&format!("{HEAD}{shared}"), &[r#"secrets {"name": "Key"}"#]);
    }

    #[test]
    fn a_configuration_of_a_services_own_reads_its_own_secrets() {
        check(
            &format!("{HEAD}s = Secret[str]('Key')\nc = Config[Checkout]('c')\nc.value"),
            &[r#"secrets {"name": "Key", "scope": "service", "packages_or_services": ["svc"]}"#],
        );
        check(
            &format!("{HEAD}c = Config[Checkout]('c')"),
            &["M0103 svc/svc.py:4:36-4:41 service `svc` has no secret `Key` of its own"],
        );
        check(
            "from encore.config import Config\nc = Config('c')",
            &["S0007 svc/svc.py:2:5-2:11 `config.Config` needs a type in brackets"],
        );
        check_app(
            &[("lib/c.py", "from encore.config import Config\nc = Config[dict]('c')")],
            &["M0112 lib/c.py:2:1-2:2 configuration `c` is declared outside of all services"],
        );
    }
}
