//! What stands before the endpoints: the gateway, the auth handler, and middleware outside of all services.
//!
//! Go has no word for a gateway: the one that every app has is that of the auth handler's service, and an app without an
//! auth handler declares none.

use std::collections::{BTreeMap, BTreeSet};

use compiler_diagnostics::{Code as Number, Diagnostic};
use schema_documents::manifest::{AuthHandler, Gateway};

use super::Found;
use super::directive::{Directed, Directive};
use super::resolve::{Code, ServiceId};
use super::service::name_of;

/// The name of every app's gateway.
const GATEWAY: &str = "api-gateway";

/// Finds the auth handler, and with it the gateway that it stands in. There can be one.
pub(super) fn auth_handler(code: &Code<'_>, directed: &[(usize, Directed<'_>)], found: &mut Found) {
    let handlers = directed.iter().filter(|(_, directed)| directed.directive == Directive::AuthHandler);
    for (file, directed) in handlers {
        let file = &code.files[*file];
        let name = name_of(directed.declaration);
        let at = file.at(name);
        if let Some(first) = &found.manifest.auth_handler {
            let diagnostic = Diagnostic::error(Number::S0014, "there is a second auth handler")
                .at(&at)
                .label(&first.at, "this is the first")
                .note("all requests of an app are authenticated by one function")
                .help("remove one of the two `//encore:authhandler`");
            found.diagnostics.push(diagnostic);
            continue;
        }
        let service = found.service_of(code, file).map(|service| service.name.clone()).unwrap_or_default();
        let handler =
            AuthHandler { name: file.slice(name).to_owned(), service: service.clone(), at: at.clone() };
        found.manifest.auth_handler = Some(handler.clone());
        found.manifest.gateways.push(Gateway {
            name: GATEWAY.to_owned(),
            service,
            default: false,
            auth_handler: Some(handler),
            at,
        });
    }
}

/// The packages with global middleware, and the services whose endpoints it runs before.
pub(super) fn global_middleware(
    code: &Code<'_>,
    directed: &[(usize, Directed<'_>)],
) -> BTreeMap<String, BTreeSet<ServiceId>> {
    let mut guests: BTreeMap<String, BTreeSet<ServiceId>> = BTreeMap::new();
    for (file, middleware) in directed {
        let Directive::Middleware(target) = &middleware.directive else { continue };
        let services = directed.iter().filter_map(|(endpoint, directed)| match &directed.directive {
            Directive::Api(api) if target.covers(&api.tags) => code.service_of(code.files[*endpoint].folder),
            _ => None,
        });
        guests.entry(code.files[*file].import_path.clone()).or_default().extend(services);
    }
    guests
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn there_is_one_auth_handler() {
        let handler = "//encore:authhandler\nfunc Auth() {}\n";
        check(
            &[("a/a.go", &format!("package a\n{handler}")), ("b/b.go", &format!("package b\n{handler}"))],
            &["auth Auth a", "gateway api-gateway a Auth"],
            &["S0014 b/b.go:3:6-3:10 there is a second auth handler"],
        );
    }

    #[test]
    fn global_middleware_runs_in_the_services_that_it_targets() {
        let topic = "package mw
import \"encore.dev/pubsub\"
//encore:middleware global target=tag:audit
func Audit() { Events.Publish() }
var Events = pubsub.NewTopic[*E](\"events\", pubsub.TopicConfig{DeliveryGuarantee: pubsub.AtLeastOnce})
";
        check(
            &[
                ("mw/mw.go", topic),
                ("a/a.go", "package a\n//encore:api public tag:audit\nfunc A() {}\n"),
                ("b/b.go", "package b\n//encore:api public\nfunc B() {}\n"),
            ],
            &["topic events AtLeastOnce - a"],
            &[],
        );
    }
}
