//! Files that are read while a scan goes on, when it turns out that they matter.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::known::Stamp;

/// The content of a file and the stamp that it had before it was read, or the reason why there is none.
pub(crate) type Content = Result<(Vec<u8>, Stamp), String>;

/// Files, each of which is read when it is asked for the first time.
pub(crate) struct Fetched<'r> {
    read: &'r (dyn Fn(&str) -> Content + Sync),
    files: Mutex<BTreeMap<String, Arc<Content>>>,
}

impl<'r> Fetched<'r> {
    pub(crate) fn new(read: &'r (dyn Fn(&str) -> Content + Sync)) -> Self {
        Self { read, files: Mutex::default() }
    }

    /// What is in a file. Others may ask for other files meanwhile.
    pub(crate) fn file(&self, path: &str) -> Arc<Content> {
        let files = || self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(content) = files().get(path) {
            return Arc::clone(content);
        }
        let content = Arc::new((self.read)(path));
        // Whoever asked for the same file at the same time has it by now.
        Arc::clone(files().entry(path.to_owned()).or_insert(content))
    }

    /// All that were read.
    pub(crate) fn into_files(self) -> impl Iterator<Item = (String, Content)> {
        let files = self.files.into_inner().unwrap_or_else(PoisonError::into_inner);
        files.into_iter().map(|(path, content)| (path, Arc::unwrap_or_clone(content)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_file_is_read_once_be_it_readable_or_not() {
        let reads = AtomicUsize::new(0);
        let read = |path: &str| {
            reads.fetch_add(1, Ordering::Relaxed);
            Err(format!("no {path}"))
        };
        let fetched = Fetched::new(&read);
        for path in ["a", "b", "a"] {
            assert_eq!(*fetched.file(path), Err(format!("no {path}")));
        }
        assert_eq!(reads.load(Ordering::Relaxed), 2);
        let files: Vec<_> = fetched.into_files().map(|(path, _)| path).collect();
        assert_eq!(files, ["a", "b"]);
    }
}
