//! Secret values, from Secrets Manager: each is asked for when it is needed, and kept nowhere.

use agent_world::{ReadError, Vault};
use async_trait::async_trait;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::Client;
use schema_documents::Json;
use schema_documents::value::SecretRef;
use zeroize::Zeroizing;

use crate::cloud_control::{self, CALL_TIMEOUT, Options, read_error};

/// The secrets of one account and region.
pub struct Secrets {
    client: Client,
}

impl Secrets {
    /// Connects with the usual credential chain. Nothing is sent yet.
    pub async fn connect(options: Options) -> Self {
        let shared = cloud_control::shared(&options).await;
        let longest = options.call_timeout.unwrap_or(CALL_TIMEOUT);
        let config = aws_sdk_secretsmanager::config::Builder::from(&shared)
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(longest).build())
            .build();
        Self { client: Client::from_conf(config) }
    }
}

#[async_trait]
impl Vault for Secrets {
    async fn reveal(&self, secret: &SecretRef) -> Result<Zeroizing<String>, ReadError> {
        let request = self.client.get_secret_value().secret_id(&secret.reference);
        let answer = request.set_version_id(secret.version.clone()).send().await;
        let answer = answer.map_err(|error| read_error(&error))?;
        let whole = answer.secret_string.map(Zeroizing::new);
        let member = match (whole, &secret.key) {
            (Some(whole), Some(key)) => member(&whole, key),
            (whole, None) => whole,
            (None, Some(_)) => None,
        };
        member.ok_or_else(|| {
            let message = format!("the secret `{}` has no text there", secret.reference);
            ReadError::Refused { code: "NoText".to_owned(), message }
        })
    }
}

/// A member of a secret that is a JSON object.
fn member(whole: &str, key: &str) -> Option<Zeroizing<String>> {
    let members: Json = serde_json::from_str(whole).ok()?;
    Some(Zeroizing::new(members.get(key)?.as_str()?.to_owned()))
}
