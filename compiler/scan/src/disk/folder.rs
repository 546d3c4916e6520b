//! One folder on disk: what is in it, and its files by their names.
//!
//! Where the system can, files are reached from the folder that is held open and not by their whole paths: these would be
//! gone through from the root of the disk for every file.

use std::ffi::OsString;

/// What there is under a name.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: OsString,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    /// A link, a socket, or anything else that has no content of its own.
    Other,
}

pub(super) use system::Folder;

#[cfg(unix)]
mod system {
    use std::ffi::{OsStr, OsString};
    use std::io::{Error, Result};
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStringExt as _;
    use std::path::Path;

    use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};

    use super::{Entry, Kind};
    use crate::disk::file;
    use crate::known::Stamp;

    /// An open folder.
    pub(in crate::disk) struct Folder(OwnedFd);

    impl Folder {
        pub(in crate::disk) fn open(path: &Path) -> Result<Self> {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            Ok(Self(rustix::fs::open(path, flags, Mode::empty())?))
        }

        /// What is in it, in the order of the disk.
        pub(in crate::disk) fn entries(&self) -> Result<Vec<Entry>> {
            let mut entries = Vec::new();
            for entry in Dir::read_from(&self.0)? {
                let entry = entry?;
                let name = entry.file_name();
                if !matches!(name.to_bytes(), b"." | b"..") {
                    let kind = match entry.file_type() {
                        // Not every file system says it here.
                        FileType::Unknown => self.kind(name)?,
                        known => kind(known),
                    };
                    entries.push(Entry { name: OsString::from_vec(name.to_bytes().to_vec()), kind });
                }
            }
            Ok(entries)
        }

        fn kind(&self, name: &std::ffi::CStr) -> Result<Kind> {
            let about = rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?;
            Ok(kind(FileType::from_raw_mode(about.st_mode)))
        }

        /// The stamp of a file in it.
        pub(in crate::disk) fn stamp(&self, name: &OsStr) -> Result<Stamp> {
            Ok(stamp(&rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?))
        }

        /// Reads a file in it, with the stamp that it had before; or says why that cannot be.
        pub(in crate::disk) fn read(&self, name: &OsStr) -> std::result::Result<(Vec<u8>, Stamp), String> {
            let why = |errno: rustix::io::Errno| Error::from(errno).to_string();
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let opened = rustix::fs::openat(&self.0, name, flags, Mode::empty()).map_err(why)?;
            let about = rustix::fs::fstat(&opened).map_err(why)?;
            let is_file = FileType::from_raw_mode(about.st_mode) == FileType::RegularFile;
            let stamp = stamp(&about);
            let content = file::content(is_file, stamp.bytes, &std::fs::File::from(opened))?;
            Ok((content, stamp))
        }
    }

    fn kind(kind: FileType) -> Kind {
        match kind {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Folder,
            _ => Kind::Other,
        }
    }

    #[allow(clippy::useless_conversion, reason = "how wide the fields are depends on the system")]
    fn stamp(about: &Stat) -> Stamp {
        let ns = |seconds: i128, more: i128| seconds * 1_000_000_000 + more;
        Stamp {
            bytes: u64::try_from(about.st_size).unwrap_or(0),
            modified_ns: ns(about.st_mtime.into(), about.st_mtime_nsec.into()),
            changed_ns: ns(about.st_ctime.into(), about.st_ctime_nsec.into()),
            inode: about.st_ino.into(),
        }
    }
}

#[cfg(not(unix))]
mod system {
    use std::ffi::OsStr;
    use std::io::Result;
    use std::path::{Path, PathBuf};

    use super::{Entry, Kind};
    use crate::disk::file;
    use crate::known::Stamp;

    /// The path of a folder.
    pub(in crate::disk) struct Folder(PathBuf);

    impl Folder {
        pub(in crate::disk) fn open(path: &Path) -> Result<Self> {
            Ok(Self(path.to_owned()))
        }

        /// What is in it, in the order of the disk.
        pub(in crate::disk) fn entries(&self) -> Result<Vec<Entry>> {
            let entry = |entry: Result<std::fs::DirEntry>| {
                let entry = entry?;
                let kind = match entry.file_type()? {
                    kind if kind.is_file() => Kind::File,
                    kind if kind.is_dir() => Kind::Folder,
                    _ => Kind::Other,
                };
                Ok(Entry { name: entry.file_name(), kind })
            };
            std::fs::read_dir(&self.0)?.map(entry).collect()
        }

        /// The stamp of a file in it.
        pub(in crate::disk) fn stamp(&self, name: &OsStr) -> Result<Stamp> {
            Ok(file::stamp(&self.0.join(name).symlink_metadata()?))
        }

        /// Reads a file in it, with the stamp that it had before; or says why that cannot be.
        pub(in crate::disk) fn read(&self, name: &OsStr) -> std::result::Result<(Vec<u8>, Stamp), String> {
            file::read(&self.0.join(name))
        }
    }
}
