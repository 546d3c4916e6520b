//! What a change of one file makes of the app, without putting all of it together again.
//!
//! A file says something else than before. What the app is made of then changes by what the file itself says, as long as three
//! things are as they were: what other files see of it, what it makes matter, and which services there are. Others see of it
//! the names that it declares, and where one of these has become another, nobody must name it: the files of its own package,
//! read or not, are looked through for it, and of other packages it is known what they name. What matters by it are words
//! that are looked for. Then the file is put together with its package and with those that it names, once as it was and once as
//! it is: the difference is that of the app. Whatever else a change does, all is put together again.

mod shown;
mod world;

use std::collections::BTreeSet;

use schema_documents::manifest::Service;
use serde::{Deserialize, Serialize};

use super::directive::{Directed, Directive};
use super::facts::{Extent, Facts, Import, usual_name};
use super::glance::{Glance, contains_word};
use super::module::{Module, folder_of, is_within};
use super::program::{File, Program};
use super::source::{Read, acts};
use super::{LANGUAGE, WHOLE};
use crate::app::App;
use crate::part::{Before, Part};
use crate::per_file::{Files, Missing, Reader, Words};
use shown::changed_names;

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
