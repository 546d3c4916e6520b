//! Many entries in several batches: each of a bounded size, and what belongs together in one.

use std::io;

use schema_documents::journal::Entry;

/// A batch takes no more entries once it has this many bytes.
pub(crate) const MOST_BATCH_BYTES: usize = 1 << 20;

/// The entries in batches. Neighbours about the same resource stay together: what was seen of a resource and the edit that
/// was found in it are one piece of news, and half of it would be another one.
pub(super) fn into_batches(entries: &[Entry]) -> Vec<Vec<Entry>> {
    let mut batches: Vec<Vec<Entry>> = Vec::new();
    let mut bytes = 0;
    for news in entries.chunk_by(|one, next| one.resource().is_some() && one.resource() == next.resource()) {
        let more: usize = news.iter().map(size).sum();
        if let Some(batch) = batches.last_mut().filter(|_| bytes + more <= MOST_BATCH_BYTES) {
            batch.extend_from_slice(news);
        } else {
            batches.push(news.to_vec());
            bytes = 0;
        }
        bytes += more;
    }
    batches
}

/// The bytes of an entry in a batch.
pub(crate) fn size(entry: &Entry) -> usize {
    let mut counted = Counted(0);
    serde_json::to_writer(&mut counted, entry).expect("BUG: an entry serialises");
    counted.0
}

/// Counts what is written to it.
struct Counted(usize);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use schema_documents::{FieldPath, ResourceId};

    use super::*;

    fn seen(resource: &str, kilobytes: usize) -> Entry {
        let live = serde_json::json!({ "Text": "x".repeat(kilobytes << 10) });
        Entry::Seen { resource: ResourceId::parse(resource).unwrap(), generation: 1, live, began_at_ms: 1 }
    }

    fn edited(resource: &str) -> Entry {
        Entry::Edited {
            resource: ResourceId::parse(resource).unwrap(),
            generation: 1,
            path: FieldPath::root(),
            from: None,
            to: None,
            who: None,
            made_at_ms: None,
            class: schema_documents::desired::Class::Open,
            origin: None,
        }
    }

    #[track_caller]
    fn check(entries: &[Entry], lengths: &[usize]) {
        let batches = into_batches(entries);
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), lengths);
        assert_eq!(batches.concat(), *entries, "all of them, in their order");
    }

    #[test]
    fn a_batch_is_bounded_and_what_belongs_together_is_in_one() {
        check(&[], &[]);
        check(&[seen("a/b", 1), seen("a/c", 1)], &[2]);
        check(&[seen("a/b", 900), seen("a/c", 900), seen("a/d", 10)], &[1, 2]);
        check(&[seen("a/b", 1_023), edited("a/b"), edited("a/c"), seen("a/c", 900)], &[2, 2]);
        check(&[seen("a/b", 5_000)], &[1]);
    }
}
