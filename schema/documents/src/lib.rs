//! The documents: everything that is written to disk or crosses a process, in one place.
//!
//! Each document is plain data with a format version, a JSON Schema ([`schema::of`]) and a golden.
//! Nothing here reads a file, knows a cloud or asks for the time.
//!
//! | document | written by | read by |
//! |---|---|---|
//! | [`manifest::Manifest`] | scanners, people | `compiler/model` |
//! | [`environment::Environment`] | people, `manifestc import` | `compiler/lower` |
//! | [`desired::DesiredState`] | `manifestc build` | the agent, `manifestc diff` |
//! | [`publication::Publication`] | `manifestc publish` | the agent |
//! | [`plan::Plan`] | `agent/engine` | people, `agent/engine` |
//! | [`journal::Batch`] | the agent | the agent |
//! | [`checkpoint::Checkpoint`] | the agent | the agent |
//! | [`recorded::Recorded`] | a fold of the journal | the agent |
//! | [`import::Imports`] | the agent | `manifestc import` |
//! | [`recovery::Recovery`] | the agent | people, the agent |
//! | [`runtime::infra::InfraConfig`], [`runtime::core::RuntimeConfig`] | the agent, into a process | the runtimes |
//! | [`sidecar::Sidecar`] | `manifestc export` | people |

pub mod approval;
pub mod canonical;
pub mod checkpoint;
pub mod desired;
pub mod environment;
pub mod id;
pub mod import;
pub mod journal;
mod kept;
pub mod manifest;
pub mod origin;
pub mod path;
pub mod plan;
mod present;
pub mod publication;
pub mod read;
pub mod recorded;
pub mod recovery;
pub mod runtime;
pub mod schema;
pub mod sealed;
pub mod sidecar;
mod sorted;
pub mod value;

pub use canonical::Digest;
pub use id::ResourceId;
pub use kept::Kept;
pub use origin::{Origin, Position};
pub use path::FieldPath;
pub use sorted::Sorted;
pub use value::{Expression, Value};

/// JSON as it is sent to and read from a provider.
pub type Json = serde_json::Value;

/// Milliseconds since 1970-01-01T00:00:00Z, by the clock of whoever wrote the document.
pub type Millis = u64;
