//! Who made an edit, as far as events tell.

use std::collections::{BTreeMap, BTreeSet};

use schema_documents::path::selector;
use schema_documents::{FieldPath, Json, Millis};

use super::Event;
use crate::live::Key;

/// A change that somebody made of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// Who, where the trail tells.
    pub who: Option<String>,
    /// When, in milliseconds since 1970.
    pub at_ms: Millis,
    /// The words of the call: names of parameters and texts in them, in lower case.
    words: BTreeSet<String>,
}

/// The changes that events told of, by what they touched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authors(BTreeMap<Key, Vec<Author>>);

/// The trail tells whole seconds, and its clock is another one.
const CLOCK_SLACK_MS: u64 = 2_000;

impl Authors {
    /// Remembers that an event touched these.
    pub fn note(&mut self, event: &Event, touched: impl IntoIterator<Item = Key>) {
        let mut words = BTreeSet::new();
        words_of(&event.parameters, &mut words);
        let author = Author { who: event.caller.name.clone(), at_ms: event.at_ms, words };
        for key in touched {
            self.0.entry(key).or_default().push(author.clone());
        }
    }

    /// Who explains that a field has changed between two moments: the last call that speaks of the field; else the only
    /// caller there was. Where several could have, nobody is named.
    pub fn of(&self, key: &Key, path: &FieldPath, since_ms: Millis, until_ms: Millis) -> Option<&Author> {
        let between = since_ms.saturating_sub(CLOCK_SLACK_MS)..=until_ms.saturating_add(CLOCK_SLACK_MS);
        let all = self.0.get(key)?.iter().filter(|author| between.contains(&author.at_ms));
        let speaking = all.clone().filter(|author| author.speaks_of(path)).max_by_key(|author| author.at_ms);
        let last = all.clone().max_by_key(|author| author.at_ms);
        speaking.or_else(|| last.filter(|last| all.clone().all(|author| author.who == last.who)))
    }
}

impl Author {
    fn speaks_of(&self, path: &FieldPath) -> bool {
        let named = path.segments().iter().rev().find(|segment| selector(segment).is_none());
        named.is_some_and(|name| self.words.contains(&name.to_lowercase()))
    }
}

fn words_of(value: &Json, words: &mut BTreeSet<String>) {
    match value {
        Json::Array(items) => items.iter().for_each(|item| words_of(item, words)),
        Json::Object(members) => members.iter().for_each(|(name, value)| {
            words.insert(name.to_lowercase());
            words_of(value, words);
        }),
        Json::String(text) => drop(words.insert(text.to_lowercase())),
        _ => {}
    }
}
