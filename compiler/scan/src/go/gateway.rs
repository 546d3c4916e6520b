//! The auth handler. A Go app declares no gateways: it has the one that every app has.

use compiler_diagnostics::{Code as Number, Diagnostic};
use schema_documents::manifest::AuthHandler;

use super::Found;
use super::directive::{Directed, Directive};
use super::resolve::Code;
use super::service::name_of;

/// Finds the auth handler. There can be one.
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
        found.manifest.auth_handler = Some(AuthHandler { name: file.slice(name).to_owned(), service, at });
    }
}
