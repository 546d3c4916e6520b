//! The scheduler: what may be sent to the cloud now, and when to look again.
//!
//! | question | answered by |
//! |---|---|
//! | which step is worth more than another: how long is the way that hangs on it | [`Paths`] |
//! | how many requests does a limit allow now | [`Bucket`], one for each [`Lane`] |
//! | which of all that waits goes next | [`Queue`] |
//! | when is an operation asked how it is doing | [`next_poll_ms`] |
//!
//! Every request passes the limit of the provider's interface and that of the service behind the kind, each for its
//! direction. A request holds a place in flight from its sending to its answer and no longer: operations that take long are
//! parked, and what waits for its time waits here, not in a place.
//!
//! Nothing here has a clock, and nothing is drawn by chance: the time comes with every question.

mod bucket;
mod lane;
mod pace;
mod path;
mod queue;

pub use bucket::{Bucket, Quota};
pub use lane::{Direction, Lane, Quotas};
pub use pace::{Expected, next_poll_ms};
pub use path::Paths;
pub use queue::{Class, PATIENCE_MS, Queue, Sent, Verdict, Wanted};

/// What was learnt of a cloud's pace. It outlives a pass, so that the next one need not find out anew.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Experience {
    /// Of its limits.
    pub quotas: Quotas,
    /// Of its operations.
    pub expected: Expected,
}
