//! The scanner for apps that use Encore's SDK for Rust.

use compiler_diagnostics::Diagnostic;
use schema_documents::manifest::Manifest;

use crate::SourceTree;
use crate::app::App;

/// Scans an app written in Rust.
pub(crate) fn scan(_tree: &SourceTree, app: &App) -> (Manifest, Vec<Diagnostic>) {
    (Manifest::new(&app.name, app.language), Vec::new())
}
