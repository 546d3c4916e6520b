//! A provider whose calls are counted, and whose answers are signs of life.

use std::sync::Arc;

use agent_world::{Call, CallAction, CallError, Found, Probe, Progress, Provider, ReadError, Readiness};
use schema_documents::Json;

use crate::telemetry::Telemetry;

/// Counts what a provider is asked and how it answers.
pub(crate) struct Metered {
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) telemetry: Arc<Telemetry>,
}

impl Metered {
    fn asked<T>(&self, kind: &str, operation: &'static str, answer: &Result<T, ReadError>) {
        let result = match answer {
            Ok(_) => "ok",
            Err(ReadError::UnknownOperation) => "unknown_operation",
            Err(ReadError::Throttled { .. }) => "throttled",
            Err(ReadError::Refused { .. }) => "refused",
            Err(ReadError::NoAnswer(_)) => "no_answer",
        };
        self.telemetry.called(kind, operation, result);
    }
}

#[agent_world::async_trait]
impl Provider for Metered {
    fn knows(&self, kind: &str) -> bool {
        self.provider.knows(kind)
    }

    async fn account(&self) -> Result<Option<String>, ReadError> {
        self.provider.account().await
    }

    async fn call(&self, call: &Call) -> Result<Progress, CallError> {
        let answer = self.provider.call(call).await;
        let operation = match &call.action {
            CallAction::Create(_) => "create",
            CallAction::Update(..) => "update",
            CallAction::Delete(_) => "delete",
        };
        let result = match &answer {
            Ok(_) => "ok",
            Err(CallError::Throttled { .. }) => "throttled",
            Err(CallError::Refused { .. }) => "refused",
            Err(CallError::TokenConflict) => "token_conflict",
            Err(CallError::NoAnswer(_)) => "no_answer",
        };
        self.telemetry.called(&call.kind, operation, result);
        answer
    }

    async fn poll(&self, operation: &str) -> Result<Progress, ReadError> {
        let answer = self.provider.poll(operation).await;
        self.asked("", "poll", &answer);
        answer
    }

    async fn read(&self, kind: &str, identifier: &str) -> Result<Option<Json>, ReadError> {
        let answer = self.provider.read(kind, identifier).await;
        self.asked(kind, "read", &answer);
        answer
    }

    async fn list(&self, kind: &str, parent: Option<&Json>) -> Result<Vec<Found>, ReadError> {
        let answer = self.provider.list(kind, parent).await;
        self.asked(kind, "list", &answer);
        answer
    }

    async fn readiness(&self, probe: &Probe) -> Result<Readiness, ReadError> {
        let answer = self.provider.readiness(probe).await;
        self.asked(&probe.kind, "probe", &answer);
        answer
    }
}
