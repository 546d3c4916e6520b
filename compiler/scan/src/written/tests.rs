use proptest::prelude::*;
use schema_documents::manifest::{BodyLimit, DatabaseAccess, Language, NoLimit};

use super::read;

/// What is found in a manifest: `line:column-line:column message`, with the help after `; `.
#[track_caller]
fn check(file: &str, text: &str, expected: &[&str]) {
    let (part, found) = read(file, text.as_bytes());
    assert_eq!(part.is_none(), !found.is_empty());
    let said: Vec<String> = found
        .iter()
        .map(|each| {
            let at = each.span.as_ref().unwrap();
            let help = each.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
            let place = format!("{}:{}-{}:{}", at.line, at.column, at.end_line, at.end_column);
            format!("{place} {}{help}", each.message)
        })
        .collect();
    assert_eq!(said, expected, "{text}");
}

fn toml(body: &str, expected: &[&str]) {
    check("m.toml", &format!("app = \"a\"\nlanguage = \"go\"\n{body}"), expected);
}

#[test]
fn a_short_manifest_is_enough() {
    let text = r#"
app = "shop"
language = "go"

[[services]]
name = "orders"
databases = [{ database = "orders", access = "read" }, { database = "audit" }]

[[services.endpoints]]
name = "List"
access = "public"
body_limit = "none"

[[databases]]
name = "orders"
at = "orders/db.go:3:1"

[[topics]]
name = "placed"
[[topics.subscriptions]]
name = "mail"
service = "orders"
"#;
    let (part, found) = read("infra/m.toml", text.as_bytes());
    assert_eq!(found, []);
    let part = part.unwrap();
    let manifest = part.manifest;
    assert_eq!(part.at.to_string(), "infra/m.toml:2:7-2:13");
    assert_eq!((manifest.version, manifest.language), (1, Language::Go));
    let service = &manifest.services[0];
    assert_eq!((service.path.as_str(), service.at.to_string().as_str()), ("orders", "infra/m.toml:6:8-6:16"));
    assert_eq!(service.databases[0].access, DatabaseAccess::Read);
    assert_eq!(service.databases[1].access, DatabaseAccess::Write);
    assert_eq!(service.databases[1].at.to_string(), "infra/m.toml:7:69-7:76");
    assert_eq!(service.endpoints[0].body_limit, Some(BodyLimit::None(NoLimit::None)));
    assert_eq!(manifest.databases[0].at.to_string(), "orders/db.go:3:1-3:1");
    assert_eq!(manifest.topics[0].subscriptions[0].at.to_string(), "infra/m.toml:21:8-21:14");
}

#[test]
fn json_is_read_like_toml() {
    let text = r#"{ "app": "shop", "language": "python", "services": [
  { "name": "orders", "language": null, "buckets": [{ "bucket": "b", "operations": ["list_objects"] }] }
] }"#;
    let (part, found) = read("m.json", text.as_bytes());
    assert_eq!(found, []);
    let manifest = part.unwrap().manifest;
    assert_eq!(manifest.services[0].at.to_string(), "m.json:2:13-2:21");
    assert_eq!(manifest.services[0].buckets[0].at.to_string(), "m.json:2:65-2:68");
    check(
        "m.json",
        "{ \"app\": \"a\", }",
        &["1:15-1:16 the manifest is not valid JSON: key must be a string"],
    );
    check(
        "m.JSON",
        r#"{ "app": "a", "language": "go", "app": "b" }"#,
        &["1:33-1:38 `app` is written twice; remove one of them"],
    );
}

#[test]
fn every_mistake_is_shown_where_it_is() {
    toml(
        "[[buckets]]\nname = \"b\"\npublik = true",
        &["5:1-5:7 unknown key `publik`; did you mean `public`?"],
    );
    toml(
        "[[metrics]]\nname = \"m\"\nkind = \"gage\"",
        &[
            "5:8-5:14 `gage` is not one of `counter`, `gauge`, `up_down_counter`, `histogram`; did you mean `gauge`?",
        ],
    );
    toml(
        "databases = [{ migrations_path = 1 }]",
        &["3:34-3:35 a text is expected, not `1`", "3:14-3:15 `name` is missing"],
    );
    toml("[databases]\nname = \"d\"", &["3:1-3:12 a list is expected, not a table"]);
    toml(
        "buckets = [{ name = \"b\", at = \"here\" }]",
        &[
            "3:31-3:37 `here` is not a position: write `file:line:column-end_line:end_column`, `file:line:column` or `file:line`",
        ],
    );
    toml(
        "services = [{ name = \"s\", endpoints = [{ name = \"E\", body_limit = true, static_not_found_status = -1 }] }]",
        &[
            "3:67-3:71 a whole number or `none` is expected, not `true`",
            "3:99-3:101 `-1` is not a whole number from 0 to 4294967295",
        ],
    );
    toml("topics = [{ name = 2020-01-01 }]", &["3:20-3:30 a text is expected, not `2020-01-01`"]);
    toml(
        "version = 2\nnew = 1",
        &[
            "3:11-3:12 the manifest has format version 2, and this program knows up to 1; use a newer `manifestc`",
        ],
    );
    check(
        "m.toml",
        "app = \"a\"",
        &[
            "1:7-1:10 `language` is missing; write the language of its services, for instance `language = \"go\"`",
        ],
    );
    check(
        "m.toml",
        "app = ",
        &["1:7-1:7 the manifest is not valid TOML: string values must be quoted, expected literal string"],
    );
}

#[test]
fn bytes_that_are_no_manifest_are_refused() {
    let message = |file: &str, bytes: &[u8]| {
        let (part, found) = read(file, bytes);
        assert!(part.is_none());
        found[0].message.clone()
    };
    assert_eq!(message("m.toml", b"app = \"\xff\""), "the manifest is not UTF-8");
    let large = vec![b'#'; super::MAX_BYTES + 1];
    assert_eq!(message("m.toml", &large), "the manifest is too large: it has 16777217 bytes");
    for open in ["[", "{\"a\":", "a = [", "a = {b=", "a.", "[a.", "["] {
        let deep = open.repeat(100_000);
        assert!(message("m.json", deep.as_bytes()).starts_with("the manifest is not valid JSON"));
        assert!(message("m.toml", deep.as_bytes()).starts_with("the manifest is not valid TOML"));
    }
    let dotted = format!("{}a = 1", "a.".repeat(5_000));
    read("m.toml", dotted.as_bytes());
}

proptest! {
    #[test]
    fn nothing_panics(text in "(?s).{0,80}", pieces in prop::collection::vec(prop::sample::select(&[
        "app = \"a\"\n", "language = \"go\"\n", "[[services]]\n", "name = \"x\"\n", "at = \"f:1\"\n", "[[services.endpoints]]\n",
        "path = 3\n", "databases = [", "{ database = \"d\" }", "]", "[calls]\n", "é = 1\n", "{", "}", "\"",
    ][..]), 0..20)) {
        for file in ["m.toml", "m.json"] {
            read(file, text.as_bytes());
            read(file, pieces.concat().as_bytes());
        }
    }
}
