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

    #[cfg(test)]
    pub(crate) fn rests(&self) -> bool {
        self.past().rests
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use schema_documents::ResourceId;
    use serde_json::json;

    use super::*;

    fn recorded(number: u64) -> Recorded {
        let mut record = json!({
            "kind": "AWS::SQS::Queue", "stateful": true, "identifier": "https://sqs/q", "status": "live",
            "seen": {"VisibilityTimeout": 60, "Ratio": 0.1, "Text": "für \"Ada\"", "None": null, "Tags": [{"Key": "a"}]},
            "fields": {"/VisibilityTimeout": {"asked": 60, "rank": "code", "owner": "manifest"}},
        });
        let resources = (0..100).map(|nth| {
            record["identifier"] = format!("https://sqs/q{nth}").into();
            let one = serde_json::from_value(record.clone()).unwrap();
            (ResourceId::parse(&format!("topic/t{nth}/queue")).unwrap(), BTreeMap::from([(1, one)]))
        });
        let lease = Lease { holder: "a".to_owned(), term_ms: 9_000, longest_call_ms: 4_000 };
        let (last, lease) = (Some(Digest::of(&number)), Some(lease));
        Recorded { number, last, lease, resources: resources.collect(), ..Recorded::default() }
    }

    fn resting(recorded: Recorded) -> Memory {
        let memory = Memory::default();
        memory.keep(recorded);
        memory.rest();
        memory
    }

    #[test]
    fn what_rests_is_what_was_kept_in_a_fraction_of_its_bytes() {
        let memory = resting(recorded(7));
        assert!(memory.past().recorded.is_none());
        let bytes = memory.past().packed.as_ref().unwrap().bytes.len();
        assert!(bytes * 8 < serde_json::to_vec(&recorded(7)).unwrap().len(), "{bytes} bytes");
        assert_eq!(memory.end(), Some((7, recorded(7).lease)));
        assert!(memory.rests(), "nobody needs the record to know where it ends");
        assert_eq!(memory.with(Clone::clone), Some(recorded(7)));
        memory.rest();
        assert_eq!(memory.take(), recorded(7));
    }

    #[test]
    fn a_record_is_packed_again_only_when_it_has_changed() {
        let memory = resting(recorded(7));
        let place = || memory.past().packed.as_ref().unwrap().bytes.as_ptr();
        let before = place();
        memory.keep(memory.take());
        memory.rest();
        assert_eq!(place(), before);
        drop(memory.take());
        // The same number in another past.
        memory.keep(Recorded {
            last: Some(Digest::of(&"another")),
            resources: BTreeMap::new(),
            ..recorded(7)
        });
        memory.rest();
        assert_eq!(memory.take().resources.len(), 0);
    }

    #[test]
    fn what_a_reader_has_taken_is_there_again_only_when_it_gives_something_back() {
        let memory = resting(recorded(7));
        drop(memory.take());
        memory.rest();
        assert_eq!((memory.end(), memory.with(|_| ())), (None, None));
        // It could not read the journal, and whoever comes next begins anew.
        memory.keep(Recorded::default());
        memory.rest();
        assert_eq!(memory.take(), Recorded::default());
    }

    #[test]
    fn the_longer_of_two_records_is_kept() {
        let memory = resting(recorded(7));
        memory.keep(recorded(6));
        assert_eq!(memory.end().map(|(number, _)| number), Some(7));
        memory.keep(recorded(8));
        memory.rest();
        assert_eq!(memory.take(), recorded(8));
    }
}
