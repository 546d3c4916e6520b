//! A part of the app, put together as it was and as it is.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashSet;
use schema_documents::manifest::Manifest;

use super::{Change, Pair, is_open};
use crate::app::App;
use crate::go::facts::{Facts, Form, usual_name};
use crate::go::glance::Glance;
use crate::go::module::folder_of;
use crate::go::program::{File, Program};
use crate::go::service::{self, Sign};
use crate::go::source::{self, Candidate, imported_names};
use crate::go::wanted::{Wanted, makes_a_service};
use crate::go::{Found, database, find, gateway, path, problem};
use crate::part::Part;
use crate::per_file::Missing;
use crate::words::each_text;

/// A file that has to do with more files than these is put together with all.
const MAX_FILES: usize = 256;

/// How often more files are added to the part.
const MAX_ROUNDS: usize = 8;

/// The files of a part.
type Seen = BTreeMap<usize, (Glance, Facts)>;

/// Files that are put together.
struct World<'t> {
    files: Vec<File<'t>>,
    wanted: Wanted,
    makes_a_service: bool,
}

/// What was found in one.
struct Linked {
    found: Found,
    sign: Option<Sign>,
    /// The files outside of the service of the file that run in it.
    run: BTreeSet<usize>,
}

impl<'t> Change<'_, '_, 't> {
    /// Puts the file together with all that it has to do with, as it was and as it is.
    pub(super) fn put_together(
        &self,
        app: &App,
        whole: &Manifest,
        pair: &Pair,
    ) -> Result<Option<Part>, Missing> {
        let mut part = Seen::new();
        let mut open: BTreeSet<String> = self.named_by(pair);
        for _ in 0..MAX_ROUNDS {
            if !self.add(open, &mut part)? {
                return Ok(None);
            }
            let [before, now] = [0, 1].map(|which| self.world(&part, pair, which));
            let (before, now) = (before?, now?);
            if !self.is_as_wanted(&part, &before, &now, pair)? {
                return Ok(None);
            }
            let Some(before) = self.link(app, whole, &before, None) else { return Ok(None) };
            let Some(now) = self.link(app, whole, &now, before.sign.as_ref()) else { return Ok(None) };
            open = self.not_seen(&(&before.run | &now.run), &part);
            if open.is_empty() {
                return Ok(told(self.files.paths[self.file], before, now));
            }
        }
        Ok(None)
    }

    /// The packages of the app that a file has to do with.
    fn named_by(&self, pair: &Pair) -> BTreeSet<String> {
        let imports = pair.facts.iter().flatten().flat_map(|facts| self.own_imports(facts));
        imports.map(|import| &import.path).chain([&self.package]).cloned().collect()
    }

    /// Adds the files of packages, with those of which the values of their variables and their types are made; says whether
    /// that are few.
    fn add(&self, mut open: BTreeSet<String>, part: &mut Seen) -> Result<bool, Missing> {
        while let Some(package) = open.pop_first() {
            let files = self.missing(&package, part);
            if part.len() + files.len() > MAX_FILES {
                return Ok(false);
            }
            for file in files {
                let Some(facts) = self.files.facts_before(file) else { return Ok(false) };
                open.extend(self.made_of(file, &facts)?);
                part.insert(file, (self.files.glance(file)?, facts));
            }
        }
        Ok(true)
    }

    /// The files of a package that were put together before and are not in the part.
    fn missing(&self, package: &str, part: &Seen) -> Vec<usize> {
        let is_new = |file: &usize| *file != self.file && self.is_linked(*file) && !part.contains_key(file);
        self.in_package(package).filter(is_new).collect()
    }

    /// The packages of the app of which variables and types of a file are made. Outside of services, it is all that the file
    /// imports: what these do when they are loaded runs in the services.
    fn made_of(&self, file: usize, facts: &Facts) -> Result<BTreeSet<String>, Missing> {
        let is_shared = !self.is_in_service(folder_of(self.files.paths[file]));
        let mut words = BTreeSet::new();
        let mut take = |text: &str| {
            words.insert(text.to_owned());
        };
        let is_function =
            |at: usize| facts.declarations.get(at).is_some_and(|one| matches!(one.form, Form::Function(_)));
        let declared = facts.declarations.iter().enumerate();
        declared.filter(|(at, _)| !is_function(*at)).for_each(|(_, one)| each_text(one, &mut take));
        let uses = facts.uses.iter().filter(|used| !is_function(used.within));
        uses.for_each(|used| each_text(used, &mut take));
        let mut made_of = BTreeSet::new();
        for import in self.own_imports(facts) {
            let name = match &import.name {
                Some(name) => name.clone(),
                None => self.name_of(&import.path)?.unwrap_or_else(|| usual_name(&import.path).to_owned()),
            };
            if is_shared || words.contains(&name) {
                made_of.insert(import.path.clone());
            }
        }
        Ok(made_of)
    }

    /// The files of the part with that which changed, as it was or as it is.
    fn world(&self, part: &Seen, pair: &Pair, which: usize) -> Result<World<'t>, Missing> {
        let mut all: BTreeMap<usize, (&Glance, &Facts)> =
            part.iter().map(|(file, (glance, facts))| (*file, (glance, facts))).collect();
        if let Some(facts) = &pair.facts[which] {
            all.insert(self.file, (&pair.glances[which], facts));
        }
        let imports = all.values().flat_map(|(_, facts)| self.own_imports(facts)).map(|import| &import.path);
        let mut names = BTreeMap::new();
        for package in imports.chain([&self.package]) {
            if !names.contains_key(package)
                && let Some(name) = self.name_of(package)?
            {
                names.insert(package.clone(), name);
            }
        }
        let candidate = |(index, (glance, facts))| {
            let path = self.files.paths[index];
            let (package, imported) =
                (self.module.import_path(folder_of(path)), imported_names(facts, &names));
            Candidate { index, path, package, glance, facts: Some(Facts::clone(facts)), imported }
        };
        let candidates: Vec<_> = all.into_iter().map(candidate).collect();
        let leading: HashSet<String> =
            self.trail.leading.iter().map(|package| (*package).to_owned()).collect();
        let of_package = candidates.iter().filter(|each| each.package == self.package);
        let makes_a_service = of_package.filter_map(|each| each.facts.as_ref()).any(makes_a_service);
        let services: BTreeSet<String> =
            self.trail.services.iter().map(|folder| (*folder).to_owned()).collect();
        let wanted = Wanted::of(&candidates, &names, &leading, &services, 1);
        let files = candidates.into_iter().filter_map(source::file).collect();
        Ok(World { files, wanted, makes_a_service })
    }

    /// Whether what is looked for is as it was, but for words that stand nowhere. One that is looked for now may stand in
    /// another package's files of which all is known.
    fn is_as_wanted(
        &self,
        part: &Seen,
        before: &World<'_>,
        now: &World<'_>,
        pair: &Pair,
    ) -> Result<bool, Missing> {
        let differences = now.wanted.more_than(&before.wanted).zip(before.wanted.more_than(&now.wanted));
        let Some((more, less)) = differences else { return Ok(false) };
        let is_own = more.contains_key(&self.package) || less.contains_key(&self.package);
        if before.makes_a_service != now.makes_a_service || (is_open(pair.facts[1].as_ref()) && is_own) {
            return Ok(false);
        }
        for (package, words) in less.iter().chain(&more) {
            let is_more = package != &self.package && !less.contains_key(package);
            let is_asked = |file: &usize| !is_more || is_open(part.get(file).map(|(_, facts)| facts));
            if self.are_named_in(package, words, is_asked)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Puts files together; what makes the folder of the file a service may have moved.
    fn link(&self, app: &App, whole: &Manifest, world: &World<'_>, moved: Option<&Sign>) -> Option<Linked> {
        let (files, folder) = (&world.files, folder_of(self.files.paths[self.file]));
        let mut program = Program::new(self.reader.tree, self.module, files);
        let mut found = Found::new(app, files.iter().filter_map(problem).collect());
        let directed = service::directives(&program, &mut found);
        let sign = service::signs(&program, &directed).remove(folder);
        let mut services = whole.services.clone();
        for service in services.iter_mut().filter(|service| service.path == folder) {
            if let (Some(sign), Some(_)) = (&sign, moved.filter(|moved| moved.at == service.at)) {
                service.at = sign.at.clone();
            }
        }
        let roots = service::known_roots(&services, &mut found);
        find(&mut program, &directed, roots, 1, &mut found).ok()?;
        // Which database is meant without being named depends on all that there are.
        if database::package_level_sites(&program).next().is_some() {
            return None;
        }
        if whole.auth_handler.is_none() {
            gateway::check_access(&program, &directed, &mut found);
        }
        let own = program.service_of(folder)?;
        let is_run = |(index, file): &(usize, &File<'_>)| {
            program.service_of(file.folder) != Some(own) && program.runs_in(*index, own)
        };
        let run = files.iter().enumerate().filter(is_run).map(|(_, file)| file.listed).collect();
        Some(Linked { found, sign, run })
    }

    /// The packages that code which runs in the service of the file has to do with, as far as they are not in the part.
    fn not_seen(&self, run: &BTreeSet<usize>, part: &Seen) -> BTreeSet<String> {
        let facts = run.iter().filter_map(|file| part.get(file));
        let imports = facts.flat_map(|(_, facts)| self.own_imports(facts)).map(|import| &import.path);
        imports.filter(|package| !self.missing(package, part).is_empty()).cloned().collect()
    }
}

/// The part, if all that it says of the file is also true of the whole.
fn told(file: &str, before: Linked, now: Linked) -> Option<Part> {
    let databases = |linked: &Linked| -> BTreeSet<(String, Option<String>)> {
        let databases = linked.found.manifest.databases.iter();
        databases.map(|one| (one.name.clone(), one.migrations_path.clone())).collect()
    };
    let tags = |linked: &Linked| -> BTreeSet<String> {
        let endpoints = linked.found.manifest.services.iter().flat_map(|service| &service.endpoints);
        endpoints.filter(|one| one.at.file == file).flat_map(|one| one.tags.clone()).collect()
    };
    let bound = |linked: &Linked| -> Vec<BTreeSet<String>> {
        let services = linked.found.manifest.services.iter();
        services.map(|service| service.binds.databases.iter().cloned().collect()).collect()
    };
    // Databases are named by whoever wants to, or meant by whoever does not name them, and middleware names tags.
    let is_one_sign = match (&before.sign, &now.sign) {
        (Some(before), Some(now)) => {
            before == now || (before.is_like(now) && before.at.file == file && now.at.file == file)
        }
        (before, now) => before == now,
    };
    let is_told = is_one_sign
        && databases(&before) == databases(&now)
        && bound(&before) == bound(&now)
        && tags(&before).is_subset(&tags(&now));
    let said = |linked: Linked| (linked.found.manifest, linked.found.diagnostics);
    is_told.then(|| Part {
        before: said(before),
        now: said(now),
        changed: [file.to_owned()].into(),
        fits: |whole| !path::may_conflict(whole),
    })
}
