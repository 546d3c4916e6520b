//! What `.gitignore` and its like leave out.
//!
//! As git and ripgrep have it: a rule nearer to a file counts before one further up, one of `.ignore` before one of
//! `.gitignore`, and that before one of `.git/info/exclude`. Rules count whether or not the folder is a git repository, and
//! those above the app's root do not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::folder::{Entry, Kind};

/// The rules of a folder and of those that it lies in.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules(Option<Arc<OfFolder>>);

/// The rules that are written in one folder.
#[derive(Debug)]
struct OfFolder {
    /// By the kinds of files that they are in, what counts first first.
    written: [Gitignore; 3],
    above: Rules,
}

impl Rules {
    /// The rules in a folder below, by what is in it.
    pub(super) fn below(&self, folder: &Path, entries: &[Entry]) -> Self {
        let kind = |name: &str| entries.iter().find(|entry| entry.name == name).map(|entry| entry.kind);
        let files = [".ignore", ".gitignore"].map(|name| kind(name).map(|_| folder.join(name)));
        let excluded = kind(".git").and_then(|git| exclude_file(&folder.join(".git"), git));
        if files.iter().all(Option::is_none) && excluded.is_none() {
            return self.clone();
        }
        let [ignore, gitignore] = files;
        let written = [ignore, gitignore, excluded].map(|file| rules(folder, file));
        Self(Some(Arc::new(OfFolder { written, above: self.clone() })))
    }

    /// Whether a file or folder is left out. It is asked of what lies right in a folder, never of what is in one that is
    /// left out itself.
    pub(super) fn leave_out(&self, path: &Path, is_folder: bool) -> bool {
        let mut found = [const { None }; 3];
        let mut next = self;
        while let Some(rules) = &next.0 {
            for (found, written) in found.iter_mut().zip(&rules.written) {
                if found.is_none() {
                    *found = match written.matched(path, is_folder) {
                        Match::None => None,
                        matched => Some(matched.is_ignore()),
                    };
                }
            }
            next = &rules.above;
        }
        found.into_iter().flatten().next().unwrap_or(false)
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

/// The rules in a file. Lines that are none are left, and so is a file that cannot be read.
fn rules(folder: &Path, file: Option<PathBuf>) -> Gitignore {
    let mut builder = GitignoreBuilder::new(folder);
    if let Some(file) = file {
        builder.add(file);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

/// Where a repository has rules of its own; those of all its work trees are in one place.
fn exclude_file(git: &Path, kind: Kind) -> Option<PathBuf> {
    const FILE: &str = "info/exclude";
    if kind != Kind::File {
        return Some(git.join(FILE));
    }
    let first_line = |path: &Path| Some(std::fs::read_to_string(path).ok()?.lines().next()?.to_owned());
    let own = PathBuf::from(first_line(git)?.strip_prefix("gitdir: ")?);
    let common = first_line(&own.join("commondir"))?;
    Some(own.join(common).join(FILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left out of a folder with these files, besides them.
    fn check(files: &[(&str, &str)], left_out: &[&str], kept: &[&str]) {
        let root = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        for path in left_out.iter().chain(kept) {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let tree = crate::disk::list(root.path()).unwrap();
        let found: Vec<_> =
            tree.below("").filter(|path| kept.contains(path) || left_out.contains(path)).collect();
        assert_eq!(found, kept, "{files:?}");
        assert_eq!(found, by_ripgrep(root.path(), kept, left_out), "{files:?}");
    }

    /// What the walk of ripgrep finds.
    fn by_ripgrep(root: &Path, kept: &[&str], left_out: &[&str]) -> Vec<String> {
        let mut walk = ignore::WalkBuilder::new(root);
        walk.hidden(false).require_git(false).parents(false).git_global(false);
        let paths = walk.build().flatten().map(ignore::DirEntry::into_path);
        let relative = paths.filter_map(|path| Some(path.strip_prefix(root).ok()?.to_str()?.to_owned()));
        let mut found: Vec<_> = relative
            .filter(|path| kept.contains(&path.as_str()) || left_out.contains(&path.as_str()))
            .collect();
        found.sort();
        found
    }

    #[test]
    fn the_nearest_rule_counts() {
        check(
            &[(".gitignore", "*.sql\n/dist/\n"), ("a/.gitignore", "!keep.sql\n# no\n")],
            &["a/x.sql", "b/keep.sql", "dist/a.go"],
            &["a/dist/a.go", "a/keep.sql", "b/a.go"],
        );
    }

    #[test]
    fn the_kinds_of_files_have_an_order() {
        check(
            &[(".gitignore", "a.go\nb.go\n"), (".ignore", "!a.go\n"), (".git/info/exclude", "!b.go\nc.go\n")],
            &["b.go", "c.go"],
            &["a.go", "d.go"],
        );
        check(&[(".ignore", "a.go\n"), ("x/.gitignore", "!a.go\n")], &["x/a.go"], &["x/b.go"]);
    }

    #[test]
    fn the_rules_of_a_repository_count_in_its_work_trees() {
        let place = tempfile::tempdir().unwrap();
        let git = place.path().join("git");
        for (path, content) in [("worktrees/x/commondir", "../..\n"), ("info/exclude", "a.go\n")] {
            std::fs::create_dir_all(git.join(path).parent().unwrap()).unwrap();
            std::fs::write(git.join(path), content).unwrap();
        }
        let pointer = format!("gitdir: {}\n", git.join("worktrees/x").display());
        check(&[(".git", &pointer)], &["a.go"], &["b.go"]);
        check(&[(".git", "nothing")], &[], &["a.go"]);
    }

    #[test]
    fn rules_that_are_none_are_left() {
        check(&[(".gitignore", "a{.go\n[\nb.go\n")], &["b.go"], &["a.go"]);
    }
}
