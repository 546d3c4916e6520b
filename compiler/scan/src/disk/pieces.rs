//! What is kept on disk, read piece by piece.

use std::fs::File;
use std::io::{Seek as _, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::file;
use crate::known::Source;

/// An open file. Caches are replaced and never written to, so what is read of it later belongs to what was read first.
#[derive(Debug)]
pub(super) struct OnDisk {
    file: Mutex<File>,
    bytes: usize,
    /// How many of these stand before what is fetched.
    before: usize,
}

impl OnDisk {
    /// Opens a file that is not too large.
    pub(super) fn open(path: &Path, most: u64) -> Option<Self> {
        // To open what is no file may take until somebody writes to it.
        std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
        let file = File::open(path).ok()?;
        let bytes = Some(file.metadata().ok()?.len()).filter(|bytes| *bytes <= most)?;
        Some(Self { file: Mutex::new(file), bytes: usize::try_from(bytes).ok()?, before: 0 })
    }

    /// How many bytes there are to fetch.
    pub(super) fn rest(&self) -> usize {
        self.bytes - self.before
    }

    /// Takes so many bytes from the front.
    pub(super) fn take(&mut self, bytes: usize) -> Option<Vec<u8>> {
        let taken = self.fetch(0..bytes)?;
        self.before += bytes;
        Some(taken)
    }
}

impl Source for OnDisk {
    fn fetch(&self, place: Range<usize>) -> Option<Vec<u8>> {
        let bytes = place.end.checked_sub(place.start).filter(|_| place.end <= self.rest())?;
        let start = u64::try_from(self.before.checked_add(place.start)?).ok()?;
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(start)).ok()?;
        file::bytes(bytes, &file).ok().filter(|read| read.len() == bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_fetched_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kept");
        std::fs::write(&path, "0123456789").unwrap();
        let mut kept = OnDisk::open(&path, 10).unwrap();
        assert_eq!(kept.take(3).as_deref(), Some(b"012".as_slice()));
        assert_eq!((kept.rest(), kept.take(8)), (7, None));
        assert_eq!(kept.fetch(1..3).as_deref(), Some(b"45".as_slice()));
        assert_eq!(kept.fetch(0..7).as_deref(), Some(b"3456789".as_slice()));
        assert_eq!(kept.fetch(0..0).as_deref(), Some(b"".as_slice()));
        #[expect(clippy::reversed_empty_ranges, reason = "it may be written")]
        let nowhere = [3..8, 8..9, 5..4, usize::MAX..usize::MAX];
        assert!(nowhere.into_iter().all(|place| kept.fetch(place).is_none()));
        std::fs::File::options().write(true).open(&path).unwrap().set_len(5).unwrap();
        assert_eq!((kept.fetch(0..2).as_deref(), kept.fetch(0..3)), (Some(b"34".as_slice()), None));
    }

    #[test]
    fn what_is_too_large_or_no_file_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kept");
        assert!(OnDisk::open(&path, 9).is_none());
        std::fs::write(&path, "0123456789").unwrap();
        assert!(OnDisk::open(&path, 9).is_none());
        assert!(OnDisk::open(folder.path(), u64::MAX).is_none());
    }
}
