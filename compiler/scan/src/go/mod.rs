//! The scanner for Encore.go.
//!
//! `scan` is the whole of it: parse, find the services, then one file per primitive that finds the declarations and
//! who uses them.

mod bucket;
mod cache;
mod call;
mod cron_job;
mod database;
mod declaration;
mod directive;
mod fold;
mod gateway;
mod metric;
mod migration;
mod resolve;
mod secret;
mod service;
mod syntax;
mod topic;
mod walk;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use compiler_diagnostics::{Code as Number, Diagnostic};
use schema_documents::manifest::{Manifest, Service};

use crate::app::App;
use crate::per_file::{Missing, Reader};
use crate::text::Lines;
use resolve::{Code, Module, ServiceId};
use syntax::{File, Source};

/// Scans an app written in Go.
pub(crate) fn scan(reader: &Reader<'_>, app: &App) -> Result<(Manifest, Vec<Diagnostic>), Missing> {
    reader.require(|path| path.ends_with(".go"))?;
    let tree = reader.tree;
    let module = Module::read(tree);
    let sources = module.sources(tree);
    let packages = module.packages(&sources);
    let mut code = Code::new(tree, &sources, &packages);
    let mut found = Found::new(app, syntax_errors(&sources));

    let directed = service::directives(&code, &mut found);
    let roots = service::roots(&code, &directed, &mut found);
    code.assign(roots);
    let guests = gateway::global_middleware(&code, &directed);
    code.settle(&guests);
    service::endpoints(&code, &directed, &mut found);
    gateway::auth_handler(&code, &directed, &mut found);
    database::scan(&code, &mut found);
    topic::scan(&code, &mut found);
    bucket::scan(&code, &mut found);
    cache::scan(&code, &mut found);
    cron_job::scan(&code, &mut found);
    secret::scan(&code, &mut found);
    metric::scan(&code, &mut found);
    call::scan(&code, &mut found);
    Ok((found.manifest, found.diagnostics))
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
    /// Places where an endpoint is named but not called: file and offset.
    named_only: BTreeSet<(String, usize)>,
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
            named_only: BTreeSet::new(),
        }
    }

    /// The service that a file is part of.
    fn service_of(&mut self, code: &Code<'_>, file: &File<'_>) -> Option<&mut Service> {
        self.manifest.services.get_mut(code.service_of(file.folder)?)
    }

    /// The services that a file's code runs in.
    fn services_of<'f>(
        &'f mut self,
        code: &'f Code<'_>,
        file: &File<'_>,
    ) -> impl Iterator<Item = &'f mut Service> {
        let services = code.services_of(file);
        let all = self.manifest.services.iter_mut().enumerate();
        all.filter(|(id, _)| services.contains(id)).map(|(_, service)| service)
    }
}

/// Says where a file could not be parsed. What could be is scanned all the same.
fn syntax_errors(sources: &[Source<'_>]) -> Vec<Diagnostic> {
    sources.iter().filter_map(syntax_error).collect()
}

fn syntax_error(source: &Source<'_>) -> Option<Diagnostic> {
    let (message, start, end) = match (source.broken_at, source.error()) {
        (Some(at), _) => {
            ("the file is not UTF-8".to_owned(), at, at + char::REPLACEMENT_CHARACTER.len_utf8())
        }
        (None, Some(node)) if node.is_missing() => {
            (format!("`{}` is missing here", node.kind()), node.start_byte(), node.start_byte())
        }
        (None, Some(node)) => {
            let line = source.text[node.start_byte()..].find('\n').unwrap_or(source.text.len());
            let end = node.end_byte().min(node.start_byte() + line);
            ("this is not valid Go".to_owned(), node.start_byte(), end)
        }
        (None, None) => return None,
    };
    let at = Lines::new(source.path, &source.text).position(start, end);
    let declares = resolve::mentions_framework(source.text.as_bytes());
    let diagnostic = if declares {
        Diagnostic::error(Number::S0001, message).note("declarations after it may have been missed")
    } else {
        Diagnostic::warning(Number::S0001, message).note("uses of resources after it may have been missed")
    };
    Some(diagnostic.at(&at).help("make the file compile: `go vet` says more"))
}
