//! Which language's rules and defaults apply where, in an app that may have several.

use std::collections::BTreeMap;

use schema_documents::Position;
use schema_documents::manifest::{Language, Manifest};

/// The language in which something is declared, told by the file; that of the app in a manifest that was written by hand.
pub(crate) fn of_declaration(manifest: &Manifest, at: &Position) -> Language {
    match at.file.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "go" => Language::Go,
        "ts" | "mts" | "cts" | "tsx" => Language::Typescript,
        "py" => Language::Python,
        "rs" => Language::Rust,
        _ => manifest.language,
    }
}

/// The languages of an app's services.
pub(crate) struct Languages<'m> {
    app: Language,
    services: BTreeMap<&'m str, Language>,
}

impl<'m> Languages<'m> {
    pub(crate) fn of(manifest: &'m Manifest) -> Self {
        let own = manifest.services.iter();
        let services = own.filter_map(|service| Some((service.name.as_str(), service.language?))).collect();
        Self { app: manifest.language, services }
    }

    /// The language whose defaults apply to a service.
    pub(crate) fn of_service(&self, name: &str) -> Language {
        self.services.get(name).copied().unwrap_or(self.app)
    }
}
