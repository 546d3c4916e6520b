//! What is found when one file changes is what a scan of all finds, whatever the change is.
//!
//! Apps are edited at random: lines and paragraphs come, go and change places, and words become other words of the app, so
//! that much of what comes out means something. `EDITS` says how many edits each app gets, `SEED` where they begin, and
//! `EXAMPLES` names a checkout of Encore's examples, which are edited as well.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use compiler_diagnostics::Diagnostic;
use schema_documents::manifest::Manifest;

use crate::SourceTree;
use crate::again::{self, Again};
use crate::disk::kept::{self, Kept};
use crate::disk::pieces::OnDisk;
use crate::fetched::Fetched;
use crate::known::{Known, Stamp};
use crate::tree::{File, Files as TreeFiles, Part};
use crate::{on_a_large_stack, part, scan, scan_knowing};

mod apps;

/// Edits of each app, unless `EDITS` says so.
const EDITS: u64 = 150;

/// An app of a case, of which there are many, gets this many times fewer.
const EDITS_PER_CASE: u64 = 10;

/// It is of no use here.
const STAMP: Stamp = Stamp { bytes: 0, modified_ns: 0, changed_ns: 0, inode: 0 };

type Files = BTreeMap<String, String>;
type Outcome = (Option<Manifest>, Vec<Diagnostic>);

/// An app, and what is kept of a scan of it.
struct App {
    name: String,
    files: Files,
    known: Known,
}

impl App {
    fn new(name: &str, files: Files) -> Self {
        let known = known(&tree(&files));
        Self { name: name.to_owned(), files, known }
    }

    /// What is found when a file has another text; absent when all has to be put together for that.
    fn changed(&self, path: &str, text: &str, fetched: &Fetched<'_>) -> Option<Outcome> {
        let file = |(of, content): (&String, &String)| {
            let ticket = self.known.ticket(of).filter(|_| of != path);
            let file = match Part::of(of) {
                Part::Source(_) if ticket.is_some() => File::Unread(ticket),
                Part::Named => File::Named,
                _ if of == path => File::Read(text.as_bytes().to_vec(), None),
                _ => File::Read(content.as_bytes().to_vec(), None),
            };
            (of.clone(), file)
        };
        let files = TreeFiles::new(self.files.iter().map(file).collect());
        let tree = SourceTree::new("app".to_owned(), files, BTreeMap::new());
        match again::again(&tree, &self.known, 1) {
            Again::Nothing(manifest, diagnostics) => return Some((*manifest, diagnostics)),
            Again::OneFile(changed) => assert_eq!(changed, path),
            Again::All => return None,
        }
        let manifest = part::manifest(&tree, &self.known, path, fetched, 1)?;
        Some((Some(manifest), Vec::new()))
    }

    /// Compares what is found when a file changes with a scan of all. Says whether there was something to compare.
    #[track_caller]
    fn check(&self, path: &str, text: &str) -> bool {
        let read = |path: &str| Ok((self.files[path].as_bytes().to_vec(), STAMP));
        let Some(found) = self.changed(path, text, &Fetched::new(&read)) else { return false };
        let mut files = self.files.clone();
        files.insert(path.to_owned(), text.to_owned());
        let expected = scan(&tree(&files));
        assert!(
            found == expected,
            "{} with this {path}:\n{text}\n\nfound {}\n\nexpected {}",
            self.name,
            shown(&found),
            shown(&expected)
        );
        true
    }
}

fn shown((manifest, diagnostics): &Outcome) -> String {
    format!("{}\n{diagnostics:#?}", serde_json::to_string_pretty(manifest).unwrap())
}

fn tree(files: &Files) -> SourceTree {
    SourceTree::from_files("app", files.iter().map(|(path, content)| (path.as_str(), content.as_str())))
}

/// What is kept of a scan.
fn known(tree: &SourceTree) -> Known {
    let nothing = Known::default();
    let found = scan_knowing(tree, &nothing, 1, true).unwrap();
    let trail = &found.learned.trail;
    let outcome = again::outcome(tree, found.manifest.as_ref(), &found.diagnostics, trail);
    let began = SystemTime::now() + Duration::from_mins(1);
    let kept = Kept { known: &nothing, learned: &found.learned, tree, began };
    let encoded: Vec<u8> =
        kept.encoded(kept.all(), "/app", None, outcome.as_ref()).parts().flatten().copied().collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept");
    std::fs::write(&path, encoded).unwrap();
    Known::new(kept::open(OnDisk::open(&path, u64::MAX).unwrap(), "/app", None).unwrap(), None)
}

/// Numbers that look like chance.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % end.max(1)
    }

    fn one_of<'l>(&mut self, list: &'l [String]) -> &'l str {
        &list[self.below(list.len())]
    }
}

/// What edits are made of.
struct Pool {
    lines: Vec<String>,
    words: Vec<String>,
    paragraphs: Vec<String>,
}

impl Pool {
    fn of<'f>(texts: impl Iterator<Item = &'f str> + Clone) -> Self {
        let is_in_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let words: BTreeSet<&str> = texts
            .clone()
            .flat_map(|text| text.split(move |letter| !is_in_word(letter)))
            .filter(|word| !word.is_empty())
            .collect();
        let lines: BTreeSet<&str> = texts.clone().flat_map(str::lines).collect();
        let paragraphs: BTreeSet<&str> = texts.flat_map(|text| text.split("\n\n")).collect();
        let owned = |set: BTreeSet<&str>| set.into_iter().map(str::to_owned).collect();
        Self { lines: owned(lines), words: owned(words), paragraphs: owned(paragraphs) }
    }

    fn edited(&self, text: &str, chance: &mut Chance) -> String {
        let mut text = text.to_owned();
        for _ in 0..=chance.below(3) {
            text = self.edited_once(&text, chance);
        }
        text
    }

    fn edited_once(&self, text: &str, chance: &mut Chance) -> String {
        let mut lines: Vec<&str> = text.lines().collect();
        let mut paragraphs: Vec<&str> = text.split("\n\n").collect();
        let (line, paragraph) = (chance.below(lines.len()), chance.below(paragraphs.len()));
        match chance.below(9) {
            0 => lines.insert(line, chance.one_of(&self.lines)),
            1 if !lines.is_empty() => drop(lines.remove(line)),
            2 if !lines.is_empty() => lines[line] = chance.one_of(&self.lines),
            3 if line > 0 => lines.swap(line, line - 1),
            4 | 5 => return self.with_another_word(text, chance),
            6 => {
                paragraphs.insert(paragraph, chance.one_of(&self.paragraphs));
                return paragraphs.join("\n\n");
            }
            7 => {
                paragraphs.remove(paragraph);
                return paragraphs.join("\n\n");
            }
            _ => {
                paragraphs.push(chance.one_of(&self.paragraphs));
                return paragraphs.join("\n\n");
            }
        }
        lines.join("\n") + "\n"
    }

    fn with_another_word(&self, text: &str, chance: &mut Chance) -> String {
        let word = chance.one_of(&self.words);
        let places: Vec<usize> = text.match_indices(word).map(|(at, _)| at).collect();
        if places.is_empty() {
            return text.to_owned();
        }
        let (at, another) = (places[chance.below(places.len())], chance.one_of(&self.words));
        let rest = &text[at + word.len()..];
        let rest = if chance.below(2) == 0 { rest.to_owned() } else { rest.replace(word, another) };
        format!("{}{another}{rest}", &text[..at])
    }
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Edits an app, with its own words and those of other texts, and compares; gives of how many edits it could be told what they
/// make of it.
fn edit(app: &App, texts: &[&str], edits: u64) -> u64 {
    let is_source = |path: &&String| matches!(Part::of(path), Part::Source(_));
    let sources: Vec<&String> = app.files.keys().filter(is_source).collect();
    let own = sources.iter().map(|path| app.files[*path].as_str());
    let pool = Pool::of(own.chain(texts.iter().copied()));
    let (edits, mut told) = (if sources.is_empty() { 0 } else { edits }, 0);
    for seed in 0..edits {
        let mut chance = Chance((number("SEED", 1) + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let path = sources[chance.below(sources.len())];
        let text = pool.edited(&app.files[path], &mut chance);
        told += u64::from(app.check(path, &text));
    }
    println!("{}: {edits} edits, told of {told}", app.name);
    told
}

fn read(folder: &Path) -> Files {
    let tree = SourceTree::read(folder).unwrap();
    tree.all().map(|(path, _)| (path.to_owned(), tree.text(path).unwrap_or_default().into_owned())).collect()
}

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

#[test]
fn whatever_changes_is_told_as_a_scan_of_all_tells_it() {
    on_a_large_stack(|| {
        let edits = number("EDITS", EDITS);
        let written = apps::all().into_iter().map(|(name, files)| App::new(name, files));
        let kept = ["shop-ts", "shop-go"];
        let kept = kept.map(|name| App::new(name, read(&folder(&format!("fixtures/apps/{name}")))));
        let apps: Vec<App> = written.chain(kept).collect();
        let told: u64 = apps.iter().map(|app| edit(app, &[], edits)).sum();
        let all = edits * apps.len() as u64;
        assert!(told * 20 > all, "few edits were told: {told} of {all}");
        // There are many of these.
        for (app, changes) in cases() {
            let texts: Vec<&str> = changes.iter().map(|change| change.text.as_str()).collect();
            edit(&app, &texts, edits.div_ceil(EDITS_PER_CASE));
        }
    });
}

/// A change of a file in a case.
struct Change {
    path: String,
    /// What is written after the path.
    expected: String,
    text: String,
}

/// The apps in the folder of cases, and what changes in each.
fn cases() -> Vec<(App, Vec<Change>)> {
    let cases = std::env::var_os("CASES")
        .map_or_else(|| folder("compiler/scan/src/disk/tests/part/cases"), PathBuf::from);
    let paths: BTreeSet<PathBuf> =
        std::fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    let change = |text: &str| {
        let (head, text) = text.split_once('\n').unwrap();
        let (path, expected) = head.split_once(' ').unwrap();
        Change { path: path.to_owned(), expected: expected.to_owned(), text: text.to_owned() }
    };
    let case = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let (app, changes) = text.split_once("~~> ").unwrap();
        (App::new(&path.to_string_lossy(), apps::files(app)), changes.split("~~> ").map(change).collect())
    };
    paths.into_iter().map(case).collect()
}

/// Each file in the folder of cases is an app, file by file with its path after `==>`, and then what files change to, one at a
/// time, with the path after `~~>` and `told` or `all`: whether it is told from a part, or all is put together again.
#[test]
fn what_a_change_concerns_is_told_and_nothing_else() {
    on_a_large_stack(|| {
        for (app, changes) in cases() {
            let (_, said) = scan(&tree(&app.files));
            assert_eq!(said, [], "{}", app.name);
            for Change { path, expected, text } in changes {
                let is_told = app.check(&path, &text);
                assert_eq!(is_told, expected.starts_with("told"), "{}: {path} {expected}\n{text}", app.name);
            }
        }
    });
}

#[test]
fn nothing_is_told_when_a_file_that_matters_cannot_be_read() {
    on_a_large_stack(|| {
        let mut wanted = 0;
        for (app, changes) in cases() {
            for Change { path, text, .. } in changes {
                let fails = |path: &str| Err(format!("{path} is gone"));
                let fetched = Fetched::new(&fails);
                let found = app.changed(&path, &text, &fetched);
                if fetched.into_files().next().is_some() {
                    assert!(found.is_none(), "{}: {path}\n{text}", app.name);
                    wanted += 1;
                }
            }
        }
        assert!(wanted > 10, "few changes need another file: {wanted}");
    });
}

#[test]
fn whatever_changes_in_the_examples_is_told_as_a_scan_of_all_tells_it() {
    let Some(examples) = std::env::var_os("EXAMPLES").map(PathBuf::from) else {
        println!("skipped: EXAMPLES does not name a checkout of the examples");
        return;
    };
    on_a_large_stack(|| {
        let mut open = vec![examples];
        while let Some(folder) = open.pop() {
            if folder.join("encore.app").is_file() {
                let app = App::new(&folder.to_string_lossy(), read(&folder));
                edit(&app, &[], number("EDITS", EDITS));
                continue;
            }
            let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap());
            open.extend(
                entries.filter(|entry| entry.file_type().unwrap().is_dir()).map(|entry| entry.path()),
            );
        }
    });
}
