//! What is kept from scan to scan: one file per scanned folder.
//!
//! Nothing depends on it. It is written whole under another name and then renamed, so that whoever reads it at the same
//! time reads an old one or a new one; its parts have checksums; and one that is damaged, from another version of the
//! scanner, or from another folder counts as none. Nothing that goes wrong with it is ever more than a slower scan.

use std::collections::{BTreeSet, HashMap};
use std::io::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::file::since_1970_ns;
use crate::SourceTree;
use crate::known::{Digest, Known, KnownFile, Learned, Searches, Stamp};
use crate::tree::{File, Part};

/// Begins every cache. The number is that of the layout of the file.
const MAGIC: &[u8] = b"manifestc scan cache 1\n";

/// What the scanner's own code is made of: facts of another one mean something else.
const SCANNER: &str = env!("SCANNER_FINGERPRINT");

/// Of a file that was touched this shortly before it was read, the next touch may not show.
const RACY_NS: i128 = 2_000_000_000;

/// One in so many files may have changed before the cache is written again.
const WORTH_WRITING: usize = 128;

/// Larger caches are not read.
const MAX_CACHE_BYTES: u64 = 1024 * 1024 * 1024;

/// Facts of contents that no file has any more are kept up to this many times of what is in use, for whoever goes back
/// and forth between branches.
const MAX_UNUSED: usize = 2;

/// Scans take minutes at most.
const MAX_UNFINISHED_AGE: Duration = Duration::from_hours(1);

/// A cache that was not written for so long is that of a folder that is gone or does not change.
const MAX_AGE: Duration = Duration::from_hours(90 * 24);

/// The cache of one folder.
pub(super) struct Cache {
    path: PathBuf,
    root: String,
}

/// What stands at the beginning.
#[derive(Serialize, Deserialize)]
struct Head {
    scanner: String,
    root: String,
    files: Vec<(String, KeptFile)>,
    /// Where the facts of each content are, and a checksum of them.
    facts: Vec<(Digest, u64, u64)>,
    facts_checksum: Digest,
}

#[derive(Serialize, Deserialize)]
struct KeptFile {
    stamp: Stamp,
    glance: Vec<u8>,
    digest: Option<Digest>,
    searches: Searches,
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

impl Cache {
    /// The cache of the app in `root`, which is absolute.
    pub(super) fn new(folder: &Path, root: &Path) -> Self {
        let root = root.to_string_lossy().into_owned();
        let name = blake3::hash(root.as_bytes()).to_hex();
        Self { path: folder.join(format!("{}.scan", &name[..32])), root }
    }

    /// What is known; nothing when there is no cache that can be used.
    pub(super) fn load(&self) -> Known {
        self.try_load().unwrap_or_default()
    }

    fn try_load(&self) -> Option<Known> {
        let about = std::fs::metadata(&self.path).ok()?;
        if !about.is_file() || about.len() > MAX_CACHE_BYTES {
            return None;
        }
        let bytes = std::fs::read(&self.path).ok()?;
        let (head, facts) = self.open(&bytes)?;
        let mut places = HashMap::with_capacity(head.facts.len());
        for (digest, start, end) in head.facts {
            let place: Range<usize> = usize::try_from(start).ok()?..usize::try_from(end).ok()?;
            facts.get(place.clone())?;
            places.insert(digest, place);
        }
        let file = |(path, KeptFile { stamp, glance, digest, searches })| {
            (path, KnownFile { stamp, glance, digest, searches })
        };
        Some(Known::new(head.files.into_iter().map(file), facts.to_vec(), places))
    }

    /// Takes a cache apart, if it is whole and ours.
    fn open<'b>(&self, bytes: &'b [u8]) -> Option<(Head, &'b [u8])> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (length, rest) = rest.split_first_chunk::<8>()?;
        let (checksum, rest) = rest.split_first_chunk::<32>()?;
        let (head, facts) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        let is_whole = blake3::hash(head).as_bytes() == checksum;
        let head: Head = postcard::from_bytes(head).ok().filter(|_| is_whole)?;
        let is_ours = head.scanner == SCANNER && head.root == self.root;
        (is_ours && *blake3::hash(facts).as_bytes() == head.facts_checksum).then_some((head, facts))
    }

    /// Keeps what was known and what was learned, if that is worth writing. `began` is when the scan did.
    pub(super) fn store(
        &self,
        known: &Known,
        learned: &Learned,
        stamps: &HashMap<String, Stamp>,
        tree: &SourceTree,
        began: SystemTime,
    ) {
        let news = learned.glances.len().max(learned.digests.len());
        if news > known.len() / WORTH_WRITING {
            // A cache that cannot be written is none.
            let _ = self.write(&encoded(&self.root, known, learned, stamps, tree, began));
        }
    }

    fn write(&self, bytes: &[u8]) -> std::io::Result<()> {
        static WRITES: AtomicUsize = AtomicUsize::new(0);
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        sweep(folder)?;
        let number = WRITES.fetch_add(1, Ordering::Relaxed);
        let unfinished = self.path.with_extension(format!("{}-{number}.unfinished", std::process::id()));
        let written = std::fs::File::create(&unfinished).and_then(|mut file| file.write_all(bytes));
        let renamed = written.and_then(|()| std::fs::rename(&unfinished, &self.path));
        renamed.inspect_err(|_| drop(std::fs::remove_file(&unfinished)))
    }
}

/// Removes what was left behind by scans that were killed, and caches of folders that are long gone.
fn sweep(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let limit = match path.extension().and_then(|ending| ending.to_str()) {
            Some("unfinished") => MAX_UNFINISHED_AGE,
            Some("scan") => MAX_AGE,
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

/// A cache with all that is known now.
fn encoded(
    root: &str,
    known: &Known,
    learned: &Learned,
    stamps: &HashMap<String, Stamp>,
    tree: &SourceTree,
    began: SystemTime,
) -> Vec<u8> {
    let trusted_before = since_1970_ns(began) - RACY_NS;
    let files: Vec<(String, KeptFile)> = tree
        .readable()
        .filter(|(path, _)| matches!(Part::of(path), Part::Source(_)))
        .filter_map(|(path, file)| {
            let stamp = *stamps.get(path).filter(|stamp| stamp.changed_ns < trusted_before)?;
            Some((path.to_owned(), kept(path, file, stamp, known, learned)?))
        })
        .collect();
    let in_use: BTreeSet<Digest> =
        learned.digests.values().copied().chain(files.iter().filter_map(|(_, file)| file.digest)).collect();
    let (mut facts, mut places) = (Vec::new(), Vec::new());
    let mut keep = |digest: &Digest, encoded: &[u8]| {
        let start = facts.len() as u64;
        facts.extend_from_slice(encoded);
        places.push((*digest, start, facts.len() as u64));
    };
    for digest in &in_use {
        let encoded = learned.facts.get(digest).map(Vec::as_slice).or_else(|| known.facts(digest));
        if let Some(encoded) = encoded {
            keep(digest, encoded);
        }
    }
    let unused = known.digests().filter(|digest| !in_use.contains(*digest)).take(MAX_UNUSED * in_use.len());
    for digest in unused {
        if let Some(encoded) = known.facts(digest) {
            keep(digest, encoded);
        }
    }
    let facts_checksum = *blake3::hash(&facts).as_bytes();
    let head =
        Head { scanner: SCANNER.to_owned(), root: root.to_owned(), files, facts: places, facts_checksum };
    let head = postcard::to_allocvec(&head).expect("BUG: it is lists, numbers and texts");
    let length = (head.len() as u64).to_le_bytes();
    [MAGIC, &length, blake3::hash(&head).as_bytes(), &head, &facts].concat()
}

/// What is kept of a file.
fn kept(path: &str, file: &File, stamp: Stamp, known: &Known, learned: &Learned) -> Option<KeptFile> {
    if let File::Unread(ticket) = file {
        let KnownFile { glance, digest, searches, .. } = known.file((*ticket)?)?.clone();
        let searches = learned.searches.get(path).cloned().unwrap_or(searches);
        return Some(KeptFile { stamp, glance, digest, searches });
    }
    let glance = learned.glances.get(path)?.clone();
    let searches = learned.searches.get(path).cloned().unwrap_or_default();
    Some(KeptFile { stamp, glance, digest: learned.digests.get(path).copied(), searches })
}
