//! How what is kept of a scan is written down, and read again.
//!
//! A file begins with a head that says of each source file what a look at it gave, and where the facts of each content are.
//! The facts follow. The head has one checksum and each of the facts its own, so that only those which are needed are looked
//! at.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::file::since_1970_ns;
use crate::SourceTree;
use crate::known::{Digest, FactsPlace, Key, Known, KnownFile, Learned, Loaded, Outcome, Searches, Stamp};
use crate::tree::{File, Part};

/// Begins every cache. The number is that of the layout of the file.
const MAGIC: &[u8] = b"manifestc scan cache 2\n";

/// What the scanner's own code is made of: facts of another one mean something else.
const SCANNER: &str = env!("SCANNER_FINGERPRINT");

/// Of a file that was touched this shortly before it was read, the next touch may not show.
const RACY_NS: i128 = 2_000_000_000;

/// Facts of contents that no file has any more are kept up to this many times of what is in use, for whoever goes back
/// and forth between branches.
const MAX_UNUSED: usize = 2;

/// What stands at the beginning.
#[derive(Serialize, Deserialize)]
struct Head<'b> {
    scanner: &'b str,
    root: &'b str,
    /// The checksum of the head that this one adds to.
    adds_to: Option<Digest>,
    #[serde(borrow)]
    files: Vec<(&'b str, KeptFile<'b>)>,
    /// Where the facts of each content are in what follows.
    facts: Vec<(Digest, FactsPlace)>,
    /// How long that is.
    facts_bytes: usize,
    words: BTreeMap<Key, Cow<'b, BTreeSet<String>>>,
    outcome: Option<Cow<'b, Outcome>>,
}

#[derive(Serialize, Deserialize)]
struct KeptFile<'b> {
    stamp: Option<Stamp>,
    glance: Option<&'b [u8]>,
    digest: Option<Digest>,
    searches: Cow<'b, Searches>,
}

/// Reads what was kept, if the head is whole, of this scanner and of this folder, and adds to what it should. What follows
/// is checked piece by piece when it is needed.
pub(super) fn open(bytes: Vec<u8>, root: &str, adds_to: Option<Digest>) -> Option<Loaded> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (length, rest) = rest.split_first_chunk::<8>()?;
    let (checksum, rest) = rest.split_first_chunk::<32>()?;
    let (head, facts) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let is_whole = blake3::hash(head).as_bytes() == checksum;
    let head: Head<'_> = postcard::from_bytes(head).ok().filter(|_| is_whole)?;
    let is_ours = head.scanner == SCANNER && head.root == root && head.adds_to == adds_to;
    if !is_ours || facts.len() != head.facts_bytes {
        return None;
    }
    let offset = |part: &[u8]| part.as_ptr() as usize - bytes.as_ptr() as usize;
    let range = |part: &[u8]| offset(part)..offset(part) + part.len();
    let file = |(path, KeptFile { stamp, glance, digest, searches }): (&str, KeptFile<'_>)| {
        let (glance, searches) = (glance.map(range), searches.into_owned());
        (path.to_owned(), KnownFile { stamp, glance, digest, searches })
    };
    let files = head.files.into_iter().map(file).collect();
    let after_head = offset(facts);
    let places = head.facts.into_iter().map(|(digest, place)| (digest, place.moved_by(after_head))).collect();
    let words = head.words.into_iter().map(|(key, words)| (key, words.into_owned())).collect();
    let (outcome, checksum) = (head.outcome.map(Cow::into_owned), *checksum);
    Some(Loaded { checksum, files, places, words, outcome, bytes })
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
        let mut facts = self.facts(&files);
        let unused: BTreeSet<&Digest> = self.known.digests().filter(|digest| !facts.has(digest)).collect();
        let most = MAX_UNUSED * facts.places.len();
        unused.into_iter().take(most).for_each(|digest| facts.keep_known(digest, self.known));
        Body { files, facts }
    }

    /// What changed since the whole was written.
    pub(super) fn changes(&self) -> Body<'_> {
        let files = self.files(self.changed());
        let facts = self.facts(&files);
        Body { files, facts }
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
            let mut all = Cow::Borrowed(&known.searches);
            if let Some(searches) = searches {
                all.to_mut().extend(searches);
            }
            let glance = self.known.glance(known);
            return Some(KeptFile { stamp: known.stamp, glance, digest: known.digest, searches: all });
        }
        let glance = self.learned.glances.get(path).map(Vec::as_slice);
        let digest = self.learned.digests.get(path).copied();
        let searches = searches.map_or_else(|| Cow::Owned(Searches::new()), Cow::Borrowed);
        Some(KeptFile { stamp, glance, digest, searches })
    }

    /// The facts of these files.
    fn facts(&self, files: &[(&str, KeptFile<'_>)]) -> KeptFacts<'_> {
        let mut facts = KeptFacts::default();
        let digests: BTreeSet<Digest> = files.iter().filter_map(|(_, file)| file.digest).collect();
        for digest in digests {
            match self.learned.facts.get(&digest) {
                Some(encoded) => facts.keep(digest, &encoded.bytes, encoded.checksum),
                None => facts.keep_known(&digest, self.known),
            }
        }
        facts
    }

    /// Writes that down, with what the whole scan gave; it may add to what was written before, named by its checksum.
    pub(super) fn encoded<'k>(
        &'k self,
        Body { files, facts }: Body<'k>,
        root: &str,
        adds_to: Option<Digest>,
        outcome: Option<&Outcome>,
    ) -> Encoded<'k> {
        let searched: BTreeSet<Key> =
            files.iter().flat_map(|(_, file)| file.searches.keys().copied()).collect();
        let words = self.known.all_words().iter().chain(&self.learned.words);
        let words =
            words.filter(|(key, _)| searched.contains(*key)).map(|(key, words)| (*key, Cow::Borrowed(words)));
        let head = Head {
            scanner: SCANNER,
            root,
            adds_to,
            facts: facts.places.into_iter().collect(),
            facts_bytes: facts.length,
            words: words.collect(),
            outcome: outcome.map(Cow::Borrowed),
            files,
        };
        let head = postcard::to_allocvec(&head).expect("BUG: it is lists, numbers and texts");
        let length = (head.len() as u64).to_le_bytes();
        let begin = [MAGIC, &length, blake3::hash(&head).as_bytes()].concat();
        Encoded { begin, head, facts: facts.all }
    }
}

/// What is kept of files.
pub(super) struct Body<'k> {
    files: Vec<(&'k str, KeptFile<'k>)>,
    facts: KeptFacts<'k>,
}

/// What is to be written, one after the other.
pub(super) struct Encoded<'k> {
    begin: Vec<u8>,
    head: Vec<u8>,
    facts: Vec<&'k [u8]>,
}

impl Encoded<'_> {
    pub(super) fn parts(&self) -> impl Iterator<Item = &[u8]> {
        [self.begin.as_slice(), &self.head].into_iter().chain(self.facts.iter().copied())
    }
}

fn is_source(path: &str) -> bool {
    matches!(Part::of(path), Part::Source(_))
}

/// Facts that are kept, one after the other.
#[derive(Default)]
struct KeptFacts<'k> {
    all: Vec<&'k [u8]>,
    length: usize,
    places: BTreeMap<Digest, FactsPlace>,
}

impl<'k> KeptFacts<'k> {
    fn has(&self, digest: &Digest) -> bool {
        self.places.contains_key(digest)
    }

    fn keep(&mut self, digest: Digest, encoded: &'k [u8], checksum: [u8; 8]) {
        let start = self.length;
        self.length += encoded.len();
        self.all.push(encoded);
        self.places.insert(digest, FactsPlace { start, end: self.length, checksum });
    }

    /// Keeps what was kept before, unless that is damaged: whoever reads it will see.
    fn keep_known(&mut self, digest: &Digest, known: &'k Known) {
        if let Some((encoded, checksum)) = known.facts_as_kept(digest) {
            self.keep(*digest, encoded, checksum);
        }
    }
}
