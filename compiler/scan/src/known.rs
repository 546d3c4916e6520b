//! What earlier scans found in files, as a value.
//!
//! Two things are kept of a source file. The first look at it ([`glance`](crate::per_file::Language::glance)) is kept
//! for as long as the file itself is untouched. Its facts, for which it is parsed, are kept by the digest of its content:
//! they are found again after a file was moved, checked out anew or changed back.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use foldhash::HashMap;
use serde::{Deserialize, Serialize};

/// The digest of a file's language and content. An app's source may come from anyone, so two files must not be able to
/// pretend to be the same: this is a cryptographic hash.
pub(crate) type Digest = [u8; 32];

/// Stands for words that are looked for.
pub(crate) type Key = [u8; 16];

/// Whether a file contains words, by what stands for them.
pub(crate) type Searches = BTreeMap<Key, bool>;

/// Names a file in [`Known`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket(u32);

/// By what it is seen that a file was not touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    pub(crate) bytes: u64,
    /// Nanoseconds since 1970.
    pub(crate) modified_ns: i128,
    /// When anything about the file changed, its name and owner included.
    pub(crate) changed_ns: i128,
    pub(crate) inode: u64,
}

/// What is known of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownFile {
    /// None if the next touch may not show by it.
    pub(crate) stamp: Option<Stamp>,
    /// Where that is which the first look at it showed; see [`Known::glance`]. None if nobody looked.
    pub(crate) glance: Option<Range<usize>>,
    /// The digest of its content, if its facts were asked for.
    pub(crate) digest: Option<Digest>,
    /// What was looked for in it.
    pub(crate) searches: Searches,
}

/// What earlier scans found.
#[derive(Debug, Default)]
pub(crate) struct Known {
    paths: HashMap<String, Ticket>,
    files: Vec<KnownFile>,
    /// What is kept of files, and their facts, encoded.
    bytes: Vec<u8>,
    places: HashMap<Digest, FactsPlace>,
    words: BTreeMap<Key, BTreeSet<String>>,
    outcome: Option<Outcome>,
    /// The checksum of what was taken in first, and how many files there were in it.
    whole: Option<(Digest, usize)>,
}

/// What was kept in one piece.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) checksum: Digest,
    pub(crate) files: Vec<(String, KnownFile)>,
    /// Where the facts of each content are in the bytes.
    pub(crate) places: Vec<(Digest, FactsPlace)>,
    pub(crate) words: BTreeMap<Key, BTreeSet<String>>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) bytes: Vec<u8>,
}

/// Where facts are, and by what it is seen that they are whole.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct FactsPlace {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) checksum: [u8; 8],
}

impl FactsPlace {
    /// The same place in what has so many bytes before it.
    pub(crate) fn moved_by(self, bytes: usize) -> Self {
        // What cannot be is nowhere.
        let [start, end] = [self.start, self.end].map(|place| place.saturating_add(bytes));
        Self { start, end, ..self }
    }

    /// The checksum of encoded facts.
    pub(crate) fn checksum(encoded: &[u8]) -> [u8; 8] {
        let mut checksum = [0; 8];
        checksum.copy_from_slice(&blake3::hash(encoded).as_bytes()[..8]);
        checksum
    }
}

/// Encoded facts, and by what it will be seen that they are whole.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) bytes: Vec<u8>,
    pub(crate) checksum: [u8; 8],
}

impl Encoded {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self { checksum: FactsPlace::checksum(&bytes), bytes }
    }
}

/// What a whole scan gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// The digest of all that it depended on, other than source.
    pub(crate) context: Digest,
    /// The manifest, as JSON.
    pub(crate) manifest: Vec<u8>,
    /// The diagnostics, as JSON.
    pub(crate) diagnostics: Vec<u8>,
    /// What helps to find out what a change of one file makes of that, as the scanner of the app's language has it; absent
    /// when nothing does.
    pub(crate) trail: Option<Vec<u8>>,
}

/// What one scan found out beyond that.
#[derive(Debug, Default)]
pub(crate) struct Learned<'t> {
    /// First looks at files that were read, encoded, by path.
    pub(crate) glances: HashMap<&'t str, Vec<u8>>,
    /// The content of files whose facts were needed.
    pub(crate) digests: HashMap<&'t str, Digest>,
    /// What was looked for in files.
    pub(crate) searches: HashMap<&'t str, Searches>,
    /// The words that were looked for.
    pub(crate) words: BTreeMap<Key, BTreeSet<String>>,
    /// Facts that were not known, encoded.
    pub(crate) facts: HashMap<Digest, Encoded>,
    /// See [`Outcome::trail`].
    pub(crate) trail: Option<Vec<u8>>,
}

impl Known {
    /// Takes in what was kept. What comes later counts.
    pub(crate) fn take(&mut self, loaded: Loaded) {
        let before = self.bytes.len();
        self.paths.reserve(loaded.files.len());
        for (path, mut file) in loaded.files {
            let Ok(number) = u32::try_from(self.files.len()) else { break };
            file.glance = file.glance.map(|glance| glance.start + before..glance.end + before);
            self.paths.insert(path, Ticket(number));
            self.files.push(file);
        }
        let places = loaded.places.into_iter().map(|(digest, place)| (digest, place.moved_by(before)));
        self.places.extend(places);
        self.words.extend(loaded.words);
        self.outcome = loaded.outcome;
        self.whole.get_or_insert((loaded.checksum, self.files.len()));
        if before == 0 {
            self.bytes = loaded.bytes;
        } else {
            self.bytes.extend_from_slice(&loaded.bytes);
        }
    }

    /// The checksum of what was taken in first.
    pub(crate) fn whole(&self) -> Option<Digest> {
        self.whole.map(|(checksum, _)| checksum)
    }

    /// Whether a file was not in what was taken in first, or was another one there.
    pub(crate) fn is_added(&self, ticket: Ticket) -> bool {
        let number = usize::try_from(ticket.0).unwrap_or(usize::MAX);
        self.whole.is_none_or(|(_, files)| number >= files)
    }

    /// The file with this path, as it was.
    pub(crate) fn by_path(&self, path: &str) -> Option<&KnownFile> {
        self.file(*self.paths.get(path)?)
    }

    /// The words that a key stands for.
    pub(crate) fn words(&self, key: &Key) -> Option<&BTreeSet<String>> {
        self.words.get(key)
    }

    /// All words that were looked for.
    pub(crate) fn all_words(&self) -> &BTreeMap<Key, BTreeSet<String>> {
        &self.words
    }

    /// What the whole scan gave.
    pub(crate) fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// The ticket of the file with this path.
    pub(crate) fn ticket(&self, path: &str) -> Option<Ticket> {
        self.paths.get(path).copied()
    }

    /// Whether a file has not been touched.
    pub(crate) fn is_untouched(&self, ticket: Ticket, stamp: Stamp) -> bool {
        self.file(ticket).is_some_and(|file| file.stamp == Some(stamp))
    }

    /// What is known of a file.
    pub(crate) fn file(&self, ticket: Ticket) -> Option<&KnownFile> {
        self.files.get(usize::try_from(ticket.0).ok()?)
    }

    /// What a first look at a file showed, encoded.
    pub(crate) fn glance(&self, file: &KnownFile) -> Option<&[u8]> {
        self.bytes.get(file.glance.clone()?)
    }

    /// The facts of a content, encoded; absent when they are damaged.
    pub(crate) fn facts(&self, digest: &Digest) -> Option<&[u8]> {
        let (encoded, checksum) = self.facts_as_kept(digest)?;
        (FactsPlace::checksum(encoded) == checksum).then_some(encoded)
    }

    /// The facts of a content, encoded, be they damaged or not, and by what that is seen.
    pub(crate) fn facts_as_kept(&self, digest: &Digest) -> Option<(&[u8], [u8; 8])> {
        let place = self.places.get(digest)?;
        Some((self.bytes.get(place.start..place.end)?, place.checksum))
    }

    /// The contents whose facts are known.
    pub(crate) fn digests(&self) -> impl Iterator<Item = &Digest> {
        self.places.keys()
    }

    /// How many files are known.
    pub(crate) fn len(&self) -> usize {
        self.paths.len()
    }
}
