//! What a process is told when it starts: where its databases, topics, buckets and the other services are, and in which
//! variables its secrets are.
//!
//! Encore's two runtimes read different documents. That of Go reads an [infrastructure configuration](infra) from a file. The
//! core runtime, which runs TypeScript, Python and Rust, reads one as well, but cannot be told there that a topic keeps an order
//! or who signs the calls of cron jobs: it gets its own [runtime configuration](core), from a variable.
//!
//! No secret is in either: they name the variable that holds it.

pub mod core;
pub mod infra;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Reads either document. The error says what is wrong with it.
pub fn read<T: serde::de::DeserializeOwned>(document: &crate::Json) -> Result<T, String> {
    serde_json::from_value(document.clone()).map_err(|error| error.to_string())
}

/// A variable of the process that holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// Its name.
    #[serde(rename = "$env")]
    pub name: String,
}

/// Entries by the name that the app gave.
pub type Named<T> = BTreeMap<String, T>;
