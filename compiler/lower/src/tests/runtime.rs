//! What processes are told, as their containers get it.

use schema_documents::runtime::core;
use schema_documents::runtime::infra::InfraConfig;
use schema_documents::{runtime, schema};

use super::*;

/// The shop, written in a language.
fn shop_in(language: &str) -> Json {
    let mut shop = shop();
    shop["language"] = json!(language);
    shop["topics"][1]["ordering_attribute"] = json!("shelf");
    shop["services"][0]["metrics"] = json!(["placed"]);
    shop["metrics"] = json!([{ "name": "placed", "kind": "counter", "at": "orders/metrics.go:1" }]);
    shop["services"][1]["databases"] =
        json!([{ "database": "orders", "access": "read", "at": "mail/mail.go:8" }]);
    shop
}

/// A variable of a container, with the outputs that it waits for filled in.
fn variable_of(state: &DesiredState, process: &str, container: usize, name: &str) -> Option<String> {
    let task = &state.resources[&id(&format!("compute/{process}/task-definition"))];
    let filled = task.properties["ContainerDefinitions"].evaluate(&|reference| Some(plausible(reference)));
    let containers = filled.value.as_json().expect("nothing is left to fill in");
    let variables = containers[container]["Environment"].as_array().expect("a list").clone();
    let found = variables.into_iter().find(|variable| variable["Name"] == name)?;
    Some(found["Value"].as_str().expect("a text").to_owned())
}

fn infra(state: &DesiredState, process: &str) -> Json {
    let text = variable_of(state, process, 1, "CONFIG").expect("the text of the file");
    serde_json::from_str(&text).expect("JSON")
}

fn core(state: &DesiredState, process: &str) -> core::RuntimeConfig {
    use base64::Engine as _;
    let text = variable_of(state, process, 0, "ENCORE_RUNTIME_CONFIG").expect("it is told");
    core::decode(&base64::prelude::BASE64_STANDARD.decode(text).unwrap()).expect("the message")
}

#[track_caller]
fn assert_valid(name: &str, document: &Json) {
    let schema = schema::of(name).expect("there is one").to_value();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let wrong: Vec<String> = validator.iter_errors(document).map(|error| error.to_string()).collect();
    assert_eq!(wrong, Vec::<String>::new(), "{document:#}");
}

const ALLOCATIONS: [&str; 2] = ["", "allocation = \"per-service\"\n"];

#[test]
fn each_process_is_told_what_its_runtime_reads() {
    for kind in ["production", "development", "preview"] {
        for allocation in ALLOCATIONS {
            let processes: &[&str] =
                if allocation.is_empty() { &["all"] } else { &["gateway", "mail", "orders"] };
            let go = state(&shop_in("go"), kind, allocation);
            for process in processes {
                assert_valid("infra-config", &infra(&go, process));
                assert!(variable_of(&go, process, 0, "ENCORE_RUNTIME_CONFIG").is_none());
                assert_eq!(
                    variable_of(&go, process, 0, "ENCORE_INFRA_CONFIG_PATH").unwrap(),
                    "/manifest/infra.config.json"
                );
            }
            for language in ["typescript", "python", "rust"] {
                let state = state(&shop_in(language), kind, allocation);
                for process in processes {
                    assert_valid("runtime-config", &serde_json::to_value(core(&state, process)).unwrap());
                    assert!(variable_of(&state, process, 0, "ENCORE_INFRA_CONFIG_PATH").is_none());
                }
            }
        }
    }
}

#[test]
fn a_go_process_is_told_by_a_file_that_a_container_before_it_writes() {
    let state = state(&shop_in("go"), "production", "");
    let task = body(&state, "compute/all/task-definition");
    let [app, writer] = task["ContainerDefinitions"].as_array().unwrap().as_slice() else {
        panic!("two containers: {task}")
    };
    assert_eq!(app["DependsOn"], json!([{ "ContainerName": "config", "Condition": "SUCCESS" }]));
    assert_eq!(writer["Name"], "config");
    assert_eq!(writer["Essential"], false);
    assert_eq!(writer["ReadonlyRootFilesystem"], true);
    assert_eq!(writer.get("Secrets"), None, "it is told no secret");
    let folder = |container: &Json| container["MountPoints"][0]["ContainerPath"].clone();
    assert_eq!((folder(app), folder(writer)), (json!("/manifest"), json!("/manifest")));
    assert_eq!(app["MountPoints"][0]["ReadOnly"], true);
    assert!(writer["Command"][0].as_str().unwrap().ends_with("> /manifest/infra.config.json"));
    assert_eq!(task["Volumes"], json!([{ "Name": "config" }]));
}

#[test]
fn the_whole_of_a_go_process() {
    let state = state(&shop_in("go"), "production", "allocation = \"per-service\"\n");
    let told = |resource: &str, output: &str| {
        let output = FieldPath::parse(output).unwrap();
        plausible(&Reference { resource: id(resource), output }).as_str().unwrap().to_owned()
    };
    let host = |resource: &str, at: &str| {
        format!("{}:{}", told(resource, &format!("{at}/Address")), told(resource, &format!("{at}/Port")))
    };
    let expected = json!({
        "metadata": {
            "app_id": "shop", "env_name": "production", "env_type": "production", "cloud": "aws",
            "base_url": format!("http://{}", told("gateway/api-gateway/load-balancer", "/DNSName")),
        },
        "auth": [{ "type": "key", "id": 1, "key": { "$env": "MANIFEST_CALL_KEY" } }],
        "hosted_services": ["mail"],
        "sql_servers": [{
            "host": host("database/shared/instance", "/Endpoint"),
            "databases": { "orders": {
                "username": told("database/shared/role/mail", "/Name"),
                "password": { "$env": "MANIFEST_DATABASE_shared_PASSWORD" },
            } },
        }],
        "redis": { "limits": {
            "host": host("cache/limits/replication-group", "/PrimaryEndPoint"),
            "database_index": 0,
            "in_memory": false,
            "tls_config": {},
            "auth": {
                "type": "acl",
                "username": told("cache/limits/user/mail", "/UserName"),
                "password": { "$env": "MANIFEST_CACHE_limits_PASSWORD" },
            },
        } },
        "pubsub": [{ "type": "aws_sns_sqs", "topics": {
            "order-placed": {
                "arn": told("topic/order-placed/topic", "/TopicArn"),
                "subscriptions": { "send-mail": { "url": told("topic/order-placed/queue/send-mail", "/QueueUrl") } },
            },
            "stock": { "arn": told("topic/stock/topic", "/TopicArn") },
        } }],
        "object_storage": [{ "type": "s3", "region": "eu-central-1", "buckets": { "receipts": {
            "name": told("bucket/receipts/bucket", "/BucketName"),
            "public_base_url": format!("https://{}", told("bucket/receipts/distribution", "/DomainName")),
        } } }],
        "secrets": { "SmtpPassword": { "$env": "SmtpPassword" } },
    });
    assert_eq!(infra(&state, "mail"), expected);
    // The gateways' own process finds the services that they lead to, and holds nothing else.
    let gateway: InfraConfig = runtime::read(&infra(&state, "gateway")).unwrap();
    assert_eq!(gateway.hosted_gateways, ["api-gateway"]);
    let name = told("compute/orders/discovery", "/Name");
    assert_eq!(gateway.service_discovery["orders"].base_url, format!("http://{name}.app.internal:8080"));
    assert!(!gateway.service_discovery.contains_key("mail"), "no endpoint of it is open");
    assert!(gateway.sql_servers.is_empty() && gateway.pubsub.is_empty());
    // Metrics go where something is measured.
    assert_eq!(
        infra(&state, "orders")["metrics"],
        json!({ "type": "aws_cloudwatch", "namespace": "shop/production" })
    );
    assert_eq!(infra(&state, "mail").get("metrics"), None);
}

#[test]
fn the_core_runtime_learns_what_keeps_an_order_and_who_signs() {
    let state = state(&shop_in("typescript"), "development", "allocation = \"per-service\"\n");
    let config = core(&state, "mail");
    let environment = config.environment.unwrap();
    assert_eq!(environment.env_type(), core::EnvironmentType::Development);
    assert_eq!(environment.cloud(), core::Cloud::Aws);
    let infra = config.infra.unwrap();
    let (resources, credentials) = (infra.resources.unwrap(), infra.credentials.unwrap());
    let topics = &resources.pubsub_clusters[0].topics;
    let stock = topics.iter().find(|topic| topic.encore_name == "stock").unwrap();
    assert_eq!((stock.delivery_guarantee, stock.ordering_attr.as_deref()), (2, Some("shelf")));
    let placed = topics.iter().find(|topic| topic.encore_name == "order-placed").unwrap();
    assert_eq!((placed.delivery_guarantee, placed.ordering_attr.as_deref()), (1, None));
    // Every pool connects as a role that is there, encrypted, with a password from a variable.
    let roles =
        credentials.sql_roles.iter().map(|role| (role.rid.clone(), role.password.clone().unwrap().env));
    let roles: BTreeMap<String, String> = roles
        .chain(
            credentials
                .redis_roles
                .iter()
                .map(|role| (role.rid.clone(), role.acl.clone().unwrap().password.unwrap().env)),
        )
        .collect();
    let sql = resources
        .sql_clusters
        .iter()
        .flat_map(|cluster| cluster.databases.iter().flat_map(|database| &database.conn_pools));
    let redis = resources
        .redis_clusters
        .iter()
        .flat_map(|cluster| cluster.databases.iter().flat_map(|database| &database.conn_pools));
    let used: Vec<&String> = sql.chain(redis).map(|pool| &roles[&pool.role_rid]).collect();
    assert_eq!(used, ["MANIFEST_DATABASE_shared_PASSWORD", "MANIFEST_CACHE_limits_PASSWORD"]);
    let mut servers = resources
        .sql_clusters
        .iter()
        .map(|cluster| &cluster.servers)
        .chain(resources.redis_clusters.iter().map(|cluster| &cluster.servers))
        .flatten();
    assert!(servers.all(|server| server.tls_config.is_some()));
    assert_eq!(
        config.encore_platform.unwrap().platform_signing_keys[0].data.clone().unwrap().env,
        "MANIFEST_CALL_KEY"
    );
    let deployment = config.deployment.unwrap();
    assert!(deployment.auth_methods[0].encore_auth.is_some(), "nobody is believed without a signature");
}

#[test]
fn every_variable_that_a_document_names_is_there() {
    for (language, allocation) in
        ["go", "typescript"].into_iter().flat_map(|it| ALLOCATIONS.map(|all| (it, all)))
    {
        let state = state(&shop_in(language), "production", allocation);
        let tasks =
            state.resources.iter().filter(|(_, resource)| resource.kind == "AWS::ECS::TaskDefinition");
        for (id, task) in tasks {
            let process = id.declared_name();
            let document = if language == "go" {
                infra(&state, process)
            } else {
                serde_json::to_value(core(&state, process)).unwrap()
            };
            let mut named = BTreeSet::new();
            collect(&document, &mut named);
            let task = serde_json::to_value(&task.properties).unwrap();
            let secrets = task["ContainerDefinitions"][0]["Secrets"].as_array().unwrap().iter();
            let given: BTreeSet<String> =
                secrets.map(|secret| secret["Name"].as_str().unwrap().to_owned()).collect();
            assert_eq!(named, given, "{language} {id}");
        }
    }
}

/// The variables that a document names.
fn collect(document: &Json, found: &mut BTreeSet<String>) {
    match document {
        Json::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(text) if name == "$env" || name == "env" => _ = found.insert(text.to_owned()),
                    _ => collect(member, found),
                }
            }
        }
        Json::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

#[test]
fn two_runtimes_do_not_run_in_one_process() {
    let mut mixed = shop_in("go");
    mixed["services"][1]["language"] = json!("typescript");
    let (state, found) = lower(&model(&mixed), &environment("production", ""), &Images::default());
    assert!(state.is_none());
    assert_eq!((found.len(), found[0].code), (1, Code::L0205), "{found:?}");
    assert!(found[0].message.contains("two runtimes"), "{found:?}");
    let apart = super::state(&mixed, "production", "allocation = \"per-service\"\n");
    assert!(variable_of(&apart, "mail", 0, "ENCORE_RUNTIME_CONFIG").is_some());
    assert!(variable_of(&apart, "orders", 0, "ENCORE_INFRA_CONFIG_PATH").is_some());
}

#[test]
fn each_process_has_a_role_of_its_own_in_the_database_server() {
    let state = state(&shop_in("go"), "production", "allocation = \"per-service\"\n");
    let access = |process: &str| body(&state, &format!("database/orders/grant/{process}"))["Access"].clone();
    assert_eq!((access("orders"), access("mail")), (json!("write"), json!("read")));
    assert!(!state.resources.contains_key(&id("database/shared/role/gateway")), "it uses no database");
    for process in ["orders", "mail"] {
        let role = body(&state, &format!("database/shared/role/{process}"));
        let password = format!("database/shared/password/{process}");
        assert_eq!(role["Password"]["$ref"]["resource"], password.as_str());
        let secret = &state.resources[&id(&password)];
        assert!(!secret.stateful, "another one can be drawn");
        assert_eq!(body(&state, &password)["GenerateSecretString"]["PasswordLength"], 40);
        let administrator = &role["Administrator"]["$ref"];
        assert_eq!(administrator["output"], "/MasterUserSecret/SecretArn");
    }
    assert!(state.resources[&id("database/orders/database")].stateful);
    let all = serde_json::to_string(&state.resources[&id("compute/mail/task-definition")]).unwrap();
    assert!(!all.contains("MasterUser"), "the administrator is nobody's role");
}

#[test]
fn a_cache_lets_in_the_processes_that_use_it_by_name_and_nobody_else() {
    let state = state(&shop_in("go"), "production", "allocation = \"per-service\"\n");
    let group = body(&state, "cache/limits/user-group");
    let members: Vec<&str> = group["UserIds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["$ref"]["resource"].as_str().unwrap())
        .collect();
    assert_eq!(members, ["cache/limits/nobody", "cache/limits/user/mail"]);
    let nobody = body(&state, "cache/limits/nobody");
    assert_eq!((&nobody["UserName"], &nobody["AccessString"]), (&json!("default"), &json!("off -@all")));
    let user = body(&state, "cache/limits/user/mail");
    let password = &user["AuthenticationMode"]["Passwords"][0]["$secret"]["told_by"];
    assert_eq!(password["resource"], "cache/limits/password/mail");
}
