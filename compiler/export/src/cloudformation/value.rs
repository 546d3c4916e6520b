//! Values with expressions, in the language of templates.

use std::collections::BTreeMap;

use schema_catalog::{Catalog, Kind};
use schema_documents::desired::{DesiredState, NameStem, Resource};
use schema_documents::value::{Reference, SecretRef};
use schema_documents::{Expression, FieldPath, Json, ResourceId, Value};
use serde_json::json;

use super::text::Text;
use super::{Unexportable, logical};

/// What a stack is given from outside, by the name of the parameter.
pub(super) type Needs = BTreeMap<String, Need>;

/// Where the value of a parameter comes from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Need {
    /// An output of a resource in another stack.
    Stack(Reference),
    /// An output of a resource that CloudFormation does not know.
    Sidecar(Reference),
    /// What somebody names later: an image.
    Later(Reference),
    /// The name of a secret.
    Secret(SecretRef),
    /// What a process is told, in a form that templates cannot make.
    RuntimeConfig,
    /// Whether what runs images is there.
    Processes,
}

/// What rendering needs to know.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub desired: &'a DesiredState,
    pub catalog: &'a Catalog,
}

impl<'a> Context<'a> {
    /// The facts about the kind of a resource, if it is one that CloudFormation makes: of its kinds, and not there already.
    pub(super) fn kind(&self, resource: &Resource) -> Option<&'a Kind> {
        if resource.existing.is_some() {
            return None;
        }
        self.catalog.kind(&resource.kind).filter(|kind| kind.name.starts_with("AWS::"))
    }

    /// Whether a resource stands for something that is named later.
    pub(super) fn is_awaited(&self, resource: &Resource) -> bool {
        self.catalog.kind(&resource.kind).is_some_and(|kind| kind.overlay.awaits.is_some())
    }

    /// Whether anything is named later.
    pub(super) fn awaits(&self) -> bool {
        self.desired.resources.values().any(|resource| self.is_awaited(resource))
    }

    /// A resource that is referred to.
    pub(super) fn resource(&self, id: &ResourceId) -> Result<&'a Resource, Unexportable> {
        self.desired.resources.get(id).ok_or_else(|| Unexportable::Missing(id.clone()))
    }

    /// Whether an output is a list.
    pub(super) fn is_list(&self, reference: &Reference) -> bool {
        let has = |word: &str| {
            let resource = self.desired.resources.get(&reference.resource)?;
            Some(self.kind(resource)?.schema(&reference.output)?.types.contains(word))
        };
        has("array") == Some(true)
    }

    fn region(&self) -> &'a str {
        self.desired.environment.region.as_deref().unwrap_or_default()
    }
}

/// Renders the values of one stack, and notes what it needs from outside.
pub(super) struct Values<'a> {
    pub context: Context<'a>,
    /// Whether a resource is in this stack.
    pub is_home: &'a dyn Fn(&ResourceId) -> bool,
    pub needs: Needs,
    /// The resource whose properties are rendered.
    pub at: Option<ResourceId>,
}

impl Values<'_> {
    /// A value, as a template has it.
    pub(super) fn json(&mut self, value: &Value) -> Result<Json, Unexportable> {
        Ok(match value {
            Value::Scalar(Json::String(text)) => Text::literal(text, self.context.region()).into_json(),
            Value::Scalar(other) => other.clone(),
            Value::Array(items) => {
                Json::Array(items.iter().map(|item| self.json(item)).collect::<Result<_, _>>()?)
            }
            Value::Object(members) => {
                // CloudFormation refuses `null`; what is not there means the same.
                let some = members.iter().filter(|(_, value)| **value != Value::Scalar(Json::Null));
                let members: Result<_, Unexportable> =
                    some.map(|(name, value)| Ok((name.clone(), self.json(value)?))).collect();
                Json::Object(members?)
            }
            Value::Expression(expression) => self.expression(expression)?.into_json(),
        })
    }

    fn expression(&mut self, expression: &Expression) -> Result<Text, Unexportable> {
        let mut text = Text::default();
        match expression {
            Expression::Ref(reference) => text.push_hole(self.reference(reference)?),
            Expression::Secret(secret) => text = self.secret(secret)?,
            Expression::Join(parts) => {
                for part in parts {
                    text.append(self.part(part)?);
                }
            }
            Expression::Json(inner) => self.json_text(inner, &mut text)?,
            Expression::Base64(inner) => {
                text.push_hole(json!({ "Fn::Base64": self.part(inner)?.into_json() }));
            }
            Expression::RuntimeConfig(_) => {
                let config = Value::Expression(Box::new(expression.clone()));
                if let Value::Scalar(Json::String(known)) = config.evaluate(&|_| None).value {
                    text.push(&known);
                } else {
                    let name = self.at.as_ref().map_or_else(String::new, logical::runtime_config);
                    text.push_hole(self.parameter(name, Need::RuntimeConfig));
                }
            }
        }
        Ok(text)
    }

    /// A value within a text.
    fn part(&mut self, value: &Value) -> Result<Text, Unexportable> {
        match value {
            Value::Scalar(Json::String(text)) => Ok(Text::literal(text, self.context.region())),
            Value::Scalar(Json::Null) => Ok(Text::default()),
            Value::Scalar(other) => Ok(Text::literal(&other.to_string(), "")),
            Value::Expression(expression) => self.expression(expression),
            Value::Array(_) | Value::Object(_) => Err(Unexportable::NoText),
        }
    }

    /// A structure as canonical JSON text: members are sorted in the document already.
    fn json_text(&mut self, value: &Value, out: &mut Text) -> Result<(), Unexportable> {
        match value {
            Value::Scalar(Json::String(_)) => self.quoted(value, out)?,
            Value::Scalar(other) => out.push(&other.to_string()),
            Value::Array(items) => {
                out.push("[");
                for (at, item) in items.iter().enumerate() {
                    out.push(if at > 0 { "," } else { "" });
                    self.json_text(item, out)?;
                }
                out.push("]");
            }
            Value::Object(members) => {
                out.push("{");
                for (at, (name, member)) in members.iter().enumerate() {
                    out.push(if at > 0 { "," } else { "" });
                    out.push(&format!("{}:", Json::String(name.clone())));
                    self.json_text(member, out)?;
                }
                out.push("}");
            }
            Value::Expression(expression) => match expression.as_ref() {
                Expression::Ref(reference) if !self.is_text(reference) => {
                    out.push_hole(self.reference(reference)?);
                }
                _ => self.quoted(value, out)?,
            },
        }
        Ok(())
    }

    fn quoted(&mut self, value: &Value, out: &mut Text) -> Result<(), Unexportable> {
        out.push("\"");
        out.append(self.part(value)?.escaped_for_json());
        out.push("\"");
        Ok(())
    }

    /// Whether an output is a text: numbers and truths stand in JSON without quotes.
    fn is_text(&self, reference: &Reference) -> bool {
        let types = self
            .context
            .desired
            .resources
            .get(&reference.resource)
            .and_then(|resource| Some(&self.context.kind(resource)?.schema(&reference.output)?.types));
        types.is_none_or(|types| types.is_empty() || types.contains("string"))
    }

    fn reference(&mut self, reference: &Reference) -> Result<Json, Unexportable> {
        let resource = self.context.resource(&reference.resource)?;
        let need = match self.context.kind(resource) {
            Some(_) if (self.is_home)(&reference.resource) => return self.output(reference),
            Some(_) => Need::Stack(reference.clone()),
            None if self.context.is_awaited(resource) => Need::Later(reference.clone()),
            None => Need::Sidecar(reference.clone()),
        };
        Ok(self.parameter(logical::output(reference), need))
    }

    fn parameter(&mut self, name: String, need: Need) -> Json {
        let json = json!({ "Ref": name });
        self.needs.insert(name, need);
        json
    }

    /// An output of a resource in this stack: what `Ref` gives, an attribute, or what the resource was declared with.
    pub(super) fn output(&mut self, reference: &Reference) -> Result<Json, Unexportable> {
        let resource = self.context.resource(&reference.resource)?;
        let unknown = || {
            let used = format!("{} of {}", reference.output, reference.resource);
            Unexportable::NoOutput(used, resource.kind.clone())
        };
        let kind = self.context.kind(resource).ok_or_else(unknown)?;
        let name = logical::resource(&reference.resource);
        // CloudFormation does not wait for what somebody has to do.
        let is_awaited =
            kind.overlay.awaited.as_ref().is_some_and(|awaited| awaited.path == reference.output);
        if is_awaited || kind.identifier.as_slice() == std::slice::from_ref(&reference.output) {
            return Ok(json!({ "Ref": name }));
        }
        if kind.read_only.iter().any(|pattern| pattern.covers(&reference.output)) {
            return attribute(&name, &reference.output).ok_or_else(unknown);
        }
        if let Some(stem) = resource.name.as_ref().filter(|stem| stem.path == reference.output) {
            return Ok(physical_name(stem));
        }
        let declared = declared(resource, &reference.output).ok_or_else(unknown)?;
        self.json(&declared)
    }

    /// The value of a secret, which only the deployment reads, from Secrets Manager.
    fn secret(&mut self, secret: &SecretRef) -> Result<Text, Unexportable> {
        let mut text = Text::default();
        text.push("{{resolve:secretsmanager:");
        text.push_hole(match &secret.told_by {
            Some(reference) => self.reference(reference)?,
            None => self.parameter(logical::secret(secret), Need::Secret(secret.clone())),
        });
        let key = secret.key.as_deref().unwrap_or_default();
        let version = secret.version.as_deref().unwrap_or_default();
        let rest = format!(":SecretString:{key}::{version}");
        text.push(rest.trim_end_matches(':'));
        text.push("}}");
        Ok(text)
    }
}

/// An attribute: `/A/B` is `A.B`, and a number at the end takes an element.
fn attribute(name: &str, output: &FieldPath) -> Option<Json> {
    let (last, front) = output.segments().split_last()?;
    let get = |segments: &[String]| json!({ "Fn::GetAtt": [name, segments.join(".")] });
    match last.parse::<u32>() {
        Ok(index) => Some(json!({ "Fn::Select": [index, get(front)] })),
        Err(_) => Some(get(output.segments())),
    }
}

/// What a document has at a path of a resource's properties.
fn declared(resource: &Resource, path: &FieldPath) -> Option<Value> {
    let (first, rest) = path.segments().split_first()?;
    let property = resource.properties.get(first)?.to_document();
    Value::parse(FieldPath::from_segments(rest.iter().cloned()).get(&property)?).ok()
}

/// A physical name: the stem, eight characters of the stack's own id, and the ending.
pub(super) fn physical_name(stem: &NameStem) -> Json {
    let id = json!({ "Fn::Select": [2, { "Fn::Split": ["/", { "Ref": "AWS::StackId" }] }] });
    let suffix = json!({ "Fn::Select": [0, { "Fn::Split": ["-", id] }] });
    let mut text = Text::default();
    text.push(&format!("{}-", stem.stem));
    text.push_hole(suffix);
    text.push(&stem.ending);
    text.into_json()
}
