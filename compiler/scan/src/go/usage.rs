//! Uses that are not possible: what a service offers is called, and what belongs to a service stays within it.

use compiler_diagnostics::{Code as Number, Diagnostic};
use schema_documents::Position;

use super::Found;
use super::directive::{Directed, Directive};
use super::module::is_within;
use super::program::{Doing, Program, Site};

/// Checks who uses endpoints, the auth handler and service structs, and how.
pub(super) fn check(program: &Program<'_>, directed: &[Directed<'_>], found: &mut Found) {
    for each in directed {
        let sites = sites(program, each);
        match &each.directive {
            Directive::Api(api) if api.raw => {
                found.diagnostics.extend(sites.iter().map(|site| raw(each, site)));
            }
            Directive::Api(_) => {
                for site in &sites {
                    endpoint(program, each, site, found);
                }
            }
            Directive::AuthHandler => {
                found.diagnostics.extend(sites.iter().filter_map(|site| auth_handler(each, site)));
            }
            Directive::Service => {
                found.diagnostics.extend(sites.iter().filter_map(|site| service_struct(program, each, site)));
            }
            Directive::Middleware(_) => {}
        }
    }
}

/// The uses of what a directive stands above. A method is called by the name of its package as well.
fn sites<'p>(program: &'p Program<'_>, each: &Directed<'_>) -> Vec<Site<'p>> {
    let declared = program.declaration(&each.file.import_path, each.name());
    // Another thing of the package has the name of a method.
    if declared.is_some_and(|(_, declaration)| !std::ptr::eq(declaration, each.declaration)) {
        return Vec::new();
    }
    program.sites(&each.file.import_path, each.name())
}

fn wrong(message: String, site: &Site<'_>, declared: &Position, help: &str) -> Diagnostic {
    Diagnostic::error(Number::S0022, message)
        .at(&site.at())
        .label(declared, "it is declared here")
        .note("it belongs to its service, which may run in another process")
        .help(help)
}

fn raw(each: &Directed<'_>, site: &Site<'_>) -> Diagnostic {
    let message = format!("the raw endpoint `{}` cannot be called from code", each.name());
    wrong(message, site, &each.at_name(), "send it an HTTP request, or make it an endpoint with parameters")
}

fn endpoint(program: &Program<'_>, each: &Directed<'_>, site: &Site<'_>, found: &mut Found) {
    if found.named_only.contains(&(site.file.path.to_owned(), site.place())) {
        return;
    }
    match site.doing() {
        Doing::Called(_) if program.is_outside(site) => {
            found.diagnostics.push(site.outside(&format!("endpoint `{}`", each.name())));
        }
        Doing::Called(_) => {}
        _ => {
            let message = format!("the endpoint `{}` is named without being called", each.name());
            let help = "call it, or write a function that does";
            found.diagnostics.push(wrong(message, site, &each.at_name(), help));
        }
    }
}

fn auth_handler(each: &Directed<'_>, site: &Site<'_>) -> Option<Diagnostic> {
    let is_own = site.file.import_path == each.file.import_path;
    let is_called = matches!(site.doing(), Doing::Called(_));
    let how = match (is_called, is_own) {
        (true, true) => return None,
        (true, false) => "called from another package",
        (false, _) => "named without being called",
    };
    let message = format!("the auth handler `{}` is {how}", each.name());
    Some(wrong(message, site, &each.at_name(), "move what both need into a function of its own"))
}

fn service_struct(program: &Program<'_>, each: &Directed<'_>, site: &Site<'_>) -> Option<Diagnostic> {
    let root = program.root_of(each.file.folder)?;
    if is_within(site.file.folder, root) {
        return None;
    }
    let message = format!("the service struct `{}` is used outside of its service", each.name());
    Some(wrong(message, site, &each.at_name(), "call an endpoint of that service"))
}
