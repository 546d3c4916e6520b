//! Services and their endpoints.
//!
//! A service is a folder with a service struct, an endpoint, a subscription or an auth handler, unless it lies within
//! another such folder and has no service struct of its own.

use std::collections::BTreeMap;

use compiler_diagnostics::{Code as Number, Diagnostic};
use schema_documents::Position;
use schema_documents::manifest::{Endpoint, Service};

use super::Found;
use super::directive::{self, Api, Directed, Directive, path_parameters};
use super::module::upwards;
use super::program::{Doing, File, Program, ServiceId};
use super::topic::NEW_SUBSCRIPTION;
use crate::service_file::bare;

/// What makes a folder a service.
#[derive(PartialEq)]
pub(super) struct Sign {
    /// Whether it does so within another service too.
    is_strong: bool,
    package: String,
    pub(super) at: Position,
}

impl Sign {
    /// Whether another one says the same, wherever it stands.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        (self.is_strong, &self.package) == (other.is_strong, &other.package)
    }
}

/// The directives of all files, in the order of the files.
pub(super) fn directives<'p>(program: &Program<'p>, found: &mut Found) -> Vec<Directed<'p>> {
    let files = program.files.iter().enumerate();
    files.flat_map(|(index, file)| directive::read(index, file, &mut found.diagnostics)).collect()
}

/// Finds the services.
pub(super) fn roots(
    program: &Program<'_>,
    directed: &[Directed<'_>],
    found: &mut Found,
) -> BTreeMap<String, ServiceId> {
    let mut roots: BTreeMap<String, ServiceId> = BTreeMap::new();
    // Parents come before what lies in them.
    for (folder, sign) in signs(program, directed) {
        let parent = upwards(&folder).skip(1).find_map(|folder| roots.get(folder));
        if let Some(parent) = parent {
            if !sign.is_strong {
                continue;
            }
            let parent = &found.manifest.services[*parent];
            let message = format!("the service `{}` lies within the service `{}`", sign.package, parent.name);
            let diagnostic = Diagnostic::error(Number::S0005, message)
                .at(&sign.at)
                .label(&parent.at, "this makes the folder around it a service")
                .note("all code below a service's folder belongs to that service")
                .help("move one of them out, or remove `//encore:service`");
            found.diagnostics.push(diagnostic);
        }
        roots.insert(folder.clone(), found.manifest.services.len());
        found.manifest.services.push(bare(sign.package, folder, sign.at));
    }
    roots
}

/// The services, when they are known, each without what is in it.
pub(super) fn known_roots(services: &[Service], found: &mut Found) -> BTreeMap<String, ServiceId> {
    let services = services.iter();
    found.manifest.services =
        services.map(|known| bare(known.name.clone(), known.path.clone(), known.at.clone())).collect();
    let services = found.manifest.services.iter().enumerate();
    services.map(|(id, service)| (service.path.clone(), id)).collect()
}

/// The strongest sign of each folder, or the first.
pub(super) fn signs(program: &Program<'_>, directed: &[Directed<'_>]) -> BTreeMap<String, Sign> {
    let mut signs: BTreeMap<String, Sign> = BTreeMap::new();
    let mut add = |file: &File<'_>, is_strong: bool, at: Position| {
        let sign = Sign { is_strong, package: file.facts.package.clone(), at };
        match signs.get_mut(file.folder) {
            Some(known) if known.is_strong || !is_strong => {}
            Some(known) => *known = sign,
            None => drop(signs.insert(file.folder.to_owned(), sign)),
        }
    };
    for directed in directed {
        if !matches!(directed.directive, Directive::Middleware(_)) {
            add(directed.file, directed.directive == Directive::Service, directed.at_name());
        }
    }
    for site in program.sites(NEW_SUBSCRIPTION.package, NEW_SUBSCRIPTION.function) {
        if matches!(site.doing(), Doing::Called(_)) {
            add(site.file, false, site.at());
        }
    }
    signs
}

/// Finds the service structs. A service has one, and methods of no other type are endpoints.
pub(super) fn structs(program: &Program<'_>, directed: &[Directed<'_>], found: &mut Found) {
    let mut structs: BTreeMap<ServiceId, &Directed<'_>> = BTreeMap::new();
    for each in directed.iter().filter(|each| each.directive == Directive::Service) {
        let Some(service) = program.service_of(each.file.folder) else { continue };
        found.structs.insert((each.file.import_path.clone(), each.name().to_owned()), service);
        if let Some(first) = structs.get(&service) {
            let diagnostic = Diagnostic::error(Number::S0014, "there is a second service struct")
                .at(&each.at_name())
                .label(&first.at_name(), "this is the first")
                .note("a service has one struct, of which its endpoints are methods")
                .help("remove one of the two `//encore:service`");
            found.diagnostics.push(diagnostic);
        } else {
            structs.insert(service, each);
        }
    }
    for each in directed.iter().filter(|each| matches!(each.directive, Directive::Api(_))) {
        let service = program.service_of(each.file.folder).and_then(|service| structs.get(&service));
        found.diagnostics.extend(receiver(program, each, service.copied()));
    }
}

/// An endpoint that is a method is one of the service struct.
fn receiver(
    program: &Program<'_>,
    each: &Directed<'_>,
    service: Option<&Directed<'_>>,
) -> Option<Diagnostic> {
    let receiver = each.function()?.receiver.as_ref()?;
    let is_its = service.is_some_and(|service| {
        service.file.import_path == each.file.import_path && service.name() == receiver.name.text
    });
    if is_its {
        return None;
    }
    let name = &receiver.name;
    let is_declared = program.type_spec(&each.file.import_path, &name.text).is_some();
    let message = format!("`{}` is not the service struct of this service", name.text);
    let diagnostic = Diagnostic::error(Number::S0023, message)
        .at(&each.file.at(if is_declared { receiver.at } else { name.at }))
        .note("the framework has no value of any other type to call the endpoint on");
    Some(match service {
        Some(service) => diagnostic
            .label(&service.at_name(), "this is the service struct")
            .help(format!("write `*{}`", service.name())),
        None => diagnostic.help(format!("write `//encore:service` above the type `{}`", name.text)),
    })
}

/// Finds the endpoints of the services.
pub(super) fn endpoints(program: &Program<'_>, directed: &[Directed<'_>], found: &mut Found) {
    for directed in directed {
        let Directive::Api(api) = &directed.directive else { continue };
        let Some(service) = program.service_of(directed.file.folder) else { continue };
        let endpoint = endpoint(directed, api);
        let key = (directed.file.import_path.clone(), endpoint.name.clone());
        found.endpoints.insert(key, service);
        found.manifest.services[service].endpoints.push(endpoint);
    }
}

fn endpoint(directed: &Directed<'_>, api: &Api) -> Endpoint {
    let signature = directed.function().and_then(|function| function.signature.as_ref());
    let parameters = signature.map_or(0, |signature| signature.parameters.len());
    // Besides the context and the path's parameters.
    let own = parameters.saturating_sub(1 + path_parameters(api.path.as_deref()).count());
    Endpoint {
        name: directed.name().to_owned(),
        access: api.access,
        methods: api.methods.clone(),
        path: api.path.clone(),
        raw: api.raw,
        streaming: None,
        static_dir: None,
        static_not_found: None,
        static_not_found_status: None,
        body_limit: None,
        tags: api.tags.clone(),
        sensitive: api.sensitive,
        takes_request: !api.raw && own > 0,
        at: directed.at_name(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_file};

    const ENDPOINT: &str = "//encore:api public\nfunc E() {}\n";

    #[test]
    fn whatever_belongs_to_an_interface_makes_its_folder_a_service() {
        check(&[("a/a.go", &format!("package named\n{ENDPOINT}"))], &["service named a"], &[]);
        check(&[("a/a.go", "package a\n//encore:service\ntype S struct{}\n")], &["service a a"], &[]);
        check(
            &[("a/a.go", "package a\n// S.\n//\n// encore:service\ntype S struct{}\n")],
            &["service a a"],
            &[],
        );
        check(
            &[(
                "a/a.go",
                "package a\nimport (\"context\"; \"encore.dev/beta/auth\")\n//encore:authhandler\nfunc A(ctx context.Context, token string) (auth.UID, error) { return \"\", nil }\n",
            )],
            &["service a a", "auth A a"],
            &[],
        );
        check(&[("a.go", &format!("package root\n{ENDPOINT}"))], &["service root "], &[]);
    }

    #[test]
    fn a_folder_within_a_service_is_part_of_it() {
        check(
            &[("a/a.go", &format!("package a\n{ENDPOINT}")), ("a/b/b.go", &format!("package b\n{ENDPOINT}"))],
            &["service a a", "endpoint a.E Public -"],
            &[],
        );
        check(
            &[("ab/x.go", &format!("package ab\n{ENDPOINT}")), ("a/x.go", &format!("package a\n{ENDPOINT}"))],
            &["service a a", "service ab ab"],
            &[],
        );
    }

    #[test]
    fn a_service_struct_within_a_service_is_an_error() {
        check(
            &[
                ("a/a.go", &format!("package a\n{ENDPOINT}")),
                ("a/b/b.go", "package b\n//encore:service\ntype S struct{}\n"),
            ],
            &["service a a", "service b a/b"],
            &["S0005 a/b/b.go:3:6-3:7 the service `b` lies within the service `a`"],
        );
    }

    #[test]
    fn the_context_and_the_paths_parameters_are_no_request() {
        check_file(
            "//encore:api private path=/a/:x/*y
func A(ctx context.Context, x, y string) error { return nil }
//encore:api private path=/b/:x
func B(ctx context.Context, x string, p *P) error { return nil }
//encore:api public raw
func C(w http.ResponseWriter, req *http.Request) {}
//encore:api private
func D(context.Context) error { return nil }
",
            &[
                "endpoint svc.A Private /a/:x/*y",
                "endpoint svc.B Private /b/:x request",
                "endpoint svc.C Public - raw",
                "endpoint svc.D Private -",
            ],
            &[],
        );
    }
}
