//! An object store that misbehaves in one way.

use std::fmt;

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// A put is done, and then an error: a folder that cannot be synced, a 5xx.
    FailsAfterCommit,
    /// A put is not done: a full disk.
    FailsBeforeCommit,
    /// A put is not done, and said to be there already: a 409 without an object.
    SaysThatItExists,
    /// No listing shows anything yet.
    ListsNothing,
}

/// The store, over another one.
#[derive(Debug)]
pub(super) struct Faulty<S> {
    inner: S,
    fault: Fault,
}

impl<S> Faulty<S> {
    pub(super) fn over(inner: S, fault: Fault) -> Self {
        Self { inner, fault }
    }

    fn lists(&self) -> bool {
        !matches!(self.fault, Fault::ListsNothing)
    }
}

impl<S> fmt::Display for Faulty<S> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "a store with {:?}", self.fault)
    }
}

fn failed() -> Error {
    Error::Generic { store: "faulty", source: "input/output error".into() }
}

#[async_trait]
impl<S: ObjectStore> ObjectStore for Faulty<S> {
    async fn put_opts(&self, at: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        match self.fault {
            Fault::FailsBeforeCommit => Err(failed()),
            Fault::SaysThatItExists => {
                Err(Error::AlreadyExists { path: at.to_string(), source: "409".into() })
            }
            Fault::FailsAfterCommit => {
                self.inner.put_opts(at, payload, options).await?;
                Err(failed())
            }
            Fault::ListsNothing => self.inner.put_opts(at, payload, options).await,
        }
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(at, options).await
    }

    fn delete_stream(&self, places: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(places)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        if self.lists() { self.inner.list(prefix) } else { stream::empty().boxed() }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
