//! The crate as a whole: apps and environment files in, desired states out.

use std::collections::{BTreeMap, BTreeSet};

use compiler_diagnostics::{Code, Diagnostic};
use compiler_model::AppModel;
use schema_catalog::Catalog;
use schema_catalog::validate::{Mode, validate};
use schema_documents::desired::{Class, DesiredState, Phase, SUFFIX_LENGTH};
use schema_documents::value::Reference;
use schema_documents::{Digest, FieldPath, Json, Origin, ResourceId, Value, canonical};
use serde_json::json;

use crate::{EnvironmentFile, Images, fields_of, lower, read_environment, setting_for, unmoved};

/// Two services with a database, two topics, a bucket, a cache, a secret and a cron job.
fn shop() -> Json {
    json!({
        "version": 1, "app": "shop", "language": "go",
        "services": [
            { "name": "orders", "path": "orders", "at": "orders/orders.go:1",
              "databases": [{ "database": "orders", "at": "orders/orders.go:5" }],
              "buckets": [{ "bucket": "receipts", "operations": ["write_object", "get_public_url"], "at": "orders/orders.go:6" }],
              "endpoints": [{ "name": "Place", "access": "public", "methods": ["POST"], "path": "/orders", "at": "orders/orders.go:9" }] },
            { "name": "mail", "path": "mail", "at": "mail/mail.go:1",
              "buckets": [{ "bucket": "receipts", "operations": ["read_object_contents"], "at": "mail/mail.go:6" }],
              "caches": [{ "cache": "limits", "at": "mail/mail.go:7" }] },
        ],
        "databases": [{ "name": "orders", "at": "orders/db.go:3" }],
        "topics": [
            { "name": "order-placed", "delivery": "at_least_once", "publishers": ["orders"], "at": "orders/topics.go:3",
              "subscriptions": [{ "name": "send-mail", "service": "mail", "at": "mail/mail.go:20" }] },
            { "name": "stock", "delivery": "exactly_once", "publishers": ["mail"], "at": "orders/topics.go:9",
              "subscriptions": [{ "name": "count", "service": "orders", "max_retries": -1, "at": "orders/stock.go:2" }] },
        ],
        "buckets": [{ "name": "receipts", "public": true, "at": "orders/files.go:3" }],
        "caches": [{ "name": "limits", "eviction_policy": "volatile-lru", "at": "mail/cache.go:3" }],
        "secrets": [{ "name": "SmtpPassword", "packages_or_services": ["mail"], "at": "mail/secrets.go:3" }],
    })
}

#[track_caller]
fn model(manifest: &Json) -> AppModel {
    let manifest = serde_json::from_value(manifest.clone()).unwrap();
    let (model, found) = compiler_model::resolve(&manifest);
    model.unwrap_or_else(|| panic!("{found:?}"))
}

/// An environment file with these lines after its head.
#[track_caller]
fn environment(kind: &str, lines: &str) -> EnvironmentFile {
    let head = format!(
        "version = 1\nedition = \"2026.1\"\ntype = \"{kind}\"\ncloud = \"aws\"\nregion = \"eu-central-1\"\n"
    );
    let path = format!("environments/{kind}.toml");
    let (file, found) = read_environment(kind, Some((&path, &format!("{head}{lines}"))));
    file.unwrap_or_else(|| panic!("{found:?}"))
}

#[track_caller]
fn state(manifest: &Json, kind: &str, lines: &str) -> DesiredState {
    let (state, found) = lower(&model(manifest), &environment(kind, lines), &Images::default());
    state.unwrap_or_else(|| panic!("{found:#?}"))
}

fn findings(manifest: &Json, kind: &str, lines: &str) -> Vec<Diagnostic> {
    lower(&model(manifest), &environment(kind, lines), &Images::default()).1
}

fn id(text: &str) -> ResourceId {
    ResourceId::parse(text).unwrap()
}

fn path(text: &str) -> FieldPath {
    FieldPath::parse(text).unwrap()
}

/// A resource's properties, as the document has them.
#[track_caller]
fn body(state: &DesiredState, resource: &str) -> Json {
    let resource = state.resources.get(&id(resource)).unwrap_or_else(|| panic!("there is no {resource}"));
    serde_json::to_value(&resource.properties).unwrap()
}

/// The shop in production has this at a path of a resource.
#[track_caller]
fn check(kind: &str, lines: &str, resource: &str, at: &str, expected: &Json) {
    let body = body(&state(&shop(), kind, lines), resource);
    assert_eq!(path(at).get(&body), Some(expected), "{resource} {at}");
}

/// The file with these lines has this one finding at this line of its own.
#[track_caller]
fn check_finding(lines: &str, code: Code, line: u32, words: &str) {
    let found = findings(&shop(), "production", lines);
    assert_eq!(found.len(), 1, "{found:#?}");
    let span = found[0].span.as_ref().unwrap();
    assert_eq!((found[0].code, span.line), (code, line + 5), "{found:#?}");
    let said = format!("{} {}", found[0].message, found[0].help.as_deref().unwrap_or_default());
    assert!(said.contains(words), "{said}");
}

mod network;
mod privilege;
mod runtime;

const INSTANCE: &str = "database/shared/instance";

#[test]
fn a_shop_in_production_has_every_room() {
    let state = state(&shop(), "production", "");
    assert!(state.resources.len() >= 60, "{}", state.resources.len());
    let primitives: BTreeSet<&str> = state.resources.keys().map(ResourceId::primitive).collect();
    let expected =
        ["bucket", "cache", "compute", "database", "encryption", "gateway", "network", "secret", "topic"];
    assert_eq!(primitives, BTreeSet::from(expected));
}

#[test]
fn the_type_of_an_environment_decides_about_sizes() {
    check("production", "", INSTANCE, "/DBInstanceClass", &json!("db.m5.large"));
    check("production", "", INSTANCE, "/MultiAZ", &json!(true));
    check("development", "", INSTANCE, "/DBInstanceClass", &json!("db.t4g.micro"));
    check("development", "", INSTANCE, "/MultiAZ", &json!(false));
    check("preview", "", INSTANCE, "/DeletionProtection", &json!(false));
    check("production", "", "cache/limits/replication-group", "/NumCacheClusters", &json!(2));
    check("development", "", "cache/limits/replication-group", "/MultiAZEnabled", &json!(false));
    let count = |kind| {
        let state = state(&shop(), kind, "");
        state.resources.values().filter(|resource| resource.kind == "AWS::EC2::NatGateway").count()
    };
    assert_eq!((count("production"), count("development")), (2, 1));
}

#[test]
fn a_subscription_becomes_a_queue_that_only_its_topic_fills() {
    let state = state(&shop(), "production", "");
    let queue = body(&state, "topic/order-placed/queue/send-mail");
    assert_eq!(queue["VisibilityTimeout"], 30);
    assert_eq!(queue["RedrivePolicy"]["maxReceiveCount"], 101);
    let policy = &body(&state, "topic/order-placed/queue-policy/send-mail")["PolicyDocument"]["Statement"][0];
    let topic = json!({ "$ref": { "resource": "topic/order-placed/topic", "output": "/TopicArn" } });
    assert_eq!(policy["Condition"]["ArnEquals"]["aws:SourceArn"], topic);
}

#[test]
fn an_exactly_once_topic_is_fifo_and_without_end_means_no_dead_letters() {
    let state = state(&shop(), "production", "");
    assert_eq!(body(&state, "topic/stock/topic")["FifoTopic"], true);
    assert_eq!(state.resources[&id("topic/stock/topic")].name.as_ref().unwrap().ending, ".fifo");
    assert_eq!(body(&state, "topic/stock/queue/count")["FifoQueue"], true);
    assert!(!state.resources.contains_key(&id("topic/stock/dead-letter/count")));
}

#[test]
fn what_aws_cannot_keep_is_clamped_with_a_warning() {
    let mut shop = shop();
    shop["topics"][0]["subscriptions"][0]["message_retention_ns"] = json!(30_i64 * 24 * 3600 * 1_000_000_000);
    let found = findings(&shop, "production", "");
    assert_eq!((found.len(), found[0].code), (1, Code::L0205));
    let state = state(&shop, "production", "");
    assert_eq!(body(&state, "topic/order-placed/queue/send-mail")["MessageRetentionPeriod"], 1_209_600);
}

#[test]
fn an_identity_may_do_what_the_code_of_its_services_does() {
    let state = state(&shop(), "production", "allocation = \"per-service\"\n");
    let allowed = |process: &str| -> BTreeMap<String, Json> {
        let policy = body(&state, &format!("compute/{process}/task-role-policy"));
        let statements = policy["PolicyDocument"]["Statement"].as_array().unwrap().clone();
        statements.iter().map(|s| (canonical::to_string(&s["Resource"]), s["Action"].clone())).collect()
    };
    let on = |resource: &str, output: &str| canonical::to_string(&Value::reference(&id(resource), output));
    let objects = |bucket: &str| {
        canonical::to_string(&Value::join([Value::reference(&id(bucket), "/Arn"), "/*".into()]))
    };
    let orders = BTreeMap::from([
        (on("topic/order-placed/topic", "/TopicArn"), json!(["sns:Publish"])),
        (
            on("topic/stock/queue/count", "/Arn"),
            json!(["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"]),
        ),
        (objects("bucket/receipts/bucket"), json!(["s3:AbortMultipartUpload", "s3:PutObject"])),
    ]);
    assert_eq!(allowed("orders"), orders);
    let mail = BTreeMap::from([
        (on("topic/stock/topic", "/TopicArn"), json!(["sns:Publish"])),
        (
            on("topic/order-placed/queue/send-mail", "/Arn"),
            json!(["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"]),
        ),
        (objects("bucket/receipts/bucket"), json!(["s3:GetObject"])),
    ]);
    assert_eq!(allowed("mail"), mail);
    assert!(!state.resources.contains_key(&id("compute/gateway/task-role-policy")));
}

#[test]
fn nothing_is_allowed_on_everything_but_the_token_that_has_no_resource() {
    let state = state(&shop(), "production", "");
    for (id, resource) in
        state.resources.iter().filter(|(_, resource)| resource.kind == "AWS::IAM::RolePolicy")
    {
        let document = serde_json::to_value(&resource.properties["PolicyDocument"]).unwrap();
        for statement in document["Statement"].as_array().unwrap() {
            let actions = statement["Action"].as_array().unwrap();
            assert!(
                actions.iter().all(|action| !action.as_str().unwrap().contains('*')),
                "{id}: {statement}"
            );
            let on_all = statement["Resource"] == "*";
            assert_eq!(on_all, actions.contains(&json!("ecr:GetAuthorizationToken")), "{id}: {statement}");
        }
    }
}

#[test]
fn a_secret_reaches_the_processes_that_need_it_and_no_other() {
    let state = state(&shop(), "production", "allocation = \"per-service\"\n");
    let secrets = |process: &str| {
        body(&state, &format!("compute/{process}/task-definition"))["ContainerDefinitions"][0]["Secrets"]
            .clone()
    };
    let names = |process: &str| -> Vec<String> {
        let secrets = secrets(process);
        secrets.as_array().unwrap().iter().map(|secret| secret["Name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("mail"), ["SmtpPassword", "MANIFEST_CACHE_limits_PASSWORD", "MANIFEST_CALL_KEY"]);
    assert_eq!(names("orders"), ["MANIFEST_DATABASE_shared_PASSWORD", "MANIFEST_CALL_KEY"]);
    assert_eq!(names("gateway"), ["MANIFEST_CALL_KEY"]);
    assert!(body(&state, "secret/SmtpPassword/secret").get("SecretString").is_none());
}

#[test]
fn processes_follow_the_allocation() {
    let processes = |lines: &str| -> Vec<String> {
        let state = state(&shop(), "production", lines);
        let services = state.resources.iter().filter(|(_, resource)| resource.kind == "AWS::ECS::Service");
        services.map(|(id, _)| id.declared_name().to_owned()).collect()
    };
    assert_eq!(processes(""), ["all"]);
    assert_eq!(processes("allocation = \"per-service\"\n"), ["gateway", "mail", "orders"]);
    assert_eq!(processes("allocation = { groups = { web = [\"orders\"] } }\n"), ["gateway", "mail", "web"]);
    assert_eq!(processes("allocation = { groups = { gateway = [\"orders\", \"mail\"] } }\n"), ["gateway"]);
    check_finding(
        "allocation = { groups = { web = [\"order\"] } }\n",
        Code::E0004,
        1,
        "did you mean `orders`?",
    );
}

#[test]
fn a_public_bucket_is_public_through_its_distribution_only() {
    let state = state(&shop(), "production", "");
    let bucket = body(&state, "bucket/receipts/bucket");
    assert_eq!(bucket["PublicAccessBlockConfiguration"]["BlockPublicPolicy"], true);
    let statements = body(&state, "bucket/receipts/policy")["PolicyDocument"]["Statement"].clone();
    assert_eq!(statements.as_array().unwrap().len(), 2);
    assert_eq!(statements[1]["Principal"], json!({ "Service": "cloudfront.amazonaws.com" }));
    assert!(state.resources.contains_key(&id("bucket/receipts/distribution")));
}

#[test]
fn a_typed_setting_replaces_the_default_and_is_its_origin() {
    let lines = "[database.shared]\ninstance_class = \"db.m5.xlarge\"\nstorage_gib = 50\n[process.all]\ninstances = 3\n";
    let state = state(&shop(), "production", lines);
    let instance = &state.resources[&id(INSTANCE)];
    assert_eq!(body(&state, INSTANCE)["DBInstanceClass"], "db.m5.xlarge");
    assert_eq!(body(&state, INSTANCE)["AllocatedStorage"], "50");
    let origin = &instance.field(&path("/DBInstanceClass")).unwrap().origin;
    assert_eq!(origin.to_string(), "environments/production.toml:7");
    let origin = &instance.field(&path("/MultiAZ")).unwrap().origin;
    assert_eq!(origin.to_string(), "default database.multi_az (2026.1)");
    assert_eq!(body(&state, "compute/all/scalable-target")["MinCapacity"], 3);
    assert!(body(&state, "compute/all/service").get("DesiredCount").is_none());
    check("development", "[process.all]\ninstances = 3\n", "compute/all/service", "/DesiredCount", &json!(3));
}

#[test]
fn a_field_leads_back_to_its_setting_and_a_setting_to_its_fields() {
    let state = state(&shop(), "production", "");
    let key = setting_for(&id(INSTANCE), &path("/DBInstanceClass")).unwrap();
    assert_eq!(key.keys(), ["database", "shared", "instance_class"]);
    assert_eq!(fields_of(&key, &state), [(id(INSTANCE), path("/DBInstanceClass"))]);
    let key = setting_for(&id("compute/all/scalable-target"), &path("/MinCapacity")).unwrap();
    assert_eq!(key.keys(), ["process", "all", "instances"]);
    assert_eq!(fields_of(&key, &state).len(), 1);
    assert!(setting_for(&id(INSTANCE), &path("/PreferredMaintenanceWindow")).is_none());
    for setting in crate::SETTINGS {
        for value in [json!("db.x"), json!(true), json!(3)] {
            let there = setting.to_property(&value);
            let back = there.as_ref().and_then(|value| setting.from_property(value));
            assert!(there.is_none() || back == Some(value), "{}.{}", setting.table, setting.key);
        }
    }
}

#[test]
fn a_database_may_have_a_server_of_its_own() {
    let lines = "[database.orders]\nserver = \"own\"\ninstance_class = \"db.m5.4xlarge\"\n";
    let state = state(&shop(), "production", lines);
    assert_eq!(body(&state, "database/orders/instance")["DBInstanceClass"], "db.m5.4xlarge");
    assert!(!state.resources.contains_key(&id(INSTANCE)));
    check_finding(
        "[database.orders]\ninstance_class = \"db.m5.4xlarge\"\n",
        Code::E0004,
        1,
        "`[database.shared]`",
    );
    let unused = "[database.orders]\nserver = \"own\"\n[database.shared]\nmulti_az = true\n";
    check_finding(unused, Code::E0004, 3, "there is no database `shared`");
    check_finding("[database.order]\ninstance_class = \"x\"\n", Code::E0004, 1, "did you mean `orders`?");
}

#[test]
fn attributes_of_single_resources_come_last() {
    let lines = "[resources.\"database/shared/instance\".properties]\n\
        \"/PreferredMaintenanceWindow\" = \"sun:03:00-sun:04:00\"\n\"/Tags/[Key=team]/Value\" = \"x\"\n\
        [resources.\"database/shared/instance\"]\nwithout = [\"/AutoMinorVersionUpgrade\"]\nreport = [\"/DeletionProtection\"]\n\
        [resources.\"compute/all/scaling-policy\"]\nabsent = true\n";
    let state = state(&shop(), "production", lines);
    let instance = &state.resources[&id(INSTANCE)];
    let properties = body(&state, INSTANCE);
    assert_eq!(properties["PreferredMaintenanceWindow"], "sun:03:00-sun:04:00");
    assert_eq!(properties["Tags"], json!([{ "Key": "team", "Value": "x" }]));
    assert!(properties.get("AutoMinorVersionUpgrade").is_none());
    let field = instance.field(&path("/PreferredMaintenanceWindow")).unwrap();
    assert!(matches!(&field.origin, Origin::Setting { at } if at.line == 7));
    assert_eq!(instance.field(&path("/DeletionProtection")).unwrap().class, Class::Reported);
    assert_eq!(instance.field(&path("/StorageEncrypted")).unwrap().class, Class::Enforced);
    assert!(!state.resources.contains_key(&id("compute/all/scaling-policy")));
}

#[test]
fn what_cannot_be_set_is_said_at_its_place() {
    let properties = |line: &str| format!("[resources.\"database/shared/instance\".properties]\n{line}\n");
    check_finding(
        &properties("\"/DBInstanceClas\" = \"x\""),
        Code::L0202,
        2,
        "did you mean `/DBInstanceClass`?",
    );
    check_finding(&properties("\"/StorageEncrypted\" = false"), Code::E0007, 2, "is enforced");
    check_finding(&properties("\"/BackupRetentionPeriod\" = 3"), Code::E0007, 2, "is enforced");
    check_finding(&properties("\"/Endpoint\" = {}"), Code::L0202, 2, "by the cloud alone");
    check_finding(&properties("\"/MultiAZ\" = \"maybe\""), Code::E0003, 2, "boolean");
    check_finding(&properties("\"/DBSubnetGroupName/x\" = 1"), Code::L0202, 2, "no property");
    let whole =
        "[resources.\"gateway/api-gateway/load-balancer\".properties]\n\"/LoadBalancerAttributes\" = []\n";
    check_finding(whole, Code::E0007, 2, "deletion_protection.enabled");
    check_finding("[process.all]\ncpu = 300\n", Code::E0003, 2, "256, 512");
    check_finding("[process.all]\nmemory_mib = 1000\n", Code::E0003, 2, "2048 to 8192");
    check_finding("[database.shared]\nbackup_days = 1\n", Code::E0007, 2, "at least 7");
    check_finding(
        "[resources.\"database/share/instance\"]\n",
        Code::E0004,
        1,
        "did you mean `database/shared/instance`?",
    );
    check_finding("[resources.\"network/vpc\"]\nabsent = true\n", Code::E0004, 2, "refers to it");
    check_finding("[resources.\"network/vpc\"]\nreport = [\"/CidrBlock\"]\n", Code::E0004, 2, "not enforced");
    check_finding("[[moved]]\nfrom = \"a/b\"\nto = \"a/c\"\n", Code::E0004, 3, "there is no resource `a/c`");
    check_finding(
        "[[moved]]\nfrom = \"network/vpc\"\nto = \"compute/cluster\"\n",
        Code::E0004,
        2,
        "still exists",
    );
    let output = "\"/DBName\" = { \"$ref\" = { resource = \"network/vpc\", output = \"/Nam\" } }";
    check_finding(&properties(output), Code::L0202, 2, "`AWS::EC2::VPC` does not have");
    let circle = "[resources.\"network/vpc\".properties]\n\"/InstanceTenancy\" = { \"$ref\" = { resource = \"compute/all/service\", output = \"/Name\" } }\n";
    check_finding(circle, Code::L0206, 2, "wait for each other");
}

#[test]
fn more_than_the_minimum_may_be_set() {
    let lines = "[resources.\"database/shared/instance\".properties]\n\"/BackupRetentionPeriod\" = 14\n";
    check("production", lines, INSTANCE, "/BackupRetentionPeriod", &json!(14));
    check(
        "development",
        "[database.shared]\nbackup_days = 2\n",
        INSTANCE,
        "/BackupRetentionPeriod",
        &json!(2),
    );
}

#[test]
fn what_the_catalogue_enforces_is_enforced_down_to_the_member() {
    let state = state(&shop(), "production", "");
    let class = |resource: &str, at: &str| state.resources[&id(resource)].field(&path(at)).unwrap().class;
    let balancer = "gateway/api-gateway/load-balancer";
    assert_eq!(class(balancer, "/LoadBalancerAttributes/[Key=deletion_protection.enabled]"), Class::Enforced);
    assert_eq!(class(balancer, "/LoadBalancerAttributes/[Key=idle_timeout.timeout_seconds]"), Class::Open);
    assert_eq!(class("database/shared/parameter-group", "/Parameters/rds.force_ssl"), Class::Enforced);
    assert_eq!(class("database/shared/parameter-group", "/Parameters/work_mem"), Class::Open);
    assert_eq!(
        class("bucket/receipts/bucket", "/PublicAccessBlockConfiguration/BlockPublicAcls"),
        Class::Enforced
    );
    assert_eq!(class("compute/all/task-role-policy", "/PolicyDocument"), Class::Enforced);
    assert_eq!(class("gateway/api-gateway/listener", "/Protocol"), Class::Open);
    let address = "/NetworkConfiguration/AwsvpcConfiguration";
    assert_eq!(class("compute/all/service", &format!("{address}/AssignPublicIp")), Class::Enforced);
    assert_eq!(class("compute/all/service", &format!("{address}/Subnets")), Class::Open);
    let whole = format!(
        "[resources.\"compute/all/service\".properties]\n\"{address}\" = {{ AssignPublicIp = \"ENABLED\" }}\n"
    );
    check_finding(&whole, Code::E0007, 2, "AssignPublicIp");
}

#[test]
fn the_example_of_each_page_produces_its_code() {
    let codes = [Code::E0001, Code::E0002, Code::E0003, Code::E0004, Code::E0006, Code::E0007];
    for code in codes.into_iter().chain([Code::L0201, Code::L0202, Code::L0203, Code::L0206]) {
        let example =
            code.page().split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let head = [
            "version = 1",
            "edition = \"2026.1\"",
            "type = \"production\"",
            "cloud = \"aws\"",
            "region = \"eu-central-1\"",
        ];
        let key = |line: &str| line.split(' ').next().unwrap().to_owned();
        let said: BTreeSet<String> = example.lines().map(key).collect();
        let lines: Vec<&str> =
            head.into_iter().filter(|line| !said.contains(&key(line))).chain(example.lines()).collect();
        let (file, mut found) = read_environment("x", Some(("environments/x.toml", &lines.join("\n"))));
        if let Some(file) = file {
            found = lower(&model(&shop()), &file, &Images::default()).1;
        }
        assert!(!found.is_empty() && found.iter().all(|found| found.code == code), "{code:?}: {found:?}");
    }
}

#[test]
fn resource_ids_are_public_interface() {
    let hello = json!({
        "version": 1, "app": "hello", "language": "go",
        "services": [{ "name": "hello", "path": "hello", "at": "hello/hello.go:1" }],
        "databases": [{ "name": "hello", "at": "hello/hello.go:2" }],
        "topics": [{ "name": "greetings", "delivery": "at_least_once", "at": "hello/hello.go:3",
            "subscriptions": [{ "name": "count", "service": "hello", "at": "hello/hello.go:4" }] }],
        "buckets": [{ "name": "files", "at": "hello/hello.go:5" }],
    });
    let state = state(&hello, "development", "");
    let ids: Vec<&str> = state.resources.keys().map(ResourceId::as_str).collect();
    assert_eq!(ids.join("\n"), include_str!("hello_ids.txt").trim_end());
}

#[test]
fn what_cannot_be_lowered_yet_is_said() {
    let model = model(&shop());
    for (lines, words) in [
        ("type = \"production\"\ncloud = \"gcp\"\n", "`gcp`"),
        ("type = \"local\"\ncloud = \"local\"\n", "`local`"),
        ("type = \"local\"\ncloud = \"aws\"\nregion = \"eu-central-1\"\n", "local environment"),
        (
            "type = \"production\"\ncloud = \"aws\"\nregion = \"eu-central-1\"\n[providers]\ndatabase = \"neon\"\n",
            "`neon`",
        ),
    ] {
        let text = format!("version = 1\nedition = \"2026.1\"\n{lines}");
        let (file, found) = read_environment("x", Some(("environments/x.toml", &text)));
        let (state, found) = lower(&model, &file.unwrap_or_else(|| panic!("{found:?}")), &Images::default());
        assert!(state.is_none());
        assert_eq!(found[0].code, Code::L0201);
        assert!(found[0].message.contains(words), "{found:?}");
    }
}

#[test]
fn a_name_that_no_id_can_hold_is_refused() {
    let mut model = model(&shop());
    if let Some(secret) = model.secrets.get_mut("SmtpPassword") {
        secret.key = "smtp password".to_owned();
    }
    let (state, found) = lower(&model, &environment("production", ""), &Images::default());
    assert!(state.is_none());
    assert_eq!(found[0].code, Code::L0203);
}

#[test]
fn two_secrets_of_one_name_cannot_be_read_in_one_process() {
    let mut model = model(&shop());
    let mut own = model.secrets["SmtpPassword"].clone();
    own.key = "orders.SmtpPassword".to_owned();
    own.services = ["orders".to_owned()].into();
    model.secrets.insert(own.key.clone(), own);
    let (state, found) = lower(&model, &environment("production", ""), &Images::default());
    assert!(state.is_none());
    assert_eq!(found[0].code, Code::L0205);
    let (state, found) =
        lower(&model, &environment("production", "allocation = \"per-service\"\n"), &Images::default());
    assert!(state.is_some(), "{found:?}");
}

#[test]
fn a_renamed_database_server_needs_a_word() {
    let before = state(&shop(), "production", "");
    let own = "[database.orders]\nserver = \"own\"\n";
    let after = state(&shop(), "production", own);
    let found = unmoved(&before, &after);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].help.as_deref().unwrap().contains("to = \"database/orders/instance\""));
    let moved = "[[moved]]\nfrom = \"database/shared/instance\"\nto = \"database/orders/instance\"\n";
    assert_eq!(unmoved(&before, &state(&shop(), "production", &format!("{own}{moved}"))), vec![]);
}

#[test]
fn the_same_app_gives_the_same_bytes() {
    let bytes = || canonical::to_pretty(&state(&shop(), "production", "allocation = \"per-service\"\n"));
    assert_eq!(bytes(), bytes());
}

#[test]
fn an_app_without_services_has_a_network_and_no_more() {
    let empty = json!({ "version": 1, "app": "empty", "language": "go" });
    let state = state(&empty, "production", "");
    assert!(state.resources.keys().all(|id| id.primitive() == "network"));
}

#[test]
fn what_runs_the_images_changes_when_they_are_deployed() {
    let state = state(&shop(), "production", "");
    let deployed = state.resources.iter().filter(|(_, resource)| resource.phase == Phase::Deploy);
    let roles: Vec<&str> = deployed.map(|(id, _)| id.as_str().rsplit('/').next().unwrap()).collect();
    assert_eq!(roles, ["image", "scalable-target", "scaling-policy", "service", "task-definition"]);
}

/// What a provider might answer for an output: another text for each, in the form that its kind has.
fn plausible(reference: &Reference) -> Json {
    let digest = Digest::of(reference);
    let digits = digest.short();
    let text = reference.output.to_string();
    Json::from(match text.rsplit('/').next().unwrap_or_default() {
        "VpcId" => format!("vpc-{digits}00000"),
        "SubnetId" => format!("subnet-{digits}00000"),
        "GroupId" => format!("sg-{digits}00000"),
        name if name.ends_with("Arn") => format!("arn:aws:iam::123456789012:role/x{digits}"),
        _ => format!("x-{digits}"),
    })
}

/// Everything that holds for a desired state whatever the app.
/// Whether a cloud tells an output: it sets it, or it was asked for it.
fn is_told(state: &DesiredState, reference: &Reference) -> bool {
    let resource = &state.resources[&reference.resource];
    let kind = Catalog::builtin().kind(&resource.kind).unwrap();
    let body = serde_json::to_value(&resource.properties).unwrap();
    kind.identifier.contains(&reference.output)
        || kind.read_only.iter().any(|pattern| pattern.covers(&reference.output))
        || resource.name.as_ref().is_some_and(|name| name.path == reference.output)
        || reference.output.get(&body).is_some()
}

fn assert_sound(state: &DesiredState) {
    let mut names = BTreeSet::new();
    for (id, resource) in &state.resources {
        let kind = Catalog::builtin().kind(&resource.kind).unwrap();
        assert!(resource.dependencies().iter().all(|to| state.resources.contains_key(to)), "{id}");
        for reference in resource.properties.values().flat_map(Value::references) {
            assert!(is_told(state, &reference), "{id} waits for ever for {reference:?}");
        }
        let mut body = serde_json::Map::new();
        for (property, value) in &resource.properties {
            let field = resource.field(&FieldPath::root().child(property));
            assert!(field.is_some(), "{id} has no origin for {property}");
            let filled = value.evaluate(&|reference| Some(plausible(reference)));
            assert!(filled.waits_for.is_empty());
            // A secret's value is some text, whatever it is.
            let whole = filled.value.reveal(&|_| Some("value".to_owned()));
            body.insert(property.clone(), whole.as_json().unwrap());
        }
        let mut body = Json::Object(body);
        if let Some(name) = &resource.name {
            let rule = kind.overlay.name.as_ref().unwrap();
            let whole = format!("{}-12345678{}", name.stem, name.ending);
            assert_eq!(name.stem.len() + SUFFIX_LENGTH + name.ending.len(), whole.len());
            assert!(whole.len() <= rule.max_length as usize, "{id}: {whole}");
            assert!(names.insert((resource.kind.clone(), whole.clone())), "{id}: {whole} twice");
            assert!(name.path.set(&mut body, Json::from(whole)));
        }
        let wrong: Vec<_> = validate(kind, &body, Mode::Create);
        assert!(wrong.is_empty(), "{id}: {wrong:?}");
    }
}

#[test]
fn a_shop_is_sound_in_every_environment() {
    for kind in ["production", "development", "preview"] {
        let eks = "[providers]\ncompute = \"eks\"\n";
        let domain = "[gateway.api-gateway]\ndomain = \"a.example\"\nhosted_zone = \"Z0123456789\"\n";
        let own = "[database.orders]\nserver = \"own\"\n";
        for lines in ["", "allocation = \"per-service\"\n", own, eks, domain] {
            assert_sound(&state(&shop(), kind, lines));
        }
    }
}

mod laws {
    use super::*;
    use proptest::prelude::*;

    fn names() -> impl Strategy<Value = BTreeSet<String>> {
        proptest::collection::btree_set("[a-z][a-z0-9]{0,4}(-[a-z0-9]{1,4}){0,6}", 1..5)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn every_app_is_sound(app in "[a-z][a-z0-9-]{0,30}", topics in names(), things in names(), public in any::<bool>()) {
            let at = "a/a.go:1";
            let named = |names: &BTreeSet<String>| -> Vec<Json> {
                names.iter().filter(|name| *name != "shared").map(|name| json!({ "name": name, "at": at })).collect()
            };
            let subscriptions: Vec<Json> =
                things.iter().map(|name| json!({ "name": name, "service": "a", "at": at })).collect();
            let topics: Vec<Json> = topics
                .iter()
                .map(|name| json!({ "name": name, "delivery": "at_least_once", "subscriptions": subscriptions, "at": at }))
                .collect();
            let buckets: Vec<Json> =
                things.iter().map(|name| json!({ "name": name, "public": public, "at": at })).collect();
            let manifest = json!({
                "version": 1, "app": app, "language": "go",
                "services": [{ "name": "a", "path": "a", "at": at }],
                "databases": named(&things), "caches": named(&things), "topics": topics, "buckets": buckets,
            });
            let manifest = serde_json::from_value(manifest).unwrap();
            let (model, found) = compiler_model::resolve(&manifest);
            prop_assume!(model.is_some());
            let (state, found_lowering) = lower(&model.unwrap(), &environment("production", ""), &Images::default());
            prop_assert!(state.is_some(), "{found:?} {found_lowering:?}");
            assert_sound(&state.unwrap());
        }
    }
}
