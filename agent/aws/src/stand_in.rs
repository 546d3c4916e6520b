//! A way to be given what no provider provides yet, for tests: only debug builds have it.
//!
//! With `MANIFEST_TEST_PROVIDES=Postgres::` in the environment the kinds whose names begin so are asked of Cloud Control as well.
//! AWS knows none of them; the simulated cloud does, for it knows whatever the catalogue does.

use std::sync::OnceLock;

/// Whether Cloud Control stands in for the provider of a kind.
pub(crate) fn provides(kind: &str) -> bool {
    static PREFIX: OnceLock<Option<String>> = OnceLock::new();
    let prefix = PREFIX.get_or_init(|| std::env::var("MANIFEST_TEST_PROVIDES").ok());
    prefix.as_ref().is_some_and(|prefix| kind.starts_with(prefix))
}
