use super::{go, model, ts};

const SNAKE: &str = "a database name is 1 to 63 characters long: lower-case letters, digits and `_`, with a letter \
                     first and no `_` last";

#[test]
fn a_go_database_is_in_snake_case_and_a_typescript_one_as_it_likes() {
    let database = r#"databases = [{ name = "urlShortener-db", at = "d:1" }]"#;
    let expected = format!(
        "M0102 d:1 `urlShortener-db` is not a valid database name\n  note: {SNAKE}\n  help: try `url_shortener_db`"
    );
    go(database, &expected);
    ts(database, "");
}

#[test]
fn a_name_without_a_letter_gets_no_suggestion() {
    go(
        r#"databases = [{ name = "", at = "d:1" }]"#,
        &format!("M0102 d:1 `` is not a valid database name\n  note: {SNAKE}"),
    );
}

#[test]
fn three_databases_of_one_name_are_two_errors_that_point_at_the_first() {
    go(
        r#"databases = [{ name = "d", at = "b:1" }, { name = "d", at = "c:1" }, { name = "d", at = "a:1" }]"#,
        "
M0101 b:1 database `d` is declared twice
  a:1 it is declared here first
  help: give one database another name, or remove it
M0101 c:1 database `d` is declared twice
  a:1 it is declared here first
  help: give one database another name, or remove it
",
    );
}

#[test]
fn a_database_that_is_named_and_used_is_reported_where_it_is_used() {
    let service = |uses: &str| {
        format!(
            "[[services]]\nname = \"b\"\npath = \"b\"\nat = \"b:1\"\nbinds = {{ databases = [\"d\"] }}\n{uses}"
        )
    };
    go(&service(""), "M0103 b:1 service `b` names database `d`, which is not declared");
    go(
        &service("databases = [{ database = \"d\", at = \"b:2\" }]"),
        "M0103 b:2 service `b` uses database `d`, which is not declared",
    );
}

#[test]
fn migrations_come_through_as_they_are() {
    let app = model(
        "go",
        r#"
        [[databases]]
        name = "d"
        migrations_path = "a/migrations"
        migrations = [{ number = 1, file = "1_x.up.sql" }]
        non_sequential = true
        at = "d:1"
        "#,
    );
    let database = &app.databases["d"];
    assert_eq!((database.migrations.len(), database.non_sequential), (1, true));
    assert_eq!(database.migrations_path.as_deref(), Some("a/migrations"));
}
