//! A checkpoint: the fold of a journal up to one of its batches. It saves reading the batches before, and nothing else.
//!
//! It is derived: its bytes follow from the batches alone, so that it does not matter who writes it, or how often. It names
//! the digest of its batch, and so all of the past that it stands for. A reader that does not find it, does not trust it or
//! does not understand it reads the batches instead.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Digest;
use crate::read::Unusable;
use crate::recorded::Recorded;
use crate::sealed::{self, Sealed};

/// The version that this crate writes, and the only one that it reads. It rises when the format of the record changes, and
/// also when an entry comes to mean something else, so that no program ever reads the fold of another one's understanding.
/// It is part of the key, so that programs of two versions do not stand in each other's way.
pub const VERSION: u32 = 2;

/// No checkpoint is longer than this, in bytes; one that would be is not written.
pub const LONGEST_BYTES: u64 = 1 << 30;

/// The object `checkpoint/<version>/<number of the batch>.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Always `checkpoint`.
    pub format: Format,
    /// [`VERSION`].
    pub version: u32,
    /// The record after the batch that it names itself: `number` and `last`.
    pub recorded: Recorded,
}

/// The word that says what a document is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Format {
    /// A checkpoint.
    #[default]
    #[serde(rename = "checkpoint")]
    Checkpoint,
}

impl Checkpoint {
    /// The checkpoint of this record.
    pub fn of(recorded: Recorded) -> Self {
        Self { format: Format::Checkpoint, version: VERSION, recorded }
    }

    /// The object that is stored.
    pub fn seal(&self) -> Sealed {
        sealed::seal(self)
    }

    /// Reads a stored object that is to be the checkpoint of the batch with this number and digest.
    pub fn open(bytes: &[u8], number: u64, digest: &Digest) -> Result<Recorded, Unusable> {
        let (checkpoint, _) = sealed::open::<Self>(bytes, VERSION, LONGEST_BYTES)?;
        let Self { version, recorded, .. } = checkpoint;
        if version != VERSION {
            return Err(Unusable::Malformed(format!("it is of version {version}, and {VERSION} is read")));
        }
        if recorded.number != number || recorded.last.as_ref() != Some(digest) {
            return Err(Unusable::Malformed(format!("it is of another batch {}", recorded.number)));
        }
        Ok(recorded)
    }
}
