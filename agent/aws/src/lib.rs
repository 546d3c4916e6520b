//! AWS as a provider: one uniform driver for all kinds, over Cloud Control, and beside it the few questions that this does not
//! answer.
//!
//! What AWS says is judged apart from the SDK, so that a simulation can take the first without the second.

pub mod classify;
#[cfg(feature = "sdk")]
mod cloud_control;
#[cfg(feature = "sdk")]
mod events;
#[cfg(feature = "sdk")]
mod native;
pub mod readiness;
#[cfg(all(feature = "sdk", debug_assertions))]
mod stand_in;
#[cfg(feature = "sdk")]
mod vault;
mod words;

#[cfg(feature = "sdk")]
pub use cloud_control::{Aws, Options};
#[cfg(feature = "sdk")]
pub use events::Queue;
#[cfg(feature = "sdk")]
pub use vault::Secrets;
