//! What is found in one file at a time, in parallel, with the help of what earlier scans knew.
//!
//! Every language gives two pure functions of a file's bytes: a first look by byte search, and the facts, for which the
//! file is parsed. The rest of a scanner works with their results alone, and decides by the first looks which files are
//! worth parsing.

use std::any::Any;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::SourceTree;
use crate::fetched::Fetched;
use crate::known::{Digest, Encoded, Key, Known, KnownFile, Learned};
use crate::moved::{Change, Lines};
use crate::parallel;
use crate::tree::File;

/// The two looks at a file of one language.
pub(crate) struct Language<Glance, Facts> {
    /// Stands before the content when it is digested: the same bytes are other facts in another language.
    pub(crate) name: &'static str,
    /// Whether a file with this path is source of the language.
    pub(crate) is_source: fn(&str) -> bool,
    /// A first look, by byte search.
    pub(crate) glance: fn(&[u8]) -> Glance,
    /// All that the scanner needs to know of a file.
    pub(crate) facts: fn(&[u8]) -> Facts,
}

/// The digest of a content, and its facts, encoded, if they were not known.
type News = (Digest, Option<Encoded>);

/// Where scanners get what is in files.
pub(crate) struct Reader<'t> {
    pub(crate) tree: &'t SourceTree,
    pub(crate) known: &'t Known,
    pub(crate) threads: usize,
    /// Whether what is learned is of use to anyone.
    pub(crate) learns: bool,
    /// Where files are read that turn out to be needed. Without it, the scan says which these are.
    fetched: Option<&'t Fetched<'t>>,
    learned: Mutex<Learned<'t>>,
    missing: Mutex<BTreeSet<String>>,
    left: Mutex<Vec<Left>>,
}

/// What is no longer needed. To give back the memory of many small things takes so long that it is done beside other work, and
/// by whoever has none.
pub(crate) type Left = Box<dyn Any + Send>;

/// So many things are given back at a time.
const LEFT_AT_ONCE: usize = 128;

/// The scan cannot go on before more files are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Missing;

impl<'t> Reader<'t> {
    pub(crate) fn new(tree: &'t SourceTree, known: &'t Known, threads: usize, learns: bool) -> Self {
        Self {
            tree,
            known,
            threads,
            learns,
            fetched: None,
            learned: Mutex::default(),
            missing: Mutex::default(),
            left: Mutex::default(),
        }
    }

    /// Reads what turns out to be needed, and goes on. Nothing is learned of it.
    pub(crate) fn fetching(self, fetched: &'t Fetched<'t>) -> Self {
        Self { fetched: Some(fetched), ..self }
    }

    /// Takes a first look at the files of a language, as far as they are `own`: part of the app.
    pub(crate) fn sources<G, F>(
        &self,
        language: &'t Language<G, F>,
        is_own: impl Fn(&str) -> bool,
    ) -> Result<Sources<'_, 't, G, F>, Missing>
    where
        G: Serialize + DeserializeOwned + Send,
        F: Serialize + DeserializeOwned + Send,
    {
        let files = self.files(language, is_own);
        let both: Vec<(&str, &File)> =
            files.paths.iter().copied().zip(files.at_hand.iter().copied()).collect();
        let seen = parallel::map(&both, self.threads, |(path, file)| self.glance(language, path, file));
        let (glances, news): (Vec<Option<G>>, Vec<Option<Vec<u8>>>) = seen.into_iter().unzip();
        let news = files.paths.iter().zip(news).filter_map(|(path, encoded)| Some((*path, encoded?)));
        self.learn(|learned| learned.glances.extend(news));
        let glances: Option<Vec<G>> = glances.into_iter().collect();
        Ok(Sources { files, glances: glances.ok_or(Missing)? })
    }

    /// The files of a language, as far as they are `own`, without a look at them.
    pub(crate) fn files<G, F>(
        &self,
        language: &'t Language<G, F>,
        is_own: impl Fn(&str) -> bool,
    ) -> Files<'_, 't, G, F> {
        let own = self.tree.readable().filter(|(path, _)| (language.is_source)(path) && is_own(path));
        let (paths, files) = own.unzip();
        Files { reader: self, language, paths, at_hand: files }
    }

    /// Keeps what will help to find out what a change of a file makes of the app.
    pub(crate) fn keep_trail(&self, trail: &impl Serialize) {
        self.learn(|learned| learned.trail = encode(trail));
    }

    /// Leaves things that are no longer needed to whoever asked for the scan.
    pub(crate) fn leave<T: Any + Send>(&self, left: impl IntoIterator<Item = T>) {
        let mut left = left.into_iter();
        let mut pieces = locked(&self.left);
        loop {
            let piece: Vec<T> = left.by_ref().take(LEFT_AT_ONCE).collect();
            if piece.is_empty() {
                return;
            }
            pieces.push(Box::new(piece));
        }
    }

    /// Keeps nothing for that: the app is not that of one scanner alone.
    pub(crate) fn keep_no_trail(&self) {
        self.learn(|learned| learned.trail.clear());
    }

    /// What was learned, and what is no longer needed; or the files that must be read first.
    pub(crate) fn finish(self) -> Result<(Learned<'t>, Vec<Left>), BTreeSet<String>> {
        let (missing, learned, left) = (unlocked(self.missing), unlocked(self.learned), unlocked(self.left));
        if missing.is_empty() { Ok((learned, left)) } else { Err(missing) }
    }

    /// A first look at a file; encoded as well, if it is a new one.
    fn glance<G, F>(&self, language: &Language<G, F>, path: &str, file: &File) -> (Option<G>, Option<Vec<u8>>)
    where
        G: Serialize + DeserializeOwned,
    {
        match file {
            File::Read(content, _) => {
                let glance = (language.glance)(content);
                let encoded = self.learns.then(|| encode(&glance));
                (Some(glance), encoded)
            }
            File::Unread(ticket) => {
                let known = ticket.and_then(|ticket| decode(&self.known.glance(&self.known.file(ticket)?)?));
                (known.or_else(|| self.fetch(path, language.glance)), None)
            }
            File::Named => (None, None),
        }
    }

    /// The facts of a file; with its digest, if it was read, and encoded, if they are new. Of a file that was not read
    /// others than those of the language may be known, which count if they are enough.
    fn facts<G, F>(
        &self,
        language: &Language<G, F>,
        path: &str,
        file: &File,
        are_enough: impl Fn(&F) -> bool,
    ) -> Option<(F, Option<News>)>
    where
        F: Serialize + DeserializeOwned,
    {
        match file {
            File::Read(content, _) if self.learns => {
                let digest = digest(language.name, content);
                let known = self.known.facts(&digest).and_then(|encoded| decode(&encoded));
                let is_new = known.is_none();
                let facts = known.unwrap_or_else(|| (language.facts)(content));
                let encoded = is_new.then(|| Encoded::new(encode(&facts)));
                Some((facts, Some((digest, encoded))))
            }
            File::Read(content, _) => Some(((language.facts)(content), None)),
            File::Unread(ticket) => {
                let digest = ticket.and_then(|ticket| self.known.file(ticket)?.digest);
                let known = digest.and_then(|digest| decode(&self.known.facts(digest)?)).filter(are_enough);
                known.or_else(|| self.fetch(path, language.facts)).map(|facts| (facts, None))
            }
            File::Named => None,
        }
    }

    fn learn(&self, take: impl FnOnce(&mut Learned<'t>)) {
        take(&mut locked(&self.learned));
    }

    /// What there is to say of a file that was not read and of which that is not known.
    fn fetch<T>(&self, path: &str, say: impl FnOnce(&[u8]) -> T) -> Option<T> {
        if let Some(Ok((content, _))) = self.fetched.map(|fetched| fetched.file(path)).as_deref() {
            return Some(say(content));
        }
        locked(&self.missing).insert(path.to_owned());
        None
    }
}

/// A panic elsewhere is reported there.
fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unlocked<T>(shared: Mutex<T>) -> T {
    shared.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The source files of a language, sorted by path.
pub(crate) struct Files<'r, 't, G, F> {
    reader: &'r Reader<'t>,
    language: &'t Language<G, F>,
    pub(crate) paths: Vec<&'t str>,
    at_hand: Vec<&'t File>,
}

/// The source files of a language, with a first look at each.
pub(crate) struct Sources<'r, 't, G, F> {
    files: Files<'r, 't, G, F>,
    pub(crate) glances: Vec<G>,
}

impl<'r, 't, G, F> Deref for Sources<'r, 't, G, F> {
    type Target = Files<'r, 't, G, F>;

    fn deref(&self) -> &Self::Target {
        &self.files
    }
}

impl<'t, G, F> Files<'_, 't, G, F>
where
    F: Serialize + DeserializeOwned + Send,
{
    /// How many threads work on them.
    pub(crate) fn threads(&self) -> usize {
        self.reader.threads
    }

    /// How they are looked at.
    pub(crate) fn language(&self) -> &'t Language<G, F> {
        self.language
    }

    /// The facts of some files, in the order in which they are asked for.
    pub(crate) fn facts(&self, files: &[usize]) -> Result<Vec<F>, Missing> {
        self.facts_by(self.language, files, |_| true)
    }

    /// The facts that are found by looking at the files as at those of another language. What is known of a file without
    /// reading it may have been found by either, and counts if it is `enough`.
    pub(crate) fn facts_by(
        &self,
        language: &Language<G, F>,
        files: &[usize],
        are_enough: impl Fn(&F) -> bool + Sync,
    ) -> Result<Vec<F>, Missing> {
        let find =
            |file: &usize| self.reader.facts(language, self.paths[*file], self.at_hand[*file], &are_enough);
        let found = parallel::map(files, self.reader.threads, find);
        let found = found.into_iter().collect::<Option<Vec<_>>>().ok_or(Missing)?;
        let (facts, news): (Vec<F>, Vec<Option<News>>) = found.into_iter().unzip();
        self.reader.learn(|learned| {
            for (file, news) in files.iter().zip(news) {
                let Some((digest, encoded)) = news else { continue };
                learned.digests.insert(self.paths[*file], digest);
                learned.facts.extend(encoded.map(|encoded| (digest, encoded)));
            }
        });
        Ok(facts)
    }

    /// A first look at one file.
    pub(crate) fn glance(&self, file: usize) -> Result<G, Missing>
    where
        G: Serialize + DeserializeOwned,
    {
        self.reader.glance(self.language, self.paths[file], self.at_hand[file]).0.ok_or(Missing)
    }

    /// A first look at a file as it was.
    pub(crate) fn glance_before(&self, file: usize) -> Option<G>
    where
        G: DeserializeOwned,
    {
        decode(&self.reader.known.glance(&self.known(file)?)?)
    }

    /// The facts of a file as it was when an earlier scan asked for them.
    pub(crate) fn facts_before(&self, file: usize) -> Option<F> {
        decode(&self.reader.known.facts(self.known(file)?.digest?)?)
    }

    /// What an earlier scan knew of a file, be it another one now.
    pub(crate) fn known(&self, file: usize) -> Option<KnownFile<'_>> {
        self.reader.known.by_path(self.paths[file])
    }

    /// Whether each file contains one of its words. `contains` must say of the same content and words always the same.
    pub(crate) fn contain(
        &self,
        asked: &[(usize, &Words<'_>)],
        contains: fn(&[u8], &BTreeSet<String>) -> bool,
    ) -> Result<Vec<bool>, Missing> {
        let reader = self.reader;
        let answer = |(file, words): &(usize, &Words<'_>)| {
            let path = self.paths[*file];
            match self.at_hand[*file] {
                File::Read(content, _) => Some(contains(content, words.words)),
                File::Unread(ticket) => {
                    let known = ticket.and_then(|ticket| reader.known.file(ticket)?.searches.get(&words.key));
                    known.or_else(|| reader.fetch(path, |content| contains(content, words.words)))
                }
                File::Named => None,
            }
        };
        let answers = parallel::map(asked, reader.threads, answer).into_iter().collect::<Option<Vec<bool>>>();
        let answers = answers.ok_or(Missing)?;
        if reader.learns {
            reader.learn(|learned| {
                for (_, words) in asked {
                    learned.words.entry(words.key).or_insert_with(|| words.words.clone());
                }
                // Of a file that was not read the answer was known before.
                let was_read = |file: usize| matches!(self.at_hand[file], File::Read(..));
                let answered = asked.iter().zip(&answers);
                for ((file, words), answer) in answered.filter(|((file, _), _)| was_read(*file)) {
                    let searches = learned.searches.entry(self.paths[*file]).or_default();
                    searches.insert(words.key, *answer);
                }
            });
        }
        Ok(answers)
    }
}

/// Words that are looked for together.
pub(crate) struct Words<'w> {
    words: &'w BTreeSet<String>,
    /// Stands for all of them.
    key: Key,
}

impl<'w> Words<'w> {
    pub(crate) fn new(words: &'w BTreeSet<String>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for word in words {
            hasher.update(word.as_bytes()).update(&[0]);
        }
        let mut key = Key::default();
        hasher.finalize_xof().fill(&mut key);
        Self { words, key }
    }

    /// What stands for all of them.
    pub(crate) fn key(&self) -> Key {
        self.key
    }
}

fn digest(language: &str, content: &[u8]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(language.as_bytes()).update(&[0]).update(content);
    *hasher.finalize().as_bytes()
}

/// What has become of a file that was touched, as far as a scan asks. It was looked at as at those of one of the languages,
/// the first looks of which are the same.
pub(crate) fn change<G, F>(
    languages: &[&Language<G, F>],
    content: &[u8],
    before: &KnownFile<'_>,
    known: &Known,
    contains: impl Fn(&[u8], &BTreeSet<String>) -> bool,
) -> Change
where
    G: Serialize,
    F: Serialize + DeserializeOwned,
{
    let is_same_search = |(key, answer): (Key, bool)| {
        known.words(&key).is_some_and(|words| contains(content, words) == answer)
    };
    // What nobody looked at is not looked at this time either.
    if before.glance.is_none() {
        return Change::Nothing;
    }
    let Some(glance) = known.glance(before) else { return Change::Facts };
    let looks_the_same = languages.iter().all(|language| *glance == encode(&(language.glance)(content)))
        && before.searches.iter().all(is_same_search);
    match before.digest {
        _ if !looks_the_same => Change::Facts,
        None => Change::Nothing,
        Some(before) if languages.iter().any(|language| *before == digest(language.name, content)) => {
            Change::Nothing
        }
        Some(before) => {
            let before: Option<F> = known.facts(before).and_then(|encoded| decode(&encoded));
            let Some(before) = before else { return Change::Facts };
            let lines = |language: &&Language<G, F>| Lines::between(&before, &(language.facts)(content));
            languages.iter().find_map(lines).map_or(Change::Facts, Change::Lines)
        }
    }
}

pub(crate) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    thread_local! {
        /// The memory to encode in, so that what is kept is no longer than it is.
        static ENCODED: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    let mut room = ENCODED.take();
    room.clear();
    let encoded = postcard::to_extend(value, room)
        .expect("BUG: facts are lists, maps, numbers and texts, which all can be encoded");
    let kept = encoded.as_slice().to_vec();
    ENCODED.set(encoded);
    kept
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    postcard::from_bytes(bytes).ok()
}
