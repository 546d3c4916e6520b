//! The walk over a folder, on all threads.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc;

use ignore::{DirEntry, WalkBuilder, WalkState};

use super::file;
use crate::known::{Known, Stamp};
use crate::tree::{File, Part, SourceTree, is_left_out, root_files};

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
    /// The stamps of files that were read.
    pub(super) stamps: HashMap<String, Stamp>,
    pub(super) files_read: usize,
}

/// What is met on the way.
enum Met {
    File(String, File, Option<Stamp>),
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
    let (files, bytes) = (AtomicUsize::new(0), AtomicU64::new(0));
    let (send, receive) = mpsc::channel();
    builder(root, how.threads).build_parallel().run(|| {
        let mut batch = Batch { met: Vec::new(), send: send.clone() };
        let (files, bytes) = (&files, &bytes);
        Box::new(move |entry| {
            let met = match entry {
                Ok(entry) => look(root, &entry, known, wanted, bytes),
                Err(error) => Some(missed(root, &error)),
            };
            if let Some(met) = met {
                let skips = matches!(met, Met::OtherApp(_));
                batch.met.push(met);
                if files.fetch_add(1, Ordering::Relaxed) >= how.limits.files {
                    return WalkState::Quit;
                }
                if skips {
                    return WalkState::Skip;
                }
            }
            if bytes.load(Ordering::Relaxed) > how.limits.bytes {
                WalkState::Quit
            } else {
                WalkState::Continue
            }
        })
    });
    drop(send);
    let excess = how.limits.excess(files.into_inner(), bytes.into_inner());
    let mut walked = put_together(name, receive.into_iter().flatten());
    walked.tree.excess = excess;
    walked
}

/// What one thread has met; handed over when it is done.
struct Batch {
    met: Vec<Met>,
    send: mpsc::Sender<Vec<Met>>,
}

impl Drop for Batch {
    fn drop(&mut self) {
        let mut met = std::mem::take(&mut self.met);
        // All of it will be sorted: here by each thread for itself, and what is sorted in parts is soon put together.
        met.sort_unstable_by(|a, b| a.path().cmp(b.path()));
        // Nobody listens only when the walk itself is over.
        let _ = self.send.send(met);
    }
}

pub(super) fn builder(root: &Path, threads: usize) -> WalkBuilder {
    let mut builder = WalkBuilder::new(root);
    builder
        .threads(threads)
        .hidden(false)
        .follow_links(false)
        .require_git(false)
        .parents(false)
        .git_global(false)
        .filter_entry(|entry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            !(entry.depth() > 0 && is_folder && is_left_out(&entry.file_name().to_string_lossy()))
        });
    builder
}

fn look(root: &Path, entry: &DirEntry, known: &Known, wanted: &Wanted, bytes: &AtomicU64) -> Option<Met> {
    let kind = entry.file_type()?;
    let (path, relative) = (entry.path(), entry.path().strip_prefix(root).ok()?);
    let (is_utf8, relative) = (relative.to_str().is_some(), relative_path(relative));
    if kind.is_dir() {
        let is_other_app = entry.depth() > 0 && root_files().any(|name| path.join(name).is_file());
        return is_other_app.then_some(Met::OtherApp(relative));
    }
    if !kind.is_file() {
        return None;
    }
    if !is_utf8 {
        return Some(Met::Unreadable(relative, "its name is not UTF-8".to_owned()));
    }
    let part = Part::of(&relative);
    if part == Part::Named {
        return Some(Met::File(relative, File::Named, None));
    }
    if part != Part::Configuration
        && let Some(ticket) = known.ticket(&relative)
    {
        let stamp = file::stamp(&entry.metadata().ok()?);
        if known.is_untouched(ticket, stamp) {
            return Some(Met::File(relative, File::Unread(Some(ticket)), None));
        }
    } else if !wanted.holds(part) {
        return Some(Met::File(relative, File::Unread(None), None));
    }
    Some(match file::read(path) {
        Ok((content, stamp)) => {
            bytes.fetch_add(stamp.bytes, Ordering::Relaxed);
            Met::File(relative, File::Read(content), Some(stamp))
        }
        Err(reason) => Met::Unreadable(relative, reason),
    })
}

fn missed(root: &Path, error: &ignore::Error) -> Met {
    let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
    let path = path_of(error).and_then(|path| path.strip_prefix(root).ok());
    Met::Unreadable(path.map(relative_path).unwrap_or_default(), reason)
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        _ => None,
    }
}

/// A path with `/` between its parts.
fn relative_path(path: &Path) -> String {
    path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

fn put_together(name: String, met: impl Iterator<Item = Met>) -> Walked {
    let (mut files, mut unreadable, mut stamps) = (Vec::new(), BTreeMap::new(), HashMap::new());
    let mut files_read = 0;
    for met in met {
        match met {
            Met::File(path, file, stamp) => {
                files_read += usize::from(matches!(file, File::Read(_)));
                if let Some(stamp) = stamp {
                    stamps.insert(path.clone(), stamp);
                }
                files.push((path, file));
            }
            // The tree knows another app by the file that makes it one.
            Met::OtherApp(folder) => files.push((format!("{folder}/encore.app"), File::Named)),
            Met::Unreadable(path, reason) => drop(unreadable.insert(path, reason)),
        }
    }
    let tree = SourceTree::new(name, files.into_iter().collect(), unreadable);
    Walked { tree, stamps, files_read }
}
