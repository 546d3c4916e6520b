//! A template of CloudFormation that makes what a desired state says.
//!
//! | in the desired state | in the template |
//! |---|---|
//! | an output of a resource | `Ref`, `Fn::GetAtt`, or what the resource was declared with |
//! | a name's stem | the stem and eight characters of the stack's id |
//! | the region, `arn:aws:` | `AWS::Region`, `AWS::Partition` |
//! | a secret | a dynamic reference to Secrets Manager; a parameter names the secret |
//! | what deploys images | under the condition that the parameter `RunProcesses` is `true` |
//! | an image that is not named yet | a parameter, and `RunProcesses` is `false` until somebody says otherwise |
//! | what holds data | kept when the stack goes: `DeletionPolicy` and `UpdateReplacePolicy` are `Retain` |
//!
//! What is too large for one stack becomes a stack of stacks (see `seams`). What CloudFormation does not know goes into a
//! sidecar, and comes back as parameters.

mod logical;
mod nested;
mod seams;
mod stack;
#[cfg(test)]
mod tests;
mod text;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use schema_catalog::Catalog;
use schema_documents::desired::DesiredState;
use schema_documents::sidecar::{self, Sidecar};
use schema_documents::{Json, ResourceId, canonical};

use stack::Stack;
use value::{Context, Need, Needs};

/// What a desired state is exported to.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// The template to deploy.
    pub template: Json,
    /// The templates of nested stacks by name, such as `network`, if one stack is not enough.
    pub nested: BTreeMap<String, Json>,
    /// How many resources all templates have together.
    pub resources: usize,
    /// What the templates leave out.
    pub sidecar: Option<Sidecar>,
}

/// Why a desired state cannot be said in a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unexportable {
    /// Something refers to a resource that is not there.
    #[error("`{0}` is referred to and is not in the document: build it again")]
    Missing(ResourceId),
    /// Resources build on each other in a circle.
    #[error("`{0}` builds on itself, by way of others: CloudFormation makes one resource after the other")]
    Circle(ResourceId),
    /// CloudFormation cannot tell an output.
    #[error(
        "`{0}` is used, and CloudFormation does not tell it of a `{1}`: it is neither an attribute nor set"
    )]
    NoOutput(String, String),
    /// An array or an object is part of a text.
    #[error("an array or an object is joined to a text: wrap it in `$json`")]
    NoText,
    /// A stack is too large however it is cut.
    #[error(
        "the stack `{stack}` has {found} {what}, CloudFormation takes {limit}: split the app or its processes"
    )]
    TooLarge {
        /// Its name; empty for the whole.
        stack: String,
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        found: usize,
        /// How much there may be.
        limit: usize,
    },
}

/// What one stack may have.
pub(crate) struct Limits {
    resources: usize,
    bytes: usize,
    parameters: usize,
    outputs: usize,
}

/// The limits of CloudFormation.
const CLOUDFORMATION: Limits = Limits { resources: 500, bytes: 1_048_576, parameters: 200, outputs: 200 };

/// Up to here one stack is filled: what goes over its border is not yet counted in.
const FILLED: Limits = Limits { resources: 500, bytes: 900_000, parameters: 190, outputs: 200 };

/// Exports a desired state. `stem` is the name of the template's file without its ending: the files of nested stacks are
/// expected beside it, as [`nested_file`] names them.
pub fn export(desired: &DesiredState, catalog: &Catalog, stem: &str) -> Result<Export, Unexportable> {
    export_within(desired, catalog, stem, &FILLED)
}

/// The file of a nested stack.
pub fn nested_file(stem: &str, name: &str) -> String {
    format!("{stem}.{name}.json")
}

fn export_within(
    desired: &DesiredState,
    catalog: &Catalog,
    stem: &str,
    limits: &Limits,
) -> Result<Export, Unexportable> {
    let context = Context { desired, catalog };
    let order = seams::order(context)?;
    let running = stack::running(context, &order);
    let all: BTreeSet<ResourceId> = order.iter().cloned().collect();
    let whole = stack::render(context, &all, &running, &BTreeSet::new())?;
    if all.len() <= limits.resources && size(&whole.template) <= limits.bytes {
        check("", &whole.template)?;
        let sidecar = sidecar(context, &whole.needs);
        return Ok(Export {
            template: whole.template,
            nested: BTreeMap::new(),
            resources: all.len(),
            sidecar,
        });
    }
    let parts = seams::cut(context, &order, &sizes(&whole, &all), limits);
    let nested = nested::Nested::render(context, parts, &running, stem)?;
    for (name, stack) in &nested.stacks {
        check(name, &stack.template)?;
    }
    check("", &nested.template)?;
    let sidecar = sidecar(context, &nested.needs);
    let stacks = nested.stacks.into_iter().map(|(name, stack)| (name, stack.template));
    Ok(Export { template: nested.template, nested: stacks.collect(), resources: all.len(), sidecar })
}

/// The length of a template as it is written.
fn size(template: &Json) -> usize {
    canonical::to_pretty(template).len()
}

fn sizes(whole: &Stack, ids: &BTreeSet<ResourceId>) -> BTreeMap<ResourceId, usize> {
    let resource = |id: &ResourceId| size(&whole.template["Resources"][logical::resource(id)]);
    // In a template it stands two levels deep.
    ids.iter().map(|id| (id.clone(), resource(id) * 5 / 4)).collect()
}

fn check(stack: &str, template: &Json) -> Result<(), Unexportable> {
    let count =
        |section: &str| template.get(section).and_then(Json::as_object).map_or(0, serde_json::Map::len);
    let found = [
        ("resources", count("Resources"), CLOUDFORMATION.resources),
        ("parameters", count("Parameters"), CLOUDFORMATION.parameters),
        ("outputs", count("Outputs"), CLOUDFORMATION.outputs),
        ("bytes", size(template), CLOUDFORMATION.bytes),
    ];
    match found.into_iter().find(|(_, found, limit)| found > limit) {
        Some((what, found, limit)) => {
            Err(Unexportable::TooLarge { stack: stack.to_owned(), what, found, limit })
        }
        None => Ok(()),
    }
}

fn sidecar(context: Context<'_>, needs: &Needs) -> Option<Sidecar> {
    let desired = context.desired;
    let is_unknown = |resource| context.kind(resource).is_none() && !context.is_awaited(resource);
    let unknown = desired.resources.iter().filter(|(_, resource)| is_unknown(resource));
    let resources: BTreeMap<_, _> = unknown.map(|(id, resource)| (id.clone(), resource.clone())).collect();
    let parameters = needs.iter().filter_map(|(name, need)| match need {
        Need::Sidecar(reference) => Some((name.clone(), reference.clone())),
        Need::Stack(_) | Need::Later(_) | Need::Secret(_) | Need::RuntimeConfig | Need::Processes => None,
    });
    (!resources.is_empty()).then(|| Sidecar {
        format: sidecar::Format::Sidecar,
        version: sidecar::VERSION,
        app: desired.app.clone(),
        environment: desired.environment.clone(),
        desired: desired.digest(),
        resources,
        parameters: parameters.collect(),
    })
}
