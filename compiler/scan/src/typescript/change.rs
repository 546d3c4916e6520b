//! What a change of one file makes of the app, without putting all of it together again.
//!
//! A file says something else than before. What the app is made of then changes by what the file itself says, as long as three
//! things are as they were: what other files see of it, what it makes matter, and which services there are. The first is
//! known from what others ask of it by name. For the second it is gone on from where the last scan had gone from file to
//! file. Then the file is put together with those that it can see, once as it was and once as it is: the difference is that
//! of the app. Whatever else a change does, all is put together again.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use schema_documents::manifest::{Manifest, Service};
use serde::{Deserialize, Serialize};

use super::construct::Construct;
use super::facts::{Declaration, Export, Facts, Import};
use super::glance::Glance;
use super::resolve::{CLIENTS, Module, Program, Root, is_below};
use super::source::{Importers, Reach, Reached, number};
use super::specifier::Modules;
use super::{LANGUAGE, Linked, Linking, WHOLE, service};
use crate::app::App;
use crate::part::{Before, Part};
use crate::per_file::{Files, Missing, Reader, encode};
use crate::text::apart;
use crate::words::each_text;

/// A file that can see more files than these is put together with all.
const MAX_FILES: usize = 256;

/// Stands for all that a file exports.
const ALL: &str = "*";

/// What is kept of a scan for this.
#[derive(Serialize, Deserialize)]
struct Trail<'b> {
    importers: Cow<'b, Importers>,
    /// How far the scan had gone from file to file.
    read: Vec<u32>,
    giving: Vec<u32>,
    having: Vec<u32>,
    /// The files that were put together, sorted.
    linked: Vec<u32>,
    /// Folders that are services because they are declared as such.
    #[serde(borrow)]
    declared: Vec<&'b str>,
    /// The names that files are asked for, sorted, and by which file, if that is one.
    #[serde(borrow)]
    asked: Vec<(u32, &'b str, Option<u32>)>,
}

impl Trail<'_> {
    /// Whether it can be that of so many files.
    fn is_of(&self, files: usize) -> bool {
        let all = [&self.read, &self.giving, &self.having, &self.linked];
        let mut numbers = all.into_iter().flatten().copied().chain(self.importers.all());
        numbers.all(|number| (number as usize) < files)
    }
}

/// Keeps what is asked for when a file has changed.
pub(super) fn keep_trail(reader: &Reader<'_>, reach: &Reach<'_, '_, '_>, program: &Program<'_>) {
    if program.is_spent() {
        return;
    }
    let mut asked = Vec::new();
    for (file, module) in program.modules.iter().enumerate() {
        for (specifier, name) in asked_by(&module.facts) {
            let by = Some(number(module.listed));
            asked.extend(program.meant(file, specifier).map(|meant| (number(meant), name, by)));
        }
    }
    asked.sort_unstable();
    asked.dedup_by(|(file, name, by), (first_file, first_name, first_by)| {
        let is_same = (*file, *name) == (*first_file, *first_name);
        if is_same && by != first_by {
            *first_by = None;
        }
        is_same
    });
    let is_service = |module: &&Module<'_>| module.facts.declares(Construct::Service);
    let declared = program.modules.iter().filter(is_service).map(Module::folder);
    let numbers = |files: &BTreeSet<usize>| files.iter().copied().map(number).collect();
    let Reached { read, giving, having } = &reach.reached;
    reader.keep_trail(&Trail {
        importers: Cow::Borrowed(&reach.importers),
        read: numbers(read),
        giving: numbers(giving),
        having: numbers(having),
        linked: program.modules.iter().map(|module| number(module.listed)).collect(),
        declared: declared.collect(),
        asked,
    });
}

/// What a file asks others for: the module, and the name there.
fn asked_by(facts: &Facts) -> impl Iterator<Item = (&str, &str)> {
    let exports = facts.exports.values().filter_map(|export| match export {
        Export::From(import) => Some(import),
        Export::Local(_) => None,
    });
    let named = facts.imports.values().chain(exports);
    let named = named.map(|Import { module, name }| (module.as_str(), name.as_str()));
    named.chain(facts.exported_modules.iter().map(|module| (module.as_str(), ALL)))
}

/// The modules that what is in a file may have to do with.
fn seen_by(facts: &Facts) -> impl Iterator<Item = &str> {
    asked_by(facts).map(|(module, _)| module).chain(facts.loaded.iter().map(String::as_str))
}

/// Puts the part of the app together that a change of one file concerns; absent when that may be all of it.
pub(crate) fn part(reader: &Reader<'_>, app: &App, before: &Before<'_>) -> Result<Option<Part>, Missing> {
    let Ok(trail) = postcard::from_bytes::<Trail<'_>>(before.trail) else { return Ok(None) };
    let files = reader.files(&LANGUAGE, |_| true);
    let Ok(file) = files.paths.binary_search(&before.changed) else { return Ok(None) };
    if !trail.is_of(files.paths.len()) {
        return Ok(None);
    }
    let names = Modules::for_few(files.paths.clone(), reader.tree);
    let roots: Vec<Root> = before.manifest.services.iter().map(root).collect();
    let change = Change { files: &files, names: &names, trail: &trail, roots: &roots, file };
    // Nothing was asked of one that did not matter.
    let old = if change.is_linked(file) { files.facts_before(file) } else { Some(Facts::default()) };
    let Some(old) = old else { return Ok(None) };
    let now = now(&files, file, &old)?;
    if !change.is_in_its_place(&old, &now) || !change.shows_the_same(file, &old, &now) {
        return Ok(None);
    }
    let Some(mattering) = change.that_matter_now(now)? else { return Ok(None) };
    let linking = Linking { files: &files, names: &names, tree: reader.tree, app, roots: Some(&roots) };
    change.part(&linking, old, mattering)
}

fn root(service: &Service) -> Root {
    Root { name: service.name.clone(), path: service.path.clone(), at: service.at.clone() }
}

/// The facts of a file that changed, as far as they were asked for before.
fn now(files: &Files<'_, '_, Glance, Facts>, file: usize, old: &Facts) -> Result<Facts, Missing> {
    let language = if old.asked_whole { &WHOLE } else { &LANGUAGE };
    files.facts_by(language, &[file], |_| true)?.pop().ok_or(Missing)
}

/// All that can be seen of a file by the name of an export.
fn shown(facts: &Facts, export: &str) -> Vec<u8> {
    let export = facts.exports.get(export);
    let mut shown = encode(&(export, export.is_none().then_some(&facts.exported_modules)));
    let (mut seen, mut open) = (BTreeSet::new(), Vec::from_iter(export.and_then(Export::local)));
    while let Some(name) = open.pop() {
        if !seen.insert(name) {
            continue;
        }
        let declaration = facts.bound.get(name).map(|index| shown_of(&facts.declarations[*index]));
        let of_name = (
            name,
            facts.imports.get(name),
            declaration,
            facts.values.get(name),
            facts.types.get(name),
            facts.given.get(name),
            facts.left_out.contains(name),
        );
        // What no name holds is found by its place.
        let is_placed = facts.declarations.iter().any(|one| one.bound.is_none());
        let encoded = if is_placed { encode(&of_name) } else { apart(|| encode(&of_name)).0 };
        shown.extend(encoded);
        each_text(&of_name, &mut |text| open.extend(facts.own_name(text)));
    }
    if facts.declarations.iter().any(|one| one.bound.is_none()) {
        shown.extend(encode(&facts.declarations));
    }
    shown
}

/// What others can see of a declaration: what it is, its name, and to what it belongs.
fn shown_of(declaration: &Declaration) -> impl Serialize {
    let Declaration { construct, arguments, bound, in_function, .. } = declaration;
    // An endpoint has the name of its variable.
    let name = arguments.first().filter(|_| !matches!(construct, Construct::Endpoint(_)));
    (construct, name, bound.as_ref().map(|(name, _)| name), in_function)
}

/// Whether something may be about a cluster of caches that is named, and not seen from there: it may be declared anywhere.
fn names_clusters(program: &Program<'_>) -> bool {
    let declares = |construct| program.modules.iter().any(|module| module.facts.declares(construct));
    declares(Construct::NamedCache) && declares(Construct::Keyspace)
}

/// The names of the clusters that are declared.
fn clusters(manifest: &Manifest) -> BTreeSet<&str> {
    manifest.caches.iter().map(|cache| cache.name.as_str()).collect()
}

/// A file that changed.
struct Change<'c, 'r, 't> {
    files: &'c Files<'r, 't, Glance, Facts>,
    names: &'c Modules<'t>,
    trail: &'c Trail<'c>,
    roots: &'c [Root],
    file: usize,
}

/// What matters with the file as it is now.
struct Mattering {
    now: Facts,
    /// Files that did not matter before.
    more: BTreeMap<usize, Facts>,
    reached: Reached,
}

impl Change<'_, '_, '_> {
    /// Whether a file was put together with others before.
    fn is_linked(&self, file: usize) -> bool {
        self.trail.linked.binary_search(&number(file)).is_ok()
    }

    fn is_in_service(&self, file: usize) -> bool {
        self.roots.iter().any(|root| is_below(self.files.paths[file], &root.path))
    }

    /// Whether the change is one within a service, makes none, and changes nothing of what there is once for a service or the
    /// app.
    fn is_in_its_place(&self, old: &Facts, now: &Facts) -> bool {
        let path = self.files.paths[self.file];
        let is_in_declared = self.trail.declared.iter().any(|folder| is_below(path, folder));
        let founding = |facts: &Facts| {
            let first = facts.declarations.iter().find(|one| service::makes_a_service(one.construct));
            encode(&first.filter(|_| !is_in_declared))
        };
        let single = |facts: &Facts| {
            let all: Vec<&Declaration> =
                facts.declarations.iter().filter(|one| one.construct.is_single()).collect();
            let exports = (!all.is_empty()).then_some(&facts.exports);
            encode(&(all, exports))
        };
        self.is_in_service(self.file) && founding(old) == founding(now) && single(old) == single(now)
    }

    /// Whether the others that were put together see the same of a file.
    fn shows_the_same(&self, file: usize, old: &Facts, now: &Facts) -> bool {
        let own = number(self.file);
        let asked_of = |file: u32| self.trail.asked.iter().filter(move |(asked, ..)| *asked == file);
        // What the file itself asks for is what others ask for, when they ask the file.
        let is_asked = asked_of(own).any(|(_, _, by)| *by != Some(own));
        let asked = asked_of(number(file)).filter(|(_, _, by)| is_asked || *by != Some(own));
        let mut names = BTreeSet::new();
        for (_, name, _) in asked {
            if *name == ALL {
                names.extend(old.exports.keys().chain(now.exports.keys()).map(String::as_str));
                if old.exported_modules != now.exported_modules {
                    return false;
                }
            } else {
                names.insert(name);
            }
        }
        names.into_iter().all(|name| shown(old, name) == shown(now, name))
    }

    /// Goes on from where the last scan had gone; absent when it would not go so far any more.
    fn that_matter_now(&self, now: Facts) -> Result<Option<Mattering>, Missing> {
        let files = |numbers: &[u32]| numbers.iter().map(|number| *number as usize).collect();
        let trail = self.trail;
        let mut reached =
            Reached { read: files(&trail.read), giving: files(&trail.giving), having: files(&trail.having) };
        let (was_giving, was_having) =
            (reached.giving.contains(&self.file), reached.having.contains(&self.file));
        let glance = self.files.glance(self.file)?;
        let imported: Vec<usize> =
            glance.specifiers().filter_map(|specifier| self.names.find(self.file, specifier)).collect();
        reached.giving.remove(&self.file);
        reached.having.remove(&self.file);
        let mut reach = Reach::new(self.files, self.names, reached, trail.importers.clone().into_owned());
        reach.take(self.file, now, &imported);
        let (is_giving, is_having) =
            (reach.reached.giving.contains(&self.file), reach.reached.having.contains(&self.file));
        if (was_giving && !is_giving) || (was_having && !is_having) {
            return Ok(None);
        }
        reach.read_the_rest()?;
        let Reach { reached, facts: mut more, .. } = reach;
        let Some(now) = more.remove(&self.file) else { return Ok(None) };
        more.retain(|file, _| !self.is_linked(*file));
        Ok(Some(Mattering { now, more, reached }))
    }

    /// Whether a first look at a file, by which it is found what matters, shows all modules that it names. One that is written
    /// with an escape does not show.
    fn is_plain(&self, file: usize, facts: &Facts) -> Result<bool, Missing> {
        let glance = self.files.glance(file)?;
        let shown: BTreeSet<&str> = glance.specifiers().collect();
        Ok(seen_by(facts).all(|module| shown.contains(module)))
    }

    /// Whether a file that matters for the first time makes no difference to others. One that gets nothing from anybody leads
    /// them nowhere. Of another one nobody must have asked anything, it makes no service, and it runs in no other.
    fn is_new_to_others(&self, file: usize, facts: &Facts, reached: &Reached) -> bool {
        let declares = !facts.declarations.is_empty();
        let has_something = declares
            || reached.having.contains(&file)
            || seen_by(facts).any(|module| module == CLIENTS)
            || self.sees(file, facts).iter().any(|seen| reached.giving.contains(seen));
        let is_new = || self.shows_the_same(file, &Facts::default(), facts);
        !has_something || (!declares && self.is_in_service(file) && is_new())
    }

    /// Puts the file together with all that it can see, as it was and as it is.
    fn part(
        &self,
        linking: &Linking<'_, '_, '_>,
        old: Facts,
        Mattering { now, more, reached }: Mattering,
    ) -> Result<Option<Part>, Missing> {
        let by = [(self.file, &old), (self.file, &now)];
        let by: Vec<_> = by.into_iter().chain(more.iter().map(|(file, facts)| (*file, facts))).collect();
        let Some(others) = self.seen(&by)? else { return Ok(None) };
        let mentions_encore = |file: usize| Ok(self.files.glance(file)?.mentions_encore);
        let mut facts = others;
        if self.is_linked(self.file) {
            facts.insert(self.file, old);
        }
        let before = linking.complete(facts, mentions_encore)?;
        if before.program.is_spent() || names_clusters(&before.program) || !before.asked_for.is_empty() {
            return Ok(None);
        }
        let Linked { program, found: before, .. } = before;
        let mut facts: BTreeMap<usize, Facts> =
            program.modules.into_iter().map(|module| (module.listed, module.facts)).collect();
        let mut changed: BTreeSet<usize> = more.keys().copied().collect();
        changed.insert(self.file);
        facts.insert(self.file, now);
        facts.extend(more);
        let Linked { program, found: now, asked_for } = linking.complete(facts, mentions_encore)?;
        // Whoever names a cluster that is declared for the first time had no place for its keyspaces.
        if program.is_spent() || names_clusters(&program) || clusters(&before.0) != clusters(&now.0) {
            return Ok(None);
        }
        changed.extend(asked_for.into_iter().filter(|file| !self.is_linked(*file)));
        for module in program.modules.iter().filter(|module| changed.contains(&module.listed)) {
            let (file, facts) = (module.listed, &module.facts);
            let is_own = file == self.file;
            if !self.is_plain(file, facts)? || !(is_own || self.is_new_to_others(file, facts, &reached)) {
                return Ok(None);
            }
        }
        let changed = changed.into_iter().map(|file| self.files.paths[file].to_owned()).collect();
        Ok(Some(Part { before, now, changed, fits: |_| true }))
    }

    /// The facts of the files that were read before and that some can see, be it through others; absent when they are many.
    fn seen(&self, by: &[(usize, &Facts)]) -> Result<Option<BTreeMap<usize, Facts>>, Missing> {
        let mut seen: BTreeMap<usize, Facts> = BTreeMap::new();
        let mut open: BTreeSet<usize> = by.iter().flat_map(|(file, facts)| self.sees(*file, facts)).collect();
        while !open.is_empty() {
            open.retain(|file| *file != self.file && self.is_linked(*file) && !seen.contains_key(file));
            let files: Vec<usize> = std::mem::take(&mut open).into_iter().collect();
            if seen.len() + files.len() > MAX_FILES {
                return Ok(None);
            }
            let facts = self.files.facts_by(&LANGUAGE, &files, Facts::are_usual)?;
            for (file, facts) in files.into_iter().zip(facts) {
                open.extend(self.sees(file, &facts));
                seen.insert(file, facts);
            }
        }
        Ok(Some(seen))
    }

    /// The files that one can see.
    fn sees(&self, file: usize, facts: &Facts) -> Vec<usize> {
        seen_by(facts).filter_map(|specifier| self.names.find(file, specifier)).collect()
    }
}
