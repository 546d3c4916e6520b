//! Looking: whether something was done whose answer was lost, and cannot be asked for any more.
//!
//! - *create*: by the identifier that the operation or the body names, else by a list. A candidate counts only with proof of
//!   ownership: our tags, or for kinds without tags the natural key. One: it was done. None, later than the kind's
//!   visibility window: it was not. Two: held as ambiguous.
//! - *update*: live is `to`: done; live is `from`: not done.
//! - *delete*: nothing there: done.

use std::collections::VecDeque;

use agent_world::{Found, ReadError};
use schema_catalog::{Kind, NaturalKey, compare};
use schema_documents::journal::{Act, Intent};
use schema_documents::plan::Change;
use schema_documents::{FieldPath, Json, Millis};

use super::flight::{Again, Ending, Verdict};
use super::send::Asker;
use super::{Pass, Purpose, Turn, backoff};
use crate::bind;
use crate::command::{Command, Note};
use crate::schedule::Verdict as OfLimits;

/// The code of a look that found several candidates: the resource is held until a person decides.
const AMBIGUOUS: &str = "Ambiguous";

/// Where a look is.
pub(super) struct Look {
    /// Why it was begun, when a provider's words were the cause: they stand in the journal if nothing is found.
    verdict: Option<Verdict>,
    how: How,
    /// When it was begun: what it looks for may have come into being just before.
    began_ms: Millis,
}

enum How {
    /// One identifier is read.
    Reading(String),
    /// A list is asked for.
    Listing,
    /// What the list showed is read one by one.
    Sifting { reading: String, left: VecDeque<String>, ours: Vec<String> },
}

impl Pass {
    pub(super) fn start_look(&mut self, intent: u64, verdict: Option<Verdict>) {
        self.look_at(intent, verdict, self.now_ms, self.now_ms);
    }

    /// The same when no request that was sent until `sent_ms` can arrive any more: what is looked for may come into being until then.
    pub(super) fn look_after_arrival(&mut self, intent: u64, verdict: Verdict, sent_ms: Millis) {
        let at_ms = self.now_ms.max(sent_ms + self.limits.latest_arrival_ms);
        let Some(flight) = self.flights.get_mut(&intent) else { return };
        flight.waits_for_arrival = true;
        self.commands.push(Command::Tell(Note::Retrying { intent, at_ms }));
        self.look_at(intent, Some(verdict), at_ms, at_ms);
        if self.stopping {
            self.leave_waiting();
        }
    }

    fn look_at(&mut self, intent: u64, verdict: Option<Verdict>, began_ms: Millis, not_before_ms: Millis) {
        let Some(flight) = self.flights.get(&intent) else { return };
        let kind = flight.intent.kind.clone();
        let identifier = flight.known_identifier().map(str::to_owned);
        let identifier = identifier.or_else(|| self.identifier_in_body(&flight.intent));
        let parent = self.list_parent(&flight.intent);
        let how = match &identifier {
            Some(identifier) => How::Reading(identifier.clone()),
            None => How::Listing,
        };
        if let Some(flight) = self.flights.get_mut(&intent) {
            flight.look = Some(Look { verdict, how, began_ms });
        }
        self.turn(if identifier.is_some() { Turn::LookReads } else { Turn::LookLists });
        match identifier {
            Some(identifier) => self.ask_read(Purpose::Look(intent), &kind, &identifier, not_before_ms),
            None => self.ask_list(Purpose::Look(intent), &kind, parent, not_before_ms),
        }
    }

    /// The properties of the parent that a list of this kind needs.
    fn list_parent(&self, intent: &Intent) -> Option<Json> {
        let Act::Create { body, .. } = &intent.act else { return None };
        let requires = &self.kind(&intent.kind)?.handlers.get("list")?.requires;
        let body = body.to_document();
        let parent: serde_json::Map<String, Json> =
            requires.iter().filter_map(|name| Some((name.clone(), body.get(name)?.clone()))).collect();
        (!parent.is_empty()).then_some(Json::Object(parent))
    }

    pub(super) fn looked(&mut self, intent: u64, result: Result<Option<Json>, ReadError>) {
        match result {
            Ok(found) => self.judge_read(intent, found),
            Err(error) => self.look_again(intent, &error),
        }
    }

    pub(super) fn listed(&mut self, question: u64, result: Result<Vec<Found>, ReadError>) {
        self.answered(Asker::Question(question), OfLimits::of_question(&result));
        let intent = match self.questions.remove(&question) {
            Some(Purpose::Look(intent)) => intent,
            // Without a list everything is read.
            Some(Purpose::Sweep { keys, asked_at_ms }) => {
                return self.swept(keys, asked_at_ms, result.unwrap_or_default());
            }
            _ => return,
        };
        match result {
            Ok(found) => self.sift(intent, found),
            Err(error) => self.look_again(intent, &error),
        }
    }

    /// The same question again, later; after a few times the intent stays open.
    fn look_again(&mut self, intent: u64, error: &ReadError) {
        let (now_ms, most) = (self.now_ms, self.limits.attempts);
        let Some(flight) = self.flights.get_mut(&intent) else { return };
        flight.tries += 1;
        if flight.tries >= most || matches!(error, ReadError::Refused { .. }) {
            let (code, message) = ("NoAnswer".to_owned(), format!("looking for it: {error}"));
            self.turn(Turn::LookGivenUp);
            return self.close(intent, Ending::Open { code, message });
        }
        let at = backoff::after_read_error(now_ms, error, &flight.intent.token, flight.tries);
        self.turns.push(Turn::LookAgain);
        if let Some(Look { how: How::Sifting { reading, .. }, .. }) = &flight.look {
            let (kind, reading) = (flight.intent.kind.clone(), reading.clone());
            return self.ask_read(Purpose::Look(intent), &kind, &reading, at);
        }
        let Some(Look { verdict, began_ms, .. }) = flight.look.take() else { return };
        self.look_at(intent, verdict, began_ms, at);
    }

    fn judge_read(&mut self, intent: u64, found: Option<Json>) {
        let Some(flight) = self.flights.get(&intent) else { return };
        let Some(look) = &flight.look else { return };
        match (&flight.intent.act, &look.how, found) {
            (_, How::Sifting { .. }, found) => self.judge_candidate(intent, found),
            (Act::Create { .. }, How::Reading(identifier), Some(live)) => {
                let by_our_operation = flight.identifier.is_some() && !flight.foreign;
                let identifier = identifier.clone();
                if by_our_operation || self.is_ours(&flight.intent, &live) {
                    self.turn(if by_our_operation { Turn::FoundByOperation } else { Turn::FoundByProof });
                    self.succeed(intent, identifier);
                } else {
                    self.turn(Turn::FoundForeign);
                    let message = format!("`{identifier}` exists, and nothing proves that it is ours");
                    self.found_nothing(intent, "AlreadyExists", &message);
                }
            }
            (Act::Create { .. }, _, _) => self.absent_create(intent),
            (Act::Update { .. }, _, None) => {
                self.turn(Turn::UpdateOfNothing);
                self.found_nothing(intent, "NotFound", "what was to be updated is not there");
            }
            (Act::Update { identifier, changes, .. }, _, Some(live)) => {
                let Intent { kind, resource, generation, .. } = &flight.intent;
                let live = self.memory_of(kind, (resource, *generation), &live);
                let told: Vec<bool> = changes
                    .iter()
                    .filter_map(|change| self.is_done(&flight.intent.kind, change, &live))
                    .collect();
                let done = !told.is_empty() && told.into_iter().all(|done| done);
                let identifier = identifier.clone();
                self.turn(if done { Turn::UpdateFound } else { Turn::UpdateNotFound });
                if done {
                    self.succeed(intent, identifier);
                } else {
                    self.found_nothing(intent, "NotDone", "the update was not made");
                }
            }
            (Act::Delete { identifier, .. }, _, None) => {
                let identifier = identifier.clone();
                self.turn(Turn::DeleteFound);
                self.succeed(intent, identifier);
            }
            (Act::Delete { .. }, _, Some(_)) => {
                self.turn(Turn::DeleteNotFound);
                self.found_nothing(intent, "NotDone", "the deletion was not made");
            }
        }
    }

    fn found_nothing(&mut self, intent: u64, code: &str, message: &str) {
        let Some(flight) = self.flights.get_mut(&intent) else { return };
        let verdict = flight.look.take().and_then(|look| look.verdict);
        self.fail(intent, verdict.unwrap_or_else(|| Verdict::last(code, message)));
    }

    /// Nothing was found of a create: that counts once what was created must be visible. It may have been created as late
    /// as when the look began; when its intent was written says nothing, for operations take their time.
    fn absent_create(&mut self, intent: u64) {
        let Some(flight) = self.flights.get(&intent) else { return };
        let kind = flight.intent.kind.clone();
        // What its name identifies cannot be there twice: a new attempt finds it.
        let is_named = self.identifier_in_body(&flight.intent).is_some();
        let look = self.flights.get_mut(&intent).and_then(|flight| flight.look.take());
        let Some(Look { verdict, began_ms, .. }) = look else { return };
        let is_told = is_named && verdict.as_ref().is_some_and(|verdict| verdict.again == Again::Soon);
        let visible_at_ms = began_ms + self.visibility_ms(&kind);
        if !is_told && self.now_ms < visible_at_ms {
            self.turn(Turn::FoundNothingYet);
            return self.look_at(intent, verdict, began_ms, visible_at_ms);
        }
        self.turn(Turn::FoundNothing);
        if let Some(flight) = self.flights.get_mut(&intent) {
            // Nothing is there: nothing was left behind.
            flight.identifier = None;
        }
        let nothing = || Verdict { again: Again::Later, ..Verdict::last("NotCreated", "it was not created") };
        self.fail(intent, verdict.unwrap_or_else(nothing));
    }

    /// Goes through what a list showed. Lists often carry identifiers only, so what may be ours is read.
    fn sift(&mut self, intent: u64, found: Vec<Found>) {
        let Some(flight) = self.flights.get(&intent) else { return };
        let plausible: VecDeque<String> = found
            .into_iter()
            .filter(|found| self.may_be_ours(&flight.intent, &found.properties))
            .map(|found| found.identifier)
            .collect();
        self.sift_on(intent, plausible, Vec::new());
    }

    fn judge_candidate(&mut self, intent: u64, live: Option<Json>) {
        let Some(flight) = self.flights.get_mut(&intent) else { return };
        let Some(look) = &mut flight.look else { return };
        let How::Sifting { reading, left, ours } = &mut look.how else { return };
        let (reading, left, mut ours) = (reading.clone(), std::mem::take(left), std::mem::take(ours));
        let act = flight.intent.clone();
        match live {
            Some(live) if self.is_ours(&act, &live) => ours.push(reading),
            Some(_) => self.turn(Turn::FoundForeign),
            None => {}
        }
        self.sift_on(intent, left, ours);
    }

    fn sift_on(&mut self, intent: u64, mut left: VecDeque<String>, ours: Vec<String>) {
        let Some(flight) = self.flights.get_mut(&intent) else { return };
        if let Some(next) = left.pop_front() {
            let kind = flight.intent.kind.clone();
            if let Some(look) = &mut flight.look {
                look.how = How::Sifting { reading: next.clone(), left, ours };
            }
            return self.ask_read(Purpose::Look(intent), &kind, &next, self.now_ms);
        }
        match ours.as_slice() {
            [] => self.absent_create(intent),
            [one] => {
                self.turn(Turn::FoundByProof);
                self.succeed(intent, one.clone());
            }
            several => {
                self.turn(Turn::FoundSeveral);
                let message = format!("several claim to be it: `{}`", several.join("`, `"));
                self.fail(intent, Verdict { candidates: ours, ..Verdict::last(AMBIGUOUS, message) });
            }
        }
    }

    /// Whether what a list says of a resource does not contradict that it is ours.
    fn may_be_ours(&self, intent: &Intent, shown: &Json) -> bool {
        let (Some(kind), Act::Create { body, .. }) = (self.kind(&intent.kind), &intent.act) else {
            return false;
        };
        let body = body.to_document();
        let Some(NaturalKey::Properties(paths)) = kind.natural_key() else { return true };
        paths.iter().all(|path| match (path.get(&body), path.get(shown)) {
            (Some(ours), Some(shown)) => compare::equal(kind, path, ours, shown),
            _ => true,
        })
    }

    /// Whether a live resource is proved to be what this intent creates: its tags say so, or, for kinds without tags,
    /// its natural key, or its very name, which holds the suffix that we drew.
    fn is_ours(&self, intent: &Intent, live: &Json) -> bool {
        let (Some(kind), Act::Create { name, body }) = (self.kind(&intent.kind), &intent.act) else {
            return false;
        };
        let body = body.to_document();
        if let Some(tags) = &kind.tags
            && let Some(proof) = ownership_tags(tags, &body)
        {
            return proof.iter().all(|path| path.get(&body) == path.get(live));
        }
        match kind.natural_key() {
            Some(NaturalKey::Properties(paths)) => same_at(kind, paths, &body, live),
            _ => name.is_some() && kind.identifier_of(&body).is_some(),
        }
    }

    /// Whether live is what the change wanted; `None` where a read cannot tell.
    fn is_done(&self, kind: &str, change: &Change, live: &Json) -> Option<bool> {
        let kind = self.kind(kind).filter(|kind| !kind.is_write_only(&change.path))?;
        let Some(to) = &change.to else { return Some(change.path.get(live).is_none()) };
        let to = to.as_json()?;
        let found = compare::live_value(kind, &change.path, &to, live);
        Some(found.is_some_and(|found| compare::satisfies(kind, &change.path, &to, found)))
    }
}

fn same_at(kind: &Kind, paths: &[FieldPath], body: &Json, live: &Json) -> bool {
    paths.iter().all(|path| match (path.get(body), path.get(live)) {
        (Some(ours), Some(live)) => compare::equal(kind, path, ours, live),
        (None, None) => true,
        _ => false,
    })
}

/// Where the values of the ownership tags stand that a body has; `None` if it has none.
fn ownership_tags(tags: &FieldPath, body: &Json) -> Option<Vec<FieldPath>> {
    let found: Vec<FieldPath> = match tags.get(body)? {
        Json::Array(items) => {
            let keys = items.iter().filter_map(|item| item.get("Key")?.as_str());
            keys.filter(|key| bind::is_ours(key)).map(|key| tags.keyed("Key", key).child("Value")).collect()
        }
        Json::Object(members) => {
            members.keys().filter(|key| bind::is_ours(key)).map(|key| tags.child(key.clone())).collect()
        }
        _ => Vec::new(),
    };
    (!found.is_empty()).then_some(found)
}
