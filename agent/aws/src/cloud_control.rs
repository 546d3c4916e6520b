//! Cloud Control through the SDK.
//!
//! The SDK's own retries are off: each retry of a call is the engine's, with the same bytes and the same token, and each
//! retry of a question is one that the engine's account of the rate limits knows. Only lists, whose later pages cannot be
//! asked for alone, use the SDK's standard mode; its adaptive mode stalls for minutes after a few throttles.

use std::time::Duration;

use agent_world::{
    Call, CallAction, CallError, Found, Probe, Progress, ProgressState, Provider, ReadError, Readiness,
};
use async_trait::async_trait;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_cloudcontrol::Client;
use aws_sdk_cloudcontrol::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudcontrol::operation::RequestId;
use aws_sdk_cloudcontrol::types::{OperationStatus, ProgressEvent};
use schema_catalog::Catalog;
use schema_documents::{Json, Value};
use tokio::sync::OnceCell;

use crate::classify;
use crate::native::Native;

/// How to reach an account.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The region; else the environment's (`AWS_REGION`, profile).
    pub region: Option<String>,
    /// Another address for the API, such as a simulated cloud's.
    pub endpoint_url: Option<String>,
    /// How long one call may take, retries not counted.
    pub call_timeout: Option<Duration>,
    /// The role in whose name Cloud Control works; else it does in the caller's.
    pub role_arn: Option<String>,
}

/// Cloud Control in one account and region.
pub struct Aws {
    once: Client,
    /// With the SDK's retries.
    listing: Client,
    native: Native,
    role_arn: Option<String>,
    identity: aws_sdk_sts::Client,
    account: OnceCell<String>,
}

/// Longest time for one call.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(20);

/// The shortest wait before asking again.
const SOONEST_MS: i64 = 20;

impl Aws {
    /// Connects with the usual credential chain. Nothing is sent yet.
    pub async fn connect(options: Options) -> Self {
        let timeout = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .operation_attempt_timeout(options.call_timeout.unwrap_or(CALL_TIMEOUT))
            .build();
        let shared = shared(&options).await;
        let native = Native::new(&shared, options.call_timeout.unwrap_or(CALL_TIMEOUT));
        let client = |retries: RetryConfig| {
            let config = aws_sdk_cloudcontrol::config::Builder::from(&shared);
            Client::from_conf(config.retry_config(retries).timeout_config(timeout.clone()).build())
        };
        Self {
            once: client(RetryConfig::disabled()),
            listing: client(RetryConfig::standard()),
            native,
            role_arn: options.role_arn,
            identity: aws_sdk_sts::Client::from_conf(
                aws_sdk_sts::config::Builder::from(&shared)
                    .retry_config(RetryConfig::standard())
                    .timeout_config(timeout)
                    .build(),
            ),
            account: OnceCell::new(),
        }
    }
}

/// The credential chain, the region and the address.
pub(crate) async fn shared(options: &Options) -> aws_config::SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &options.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    loader.load().await
}

#[async_trait]
impl Provider for Aws {
    fn knows(&self, kind: &str) -> bool {
        let ours = kind.starts_with("AWS::");
        #[cfg(debug_assertions)]
        let ours = ours || crate::stand_in::provides(kind);
        ours && Catalog::builtin().kind(kind).is_some()
    }

    async fn account(&self) -> Result<Option<String>, ReadError> {
        let asked = || async {
            let identity = self.identity.get_caller_identity().send().await;
            let account = identity.map_err(|error| read_error(&error))?.account;
            account.ok_or_else(|| ReadError::NoAnswer("the caller has no account".to_owned()))
        };
        self.account.get_or_try_init(asked).await.cloned().map(Some)
    }

    async fn call(&self, call: &Call) -> Result<Progress, CallError> {
        let client = &self.once;
        let token = call.token.as_str();
        let role = &self.role_arn;
        let event = match &call.action {
            CallAction::Create(body) => client
                .create_resource()
                .type_name(&call.kind)
                .set_role_arn(role.clone())
                .client_token(token)
                .desired_state(text(body)?)
                .send()
                .await
                .map(|output| taken_up(&output, output.progress_event.as_ref()))
                .map_err(|error| call_error(&error))?,
            CallAction::Update(identifier, patch) => client
                .update_resource()
                .type_name(&call.kind)
                .set_role_arn(role.clone())
                .identifier(identifier)
                .client_token(token)
                .patch_document(text(patch)?)
                .send()
                .await
                .map(|output| taken_up(&output, output.progress_event.as_ref()))
                .map_err(|error| call_error(&error))?,
            CallAction::Delete(identifier) => client
                .delete_resource()
                .type_name(&call.kind)
                .set_role_arn(role.clone())
                .identifier(identifier)
                .client_token(token)
                .send()
                .await
                .map(|output| taken_up(&output, output.progress_event.as_ref()))
                .map_err(|error| call_error(&error))?,
        };
        event.ok_or_else(|| CallError::NoAnswer("the answer has no progress".to_owned()))
    }

    async fn poll(&self, operation: &str) -> Result<Progress, ReadError> {
        let answer = self.once.get_resource_request_status().request_token(operation).send().await;
        let output = answer.map_err(|error| read_error(&error))?;
        let event = output.progress_event.as_ref().and_then(progress);
        event.ok_or_else(|| ReadError::NoAnswer("the answer has no progress".to_owned()))
    }

    async fn read(&self, kind: &str, identifier: &str) -> Result<Option<Json>, ReadError> {
        let answer = self
            .once
            .get_resource()
            .type_name(kind)
            .identifier(identifier)
            .set_role_arn(self.role_arn.clone())
            .send()
            .await;
        let output = match answer {
            Ok(output) => output,
            Err(error) if error.code() == Some("ResourceNotFoundException") => return Ok(None),
            Err(error) => return Err(read_error(&error)),
        };
        let properties = output.resource_description.and_then(|description| description.properties);
        let mut live = parse(properties.as_deref())?;
        self.native.complete(kind, identifier, &mut live).await?;
        Ok(Some(live))
    }

    async fn list(&self, kind: &str, parent: Option<&Json>) -> Result<Vec<Found>, ReadError> {
        let request = self.listing.list_resources().type_name(kind);
        let request =
            request.set_resource_model(parent.map(Json::to_string)).set_role_arn(self.role_arn.clone());
        let mut pages = request.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            let description = item.map_err(|error| read_error(&error))?;
            let Some(identifier) = description.identifier else { continue };
            found.push(Found { identifier, properties: parse(description.properties.as_deref())? });
        }
        Ok(found)
    }

    async fn readiness(&self, probe: &Probe) -> Result<Readiness, ReadError> {
        self.native.readiness(probe).await
    }
}

/// The body as the API wants it: a JSON text. Expressions must have been filled in before.
fn text(value: &Value) -> Result<String, CallError> {
    value.as_json().map(|json| json.to_string()).ok_or_else(|| CallError::Refused {
        failure: agent_world::FailureKind::Rejected,
        code: "Incomplete".to_owned(),
        message: "the request still holds something that is not known".to_owned(),
    })
}

fn parse(properties: Option<&str>) -> Result<Json, ReadError> {
    serde_json::from_str(properties.unwrap_or("{}"))
        .map_err(|error| ReadError::NoAnswer(format!("the properties are no JSON: {error}")))
}

fn progress(event: &ProgressEvent) -> Option<Progress> {
    let operation = event.request_token.clone()?;
    let retry_after_ms = event.retry_after.and_then(|at| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?;
        let wait = at.to_millis().ok()? - i64::try_from(now.as_millis()).ok()?;
        // A time that has come already means: ask now, but do not spin.
        u64::try_from(wait.max(SOONEST_MS)).ok()
    });
    let message = event.status_message.clone().unwrap_or_default();
    let state = match event.operation_status.as_ref()? {
        OperationStatus::Success => ProgressState::Succeeded,
        OperationStatus::Failed | OperationStatus::CancelComplete => {
            let code = event.error_code.as_ref().map_or("Cancelled", |code| code.as_str());
            let failure = classify::failed(code, &message);
            // No request failed here: the operation did, and its token is the name that the service knows it by.
            let message = format!("{message} (request token {operation})");
            ProgressState::Failed { failure, code: code.to_owned(), message }
        }
        _ => ProgressState::Running { retry_after_ms },
    };
    Some(Progress { operation, identifier: event.identifier.clone(), state })
}

/// The progress in the answer to a call; its request id goes into the log.
fn taken_up(answer: &impl RequestId, event: Option<&ProgressEvent>) -> Option<Progress> {
    tracing::info!(request_id = answer.request_id(), "the service answered");
    event.and_then(progress)
}

/// What the service said, with the id under which its operators find the request.
fn said<E: ProvideErrorMetadata>(error: &E) -> String {
    let message = error.message().unwrap_or_default();
    match error.meta().request_id() {
        Some(id) if !message.contains(id) => format!("{message} (request id {id})"),
        _ => message.to_owned(),
    }
}

/// What a mutating call that failed at once means. Without an answer of the service nothing is known.
fn call_error<E: ProvideErrorMetadata + std::error::Error + 'static, R>(error: &SdkError<E, R>) -> CallError {
    match error {
        SdkError::ServiceError(answer) => {
            let answer = answer.err();
            classify::refused(answer.code().unwrap_or("Unknown"), &said(answer))
        }
        SdkError::ConstructionFailure(_) => CallError::Refused {
            failure: agent_world::FailureKind::Rejected,
            code: "InvalidRequest".to_owned(),
            message: describe(error),
        },
        _ => CallError::NoAnswer(describe(error)),
    }
}

pub(crate) fn read_error<E: ProvideErrorMetadata + std::error::Error + 'static, R>(
    error: &SdkError<E, R>,
) -> ReadError {
    match error {
        SdkError::ServiceError(answer) => {
            let answer = answer.err();
            classify::unanswered(answer.code().unwrap_or("Unknown"), &said(answer))
        }
        SdkError::ConstructionFailure(_) => {
            ReadError::Refused { code: "InvalidRequest".to_owned(), message: describe(error) }
        }
        _ => ReadError::NoAnswer(describe(error)),
    }
}

/// The chain of causes on one line; the SDK's own `Display` stops at the first.
fn describe<E, R>(error: &SdkError<E, R>) -> String {
    match error {
        SdkError::TimeoutError(_) => "the call took too long".to_owned(),
        SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
            Some(cause) if cause.is_io() => "the endpoint cannot be reached".to_owned(),
            Some(cause) if cause.is_timeout() => "the endpoint did not answer in time".to_owned(),
            Some(cause) => cause.to_string(),
            None => "the call could not be sent".to_owned(),
        },
        SdkError::ResponseError(_) => "the answer broke off or could not be read".to_owned(),
        SdkError::ConstructionFailure(_) => {
            "the request could not be made: a credential or the region is missing".to_owned()
        }
        _ => "the call failed".to_owned(),
    }
}
