//! The plan: ordered intent, so specific that applying it leaves no choice.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::approval::Awaited;
use crate::desired::{Class, Phase};
use crate::import::Import;
use crate::journal::Loss;
use crate::{Digest, FieldPath, Json, Millis, Origin, ResourceId, Value};

/// The version of the format that this crate writes.
pub const VERSION: u32 = 1;

/// What a pass will do, and what it will not do and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Always `plan`.
    pub format: Format,
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// The app.
    pub app: String,
    /// The environment.
    pub environment: String,
    /// Digest of the desired state it was computed from.
    pub desired: Digest,
    /// Digest of the last journal batch it was computed from; absent for an empty journal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal: Option<Digest>,
    /// The steps, in an order in which they could be done one by one.
    pub steps: Vec<Step>,
    /// Console edits that were taken, or that rest until they settle.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub imports: Vec<PlannedImport>,
    /// What will not be done, and what it waits for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<Held>,
    /// Fields that two sides want differently.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
    /// Changes of fields that the document does not mention: they are kept, and only told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub noted: Vec<Noted>,
    /// Resources without a difference.
    pub unchanged: u64,
    /// Steps that wait for a person's approval, where the environment wants one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaited: Option<Awaited>,
}

/// The word that says what a document is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Format {
    /// A plan.
    #[default]
    #[serde(rename = "plan")]
    Plan,
}

/// The name of a step within a plan: `create topic/a/topic#1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct StepKey(pub String);

impl StepKey {
    /// The name of the step that does this (`create`, `update`, `delete`, `import`) with a generation of a resource.
    pub fn new(verb: &str, resource: &ResourceId, generation: u32) -> Self {
        Self(format!("{verb} {resource}#{generation}"))
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its name within the plan.
    pub key: StepKey,
    /// The resource.
    pub resource: ResourceId,
    /// The generation of the resource that it acts on.
    pub generation: u32,
    /// Kind of the resource.
    pub kind: String,
    /// Whether the resource holds data.
    pub stateful: bool,
    /// When in the rollout.
    pub phase: Phase,
    /// What is done.
    pub action: Action,
    /// Steps that must have succeeded before.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub after: BTreeSet<StepKey>,
    /// Why.
    pub reason: Reason,
    /// What it means for the running resource.
    pub consequence: Consequence,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Create the resource.
    Create {
        /// The body, as far as it is known; what is not is an expression.
        body: Value,
        /// The wishes that the body holds: what becomes `asked`.
        wishes: Vec<Wish>,
    },
    /// Change fields of the resource.
    Update {
        /// Its identifier.
        identifier: String,
        /// The fields.
        changes: Vec<Change>,
    },
    /// Take a resource that is there already under record, to own it. Of what it is only its ownership tags are written.
    Import {
        /// Its identifier.
        identifier: String,
        /// The account that it is in, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
        /// The region.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        region: Option<String>,
        /// Where it is not as the document says, each with what a change to that would mean. None of it is written.
        differences: Vec<Change>,
    },
    /// Delete the resource.
    Delete {
        /// Its identifier.
        identifier: String,
        /// The confirmation that allows it, for what holds data.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        confirmed: Option<Digest>,
    },
}

/// What is wished of one merge unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// The merge unit.
    pub path: FieldPath,
    /// The value; what is not known yet is an expression. Absent: it should not be there.
    #[serde(
        default,
        deserialize_with = "crate::present::even_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub value: Option<Value>,
    /// Who asks.
    pub origin: Origin,
    /// Whether the console may change it.
    pub class: Class,
}

/// One field that a step changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The merge unit.
    pub path: FieldPath,
    /// The live value that the plan saw; absent when there was none, or it cannot be read.
    #[serde(
        default,
        deserialize_with = "crate::present::even_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub from: Option<Json>,
    /// The value to write; absent to remove it.
    #[serde(
        default,
        deserialize_with = "crate::present::even_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub to: Option<Value>,
    /// Who asks; absent when the field left the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// What the change of this field means.
    pub consequence: Consequence,
}

/// Why a step is in the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "because", rename_all = "snake_case", deny_unknown_fields)]
pub enum Reason {
    /// The document has a resource that the record does not have.
    New {
        /// Who asks for it.
        origin: Origin,
    },
    /// A wish moved.
    Changed,
    /// An enforced field was edited.
    Revert,
    /// A field changed that only a create can set.
    Replaced {
        /// The fields.
        fields: Vec<FieldPath>,
    },
    /// It is gone, and is created again.
    Gone,
    /// A deployment failed, and it goes back to what was healthy last.
    SetBack,
    /// A newer generation has taken its place.
    Superseded,
    /// The document does not have it any more.
    Removed,
    /// The document names it, and somebody else made it.
    Existing {
        /// Who asks for it.
        origin: Origin,
    },
    /// It was imported, and the document does not name it any more: only its ownership tags go.
    GivenBack,
}

/// What a step means for the running resource; the order is from harmless to grave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Consequence {
    /// A new resource; nothing that runs is touched.
    New,
    /// Nothing is interrupted.
    InPlace,
    /// It restarts, or fails over.
    Restart,
    /// A new one takes its place.
    Replacement,
    /// A resource without data goes.
    Removal,
    /// Data is lost.
    DataLoss,
}

/// A console edit in a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedImport {
    /// The edit.
    pub import: Import,
    /// Whether it has settled. One that has not is neither taken nor overwritten.
    pub settled: bool,
}

/// A change of a field that the document does not mention.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Noted {
    /// The resource.
    pub resource: ResourceId,
    /// Its kind.
    pub kind: String,
    /// The merge unit.
    pub path: FieldPath,
    /// The value last seen; absent when there was none.
    #[serde(
        default,
        deserialize_with = "crate::present::even_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub from: Option<Json>,
    /// The live value; absent when there is none.
    #[serde(
        default,
        deserialize_with = "crate::present::even_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub to: Option<Json>,
}

/// Something that will not be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// The resource.
    pub resource: ResourceId,
    /// Its generation.
    pub generation: u32,
    /// Kind of the resource.
    pub kind: String,
    /// Why, in a machine's words.
    pub why: Hold,
    /// Why, in a sentence, with what to do.
    pub message: String,
}

/// Why something is held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "hold", rename_all = "snake_case", deny_unknown_fields)]
pub enum Hold {
    /// A deletion that a person must confirm.
    Unconfirmed {
        /// What `manifest-agent confirm --digest` takes.
        digest: Digest,
        /// What it stands for.
        loss: Loss,
    },
    /// A replacement of something that holds data.
    StatefulReplacement {
        /// The fields that would force it.
        fields: Vec<FieldPath>,
    },
    /// It is gone and held data.
    StatefulGone,
    /// Too much is gone at once.
    TooMuchGone,
    /// An enforced field whose revert would interrupt, or was edited again.
    Enforced {
        /// The field.
        path: FieldPath,
    },
    /// The cloud would not take what the update makes of the live properties.
    Invalid {
        /// What would be wrong.
        path: FieldPath,
    },
    /// The live state is not known.
    Unknown {
        /// What the provider said.
        reason: String,
    },
    /// It waits for something that is held or has failed.
    Waiting {
        /// For what.
        on: ResourceId,
    },
    /// No provider of this agent knows the kind.
    NoProvider,
    /// The document names something that is there already, and it cannot be taken, or was and is not there any more.
    Existing,
    /// Its last operation failed; tried again at the given time.
    Failed {
        /// When it is tried again.
        retry_at_ms: Millis,
    },
    /// Its deployment failed: it is not tried again before the document is another one, or a person says so.
    SetBack,
    /// Two candidates claim to be it.
    Ambiguous {
        /// Their identifiers.
        identifiers: Vec<String>,
    },
}

/// A field that two sides want differently.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Conflict {
    /// The resource.
    pub resource: ResourceId,
    /// Kind of the resource.
    pub kind: String,
    /// The merge unit.
    pub path: FieldPath,
    /// What was asked last.
    #[serde(
        default,
        deserialize_with = "crate::present::even_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub asked: Option<Value>,
    /// What is asked now.
    #[serde(
        default,
        deserialize_with = "crate::present::even_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub desired: Option<Value>,
    /// What is live.
    #[serde(
        default,
        deserialize_with = "crate::present::even_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub live: Option<Json>,
    /// Who asks now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

impl Plan {
    /// The digest of the whole document. What a person approves has another one: [`Awaited::digest`].
    pub fn digest(&self) -> Digest {
        Digest::of(self)
    }

    /// The steps that can be done now: they neither wait for approval nor come after one that does.
    pub fn approved_steps(&self) -> impl Iterator<Item = &Step> {
        let awaited = self.awaited.iter().flat_map(|awaited| &awaited.steps);
        let mut blocked: BTreeSet<&StepKey> = awaited.map(|awaited| &awaited.step).collect();
        self.steps.iter().filter(move |step| {
            let waits = blocked.contains(&step.key) || step.after.iter().any(|key| blocked.contains(key));
            if waits {
                blocked.insert(&step.key);
            }
            !waits
        })
    }

    /// Whether there is nothing to do, and nothing that waits for anybody.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.imports.is_empty() && self.held.is_empty() && self.conflicts.is_empty()
    }
}
