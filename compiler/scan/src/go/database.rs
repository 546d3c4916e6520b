//! SQL databases: `sqldb.NewDatabase`, `sqldb.Named`, and the database that a folder `migrations` once made.

use std::collections::BTreeSet;

use compiler_diagnostics::{Code as Number, Diagnostic, closest};
use schema_documents::Position;
use schema_documents::manifest::{Database, DatabaseAccess, DatabaseUse};

use super::Found;
use super::declaration::{Config, Constructor, Declared, declared};
use super::facts::{Action, Role};
use super::program::{Doing, File, Program, ServiceId, Site};
use crate::{migration, sql};

const PACKAGE: &str = "encore.dev/storage/sqldb";

const NEW_DATABASE: Constructor = Constructor {
    package: PACKAGE,
    function: "NewDatabase",
    usage: "sqldb.NewDatabase(\"name\", sqldb.DatabaseConfig{Migrations: \"./migrations\"})",
    types: 0..=0,
    arguments: 2,
};

const NAMED: Constructor = Constructor {
    package: PACKAGE,
    function: "Named",
    usage: "sqldb.Named(\"name\")",
    types: 0..=0,
    arguments: 1,
};

/// Functions of the package itself, which mean the database of the service.
const PACKAGE_LEVEL: [&str; 7] = ["Exec", "ExecTx", "QueryRow", "QueryRowTx", "Query", "QueryTx", "Begin"];

/// A package-level variable that holds a database, or something made of one.
struct Variable {
    /// Import path and name.
    key: (String, String),
    database: String,
}

/// Finds the databases and who uses them.
pub(super) fn scan(program: &Program<'_>, found: &mut Found) {
    let mut variables = Vec::new();
    for each in declared(program, &NEW_DATABASE, found) {
        let Some((name, at)) = each.name(0, found) else { continue };
        let database = database(program, &each, name.clone(), at, found);
        found.manifest.databases.push(database);
        variables.extend(bind(program, &each, name, found));
    }
    implicit(program, found);
    for each in declared(program, &NAMED, found) {
        let Some((name, _)) = each.name(0, found) else { continue };
        if !found.manifest.databases.iter().any(|database| database.name == name) {
            let diagnostic = unknown(program, &each, &name, found);
            found.diagnostics.extend(diagnostic);
        }
        variables.extend(bind(program, &each, name, found));
    }
    follow(program, variables, found);
    package_level_uses(program, found);
}

fn database(
    program: &Program<'_>,
    each: &Declared<'_>,
    name: String,
    at: Position,
    found: &mut Found,
) -> Database {
    let config = Config::read(each.file, each.argument(1), &["Migrations"], found);
    let help = "write `Migrations: \"./migrations\"`, a folder beside this file";
    let is_given = config.required("Migrations", help, found).is_some();
    let path = if is_given { config.text("Migrations", found) } else { None };
    let place = config.at_field("Migrations");
    let migrations_path = path.and_then(|path| {
        migration::folder(program.tree, each.file.folder, &path, &place, &mut found.diagnostics)
    });
    let migrations = migrations_path
        .as_deref()
        .map(|folder| migration::read(program.tree, folder, &place, &mut found.diagnostics))
        .unwrap_or_default();
    Database { name, migrations_path, migrations, non_sequential: false, at }
}

/// A database that nothing here declares. Another part of the app may declare it, so the app model has the last word; the
/// place is known here, and the words are those of the model.
fn unknown(program: &Program<'_>, each: &Declared<'_>, name: &str, found: &Found) -> Option<Diagnostic> {
    let service = &found.manifest.services[program.service_of(each.file.folder)?].name;
    let names = found.manifest.databases.iter().map(|database| database.name.as_str());
    let help = closest(name, names).map(|meant| format!("did you mean `{meant}`?"));
    let declaration = each.file.declaration(each.site.used);
    let at = declaration.map_or_else(|| each.at(), |declaration| each.file.at(declaration.at));
    let message = format!("service `{service}` names database `{name}`, which is not declared");
    let diagnostic = Diagnostic::error(Number::M0103, message)
        .at(&at)
        .note("`sqldb.Named` refers to a database that is declared somewhere in the app")
        .help(help.unwrap_or_else(|| format!("declare it: `{}`", NEW_DATABASE.usage)))
        .if_the_model_agrees();
    Some(diagnostic)
}

/// Notes that a service declares or names a database.
fn bind(program: &Program<'_>, each: &Declared<'_>, database: String, found: &mut Found) -> Option<Variable> {
    if let Some(service) = found.service_of(program, each.file) {
        service.binds.databases.push(database.clone());
    }
    // `x = Driver(Named("db"))` uses the database here; `x = Named("db")` does where `x` is used.
    if each.is_nested {
        let at = each.at_argument(0);
        note(program, &each.site, &database, DatabaseAccess::Write, &at, found);
    }
    Some(Variable { key: each.key()?, database })
}

fn note(
    program: &Program<'_>,
    site: &Site<'_>,
    database: &str,
    access: DatabaseAccess,
    at: &Position,
    found: &mut Found,
) {
    for service in found.services_of(program, site) {
        if let Some(known) = service.databases.iter_mut().find(|known| known.database == database) {
            known.at = known.at.clone().min(at.clone());
            known.access = known.access.max(access);
        } else {
            let (database, at) = (database.to_owned(), at.clone());
            service.databases.push(DatabaseUse { database, access, at });
        }
    }
}

/// Follows the variables that hold a database to everybody who uses them. A variable made of another one holds the
/// database as well.
fn follow(program: &Program<'_>, variables: Vec<Variable>, found: &mut Found) {
    let mut seen = BTreeSet::new();
    let mut open = variables;
    while let Some(variable) = open.pop() {
        if !seen.insert((variable.key.clone(), variable.database.clone())) {
            continue;
        }
        for site in program.sites(&variable.key.0, &variable.key.1) {
            usage(program, &site, &variable.database, found);
            open.extend(site.variables().iter().filter(|name| name.text != "_").map(|name| Variable {
                key: (site.file.import_path.clone(), name.text.to_string()),
                database: variable.database.clone(),
            }));
        }
    }
}

fn usage(program: &Program<'_>, site: &Site<'_>, database: &str, found: &mut Found) {
    let is_another_name = matches!(site.doing(), Doing::Valued) && site.used.role == Role::Whole;
    if is_another_name || matches!(site.doing(), Doing::Typed) {
        return;
    }
    if program.is_outside(site) {
        found.diagnostics.push(site.outside(&format!("database `{database}`")));
    }
    let access = match site.doing() {
        Doing::Method(_) => access(site),
        _ => DatabaseAccess::Write,
    };
    note(program, site, database, access, &site.at(), found);
}

/// What a call does. It reads only if it is a query whose text is known and reads.
fn access(site: &Site<'_>) -> DatabaseAccess {
    match &site.used.action {
        Action::Queried(Some(text)) => sql::access(text),
        _ => DatabaseAccess::Write,
    }
}

/// A package of a service with a folder `migrations` that no declaration names has a database of the package's name.
fn implicit(program: &Program<'_>, found: &mut Found) {
    let mut seen = BTreeSet::new();
    for file in program.files {
        let Some(service) = program.service_of(file.folder) else { continue };
        let folder = migration::join(file.folder, "migrations").unwrap_or_default();
        if !seen.insert(file.folder)
            || !program.tree.has_folder(&folder)
            || !makes_a_service(program, file.folder, found)
        {
            continue;
        }
        let name = file.facts.package.clone();
        let is_named = found
            .manifest
            .databases
            .iter()
            .any(|database| database.migrations_path.as_ref() == Some(&folder) || database.name == name);
        if is_named {
            continue;
        }
        let at = file.at(file.facts.package_at);
        let migrations = migration::read(program.tree, &folder, &at, &mut found.diagnostics);
        found.manifest.services[service].binds.databases.push(name.clone());
        found.manifest.databases.push(Database {
            name,
            migrations_path: Some(folder),
            migrations,
            non_sequential: false,
            at,
        });
    }
}

/// Whether something in this very folder belongs to the interface of its service.
fn makes_a_service(program: &Program<'_>, folder: &str, found: &Found) -> bool {
    let is_here = |at: &Position| at.file.rsplit_once('/').map_or("", |(folder, _)| folder) == folder;
    let subscribes =
        || program.sites("encore.dev/pubsub", "NewSubscription").iter().any(|at| at.file.folder == folder);
    found
        .manifest
        .services
        .iter()
        .any(|service| is_here(&service.at) || service.endpoints.iter().any(|endpoint| is_here(&endpoint.at)))
        || found.manifest.auth_handler.as_ref().is_some_and(|handler| is_here(&handler.at))
        || subscribes()
}

/// `sqldb.Query(…)` and the like use the database of the package's service.
fn package_level_uses(program: &Program<'_>, found: &mut Found) {
    for (function, site) in package_level_sites(program) {
        let service = program.service_of(site.file.folder);
        match service.and_then(|service| database_of(service, site.file, found)) {
            Some(database) => note(program, &site, &database, access(&site), &site.at(), found),
            None => found.diagnostics.push(no_database(function, &site.at())),
        }
    }
}

/// The functions of the package itself, where they are named.
pub(super) fn package_level_sites<'p>(
    program: &'p Program<'_>,
) -> impl Iterator<Item = (&'static str, Site<'p>)> {
    let sites = |function| program.sites(PACKAGE, function).into_iter().map(move |site| (function, site));
    PACKAGE_LEVEL.into_iter().flat_map(sites)
}

fn database_of(service: ServiceId, file: &File<'_>, found: &Found) -> Option<String> {
    let service = &found.manifest.services[service];
    let is_implicit = |name: &str| {
        found.manifest.databases.iter().any(|database| {
            database.name == name
                && database.migrations_path.as_deref().is_some_and(|path| path.ends_with("migrations"))
        })
    };
    let names = [file.facts.package.as_str(), service.name.as_str()];
    let name = names.into_iter().find(|name| service.binds.databases.iter().any(|bound| bound == name));
    name.filter(|name| is_implicit(name)).map(str::to_owned)
}

fn no_database(function: &str, at: &Position) -> Diagnostic {
    Diagnostic::error(Number::S0011, format!("`sqldb.{function}` does not say which database it means"))
        .at(at)
        .note(
            "functions of the package itself mean the database that the service's folder `migrations` makes",
        )
        .help(format!("call the method of a database: `db.{function}(…)`"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_file};

    const NEW: &str =
        "var db = sqldb.NewDatabase(\"db\", sqldb.DatabaseConfig{Migrations: \"migrations\"})\n";
    const DATABASE: &str = "database db svc/migrations 1=1_a.up.sql";

    #[test]
    fn a_database_that_is_not_used_is_only_bound() {
        check_file(NEW, &[DATABASE, "service svc svc binds=db"], &[]);
    }

    #[test]
    fn a_database_is_used_where_its_variable_is() {
        let used = "service svc svc databases=db binds=db";
        for usage in [
            "func f() { db.Exec(ctx, \"\") }",
            "func f() { x := db.Stdlib(); x.y() }",
            "func f() { (db).Query() }",
            "func f() { open(&db) }",
            "var pool = sqldb.Driver[*pgx.Pool](db)",
            "func f() { if db := db.Stdlib(); db != nil {} }",
        ] {
            check_file(&format!("{NEW}{usage}\n"), &[DATABASE, used], &[]);
        }
    }

    #[test]
    fn a_local_variable_is_not_the_database() {
        let unused = "service svc svc binds=db";
        for usage in [
            "func f(db *x.DB) { db.Exec() }",
            "func (db *x) f() { db.Exec() }",
            "func f() { var db = 1; g(db) }",
            "func f() { for db := range x { g(db) } }",
            "func f() { g(x.db, T{db: 1}) }",
            "func f() { db := 1; func() { g(db) }() }",
            "func f() { switch db := x.(type) { case int: g(db) } }",
        ] {
            check_file(&format!("{NEW}{usage}\n"), &[unused], &[]);
        }
        let outside = format!("{NEW}func f() {{ if true {{ db := 1; g(db) }}; db.Exec() }}\n");
        check_file(&outside, &["service svc svc databases=db binds=db"], &[]);
    }

    #[test]
    fn a_database_named_elsewhere_is_bound_and_used() {
        let owner = "package a
import \"encore.dev/storage/sqldb\"
//encore:api public
func A() {}
var db = sqldb.NewDatabase(\"db\", sqldb.DatabaseConfig{Migrations: \"./m\"})
";
        let named = "package b
import sql \"encore.dev/storage/sqldb\"
//encore:api public
func B() {}
var x = sql.Driver[*p.Pool](sql.Named(\"db\"))
";
        let files = [("a/a.go", owner), ("a/m/1.up.sql", ""), ("b/b.go", named)];
        check(&files, &["service a a binds=db", "service b b databases=db binds=db"], &[]);
    }

    #[test]
    fn a_shared_package_uses_databases_for_the_services_that_import_it() {
        let shared = "package store
import \"encore.dev/storage/sqldb\"
var db = sqldb.NewDatabase(\"db\", sqldb.DatabaseConfig{Migrations: \"./m\"})
var Pool = sqldb.Driver[*p.Pool](db)
";
        let between = "package between\nimport \"example.com/app/store\"\nfunc F() { store.Pool.Query() }\n";
        let service = "package a\nimport _ \"example.com/app/between\"\nimport _ \"fmt\"\n//encore:api public\nfunc A() {}\n";
        let other = "package b\n//encore:api public\nfunc B() {}\n";
        check(
            &[
                ("store/store.go", shared),
                ("store/m/1.up.sql", ""),
                ("between/between.go", between),
                ("a/a.go", service),
                ("b/b.go", other),
            ],
            &["service a a databases=db", "service b b"],
            &[],
        );
    }

    #[test]
    fn a_folder_of_migrations_makes_a_database() {
        check_file(
            "func f() { sqldb.Exec(ctx, \"\") }",
            &["database svc svc/migrations 1=1_a.up.sql", "service svc svc databases=svc binds=svc"],
            &[],
        );
    }

    #[test]
    fn a_query_of_the_package_needs_such_a_database() {
        check_file(
            &format!("{NEW}func f() {{ sqldb.Exec(ctx, \"\") }}\n"),
            &[],
            &["S0011 svc/svc.go:17:12-17:22 `sqldb.Exec` does not say which database it means"],
        );
    }

    #[test]
    fn the_folder_of_migrations_must_be_right() {
        let with = |folder: &str| {
            format!("var db = sqldb.NewDatabase(\"db\", sqldb.DatabaseConfig{{Migrations: {folder}}})")
        };
        let wrong = |folder: &str, end: usize, diagnostic: &str| {
            check_file(
                &with(folder),
                &[],
                &[&format!("{} svc/svc.go:16:67-16:{end} {}", &diagnostic[..5], &diagnostic[6..])],
            );
        };
        wrong("\"./nope\"", 75, "S0013 the migrations folder `svc/nope` does not exist");
        wrong("\"../x\"", 73, "S0013 the migrations folder `../x` is not a folder below this file's");
        wrong("\"/x\"", 71, "S0013 the migrations folder `/x` is not a folder below this file's");
        wrong("\"svc.go\"", 75, "S0013 `svc/svc.go` is a file and not a folder");
        wrong("folder", 73, "S0009 `Migrations` is not a constant");
        wrong("12", 69, "S0009 `Migrations` is not a string");
    }

    #[test]
    fn a_migration_with_a_bad_name_is_reported_at_its_file() {
        let text = "package svc\nimport \"encore.dev/storage/sqldb\"\nvar db = sqldb.NewDatabase(\"db\", sqldb.DatabaseConfig{Migrations: \"m\"})\n";
        check(
            &[
                ("svc/svc.go", text),
                ("svc/m/1_a.up.sql", ""),
                ("svc/m/01_b.up.sql", ""),
                ("svc/m/0_z.up.sql", ""),
                ("svc/m/schema.sql", ""),
                ("svc/m/old/x.sql", ""),
                ("svc/m/notes.txt", ""),
            ],
            &["database db svc/m 1=01_b.up.sql"],
            &[
                "S0012 svc/m/0_z.up.sql:1:1-1:1 `0_z.up.sql` is not the name of a migration",
                "S0012 svc/m/1_a.up.sql:1:1-1:1 `1_a.up.sql` has the number of `01_b.up.sql`",
                "S0012 svc/m/schema.sql:1:1-1:1 `schema.sql` is not the name of a migration",
            ],
        );
    }
}
