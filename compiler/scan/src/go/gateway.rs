//! What stands before the endpoints: the gateway, the auth handler, and middleware outside of all services.
//!
//! Go has no word for a gateway: the one that every app has is that of the auth handler's service, and an app without an
//! auth handler declares none.

use std::collections::BTreeSet;

use compiler_diagnostics::{Code as Number, Diagnostic, closest};
use schema_documents::Position;
use schema_documents::manifest::{Access, AuthHandler, Gateway};

use super::Found;
use super::directive::{Directed, Directive, Target};
use super::program::{Node, Program, ServiceId};

/// The name of every app's gateway.
const GATEWAY: &str = "api-gateway";

/// Finds the auth handler, and with it the gateway that it stands in. There can be one.
pub(super) fn auth_handler(program: &Program<'_>, directed: &[Directed<'_>], found: &mut Found) {
    for directed in directed.iter().filter(|directed| directed.directive == Directive::AuthHandler) {
        let at = directed.at_name();
        if let Some(first) = &found.manifest.auth_handler {
            let diagnostic = Diagnostic::error(Number::S0014, "there is a second auth handler")
                .at(&directed.file.at(directed.declaration.at))
                .label(&first.at, "this is the first")
                .note("all requests of an app are authenticated by one function")
                .help("remove one of the two `//encore:authhandler`");
            found.diagnostics.push(diagnostic);
            continue;
        }
        let service =
            found.service_of(program, directed.file).map(|service| service.name.clone()).unwrap_or_default();
        let handler =
            AuthHandler { name: directed.name().to_owned(), service: service.clone(), at: at.clone() };
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

/// Says that an app without an auth handler cannot have endpoints that need one, where these say so.
pub(super) fn check_access(program: &Program<'_>, directed: &[Directed<'_>], found: &mut Found) {
    if found.manifest.auth_handler.is_some() {
        return;
    }
    for each in directed {
        let Directive::Api(api) = &each.directive else { continue };
        let Some(service) = program.service_of(each.file.folder) else { continue };
        if api.access == Some(Access::Auth) {
            let service = &found.manifest.services[service].name;
            let message =
                format!("endpoint `{service}.{}` needs an auth handler, and the app has none", each.name());
            found.diagnostics.push(
                Diagnostic::error(Number::M0110, message)
                    .at(&each.at_word(&api.access_at))
                    .note("requests to it would have to be authenticated")
                    .help("declare one with `//encore:authhandler`, or make the endpoint public or private")
                    .if_the_model_agrees(),
            );
        }
    }
}

/// The functions of global middleware, and the services whose endpoints each runs before.
pub(super) fn global_middleware(
    program: &Program<'_>,
    directed: &[Directed<'_>],
) -> Vec<(Node, BTreeSet<ServiceId>)> {
    let mut guests = Vec::new();
    for middleware in directed {
        let Directive::Middleware(about) = &middleware.directive else { continue };
        // Any other one runs before the endpoints of its own service.
        if !about.is_global {
            continue;
        }
        let services = directed.iter().filter_map(|endpoint| match &endpoint.directive {
            Directive::Api(api) if about.target.covers(&api.tags) => program.service_of(endpoint.file.folder),
            _ => None,
        });
        guests.push(((middleware.index, middleware.at), services.collect()));
    }
    guests
}

/// Checks where middleware stands, and that there are endpoints for it to run before.
pub(super) fn check_middleware(program: &Program<'_>, directed: &[Directed<'_>], found: &mut Found) {
    let mut tagged: BTreeSet<(Option<ServiceId>, &str)> = BTreeSet::new();
    let mut tags: BTreeSet<&str> = BTreeSet::new();
    for each in directed {
        let Directive::Api(api) = &each.directive else { continue };
        let service = program.service_of(each.file.folder);
        tagged.extend(api.tags.iter().map(|tag| (service, tag.as_str())));
        tags.extend(api.tags.iter().map(String::as_str));
    }
    for each in directed {
        let Directive::Middleware(middleware) = &each.directive else { continue };
        let service = program.service_of(each.file.folder);
        let misplaced = match (middleware.is_global, service) {
            (true, Some(_)) => Some((
                "a global middleware is declared in a service",
                "move it out of the service's folder, or remove `global`",
            )),
            (false, None) => Some((
                "a middleware is declared outside of all services",
                "move it into the folder of a service, or write `global`",
            )),
            _ => None,
        };
        if let Some((message, help)) = misplaced {
            found.diagnostics.push(pointless(message.to_owned(), &each.at_name(), help));
            continue;
        }
        let Target::Tags(targets) = &middleware.target else { continue };
        for (tag, at) in targets {
            let is_there = if middleware.is_global {
                tags.contains(tag.as_str())
            } else {
                tagged.contains(&(service, tag.as_str()))
            };
            if !is_there {
                let message = format!("no endpoint has the tag `{tag}`");
                let help =
                    closest(tag, tags.iter().copied()).map(|meant| format!("did you mean `tag:{meant}`?"));
                let help =
                    help.unwrap_or_else(|| format!("write `tag:{tag}` above an endpoint, or remove it here"));
                found.diagnostics.push(pointless(message, &each.at_word(at), &help));
            }
        }
    }
}

fn pointless(message: String, at: &Position, help: &str) -> Diagnostic {
    Diagnostic::error(Number::S0024, message)
        .at(at)
        .note("a middleware runs before the endpoints that it targets: those of its service, or of all when it is global")
        .help(help)
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn there_is_one_auth_handler() {
        let handler = "import (\"context\"; \"encore.dev/beta/auth\")\n//encore:authhandler\nfunc Auth(ctx context.Context, token string) (auth.UID, error) { return \"\", nil }\n";
        check(
            &[("a/a.go", &format!("package a\n{handler}")), ("b/b.go", &format!("package b\n{handler}"))],
            &["auth Auth a", "gateway api-gateway a Auth"],
            &["S0014 b/b.go:4:1-4:63 there is a second auth handler"],
        );
    }

    #[test]
    fn the_middleware_of_a_service_runs_in_no_other() {
        let topic = "package a
import (\"encore.dev/middleware\"; \"encore.dev/pubsub\")
//encore:middleware target=all
func Audit(req middleware.Request, next middleware.Next) middleware.Response { Events.Publish(); return next(req) }
var Events = pubsub.NewTopic[*E](\"events\", pubsub.TopicConfig{DeliveryGuarantee: pubsub.AtLeastOnce})
//encore:api public
func A() {}
";
        check(
            &[("a/a.go", topic), ("b/b.go", "package b\n//encore:api public\nfunc B() {}\n")],
            &["topic events AtLeastOnce - a"],
            &[],
        );
    }

    #[test]
    fn global_middleware_runs_in_the_services_that_it_targets() {
        let topic = "package mw
import (\"encore.dev/middleware\"; \"encore.dev/pubsub\")
//encore:middleware global target=tag:audit
func Audit(req middleware.Request, next middleware.Next) middleware.Response { Events.Publish(); return next(req) }
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
