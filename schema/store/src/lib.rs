//! Numbered documents in an object store: where journals and desired states live, on S3, Cloud Storage or a local disk.
//!
//! Nothing is assumed of a store beyond put-if-absent. On a local disk every write is followed by `fsync` of the file and
//! its folder before it counts as written.

mod durable;
mod error;
mod file;
mod numbered;
#[cfg(test)]
mod tests;

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use url::Url;

use durable::Durable;
pub use error::{OpenError, StoreError};
pub use file::write_whole;
pub use numbered::{Claim, Numbered, Put};

/// A place in an object store.
#[derive(Clone)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    at: Path,
    shown: String,
    /// The folder of the store, if it is one.
    folder: Option<PathBuf>,
}

/// What opening does when a local folder does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Makes it.
    Create,
    /// Refuses.
    Refuse,
    /// Reads as empty; nothing will be written.
    Empty,
}

impl Store {
    /// Opens `s3://bucket/prefix`, `gs://bucket/prefix`, `file:///folder` or a plain folder. Credentials and endpoints
    /// come from the environment (`AWS_…`, `GOOGLE_…`), as for each cloud's own tools.
    pub fn open(place: &str, missing: Missing) -> Result<Self, OpenError> {
        match Url::parse(place) {
            Ok(url) if url.scheme() == "file" => {
                let folder =
                    url.to_file_path().map_err(|()| OpenError::invalid(place, "it is no absolute path"))?;
                Self::local(place, &folder, missing)
            }
            Ok(url) if url.scheme().len() > 1 => Self::remote(place, &url),
            _ => Self::local(place, FilePath::new(place), missing),
        }
    }

    /// A store in memory, for tests.
    pub fn memory() -> Self {
        Self {
            objects: Arc::new(InMemory::new()),
            at: Path::default(),
            shown: "memory".to_owned(),
            folder: None,
        }
    }

    fn local(place: &str, folder: &FilePath, missing: Missing) -> Result<Self, OpenError> {
        let fail = |error: std::io::Error| OpenError::invalid(place, &error.to_string());
        match missing {
            Missing::Create => durable::make_folder(folder).map_err(fail)?,
            Missing::Empty if !folder.exists() => {
                return Ok(Self { shown: place.to_owned(), ..Self::memory() });
            }
            Missing::Empty | Missing::Refuse => {}
        }
        std::fs::read_dir(folder).map_err(fail)?;
        let objects = LocalFileSystem::new_with_prefix(folder)
            .map_err(|error| OpenError::invalid(place, &error.to_string()))?
            .with_fsync(true);
        let folder = Some(folder.to_owned());
        Ok(Self { objects: Arc::new(objects), at: Path::default(), shown: place.to_owned(), folder })
    }

    fn remote(place: &str, url: &Url) -> Result<Self, OpenError> {
        let variables = std::env::vars().map(|(name, value)| (name.to_lowercase(), value));
        let (objects, at) = object_store::parse_url_opts(url, variables)
            .map_err(|error| OpenError::invalid(place, &error.to_string()))?;
        Ok(Self { objects: Arc::from(objects), at, shown: place.to_owned(), folder: None })
    }

    /// The place below this one.
    #[must_use]
    pub fn below(&self, segment: &str) -> Self {
        let at = self.at.clone().join(segment.replace(':', "-"));
        Self {
            objects: self.objects.clone(),
            at,
            shown: format!("{}/{segment}", self.shown.trim_end_matches('/')),
            folder: self.folder.clone(),
        }
    }

    /// The numbered documents at this place.
    pub fn numbered(&self) -> Numbered {
        let folder = self.folder.as_ref().map(|folder| {
            let parts = self.at.parts();
            parts.fold(folder.clone(), |folder, part| folder.join(part.as_ref()))
        });
        Numbered::new(self.objects.clone(), self.at.clone(), folder.map(Durable::new))
    }

    /// Reads one document below this place. `None`: there is none.
    pub async fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        numbered::read(self.objects.as_ref(), &self.at.clone().join(name)).await
    }

    /// Names of the folders directly below this place, sorted.
    pub async fn folders(&self) -> Result<Vec<String>, StoreError> {
        let listing = self
            .objects
            .list_with_delimiter(Some(&self.at))
            .await
            .map_err(|error| StoreError::from(&error))?;
        let mut names: Vec<String> = listing
            .common_prefixes
            .iter()
            .filter_map(|path| path.filename().map(ToOwned::to_owned))
            .collect();
        names.sort();
        Ok(names)
    }

    /// The place, for people.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Whether a text names a store rather than a file: a URL, or an existing folder.
    pub fn is_store(place: &str) -> bool {
        Url::parse(place).is_ok_and(|url| url.scheme().len() > 1 && url.scheme() != "file")
            || Url::parse(place)
                .ok()
                .and_then(|url| url.to_file_path().ok())
                .is_some_and(|path| path.is_dir())
            || FilePath::new(place).is_dir()
    }

    /// Asks the store for anything at all: tells a missing permission before the first write.
    pub async fn probe(&self) -> Result<(), StoreError> {
        match self.objects.head(&self.at.clone().join("probe")).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(StoreError::from(&error)),
        }
    }
}
