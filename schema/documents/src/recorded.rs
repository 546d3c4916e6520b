//! The recorded state: what the agent last knew to be so. It is a fold of the journal and is never edited.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::approval::{Approval, Proposal};
use crate::desired::{Class, Mode};
use crate::journal::{Intent, Lease, Loss};
use crate::origin::Rank;
use crate::plan::StepKey;
use crate::{Digest, FieldPath, Json, Kept, Millis, Origin, ResourceId, Sorted, Value};

/// The version of the format that this crate writes.
pub const VERSION: u32 = 1;

/// What the agent knows of one environment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// The journal's id; absent while the journal is empty. It is part of every client token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal: Option<String>,
    /// Number of the last batch; 0 for an empty journal.
    pub number: u64,
    /// Digest of the last batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Digest>,
    /// Epoch of the last batch.
    pub epoch: u64,
    /// Nonce of the writer of the last batch: an epoch has one writer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writer: Option<String>,
    /// The lease as last written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// Digest of the desired state that the last pass worked towards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired: Option<Digest>,
    /// The highest number of a published desired state that a pass worked towards: an older one is not worked towards
    /// any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<u64>,
    /// Resources, by id, each with its generations.
    #[serde(default)]
    pub resources: BTreeMap<ResourceId, Generations>,
    /// Intents without a result, by their number.
    #[serde(default)]
    pub open: BTreeMap<u64, OpenIntent>,
    /// The number that the next intent gets.
    pub next_intent: u64,
    /// Confirmations that nothing has used up, by what they confirm.
    #[serde(default)]
    pub confirmations: BTreeMap<Digest, Confirmation>,
    /// What would be lost with generations that are to go, where it is not what was seen of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub losses: BTreeMap<ResourceId, BTreeMap<u32, Loss>>,
    /// Deployments that failed, where none has succeeded since.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub setbacks: BTreeMap<ResourceId, Setback>,
    /// The steps that wait for a person's approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Proposal>,
    /// Steps that were approved and have not been done yet.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub approvals: BTreeMap<StepKey, Approval>,
    /// Answers to drift that nothing has used up.
    #[serde(default)]
    pub answers: BTreeMap<ResourceId, BTreeMap<FieldPath, Answer>>,
    /// The newest generation of each resource that is not recorded any more: a number is never given twice, since
    /// names and client tokens are made of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub retired: BTreeMap<ResourceId, u32>,
}

/// The generations of one resource, oldest first. Records are large and change one at a time: a copy of the recorded state
/// shares them.
pub type Generations = BTreeMap<u32, Arc<ResourceRecord>>;

/// One generation of one resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceRecord {
    /// Kind of the resource.
    pub kind: String,
    /// Whether it holds data.
    pub stateful: bool,
    /// Its physical name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its identifier, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// How far it is.
    pub status: Status,
    /// The live properties last seen, secrets as digests.
    #[serde(default)]
    pub seen: Kept,
    /// When that read began.
    #[serde(default)]
    pub seen_at_ms: Millis,
    /// When our last operation on it ended; reads begun before that, or within the settling time after it, are no
    /// evidence of drift.
    #[serde(default)]
    pub operated_at_ms: Millis,
    /// Memory per merge unit that the document has or had.
    #[serde(default)]
    pub fields: Sorted<FieldPath, FieldRecord>,
    /// What it depended on when it was last written: the order in which it can be deleted.
    #[serde(default)]
    pub depends_on: std::collections::BTreeSet<ResourceId>,
    /// How often creating it was tried.
    #[serde(default)]
    pub attempt: u32,
    /// The failure of its last operation, until one succeeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Whether it was found and not made, and no pass has compared it with the document yet: nothing of it was ever asked
    /// for, so the first comparison takes what is live for what was seen, and writes nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub attached: bool,
    /// What this environment does with it, where it was there before and somebody else made it: it is never replaced, and
    /// never deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub existing: Option<Mode>,
}

/// How far a generation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Its creation is under way, or failed and is tried again.
    Creating,
    /// It exists.
    Live,
    /// A newer generation has taken its place; it waits for clean-up.
    Superseded,
    /// Its deletion is under way, or failed and is tried again: a tombstone.
    Deleting,
    /// It was seen to be gone without our doing.
    Gone,
}

/// Memory of one merge unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldRecord {
    /// The wish last settled; absent: that it should not be there, or that it never was asked for.
    #[serde(
        default,
        deserialize_with = "crate::present::even_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub asked: Option<Value>,
    /// Its strength.
    pub rank: Rank,
    /// Who decides the value now.
    pub owner: Owner,
    /// The console edit that the repository does not have yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<Box<OpenEdit>>,
}

/// Who decides a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The app's source or a rule of the compiler.
    Manifest,
    /// The environment file.
    Setting,
    /// Somebody in the console.
    Console,
    /// The cloud.
    Provider,
}

/// A console edit that is open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenEdit {
    /// The value before.
    #[serde(
        default,
        deserialize_with = "crate::present::even_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub from: Option<Json>,
    /// The value now; absent when it was removed.
    #[serde(
        default,
        deserialize_with = "crate::present::even_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub to: Option<Json>,
    /// Who made it, where the cloud tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// When it was made, where the cloud tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at_ms: Option<Millis>,
    /// When it was first seen.
    pub seen_at_ms: Millis,
    /// Class of the field when it was seen.
    pub class: Class,
    /// Who had asked for the value before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Whether it was enforced away: the same edit again within a day is held.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reverted: bool,
    /// Whether it was there when the resource was found: enforced or not, it is only reported.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub found: bool,
}

/// An intent whose result is not known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenIntent {
    /// The intent, as it was written.
    pub intent: Intent,
    /// When it was written.
    pub at_ms: Millis,
    /// The provider's operation, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The identifier, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// Since when what it wrote has to pass its gate; absent: the provider has not done it yet, or there is no gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gated_at_ms: Option<Millis>,
}

/// A deployment that failed: the provider did what was asked, and it never became healthy. What counts as asked for is what was
/// healthy last, and the resource goes back to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Setback {
    /// The generation that was healthy before; of a first creation the one that was made.
    pub generation: u32,
    /// The document that asked for it, by digest. It is not tried again while that one is worked towards; absent: a person
    /// wants it tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired: Option<Digest>,
    /// What failed, field by field; of a first creation nothing: there was nothing before to go back to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub wrote: BTreeMap<FieldPath, Option<Value>>,
    /// The code of the failure.
    pub code: String,
    /// What failed, in words.
    pub message: String,
    /// When.
    pub at_ms: Millis,
    /// That going back has failed as well, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<String>,
}

/// The failure of an operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// The provider's code.
    pub code: String,
    /// The provider's message.
    pub message: String,
    /// When.
    pub at_ms: Millis,
    /// How often in a row.
    pub times: u32,
    /// Identifiers of those that claim to be what was to be created, where there are several: only a person can tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<String>,
    /// The request that no operation took up, if that is why a creation failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untaken: Option<Box<Untaken>>,
}

/// A request that was refused before any operation took it up. Made again with the same token it is the same request, and a copy
/// of it that is still on its way creates nothing twice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Untaken {
    /// What it was made for.
    pub intent: Intent,
    /// Whether a copy of it may be accepted later. Before anything else is asked for in its place, and before it is forgotten, what
    /// that may have made is looked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub for_now: bool,
}

/// A person's word that something may go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// Who confirmed.
    pub who: String,
    /// When.
    pub at_ms: Millis,
    /// The resource.
    pub resource: ResourceId,
    /// What may be lost; a confirmation without it allows nothing any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<Loss>,
}

/// A person's answer to drift.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Which of the two.
    pub choice: Choice,
    /// The live value that was answered; another one needs another answer.
    #[serde(
        default,
        deserialize_with = "crate::present::even_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub over: Option<Json>,
    /// Who answered.
    pub who: String,
    /// When.
    pub at_ms: Millis,
}

/// The two answers to drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The repository gets the edit.
    Adopt,
    /// The edit goes.
    Revert,
}

impl Setback {
    /// Whether it keeps the document with this digest from being tried again.
    pub fn holds(&self, desired: &Digest) -> bool {
        self.desired.as_ref() == Some(desired)
    }
}

impl ResourceRecord {
    /// The request whose copy may have made what nobody knows of yet.
    pub fn may_come(&self) -> Option<&Untaken> {
        let untaken = self.failure.as_ref()?.untaken.as_deref()?;
        (untaken.for_now && self.status == Status::Creating && self.identifier.is_none()).then_some(untaken)
    }
}

impl Recorded {
    /// The generation that serves, or is about to: the newest that is neither superseded nor being deleted.
    pub fn current(&self, id: &ResourceId) -> Option<(u32, &ResourceRecord)> {
        let newest = self.resources.get(id)?.iter().next_back();
        newest
            .map(|(generation, record)| (*generation, record.as_ref()))
            .filter(|(_, record)| !matches!(record.status, Status::Superseded | Status::Deleting))
    }

    /// Deployments that failed for the document of the last pass, or that a person wants tried again.
    pub fn failed_deployments(&self) -> impl Iterator<Item = (&ResourceId, &Setback)> {
        let is_of_now = |setback: &Setback| setback.desired.is_none() || setback.desired == self.desired;
        self.setbacks.iter().filter(move |(_, setback)| is_of_now(setback))
    }

    /// The record of one generation.
    pub fn generation(&self, id: &ResourceId, generation: u32) -> Option<&ResourceRecord> {
        self.resources.get(id)?.get(&generation).map(AsRef::as_ref)
    }

    /// The generation that a new creation of `id` gets.
    pub fn next_generation(&self, id: &ResourceId) -> u32 {
        let newest = self.resources.get(id).and_then(|all| all.keys().next_back());
        newest.max(self.retired.get(id)).map_or(1, |last| last + 1)
    }
}
