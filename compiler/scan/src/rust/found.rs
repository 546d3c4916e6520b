//! What has been found so far: the manifest in the making, and what each declaration turned out to be.

use std::collections::{BTreeMap, BTreeSet};

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::Position;
use schema_documents::manifest::{Call, Manifest};

use super::program::{Key, Program};
use super::resolve::{Names, Space, Target};
use super::sdk::{self, Reach};
use super::site::Site;
use super::syntax::{Method, Use};
use super::{bucket, cache, config, database, metric, secret, topic};

/// What has been found so far.
pub(super) struct Found {
    pub(super) manifest: Manifest,
    /// What the declarations are.
    pub(super) resources: BTreeMap<Key, Resource>,
    /// The first call from a service to another.
    pub(super) calls: BTreeMap<(String, String), Position>,
    /// Subscriptions that are declared, and those that something starts.
    pub(super) subscriptions: BTreeMap<Key, (String, Position)>,
    pub(super) started: BTreeSet<Key>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// What a declaration turned out to be, for those who refer to it.
#[derive(Clone, Debug)]
pub(super) enum Resource {
    Database(String),
    Cache(String),
    Topic(String),
    Subscription,
    Bucket(String),
    Secret(Reach, String),
    /// The secrets that its fields read, which are of its own reach.
    Config(Reach, BTreeSet<String>),
    Metric(String),
}

impl Found {
    /// Nothing yet, in an app with these services.
    pub(super) fn new(manifest: Manifest, diagnostics: Vec<Diagnostic>) -> Self {
        Self {
            manifest,
            resources: BTreeMap::new(),
            calls: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            started: BTreeSet::new(),
            diagnostics,
        }
    }

    /// Notes what a declaration is, for those who refer to it by the name that holds it.
    pub(super) fn hold(&mut self, site: Site<'_>, resource: Resource) {
        if let Some((key, _)) = site.held {
            self.resources.insert(key, resource);
        }
    }

    /// Notes all that is done with what was declared.
    pub(super) fn note_uses(&mut self, names: &Names<'_, '_>) {
        let program = names.program();
        let known = self.names(program);
        for module in 0..program.modules.len() {
            let uses = program.scope(module).uses.iter();
            for one in uses.filter(|one| one.path.last().is_some_and(|last| known.contains(last.as_str()))) {
                match names.resolve(module, &one.path, Space::Values) {
                    Some(Target::Binding(key)) => self.note_use(key, names, module, one),
                    Some(Target::Sdk(path)) => self.report_uncalled(program, module, one, &path),
                    _ => {}
                }
            }
        }
    }

    /// The names that may lead to a resource: all others need not be looked up.
    fn names<'p>(&self, program: &'p Program<'_>) -> BTreeSet<&'p str> {
        let held = self.resources.keys().map(|key| program.binding(*key).name.as_str());
        let scopes = || (0..program.modules.len()).map(|module| program.scope(module));
        let handles = scopes().flat_map(|scope| &scope.bindings).filter(|binding| binding.handle.is_some());
        let handles = handles.map(|binding| binding.name.as_str());
        let renamed = scopes().flat_map(|scope| &scope.imports).filter_map(|import| {
            import.name.as_deref().filter(|name| import.path.last().is_some_and(|last| last != name))
        });
        held.chain(handles).chain(renamed).chain(["new", "named", sdk::BASE_URL]).collect()
    }

    fn note_use(&mut self, key: Key, names: &Names<'_, '_>, module: usize, one: &Use) {
        let Some(methods) = methods(names, module, one) else { return };
        let usage = Usage { names, module, one, methods, types_in: module };
        match self.resources.get(&key).cloned() {
            Some(resource) => self.note_usage(key, &resource, &usage),
            None => self.note_handle(key, names, module, one),
        }
    }

    /// Who uses `static REPORTS: DatabaseRef = DB.read()` does with the database what that says.
    fn note_handle(&mut self, key: Key, names: &Names<'_, '_>, module: usize, one: &Use) {
        let Some(handle) = &names.program().binding(key).handle else { return };
        let Some(resource_key) = names.binding(key.0, &handle.path) else { return };
        let Some(resource) = self.resources.get(&resource_key).cloned() else { return };
        let usage = Usage { names, module, one, methods: &handle.methods, types_in: key.0 };
        self.note_usage(resource_key, &resource, &usage);
    }

    fn note_usage(&mut self, key: Key, resource: &Resource, usage: &Usage<'_>) {
        match resource {
            Resource::Database(name) => database::note_use(name, usage, self),
            Resource::Cache(name) => cache::note_use(name, usage, self),
            Resource::Topic(name) => topic::note_use(name, usage, self),
            Resource::Subscription => topic::note_started(key, usage, self),
            Resource::Bucket(name) => bucket::note_use(name, usage, self),
            Resource::Secret(reach, name) => secret::note_use(*reach, name, key, usage, self),
            Resource::Config(reach, secrets) => config::note_use(*reach, secrets, usage, self),
            Resource::Metric(name) => metric::note_use(name, usage, self),
        }
    }

    /// Reports constructors that are named without being called: what is made through another name is not found.
    fn report_uncalled(&mut self, program: &Program<'_>, module: usize, one: &Use, path: &[String]) {
        let Some((function, owner)) = path.split_last() else { return };
        let written = match sdk::construct(owner) {
            Some(construct) if sdk::is_constructor(function) => {
                format!("{}::{function}", construct.written())
            }
            _ if sdk::is_base_url(path) => sdk::BASE_URL.to_owned(),
            _ => return,
        };
        self.diagnostics.push(
            Diagnostic::error(Code::S0015, format!("`{written}` is named here without being called"))
                .at(&program.at(module, one.at))
                .note("what is declared by way of another name or a function is missing from the manifest")
                .help(format!("call `{written}(…)` in place")),
        );
    }

    /// The manifest, complete.
    pub(super) fn finish(self) -> (Manifest, Vec<Diagnostic>) {
        let call = |((from_service, to), at)| Call { from_service, to, at };
        let calls = self.calls.into_iter().map(call).collect();
        (Manifest { calls, ..self.manifest }, self.diagnostics)
    }

    /// The names of services, by their indices.
    pub(super) fn service_names(&self, services: &[usize]) -> Vec<String> {
        services.iter().map(|service| self.manifest.services[*service].name.clone()).collect()
    }
}

/// The methods that a use calls; none when it is passed on. Absent when it does nothing.
fn methods<'u>(names: &Names<'_, '_>, module: usize, one: &'u Use) -> Option<&'u [Method]> {
    let Some((callee, method)) = &one.argument_of else { return Some(&one.methods) };
    let Some(path) = names.of_sdk(module, callee, Space::Values) else { return Some(&[]) };
    let owner = &path[..path.len().saturating_sub(1)];
    match sdk::construct(owner) {
        _ if sdk::is_for_tests(&path) => None,
        Some(sdk::Construct::Subscription) if method.name == "new" => None,
        Some(_) => Some(std::slice::from_ref(method)),
        None => Some(&[]),
    }
}

/// Something done with a declaration, where and by whom.
pub(super) struct Usage<'u> {
    pub(super) names: &'u Names<'u, 'u>,
    pub(super) module: usize,
    pub(super) one: &'u Use,
    /// The methods that are called on it; none when it is passed on as a value.
    pub(super) methods: &'u [Method],
    /// The module in which the methods are written.
    pub(super) types_in: usize,
}

impl Usage<'_> {
    /// Where it is done.
    pub(super) fn at(&self) -> Position {
        self.names.program().at(self.module, self.one.at)
    }

    /// The first method that is called on it.
    pub(super) fn method(&self) -> Option<&str> {
        self.methods.first().map(|method| method.name.as_str())
    }

    /// The services whose code does it.
    pub(super) fn services(&self) -> &[usize] {
        self.names.program().services_of(self.module)
    }

    /// The report that it is passed on as a value, and what to do instead.
    pub(super) fn passed_on(&self, what: &str, name: &str, help: &str) -> Diagnostic {
        Diagnostic::error(Code::S0018, format!("the {what} `{name}` is passed on as a value"))
            .at(&self.at())
            .note("what is done with it there cannot be seen, so this service is allowed everything")
            .help(help)
    }

    /// The report that it is done outside of all services.
    pub(super) fn outside(&self, name: &str) -> Diagnostic {
        Diagnostic::error(Code::M0112, format!("`{name}` is used outside of all services"))
            .at(&self.at())
            .note("a use gives the service that makes it the permission for it; here there is no service")
            .help("move this code into the folder of a service, or into a crate that a service depends on")
    }
}
