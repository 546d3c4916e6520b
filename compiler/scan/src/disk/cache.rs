//! What is kept from scan to scan: one file per scanned folder, and a small one with what changed since that was written.
//!
//! Nothing depends on them. Each is written whole under another name and then renamed, so that whoever reads it at the same
//! time reads an old one or a new one; their parts have checksums, and the small one says by its checksum which large one it
//! adds to. One that is damaged, from another version of the scanner, or from another folder counts as none. Nothing that
//! goes wrong with it is ever more than a slower scan.

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::kept::{self, Encoded, Kept};
use super::pieces::OnDisk;
use crate::known::{Digest, Known, Outcome};
use crate::parallel;

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

/// The facts of a file are few bytes.
const WRITTEN_AT_ONCE_BYTES: usize = 256 * 1024;

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
    threads: usize,
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
    pub(super) fn new(folder: &Path, root: &Path, threads: usize) -> Self {
        let root = root.to_string_lossy().into_owned();
        let name = blake3::hash(root.as_bytes()).to_hex();
        let path = |ending| folder.join(format!("{}.{ending}", &name[..32]));
        Self { path: path(WHOLE), addition: path(ADDITION), root, threads }
    }

    /// What is known; nothing when there is no cache that can be used.
    pub(super) fn load(&self) -> Known {
        let open = |path, adds_to| kept::open(OnDisk::open(path, MAX_CACHE_BYTES)?, &self.root, adds_to);
        let Some(whole) = open(&self.path, None) else { return Known::default() };
        let added = open(&self.addition, Some(whole.checksum));
        Known::new(whole, added)
    }

    /// Keeps what was known and what was learned, if that is worth writing.
    pub(super) fn store(
        &self,
        kept: &Kept<'_>,
        from_files: usize,
        outcome: impl FnOnce() -> Option<Outcome> + Send,
    ) {
        if kept.sources().take(from_files).count() < from_files {
            return;
        }
        let few = kept.changed().count() <= not_worth_writing(kept.known);
        // A cache that cannot be written is none.
        let _ = match kept.known.whole() {
            Some(whole) if few => self.add(kept, whole, outcome().as_ref()),
            _ => self.write_whole(kept, outcome),
        };
    }

    /// Writes what changed, if that made a difference.
    fn add(&self, kept: &Kept<'_>, whole: Digest, outcome: Option<&Outcome>) -> std::io::Result<()> {
        if outcome.is_none() || outcome == kept.known.outcome() {
            return Ok(());
        }
        write(&self.addition, &kept.encoded(kept.changes(), &self.root, Some(whole), outcome))
    }

    fn write_whole(
        &self,
        kept: &Kept<'_>,
        outcome: impl FnOnce() -> Option<Outcome> + Send,
    ) -> std::io::Result<()> {
        // Of a large app one takes as long as the other.
        let (outcome, body) = parallel::both(self.threads, outcome, || kept.all());
        write(&self.path, &kept.encoded(body, &self.root, None, outcome.as_ref()))?;
        // It adds to what is no longer there.
        drop(std::fs::remove_file(&self.addition));
        Ok(())
    }
}

/// Writes a cache whole, under another name, and gives it its name.
fn write(path: &Path, encoded: &Encoded<'_>) -> std::io::Result<()> {
    static WRITES: AtomicUsize = AtomicUsize::new(0);
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    sweep(folder)?;
    let number = WRITES.fetch_add(1, Ordering::Relaxed);
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let unfinished = path.with_extension(format!("{ending}-{}-{number}.unfinished", std::process::id()));
    let written = std::fs::File::create(&unfinished).and_then(|file| {
        let mut file = BufWriter::with_capacity(WRITTEN_AT_ONCE_BYTES, file);
        encoded.parts().try_for_each(|part| file.write_all(part))?;
        file.flush()
    });
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
