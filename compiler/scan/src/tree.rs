//! A source tree as a value: the compiler's only input. Reading it from disk is the rim's work ([`SourceTree::read`]).

use std::collections::BTreeMap;
use std::path::Path;

/// Files larger than this are left out (`S0017` where they are source).
pub const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;

/// How the reason begins for which a large file is not read.
pub(crate) const TOO_LARGE: &str = "it is larger than";

/// The files of an app, by path relative to its root, with `/`.
///
/// Of files that no stage reads (anything but source, `encore.app`, SQL migrations, environment files and the
/// configuration of TypeScript) only the name is kept, with no content.
#[derive(Clone, Debug, Default)]
pub struct SourceTree {
    /// Name of the root folder, the app's name when nothing else says it.
    pub name: String,
    /// Content by path. `None`: the file exists but its content is of no use.
    files: BTreeMap<String, Option<Vec<u8>>>,
    /// Files that could not be read, with the reason.
    pub unreadable: BTreeMap<String, String>,
}

impl SourceTree {
    /// A tree from memory.
    pub fn from_files<P: Into<String>, C: Into<Vec<u8>>>(
        name: &str,
        files: impl IntoIterator<Item = (P, C)>,
    ) -> Self {
        let files = files.into_iter().map(|(path, content)| (path.into(), Some(content.into()))).collect();
        Self { name: name.to_owned(), files, unreadable: BTreeMap::new() }
    }

    /// Reads a folder. Symbolic links are not followed; `.git`, `node_modules` and what `.gitignore` names are left
    /// out. Fails only when the folder itself cannot be read.
    pub fn read(root: &Path) -> std::io::Result<Self> {
        let root = root.canonicalize()?;
        std::fs::read_dir(&root)?;
        let name = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut tree = Self { name, ..Self::default() };
        let walk = ignore::WalkBuilder::new(&root)
            .hidden(false)
            .follow_links(false)
            .require_git(false)
            .parents(false)
            .git_global(false)
            .filter_entry(|entry| {
                let name = entry.file_name().to_string_lossy();
                !(entry.depth() > 0
                    && (name == "node_modules" || name == "encore.gen" || is_hidden_folder(entry)))
            })
            .build();
        for entry in walk {
            match entry {
                Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                    tree.take(&root, entry.path());
                }
                Ok(_) => {}
                Err(error) => tree.miss(&root, &error),
            }
        }
        Ok(tree)
    }

    /// Notes a folder that could not be read.
    fn miss(&mut self, root: &Path, error: &ignore::Error) {
        let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
        let path = path_of(error).and_then(|path| path.strip_prefix(root).ok());
        self.unreadable.insert(path.map(relative_path).unwrap_or_default(), reason);
    }

    fn take(&mut self, root: &Path, path: &Path) {
        let Ok(relative) = path.strip_prefix(root) else { return };
        let (is_utf8, relative) = (relative.to_str().is_some(), relative_path(relative));
        if !is_utf8 {
            self.unreadable.insert(relative, "its name is not UTF-8".to_owned());
            return;
        }
        if !is_read(&relative) {
            self.files.insert(relative, None);
            return;
        }
        let content = match std::fs::metadata(path) {
            // Of a migration only the name is needed, and seed data may be large.
            Ok(about) if about.len() > MAX_FILE_BYTES && relative.strip_suffix(".sql").is_some() => {
                self.files.insert(relative, None);
                return;
            }
            Ok(about) if about.len() > MAX_FILE_BYTES => Err(format!("{TOO_LARGE} {MAX_FILE_BYTES} bytes")),
            Ok(_) => std::fs::read(path).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match content {
            Ok(content) => {
                self.files.insert(relative, Some(content));
            }
            Err(reason) => {
                self.unreadable.insert(relative, reason);
            }
        }
    }

    /// Whether a stage reads the content of a file with this path.
    pub fn reads(path: &str) -> bool {
        let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
        let is_left_out =
            |folder: &str| folder == "node_modules" || folder == "encore.gen" || folder.starts_with('.');
        is_read(path) && !folders.split('/').any(is_left_out)
    }

    /// The content of a file.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path)?.as_deref()
    }

    /// The text of a file; bytes that are no UTF-8 are replaced.
    pub fn text(&self, path: &str) -> Option<std::borrow::Cow<'_, str>> {
        self.file(path).map(String::from_utf8_lossy)
    }

    /// Whether there is such a file.
    pub fn exists(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Whether any file lies in this folder or below it.
    pub fn has_folder(&self, folder: &str) -> bool {
        self.below(folder).next().is_some()
    }

    /// Paths of the files in a folder and below it, sorted.
    pub fn below(&self, folder: &str) -> impl Iterator<Item = &str> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        self.files
            .range(prefix.clone()..)
            .map(|(path, _)| path.as_str())
            .take_while(move |path| path.starts_with(&prefix))
    }

    /// All files with content, sorted by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().filter_map(|(path, content)| Some((path.as_str(), content.as_deref()?)))
    }
}

/// A path with `/` between its parts.
fn relative_path(path: &Path) -> String {
    path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        _ => None,
    }
}

fn is_hidden_folder(entry: &ignore::DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir())
        && entry.file_name().to_string_lossy().starts_with('.')
}

fn is_read(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    matches!(ending, "go" | "ts" | "mts" | "cts" | "tsx" | "py" | "rs" | "sql" | "app")
        || matches!(name, "go.mod" | "package.json" | "encore.app.json" | "encore.service.json")
        || (name.starts_with("tsconfig") && ending == "json")
        || (path.starts_with("environments/") && ending == "toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_without_what_is_not_the_apps() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, content: &[u8]| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        };
        write("encore.app", b"{}");
        write(".gitignore", b"dist/\n");
        write("site/site.go", b"package site");
        write("site/migrations/1_a.up.sql", b"SELECT 1");
        write("site/logo.png", b"png");
        write("environments/production.toml", b"version = 1");
        write("dist/x.go", b"ignored");
        write("node_modules/x/x.ts", b"ignored");
        write(".git/x.go", b"ignored");
        write("large.go", &vec![b' '; 8 * 1024 * 1024 + 1]);
        write("site/migrations/2_seed.up.sql", &vec![b' '; 8 * 1024 * 1024 + 1]);
        let tree = SourceTree::read(root.path()).unwrap();
        let read: Vec<_> = tree.files().map(|(path, _)| path).collect();
        assert_eq!(
            read,
            ["encore.app", "environments/production.toml", "site/migrations/1_a.up.sql", "site/site.go"]
        );
        assert!(tree.exists("site/logo.png") && tree.exists("site/migrations/2_seed.up.sql"));
        assert!(!tree.exists("dist/x.go"));
        assert_eq!(tree.unreadable.keys().collect::<Vec<_>>(), ["large.go"]);
        assert_eq!(tree.below("site/migrations").count(), 2);
        assert!(tree.has_folder("site") && !tree.has_folder("sit"));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed_and_strange_names_are_noted() {
        use std::os::unix::ffi::OsStrExt;
        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(root.path(), root.path().join("loop")).unwrap();
        std::fs::write(root.path().join(std::ffi::OsStr::from_bytes(b"\xff.go")), "").unwrap();
        let tree = SourceTree::read(root.path()).unwrap();
        assert_eq!(tree.files().count(), 0);
        assert_eq!(tree.unreadable.len(), 1);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        assert!(SourceTree::read(Path::new("/does/not/exist")).is_err());
    }
}
