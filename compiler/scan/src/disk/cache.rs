//! What is kept from scan to scan: one file per scanned folder, and a small one with what changed since that was written.
//!
//! Nothing depends on them. Each is written whole under another name and then renamed, so that whoever reads it at the same
//! time reads an old one or a new one; their parts have checksums, and the small one says by its checksum which large one it
//! adds to. One that is damaged, from another version of the scanner, or from another folder counts as none. Nothing that
//! goes wrong with it is ever more than a slower scan.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::kept::{self, Kept};
use crate::known::Known;

/// The ending of the file with all that is known.
const WHOLE: &str = "scan";

/// The ending of the file with what changed since that was written.
const ADDITION: &str = "added";

/// One in so many files may have changed before the whole cache is written again.
const WORTH_WRITING: usize = 128;

/// So few are never worth it.
const FEW: usize = 4;

/// Larger caches are not read.
const MAX_CACHE_BYTES: u64 = 1024 * 1024 * 1024;

/// Scans take minutes at most.
const MAX_UNFINISHED_AGE: Duration = Duration::from_hours(1);

/// A cache that was not written for so long is that of a folder that is gone or does not change.
const MAX_AGE: Duration = Duration::from_hours(90 * 24);

/// The cache of one folder.
pub(super) struct Cache {
    path: PathBuf,
    /// What changed since the other one was written.
    addition: PathBuf,
    root: String,
}

/// The folder for caches: that for caches of the user, as the platform has it.
pub fn usual_folder() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = named("XDG_CACHE_HOME")
        .or_else(|| {
            Some(named("HOME")?.join(if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" }))
        })
        .or_else(|| named("LOCALAPPDATA"))?;
    Some(base.join("manifestc"))
}

/// So few files may be read each time, since that is less work than to write the cache again.
pub(super) fn not_worth_writing(known: &Known) -> usize {
    (known.len() / WORTH_WRITING).max(FEW)
}

impl Cache {
    /// The cache of the app in `root`, which is absolute.
    pub(super) fn new(folder: &Path, root: &Path) -> Self {
        let root = root.to_string_lossy().into_owned();
        let name = blake3::hash(root.as_bytes()).to_hex();
        let path = |ending| folder.join(format!("{}.{ending}", &name[..32]));
        Self { path: path(WHOLE), addition: path(ADDITION), root }
    }

    /// What is known; nothing when there is no cache that can be used.
    pub(super) fn load(&self) -> Known {
        let mut known = Known::default();
        let Some(whole) = read(&self.path).and_then(|bytes| kept::open(bytes, &self.root, None)) else {
            return known;
        };
        let checksum = whole.checksum;
        known.take(whole);
        if let Some(addition) = read(&self.addition)
            && let Some(addition) = kept::open(addition, &self.root, Some(checksum))
        {
            known.take(addition);
        }
        known
    }

    /// Keeps what was known and what was learned, if that is worth writing.
    pub(super) fn store(&self, kept: &Kept<'_>, from_files: usize) {
        if kept.sources().take(from_files).count() < from_files {
            return;
        }
        let few = kept.changed().count() <= not_worth_writing(kept.known);
        let has_new_outcome = kept.outcome.is_some() && kept.outcome.as_ref() != kept.known.outcome();
        // A cache that cannot be written is none.
        let _ = match kept.known.whole() {
            Some(whole) if few && has_new_outcome => {
                write(&self.addition, &kept.encoded_addition(&self.root, whole))
            }
            Some(_) if few => Ok(()),
            _ => write(&self.path, &kept.encoded(&self.root)).inspect(|()| {
                // It adds to what is no longer there.
                drop(std::fs::remove_file(&self.addition));
            }),
        };
    }
}

/// The content of a cache that is not too large.
fn read(path: &Path) -> Option<Vec<u8>> {
    let about = std::fs::metadata(path).ok()?;
    let is_small = about.is_file() && about.len() <= MAX_CACHE_BYTES;
    is_small.then(|| std::fs::read(path).ok())?
}

/// Writes a cache whole, under another name, and gives it its name.
fn write(path: &Path, parts: &[Vec<u8>]) -> std::io::Result<()> {
    static WRITES: AtomicUsize = AtomicUsize::new(0);
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    sweep(folder)?;
    let number = WRITES.fetch_add(1, Ordering::Relaxed);
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let unfinished = path.with_extension(format!("{ending}-{}-{number}.unfinished", std::process::id()));
    let written = std::fs::File::create(&unfinished)
        .and_then(|mut file| parts.iter().try_for_each(|part| file.write_all(part)));
    let renamed = written.and_then(|()| std::fs::rename(&unfinished, path));
    renamed.inspect_err(|_| drop(std::fs::remove_file(&unfinished)))
}

/// Removes what was left behind by scans that were killed, and caches of folders that are long gone.
fn sweep(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let limit = match path.extension().and_then(|ending| ending.to_str()) {
            Some("unfinished") => MAX_UNFINISHED_AGE,
            Some(WHOLE | ADDITION) => MAX_AGE,
            _ => continue,
        };
        let age = entry.metadata()?.modified()?.elapsed().unwrap_or_default();
        if age > limit {
            // Another scan may just have done the same.
            let _ = std::fs::remove_file(path);
        }
    }
    Ok(())
}
