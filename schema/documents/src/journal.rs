//! The journal: intent before action, result after. Append-only, numbered, hash-chained.
//!
//! An object is a [`Batch`]: all entries that were ready when the previous put returned, [sealed](crate::sealed) with the
//! digest that the next one names. Keys are numbers, written with put-if-absent, never deleted or rewritten.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::desired::Class;
use crate::origin::Rank;
use crate::plan::{Change, Reason, Step, StepKey, Wish};
use crate::read::Unusable;
use crate::recorded::{Choice, Owner};
use crate::sealed::{self, Sealed};
use crate::{Digest, FieldPath, Json, Millis, Origin, ResourceId, Value};

/// The version of the format that this crate writes.
pub const VERSION: u32 = 1;

/// No batch is longer than this, in bytes; one that is was written by nobody.
pub const LONGEST_BYTES: u64 = 64 << 20;

/// One object of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Always `journal`.
    pub format: Format,
    /// Version of the format: [`VERSION`]. A reader refuses a newer one.
    pub version: u32,
    /// Id of the journal, drawn when its first batch was written.
    pub journal: String,
    /// Its number, from 1 without a gap; also its key.
    pub number: u64,
    /// Rises by one with every writer that takes over.
    pub epoch: u64,
    /// Tells this writer's batch from another's with the same number, after an answer that never came.
    pub writer: String,
    /// Digest of the batch before; absent for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Digest>,
    /// When it was written.
    pub at_ms: Millis,
    /// The entries.
    pub entries: Vec<Entry>,
}

/// The word that says what a document is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Format {
    /// A batch of journal entries.
    #[default]
    #[serde(rename = "journal")]
    Journal,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "entry", rename_all = "snake_case", deny_unknown_fields)]
pub enum Entry {
    /// A writer took the lease, or renewed it.
    Lease(Lease),
    /// The writer is done; the next one need not wait.
    Released {},
    /// A pass works towards this desired state.
    Pass {
        /// Its digest.
        desired: Digest,
        /// Its number, when it was published.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<u64>,
        /// The commit, when it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        commit: Option<String>,
    },
    /// Something will be done.
    Intent(Box<Intent>),
    /// The provider has taken the intent up.
    Operation {
        /// The intent.
        intent: u64,
        /// The provider's name for the operation.
        operation: String,
    },
    /// The identifier of what is being created is known, before it is finished.
    Identified {
        /// The intent.
        intent: u64,
        /// The identifier.
        identifier: String,
    },
    /// The provider has done it. The intent has succeeded when what it wrote has passed its gate: it runs, and is healthy.
    Gated {
        /// The intent.
        intent: u64,
        /// The identifier of the resource.
        identifier: String,
    },
    /// The intent has succeeded.
    Succeeded {
        /// The intent.
        intent: u64,
        /// The identifier of the resource.
        identifier: String,
    },
    /// The intent has failed for good; a later one may try again.
    Failed {
        /// The intent.
        intent: u64,
        /// The provider's code.
        code: String,
        /// The provider's message.
        message: String,
        /// What a failed create left behind and is ours.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remnant: Option<String>,
        /// What a look found when several claim to be what was created: their identifiers.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        candidates: Vec<String>,
        /// Whether the request was refused before any operation took it up: its token is not used up.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        untaken: bool,
        /// Whether it was refused because of the moment and not because of what it says: a copy of it that arrives later may be
        /// accepted.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        for_now: bool,
        /// Whether the provider has done it, and what it wrote did not pass its gate: it goes back, and is not tried again for
        /// the same document.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unhealthy: bool,
    },
    /// The live state of a resource was read, and differs from what was seen before.
    Seen {
        /// The resource.
        resource: ResourceId,
        /// Its generation.
        generation: u32,
        /// Its live properties, secrets as digests.
        live: Json,
        /// When the read began.
        began_at_ms: Millis,
    },
    /// Wishes that are settled without writing: the rules 1 and 5 of the semantics, §1.
    Settled {
        /// The resource.
        resource: ResourceId,
        /// Its generation.
        generation: u32,
        /// What becomes of each field; absent: the field is no longer under record.
        fields: BTreeMap<FieldPath, Option<Settlement>>,
    },
    /// A console edit is open.
    Edited {
        /// The resource.
        resource: ResourceId,
        /// Its generation.
        generation: u32,
        /// The merge unit.
        path: FieldPath,
        /// The value before.
        #[serde(
            default,
            deserialize_with = "crate::present::even_null",
            skip_serializing_if = "Option::is_none"
        )]
        from: Option<Json>,
        /// The value now.
        #[serde(
            default,
            deserialize_with = "crate::present::even_null",
            skip_serializing_if = "Option::is_none"
        )]
        to: Option<Json>,
        /// Who made it, where the cloud tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        who: Option<String>,
        /// When it was made, where the cloud tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        made_at_ms: Option<Millis>,
        /// Class of the field.
        class: Class,
        /// Who had asked for the value before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        origin: Option<Origin>,
    },
    /// The resource is gone without our doing.
    Gone {
        /// The resource.
        resource: ResourceId,
        /// Its generation.
        generation: u32,
    },
    /// A generation is no longer under record: it was given back, or never came to be.
    Forgotten {
        /// The resource.
        resource: ResourceId,
        /// Its generation.
        generation: u32,
    },
    /// A resource got another id.
    Moved {
        /// The id so far.
        from: ResourceId,
        /// The id from now on.
        to: ResourceId,
    },
    /// What would be lost with a resource that is to go is not what the record says: by its live state, as it was read.
    Loses {
        /// The resource.
        resource: ResourceId,
        /// The loss.
        loss: Loss,
    },
    /// A person confirmed a deletion.
    Confirmed {
        /// The resource.
        resource: ResourceId,
        /// What was confirmed: [`confirmation_digest`].
        digest: Digest,
        /// What may be lost. A confirmation without it allows nothing any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        loss: Option<Loss>,
        /// Who.
        who: String,
    },
    /// These steps wait for a person's approval, and no others. Without any: none does any more.
    Proposed {
        /// By which they are approved: [`crate::approval::plan_digest`].
        plan: Digest,
        /// The steps.
        steps: Vec<Step>,
    },
    /// A person approved the steps that were proposed last.
    Approved {
        /// Of which plan.
        plan: Digest,
        /// Who.
        who: String,
    },
    /// What people allowed does not hold any more: what they allowed it for is not what would be done now.
    Lapsed {
        /// Approvals.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        approvals: Vec<StepKey>,
        /// Confirmations.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        confirmations: Vec<Digest>,
    },
    /// A person answered drift.
    Answered {
        /// The resource.
        resource: ResourceId,
        /// The merge unit.
        path: FieldPath,
        /// The answer.
        choice: Choice,
        /// The live value that was answered.
        #[serde(
            default,
            deserialize_with = "crate::present::even_null",
            skip_serializing_if = "Option::is_none"
        )]
        over: Option<Json>,
        /// Who.
        who: String,
    },
    /// A person wants a failed deployment tried once more.
    Retried {
        /// The resource.
        resource: ResourceId,
        /// Who.
        who: String,
    },
    /// A person confirmed what a search found of a resource whose journal was lost.
    Recovered {
        /// What was found.
        found: Box<crate::recovery::Finding>,
        /// Who.
        who: String,
    },
    /// A resource that was there already is under record: to be owned, because a person approved that, or only to be read.
    Imported {
        /// What was found.
        found: Box<crate::recovery::Finding>,
    },
}

/// A writer's claim on an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// Who holds it, for people: host and process.
    pub holder: String,
    /// How long it lasts from the last batch on.
    pub term_ms: u64,
    /// How long one call of the holder may take: a successor waits this much longer.
    #[serde(default)]
    pub longest_call_ms: u64,
}

/// What will be done, complete.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// Its number in this journal.
    pub intent: u64,
    /// The resource.
    pub resource: ResourceId,
    /// Its generation.
    pub generation: u32,
    /// Kind of the resource.
    pub kind: String,
    /// Whether it holds data.
    pub stateful: bool,
    /// Which try it is, from 1.
    pub attempt: u32,
    /// The client token of the call: [`token`].
    pub token: String,
    /// What is done.
    pub act: Act,
    /// Why; absent where a program did not say yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What it depends on: the order in which things can be deleted.
    #[serde(default, skip_serializing_if = "std::collections::BTreeSet::is_empty")]
    pub depends_on: std::collections::BTreeSet<ResourceId>,
    /// What becomes of each field when it has succeeded; absent: the field is no longer under record.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settles: BTreeMap<FieldPath, Option<Settlement>>,
    /// Whether nothing is asked for: what an earlier request of just this may still have made is looked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_looks: bool,
}

/// What a call does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// Create.
    Create {
        /// The physical name, where it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// The body as it will be sent, secrets by reference.
        body: Value,
    },
    /// Update.
    Update {
        /// Whose.
        identifier: String,
        /// The patch as it will be sent (RFC 6902), secrets by reference.
        patch: Value,
        /// The fields, for recovery: live = `to` means done, live = `from` means not yet.
        changes: Vec<Change>,
    },
    /// Delete.
    Delete {
        /// What.
        identifier: String,
        /// The confirmation that is used up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        confirmed: Option<Digest>,
    },
}

/// What becomes of a field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settlement {
    /// The wish that is settled; absent: that it should not be there.
    #[serde(
        default,
        deserialize_with = "crate::present::even_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub asked: Option<Value>,
    /// Its strength.
    pub rank: Rank,
    /// Who decides the value from now on.
    pub owner: Owner,
    /// Whether an open edit is closed by it.
    pub closes_edit: bool,
}

impl From<&Wish> for Settlement {
    fn from(wish: &Wish) -> Self {
        let rank = wish.origin.rank();
        let owner = if rank == Rank::Setting { Owner::Setting } else { Owner::Manifest };
        Self { asked: wish.value.clone(), rank, owner, closes_edit: true }
    }
}

/// The client token of a call: the same for the same try of the same thing, different for any other.
pub fn token(journal: &str, resource: &ResourceId, generation: u32, attempt: u32, act: &Act) -> String {
    let digest = Digest::of(&(journal, resource, generation, attempt, act));
    digest.as_str().replace(':', "-")
}

/// What is gone for good when something that holds data is deleted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Loss {
    /// Which generation of the resource it is.
    pub generation: u32,
    /// Its identifier.
    pub identifier: String,
    /// Its kind.
    pub kind: String,
    /// What it holds, in words: `every object in the bucket`.
    pub holds: String,
    /// What says how much of it is kept elsewhere, such as for how many days there are backups; as last seen.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub given: BTreeMap<FieldPath, Json>,
}

/// What a person confirms when something that holds data may go: exactly this loss.
pub fn confirmation_digest(resource: &ResourceId, loss: &Loss) -> Digest {
    Digest::of(&("delete", resource, loss))
}

impl Entry {
    /// The resource that it is about, where it says so itself.
    pub fn resource(&self) -> Option<&ResourceId> {
        match self {
            Self::Intent(intent) => Some(&intent.resource),
            Self::Seen { resource, .. }
            | Self::Settled { resource, .. }
            | Self::Edited { resource, .. }
            | Self::Gone { resource, .. }
            | Self::Forgotten { resource, .. }
            | Self::Loses { resource, .. }
            | Self::Confirmed { resource, .. }
            | Self::Answered { resource, .. }
            | Self::Retried { resource, .. }
            | Self::Moved { from: resource, .. } => Some(resource),
            Self::Recovered { found, .. } | Self::Imported { found } => Some(&found.resource),
            Self::Lease(_)
            | Self::Released {}
            | Self::Pass { .. }
            | Self::Operation { .. }
            | Self::Identified { .. }
            | Self::Gated { .. }
            | Self::Succeeded { .. }
            | Self::Failed { .. }
            | Self::Proposed { .. }
            | Self::Approved { .. }
            | Self::Lapsed { .. } => None,
        }
    }
}

impl Batch {
    /// The digest that the next batch names.
    pub fn digest(&self) -> Digest {
        Digest::of(self)
    }

    /// The object that is stored.
    pub fn seal(&self) -> Sealed {
        sealed::seal(self)
    }

    /// Reads a stored object, with the digest that the next batch names.
    pub fn open(bytes: &[u8]) -> Result<(Self, Digest), Unusable> {
        sealed::open(bytes, VERSION, LONGEST_BYTES)
    }
}
