//! What has been found so far: the manifest in the making, and what each declaration turned out to be.

use std::collections::{BTreeMap, BTreeSet};

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::Position;
use schema_documents::manifest::{Call, Language, Manifest, SecretScope, Service};

use super::construct::Construct;
use super::facts::{Action, Use};
use super::resolve::{Key, Program};
use super::{bucket, cache, config, database, metric, secret, topic};

/// What has been found so far.
pub(super) struct Found {
    /// Everything but the calls.
    pub(super) manifest: Manifest,
    /// What the declarations are.
    pub(super) resources: BTreeMap<Key, Resource>,
    /// The first call from a service to another.
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
    Metric(String),
    /// An index into the manifest's secrets.
    Secret(usize),
    /// The secrets that its fields read.
    Config(BTreeSet<Key>),
}

impl Found {
    /// Nothing yet, in an app with these services.
    pub(super) fn new(app: &str, services: Vec<Service>, diagnostics: Vec<Diagnostic>) -> Self {
        let manifest = Manifest { services, ..Manifest::new(app, Language::Python) };
        Self { manifest, resources: BTreeMap::new(), calls: BTreeMap::new(), diagnostics }
    }

    /// Notes all that is done with what was declared.
    pub(super) fn note_uses(&mut self, program: &Program<'_>) {
        for (file, module) in program.modules.iter().enumerate() {
            for one in &module.facts.uses {
                if let Some((key, rest)) = program.resolve_use(file, one) {
                    self.note_use(key, &Usage { program, file, one, rest });
                }
            }
        }
    }

    fn note_use(&mut self, key: Key, usage: &Usage<'_>) {
        match self.resources.get(&key).cloned() {
            Some(Resource::Database(name)) => database::note_use(&name, usage, self),
            Some(Resource::Topic(index)) => topic::note_use(index, usage, self),
            Some(Resource::Bucket(name)) => bucket::note_use(&name, usage, self),
            Some(Resource::Cache(name)) => cache::note_use(&name, usage, self),
            Some(Resource::Metric(name)) => metric::note_use(&name, usage, self),
            Some(Resource::Secret(index)) => secret::note_use(index, usage, self),
            Some(Resource::Config(secrets)) => config::note_use(&secrets, usage, self),
            None => {}
        }
    }

    /// Reports names of the SDK that are given another name or passed on: what is made through it is not found.
    pub(super) fn report_uncalled(&mut self, program: &Program<'_>) {
        for module in &program.modules {
            for (callee, place) in &module.facts.uncalled {
                let path = callee.full_path();
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                let Some(construct) = Construct::of(&path) else { continue };
                let written = path[path.len().saturating_sub(2)..].join(".");
                let message = format!("`{written}` is named here without being called");
                let why = if construct == Construct::Call {
                    "which services this one calls is read from the calls"
                } else {
                    "what is declared by way of another name or a function is missing from the manifest"
                };
                self.diagnostics.push(
                    Diagnostic::warning(Code::S0015, message)
                        .at(&module.at(*place))
                        .note(why)
                        .help(format!("call `{written}(…)` in place")),
                );
            }
        }
    }

    /// Notes that services call another.
    pub(super) fn note_call(&mut self, from: &str, to: &str, at: &Position) {
        self.calls.entry((from.to_owned(), to.to_owned())).or_insert_with(|| at.clone());
    }

    /// The manifest, complete.
    pub(super) fn finish(self) -> (Manifest, Vec<Diagnostic>) {
        let call = |((from_service, to), at)| Call { from_service, to, at };
        let calls = self.calls.into_iter().map(call).collect();
        let mut manifest = Manifest { calls, ..self.manifest };
        // Fields of classes that are no configuration, and those that read a service's own secrets.
        manifest.secrets.retain(|secret| !secret.reference || secret.scope != SecretScope::Service);
        manifest.join_references();
        (manifest, self.diagnostics)
    }
}

/// Something done with a declaration, where and by whom.
pub(super) struct Usage<'p> {
    pub(super) program: &'p Program<'p>,
    pub(super) file: usize,
    pub(super) one: &'p Use,
    /// The fields of the declared thing that are gone through.
    pub(super) rest: &'p [String],
}

impl<'p> Usage<'p> {
    /// Where it is done.
    pub(super) fn at(&self) -> Position {
        self.program.modules[self.file].at(self.one.at)
    }

    /// The services in which it is done, as indices.
    pub(super) fn services(&self) -> &'p BTreeSet<usize> {
        self.program.services_of(self.file)
    }

    /// The services in which it is done; reports when there is none.
    pub(super) fn services_or_report(&self, name: &str, out: &mut Vec<Diagnostic>) -> &'p BTreeSet<usize> {
        let services = self.services();
        if services.is_empty() {
            out.push(
                Diagnostic::error(Code::M0112, format!("`{name}` is used outside of all services"))
                    .at(&self.at())
                    .note("a use gives the services that make it the permission for it; no service imports this file")
                    .help("move this code into the folder of a service, or import it there"),
            );
        }
        services
    }

    /// The method or field that is used; absent when the thing itself is passed on.
    pub(super) fn member(&self) -> Option<&'p str> {
        self.rest.first().map(String::as_str)
    }

    /// Whether the thing itself is compared, or passed to a declaration of this kind: nothing is done with it.
    pub(super) fn is_harmless(&self, construct: Option<Construct>) -> bool {
        match self.one.action {
            Action::Compared => true,
            Action::Passed(call) => construct.is_some_and(|construct| {
                let key = self.program.declared_at(self.file, call);
                key.is_some_and(|key| self.program.construct(key) == Some(construct))
            }),
            Action::Called | Action::Read => false,
        }
    }

    /// The report that a thing is passed on as a value.
    pub(super) fn passed_on(&self, what: &str, name: &str, help: &str) -> Diagnostic {
        Diagnostic::error(Code::S0018, format!("the {what} `{name}` is passed on as a value"))
            .at(&self.at())
            .note("what is done with it could not be followed, and whoever does it would get no permission")
            .help(help)
    }
}
