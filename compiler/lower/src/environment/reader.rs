//! The walk through an environment file: every key against the grammar, and the place of every value.

use std::collections::BTreeMap;
use std::ops::Range;

use compiler_diagnostics::{Code, Diagnostic, closest};
use schema_documents::{FieldPath, Position, ResourceId};
use toml_edit::{Item, Key, TableLike, Value};

use super::grammar::{REQUIRED, Shape};

/// A place in the file: the three ways in which TOML spells a table and a value.
#[derive(Clone, Copy)]
pub(super) enum Node<'a> {
    Item(&'a Item),
    Value(&'a Value),
    Table(&'a dyn TableLike),
}

impl<'a> Node<'a> {
    fn table(self) -> Option<&'a dyn TableLike> {
        match self {
            Self::Item(item) => item.as_table_like(),
            Self::Value(value) => value.as_inline_table().map(|table| table as &dyn TableLike),
            Self::Table(table) => Some(table),
        }
    }

    fn value(self) -> Option<&'a Value> {
        match self {
            Self::Item(item) => item.as_value(),
            Self::Value(value) => Some(value),
            Self::Table(_) => None,
        }
    }

    fn list(self) -> Option<Vec<Node<'a>>> {
        if let Self::Item(Item::ArrayOfTables(tables)) = self {
            return Some(tables.iter().map(|table| Node::Table(table)).collect());
        }
        Some(self.value()?.as_array()?.iter().map(Node::Value).collect())
    }

    fn span(self) -> Option<Range<usize>> {
        match self {
            Self::Item(item) => item.span(),
            Self::Value(value) => value.span(),
            Self::Table(_) => None,
        }
    }

    fn type_name(self) -> &'static str {
        match self.value() {
            Some(Value::String(_)) => "a text",
            Some(Value::Integer(_)) => "an integer",
            Some(Value::Float(_)) => "a number",
            Some(Value::Boolean(_)) => "a boolean",
            Some(Value::Datetime(_)) => "a date",
            Some(Value::Array(_)) => "a list",
            _ if self.list().is_some() => "a list",
            _ => "a table",
        }
    }
}

/// What is done with each member of a table: reader, keys so far, key, what stands there, and the span of both.
type EachMember<'e> = &'e dyn Fn(&mut Reader<'_>, &mut Vec<String>, &Key, Node<'_>, Range<usize>);

/// A walk through one file, with what it found so far.
pub(super) struct Reader<'a> {
    pub(super) path: &'a str,
    pub(super) text: &'a str,
    pub(super) positions: BTreeMap<Vec<String>, Position>,
    pub(super) found: Vec<Diagnostic>,
}

impl Reader<'_> {
    /// Checks what stands at a place against its shape. `span` is that of the key and its value.
    pub(super) fn walk(
        &mut self,
        keys: &mut Vec<String>,
        shape: &Shape,
        node: Node<'_>,
        span: Option<Range<usize>>,
    ) {
        let span = node.span().or(span);
        match shape {
            Shape::Record(members) => self.members(keys, node, span, &|reader, keys, key, node, span| {
                let found = members.iter().find(|(name, _)| *name == key.get());
                match found {
                    Some((_, shape)) => reader.walk(keys, shape, node, Some(span)),
                    None => reader.unknown_key(key, members.iter().map(|(name, _)| *name)),
                }
            }),
            Shape::Named(shape) => self.members(keys, node, span, &|reader, keys, _, node, span| {
                reader.walk(keys, shape, node, Some(span));
            }),
            Shape::PerResource(shape) => self.members(keys, node, span, &|reader, keys, key, node, span| {
                if let Err(error) = ResourceId::parse(key.get()) {
                    reader.report(Code::E0003, key.span(), error.to_string());
                }
                reader.walk(keys, shape, node, Some(span));
            }),
            Shape::PerPath => self.members(keys, node, span, &|reader, _, key, node, span| {
                reader.field_path(key.get(), key.span());
                reader.anything(node, Some(span));
            }),
            Shape::Records(members) => self.records(keys, members, node, span),
            Shape::Paths => self.texts(node, span, true),
            Shape::Texts => self.texts(node, span, false),
            Shape::Allocation => self.allocation(keys, node, span),
            Shape::Text | Shape::Count | Shape::Truth | Shape::Word(_) => self.scalar(shape, node, span),
        }
    }

    fn members(
        &mut self,
        keys: &mut Vec<String>,
        node: Node<'_>,
        span: Option<Range<usize>>,
        each: EachMember<'_>,
    ) {
        let Some(table) = node.table() else { return self.expected("a table", node, span) };
        for (name, _) in table.iter() {
            let Some((key, item)) = table.get_key_value(name) else { continue };
            let node = Node::Item(item);
            let span = whole(key.span(), node.span());
            keys.push(name.to_owned());
            self.positions.insert(keys.clone(), position(self.path, self.text, &span));
            each(self, keys, key, node, span);
            keys.pop();
        }
    }

    fn records(
        &mut self,
        keys: &mut Vec<String>,
        members: &'static [(&'static str, Shape)],
        node: Node<'_>,
        span: Option<Range<usize>>,
    ) {
        let Some(nodes) = node.list() else { return self.expected("a list of tables", node, span) };
        for (index, node) in nodes.into_iter().enumerate() {
            keys.push(index.to_string());
            self.walk(keys, &Shape::Record(members), node, span.clone());
            keys.pop();
        }
    }

    fn scalar(&mut self, shape: &Shape, node: Node<'_>, span: Option<Range<usize>>) {
        let value = node.value();
        match shape {
            Shape::Count => match value.and_then(Value::as_integer) {
                Some(number) if u32::try_from(number).is_ok() => {}
                _ => self.expected("a whole number, zero or more,", node, span),
            },
            Shape::Truth if value.and_then(Value::as_bool).is_none() => {
                self.expected("`true` or `false`", node, span);
            }
            Shape::Word(words) => match value.and_then(Value::as_str) {
                Some(word) if words.contains(&word) => {}
                Some(word) => {
                    let message = format!("`{word}` is not one of {}", listed(words));
                    let help =
                        closest(word, words.iter().copied()).map(|near| format!("did you mean `{near}`?"));
                    self.push(Diagnostic::error(Code::E0003, message).maybe_help(help), span);
                }
                None => self.expected(&format!("one of {}", listed(words)), node, span),
            },
            Shape::Text if value.and_then(Value::as_str).is_none() => self.expected("a text", node, span),
            _ => {}
        }
    }

    fn texts(&mut self, node: Node<'_>, span: Option<Range<usize>>, paths: bool) {
        let Some(nodes) = node.list() else { return self.expected("a list of texts", node, span) };
        for node in nodes {
            match node.value().and_then(Value::as_str) {
                Some(text) if paths => self.field_path(text, node.span()),
                Some(_) => {}
                None => self.expected("a text", node, span.clone()),
            }
        }
    }

    fn allocation(&mut self, keys: &mut Vec<String>, node: Node<'_>, span: Option<Range<usize>>) {
        if node.table().is_some() {
            let groups = Shape::Record(&[("groups", Shape::Named(&Shape::Texts))]);
            self.walk(keys, &groups, node, span);
        } else {
            self.scalar(&Shape::Word(&["all", "per-service"]), node, span);
        }
    }

    fn anything(&mut self, node: Node<'_>, span: Option<Range<usize>>) {
        if let Some(Value::Datetime(_)) = node.value() {
            self.expected("a text, number, boolean, list or table", node, span);
        }
    }

    fn field_path(&mut self, text: &str, span: Option<Range<usize>>) {
        match FieldPath::parse(text) {
            Ok(path) if path.is_root() => {
                self.report(Code::E0003, span, "the path of a property is empty".to_owned());
            }
            Ok(_) => {}
            Err(error) => self.report(Code::E0003, span, error.to_string()),
        }
    }

    /// Reports the keys that every file has and this one lacks.
    pub(super) fn required(&mut self, table: &dyn TableLike) {
        for (key, example) in REQUIRED {
            if !table.contains_key(key) {
                let diagnostic = Diagnostic::error(Code::E0003, format!("`{key}` is missing"));
                self.push(diagnostic.help(format!("write for instance `{example}`")), Some(0..0));
            }
        }
    }

    fn unknown_key<'b>(&mut self, key: &Key, known: impl Iterator<Item = &'b str> + Clone) {
        let message = format!("unknown key `{}`", key.get());
        let near = closest(key.get(), known.clone()).map(|near| format!("did you mean `{near}`?"));
        let help =
            near.unwrap_or_else(|| format!("the keys here are {}", listed(&known.collect::<Vec<_>>())));
        self.push(Diagnostic::error(Code::E0002, message).help(help), key.span());
    }

    fn expected(&mut self, wanted: &str, node: Node<'_>, span: Option<Range<usize>>) {
        self.report(
            Code::E0003,
            node.span().or(span),
            format!("{wanted} is expected, not {}", node.type_name()),
        );
    }

    pub(super) fn report(&mut self, code: Code, span: Option<Range<usize>>, message: String) {
        self.push(Diagnostic::error(code, message), span);
    }

    /// Reports something about the setting with these keys.
    pub(super) fn at_key(&mut self, diagnostic: Diagnostic, keys: &[&str]) {
        let keys: Vec<String> = keys.iter().map(|&key| key.to_owned()).collect();
        let at = self.positions.get(&keys).cloned().unwrap_or_else(|| Position::point(self.path, 1, 1));
        self.found.push(diagnostic.at(&at));
    }

    fn push(&mut self, diagnostic: Diagnostic, span: Option<Range<usize>>) {
        let at = position(self.path, self.text, &span.unwrap_or(0..0));
        self.found.push(diagnostic.at(&at));
    }
}

/// From the key to the end of its value. A table of its own under a header is spoken for by the header's key.
fn whole(key: Option<Range<usize>>, value: Option<Range<usize>>) -> Range<usize> {
    match (key, value) {
        (Some(key), Some(value)) if value.start >= key.end => key.start..value.end,
        (Some(key), _) => key,
        (None, Some(value)) => value,
        (None, None) => 0..0,
    }
}

/// The place of a span of bytes.
pub(super) fn position(file: &str, text: &str, span: &Range<usize>) -> Position {
    let (line, column) = line_and_column(text, span.start);
    let (end_line, end_column) = line_and_column(text, span.end.max(span.start));
    Position { file: file.to_owned(), line, column, end_line, end_column }
}

fn line_and_column(text: &str, offset: usize) -> (u32, u32) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    (count(before.matches('\n').count() + 1), count(before[line_start..].chars().count() + 1))
}

/// Words as a message lists them.
pub(super) fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
