//! A cloud in memory: asynchronous operations, client tokens, and faults on demand.

use std::collections::BTreeMap;

use agent_world::{
    Call, CallAction, CallError, FailureKind, Found, Probe, Progress, ProgressState, ReadError, Readiness,
    Throttler,
};
use proptest::prelude::*;
use schema_catalog::Catalog;
use schema_documents::desired::DesiredState;
use schema_documents::{FieldPath, Json};

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// It is done, and the answer is lost.
    DropAnswer,
    /// It is lost on its way.
    NeverArrived,
    /// It is refused for now.
    Throttle,
    /// Its operation fails for now, and nothing is done.
    FailForNow,
    /// Its operation fails, since the service behind was asked too often.
    ThrottleBehind,
    /// Its operation fails for now, and it was done.
    FailAfterDoing,
    /// Its operation fails for good, and it was done.
    RejectAfterDoing,
    /// It is done, and its token is called that of another request.
    ConflictAfterDoing,
    /// It is not done, and its token is called that of another request.
    Conflict,
}

/// What the cloud does with what does not become healthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GivesUp {
    /// It tries on.
    Never,
    /// It says that the deployment has failed.
    Says,
}

pub(super) fn any_fault() -> impl Strategy<Value = Fault> {
    use Fault::{
        Conflict, ConflictAfterDoing, DropAnswer, FailAfterDoing, FailForNow, NeverArrived, Throttle,
        ThrottleBehind,
    };
    let lost = [DropAnswer, NeverArrived, Conflict, ConflictAfterDoing];
    let all = [lost.as_slice(), &[Throttle, ThrottleBehind, FailForNow, FailAfterDoing]].concat();
    prop::sample::select(all)
}

/// How a creation is refused because of what is not known yet.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unknown {
    /// The request is.
    AtOnce,
    /// Its operation fails so.
    Later(FailureKind),
    /// Its operation fails, and says what it has made nevertheless.
    AfterDoing,
}

#[derive(Default)]
pub(super) struct Cloud {
    /// Kind and properties, by identifier.
    pub(super) resources: BTreeMap<String, (String, Json)>,
    /// Faults by the number of the call.
    pub(super) faults: BTreeMap<u64, Fault>,
    /// A kind that cannot be created.
    pub(super) reject: Option<String>,
    pub(super) calls: u64,
    /// What every call is answered, whatever it is.
    pub(super) refuses: Option<CallError>,
    /// The calls that were answered so.
    pub(super) refused: Vec<Call>,
    /// Creations that are refused because of what is not known yet: of this kind, so often, and how.
    pub(super) unknown: Option<(&'static str, u32, Unknown)>,
    /// What every call about a kind is answered.
    pub(super) refuses_kind: Option<(String, CallError)>,
    /// Whether lists and reads show nothing yet.
    pub(super) hides: bool,
    /// How often a gate says "not yet" before it says anything else.
    pub(super) not_yet: u32,
    /// What a gate says once, of what it does not know yet.
    pub(super) lags: Option<Readiness>,
    /// What reads still show, whatever is there.
    pub(super) stale: BTreeMap<String, Json>,
    /// What a gate says in turns.
    pub(super) says: Vec<Readiness>,
    /// Whether somebody deletes what a gate is asked about next.
    pub(super) goes_at_gate: bool,
    /// Task definitions that never become healthy, and whether the cloud gives them up by itself.
    pub(super) sick: BTreeMap<String, GivesUp>,
    tokens: BTreeMap<String, (Call, String)>,
    operations: BTreeMap<String, Progress>,
}

impl Cloud {
    pub(super) fn call(&mut self, call: &Call) -> Result<Progress, CallError> {
        if let Some(refusal) = &self.refuses {
            self.refused.push(call.clone());
            return Err(refusal.clone());
        }
        if let Some((_, refusal)) = self.refuses_kind.as_ref().filter(|(kind, _)| *kind == call.kind) {
            return Err(refusal.clone());
        }
        let fault = self.faults.remove(&self.calls);
        self.calls += 1;
        if let Some((before, operation)) = self.tokens.get(&call.token) {
            assert_eq!(before, call, "a token was used for two requests");
            return Ok(self.operations[operation].clone());
        }
        match fault {
            Some(Fault::NeverArrived) => return Err(CallError::NoAnswer("lost".to_owned())),
            Some(Fault::Throttle) => {
                return Err(CallError::Throttled { retry_after_ms: 700, by: Throttler::Interface });
            }
            Some(Fault::Conflict) => return Err(CallError::TokenConflict),
            _ => {}
        }
        let operation = format!("operation-{}", self.calls);
        let unknown = self.meet_unknown(call);
        if let Some(Unknown::AtOnce) = unknown {
            let (failure, code) = (FailureKind::NotYet, "InvalidRequest".to_owned());
            return Err(CallError::Refused { failure, code, message: "not known".to_owned() });
        }
        let done = match (fault, unknown) {
            (_, Some(Unknown::Later(failure))) => Err(failure),
            (Some(Fault::FailForNow), _) => Err(FailureKind::Transient),
            (Some(Fault::ThrottleBehind), _) => Err(FailureKind::Throttled),
            _ => self.act(call),
        };
        let (identifier, state) = match (done, fault) {
            (Ok(identifier), _) if unknown.is_some() => (Some(identifier), failed(FailureKind::NotYet)),
            (Ok(identifier), Some(Fault::FailAfterDoing)) => {
                (Some(identifier), failed(FailureKind::Transient))
            }
            (Ok(identifier), Some(Fault::RejectAfterDoing)) => {
                (Some(identifier), failed(FailureKind::Rejected))
            }
            (Ok(identifier), _) => (Some(identifier), ProgressState::Succeeded),
            (Err(failure), _) => (None, failed(failure)),
        };
        self.tokens.insert(call.token.clone(), (call.clone(), operation.clone()));
        self.operations
            .insert(operation.clone(), Progress { operation: operation.clone(), identifier, state });
        match fault {
            Some(Fault::DropAnswer) => Err(CallError::NoAnswer("timed out".to_owned())),
            Some(Fault::ConflictAfterDoing) => Err(CallError::TokenConflict),
            _ => Ok(Progress {
                operation,
                identifier: None,
                state: ProgressState::Running { retry_after_ms: Some(100) },
            }),
        }
    }

    fn meet_unknown(&mut self, call: &Call) -> Option<Unknown> {
        let (kind, times, how) = self.unknown.as_mut()?;
        let is_met = *kind == call.kind && *times > 0 && matches!(call.action, CallAction::Create(_));
        *times -= u32::from(is_met);
        is_met.then_some(*how)
    }

    fn act(&mut self, call: &Call) -> Result<String, FailureKind> {
        match &call.action {
            CallAction::Create(body) => {
                self.create(&call.kind, body.as_json().expect("the body is complete"))
            }
            CallAction::Update(identifier, patch) => {
                let (_, properties) = self.resources.get_mut(identifier).ok_or(FailureKind::NotFound)?;
                let operations = patch.as_json().expect("the patch is complete");
                for operation in operations.as_array().unwrap() {
                    let at = FieldPath::parse(operation["path"].as_str().unwrap()).unwrap();
                    match operation["op"].as_str().unwrap() {
                        "test" if at.get(properties) != Some(&operation["value"]) => {
                            return Err(FailureKind::Rejected);
                        }
                        "test" => {}
                        "remove" => drop(at.remove(properties)),
                        _ => assert!(at.set(properties, operation["value"].clone())),
                    }
                }
                Ok(identifier.clone())
            }
            CallAction::Delete(identifier) => {
                self.resources.remove(identifier).ok_or(FailureKind::NotFound)?;
                Ok(identifier.clone())
            }
        }
    }

    fn create(&mut self, kind: &str, mut properties: Json) -> Result<String, FailureKind> {
        if self.reject.as_deref() == Some(kind) {
            return Err(FailureKind::Rejected);
        }
        let facts = Catalog::builtin().kind(kind).expect("the catalogue knows the kind");
        for path in &facts.identifier {
            if path.get(&properties).is_none() {
                path.set(&mut properties, format!("{}-{}", facts.name.replace("::", "-"), self.calls).into());
            }
        }
        let identifier = facts.identifier_of(&properties).unwrap();
        if self.resources.contains_key(&identifier) {
            return Err(FailureKind::AlreadyExists);
        }
        self.resources.insert(identifier.clone(), (kind.to_owned(), properties));
        Ok(identifier)
    }

    pub(super) fn poll(&self, operation: &str) -> Result<Progress, ReadError> {
        self.operations.get(operation).cloned().ok_or(ReadError::UnknownOperation)
    }

    pub(super) fn read(&self, kind: &str, identifier: &str) -> Option<Json> {
        let found = self.resources.get(identifier).filter(|(found, _)| found == kind && !self.hides);
        found.map(|(_, properties)| self.stale.get(identifier).unwrap_or(properties).clone())
    }

    pub(super) fn readiness(&mut self, probe: &Probe) -> Readiness {
        if self.not_yet > 0 {
            self.not_yet -= 1;
            return Readiness::NotYet { words: "0 of 1 instances run".to_owned() };
        }
        if std::mem::take(&mut self.goes_at_gate) {
            self.resources.remove(&probe.identifier);
        }
        if let Some(lagging) = self.lags.take() {
            return lagging;
        }
        if let Some(says) = self.says.first().cloned() {
            self.says.rotate_left(1);
            return says;
        }
        if !self.resources.contains_key(&probe.identifier) {
            return Readiness::Gone { words: "it is not known".to_owned() };
        }
        let written = probe.written["TaskDefinition"].as_str().expect("what was written is asked about");
        match self.sick.get(written) {
            None => Readiness::Ready,
            Some(GivesUp::Never) => Readiness::NotYet { words: "no target is healthy".to_owned() },
            Some(GivesUp::Says) => Readiness::Failed { words: "tasks failed to start".to_owned() },
        }
    }

    /// Shows identifiers only, as real lists do, of those that have these properties. A list that needs a parent and is
    /// asked for none shows nothing.
    pub(super) fn list(&self, kind: &str, parent: Option<&Json>) -> Vec<Found> {
        let facts = Catalog::builtin().kind(kind).expect("the catalogue knows the kind");
        let needed = facts.handlers.get("list").map(|list| list.requires.as_slice()).unwrap_or_default();
        let is_below = |properties: &Json| {
            needed.iter().all(|name| parent.is_some_and(|parent| parent.get(name) == properties.get(name)))
        };
        let of_kind = self.resources.iter().filter(|(_, (found, _))| found == kind && !self.hides);
        of_kind
            .filter(|(_, (_, properties))| is_below(properties))
            .map(|(identifier, (_, properties))| {
                let properties = if facts.overlay.lists_in_full { properties.clone() } else { Json::Null };
                Found { identifier: identifier.clone(), properties }
            })
            .collect()
    }

    /// Somebody in the console sets a property of everything of a kind.
    pub(super) fn edit(&mut self, kind: &str, path: &str, value: impl Into<Json>) {
        let value = value.into();
        let path = FieldPath::parse(path).unwrap();
        for (_, properties) in self.resources.values_mut().filter(|(found, _)| found == kind) {
            path.set(properties, value.clone());
        }
    }

    /// Operations and tokens are kept for some days only.
    pub(super) fn forget_operations(&mut self) {
        self.operations.clear();
        self.tokens.clear();
    }

    pub(super) fn assert_one_of_each(&self, desired: &DesiredState) {
        assert_eq!(self.resources.len(), desired.resources.len(), "{:#?}", self.resources);
        for (id, resource) in &desired.resources {
            let is_it = |(kind, properties): &&(String, Json)| {
                *kind == resource.kind && properties["Tags"].to_string().contains(&format!("\"{id}\""))
            };
            assert_eq!(self.resources.values().filter(is_it).count(), 1, "{id}");
        }
    }
}

fn failed(failure: FailureKind) -> ProgressState {
    ProgressState::Failed { failure, code: format!("{failure:?}"), message: "as told".to_owned() }
}
