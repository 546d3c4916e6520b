//! The rim of the scanner: files come in here, and what is worth keeping of a scan goes to its cache.
//!
//! No file is read twice in a scan, and none that an earlier scan knows and that was not touched since is read at all,
//! unless something about another file makes it matter for the first time.

mod cache;
mod file;
mod folder;
mod jobs;
mod kept;
mod pieces;
mod rules;
mod walk;
pub mod yardstick;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use compiler_diagnostics::Diagnostic;
use schema_documents::manifest::Manifest;

use crate::SourceTree;
use crate::again::{self, Again};
use crate::fetched::Fetched;
use crate::known::Known;
use crate::on_a_large_stack;
use crate::parallel;
use crate::part;
use crate::per_file::Left;

pub use cache::usual_folder as usual_cache;

/// How a folder is scanned.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder for what is kept from scan to scan; nothing is kept without one.
    pub cache: Option<PathBuf>,
    /// Nothing is kept of apps with fewer source files: they are scanned in less time than the cache takes.
    pub keep_from_files: usize,
    /// How many threads work on it.
    pub threads: usize,
}

impl Default for Options {
    /// All processors, and nothing is kept.
    fn default() -> Self {
        Self { cache: None, keep_from_files: 256, threads: parallel::usual_threads() }
    }
}

/// A scanned folder.
#[derive(Debug)]
pub struct Scanned {
    /// The files: those whose content a later stage or a diagnostic needs have it.
    pub tree: SourceTree,
    /// What was found; see [`scan`](crate::scan()).
    pub manifest: Option<Manifest>,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// How many files were read.
    pub files_read: usize,
    /// How many of them had to be parsed.
    pub files_parsed: usize,
}

/// Scans the app in a folder. Fails only when the folder itself cannot be read.
pub fn scan(root: &Path, options: &Options) -> std::io::Result<Scanned> {
    scan_at(root, options, SystemTime::now())
}

/// Scans the app in a folder, at a time that is now.
fn scan_at(root: &Path, options: &Options, began: SystemTime) -> std::io::Result<Scanned> {
    on_a_large_stack(|| scan_here(root, options, began))
}

fn scan_here(root: &Path, options: &Options, began: SystemTime) -> std::io::Result<Scanned> {
    let root = root.canonicalize()?;
    std::fs::read_dir(&root)?;
    let cache = options.cache.as_deref().map(|folder| cache::Cache::new(folder, &root, options.threads));
    let known = cache.as_ref().map(cache::Cache::load).unwrap_or_default();
    Ok(scan_knowing(&root, options, began, cache.as_ref(), &known))
}

/// Scans a folder with the help of what is known of it.
fn scan_knowing(
    root: &Path,
    options: &Options,
    began: SystemTime,
    cache: Option<&cache::Cache>,
    known: &Known,
) -> Scanned {
    let walked = walk::walk(root, known, &walk::Wanted::by(root), &walk::How::with(options.threads));
    let walk::Walked { mut tree, mut files_read } = walked;
    match again::again(&tree, known, cache::not_worth_writing(known)) {
        Again::Nothing(manifest, diagnostics) => {
            files_read += read_shown(&mut tree, root, &diagnostics, options.threads);
            return Scanned { tree, manifest: *manifest, diagnostics, files_read, files_parsed: 0 };
        }
        Again::OneFile(path) => {
            let path = path.to_owned();
            let read = |path: &str| file::read(&root.join(path));
            let fetched = Fetched::new(&read);
            let manifest = part::manifest(&tree, known, &path, &fetched, options.threads);
            for (path, content) in fetched.into_files() {
                files_read += 1;
                tree.take(path, content);
            }
            if manifest.is_some() {
                return Scanned { tree, manifest, diagnostics: Vec::new(), files_read, files_parsed: 1 };
            }
        }
        Again::All => {}
    }
    let found = loop {
        match crate::scan_knowing(&tree, known, options.threads, cache.is_some()) {
            Ok(found) => break found,
            Err(missing) => {
                files_read += missing.len();
                read_into(&mut tree, root, missing, options.threads);
            }
        }
    };
    let crate::Found { manifest, diagnostics, learned, left } = found;
    let files_parsed = learned.facts.len();
    let left = Mutex::new(left);
    std::thread::scope(|scope| {
        scope.spawn(|| give_back(&left));
        if let Some(cache) = cache {
            let outcome = || again::outcome(&tree, manifest.as_ref(), &diagnostics, &learned.trail);
            let kept = kept::Kept { known, learned: &learned, tree: &tree, began };
            cache.store(&kept, options.keep_from_files, outcome);
        }
        give_back(&left);
    });
    drop(learned);
    files_read += read_shown(&mut tree, root, &diagnostics, options.threads);
    Scanned { tree, manifest, diagnostics, files_read, files_parsed }
}

/// Gives back memory, piece by piece, beside whoever else does.
fn give_back(left: &Mutex<Vec<Left>>) {
    loop {
        let piece = left.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if piece.is_none() {
            return;
        }
    }
}

/// Reads the files that diagnostics show, as far as they were not read, and says how many these are.
fn read_shown(tree: &mut SourceTree, root: &Path, diagnostics: &[Diagnostic], threads: usize) -> usize {
    let places = diagnostics.iter().filter_map(|diagnostic| diagnostic.span.as_ref());
    let shown: BTreeSet<String> = places
        .filter(|place| tree.at_hand(&place.file).is_some() && tree.file(&place.file).is_none())
        .map(|place| place.file.clone())
        .collect();
    let count = shown.len();
    read_into(tree, root, shown, threads);
    count
}

/// Reads a folder with all its source.
pub(crate) fn read_all(root: &Path) -> std::io::Result<SourceTree> {
    let root = root.canonicalize()?;
    std::fs::read_dir(&root)?;
    Ok(walk::walk(&root, &Known::default(), &walk::Wanted::All, &walk::How::with(parallel::usual_threads()))
        .tree)
}

/// The files of a folder without their source: names, and what configures environments.
pub fn list(root: &Path) -> std::io::Result<SourceTree> {
    let root = root.canonicalize()?;
    std::fs::read_dir(&root)?;
    Ok(walk::walk(
        &root,
        &Known::default(),
        &walk::Wanted::Configuration,
        &walk::How::with(parallel::usual_threads()),
    )
    .tree)
}

/// Reads files that turned out to be needed.
fn read_into(tree: &mut SourceTree, root: &Path, paths: BTreeSet<String>, threads: usize) {
    let paths: Vec<String> = paths.into_iter().collect();
    let contents = parallel::map(&paths, threads, |path| file::read(&root.join(path)));
    for (path, read) in paths.into_iter().zip(contents) {
        tree.take(path, read);
    }
}
