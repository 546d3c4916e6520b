//! What has been found so far: the manifest in the making, and what each declaration turned out to be.

use std::collections::BTreeMap;

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::Position;
use schema_documents::manifest::{AuthHandler, Call, Language, Manifest, Service};

use super::facts::{Action, Subject};
use super::resolve::{Key, Program, Root, Target};
use super::usage::Usage;
use super::walk::Reached;
use super::{bucket, cache, database, metric, secret, topic};
use crate::service_file::bare;

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
    /// Where the first auth handler stands.
    pub(super) auth_handler_at: Option<Position>,
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
    /// An index into the manifest's secrets.
    Secret(usize),
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
        Self {
            manifest,
            services,
            resources: BTreeMap::new(),
            calls: BTreeMap::new(),
            auth_handler_at: None,
            diagnostics,
        }
    }

    /// Notes all that is done with what was declared.
    pub(super) fn note_uses(&mut self, program: &Program<'_>) {
        for (file, module) in program.modules.iter().enumerate() {
            let mut known: BTreeMap<(&Subject, &[String]), Vec<Reached>> = BTreeMap::new();
            for one in &module.facts.uses {
                let subject = (&one.subject, one.path.as_slice());
                let reached = known.entry(subject).or_insert_with(|| program.resolve_subject(file, one));
                for reached in reached.iter() {
                    for usage in Usage::all(program, file, one, reached) {
                        self.note_use(&reached.target, &usage);
                    }
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
        if usage.rest.is_empty() && usage.action == Action::Read {
            return;
        }
        let key = match target {
            Target::Declaration(key) => key,
            Target::Client(service) => return self.note_call(service, usage),
        };
        match self.resources.get(key).cloned() {
            Some(Resource::Database(name)) => database::note_use(&name, usage, self),
            Some(Resource::Topic(index)) => topic::note_use(index, usage, self),
            Some(Resource::Bucket(name)) => bucket::note_use(&name, usage, self),
            Some(Resource::Keyspace(cache)) => cache::note_use(&cache, usage.services, &usage.at(), self),
            Some(Resource::Metric(name)) => metric::note_use(&name, usage.services, self),
            Some(Resource::Secret(index)) => secret::note_use(index, usage, self),
            Some(Resource::Cache(_) | Resource::Endpoint { .. } | Resource::AuthHandler(_)) | None => {}
        }
    }

    /// `site.get(…)`, or the whole client `site` passed on.
    fn note_call(&mut self, service: &str, usage: &Usage<'_>) {
        if usage.services.is_empty() {
            self.diagnostics.push(usage.outside(service));
        }
        let to = match usage.rest.first() {
            Some(endpoint) if endpoint != "Client" => format!("{service}.{endpoint}"),
            _ => service.to_owned(),
        };
        for from_service in usage.service_names() {
            self.calls.entry((from_service.to_owned(), to.clone())).or_insert_with(|| usage.at());
        }
    }

    /// The manifest, complete.
    pub(super) fn finish(self) -> (Manifest, Vec<Diagnostic>) {
        let call = |((from_service, to), at)| Call { from_service, to, at };
        let calls = self.calls.into_iter().map(call).collect();
        (Manifest { services: self.services, calls, ..self.manifest }, self.diagnostics)
    }
}

fn service(root: &Root) -> Service {
    bare(root.name.clone(), root.path.clone(), root.at.clone())
}
