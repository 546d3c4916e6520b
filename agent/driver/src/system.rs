//! The machine's own clock and randomness.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agent_world::{Clock, Entropy, ReadError, Vault};
use async_trait::async_trait;
use schema_documents::Millis;
use schema_documents::value::SecretRef;

/// The machine's clock. It goes on while the machine is suspended.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now_ms(&self) -> Millis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
    }

    async fn sleep_until(&self, at_ms: Millis) {
        tokio::time::sleep(Duration::from_millis(at_ms.saturating_sub(self.now_ms()))).await;
    }
}

/// The machine's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn nonce(&self) -> String {
        // Each `RandomState` is seeded by the operating system; its hash of nothing is 64 bits of that seed.
        let draw = || RandomState::new().build_hasher().finish();
        let (high, low, process) = (draw(), draw(), u64::from(std::process::id()));
        format!("{high:016x}{:016x}", low ^ process.rotate_left(32) ^ SystemClock.now_ms())
    }
}

/// A vault without any secret.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoVault;

#[async_trait]
impl Vault for NoVault {
    async fn reveal(&self, secret: &SecretRef) -> Result<String, ReadError> {
        let message = format!("there is no vault, so the secret `{}` has no value", secret.reference);
        Err(ReadError::Refused { code: "NoVault".to_owned(), message })
    }
}
