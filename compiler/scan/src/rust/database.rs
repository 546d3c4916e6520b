//! SQL databases, their migrations, and what is done in them.
//!
//! ```text
//! static DB: Database = Database::new("orders").migrations("./migrations");
//! DB.query_one("SELECT state FROM orders WHERE id = $1", &[&id]).await?;
//! report(&DB.read()).await?;
//! ```

use schema_documents::manifest::{Database, DatabaseAccess, DatabaseUse};

use super::fold::Fold;
use super::found::{Found, Resource, Usage};
use super::site::Site;
use super::value::Kind;
use crate::SourceTree;
use crate::migration;
use crate::sql;

/// Reads a database.
pub(super) fn declare(site: Site<'_>, tree: &SourceTree, found: &mut Found) {
    let out = &mut found.diagnostics;
    let folder = site.text("migrations", out).zip(site.given("migrations")).and_then(|(path, value)| {
        let at = site.position(value.at);
        let from = site.program().path(site.module).rsplit_once('/').map_or("", |(folder, _)| folder);
        migration::folder(tree, from, path, &at, out).map(|folder| (folder, at))
    });
    let Some(named) = site.name(0, out) else { return };
    if !site.is_named {
        let migrations = folder.as_ref().map(|(folder, at)| migration::read(tree, folder, at, out));
        found.manifest.databases.push(Database {
            name: named.name.clone(),
            migrations_path: folder.map(|(folder, _)| folder),
            migrations: migrations.unwrap_or_default(),
            non_sequential: false,
            at: named.at,
        });
    }
    if let Some(service) = site.service() {
        found.manifest.services[service].binds.databases.push(named.name.clone());
    }
    found.hold(site, Resource::Database(named.name));
}

/// Notes what is done in a database. Outside of all services a use belongs to nobody: a tool, a seed program.
pub(super) fn note_use(name: &str, usage: &Usage<'_>, found: &mut Found) {
    if usage.method().is_none() {
        let help = "pass on `.read()` or `.write()` of it, which says what may be done";
        found.diagnostics.push(usage.passed_on("database", name, help));
    }
    let access = access(usage);
    for service in usage.services() {
        let uses = &mut found.manifest.services[*service].databases;
        match uses.iter_mut().find(|one| one.database == name) {
            Some(known) => known.access = known.access.max(access),
            None => uses.push(DatabaseUse { database: name.to_owned(), access, at: usage.at() }),
        }
    }
}

fn access(usage: &Usage<'_>) -> DatabaseAccess {
    match usage.method() {
        Some("read" | "read_primary") => DatabaseAccess::Read,
        Some("admin") => DatabaseAccess::Admin,
        Some(
            "query" | "query_one" | "query_opt" | "query_raw" | "query_typed" | "query_typed_raw" | "execute"
            | "execute_raw" | "simple_query" | "batch_execute",
        ) => {
            let text = usage.methods.first().and_then(|method| method.argument.as_ref());
            let fold = Fold::new(usage.names);
            let text = text.and_then(|text| fold.text(usage.types_in, text));
            text.map_or(DatabaseAccess::Write, sql::access)
        }
        Some("build_transaction") if begins_to_read(usage) => DatabaseAccess::Read,
        _ => DatabaseAccess::Write,
    }
}

/// `.build_transaction().read_only(true)`
fn begins_to_read(usage: &Usage<'_>) -> bool {
    let setting = usage.methods.iter().rfind(|method| method.name == "read_only");
    setting.is_some_and(|method| {
        method.argument.as_ref().is_some_and(|argument| argument.kind == Kind::Bool(true))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_app};

    const DECLARED: &str = r#"databases {"name": "d"}"#;

    /// A database, and a function that uses it.
    #[track_caller]
    fn check_use(body: &str, access: &str, others: &[&str]) {
        let source = format!(
            "use encore::storage::postgres::Database; static DB: Database = Database::new(\"d\"); const Q: &str = \"SELECT 1\";\nasync fn f() {{ {body} }}"
        );
        let used = format!(
            r#"services {{"name": "svc", "path": "svc", "binds": {{"databases": ["d"]}}, "databases": [{{"database": "d"{access}}}]}}"#
        );
        check(&source, &[&[DECLARED, used.as_str()], others].concat());
    }

    #[test]
    fn what_only_reads_may_only_read() {
        let read = r#", "access": "read""#;
        for body in [
            "DB.query(\"SELECT * FROM a\", &[]).await?;",
            "DB.query_opt(Q, &[&id]).await?.map(|row| row.get(0));",
            "let a = DB.read();",
            "g(&DB.read_primary());",
            "let tx = DB.build_transaction().read_only(true).start().await?;",
            "Database::query_one(&DB, \"SELECT 1\", &[]);",
            "println!(\"{}\", DB.query_one(\"SELECT 1\", &[]).await?.get(0));",
        ] {
            check_use(body, read, &[]);
        }
    }

    #[test]
    fn what_may_write_may_write() {
        for body in [
            "DB.execute(\"DELETE FROM a\", &[]).await?;",
            "DB.execute(&format!(\"SELECT {x}\"), &[]).await?;",
            "DB.query(sql, &[]);",
            "DB.transaction();",
            "DB.acquire().await?.query(\"SELECT 1\", &[]);",
            "g(DB.connection_string());",
            "DB.write();",
            "DB.read(); DB.write();",
            "tokio::select! { x = DB.query(\"SELECT 1\", &[]) => {}, y = DB.execute(y, &[]) => {} }",
        ] {
            check_use(body, "", &[]);
        }
        check_use("DB.admin();", r#", "access": "admin""#, &[]);
    }

    #[test]
    fn a_database_that_is_passed_on_is_reported() {
        check_use(
            "g(&DB);",
            "",
            &["S0018 svc/src/main.rs:2:19-2:21 the database `d` is passed on as a value"],
        );
        check_use(
            "S { db: &DB };",
            "",
            &["S0018 svc/src/main.rs:2:25-2:27 the database `d` is passed on as a value"],
        );
        check_use("encore::testing::x(&DB); DB.write();", "", &[]);
    }

    #[test]
    fn migrations_lie_below_the_file_that_declares_the_database() {
        let service = ("svc/encore.service.json", r#"{"name": "svc", "lang": "rust"}"#);
        let source = "use encore::storage::postgres::Database; pub static DB: Database = Database::new(\"d\").migrations(\"./m\");";
        check_app(
            &[
                service,
                ("svc/src/main.rs", "mod a;"),
                ("svc/src/a/mod.rs", source),
                ("svc/src/a/m/2_b.up.sql", ""),
                ("svc/src/a/m/1_a.up.sql", ""),
                ("svc/src/a/m/1_a.down.sql", ""),
            ],
            &[
                r#"services {"name": "svc", "path": "svc", "binds": {"databases": ["d"]}}"#,
                r#"databases {"name": "d", "migrations_path": "svc/src/a/m", "migrations": [
                    {"number": 1, "file": "1_a.up.sql"}, {"number": 2, "file": "2_b.up.sql"}]}"#,
            ],
        );
    }
}
