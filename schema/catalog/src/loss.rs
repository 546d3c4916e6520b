//! Loss: what is gone for good when a resource that holds data is deleted.

use std::collections::BTreeMap;

use schema_documents::Json;
use schema_documents::journal::Loss;

use crate::{Catalog, Kind};

/// What is said of a kind of which the catalogue says nothing more.
const SOMETHING: &str = "the data in it";

impl Catalog {
    /// What is lost with this generation: what it holds, and what its live properties, secrets as digests, say of copies
    /// elsewhere. A kind that the catalogue does not know holds data like any other.
    pub fn loss(&self, kind: &str, generation: u32, identifier: &str, live: &Json) -> Loss {
        let known = self.kind(kind);
        Loss {
            generation,
            identifier: identifier.to_owned(),
            kind: kind.to_owned(),
            holds: known.and_then(Kind::holds).unwrap_or(SOMETHING).to_owned(),
            given: known.map(|kind| given(kind, live)).unwrap_or_default(),
        }
    }
}

impl Kind {
    /// What a resource of this kind holds, in words, if it holds data.
    pub fn holds(&self) -> Option<&str> {
        self.overlay.holds.as_deref()
    }
}

fn given(kind: &Kind, live: &Json) -> BTreeMap<schema_documents::FieldPath, Json> {
    let paths = kind.overlay.copies.iter().map(crate::Pattern::path);
    paths.filter_map(|path| Some((path.clone(), path.get(live)?.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_lost_counts_the_copies_that_are_kept() {
        let catalog = Catalog::builtin();
        let server = |days: u32| json!({"BackupRetentionPeriod": days, "DBInstanceClass": "db.t4g.micro"});
        let loss = |live: &Json| catalog.loss("AWS::RDS::DBInstance", 1, "shop", live);
        assert_eq!(loss(&server(7)).holds, "every database on the server");
        assert_ne!(loss(&server(7)), loss(&server(0)), "fewer backups are a greater loss");
        let mut larger = server(7);
        larger["DBInstanceClass"] = json!("db.m5.large");
        assert_eq!(loss(&server(7)), loss(&larger), "the size of the machine has nothing to do with it");
        assert_eq!(catalog.loss("AWS::No::Kind", 1, "x", &json!({})).holds, SOMETHING);
    }

    #[test]
    fn every_kind_that_holds_data_says_what() {
        for kind in Catalog::builtin().kinds() {
            assert_eq!(kind.is_stateful(), kind.holds().is_some(), "{}", kind.name);
        }
    }
}
