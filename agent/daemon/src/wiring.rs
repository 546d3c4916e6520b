//! Which parts of the world a command is connected to.

use std::sync::Arc;
use std::time::Duration;

use agent_aws::Aws;
use agent_driver::{
    Checkpoints, Driver, Journal, LeaseTerms, Memory, NoCloud, NoVault, SystemClock, SystemEntropy,
};
use agent_engine::digests::Digests;
use agent_world::{Provider, Vault};
use anyhow::{Context as _, Result, ensure};
use schema_documents::desired::DesiredState;
use schema_documents::environment::Cloud;
use schema_documents::recorded::Recorded;
use schema_documents::value::SecretRef;
use schema_store::{Missing, Store};

use crate::args::{Place, Reach};
use crate::desired::only;
use crate::objects::JournalObjects;

/// An environment's place in the store, with its names.
pub(crate) struct Environment {
    /// The app.
    pub(crate) app: String,
    /// The environment.
    pub(crate) name: String,
    store: Store,
}

impl Environment {
    /// That of a desired state. A local folder that is not there yet is made, if it may be written to.
    pub(crate) fn of(desired: &DesiredState, place: &Place, missing: Missing) -> Result<Self> {
        let root = open(&place.state, missing)?;
        let (app, name) = (desired.app.clone(), desired.environment.name.clone());
        Ok(Self { store: root.below(&app).below(&name), app, name })
    }

    /// The one that was named, else the only one that is there.
    pub(crate) async fn find(place: &Place) -> Result<Self> {
        let root = open(&place.state, Missing::Refuse)?;
        let app = only(&root, place.app.as_ref(), "app").await?;
        let name = only(&root.below(&app), place.env.as_ref(), "environment").await?;
        Ok(Self { store: root.below(&app).below(&name), app, name })
    }

    /// The driver of this environment's journal, with a cloud.
    pub(crate) fn driver(&self, account: Account, lease: LeaseTerms) -> Driver {
        let version = schema_documents::checkpoint::VERSION.to_string();
        let checkpoints = JournalObjects(self.store.below("checkpoint").below(&version).numbered());
        Driver {
            provider: account.provider,
            store: Arc::new(JournalObjects(self.store.below("journal").numbered())),
            checkpoints: Checkpoints { store: Arc::new(checkpoints), every: agent_driver::EVERY },
            clock: Arc::new(SystemClock::default()),
            entropy: Arc::new(SystemEntropy),
            vault: account.vault,
            digests: account.digests,
            lease,
            memory: Memory::default(),
        }
    }

    /// The driver of this environment's journal, for commands that never ask a cloud.
    pub(crate) fn driver_without_cloud(&self, lease: LeaseTerms) -> Driver {
        let account =
            Account { provider: Arc::new(NoCloud), vault: Arc::new(NoVault), digests: Digests::default() };
        self.driver(account, lease)
    }

    /// What the journal says.
    pub(crate) async fn recorded(&self) -> Result<Recorded> {
        let driver = self.driver_without_cloud(LeaseTerms::default());
        Ok(Journal::open(&driver).await?.recorded().clone())
    }
}

fn open(place: &str, missing: Missing) -> Result<Store> {
    Store::open(place, missing)
        .context("the state cannot be used: name a store that may be read and written with `--state`")
}

/// A cloud account: what is in it, and its secrets.
#[derive(Clone)]
pub(crate) struct Account {
    pub provider: Arc<dyn Provider>,
    pub vault: Arc<dyn Vault>,
    pub digests: Digests,
}

/// The account of a desired state.
pub(crate) async fn cloud(desired: &DesiredState, reach: &Reach) -> Result<Account> {
    ensure!(
        desired.environment.cloud == Cloud::Aws,
        "this agent has no provider for the cloud of `{}`",
        desired.environment.name
    );
    let region = desired.environment.region.clone();
    let vault = agent_aws::Secrets::connect(aws_options(region.clone(), reach)?).await;
    let digests = digests(&vault, reach).await?;
    Ok(Account { provider: aws(region, reach).await?, vault: Arc::new(vault), digests })
}

/// Digests of sensitive values, under the key that the vault has for them.
async fn digests(vault: &dyn Vault, reach: &Reach) -> Result<Digests> {
    let Some(reference) = &reach.digest_key else { return Ok(Digests::default()) };
    let secret = SecretRef { reference: reference.clone(), ..SecretRef::default() };
    let key = vault.reveal(&secret).await.with_context(|| {
        format!("the key of digests, `{reference}`, cannot be read: without it nobody can tell what changed in secret")
    })?;
    Ok(Digests::keyed(&key))
}

/// Cloud Control in a region.
pub(crate) async fn aws(region: Option<String>, reach: &Reach) -> Result<Arc<dyn Provider>> {
    Ok(Arc::new(Aws::connect(aws_options(region, reach)?).await))
}

/// How an account is reached.
pub(crate) fn aws_options(region: Option<String>, reach: &Reach) -> Result<agent_aws::Options> {
    Ok(agent_aws::Options {
        region,
        endpoint_url: reach.endpoint_url.clone(),
        role_arn: reach.role_arn.clone(),
        call_timeout: Some(seconds(reach.question_timeout, "--question-timeout")?),
    })
}

/// How the lease is held.
pub(crate) fn lease(reach: &Reach) -> Result<LeaseTerms> {
    let longest_call_ms = milliseconds(reach.call_timeout, "--call-timeout")?;
    let term_ms = milliseconds(reach.lease, "--lease")?;
    ensure!(
        term_ms >= 2 * longest_call_ms,
        "`--lease` is at least twice `--call-timeout`, or no call would fit into it"
    );
    let longest_question_ms = milliseconds(reach.question_timeout, "--question-timeout")?;
    Ok(LeaseTerms { holder: holder(), term_ms, longest_call_ms, longest_question_ms })
}

/// How the lease is held by a person's command, which makes no call.
pub(crate) fn lease_of_person(lease_seconds: f64) -> Result<LeaseTerms> {
    let term_ms = milliseconds(lease_seconds, "--lease")?;
    Ok(LeaseTerms { holder: holder(), term_ms, longest_call_ms: 0, longest_question_ms: 0 })
}

fn holder() -> String {
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    format!("{} process {}", host.trim(), std::process::id()).trim().to_owned()
}

/// Seconds as they were typed.
pub(crate) fn seconds(seconds: f64, option: &str) -> Result<Duration> {
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|time| !time.is_zero())
        .with_context(|| format!("`{option}` is a time above zero"))
}

fn milliseconds(typed: f64, option: &str) -> Result<u64> {
    Ok(u64::try_from(seconds(typed, option)?.as_millis())?)
}

/// Who decides.
pub(crate) fn person(named: Option<&String>) -> Result<String> {
    let from_environment = || ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    named.cloned().or_else(from_environment).context("nobody is named: say who decides with `--by`")
}
