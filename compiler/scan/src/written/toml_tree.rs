//! TOML as a tree whose every value knows where it stands, the same that JSON has.

use std::ops::Range;

use toml_edit::{Document, Item, TableLike, Value};

use crate::json::{Json, Kind, Member};

/// Reads TOML, or says what is wrong and where. The parser bounds how deep it is nested.
pub(super) fn parse(text: &str) -> Result<Json, (String, Range<usize>)> {
    let document = Document::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        (error.message().lines().collect::<Vec<_>>().join(", "), span)
    })?;
    Ok(table(document.as_table(), 0..text.len().min(1)))
}

/// A table. One that has no header of its own stands where its key is.
fn table(table: &dyn TableLike, span: Range<usize>) -> Json {
    let mut members = Vec::new();
    for (name, item) in table.iter() {
        let key = table.key(name).and_then(toml_edit::Key::span).unwrap_or(span.clone());
        let value = match item {
            Item::None => continue,
            Item::Value(inner) => value(inner, &key),
            Item::Table(inner) => self::table(inner, inner.span().unwrap_or(key.clone())),
            Item::ArrayOfTables(tables) => {
                let each = tables.iter().map(|inner| self::table(inner, inner.span().unwrap_or(key.clone())));
                Json { kind: Kind::List(each.collect()), start: key.start, end: key.end }
            }
        };
        members.push(Member { key: name.to_owned(), key_at: (key.start, key.end), value });
    }
    Json { kind: Kind::Object(members), start: span.start, end: span.end }
}

fn value(value: &Value, key: &Range<usize>) -> Json {
    let span = value.span().unwrap_or(key.clone());
    let kind = match value {
        Value::String(text) => Kind::Text(text.value().clone()),
        Value::Integer(number) => Kind::Number(number.value().to_string()),
        Value::Float(number) => Kind::Number(number.value().to_string()),
        Value::Boolean(truth) => Kind::Bool(*truth.value()),
        // No field is a date; as a number without a value it is refused wherever it stands.
        Value::Datetime(date) => Kind::Number(date.value().to_string()),
        Value::Array(values) => Kind::List(values.iter().map(|each| self::value(each, key)).collect()),
        Value::InlineTable(inner) => return table(inner, span),
    };
    Json { kind, start: span.start, end: span.end }
}
