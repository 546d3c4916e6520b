//! How what is kept of a scan is written down, and read again.
//!
//! A file begins with a head that says of each source file where that is which a look at it gave, and where the facts of each
//! content are. These pieces follow. The head has one checksum and each of the pieces its own, so that only those which are
//! needed are read.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::SystemTime;

use super::file::since_1970_ns;
use super::pieces::OnDisk;
use crate::SourceTree;
use crate::known::{
    Digest, Key, Known, Learned, Outcome, Part as KnownPart, PiecePlace, Pieces, Searches, Stamp,
};
use crate::packed::{TABLES, Writer};
use crate::tree::{File, Part};

/// Begins every cache. The number is that of the layout of the file.
const MAGIC: &[u8] = b"manifestc scan cache 3\n";

/// What the scanner's own code is made of: facts of another one mean something else.
const SCANNER: &str = env!("SCANNER_FINGERPRINT");

/// Of a file that was touched this shortly before it was read, the next touch may not show.
const RACY_NS: i128 = 2_000_000_000;

/// Facts of contents that no file has any more are kept up to this many times of what is in use, for whoever goes back
/// and forth between branches.
const MAX_UNUSED: usize = 2;

/// What stands before the head: what it is, how long the head is, and its checksum.
const BEGIN: usize = MAGIC.len() + LENGTH + size_of::<Digest>();

/// A length is a number of so many bytes.
const LENGTH: usize = 8;

/// What is kept of one file.
struct KeptFile<'k> {
    stamp: Option<Stamp>,
    glance: Option<(&'k [u8], [u8; 8])>,
    digest: Option<Digest>,
    searches: Cow<'k, Searches>,
}

/// Reads what was kept, if the head is whole, of this scanner and of this folder, and adds to what it should. What follows
/// is read and checked piece by piece when it is needed.
pub(super) fn open(mut file: OnDisk, root: &str, adds_to: Option<Digest>) -> Option<KnownPart> {
    let begin = file.take(BEGIN)?;
    let (length, checksum) = begin.strip_prefix(MAGIC)?.split_first_chunk()?;
    let bytes = file.take(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    if blake3::hash(&bytes) != *checksum {
        return None;
    }
    let mut sections = Sections { bytes: &bytes, taken: 0 };
    let expected = [SCANNER.as_bytes(), root.as_bytes(), adds_to.as_ref().map_or(&[], Digest::as_slice)];
    for expected in expected {
        (bytes.get(sections.next()?)? == expected).then_some(())?;
    }
    let mut tables = [const { 0..0 }; TABLES];
    for table in &mut tables {
        *table = sections.next()?;
    }
    let (words, outcome, length) = (sections.next()?, sections.next()?, sections.length()?);
    let outcome = postcard::from_bytes(bytes.get(outcome)?).ok()?;
    let checksum = checksum.try_into().ok()?;
    let pieces = (length == file.rest()).then(|| Pieces::new(Box::new(file), length))?;
    Some(KnownPart { checksum, bytes, tables, words, outcome, pieces })
}

/// How many bytes there are before the pieces of a cache that is whole.
#[cfg(test)]
pub(super) fn head_of(path: &std::path::Path) -> usize {
    let bytes = std::fs::read(path).unwrap_or_default();
    let length = bytes[MAGIC.len()..].first_chunk().map_or(0, |length| u64::from_le_bytes(*length));
    BEGIN + usize::try_from(length).unwrap_or(0)
}

/// The parts of a head, each with its length before it.
struct Sections<'b> {
    bytes: &'b [u8],
    taken: usize,
}

impl Sections<'_> {
    /// Where the next one is.
    fn next(&mut self) -> Option<Range<usize>> {
        let length = self.length()?;
        let section = self.taken..self.taken.checked_add(length)?;
        self.taken = section.end;
        Some(section)
    }

    fn length(&mut self) -> Option<usize> {
        let length = self.bytes.get(self.taken..)?.first_chunk::<LENGTH>()?;
        self.taken += LENGTH;
        usize::try_from(u64::from_le_bytes(*length)).ok()
    }
}

/// What may be kept of a scan.
pub(super) struct Kept<'s> {
    pub(super) known: &'s Known,
    pub(super) learned: &'s Learned<'s>,
    pub(super) tree: &'s SourceTree,
    /// When the scan began.
    pub(super) began: SystemTime,
}

impl Kept<'_> {
    /// All that is known now.
    pub(super) fn all(&self) -> Body<'_> {
        let files = self.files(self.sources());
        let mut pieces = self.facts(&files);
        let unused: BTreeSet<&Digest> = self.known.digests().filter(|digest| !pieces.has(digest)).collect();
        let most = MAX_UNUSED * pieces.facts.len();
        unused.into_iter().take(most).for_each(|digest| pieces.keep_known(digest, self.known));
        Body { files, pieces }
    }

    /// What changed since the whole was written.
    pub(super) fn changes(&self) -> Body<'_> {
        let files = self.files(self.changed());
        let pieces = self.facts(&files);
        Body { files, pieces }
    }

    /// The source that is at hand.
    pub(super) fn sources(&self) -> impl Iterator<Item = (&str, &File)> {
        let is_at_hand =
            |(path, file): &(&str, &File)| !matches!(file, File::Unread(None)) && is_source(path);
        self.tree.readable().filter(is_at_hand)
    }

    /// The source that changed since the whole was written.
    pub(super) fn changed(&self) -> impl Iterator<Item = (&str, &File)> {
        let is_changed = |file: &File| match file {
            File::Unread(ticket) => ticket.is_some_and(|ticket| self.known.is_added(ticket)),
            File::Read(..) => true,
            File::Named => false,
        };
        self.tree.all().filter(move |(path, file)| is_changed(file) && is_source(path))
    }

    fn files<'f>(
        &'f self,
        sources: impl Iterator<Item = (&'f str, &'f File)>,
    ) -> Vec<(&'f str, KeptFile<'f>)> {
        let trusted_before = since_1970_ns(self.began) - RACY_NS;
        let kept = |(path, file): (&'f str, &'f File)| {
            let stamp = file.stamp().filter(|stamp| stamp.changed_ns < trusted_before);
            Some((path, self.file(path, file, stamp)?))
        };
        sources.filter_map(kept).collect()
    }

    /// What is kept of a file.
    fn file(&self, path: &str, file: &File, stamp: Option<Stamp>) -> Option<KeptFile<'_>> {
        let searches = self.learned.searches.get(path);
        if let File::Unread(ticket) = file {
            let known = self.known.file((*ticket)?)?;
            let mut all: Searches = known.searches.iter().collect();
            all.extend(searches.into_iter().flatten());
            let glance = known.glance.map(|piece| self.known.as_kept(piece).unwrap_or_default());
            let (stamp, digest) = (known.stamp, known.digest.copied());
            return Some(KeptFile { stamp, glance, digest, searches: Cow::Owned(all) });
        }
        let glance = self.learned.glances.get(path);
        let glance = glance.map(|encoded| (encoded.as_slice(), PiecePlace::checksum(encoded)));
        let digest = self.learned.digests.get(path).copied();
        let searches = searches.map_or_else(|| Cow::Owned(Searches::new()), Cow::Borrowed);
        Some(KeptFile { stamp, glance, digest, searches })
    }

    /// The facts of these files.
    fn facts(&self, files: &[(&str, KeptFile<'_>)]) -> KeptPieces<'_> {
        let mut pieces = KeptPieces::default();
        let digests: BTreeSet<Digest> = files.iter().filter_map(|(_, file)| file.digest).collect();
        for digest in digests {
            match self.learned.facts.get(&digest) {
                Some(encoded) => pieces.keep_facts(digest, &encoded.bytes, encoded.checksum),
                None => pieces.keep_known(&digest, self.known),
            }
        }
        pieces
    }

    /// Writes that down, with what the whole scan gave; it may add to what was written before, named by its checksum.
    pub(super) fn encoded<'k>(
        &'k self,
        Body { mut files, mut pieces }: Body<'k>,
        root: &str,
        adds_to: Option<Digest>,
        outcome: Option<&Outcome>,
    ) -> Encoded<'k> {
        let searched: BTreeSet<Key> =
            files.iter().flat_map(|(_, file)| file.searches.keys().copied()).collect();
        let words = self.known.all_words().iter().chain(&self.learned.words);
        let words: BTreeMap<&Key, &BTreeSet<String>> =
            words.filter(|(key, _)| searched.contains(*key)).collect();
        let facts = std::mem::take(&mut pieces.facts);
        let mut tables = Writer::new(&facts);
        let place = |path: &'k str| path.rsplit_once('/').unwrap_or(("", path));
        files.sort_unstable_by_key(|(path, _)| place(path));
        for (path, KeptFile { stamp, glance, digest, searches }) in &files {
            let glance = glance.map(|(encoded, checksum)| pieces.keep(encoded, checksum));
            tables.file(place(path), *stamp, glance, digest.as_ref(), searches);
        }
        let mut head = Vec::new();
        let mut add = |section: &[u8]| {
            head.extend_from_slice(&length(section.len()));
            head.extend_from_slice(section);
        };
        add(SCANNER.as_bytes());
        add(root.as_bytes());
        add(adds_to.as_ref().map_or(&[], Digest::as_slice));
        tables.finish().iter().for_each(|table| add(table));
        let encode = "BUG: it is maps, lists, numbers and texts";
        add(&postcard::to_allocvec(&words).expect(encode));
        add(&postcard::to_allocvec(&outcome).expect(encode));
        head.extend_from_slice(&length(pieces.length));
        let begin = [MAGIC, &length(head.len()), blake3::hash(&head).as_bytes()].concat();
        Encoded { begin, head, pieces: pieces.all }
    }
}

fn length(length: usize) -> [u8; LENGTH] {
    (length as u64).to_le_bytes()
}

/// What is kept of files.
pub(super) struct Body<'k> {
    files: Vec<(&'k str, KeptFile<'k>)>,
    pieces: KeptPieces<'k>,
}

/// What is to be written, one after the other.
pub(super) struct Encoded<'k> {
    begin: Vec<u8>,
    head: Vec<u8>,
    pieces: Vec<&'k [u8]>,
}

impl Encoded<'_> {
    pub(super) fn parts(&self) -> impl Iterator<Item = &[u8]> {
        [self.begin.as_slice(), &self.head].into_iter().chain(self.pieces.iter().copied())
    }
}

fn is_source(path: &str) -> bool {
    matches!(Part::of(path), Part::Source(_))
}

/// Pieces that are kept, one after the other.
#[derive(Default)]
struct KeptPieces<'k> {
    all: Vec<&'k [u8]>,
    length: usize,
    /// Which of them are the facts of each content.
    facts: BTreeMap<Digest, PiecePlace>,
}

impl<'k> KeptPieces<'k> {
    fn has(&self, digest: &Digest) -> bool {
        self.facts.contains_key(digest)
    }

    fn keep(&mut self, encoded: &'k [u8], checksum: [u8; 8]) -> PiecePlace {
        let start = self.length;
        self.length += encoded.len();
        self.all.push(encoded);
        PiecePlace { start, end: self.length, checksum }
    }

    fn keep_facts(&mut self, digest: Digest, encoded: &'k [u8], checksum: [u8; 8]) {
        let place = self.keep(encoded, checksum);
        self.facts.insert(digest, place);
    }

    /// Keeps what was kept before, damaged or not: whoever reads it will see. A file has its content even when nothing is
    /// known of that any more.
    fn keep_known(&mut self, digest: &Digest, known: &'k Known) {
        match known.facts_as_kept(digest) {
            Some((encoded, checksum)) => self.keep_facts(*digest, encoded, checksum),
            None => drop(self.facts.insert(*digest, PiecePlace::LOST)),
        }
    }
}
