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

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    fn check_use(declared: &str, code: &str, diagnostics: &[&str]) {
        let service = format!("package a\nimport \"encore.dev/beta/auth\"\n{declared}\n");
        let user =
            format!("package b\nimport \"example.com/app/a\"\n//encore:api private\nfunc B() {{}}\n{code}\n");
        check(&[("a/a.go", &service), ("b/b.go", &user)], &[], diagnostics);
    }

    #[test]
    fn an_endpoint_is_called() {
        let endpoint = "//encore:api private\nfunc A() {}";
        check_use(endpoint, "func f() { a.A() }", &[]);
        check_use(endpoint, "func f(a x) { _ = a.A }", &[]);
        check_use(
            endpoint,
            "var f = a.A",
            &["S0022 b/b.go:5:9-5:12 the endpoint `A` is named without being called"],
        );
        let raw = "//encore:api public raw\nfunc A(w http.ResponseWriter, r *http.Request) {}";
        check_use(
            raw,
            "func f() { a.A(nil, nil) }",
            &["S0022 b/b.go:5:12-5:15 the raw endpoint `A` cannot be called from code"],
        );
    }

    #[test]
    fn the_auth_handler_is_the_gateways() {
        let handler =
            "//encore:authhandler\nfunc A(ctx x.C, token string) (auth.UID, error) { return A(ctx, token) }";
        check_use(
            handler,
            "func f() { a.A(nil, \"\") }",
            &["S0022 b/b.go:5:12-5:15 the auth handler `A` is called from another package"],
        );
        check_use(
            handler,
            "var f = a.A",
            &["S0022 b/b.go:5:9-5:12 the auth handler `A` is named without being called"],
        );
    }

    #[test]
    fn a_service_struct_stays_in_its_service() {
        let service = "//encore:service\ntype S struct{}\nvar s S";
        check_use(
            service,
            "var s a.S",
            &["S0022 b/b.go:5:7-5:10 the service struct `S` is used outside of its service"],
        );
    }
}
