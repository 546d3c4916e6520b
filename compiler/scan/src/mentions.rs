//! What the files of an app say of each other, for whoever looks at one of them alone.
//!
//! It is kept as numbers that stand for what is said. Two things may have the same number: then something counts as said
//! that was not, and more is looked at than is needed.

use serde::{Deserialize, Serialize};

/// What is said, as sorted numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mentions(Vec<u32>);

impl Mentions {
    /// What is said by so many words.
    pub(crate) fn of<'w, const N: usize>(all: impl Iterator<Item = [&'w str; N]>) -> Self {
        let mut mentions = Self::default();
        mentions.add(all);
        mentions
    }

    /// Adds what is said as well.
    pub(crate) fn add<'w, const N: usize>(&mut self, more: impl Iterator<Item = [&'w str; N]>) {
        self.0.extend(more.map(|words| number(&words)));
        self.0.sort_unstable();
        self.0.dedup();
    }

    /// Adds what others say.
    pub(crate) fn join(&mut self, others: &Self) {
        self.0.extend(&others.0);
        self.0.sort_unstable();
        self.0.dedup();
    }

    /// Whether this is said; if not, it certainly is not.
    pub(crate) fn hold(&self, words: &[&str]) -> bool {
        self.0.binary_search(&number(words)).is_ok()
    }
}

/// The number of some words: FNV-1a, which is the same in every run.
fn number(words: &[&str]) -> u32 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    // No text has this byte.
    for byte in words.iter().flat_map(|word| word.bytes().chain([0xff])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let [.., a, b, c, d] = (hash ^ (hash >> 32)).to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_said_and_nothing_else() {
        let mut mentions = Mentions::of([["a", "bc"], ["b", "c"]].into_iter());
        mentions.add([["x"]].into_iter());
        assert!(mentions.hold(&["a", "bc"]) && mentions.hold(&["b", "c"]) && mentions.hold(&["x"]));
        assert!(!mentions.hold(&["ab", "c"]) && !mentions.hold(&["abc"]) && !mentions.hold(&[]));
    }
}
