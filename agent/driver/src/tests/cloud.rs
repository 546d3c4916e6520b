//! A cloud in memory, slow enough to be interrupted, that honours client tokens.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use agent_world::{
    Call, CallAction, CallError, FailureKind, Found, Probe, Progress, ProgressState, Provider, ReadError,
    Readiness, async_trait,
};
use schema_catalog::{Catalog, Kind};
use schema_documents::{FieldPath, Json};

#[derive(Default)]
struct State {
    resources: BTreeMap<String, (String, Json)>,
    tokens: BTreeMap<String, (Call, Progress)>,
    last: u64,
}

/// How long each answer takes.
const ANSWER: Duration = Duration::from_millis(40);

#[derive(Default)]
pub(super) struct Cloud {
    state: Mutex<State>,
    /// Calls that are never answered, after they were done.
    pub(super) hangs: Mutex<u32>,
}

impl Cloud {
    pub(super) fn resources(&self) -> Vec<(String, Json)> {
        self.state.lock().unwrap().resources.values().cloned().collect()
    }

    pub(super) fn calls(&self) -> usize {
        self.state.lock().unwrap().tokens.len()
    }
}

impl State {
    fn act(&mut self, call: &Call) -> Progress {
        if let Some((before, progress)) = self.tokens.get(&call.token) {
            assert_eq!(before, call, "a token was used for two requests");
            return progress.clone();
        }
        self.last += 1;
        let operation = format!("operation-{}", self.last);
        let done = match &call.action {
            CallAction::Create(body) => Some(self.create(&call.kind, body.as_json().unwrap())),
            CallAction::Delete(identifier) => self.resources.remove(identifier).map(|_| identifier.clone()),
            CallAction::Update(..) => unreachable!("no test here updates"),
        };
        let state = match done {
            Some(_) => ProgressState::Succeeded,
            None => ProgressState::Failed {
                failure: FailureKind::NotFound,
                code: "NotFound".to_owned(),
                message: "there is none".to_owned(),
            },
        };
        let progress = Progress { operation, identifier: done, state };
        self.tokens.insert(call.token.clone(), (call.clone(), progress.clone()));
        progress
    }

    fn create(&mut self, kind: &str, mut properties: Json) -> String {
        let facts = facts(kind);
        for path in &facts.identifier {
            if path.get(&properties).is_none() {
                path.set(&mut properties, format!("id-{}", self.last).into());
            }
        }
        let identifier = facts.identifier_of(&properties).unwrap();
        self.resources.insert(identifier.clone(), (kind.to_owned(), properties));
        identifier
    }
}

fn facts(kind: &str) -> &'static Kind {
    Catalog::builtin().kind(kind).expect("the catalogue knows the kind")
}

#[async_trait]
impl Provider for Cloud {
    fn knows(&self, kind: &str) -> bool {
        Catalog::builtin().kind(kind).is_some()
    }

    async fn call(&self, call: &Call) -> Result<Progress, CallError> {
        tokio::time::sleep(ANSWER).await;
        let Progress { operation, .. } = self.state.lock().unwrap().act(call);
        let hangs = {
            let mut hangs = self.hangs.lock().unwrap();
            let now = *hangs > 0;
            *hangs = hangs.saturating_sub(1);
            now
        };
        if hangs {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(ANSWER).await;
        Ok(Progress {
            operation,
            identifier: None,
            state: ProgressState::Running { retry_after_ms: Some(60) },
        })
    }

    async fn poll(&self, operation: &str) -> Result<Progress, ReadError> {
        tokio::time::sleep(ANSWER).await;
        let state = self.state.lock().unwrap();
        let found =
            state.tokens.values().map(|(_, progress)| progress).find(|found| found.operation == operation);
        found.cloned().ok_or(ReadError::UnknownOperation)
    }

    async fn read(&self, kind: &str, identifier: &str) -> Result<Option<Json>, ReadError> {
        tokio::time::sleep(ANSWER).await;
        let state = self.state.lock().unwrap();
        let Some((_, properties)) = state.resources.get(identifier).filter(|(found, _)| found == kind) else {
            return Ok(None);
        };
        let mut properties = properties.clone();
        let names: Vec<String> = properties.as_object().unwrap().keys().cloned().collect();
        for path in names.iter().map(|name| FieldPath::root().child(name)) {
            if facts(kind).is_write_only(&path) {
                path.remove(&mut properties);
            }
        }
        Ok(Some(properties))
    }

    async fn list(&self, kind: &str, _: Option<&Json>) -> Result<Vec<Found>, ReadError> {
        let state = self.state.lock().unwrap();
        let of_kind = state.resources.iter().filter(|(_, (found, _))| found == kind);
        Ok(of_kind
            .map(|(identifier, _)| Found { identifier: identifier.clone(), properties: Json::Null })
            .collect())
    }

    async fn readiness(&self, _: &Probe) -> Result<Readiness, ReadError> {
        Ok(Readiness::Ready)
    }
}
