//! Observing: what is recorded is read, a bounded number at a time. How much of it: [`super::narrow`].
//!
//! *Absent* takes two reads that say so, the second one late enough for what was just created. What gives no usable answer
//! is *unknown*, never absent. What has an open intent is not read: recovery alone judges it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use agent_world::ReadError;
use schema_documents::recorded::Status;
use schema_documents::{Json, Millis};

use super::{Pass, Purpose, Stage, Turn, backoff};
use crate::live::{Key, Live};

/// Reads without a usable answer before a resource counts as unknown.
const MOST_ERRORS: u32 = 4;

/// How long after a first not-found the second read comes, at least.
const SECOND_LOOK_MS: u64 = 500;

/// How long an edit rests before it is read again.
pub(super) const REST_MS: u64 = 1_000;

/// What is being read.
#[derive(Default)]
pub(super) struct Observation {
    pub(super) waiting: VecDeque<Key>,
    pub(super) under_way: BTreeMap<Key, Reading>,
    not_before_ms: Millis,
    /// Lists that are asked for.
    pub(super) listed: usize,
    /// Whether something was gone, and others were looked at for that.
    pub(super) looked_around: bool,
}

#[derive(Default)]
pub(super) struct Reading {
    not_found: u32,
    errors: u32,
    throttled: u32,
}

impl Pass {
    pub(super) fn start_observing(&mut self) {
        self.stage = Stage::Observing;
        let (mut waiting, lists) = self.choose_reads();
        waiting.extend(self.to_be_taken());
        self.observation = Observation { waiting: waiting.into(), ..Observation::default() };
        self.ask_for_lists(lists);
    }

    /// Reads these again, a little later.
    pub(super) fn start_resting(&mut self, keys: BTreeSet<Key>) {
        self.stage = Stage::Resting;
        self.turn(Turn::EditRests);
        let not_before_ms = self.now_ms + REST_MS;
        self.observation =
            Observation { waiting: keys.into_iter().collect(), not_before_ms, ..Observation::default() };
    }

    pub(super) fn keys_with_open_intents(&self) -> BTreeSet<Key> {
        let intents = self.recorded.open.values().map(|open| &open.intent);
        intents.map(|intent| (intent.resource.clone(), intent.generation)).collect()
    }

    pub(super) fn advance_observing(&mut self) -> bool {
        while self.observation.under_way.len() < self.limits.operations.max(1)
            && let Some(key) = self.observation.waiting.pop_front()
        {
            self.observation.under_way.insert(key.clone(), Reading::default());
            self.observe(key, self.observation.not_before_ms.max(self.now_ms));
        }
        if !self.observation.under_way.is_empty() || self.observation.listed > 0 {
            return false;
        }
        self.decide();
        true
    }

    fn observe(&mut self, key: Key, not_before_ms: Millis) {
        let record = self.recorded.resources.get(&key.0).and_then(|all| all.get(&key.1));
        let known = record.and_then(|record| Some((record.kind.clone(), record.identifier.clone()?)));
        let Some((kind, identifier)) = known.or_else(|| self.named_by_document(&key.0)) else {
            self.observation.under_way.remove(&key);
            return;
        };
        self.ask_read(Purpose::Observe(key), &kind, &identifier, not_before_ms);
    }

    pub(super) fn observed(
        &mut self,
        key: Key,
        result: Result<Option<Json>, ReadError>,
        began_at_ms: Millis,
    ) {
        let Some(reading) = self.observation.under_way.get_mut(&key) else { return };
        let live = match result {
            Ok(Some(properties)) => {
                Live::read(properties, began_at_ms, self.recorded.generation(&key.0, key.1))
            }
            Ok(None) => {
                reading.not_found += 1;
                if reading.not_found < 2
                    && let Some(at) = self.second_look_ms(&key)
                {
                    self.turn(Turn::AbsentOnce);
                    return self.observe(key, at);
                }
                self.turn(Turn::AbsentTwice);
                Live::Absent
            }
            Err(error) => {
                let throttled = matches!(error, ReadError::Throttled { .. });
                let count = if throttled { &mut reading.throttled } else { &mut reading.errors };
                *count += 1;
                let (tries, most) = (*count, if throttled { self.limits.attempts } else { MOST_ERRORS });
                if tries < most {
                    let at = backoff::after_read_error(self.now_ms, &error, key.0.as_str(), tries);
                    self.turn(Turn::ReadAgain);
                    return self.observe(key, at);
                }
                self.turn(Turn::ReadUnknown);
                Live::Unknown { reason: error.to_string() }
            }
        };
        self.observation.under_way.remove(&key);
        if !matches!(live, Live::Unknown { .. }) {
            self.attention.looks.insert(key.clone(), began_at_ms);
        }
        if matches!(live, Live::Absent) {
            self.look_around();
        }
        self.remember_owed(&key, &live);
        self.live.insert(key, live);
    }

    /// When to ask again whether it really is not there; none for what is known to be gone.
    fn second_look_ms(&self, key: &Key) -> Option<Millis> {
        let record = self.recorded.resources.get(&key.0)?.get(&key.1)?;
        let visible_at_ms = record.operated_at_ms + self.visibility_ms(&record.kind);
        (record.status != Status::Gone).then(|| visible_at_ms.max(self.now_ms + SECOND_LOOK_MS))
    }
}
