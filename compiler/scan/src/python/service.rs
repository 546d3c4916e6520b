//! Which service calls which: by asking for its address.
//!
//! ```python
//! url = f"{base_url('users')}/users/42"
//! billing = services.client("billing")        # from encore.services import httpx as services
//! ```

use super::found::Found;
use super::site::Site;
use compiler_diagnostics::{Code, Diagnostic};

/// Notes a call.
pub(super) fn declare(site: Site<'_>, found: &mut Found) {
    // An adapter passes on whatever else it is given.
    let first = site
        .declaration
        .arguments
        .iter()
        .find(|argument| argument.name.as_ref().is_none_or(|(name, _)| name == "service"));
    let Some(value) = first.map(|argument| &argument.value) else {
        found.diagnostics.push(site.missing("the name of a service"));
        return;
    };
    let at = site.module.at(value.at);
    let Some(to) = value.as_text() else {
        let message = format!("the name in `{}` must be a string literal", site.written());
        found.diagnostics.push(
            Diagnostic::error(Code::S0006, message)
                .at(&at)
                .note("which services this one may call is read from its source without running it")
                .help("write the name in place, in quotes"),
        );
        return;
    };
    let services = site.program.services_of(site.key.0);
    if services.is_empty() {
        found.diagnostics.push(
            Diagnostic::error(Code::M0112, format!("service `{to}` is called outside of all services"))
                .at(&at)
                .note("a call gives the services that make it the permission for it; no service imports this file")
                .help("move this code into the folder of a service, or import it there"),
        );
    }
    for service in services {
        let from = found.manifest.services[*service].name.clone();
        found.note_call(&from, to, &at);
    }
}
