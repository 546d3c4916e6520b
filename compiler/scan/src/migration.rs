//! Migrations: the folder that a database names, and the files in it.

use std::collections::BTreeMap;

use compiler_diagnostics::{Code, Diagnostic};
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::digit1;
use nom::combinator::{all_consuming, opt};
use nom::sequence::preceded;
use nom::{IResult, Parser};
use schema_documents::Position;
use schema_documents::manifest::Migration;

use crate::SourceTree;

/// The folder that is written in a declaration, relative to the app.
pub(crate) fn folder(
    tree: &SourceTree,
    from: &str,
    written: &str,
    at: &Position,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<String> {
    let missing = |message: String| {
        Diagnostic::error(Code::S0013, message)
            .at(at)
            .note("the migrations are run when the database is created, and whenever one is added")
    };
    let Some(folder) = join(from, written) else {
        let message = format!("the migrations folder `{written}` is not a folder below this file's");
        diagnostics.push(missing(message).help("write a relative path without `..`, such as `./migrations`"));
        return None;
    };
    if tree.has_folder(&folder) {
        return Some(folder);
    }
    let message = if tree.exists(&folder) {
        format!("`{folder}` is a file and not a folder")
    } else {
        format!("the migrations folder `{folder}` does not exist")
    };
    diagnostics
        .push(missing(message).help("create it with a file `1_create_tables.up.sql`, or mend the path"));
    None
}

/// A relative path from a folder; absent when it is absolute or leads out of the folder.
pub(crate) fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    if path.starts_with('/') || path.contains('\\') {
        return None;
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => return None,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The migrations in a folder, by number. Only those that go up are run; other files than `.sql` are no matter.
pub(crate) fn read(
    tree: &SourceTree,
    folder: &str,
    at: &Position,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Migration> {
    let mut migrations: BTreeMap<u64, String> = BTreeMap::new();
    for path in tree.below(folder) {
        let file = path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/');
        if file.contains('/') || file.strip_suffix(".sql").is_none() {
            continue;
        }
        let bad = |message: String| {
            Diagnostic::error(Code::S0012, message)
                .at(&Position::point(path, 1, 1))
                .label(at, "this database runs it")
                .note("migrations run in the order of their numbers")
                .help("name it like `3_add_users.up.sql`, with a number of its own that is not 0")
        };
        match parse(file) {
            None | Some((0, _)) => diagnostics.push(bad(format!("`{file}` is not the name of a migration"))),
            Some((_, Direction::Down)) => {}
            Some((number, Direction::Up)) => {
                if let Some(other) = migrations.get(&number) {
                    diagnostics.push(bad(format!("`{file}` has the number of `{other}`")));
                } else {
                    migrations.insert(number, file.to_owned());
                }
            }
        }
    }
    migrations.into_iter().map(|(number, file)| Migration { number, file }).collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

/// `<number>[_<description>].up.sql` or `.down.sql`.
fn parse(file: &str) -> Option<(u64, Direction)> {
    let (stem, direction) = file
        .strip_suffix(".up.sql")
        .map(|stem| (stem, Direction::Up))
        .or_else(|| Some((file.strip_suffix(".down.sql")?, Direction::Down)))?;
    let description = preceded(tag("_"), take_while1(|letter| letter != '.'));
    let parsed: IResult<&str, (&str, Option<&str>)> = all_consuming((digit1, opt(description))).parse(stem);
    let (_, (number, _)) = parsed.ok()?;
    Some((number.parse().ok()?, direction))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_migration_has_a_number_and_a_direction() {
        assert_eq!(parse("001_create.up.sql"), Some((1, Direction::Up)));
        assert_eq!(parse("7.up.sql"), Some((7, Direction::Up)));
        assert_eq!(parse("7_a b.down.sql"), Some((7, Direction::Down)));
        for bad in
            ["x.up.sql", "1.sql", "1_.up.sql", "1_a.b.up.sql", "1-a.up.sql", "99999999999999999999.up.sql"]
        {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_path_stays_below_its_folder() {
        assert_eq!(join("a/b", "./db/migrations/").as_deref(), Some("a/b/db/migrations"));
        assert_eq!(join("", "m").as_deref(), Some("m"));
        assert_eq!(join("a", "../m"), None);
        assert_eq!(join("a", "/m"), None);
    }
}
