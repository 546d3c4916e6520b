//! The driver over a store and a cloud in memory that misbehave on demand, in a time that only passes when all wait.

mod checkpoints;
mod cloud;
mod damage;
mod folder;
mod journal;
mod leases;
mod passes;
mod store;
mod verify;
mod writers;

use std::sync::Arc;

use agent_world::{Clock, Entropy, ReadError, Vault, Zeroizing, async_trait};
use schema_documents::Millis;
use schema_documents::value::SecretRef;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

use crate::{Checkpoints, Driver, LeaseTerms, Memory};
use cloud::Cloud;
use store::FaultyStore;

/// The paused time of tokio: it jumps ahead when every task waits.
struct PausedClock(Instant);

#[async_trait]
impl Clock for PausedClock {
    fn now_ms(&self) -> Millis {
        1_000_000 + Millis::try_from(self.0.elapsed().as_millis()).unwrap()
    }

    async fn sleep_until(&self, at_ms: Millis) {
        tokio::time::sleep(Duration::from_millis(at_ms.saturating_sub(self.now_ms()))).await;
    }
}

/// Counts instead of drawing.
#[derive(Default)]
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn nonce(&self) -> String {
        format!("nonce-{}", self.0.fetch_add(1, Ordering::Relaxed))
    }
}

struct OneSecret;

#[async_trait]
impl Vault for OneSecret {
    async fn reveal(&self, _: &SecretRef) -> Result<Zeroizing<String>, ReadError> {
        Ok(Zeroizing::new("hunter2-hunter2".to_owned()))
    }
}

/// Several agents of one environment, in one world.
struct World {
    store: Arc<FaultyStore>,
    checkpoints: Arc<FaultyStore>,
    cloud: Arc<Cloud>,
    clock: Arc<PausedClock>,
    entropy: Arc<Counting>,
}

impl World {
    fn new() -> Self {
        Self {
            store: Arc::default(),
            checkpoints: Arc::default(),
            cloud: Arc::default(),
            clock: Arc::new(PausedClock(Instant::now())),
            entropy: Arc::default(),
        }
    }

    fn agent(&self, holder: &str) -> Driver {
        Driver {
            provider: self.cloud.clone(),
            store: self.store.clone(),
            checkpoints: Checkpoints { store: self.checkpoints.clone(), every: 4 },
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            vault: Arc::new(OneSecret),
            digests: crate::Digests::default(),
            lease: LeaseTerms {
                holder: holder.to_owned(),
                term_ms: 20_000,
                longest_call_ms: 5_000,
                longest_question_ms: 5_000,
            },
            memory: Memory::default(),
        }
    }
}
