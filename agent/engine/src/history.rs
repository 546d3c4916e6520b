//! History: the journal told as what happened, for people and for audits. Who did what, when and why.
//!
//! An intent and its result are one event, told when it ended. What only keeps the journal going (leases, reads, operations)
//! is left out.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use schema_documents::desired::Mode;
use schema_documents::journal::{Act, Batch, Entry, Intent};
use schema_documents::plan::{Reason, StepKey};
use schema_documents::recorded::Choice;
use schema_documents::{Digest, FieldPath, Json, Millis, Origin, ResourceId, Value};
use serde::Serialize;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// The batch that says so.
    pub batch: u64,
    /// When that was written.
    pub at_ms: Millis,
    /// Who: the person, or the agent; absent where nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// The resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceId>,
    /// Its generation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<u32>,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// A pass began to work towards a desired state.
    Pass {
        /// Its digest.
        desired: Digest,
        /// Its number, when it was published.
        #[serde(skip_serializing_if = "Option::is_none")]
        number: Option<u64>,
        /// The commit, when it is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        commit: Option<String>,
    },
    /// A call came to its end, or is still under way.
    Call(Box<Done>),
    /// Somebody edited a field in the console.
    Edited {
        /// The field.
        path: FieldPath,
        /// The value before.
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<Json>,
        /// The value since.
        #[serde(skip_serializing_if = "Option::is_none")]
        to: Option<Json>,
    },
    /// It was gone without our doing.
    Gone,
    /// It is no longer under record.
    Forgotten,
    /// It has another id from now on.
    Moved {
        /// That id.
        to: ResourceId,
    },
    /// A person confirmed what a search found of it after its journal was lost.
    Recovered {
        /// The identifiers that were found: one, or those among which only a person can tell.
        identifiers: Vec<String>,
    },
    /// It was there already, and is under record from now on.
    Imported {
        /// Its identifier.
        identifier: String,
        /// Whether it is owned; else it is only read.
        is_owned: bool,
    },
    /// A person confirmed that it may be deleted.
    Confirmed {
        /// What was confirmed.
        digest: Digest,
    },
    /// Steps wait for a person's approval from now on; without any, none does any more.
    Proposed {
        /// By which they are approved.
        plan: Digest,
        /// The steps.
        steps: Vec<StepKey>,
    },
    /// A person approved them.
    Approved {
        /// Of which plan.
        plan: Digest,
    },
    /// What people allowed does not hold any more.
    Lapsed {
        /// Approvals.
        approvals: Vec<StepKey>,
        /// Confirmations.
        confirmations: Vec<Digest>,
    },
    /// A person wants a failed deployment tried again.
    Retried,
    /// A person answered drift.
    Answered {
        /// The field.
        path: FieldPath,
        /// The answer.
        choice: Choice,
        /// The value that was answered.
        #[serde(skip_serializing_if = "Option::is_none")]
        over: Option<Json>,
    },
}

/// A call, with its result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Done {
    /// The intent.
    pub intent: u64,
    /// What was done.
    pub act: Doing,
    /// How it ended.
    pub result: Ending,
    /// When the intent was written.
    pub began_at_ms: Millis,
    /// Why, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The fields that it changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// The identifier of the resource, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// The provider's id of the request that it worked on, where it gave one: what its support asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Doing {
    /// It creates.
    Create,
    /// It updates.
    Update,
    /// It deletes.
    Delete,
    /// It looks for what an earlier creation may have made.
    Look,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "ended", rename_all = "snake_case")]
pub enum Ending {
    /// It did what it should.
    Succeeded,
    /// It failed for good.
    Failed {
        /// The provider's code.
        code: String,
        /// The provider's message.
        message: String,
        /// What it left behind and is ours.
        #[serde(skip_serializing_if = "Option::is_none")]
        remnant: Option<String>,
    },
    /// It has not ended, as far as the journal knows.
    UnderWay,
}

/// A field that a call changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Field {
    /// The field.
    pub path: FieldPath,
    /// The value before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Json>,
    /// The value that was written; secrets by reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Value>,
    /// Who asks for it: `file:line` or the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Reads batches in their order and tells what happened.
#[derive(Default)]
pub struct History {
    holder: Option<String>,
    open: BTreeMap<u64, Open>,
}

/// An intent without a result.
struct Open {
    intent: Intent,
    batch: u64,
    at_ms: Millis,
    who: Option<String>,
    request: Option<String>,
}

impl History {
    /// What this batch tells.
    pub fn read(&mut self, batch: &Batch) -> Vec<Event> {
        batch.entries.iter().filter_map(|entry| self.entry(batch, entry)).collect()
    }

    /// What is still under way after the last batch.
    pub fn under_way(self) -> Vec<Event> {
        let open = self.open.into_values();
        open.map(|open| {
            let (batch, at_ms) = (open.batch, open.at_ms);
            open.ended(batch, at_ms, None, Ending::UnderWay)
        })
        .collect()
    }

    fn entry(&mut self, batch: &Batch, entry: &Entry) -> Option<Event> {
        let (number, at_ms) = (batch.number, batch.at_ms);
        let by_agent = |resource: Option<(&ResourceId, u32)>, what| Event {
            batch: number,
            at_ms,
            who: self.holder.clone(),
            resource: resource.map(|(resource, _)| resource.clone()),
            generation: resource.map(|(_, generation)| generation).filter(|generation| *generation > 0),
            what,
        };
        match entry {
            Entry::Lease(lease) => self.holder = Some(lease.holder.clone()),
            Entry::Pass { desired, number, commit } => {
                let what = What::Pass { desired: desired.clone(), number: *number, commit: commit.clone() };
                return Some(by_agent(None, what));
            }
            Entry::Intent(intent) => {
                let (intent, who) = (Intent::clone(intent), self.holder.clone());
                let open = Open { batch: number, at_ms, who, request: None, intent };
                self.open.insert(open.intent.intent, open);
            }
            Entry::Operation { intent, operation } => {
                if let Some(open) = self.open.get_mut(intent) {
                    open.request = Some(operation.clone());
                }
            }
            Entry::Succeeded { intent, identifier } => {
                let open = self.open.remove(intent)?;
                return Some(open.ended(number, at_ms, Some(identifier.clone()), Ending::Succeeded));
            }
            Entry::Failed { intent, code, message, remnant, .. } => {
                let (code, message, remnant) = (code.clone(), message.clone(), remnant.clone());
                let open = self.open.remove(intent)?;
                return Some(open.ended(number, at_ms, None, Ending::Failed { code, message, remnant }));
            }
            Entry::Edited { resource, generation, path, from, to, who, .. } => {
                let what = What::Edited { path: path.clone(), from: from.clone(), to: to.clone() };
                return Some(Event { who: who.clone(), ..by_agent(Some((resource, *generation)), what) });
            }
            Entry::Gone { resource, generation } => {
                return Some(Event { who: None, ..by_agent(Some((resource, *generation)), What::Gone) });
            }
            Entry::Forgotten { resource, generation } => {
                return Some(by_agent(Some((resource, *generation)), What::Forgotten));
            }
            Entry::Moved { from, to } => {
                return Some(by_agent(Some((from, 0)), What::Moved { to: to.clone() }));
            }
            Entry::Proposed { plan, steps } => {
                let steps = steps.iter().map(|step| step.key.clone()).collect();
                return Some(by_agent(None, What::Proposed { plan: plan.clone(), steps }));
            }
            Entry::Approved { plan, who } => {
                let approved = by_agent(None, What::Approved { plan: plan.clone() });
                return Some(Event { who: Some(who.clone()), ..approved });
            }
            Entry::Lapsed { approvals, confirmations } => {
                let (approvals, confirmations) = (approvals.clone(), confirmations.clone());
                return Some(by_agent(None, What::Lapsed { approvals, confirmations }));
            }
            Entry::Confirmed { resource, digest, who, .. } => {
                let what = What::Confirmed { digest: digest.clone() };
                return Some(Event { who: Some(who.clone()), ..by_agent(Some((resource, 0)), what) });
            }
            Entry::Recovered { found, who } => {
                let identifiers = found.there.identifiers().into_iter().map(str::to_owned).collect();
                let about = Some((&found.resource, found.generation));
                let recovered = by_agent(about, What::Recovered { identifiers });
                return Some(Event { who: Some(who.clone()), ..recovered });
            }
            Entry::Imported { found } => {
                let identifier = found.there.identifiers().into_iter().next().unwrap_or_default().to_owned();
                let what = What::Imported { identifier, is_owned: found.existing == Some(Mode::Owned) };
                return Some(by_agent(Some((&found.resource, found.generation)), what));
            }
            Entry::Retried { resource, who } => {
                return Some(Event {
                    who: Some(who.clone()),
                    ..by_agent(Some((resource, 0)), What::Retried)
                });
            }
            Entry::Answered { resource, path, choice, over, who } => {
                let what = What::Answered { path: path.clone(), choice: *choice, over: over.clone() };
                return Some(Event { who: Some(who.clone()), ..by_agent(Some((resource, 0)), what) });
            }
            Entry::Released {}
            | Entry::Loses { .. }
            | Entry::Identified { .. }
            | Entry::Gated { .. }
            | Entry::Seen { .. }
            | Entry::Settled { .. } => {}
        }
        None
    }
}

impl Open {
    fn ended(self, batch: u64, at_ms: Millis, identifier: Option<String>, result: Ending) -> Event {
        let Self { intent, at_ms: began_at_ms, who, request, .. } = self;
        let (act, known, fields) = match intent.act {
            Act::Create { .. } if intent.only_looks => (Doing::Look, None, Vec::new()),
            Act::Create { .. } => (Doing::Create, None, Vec::new()),
            Act::Update { identifier, changes, .. } => {
                let fields = changes.into_iter().map(|change| Field {
                    path: change.path,
                    from: change.from,
                    to: change.to,
                    why: change.origin.as_ref().map(Origin::to_string),
                });
                (Doing::Update, Some(identifier), fields.collect())
            }
            Act::Delete { identifier, .. } => (Doing::Delete, Some(identifier), Vec::new()),
        };
        let done = Done {
            intent: intent.intent,
            act,
            result,
            began_at_ms,
            why: intent.reason.as_ref().map(why),
            fields,
            identifier: identifier.or(known),
            request,
        };
        Event {
            batch,
            at_ms,
            who,
            resource: Some(intent.resource),
            generation: Some(intent.generation),
            what: What::Call(Box::new(done)),
        }
    }
}

/// A reason, in words.
fn why(reason: &Reason) -> String {
    match reason {
        Reason::New { origin } => format!("new, asked for by {origin}"),
        Reason::Changed => "what is asked for has changed".to_owned(),
        Reason::Revert => "an enforced field was edited".to_owned(),
        Reason::Replaced { fields } => {
            let fields: Vec<String> = fields.iter().map(FieldPath::to_string).collect();
            format!("{} can only be set by a create", fields.join(", "))
        }
        Reason::Gone => "it was gone".to_owned(),
        Reason::SetBack => "its deployment failed, and it goes back to what was healthy last".to_owned(),
        Reason::Superseded => "a newer generation has taken its place".to_owned(),
        Reason::Removed => "no longer asked for".to_owned(),
        Reason::Existing { origin } => format!("there already, asked for by {origin}"),
        Reason::GivenBack => "given back: no longer asked for".to_owned(),
    }
}
