//! The scanner for Encore.go.
//!
//! `scan` is the whole of it: parse, find the services, then one file per primitive that finds the declarations and
//! who uses them.

mod bucket;
mod cache;
mod call;
mod change;
mod config;
mod constraint;
mod cron_job;
mod database;
mod declaration;
mod directive;
mod facts;
mod gateway;
mod glance;
mod handler;
mod keyspace;
mod metric;
mod module;
#[allow(dead_code, reason = "the tree is that of the whole language; not all of it is asked for")]
mod parser;
mod path;
mod program;
mod reach;
mod secret;
mod service;
mod signature;
mod source;
mod topic;
mod types;
mod usage;
mod wanted;

#[cfg(test)]
mod bodies_tests;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use compiler_diagnostics::{Code as Number, Diagnostic};
use schema_documents::manifest::{Manifest, Service};

use crate::app::App;
use crate::per_file::{Language, Missing, Reader};
use crate::text::Place;
pub(crate) use change::part;
use directive::{Directed, Directive};
use facts::{Facts, facts, whole_facts};
pub(crate) use glance::contains_word;
use glance::{Glance, glance};
use module::Module;
pub(crate) use module::is_source;
use program::{File, Program, ServiceId, Site};
use source::Read;

/// How a Go file is looked at.
pub(crate) static LANGUAGE: Language<Glance, Facts> =
    Language { name: "go", is_source: module::is_source, glance, facts };

/// How one is looked at of which all bodies are needed.
pub(crate) static WHOLE: Language<Glance, Facts> =
    Language { name: "go, whole", is_source: module::is_source, glance, facts: whole_facts };

/// Scans an app written in Go.
pub(crate) fn scan(reader: &Reader<'_>, app: &App) -> Result<(Manifest, Vec<Diagnostic>), Missing> {
    scan_by(reader, app, &LANGUAGE)
}

/// Scans an app whose files are looked at in one of the two ways.
fn scan_by(
    reader: &Reader<'_>,
    app: &App,
    language: &'static Language<Glance, Facts>,
) -> Result<(Manifest, Vec<Diagnostic>), Missing> {
    let module = Module::read(reader.tree);
    let mut whole = BTreeSet::new();
    loop {
        let read = source::read(reader, &module, language, &whole)?;
        let linked = link(reader, app, &module, &read);
        reader.leave(read.files.into_iter().map(|file| file.facts));
        match linked {
            Ok(found) => return Ok((found.manifest, found.diagnostics)),
            Err(unfinished) => whole.extend(unfinished),
        }
    }
}

/// Puts the facts of all files that matter together; or says which files have to be read whole for that.
fn link(reader: &Reader<'_>, app: &App, module: &Module, read: &Read<'_>) -> Result<Found, BTreeSet<String>> {
    let files = &read.files;
    let mut program = Program::new(reader.tree, module, files);
    let mut found = Found::new(app, files.iter().filter_map(problem).collect());
    let directed = service::directives(&program, &mut found);
    let roots = service::roots(&program, &directed, &mut found);
    find(&mut program, &directed, roots, reader.threads, &mut found)?;
    if reader.learns {
        change::keep_trail(reader, &program, &directed, read);
    }
    gateway::check_access(&program, &directed, &mut found);
    Ok(found)
}

/// Finds all that there is in files, by the services; or says which files have to be read whole for that.
fn find(
    program: &mut Program<'_>,
    directed: &[Directed<'_>],
    roots: BTreeMap<String, ServiceId>,
    threads: usize,
    found: &mut Found,
) -> Result<(), BTreeSet<String>> {
    program.assign(roots);
    let endpoints = directed.iter().filter(|directed| matches!(directed.directive, Directive::Api(_)));
    let endpoints = endpoints.map(|directed| (directed.index, directed.at)).collect();
    let guests = gateway::global_middleware(program, directed);
    let unfinished = program.settle(&guests, &endpoints, threads);
    if !unfinished.is_empty() {
        return Err(unfinished);
    }
    service::structs(program, directed, found);
    service::endpoints(program, directed, found);
    gateway::auth_handler(program, directed, found);
    database::scan(program, found);
    topic::scan(program, found);
    bucket::scan(program, found);
    cache::scan(program, found);
    cron_job::scan(program, found);
    secret::scan(program, found);
    metric::scan(program, found);
    config::scan(program, found);
    call::scan(program, found);
    gateway::check_middleware(program, directed, found);
    path::check(program, directed, found);
    signature::check(program, directed, found);
    usage::check(program, directed, found);
    Ok(())
}

/// What has been found so far.
struct Found {
    manifest: Manifest,
    diagnostics: Vec<Diagnostic>,
    /// Name of the resource that a package-level variable holds, by import path and variable.
    topics: BTreeMap<(String, String), String>,
    clusters: BTreeMap<(String, String), String>,
    /// Service and name of an endpoint, by import path and function.
    endpoints: BTreeMap<(String, String), ServiceId>,
    /// Service structs, by import path and name.
    structs: BTreeMap<(String, String), ServiceId>,
    /// Places where an endpoint is named but not called.
    named_only: BTreeSet<(String, Place)>,
}

impl Found {
    fn new(app: &App, diagnostics: Vec<Diagnostic>) -> Self {
        let manifest = Manifest::new(&app.name, app.language);
        Self {
            manifest,
            diagnostics,
            topics: BTreeMap::new(),
            clusters: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            structs: BTreeMap::new(),
            named_only: BTreeSet::new(),
        }
    }

    /// The service that a file is part of.
    fn service_of(&mut self, program: &Program<'_>, file: &File<'_>) -> Option<&mut Service> {
        self.manifest.services.get_mut(program.service_of(file.folder)?)
    }

    /// The services whose code a use is.
    fn services_of<'f>(
        &'f mut self,
        program: &'f Program<'_>,
        site: &Site<'_>,
    ) -> impl Iterator<Item = &'f mut Service> {
        let services = program.services_of(site);
        let all = self.manifest.services.iter_mut().enumerate();
        all.filter(|(id, _)| services.contains(id)).map(|(_, service)| service)
    }
}

/// Says where a file could not be parsed. What could be is scanned all the same.
fn problem(file: &File<'_>) -> Option<Diagnostic> {
    let problem = file.facts.problem.as_ref()?;
    let code = if problem.is_limit { Number::S0017 } else { Number::S0001 };
    let diagnostic = if file.speaks {
        Diagnostic::error(code, &problem.message).note("declarations after it may have been missed")
    } else {
        Diagnostic::warning(code, &problem.message).note("uses of resources after it may have been missed")
    };
    let help = if problem.is_limit {
        "take it apart, or move generated data out of the source"
    } else {
        "make the file compile: `go vet` says more"
    };
    Some(diagnostic.at(&file.at(problem.at)).help(help))
}
