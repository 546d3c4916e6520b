//! What is durable in a local folder.
//!
//! A file is synced before it gets its name, so that what has a name is whole. The name itself is durable when its folder is
//! synced, and that can fail after the name is there: then the put failed, and yet a get would show the object. Nobody may act
//! on that. So from a failed put on, nothing is shown before its folder was synced.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::StoreError;

/// A folder and whether the names in it are known to be durable.
#[derive(Clone)]
pub(crate) struct Durable {
    folder: PathBuf,
    in_doubt: Arc<AtomicBool>,
    sync: fn(&Path) -> io::Result<()>,
}

impl Durable {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, in_doubt: Arc::default(), sync: sync_folder }
    }

    /// A put failed: its object may be there and not durable.
    pub(crate) fn doubt(&self) {
        self.in_doubt.store(true, Ordering::SeqCst);
    }

    /// Makes durable what can be read. An error: it is not.
    pub(crate) async fn settle(&self) -> Result<(), StoreError> {
        if !self.in_doubt.load(Ordering::SeqCst) {
            return Ok(());
        }
        let (folder, sync) = (self.folder.clone(), self.sync);
        let synced = tokio::task::spawn_blocking(move || sync(&folder)).await;
        synced.map_err(|error| StoreError(error.to_string()))?.map_err(|error| {
            StoreError(format!("`{}` cannot be made durable: {error}", self.folder.display()))
        })?;
        self.in_doubt.store(false, Ordering::SeqCst);
        Ok(())
    }
}

/// Makes a folder, and its ancestors as far as they are not there, so that they are still there after a power failure.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_folder(parent)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => made?,
    }
    sync_folder(parent)
}

/// Only Unix can sync a folder; elsewhere its names are durable by themselves.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
impl Durable {
    /// A folder on a disk whose sync does this.
    pub(crate) fn with_sync(self, sync: fn(&Path) -> io::Result<()>) -> Self {
        Self { sync, ..self }
    }
}
