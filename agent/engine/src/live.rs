//! The live state: what a provider reported of each resource, and when; or that it is not known.

use std::collections::BTreeMap;

use schema_documents::{Json, Millis, ResourceId};

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
    /// The provider says, consistently, that there is none.
    Absent,
    /// It was asked and nothing usable came back. Never the same as absent.
    Unknown {
        /// What the provider said.
        reason: String,
    },
}

/// The live side of everything that was asked. What is missing here was not read.
pub type LiveState = BTreeMap<Key, Live>;
