//! What earlier scans found in files, as a value.
//!
//! Two things are kept of a source file. The first look at it ([`glance`](crate::per_file::Language::glance)) is kept
//! for as long as the file itself is untouched. Its facts, for which it is parsed, are kept by the digest of its content:
//! they are found again after a file was moved, checked out anew or changed back.

use std::collections::{BTreeMap, HashMap};
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
    pub(crate) stamp: Stamp,
    /// What the first look at it showed, encoded.
    pub(crate) glance: Vec<u8>,
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
    /// Encoded facts, and where those of each content are.
    facts: Vec<u8>,
    places: HashMap<Digest, Range<usize>>,
}

/// What one scan found out beyond that.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    /// First looks at files that were read, encoded.
    pub(crate) glances: BTreeMap<String, Vec<u8>>,
    /// The content of files whose facts were needed.
    pub(crate) digests: BTreeMap<String, Digest>,
    /// What was looked for in files.
    pub(crate) searches: BTreeMap<String, Searches>,
    /// Facts that were not known, encoded.
    pub(crate) facts: BTreeMap<Digest, Vec<u8>>,
}

impl Known {
    pub(crate) fn new(
        files: impl IntoIterator<Item = (String, KnownFile)>,
        facts: Vec<u8>,
        places: HashMap<Digest, Range<usize>>,
    ) -> Self {
        let mut known = Self { facts, places, ..Self::default() };
        for (path, file) in files {
            let Ok(number) = u32::try_from(known.files.len()) else { break };
            known.paths.insert(path, Ticket(number));
            known.files.push(file);
        }
        known
    }

    /// The ticket of a file that has not been touched.
    pub(crate) fn ticket(&self, path: &str, stamp: Stamp) -> Option<Ticket> {
        let ticket = *self.paths.get(path)?;
        (self.file(ticket)?.stamp == stamp).then_some(ticket)
    }

    /// What is known of a file.
    pub(crate) fn file(&self, ticket: Ticket) -> Option<&KnownFile> {
        self.files.get(usize::try_from(ticket.0).ok()?)
    }

    /// The facts of a content, encoded.
    pub(crate) fn facts(&self, digest: &Digest) -> Option<&[u8]> {
        self.facts.get(self.places.get(digest)?.clone())
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
