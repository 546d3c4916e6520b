//! A stack of stacks: outputs of one become parameters of another, by way of the stack that holds them all.

use std::collections::{BTreeMap, BTreeSet};

use schema_documents::value::Reference;
use schema_documents::{Json, ResourceId, canonical};
use serde_json::json;

use super::seams::Part;
use super::stack::{self, Stack};
use super::value::{Context, Need, Needs};
use super::{Unexportable, nested_file};

/// The stack that holds the others, and those.
pub(super) struct Nested {
    pub template: Json,
    pub needs: Needs,
    pub stacks: BTreeMap<String, Stack>,
}

impl Nested {
    /// Renders all stacks of these parts. `stem` is the file name of the one that holds them, without its ending.
    pub(super) fn render(
        context: Context<'_>,
        parts: Vec<Part>,
        running: &BTreeSet<ResourceId>,
        stem: &str,
    ) -> Result<Self, Unexportable> {
        let home =
            |part: &Part| part.ids.iter().map(|id| (id.clone(), part.name.clone())).collect::<Vec<_>>();
        let homes: BTreeMap<ResourceId, String> = parts.iter().flat_map(home).collect();
        let wanted = wanted(context, &homes);
        let mut stacks = BTreeMap::new();
        for part in parts {
            let none = BTreeSet::new();
            let outputs = wanted.get(&part.name).unwrap_or(&none);
            stacks.insert(part.name, stack::render(context, &part.ids, running, outputs)?);
        }
        let holder = Holder { context, homes: &homes, running, stem };
        let mut needs = Needs::new();
        let mut resources = serde_json::Map::new();
        for (name, stack) in &stacks {
            resources.insert(logical_name(name), holder.nested(name, stack));
            let own = stack.needs.iter().filter(|(_, need)| !matches!(need, Need::Stack(_)));
            needs.extend(own.map(|(name, need)| (name.clone(), need.clone())));
        }
        let mut template = stack::frame(context, &needs);
        template["Resources"] = Json::Object(resources);
        canonical::sort(&mut template);
        Ok(Self { template, needs, stacks })
    }
}

/// The outputs that other stacks want of each stack.
fn wanted(
    context: Context<'_>,
    homes: &BTreeMap<ResourceId, String>,
) -> BTreeMap<String, BTreeSet<Reference>> {
    let mut wanted: BTreeMap<String, BTreeSet<Reference>> = BTreeMap::new();
    for (id, home) in homes {
        let Some(resource) = context.desired.resources.get(id) else { continue };
        for reference in resource.properties.values().flat_map(schema_documents::Value::references) {
            let from = homes.get(&reference.resource);
            if let Some(from) = from.filter(|from| *from != home) {
                wanted.entry(from.clone()).or_default().insert(reference);
            }
        }
    }
    wanted
}

fn logical_name(stack: &str) -> String {
    let words = stack.split('-').map(|word| format!("{}{}", word[..1].to_ascii_uppercase(), &word[1..]));
    words.collect()
}

struct Holder<'a> {
    context: Context<'a>,
    homes: &'a BTreeMap<ResourceId, String>,
    running: &'a BTreeSet<ResourceId>,
    stem: &'a str,
}

impl Holder<'_> {
    fn nested(&self, name: &str, stack: &Stack) -> Json {
        let mut parameters = serde_json::Map::new();
        let mut passes = BTreeSet::new();
        for (parameter, need) in &stack.needs {
            let value = match need {
                Need::Stack(reference) => {
                    let from = &self.homes[&reference.resource];
                    passes.insert(from);
                    let running = self.running.contains(&reference.resource);
                    stack::passed(&logical_name(from), reference, running)
                }
                Need::Sidecar(_)
                | Need::Later(_)
                | Need::Secret(_)
                | Need::RuntimeConfig
                | Need::Processes => {
                    json!({ "Ref": parameter })
                }
            };
            parameters.insert(parameter.clone(), value);
        }
        let mut out = json!({
            "Type": "AWS::CloudFormation::Stack",
            "Properties": { "TemplateURL": nested_file(self.stem, name) },
        });
        if !parameters.is_empty() {
            out["Properties"]["Parameters"] = Json::Object(parameters);
        }
        let before: BTreeSet<String> =
            self.before(name).difference(&passes).map(|name| logical_name(name)).collect();
        if !before.is_empty() {
            out["DependsOn"] = json!(before);
        }
        out
    }

    /// The stacks that a stack builds on.
    fn before(&self, stack: &str) -> BTreeSet<&String> {
        let ids = self.homes.iter().filter(|(_, home)| *home == stack).map(|(id, _)| id);
        let resources = ids.filter_map(|id| self.context.desired.resources.get(id));
        let before = resources.flat_map(schema_documents::desired::Resource::dependencies);
        before.filter_map(|id| self.homes.get(&id)).filter(|home| *home != stack).collect()
    }
}
