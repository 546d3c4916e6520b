//! One stack: a template with some of the resources.

use std::collections::{BTreeMap, BTreeSet};

use schema_documents::desired::{Phase, Resource};
use schema_documents::value::Reference;
use schema_documents::{FieldPath, Json, ResourceId, canonical};
use serde_json::json;

use super::value::{Context, Need, Needs, Values, physical_name};
use super::{Unexportable, logical};

/// The parameter that says whether what runs images is there, and the condition that asks for it.
pub(super) const RUN: &str = "RunProcesses";
const RUNNING: &str = "ProcessesRun";

/// A stack, rendered.
pub(super) struct Stack {
    pub template: Json,
    pub needs: Needs,
}

/// Renders a stack. `outputs` are those that other stacks use.
pub(super) fn render(
    context: Context<'_>,
    ids: &BTreeSet<ResourceId>,
    running: &BTreeSet<ResourceId>,
    outputs: &BTreeSet<Reference>,
) -> Result<Stack, Unexportable> {
    let mut values = Values { context, is_home: &|id| ids.contains(id), needs: Needs::new(), at: None };
    let mut resources = serde_json::Map::new();
    for id in ids {
        resources.insert(logical::resource(id), resource(&mut values, id, running)?);
    }
    let mut given = serde_json::Map::new();
    for reference in outputs {
        let mut output = json!({ "Value": one_text(context, reference, values.output(reference)?) });
        if running.contains(&reference.resource) {
            output["Condition"] = json!(RUNNING);
        }
        given.insert(logical::output(reference), output);
    }
    let mut needs = values.needs;
    if ids.iter().any(|id| running.contains(id)) {
        needs.insert(RUN.to_owned(), Need::Processes);
    }
    let mut template = frame(context, &needs);
    template["Resources"] = Json::Object(resources);
    if !given.is_empty() {
        template["Outputs"] = Json::Object(given);
    }
    canonical::sort(&mut template);
    Ok(Stack { template, needs })
}

/// A template without resources.
pub(super) fn frame(context: Context<'_>, needs: &Needs) -> Json {
    let desired = context.desired;
    let what = format!(
        "{} {}, from desired state {}",
        desired.app,
        desired.environment.name,
        desired.digest().short()
    );
    let mut template = json!({ "AWSTemplateFormatVersion": "2010-09-09", "Description": what });
    let parameters: BTreeMap<_, _> =
        needs.iter().map(|(name, need)| (name, parameter(context, need))).collect();
    if !parameters.is_empty() {
        template["Parameters"] = json!(parameters);
    }
    if needs.contains_key(RUN) {
        template["Conditions"] = json!({ RUNNING: { "Fn::Equals": [{ "Ref": RUN }, "true"] } });
    }
    template
}

fn parameter(context: Context<'_>, need: &Need) -> Json {
    match need {
        Need::Stack(reference) | Need::Sidecar(reference) => {
            let kind = if context.is_list(reference) { "CommaDelimitedList" } else { "String" };
            let what = format!("{} of {}", reference.output, reference.resource);
            json!({ "Type": kind, "Description": what })
        }
        Need::Secret(secret) => json!({
            "Type": "String",
            "Description": "name or ARN of the secret in Secrets Manager",
            "Default": secret.reference,
        }),
        Need::Later(reference) => json!({
            "Type": "String",
            "Description": format!("{} of {}, once it is there", reference.output, reference.resource),
            "Default": "",
        }),
        Need::RuntimeConfig => json!({
            "Type": "String",
            "Description": "what the process is told: the message encore.runtime.v1.RuntimeConfig in base64, with outputs of these stacks; \
                            the desired state has its content",
            "Default": "",
        }),
        Need::Processes => json!({
            "Type": "String",
            "Description": "whether processes run: `false` until their images are in the repositories",
            "AllowedValues": ["true", "false"],
            "Default": (!context.awaits()).to_string(),
        }),
    }
}

/// Parameters of stacks are texts, so that a list goes over the border as one.
fn one_text(context: Context<'_>, reference: &Reference, value: Json) -> Json {
    if context.is_list(reference) { json!({ "Fn::Join": [",", value] }) } else { value }
}

/// What a stack gives to a parameter of another one, by way of the stack above both.
pub(super) fn passed(child: &str, reference: &Reference, is_running: bool) -> Json {
    let value = json!({ "Fn::GetAtt": [child, format!("Outputs.{}", logical::output(reference))] });
    if is_running { json!({ "Fn::If": [RUNNING, value, ""] }) } else { value }
}

/// One resource.
pub(super) fn resource(
    values: &mut Values<'_>,
    id: &ResourceId,
    running: &BTreeSet<ResourceId>,
) -> Result<Json, Unexportable> {
    let resource = values.context.resource(id)?;
    values.at = Some(id.clone());
    let mut properties = serde_json::Map::new();
    for (name, value) in &resource.properties {
        properties.insert(name.clone(), values.json(value)?);
    }
    let mut properties = Json::Object(properties);
    if let Some(stem) = &resource.name {
        put(&mut properties, &stem.path, physical_name(stem));
    }
    let mut out = json!({
        "Type": resource.kind,
        "Metadata": { "Manifest": { "Resource": id } },
        "Properties": properties,
    });
    let after = after(values, resource);
    if !after.is_empty() {
        out["DependsOn"] = json!(after);
    }
    if running.contains(id) {
        out["Condition"] = json!(RUNNING);
    }
    if resource.stateful {
        out["DeletionPolicy"] = json!("Retain");
        out["UpdateReplacePolicy"] = json!("Retain");
    }
    Ok(out)
}

/// What comes before a resource that its properties do not mention: CloudFormation sees the rest by itself.
fn after(values: &Values<'_>, resource: &Resource) -> BTreeSet<String> {
    let mentioned: BTreeSet<ResourceId> = resource
        .properties
        .values()
        .flat_map(schema_documents::Value::references)
        .map(|reference| reference.resource)
        .collect();
    let others = resource.depends_on.difference(&mentioned);
    others.filter(|id| (values.is_home)(id)).map(logical::resource).collect()
}

fn put(properties: &mut Json, path: &FieldPath, value: Json) {
    let mut at = properties;
    for segment in path.segments() {
        at = &mut at[segment.as_str()];
    }
    *at = value;
}

/// The resources that are there only where processes run: what deploys images, and all that builds on it. `order` has
/// what a resource builds on before it.
pub(super) fn running(context: Context<'_>, order: &[ResourceId]) -> BTreeSet<ResourceId> {
    let mut running = BTreeSet::new();
    for id in order {
        let Some(resource) = context.desired.resources.get(id) else { continue };
        if resource.phase == Phase::Deploy || !resource.dependencies().is_disjoint(&running) {
            running.insert(id.clone());
        }
    }
    running
}
