//! The scanner for Encore.ts apps.
//!
//! A first look at each file says whether it matters ([`glance`], [`source`], [`specifier`]). Those that do become facts,
//! each from nothing but its bytes ([`syntax`]), and of those that only use something from no more than what can matter of
//! them ([`bodies`], [`shorten`]): what they import, export and declare, and what becomes of the values that
//! they name ([`reference`], [`trace`]). Facts are put together across files ([`resolve`], [`walk`]); then come the
//! declarations of each primitive, those that refer to others second, and at last what is done with them, for which
//! service ([`found`], [`usage`]). Dependencies are not needed and nothing is run: what is not written as a literal is
//! reported, and what cannot be followed by name is allowed and reported.

mod bodies;
mod bucket;
mod cache;
mod change;
mod construct;
mod cron_job;
mod database;
mod facts;
mod found;
mod gateway;
mod glance;
mod hold;
mod literal;
mod metric;
mod nesting;
mod query;
mod reference;
mod resolve;
mod secret;
mod service;
mod shape;
mod shorten;
mod site;
mod source;
mod specifier;
mod syntax;
mod topic;
mod trace;
mod usage;
mod walk;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod trace_tests;

use std::collections::{BTreeMap, BTreeSet};

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::manifest::{Manifest, MetricKind};

use crate::SourceTree;
use crate::app::App;
use crate::per_file::{Files, Language, Missing, Reader};
pub(crate) use change::part;
use construct::Construct;
use facts::{Facts, Flaw, FlawKind};
use found::Found;
use glance::{Glance, glance};
use resolve::{Module, Program, Root};
use site::Site;
pub(crate) use source::is_source;
use specifier::Modules;
use syntax::{facts, whole_facts};

/// How a TypeScript file is looked at.
pub(crate) static LANGUAGE: Language<Glance, Facts> =
    Language { name: "typescript", is_source: source::is_source, glance, facts };

/// How one is looked at when what was left out of its facts is needed.
pub(crate) static WHOLE: Language<Glance, Facts> =
    Language { name: "typescript, whole", is_source: source::is_source, glance, facts: whole_facts };

/// Scans an Encore.ts app.
pub(crate) fn scan(reader: &Reader<'_>, app: &App) -> Result<(Manifest, Vec<Diagnostic>), Missing> {
    let sources = reader.sources(&LANGUAGE, |_| true)?;
    let names = Modules::new(sources.paths.iter().copied(), reader.tree);
    let mut reach = source::that_matter(&sources, &names, reader.threads)?;
    let facts = std::mem::take(&mut reach.facts);
    let linking = Linking { files: &sources, names: &names, tree: reader.tree, app, roots: None };
    let Linked { program, found, .. } =
        linking.complete(facts, |file| Ok(sources.glances[file].mentions_encore))?;
    if reader.learns {
        change::keep_trail(reader, &reach, &program);
    }
    reader.leave(program.modules.into_iter().map(|module| module.facts));
    Ok(found)
}

/// How files are put together.
struct Linking<'l, 'r, 't> {
    files: &'l Files<'r, 't, Glance, Facts>,
    names: &'l Modules<'l>,
    tree: &'l SourceTree,
    app: &'l App,
    /// The services, where they are known.
    roots: Option<&'l [Root]>,
}

/// Files that were put together.
struct Linked<'t> {
    program: Program<'t>,
    found: (Manifest, Vec<Diagnostic>),
    /// The files that turned out to be needed, or to be needed whole.
    asked_for: BTreeSet<usize>,
}

impl<'l> Linking<'l, '_, '_> {
    /// Puts the facts of files together, with those of the files that turn out to be needed.
    fn complete(
        &self,
        mut facts: BTreeMap<usize, Facts>,
        mentions_encore: impl Fn(usize) -> Result<bool, Missing>,
    ) -> Result<Linked<'l>, Missing> {
        let mut asked_for = BTreeSet::new();
        loop {
            let module = |(listed, facts): (usize, Facts)| {
                let (path, mentions_encore) = (self.files.paths[listed], mentions_encore(listed)?);
                Ok(Module { path, listed, mentions_encore, facts })
            };
            let modules = facts.into_iter().map(module).collect::<Result<_, Missing>>()?;
            let (mut program, found) = self.link(modules);
            let [unread, unfinished] = [program.unread(), program.unfinished()].map(Vec::from_iter);
            if unread.is_empty() && unfinished.is_empty() {
                return Ok(Linked { program, found, asked_for });
            }
            asked_for.extend(unread.iter().chain(&unfinished));
            let modules = std::mem::take(&mut program.modules).into_iter();
            facts = modules.map(|module| (module.listed, module.facts)).collect();
            facts.extend(unread.iter().copied().zip(self.files.facts_by(
                &LANGUAGE,
                &unread,
                Facts::are_usual,
            )?));
            let whole = self.files.facts_by(&WHOLE, &unfinished, |facts| facts.left_out.is_empty())?;
            facts.extend(unfinished.into_iter().zip(whole));
        }
    }

    /// Puts the facts of these files together.
    fn link(&self, modules: Vec<Module<'l>>) -> (Program<'l>, (Manifest, Vec<Diagnostic>)) {
        let mut diagnostics = modules.iter().flat_map(flaws).collect();
        let mut program = Program::new(modules, self.names);
        let services = match self.roots {
            Some(roots) => roots.to_vec(),
            None => service::roots(&program, &self.app.name, &mut diagnostics),
        };
        program.set_services(services);
        let mut found = Found::new(&self.app.name, &program.services, diagnostics);
        for site in sites(&program) {
            check_place(site, &mut found);
            declare(site, self.tree, &mut found);
        }
        for site in sites(&program) {
            declare_referring(site, &mut found);
        }
        found.note_uses(&program);
        found.report_uncalled(&program);
        let found = found.finish();
        (program, found)
    }
}

/// What is wrong with the text of a file.
fn flaws(module: &Module<'_>) -> impl Iterator<Item = Diagnostic> {
    let diagnostic = |code, message: String| {
        if module.mentions_encore {
            Diagnostic::error(code, message)
        } else {
            Diagnostic::warning(code, message)
        }
    };
    module.facts.flaws.iter().map(move |Flaw { kind, at }| match kind {
        FlawKind::Syntax(message, help) => {
            diagnostic(Code::S0001, format!("syntax error: {}", lower_first(message)))
                .at(&module.at(*at))
                .note("what this file declares may be missing from the manifest")
                .maybe_help(help.clone())
        }
        FlawKind::TooDeep => diagnostic(Code::S0017, "this file is nested too deep to be read".to_owned())
            .at(&module.at(*at))
            .note(format!(
                "more than {} brackets or {} operators stand within each other here",
                nesting::MAX_BRACKETS,
                nesting::MAX_LINKS
            ))
            .help("take the expression apart, or move generated data into a JSON file"),
    })
}

/// Our messages begin with a small letter and end without a full stop.
fn lower_first(message: &str) -> String {
    let message = message.trim_end_matches('.');
    let mut letters = message.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
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
