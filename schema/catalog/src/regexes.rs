//! Compiled regular expressions of the schemas, each compiled once.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex::{Regex, RegexBuilder};

/// Shared and not cloned: a clone of a regex begins without the automaton that the others have built.
static COMPILED: LazyLock<Mutex<BTreeMap<String, Option<Arc<Regex>>>>> = LazyLock::new(Mutex::default);

/// Unicode classes with large counts make large automata; the schemas have a few.
const SIZE_LIMIT: usize = 32 << 20;

/// Whether a text matches; `None` if the pattern is none that this engine knows.
pub(crate) fn is_match(pattern: &str, text: &str) -> Option<bool> {
    let compiled = {
        let mut cache = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
        match cache.get(pattern) {
            Some(known) => known.clone(),
            None => cache.entry(pattern.to_owned()).or_insert(compile(pattern)).clone(),
        }
    };
    compiled.map(|regex| regex.is_match(text))
}

fn compile(pattern: &str) -> Option<Arc<Regex>> {
    RegexBuilder::new(pattern).size_limit(SIZE_LIMIT).build().ok().map(Arc::new)
}
