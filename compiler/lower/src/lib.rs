//! From the app model and an environment's settings to the desired state.
//!
//! [`read_environment`] reads the settings, [`lower`] is the way: the rooms of the cloud first, then the typed settings
//! over their defaults, then what the environment file says of single resources, and an audit of it all.
//!
//! A room knows one primitive, and no room knows a physical name: names are stems, and resources refer to each other.
//! Resource ids and defaults are public interface; defaults belong to an edition.

mod audit;
mod aws;
mod builder;
mod environment;
mod existing;
mod images;
mod names;
mod overrides;
mod processes;
mod properties;
mod settings;
mod sizes;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use compiler_diagnostics::{Code, Diagnostic, any_error, sort};
use compiler_model::AppModel;
use schema_documents::ResourceId;
use schema_documents::desired::{self, DesiredState, EnvironmentIdentity, Format, Resource};
use schema_documents::environment::{Cloud, EnvironmentType};

pub use audit::unmoved;
pub use environment::reference;
pub use environment::{EnvironmentFile, environment_path, read_environment};
pub use images::Images;
pub use settings::{Conversion, Place, SETTINGS, Setting, SettingKey, fields_of, setting_for};

use crate::builder::Lowering;

/// Lowers an app to what should exist in an environment. A process without an image waits for one. All problems are reported at once, sorted by place; there is a
/// desired state when none of them is an error.
pub fn lower(
    model: &AppModel,
    environment: &EnvironmentFile,
    images: &Images,
) -> (Option<DesiredState>, Vec<Diagnostic>) {
    let mut found = unsupported(environment);
    found.extend(names::check(model));
    if any_error(&found) {
        return (None, found);
    }
    let mut lowering = Lowering::new(model, environment);
    let processes = aws::lower(&mut lowering, images);
    settings::check_names(&mut lowering, &processes);
    settings::apply(&mut lowering);
    finish(lowering)
}

/// The last part of the way: what the environment file says of single resources, over resources that were lowered before,
/// and the audit.
pub fn lower_over(
    model: &AppModel,
    environment: &EnvironmentFile,
    resources: BTreeMap<ResourceId, Resource>,
) -> (Option<DesiredState>, Vec<Diagnostic>) {
    let mut lowering = Lowering::new(model, environment);
    lowering.resources = resources;
    finish(lowering)
}

fn finish(mut lowering: Lowering<'_>) -> (Option<DesiredState>, Vec<Diagnostic>) {
    overrides::apply(&mut lowering);
    if !any_error(&lowering.found) {
        lowering.found.extend(audit::check(&lowering.resources));
    }
    let Lowering { model, environment, resources, mut found, .. } = lowering;
    sort(&mut found);
    if any_error(&found) {
        return (None, found);
    }
    let settings = &environment.environment;
    let state = DesiredState {
        format: Format::DesiredState,
        version: desired::VERSION,
        app: model.app.clone(),
        environment: EnvironmentIdentity {
            name: environment.name.clone(),
            kind: settings.kind,
            cloud: settings.cloud,
            region: settings.region.clone(),
        },
        edition: settings.edition.clone(),
        approval: settings.approval,
        settle_seconds: environment.settle_seconds(),
        resources,
        moved: settings.moved.clone(),
    };
    (Some(state), found)
}

/// What this version cannot lower to, said before anything is tried.
fn unsupported(environment: &EnvironmentFile) -> Vec<Diagnostic> {
    let settings = &environment.environment;
    let mut found = Vec::new();
    let mut report = |message: String, help: &str, keys: &[&str]| {
        let diagnostic = Diagnostic::error(Code::L0201, message).help(help);
        found.push(environment.point(diagnostic, keys));
    };
    match settings.cloud {
        Cloud::Aws if settings.kind == EnvironmentType::Local => report(
            "a local environment cannot be on `aws`".to_owned(),
            "write `type = \"development\"` for an environment in the cloud",
            &["type"],
        ),
        Cloud::Aws => {}
        Cloud::Gcp | Cloud::Local => {
            let cloud = if settings.cloud == Cloud::Gcp { "gcp" } else { "local" };
            report(
                format!("apps cannot be lowered to the cloud `{cloud}` yet"),
                "this version lowers to `aws`",
                &["cloud"],
            );
        }
    }
    for (primitive, provider) in &settings.providers {
        let known = [("database", "rds"), ("compute", "fargate"), ("compute", "eks")];
        if !known.contains(&(primitive.as_str(), provider.as_str())) {
            report(
                format!("`{provider}` as provider of `{primitive}` cannot be lowered to yet"),
                "this version has `rds` for databases, `fargate` and `eks` for compute",
                &["providers", primitive],
            );
        }
    }
    if let Some(process) = settings.process.keys().next().filter(|_| environment.runs_on_eks()) {
        report(
            format!("the size of process `{process}` cannot be set on EKS yet"),
            "remove it: sizes are those of tasks on Fargate",
            &["process", process],
        );
    }
    found
}
