//! What has been found so far: the manifest in the making, and what each declaration turned out to be.

use std::collections::{BTreeMap, BTreeSet};

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::Position;
use schema_documents::manifest::{AuthHandler, Binds, Call, Language, Manifest, Service};

use super::construct::Construct;
use super::facts::{Action, Use};
use super::resolve::{Key, Program, Root, Target};
use super::{bucket, cache, database, metric, topic};

/// What has been found so far.
pub(super) struct Found {
    /// Everything but the services and the calls.
    pub(super) manifest: Manifest,
    /// Services, in the order of the program's.
    pub(super) services: Vec<Service>,
    /// What the declarations are.
    pub(super) resources: BTreeMap<Key, Resource>,
    /// The first call from a service to an endpoint, or to a whole service.
    calls: BTreeMap<(String, String), Position>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// What a declaration turned out to be, for those who refer to it.
#[derive(Clone, Debug)]
pub(super) enum Resource {
    Database(String),
    /// An index into the manifest's topics.
    Topic(usize),
    Bucket(String),
    Cache(String),
    /// A keyspace of the named cache.
    Keyspace(String),
    Metric(String),
    Endpoint {
        service: usize,
        name: String,
    },
    AuthHandler(AuthHandler),
}

impl Found {
    /// Nothing yet, in an app with these services.
    pub(super) fn new(app: &str, roots: &[Root], diagnostics: Vec<Diagnostic>) -> Self {
        let manifest = Manifest::new(app, Language::Typescript);
        let services = roots.iter().map(service).collect();
        Self { manifest, services, resources: BTreeMap::new(), calls: BTreeMap::new(), diagnostics }
    }

    /// Notes all that is done with what was declared.
    pub(super) fn note_uses(&mut self, program: &Program<'_>) {
        for (file, module) in program.modules.iter().enumerate() {
            let service = program.service_of(module.path);
            for one in &module.facts.uses {
                if let Some((target, rest)) = program.resolve_subject(file, one) {
                    self.note_use(&target, &Usage { program, file, service, one, rest });
                }
            }
        }
    }

    /// Reports constructs that are named without being called: what is made through another name is not found.
    pub(super) fn report_uncalled(&mut self, program: &Program<'_>) {
        for module in &program.modules {
            for (construct, span) in &module.facts.uncalled {
                let written = construct.written();
                self.diagnostics.push(
                    Diagnostic::warning(
                        Code::S0015,
                        format!("`{written}` is named here without being called"),
                    )
                    .at(&module.at(*span))
                    .note(
                        "what is declared by way of another name or a function is missing from the manifest",
                    )
                    .help(format!("call `{written}(…)` where the resource is declared")),
                );
            }
        }
    }

    fn note_use(&mut self, target: &Target, usage: &Usage<'_>) {
        let key = match target {
            Target::Declaration(key) => key,
            Target::Client(service) => return self.note_call(service, usage),
        };
        match self.resources.get(key).cloned() {
            Some(Resource::Database(name)) => database::note_use(&name, usage.service, usage.at(), self),
            Some(Resource::Topic(index)) => topic::note_use(index, usage, self),
            Some(Resource::Bucket(name)) => bucket::note_use(&name, usage, self),
            Some(Resource::Keyspace(cache)) => cache::note_use(&cache, usage.service, usage.at(), self),
            Some(Resource::Metric(name)) => metric::note_use(&name, usage.service, self),
            Some(Resource::Cache(_) | Resource::Endpoint { .. } | Resource::AuthHandler(_)) | None => {}
        }
    }

    /// `site.get(…)`, or the whole client `site` passed on.
    fn note_call(&mut self, service: &str, usage: &Usage<'_>) {
        let Some(from_service) = usage.service_name() else {
            self.diagnostics.push(usage.outside(service));
            return;
        };
        let to = match usage.rest.first() {
            Some(endpoint) if endpoint != "Client" => format!("{service}.{endpoint}"),
            _ => service.to_owned(),
        };
        self.calls.entry((from_service.to_owned(), to)).or_insert_with(|| usage.at());
    }

    /// The manifest, complete.
    pub(super) fn finish(self) -> (Manifest, Vec<Diagnostic>) {
        let call = |((from_service, to), at)| Call { from_service, to, at };
        let calls = self.calls.into_iter().map(call).collect();
        (Manifest { services: self.services, calls, ..self.manifest }, self.diagnostics)
    }
}

fn service(root: &Root) -> Service {
    Service {
        name: root.name.clone(),
        path: root.path.clone(),
        at: root.at.clone(),
        databases: Vec::new(),
        buckets: Vec::new(),
        caches: Vec::new(),
        metrics: Vec::new(),
        language: None,
        binds: Binds::default(),
        endpoints: Vec::new(),
    }
}

/// Something done with a declaration, where and by whom.
pub(super) struct Usage<'p> {
    program: &'p Program<'p>,
    file: usize,
    /// The service whose code does it, as an index.
    pub(super) service: Option<usize>,
    pub(super) one: &'p Use,
    /// The fields of the declared thing that are gone through.
    pub(super) rest: Vec<String>,
}

impl<'p> Usage<'p> {
    /// Where it is done.
    pub(super) fn at(&self) -> Position {
        self.program.modules[self.file].at(self.one.at)
    }

    /// The name of the service whose code does it.
    pub(super) fn service_name(&self) -> Option<&'p str> {
        self.service.map(|service| self.program.services[service].name.as_str())
    }

    /// The permissions that `ref<…>()` asks for.
    pub(super) fn permissions(&self) -> BTreeSet<String> {
        self.one.types.iter().flat_map(|one| self.program.framework_types(self.file, one)).collect()
    }

    /// Whether it is passed to a declaration of this kind.
    pub(super) fn is_argument_of(&self, construct: Construct) -> bool {
        let declaration = self.program.declared_at(self.file, self.one.at);
        self.one.action == Action::Passed
            && declaration.is_some_and(|(file, index)| {
                self.program.modules[file].facts.declarations[index].construct == construct
            })
    }

    /// The report that it is done outside of all services.
    pub(super) fn outside(&self, name: &str) -> Diagnostic {
        Diagnostic::error(Code::M0112, format!("`{name}` is used outside of all services"))
            .at(&self.at())
            .note("a use gives the service that makes it the permission for it; here there is no service")
            .help("move this code into the folder of a service")
    }
}
