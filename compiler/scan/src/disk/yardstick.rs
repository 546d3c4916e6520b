//! What a scan is measured against: the least that any scanner has to do.
//!
//! The walk is that of ripgrep, with the same rules and threads as that of a scan. Nothing is kept of what is seen.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use ignore::{WalkBuilder, WalkState};
use memchr::memmem;

use super::{file, walk};
use crate::tree::{Part, is_left_out};

/// Words of which one stands in every file that speaks of the framework.
const WORDS: [&[u8]; 3] = [b"encore.dev", b"encore:", b"~encore"];

/// Walks over a folder, reads all source in the app's language, and searches it for the framework. Gives the bytes read.
pub fn walk_read_and_search(root: &Path, threads: usize) -> u64 {
    let wanted = walk::Wanted::by(root);
    let finders = WORDS.map(memmem::Finder::new);
    let mentions = AtomicU64::new(0);
    let bytes = sum(root, threads, |path, part| {
        if !wanted.holds(part) {
            return 0;
        }
        let Ok((content, stamp)) = file::read(path) else { return 0 };
        if finders.iter().any(|finder| finder.find(&content).is_some()) {
            mentions.fetch_add(1, Ordering::Relaxed);
        }
        stamp.bytes
    });
    std::hint::black_box(mentions);
    bytes
}

/// Walks over a folder and asks for the stamp of all source in the app's language. Gives the bytes that there are.
pub fn walk_and_stat(root: &Path, threads: usize) -> u64 {
    let wanted = walk::Wanted::by(root);
    sum(root, threads, |path, part| match path.symlink_metadata() {
        Ok(about) if wanted.holds(part) => file::stamp(&about).bytes,
        _ => 0,
    })
}

fn sum(root: &Path, threads: usize, look: impl Fn(&Path, Part) -> u64 + Sync) -> u64 {
    let total = AtomicU64::new(0);
    builder(root, threads).build_parallel().run(|| {
        Box::new(|entry| {
            if let Ok(entry) = entry
                && entry.file_type().is_some_and(|kind| kind.is_file())
                && let Some(relative) = entry.path().strip_prefix(root).ok().and_then(Path::to_str)
            {
                total.fetch_add(look(entry.path(), Part::of(relative)), Ordering::Relaxed);
            }
            WalkState::Continue
        })
    });
    total.into_inner()
}

fn builder(root: &Path, threads: usize) -> WalkBuilder {
    let mut builder = WalkBuilder::new(root);
    builder
        .threads(threads)
        .hidden(false)
        .follow_links(false)
        .require_git(false)
        .parents(false)
        .git_global(false)
        .filter_entry(|entry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            !(entry.depth() > 0 && is_folder && is_left_out(&entry.file_name().to_string_lossy()))
        });
    builder
}
