//! The machine's own clock and randomness.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agent_world::{
    Call, CallError, Clock, Entropy, Found, Probe, Progress, Provider, ReadError, Readiness, Vault, Zeroizing,
};
use async_trait::async_trait;
use rustix::time::{ClockId, clock_gettime};
use schema_documents::value::SecretRef;
use schema_documents::{Json, Millis};

/// The machine's clock: set once by its time of day, and from then on counted, so that it never goes back. It goes on
/// while the machine is suspended.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    began_ms: Millis,
    began: Duration,
}

impl Default for SystemClock {
    fn default() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { began_ms: Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX), began: since_boot() }
    }
}

/// The time since the machine was started, suspended or not.
fn since_boot() -> Duration {
    // Only Linux has two clocks here: its monotonic one stands still while the machine is suspended.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let clock = ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let clock = ClockId::Monotonic;
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

#[async_trait]
impl Clock for SystemClock {
    fn now_ms(&self) -> Millis {
        let elapsed = since_boot().saturating_sub(self.began);
        self.began_ms.saturating_add(Millis::try_from(elapsed.as_millis()).unwrap_or(Millis::MAX))
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
        format!("{high:016x}{:016x}", low ^ process.rotate_left(32) ^ SystemClock::default().now_ms())
    }
}

/// A vault without any secret.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoVault;

#[async_trait]
impl Vault for NoVault {
    async fn reveal(&self, secret: &SecretRef) -> Result<Zeroizing<String>, ReadError> {
        let message = format!("there is no vault, so the secret `{}` has no value", secret.reference);
        Err(ReadError::Refused { code: "NoVault".to_owned(), message })
    }
}

/// A cloud that knows no kind: for whoever only works on the journal.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCloud;

#[async_trait]
impl Provider for NoCloud {
    fn knows(&self, _: &str) -> bool {
        false
    }

    async fn call(&self, _: &Call) -> Result<Progress, CallError> {
        Err(CallError::NoAnswer("there is no cloud here".to_owned()))
    }

    async fn poll(&self, _: &str) -> Result<Progress, ReadError> {
        Err(ReadError::NoAnswer("there is no cloud here".to_owned()))
    }

    async fn read(&self, _: &str, _: &str) -> Result<Option<Json>, ReadError> {
        Err(ReadError::NoAnswer("there is no cloud here".to_owned()))
    }

    async fn list(&self, _: &str, _: Option<&Json>) -> Result<Vec<Found>, ReadError> {
        Err(ReadError::NoAnswer("there is no cloud here".to_owned()))
    }

    async fn readiness(&self, _: &Probe) -> Result<Readiness, ReadError> {
        Err(ReadError::NoAnswer("there is no cloud here".to_owned()))
    }
}
