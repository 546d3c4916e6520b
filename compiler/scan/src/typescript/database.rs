//! SQL databases and their migrations.
//!
//! ```ts
//! const db = new SQLDatabase("site", { migrations: "./migrations" });
//! const other = SQLDatabase.named("monitor");
//! ```

use compiler_diagnostics::{Code, Diagnostic, closest};
use schema_documents::Position;
use schema_documents::manifest::{Database, DatabaseAccess, DatabaseUse, Migration};

use super::found::{Found, Resource};
use super::literal::{Config, Kind, Value, list};
use super::site::Site;
use super::specifier::join;
use super::usage::Usage;
use crate::SourceTree;

/// The tools whose migrations can be read, as `source` names them.
const SOURCES: [&str; 3] = ["prisma", "drizzle", "drizzle/v1"];

/// How a tool lays out its migrations.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// `1_name.up.sql`
    UpAndDown,
    /// `1_name.sql`
    File,
    /// `1_name/migration.sql`
    Folder,
}

/// Reads a database.
pub(super) fn declare(site: Site<'_>, tree: &SourceTree, found: &mut Found) {
    let out = &mut found.diagnostics;
    let config = site.config(1, &["migrations"], out);
    let Some(named) = site.name(0, out) else { return };
    let (path, layout) = migrations_config(site, &config, out);
    let migrations = match &path {
        Some((path, at)) => migrations(tree, path, layout, at, out),
        None => Vec::new(),
    };
    found.manifest.databases.push(Database {
        name: named.name.clone(),
        migrations_path: path.map(|(path, _)| path),
        migrations,
        non_sequential: layout == Layout::Folder,
        at: named.at,
    });
    bind(site, named.name, found);
}

/// Reads `SQLDatabase.named`.
pub(super) fn declare_named(site: Site<'_>, found: &mut Found) {
    if let Some(named) = site.name(0, &mut found.diagnostics) {
        bind(site, named.name, found);
    }
}

fn bind(site: Site<'_>, name: String, found: &mut Found) {
    if let Some(service) = site.service() {
        found.services[service].binds.databases.push(name.clone());
    }
    found.resources.insert(site.key, Resource::Database(name));
}

/// Notes what is done with a database: it is read when all that is done are queries that read, else written.
pub(super) fn note_use(name: &str, usage: &Usage<'_>, found: &mut Found) {
    let access = usage.sql.unwrap_or(DatabaseAccess::Write);
    // Outside of all services a use belongs to nobody: a seed script, the configuration of a migration tool.
    for service in usage.services {
        let uses = &mut found.services[*service].databases;
        match uses.iter_mut().find(|one| one.database == name) {
            Some(known) => known.access = known.access.max(access),
            None => uses.push(DatabaseUse { database: name.to_owned(), access, at: usage.at() }),
        }
    }
}

/// The folder of the migrations, where it is written, and the layout.
fn migrations_config(
    site: Site<'_>,
    config: &Config<'_>,
    out: &mut Vec<Diagnostic>,
) -> (Option<(String, Position)>, Layout) {
    let Some(value) = config.value("migrations") else { return (None, Layout::UpAndDown) };
    if !matches!(value.kind, Kind::Object(_)) {
        let path = config.string("migrations", out);
        return (path.and_then(|path| folder(site, path, value, out)), Layout::UpAndDown);
    }
    let config = config.nested("migrations", &["path", "source"], out);
    let path = match (config.string("path", out), config.value("path")) {
        (Some(path), Some(value)) => folder(site, path, value, out),
        (None, None) => {
            out.push(site.missing_field("migrations.path"));
            None
        }
        _ => None,
    };
    (path, layout(site, &config, out))
}

fn layout(site: Site<'_>, config: &Config<'_>, out: &mut Vec<Diagnostic>) -> Layout {
    match (config.string("source", out), config.value("source")) {
        (Some("drizzle"), _) => Layout::File,
        (Some("prisma" | "drizzle/v1"), _) => Layout::Folder,
        (Some(other), Some(value)) => {
            let guess = closest(other, SOURCES).map(|guess| format!("did you mean `{guess}`?"));
            out.push(
                Diagnostic::error(Code::S0009, format!("`{other}` is not a known source of migrations"))
                    .at(&site.module.at(value.at))
                    .note("the source says how the migration files are named")
                    .help(guess.unwrap_or_else(|| format!("known sources: {}", list(&SOURCES)))),
            );
            Layout::UpAndDown
        }
        _ => Layout::UpAndDown,
    }
}

fn folder(
    site: Site<'_>,
    path: &str,
    value: &Value,
    out: &mut Vec<Diagnostic>,
) -> Option<(String, Position)> {
    let at = site.module.at(value.at);
    let is_below = !path.starts_with('/') && join("", path).is_some();
    let joined = join(site.module.folder(), path).filter(|_| is_below);
    if joined.is_none() {
        let message =
            format!("the migrations folder `{path}` is not below the file that declares the database");
        out.push(
            Diagnostic::error(Code::S0013, message)
                .at(&at)
                .note("the path is relative to the folder of that file, and may not leave it")
                .help("move the migrations into that folder, or the declaration to the migrations"),
        );
    }
    Some((joined?, at))
}

/// The migrations in a folder, in order. Reports a folder that does not exist and files with bad names.
fn migrations(
    tree: &SourceTree,
    folder: &str,
    layout: Layout,
    at: &Position,
    out: &mut Vec<Diagnostic>,
) -> Vec<Migration> {
    if !tree.has_folder(folder) {
        let message = if tree.exists(folder) {
            format!("`{folder}` is a file, not a migrations folder")
        } else {
            format!("the migrations folder `{folder}` does not exist")
        };
        out.push(
            Diagnostic::error(Code::S0013, message)
                .at(at)
                .note("the path is relative to the folder of the file that declares the database")
                .help("create the folder with a first migration, or correct the path"),
        );
        return Vec::new();
    }
    let skip = if folder.is_empty() { 0 } else { folder.len() + 1 };
    let mut migrations = Vec::new();
    for file in tree.below(folder).map(|path| &path[skip..]) {
        match migration(file, layout) {
            Ok(found) => migrations.extend(found),
            Err(expected) => out.push(
                Diagnostic::error(Code::S0012, format!("the migration `{file}` has a bad name"))
                    .at(at)
                    .note("migrations run in the order of the numbers in their names")
                    .help(format!("rename `{folder}/{file}`; a migration is named like `{expected}`")),
            ),
        }
    }
    migrations.sort_by(|a: &Migration, b| a.number.cmp(&b.number).then_with(|| a.file.cmp(&b.file)));
    migrations
}

/// What a file in a migrations folder is: a migration, nothing of interest, or one with a bad name.
fn migration(file: &str, layout: Layout) -> Result<Option<Migration>, &'static str> {
    const SQL: &str = ".sql";
    let found = |number: Option<u64>, expected| {
        number.map(|number| Some(Migration { number, file: file.to_owned() })).ok_or(expected)
    };
    if layout == Layout::Folder {
        return match file.rsplit_once('/') {
            Some((folder, "migration.sql")) if !folder.contains('/') => {
                found(numbered(folder).map(|(number, _)| number), "20260131120000_create_users/migration.sql")
            }
            None if file == "migration.sql" => Err("20260131120000_create_users/migration.sql"),
            _ => Ok(None),
        };
    }
    let Some(stem) = file.strip_suffix(SQL).filter(|_| !file.contains('/')) else { return Ok(None) };
    if layout == Layout::File {
        return found(described(stem), "0001_create_users.sql");
    }
    match stem.rsplit_once('.') {
        Some((stem, "up")) => found(described(stem), "1_create_users.up.sql"),
        Some((stem, "down")) if described(stem).is_some() => Ok(None),
        _ => Err("1_create_users.up.sql"),
    }
}

/// The number of `1_description`, whose description has no dot.
fn described(stem: &str) -> Option<u64> {
    numbered(stem).filter(|(_, rest)| !rest.is_empty() && !rest.contains('.')).map(|(number, _)| number)
}

fn numbered(stem: &str) -> Option<(u64, &str)> {
    let (number, rest) = stem.split_once('_')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| number.parse().ok()).flatten().map(|number| (number, rest))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_app};

    const SERVICE: (&str, &str) = (
        "svc/encore.service.ts",
        "import { Service } from 'encore.dev/service'; export default new Service('svc');",
    );
    const BOUND: &str = r#"services {"name": "svc", "path": "svc", "binds": {"databases": ["d"]}}"#;

    /// A database with this configuration, beside empty files in `svc/m`.
    fn check_migrations(config: &str, files: &[&str], expected: &[&str]) {
        let source = format!(
            "import {{ SQLDatabase }} from 'encore.dev/storage/sqldb';\nnew SQLDatabase('d', {{ migrations: {config} }});"
        );
        let paths: Vec<String> = files.iter().map(|file| format!("svc/m/{file}")).collect();
        let mut all = vec![SERVICE, ("svc/svc.ts", source.as_str())];
        all.extend(paths.iter().map(|path| (path.as_str(), "")));
        let expected: Vec<&str> = expected.iter().copied().chain([BOUND]).collect();
        check_app(&all, &expected);
    }

    #[test]
    fn migrations_are_counted_up_in_the_order_of_their_numbers() {
        check_migrations(
            "'./m'",
            &["10_b.up.sql", "2_a.up.sql", "2_a.down.sql", "README.md", "sub/3_x.up.sql"],
            &[r#"databases {"name": "d", "migrations_path": "svc/m", "migrations": [
                {"number": 2, "file": "2_a.up.sql"}, {"number": 10, "file": "10_b.up.sql"}]}"#],
        );
    }

    #[test]
    fn each_tool_names_its_migrations_its_own_way() {
        check_migrations(
            "{ path: 'm', source: 'drizzle' }",
            &["0000_a.sql", "meta/_journal.json"],
            &[
                r#"databases {"name": "d", "migrations_path": "svc/m", "migrations": [{"number": 0, "file": "0000_a.sql"}]}"#,
            ],
        );
        for source in ["prisma", "drizzle/v1"] {
            let config = format!("{{ path: './m/', source: '{source}' }}");
            check_migrations(
                &config,
                &["20260101_a/migration.sql", "20260101_a/snapshot.json", "lock.toml"],
                &[r#"databases {"name": "d", "migrations_path": "svc/m", "non_sequential": true,
                    "migrations": [{"number": 20260101, "file": "20260101_a/migration.sql"}]}"#],
            );
        }
    }

    #[test]
    fn bad_migrations_are_reported() {
        check_migrations(
            "'./m'",
            &["1_a.sql", "a.up.sql", "2.up.sql"],
            &[
                r#"databases {"name": "d", "migrations_path": "svc/m"}"#,
                "S0012 svc/svc.ts:2:36-2:41 the migration `1_a.sql` has a bad name",
                "S0012 svc/svc.ts:2:36-2:41 the migration `2.up.sql` has a bad name",
                "S0012 svc/svc.ts:2:36-2:41 the migration `a.up.sql` has a bad name",
            ],
        );
        check_migrations(
            "'./n'",
            &[],
            &[
                r#"databases {"name": "d", "migrations_path": "svc/n"}"#,
                "S0013 svc/svc.ts:2:36-2:41 the migrations folder `svc/n` does not exist",
            ],
        );
        for path in ["../../m", "../svc/m", "x/../../svc/m", "/m"] {
            let end = 38 + path.len();
            let reported = format!(
                "S0013 svc/svc.ts:2:36-2:{end} the migrations folder `{path}` is not below the file that declares the database"
            );
            check_migrations(
                &format!("'{path}'"),
                &["1_a.up.sql"],
                &[r#"databases {"name": "d"}"#, &reported],
            );
        }
        check_migrations(
            "{ path: './m', source: 'prismo' }",
            &["1_a.up.sql"],
            &[
                r#"databases {"name": "d", "migrations_path": "svc/m", "migrations": [{"number": 1, "file": "1_a.up.sql"}]}"#,
                "S0009 svc/svc.ts:2:59-2:67 `prismo` is not a known source of migrations",
            ],
        );
    }

    #[test]
    fn a_database_may_be_named_and_used_anywhere() {
        let used = r#"services {"name": "svc", "path": "svc", "binds": {"databases": ["d"]}, "databases": [{"database": "d"}]}"#;
        for rest in [
            "const db = SQLDatabase.named('d'); export const f = () => db.query`DELETE FROM x`;",
            "const orm = drizzle(SQLDatabase.named('d').connectionString);",
            "const f = () => SQLDatabase.named('d').exec`INSERT INTO x VALUES (1)`;",
            "const db = SQLDatabase.named('d'); f({ db });",
            "const db = SQLDatabase.named('d'); const url = db.connectionString;",
            "const db = SQLDatabase.named('d'); const pool = make(db.connectionString); function make(s: string) { return s; }",
            "const db = SQLDatabase.named('d'); const { connectionString } = db;",
            "const db = SQLDatabase.named('d'); const url = `${db.connectionString}?x`;",
            "const keep = wrap(SQLDatabase.named('d')); function wrap<T>(t: T): T { return t; }",
            "const db = SQLDatabase.named('d'); class A { constructor(private d: X) {} } const a = new A(db);",
        ] {
            check(&format!("import {{ SQLDatabase }} from 'encore.dev/storage/sqldb'; {rest}"), &[used]);
        }
        for rest in [
            "const db = SQLDatabase.named('d'); type Db = typeof db;",
            "export const db = SQLDatabase.named('d'); db;",
        ] {
            check(&format!("import {{ SQLDatabase }} from 'encore.dev/storage/sqldb'; {rest}"), &[BOUND]);
        }
        check(
            "import * as sql from 'encore.dev/storage/sqldb'; const db = sql.SQLDatabase.named('d');",
            &[BOUND],
        );
    }

    #[test]
    fn a_name_must_be_written_in_place() {
        check(
            "import { SQLDatabase } from 'encore.dev/storage/sqldb'; const n = 'd'; new SQLDatabase(n); new SQLDatabase();",
            &[
                "S0006 svc/svc.ts:1:88-1:89 the name in `new SQLDatabase` must be a string literal",
                "S0007 svc/svc.ts:1:92-1:109 `new SQLDatabase` needs a name",
            ],
        );
    }

    #[test]
    fn a_database_is_read_when_all_that_is_done_are_queries_that_read() {
        let check_access = |rest: &str, reads: bool| {
            let access = if reads { r#", "access": "read""# } else { "" };
            let used = format!(
                r#"services {{"name": "svc", "path": "svc", "binds": {{"databases": ["d"]}}, "databases": [{{"database": "d"{access}}}]}}"#
            );
            let source = format!(
                "import {{ SQLDatabase }} from 'encore.dev/storage/sqldb'; const db = SQLDatabase.named('d'); {rest}"
            );
            check(&source, &[&used]);
        };
        check_access("db.query`SELECT * FROM x WHERE id = ${id}`; db.queryRow`SELECT 1`;", true);
        check_access("db.rawQuery('SELECT $1', 1); const Q = 'SELECT ' + `1`; db.rawQueryAll(Q);", true);
        check_access("db.query`SELECT 1`; db.exec`UPDATE x SET y = 1`;", false);
        check_access("db.rawQuery(`SELECT ${column} FROM x`);", false);
        check_access("let q = 'SELECT 1'; q = 'DELETE FROM x'; db.rawQuery(q);", false);
        check_access("db.query`SELECT 1`; const tx = await db.begin();", false);
        check_access("db.query`SELECT 1`; f(db);", false);
        check_access("db.query('SELECT 1');", false);
        check_access("db.query`SELECT pay(7)`;", false);
        check_access("function f() { const { query } = db; query`SELECT 1`; }", true);
        check_access("const f = (query: X) => query`SELECT 1`; f(db.query);", true);
        check_access("const f = (query: X) => query; f(db.query);", false);
    }
}
