//! Services and their calls. A service is the folder of an `encore.service.json`; what is read here is who calls whom.
//!
//! ```text
//! let users = encore::services::base_url("users");
//! ```

use compiler_diagnostics::{Code, Diagnostic};

use super::found::Found;
use super::resolve::{Names, Space};
use super::sdk;
use super::site::not_a_literal;
use super::syntax::{Call, Stands};
use super::value::Kind;

/// Notes all calls of `base_url`: each makes a service depend on another.
pub(super) fn note_calls(names: &Names<'_, '_>, found: &mut Found) {
    let program = names.program();
    for module in 0..program.modules.len() {
        for call in &program.scope(module).calls {
            note_call(names, module, call, found);
        }
    }
}

fn note_call(names: &Names<'_, '_>, module: usize, call: &Call, found: &mut Found) {
    let Kind::Call { callee, callee_at, arguments, .. } = &call.value.kind else { return };
    if !names.of_sdk(module, callee, Space::Values).is_some_and(|path| sdk::is_base_url(&path)) {
        return;
    }
    let program = names.program();
    let written = arguments.first().map(|argument| (argument.as_text(), argument.at));
    let (to, place) = written.unwrap_or((None, *callee_at));
    let at = program.at(module, place);
    let Some(to) = to else {
        let report = not_a_literal("the service in `base_url`").at(&at);
        found.diagnostics.push(match call.stands {
            Stands::InMacro => report.note("what a macro is given is read token by token"),
            Stands::InFunction | Stands::WithinValue => report,
        });
        return;
    };
    let services = program.services_of(module);
    if services.is_empty() {
        found.diagnostics.push(
            Diagnostic::error(Code::M0112, format!("service `{to}` is called from outside of all services"))
                .at(&at)
                .note(
                    "a call gives the service that makes it the permission for it; here there is no service",
                )
                .help("move this code into the folder of a service"),
        );
    }
    for from in found.service_names(services) {
        found.calls.entry((from, to.to_owned())).or_insert_with(|| at.clone());
    }
}
