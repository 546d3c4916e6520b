//! The files of a tree, sorted by path.

use super::File;

/// Files, sorted by path, each once. They come sorted from disk and hardly ever change, so they are a list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files(Vec<(String, File)>);

impl Files {
    /// Files in any order. Of those with the same path the last one counts.
    pub(crate) fn new(mut files: Vec<(String, File)>) -> Self {
        if !files.is_sorted_by(|(a, _), (b, _)| a < b) {
            files.reverse();
            files.sort_by(|(a, _), (b, _)| a.cmp(b));
            files.dedup_by(|(a, _), (b, _)| a == b);
        }
        Self(files)
    }

    pub(super) fn get(&self, path: &str) -> Option<&File> {
        Some(&self.0[self.place(path).ok()?].1)
    }

    /// Takes in a file, in the place of one with the same path.
    pub(super) fn insert(&mut self, path: String, file: File) {
        match self.place(&path) {
            Ok(at) => self.0[at].1 = file,
            Err(at) => self.0.insert(at, (path, file)),
        }
    }

    pub(super) fn remove(&mut self, path: &str) {
        if let Ok(at) = self.place(path) {
            self.0.remove(at);
        }
    }

    /// Adds files of which only the name is known, as far as they are not there.
    pub(super) fn add_names(&mut self, paths: Vec<String>) {
        let mut all: Vec<_> = paths.into_iter().map(|path| (path, File::Named)).collect();
        all.append(&mut self.0);
        *self = Self::new(all);
    }

    pub(super) fn retain(&mut self, is_kept: impl Fn(&str) -> bool) {
        self.0.retain(|(path, _)| is_kept(path));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &File)> {
        self.0.iter().map(|(path, file)| (path.as_str(), file))
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(path, _)| path)
    }

    /// The paths that do not come before this one.
    pub(super) fn paths_from<'f>(&'f self, first: &str) -> impl Iterator<Item = &'f str> + use<'f> {
        let start = self.place(first).unwrap_or_else(|at| at);
        self.0[start..].iter().map(|(path, _)| path.as_str())
    }

    fn place(&self, path: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.as_str().cmp(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, content: &str) -> (String, File) {
        (path.to_owned(), File::Read(content.into(), None))
    }

    /// Each path, and the first byte of its content.
    fn shown(files: &Files) -> Vec<(&str, char)> {
        let first = |file: &File| file.content().map_or('-', |content| content[0].into());
        files.iter().map(|(path, file)| (path, first(file))).collect()
    }

    #[test]
    fn files_are_in_order_and_the_last_one_of_a_path_counts() {
        let mut files = Files::new(vec![read("b", "1"), read("a", "2"), read("b", "3"), read("a/b", "4")]);
        assert_eq!(shown(&files), [("a", '2'), ("a/b", '4'), ("b", '3')]);
        files.insert("a/a".to_owned(), File::Named);
        files.insert("b".to_owned(), File::Named);
        files.remove("a");
        files.remove("c");
        assert_eq!(shown(&files), [("a/a", '-'), ("a/b", '4'), ("b", '-')]);
        files.add_names(["c", "a/b", "a"].map(str::to_owned).to_vec());
        assert_eq!(shown(&files), [("a", '-'), ("a/a", '-'), ("a/b", '4'), ("b", '-'), ("c", '-')]);
        assert_eq!(files.paths_from("a/").collect::<Vec<_>>(), ["a/a", "a/b", "b", "c"]);
        assert!(files.get("a/b").is_some() && files.get("a/c").is_none());
        files.retain(|path| path != "a/a");
        assert_eq!(files.paths().count(), 4);
    }
}
