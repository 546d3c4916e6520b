//! What comes of it that a TypeScript file says more than before; see [`crate::grown`].
//!
//! The part of the app that is put together is all files that declare something, and those that the file imports. The others
//! only use what these declare.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::facts::{Export, Facts, Import, Subject, Use};
use super::glance::{Glance, glance};
use super::resolve::{Module, Program, is_below};
use super::source::is_source;
use super::specifier::{Modules, folder_of};
use super::syntax::facts;
use super::{LANGUAGE, link};
use crate::grown::{Growth, MAX_ADDED, MAX_FACTS_BYTES, Scene, has_text};
use crate::known::{Encoded, KnownFile};
use crate::mentions::Mentions;
use crate::moved::Lines;
use crate::parallel;
use crate::per_file::{decode, digest, encode};
use crate::text::apart;
use crate::tree::File;

/// A file was read: its path.
const READ: &str = "read";
/// A file declares something: its path.
const DECLARES: &str = "declares";
/// A file names something of another one: the path of that and the name, `*` for all of it.
const NAMED: &str = "named";

/// What the files of an app say of each other; absent where values go through so many functions that not all are followed.
pub(super) fn mentions(program: &Program<'_>) -> Option<Mentions> {
    if program.has_spent_functions() {
        return None;
    }
    let mut said = Vec::new();
    for (file, module) in program.modules.iter().enumerate() {
        said.push([READ, module.path, ""]);
        if !module.facts.declarations.is_empty() {
            said.push([DECLARES, module.path, ""]);
        }
        said.extend(named(&module.facts).filter_map(|(specifier, name)| {
            let named = program.module(file, specifier)?;
            Some([NAMED, program.modules[named].path, name])
        }));
    }
    Some(Mentions::of(said.into_iter()))
}

/// What a file names of other modules: a module and a name there.
fn named(facts: &Facts) -> impl Iterator<Item = (&str, &str)> {
    let exports = facts.exports.values().filter_map(|export| match export {
        Export::From(import) => Some(import),
        Export::Local(_) => None,
    });
    let imports = facts.imports.values().chain(exports);
    let imports = imports.map(|import| (import.module.as_str(), import.name.as_str()));
    imports.chain(facts.exported_modules.iter().map(|module| (module.as_str(), "*")))
}

/// What comes of it that a file says more; absent where that cannot be told from a part of the app.
pub(crate) fn grown(scene: &Scene<'_>) -> Option<Growth> {
    let look = glance(scene.content);
    let looked: Glance = decode(scene.known.glance(scene.before)?)?;
    let before: Facts = decode(scene.known.facts(&scene.before.digest?)?)?;
    let now = facts(scene.content);
    let is_whole = |facts: &Facts| facts.flaws.is_empty() && facts.left_out.is_empty();
    let speaks = looked.mentions_encore && look.mentions_encore && !before.declarations.is_empty();
    if !speaks || !is_whole(&before) || !is_whole(&now) {
        return None;
    }
    let encoded = Encoded::new(encode(&now));
    if encoded.bytes.len() > MAX_FACTS_BYTES {
        return None;
    }
    let (kept, added) = Added::since(&before, decode(&encoded.bytes)?)?;
    let lines = Lines::between(&before, &kept)?;
    let paths: Vec<&str> = part(scene).collect();
    let from = paths.iter().position(|path| *path == scene.path)?;
    let names = Modules::of_part(&paths, scene.tree);
    let judge = Judge { scene, names: &names, from, kept: &kept, now: &now, added: &added };
    let mentions = judge.is_confined().then(|| judge.mentions(&paths))?;
    let put_together = |facts: Facts| {
        let (program, found) = link(modules(scene, &paths, facts)?, &names, scene.tree, &scene.app);
        Some((program.asked_for(), found))
    };
    let (after, before) = parallel::both(scene.threads, || put_together(now), || put_together(kept));
    let ((asked_for, after), (asked_for_before, before)) = (after?, before?);
    // What is added asks for no file that is not a part.
    if asked_for != asked_for_before {
        return None;
    }
    let digest = digest(LANGUAGE.name, scene.content);
    Some(Growth { lines, before, after, mentions, glance: encode(&look), digest, facts: encoded })
}

/// The files that are put together: those that declare something, and those in the folder of the one that says more.
fn part<'t>(scene: &Scene<'t>) -> impl Iterator<Item = &'t str> {
    let folder = folder_of(scene.path);
    let is_part = move |path: &str, known: &KnownFile| {
        let says = |what| known.digest.is_some() && scene.mentions.hold(&[what, path, ""]);
        says(DECLARES) || folder_of(path) == folder && says(READ)
    };
    let known = |path: &str, file: &File| match file {
        File::Unread(ticket) => scene.known.file((*ticket)?),
        File::Read(..) | File::Named => scene.known.by_path(path),
    };
    let files = scene.tree.readable().filter(|(path, _)| is_source(path));
    files
        .filter(move |(path, file)| {
            *path == scene.path || known(path, file).is_some_and(|file| is_part(path, file))
        })
        .map(|(path, _)| path)
}

/// The files with these paths, of which one has these facts.
fn modules<'t>(scene: &Scene<'t>, paths: &[&'t str], now: Facts) -> Option<Vec<Module<'t>>> {
    let mut now = Some(now);
    let module = |(listed, path): (usize, &&'t str)| {
        let known = scene.known.by_path(path)?;
        let looked: Glance = decode(scene.known.glance(known)?)?;
        let facts = match now.take_if(|_| *path == scene.path) {
            Some(now) => now,
            None => decode(scene.known.facts(&known.digest?)?)?,
        };
        Some(Module { path, listed, mentions_encore: looked.mentions_encore, facts })
    };
    paths.iter().enumerate().map(module).collect()
}

/// What a file says more than before.
#[derive(Default)]
struct Added {
    /// The names that it has at its top level.
    names: BTreeSet<String>,
    /// Everything, encoded.
    encoded: Vec<u8>,
}

impl Added {
    /// What facts say more than others, and these, as they would be without it.
    fn since(before: &Facts, now: Facts) -> Option<(Facts, Self)> {
        let mut added = Self::default();
        let kept_at = added.declarations(before, &now)?;
        let at = |index: usize| kept_at.get(index).copied().flatten();
        let mut uses = Vec::new();
        let mut open = before.uses.iter().peekable();
        for one in now.uses {
            let subject = match &one.subject {
                Subject::Declaration(index) => at(*index).map(Subject::Declaration),
                Subject::Name(name) => Some(Subject::Name(name.clone())),
            };
            let kept = subject.map(|subject| Use { subject, ..one.clone() });
            match kept
                .filter(|kept| open.next_if(|old| without_places(*old) == without_places(kept)).is_some())
            {
                Some(kept) => uses.push(kept),
                None => added.encoded.extend(encode(&one)),
            }
        }
        let mut declarations = now.declarations;
        let mut index = 0..;
        declarations.retain(|_| index.next().and_then(at).is_some());
        let bound = added.names_of(now.bound, &before.bound);
        let bound = bound.into_iter().map(|(name, index)| Some((name, at(index)?))).collect::<Option<_>>()?;
        let kept = Facts {
            imports: added.names_of(now.imports, &before.imports),
            exports: now.exports.into_iter().filter(|(name, _)| before.exports.contains_key(name)).collect(),
            declarations,
            bound,
            values: added.names_of(now.values, &before.values),
            types: added.names_of(now.types, &before.types),
            uses,
            given: added.names_of(now.given, &before.given),
            loaded: now.loaded.intersection(&before.loaded).cloned().collect(),
            exported_modules: now.exported_modules,
            left_out: now.left_out,
            uncalled: now.uncalled,
            flaws: now.flaws,
            asked_whole: now.asked_whole,
        };
        Some((kept, added))
    }

    /// Where each of the declarations was before.
    fn declarations(&mut self, before: &Facts, now: &Facts) -> Option<Vec<Option<usize>>> {
        let (mut kept_at, mut kept) = (Vec::new(), 0);
        for one in &now.declarations {
            let old = before.declarations.get(kept);
            let is_kept = old.is_some_and(|old| without_places(old) == without_places(one));
            kept_at.push(is_kept.then_some(kept));
            kept += usize::from(is_kept);
            if !is_kept {
                self.encoded.extend(encode(one));
            }
        }
        (kept == before.declarations.len()).then_some(kept_at)
    }

    /// What is said of names that were there before.
    fn names_of<T: Serialize>(
        &mut self,
        now: BTreeMap<String, T>,
        before: &BTreeMap<String, T>,
    ) -> BTreeMap<String, T> {
        let is_old = |name: &String, _: &mut T| before.contains_key(name);
        let mut now = now;
        let kept = now.extract_if(.., is_old).collect();
        for (name, one) in now {
            self.encoded.extend(encode(&one));
            self.names.insert(name);
        }
        kept
    }
}

fn without_places(value: &impl Serialize) -> Vec<u8> {
    apart(|| encode(value)).0
}

/// Whether what is added concerns the part alone.
struct Judge<'j, 't> {
    scene: &'j Scene<'t>,
    names: &'j Modules<'t>,
    /// The file, as an index into the part.
    from: usize,
    /// Its facts without what was added, and with it.
    kept: &'j Facts,
    now: &'j Facts,
    added: &'j Added,
}

impl Judge<'_, '_> {
    fn is_confined(&self) -> bool {
        let old_imports = |name: &str| self.kept.imports.contains_key(name);
        let imports = self.now.imports.iter().filter(|(name, _)| !old_imports(name));
        let modules = imports.map(|(_, import)| &import.module).chain(&self.now.loaded);
        self.is_in_service(self.scene.path)
            && modules
                .into_iter()
                .all(|module| self.kept.loaded.contains(module) || self.loads_nothing(module))
            && self.added.names.len() <= MAX_ADDED
            && self.exports_are_new()
            && self.names_are_new()
            && self.leads_to_no_other()
    }

    fn is_in_service(&self, path: &str) -> bool {
        self.scene.services.iter().any(|service| is_below(path, service))
    }

    /// Whether nothing comes of it that a module is loaded: it is none of the app, or is part of a service.
    fn loads_nothing(&self, module: &str) -> bool {
        let Some(found) = self.names.find(self.from, module) else { return true };
        self.names.path(found).is_some_and(|path| self.is_in_service(path))
    }

    /// Whether nobody named before what is exported now.
    fn exports_are_new(&self) -> bool {
        let is_named = |name: &str| self.scene.mentions.hold(&[NAMED, self.scene.path, name]);
        let mut new = self.now.exports.keys().filter(|name| !self.kept.exports.contains_key(*name));
        new.all(|name| !is_named(name) && !is_named("*"))
    }

    /// Whether the file itself did not name before what it has now.
    fn names_are_new(&self) -> bool {
        let said = encode(self.kept);
        self.added.names.iter().all(|name| !has_text(&said, name))
    }

    /// Whether nothing that is added has to do with a file that was read and is not a part.
    fn leads_to_no_other(&self) -> bool {
        let is_other = |import: &Import| {
            let found = self.names.find(self.from, &import.module);
            let path = found.and_then(|found| self.names.path_beyond(found));
            path.is_some_and(|path| self.scene.mentions.hold(&[READ, &path, ""]))
        };
        let imports = self.now.imports.iter().filter(|(_, import)| is_other(import));
        let mut open: Vec<&str> = imports.map(|(name, _)| name.as_str()).collect();
        let mut seen = BTreeSet::new();
        while let Some(name) = open.pop() {
            if !seen.insert(name) {
                continue;
            }
            if seen.len() > MAX_ADDED {
                return false;
            }
            if has_text(&self.added.encoded, name) {
                return false;
            }
            let values = self.now.values.iter().filter(|(_, value)| has_text(&encode(value), name));
            let types = self.now.types.iter().filter(|(_, ty)| has_text(&encode(ty), name));
            open.extend(values.map(|(name, _)| name.as_str()).chain(types.map(|(name, _)| name.as_str())));
        }
        true
    }

    /// What the file names of others of the part.
    fn mentions(&self, paths: &[&str]) -> Mentions {
        let named = named(self.now).filter_map(|(module, name)| {
            let path = *paths.get(self.names.find(self.from, module)?)?;
            Some([NAMED, path, name])
        });
        Mentions::of(named)
    }
}
