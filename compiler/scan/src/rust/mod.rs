//! The scanner for apps that use Encore's SDK for Rust.

use compiler_diagnostics::Diagnostic;
use schema_documents::manifest::Manifest;

use crate::SourceTree;
use crate::app::App;
use crate::service_file::ServiceFiles;

/// Scans an app written in Rust.
///
/// Its services are those that `services` has in this language.
pub(crate) fn scan(_tree: &SourceTree, app: &App, services: &ServiceFiles) -> (Manifest, Vec<Diagnostic>) {
    let manifest =
        Manifest { services: services.in_language(app.language), ..Manifest::new(&app.name, app.language) };
    (manifest, Vec::new())
}
