//! The scanner for Encore.ts apps.
//!
//! Files become facts ([`source`], [`syntax`]), facts are put together ([`resolve`]), then come the declarations of
//! each primitive, those that refer to others second, and at last who uses them how ([`found`]). Dependencies are not
//! needed and nothing is run: what is not written as a literal, or cannot be followed by name, is reported.

mod alias;
mod bucket;
mod cache;
mod construct;
mod cron_job;
mod database;
mod found;
mod gateway;
mod literal;
mod metric;
mod nesting;
mod resolve;
mod secret;
mod service;
mod shape;
mod site;
mod source;
mod syntax;
mod topic;

#[cfg(test)]
mod tests;

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::manifest::{Manifest, MetricKind};

use crate::SourceTree;
use crate::app::App;
use alias::Aliases;
use construct::Construct;
use found::Found;
use resolve::Program;
use site::Site;

/// Stack of the scanner's thread. Parsing recurses; [`nesting`] bounds how deep, and this is enough for it.
const STACK_BYTES: usize = 256 * 1024 * 1024;

/// Scans an Encore.ts app.
pub(crate) fn scan(tree: &SourceTree, app: &App) -> (Manifest, Vec<Diagnostic>) {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        match thread.spawn_scoped(scope, || scan_here(tree, app)) {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => scan_here(tree, app),
        }
    })
}

fn scan_here(tree: &SourceTree, app: &App) -> (Manifest, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let sources = source::list(tree);
    let aliases = Aliases::read(tree);
    let modules = source::read(&sources, &aliases, &mut diagnostics);
    let mut program = Program::new(modules, aliases);
    program.services = service::roots(&program, &app.name, &mut diagnostics);
    let mut found = Found::new(&app.name, &program.services, diagnostics);
    for site in sites(&program) {
        check_place(site, &mut found);
        declare(site, tree, &mut found);
    }
    for site in sites(&program) {
        declare_referring(site, &mut found);
    }
    found.note_uses(&program);
    found.report_uncalled(&program);
    found.finish()
}

fn sites<'p>(program: &'p Program<'p>) -> impl Iterator<Item = Site<'p>> {
    program.declarations().map(|(key, module, declaration)| Site { program, key, module, declaration })
}

/// What stands for itself.
fn declare(site: Site<'_>, tree: &SourceTree, found: &mut Found) {
    match site.declaration.construct {
        Construct::Endpoint(kind) => service::declare_endpoint(site, kind, found),
        Construct::AuthHandler => gateway::declare_handler(site, found),
        Construct::Database => database::declare(site, tree, found),
        Construct::NamedDatabase => database::declare_named(site, found),
        Construct::Topic => topic::declare(site, found),
        Construct::Bucket => bucket::declare(site, found),
        Construct::NamedBucket => bucket::declare_named(site, found),
        Construct::Cache => cache::declare(site, found),
        Construct::NamedCache => cache::declare_named(site, found),
        Construct::Secret => secret::declare(site, found),
        Construct::Counter => metric::declare(site, MetricKind::Counter, found),
        Construct::Gauge => metric::declare(site, MetricKind::Gauge, found),
        Construct::Service
        | Construct::Gateway
        | Construct::Subscription
        | Construct::Keyspace
        | Construct::CronJob => {}
    }
}

/// What refers to other declarations.
fn declare_referring(site: Site<'_>, found: &mut Found) {
    match site.declaration.construct {
        Construct::Gateway => gateway::declare(site, found),
        Construct::Subscription => topic::declare_subscription(site, found),
        Construct::Keyspace => cache::declare_keyspace(site, found),
        Construct::CronJob => cron_job::declare(site, found),
        _ => {}
    }
}

/// Infrastructure is declared at the top level, and only named elsewhere; [`secret`] and [`service`] have more to say of
/// their own.
fn check_place(site: Site<'_>, found: &mut Found) {
    let may_stand_anywhere = matches!(
        site.declaration.construct,
        Construct::NamedDatabase
            | Construct::NamedBucket
            | Construct::NamedCache
            | Construct::Secret
            | Construct::Service
    );
    if !site.declaration.in_function || may_stand_anywhere {
        return;
    }
    found.diagnostics.push(
        Diagnostic::error(Code::S0005, format!("`{}` cannot be called in a function", site.written()))
            .at(&site.at())
            .note("what an app needs must be known before any of its code runs")
            .help("declare it at the top level of a file"),
    );
}
