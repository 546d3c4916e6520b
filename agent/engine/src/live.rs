//! The live state: what a provider reported of each resource, and when; or that it is not known.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schema_documents::recorded::ResourceRecord;
use schema_documents::{Json, Millis, ResourceId};

use crate::diff::owes_a_look;

/// A resource's generation: the key of the record.
pub type Key = (ResourceId, u32);

/// What is known of the live side of one generation.
#[derive(Clone, Debug, PartialEq)]
pub enum Live {
    /// It was read.
    Present {
        /// Its properties.
        properties: Json,
        /// When the read began.
        began_at_ms: Millis,
    },
    /// It was read, and is to the letter what is remembered: nothing is kept twice.
    AsSeen {
        /// When the read began.
        began_at_ms: Millis,
    },
    /// The provider says, consistently, that there is none.
    Absent,
    /// It was asked and nothing usable came back. Never the same as absent.
    Unknown {
        /// What the provider said.
        reason: String,
    },
}

impl Live {
    /// What was read of a generation with this record.
    pub fn read(properties: Json, began_at_ms: Millis, record: Option<&ResourceRecord>) -> Self {
        match record {
            Some(record) if !owes_a_look(record) && record.seen == properties => Self::AsSeen { began_at_ms },
            _ => Self::Present { properties, began_at_ms },
        }
    }

    /// Whether it was read and is, to the letter, what is remembered.
    pub fn is_as_seen(&self, record: &ResourceRecord) -> bool {
        match self {
            Self::Present { properties, .. } => record.seen == *properties,
            Self::AsSeen { .. } => true,
            Self::Absent | Self::Unknown { .. } => false,
        }
    }

    /// The properties, and when the read began; none where it is not there, or not known.
    pub fn present(&self, record: &ResourceRecord) -> Option<(Cow<'_, Json>, Millis)> {
        match self {
            Self::Present { properties, began_at_ms } => Some((Cow::Borrowed(properties), *began_at_ms)),
            Self::AsSeen { began_at_ms } => Some((Cow::Owned(record.seen.to_json()), *began_at_ms)),
            Self::Absent | Self::Unknown { .. } => None,
        }
    }
}

/// The live side of everything that was asked. What is missing here was not read.
pub type LiveState = BTreeMap<Key, Live>;
