//! The app's Go module: which files are its own, and by which paths their packages are imported.
//!
//! Other modules are dependencies, be they in a folder of the app: the framework finds no resources in them, and they
//! cannot import the app.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::constraint;
use super::glance::Glance;
use crate::SourceTree;
use crate::tree::folders_of;

/// The app's Go module.
pub(super) struct Module {
    /// The path by which its root package is imported.
    pub(super) path: String,
    /// Folders with a `go.mod` of their own: other modules.
    foreign: BTreeSet<String>,
}

impl Module {
    /// Reads the app's `go.mod`. Without one the module is called `encore.app`, as the framework's own templates do.
    pub(super) fn read(tree: &SourceTree) -> Self {
        let text = tree.text("go.mod").unwrap_or_default();
        let line = text.lines().find_map(|line| line.trim_start().strip_prefix("module "));
        let path = line.and_then(|line| line.split_ascii_whitespace().next());
        let path = path.map_or("encore.app", |path| path.trim_matches(['"', '`'])).to_owned();
        let folders = tree.below("").filter_map(|path| path.strip_suffix("/go.mod"));
        Self { path, foreign: folders.map(str::to_owned).collect() }
    }

    /// The path by which the package in a folder is imported.
    pub(super) fn import_path(&self, folder: &str) -> String {
        if folder.is_empty() { self.path.clone() } else { format!("{}/{folder}", self.path) }
    }

    /// The folder of a package with this import path.
    pub(super) fn folder_of<'p>(&self, package: &'p str) -> Option<&'p str> {
        let rest = package.strip_prefix(&self.path)?;
        if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
    }

    /// Whether a file is built as part of the app.
    pub(super) fn builds(&self, path: &str, glance: &Glance) -> bool {
        self.holds(path) && constraint::is_built(path, glance.holding)
    }

    fn holds(&self, path: &str) -> bool {
        !upwards(folder_of(path)).any(|folder| self.foreign.contains(folder))
    }
}

/// What stands in the name of a file that is generated. It is looked for in the name of every file.
static GENERATED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("encore.gen.go"));

/// Whether a file with this path may be source of the app: no test, no dependency, and not generated.
pub(crate) fn is_source(path: &str) -> bool {
    let is_read = |part: &[u8]| !(part == b"node_modules" || part == b"vendor" || part.starts_with(b"."));
    path.strip_suffix(".go").is_some_and(|stem| !stem.ends_with("_test"))
        && GENERATED.find(path.rsplit('/').next().unwrap_or(path).as_bytes()).is_none()
        && folders_of(path).all(is_read)
}

/// Whether a folder is another one or lies below it.
pub(super) fn is_within(folder: &str, above: &str) -> bool {
    above.is_empty()
        || folder.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A folder and those that it lies in, the nearest first.
pub(super) fn upwards(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| (!folder.is_empty()).then(|| folder_of(folder)))
}

/// The folder of a file or a folder.
pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
