//! SQL databases and their migrations.
//!
//! ```python
//! db = postgres.Database("orders", migrations="./migrations")
//! other = postgres.Database.named("users")
//! rows = await db.query("SELECT 1").all()
//! await report(other.read())
//! ```

use schema_documents::manifest::{Database, DatabaseAccess, DatabaseUse};

use super::found::{Found, Resource, Usage};
use super::site::{Signature, Site};
use crate::SourceTree;
use crate::migration;
use crate::sql;

/// Reads a database.
pub(super) fn declare(site: Site<'_>, tree: &SourceTree, found: &mut Found) {
    let out = &mut found.diagnostics;
    let given = site.arguments(Signature { positional: &["name"], named: &["migrations"] }, out);
    let Some(named) = given.name("name", out) else { return };
    let (mut migrations_path, mut migrations) = (None, Vec::new());
    if let (Some(written), Some(value)) = (given.text("migrations", out), given.value("migrations")) {
        let at = site.module.at(value.at);
        let folder = site.module.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        migrations_path = migration::folder(tree, folder, written, &at, out);
        if let Some(folder) = &migrations_path {
            migrations = migration::read(tree, folder, &at, out);
        }
    }
    found.manifest.databases.push(Database {
        name: named.name.clone(),
        migrations_path,
        migrations,
        non_sequential: false,
        at: named.at,
    });
    bind(site, named.name, found);
}

/// Reads `Database.named`.
pub(super) fn declare_named(site: Site<'_>, found: &mut Found) {
    let out = &mut found.diagnostics;
    let given = site.arguments(Signature { positional: &["name"], named: &[] }, out);
    if let Some(named) = given.name("name", out) {
        bind(site, named.name, found);
    }
}

fn bind(site: Site<'_>, name: String, found: &mut Found) {
    if let Some(service) = site.service() {
        found.manifest.services[service].binds.databases.push(name.clone());
    }
    found.resources.insert(site.key, Resource::Database(name));
}

/// Notes what is done with a database.
pub(super) fn note_use(name: &str, usage: &Usage<'_>, found: &mut Found) {
    let access = match usage.member() {
        None if usage.is_harmless(None) => return,
        None => {
            let help = "pass on `db.read()`, `db.write()` or `db.admin()`";
            found.diagnostics.push(usage.passed_on("database", name, help));
            DatabaseAccess::Write
        }
        Some("name") => return,
        Some("read") => DatabaseAccess::Read,
        Some("admin") => DatabaseAccess::Admin,
        Some("query" | "exec") => {
            let sql = usage.one.sql.as_ref().and_then(|sql| usage.program.text(usage.file, sql));
            sql.map_or(DatabaseAccess::Write, sql::access)
        }
        // `write()`, a transaction, a connection, the address for another client.
        Some(_) => DatabaseAccess::Write,
    };
    // Outside of all services a use belongs to nobody: a seed script, the configuration of a migration tool.
    for service in usage.services() {
        let uses = &mut found.manifest.services[*service].databases;
        match uses.iter_mut().find(|one| one.database == name) {
            Some(known) => known.access = known.access.max(access),
            None => uses.push(DatabaseUse { database: name.to_owned(), access, at: usage.at() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_app, check_uses};

    const SERVICE: (&str, &str) = ("svc/encore.service.json", r#"{"name": "svc", "lang": "python"}"#);
    const HEAD: &str = "from encore.storage import postgres as pg\n";

    #[test]
    fn a_database_has_migrations_below_its_file() {
        let source = format!("{HEAD}db = pg.Database('d', migrations='./m')");
        check_app(
            &[SERVICE, ("svc/db.py", &source), ("svc/m/2_b.up.sql", ""), ("svc/m/1_a.up.sql", "")],
            &[
                r#"services {"name": "svc", "path": "svc", "binds": {"databases": ["d"]}}"#,
                r#"databases {"name": "d", "migrations_path": "svc/m", "migrations": [
                    {"number": 1, "file": "1_a.up.sql"}, {"number": 2, "file": "2_b.up.sql"}]}"#,
            ],
        );
        check(
            &format!("{HEAD}db = pg.Database('d', migrations=None)\nother = pg.Database.named('e')"),
            &[
                r#"services {"name": "svc", "path": "svc", "binds": {"databases": ["d", "e"]}}"#,
                r#"databases {"name": "d"}"#,
            ],
        );
        check(
            &format!("{HEAD}db = pg.Database('d', migrations='../m')"),
            &[
                r#"services {"name": "svc", "path": "svc", "binds": {"databases": ["d"]}}"#,
                r#"databases {"name": "d"}"#,
                "S0013 svc/svc.py:2:34-2:40 the migrations folder `../m` is not a folder below this file's",
            ],
        );
    }

    #[test]
    fn what_is_done_decides_the_access() {
        let read = r#"[{"database": "d", "access": "read"}]"#;
        let write = r#"[{"database": "d"}]"#;
        let admin = r#"[{"database": "d", "access": "admin"}]"#;
        for (rest, expected) in [
            ("r.query('SELECT 1')", read),
            ("r.query(\"\"\"\n  SELECT a, b\n\"\"\" 'FROM t WHERE id = $1', x)", read),
            ("SQL = 'SELECT 1'\nasync def f():\n    async for row in r.query(SQL): ...", read),
            ("async def f():\n    return await g(r.read(primary=True))", read),
            ("reader = r.read()\nreader.query(x)", read),
            ("r.query(f'SELECT {x}')", write),
            ("SQL = 'SELECT 1'\nSQL = x\nr.query(SQL)", write),
            ("r.query('DELETE FROM t')", write),
            ("r.query('SELECT 1'); r.exec('INSERT INTO t VALUES (1)')", write),
            ("r.exec(sql=x)", write),
            ("create_engine(r.connection_string)", write),
            ("async def f():\n    async with r.begin() as tx:\n        tx.query('SELECT 1')", write),
            ("g(r.write())", write),
            ("g(r.query)", write),
            ("g(r.admin()); r.read()", admin),
            ("print(r.name); r is None", "null"),
        ] {
            check_uses("postgres.Database('d')", rest, "databases", expected);
        }
        check_uses("postgres.Database.named('d')", "r.read()", "databases", read);
    }

    #[test]
    fn a_database_that_is_passed_on_is_reported() {
        for (rest, place) in [
            ("f(db)", "3:3-3:5"),
            ("f(x=db)", "3:5-3:7"),
            ("def f():\n    c = db", "4:9-4:11"),
            ("x = [db]", "3:6-3:8"),
            ("x = None\nx = db", "4:5-4:7"),
        ] {
            check(
                &format!("{HEAD}db = pg.Database.named('d')\n{rest}"),
                &[
                    r#"services {"name": "svc", "path": "svc", "binds": {"databases": ["d"]}, "databases": [{"database": "d"}]}"#,
                    &format!("S0018 svc/svc.py:{place} the database `d` is passed on as a value"),
                ],
            );
        }
    }

    #[test]
    fn a_constant_is_followed_into_another_file() {
        check_app(
            &[
                SERVICE,
                ("svc/sql.py", "COUNT = 'SELECT count(*) FROM t'"),
                (
                    "svc/svc.py",
                    "from encore.storage import postgres\nfrom . import sql\ndb = postgres.Database.named('d')\ndb.query(sql.COUNT)",
                ),
            ],
            &[
                r#"services {"name": "svc", "path": "svc", "binds": {"databases": ["d"]}, "databases": [{"database": "d"}]}"#,
            ],
        );
    }
}
