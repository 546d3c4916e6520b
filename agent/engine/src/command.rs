//! The language between the engine and whoever executes its commands.

use agent_world::{Call, CallError, Found, Progress, ReadError};
use schema_documents::journal::Entry;
use schema_documents::plan::Plan;
use schema_documents::{Json, Millis, ResourceId};

/// Something to do. Every command but [`Command::Finish`] is answered by exactly one event.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Append these entries, durably, in this order. Answer: [`Event::Appended`] or [`Event::Lost`].
    Append {
        /// Which append it is.
        append: u64,
        /// The entries.
        entries: Vec<Entry>,
    },
    /// Read a resource, not before the given time. Answer: [`Event::Read`].
    Read {
        /// Which question it is.
        question: u64,
        /// Kind of the resource.
        kind: String,
        /// Its identifier.
        identifier: String,
        /// Not before.
        not_before_ms: Millis,
    },
    /// List the resources of a kind, not before the given time. Answer: [`Event::Listed`].
    List {
        /// Which question it is.
        question: u64,
        /// The kind.
        kind: String,
        /// Properties of the parent, where the kind needs one.
        parent: Option<Json>,
        /// Not before.
        not_before_ms: Millis,
    },
    /// Make the call of this intent, not before the given time. Its intent is durable. Answer: [`Event::Called`].
    Call {
        /// The intent.
        intent: u64,
        /// The call.
        call: Call,
        /// Not before.
        not_before_ms: Millis,
    },
    /// Ask how the operation of this intent is doing, not before the given time. Answer: [`Event::Polled`].
    Poll {
        /// The intent.
        intent: u64,
        /// The provider's name for the operation.
        operation: String,
        /// Not before.
        not_before_ms: Millis,
    },
    /// The pass is over.
    Finish(Box<Outcome>),
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The pass begins.
    Started,
    /// The entries are durable.
    Appended {
        /// Which append.
        append: u64,
    },
    /// Another writer has taken over: nothing may be done any more.
    Lost {
        /// Who, as far as it is known.
        to: String,
    },
    /// A resource was read.
    Read {
        /// Which question.
        question: u64,
        /// `None`: there is none.
        result: Result<Option<Json>, ReadError>,
        /// When the read began.
        began_at_ms: Millis,
    },
    /// A kind was listed.
    Listed {
        /// Which question.
        question: u64,
        /// What there is.
        result: Result<Vec<Found>, ReadError>,
    },
    /// A call was answered, or not.
    Called {
        /// The intent.
        intent: u64,
        /// How.
        result: Result<Progress, CallError>,
    },
    /// A poll was answered, or not.
    Polled {
        /// The intent.
        intent: u64,
        /// How.
        result: Result<Progress, ReadError>,
    },
    /// Finish what is in flight and begin nothing.
    Stop,
}

/// How a pass ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The plan; absent when the pass ended before it was made.
    pub plan: Option<Plan>,
    /// Steps that succeeded.
    pub succeeded: Vec<schema_documents::plan::StepKey>,
    /// Steps that failed, with the provider's words.
    pub failed: Vec<FailedStep>,
    /// Steps that were not begun, and why.
    pub skipped: Vec<SkippedStep>,
    /// Why the pass ended early, if it did.
    pub ended: Ended,
}

/// A step that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedStep {
    /// The step.
    pub step: schema_documents::plan::StepKey,
    /// The resource.
    pub resource: ResourceId,
    /// The provider's code.
    pub code: String,
    /// The provider's message.
    pub message: String,
}

/// A step that was not begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedStep {
    /// The step.
    pub step: schema_documents::plan::StepKey,
    /// Why.
    pub why: String,
}

/// Why a pass ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It is done.
    Done,
    /// It was told to stop.
    Stopped,
    /// Another writer has taken over.
    Lost {
        /// Who.
        to: String,
    },
    /// A newer desired state was worked towards already, by another writer perhaps while this pass waited for the lease;
    /// nothing was done.
    Superseded {
        /// The number of the newer one.
        by: u64,
    },
    /// The plan did not pass its check; nothing was done.
    Refused {
        /// What is wrong with it.
        violations: Vec<String>,
    },
}
