//! One file on disk: its content and its stamp.

use std::fs::{File, Metadata};
use std::path::Path;

use crate::fetched::Content;
use crate::known::Stamp;
use crate::tree::{MAX_FILE_BYTES, TOO_LARGE};

/// Reads a file, with the stamp that it had before; or says why that cannot be.
pub(super) fn read(path: &Path) -> Content {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let about = file.metadata().map_err(|error| error.to_string())?;
    Ok((content(about.is_file(), about.len(), &file)?, stamp(&about)))
}

/// The content of an open file that is said to be one and to have so many bytes; or why it is not read.
pub(super) fn content(is_file: bool, bytes: u64, file: &File) -> Result<Vec<u8>, String> {
    if !is_file {
        return Err("it is no file".to_owned());
    }
    let capacity = usize::try_from(bytes).ok().filter(|_| bytes <= MAX_FILE_BYTES);
    let Some(capacity) = capacity else { return Err(format!("{TOO_LARGE} {MAX_FILE_BYTES} bytes")) };
    // It is read as long as it was said to be: one that grows meanwhile has another stamp when it is looked at next.
    self::bytes(capacity, file).map_err(|error| error.to_string())
}

/// The next bytes of an open file, so many or as many as there are.
pub(super) fn bytes(count: usize, file: &File) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(count);
    while bytes.len() < count {
        match read_more(file, &mut bytes) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(count);
    Ok(bytes)
}

/// Reads into the room that there is.
#[cfg(unix)]
fn read_more(file: &File, content: &mut Vec<u8>) -> std::io::Result<usize> {
    Ok(rustix::io::read(file, rustix::buffer::spare_capacity(content))?)
}

/// Reads into the room that there is.
#[cfg(not(unix))]
fn read_more(mut file: &File, content: &mut Vec<u8>) -> std::io::Result<usize> {
    use std::io::Read as _;
    let before = content.len();
    content.resize(content.capacity(), 0);
    let read = file.read(&mut content[before..]);
    content.truncate(before + read.as_ref().copied().unwrap_or(0));
    read
}

/// The stamp of a file.
#[cfg(unix)]
pub(super) fn stamp(about: &Metadata) -> Stamp {
    use std::os::unix::fs::MetadataExt as _;
    let ns = |seconds: i64, more: i64| i128::from(seconds) * 1_000_000_000 + i128::from(more);
    Stamp {
        bytes: about.len(),
        modified_ns: ns(about.mtime(), about.mtime_nsec()),
        changed_ns: ns(about.ctime(), about.ctime_nsec()),
        inode: about.ino(),
    }
}

/// The stamp of a file.
#[cfg(not(unix))]
pub(super) fn stamp(about: &Metadata) -> Stamp {
    let ns = about.modified().map_or(i128::MAX, since_1970_ns);
    Stamp { bytes: about.len(), modified_ns: ns, changed_ns: ns, inode: 0 }
}

/// A time as a number.
pub(super) fn since_1970_ns(time: std::time::SystemTime) -> i128 {
    let ns = |duration: std::time::Duration| i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX);
    match time.duration_since(std::time::UNIX_EPOCH) {
        Ok(after) => ns(after),
        Err(before) => -ns(before.duration()),
    }
}
