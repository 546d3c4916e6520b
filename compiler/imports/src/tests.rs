use compiler_scan::SourceTree;
use schema_documents::{FieldPath, Json, ResourceId};
use serde_json::json;

use super::*;

const APP: &str = r#"
import { SQLDatabase } from "encore.dev/storage/sqldb";
import { Topic, Subscription } from "encore.dev/pubsub";
import { api } from "encore.dev/api";

const db = new SQLDatabase("orders", { migrations: "./migrations" });
const placed = new Topic<{ id: string }>("placed", { deliveryGuarantee: "at-least-once" });
const _ = new Subscription(placed, "ship", { handler: async () => {} });

export const list = api({ expose: true, method: "GET", path: "/orders" }, async (): Promise<void> => {
  await db.exec`SELECT 1`;
});
"#;

const FILE: &str = r#"# Who pays for this: the shop team.
version = 1
edition = "2026.1"
type = "production"     # really
cloud = "aws"
region = "eu-central-1"

[database.shared]
instance_class = "db.m5.large"   # enough for spring
"#;

fn model() -> AppModel {
    let tree = SourceTree::from_files(
        "shop",
        [
            ("encore.app", r#"{ "id": "shop", "lang": "typescript" }"#),
            ("orders/orders.ts", APP),
            ("orders/migrations/1_orders.up.sql", "CREATE TABLE orders (id TEXT);"),
        ],
    );
    let (manifest, found) = compiler_scan::scan(&tree);
    assert_eq!(found, []);
    compiler_model::resolve(&manifest.unwrap()).0.unwrap()
}

fn edit(resource: &str, path: &str, from: Json, to: Json) -> Import {
    let value = |json: Json| (!json.is_null()).then_some(json);
    Import {
        resource: ResourceId::parse(resource).unwrap(),
        kind: String::new(),
        path: FieldPath::parse(path).unwrap(),
        from: value(from),
        to: value(to),
        who: None,
        made_at_ms: None,
        seen_at_ms: 0,
        origin: None,
    }
}

/// Takes the edits into `file`, and compares what changed with `expected`: the lines that are new.
fn check(file: Option<&str>, edits: &[Import], expected: &[&str]) -> String {
    let model = model();
    let (imported, found) = import(Target { model: &model, environment: "production", file }, edits);
    assert_eq!(found, []);
    let text = imported.unwrap().text;
    let before = file.unwrap_or_default();
    let new: Vec<&str> =
        text.lines().filter(|line| !before.lines().any(|old| old == *line) && !line.is_empty()).collect();
    assert_eq!(new, expected, "{text}");
    let again = import(Target { model: &model, environment: "production", file: Some(&text) }, edits);
    assert_eq!(again.0.unwrap().text, text, "a second import changes nothing");
    text
}

#[test]
fn a_typed_setting_takes_the_edit_and_keeps_its_comment() {
    let edits =
        [edit("database/shared/instance", "/DBInstanceClass", json!("db.m5.large"), json!("db.m5.xlarge"))];
    let text = check(Some(FILE), &edits, &["instance_class = \"db.m5.xlarge\"   # enough for spring"]);
    assert_eq!(text, FILE.replace("db.m5.large", "db.m5.xlarge"));
}

#[test]
fn a_typed_setting_that_was_not_written_yet_is_written() {
    let edits = [edit("database/shared/instance", "/AllocatedStorage", json!("100"), json!("200"))];
    check(Some(FILE), &edits, &["storage_gib = 200"]);
}

#[test]
fn an_attribute_without_a_setting_goes_to_its_resource() {
    let edits = [edit(
        "database/shared/instance",
        "/PreferredMaintenanceWindow",
        Json::Null,
        json!("sun:03:00-sun:04:00"),
    )];
    let lines = [
        "[resources.\"database/shared/instance\".properties]",
        "\"/PreferredMaintenanceWindow\" = \"sun:03:00-sun:04:00\"",
    ];
    check(Some(FILE), &edits, &lines);
}

#[test]
fn a_tag_is_taken_by_its_key() {
    let edits =
        [edit("topic/placed/topic", "/Tags/[Key=team]", Json::Null, json!({"Key": "team", "Value": "shop"}))];
    let lines = [
        "[resources.\"topic/placed/topic\".properties]",
        "\"/Tags/[Key=team]\" = { Key = \"team\", Value = \"shop\" }",
    ];
    check(Some(FILE), &edits, &lines);
}

#[test]
fn what_was_removed_is_left_out() {
    let edits = [edit("topic/placed/queue/ship", "/MessageRetentionPeriod", json!(604_800), Json::Null)];
    let lines = ["[resources.\"topic/placed/queue/ship\"]", "without = [\"/MessageRetentionPeriod\"]"];
    check(Some(FILE), &edits, &lines);
}

#[test]
fn an_environment_without_a_file_gets_one() {
    let edits =
        [edit("database/shared/instance", "/DBInstanceClass", json!("db.m5.large"), json!("db.m5.xlarge"))];
    let lines = [
        "version = 1",
        "edition = \"2026.1\"",
        "type = \"production\"",
        "cloud = \"aws\"",
        "region = \"eu-central-1\"",
        "[database.shared]",
        "instance_class = \"db.m5.xlarge\"",
    ];
    check(None, &edits, &lines);
}

#[test]
fn an_edit_that_cannot_be_said_is_left_out_and_the_others_are_taken() {
    let model = model();
    let edits = [
        edit("bucket/gone/bucket", "/BucketName", json!("a"), json!("b")),
        edit("database/shared/instance", "/StorageEncrypted", json!(true), json!(false)),
        edit("database/shared/instance", "/DBInstanceClass", json!("db.m5.large"), json!("db.m5.xlarge")),
    ];
    let (imported, found) =
        import(Target { model: &model, environment: "production", file: Some(FILE) }, &edits);
    let codes: Vec<&str> = found.iter().map(|diagnostic| diagnostic.code.as_str()).collect();
    assert_eq!(codes, ["I0301", "E0007"]);
    assert_eq!(imported.unwrap().text, FILE.replace("db.m5.large", "db.m5.xlarge"));
}

#[test]
fn what_only_the_file_asked_for_goes_with_its_line() {
    let line = "\n[resources.\"topic/placed/topic\".properties]\n\"/DisplayName\" = \"a\"\n";
    let edits = [edit("topic/placed/topic", "/DisplayName", json!("a"), Json::Null)];
    let model = model();
    let file = format!("{FILE}{line}");
    let target = Target { model: &model, environment: "production", file: Some(&file) };
    let (imported, found) = import(target, &edits);
    assert_eq!(found, []);
    assert_eq!(imported.unwrap().text.trim_end(), FILE.trim_end());
}

/// The only element of a list that must have one, replaced by another one: neither edit could be without the other.
#[test]
fn what_is_wrong_alone_is_taken_with_what_makes_it_right() {
    let removed = edit("topic/placed/topic", "/Tags/[Key=a]", json!({"Key": "a", "Value": "1"}), Json::Null);
    let added = edit("topic/placed/topic", "/Tags/[Key=b]", Json::Null, json!({"Key": "b", "Value": "2"}));
    let file = format!(
        "{FILE}\n[resources.\"topic/placed/topic\".properties]\n\"/Tags/[Key=a]\" = {{ Key = \"a\", Value = \"1\" }}\n"
    );
    let model = model();
    let target = Target { model: &model, environment: "production", file: Some(&file) };
    let has = |text: &str, key: &str| text.contains(&format!("Key={key}"));
    // Lowered so that the topic has one tag at least.
    let lower = |environment: &EnvironmentFile| {
        let (desired, mut found) = lower(&model, environment, &Images::default());
        let topic = desired
            .as_ref()
            .map(|desired| &desired.resources[&ResourceId::parse("topic/placed/topic").unwrap()]);
        if topic.is_some_and(|topic| !topic.properties.contains_key("Tags")) {
            found.push(Diagnostic::error(Code::L0205, "a tag at least"));
        }
        (desired, found)
    };
    let (imported, found) = import_by(target, &[removed, added], &lower);
    assert_eq!(found, []);
    let text = imported.unwrap().text;
    assert!(has(&text, "b") && !text.contains("Value = \"1\""), "{text}");
}

#[test]
fn what_is_there_already_becomes_a_line_and_what_cannot_be_named_is_told() {
    use schema_documents::desired::Mode;
    use schema_documents::import::Named;

    let named = |resource: &str, identifier: &str, mode| Named {
        resource: ResourceId::parse(resource).unwrap(),
        identifier: identifier.to_owned(),
        mode,
    };
    let (model, arn) = (model(), "arn:aws:sns:eu-central-1:123456789012:placed");
    let target = Target { model: &model, environment: "production", file: Some(FILE) };
    let all = [
        named("database/shared/instance", "orders", Mode::Owned),
        named("topic/placed/topic", arn, Mode::Reference),
        named("network/internet-gateway", "igw-1", Mode::Owned),
        named("topic/none/topic", arn, Mode::Owned),
    ];
    let (written, found) = name(target, &all);
    let Written { text, places } = written.unwrap();
    assert!(text.starts_with(FILE), "what is there stays as it is: {text}");
    let lines = [
        "[resources.\"database/shared/instance\"]\nimport = \"orders\"\n",
        "[resources.\"topic/placed/topic\"]\nimport = \"arn:aws:sns:eu-central-1:123456789012:placed\"\nmode = \"reference\"\n",
    ];
    assert!(lines.iter().all(|line| text.contains(line)), "{text}");
    assert_eq!((places.len(), found.len()), (2, 2), "{places:?} {found:?}");
    assert!(found.iter().any(|one| one.message.contains("cannot be taken")), "{found:?}");
    assert!(
        found.iter().any(|one| one.message.contains("there is no resource `topic/none/topic`")),
        "{found:?}"
    );
}
