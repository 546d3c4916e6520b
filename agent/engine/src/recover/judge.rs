//! Which live resource is which resource of the document.

use std::collections::{BTreeMap, BTreeSet};

use schema_catalog::{Kind, NaturalKey, compare};
use schema_documents::desired::{Mode, NameStem, Resource, SUFFIX_LENGTH};
use schema_documents::recovery::{Finding, Proof, There};
use schema_documents::{FieldPath, Json, ResourceId, Value, canonical};

use super::{Answer, Question, Search};
use crate::bind::{self, Binding, BoundResource};
use crate::diff;

/// How far a resource could be judged.
enum Judged {
    /// Its finding.
    There(There, u32),
    /// An answer is still to come.
    Later,
    /// It cannot be looked for.
    Not(String),
}

/// The identifiers that a finding speaks of.
pub(super) fn identifiers(finding: &Finding) -> Vec<&str> {
    match &finding.there {
        There::One { identifier, .. } => vec![identifier],
        There::Several { identifiers } => identifiers.iter().map(String::as_str).collect(),
        There::Nothing {} => Vec::new(),
    }
}

impl Search {
    /// Judges every resource whose parents are judged. Whether there is anything left to ask or to judge.
    pub(super) fn judge(&mut self) -> bool {
        let mut progress = false;
        let ids: Vec<ResourceId> = self.desired.resources.keys().cloned().collect();
        for id in ids {
            if self.findings.contains_key(&id) || self.unanswered.contains_key(&id) {
                continue;
            }
            let Some(resource) = self.desired.resources.get(&id).cloned() else { continue };
            if !self.parents_are_judged(&id, &resource) {
                continue;
            }
            progress = true;
            match self.judge_one(&id, &resource) {
                Judged::Later => {}
                Judged::There(there, generation) => {
                    let existing = self.existing(&resource, &there);
                    let found = Finding { existing, ..finding(&id, &resource, there, generation) };
                    self.settle(found);
                }
                Judged::Not(why) => {
                    self.unanswered.insert(id, why);
                }
            }
        }
        progress
    }

    fn parents_are_judged(&self, id: &ResourceId, resource: &Resource) -> bool {
        let parents = resource.dependencies().into_iter().filter(|parent| parent != id);
        parents
            .filter(|parent| self.desired.resources.contains_key(parent))
            .all(|parent| self.findings.contains_key(&parent) || self.unanswered.contains_key(&parent))
    }

    fn judge_one(&mut self, id: &ResourceId, resource: &Resource) -> Judged {
        let Some(kind) = self.kind(&resource.kind) else {
            return Judged::Not(format!("this agent has no provider for `{}`", resource.kind));
        };
        if let Some(told) = self.told.get(id).cloned() {
            return self.as_told(id, kind, told);
        }
        if let Some(existing) = resource.existing.clone().filter(|existing| existing.mode == Mode::Reference)
        {
            return self.as_referred_to(id, kind, &existing.identifier);
        }
        let bound = self.bound(id, resource);
        if kind.tags.is_some() { self.by_tags(id, kind, &bound) } else { self.by_key(id, kind, &bound) }
    }

    fn bound(&self, id: &ResourceId, resource: &Resource) -> BoundResource {
        let hidden = BTreeSet::new();
        let (desired, recorded, catalog) = (&self.desired, &self.recorded, self.catalog);
        Binding { desired, recorded, catalog, hidden: &hidden }.bind(id, resource)
    }

    // --- a person's word

    fn as_told(&mut self, id: &ResourceId, kind: &Kind, told: Option<String>) -> Judged {
        let Some(identifier) = told else { return Judged::There(There::Nothing {}, 1) };
        let question = Question::Read(kind.name.clone(), identifier.clone());
        if self.want(question.clone()) {
            return Judged::Later;
        }
        if let Some(Answer::Not(why)) = self.answers.get(&question) {
            return Judged::Not(why.clone());
        }
        let key = (kind.name.clone(), identifier);
        let Some(candidate) = self.candidates.get(&key) else {
            return Judged::Not(format!("there is no `{}` that is `{}`", kind.name, key.1));
        };
        let generation = self.claim(kind, &candidate.live).map_or(1, |(_, generation)| generation);
        Judged::There(self.one(id, kind, &key.1, Proof::Person), generation)
    }

    /// What is only referred to has no tags: the document names it.
    fn as_referred_to(&mut self, id: &ResourceId, kind: &Kind, identifier: &str) -> Judged {
        let question = Question::Read(kind.name.clone(), identifier.to_owned());
        if self.want(question.clone()) {
            return Judged::Later;
        }
        match self.answers.get(&question) {
            Some(Answer::Not(why)) => Judged::Not(why.clone()),
            _ => Judged::There(self.one(id, kind, identifier, Proof::Document), 1),
        }
    }

    // --- by tags

    fn by_tags(&mut self, id: &ResourceId, kind: &Kind, bound: &BoundResource) -> Judged {
        let list = match self.list(kind, bound) {
            Ok(list) => list,
            Err(judged) => return judged,
        };
        if self.want(list.clone()) {
            return Judged::Later;
        }
        if let Some(why) = self.why_not(kind, &list) {
            return Judged::Not(why);
        }
        let claims: BTreeMap<String, u32> = self
            .of_kind(kind)
            .filter_map(|(identifier, live)| {
                let (resource, generation) = self.claim(kind, live)?;
                (resource == id.as_str()).then(|| (identifier.to_owned(), generation))
            })
            .collect();
        // Whatever comes after several gets a number that none of them has.
        let newest = claims.values().copied().max().unwrap_or(0);
        match claims.len() {
            0 => Judged::There(There::Nothing {}, 1),
            1 => {
                let identifier = claims.into_keys().next().unwrap_or_default();
                Judged::There(self.one(id, kind, &identifier, Proof::Tags), newest)
            }
            _ => Judged::There(There::Several { identifiers: claims.into_keys().collect() }, newest + 1),
        }
    }

    /// The resource and the generation that a live resource's tags name, if they name this environment.
    pub(super) fn claim(&self, kind: &Kind, live: &Json) -> Option<(String, u32)> {
        let tags = bind::ownership(kind, live)?;
        let ours = tags.app == self.desired.app && tags.environment == self.desired.environment.name;
        ours.then_some((tags.resource, tags.generation))
    }

    /// What the environment does with a found resource, where somebody else made it: the document says so, or its tags do. So
    /// what was imported is never taken for what was made, whatever has become of the line that imported it.
    fn existing(&self, resource: &Resource, there: &There) -> Option<Mode> {
        let is_imported = |live| {
            let kind = self.kind(&resource.kind)?;
            bind::ownership(kind, live).map(|tags| tags.is_imported)
        };
        let said = resource.existing.as_ref().map(|existing| existing.mode);
        said.or_else(|| match there {
            There::One { live, .. } if is_imported(live) == Some(true) => Some(Mode::Owned),
            _ => None,
        })
    }

    /// Whether what a list shows does not contradict that a resource is ours. Most lists show identifiers only.
    pub(super) fn may_be_ours(&self, kind: &Kind, shown: &Json) -> bool {
        let shows_tags = kind.tags.as_ref().is_some_and(|tags| tags.get(shown).is_some());
        !shows_tags || self.claim(kind, shown).is_some()
    }

    // --- by natural key

    fn by_key(&mut self, id: &ResourceId, kind: &Kind, bound: &BoundResource) -> Judged {
        let Some(NaturalKey::Properties(paths)) = kind.natural_key() else {
            return Judged::Not("nothing tells it from others of its kind: name its identifier".to_owned());
        };
        if let Some(missing) = self.missing_parent(bound, paths) {
            return missing;
        }
        let body = &body(bound);
        let question = match kind.identifier_of(body) {
            Some(identifier) => Question::Read(kind.name.clone(), identifier),
            None => match self.list(kind, bound) {
                Ok(list) => list,
                Err(judged) => return judged,
            },
        };
        if self.want(question.clone()) {
            return Judged::Later;
        }
        if let Some(why) = self.why_not(kind, &question) {
            return Judged::Not(why);
        }
        let siblings = self.findings.values().filter(|finding| finding.kind == kind.name);
        let taken: BTreeSet<&str> = siblings.flat_map(identifiers).collect();
        let same: BTreeSet<String> = self
            .of_kind(kind)
            .filter(|(identifier, live)| {
                !taken.contains(identifier) && has_key(kind, paths, bound.name.as_ref(), body, live)
            })
            .map(|(identifier, _)| identifier.to_owned())
            .collect();
        match same.len() {
            0 => Judged::There(There::Nothing {}, 1),
            1 => {
                let identifier = same.into_iter().next().unwrap_or_default();
                Judged::There(self.one(id, kind, &identifier, Proof::NaturalKey), 1)
            }
            _ => Judged::There(There::Several { identifiers: same }, 2),
        }
    }

    /// What follows when a part of the key is an output of something that was not found: below nothing there is nothing,
    /// and below something unknown anything may be.
    fn missing_parent(&self, bound: &BoundResource, paths: &[FieldPath]) -> Option<Judged> {
        let in_key = |path: &FieldPath| paths.iter().any(|key| path.is_within(key) || key.is_within(path));
        let waits = bound.wishes.iter().filter(|wish| in_key(&wish.path));
        let mut parents = waits.filter_map(|wish| wish.value.as_ref()).flat_map(Value::references);
        let parent = parents.next()?;
        let there = self.findings.get(&parent.resource).map(|finding| &finding.there);
        Some(match there {
            Some(There::Nothing {}) => Judged::There(There::Nothing {}, 1),
            _ => Judged::Not(format!("it is known by `{}`, which is not told from others", parent.resource)),
        })
    }

    // --- what the cloud has

    /// The question that shows all resources among which this one would be.
    fn list(&self, kind: &Kind, bound: &BoundResource) -> Result<Question, Judged> {
        let Some(list) = kind.handlers.get("list") else {
            return Err(Judged::Not("its kind cannot be listed: name its identifier".to_owned()));
        };
        let paths: Vec<FieldPath> = list.requires.iter().map(|name| FieldPath::root().child(name)).collect();
        if let Some(missing) = self.missing_parent(bound, &paths) {
            return Err(missing);
        }
        let body = body(bound);
        let needed = list.requires.iter().filter_map(|name| Some((name.clone(), body.get(name)?.clone())));
        let parent: serde_json::Map<String, Json> = needed.collect();
        let parent = (!parent.is_empty()).then(|| canonical::to_string(&Json::Object(parent)));
        Ok(Question::List(kind.name.clone(), parent))
    }

    /// Why the answer to a question does not count: it was not given, or not all that it showed could be read.
    fn why_not(&self, kind: &Kind, question: &Question) -> Option<String> {
        let not = |question: &Question| match self.answers.get(question) {
            Some(Answer::Not(why)) => Some(why.clone()),
            _ => None,
        };
        let reads = self.answers.keys().filter(|asked| match (asked, question) {
            (Question::Read(read, _), Question::List(..)) => *read == kind.name,
            _ => false,
        });
        not(question).or_else(|| reads.into_iter().find_map(not))
    }

    fn of_kind<'a>(&'a self, kind: &'a Kind) -> impl Iterator<Item = (&'a str, &'a Json)> {
        let all = self.candidates.iter().filter(|((name, _), _)| *name == kind.name);
        all.map(|((_, identifier), candidate)| (identifier.as_str(), &candidate.live))
    }

    fn one(&self, id: &ResourceId, kind: &Kind, identifier: &str, by: Proof) -> There {
        let key = (kind.name.clone(), identifier.to_owned());
        let (Some(candidate), Some(resource)) = (self.candidates.get(&key), self.desired.resources.get(id))
        else {
            return There::Nothing {};
        };
        let stem = resource.name.as_ref();
        let name = stem.and_then(|stem| stem.path.get(&candidate.live)?.as_str().map(str::to_owned));
        let units = bind::split(kind, Value::Object(resource.properties.clone()));
        let secrets = diff::secret_units(units.iter().map(|(path, value)| (path, value)), None);
        There::One {
            identifier: identifier.to_owned(),
            name,
            by,
            live: diff::redact(kind, &candidate.live, &secrets, &self.digests).into_owned(),
            began_at_ms: candidate.began_at_ms,
        }
    }
}

fn finding(id: &ResourceId, resource: &Resource, there: There, generation: u32) -> Finding {
    Finding {
        resource: id.clone(),
        generation,
        kind: resource.kind.clone(),
        stateful: resource.stateful,
        depends_on: resource.dependencies(),
        existing: None,
        there,
    }
}

fn body(bound: &BoundResource) -> Json {
    bound.body.as_ref().map_or(Json::Null, Value::to_document)
}

/// Whether a live resource has the key of the wanted one. Of a physical name only what comes before and after its suffix
/// is known, since that was drawn from the lost journal.
fn has_key(kind: &Kind, paths: &[FieldPath], stem: Option<&NameStem>, body: &Json, live: &Json) -> bool {
    paths.iter().all(|path| match (path.get(body), path.get(live)) {
        (_, Some(Json::String(name))) if stem.is_some_and(|stem| stem.path == *path) => {
            stem.is_some_and(|stem| is_named(stem, name))
        }
        (Some(wanted), Some(live)) => compare::equal(kind, path, wanted, live),
        (Some(wanted), None) => kind.default_at(path) == Some(wanted),
        // The cloud fills in parts of a key that others say already.
        (None, _) => true,
    })
}

fn is_named(stem: &NameStem, name: &str) -> bool {
    let suffix = name.strip_prefix(&stem.stem).and_then(|rest| rest.strip_suffix(&stem.ending));
    suffix.is_some_and(|suffix| suffix.len() == SUFFIX_LENGTH && suffix.starts_with('-'))
}
