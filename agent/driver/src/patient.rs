//! A store that is asked again, and whose word is only taken for what it proves.

use std::sync::Arc;
use std::time::Duration;

use agent_world::{Clock, JournalStore, Put, StoreError};

/// How often a put or a get without a usable answer is tried.
const MOST_TRIES: u32 = 8;

/// The pause after the first try; it doubles.
const FIRST_PAUSE_MS: u64 = 50;

/// An answer that takes longer than this is none, and is asked for again: soon enough for the lease to be kept. What was
/// asked for may still be done; nothing here depends on when.
const LONGEST_ANSWER: Duration = Duration::from_secs(5);

/// A store of numbered objects, asked with patience.
#[derive(Clone)]
pub(crate) struct Patient {
    pub(crate) store: Arc<dyn JournalStore>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Whose object has the number after a put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// Exactly our bytes are there.
    Us,
    /// Something else is there.
    Another,
}

impl Patient {
    /// The object with this number. `None`: there is none.
    pub(crate) async fn get(&self, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let mut tries = 0;
        loop {
            match answered(LONGEST_ANSWER, self.store.get(number)).await {
                Ok(found) => return Ok(found),
                Err(error) => {
                    tries += 1;
                    if tries >= MOST_TRIES {
                        return Err(error);
                    }
                }
            }
            self.pause(tries).await;
        }
    }

    /// Puts these bytes at this number if nothing is there. Any answer but *written* is settled by reading the number: our
    /// bytes: they were written; other bytes: they are another's; nothing: the same bytes again at the same number, never
    /// at the next. An error: it is not known what is there, or will be.
    pub(crate) async fn put(&self, number: u64, bytes: &[u8]) -> Result<Holder, StoreError> {
        let mut last = StoreError("it says that the number is taken, and has nothing there".to_owned());
        for tries in 1..=MOST_TRIES {
            match answered(LONGEST_ANSWER, self.store.put(number, bytes.to_vec())).await {
                Ok(Put::Written) => return Ok(Holder::Us),
                Ok(Put::Exists) => {}
                Err(error) => last = error,
            }
            match answered(LONGEST_ANSWER, self.store.get(number)).await {
                Ok(Some(found)) => return Ok(if found == bytes { Holder::Us } else { Holder::Another }),
                Ok(None) => {}
                Err(error) => last = error,
            }
            self.pause(tries).await;
        }
        Err(last)
    }

    async fn pause(&self, tries: u32) {
        let pause_ms = FIRST_PAUSE_MS << (tries - 1).min(6);
        self.clock.sleep_until(self.clock.now_ms() + pause_ms).await;
    }
}

/// The answer, or that there was none in time.
pub(crate) async fn answered<T>(
    longest: Duration,
    question: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let late = || StoreError(format!("nothing came within {} s", longest.as_secs()));
    tokio::time::timeout(longest, question).await.unwrap_or_else(|_| Err(late()))
}
