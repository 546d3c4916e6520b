//! What a process has read of a journal, so that it reads each batch once.
//!
//! It is no more than a place to read on from: the next batch names the digest of the last one, so a memory that does not
//! belong to the journal is found out at the first batch that is read.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schema_documents::recorded::Recorded;

/// The fold of a journal as far as it was read. Empty at first; clones share it.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Kept>>);

/// How it is kept.
#[derive(Default)]
enum Kept {
    #[default]
    Nothing,
    Open(Recorded),
    /// As the text of its document: a fraction of the size, and has to be read again.
    Packed {
        number: u64,
        text: Vec<u8>,
    },
}

impl Kept {
    fn number(&self) -> Option<u64> {
        match self {
            Self::Nothing => None,
            Self::Open(recorded) => Some(recorded.number),
            Self::Packed { number, .. } => Some(*number),
        }
    }

    /// What cannot be read is not there: the journal is read from its beginning.
    fn open(self) -> Option<Recorded> {
        match self {
            Self::Nothing => None,
            Self::Open(recorded) => Some(recorded),
            Self::Packed { text, .. } => serde_json::from_slice(&text).ok(),
        }
    }
}

impl Memory {
    /// Looks at what was read; `None` while a reader has it, or nobody has read anything.
    pub fn with<T>(&self, look: impl FnOnce(&Recorded) -> T) -> Option<T> {
        match &*self.lock() {
            Kept::Nothing => None,
            Kept::Open(recorded) => Some(look(recorded)),
            Kept::Packed { text, .. } => serde_json::from_slice(text).ok().map(|recorded| look(&recorded)),
        }
    }

    /// Packs it, for a time in which nobody is going to look at it.
    pub fn pack(&self) {
        let mut kept = self.lock();
        if let Kept::Open(recorded) = &*kept
            && let Ok(text) = serde_json::to_vec(recorded)
        {
            *kept = Kept::Packed { number: recorded.number, text };
        }
    }

    /// Where to read on from. It is taken out, and given back with [`Memory::keep`].
    pub(crate) fn take(&self) -> Recorded {
        std::mem::take(&mut *self.lock()).open().unwrap_or_default()
    }

    /// Keeps a fold for the next reader, unless a longer one is there.
    pub(crate) fn keep(&self, recorded: Recorded) {
        let mut kept = self.lock();
        if kept.number().is_none_or(|number| number < recorded.number) {
            *kept = Kept::Open(recorded);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_kept_and_gives_way_to_what_is_longer_only() {
        let memory = Memory::default();
        let recorded = |number| Recorded { number, journal: Some("j".to_owned()), ..Recorded::default() };
        memory.keep(recorded(7));
        memory.pack();
        memory.keep(recorded(3));
        assert_eq!(memory.with(|recorded| recorded.number), Some(7));
        assert_eq!(memory.take(), recorded(7));
        assert_eq!(memory.with(|recorded| recorded.number), None);
        memory.pack();
        assert_eq!(memory.take(), Recorded::default());
    }
}
