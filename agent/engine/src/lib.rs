//! The engine: the pass of the semantics (§10), without IO, clock, threads or chance.
//!
//! ```text
//! recorded = fold(journal)                    settle what was in flight
//! live     = observe(…)
//! bound    = bind(desired, recorded)
//! diff     = diff(recorded, bound, live)      merge per unit, each side against its own memory
//! imports  = import(diff)
//! plan     = check(plan(diff, limits))
//! outcome  = apply(plan)                      intent → call → poll → result
//! ```
//!
//! Fold, bind, diff, import, plan and check are functions. Settling, observing and applying talk to the world; they are
//! one state machine, [`pass::Pass`]: it is told what happened ([`command::Event`]) and says what to do next
//! ([`command::Command`]). Whoever executes the commands (`agent/driver`, a simulation) decides nothing.

pub mod approval;
pub mod attention;
pub mod audit;
pub mod bind;
pub mod check;
pub mod command;
pub mod diff;
pub mod digests;
pub mod fold;
pub mod history;
pub mod import;
#[cfg(test)]
mod laws;
pub mod live;
pub mod loss;
pub mod merge;
pub mod options;
pub mod pass;
pub mod plan;
pub mod recover;
#[cfg(test)]
mod scene;
pub mod schedule;
