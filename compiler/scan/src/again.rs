//! Whether a scan would find what the last one found.
//!
//! A scan depends on the names of files, on the configuration, and on what is found in each source file. When all of
//! that is the same, so is the manifest, and nothing has to be put together again.

use schema_documents::manifest::Manifest;

use crate::known::{Digest, Known, Outcome};
use crate::per_file::is_the_same;
use crate::tree::{File, Part};
use crate::{SourceTree, go, typescript};

/// What the last scan found, if this one would find the same; not looked into when more than so many files were touched.
pub(crate) fn same_manifest(tree: &SourceTree, known: &Known, max_touched: usize) -> Option<Manifest> {
    let Outcome { context, manifest } = known.outcome()?;
    let is_source = |path: &str| matches!(Part::of(path), Part::Source(_));
    let touched = || {
        let read = tree.files().filter(|(path, _)| is_source(path));
        read.take(max_touched + 1)
    };
    let is_same = |(path, content): (&str, &[u8])| is_as_before(path, content, known);
    if touched().count() > max_touched || !touched().all(is_same) || self::context(tree) != *context {
        return None;
    }
    serde_json::from_slice(manifest).ok()
}

/// What is worth keeping of a whole scan: a manifest, if there is nothing to say about it.
pub(crate) fn outcome(tree: &SourceTree, manifest: Option<&Manifest>, is_clean: bool) -> Option<Outcome> {
    let manifest = serde_json::to_vec(manifest.filter(|_| is_clean)?).ok()?;
    Some(Outcome { context: context(tree), manifest })
}

fn is_as_before(path: &str, content: &[u8], known: &Known) -> bool {
    let Some(before) = known.by_path(path) else { return false };
    match Part::of(path) {
        Part::Source("go") => is_the_same(&go::LANGUAGE, content, before, known, go::contains_word),
        Part::Source("ts") => is_the_same(&typescript::LANGUAGE, content, before, known, |_, _| false),
        _ => false,
    }
}

/// The digest of all that a scan depends on, other than what is in source files.
fn context(tree: &SourceTree) -> Digest {
    let mut hasher = blake3::Hasher::new();
    let mut add = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    };
    add(tree.name.as_bytes());
    add(tree.excess.as_deref().unwrap_or_default().as_bytes());
    for (path, file) in tree.all() {
        add(path.as_bytes());
        match file {
            File::Read(content) if configures_code(path) => add(content),
            _ => {}
        }
    }
    for (path, reason) in &tree.unreadable {
        add(path.as_bytes());
        add(reason.as_bytes());
    }
    tree.other_apps().for_each(|folder| add(folder.as_bytes()));
    *hasher.finalize().as_bytes()
}

/// Whether a file says something about code, and not only about environments.
fn configures_code(path: &str) -> bool {
    Part::of(path) == Part::Configuration && !path.starts_with("environments/")
}
