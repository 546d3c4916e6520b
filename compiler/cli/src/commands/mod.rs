//! One file per command.

pub(crate) mod bootstrap;
pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod graph;
pub(crate) mod import;
pub(crate) mod publish;
pub(crate) mod scan;
pub(crate) mod schema;
pub(crate) mod settings;
