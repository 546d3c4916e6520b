//! The language between the engine and whoever executes its commands.

use agent_world::{Call, CallError, Found, Probe, Progress, ReadError, Readiness};
use schema_documents::journal::Entry;
use schema_documents::plan::Plan;
use schema_documents::{Json, Millis, ResourceId};

use crate::schedule::Lane;

/// Something to do, now. Every command but [`Command::Tell`] and [`Command::Finish`] is answered by exactly one event.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Append these entries, durably, in this order. Answer: [`Event::Appended`] or [`Event::Lost`].
    Append {
        /// Which append it is.
        append: u64,
        /// The entries.
        entries: Vec<Entry>,
    },
    /// Read a resource. Answer: [`Event::Read`].
    Read {
        /// Which question it is.
        question: u64,
        /// Kind of the resource.
        kind: String,
        /// Its identifier.
        identifier: String,
    },
    /// List the resources of a kind. Answer: [`Event::Listed`].
    List {
        /// Which question it is.
        question: u64,
        /// The kind.
        kind: String,
        /// Properties of the parent, where the kind needs one.
        parent: Option<Json>,
    },
    /// Make the call of this intent, which is durable. Answer: [`Event::Called`].
    Call {
        /// The intent.
        intent: u64,
        /// The call.
        call: Call,
    },
    /// Ask how the operation of this intent is doing. Answer: [`Event::Polled`].
    Poll {
        /// The intent.
        intent: u64,
        /// The provider's name for the operation.
        operation: String,
    },
    /// Ask at the gate of this intent. Answer: [`Event::Probed`].
    Probe {
        /// The intent.
        intent: u64,
        /// What is asked.
        probe: Probe,
    },
    /// Say when this time has come. Answer: [`Event::Woke`].
    Wake {
        /// The time.
        at_ms: Millis,
    },
    /// Tell whoever watches. There is no answer.
    Tell(Note),
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
    /// A gate was asked.
    Probed {
        /// The intent.
        intent: u64,
        /// What it says.
        result: Result<Readiness, ReadError>,
    },
    /// The time of a [`Command::Wake`] has come.
    Woke {
        /// The time.
        at_ms: Millis,
    },
    /// Finish what is in flight and begin nothing.
    Stop,
}

/// Something that whoever watches may want to know.
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    /// A call is made again later.
    Retrying {
        /// The intent.
        intent: u64,
        /// When.
        at_ms: Millis,
    },
    /// What was deployed is not healthy yet, or what was refused refers to what is not known yet.
    NotYet {
        /// The intent.
        intent: u64,
        /// What is missing, in words.
        words: String,
    },
    /// A limit of the cloud was met: fewer requests are sent from now on.
    Slowed {
        /// Whose limit.
        lane: Lane,
        /// How many requests a second are sent from now on.
        per_second: f64,
    },
    /// A step came to its end.
    Advanced {
        /// Steps that came to an end.
        ended: usize,
        /// Steps of the plan.
        of: usize,
        /// How long the rest is expected to take, in milliseconds.
        left_ms: u64,
    },
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
