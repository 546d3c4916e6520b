//! SQL databases.

use std::collections::BTreeMap;

use compiler_diagnostics::Diagnostic;
use schema_documents::Position;
use schema_documents::manifest::{Manifest, Migration};

use crate::cross::{self, Primitive};
use crate::{language, name};

/// A SQL database.
#[derive(Clone, Debug, PartialEq)]
pub struct Database {
    /// Name, unique in the app.
    pub name: String,
    /// Folder of the migrations, relative to the app.
    pub migrations_path: Option<String>,
    /// The migrations, in order.
    pub migrations: Vec<Migration>,
    /// Whether migration numbers need not be sequential.
    pub non_sequential: bool,
    /// The declaration.
    pub at: Position,
}

pub(crate) fn resolve(manifest: &Manifest, found: &mut Vec<Diagnostic>) -> BTreeMap<String, Database> {
    let declared = manifest.databases.iter().map(|database| (database.name.as_str(), &database.at, database));
    let mut databases = BTreeMap::new();
    for (name, database) in cross::unique(Primitive::Database, None, declared, found) {
        name::check(
            language::of_declaration(manifest, &database.at),
            Primitive::Database,
            name,
            &database.at,
            found,
        );
        let database = Database {
            name: name.to_owned(),
            migrations_path: database.migrations_path.clone(),
            migrations: database.migrations.clone(),
            non_sequential: database.non_sequential,
            at: database.at.clone(),
        };
        databases.insert(name.to_owned(), database);
    }
    databases
}
