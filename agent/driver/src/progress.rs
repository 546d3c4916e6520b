//! What a pass tells while it runs. Nothing depends on anybody listening.

use std::collections::BTreeMap;

use agent_engine::command::{Command, Note};
use agent_world::{Call, CallAction};
use schema_documents::journal::{Act, Entry};
use schema_documents::plan::Plan;
use schema_documents::{Millis, ResourceId};
use tokio::sync::mpsc;

use crate::witness::{Sight, Witness};

/// Something that happened, for whoever watches.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// Somebody else holds the lease; told again and again while it is so.
    LeaseHeld {
        /// Who.
        holder: String,
        /// When it may be taken if its holder stays silent.
        until_ms: Millis,
    },
    /// Resources are read.
    Observing {
        /// How many reads were begun just now.
        reads: usize,
    },
    /// The plan is made.
    Planned(Box<Plan>),
    /// An intent is durable or about to be.
    Started {
        /// The intent.
        intent: u64,
        /// The resource.
        resource: ResourceId,
        /// Its kind.
        kind: String,
        /// What is done.
        doing: Doing,
    },
    /// A call is made again later: it was throttled, refused for now or not answered.
    Retrying {
        /// The intent.
        intent: u64,
        /// When.
        at_ms: Millis,
    },
    /// A limit of the cloud was met: fewer requests are sent from now on.
    Slowed {
        /// Whose limit: a provider's interface, or a service.
        of: String,
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
    /// The provider works on it.
    UnderWay {
        /// The intent.
        intent: u64,
        /// The provider's name for the operation.
        operation: String,
    },
    /// The provider has done it, and what it wrote is not healthy yet.
    NotYet {
        /// The intent.
        intent: u64,
        /// What is missing, in words.
        words: String,
    },
    /// The intent succeeded.
    Succeeded {
        /// The intent.
        intent: u64,
        /// The resource.
        resource: ResourceId,
    },
    /// The intent failed.
    Failed {
        /// The intent.
        intent: u64,
        /// The resource.
        resource: ResourceId,
        /// The provider's code.
        code: String,
        /// The provider's message.
        message: String,
    },
}

/// What an intent does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// It creates.
    Creating,
    /// It updates.
    Updating,
    /// It deletes.
    Deleting,
    /// It looks for what an earlier creation may have made.
    Looking,
}

/// Tells progress to a listener, and every word of the engine to a witness, if there are any.
#[derive(Clone, Debug, Default)]
pub struct Reporter {
    listener: Option<mpsc::UnboundedSender<Progress>>,
    pub(crate) witness: Witness,
}

impl Reporter {
    /// Tells nobody.
    pub fn silent() -> Self {
        Self::default()
    }

    /// A reporter and the end at which it is heard.
    pub fn channel() -> (Self, mpsc::UnboundedReceiver<Progress>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { listener: Some(sender), witness: Witness::default() }, receiver)
    }

    /// With a witness. It is called in the midst of the pass, and must not take its time.
    #[must_use]
    pub fn witnessed_by(self, watch: impl Fn(Sight<'_>) + Send + Sync + 'static) -> Self {
        Self { witness: Witness::new(watch), ..self }
    }

    /// For a pass of which nobody but the witness should hear.
    pub(crate) fn unheard(&self) -> Self {
        Self { listener: None, witness: self.witness.clone() }
    }

    pub(crate) fn is_heard(&self) -> bool {
        self.listener.is_some()
    }

    pub(crate) fn tell(&self, progress: Progress) {
        if let Some(sender) = &self.listener {
            // A listener that went away is no reason to stop.
            let _ = sender.send(progress);
        }
    }
}

/// Reads progress off the commands of a pass.
pub(crate) struct Narrator {
    reporter: Reporter,
    resources: BTreeMap<u64, ResourceId>,
    planned: bool,
}

impl Narrator {
    /// `resources` names those of the intents that are open already.
    pub(crate) fn new(reporter: Reporter, resources: BTreeMap<u64, ResourceId>) -> Self {
        Self { reporter, resources, planned: false }
    }

    /// What log lines of a call are about.
    pub(crate) fn about(&self, intent: u64, call: &Call) -> tracing::Span {
        let resource = self.resources.get(&intent).map(ResourceId::as_str);
        let action = match call.action {
            CallAction::Create(_) => "create",
            CallAction::Update(..) => "update",
            CallAction::Delete(_) => "delete",
        };
        tracing::info_span!("call", intent, resource, kind = call.kind, action)
    }

    pub(crate) fn tell(&mut self, commands: &[Command], plan: Option<&Plan>) {
        if !self.reporter.is_heard() {
            return;
        }
        if let Some(plan) = plan.filter(|_| !self.planned) {
            self.planned = true;
            self.reporter.tell(Progress::Planned(Box::new(plan.clone())));
        }
        let reads = commands.iter().filter(|command| matches!(command, Command::Read { .. })).count();
        if reads > 0 && !self.planned {
            self.reporter.tell(Progress::Observing { reads });
        }
        for command in commands {
            match command {
                Command::Append { entries, .. } => entries.iter().for_each(|entry| self.tell_entry(entry)),
                Command::Tell(note) => self.reporter.tell(of_note(note)),
                _ => {}
            }
        }
    }

    fn tell_entry(&mut self, entry: &Entry) {
        let named = |intent: &u64| self.resources.get(intent).cloned();
        let progress = match entry {
            Entry::Intent(intent) => {
                self.resources.insert(intent.intent, intent.resource.clone());
                let doing = match &intent.act {
                    Act::Create { .. } if intent.only_looks => Doing::Looking,
                    Act::Create { .. } => Doing::Creating,
                    Act::Update { .. } => Doing::Updating,
                    Act::Delete { .. } => Doing::Deleting,
                };
                let (resource, kind) = (intent.resource.clone(), intent.kind.clone());
                Some(Progress::Started { intent: intent.intent, resource, kind, doing })
            }
            Entry::Operation { intent, operation } => {
                Some(Progress::UnderWay { intent: *intent, operation: operation.clone() })
            }
            Entry::Succeeded { intent, .. } => {
                named(intent).map(|resource| Progress::Succeeded { intent: *intent, resource })
            }
            Entry::Failed { intent, code, message, .. } => named(intent).map(|resource| Progress::Failed {
                intent: *intent,
                resource,
                code: code.clone(),
                message: message.clone(),
            }),
            _ => None,
        };
        if let Some(progress) = progress {
            self.reporter.tell(progress);
        }
    }
}

fn of_note(note: &Note) -> Progress {
    match note {
        Note::Retrying { intent, at_ms } => Progress::Retrying { intent: *intent, at_ms: *at_ms },
        Note::NotYet { intent, words } => Progress::NotYet { intent: *intent, words: words.clone() },
        Note::Slowed { lane, per_second } => {
            Progress::Slowed { of: lane.of.clone(), per_second: *per_second }
        }
        Note::Advanced { ended, of, left_ms } => {
            Progress::Advanced { ended: *ended, of: *of, left_ms: *left_ms }
        }
    }
}
