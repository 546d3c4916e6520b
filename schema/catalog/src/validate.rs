//! Validation of a property document against the schema of its kind, as strict as the cloud's own.

use std::collections::BTreeSet;

use schema_documents::{FieldPath, Json};

use crate::{Kind, Schema, regexes};

/// What the properties are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The properties of a create: nothing read-only, everything required.
    Create,
    /// A model as the cloud reports it, perhaps patched: read-only properties are there, write-only ones are not.
    Live,
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The value that is wrong, or the one that lacks something. Elements of arrays are named by index.
    pub path: FieldPath,
    /// What is wrong, as a sentence without a full stop.
    pub message: String,
}

/// Documents deeper than this are wrong whatever they hold.
const DEEPEST: usize = 64;

/// More violations than this help nobody.
const MOST_VIOLATIONS: usize = 100;

/// Everything that is wrong with the properties, in the order of the document; empty if the cloud would take them.
pub fn validate(kind: &Kind, properties: &Json, mode: Mode) -> Vec<Violation> {
    let mut check = Check { kind, mode, found: Vec::new() };
    check.root(properties);
    check.found
}

/// What a change of a live model makes wrong that was not wrong before. A live model can violate the schema by itself:
/// the cloud may be newer than the catalogue, and stores what it would not take.
pub fn introduced(kind: &Kind, live: &Json, changed: &Json) -> Vec<Violation> {
    let before = validate(kind, live, Mode::Live);
    let mut after = validate(kind, changed, Mode::Live);
    after.retain(|violation| !before.contains(violation));
    after
}

struct Check<'a> {
    kind: &'a Kind,
    mode: Mode,
    found: Vec<Violation>,
}

impl Check<'_> {
    fn root(&mut self, properties: &Json) {
        let path = &mut FieldPath::root();
        let Some(members) = properties.as_object() else {
            return self.report(path, format!("properties are an object, not {}", type_name(properties)));
        };
        self.required(path, &self.kind.required, members);
        if self.mode == Mode::Create {
            self.groups(path, &self.kind.required_xor, &self.kind.required_or, members);
        }
        for (name, value) in members {
            path.push(name);
            match self.kind.properties.get(name) {
                Some(schema) => self.value(path, schema, value),
                None => self.unknown(path, name, self.kind.properties.keys()),
            }
            path.pop();
        }
    }

    /// The path is as it was when this returns, and so with what is called from here.
    fn value(&mut self, path: &mut FieldPath, schema: &Schema, value: &Json) {
        if self.found.len() >= MOST_VIOLATIONS {
            return;
        }
        if path.segments().len() > DEEPEST {
            return self.report(path, "nested too deeply".to_owned());
        }
        if self.mode == Mode::Create && self.kind.read_only.iter().any(|pattern| pattern.matches(path)) {
            return self.report(path, "only the cloud sets this property".to_owned());
        }
        let Some(schema) = self.kind.resolve(schema) else { return };
        if !is_type(schema, value) {
            return self.report(path, format!("{} is expected, not {}", expected(schema), type_name(value)));
        }
        self.enumeration(path, schema, value);
        match value {
            Json::String(text) => self.text(path, schema, text),
            Json::Number(number) => self.number(path, schema, number.as_f64()),
            Json::Array(items) => self.array(path, schema, items),
            Json::Object(members) => self.object(path, schema, members),
            Json::Null | Json::Bool(_) => {}
        }
    }

    fn object(&mut self, path: &mut FieldPath, schema: &Schema, members: &serde_json::Map<String, Json>) {
        self.required(path, &schema.required, members);
        if self.mode == Mode::Create {
            self.groups(path, &schema.required_xor, &schema.required_or, members);
        }
        for (name, value) in members {
            path.push(name);
            match schema.properties.get(name).or_else(|| pattern_member(schema, name)) {
                Some(member) => self.value(path, member, value),
                None if schema.additional_properties == Some(false) => {
                    self.unknown(path, name, schema.properties.keys());
                }
                None => {}
            }
            path.pop();
        }
    }

    fn array(&mut self, path: &mut FieldPath, schema: &Schema, items: &[Json]) {
        let count = items.len() as u64;
        if schema.min_items.is_some_and(|least| count < least) {
            self.report(
                path,
                format!("{count} elements, at least {} are needed", schema.min_items.unwrap_or(0)),
            );
        }
        if schema.max_items.is_some_and(|most| count > most) {
            self.report(
                path,
                format!("{count} elements, at most {} are allowed", schema.max_items.unwrap_or(0)),
            );
        }
        if schema.unique_items == Some(true) && has_duplicates(items) {
            self.report(path, "two elements are equal".to_owned());
        }
        let Some(schema) = &schema.items else { return };
        for (index, item) in items.iter().enumerate() {
            path.push(index.to_string());
            self.value(path, schema, item);
            path.pop();
        }
    }

    fn text(&mut self, path: &FieldPath, schema: &Schema, text: &str) {
        let length = text.chars().count() as u64;
        if schema.min_length.is_some_and(|least| length < least) {
            self.report(
                path,
                format!("{length} characters, at least {} are needed", schema.min_length.unwrap_or(0)),
            );
        }
        if schema.max_length.is_some_and(|most| length > most) {
            self.report(
                path,
                format!("{length} characters, at most {} are allowed", schema.max_length.unwrap_or(0)),
            );
        }
        if let Some(pattern) = &schema.pattern
            && regexes::is_match(pattern, text) == Some(false)
        {
            self.report(path, format!("{} does not match `{pattern}`", self.shown(path, &Json::from(text))));
        }
    }

    fn number(&mut self, path: &FieldPath, schema: &Schema, number: Option<f64>) {
        let Some(number) = number else { return };
        if let Some(least) = schema.minimum.filter(|least| number < *least) {
            self.report(path, format!("{number} is less than {least}"));
        }
        if let Some(most) = schema.maximum.filter(|most| number > *most) {
            self.report(path, format!("{number} is more than {most}"));
        }
    }

    fn enumeration(&mut self, path: &FieldPath, schema: &Schema, value: &Json) {
        if schema.values.is_empty() || schema.values.iter().any(|allowed| is_allowed(schema, allowed, value))
        {
            return;
        }
        let near = closest(&plain(value), schema.values.iter().filter_map(Json::as_str));
        let advice = match near.filter(|_| !self.is_secret(path)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("allowed are {}", listed(schema.values.iter().map(plain))),
        };
        self.report(path, format!("{} is not allowed here; {advice}", self.shown(path, value)));
    }

    /// A value as messages may show it: secrets never leave through an error.
    fn shown(&self, path: &FieldPath, value: &Json) -> String {
        if self.is_secret(path) { "the value".to_owned() } else { format!("`{}`", plain(value)) }
    }

    fn is_secret(&self, path: &FieldPath) -> bool {
        self.kind.is_sensitive(path) || self.kind.is_write_only(path)
    }

    fn required<'b>(
        &mut self,
        path: &FieldPath,
        names: impl IntoIterator<Item = &'b String>,
        members: &serde_json::Map<String, Json>,
    ) {
        for name in names {
            let unread = || self.mode == Mode::Live && self.kind.is_write_only(&path.child(name));
            if !members.contains_key(name) && !unread() {
                self.report(path, format!("`{name}` is missing"));
            }
        }
    }

    fn groups(
        &mut self,
        path: &FieldPath,
        exactly_one: &[BTreeSet<String>],
        at_least_one: &[BTreeSet<String>],
        members: &serde_json::Map<String, Json>,
    ) {
        for names in exactly_one {
            match names.iter().filter(|name| members.contains_key(*name)).count() {
                1 => {}
                0 => self.report(path, format!("one of {} is missing", listed(names))),
                _ => self.report(path, format!("only one of {} can be given", listed(names))),
            }
        }
        for names in at_least_one.iter().filter(|names| !names.iter().any(|name| members.contains_key(name)))
        {
            self.report(path, format!("one of {} is missing", listed(names)));
        }
    }

    fn unknown<'b>(&mut self, path: &FieldPath, name: &str, known: impl Iterator<Item = &'b String>) {
        let advice = closest(name, known.map(String::as_str));
        let advice = advice.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        self.report(path, format!("there is no property `{name}` here{advice}"));
    }

    fn report(&mut self, path: &FieldPath, message: String) {
        self.found.push(Violation { path: path.clone(), message });
    }
}

/// The schema of a member that is allowed by a pattern of names.
pub(crate) fn pattern_member<'a>(schema: &'a Schema, name: &str) -> Option<&'a Schema> {
    let mut members = schema.pattern_properties.iter();
    members
        .find(|(pattern, _)| name == "*" || regexes::is_match(pattern, name) == Some(true))
        .map(|(_, member)| member)
}

fn is_type(schema: &Schema, value: &Json) -> bool {
    let types = &schema.types;
    match value {
        Json::Number(number) if types.contains("integer") && !types.contains("number") => {
            number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|float| float.fract() == 0.0)
        }
        Json::Number(_) => schema.allows("number") || types.contains("integer"),
        other => schema.allows(type_name_of_schema(other)),
    }
}

fn is_allowed(schema: &Schema, allowed: &Json, value: &Json) -> bool {
    match (allowed, value) {
        (Json::String(allowed), Json::String(value)) if schema.enum_ignore_case => {
            allowed.eq_ignore_ascii_case(value)
        }
        (Json::Number(allowed), Json::Number(value)) => allowed.as_f64() == value.as_f64(),
        _ => allowed == value,
    }
}

fn has_duplicates(items: &[Json]) -> bool {
    let mut seen = BTreeSet::new();
    !items.iter().all(|item| seen.insert(schema_documents::canonical::to_string(item)))
}

/// The name that is nearest in spelling, if it is near enough to be what was meant.
fn closest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).clamp(1, 4);
    let lower = name.to_ascii_lowercase();
    known
        .map(|candidate| (strsim::osa_distance(&lower, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

fn listed(names: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn expected(schema: &Schema) -> String {
    let names: Vec<&str> = schema
        .types
        .iter()
        .map(|name| match name.as_str() {
            "array" => "a list",
            "boolean" => "a boolean",
            "integer" => "an integer",
            "number" => "a number",
            "object" => "an object",
            "string" => "a text",
            other => other,
        })
        .collect();
    names.join(" or ")
}

fn type_name(value: &Json) -> &'static str {
    match value {
        Json::Null => "nothing",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

fn type_name_of_schema(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Catalog;

    fn check(kind: &str, mode: Mode, properties: &Json) -> Vec<String> {
        let kind = Catalog::builtin().kind(kind).unwrap();
        let found = validate(kind, properties, mode);
        found.into_iter().map(|violation| format!("{}: {}", violation.path, violation.message)).collect()
    }

    fn queue(properties: &Json) -> Vec<String> {
        check("AWS::SQS::Queue", Mode::Create, properties)
    }

    #[test]
    fn what_the_cloud_would_take_has_no_violations() {
        let policy = json!({"deadLetterTargetArn": "arn:aws:sqs:eu-central-1:1:dead", "maxReceiveCount": 3});
        for properties in [
            json!({}),
            json!({"QueueName": "orders", "VisibilityTimeout": 60, "RedrivePolicy": policy}),
            json!({"RedrivePolicy": policy.to_string(), "Tags": [{"Key": "team", "Value": "a"}]}),
        ] {
            assert_eq!(queue(&properties), Vec::<String>::new());
        }
    }

    #[test]
    fn a_text_that_looks_like_a_number_is_no_number() {
        assert_eq!(
            queue(&json!({"VisibilityTimeout": "60"})),
            ["/VisibilityTimeout: an integer is expected, not a text"]
        );
        assert_eq!(
            queue(&json!({"VisibilityTimeout": 1.5})),
            ["/VisibilityTimeout: an integer is expected, not a number"]
        );
    }

    #[test]
    fn an_unknown_property_is_named_with_the_one_that_was_meant() {
        let found = queue(&json!({"VisibiltyTimeout": 60}));
        assert_eq!(
            found,
            [
                "/VisibiltyTimeout: there is no property `VisibiltyTimeout` here; did you mean `VisibilityTimeout`?"
            ]
        );
    }

    #[test]
    fn required_properties_and_groups_of_them_are_asked_for() {
        assert_eq!(
            check("AWS::EC2::VPC", Mode::Create, &json!({})),
            [": one of `CidrBlock`, `Ipv4IpamPoolId` is missing"]
        );
        assert_eq!(check("AWS::EC2::RouteTable", Mode::Create, &json!({})), [": `VpcId` is missing"]);
        assert_eq!(queue(&json!({"Tags": [{"Key": "a"}]})), ["/Tags/0: `Value` is missing"]);
    }

    #[test]
    fn read_only_properties_are_refused_in_a_create_only() {
        let properties = json!({"QueueUrl": "https://sqs"});
        assert_eq!(queue(&properties), ["/QueueUrl: only the cloud sets this property"]);
        assert_eq!(check("AWS::SQS::Queue", Mode::Live, &properties), Vec::<String>::new());
    }

    #[test]
    fn values_that_are_not_allowed_are_refused() {
        let found = check("AWS::ECR::Repository", Mode::Create, &json!({"ImageTagMutability": "IMUTABLE"}));
        assert_eq!(found, ["/ImageTagMutability: `IMUTABLE` is not allowed here; did you mean `IMMUTABLE`?"]);
        let found = check("AWS::RDS::DBInstance", Mode::Create, &json!({"BackupRetentionPeriod": -1}));
        assert_eq!(found, ["/BackupRetentionPeriod: -1 is less than 0"]);
    }

    #[test]
    fn a_message_never_shows_a_secret() {
        let found =
            check("AWS::RDS::DBInstance", Mode::Create, &json!({"MasterUserPassword": {"a": "hunter2"}}));
        assert_eq!(found, ["/MasterUserPassword: a text is expected, not an object"]);
        let kind = Catalog::builtin().kind("AWS::RDS::DBInstance").unwrap();
        let mut check = Check { kind, mode: Mode::Create, found: Vec::new() };
        let schema = Schema { pattern: Some("^[0-9]+$".to_owned()), ..Schema::default() };
        check.text(&FieldPath::root().child("MasterUserPassword"), &schema, "hunter2");
        assert_eq!(check.found[0].message, "the value does not match `^[0-9]+$`");
    }

    #[test]
    fn a_document_of_any_depth_gets_an_answer() {
        let mut deep = json!("x");
        for _ in 0..5_000 {
            deep = Json::Array(vec![deep]);
        }
        let mut properties = json!({});
        properties["RedrivePolicy"] = deep;
        assert_eq!(queue(&properties).len(), 1);
        std::mem::forget(properties);
    }

    #[test]
    fn a_change_is_blamed_only_for_what_it_makes_wrong() {
        let kind = Catalog::builtin().kind("AWS::SQS::Queue").unwrap();
        let live = json!({"NewerThanTheCatalogue": true, "DelaySeconds": 0});
        let changed = json!({"NewerThanTheCatalogue": true, "DelaySeconds": "soon"});
        assert_eq!(introduced(kind, &live, &live), Vec::new());
        assert_eq!(introduced(kind, &live, &changed).len(), 1);
    }
}
