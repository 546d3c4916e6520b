//! What is there already, and somebody else made (semantics, §1, §8): taken under record, and given back.
//!
//! | the record | the document | what happens |
//! |---|---|---|
//! | nothing | owns it | a report, which waits for a person's approval; then it is attached |
//! | nothing | refers to it | it is under record from now on, and only read |
//! | refers to it | owns it | as above; until the approval it is only read |
//! | owns it | refers to it, names another one, or nothing at all | its ownership tags are taken off, and it is forgotten |
//! | refers to it | names another one, or nothing at all | it is forgotten |
//! | made it | names one that is there | held: what was made is not given up for another |
//!
//! It is never replaced and never deleted, and of what somebody else owns nothing is taken.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use schema_catalog::{Kind, Named, units};
use schema_documents::desired::{Class, Existing, Mode};
use schema_documents::journal::Entry;
use schema_documents::plan::{Change, Consequence, Hold};
use schema_documents::recorded::{Recorded, ResourceRecord, Status};
use schema_documents::recovery::{Finding, Proof, There};
use schema_documents::{Json, Kept, Millis, ResourceId, Sorted};

use super::evidence::{is_evidence, redact, secret_units};
use super::fields::{Sight, Subject};
use super::resource::{View, about};
use super::{Context, Doing, FieldOutcome, Presence, ResourceDifference, Seen, known_kind};
use crate::bind::{self, Binding, Bound, BoundResource};
use crate::digests::Digests;
use crate::live::{Live, LiveState};
use crate::merge::Decision;
use crate::{approval, plan};

#[cfg(test)]
mod tests;

/// What a person is shown before a resource is owned.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Its identifier.
    pub identifier: String,
    /// The account that it is in, where that is known.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Where it is not as the document says.
    pub differences: Vec<Change>,
}

/// Why something cannot be taken.
type Refusal = Box<(Hold, String)>;

fn refuse<T>(message: String) -> Result<T, Refusal> {
    Err(Box::new((Hold::Existing, message)))
}

/// Something that is there and can be taken.
struct Taken<'a> {
    kind: &'a Kind,
    live: Cow<'a, Json>,
    began_at_ms: Millis,
    place: Named,
}

/// What is there already, and can be taken: what is only read, and what a person has approved.
pub(super) fn taken(recorded: &Recorded, live: &LiveState, context: &Context<'_>) -> Vec<Entry> {
    if context.destroy {
        return Vec::new();
    }
    let (desired, catalog, hidden) = (context.desired, context.catalog, &BTreeSet::new());
    let binding = Binding { desired, recorded, catalog, hidden };
    let is_open = |id: &ResourceId| {
        let current = recorded.current(id);
        current.is_none_or(|(_, record)| record.existing == Some(Mode::Reference))
    };
    let named = desired.resources.iter().filter(|(id, resource)| resource.existing.is_some() && is_open(id));
    let ids = named.map(|(id, _)| id);
    let bound = Bound { resources: binding.bind_all(ids), at_rest: 0 };
    let view = View { recorded, bound: &bound, live, context, too_much_gone: false };
    bound.resources.values().filter_map(|bound| view.taken(bound)).collect()
}

impl View<'_> {
    fn taken(&self, bound: &BoundResource) -> Option<Entry> {
        let existing = bound.existing.as_ref()?;
        let record = self.recorded.generation(&bound.id, bound.generation);
        let is_another = |record: &ResourceRecord| record.identifier.as_ref() != Some(&existing.identifier);
        if record.is_some_and(|record| record.existing == Some(existing.mode) || is_another(record)) {
            return None;
        }
        let taken = self.found(bound, existing).ok()?;
        if existing.mode == Mode::Owned {
            let step = plan::import_step(&self.import(bound, existing), bound)?;
            let approval = self.recorded.approvals.get(&step.key)?;
            let nothing = |_: &_| None;
            if approval::difference(&approval.step, &step, self.context.catalog, &nothing).is_some() {
                return None;
            }
        }
        let there = There::One {
            identifier: existing.identifier.clone(),
            name: taken.name(bound),
            by: Proof::Document,
            live: taken.redacted(bound, self.context.digests),
            began_at_ms: taken.began_at_ms,
        };
        let found = Finding {
            resource: bound.id.clone(),
            generation: bound.generation,
            kind: bound.kind.clone(),
            stateful: bound.stateful,
            depends_on: bound.depends_on.clone(),
            existing: Some(existing.mode),
            there,
        };
        Some(Entry::Imported { found: Box::new(found) })
    }

    /// The document names something that is there already, and it is not under record.
    pub(super) fn import(&self, bound: &BoundResource, existing: &Existing) -> ResourceDifference {
        let mut difference = about(&bound.id, bound.generation, &bound.kind, bound.stateful);
        match self.report(bound, existing) {
            Ok(report) => difference.action = Doing::Import(Box::new(report)),
            Err(refusal) => difference.holds.push(*refusal),
        }
        difference
    }

    /// What becomes of a recorded resource that was there before, or that the document says was. Whether that is all.
    pub(super) fn settles_existing(
        &self,
        difference: &mut ResourceDifference,
        bound: &BoundResource,
        record: &ResourceRecord,
    ) -> bool {
        let is_it = |existing: &Existing| {
            record.identifier.as_ref() == Some(&existing.identifier) && record.kind == bound.kind
        };
        match (record.existing, &bound.existing) {
            (None, None) => return false,
            (None, Some(_)) if record.status == Status::Creating && record.identifier.is_none() => {
                difference.forget(false);
            }
            (None, Some(_)) => {
                let made = record.identifier.as_deref().unwrap_or_default();
                let message = format!(
                    "this environment made `{made}` for it, which is not given up for another: take `import` out"
                );
                difference.holds.push((Hold::Existing, message));
                return false;
            }
            (Some(Mode::Owned), Some(existing)) if existing.mode == Mode::Owned && is_it(existing) => {
                return false;
            }
            (Some(Mode::Reference), Some(existing)) if is_it(existing) => {
                self.referenced(difference, record, existing);
                if existing.mode == Mode::Owned && difference.holds.is_empty() {
                    let seen = difference.seen.take();
                    *difference = ResourceDifference { seen, ..self.import(bound, existing) };
                }
            }
            (Some(_), _) => self.give_back(difference, record),
        }
        true
    }

    /// It is only read.
    fn referenced(&self, difference: &mut ResourceDifference, record: &ResourceRecord, existing: &Existing) {
        let found = self.live(&difference.id, difference.generation);
        if let Some((properties, began_at_ms)) = found.and_then(|live| live.present(record)) {
            let Some(kind) = known_kind(self.context, &record.kind) else {
                return difference.hold_no_provider();
            };
            let live = self.unwished(kind, record, &properties);
            if record.status == Status::Gone || record.seen != live {
                difference.seen = Some(Seen { live, began_at_ms });
            }
            return;
        }
        match found {
            Some(Live::Unknown { reason }) => difference.hold_unknown(reason),
            None if record.status == Status::Live => {}
            _ => {
                if record.status == Status::Live {
                    let generation = difference.generation;
                    difference.presence = Presence::Gone { edit: false, generation };
                }
                let message = format!(
                    "`{}`, which it refers to, is gone: nothing is created for it",
                    existing.identifier
                );
                difference.holds.push((Hold::Existing, message));
            }
        }
    }

    /// Nobody asks for it any more: its ownership tags go, and then it is forgotten. Nothing else of it is written.
    pub(super) fn give_back(&self, difference: &mut ResourceDifference, record: &ResourceRecord) {
        if record.existing == Some(Mode::Reference) || record.status == Status::Gone {
            return difference.forget(false);
        }
        let Some(kind) = known_kind(self.context, &record.kind) else { return difference.hold_no_provider() };
        let found = self.live(&difference.id, difference.generation);
        let Some((properties, began_at_ms)) = found.and_then(|live| live.present(record)) else {
            return match found {
                Some(Live::Unknown { reason }) => difference.hold_unknown(reason),
                Some(_) => difference.forget(false),
                None => difference.hold_unknown("it was not read"),
            };
        };
        // A read that lags shows it without the tags that were just written, which would stay for good.
        if !is_evidence(record, kind, began_at_ms, self.context.limits) {
            return difference.hold_unknown("a read may still show what was before its last change");
        }
        if bind::ownership(kind, &properties).is_some_and(|tags| !self.is_ours(&tags)) {
            return difference.forget(false);
        }
        let tags = units::units(kind, &properties).into_iter();
        difference.fields =
            tags.filter(|(path, _)| bind::is_ownership(kind, path)).map(tag_that_goes).collect();
        if difference.fields.is_empty() {
            return difference.forget(false);
        }
        difference.action = Doing::GiveBack;
        self.guard(difference, record.failure.as_ref());
    }

    fn is_ours(&self, tags: &bind::Ownership) -> bool {
        let desired = self.context.desired;
        tags.app == desired.app && tags.environment == desired.environment.name
    }

    // --- the report

    fn report(&self, bound: &BoundResource, existing: &Existing) -> Result<Report, Refusal> {
        let taken = self.found(bound, existing)?;
        if existing.mode == Mode::Owned {
            self.is_free(bound, existing, &taken)?;
        }
        if let Some(missing) = bound.waits_for.first() {
            let on = missing.resource.clone();
            let message =
                format!("it waits for `{on}`: only then is it known where it is not as the document says");
            return Err(Box::new((Hold::Waiting { on }, message)));
        }
        let record = taken.record(bound, self.context.digests);
        let key = (&bound.id, bound.generation);
        let sight = Sight::read(&taken.live, taken.began_at_ms);
        let subject = Subject::new(self.context, key, taken.kind, (bound, &record), sight);
        let differences = subject.outcomes().into_iter().filter(|field| field.attaches).map(|field| {
            let change = field.change();
            // A new one would not hold what this one holds.
            let loses = bound.stateful && change.consequence == Consequence::Replacement;
            if loses { Change { consequence: Consequence::DataLoss, ..change } } else { change }
        });
        let differences = differences.collect();
        let Named { identifier, account, region } = taken.place;
        Ok(Report { identifier, account, region, differences })
    }

    /// What is there, in the account and the region where it must be.
    fn found(&self, bound: &BoundResource, existing: &Existing) -> Result<Taken<'_>, Refusal> {
        let Some(kind) = known_kind(self.context, &bound.kind) else {
            let message = format!("this agent has no provider for `{}`", bound.kind);
            return Err(Box::new((Hold::NoProvider, message)));
        };
        let Existing { identifier, account, region, .. } = existing;
        let named =
            Named { identifier: identifier.clone(), account: account.clone(), region: region.clone() };
        self.is_here(&named)?;
        let unknown =
            |reason: &str| Err(Box::new((Hold::Unknown { reason: reason.to_owned() }, reason.to_owned())));
        let record = self.recorded.generation(&bound.id, bound.generation);
        let (live, began_at_ms) = match (self.live(&bound.id, bound.generation), record) {
            (Some(Live::Present { properties, began_at_ms }), _) => (Cow::Borrowed(properties), *began_at_ms),
            (Some(Live::AsSeen { began_at_ms }), Some(record)) => {
                (Cow::Owned(record.seen.to_json()), *began_at_ms)
            }
            (Some(Live::Unknown { reason }), _) => return unknown(reason),
            (Some(Live::Absent), _) => {
                let message = format!("there is no `{}` `{identifier}` to import", bound.kind);
                return refuse(message);
            }
            _ => return unknown("it was not read"),
        };
        let said = kind.place_of(identifier, &live).unwrap_or_else(|| named.clone());
        self.is_here(&said)?;
        let place = Named {
            account: said.account.or(named.account).or_else(|| self.context.account.map(str::to_owned)),
            region: said.region.or(named.region).or_else(|| self.context.desired.environment.region.clone()),
            identifier: named.identifier,
        };
        Ok(Taken { kind, live, began_at_ms, place })
    }

    /// Whether what is named is in the account and the region of this environment.
    fn is_here(&self, named: &Named) -> Result<(), Refusal> {
        let identifier = &named.identifier;
        match (&named.account, self.context.account) {
            (Some(account), Some(own)) if account != own => {
                return refuse(format!(
                    "`{identifier}` is in account {account}, and this agent works in {own}"
                ));
            }
            (Some(account), None) => {
                return refuse(format!(
                    "`{identifier}` is in account {account}, and it is not known in which one this agent works: STS has to be within its reach"
                ));
            }
            _ => {}
        }
        match (&named.region, &self.context.desired.environment.region) {
            (Some(region), Some(own)) if region != own => {
                refuse(format!("`{identifier}` is in {region}, and this environment in {own}"))
            }
            _ => Ok(()),
        }
    }

    /// Whether nobody owns it: not another environment, and not another resource of this one.
    fn is_free(&self, bound: &BoundResource, existing: &Existing, taken: &Taken<'_>) -> Result<(), Refusal> {
        let identifier = &existing.identifier;
        if let Some(tags) = bind::ownership(taken.kind, &taken.live) {
            let advice = if self.is_ours(&tags) {
                "`manifest-agent recover` takes up what a lost journal knew"
            } else {
                "it has to be given back there first"
            };
            return refuse(format!(
                "`{identifier}` says by its tags that it is `{}` of {} {} already: {advice}",
                tags.resource, tags.app, tags.environment
            ));
        }
        let units = units::units(taken.kind, &taken.live);
        if let Some((path, _)) = units.iter().find(|(path, _)| bind::is_ownership(taken.kind, path)) {
            return refuse(format!(
                "`{identifier}` has an ownership tag, `{path}`: somebody may own it already"
            ));
        }
        match self.owner_of(bound, identifier) {
            Some(other) => refuse(format!("`{identifier}` is `{other}` already")),
            None => Ok(()),
        }
    }

    /// Another resource of this environment that is the same, or is to be.
    fn owner_of(&self, bound: &BoundResource, identifier: &str) -> Option<&ResourceId> {
        let is_recorded = |records: &BTreeMap<u32, std::sync::Arc<ResourceRecord>>| {
            records.values().any(|record| {
                record.kind == bound.kind
                    && record.identifier.as_deref() == Some(identifier)
                    && record.existing != Some(Mode::Reference)
            })
        };
        let recorded = self.recorded.resources.iter().filter(|(_, records)| is_recorded(records));
        let claimed = self.context.desired.resources.iter().filter(|(_, resource)| {
            resource.kind == bound.kind
                && resource
                    .existing
                    .as_ref()
                    .is_some_and(|other| other.mode == Mode::Owned && other.identifier == identifier)
        });
        let mut ids = recorded.map(|(id, _)| id).chain(claimed.map(|(id, _)| id));
        ids.find(|id| **id != bound.id)
    }
}

impl Taken<'_> {
    /// Its physical name, where it has one.
    fn name(&self, bound: &BoundResource) -> Option<String> {
        bound.name.as_ref()?.path.get(&self.live)?.as_str().map(str::to_owned)
    }

    /// Its properties as they may be remembered.
    fn redacted(&self, bound: &BoundResource, digests: &Digests) -> Json {
        let wishes = bound.wishes.iter().filter_map(|wish| Some((&wish.path, wish.value.as_ref()?)));
        redact(self.kind, &self.live, &secret_units(wishes, None), digests).into_owned()
    }

    /// The record that it would have.
    fn record(&self, bound: &BoundResource, digests: &Digests) -> ResourceRecord {
        ResourceRecord {
            kind: bound.kind.clone(),
            stateful: bound.stateful,
            name: self.name(bound),
            identifier: Some(self.place.identifier.clone()),
            status: Status::Live,
            seen: Kept::from(&self.redacted(bound, digests)),
            seen_at_ms: self.began_at_ms,
            operated_at_ms: 0,
            fields: Sorted::new(),
            depends_on: bound.depends_on.clone(),
            attempt: 0,
            failure: None,
            attached: true,
            existing: Some(Mode::Owned),
        }
    }
}

/// An ownership tag that is taken off.
fn tag_that_goes((path, live): (schema_documents::FieldPath, Json)) -> FieldOutcome {
    FieldOutcome {
        path,
        decision: Decision::Reset,
        wish: None,
        asked: None,
        seen: Some(live.clone()),
        live: Some(live),
        to: None,
        class: Class::Open,
        consequence: Consequence::InPlace,
        live_moved: false,
        attaches: false,
        settled: true,
        writes: true,
        author: None,
    }
}
