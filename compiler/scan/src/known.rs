//! What earlier scans found in files, as a value.
//!
//! Two things are kept of a source file. The first look at it ([`glance`](crate::per_file::Language::glance)) is kept
//! for as long as the file itself is untouched. Its facts, for which it is parsed, are kept by the digest of its content:
//! they are found again after a file was moved, checked out anew or changed back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

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
    /// Encoded glances, among other things.
    glances: Vec<u8>,
    /// Encoded facts, and where those of each content are.
    facts: Vec<u8>,
    places: HashMap<Digest, FactsPlace>,
    words: BTreeMap<Key, BTreeSet<String>>,
    outcome: Option<Outcome>,
}

/// Where facts are, and by what it is seen that they are whole.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct FactsPlace {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) checksum: [u8; 8],
}

impl FactsPlace {
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
}

/// What one scan found out beyond that.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    /// First looks at files that were read, encoded.
    pub(crate) glances: HashMap<String, Vec<u8>>,
    /// The content of files whose facts were needed.
    pub(crate) digests: HashMap<String, Digest>,
    /// What was looked for in files.
    pub(crate) searches: HashMap<String, Searches>,
    /// The words that were looked for.
    pub(crate) words: BTreeMap<Key, BTreeSet<String>>,
    /// Facts that were not known, encoded.
    pub(crate) facts: HashMap<Digest, Encoded>,
}

impl Known {
    pub(crate) fn new(
        files: Vec<(String, KnownFile)>,
        glances: Vec<u8>,
        facts: Vec<u8>,
        places: HashMap<Digest, FactsPlace>,
        words: BTreeMap<Key, BTreeSet<String>>,
        outcome: Option<Outcome>,
    ) -> Self {
        let paths = HashMap::with_capacity(files.len());
        let mut known = Self { paths, glances, facts, places, words, outcome, ..Self::default() };
        for (path, file) in files {
            let Ok(number) = u32::try_from(known.files.len()) else { break };
            known.paths.insert(path, Ticket(number));
            known.files.push(file);
        }
        known
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

    /// The ticket of a file that has not been touched.
    pub(crate) fn ticket(&self, path: &str, stamp: Stamp) -> Option<Ticket> {
        let ticket = *self.paths.get(path)?;
        (self.file(ticket)?.stamp == Some(stamp)).then_some(ticket)
    }

    /// What is known of a file.
    pub(crate) fn file(&self, ticket: Ticket) -> Option<&KnownFile> {
        self.files.get(usize::try_from(ticket.0).ok()?)
    }

    /// What a first look at a file showed, encoded.
    pub(crate) fn glance(&self, file: &KnownFile) -> Option<&[u8]> {
        self.glances.get(file.glance.clone()?)
    }

    /// The facts of a content, encoded; absent when they are damaged.
    pub(crate) fn facts(&self, digest: &Digest) -> Option<&[u8]> {
        let place = self.places.get(digest)?;
        let encoded = self.facts.get(place.start..place.end)?;
        (FactsPlace::checksum(encoded) == place.checksum).then_some(encoded)
    }

    /// The contents whose facts are known.
    pub(crate) fn digests(&self) -> impl Iterator<Item = &Digest> {
        self.places.keys()
    }

    /// How many files are known.
    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }
}
