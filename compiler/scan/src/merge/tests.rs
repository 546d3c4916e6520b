use proptest::collection::vec;
use proptest::prelude::*;
use schema_documents::Position;
use schema_documents::manifest::{Language, Manifest};
use serde_json::{Value, json};

use super::{LISTS, Part, UNIONS, merge};
use crate::written;

fn part(file: &str, text: &str) -> Part {
    let (part, found) = written::read(file, text.as_bytes());
    part.unwrap_or_else(|| panic!("{found:#?}"))
}

/// Merges manifests `a.toml`, `b.toml` and so on, whose heads are given already.
fn merged(bodies: &[&str]) -> (Manifest, Vec<String>) {
    let files = ["a.toml", "b.toml", "c.toml"];
    let parts = files
        .iter()
        .zip(bodies)
        .map(|(file, body)| part(file, &format!("app = \"shop\"\nlanguage = \"go\"\n{body}")));
    let (manifest, found) = merge(parts.collect());
    let said = found.iter().map(|each| {
        let at = each.span.as_ref().map(|at| format!("{}:{}", at.file, at.line)).unwrap_or_default();
        let labels: Vec<_> =
            each.labels.iter().map(|label| format!("{}:{}", label.span.file, label.span.line)).collect();
        format!("{at} {} ({})", each.message, labels.join(", "))
    });
    (manifest.unwrap(), said.collect())
}

#[track_caller]
fn check(bodies: &[&str], expected: &[&str]) {
    assert_eq!(merged(bodies).1, expected);
}

#[test]
fn what_one_declares_others_use() {
    let (manifest, found) = merged(&[
        "databases = [{ name = \"orders\", migrations_path = \"orders/m\" }]\ntopics = [{ name = \"placed\", publishers = [\"orders\"] }]
services = [{ name = \"orders\", databases = [{ database = \"orders\" }] }]",
        "services = [{ name = \"mail\", language = \"python\", databases = [{ database = \"orders\", access = \"read\" }] }]",
    ]);
    assert_eq!(found, [""; 0]);
    let names: Vec<_> = manifest.services.iter().map(|one| (one.name.as_str(), one.language)).collect();
    assert_eq!(names, [("mail", Some(Language::Python)), ("orders", None)]);
    assert_eq!(manifest.databases.len(), 1);
}

#[test]
fn what_two_declare_alike_is_declared_once() {
    let both =
        "buckets = [{ name = \"b\", public = true }]\nauth_handler = { name = \"Auth\", service = \"a\" }";
    let (manifest, found) = merged(&[both, both]);
    assert_eq!(found, [""; 0]);
    assert_eq!(manifest.buckets[0].at.to_string(), "a.toml:3:21-3:24");
}

#[test]
fn what_two_declare_otherwise_is_a_conflict() {
    check(
        &["buckets = [{ name = \"b\" }]", "\nbuckets = [{ name = \"b\", public = true }]"],
        &["b.toml:4 bucket `b` is declared in two ways: `public` differs (a.toml:3)"],
    );
    check(
        &[
            "cron_jobs = [{ id = \"j\", schedule = \"every:60\", title = \"J\" }]",
            "cron_jobs = [{ id = \"j\", schedule = \"every:30\" }]",
        ],
        &["b.toml:3 cron job `j` is declared in two ways: `schedule`, `title` differ (a.toml:3)"],
    );
    check(
        &[
            "services = [{ name = \"s\", endpoints = [{ name = \"E\" }] }]",
            "services = [{ name = \"s\", path = \"x/s\", endpoints = [{ name = \"E\", raw = true }] }]",
        ],
        &[
            "b.toml:3 endpoint `E` is declared in two ways: `raw` differs (a.toml:3)",
            "b.toml:3 service `s` is declared in two ways: `path` differs (a.toml:3)",
        ],
    );
    check(
        &[
            "auth_handler = { name = \"A\", service = \"\" }",
            "auth_handler = { name = \"B\", service = \"\" }",
        ],
        &[" app `shop` is declared in two ways: `auth_handler` differs ()"],
    );
}

#[test]
fn uses_add_up() {
    let uses = |access: &str, operation: &str| {
        format!(
            "services = [{{ name = \"s\", databases = [{{ database = \"d\"{access} }}], buckets = [{{ bucket = \"b\", operations = [\"{operation}\"] }}], binds = {{ topics = [\"{operation}\"] }} }}]"
        )
    };
    let cases = [
        (", access = \"read\"", ", access = \"read\"", Some("read")),
        (", access = \"read\"", "", None),
        ("", ", access = \"admin\"", Some("admin")),
    ];
    for (first, second, expected) in cases {
        let (manifest, found) = merged(&[&uses(first, "write_object"), &uses(second, "list_objects")]);
        assert_eq!(found, [""; 0]);
        let service = serde_json::to_value(&manifest.services[0]).unwrap();
        assert_eq!(service["databases"][0]["access"].as_str(), expected);
        assert_eq!(service["buckets"][0]["operations"], json!(["list_objects", "write_object"]));
        assert_eq!(service["binds"]["topics"], json!(["list_objects", "write_object"]));
    }
}

#[test]
fn a_topic_is_referred_to_by_its_name() {
    let (manifest, found) = merged(&[
        "topics = [{ name = \"placed\", reference = true, subscriptions = [{ name = \"mail\", service = \"mail\" }] }]",
        "topics = [{ name = \"placed\", delivery = \"exactly_once\", publishers = [\"orders\"] }]",
        "topics = [{ name = \"placed\", reference = true, publishers = [\"audit\"] }]",
    ]);
    assert_eq!(found, [""; 0]);
    let topic = &manifest.topics[0];
    assert_eq!((topic.reference, topic.at.to_string().as_str()), (false, "b.toml:3:20-3:28"));
    assert_eq!((topic.publishers.len(), topic.subscriptions.len()), (2, 1));
}

#[test]
fn services_have_secrets_of_their_own() {
    let secret = |service: &str| {
        format!(
            "secrets = [{{ name = \"Key\", scope = \"service\", packages_or_services = [\"{service}\"] }}]"
        )
    };
    let (manifest, found) = merged(&[&secret("a"), &secret("b"), &secret("a")]);
    assert_eq!((manifest.secrets.len(), found.len()), (2, 0));
}

#[test]
fn manifests_of_two_apps_are_no_app() {
    let parts =
        ["shop", "shop", "store"].map(|app| part("m.toml", &format!("app = \"{app}\"\nlanguage = \"go\"")));
    let (_, found) = merge(parts.to_vec());
    let said: Vec<_> = found.iter().map(|each| each.message.as_str()).collect();
    assert_eq!(said, ["one manifest is of the app `shop`, another of `store`"]);
    assert_eq!(merge(Vec::new()), (None, Vec::new()));
}

/// A new primitive is not forgotten here.
#[test]
fn every_list_of_the_manifest_is_known() {
    let schema = schema_documents::schema::of("manifest").unwrap();
    let schema = schema.as_value();
    let values_of_their_own = ["methods", "migrations", "tags"];
    let types = schema["$defs"]
        .as_object()
        .unwrap()
        .iter()
        .chain([(&"Manifest".to_owned(), schema)])
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect::<Vec<_>>();
    for (name, schema) in types.iter().filter(|(name, _)| name != "Binds") {
        for (list, member) in schema["properties"].as_object().into_iter().flatten() {
            if member["type"] != "array" || values_of_their_own.contains(&list.as_str()) {
                continue;
            }
            if member["items"]["type"] == "string" || list == "operations" {
                assert!(UNIONS.contains(&list.as_str()), "{name}.{list}");
                continue;
            }
            let (_, _, fields) =
                LISTS.iter().find(|(known, ..)| known == list).unwrap_or_else(|| panic!("{name}.{list}"));
            let item = member["items"]["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
            let required = &types.iter().find(|(name, _)| name == item).unwrap().1["required"];
            assert!(
                fields.iter().any(|field| required.as_array().unwrap().contains(&json!(field))),
                "{item}"
            );
        }
    }
}

/// A table with one of a few names, so that parts have much in common.
fn table(fields: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let (keys, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    (values, "[xy]", 1..12_u32)
        .prop_map(move |(values, file, line)| {
            let members = keys.iter().zip(values).filter(|(_, value)| !value.is_null());
            let mut table: serde_json::Map<_, _> =
                members.map(|(key, value)| ((*key).to_owned(), value)).collect();
            table.insert("at".to_owned(), json!(format!("{file}:{line}")));
            Value::Object(table)
        })
        .boxed()
}

fn one_of(values: &'static [&'static str]) -> BoxedStrategy<Value> {
    prop::sample::select(values)
        .prop_map(|word| if word.is_empty() { Value::Null } else { json!(word) })
        .boxed()
}

/// A list in which each name occurs once.
fn list(item: BoxedStrategy<Value>, fields: &'static [&'static str]) -> BoxedStrategy<Value> {
    vec(item, 0..3)
        .prop_map(move |mut items| {
            items.sort_by_key(|item| super::name(item, fields));
            items.dedup_by_key(|item| super::name(item, fields));
            Value::Array(items)
        })
        .boxed()
}

fn words(values: &'static [&'static str]) -> BoxedStrategy<Value> {
    prop::sample::subsequence(values, 0..=values.len()).prop_map(|words| json!(words)).boxed()
}

fn parts() -> impl Strategy<Value = Part> {
    let name = || one_of(&["a", "b"]);
    let database = table(vec![("database", name()), ("access", one_of(&["", "read", "write", "admin"]))]);
    let bucket = table(vec![
        ("bucket", name()),
        ("operations", words(&["list_objects", "write_object", "delete_object"])),
    ]);
    let endpoint = table(vec![
        ("name", name()),
        ("access", one_of(&["", "public", "auth"])),
        ("path", one_of(&["", "/x", "/y"])),
    ]);
    let service = table(vec![
        ("name", name()),
        ("path", one_of(&["p", "q"])),
        ("language", one_of(&["", "go", "rust"])),
        ("databases", list(database, &["database"])),
        ("buckets", list(bucket, &["bucket"])),
        ("endpoints", list(endpoint, &["name"])),
        ("metrics", words(&["m", "n"])),
        ("binds", words(&["t", "u"]).prop_map(|topics| json!({ "topics": topics })).boxed()),
    ]);
    let subscription = table(vec![("name", name()), ("service", name())]);
    let topic = table(vec![
        ("name", name()),
        ("reference", prop_oneof![Just(Value::Null), Just(json!(true))].boxed()),
        ("delivery", one_of(&["", "at_least_once", "exactly_once"])),
        ("publishers", words(&["a", "b"])),
        ("subscriptions", list(subscription, &["name"])),
    ]);
    let keyspace = table(vec![("pattern", name()), ("service", name())]);
    let cache = table(vec![("name", name()), ("keyspaces", list(keyspace, &["pattern", "service"]))]);
    let call = table(vec![("from_service", name()), ("to", name())]);
    let handler =
        || prop::option::of(table(vec![("name", name()), ("service", name())])).prop_map(Value::from);
    let gateway = table(vec![("name", name()), ("service", name()), ("auth_handler", handler().boxed())]);
    let lists = [
        list(service, &["name"]),
        list(topic, &["name"]),
        list(cache, &["name"]),
        list(call, &["from_service", "to"]),
        list(gateway, &["name"]),
        handler().boxed(),
    ];
    (lists, one_of(&["go", "typescript", "python"]), one_of(&["app", "other"]), "[xy]").prop_map(
        |(lists, language, app, file)| {
            let keys = ["services", "topics", "caches", "calls", "gateways", "auth_handler"];
            let mut document: serde_json::Map<_, _> =
                keys.iter().map(|key| (*key).to_owned()).zip(lists).collect();
            document.insert("version".to_owned(), json!(1));
            document.insert("app".to_owned(), app);
            document.insert("language".to_owned(), language);
            let manifest = serde_json::from_value(Value::Object(document)).unwrap();
            Part { manifest, at: Position::point(file, 1, 1) }
        },
    )
}

/// The manifest alone, as a part again.
fn joined(parts: Vec<Part>) -> Part {
    let at = parts[0].at.clone();
    Part { manifest: merge(parts).0.unwrap(), at }
}

proptest! {
    #[test]
    fn neither_order_nor_grouping_matters(a in parts(), b in parts(), c in parts()) {
        let whole = joined(vec![a.clone(), b.clone(), c.clone()]).manifest;
        prop_assert_eq!(&joined(vec![joined(vec![a.clone(), b.clone()]), c.clone()]).manifest, &whole);
        prop_assert_eq!(&joined(vec![a.clone(), joined(vec![b.clone(), c.clone()])]).manifest, &whole);
        prop_assert_eq!(&joined(vec![c, a, b]).manifest, &whole);
    }

    #[test]
    fn an_app_and_itself_are_that_app(a in parts()) {
        let (twice, found) = merge(vec![a.clone(), a.clone()]);
        prop_assert_eq!(found, Vec::new());
        prop_assert_eq!(twice, merge(vec![a]).0);
    }
}
