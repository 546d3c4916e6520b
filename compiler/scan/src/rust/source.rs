//! Which files are read.

use std::collections::BTreeSet;

use compiler_diagnostics::{Code, Diagnostic};

use super::facts::{facts, glance, words};
use super::nesting;
use super::package::{Dependency, Package};
use super::program::File;
use super::sdk;
use super::syntax::{Facts, Problem, ProblemKind, ScopeKind};
use crate::SourceTree;
use crate::service_file::is_foreign;

/// Reads the files that can matter: those that name the SDK, those that have modules in other files, and those that
/// have a name in them under which one of these holds or passes on something.
pub(super) fn read<'t>(
    tree: &'t SourceTree,
    packages: &[Package],
    out: &mut Vec<Diagnostic>,
) -> Vec<File<'t>> {
    let sdk_names = sdk_names(packages);
    let sources = tree.files().filter(|(path, _)| is_source(tree, path));
    let sources = sources.map(|(path, bytes)| (path, bytes, glance(bytes, &sdk_names)));
    let (mut taken, mut rest): (Vec<_>, Vec<_>) =
        sources.partition(|(_, _, glance)| glance.names_sdk || glance.has_modules);
    let mut files = Vec::new();
    let mut names = BTreeSet::new();
    while !taken.is_empty() {
        for (path, bytes, glance) in taken.drain(..) {
            let facts = facts(bytes);
            names.extend(names_given(&facts, &sdk_names));
            out.extend(facts.problems.iter().map(|problem| report(path, problem, glance.names_sdk)));
            files.push(File { path, names_sdk: glance.names_sdk, facts });
        }
        let is_reached = |bytes: &[u8]| {
            words(bytes).any(|word| std::str::from_utf8(word).is_ok_and(|word| names.contains(word)))
        };
        taken.extend(rest.extract_if(.., |(_, bytes, _)| is_reached(bytes)));
    }
    files.sort_by(|a, b| a.path.cmp(b.path));
    files
}

fn is_source(tree: &SourceTree, path: &str) -> bool {
    let is_rust = path.rsplit_once('.').is_some_and(|(_, ending)| ending == "rs");
    let is_built = path.split('/').any(|part| part == "target");
    is_rust && !is_built && !is_foreign(tree, path)
}

/// The names under which the packages of the app know the SDK.
fn sdk_names(packages: &[Package]) -> BTreeSet<String> {
    let dependencies = packages.iter().flat_map(|package| &package.dependencies);
    let names = dependencies.filter(|(_, dependency)| **dependency == Dependency::Sdk);
    names.map(|(name, _)| name.clone()).chain([sdk::CRATE.to_owned()]).collect()
}

/// The names by which other files can get at what a file holds or passes on.
fn names_given(facts: &Facts, sdk_names: &BTreeSet<String>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for scope in facts.scopes.iter().filter(|scope| scope.kind != ScopeKind::Block) {
        names.extend(scope.bindings.iter().map(|binding| binding.name.clone()));
        names.extend(scope.types.iter().filter(|one| one.is_alias).map(|one| one.name.clone()));
        for import in &scope.imports {
            let is_of_sdk = import.path.iter().any(|part| sdk_names.contains(part));
            match &import.name {
                Some(name) if is_of_sdk || import.path.last() != Some(name) => {
                    names.insert(name.clone());
                }
                None if is_of_sdk => names.extend(sdk::TYPES.map(str::to_owned)),
                _ => {}
            }
        }
    }
    names
}

/// What keeps a file from being read is an error only where the file may declare something.
fn report(path: &str, problem: &Problem, names_sdk: bool) -> Diagnostic {
    let code = match problem.kind {
        ProblemKind::NotText | ProblemKind::Syntax => Code::S0001,
        ProblemKind::TooDeep => Code::S0017,
    };
    let report = if names_sdk { Diagnostic::error } else { Diagnostic::warning };
    let report = report(code, problem.message.clone()).at(&problem.at.in_file(path));
    match problem.kind {
        ProblemKind::TooDeep => report
            .note(format!(
                "more than {} brackets or {} operators stand within each other here",
                nesting::MAX_BRACKETS,
                nesting::MAX_LINKS
            ))
            .help("take the expression apart, or move generated data into a file of its own"),
        ProblemKind::NotText | ProblemKind::Syntax => report
            .note("what this part of the file declares may be missing from the manifest")
            .help("make the file compile: `cargo check` says more"),
    }
}
