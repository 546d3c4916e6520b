//! What comes of it that a Go file says more than before; see [`crate::grown`].
//!
//! The part of the app that is put together is all files that speak of the framework, and those of the file's own package.
//! The others only use what these declare.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashMap;

use super::confined::{Added, Judge, Said, said_in_package};
use super::facts::{Extent, Facts, facts};
use super::glance::{Glance, glance};
use super::module::{Module, folder_of, is_source};
use super::program::File;
use super::source::{acts, imported_names};
use super::{LANGUAGE, link};
use crate::grown::{Growth, MAX_FACTS_BYTES, Part, Scene};
use crate::known::{Encoded, Known, KnownFile};
use crate::moved::Lines;
use crate::parallel;
use crate::per_file::{Reader, decode, digest, encode};
use crate::{SourceTree, tree};

/// The files that have to be looked through for the names that a file may give: those of its package of which not
/// everything is known.
pub(crate) fn wants(tree: &SourceTree, known: &Known, path: &str) -> Vec<String> {
    let beside = tree.in_folder(folder_of(path)).filter(|(other, _)| is_source(other) && *other != path);
    let is_unread = |file: &tree::File| match file {
        tree::File::Unread(Some(ticket)) => !known.file(*ticket).is_some_and(|file| speaks(known, file)),
        tree::File::Unread(None) => true,
        tree::File::Read(..) | tree::File::Named => false,
    };
    beside.filter(|(_, file)| is_unread(file)).map(|(path, _)| path.to_owned()).collect()
}

fn speaks(known: &Known, file: &KnownFile) -> bool {
    known.glance(file).and_then(Glance::speaks_in).unwrap_or(false)
}

/// What comes of it that a file says more; absent where that cannot be told from a part of the app.
pub(crate) fn grown(scene: &Scene<'_>) -> Option<Growth> {
    let look = glance(scene.content);
    let looked: Glance = decode(scene.known.glance(scene.before)?)?;
    let before: Facts = decode(scene.known.facts(&scene.before.digest?)?)?;
    let now = facts(scene.content);
    let is_whole = |facts: &Facts| facts.extent == Extent::All && facts.problem.is_none();
    if !looked.is_like(&look) || !look.speaks || !is_whole(&before) || !is_whole(&now) || !acts(&before) {
        return None;
    }
    let encoded = Encoded::new(encode(&now));
    if encoded.bytes.len() > MAX_FACTS_BYTES {
        return None;
    }
    let (kept, added) = Added::since(&before, &now)?;
    let lines = Lines::between(&before, &kept)?;
    let module = Module::read(scene.tree);
    let at = |files: &[File<'_>]| files.iter().position(|file| file.path == scene.path);
    let as_it_is = || {
        let files = files(scene, &module, now)?;
        let file = &files[at(&files)?];
        let said = said_in_package(&files, file, &kept);
        let judge = Judge { scene, module: &module, files: &files, file, kept: &kept, added: &added, said };
        Some((judge.is_confined()?, put_together(scene, &module, &files)?))
    };
    let as_it_was = || put_together(scene, &module, &files(scene, &module, kept.clone())?);
    let (after, before) = parallel::both(scene.threads, as_it_is, as_it_was);
    let ((mentions, after), before) = (after?, before?);
    let digest = digest(LANGUAGE.name, scene.content);
    Some(Growth { lines, before, after, mentions, glance: encode(&look), digest, facts: encoded })
}

fn put_together(scene: &Scene<'_>, module: &Module, files: &[File<'_>]) -> Option<Part> {
    // There is little to do, and another thread does the same.
    let reader = Reader::new(scene.tree, scene.known, 1, false);
    let found = link(&reader, &scene.app, module, files).ok()?;
    Some((found.manifest, found.diagnostics))
}

/// The files that are put together, of which the one that says more has these facts.
fn files<'t>(scene: &Scene<'t>, module: &Module, facts: Facts) -> Option<Vec<File<'t>>> {
    let mut files = part(scene, module)?;
    let at = files.partition_point(|file| file.path < scene.path);
    files.insert(at, file(scene, module, scene.path, true, facts)?);
    let names = names(scene, module, &files);
    for file in &mut files {
        file.names = imported_names(&file.facts, &names);
    }
    Some(files)
}

/// Those besides the one that says more.
fn part<'t>(scene: &Scene<'t>, module: &Module) -> Option<Vec<File<'t>>> {
    let folder = folder_of(scene.path);
    let mut files = Vec::new();
    for (path, one) in scene.tree.readable().filter(|(path, _)| is_source(path) && *path != scene.path) {
        let known = match one {
            tree::File::Unread(ticket) => scene.known.file((*ticket)?)?,
            _ => scene.known.by_path(path)?,
        };
        let Some(digest) = known.digest else { continue };
        let speaks = speaks(scene.known, known);
        let is_part =
            speaks || folder_of(path) == folder && scene.mentions.hold(&[Said::Read.tag(), path, "", ""]);
        if is_part {
            files.extend(file(scene, module, path, speaks, decode(scene.known.facts(&digest)?)?));
        }
    }
    Some(files)
}

/// A file with its facts; absent when it is not part of the app.
fn file<'t>(
    scene: &Scene<'t>,
    module: &Module,
    path: &'t str,
    speaks: bool,
    facts: Facts,
) -> Option<File<'t>> {
    let looked: Glance = decode(scene.known.glance(scene.known.by_path(path)?)?)?;
    if !module.builds(path, &looked) || looked.package == "main" || facts.package == "main" {
        return None;
    }
    let dots = facts.imports.iter().filter(|import| import.name.as_deref() == Some("."));
    Some(File {
        path,
        folder: folder_of(path),
        import_path: module.import_path(folder_of(path)),
        speaks,
        names: HashMap::default(),
        dots: dots.map(|import| import.path.clone()).collect(),
        facts,
    })
}

/// The names of the packages that files import, by their import paths.
fn names(scene: &Scene<'_>, module: &Module, files: &[File<'_>]) -> BTreeMap<String, String> {
    let imports = files.iter().flat_map(|file| &file.facts.imports);
    let paths: BTreeSet<&str> = imports.map(|import| import.path.as_str()).collect();
    let name = |path: &&str| {
        let mut files = scene.tree.in_folder(module.folder_of(path)?).filter(|(path, _)| is_source(path));
        files.find_map(|(path, _)| {
            let looked: Glance = decode(scene.known.glance(scene.known.by_path(path)?)?)?;
            let counts = module.builds(path, &looked) && !matches!(looked.package.as_str(), "main" | "");
            counts.then_some(looked.package)
        })
    };
    paths.iter().filter_map(|path| Some(((*path).to_owned(), name(path)?))).collect()
}
