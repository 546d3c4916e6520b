//! The questions that Cloud Control does not answer, asked of the services themselves: signed requests, without a retry.
//!
//! An SDK for each service would be much code for one question each.

use std::time::{Duration, SystemTime};

use agent_world::{Probe, ReadError, Readiness};
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_smithy_xml::decode::{Document, ScopedDecoder, try_data};
use schema_catalog::{Catalog, GateQuestion, OutputQuestion};
use schema_documents::Json;
use serde_json::json;

use crate::classify;
use crate::readiness::{self, Rollout, Target};

/// The services that are asked beside Cloud Control.
pub(crate) struct Native {
    ecs: Service,
    eks: Service,
    load_balancing: Service,
    secrets: Service,
}

impl Native {
    pub(crate) fn new(shared: &SdkConfig, longest: Duration) -> Self {
        let service = |name| Service::new(name, shared, longest);
        Self {
            ecs: service("ecs"),
            eks: service("eks"),
            load_balancing: service("elasticloadbalancing"),
            secrets: service("secretsmanager"),
        }
    }

    /// Adds to what Cloud Control reads the output of which it does not know, where the kind has one and it is there.
    pub(crate) async fn complete(
        &self,
        kind: &str,
        identifier: &str,
        live: &mut Json,
    ) -> Result<(), ReadError> {
        let kind = Catalog::builtin().kind(kind);
        let Some(awaited) = kind.and_then(|kind| kind.overlay.awaited.as_ref()) else { return Ok(()) };
        let found = match awaited.asks {
            OutputQuestion::SecretValue => self.has_value(identifier).await?.then(|| identifier.into()),
        };
        if let Some(found) = found {
            awaited.path.set(live, found);
        }
        Ok(())
    }

    /// Whether a secret has a value: which one it is, nobody asks here.
    async fn has_value(&self, secret: &str) -> Result<bool, ReadError> {
        let asked = json!({ "SecretId": secret }).to_string();
        let target = "secretsmanager.DescribeSecret";
        let answer = self.secrets.ask(("application/x-amz-json-1.1", Some(target)), asked).await?;
        let answer: Json = serde_json::from_slice(&answer).map_err(|error| unreadable(&error))?;
        let versions = answer.get("VersionIdsToStages").and_then(Json::as_object).into_iter().flatten();
        let mut stages = versions.filter_map(|(_, stages)| stages.as_array());
        Ok(stages.any(|stages| stages.iter().any(|stage| stage == "AWSCURRENT")))
    }

    /// Asks at the gate of a kind that has one; what has none is ready.
    pub(crate) async fn readiness(&self, probe: &Probe) -> Result<Readiness, ReadError> {
        let gate = Catalog::builtin().kind(&probe.kind).and_then(|kind| kind.overlay.gate.as_ref());
        match gate.map(|gate| gate.asks) {
            Some(GateQuestion::EcsService) => self.ecs_service(probe).await,
            Some(GateQuestion::EksAddon) => self.eks_addon(probe).await,
            None => Ok(Readiness::Ready),
        }
    }

    async fn ecs_service(&self, probe: &Probe) -> Result<Readiness, ReadError> {
        let (service, cluster) = readiness::parts(&probe.identifier);
        let mut asked = json!({ "services": [service] });
        if let Some(cluster) = cluster {
            asked["cluster"] = cluster.into();
        }
        let target = "AmazonEC2ContainerServiceV20141113.DescribeServices";
        let answer = self.ecs.ask(("application/x-amz-json-1.1", Some(target)), asked.to_string()).await;
        if is_refused(&answer, "ClusterNotFoundException") {
            return Ok(readiness::gone("its cluster is gone"));
        }
        let answer = answer?;
        let answer: Json = serde_json::from_slice(&answer).map_err(|error| unreadable(&error))?;
        let target_groups = match readiness::rollout(&answer, probe.written["TaskDefinition"].as_str()) {
            Rollout::Judged(readiness) => return Ok(readiness),
            Rollout::Complete { target_groups } => target_groups,
        };
        for group in target_groups {
            let targets = self.targets(&group).await;
            if is_refused(&targets, "TargetGroupNotFound") {
                return Ok(readiness::not_yet(&format!("its target group `{group}` is gone")));
            }
            let readiness = readiness::targets(&targets?);
            if readiness != Readiness::Ready {
                return Ok(readiness);
            }
        }
        Ok(Readiness::Ready)
    }

    async fn eks_addon(&self, probe: &Probe) -> Result<Readiness, ReadError> {
        let Some((cluster, addon)) = readiness::addon_parts(&probe.identifier) else {
            let message = format!("`{}` names no cluster and add-on", probe.identifier);
            return Err(ReadError::Refused { code: "Invalid".to_owned(), message });
        };
        let answer = self.eks.get(&format!("/clusters/{}/addons/{}", escaped(cluster), escaped(addon))).await;
        if is_refused(&answer, "ResourceNotFoundException") {
            return Ok(readiness::gone("EKS does not know it"));
        }
        let answer: Json = serde_json::from_slice(&answer?).map_err(|error| unreadable(&error))?;
        Ok(readiness::addon(&answer))
    }

    async fn targets(&self, group: &str) -> Result<Vec<Target>, ReadError> {
        let group: String = escaped(group);
        let form = format!("Action=DescribeTargetHealth&Version=2015-12-01&TargetGroupArn={group}");
        let answer = self.load_balancing.ask(("application/x-www-form-urlencoded", None), form).await?;
        targets_of(&answer).map_err(|error| unreadable(&error))
    }
}

/// Whether a question was refused with this code.
fn is_refused<T>(answer: &Result<T, ReadError>, with: &str) -> bool {
    matches!(answer, Err(ReadError::Refused { code, .. }) if code == with)
}

/// A value of a form: everything but letters, digits and `-_.~` as its bytes.
fn escaped(value: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    value
        .bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// One service, in the region of the account.
struct Service {
    name: &'static str,
    url: String,
    region: String,
    credentials: Option<SharedCredentialsProvider>,
    operation: Operation<HttpRequest, Answer, Unusable>,
}

/// An answer, whatever it says.
#[derive(Debug)]
struct Answer {
    is_success: bool,
    /// The code of a refusal, where a header tells it.
    code: Option<String>,
    body: Vec<u8>,
}

/// An answer that is none.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the answer has no body")]
struct Unusable;

impl Service {
    fn new(name: &'static str, shared: &SdkConfig, longest: Duration) -> Self {
        let region = shared.region().map(ToString::to_string).unwrap_or_default();
        let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let own = || format!("https://{name}.{region}.{suffix}");
        let url = shared.endpoint_url().map_or_else(own, str::to_owned);
        let timeouts = TimeoutConfig::builder().operation_timeout(longest).build();
        let operation = Operation::builder()
            .service_name(name)
            .operation_name("probe")
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(&url)
            .no_auth()
            .no_retry()
            .timeout_config(timeouts)
            .serializer(|request: HttpRequest| Ok(request))
            .deserializer(|response| {
                let body = response.body().bytes().map(<[u8]>::to_vec);
                let code = response.headers().get("x-amzn-errortype");
                let code = code.and_then(|code| code.split(':').next()).map(str::to_owned);
                let answer = |body| Answer { is_success: response.status().is_success(), code, body };
                body.map(answer).ok_or_else(|| {
                    aws_smithy_runtime_api::client::orchestrator::OrchestratorError::operation(Unusable)
                })
            })
            .build();
        Self { name, url, region, credentials: shared.credentials_provider(), operation }
    }

    /// Asks with a document or a form, once.
    async fn ask(&self, (content, target): (&str, Option<&str>), body: String) -> Result<Vec<u8>, ReadError> {
        let mut headers = vec![("content-type", content)];
        headers.extend(target.map(|target| ("x-amz-target", target)));
        let request = self.signed(("POST", "/"), &headers, body).await?;
        self.answer(request).await
    }

    /// Asks for what has a path, once.
    async fn get(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let request = self.signed(("GET", path), &[], String::new()).await?;
        self.answer(request).await
    }

    async fn answer(&self, request: HttpRequest) -> Result<Vec<u8>, ReadError> {
        match self.operation.invoke(request).await {
            Ok(Answer { is_success: true, body, .. }) => Ok(body),
            Ok(Answer { body, code: told, .. }) => {
                let (code, message) = refusal(&body);
                Err(classify::unanswered(&told.unwrap_or(code), &message))
            }
            Err(SdkError::TimeoutError(_)) => {
                Err(ReadError::NoAnswer("the question took too long".to_owned()))
            }
            Err(error) => Err(ReadError::NoAnswer(format!("{} cannot be reached: {error}", self.name))),
        }
    }

    async fn signed(
        &self,
        (method, path): (&str, &str),
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<HttpRequest, ReadError> {
        let refused = |message: String| ReadError::Refused { code: "InvalidCredentials".to_owned(), message };
        let Some(provider) = &self.credentials else {
            return Err(refused("there are no credentials".to_owned()));
        };
        let credentials =
            provider.provide_credentials().await.map_err(|error| ReadError::NoAnswer(error.to_string()))?;
        let identity = credentials.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.name)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| refused(error.to_string()))?
            .into();
        let signable = SignableRequest::new(
            method,
            format!("{}{path}", self.url.trim_end_matches('/')),
            headers.iter().copied(),
            SignableBody::Bytes(body.as_bytes()),
        );
        let (signature, _) = signable
            .and_then(|signable| sign(signable, &parameters))
            .map_err(|error| refused(error.to_string()))?
            .into_parts();
        let (signed, _) = signature.into_parts();
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method(method).map_err(|error| refused(error.to_string()))?;
        request.set_uri(path).map_err(|error| refused(error.to_string()))?;
        for (name, value) in headers {
            request.headers_mut().insert((*name).to_owned(), (*value).to_owned());
        }
        for header in signed {
            request.headers_mut().insert(header.name(), header.value().to_owned());
        }
        Ok(request)
    }
}

/// Code and message of a refusal: in JSON, or in the XML of the older services.
fn refusal(body: &[u8]) -> (String, String) {
    let json: Option<Json> = serde_json::from_slice(body).ok();
    let found = match &json {
        Some(json) => {
            let text = |name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
            let message = text("message").or_else(|| text("Message"));
            let code = text("__type").map(|code| code.rsplit('#').next().unwrap_or_default().to_owned());
            let code = code.or_else(|| message.as_ref().map(|_| "Unknown".to_owned()));
            code.map(|code| (code, message.unwrap_or_default()))
        }
        None => refusal_in_xml(body),
    };
    let message = || String::from_utf8_lossy(body).chars().take(200).collect();
    found.unwrap_or_else(|| ("Unknown".to_owned(), message()))
}

fn refusal_in_xml(body: &[u8]) -> Option<(String, String)> {
    let mut document = Document::try_from(body).ok()?;
    let mut root = document.root_element().ok()?;
    while let Some(mut error) = root.next_tag() {
        if error.start_el().matches("Error") {
            let (mut code, mut message) = (None, String::new());
            while let Some(mut tag) = error.next_tag() {
                match tag.start_el().local() {
                    "Code" => code = try_data(&mut tag).ok().map(|code| code.to_string()),
                    "Message" => message = try_data(&mut tag).ok()?.to_string(),
                    _ => {}
                }
            }
            return code.map(|code| (code, message));
        }
    }
    None
}

/// The targets in an answer of `DescribeTargetHealth`.
fn targets_of(answer: &[u8]) -> Result<Vec<Target>, String> {
    let mut document = Document::try_from(answer).map_err(|error| error.to_string())?;
    let mut root = document.root_element().map_err(|error| error.to_string())?;
    let mut targets = Vec::new();
    collect_targets(&mut root, &mut targets, DEEPEST).map_err(|error| error.to_string())?;
    Ok(targets)
}

/// Levels that an answer may have; the real one has five.
const DEEPEST: usize = 16;

fn collect_targets(
    element: &mut ScopedDecoder<'_, '_>,
    targets: &mut Vec<Target>,
    levels: usize,
) -> Result<(), aws_smithy_xml::decode::XmlDecodeError> {
    while let Some(mut tag) = element.next_tag() {
        if tag.start_el().matches("TargetHealth") {
            let mut target = Target::default();
            while let Some(mut fact) = tag.next_tag() {
                match fact.start_el().local() {
                    "State" => target.state = try_data(&mut fact)?.to_string(),
                    "Description" => target.why = try_data(&mut fact)?.to_string(),
                    _ => {}
                }
            }
            targets.push(target);
        } else if levels > 0 {
            collect_targets(&mut tag, targets, levels - 1)?;
        }
    }
    Ok(())
}

fn unreadable(error: &impl std::fmt::Display) -> ReadError {
    ReadError::NoAnswer(format!("the answer cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_health_of_targets_is_read_from_the_answer() {
        let answer = br#"<DescribeTargetHealthResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/">
          <DescribeTargetHealthResult><TargetHealthDescriptions>
            <member><HealthCheckPort>8080</HealthCheckPort>
              <TargetHealth><State>unhealthy</State><Reason>Target.ResponseCodeMismatch</Reason>
                <Description>Health checks failed with these codes: [500]</Description></TargetHealth>
              <Target><Port>8080</Port><Id>10.0.1.7</Id></Target></member>
            <member><TargetHealth><State>healthy</State></TargetHealth></member>
          </TargetHealthDescriptions></DescribeTargetHealthResult></DescribeTargetHealthResponse>"#;
        let why = "Health checks failed with these codes: [500]".to_owned();
        let healthy = Target { state: "healthy".to_owned(), why: String::new() };
        assert_eq!(targets_of(answer), Ok(vec![Target { state: "unhealthy".to_owned(), why }, healthy]));
        assert!(targets_of(b"not found").is_err());
        let deep = ["<a>".repeat(100_000), "</a>".repeat(100_000)].concat();
        assert_eq!(targets_of(deep.as_bytes()), Ok(Vec::new()), "what is nested without end is not followed");
    }

    #[test]
    fn a_refusal_has_a_code_and_a_message_in_both_forms() {
        let json =
            br#"{"__type":"com.amazonaws.ecs#ClusterNotFoundException","message":"Cluster not found."}"#;
        let found = |code: &str, message: &str| (code.to_owned(), message.to_owned());
        assert_eq!(refusal(json), found("ClusterNotFoundException", "Cluster not found."));
        let xml = b"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
        assert_eq!(refusal(xml), found("AccessDenied", "no"));
        assert_eq!(refusal(b"<html>").0, "Unknown");
    }
}
