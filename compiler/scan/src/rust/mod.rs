//! The scanner for apps that use Encore's SDK for Rust.
//!
//! Files become facts ([`facts`], [`walk`]), facts are put together ([`program`], [`resolve`]), then come the
//! declarations of each primitive ([`site`]), those that refer to others second, and at last who uses them how
//! ([`found`]). Nothing is run and no dependency is needed: what is not written in place, or cannot be followed by name,
//! is reported.

mod bucket;
mod cache;
mod condition;
mod config;
mod cron_job;
mod database;
mod facts;
mod fold;
mod found;
mod metric;
mod nesting;
mod package;
mod program;
mod resolve;
mod sdk;
mod secret;
mod service;
mod site;
mod source;
mod span;
mod syntax;
mod tokens;
mod topic;
mod value;
mod walk;

#[cfg(test)]
mod tests;

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::manifest::Manifest;

use crate::SourceTree;
use crate::app::App;
use crate::per_file::{Language, Missing, Reader};
use crate::service_file::ServiceFiles;
pub(crate) use facts::contains_word;
use facts::{Glance, glance};
use found::Found;
use program::Program;
use resolve::Names;
use sdk::Construct;
use site::Site;
use syntax::Facts;

/// How a Rust file is looked at.
pub(crate) static LANGUAGE: Language<Glance, Facts> =
    Language { name: "rust", is_source: source::is_source, glance, facts: facts::facts };

/// Scans an app written in Rust. Its services are those that `services` has in this language.
pub(crate) fn scan(
    reader: &Reader<'_>,
    app: &App,
    services: &ServiceFiles,
) -> Result<(Manifest, Vec<Diagnostic>), Missing> {
    let tree = reader.tree;
    let manifest =
        Manifest { services: services.in_language(app.language), ..Manifest::new(&app.name, app.language) };
    let mut diagnostics = Vec::new();
    let packages = package::read(tree, &mut diagnostics);
    let files = source::read(reader, &packages, &mut diagnostics)?;
    let folders = manifest.services.iter().map(|service| service.path.clone()).collect();
    let program = Program::new(tree, files, &packages, folders);
    diagnostics.extend(missing_modules(&program));
    diagnostics.extend(lost_services(&program, &manifest));
    let names = Names::new(&program);
    let mut found = Found::new(manifest, diagnostics);
    let sites = site::all(&names);
    for site in &sites {
        site.check(&mut found.diagnostics);
        topic::check_registers(*site, &mut found);
        declare(*site, tree, &mut found);
    }
    for site in &sites {
        declare_referring(*site, &mut found);
    }
    found.note_uses(&names);
    service::note_calls(&names, &mut found);
    topic::report_unstarted(&mut found);
    if names.gave_up() {
        found.diagnostics.push(too_many_names());
    }
    Ok(found.finish())
}

/// What stands for itself.
fn declare(site: Site<'_>, tree: &SourceTree, found: &mut Found) {
    match site.construct {
        Construct::Database => database::declare(site, tree, found),
        Construct::Redis => cache::declare(site, found),
        Construct::Topic { is_ordered } => topic::declare(site, is_ordered, found),
        Construct::Bucket => bucket::declare(site, found),
        Construct::Secret(reach) => secret::declare(site, reach, found),
        Construct::Job => cron_job::declare(site, found),
        Construct::Metric(kind, reach) => metric::declare(site, kind, reach, found),
        Construct::Subscription | Construct::Config(_) => {}
    }
}

/// What refers to other declarations.
fn declare_referring(site: Site<'_>, found: &mut Found) {
    match site.construct {
        Construct::Subscription => topic::declare_subscription(site, found),
        Construct::Config(reach) => config::declare(site, reach, found),
        Construct::Database
        | Construct::Redis
        | Construct::Topic { .. }
        | Construct::Bucket
        | Construct::Secret(_)
        | Construct::Job
        | Construct::Metric(..) => {}
    }
}

/// `mod name;` whose file is nowhere: it may be generated, and then declare anything.
fn missing_modules(program: &Program<'_>) -> Vec<Diagnostic> {
    let report = |(file, module): &(usize, syntax::ModuleFile)| {
        Diagnostic::warning(Code::S0011, format!("module `{}` has no file", module.name))
            .at(&module.at.in_file(program.files[*file].path))
            .note("what it declares and uses is missing from the manifest")
            .help("create the file, or remove the line")
    };
    program.missing.iter().map(report).collect()
}

/// Services whose code is there, and part of no crate: it would be passed over without a word.
fn lost_services(program: &Program<'_>, manifest: &Manifest) -> Vec<Diagnostic> {
    let lost = program.lost.iter().map(|(service, path)| {
        let service = &manifest.services[*service];
        Diagnostic::warning(
            Code::S0011,
            format!("the code of service `{}` is part of no crate", service.name),
        )
        .at(&service.at)
        .note(format!("`{path}` speaks of the SDK, but no `Cargo.toml`, `main.rs` or `lib.rs` leads to it"))
        .help("name the file in `Cargo.toml` as a `[[bin]]` or `[lib]`, or in a `mod` of one that is")
    });
    lost.collect()
}

fn too_many_names() -> Diagnostic {
    Diagnostic::error(Code::S0017, "the names of this app lead to each other in too many ways to be followed")
        .note("what was not looked up is missing from the manifest")
        .help("import names one by one instead of with `*`")
}
