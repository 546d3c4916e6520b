//! The scanner for apps that use Encore's SDK for Python.
//!
//! Services are declared by files of their own ([`crate::service_file`]). The files of a service, and those outside of all
//! that are imported, become facts ([`glance`](mod@glance), [`facts`], [`syntax`]), facts are put together ([`resolve`]),
//! then come the declarations of each primitive, those that refer to others second, and at last who uses them how
//! ([`found`]). Nothing is run and no dependency is needed: what is not written as a literal, or cannot be followed by
//! name, is reported.

mod bucket;
mod cache;
mod config;
mod construct;
mod cron_job;
mod database;
mod facts;
mod found;
mod glance;
mod literal;
mod metric;
mod resolve;
mod scope;
mod secret;
mod service;
mod site;
mod syntax;
mod topic;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::manifest::Manifest;

use crate::SourceTree;
use crate::app::App;
use crate::per_file::{Language, Missing, Reader};
use crate::service_file::{ServiceFiles, is_foreign};
use construct::Construct;
use facts::{Facts, Flaw, Surroundings};
use found::Found;
use glance::{Glance, glance, stems};
use resolve::Program;
use site::Site;

/// How a Python file is looked at.
pub(crate) static LANGUAGE: Language<Glance, Facts> =
    Language { name: "python", is_source, glance, facts: syntax::facts };

/// Scans an app written in Python. Its services are those that `services` has in this language.
pub(crate) fn scan(
    reader: &Reader<'_>,
    app: &App,
    services: &ServiceFiles,
) -> Result<(Manifest, Vec<Diagnostic>), Missing> {
    let mut diagnostics = Vec::new();
    let files = read(reader, services, app, &mut diagnostics)?;
    let program = Program::new(files, &resolve::folders(services, app.language));
    let mut found = Found::new(&app.name, services.in_language(app.language), diagnostics);
    for site in sites(&program) {
        check_place(site, &mut found);
        declare(site, reader.tree, &mut found);
    }
    for site in sites(&program) {
        declare_referring(site, &mut found);
    }
    found.note_uses(&program);
    found.report_uncalled(&program);
    Ok(found.finish())
}

/// The files that matter, as facts: those that speak of the SDK, and those that import from one of them, directly or
/// through others.
fn read<'t>(
    reader: &Reader<'t>,
    services: &ServiceFiles,
    app: &App,
    out: &mut Vec<Diagnostic>,
) -> Result<Vec<(&'t str, Facts)>, Missing> {
    let is_own = |path: &str| {
        services.of(path).is_none_or(|service| services.services[service].language == app.language)
    };
    let sources = reader.sources(&LANGUAGE, |path| is_own(path) && !is_foreign(reader.tree, path))?;
    let (mut taken, mut waiting): (Vec<usize>, Vec<usize>) =
        (0..sources.paths.len()).partition(|file| sources.glances[*file].mentions_encore);
    let mut seen = 0;
    while seen < taken.len() {
        let words: BTreeSet<&str> =
            taken[seen..].iter().flat_map(|file| stems(sources.paths[*file])).collect();
        let imports =
            |file: &usize| sources.glances[*file].imported.iter().any(|word| words.contains(word.as_str()));
        seen = taken.len();
        taken.extend(waiting.extract_if(.., |file| imports(file)));
    }
    taken.sort_unstable();
    let facts = sources.facts(&taken)?;
    for (file, facts) in taken.iter().zip(&facts) {
        let (path, speaks) = (sources.paths[*file], sources.glances[*file].mentions_encore);
        out.extend(facts.flaws.iter().map(|flaw| report(path, flaw, speaks)));
    }
    Ok(taken.into_iter().map(|file| sources.paths[file]).zip(facts).collect())
}

/// What keeps a file from being read is an error only where the file may declare something.
fn report(path: &str, flaw: &Flaw, mentions_encore: bool) -> Diagnostic {
    let diagnostic = if mentions_encore {
        Diagnostic::error(Code::S0001, &flaw.message).note("declarations after it may have been missed")
    } else {
        Diagnostic::warning(Code::S0001, &flaw.message)
            .note("uses of resources after it may have been missed")
    };
    diagnostic.at(&flaw.at.in_file(path)).help("make the file compile: `python -m py_compile` says more")
}

/// Whether a path is that of a source file, tests left out.
fn is_source(path: &str) -> bool {
    let Some(stem) = path.strip_suffix(".py") else { return false };
    let (folders, name) = stem.rsplit_once('/').unwrap_or(("", stem));
    let is_test = name.starts_with("test_") || name.ends_with("_test") || name == "conftest";
    !is_test && !folders.split('/').any(|folder| folder == "tests")
}

fn sites<'p>(program: &'p Program<'p>) -> impl Iterator<Item = Site<'p>> {
    let all = program.declarations();
    all.map(|(key, module, declaration, construct)| Site { program, key, module, declaration, construct })
}

/// What stands for itself.
fn declare(site: Site<'_>, tree: &SourceTree, found: &mut Found) {
    match site.construct {
        Construct::Database => database::declare(site, tree, found),
        Construct::NamedDatabase => database::declare_named(site, found),
        Construct::Topic | Construct::OrderedTopic => topic::declare(site, found),
        Construct::NamedTopic => topic::declare_named(site, found),
        Construct::Bucket => bucket::declare(site, found),
        Construct::NamedBucket => bucket::declare_named(site, found),
        Construct::Cache => cache::declare(site, found),
        Construct::NamedCache => cache::declare_named(site, found),
        Construct::CronJob => cron_job::declare(site, found),
        Construct::Secret(scope) => secret::declare(site, scope, found),
        Construct::NamedSecret => secret::declare_named(site, found),
        Construct::Metric(kind, scope) => metric::declare(site, kind, scope, found),
        Construct::NamedMetric => metric::declare_named(site, found),
        Construct::Call => service::declare(site, found),
        Construct::Subscription | Construct::Config(_) => {}
    }
}

/// What refers to other declarations.
fn declare_referring(site: Site<'_>, found: &mut Found) {
    match site.construct {
        Construct::Subscription => topic::declare_subscription(site, found),
        Construct::Config(scope) => config::declare(site, scope, found),
        _ => {}
    }
}

/// Infrastructure is declared at the top level; [`secret`] has more to say of its own.
fn check_place(site: Site<'_>, found: &mut Found) {
    let is_elsewhere = site.construct.may_stand_anywhere()
        || matches!(site.construct, Construct::Secret(_) | Construct::NamedSecret);
    let place = match site.declaration.surroundings {
        _ if is_elsewhere => return,
        Surroundings::Module => return,
        Surroundings::Conditional => "under a condition",
        Surroundings::Class => "in a class",
        Surroundings::Function => "in a function",
    };
    found.diagnostics.push(
        Diagnostic::error(Code::S0005, format!("`{}` cannot be called {place}", site.written()))
            .at(&site.module.at(site.declaration.callee_at))
            .note("what an app needs must be known before any of its code runs")
            .help("assign it to a variable at the top level of a file"),
    );
}
