//! The walk over a folder, on all threads.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::folder::{Entry, Folder, Kind};
use super::jobs::Jobs;
use super::rules::Rules;
use crate::known::{Known, KnownFolder};
use crate::parallel;
use crate::tree::{File, Files, Part, SourceTree, is_left_out, root_files};

/// Files of one folder that a thread takes at a time.
const FILES_AT_ONCE: usize = 64;

/// What is more than an app. A tree that is too large is not scanned in part: which part would be chance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) files: usize,
    /// Of the source that is read.
    pub(super) bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { files: 1_000_000, bytes: 2 * 1024 * 1024 * 1024 }
    }
}

impl Limits {
    /// What is too much.
    fn excess(self, files: usize, bytes: u64) -> Option<String> {
        if files > self.files {
            Some(format!("there are more than {} files", self.files))
        } else {
            (bytes > self.bytes).then(|| format!("there are more than {} bytes of source", self.bytes))
        }
    }
}

/// Which source is read at once. What else turns out to be needed is read later.
pub(super) enum Wanted {
    /// That of every language.
    All,
    /// None.
    Configuration,
    /// That with this ending.
    Ending(&'static str),
}

impl Wanted {
    /// What `encore.app` asks for, as far as that can be seen without understanding it.
    pub(super) fn by(root: &Path) -> Self {
        let Ok(text) = std::fs::read(root.join("encore.app")) else { return Self::All };
        let Some(at) = memchr::memmem::find(&text, b"\"lang\"") else { return Self::All };
        let after = &text[at + 6..];
        let value = after.split(|byte| *byte == b'"').nth(1).unwrap_or_default();
        match value {
            b"go" => Self::Ending("go"),
            b"typescript" => Self::Ending("ts"),
            b"python" => Self::Ending("py"),
            b"rust" => Self::Ending("rs"),
            _ => Self::All,
        }
    }

    pub(super) fn holds(&self, part: Part) -> bool {
        match (self, part) {
            (_, Part::Named) | (Self::Configuration, Part::Source(_)) => false,
            (Self::All, _) | (_, Part::Configuration) => true,
            (Self::Ending(wanted), Part::Source(ending)) => *wanted == ending,
        }
    }
}

/// How a walk is done.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    pub(super) threads: usize,
    pub(super) limits: Limits,
}

impl How {
    pub(super) fn with(threads: usize) -> Self {
        Self { threads, limits: Limits::default() }
    }
}

/// What a walk brings.
pub(super) struct Walked {
    pub(super) tree: SourceTree,
    pub(super) files_read: usize,
}

/// What is met on the way.
enum Met {
    File(String, File),
    /// A folder that is another app.
    OtherApp(String),
    Unreadable(String, String),
}

impl Met {
    fn path(&self) -> &str {
        match self {
            Self::File(path, ..) | Self::OtherApp(path) | Self::Unreadable(path, _) => path,
        }
    }
}

/// Walks over a folder and reads what is wanted and not known. Symbolic links are not followed; `.git`, `node_modules`
/// and what `.gitignore` names are left out, and so are other apps. It ends at a limit.
pub(super) fn walk(root: &Path, known: &Known, wanted: &Wanted, how: &How) -> Walked {
    let name = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let jobs = Jobs::new(Job::Folder(Place::of_root(root), Rules::default()));
    let (files, bytes) = (AtomicUsize::new(0), AtomicU64::new(0));
    let walk = Walk { known, wanted, limits: how.limits, files, bytes };
    let met = parallel::on_threads(how.threads, &|| walk.work(&jobs));
    let excess = how.limits.excess(walk.files.into_inner(), walk.bytes.into_inner());
    let mut walked = put_together(name, met);
    walked.tree.excess = excess;
    walked
}

/// What one thread does next.
enum Job {
    /// A folder, and the rules around it.
    Folder(Place, Rules),
    /// Files of a folder.
    Files(Arc<Listed>, Vec<OsString>),
}

/// Where a folder is.
struct Place {
    whole: PathBuf,
    /// From the root, as it is shown.
    path: String,
    /// Whether that is what it is called.
    is_utf8: bool,
}

impl Place {
    fn of_root(root: &Path) -> Self {
        Self { whole: root.to_owned(), path: String::new(), is_utf8: true }
    }

    /// What stands before the names of what is in it: nothing in the root, else its path and `/`.
    fn prefix(&self) -> String {
        if self.path.is_empty() { String::new() } else { format!("{}/", self.path) }
    }

    fn below(&self, name: &OsStr) -> Self {
        Self {
            whole: self.whole.join(name),
            path: self.prefix() + &name.to_string_lossy(),
            is_utf8: self.is_utf8 && name.to_str().is_some(),
        }
    }
}

/// A folder whose files are looked at.
struct Listed {
    folder: Folder,
    known: KnownFolder,
    prefix: String,
    is_utf8: bool,
}

struct Walk<'w> {
    known: &'w Known,
    wanted: &'w Wanted,
    limits: Limits,
    /// How much was met so far.
    files: AtomicUsize,
    bytes: AtomicU64,
}

impl Walk<'_> {
    /// What one thread meets, sorted by path: what is sorted in parts is soon put together.
    fn work(&self, jobs: &Jobs<Job>) -> Vec<Met> {
        let mut met = Vec::new();
        while let Some(job) = jobs.take() {
            if self.is_too_much() {
                break;
            }
            match &*job {
                Job::Folder(place, rules) => job.then(self.folder(place, rules, &mut met)),
                Job::Files(listed, names) => names.iter().for_each(|name| self.file(listed, name, &mut met)),
            }
        }
        met.sort_unstable_by(|a, b| a.path().cmp(b.path()));
        met
    }

    fn is_too_much(&self) -> bool {
        let (files, bytes) = (self.files.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed));
        files > self.limits.files || bytes > self.limits.bytes
    }

    fn meet(&self, one: Met, met: &mut Vec<Met>) {
        self.files.fetch_add(1, Ordering::Relaxed);
        met.push(one);
    }

    /// Looks into a folder; what is to be done next there.
    fn folder(&self, place: &Place, rules: &Rules, met: &mut Vec<Met>) -> Vec<Job> {
        let Place { whole, path, is_utf8 } = place;
        let opened = Folder::open(whole).and_then(|folder| Ok((folder.entries()?, folder)));
        let (entries, folder) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                self.meet(Met::Unreadable(path.clone(), error.to_string()), met);
                return Vec::new();
            }
        };
        if !path.is_empty() && is_root(whole, &entries) {
            self.meet(Met::OtherApp(path.clone()), met);
            return Vec::new();
        }
        let rules = rules.below(whole, &entries);
        let is_kept = |entry: &Entry| {
            let is_folder = entry.kind == Kind::Folder;
            let is_skipped = || rules.leave_out(&whole.join(&entry.name), is_folder);
            !(is_folder && is_left_out(&entry.name.to_string_lossy())) && (rules.is_empty() || !is_skipped())
        };
        let (mut jobs, mut names) = (Vec::new(), Vec::new());
        for entry in entries.into_iter().filter(is_kept) {
            match entry.kind {
                Kind::Folder => jobs.push(Job::Folder(place.below(&entry.name), rules.clone())),
                Kind::File => names.push(entry.name),
                Kind::Other => {}
            }
        }
        let (known, prefix) = (self.known.folder(path), place.prefix());
        let listed = Arc::new(Listed { folder, known, prefix, is_utf8: *is_utf8 });
        // The last ones are taken first: files before folders, so that few folders are open at a time.
        let parts = names.chunks(FILES_AT_ONCE).map(|names| Job::Files(Arc::clone(&listed), names.to_vec()));
        jobs.extend(parts);
        jobs
    }

    fn file(&self, listed: &Listed, name: &OsString, met: &mut Vec<Met>) {
        if !self.is_too_much()
            && let Some(one) = self.look(listed, name)
        {
            self.meet(one, met);
        }
    }

    fn look(&self, listed: &Listed, name: &OsString) -> Option<Met> {
        let Some(text) = name.to_str().filter(|_| listed.is_utf8) else {
            let path = format!("{}{}", listed.prefix, name.to_string_lossy());
            return Some(Met::Unreadable(path, "its name is not UTF-8".to_owned()));
        };
        let path = [&listed.prefix, text].concat();
        let part = Part::of(&path);
        if part == Part::Named {
            return Some(Met::File(path, File::Named));
        }
        if part != Part::Configuration
            && let Some(ticket) = self.known.ticket_in(&listed.known, text)
        {
            // What is gone by now was never met.
            let stamp = listed.folder.stamp(name).ok()?;
            if self.known.is_untouched(ticket, stamp) {
                return Some(Met::File(path, File::Unread(Some(ticket))));
            }
        } else if !self.wanted.holds(part) {
            return Some(Met::File(path, File::Unread(None)));
        }
        Some(match listed.folder.read(name) {
            Ok((content, stamp)) => {
                self.bytes.fetch_add(stamp.bytes, Ordering::Relaxed);
                Met::File(path, File::Read(content, Some(Box::new(stamp))))
            }
            Err(reason) => Met::Unreadable(path, reason),
        })
    }
}

/// Whether a folder is the root of an app.
fn is_root(folder: &Path, entries: &[Entry]) -> bool {
    let is_file = |entry: &Entry| match entry.kind {
        Kind::File => true,
        Kind::Folder => false,
        Kind::Other => folder.join(&entry.name).is_file(),
    };
    entries.iter().any(|entry| root_files().any(|name| entry.name == name) && is_file(entry))
}

fn put_together(name: String, mut met: Vec<Met>) -> Walked {
    met.sort_by(|a, b| a.path().cmp(b.path()));
    let (mut files, mut unreadable, mut files_read) = (Vec::with_capacity(met.len()), BTreeMap::new(), 0);
    for met in met {
        match met {
            Met::File(path, file) => {
                files_read += usize::from(matches!(file, File::Read(..)));
                files.push((path, file));
            }
            // The tree knows another app by the file that makes it one.
            Met::OtherApp(folder) => files.push((format!("{folder}/encore.app"), File::Named)),
            Met::Unreadable(path, reason) => drop(unreadable.insert(path, reason)),
        }
    }
    let tree = SourceTree::new(name, Files::new(files), unreadable);
    Walked { tree, files_read }
}
