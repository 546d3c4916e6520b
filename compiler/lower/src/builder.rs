//! What every room builds with: the lowering in progress, and a resource in the making.
//!
//! A room writes properties as JSON, with expressions put in as values. Class and origin of each field follow: the class
//! from the catalogue, the origin from the rule that the resource is made by, unless the room names a better one.

use std::collections::{BTreeMap, BTreeSet};

use compiler_diagnostics::Diagnostic;
use compiler_model::AppModel;
use schema_catalog::{Catalog, Kind};
use schema_documents::desired::{Class, Field, Phase, Resource};
use schema_documents::environment::EnvironmentType;
use schema_documents::{FieldPath, Json, Origin, Position, ResourceId, Sorted, Value};

use crate::environment::EnvironmentFile;
use crate::names::{self, Words};
use crate::sizes::{self, Sizes};

/// A lowering in progress.
pub(crate) struct Lowering<'a> {
    pub model: &'a AppModel,
    pub environment: &'a EnvironmentFile,
    pub sizes: &'static Sizes,
    pub resources: BTreeMap<ResourceId, Resource>,
    pub found: Vec<Diagnostic>,
}

/// A resource in the making.
pub(crate) struct Draft {
    id: ResourceId,
    kind: &'static str,
    origin: Origin,
    properties: Json,
    origins: BTreeMap<FieldPath, Origin>,
    opened: Vec<FieldPath>,
    words: Option<Words>,
    phase: Phase,
    after: BTreeSet<ResourceId>,
    replaceable: bool,
}

/// The id made of these parts.
pub(crate) fn id<const N: usize>(parts: [&str; N]) -> ResourceId {
    ResourceId::parse(&parts.join("/")).expect("BUG: declared names are checked before the first room")
}

/// An output of a resource, to be put into `json!`.
pub(crate) fn output(resource: &ResourceId, path: &str) -> Value {
    Value::reference(resource, path)
}

/// The path that a literal stands for.
pub(crate) fn path(text: &str) -> FieldPath {
    FieldPath::parse(text).expect("BUG: a path in a table starts with `/`")
}

impl<'a> Lowering<'a> {
    pub(crate) fn new(model: &'a AppModel, environment: &'a EnvironmentFile) -> Self {
        let sizes = sizes::sizes(environment.environment.kind);
        Self { model, environment, sizes, resources: BTreeMap::new(), found: Vec::new() }
    }

    /// The origin of what a rule of this edition decides.
    pub(crate) fn default(&self, rule: impl Into<String>) -> Origin {
        Origin::Default { rule: rule.into(), edition: self.environment.environment.edition.clone() }
    }

    /// The origin of what a setting may decide: the setting where it is there, else the rule.
    pub(crate) fn asked(&self, keys: &[&str], rule: &str) -> Origin {
        self.environment.origin(keys).unwrap_or_else(|| self.default(rule))
    }

    /// Whether EKS runs the processes, in place of Fargate.
    pub(crate) fn runs_on_eks(&self) -> bool {
        self.environment.runs_on_eks()
    }

    /// The cloud's region.
    pub(crate) fn region(&self) -> &'a str {
        self.environment.environment.region.as_deref().unwrap_or_default()
    }

    /// Takes up a resource, and returns its id for others to refer to.
    pub(crate) fn add(&mut self, draft: Draft) -> ResourceId {
        let kind = kind(draft.kind);
        let rule = rule_of(&draft.id);
        let properties: Sorted<String, Value> = match Value::parse(&draft.properties) {
            Ok(Value::Object(members)) => members,
            other => unreachable!("BUG: a room writes an object with well-formed expressions: {other:?}"),
        };
        let name = draft.words.as_ref().zip(kind.overlay.name.as_ref());
        let name = name.map(|(words, rule)| {
            names::stem(rule, &self.model.app, &self.environment.name, words, &draft.properties)
        });
        let mut fields = Sorted::new();
        for (property, value) in &properties {
            let path = FieldPath::root().child(property);
            let field = self.field(kind, &path, self.default(rule.clone()));
            if field.class == Class::Open {
                fields.extend(self.enforced_below(kind, &path, value, &field.origin));
            }
            fields.insert(path, field);
        }
        for (path, origin) in draft.origins {
            fields.insert(path.clone(), self.field(kind, &path, origin));
        }
        for path in &draft.opened {
            if let Some(field) = fields.get_mut(path) {
                field.class = Class::Open;
            }
        }
        let resource = Resource {
            kind: draft.kind.to_owned(),
            stateful: kind.is_stateful() && !draft.replaceable,
            phase: draft.phase,
            name,
            existing: None,
            properties,
            depends_on: draft.after,
            origin: draft.origin,
            fields,
        };
        let before = self.resources.insert(draft.id.clone(), resource);
        debug_assert!(before.is_none(), "BUG: {} is lowered twice", draft.id);
        draft.id
    }

    pub(crate) fn field(&self, kind: &Kind, path: &FieldPath, origin: Origin) -> Field {
        let class = if self.is_enforced(kind, path) { Class::Enforced } else { Class::Open };
        Field { class, origin, over: None }
    }

    /// A minimum is enforced in production only: elsewhere less is as good.
    pub(crate) fn is_enforced(&self, kind: &Kind, path: &FieldPath) -> bool {
        let production = self.environment.environment.kind == EnvironmentType::Production;
        kind.enforced(path).is_some() && (production || kind.enforced_minimum(path).is_none())
    }

    /// Fields of their own for what is enforced below an open property, however deep.
    fn enforced_below(
        &self,
        kind: &Kind,
        at: &FieldPath,
        value: &Value,
        origin: &Origin,
    ) -> Sorted<FieldPath, Field> {
        let mut fields = Sorted::new();
        for (path, member) in members(at, value) {
            let field = self.field(kind, &path, origin.clone());
            if field.class == Class::Enforced {
                fields.insert(path, field);
            } else {
                fields.extend(self.enforced_below(kind, &path, member, origin));
            }
        }
        fields
    }

    /// The origin of what is declared at this place.
    pub(crate) fn declared(at: &Position) -> Origin {
        Origin::Declaration { at: at.clone() }
    }
}

impl Draft {
    /// A resource without properties.
    pub(crate) fn new(id: ResourceId, kind: &'static str, origin: &Origin) -> Self {
        Self {
            id,
            kind,
            origin: origin.clone(),
            properties: Json::Object(serde_json::Map::new()),
            origins: BTreeMap::new(),
            opened: Vec::new(),
            words: None,
            phase: Phase::Provision,
            after: BTreeSet::new(),
            replaceable: false,
        }
    }

    /// Its properties, all at once.
    pub(crate) fn properties(mut self, properties: Json) -> Self {
        self.properties = properties;
        self
    }

    /// One more property.
    pub(crate) fn set(mut self, property: &str, value: impl serde::Serialize) -> Self {
        self.properties[property] = serde_json::to_value(value).expect("BUG: a value serialises");
        self
    }

    /// Has a physical name made of what the app declares.
    pub(crate) fn named<const N: usize>(self, declared: [&str; N]) -> Self {
        self.named_as(declared, "")
    }

    /// Has a physical name made of what the app declares and a word of ours.
    pub(crate) fn named_as<const N: usize>(self, declared: [&str; N], role: &'static str) -> Self {
        self.named_by(&declared, role)
    }

    /// The same, of any number of names.
    pub(crate) fn named_by(mut self, declared: &[&str], role: &'static str) -> Self {
        self.words = Some(Words { declared: declared.iter().map(|word| (*word).to_owned()).collect(), role });
        self
    }

    /// Who asks for the value at a path, where it is not the rule of the resource.
    pub(crate) fn from(mut self, origin: &Origin, at: &str) -> Self {
        self.origins.insert(path(at), origin.clone());
        self
    }

    /// The console may change what is at a path, although the kind enforces it: here it could only be for the better.
    pub(crate) fn open(mut self, at: &str) -> Self {
        self.opened.push(path(at));
        self
    }

    /// Holds nothing that a new one would not have, although others of its kind do.
    pub(crate) fn replaceable(mut self) -> Self {
        self.replaceable = true;
        self
    }

    /// Changes in the phase that deploys the images.
    pub(crate) fn deployed(mut self) -> Self {
        self.phase = Phase::Deploy;
        self
    }

    /// Comes after another resource that its properties do not mention.
    pub(crate) fn after(mut self, resource: &ResourceId) -> Self {
        self.after.insert(resource.clone());
        self
    }
}

/// What is below a value: members of an object, and the elements of an array that have a `Key`.
fn members<'v>(at: &FieldPath, value: &'v Value) -> Vec<(FieldPath, &'v Value)> {
    match value {
        Value::Object(members) => members.iter().map(|(name, member)| (at.child(name), member)).collect(),
        Value::Array(items) => {
            items.iter().filter_map(|item| Some((at.keyed("Key", key_of(item)?), item))).collect()
        }
        Value::Scalar(_) | Value::Expression(_) => Vec::new(),
    }
}

fn key_of(item: &Value) -> Option<&str> {
    let Value::Object(members) = item else { return None };
    match members.get("Key")? {
        Value::Scalar(key) => key.as_str(),
        _ => None,
    }
}

/// The facts about a kind that a room uses.
pub(crate) fn kind(name: &str) -> &'static Kind {
    Catalog::builtin().kind(name).unwrap_or_else(|| unreachable!("BUG: the catalogue has no `{name}`"))
}

/// The rule that makes a resource, named by its primitive and role: `topic.dead_letter`, `network.subnet`.
fn rule_of(id: &ResourceId) -> String {
    let parts: Vec<&str> = id.as_str().split('/').collect();
    let role = parts.get(2).or_else(|| parts.get(1)).copied().unwrap_or_default();
    format!("{}.{}", id.primitive(), role.replace('-', "_"))
}
