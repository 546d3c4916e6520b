//! What concerns several primitives: names that occur twice, references, paths, authentication.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use compiler_diagnostics::{Code, Diagnostic, closest};
use schema_documents::Position;
use schema_documents::manifest::{
    Access, Call, Language, Manifest, Secret, SecretScope, Service as DeclaredService,
};

use crate::{AppModel, Endpoint, Service};

/// What a name is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Primitive {
    Service,
    Endpoint,
    Gateway,
    Database,
    Topic,
    Subscription,
    Bucket,
    Cache,
    CronJob,
    Secret,
    Metric,
}

impl fmt::Display for Primitive {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Service => "service",
            Self::Endpoint => "endpoint",
            Self::Gateway => "gateway",
            Self::Database => "database",
            Self::Topic => "topic",
            Self::Subscription => "subscription",
            Self::Bucket => "bucket",
            Self::Cache => "cache",
            Self::CronJob => "cron job",
            Self::Secret => "secret",
            Self::Metric => "metric",
        })
    }
}

/// Things by name, the first of each name in the order of their positions. Every other one is reported.
/// `within` is what the names are unique in, when that is not the app.
pub(crate) fn unique<'m, T>(
    primitive: Primitive,
    within: Option<&str>,
    declared: impl Iterator<Item = (&'m str, &'m Position, T)>,
    found: &mut Vec<Diagnostic>,
) -> BTreeMap<&'m str, T> {
    let mut declared: Vec<_> = declared.collect();
    declared.sort_by_key(|(_, at, _)| *at);
    let mut firsts: BTreeMap<&str, (&Position, T)> = BTreeMap::new();
    for (name, at, thing) in declared {
        if let Some((first, _)) = firsts.get(name) {
            let scope = within.map(|within| format!(" of `{within}`")).unwrap_or_default();
            found.push(
                Diagnostic::error(Code::M0101, format!("{primitive} `{name}`{scope} is declared twice"))
                    .at(at)
                    .label(*first, "it is declared here first")
                    .help(format!("give one {primitive} another name, or remove it")),
            );
        } else {
            firsts.insert(name, (at, thing));
        }
    }
    firsts.into_iter().map(|(name, (_, thing))| (name, thing)).collect()
}

/// The names that can be referred to.
struct Declared<'m> {
    endpoints: BTreeSet<(&'m str, &'m str)>,
    /// All endpoints as `service.endpoint`, for suggestions.
    written: Vec<String>,
    /// Names for which a suggestion is still looked for: each is compared with all that there are.
    suggestions: usize,
    names: BTreeMap<Primitive, BTreeSet<&'m str>>,
    found: &'m mut Vec<Diagnostic>,
}

/// Of how many wrong names the right one is looked for.
const MOST_SUGGESTIONS: usize = 100;

/// A name that should be declared somewhere.
struct Reference<'m> {
    /// Who refers to it, such as "service `a` uses".
    by: String,
    primitive: Primitive,
    name: &'m str,
    at: &'m Position,
}

/// Reports every name that nothing declares.
pub(crate) fn references(manifest: &Manifest, found: &mut Vec<Diagnostic>) {
    let endpoints: BTreeSet<_> = manifest
        .services
        .iter()
        .flat_map(|service| service.endpoints.iter().map(|each| (service.name.as_str(), each.name.as_str())))
        .collect();
    let written = endpoints.iter().map(|(service, endpoint)| format!("{service}.{endpoint}")).collect();
    let mut declared =
        Declared { endpoints, written, suggestions: MOST_SUGGESTIONS, names: names(manifest), found };
    for service in &manifest.services {
        declared.check_uses(service);
        declared.check_binds(service);
    }
    for topic in &manifest.topics {
        if topic.reference {
            declared.check_reference(Primitive::Topic, &topic.name, &topic.at);
        }
        for publisher in &topic.publishers {
            declared.check_service(
                format!("topic `{}` is published to by", topic.name),
                publisher,
                &topic.at,
            );
        }
        for subscription in &topic.subscriptions {
            let by = format!("subscription `{}` belongs to", subscription.name);
            declared.check_service(by, &subscription.service, &subscription.at);
        }
    }
    for cache in &manifest.caches {
        for keyspace in &cache.keyspaces {
            let by = format!("a keyspace of cache `{}` belongs to", cache.name);
            declared.check_service(by, &keyspace.service, &keyspace.at);
        }
    }
    for secret in &manifest.secrets {
        if secret.reference {
            declared.check_reference(Primitive::Secret, &secret.name, &secret.at);
        }
        for service in &secret.packages_or_services {
            declared.check_service(format!("secret `{}` is needed by", secret.name), service, &secret.at);
        }
    }
    for gateway in &manifest.gateways {
        if !gateway.service.is_empty() {
            let by = format!("gateway `{}` belongs to", gateway.name);
            declared.check_service(by, &gateway.service, &gateway.at);
        }
    }
    let handlers = manifest.gateways.iter().filter_map(|gateway| gateway.auth_handler.as_ref());
    for handler in handlers.chain(&manifest.auth_handler) {
        if !handler.service.is_empty() {
            let by = format!("auth handler `{}` belongs to", handler.name);
            declared.check_service(by, &handler.service, &handler.at);
        }
    }
    for call in &manifest.calls {
        declared.check_call(call);
    }
}

fn names(manifest: &Manifest) -> BTreeMap<Primitive, BTreeSet<&str>> {
    let topics = manifest.topics.iter().filter(|topic| !topic.reference);
    let shared = |secret: &&Secret| !secret.reference && secret.scope != SecretScope::Service;
    let secrets = manifest.secrets.iter().filter(shared);
    BTreeMap::from([
        (Primitive::Service, manifest.services.iter().map(|service| service.name.as_str()).collect()),
        (Primitive::Database, manifest.databases.iter().map(|database| database.name.as_str()).collect()),
        (Primitive::Topic, topics.map(|topic| topic.name.as_str()).collect()),
        (Primitive::Secret, secrets.map(|secret| secret.name.as_str()).collect()),
        (Primitive::Bucket, manifest.buckets.iter().map(|bucket| bucket.name.as_str()).collect()),
        (Primitive::Cache, manifest.caches.iter().map(|cache| cache.name.as_str()).collect()),
        (Primitive::Metric, manifest.metrics.iter().map(|metric| metric.name.as_str()).collect()),
    ])
}

impl<'m> Declared<'m> {
    fn check_uses(&mut self, service: &'m DeclaredService) {
        let databases = service.databases.iter().map(|used| (Primitive::Database, &used.database, &used.at));
        let buckets = service.buckets.iter().map(|used| (Primitive::Bucket, &used.bucket, &used.at));
        let caches = service.caches.iter().map(|used| (Primitive::Cache, &used.cache, &used.at));
        let metrics = service.metrics.iter().map(|name| (Primitive::Metric, name, &service.at));
        for (primitive, name, at) in databases.chain(buckets).chain(caches).chain(metrics) {
            self.check(&Reference { by: format!("service `{}` uses", service.name), primitive, name, at });
        }
    }

    /// What a service names. What it uses as well is reported where it does.
    fn check_binds(&mut self, service: &'m DeclaredService) {
        let binds = &service.binds;
        let databases = service.databases.iter().map(|used| (Primitive::Database, used.database.as_str()));
        let buckets = service.buckets.iter().map(|used| (Primitive::Bucket, used.bucket.as_str()));
        let caches = service.caches.iter().map(|used| (Primitive::Cache, used.cache.as_str()));
        let used: BTreeSet<_> = databases.chain(buckets).chain(caches).collect();
        let all = [
            (Primitive::Database, &binds.databases),
            (Primitive::Topic, &binds.topics),
            (Primitive::Bucket, &binds.buckets),
            (Primitive::Cache, &binds.caches),
        ];
        for (primitive, names) in all {
            for name in names.iter().filter(|name| !used.contains(&(primitive, name.as_str()))) {
                let by = format!("service `{}` names", service.name);
                self.check(&Reference { by, primitive, name, at: &service.at });
            }
        }
    }

    /// A name by which another part of the app is referred to.
    fn check_reference(&mut self, primitive: Primitive, name: &'m str, at: &'m Position) {
        self.check(&Reference { by: "code refers to".to_owned(), primitive, name, at });
    }

    fn check_service(&mut self, by: String, name: &'m str, at: &'m Position) {
        self.check(&Reference { by, primitive: Primitive::Service, name, at });
    }

    fn check(&mut self, reference: &Reference<'m>) {
        let Reference { by, primitive, name, at } = reference;
        if self.is_declared(*primitive, name) {
            return;
        }
        let names = self.names.get(primitive).into_iter().flatten().copied();
        let names = names.take(if self.suggestions == 0 { 0 } else { usize::MAX });
        let code = match primitive {
            Primitive::Topic => Code::M0104,
            _ => Code::M0103,
        };
        let help = closest(name, names).map(|meant| format!("did you mean `{meant}`?"));
        self.suggestions = self.suggestions.saturating_sub(1);
        let message = format!("{by} {primitive} `{name}`, which is not declared");
        self.found.push(Diagnostic::error(code, message).at(*at).maybe_help(help));
    }

    fn is_declared(&self, primitive: Primitive, name: &str) -> bool {
        self.names.get(&primitive).is_some_and(|names| names.contains(name))
    }

    fn check_call(&mut self, call: &'m Call) {
        self.check_service("a call is made by".to_owned(), &call.from_service, &call.at);
        let to = call.to.as_str();
        let is_endpoint = to.rsplit_once('.').is_some_and(|written| self.endpoints.contains(&written));
        if self.is_declared(Primitive::Service, to) || is_endpoint {
            return;
        }
        let written =
            self.written.iter().map(String::as_str).take(if self.suggestions == 0 { 0 } else { usize::MAX });
        let help = closest(to, written).map(|meant| format!("did you mean `{meant}`?"));
        self.suggestions = self.suggestions.saturating_sub(1);
        let message = format!("service `{}` calls `{to}`, which is not declared", call.from_service);
        self.found.push(Diagnostic::error(Code::M0103, message).at(&call.at).maybe_help(help));
    }
}

/// The endpoint written `service.endpoint`.
pub(crate) fn endpoint<'m>(
    manifest: &'m Manifest,
    written: &str,
) -> Option<(&'m DeclaredService, &'m schema_documents::manifest::Endpoint)> {
    let (service, endpoint) = written.rsplit_once('.')?;
    let service = manifest.services.iter().find(|declared| declared.name == service)?;
    Some((service, service.endpoints.iter().find(|declared| declared.name == endpoint)?))
}

/// The endpoint that was probably meant, as `service.endpoint`.
pub(crate) fn closest_endpoint(manifest: &Manifest, written: &str) -> Option<String> {
    let all = |service: &DeclaredService| -> Vec<String> {
        service.endpoints.iter().map(|endpoint| format!("{}.{}", service.name, endpoint.name)).collect()
    };
    let names: Vec<String> = manifest.services.iter().flat_map(all).collect();
    closest(written, names.iter().map(String::as_str)).map(str::to_owned)
}

/// Who calls which services. A call goes to a `service.endpoint` or to a `service`.
pub(crate) fn calls(manifest: &Manifest) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut targets: BTreeMap<String, &str> = BTreeMap::new();
    for service in &manifest.services {
        for endpoint in &service.endpoints {
            targets.insert(format!("{}.{}", service.name, endpoint.name), &service.name);
        }
    }
    targets.extend(manifest.services.iter().map(|service| (service.name.clone(), service.name.as_str())));
    let mut calls: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for call in &manifest.calls {
        calls.entry(&call.from_service).or_default().extend(targets.get(&call.to).copied());
    }
    calls
}

fn endpoints(app: &AppModel) -> impl Iterator<Item = (&Service, &Endpoint)> {
    app.services
        .values()
        .flat_map(|service| service.endpoints.values().map(move |endpoint| (service, endpoint)))
}

/// Reports endpoints that ask for authentication in an app that has none. Encore.go refuses such an app; Encore.ts builds
/// it, so there it is a warning.
pub(crate) fn authentication(app: &AppModel, found: &mut Vec<Diagnostic>) {
    if app.auth_handler.is_some() {
        return;
    }
    for (service, endpoint) in endpoints(app).filter(|(_, endpoint)| endpoint.access == Access::Auth) {
        let (report, help): (fn(Code, String) -> Diagnostic, _) = match service.language {
            Language::Go => (
                Diagnostic::error,
                "declare one with `//encore:authhandler`, or make the endpoint public or private",
            ),
            Language::Typescript => (
                Diagnostic::warning,
                "declare one with `authHandler` and name it in a `Gateway`, or remove `auth` from the endpoint",
            ),
            Language::Python | Language::Rust => {
                (Diagnostic::warning, "declare one in a gateway, or make the endpoint public or private")
            }
        };
        let message = format!(
            "endpoint `{}.{}` needs an auth handler, and the app has none",
            service.name, endpoint.name
        );
        found.push(report(Code::M0110, message).at(&endpoint.at).help(help));
    }
}

/// A list for people: `a`, `b` or `c`.
pub(crate) fn one_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.pop() {
        Some(last) if !names.is_empty() => format!("{} or {last}", names.join(", ")),
        last => last.unwrap_or_default(),
    }
}
