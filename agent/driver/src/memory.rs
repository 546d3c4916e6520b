//! What a process has read of a journal, so that it reads each batch once; and what it has learnt of the cloud's pace.
//!
//! It is no more than a place to read on from: the next batch names the digest of the last one, so a memory that does not
//! belong to the journal is found out at the first batch that is read.
//!
//! An agent waits most of its life, and its record is large, in many small pieces. So while it waits it keeps the record
//! [packed](Memory::rest), in one piece and in a fraction of the room; a record that has not changed is packed once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use agent_engine::schedule::Experience;
use miniz_oxide::{deflate, inflate};
use schema_documents::Digest;
use schema_documents::journal::Lease;
use schema_documents::recorded::Recorded;

/// The fold of a journal as far as it was read. Empty at first; clones share it.
#[derive(Clone, Default)]
pub struct Memory {
    past: Arc<Mutex<Past>>,
    experience: Arc<Mutex<Experience>>,
}

#[derive(Default)]
struct Past {
    recorded: Option<Recorded>,
    packed: Option<Packed>,
    /// Whether the record is only there packed. Otherwise what is packed may be of an earlier one.
    rests: bool,
}

impl Memory {
    /// Looks at what was read; `None` while a reader has it, or nobody has read anything.
    pub fn with<T>(&self, look: impl FnOnce(&Recorded) -> T) -> Option<T> {
        let mut past = self.past();
        past.recorded = past.take();
        past.recorded.as_ref().map(look)
    }

    /// Keeps what was read in little room until it is asked for again.
    pub fn rest(&self) {
        let mut past = self.past();
        let Some(recorded) = past.recorded.take() else { return };
        if !past.packed.as_ref().is_some_and(|packed| packed.is_of(&recorded)) {
            past.packed = Some(Packed::new(&recorded));
        }
        past.rests = true;
    }

    /// Where to read on from. It is taken out, and given back with [`Memory::keep`].
    pub(crate) fn take(&self) -> Recorded {
        self.past().take().unwrap_or_default()
    }

    /// Keeps a fold for the next reader, unless a longer one is there.
    pub(crate) fn keep(&self, recorded: Recorded) {
        let mut past = self.past();
        if past.end().is_none_or(|(number, _)| number < recorded.number) {
            (past.recorded, past.rests) = (Some(recorded), false);
        }
    }

    /// The number of the last batch that was read, and the lease after it; as [`Memory::with`].
    pub(crate) fn end(&self) -> Option<(u64, Option<Lease>)> {
        self.past().end()
    }

    /// What passes have learnt of the cloud's pace.
    pub(crate) fn experience(&self) -> Experience {
        self.experience.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps what a pass has learnt.
    pub(crate) fn learn(&self, experience: Experience) {
        *self.experience.lock().unwrap_or_else(PoisonError::into_inner) = experience;
    }

    fn past(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Past {
    fn take(&mut self) -> Option<Recorded> {
        let packed = self.packed.as_ref().filter(|_| self.rests);
        self.rests = false;
        self.recorded.take().or_else(|| packed.map(Packed::unpacked))
    }

    fn end(&self) -> Option<(u64, Option<Lease>)> {
        let packed = self.packed.as_ref().filter(|_| self.rests);
        let packed = packed.map(|packed| (packed.number, packed.lease.clone()));
        packed.or_else(|| self.recorded.as_ref().map(|recorded| (recorded.number, recorded.lease.clone())))
    }
}

/// A record in little room.
struct Packed {
    number: u64,
    /// The digest of that batch, and so of all of the past.
    last: Option<Digest>,
    lease: Option<Lease>,
    bytes: Box<[u8]>,
}

/// The least effort: a record says the same over and over, so that more finds little more.
const EFFORT: u8 = 1;

impl Packed {
    fn new(recorded: &Recorded) -> Self {
        let text = serde_json::to_vec(recorded).expect("BUG: a record serialises");
        Self {
            number: recorded.number,
            last: recorded.last.clone(),
            lease: recorded.lease.clone(),
            bytes: deflate::compress_to_vec(&text, EFFORT).into(),
        }
    }

    fn is_of(&self, recorded: &Recorded) -> bool {
        self.number == recorded.number && self.last == recorded.last
    }

    fn unpacked(&self) -> Recorded {
        let text = inflate::decompress_to_vec(&self.bytes).expect("BUG: what was packed is unpacked");
        serde_json::from_slice(&text).expect("BUG: a record that was written is read")
    }
}
