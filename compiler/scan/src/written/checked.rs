//! A tree against the schema of the manifest: what is wrong with it, and the same with what was left out.

use compiler_diagnostics::{Diagnostic, closest};
use schema_documents::Position;
use schema_documents::manifest::VERSION;
use schema_documents::schema;
use serde_json::{Map, Value, json};

use super::{invalid, number};
use crate::json::{Json, Kind, Member};
use crate::text::Lines;

/// The fields by which people know a thing, the first of which stands for its place.
const NAMES: [&str; 8] = ["name", "id", "database", "bucket", "cache", "pattern", "from_service", "app"];

/// Checks a tree, and fills in what may be left out.
pub(super) fn manifest(tree: &Json, lines: &Lines<'_>) -> (Value, Vec<Diagnostic>) {
    let schema = schema::of("manifest").expect("BUG: the manifest has a schema");
    let mut check = Check { root: schema.as_value(), lines, found: Vec::new() };
    let value = check.value(tree, check.root, "Manifest");
    (value, check.found)
}

struct Check<'a> {
    /// The schema, with its definitions.
    root: &'a Value,
    lines: &'a Lines<'a>,
    found: Vec<Diagnostic>,
}

impl<'a> Check<'a> {
    /// What is handed on of a value. `kind` is the name of the definition that the schema is.
    fn value(&mut self, json: &Json, schema: &'a Value, kind: &'a str) -> Value {
        let (schema, kind) = self.resolved(schema, kind);
        if let Some(choices) = schema["anyOf"].as_array() {
            let fits = choices.iter().find(|choice| self.fits(json, choice));
            return match fits {
                Some(choice) => self.value(json, choice, kind),
                None => self.expected(schema, json),
            };
        }
        if !self.fits(json, schema) {
            return self.expected(schema, json);
        }
        match &json.kind {
            Kind::Null => Value::Null,
            Kind::Bool(truth) => Value::Bool(*truth),
            Kind::Number(written) => self.number(written, schema, json),
            Kind::Text(text) => self.text(text, schema, kind, json),
            Kind::List(items) => items.iter().map(|item| self.value(item, &schema["items"], "")).collect(),
            Kind::Object(members) => self.object(members, schema, kind, json),
        }
    }

    /// The schema behind references.
    fn resolved(&self, mut schema: &'a Value, mut kind: &'a str) -> (&'a Value, &'a str) {
        while let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
            (schema, kind) = (&self.root["$defs"][name], name);
        }
        (schema, kind)
    }

    /// Whether a value is of the type that a schema asks for.
    fn fits(&self, json: &Json, schema: &'a Value) -> bool {
        let (schema, _) = self.resolved(schema, "");
        if let Some(choices) = schema["anyOf"].as_array() {
            return choices.iter().any(|choice| self.fits(json, choice));
        }
        let found = match &json.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "boolean",
            Kind::Number(_) => "integer",
            Kind::Text(_) => "string",
            Kind::List(_) => "array",
            Kind::Object(_) => "object",
        };
        types(schema).any(|wanted| wanted == found)
    }

    fn object(&mut self, members: &[Member], schema: &'a Value, kind: &'a str, json: &Json) -> Value {
        let Some(known) = schema["properties"].as_object() else { return Value::Null };
        let mut object = Map::new();
        for member in members {
            let at = self.lines.position(member.key_at.0, member.key_at.1);
            let Some(schema) = known.get(&member.key) else {
                self.found.push(unknown_key(&member.key, known).at(&at));
                continue;
            };
            let value = self.value(&member.value, schema, "");
            if object.insert(member.key.clone(), value).is_some() {
                let diagnostic = invalid(format!("`{}` is written twice", member.key)).at(&at);
                self.found.push(diagnostic.help("remove one of them"));
            }
        }
        let place = self.place(members, json);
        for field in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !object.contains_key(field) {
                let help = match field {
                    "app" => Some("write the name of the app, for instance `app = \"shop\"`"),
                    "language" => {
                        Some("write the language of its services, for instance `language = \"go\"`")
                    }
                    _ => None,
                };
                let diagnostic = invalid(format!("`{field}` is missing")).at(&place);
                self.found.push(diagnostic.maybe_help(help.map(str::to_owned)));
            }
        }
        if known.contains_key("at") {
            object.entry("at").or_insert_with(|| json!(place));
        }
        match kind {
            "Manifest" => drop(object.entry("version").or_insert(json!(VERSION))),
            "Service" => {
                let name = object.get("name").cloned().unwrap_or_default();
                object.entry("path").or_insert(name);
            }
            _ => {}
        }
        Value::Object(object)
    }

    /// Where a thing stands: its name, or else its first character.
    fn place(&self, members: &[Member], json: &Json) -> Position {
        let named = NAMES.iter().find_map(|name| members.iter().find(|member| member.key == *name));
        match named {
            Some(member) => member.value.position(self.lines),
            None => self.lines.position(json.start, json.end.min(json.start + 1)),
        }
    }

    fn text(&mut self, text: &str, schema: &'a Value, kind: &str, json: &Json) -> Value {
        let words: Vec<&str> = words(schema).collect();
        if kind == "Position" {
            if let Err(error) = text.parse::<Position>() {
                self.found.push(invalid(error.to_string()).at(&json.position(self.lines)));
            }
        } else if !words.is_empty() && !words.contains(&text) {
            let help = match closest(text, words.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("write one of {}", listed(&words)),
            };
            let diagnostic = invalid(format!("`{text}` is not one of {}", listed(&words)));
            self.found.push(diagnostic.at(&json.position(self.lines)).help(help));
        }
        Value::from(text)
    }

    fn number(&mut self, written: &str, schema: &'a Value, json: &Json) -> Value {
        let range = match schema["format"].as_str() {
            Some("uint32") => 0..=i128::from(u32::MAX),
            Some("uint64") => 0..=i128::from(u64::MAX),
            _ => i128::from(i64::MIN)..=i128::from(i64::MAX),
        };
        let value = number(written).filter(|_| written.parse().is_ok_and(|number| range.contains(&number)));
        value.unwrap_or_else(|| {
            let message =
                format!("`{written}` is not a whole number from {} to {}", range.start(), range.end());
            self.found.push(invalid(message).at(&json.position(self.lines)));
            Value::Null
        })
    }

    fn expected(&mut self, schema: &'a Value, json: &Json) -> Value {
        let wanted = self.described(schema).join(" or ");
        let shown = match &json.kind {
            Kind::Text(text) if text.chars().count() <= 40 => format!("the text `{text}`"),
            Kind::Text(_) => "a text".to_owned(),
            Kind::Object(_) => "a table".to_owned(),
            Kind::List(_) => "a list".to_owned(),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) => format!("`{}`", json.shown()),
        };
        let diagnostic = invalid(format!("{wanted} is expected, not {shown}"));
        self.found.push(diagnostic.at(&json.position(self.lines)));
        Value::Null
    }

    /// What a schema asks for, in words.
    fn described(&self, schema: &'a Value) -> Vec<String> {
        let (schema, _) = self.resolved(schema, "");
        if let Some(choices) = schema["anyOf"].as_array() {
            return choices.iter().flat_map(|choice| self.described(choice)).collect();
        }
        let words: Vec<&str> = words(schema).collect();
        if !words.is_empty() {
            return vec![listed(&words)];
        }
        let described = types(schema).filter_map(|one| match one {
            "string" => Some("a text"),
            "integer" => Some("a whole number"),
            "boolean" => Some("`true` or `false`"),
            "array" => Some("a list"),
            "object" => Some("a table"),
            // Nobody writes it, although JSON may.
            _ => None,
        });
        described.map(str::to_owned).collect()
    }
}

/// The types that a schema allows; a list of words is one of texts.
fn types(schema: &Value) -> impl Iterator<Item = &str> {
    let one = schema["type"].as_str().or(schema["oneOf"].is_array().then_some("string"));
    one.into_iter().chain(schema["type"].as_array().into_iter().flatten().filter_map(Value::as_str))
}

/// The words that a schema allows, if it is a list of such.
fn words(schema: &Value) -> impl Iterator<Item = &str> {
    let listed = schema["enum"].as_array().into_iter().flatten();
    let each = schema["oneOf"].as_array().into_iter().flatten().map(|choice| &choice["const"]);
    listed.chain(each).filter_map(Value::as_str)
}

fn unknown_key(key: &str, known: &Map<String, Value>) -> Diagnostic {
    let names = || known.keys().map(String::as_str);
    let help = match closest(key, names()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("the keys here are {}", listed(&names().collect::<Vec<_>>())),
    };
    invalid(format!("unknown key `{key}`")).help(help)
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
