//! What earlier scans found in files, as a value.
//!
//! Two things are kept of a source file. The first look at it ([`glance`](crate::per_file::Language::glance)) is kept
//! for as long as the file itself is untouched. Its facts, for which it is parsed, are kept by the digest of its content:
//! they are found again after a file was moved, checked out anew or changed back.
//!
//! Both are pieces, each with a checksum of its own, and are fetched when they are asked for.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use foldhash::HashMap;
use serde::{Deserialize, Serialize};

use crate::packed::{Row, Searched, TABLES, Tables};

/// The digest of a file's language and content. An app's source may come from anyone, so two files must not be able to
/// pretend to be the same: this is a cryptographic hash.
pub(crate) type Digest = [u8; 32];

/// Stands for words that are looked for.
pub(crate) type Key = [u8; 16];

/// Whether a file contains words, by what stands for them.
pub(crate) type Searches = BTreeMap<Key, bool>;

/// So many pieces are fetched one by one. Whoever asks for more will ask for most of them.
const FETCHED_ALONE: usize = 64;

/// Names a file in [`Known`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket(u32);

/// By what it is seen that a file was not touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) bytes: u64,
    /// Nanoseconds since 1970.
    pub(crate) modified_ns: i128,
    /// When anything about the file changed, its name and owner included.
    pub(crate) changed_ns: i128,
    pub(crate) inode: u64,
}

/// What is known of one file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownFile<'k> {
    /// None if the next touch may not show by it.
    pub(crate) stamp: Option<Stamp>,
    /// What the first look at it showed; see [`Known::glance`]. None if nobody looked.
    pub(crate) glance: Option<Piece>,
    /// The digest of its content, if its facts were asked for.
    pub(crate) digest: Option<&'k Digest>,
    /// What was looked for in it.
    pub(crate) searches: Searched<'k>,
}

/// The known files of one folder.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownFolder {
    whole: Range<usize>,
    added: Range<usize>,
}

/// What earlier scans found.
#[derive(Debug, Default)]
pub(crate) struct Known {
    whole: Option<Part>,
    /// What changed since that was written. It counts before the other.
    added: Option<Part>,
    words: OnceLock<BTreeMap<Key, BTreeSet<String>>>,
}

/// What was kept at one time.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) checksum: Digest,
    pub(crate) bytes: Vec<u8>,
    /// Where in the bytes the tables are.
    pub(crate) tables: [Range<usize>; TABLES],
    /// Where in the bytes the words are that were looked for.
    pub(crate) words: Range<usize>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) pieces: Pieces,
}

/// The bytes that pieces are parts of, wherever they are.
pub(crate) trait Source: Debug + Send + Sync {
    /// The bytes from a place; absent if not all of them can be had.
    fn fetch(&self, place: Range<usize>) -> Option<Vec<u8>>;
}

/// Pieces, one by one or all at once.
#[derive(Debug)]
pub(crate) struct Pieces {
    source: Box<dyn Source>,
    length: usize,
    fetched_alone: AtomicUsize,
    all: OnceLock<Vec<u8>>,
}

/// Where a piece is, and by what it is seen that it is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PiecePlace {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) checksum: [u8; 8],
}

impl PiecePlace {
    /// The place of a piece that was lost.
    pub(crate) const LOST: Self = Self { start: 0, end: 0, checksum: [0; 8] };

    /// The checksum of a piece.
    pub(crate) fn checksum(encoded: &[u8]) -> [u8; 8] {
        let mut checksum = [0; 8];
        checksum.copy_from_slice(&blake3::hash(encoded).as_bytes()[..8]);
        checksum
    }
}

/// A piece of what is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    is_added: bool,
    place: PiecePlace,
}

impl Pieces {
    /// Pieces of so many bytes.
    pub(crate) fn new(source: Box<dyn Source>, length: usize) -> Self {
        Self { source, length, fetched_alone: AtomicUsize::new(0), all: OnceLock::new() }
    }

    fn fetch(&self, place: Range<usize>) -> Option<Cow<'_, [u8]>> {
        if place.end > self.length {
            return None;
        }
        let is_alone = || self.fetched_alone.fetch_add(1, Ordering::Relaxed) < FETCHED_ALONE;
        if self.all.get().is_none() && is_alone() {
            return self.source.fetch(place).map(Cow::Owned);
        }
        self.all().get(place).map(Cow::Borrowed)
    }

    /// All that there is; nothing if it cannot be had.
    fn all(&self) -> &[u8] {
        self.all.get_or_init(|| self.source.fetch(0..self.length).unwrap_or_default())
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
        Self { checksum: PiecePlace::checksum(&bytes), bytes }
    }
}

/// What a whole scan gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// The digest of all that it depended on, other than source.
    pub(crate) context: Digest,
    /// The manifest, as JSON.
    #[serde(with = "at_once")]
    pub(crate) manifest: Vec<u8>,
    /// The diagnostics, as JSON.
    #[serde(with = "at_once")]
    pub(crate) diagnostics: Vec<u8>,
    /// What helps to find out what a change of one file makes of that, as the scanner of the app's language has it; empty when
    /// nothing does.
    #[serde(with = "at_once")]
    pub(crate) trail: Vec<u8>,
}

/// Bytes that are written and read at once, and not one by one.
mod at_once {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        <&[u8]>::deserialize(deserializer).map(<[u8]>::to_vec)
    }
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
    pub(crate) trail: Vec<u8>,
}

impl Part {
    fn tables(&self) -> Tables<'_> {
        Tables::new(self.tables.each_ref().map(|table| self.bytes.get(table.clone()).unwrap_or_default()))
    }

    fn words(&self) -> Option<BTreeMap<Key, BTreeSet<String>>> {
        postcard::from_bytes(self.bytes.get(self.words.clone())?).ok()
    }
}

impl Known {
    /// What was kept as a whole, and what was added to it.
    pub(crate) fn new(whole: Part, added: Option<Part>) -> Self {
        Self { whole: Some(whole), added, words: OnceLock::new() }
    }

    /// The checksum of the whole.
    pub(crate) fn whole(&self) -> Option<Digest> {
        Some(self.whole.as_ref()?.checksum)
    }

    /// Whether a file was not in the whole, or was another one there.
    pub(crate) fn is_added(&self, ticket: Ticket) -> bool {
        self.place(ticket).is_none_or(|(_, _, is_added)| is_added)
    }

    /// The file with this path, as it was.
    pub(crate) fn by_path(&self, path: &str) -> Option<KnownFile<'_>> {
        self.file(self.ticket(path)?)
    }

    /// The words that a key stands for.
    pub(crate) fn words(&self, key: &Key) -> Option<&BTreeSet<String>> {
        self.all_words().get(key)
    }

    /// All words that were looked for.
    pub(crate) fn all_words(&self) -> &BTreeMap<Key, BTreeSet<String>> {
        self.words.get_or_init(|| self.parts().filter_map(Part::words).flatten().collect())
    }

    /// What the whole scan gave.
    pub(crate) fn outcome(&self) -> Option<&Outcome> {
        self.added.as_ref().or(self.whole.as_ref())?.outcome.as_ref()
    }

    /// The known files of the folder with this path.
    pub(crate) fn folder(&self, path: &str) -> KnownFolder {
        let files = |part: &Option<Part>| part.as_ref().map_or(0..0, |part| part.tables().folder(path));
        KnownFolder { whole: files(&self.whole), added: files(&self.added) }
    }

    /// The ticket of the file with this name in a folder.
    pub(crate) fn ticket_in(&self, folder: &KnownFolder, name: &str) -> Option<Ticket> {
        let find = |part: &Option<Part>, files: &Range<usize>| {
            // Most folders have nothing added.
            let part = part.as_ref().filter(|_| !files.is_empty())?;
            part.tables().in_folder(files.clone(), name)
        };
        let added = || Some(self.whole.as_ref()?.tables().len() + find(&self.added, &folder.added)?);
        let number = added().or_else(|| find(&self.whole, &folder.whole))?;
        Some(Ticket(u32::try_from(number).ok()?))
    }

    /// The ticket of the file with this path.
    pub(crate) fn ticket(&self, path: &str) -> Option<Ticket> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.ticket_in(&self.folder(folder), name)
    }

    /// Whether a file has not been touched.
    pub(crate) fn is_untouched(&self, ticket: Ticket, stamp: Stamp) -> bool {
        self.place(ticket).is_some_and(|(part, number, _)| part.tables().stamp(number) == Some(stamp))
    }

    /// What is known of a file.
    pub(crate) fn file(&self, ticket: Ticket) -> Option<KnownFile<'_>> {
        let (part, number, is_added) = self.place(ticket)?;
        let Row { stamp, glance, digest, searches } = part.tables().file(number)?;
        Some(KnownFile { stamp, glance: glance.map(|place| Piece { is_added, place }), digest, searches })
    }

    /// What a first look at a file showed, encoded; absent when it is damaged.
    pub(crate) fn glance(&self, file: &KnownFile<'_>) -> Option<Cow<'_, [u8]>> {
        self.fetch(file.glance?)
    }

    /// The facts of a content, encoded; absent when they are damaged.
    pub(crate) fn facts(&self, digest: &Digest) -> Option<Cow<'_, [u8]>> {
        self.fetch(self.facts_piece(digest)?)
    }

    /// The facts of a content, encoded, be they damaged or not, and by what that is seen.
    pub(crate) fn facts_as_kept(&self, digest: &Digest) -> Option<(&[u8], [u8; 8])> {
        self.as_kept(self.facts_piece(digest)?)
    }

    /// A piece, be it damaged or not, and by what that is seen.
    pub(crate) fn as_kept(&self, Piece { is_added, place }: Piece) -> Option<(&[u8], [u8; 8])> {
        let all = self.part(is_added)?.pieces.all();
        Some((all.get(place.start..place.end)?, place.checksum))
    }

    fn fetch(&self, Piece { is_added, place }: Piece) -> Option<Cow<'_, [u8]>> {
        let fetched = self.part(is_added)?.pieces.fetch(place.start..place.end)?;
        (PiecePlace::checksum(&fetched) == place.checksum).then_some(fetched)
    }

    fn facts_piece(&self, digest: &Digest) -> Option<Piece> {
        [true, false].into_iter().find_map(|is_added| {
            let place = self.part(is_added)?.tables().facts(digest)?;
            Some(Piece { is_added, place })
        })
    }

    /// The contents whose facts are known.
    pub(crate) fn digests(&self) -> impl Iterator<Item = &Digest> {
        self.parts().flat_map(|part| part.tables().digests())
    }

    /// How many files are known; one that is another one by now counts twice.
    pub(crate) fn len(&self) -> usize {
        self.parts().map(|part| part.tables().len()).sum()
    }

    fn part(&self, is_added: bool) -> Option<&Part> {
        if is_added { self.added.as_ref() } else { self.whole.as_ref() }
    }

    /// What is in a later one counts before what is in an earlier one.
    fn parts(&self) -> impl Iterator<Item = &Part> {
        self.whole.iter().chain(&self.added)
    }

    /// The part that a file is in, its number there, and whether that was added.
    fn place(&self, ticket: Ticket) -> Option<(&Part, usize, bool)> {
        let (number, whole) = (usize::try_from(ticket.0).ok()?, self.whole.as_ref()?);
        match number.checked_sub(whole.tables().len()) {
            None => Some((whole, number, false)),
            Some(number) => Some((self.added.as_ref()?, number, true)),
        }
    }
}
