//! Reads an environment file with the place of every value.
//!
//! The file's grammar is [`FILE`], one tree: it says which keys there are, what they take, and which suggestion an
//! unknown one gets. What passes it is then deserialised into the plain document.

use std::collections::BTreeMap;
use std::ops::Range;

use compiler_diagnostics::{Code, Diagnostic, closest};
use schema_documents::environment::{
    Allocation, Approval, Cloud, EDITION, EDITIONS, Environment, EnvironmentType, VERSION,
};
use schema_documents::{FieldPath, Origin, Position, ResourceId};
use toml_edit::{Item, TableLike, Value};

/// An environment as its file has it, with the place of every setting.
#[derive(Clone, Debug, PartialEq)]
pub struct EnvironmentFile {
    /// Name of the environment, such as `production` or `pr:72`.
    pub name: String,
    /// The file, relative to the app's root; absent where the defaults alone make the environment.
    pub file: Option<String>,
    /// The settings.
    pub environment: Environment,
    positions: BTreeMap<Vec<String>, Position>,
}

impl EnvironmentFile {
    /// Where the setting with these keys stands, if the file has it.
    pub fn position(&self, keys: &[&str]) -> Option<&Position> {
        let keys: Vec<String> = keys.iter().map(|&key| key.to_owned()).collect();
        self.positions.get(&keys)
    }

    /// The origin of what the setting with these keys asks for, if the file has it.
    pub fn origin(&self, keys: &[&str]) -> Option<Origin> {
        self.position(keys).map(|at| Origin::Setting { at: at.clone() })
    }

    /// How long a console edit rests before it is taken as meant, in seconds.
    pub fn settle_seconds(&self) -> u64 {
        seconds(&self.environment.settle).unwrap_or(60)
    }
}

/// The file that holds an environment, relative to the app's root. `pr:72` is `environments/pr-72.toml`.
pub fn environment_path(name: &str) -> String {
    format!("environments/{}.toml", name.replace(':', "-"))
}

/// Reads one environment. `file` is the path (relative to the app's root) and the text of its file; without one,
/// `production` and `development` are the defaults on AWS.
pub fn read_environment(
    name: &str,
    file: Option<(&str, &str)>,
) -> (Option<EnvironmentFile>, Vec<Diagnostic>) {
    let Some((path, text)) = file else { return without_file(name) };
    let document = match toml_edit::Document::parse(text) {
        Ok(document) => document,
        Err(error) => return (None, vec![not_toml(path, text, &error)]),
    };
    let mut reader = Reader { path, text, positions: BTreeMap::new(), found: Vec::new() };
    reader.walk(&mut Vec::new(), &FILE, Node::Table(document.as_table()), None);
    reader.required(document.as_table());
    if !reader.found.is_empty() {
        return (None, reader.found);
    }
    let environment = match toml::from_str::<Environment>(text) {
        Ok(environment) => environment,
        Err(error) => {
            reader.report(Code::E0003, error.span(), error.message().to_owned());
            return (None, reader.found);
        }
    };
    reader.check(&environment);
    let Reader { positions, found, .. } = reader;
    let file = EnvironmentFile { name: name.to_owned(), file: Some(path.to_owned()), environment, positions };
    (found.is_empty().then_some(file), found)
}

fn without_file(name: &str) -> (Option<EnvironmentFile>, Vec<Diagnostic>) {
    let kind = match name {
        "production" => EnvironmentType::Production,
        "development" => EnvironmentType::Development,
        _ => {
            let message = format!("there is no environment `{name}`");
            let help = format!(
                "write `{}`; only `production` and `development` need no file",
                environment_path(name)
            );
            return (None, vec![Diagnostic::error(Code::E0005, message).help(help)]);
        }
    };
    let environment = Environment {
        version: VERSION,
        edition: EDITION.to_owned(),
        kind,
        cloud: Cloud::Aws,
        region: Some("eu-central-1".to_owned()),
        allocation: Allocation::All,
        approval: Approval::Automatic,
        settle: "60s".to_owned(),
        network: None,
        providers: BTreeMap::new(),
        database: BTreeMap::new(),
        cache: BTreeMap::new(),
        process: BTreeMap::new(),
        bucket: BTreeMap::new(),
        resources: BTreeMap::new(),
        moved: Vec::new(),
    };
    let file = EnvironmentFile { name: name.to_owned(), file: None, environment, positions: BTreeMap::new() };
    (Some(file), Vec::new())
}

/// What a key takes.
enum Shape {
    Text,
    Count,
    Truth,
    Word(&'static [&'static str]),
    Allocation,
    Texts,
    Paths,
    Record(&'static [(&'static str, Shape)]),
    Named(&'static Shape),
    PerResource(&'static Shape),
    PerPath,
    Records(&'static [(&'static str, Shape)]),
}

/// The grammar of the file.
static FILE: Shape = Shape::Record(&[
    ("version", Shape::Count),
    ("edition", Shape::Text),
    ("type", Shape::Word(&["local", "preview", "development", "production"])),
    ("cloud", Shape::Word(&["aws", "gcp", "local"])),
    ("region", Shape::Text),
    ("allocation", Shape::Allocation),
    ("approval", Shape::Word(&["automatic", "required"])),
    ("settle", Shape::Text),
    ("network", Shape::Record(&[("cidr", Shape::Text)])),
    ("providers", Shape::Record(PROVIDERS)),
    ("database", Shape::Named(&Shape::Record(DATABASE))),
    ("cache", Shape::Named(&Shape::Record(&[("node_type", Shape::Text), ("replicas", Shape::Count)]))),
    ("process", Shape::Named(&Shape::Record(PROCESS))),
    ("bucket", Shape::Named(&Shape::Record(&[("versioned", Shape::Truth)]))),
    ("resources", Shape::PerResource(&Shape::Record(RESOURCE))),
    ("moved", Shape::Records(&[("from", Shape::Text), ("to", Shape::Text)])),
]);

const PROVIDERS: &[(&str, Shape)] = &[
    ("database", Shape::Word(&["rds", "cloudsql", "neon", "kubernetes", "existing"])),
    ("compute", Shape::Word(&["fargate", "eks", "cloudrun", "gke"])),
];
const DATABASE: &[(&str, Shape)] = &[
    ("server", Shape::Word(&["shared", "own"])),
    ("instance_class", Shape::Text),
    ("storage_gib", Shape::Count),
    ("backup_days", Shape::Count),
    ("multi_az", Shape::Truth),
];
const PROCESS: &[(&str, Shape)] =
    &[("cpu", Shape::Count), ("memory_mib", Shape::Count), ("instances", Shape::Count)];
const RESOURCE: &[(&str, Shape)] = &[
    ("properties", Shape::PerPath),
    ("without", Shape::Paths),
    ("absent", Shape::Truth),
    ("report", Shape::Paths),
];
const REQUIRED: &[(&str, &str)] = &[
    ("version", "version = 1"),
    ("edition", "edition = \"2026.1\""),
    ("type", "type = \"production\""),
    ("cloud", "cloud = \"aws\""),
];

/// A place in the file: the three ways in which TOML spells a table and a value.
#[derive(Clone, Copy)]
enum Node<'a> {
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

struct Reader<'a> {
    path: &'a str,
    text: &'a str,
    positions: BTreeMap<Vec<String>, Position>,
    found: Vec<Diagnostic>,
}

impl Reader<'_> {
    /// `span` is that of the key and its value.
    fn walk(&mut self, keys: &mut Vec<String>, shape: &Shape, node: Node<'_>, span: Option<Range<usize>>) {
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
        each: &dyn Fn(&mut Self, &mut Vec<String>, &toml_edit::Key, Node<'_>, Range<usize>),
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
                self.report(Code::E0003, span, "the path of a property is empty".to_owned())
            }
            Ok(_) => {}
            Err(error) => self.report(Code::E0003, span, error.to_string()),
        }
    }

    fn required(&mut self, table: &dyn TableLike) {
        for (key, example) in REQUIRED {
            if !table.contains_key(key) {
                let diagnostic = Diagnostic::error(Code::E0003, format!("`{key}` is missing"));
                self.push(diagnostic.help(format!("write for instance `{example}`")), Some(0..0));
            }
        }
    }

    /// What the grammar cannot say.
    fn check(&mut self, environment: &Environment) {
        if environment.version != VERSION {
            let message =
                format!("version {} of the format is not known, only {VERSION}", environment.version);
            self.at_key(Diagnostic::error(Code::E0003, message), &["version"]);
        }
        if !EDITIONS.contains(&environment.edition.as_str()) {
            let message = format!("there is no edition `{}`", environment.edition);
            let help = format!("the editions are {}", listed(EDITIONS));
            self.at_key(Diagnostic::error(Code::E0006, message).help(help), &["edition"]);
        }
        if seconds(&environment.settle).is_none() {
            let message = format!("`{}` is not a duration", environment.settle);
            self.at_key(
                Diagnostic::error(Code::E0003, message).help("write for instance `60s` or `5m`"),
                &["settle"],
            );
        }
        if environment.cloud == Cloud::Aws
            && environment.region.as_deref().is_none_or(|region| !is_region(region))
        {
            let message = environment.region.as_deref().map_or_else(
                || "`region` is missing".to_owned(),
                |region| format!("`{region}` is not a region of AWS"),
            );
            let help = "write for instance `region = \"eu-central-1\"`";
            self.at_key(Diagnostic::error(Code::E0003, message).help(help), &["region"]);
        }
        if let Some(cidr) = environment.network.as_ref().and_then(|network| network.cidr.as_deref())
            && network_prefix(cidr).is_none()
        {
            let message = format!("`{cidr}` is not a private network of /16");
            let diagnostic = Diagnostic::error(Code::E0003, message).help("write for instance `10.0.0.0/16`");
            self.at_key(diagnostic, &["network", "cidr"]);
        }
    }

    fn unknown_key<'b>(&mut self, key: &toml_edit::Key, known: impl Iterator<Item = &'b str> + Clone) {
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

    fn report(&mut self, code: Code, span: Option<Range<usize>>, message: String) {
        self.push(Diagnostic::error(code, message), span);
    }

    fn at_key(&mut self, diagnostic: Diagnostic, keys: &[&str]) {
        let keys: Vec<String> = keys.iter().map(|&key| key.to_owned()).collect();
        let at = self.positions.get(&keys).cloned().unwrap_or_else(|| Position::point(self.path, 1, 1));
        self.found.push(diagnostic.at(&at));
    }

    fn push(&mut self, diagnostic: Diagnostic, span: Option<Range<usize>>) {
        let at = position(self.path, self.text, &span.unwrap_or(0..0));
        self.found.push(diagnostic.at(&at));
    }
}

fn not_toml(path: &str, text: &str, error: &toml_edit::TomlError) -> Diagnostic {
    let at = position(path, text, &error.span().unwrap_or(0..0));
    let mut lines = error.message().lines();
    let message = lines.next().unwrap_or("not valid").trim_end_matches('.').to_owned();
    let diagnostic = Diagnostic::error(Code::E0001, format!("not valid TOML: {message}")).at(&at);
    lines.fold(diagnostic, |diagnostic, line| diagnostic.note(line.to_owned()))
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

fn position(file: &str, text: &str, span: &Range<usize>) -> Position {
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

/// The seconds that `60s`, `5m`, `2h` or `1d` stand for.
fn seconds(text: &str) -> Option<u64> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    text[..text.len() - 1].parse::<u64>().ok()?.checked_mul(unit)
}

/// `eu-central-1`: letters, letters, a digit, with hyphens between.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let words = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase());
    matches!(parts.split_last(), Some((last, front))
        if front.len() >= 2 && front.iter().all(words) && last.parse::<u8>().is_ok())
}

/// The first two numbers of a private /16 network.
pub(crate) fn network_prefix(cidr: &str) -> Option<(u8, u8)> {
    let mut parts = cidr.strip_suffix(".0.0/16")?.split('.').map(str::parse::<u8>);
    let (first, second) = (parts.next()?.ok()?, parts.next()?.ok()?);
    let private =
        first == 10 || (first == 172 && (16..32).contains(&second)) || (first, second) == (192, 168);
    (private && parts.next().is_none()).then_some((first, second))
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "version = 1\nedition = \"2026.1\"\ntype = \"production\"\ncloud = \"aws\"\nregion = \"eu-central-1\"\n";

    fn read(text: &str) -> (Option<EnvironmentFile>, Vec<Diagnostic>) {
        read_environment("production", Some(("environments/production.toml", text)))
    }

    /// The file `HEAD` and `text` have this one finding, at this line and column.
    #[track_caller]
    fn check(text: &str, code: Code, line: u32, column: u32, words: &str) {
        let (file, found) = read(&format!("{HEAD}{text}"));
        assert!(file.is_none());
        assert_eq!(found.len(), 1, "{found:?}");
        let span = found[0].span.as_ref().unwrap();
        assert_eq!((found[0].code, span.line, span.column), (code, line, column), "{found:?}");
        let said = format!("{} {}", found[0].message, found[0].help.as_deref().unwrap_or_default());
        assert!(said.contains(words), "{said}");
    }

    #[test]
    fn every_finding_has_its_code_its_place_and_its_advice() {
        check("setle = \"5m\"\n", Code::E0002, 6, 1, "did you mean `settle`?");
        check("[database.orders]\ninstanceclass = \"x\"\n", Code::E0002, 7, 1, "`instance_class`");
        check("[database.orders]\nstorage_gib = \"x\"\n", Code::E0003, 7, 15, "a whole number");
        check("[bucket.files]\nversioned = 1\n", Code::E0003, 7, 13, "`true` or `false`");
        check("allocation = \"per-servce\"\n", Code::E0003, 6, 14, "did you mean `per-service`?");
        check("allocation = { groups = { web = [1] } }\n", Code::E0003, 6, 34, "a text is expected");
        check("settle = \"soon\"\n", Code::E0003, 6, 1, "duration");
        check("[network]\ncidr = \"10.0.0.0/24\"\n", Code::E0003, 7, 1, "/16");
        check("[resources.\"x\"]\nabsent = true\n", Code::E0003, 6, 12, "not a resource id");
        check("[resources.\"a/b\".properties]\nX = 1\n", Code::E0003, 7, 1, "starts with `/`");
        check("[[moved]]\nfrom = 1\nto = \"a/b\"\n", Code::E0003, 7, 8, "a text is expected");
        check("[database\n", Code::E0001, 6, 10, "not valid TOML");
    }

    #[test]
    fn a_missing_key_and_an_unknown_edition_are_said() {
        let (_, found) = read(
            "version = 1\nedition = \"1999.9\"\ntype = \"production\"\ncloud = \"aws\"\nregion = \"eu-central-1\"\n",
        );
        assert_eq!(found[0].code, Code::E0006);
        let (_, found) = read("version = 1\n");
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn without_a_file_there_are_two_environments() {
        assert_eq!(
            read_environment("production", None).0.unwrap().environment.kind,
            EnvironmentType::Production
        );
        assert_eq!(
            read_environment("development", None).0.unwrap().environment.kind,
            EnvironmentType::Development
        );
        let (file, found) = read_environment("pr:72", None);
        assert!(file.is_none());
        assert!(found[0].help.as_deref().unwrap().contains("environments/pr-72.toml"));
    }

    #[test]
    fn every_setting_has_its_place() {
        let text = format!(
            "{HEAD}[database.shared]\ninstance_class = \"db.m5.large\"\n\
             [resources.\"database/shared/instance\".properties]\n\"/X\" = {{ a = 1 }}\n"
        );
        let (file, found) = read(&text);
        assert_eq!(found, vec![]);
        let file = file.unwrap();
        let at = file.position(&["database", "shared", "instance_class"]).unwrap();
        assert_eq!(at.to_string(), "environments/production.toml:7:1-7:31");
        let at = file.position(&["resources", "database/shared/instance", "properties", "/X"]).unwrap();
        assert_eq!(at.line, 9);
    }

    #[test]
    fn nothing_makes_the_reader_panic() {
        for text in [
            "",
            "=",
            "\u{0}",
            "é = 'é",
            "a.b.c = 1",
            "[[resources]]",
            "[moved]\na=1",
            "type.x = 1",
            "\u{feff}version = 1",
        ] {
            assert!(read(text).0.is_none(), "{text:?}");
        }
    }
}
