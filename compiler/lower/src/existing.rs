//! Resources that are there already: `import` and `mode` of the environment file.

use compiler_diagnostics::{Code, Diagnostic};
use schema_catalog::{Kind, Named};
use schema_documents::desired::{Existing, Mode};
use schema_documents::environment::ResourceSettings;
use schema_documents::{Origin, Position, ResourceId};

use crate::builder::Lowering;

/// Takes what a resource is, where the environment file says that it is there already. `at` is where it says so.
pub(crate) fn apply(
    lowering: &mut Lowering<'_>,
    id: &ResourceId,
    settings: &ResourceSettings,
    kind: &Kind,
    at: &Position,
) {
    let Some(name) = &settings.import else {
        if settings.mode.is_some() {
            let message = format!("nothing says which `{id}` is meant");
            let help = "add `import`, the identifier or the ARN of what is there";
            lowering.found.push(Diagnostic::error(Code::E0003, message).at(at).help(help));
        }
        return;
    };
    let named = match kind.named(name) {
        Ok(named) => named,
        Err(why) => return lowering.found.push(Diagnostic::error(Code::E0003, why).at(at)),
    };
    let own = lowering.environment.environment.region.as_deref();
    if let (Some(region), Some(own)) = (named.region.as_deref(), own)
        && region != own
    {
        let message = format!("`{name}` is in {region}, and this environment in {own}");
        return lowering.found.push(Diagnostic::error(Code::E0003, message).at(at));
    }
    let mode = settings.mode.unwrap_or(Mode::Owned);
    if mode == Mode::Owned
        && let Some(other) = owner(lowering, id, &kind.name, &named.identifier)
    {
        let message = format!("`{name}` is imported as `{other}` already");
        return lowering.found.push(Diagnostic::error(Code::E0003, message).at(at));
    }
    let Named { identifier, account, region } = named;
    let existing = Existing { identifier, account, region, mode, origin: Origin::Setting { at: at.clone() } };
    if let Some(resource) = lowering.resources.get_mut(id) {
        resource.existing = Some(existing);
    }
}

/// Another resource that owns the same thing by now: nothing has two.
fn owner(lowering: &Lowering<'_>, id: &ResourceId, kind: &str, identifier: &str) -> Option<ResourceId> {
    let owns = |existing: &Existing| existing.mode == Mode::Owned && existing.identifier == identifier;
    let mut others = lowering.resources.iter().filter(|(other, _)| *other != id);
    let other =
        others.find(|(_, resource)| resource.kind == kind && resource.existing.as_ref().is_some_and(owns));
    other.map(|(other, _)| other.clone())
}
