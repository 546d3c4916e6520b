//! Which files are read.

use std::collections::BTreeSet;

use compiler_diagnostics::{Code, Diagnostic};

use super::LANGUAGE;
use super::facts::contains_word;
use super::nesting;
use super::package::{Dependency, Package};
use super::program::File;
use super::sdk;
use super::syntax::{Facts, Problem, ProblemKind, ScopeKind};
use crate::per_file::{Missing, Reader, Words};
use crate::service_file::is_foreign;

/// Reads the files that can matter: those that name the SDK, those that have modules in other files, and those that
/// have a name in them under which one of these holds or passes on something.
pub(super) fn read<'t>(
    reader: &Reader<'t>,
    packages: &[Package],
    out: &mut Vec<Diagnostic>,
) -> Result<Vec<File<'t>>, Missing> {
    let sdk_names = sdk_names(packages);
    let sources = reader.sources(&LANGUAGE, |path| !is_foreign(reader.tree, path))?;
    let containing = |files: &[usize], names: &BTreeSet<String>| {
        let words = Words::new(names);
        let asked: Vec<_> = files.iter().map(|file| (*file, &words)).collect();
        sources.contain(&asked, contains_word)
    };
    let all: Vec<usize> = (0..sources.paths.len()).collect();
    let names_sdk = containing(&all, &sdk_names)?;
    let (mut taken, mut rest): (Vec<usize>, Vec<usize>) =
        all.into_iter().partition(|file| names_sdk[*file] || sources.glances[*file].has_modules);
    let mut files = Vec::new();
    let mut names = BTreeSet::new();
    while !taken.is_empty() {
        for (file, facts) in taken.iter().zip(sources.facts(&taken)?) {
            let (path, names_sdk) = (sources.paths[*file], names_sdk[*file]);
            names.extend(names_given(&facts, &sdk_names));
            out.extend(facts.problems.iter().map(|problem| report(path, problem, names_sdk)));
            files.push(File { path, names_sdk, facts });
        }
        let is_reached = containing(&rest, &names)?;
        let pairs = rest.into_iter().zip(is_reached);
        let (reached, others): (Vec<_>, Vec<_>) = pairs.partition(|(_, is_reached)| *is_reached);
        let files = |pairs: Vec<(usize, bool)>| pairs.into_iter().map(|(file, _)| file).collect();
        (taken, rest) = (files(reached), files(others));
    }
    files.sort_by(|a, b| a.path.cmp(b.path));
    Ok(files)
}

/// Whether a path is that of a source file, and not of what was built.
pub(super) fn is_source(path: &str) -> bool {
    path.strip_suffix(".rs").is_some_and(|stem| !stem.split('/').any(|part| part == "target"))
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
