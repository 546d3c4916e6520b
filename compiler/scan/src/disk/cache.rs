//! What is kept from scan to scan: one file per scanned folder.
//!
//! Nothing depends on it. It is written whole under another name and then renamed, so that whoever reads it at the same
//! time reads an old one or a new one; its parts have checksums; and one that is damaged, from another version of the
//! scanner, or from another folder counts as none. Nothing that goes wrong with it is ever more than a slower scan.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::file::since_1970_ns;
use crate::SourceTree;
use crate::known::{Digest, FactsPlace, Key, Known, KnownFile, Learned, Outcome, Searches, Stamp};
use crate::tree::{File, Part};

/// Begins every cache. The number is that of the layout of the file.
const MAGIC: &[u8] = b"manifestc scan cache 1\n";

/// What the scanner's own code is made of: facts of another one mean something else.
const SCANNER: &str = env!("SCANNER_FINGERPRINT");

/// Of a file that was touched this shortly before it was read, the next touch may not show.
const RACY_NS: i128 = 2_000_000_000;

/// One in so many files may have changed before the cache is written again.
const WORTH_WRITING: usize = 128;

/// So few are never worth it.
const FEW: usize = 4;

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
struct Head<'b> {
    scanner: &'b str,
    root: &'b str,
    #[serde(borrow)]
    files: Vec<(&'b str, KeptFile<'b>)>,
    /// Where the facts of each content are in what follows.
    facts: Vec<(Digest, FactsPlace)>,
    /// How long that is.
    facts_bytes: usize,
    words: BTreeMap<Key, BTreeSet<String>>,
    outcome: Option<Outcome>,
}

#[derive(Serialize, Deserialize)]
struct KeptFile<'b> {
    stamp: Option<Stamp>,
    glance: Option<&'b [u8]>,
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

/// So few files may be read each time, since that is less work than to write the cache again.
pub(super) fn not_worth_writing(known: &Known) -> usize {
    (known.len() / WORTH_WRITING).max(FEW)
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
        let mut bytes = std::fs::read(&self.path).ok()?;
        let (head, facts_start) = self.open(&bytes)?;
        if bytes.len() - facts_start != head.facts_bytes {
            return None;
        }
        let place = |part: &[u8]| {
            let start = part.as_ptr() as usize - bytes.as_ptr() as usize;
            start..start + part.len()
        };
        let file = |(path, KeptFile { stamp, glance, digest, searches }): (&str, KeptFile<'_>)| {
            (path.to_owned(), KnownFile { stamp, glance: glance.map(place), digest, searches })
        };
        let files: Vec<_> = head.files.into_iter().map(file).collect();
        let (places, words, outcome) = (head.facts.into_iter().collect(), head.words, head.outcome);
        let facts = bytes.split_off(facts_start);
        Some(Known::new(files, bytes, facts, places, words, outcome))
    }

    /// Reads the beginning of a cache, if it is whole and ours, and says where it ends. What follows is checked piece by
    /// piece when it is needed.
    fn open<'b>(&self, bytes: &'b [u8]) -> Option<(Head<'b>, usize)> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (length, rest) = rest.split_first_chunk::<8>()?;
        let (checksum, rest) = rest.split_first_chunk::<32>()?;
        let (head, facts) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        let is_whole = blake3::hash(head).as_bytes() == checksum;
        let head: Head<'_> = postcard::from_bytes(head).ok().filter(|_| is_whole)?;
        let is_ours = head.scanner == SCANNER && head.root == self.root;
        is_ours.then(|| (head, bytes.len() - facts.len()))
    }

    /// Keeps what was known and what was learned, if that is worth writing. `began` is when the scan did.
    pub(super) fn store(&self, kept: &Kept<'_>, from_files: usize) {
        if kept.sources().count() < from_files {
            return;
        }
        let news = kept.learned.glances.len().max(kept.learned.digests.len());
        let has_new_outcome = kept.outcome.is_some() && kept.outcome.as_ref() != kept.known.outcome();
        if has_new_outcome || news > not_worth_writing(kept.known) {
            // A cache that cannot be written is none.
            let _ = self.write(&kept.encoded(&self.root));
        }
    }

    fn write(&self, parts: &[Vec<u8>]) -> std::io::Result<()> {
        static WRITES: AtomicUsize = AtomicUsize::new(0);
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        sweep(folder)?;
        let number = WRITES.fetch_add(1, Ordering::Relaxed);
        let unfinished = self.path.with_extension(format!("{}-{number}.unfinished", std::process::id()));
        let written = std::fs::File::create(&unfinished)
            .and_then(|mut file| parts.iter().try_for_each(|part| file.write_all(part)));
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

/// What may be kept of a scan.
pub(super) struct Kept<'s> {
    pub(super) known: &'s Known,
    pub(super) learned: &'s Learned,
    pub(super) stamps: &'s HashMap<String, Stamp>,
    pub(super) tree: &'s SourceTree,
    /// What the whole scan gave, if that can be used again.
    pub(super) outcome: Option<Outcome>,
    /// When the scan began.
    pub(super) began: SystemTime,
}

impl Kept<'_> {
    /// A cache with all that is known now, in two parts.
    fn encoded(&self, root: &str) -> [Vec<u8>; 2] {
        let Self { known, learned, .. } = self;
        let files = self.files();
        let in_use: BTreeSet<Digest> = files.iter().filter_map(|(_, file)| file.digest).collect();
        let new: BTreeSet<Digest> = learned.digests.values().copied().collect();
        let (mut facts, mut places) = (Vec::new(), Vec::new());
        let mut keep = |digest: &Digest, encoded: &[u8], checksum| {
            let start = facts.len();
            facts.extend_from_slice(encoded);
            places.push((*digest, FactsPlace { start, end: facts.len(), checksum }));
        };
        for digest in in_use.union(&new) {
            if let Some(encoded) = learned.facts.get(digest) {
                keep(digest, &encoded.bytes, encoded.checksum);
            } else if let Some(encoded) = known.facts(digest) {
                keep(digest, encoded, FactsPlace::checksum(encoded));
            }
        }
        let unused: BTreeSet<&Digest> =
            known.digests().filter(|digest| !in_use.contains(*digest) && !new.contains(*digest)).collect();
        for digest in unused.into_iter().take(MAX_UNUSED * in_use.len()) {
            if let Some(encoded) = known.facts(digest) {
                keep(digest, encoded, FactsPlace::checksum(encoded));
            }
        }
        let searched: BTreeSet<Key> =
            files.iter().flat_map(|(_, file)| file.searches.keys().copied()).collect();
        let words = known.all_words().iter().chain(&learned.words);
        let words =
            words.filter(|(key, _)| searched.contains(*key)).map(|(key, words)| (*key, words.clone()));
        let head = Head {
            scanner: SCANNER,
            root,
            facts: places,
            facts_bytes: facts.len(),
            words: words.collect(),
            // What is not kept cannot be compared with.
            outcome: self.outcome.clone().filter(|_| files.len() == self.sources().count()),
            files,
        };
        let head = postcard::to_allocvec(&head).expect("BUG: it is lists, numbers and texts");
        let length = (head.len() as u64).to_le_bytes();
        [[MAGIC, &length, blake3::hash(&head).as_bytes(), &head].concat(), facts]
    }

    /// The source that was looked at.
    fn sources(&self) -> impl Iterator<Item = (&str, &File)> {
        let is_source = |(path, file): &(&str, &File)| {
            matches!(Part::of(path), Part::Source(_)) && !matches!(file, File::Unread(None))
        };
        self.tree.readable().filter(is_source)
    }

    fn files(&self) -> Vec<(&str, KeptFile<'_>)> {
        let trusted_before = since_1970_ns(self.began) - RACY_NS;
        let kept = |(path, file)| {
            let stamp = self.stamps.get(path).copied().filter(|stamp| stamp.changed_ns < trusted_before);
            Some((path, self.file(path, file, stamp)?))
        };
        self.sources().filter_map(kept).collect()
    }

    /// What is kept of a file.
    fn file(&self, path: &str, file: &File, stamp: Option<Stamp>) -> Option<KeptFile<'_>> {
        let searches = self.learned.searches.get(path);
        if let File::Unread(ticket) = file {
            let known = self.known.file((*ticket)?)?;
            let mut all = known.searches.clone();
            all.extend(searches.into_iter().flatten());
            let glance = self.known.glance(known);
            return Some(KeptFile { stamp: known.stamp, glance, digest: known.digest, searches: all });
        }
        let glance = self.learned.glances.get(path).map(Vec::as_slice);
        let digest = self.learned.digests.get(path).copied();
        Some(KeptFile { stamp, glance, digest, searches: searches.cloned().unwrap_or_default() })
    }
}
