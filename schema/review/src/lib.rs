//! The review: what a difference or a plan means, line by line, for people and for machines.
//!
//! [`compare`] is what `manifestc diff` shows, [`of_plan`] is what `manifest-agent plan` shows. Both end in a [`Review`],
//! so that a reader learns one picture only. [`render`] draws it as text or Markdown; as JSON it is the value itself.

mod compare;
mod of_plan;
pub mod render;
mod shown;
#[cfg(test)]
mod tests;

use schema_documents::{FieldPath, Json, Origin, ResourceId};
use serde::Serialize;

pub use compare::compare;
pub use of_plan::of_plan;
pub use schema_documents::approval::Awaited;
pub use schema_documents::plan::{Consequence, Noted};
pub use shown::shown;

/// What changes, resource by resource.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Review {
    /// The app.
    pub app: String,
    /// The environment.
    pub environment: String,
    /// The changes: new and changed ones first, in an order in which they can be done, then what goes.
    pub changes: Vec<ResourceChange>,
    /// Console edits that are imported, or rest until they settle.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub imports: Vec<ImportLine>,
    /// Changes of fields that the document does not mention: kept, and only told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub noted: Vec<Noted>,
    /// What is not done, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldLine>,
    /// Resources without a change.
    pub unchanged: u64,
    /// Changes that wait for a person's approval, and the digest to give it by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub awaited: Option<Awaited>,
}

/// One resource that changes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ResourceChange {
    /// What happens to it.
    pub change: Change,
    /// Its id.
    pub resource: ResourceId,
    /// Its kind.
    pub kind: String,
    /// Whether it holds data.
    pub stateful: bool,
    /// Why, in a few words.
    pub cause: String,
    /// What it means for what runs.
    pub consequence: Consequence,
    /// The fields, each with its own cause and consequence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldLine>,
    /// A remark, such as that a deletion waits for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It is new.
    Added,
    /// Some of its fields change.
    Changed,
    /// A new one takes its place.
    Replaced,
    /// It got another id; nothing else happens.
    Moved,
    /// It is there already, and is owned from now on.
    Imported,
    /// It goes.
    Removed,
}

/// One field that changes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldLine {
    /// The field.
    pub path: FieldPath,
    /// Its value so far; absent when it had none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Json>,
    /// Its value from now on; absent when it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Json>,
    /// Who asks for it: `file:line` or the rule.
    pub cause: String,
    /// What it means for what runs.
    pub consequence: Consequence,
}

/// One console edit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ImportLine {
    /// The resource.
    pub resource: ResourceId,
    /// The field.
    pub path: FieldPath,
    /// The value before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Json>,
    /// The value now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Json>,
    /// Who, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// Whether it rested long enough to be taken.
    pub settled: bool,
}

/// One thing that is not done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeldLine {
    /// The resource.
    pub resource: ResourceId,
    /// The field, when it is one field only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<FieldPath>,
    /// Why, and what to do.
    pub message: String,
}

/// How many resources change in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// New ones.
    pub added: usize,
    /// Changed ones.
    pub changed: usize,
    /// Replaced ones.
    pub replaced: usize,
    /// Ones that only get another id.
    pub moved: usize,
    /// Ones that are there already.
    pub imported: usize,
    /// Ones that go.
    pub removed: usize,
}

impl Review {
    /// How many resources change in which way.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for change in &self.changes {
            match change.change {
                Change::Added => summary.added += 1,
                Change::Changed => summary.changed += 1,
                Change::Replaced => summary.replaced += 1,
                Change::Removed => summary.removed += 1,
                Change::Moved => summary.moved += 1,
                Change::Imported => summary.imported += 1,
            }
        }
        summary
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.imports.is_empty() && self.held.is_empty()
    }
}

/// A cause, for people.
fn cause(origin: Option<&Origin>) -> String {
    origin.map_or_else(|| "no longer asked for".to_owned(), ToString::to_string)
}
