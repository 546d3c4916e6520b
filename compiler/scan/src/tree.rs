//! A source tree as a value: the compiler's only input. Reading it from disk is the rim's work ([`disk`](crate::disk)).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub(crate) use self::files::Files;
use crate::fetched::Content;
use crate::known::{Stamp, Ticket};

mod files;

/// Files larger than this are left out (`S0017` where they are source).
pub const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;

/// How the reason begins for which a large file is not read.
pub(crate) const TOO_LARGE: &str = "it is larger than";

/// The files that make a folder the root of an app.
const ROOT_FILES: [&str; 2] = ["encore.app", "encore.app.json"];

/// The files of an app, by path relative to its root, with `/`.
///
/// Of files that no stage reads (anything but source, `encore.app`, environment files and the configuration of
/// languages) only the name is kept, with no content. A folder below with its own `encore.app` is another app, whose
/// files are left out.
#[derive(Clone, Debug, Default)]
pub struct SourceTree {
    /// Name of the root folder, the app's name when nothing else says it.
    pub name: String,
    files: Files,
    /// Files that could not be read, with the reason.
    pub unreadable: BTreeMap<String, String>,
    /// Folders of other apps.
    other_apps: BTreeSet<String>,
    /// Why the tree is more than can be scanned.
    pub(crate) excess: Option<String>,
}

/// What is at hand of a file.
#[derive(Clone, Debug)]
pub(crate) enum File {
    /// It exists; its content is of no use.
    Named,
    /// Its content, and the stamp that it had before it was read from disk.
    Read(Vec<u8>, Option<Box<Stamp>>),
    /// It was not read. An earlier scan may have, when the file was what it is now.
    Unread(Option<Ticket>),
}

impl SourceTree {
    /// A tree from memory.
    pub fn from_files<P: Into<String>, C: Into<Vec<u8>>>(
        name: &str,
        files: impl IntoIterator<Item = (P, C)>,
    ) -> Self {
        let files = files.into_iter().map(|(path, content)| (path.into(), File::Read(content.into(), None)));
        Self::new(name.to_owned(), Files::new(files.collect()), BTreeMap::new())
    }

    /// The same tree with more files, of which only the name is known: migrations, for one, are never read.
    #[must_use]
    pub fn with_names(mut self, paths: impl IntoIterator<Item = String>) -> Self {
        let is_here = |path: &String| {
            !is_below_left_out(path) && !folders_above(path).any(|folder| self.other_apps.contains(folder))
        };
        self.files.add_names(paths.into_iter().filter(is_here).collect());
        self
    }

    /// A tree of files, without those of other apps below.
    pub(crate) fn new(name: String, mut files: Files, unreadable: BTreeMap<String, String>) -> Self {
        let root_of = |path: &str| {
            let folder = ROOT_FILES.iter().find_map(|name| path.strip_suffix(name)?.strip_suffix('/'))?;
            Some(folder.to_owned())
        };
        let other_apps: BTreeSet<String> =
            files.paths().chain(unreadable.keys().map(String::as_str)).filter_map(root_of).collect();
        if !other_apps.is_empty() {
            files.retain(|path| !folders_above(path).any(|folder| other_apps.contains(folder)));
        }
        Self { name, files, unreadable, other_apps, excess: None }
    }

    /// Reads a folder, all source in it included. Symbolic links are not followed; `.git`, `node_modules` and what
    /// `.gitignore` names are left out. Fails only when the folder itself cannot be read.
    pub fn read(root: &Path) -> std::io::Result<Self> {
        crate::disk::read_all(root)
    }

    /// Whether a stage reads the content of a file with this path.
    pub fn reads(path: &str) -> bool {
        Part::of(path) != Part::Named && !is_below_left_out(path)
    }

    /// Takes in the content of a file, or the reason why there is none.
    pub(crate) fn take(&mut self, path: String, read: Content) {
        match read {
            Ok((content, stamp)) => self.files.insert(path, File::Read(content, Some(Box::new(stamp)))),
            Err(reason) => {
                self.files.remove(&path);
                self.unreadable.insert(path, reason);
            }
        }
    }

    /// What is at hand of a file.
    pub(crate) fn at_hand(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    /// The content of a file, where it was read.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path)?.content()
    }

    /// The text of a file, where it was read; bytes that are no UTF-8 are replaced.
    pub fn text(&self, path: &str) -> Option<Cow<'_, str>> {
        self.file(path).map(String::from_utf8_lossy)
    }

    /// Whether there is such a file.
    pub fn exists(&self, path: &str) -> bool {
        self.files.get(path).is_some()
    }

    /// Whether any file lies in this folder or below it.
    pub fn has_folder(&self, folder: &str) -> bool {
        self.below(folder).next().is_some()
    }

    /// Paths of the files in a folder and below it, sorted.
    pub fn below(&self, folder: &str) -> impl Iterator<Item = &str> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        self.files.paths_from(&prefix).take_while(move |path| path.starts_with(&prefix))
    }

    /// All files whose content was read, sorted by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.all().filter_map(|(path, file)| Some((path, file.content()?)))
    }

    /// All files, sorted by path.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &File)> {
        self.files.iter()
    }

    /// All files that a stage may read, sorted by path.
    pub(crate) fn readable(&self) -> impl Iterator<Item = (&str, &File)> {
        self.all().filter(|(_, file)| !matches!(file, File::Named))
    }

    /// Folders of other apps below, sorted.
    pub(crate) fn other_apps(&self) -> impl Iterator<Item = &str> {
        self.other_apps.iter().map(String::as_str)
    }
}

impl File {
    fn content(&self) -> Option<&[u8]> {
        match self {
            Self::Read(content, _) => Some(content),
            Self::Named | Self::Unread(_) => None,
        }
    }

    /// The stamp of a file that was read from disk.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        match self {
            Self::Read(_, stamp) => stamp.as_deref().copied(),
            Self::Named | Self::Unread(_) => None,
        }
    }
}

/// The part that a file plays, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Source: its ending.
    Source(&'static str),
    /// It says something about the whole app, and is always read.
    Configuration,
    /// Only its name matters.
    Named,
}

impl Part {
    /// The part that the file with this path plays.
    pub(crate) fn of(path: &str) -> Self {
        if let Some(ending) = SOURCE_ENDINGS.iter().find(|ending| has_ending(path, ending)) {
            let is_source = match *ending {
                "go" => crate::go::is_source(path),
                "ts" => crate::typescript::is_source(path),
                _ => true,
            };
            return if is_source { Self::Source(ending) } else { Self::Named };
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        let is_configuration = ROOT_FILES.contains(&name)
            || matches!(
                name,
                "go.mod" | "package.json" | "Cargo.toml" | "encore.service.json" | "encore.gateway.json"
            )
            || (name.starts_with("tsconfig") && ending == "json")
            || (path.starts_with("environments/") && ending == "toml");
        if is_configuration { Self::Configuration } else { Self::Named }
    }
}

const SOURCE_ENDINGS: [&str; 4] = ["go", "ts", "py", "rs"];

/// Whether the name of a file ends with a dot and this.
fn has_ending(path: &str, ending: &str) -> bool {
    path.strip_suffix(ending).is_some_and(|rest| rest.ends_with('.'))
}

/// The names of the folders that a file lies in. It is asked for every file, so it reads bytes.
pub(crate) fn folders_of(path: &str) -> impl Iterator<Item = &[u8]> {
    let mut parts = path.as_bytes().split(|byte| *byte == b'/');
    parts.next_back();
    parts
}

/// Whether a file lies in a folder that is never the app's.
fn is_below_left_out(path: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(folders, _)| folders.split('/').any(is_left_out))
}

/// Whether a folder of this name is never the app's.
pub(crate) fn is_left_out(folder: &str) -> bool {
    folder == "node_modules" || folder == "encore.gen" || folder.starts_with('.')
}

/// The names of the files that make a folder the root of an app.
pub(crate) fn root_files() -> impl Iterator<Item = &'static str> {
    ROOT_FILES.into_iter()
}

/// The folders that a file is in, the outermost first.
fn folders_above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_its_own_encore_app_is_another_app() {
        let files = ["encore.app", "a/a.go", "b/encore.app", "b/b.go", "b/c/c.go", "bb/b.go"];
        let tree = SourceTree::from_files("app", files.map(|path| (path, "{}")));
        assert_eq!(tree.below("").collect::<Vec<_>>(), ["a/a.go", "bb/b.go", "encore.app"]);
        assert_eq!(tree.other_apps().collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn of_some_files_only_the_name_is_known() {
        let tree =
            SourceTree::from_files("app", [("encore.app", "{}"), ("a/a.go", ""), ("b/encore.app", "{}")]);
        let names = ["a/migrations/1_a.up.sql", "a/a.go", "b/x.sql", "node_modules/x.sql"];
        let tree = tree.with_names(names.map(str::to_owned));
        assert_eq!(tree.below("").collect::<Vec<_>>(), ["a/a.go", "a/migrations/1_a.up.sql", "encore.app"]);
        assert!(tree.has_folder("a/migrations") && tree.file("a/a.go").is_some());
    }

    #[test]
    fn what_is_read_is_known_by_its_path() {
        for path in ["a.go", "a/b.ts", "go.mod", "x/tsconfig.base.json", "environments/a.toml"] {
            assert!(SourceTree::reads(path), "{path}");
        }
        for path in [
            "a.sql",
            "a.tsx",
            "a_test.go",
            "a.d.ts",
            ".x/a.go",
            "node_modules/a.ts",
            "environments.toml",
            "encore.gen/a.go",
        ] {
            assert!(!SourceTree::reads(path), "{path}");
        }
    }
}
