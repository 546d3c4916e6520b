//! Turns: the forks on the way of an intent, and which way a pass took. The engine only notes them. They are for logs, for
//! counting, and for tests that ask which way was never taken.

macro_rules! turns {
    ($($name:ident = $words:literal,)+) => {
        /// A fork in the protocol, and the way that was taken. Its name is a sentence.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Turn {
            $(#[doc = $words] $name,)+
        }

        impl Turn {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// What it is called in reports.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $words,)+
                }
            }
        }
    };
}

turns! {
    SettledByPolling = "settle: an operation is known and polled",
    SettledByResending = "settle: the same bytes go again with the same token",
    SettledBySeeking = "settle: what a copy of a request may have made is looked for",
    SettledByLooking = "settle: the token is too old, so it is looked for",

    SettledAtGate = "settle: the provider has done it, and its gate is asked",

    ReadAgain = "observe: a read without a usable answer is asked again",
    ReadUnknown = "observe: unknown after several reads",
    AbsentOnce = "observe: not found, and asked once more",
    AbsentTwice = "observe: absent",
    OwedReadBack = "observe: the read-back that an earlier pass owed",
    OwedReadBackEdited = "observe: the owed read-back shows an edit made meanwhile",
    EditRests = "observe: an edited resource is read once more",

    CreateIntended = "create: intended",
    ReplacementIntended = "replace: the new generation is intended",
    RestorationIntended = "restore: what is gone is intended anew",
    UpdateIntended = "update: intended",
    RevertIntended = "revert: an enforced field is set back",
    DeleteIntended = "delete: intended",
    FormerDeleteIntended = "replace: the deletion of the former generation is intended",
    AnotherAttempt = "apply: a new attempt after a recorded failure",
    AttemptsUsedUp = "apply: no more attempts in this pass",
    CutOff = "apply: what comes after a lost step is not begun",
    StillMissing = "apply: a value that a step needs is not known",
    PinStale = "update: it changed since the plan was made",
    PinGone = "update: it is gone since the plan was made",
    PinAgain = "update: the read before it is asked again",
    PinGivenUp = "update: the read before it gives no answer",

    CallAccepted = "call: accepted",
    CallThrottled = "call: throttled, and made again",
    CallRefusedForNow = "call: refused for now, and made again",
    CallRefused = "call: refused for good",
    CallRefusedLate = "call: refused for good, after one without an answer, so it is looked for",
    CallUnanswered = "call: no answer, and made again",
    CallNotYet = "call: refused because of what is not known yet, and made again",
    CallGivenUp = "call: refused too often, and recorded as failed",
    CallLeftOpen = "call: unanswered, then without success too often, and left open",
    CallTokenConflict = "call: the token was used for something else",

    PollRunning = "poll: under way",
    PollAgain = "poll: no answer, and asked again",
    PollGivenUp = "poll: unanswered too often, and left open",
    PollOverTime = "poll: under way for too long, and left open",
    PollUnknown = "poll: the operation is not known any more",
    OperationSucceeded = "operation: succeeded",
    OperationUnnamed = "operation: succeeded and named nothing",
    OperationFailedForNow = "operation: failed for now",
    OperationNotYet = "operation: failed because of what is not known yet",
    NotYetTooLong = "not yet: what is refused refers to nothing new, so it is meant",
    OperationFailed = "operation: failed for good",
    ExistsAlready = "create: something exists already",
    DeletedBefore = "delete: there is nothing to delete",
    RemnantRecorded = "create: failed, and its remnant is recorded",

    GateReached = "gate: the provider has done it",
    GatePassed = "gate: passed",
    GateNotYet = "gate: not yet, and asked again",
    GateDoubted = "gate: failed, and asked once more",
    GateFailed = "gate: failed",
    GateGoneOnce = "gate: gone, and asked once more",
    GateGone = "gate: gone",
    GateOverTime = "gate: not healthy for too long, and failed",
    GateAgain = "gate: no answer, and asked again",
    GateGivenUp = "gate: no answer, and left open",
    WayBackIntended = "gate: what was healthy before is intended",

    LookReads = "look: an identifier is read",
    LookLists = "look: the kind is listed",
    LookAgain = "look: no answer, and asked again",
    LookGivenUp = "look: no answer, and left open",
    FoundByOperation = "look: what our own operation named is there",
    FoundByProof = "look: it is there and proves to be ours",
    FoundForeign = "look: something is there that is not ours",
    FoundSeveral = "look: several claim to be ours",
    FoundNothing = "look: nothing was created",
    FoundNothingYet = "look: nothing is visible yet, and asked again",
    UpdateFound = "look: the update was made",
    UpdateNotFound = "look: the update was not made",
    UpdateOfNothing = "look: what was to be updated is not there",
    DeleteFound = "look: the deletion was made",
    DeleteNotFound = "look: the deletion was not made",

    UntakenSought = "untaken: something else is wanted, so what a copy of the request may have made is looked for",
    UntakenLeft = "untaken: nothing is wanted any more, so what a copy of the request may have made is looked for",
    UntakenFound = "untaken: a copy of the request was accepted",

    ReadBack = "read-back: seen",
    ReadBackHidden = "read-back: done, and not visible yet",
    ReadBackAgain = "read-back: no answer, and asked again",
    ReadBackGivenUp = "read-back: no answer, and owed",
}
