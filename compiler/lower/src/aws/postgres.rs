//! What lives inside a database server: the databases, and for each process that uses some of them a role of its own with a
//! password of its own, which is granted what the code does in each database. The administrator of the server is nobody's role.

use std::collections::BTreeMap;

use compiler_model::Database;
use schema_documents::manifest::DatabaseAccess;
use schema_documents::{Origin, ResourceId, Value};
use serde_json::json;

use super::{database, secret};
use crate::builder::{Draft, Lowering, id, output};
use crate::processes::Process;

/// A server, as those see it who make something in it.
pub(crate) struct Server {
    pub name: String,
    /// Host and port.
    pub address: Value,
    /// The secret of its administrator.
    pub administrator: Value,
}

/// The id of a database.
pub(crate) fn database_id(database: &str) -> ResourceId {
    id(["database", database, "database"])
}

/// The id of a process's role in a server.
pub(crate) fn role_id(server: &str, process: &Process) -> ResourceId {
    id(["database", server, "role", &process.name])
}

/// The id of the role's password.
pub(crate) fn password_id(server: &str, process: &Process) -> ResourceId {
    id(["database", server, "password", &process.name])
}

/// The variable by which the process gets it.
pub(crate) fn variable(server: &str) -> String {
    format!("MANIFEST_DATABASE_{server}_PASSWORD")
}

pub(crate) fn lower(
    lowering: &mut Lowering<'_>,
    server: &Server,
    databases: &[&Database],
    processes: &[Process],
) {
    for declared in databases {
        let why = Lowering::declared(&declared.at);
        let draft = server.draft(database_id(&declared.name), "Postgres::Database", &why);
        // One runtime takes the name in the app for that in the server, so that they are one.
        lowering.add(draft.set("Name", &declared.name));
    }
    for process in processes {
        let used = database::servers_of(lowering, process).remove(&server.name).unwrap_or_default();
        if !used.is_empty() {
            role(lowering, server, process, &used);
        }
    }
}

fn role(
    lowering: &mut Lowering<'_>,
    server: &Server,
    process: &Process,
    used: &BTreeMap<&str, DatabaseAccess>,
) {
    let why = &process.origin;
    let name = [server.name.as_str(), process.name.as_str()];
    let what = format!("password of process {} in database server {}", process.name, server.name);
    let password = password_id(&server.name, process);
    secret::generated(lowering, password.clone(), &name, "database-password", &what, why);
    let draft = server.draft(role_id(&server.name, process), "Postgres::Role", why).named([&process.name]);
    let role = lowering.add(draft.set("Password", output(&password, "/Id")));
    for (database, access) in used {
        let draft = server.draft(id(["database", database, "grant", &process.name]), "Postgres::Grant", why);
        lowering.add(
            draft
                .set("Database", output(&database_id(database), "/Name"))
                .set("Role", output(&role, "/Name"))
                .set("Access", access),
        );
    }
}

impl Server {
    fn draft(&self, id: ResourceId, kind: &'static str, why: &Origin) -> Draft {
        Draft::new(id, kind, why)
            .properties(json!({ "Server": self.address, "Administrator": self.administrator }))
    }
}
