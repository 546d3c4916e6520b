//! `encore.service.json`: the services of apps whose languages have no word for one.
//!
//! ```json
//! {
//!   "name": "orders",
//!   "lang": "python",
//!   "api": [{ "type": "http", "prefix": "/orders", "expose": true }]
//! }
//! ```
//!
//! The file makes its folder a service, with all that lies below it. It is strict JSON. A service does not lie within
//! another. `encore.gateway.json` makes a gateway in the same way.

use compiler_diagnostics::{Code, Diagnostic, closest};
use schema_documents::Position;
use schema_documents::manifest::{Access, Binds, Endpoint, Gateway, Language, Service};

use crate::SourceTree;
use crate::app::LANGUAGES;
use crate::json::{self, Json, Kind, Member, check_known, field};
use crate::text::Lines;

/// The file that makes a folder a service.
pub(crate) const FILE: &str = "encore.service.json";

/// The file that makes a gateway that no service hosts.
const GATEWAY_FILE: &str = "encore.gateway.json";

/// Folders in which no file is the app's own.
const FOREIGN_FOLDERS: [&str; 5] = ["node_modules", "site-packages", "__pycache__", "encore.gen", "vendor"];

/// The file that makes a folder a virtual environment of Python.
const VIRTUAL_ENVIRONMENT: &str = "pyvenv.cfg";

/// What the service files of an app say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ServiceFiles {
    /// The services, sorted by folder.
    pub(crate) services: Vec<ServiceFile>,
    /// The gateways, of services and of their own.
    pub(crate) gateways: Vec<Gateway>,
}

/// A service, as its file has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ServiceFile {
    /// Its name.
    pub(crate) name: String,
    /// The folder of the file, relative to the app; empty for the app's root.
    pub(crate) folder: String,
    /// The language it is written in.
    pub(crate) language: Language,
    /// What it serves.
    pub(crate) endpoints: Vec<Endpoint>,
    /// Where its name stands.
    pub(crate) at: Position,
}

impl ServiceFiles {
    /// Reads all service files of an app.
    pub(crate) fn read(tree: &SourceTree) -> (Self, Vec<Diagnostic>) {
        let (mut files, mut diagnostics) = (Self::default(), Vec::new());
        let named = |name| paths(tree, name);
        for path in named(FILE) {
            File::read(tree, path, &mut diagnostics, |file| file.service(&mut files));
        }
        for path in named(GATEWAY_FILE) {
            File::read(tree, path, &mut diagnostics, |file| file.gateway(&mut files));
        }
        files.services.sort_by(|a, b| a.folder.cmp(&b.folder));
        files.leave_out_nested(&mut diagnostics);
        (files, diagnostics)
    }

    /// The service whose folder holds a file, as an index.
    pub(crate) fn of(&self, path: &str) -> Option<usize> {
        self.services.iter().position(|service| is_below(path, &service.folder))
    }

    /// The language of most services; of two with as many, the first in the order of [`LANGUAGES`].
    pub(crate) fn language(&self) -> Option<Language> {
        let count = |language: Language| self.services.iter().filter(|one| one.language == language).count();
        let languages = LANGUAGES.iter().rev().map(|(_, language)| *language);
        languages.filter(|language| count(*language) > 0).max_by_key(|language| count(*language))
    }

    /// The services of a language, for the manifest of its scanner.
    pub(crate) fn in_language(&self, language: Language) -> Vec<Service> {
        self.services.iter().filter(|one| one.language == language).map(ServiceFile::to_service).collect()
    }

    /// A folder belongs to one service: the outermost one.
    fn leave_out_nested(&mut self, out: &mut Vec<Diagnostic>) {
        let mut kept: Vec<ServiceFile> = Vec::new();
        for service in self.services.drain(..) {
            match kept.iter().find(|outer| is_below(&service.at.file, &outer.folder)) {
                Some(outer) => out.push(
                    Diagnostic::error(
                        Code::S0034,
                        format!("service `{}` lies within service `{}`", service.name, outer.name),
                    )
                    .at(&service.at)
                    .label(&outer.at, "the outer service is declared here")
                    .note("every file belongs to one service, whose process runs it with its permissions")
                    .help("move one of the two out of the folder of the other"),
                ),
                None => kept.push(service),
            }
        }
        self.services = kept;
    }
}

/// A service of which no more is known.
pub(crate) fn bare(name: String, path: String, at: Position) -> Service {
    Service {
        name,
        path,
        language: None,
        at,
        databases: Vec::new(),
        buckets: Vec::new(),
        caches: Vec::new(),
        metrics: Vec::new(),
        binds: Binds::default(),
        endpoints: Vec::new(),
    }
}

impl ServiceFile {
    fn to_service(&self) -> Service {
        let bare = bare(self.name.clone(), self.folder.clone(), self.at.clone());
        Service { language: Some(self.language), endpoints: self.endpoints.clone(), ..bare }
    }
}

/// Whether a path lies in a folder, directly or not.
pub(crate) fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a path leads into what others wrote: dependencies, generated code, hidden folders.
pub(crate) fn is_foreign(tree: &SourceTree, path: &str) -> bool {
    let Some((folders, _)) = path.rsplit_once('/') else { return false };
    let is_foreign = |part: &str| part.starts_with('.') || FOREIGN_FOLDERS.contains(&part);
    let ends = folders.match_indices('/').map(|(end, _)| end).chain([folders.len()]);
    folders.split('/').any(is_foreign)
        || ends.into_iter().any(|end| tree.exists(&format!("{}/{VIRTUAL_ENVIRONMENT}", &folders[..end])))
}

/// The files of this name that are the app's own.
fn paths<'t>(tree: &'t SourceTree, name: &'static str) -> impl Iterator<Item = &'t str> {
    let is_named = move |path: &&str| path.rsplit('/').next() == Some(name);
    tree.files().map(|(path, _)| path).filter(is_named).filter(|path| !is_foreign(tree, path))
}

/// One file that is being read.
struct File<'a> {
    path: &'a str,
    /// What the file is called, for messages.
    name: &'a str,
    lines: &'a Lines<'a>,
    members: &'a [Member],
    json: &'a Json,
    out: &'a mut Vec<Diagnostic>,
}

impl File<'_> {
    fn read(tree: &SourceTree, path: &str, out: &mut Vec<Diagnostic>, take: impl FnOnce(&mut File<'_>)) {
        let Some(text) = tree.text(path) else { return };
        let name = path.rsplit('/').next().unwrap_or(path);
        let lines = &Lines::new(path, &text);
        match json::parse(&text) {
            Err(invalid) => out.push(
                error(name, format!("`{name}` is not valid JSON: {}", invalid.message))
                    .at(&lines.position(invalid.at, invalid.at + 1))
                    .help("mend the place that is underlined; comments and trailing commas are not allowed"),
            ),
            Ok(json) => match json.members() {
                None => out.push(
                    error(name, format!("`{name}` is not a JSON object"))
                        .at(&json.position(lines))
                        .help(r#"write `{"name": "orders", "lang": "python"}`"#),
                ),
                Some(members) => take(&mut File { path, name, lines, members, json: &json, out }),
            },
        }
    }

    fn service(&mut self, files: &mut ServiceFiles) {
        let known = ["name", "lang", "description", "api", "run", "build", "test", "gateway", "$schema"];
        check_known(self.members, &known, self.lines, unknown, self.out);
        let language = self.language();
        let Some((name, at)) = self.service_name() else { return };
        let endpoints = self.api(&name, &at);
        if let Some(gateway) = field(self.members, "gateway") {
            let default = self.is_default(&gateway.value);
            let (start, end) = gateway.key_at;
            let at = self.lines.position(start, end);
            files.gateways.push(Gateway {
                name: name.clone(),
                service: name.clone(),
                default,
                auth_handler: None,
                at,
            });
        }
        if let Some(language) = language {
            files.services.push(ServiceFile { name, folder: self.folder(), language, endpoints, at });
        }
    }

    fn gateway(&mut self, files: &mut ServiceFiles) {
        let Some((name, at)) = self.name_field() else { return };
        let default = self.is_default(self.json);
        files.gateways.push(Gateway { name, service: String::new(), default, auth_handler: None, at });
    }

    fn folder(&self) -> String {
        self.path.rsplit_once('/').map_or_else(String::new, |(folder, _)| folder.to_owned())
    }

    /// The name; that of the folder, with a report, where there is none that can be used.
    fn service_name(&mut self) -> Option<(String, Position)> {
        self.name_field().or_else(|| {
            let folder = self.folder();
            let name = folder.rsplit('/').next().filter(|name| !name.is_empty())?;
            Some((name.to_owned(), Position::point(self.path, 1, 1)))
        })
    }

    fn name_field(&mut self) -> Option<(String, Position)> {
        let Some(member) = field(self.members, "name") else {
            self.report("the field `name` is missing", self.json)
                .help_with(r#"add `"name": "…"`, a name that no other has"#);
            return None;
        };
        match member.value.as_text() {
            Some(name) if !name.is_empty() => Some((name.to_owned(), member.value.position(self.lines))),
            _ => {
                self.report("`name` must be a text that is not empty", &member.value)
                    .help_with(r#"write `"name": "orders"`"#);
                None
            }
        }
    }

    fn language(&mut self) -> Option<Language> {
        let Some(member) = field(self.members, "lang") else {
            self.report("the field `lang` is missing", self.json)
                .help_with("add `\"lang\": \"python\"` or `\"lang\": \"rust\"`, the language of the service");
            return None;
        };
        let written = member.value.shown();
        let language = member.value.as_text().and_then(crate::app::language_named);
        if language.is_none() {
            let help = match closest(&written, LANGUAGES.map(|(name, _)| name)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => crate::app::write_a_language(),
            };
            self.report(&format!("`{written}` is not a language that can be scanned"), &member.value)
                .help_with(help);
        }
        language
    }

    /// What the service serves: all paths below a prefix.
    fn api(&mut self, service: &str, service_at: &Position) -> Vec<Endpoint> {
        let Some(member) = field(self.members, "api") else { return Vec::new() };
        let Kind::List(entries) = &member.value.kind else {
            self.report("`api` must be a list of objects", &member.value)
                .help_with(r#"write `"api": [{ "type": "http", "prefix": "/", "expose": true }]`"#);
            return Vec::new();
        };
        let mut endpoints = Vec::new();
        for entry in entries {
            let Some(members) = entry.members() else {
                self.report("an entry of `api` must be an object", entry)
                    .help_with(r#"write `{ "type": "http", "prefix": "/", "expose": true }`"#);
                continue;
            };
            check_known(
                members,
                &["type", "prefix", "name", "expose", "description"],
                self.lines,
                unknown,
                self.out,
            );
            let name = self.text(members, "name").unwrap_or_else(|| service.to_owned());
            let prefix = self.prefix(members);
            let at = field(members, "prefix").map_or_else(
                || if entries.len() == 1 { service_at.clone() } else { entry.position(self.lines) },
                |member| member.value.position(self.lines),
            );
            endpoints.push(endpoint(unused(&endpoints, name), &prefix, is_exposed(members), at));
        }
        endpoints
    }

    fn prefix(&mut self, members: &[Member]) -> String {
        let prefix = self.text(members, "prefix").unwrap_or_else(|| "/".to_owned());
        if let Some(member) = field(members, "prefix").filter(|_| !prefix.starts_with('/')) {
            self.report("`prefix` must begin with `/`", &member.value)
                .help_with(format!("write `\"/{prefix}\"`"));
        }
        prefix
    }

    fn text(&mut self, members: &[Member], key: &str) -> Option<String> {
        let member = field(members, key)?;
        let text = member.value.as_text().map(str::to_owned);
        if text.is_none() {
            self.report(&format!("`{key}` must be a text"), &member.value)
                .help_with(format!("write `\"{key}\": \"…\"`"));
        }
        text
    }

    fn is_default(&mut self, gateway: &Json) -> bool {
        match gateway.members().and_then(|members| field(members, "default")) {
            Some(Member { value: Json { kind: Kind::Bool(default), .. }, .. }) => *default,
            Some(other) => {
                self.report("`default` must be `true` or `false`", &other.value)
                    .help_with("remove the quotes, if there are any");
                false
            }
            None => false,
        }
    }

    fn report(&mut self, message: &str, value: &Json) -> Reported<'_> {
        self.out.push(error(self.name, message).at(&value.position(self.lines)));
        Reported(self.out)
    }
}

/// A report that still lacks its help.
struct Reported<'a>(&'a mut Vec<Diagnostic>);

impl Reported<'_> {
    fn help_with(self, help: impl Into<String>) {
        if let Some(last) = self.0.last_mut() {
            last.help = Some(help.into());
        }
    }
}

fn error(file: &str, message: impl Into<String>) -> Diagnostic {
    let what = if file == FILE { "a service" } else { "a gateway" };
    Diagnostic::error(Code::S0033, message).note(format!("`{file}` is what makes its folder {what}"))
}

fn unknown(message: String) -> Diagnostic {
    Diagnostic::warning(Code::S0008, message).note("what it says is not read, and has no effect")
}

/// Whether a gateway serves it: `true`, or the names of gateways.
fn is_exposed(members: &[Member]) -> bool {
    match field(members, "expose").map(|member| &member.value.kind) {
        None | Some(Kind::Null | Kind::Bool(false)) => false,
        Some(Kind::List(gateways)) => !gateways.is_empty(),
        Some(_) => true,
    }
}

/// A name that no other endpoint of the service has: two prefixes are two endpoints.
fn unused(endpoints: &[Endpoint], name: String) -> String {
    let is_free = |name: &str| endpoints.iter().all(|endpoint| endpoint.name != name);
    if is_free(&name) {
        return name;
    }
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    numbered.into_iter().find(|name| is_free(name)).unwrap_or(name)
}

/// All requests below a prefix, but those that something more exact answers.
fn endpoint(name: String, prefix: &str, exposed: bool, at: Position) -> Endpoint {
    Endpoint {
        name,
        access: Some(if exposed { Access::Public } else { Access::Private }),
        methods: vec!["*".to_owned()],
        path: Some(format!("/{}", [prefix.trim_matches('/'), "!path"].join("/").trim_start_matches('/'))),
        raw: true,
        streaming: None,
        static_dir: None,
        static_not_found: None,
        static_not_found_status: None,
        body_limit: None,
        tags: Vec::new(),
        sensitive: false,
        takes_request: false,
        at,
    }
}

#[cfg(test)]
mod tests;
