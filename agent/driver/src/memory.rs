//! What a process has read of a journal, so that it reads each batch once.
//!
//! It is no more than a place to read on from: the next batch names the digest of the last one, so a memory that does not
//! belong to the journal is found out at the first batch that is read.

use std::sync::{Arc, Mutex, PoisonError};

use schema_documents::recorded::Recorded;

/// The fold of a journal as far as it was read. Empty at first; clones share it.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Option<Recorded>>>);

impl Memory {
    /// Looks at what was read; `None` while a reader has it, or nobody has read anything.
    pub fn with<T>(&self, look: impl FnOnce(&Recorded) -> T) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(look)
    }

    /// Where to read on from. It is taken out, and given back with [`Memory::keep`].
    pub(crate) fn take(&self) -> Recorded {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }

    /// Keeps a fold for the next reader, unless a longer one is there.
    pub(crate) fn keep(&self, recorded: Recorded) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.as_ref().is_none_or(|kept| kept.number < recorded.number) {
            *kept = Some(recorded);
        }
    }
}
