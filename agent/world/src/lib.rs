//! The border of the agent: what the world can be asked, as traits, and how it answers, as data.
//!
//! A trait stands here only where a simulation stands in for the world. The engine uses the data and never a trait;
//! `agent/driver` holds the trait objects. Each answer tells apart what is known from what is not: "no answer" is
//! never "no".

pub use async_trait::async_trait;
use schema_documents::value::SecretRef;
use schema_documents::{Json, Millis, Value};
pub use zeroize::Zeroizing;

/// A cloud, as far as resources are concerned.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Whether this provider knows the kind.
    fn knows(&self, kind: &str) -> bool;

    /// The account that it works in; none, if there is no such thing.
    async fn account(&self) -> Result<Option<String>, ReadError> {
        Ok(None)
    }

    /// Makes one mutating call, once: no retry of its own. Secrets in the body have been revealed.
    async fn call(&self, call: &Call) -> Result<Progress, CallError>;

    /// Asks how an operation is doing.
    async fn poll(&self, operation: &str) -> Result<Progress, ReadError>;

    /// Reads a resource. `None`: the provider says that there is none.
    async fn read(&self, kind: &str, identifier: &str) -> Result<Option<Json>, ReadError>;

    /// Lists the resources of a kind, below a parent where the kind needs one.
    async fn list(&self, kind: &str, parent: Option<&Json>) -> Result<Vec<Found>, ReadError>;

    /// Asks whether what was written runs and is healthy: the gate of a kind that has one (`gate` in the catalogue). Success of
    /// an operation does not say so.
    async fn readiness(&self, probe: &Probe) -> Result<Readiness, ReadError>;
}

/// What is asked at a gate.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// Kind of the resource.
    pub kind: String,
    /// Its identifier.
    pub identifier: String,
    /// The properties that were written and have to be what runs: where others do, the cloud has gone back by itself.
    pub written: Json,
}

/// What a gate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// What was written runs, and is healthy.
    Ready,
    /// It may become so.
    NotYet {
        /// What is missing, in words: `1 of 2 instances run`.
        words: String,
    },
    /// It will not become so by itself.
    Failed {
        /// Why, in words.
        words: String,
    },
    /// The service does not know it, or says that it is on its way out: there is nothing that could be healthy.
    Gone {
        /// What it says, in words.
        words: String,
    },
}

/// Numbered objects that are written once. Nothing else is assumed of a store.
#[async_trait]
pub trait JournalStore: Send + Sync {
    /// Writes the object with this number if there is none.
    async fn put(&self, number: u64, bytes: Vec<u8>) -> Result<Put, StoreError>;

    /// Reads the object with this number. `None`: there is none.
    async fn get(&self, number: u64) -> Result<Option<Vec<u8>>, StoreError>;

    /// The highest number that a listing shows; 0: it shows none. A listing may lag, so that this proves nothing of what is
    /// not in it. It is for looking after a journal, and no part of any protocol.
    async fn listed(&self) -> Result<u64, StoreError> {
        Ok(0)
    }
}

/// How a put ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It was written, and is durable.
    Written,
    /// There is an object with this number: ours, perhaps, after an answer that never came. Reading it tells.
    Exists,
}

/// A store gave no usable answer. The object may have been written or not: reading it tells.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the state store did not answer: {0}")]
pub struct StoreError(pub String);

/// Where secret values live.
#[async_trait]
pub trait Vault: Send + Sync {
    /// The value, read just before the call that needs it.
    async fn reveal(&self, secret: &SecretRef) -> Result<Zeroizing<String>, ReadError>;
}

/// What the audit trail of an account tells: late, more than once, in any order, or never. So it only says where to look.
#[async_trait]
pub trait Events: Send + Sync {
    /// Waits a while for deliveries; none came: there are none in the list. What is not [given back](Events::done) is
    /// delivered again.
    async fn receive(&self) -> Result<Vec<Delivery>, ReadError>;

    /// These need not be delivered again.
    async fn done(&self, receipts: &[String]) -> Result<(), ReadError>;
}

/// An event of the audit trail, on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// By what it is given back.
    pub receipt: String,
    /// The event, as its source writes it; null if it is no JSON.
    pub event: Json,
}

/// Time, as the driver sees it.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970. A clock never goes back while it is used, whatever is done to the machine's time, and the
    /// time that the machine is suspended counts: leases are held by it.
    fn now_ms(&self) -> Millis;
    /// Waits until then.
    async fn sleep_until(&self, at_ms: Millis);
}

/// Randomness: journal ids and writer nonces.
pub trait Entropy: Send + Sync {
    /// Sixteen random bytes, as hex.
    fn nonce(&self) -> String;
}

/// A mutating call, complete.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Kind of the resource.
    pub kind: String,
    /// The client token: the same call again has the same one.
    pub token: String,
    /// What is done.
    pub action: CallAction,
}

/// What a mutating call does.
#[derive(Clone, Debug, PartialEq)]
pub enum CallAction {
    /// Create, with this body.
    Create(Value),
    /// Update what has this identifier, with this patch (RFC 6902).
    Update(String, Value),
    /// Delete what has this identifier.
    Delete(String),
}

/// What a provider says of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The provider's name for the operation.
    pub operation: String,
    /// The identifier of the resource, once it is known.
    pub identifier: Option<String>,
    /// How it is doing.
    pub state: ProgressState,
}

/// How an operation is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgressState {
    /// Under way.
    Running {
        /// In how many milliseconds to ask again, if the provider says so.
        retry_after_ms: Option<u64>,
    },
    /// Done.
    Succeeded,
    /// Failed, for good or for now: the code tells.
    Failed {
        /// What kind of failure.
        failure: FailureKind,
        /// The provider's code.
        code: String,
        /// The provider's message.
        message: String,
    },
}

/// What a failure means for what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Passes by itself: a conflict with another operation, an internal error.
    Transient,
    /// The service behind the provider's interface was asked too often: passes by itself, when it is asked less.
    Throttled,
    /// The request itself will never succeed.
    Rejected,
    /// The resource does not exist.
    NotFound,
    /// Something with this name or identifier exists.
    AlreadyExists,
    /// The property cannot be changed in place.
    NotUpdatable,
    /// The provider does not allow it.
    Denied,
}

/// Whose limit a throttled request met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Throttler {
    /// The limit of the provider's interface, which all kinds share.
    Interface,
    /// The limit of the service that the kind belongs to.
    Service,
}

/// A mutating call did not lead to an operation, or it is not known whether it did.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Nothing was done, and the provider said so.
    #[error("{code}: {message}")]
    Refused {
        /// What kind of failure.
        failure: FailureKind,
        /// The provider's code.
        code: String,
        /// The provider's message.
        message: String,
    },
    /// Nothing was done; the same call may be made again after this time.
    #[error("throttled")]
    Throttled {
        /// In how many milliseconds.
        retry_after_ms: u64,
        /// Whose limit it was.
        by: Throttler,
    },
    /// The token was used for another request.
    #[error("the client token was used for another request")]
    TokenConflict,
    /// There was no answer: it may have been done or not. The same bytes with the same token tell.
    #[error("no answer: {0}")]
    NoAnswer(String),
}

/// A question was not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Ask again after this time.
    #[error("throttled")]
    Throttled {
        /// In how many milliseconds.
        retry_after_ms: u64,
        /// Whose limit it was.
        by: Throttler,
    },
    /// The provider does not know the operation (any more).
    #[error("the operation is not known")]
    UnknownOperation,
    /// The provider does not allow the question, or it makes no sense to it.
    #[error("{code}: {message}")]
    Refused {
        /// The provider's code.
        code: String,
        /// The provider's message.
        message: String,
    },
    /// There was no answer.
    #[error("no answer: {0}")]
    NoAnswer(String),
}

/// A resource that a list shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its identifier.
    pub identifier: String,
    /// Its properties, when the list carries them; some lists carry the identifier's parts only.
    pub properties: Json,
}
