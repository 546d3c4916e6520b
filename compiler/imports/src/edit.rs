//! Minimal edits of a TOML file: what is there stays as it is, comments and layout included.

use compiler_lower::SettingKey;
use schema_documents::Json;
use schema_documents::desired::Mode;
use schema_documents::import::{Import, Named};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value, value};

/// One edit, with the place it goes to in words.
pub(crate) struct Edit {
    pub(crate) place: String,
    keys: Vec<String>,
    action: Action,
}

enum Action {
    /// Write this value at the last key.
    Write(Json),
    /// Take the line of this path out of the table's `properties`.
    TakeOut(String),
    /// Add this path to the array `without` of the table, and take it out of the table's `properties`.
    Without(String),
}

impl Edit {
    /// `[database.orders] instance_class = …`
    pub(crate) fn setting(key: &SettingKey, to: &Json) -> Self {
        let [table, name, key] = key.keys();
        Self {
            place: format!("[{table}.{name}] {key}"),
            keys: vec![table.to_owned(), name.to_owned(), key.to_owned()],
            action: Action::Write(to.clone()),
        }
    }

    /// `[resources."<id>".properties] "<path>" = …`, `without`, or `absent` for the whole resource.
    pub(crate) fn attribute(import: &Import) -> Self {
        let table = vec!["resources".to_owned(), import.resource.to_string()];
        let path = import.path.to_string();
        let (rest, action, shown) = match &import.to {
            None if import.path.is_root() => {
                (vec!["absent".to_owned()], Action::Write(Json::Bool(true)), "absent".to_owned())
            }
            None => (Vec::new(), Action::Without(path.clone()), "without".to_owned()),
            Some(to) => (
                vec!["properties".to_owned(), path.clone()],
                Action::Write(to.clone()),
                format!("properties \"{path}\""),
            ),
        };
        let keys = table.into_iter().chain(rest).collect();
        Self { place: format!("[resources.\"{}\"] {shown}", import.resource), keys, action }
    }

    /// `[resources."<id>"] import = …`, and `mode` where it is only read.
    pub(crate) fn existing(named: &Named) -> Vec<Self> {
        let line = |key: &str, to: &str| Self {
            place: format!("[resources.\"{}\"] {key}", named.resource),
            keys: vec!["resources".to_owned(), named.resource.to_string(), key.to_owned()],
            action: Action::Write(Json::from(to)),
        };
        let mode = (named.mode == Mode::Reference).then(|| line("mode", "reference"));
        std::iter::once(line("import", &named.identifier)).chain(mode).collect()
    }

    /// Takes out the line that asks for an attribute which is gone; `None` where nothing is gone.
    pub(crate) fn line_out(import: &Import) -> Option<Self> {
        let is_gone = import.to.is_none() && !import.path.is_root();
        let (resource, path) = (import.resource.to_string(), import.path.to_string());
        is_gone.then(|| Self {
            place: format!("[resources.\"{resource}\"] properties \"{path}\""),
            keys: vec!["resources".to_owned(), resource],
            action: Action::TakeOut(path),
        })
    }

    /// The text with the edit made.
    pub(crate) fn apply(&self, text: &str) -> Result<String, String> {
        let mut document: DocumentMut =
            text.parse().map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
        match &self.action {
            Action::Write(json) => {
                let (last, tables) = self.keys.split_last().ok_or("it has no place")?;
                let table = enter(document.as_table_mut(), tables)?;
                write(table, last, to_toml(json)?);
                if last == "absent" || self.keys.get(2).is_some_and(|key| key == "properties") {
                    forget_without(document.as_table_mut(), &self.keys);
                }
            }
            Action::TakeOut(path) => {
                take_out(document.as_table_mut(), &self.keys, path).ok_or("no line asks for it")?;
            }
            Action::Without(path) => {
                let table = enter(document.as_table_mut(), &self.keys)?;
                if let Some(properties) = table.get_mut("properties").and_then(Item::as_table_like_mut) {
                    properties.remove(path);
                }
                let list = table.entry("without").or_insert_with(|| value(Array::new()));
                let list = list.as_array_mut().ok_or("`without` is no array")?;
                if !list.iter().any(|item| item.as_str() == Some(path)) {
                    list.push(path.as_str());
                }
            }
        }
        Ok(document.to_string())
    }
}

/// Takes the line of a path out of a resource's `properties`, and the tables with it that held nothing else.
fn take_out(root: &mut Table, keys: &[String], path: &str) -> Option<()> {
    let [table, resource] = keys else { return None };
    let resources = root.get_mut(table)?.as_table_like_mut()?;
    let settings = resources.get_mut(resource)?.as_table_like_mut()?;
    let properties = settings.get_mut("properties")?.as_table_like_mut()?;
    properties.remove(path)?;
    if properties.is_empty() {
        settings.remove("properties");
    }
    if settings.is_empty() {
        resources.remove(resource);
    }
    Some(())
}

/// A path that has a value again is not left out any more.
fn forget_without(root: &mut Table, keys: &[String]) {
    let (Some(resource), Some(path)) = (keys.get(1), keys.get(3)) else { return };
    let Some(table) = root.get_mut("resources").and_then(|item| item.get_mut(resource)) else { return };
    let Some(table) = table.as_table_like_mut() else { return };
    let Some(list) = table.get_mut("without").and_then(Item::as_array_mut) else { return };
    list.retain(|item| item.as_str() != Some(path));
    if list.is_empty() {
        table.remove("without");
    }
}

/// Goes into the tables of these names, making those that are missing.
fn enter<'a>(root: &'a mut Table, keys: &[String]) -> Result<&'a mut dyn TableLike, String> {
    let mut at: &mut dyn TableLike = root;
    for (index, key) in keys.iter().enumerate() {
        let is_last = index + 1 == keys.len();
        if !at.contains_key(key) {
            let mut table = Table::new();
            table.set_implicit(!is_last);
            at.insert(key, Item::Table(table));
        }
        at = at
            .get_mut(key)
            .and_then(Item::as_table_like_mut)
            .ok_or_else(|| format!("`{key}` is no table"))?;
    }
    Ok(at)
}

/// Writes a value, keeping the comment behind the old one.
fn write(table: &mut dyn TableLike, key: &str, mut new: Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        None => {
            table.insert(key, Item::Value(new));
        }
    }
}

fn to_toml(json: &Json) -> Result<Value, String> {
    Ok(match json {
        Json::Null => return Err("TOML has no null".to_owned()),
        Json::Bool(truth) => Value::from(*truth),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Value::from(integer),
            (None, Some(float)) => Value::from(float),
            _ => return Err(format!("the number {number} is too large")),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => {
            Value::Array(items.iter().map(to_toml).collect::<Result<Vec<_>, _>>()?.into_iter().collect())
        }
        Json::Object(members) => {
            let mut table = InlineTable::new();
            for (key, member) in members {
                table.insert(key, to_toml(member)?);
            }
            Value::InlineTable(table)
        }
    })
}
