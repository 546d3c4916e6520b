//! AWS as a provider: one uniform driver for all kinds, over Cloud Control.
//!
//! What the codes of the service mean is apart from the SDK, so that a simulation can take the first without the second.

pub mod classify;
#[cfg(feature = "sdk")]
mod cloud_control;
#[cfg(feature = "sdk")]
mod events;
#[cfg(all(feature = "sdk", debug_assertions))]
mod stand_in;
#[cfg(feature = "sdk")]
mod vault;

#[cfg(feature = "sdk")]
pub use cloud_control::{Aws, Options};
#[cfg(feature = "sdk")]
pub use events::Queue;
#[cfg(feature = "sdk")]
pub use vault::Secrets;
