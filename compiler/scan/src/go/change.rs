//! What a change of one file makes of the app, without putting all of it together again.
//!
//! A file says something else than before. What the app is made of then changes by what the file itself says, as long as three
//! things are as they were: what other files see of it, what it makes matter, and which services there are. Others see of it
//! the names that it declares, and where one of these has become another, nobody must name it: the files of its own package,
//! read or not, are looked through for it, and of other packages it is known what they name. What matters by it are words
//! that are looked for. Then the file is put together with its package and with those that it names, once as it was and once as
//! it is: the difference is that of the app. Whatever else a change does, all is put together again.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashSet;
use schema_documents::manifest::{Manifest, Service};
use serde::{Deserialize, Serialize};

use super::directive::{Directed, Directive};
use super::facts::{Above, Declaration, Extent, Facts, Form, Import, usual_name};
use super::glance::{Glance, contains_word};
use super::module::{Module, folder_of, is_within};
use super::program::{File, Program};
use super::service::{self, Sign};
use super::source::{self, Candidate, Read, acts, imported_names};
use super::wanted::{Wanted, makes_a_service};
use super::{Found, LANGUAGE, WHOLE, database, find, gateway, path, problem};
use crate::app::App;
use crate::part::{Before, Part};
use crate::per_file::{Files, Missing, Reader, Words, encode};
use crate::text::apart;
use crate::words::each_text;

/// A file that has to do with more files than these is put together with all.
const MAX_FILES: usize = 256;

/// How often more files are added to the part.
const MAX_ROUNDS: usize = 8;

/// What is kept of a scan for this.
#[derive(Serialize, Deserialize)]
struct Trail<'b> {
    /// The files that were put together.
    linked: Vec<u32>,
    /// Those among them of which code runs in other services than theirs.
    entered: Vec<u32>,
    /// The packages that may lead to a resource, sorted.
    #[serde(borrow)]
    leading: Vec<&'b str>,
    /// Packages of which everything was read, sorted.
    #[serde(borrow)]
    whole: Vec<&'b str>,
    /// Folders in which something makes a service.
    #[serde(borrow)]
    services: Vec<&'b str>,
    /// The names that packages are asked for by others, sorted.
    #[serde(borrow)]
    asked: Vec<(&'b str, &'b str)>,
}

/// Keeps what is asked for when a file has changed. Names without a dot may be those of any package, and code that runs in
/// services which do not name it depends on all of their endpoints: then nothing is kept.
pub(super) fn keep_trail(
    reader: &Reader<'_>,
    program: &Program<'_>,
    directed: &[Directed<'_>],
    read: &Read<'_>,
) {
    let is_global =
        |each: &Directed<'_>| matches!(&each.directive, Directive::Middleware(about) if about.is_global);
    if directed.iter().any(is_global) || read.files.iter().any(|file| !file.dots.is_empty()) {
        return;
    }
    let numbered = |file: &File<'_>| u32::try_from(file.listed).expect("BUG: a tree has fewer files");
    let files = read.files.iter().enumerate();
    let entered = files.filter(|(index, _)| program.is_entered(*index)).map(|(_, file)| numbered(file));
    let mut leading: Vec<&str> = read.leading.iter().map(String::as_str).collect();
    leading.sort_unstable();
    let mut asked: Vec<(&str, &str)> = program.asked().collect();
    asked.sort_unstable();
    reader.keep_trail(&Trail {
        linked: read.files.iter().map(numbered).collect(),
        entered: entered.collect(),
        leading,
        whole: read.whole.iter().map(String::as_str).collect(),
        services: read.services.iter().map(String::as_str).collect(),
        asked,
    });
}

/// Puts the part of the app together that a change of one file concerns; absent when that may be all of it.
pub(crate) fn part(reader: &Reader<'_>, app: &App, before: &Before<'_>) -> Result<Option<Part>, Missing> {
    let Ok(trail) = postcard::from_bytes::<Trail<'_>>(before.trail) else { return Ok(None) };
    let files = reader.files(&LANGUAGE, |_| true);
    let Ok(file) = files.paths.binary_search(&before.changed) else { return Ok(None) };
    let module = Module::read(reader.tree);
    let package = module.import_path(folder_of(before.changed));
    let services = &before.manifest.services;
    let change = Change { reader, files: &files, module: &module, trail: &trail, services, file, package };
    let Some(pair) = change.pair()? else { return Ok(None) };
    if !change.is_in_its_place(&pair)? {
        return Ok(None);
    }
    change.put_together(app, before.manifest, &pair)
}

/// A file that changed.
struct Change<'c, 'r, 't> {
    reader: &'c Reader<'t>,
    files: &'c Files<'r, 't, Glance, Facts>,
    module: &'c Module,
    trail: &'c Trail<'c>,
    services: &'c [Service],
    file: usize,
    /// The import path of its package.
    package: String,
}

/// The file as it was and as it is; absent where it was or is not put together with others.
struct Pair {
    glances: [Glance; 2],
    facts: [Option<Facts>; 2],
}

impl Change<'_, '_, '_> {
    fn is_linked(&self, file: usize) -> bool {
        u32::try_from(file).is_ok_and(|number| self.trail.linked.binary_search(&number).is_ok())
    }

    fn is_leading(&self, package: &str) -> bool {
        self.trail.leading.binary_search(&package).is_ok()
    }

    fn leads(&self, glance: &Glance) -> bool {
        glance.imports().any(|import| self.is_leading(import))
    }

    /// The file as it was and as it is; absent when it is not known how it was, or how it would be read.
    fn pair(&self) -> Result<Option<Pair>, Missing> {
        let Some(old_glance) = self.files.glance_before(self.file) else { return Ok(None) };
        let glance = self.files.glance(self.file)?;
        let path = self.files.paths[self.file];
        let is_built = |glance: &Glance| self.module.builds(path, glance) && glance.package != "main";
        let is_of_one_package = glance.package == old_glance.package;
        if !is_built(&old_glance)
            || !is_built(&glance)
            || !is_of_one_package
            || !self.is_leading(&self.package)
        {
            return Ok(None);
        }
        let old = if self.is_linked(self.file) {
            let Some(facts) = self.files.facts_before(self.file) else { return Ok(None) };
            Some(facts)
        } else {
            None
        };
        let Some(is_found) = self.is_found()? else { return Ok(None) };
        let is_read = glance.speaks || self.leads(&glance) || is_found;
        let now = if is_read { Some(self.now(old.as_ref(), is_found)?) } else { None };
        // One of which something is left out is looked through for words. It must be known that it was, and for which.
        let (was_open, is_open) = (is_open(old.as_ref()), is_open(now.as_ref()));
        let is_known = was_open && self.leads(&glance) == self.leads(&old_glance);
        if is_open && (!is_known || self.imports_by_surprise(now.as_ref())?) {
            return Ok(None);
        }
        Ok(Some(Pair { glances: [old_glance, glance], facts: [old, now] }))
    }

    /// Whether a word that was looked for is in the file; absent when that has changed.
    fn is_found(&self) -> Result<Option<bool>, Missing> {
        let Some(known) = self.files.known(self.file) else { return Ok(None) };
        for (key, was_there) in known.searches.iter() {
            let Some(words) = self.reader.known.words(&key) else { return Ok(None) };
            let is_there = self.files.contain(&[(self.file, &Words::new(words))], contains_word)?;
            if is_there != [was_there] {
                return Ok(None);
            }
        }
        Ok(Some(known.searches.iter().any(|(_, was_there)| was_there)))
    }

    /// Whether a package that the file imports has another name than its path says.
    fn imports_by_surprise(&self, facts: Option<&Facts>) -> Result<bool, Missing> {
        for import in facts.into_iter().flat_map(|facts| self.own_imports(facts)) {
            let name = if import.name.is_none() { self.name_of(&import.path)? } else { None };
            if name.is_some_and(|name| name != usual_name(&import.path)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn now(&self, old: Option<&Facts>, is_found: bool) -> Result<Facts, Missing> {
        let was_whole = old.is_some_and(|old| old.extent == Extent::AllAskedFor);
        let language = if was_whole || is_found { &WHOLE } else { &LANGUAGE };
        self.files.facts_by(language, &[self.file], |_| true)?.pop().ok_or(Missing)
    }

    /// Whether a change of the file makes no service, nothing else matter, and nothing that others see another.
    fn is_in_its_place(&self, pair: &Pair) -> Result<bool, Missing> {
        let folder = folder_of(self.files.paths[self.file]);
        let number = u32::try_from(self.file).unwrap_or(u32::MAX);
        let is_own = self.is_in_service(folder)
            && self.trail.entered.binary_search(&number).is_err()
            && self.trail.whole.binary_search(&self.package.as_str()).is_err();
        let [old, now] = &pair.facts;
        let acted = old.as_ref().is_some_and(acts);
        let acts = now.as_ref().is_some_and(acts);
        let led = self.leads(&pair.glances[0]);
        let leads = self.leads(&pair.glances[1]);
        if !is_own || (acted && !acts) || (led && !leads) {
            return Ok(false);
        }
        let changed = changed_names(old.as_ref(), now.as_ref());
        let is_asked =
            |name: &String| self.trail.asked.binary_search(&(self.package.as_str(), name.as_str())).is_ok();
        Ok(!changed.iter().any(is_asked) && !self.are_named_in(&self.package, &changed, |_| true)?)
    }

    /// Whether one of these names stands in another file of a package, be it read or not.
    fn are_named_in(
        &self,
        package: &str,
        names: &BTreeSet<String>,
        is_asked: impl Fn(&usize) -> bool,
    ) -> Result<bool, Missing> {
        if names.is_empty() {
            return Ok(false);
        }
        let words = Words::new(names);
        let others = self.in_package(package).filter(|file| *file != self.file).filter(is_asked);
        let asked: Vec<_> = others.map(|file| (file, &words)).collect();
        Ok(self.files.contain(&asked, contains_word)?.into_iter().any(|is_there| is_there))
    }

    /// The files of a package.
    fn in_package(&self, package: &str) -> impl Iterator<Item = usize> {
        let folder = self.module.folder_of(package).map(str::to_owned);
        let paths = &self.files.paths;
        let prefix = folder
            .as_deref()
            .map(|folder| if folder.is_empty() { String::new() } else { format!("{folder}/") });
        let start =
            prefix.as_deref().map_or(paths.len(), |prefix| paths.partition_point(|path| *path < prefix));
        let prefix = prefix.unwrap_or_default();
        let inside = (start..paths.len()).take_while(move |file| paths[*file].starts_with(&prefix));
        inside.filter(move |file| Some(folder_of(paths[*file])) == folder.as_deref())
    }
}

/// Whether there is anything in a file that its facts do not say.
fn is_open(facts: Option<&Facts>) -> bool {
    facts.is_none_or(|facts| facts.extent == Extent::WithoutBodies)
}

/// The names of a package of which a file says something else: what it declares by them, or which methods they have.
fn changed_names(old: Option<&Facts>, now: Option<&Facts>) -> BTreeSet<String> {
    let [mut old, mut now] = [old, now].map(|facts| facts.map(shown).unwrap_or_default());
    let names: BTreeSet<String> = old.keys().chain(now.keys()).cloned().collect();
    names.into_iter().filter(|name| old.remove(name) != now.remove(name)).collect()
}

/// What others can see of a file, by name.
fn shown(facts: &Facts) -> BTreeMap<String, Vec<Vec<u8>>> {
    let mut shown: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for (at, declaration) in facts.declarations.iter().enumerate() {
        let seen = apart(|| seen(facts, at, declaration)).0;
        let receiver = match &declaration.form {
            Form::Function(function) => function.receiver.as_ref().map(|receiver| &receiver.name),
            _ => None,
        };
        for name in declaration.names.iter().chain(receiver).filter(|name| name.text != "_") {
            shown.entry(name.text.to_string()).or_default().push(seen.clone());
        }
    }
    shown
}

/// Whether a word of a directive concerns those who call what stands below.
fn concerns_callers(word: &str) -> bool {
    !word.contains(['=', ':']) && !matches!(word, "public" | "private" | "auth" | "sensitive")
}

/// What others can see of a declaration. What a function does runs in its service, whoever calls it.
fn seen(facts: &Facts, at: usize, declaration: &Declaration) -> Vec<u8> {
    let is_above = |above: Above| above == Above::Declaration(at);
    let directives: Vec<Vec<&str>> = facts
        .directives
        .iter()
        .filter(|directive| is_above(directive.above))
        .map(|directive| directive.text.split_whitespace().filter(|word| concerns_callers(word)).collect())
        .collect();
    if let Form::Function(function) = &declaration.form {
        return encode(&(&declaration.names, &function.receiver, directives));
    }
    let uses: Vec<_> = facts
        .uses
        .iter()
        .filter(|used| used.within == at)
        .map(|used| (&used.path, &used.action, used.role))
        .collect();
    encode(&(declaration, directives, uses))
}

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
    fn put_together(&self, app: &App, whole: &Manifest, pair: &Pair) -> Result<Option<Part>, Missing> {
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
        let imports = pair.glances.iter().flat_map(Glance::imports);
        let imports = imports.filter(|import| self.module.folder_of(import).is_some()).map(str::to_owned);
        imports.chain(std::iter::once(self.package.clone())).collect()
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

    fn is_in_service(&self, folder: &str) -> bool {
        self.services.iter().any(|service| is_within(folder, &service.path))
    }

    fn own_imports<'f>(&self, facts: &'f Facts) -> impl Iterator<Item = &'f Import> {
        facts.imports.iter().filter(|import| self.module.folder_of(&import.path).is_some())
    }

    /// The name of a package.
    fn name_of(&self, package: &str) -> Result<Option<String>, Missing> {
        for file in self.in_package(package) {
            let glance = self.files.glance(file)?;
            if self.module.builds(self.files.paths[file], &glance)
                && !matches!(glance.package.as_str(), "" | "main")
            {
                return Ok(Some(glance.package));
            }
        }
        Ok(None)
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
