//! One file on disk: its content and its stamp.

use std::fs::{File, Metadata};
use std::io::Read as _;
use std::path::Path;

use crate::known::Stamp;
use crate::tree::{MAX_FILE_BYTES, TOO_LARGE};

/// Reads a file, with the stamp that it had before; or says why that cannot be.
pub(super) fn read(path: &Path) -> Result<(Vec<u8>, Stamp), String> {
    let mut file = File::open(path).map_err(|error| error.to_string())?;
    let about = file.metadata().map_err(|error| error.to_string())?;
    if !about.is_file() {
        return Err("it is no file".to_owned());
    }
    let bytes = usize::try_from(about.len()).ok().filter(|_| about.len() <= MAX_FILE_BYTES);
    let Some(bytes) = bytes else { return Err(format!("{TOO_LARGE} {MAX_FILE_BYTES} bytes")) };
    let mut content = vec![0; bytes];
    let mut filled = 0;
    // It is read as long as it was said to be: one that grows meanwhile has another stamp when it is looked at next.
    while filled < bytes {
        match file.read(&mut content[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    content.truncate(filled);
    Ok((content, stamp(&about)))
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
