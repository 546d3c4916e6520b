//! Which files are read: those whose facts can matter.
//!
//! A file can matter when it speaks of the framework, or names something of the app that may lead to a resource. That
//! is found in rounds. The first reads the files that speak of the framework or import a package that may. The next ones
//! read files beside these that contain a name which turned out to be wanted: a variable that may hold a resource, or
//! a type that a declaration is about. Packages outside of services are read whole, since it matters which of their
//! functions call each other; so are those of a service of which another service calls more than endpoints.
//!
//! Of a file that only uses something the bodies are left out that name nothing imported ([`Extent`]). When one of the
//! words that are wanted is in such a file, it is read again with all of them.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashSet};

use super::WHOLE;
use super::facts::{Extent, Facts, Form, usual_name};
use super::glance::Glance;
use super::module::{Module, folder_of};
use super::program::File;
use super::wanted::{Wanted, makes_a_service};
use crate::parallel;
use crate::per_file::{Language, Missing, Reader, Sources};

/// Packages of the framework that have nothing to do with resources: whoever uses them leads to none.
const HARMLESS: [&str; 5] = [
    "encore.dev/beta/errs",
    "encore.dev/rlog",
    "encore.dev/types/option",
    "encore.dev/types/uuid",
    "encore.dev/et",
];

/// How often files are looked through for more that is wanted.
const MAX_ROUNDS: usize = 16;

/// A file that may be read.
pub(super) struct Candidate<'t, 'g> {
    /// Its index among all sources.
    pub(super) index: usize,
    pub(super) path: &'t str,
    pub(super) package: String,
    pub(super) glance: &'g Glance,
    pub(super) facts: Option<Facts>,
    /// Import paths by the names that they have in it.
    pub(super) imported: HashMap<String, String>,
}

impl Candidate<'_, '_> {
    /// Whether there is anything in the file that its facts do not say.
    pub(super) fn is_open(&self) -> bool {
        self.facts.as_ref().is_none_or(|facts| facts.extent == Extent::WithoutBodies)
    }
}

/// The files that were read, and what made them matter.
pub(super) struct Read<'t> {
    pub(super) files: Vec<File<'t>>,
    /// The packages that may lead to a resource.
    pub(super) leading: HashSet<String>,
    /// The packages of which everything was read.
    pub(super) whole: BTreeSet<String>,
    /// The folders in which something makes a service.
    pub(super) services: BTreeSet<String>,
}

/// Reads the files of an app that can matter, as this language has it, and those with these paths whole.
pub(super) fn read<'t>(
    reader: &Reader<'t>,
    module: &Module,
    language: &'t Language<Glance, Facts>,
    whole: &BTreeSet<String>,
) -> Result<Read<'t>, Missing> {
    let sources = reader.sources(language, |_| true)?;
    let mut candidates = candidates(&sources, module);
    let names = package_names(&candidates);
    read_those(&sources, &mut candidates, &names, |each| each.glance.speaks)?;
    let leading = leading(&candidates);
    let leads = |each: &Candidate<'_, '_>| each.glance.imports().any(|import| leading.contains(import));
    let mut answered = HashMap::default();
    let mut whole_packages = BTreeSet::new();
    for round in 0.. {
        let services = services(&candidates);
        let wanted = Wanted::of(&candidates, &names, &leading, &services, reader.threads);
        let found = wanted.found(&sources, &candidates, &names, leads, &mut answered)?;
        // What takes so many rounds is not worth to be found word by word.
        let all = round == MAX_ROUNDS;
        let is_wanted = |each: &Candidate<'_, '_>| {
            found.contains(&each.index)
                || (all && leading.contains(&each.package))
                || whole.contains(each.path)
        };
        let is_any = read_whole(&sources, &mut candidates, &names, is_wanted)?;
        whole_packages.extend(wanted.whole);
        if all {
            whole_packages.extend(leading.iter().cloned());
        }
        if round == 0 {
            // What is wanted whole is known of most of them by now, so that few are read twice.
            read_those(&sources, &mut candidates, &names, leads)?;
        } else if !is_any || all {
            break;
        }
    }
    let services = services(&candidates);
    let files = candidates.into_iter().filter_map(file).collect();
    Ok(Read { files, leading, whole: whole_packages, services })
}

/// The folders in which something makes a service.
fn services(candidates: &[Candidate<'_, '_>]) -> BTreeSet<String> {
    let services = candidates.iter().filter(|each| each.facts.as_ref().is_some_and(makes_a_service));
    services.map(|each| folder_of(each.path).to_owned()).collect()
}

/// Takes the facts of files that were not read yet.
fn read_those(
    sources: &Sources<'_, '_, Glance, Facts>,
    candidates: &mut [Candidate<'_, '_>],
    names: &BTreeMap<String, String>,
    is_wanted: impl Fn(&Candidate<'_, '_>) -> bool,
) -> Result<(), Missing> {
    let wanted: Vec<_> =
        candidates.iter_mut().filter(|each| each.facts.is_none() && is_wanted(each)).collect();
    let indices: Vec<usize> = wanted.iter().map(|each| each.index).collect();
    // What is wrong in a body is only said of files that are asked for whole, whatever an earlier scan asked for.
    let are_enough = |facts: &Facts| facts.extent != Extent::AllAskedFor || facts.problem.is_none();
    let facts = sources.facts_by(sources.language(), &indices, are_enough)?;
    take(wanted, facts, names, sources.threads());
    Ok(())
}

/// Takes all facts of files of which something is open; says whether there were any.
fn read_whole(
    sources: &Sources<'_, '_, Glance, Facts>,
    candidates: &mut [Candidate<'_, '_>],
    names: &BTreeMap<String, String>,
    is_wanted: impl Fn(&Candidate<'_, '_>) -> bool,
) -> Result<bool, Missing> {
    let wanted: Vec<_> = candidates.iter_mut().filter(|each| each.is_open() && is_wanted(each)).collect();
    let indices: Vec<usize> = wanted.iter().map(|each| each.index).collect();
    let facts = sources.facts_by(&WHOLE, &indices, |facts| facts.extent != Extent::WithoutBodies)?;
    take(wanted, facts, names, sources.threads());
    Ok(!indices.is_empty())
}

fn take(
    candidates: Vec<&mut Candidate<'_, '_>>,
    facts: Vec<Facts>,
    names: &BTreeMap<String, String>,
    threads: usize,
) {
    let imported = parallel::map(&facts, threads, |facts| imported_names(facts, names));
    for ((each, facts), imported) in candidates.into_iter().zip(facts).zip(imported) {
        (each.imported, each.facts) = (imported, Some(facts));
    }
}

fn candidates<'t, 'g>(
    sources: &'g Sources<'_, 't, Glance, Facts>,
    module: &Module,
) -> Vec<Candidate<'t, 'g>> {
    let all = sources.paths.iter().zip(&sources.glances).enumerate();
    let built = all.filter(|(_, (path, glance))| module.builds(path, glance) && glance.package != "main");
    let candidate = |(index, (path, glance)): (usize, (&&'t str, &'g Glance))| Candidate {
        index,
        path,
        package: module.import_path(folder_of(path)),
        glance,
        facts: None,
        imported: HashMap::default(),
    };
    built.map(candidate).collect()
}

/// The names of packages by their import paths.
fn package_names(candidates: &[Candidate<'_, '_>]) -> BTreeMap<String, String> {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut last = "";
    for each in candidates.iter().filter(|each| !each.glance.package.is_empty()) {
        // The files of a package mostly stand together.
        if each.package != last {
            names.entry(each.package.clone()).or_insert_with(|| each.glance.package.clone());
            last = &each.package;
        }
    }
    names
}

/// The packages that may lead to a resource: those that do something with the framework, and those that import one of
/// them, be it through others.
fn leading(candidates: &[Candidate<'_, '_>]) -> HashSet<String> {
    let mut importers: HashMap<&str, Vec<&str>> = HashMap::default();
    for each in candidates {
        for import in each.glance.imports() {
            let packages = importers.entry(import).or_default();
            // The files of a package mostly stand together.
            if packages.last().is_none_or(|last| *last != each.package) {
                packages.push(&each.package);
            }
        }
    }
    let acting = candidates.iter().filter(|each| each.facts.as_ref().is_some_and(acts));
    let mut open: Vec<&str> = acting.map(|each| each.package.as_str()).collect();
    let mut leading = HashSet::default();
    while let Some(package) = open.pop() {
        if leading.insert(package.to_owned()) {
            open.extend(importers.get(package).into_iter().flatten());
        }
    }
    leading
}

/// Whether a file does more than to mention the framework.
pub(super) fn acts(facts: &Facts) -> bool {
    let is_of_framework = |path: &str| path.starts_with("encore.dev/") && !HARMLESS.contains(&path);
    let is_secrets = |form: &Form| matches!(form, Form::Variable(Some(_)));
    facts.problem.is_some()
        || !facts.directives.is_empty()
        || facts.imports.iter().any(|import| is_of_framework(&import.path))
        || facts.declarations.iter().any(|declaration| is_secrets(&declaration.form))
}

/// A file that is part of the app, if it was read.
pub(super) fn file<'t>(candidate: Candidate<'t, '_>) -> Option<File<'t>> {
    let facts = candidate.facts?;
    if facts.package == "main" {
        return None;
    }
    let dots = facts.imports.iter().filter(|import| import.name.as_deref() == Some("."));
    Some(File {
        listed: candidate.index,
        path: candidate.path,
        folder: folder_of(candidate.path),
        import_path: candidate.package,
        speaks: candidate.glance.speaks,
        names: candidate.imported,
        dots: dots.map(|import| import.path.clone()).collect(),
        facts,
    })
}

/// Import paths by the names that they have in a file.
pub(super) fn imported_names(facts: &Facts, names: &BTreeMap<String, String>) -> HashMap<String, String> {
    let mut imported = HashMap::default();
    for import in &facts.imports {
        let name = match import.name.as_deref() {
            Some("_" | ".") => continue,
            Some(name) => name,
            None => names.get(&import.path).map_or_else(|| usual_name(&import.path), String::as_str),
        };
        imported.insert(name.to_owned(), import.path.clone());
    }
    imported
}
