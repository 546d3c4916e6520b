//! To be written.
use compiler_diagnostics::Diagnostic;
use schema_documents::manifest::Manifest;
use crate::{SourceTree, app::App};

pub(crate) fn scan(_tree: &SourceTree, _app: &App) -> (Manifest, Vec<Diagnostic>) {
    unreachable!("to be written")
}
