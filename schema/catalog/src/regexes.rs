//! Compiled regular expressions of the schemas, each compiled once.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use regex::{Regex, RegexBuilder};

static COMPILED: LazyLock<Mutex<BTreeMap<String, Option<Regex>>>> = LazyLock::new(Mutex::default);

/// Unicode classes with large counts make large automata; the schemas have a few.
const SIZE_LIMIT: usize = 32 << 20;

/// Whether a text matches; `None` if the pattern is none that this engine knows.
pub(crate) fn is_match(pattern: &str, text: &str) -> Option<bool> {
    let compiled = {
        let mut cache = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
        cache
            .entry(pattern.to_owned())
            .or_insert_with(|| RegexBuilder::new(pattern).size_limit(SIZE_LIMIT).build().ok())
            .clone()
    };
    compiled.map(|regex| regex.is_match(text))
}
