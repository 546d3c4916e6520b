//! `manifest-agent secret set`: a value from standard input, straight to the secret store.

use std::io::{IsTerminal as _, Read as _};
use std::time::Duration;

use agent_driver::SystemEntropy;
use agent_world::{Call, CallAction, Entropy as _, ProgressState, Provider};
use anyhow::{Context as _, Result, bail};
use schema_documents::{ResourceId, Value};
use serde_json::json;
use zeroize::Zeroizing;

use crate::args::{Secret, SecretAction};
use crate::output::{self, Verdict};
use crate::wiring::{self, Environment};

/// The kind that holds secrets on AWS.
const KIND: &str = "AWS::SecretsManager::Secret";

/// How often the store is asked whether it has the value, a second apart.
const POLLS: u32 = 120;

pub(crate) async fn run(args: Secret) -> Result<Verdict> {
    let SecretAction::Set(args) = args.action;
    let environment = Environment::find(&args.place).await?;
    let recorded = environment.recorded().await?;
    let id = ResourceId::parse(&format!("secret/{}/secret", args.name))
        .with_context(|| format!("`{}` is no name", args.name))?;
    let identifier =
        recorded.current(&id).and_then(|(_, record)| record.identifier.clone()).with_context(|| {
            format!("the secret `{}` does not exist in {} yet: apply first", args.name, environment.name)
        })?;
    let value = read_value()?;
    let provider = wiring::aws(args.region.clone(), &args.reach).await?;
    set(provider.as_ref(), &identifier, &value)
        .await
        .with_context(|| format!("the secret `{}` was not set", args.name))?;
    output::data(&format!("{}: set in {}\n", args.name, environment.name))?;
    Ok(Verdict::Clean)
}

/// The value: all of standard input but a final line's end.
fn read_value() -> Result<Zeroizing<String>> {
    if std::io::stdin().is_terminal() {
        anstream::eprintln!("type the value, then Ctrl-D:");
    }
    let mut value = Zeroizing::new(String::new());
    std::io::stdin().read_to_string(&mut value).context("the value is not text")?;
    if value.ends_with('\n') {
        value.pop();
        if value.ends_with('\r') {
            value.pop();
        }
    }
    if value.is_empty() {
        bail!("the value is empty: give it on standard input");
    }
    Ok(value)
}

/// The store's messages are not repeated where they could repeat the value.
async fn set(provider: &dyn Provider, identifier: &str, value: &str) -> Result<()> {
    let patch = Value::literal(&json!([{ "op": "add", "path": "/SecretString", "value": value }]));
    let call = Call {
        kind: KIND.to_owned(),
        token: SystemEntropy.nonce(),
        action: CallAction::Update(identifier.to_owned(), patch),
    };
    let mut progress = match provider.call(&call).await {
        Ok(progress) => progress,
        Err(agent_world::CallError::Refused { code, .. }) => bail!("the store refused it: {code}"),
        Err(agent_world::CallError::NoAnswer(_)) => {
            bail!("the store did not answer; setting it again does no harm")
        }
        Err(error) => bail!("{error}"),
    };
    for _ in 0..POLLS {
        match &progress.state {
            ProgressState::Succeeded => return Ok(()),
            ProgressState::Failed { code, .. } => bail!("the store refused it: {code}"),
            ProgressState::Running { retry_after_ms } => {
                tokio::time::sleep(Duration::from_millis(retry_after_ms.unwrap_or(1_000).clamp(20, 1_000)))
                    .await;
            }
        }
        progress = provider.poll(&progress.operation).await?;
    }
    bail!("the store still works on it; setting it again does no harm")
}
