//! Templates of small documents.

use super::*;
use serde_json::json;

/// A desired state of these resources: kind, properties, and what else they say.
fn desired(resources: Json) -> DesiredState {
    let origin = json!({ "by": "default", "rule": "test", "edition": "2026.1" });
    let mut resources = resources;
    for resource in resources.as_object_mut().unwrap().values_mut() {
        for (member, usual) in [
            ("stateful", json!(false)),
            ("phase", json!("provision")),
            ("origin", origin.clone()),
            ("fields", json!({})),
            ("properties", json!({})),
        ] {
            resource.as_object_mut().unwrap().entry(member).or_insert(usual);
        }
    }
    serde_json::from_value(json!({
        "format": "desired-state",
        "version": 1,
        "app": "shop",
        "environment": { "name": "production", "type": "production", "cloud": "aws", "region": "eu-central-1" },
        "edition": "2026.1",
        "approval": "automatic",
        "settle_seconds": 60,
        "resources": resources,
    }))
    .unwrap()
}

fn exported(resources: Json) -> Result<Export, Unexportable> {
    export(&desired(resources), Catalog::builtin(), "shop")
}

fn logical(id: &str) -> String {
    logical::resource(&ResourceId::parse(id).unwrap())
}

fn reference(resource: &str, output: &str) -> Json {
    json!({ "$ref": { "resource": resource, "output": output } })
}

/// What becomes of a property that refers to a queue, which is named and has a policy of its own.
#[track_caller]
fn check(value: &Json, expected: &Json) {
    let template = exported(json!({
        "topic/a/queue": {
            "kind": "AWS::SQS::Queue",
            "properties": { "DelaySeconds": 5 },
            "name": { "path": "/QueueName", "stem": "shop-a", "ending": ".fifo" },
        },
        "topic/a/user": { "kind": "AWS::SNS::Topic", "properties": { "DisplayName": value } },
    }))
    .unwrap()
    .template;
    assert_eq!(template["Resources"][logical("topic/a/user")]["Properties"]["DisplayName"], *expected);
}

#[test]
fn an_output_is_a_ref_an_attribute_or_what_was_declared() {
    let queue = logical("topic/a/queue");
    check(&reference("topic/a/queue", "/QueueUrl"), &json!({ "Ref": queue }));
    check(&reference("topic/a/queue", "/Arn"), &json!({ "Fn::GetAtt": [queue, "Arn"] }));
    check(&reference("topic/a/queue", "/DelaySeconds"), &json!(5));
    let id = json!({ "Fn::Select": [2, { "Fn::Split": ["/", { "Ref": "AWS::StackId" }] }] });
    let suffix = json!({ "Fn::Select": [0, { "Fn::Split": ["-", id] }] });
    let name = json!({ "Fn::Sub": ["shop-a-${Part1}.fifo", { "Part1": suffix }] });
    check(&reference("topic/a/queue", "/QueueName"), &name);
}

#[test]
fn texts_and_json_are_put_together_by_the_stack() {
    let queue = logical("topic/a/queue");
    let arn = reference("topic/a/queue", "/Arn");
    check(&json!({ "$join": [arn, "/*"] }), &json!({ "Fn::Sub": format!("${{{queue}.Arn}}/*") }));
    check(&json!({ "$join": ["a", 1, "b"] }), &json!("a1b"));
    let inner = json!({ "b": [true, reference("topic/a/queue", "/QueueUrl")], "a": "say \"hi\"" });
    let text = format!("{{\"a\":\"say \\\"hi\\\"\",\"b\":[true,\"${{{queue}}}\"]}}");
    check(&json!({ "$json": inner }), &json!({ "Fn::Sub": text }));
    let nested = json!({ "config": { "$json": { "queue": arn } } });
    let text = format!("{{\"config\":\"{{\\\"queue\\\":\\\"${{{queue}.Arn}}\\\"}}\"}}");
    check(&json!({ "$json": nested }), &json!({ "Fn::Sub": text }));
    check(&json!({ "$base64": "eu-central-1" }), &json!({ "Fn::Base64": { "Ref": "AWS::Region" } }));
}

#[test]
fn a_secret_is_named_and_never_there() {
    let export = exported(json!({ "cache/items/user": {
        "kind": "AWS::ElastiCache::User",
        "properties": { "Passwords": [{ "$secret": { "reference": "shop/items", "key": "password" } }] },
    } }))
    .unwrap();
    let parameters = export.template["Parameters"].as_object().unwrap();
    let (name, parameter) = parameters.iter().next().unwrap();
    assert_eq!((parameters.len(), &parameter["Default"]), (1, &json!("shop/items")));
    assert_eq!(
        export.template["Resources"][logical("cache/items/user")]["Properties"]["Passwords"],
        json!([{ "Fn::Sub": format!("{{{{resolve:secretsmanager:${{{name}}}:SecretString:password}}}}") }]),
    );
}

#[test]
fn data_is_kept_and_processes_wait_for_their_images() {
    let export = exported(json!({
        "bucket/a/bucket": { "kind": "AWS::S3::Bucket", "stateful": true },
        "compute/a/service": {
            "kind": "AWS::ECS::Service",
            "phase": "deploy",
            "depends_on": ["bucket/a/bucket"],
        },
        "compute/a/alarm": { "kind": "AWS::CloudWatch::Alarm", "depends_on": ["compute/a/service"] },
    }))
    .unwrap();
    let resource = |id| &export.template["Resources"][logical(id)];
    assert_eq!(resource("bucket/a/bucket")["DeletionPolicy"], "Retain");
    assert_eq!(resource("bucket/a/bucket")["UpdateReplacePolicy"], "Retain");
    assert_eq!(resource("bucket/a/bucket")["Metadata"]["Manifest"]["Resource"], "bucket/a/bucket");
    assert_eq!(resource("bucket/a/bucket").get("Condition"), None);
    assert_eq!(resource("compute/a/service")["Condition"], "ProcessesRun");
    assert_eq!(resource("compute/a/service")["DependsOn"], json!([logical("bucket/a/bucket")]));
    assert_eq!(resource("compute/a/service").get("DeletionPolicy"), None);
    assert_eq!(resource("compute/a/alarm")["Condition"], "ProcessesRun", "it builds on what is not there");
    assert_eq!(export.template["Parameters"]["RunProcesses"]["Default"], "true");
}

#[test]
fn an_image_that_is_not_named_yet_is_a_parameter_and_no_process_runs_without() {
    let image = reference("compute/a/image", "/Uri");
    let export = exported(json!({
        "compute/a/image": { "kind": "Manifest::Image", "phase": "deploy" },
        "compute/a/task": {
            "kind": "AWS::ECS::TaskDefinition",
            "phase": "deploy",
            "properties": { "ContainerDefinitions": [{ "Image": image }] },
        },
    }))
    .unwrap();
    let task = &export.template["Resources"][logical("compute/a/task")]["Properties"];
    let name = task["ContainerDefinitions"][0]["Image"]["Ref"].as_str().unwrap();
    let parameters = &export.template["Parameters"];
    assert_eq!(
        (&parameters[name]["Default"], &parameters["RunProcesses"]["Default"]),
        (&json!(""), &json!("false"))
    );
    assert_eq!((export.sidecar, export.resources), (None, 1));
}

#[test]
fn what_cloudformation_does_not_know_goes_into_the_sidecar_and_comes_back_as_a_parameter() {
    let export = exported(json!({
        "database/orders/role": {
            "kind": "Postgres::Role",
            "properties": { "Host": reference("database/shared/instance", "/Endpoint/Address") },
        },
        "database/shared/instance": { "kind": "AWS::RDS::DBInstance", "stateful": true },
        "topic/a/topic": {
            "kind": "AWS::SNS::Topic",
            "properties": { "DisplayName": reference("database/orders/role", "/Name") },
            "depends_on": ["database/orders/role"],
        },
    }))
    .unwrap();
    assert_eq!(export.resources, 2);
    let topic = &export.template["Resources"][logical("topic/a/topic")];
    let name = topic["Properties"]["DisplayName"]["Ref"].as_str().unwrap();
    assert_eq!(topic.get("DependsOn"), None);
    assert_eq!(export.template["Parameters"][name]["Description"], "/Name of database/orders/role");
    let sidecar = export.sidecar.unwrap();
    assert_eq!(
        sidecar.resources.keys().map(ResourceId::as_str).collect::<Vec<_>>(),
        ["database/orders/role"]
    );
    assert_eq!(
        serde_json::to_value(&sidecar.parameters[name]).unwrap(),
        reference("database/orders/role", "/Name")["$ref"]
    );
}

#[test]
fn what_is_there_already_is_not_made_and_its_outputs_are_parameters() {
    let setting = json!({ "by": "setting", "at": "environments/production.toml:7:1-7:9" });
    let existing = json!({ "identifier": "arn:theirs", "mode": "owned", "origin": setting });
    let export = exported(json!({
        "topic/a/topic": { "kind": "AWS::SNS::Topic", "existing": existing },
        "topic/a/policy": {
            "kind": "AWS::SNS::TopicInlinePolicy",
            "properties": { "TopicArn": reference("topic/a/topic", "/TopicArn") },
        },
    }))
    .unwrap();
    let resources = export.template["Resources"].as_object().unwrap();
    assert!(!resources.contains_key(&logical("topic/a/topic")), "{resources:#?}");
    let parameter = resources[&logical("topic/a/policy")]["Properties"]["TopicArn"]["Ref"].as_str().unwrap();
    let sidecar = export.sidecar.unwrap();
    assert_eq!(sidecar.parameters[parameter].resource.as_str(), "topic/a/topic");
    assert!(sidecar.resources.contains_key(&ResourceId::parse("topic/a/topic").unwrap()));
}

#[test]
fn what_cannot_be_said_is_an_error_with_a_name() {
    let user = |value: Json| {
        exported(
            json!({ "topic/a/topic": { "kind": "AWS::SNS::Topic", "properties": { "DisplayName": value } } }),
        )
        .unwrap_err()
    };
    let id = |text: &str| ResourceId::parse(text).unwrap();
    assert_eq!(user(reference("topic/b/topic", "/TopicArn")), Unexportable::Missing(id("topic/b/topic")));
    assert_eq!(user(reference("topic/a/topic", "/TopicArn")), Unexportable::Circle(id("topic/a/topic")));
    assert_eq!(user(json!({ "$join": [["a"]] })), Unexportable::NoText);
    let unknown = exported(json!({
        "topic/a/topic": { "kind": "AWS::SNS::Topic" },
        "topic/b/topic": {
            "kind": "AWS::SNS::Topic",
            "properties": { "DisplayName": reference("topic/a/topic", "/FifoTopic") },
        },
    }));
    assert!(matches!(unknown, Err(Unexportable::NoOutput(_, kind)) if kind == "AWS::SNS::Topic"));
}

/// A network, queues in it and a process for each of them.
fn large(processes: usize) -> Json {
    let mut resources = json!({
        "network/vpc": { "kind": "AWS::EC2::VPC", "properties": { "CidrBlock": "10.0.0.0/16" } },
        "compute/cluster": { "kind": "AWS::ECS::Cluster" },
    });
    for number in 0..processes {
        resources[format!("topic/t{number}/queue")] = json!({ "kind": "AWS::SQS::Queue" });
        // Declared with its process, and needed by what comes before it.
        resources[format!("compute/p{number}/group")] = json!({
            "kind": "AWS::EC2::SecurityGroup",
            "properties": { "GroupDescription": "p", "VpcId": reference("network/vpc", "/VpcId") },
        });
        resources[format!("network/p{number}/rule")] = json!({
            "kind": "AWS::EC2::SecurityGroupIngress",
            "properties": { "IpProtocol": "tcp", "GroupId": reference(&format!("compute/p{number}/group"), "/GroupId") },
        });
        resources[format!("compute/p{number}/role")] = json!({
            "kind": "AWS::IAM::Role",
            "properties": { "Description": reference(&format!("topic/t{number}/queue"), "/Arn") },
        });
        resources[format!("compute/p{number}/service")] = json!({
            "kind": "AWS::ECS::Service",
            "phase": "deploy",
            "properties": {
                "Cluster": reference("compute/cluster", "/ClusterName"),
                "Role": reference(&format!("compute/p{number}/role"), "/Arn"),
            },
            "depends_on": [format!("topic/t{number}/queue"), format!("network/p{number}/rule")],
        });
    }
    resources
}

/// The templates of an export with small stacks.
fn cut(processes: usize) -> Export {
    let limits = Limits { resources: 20, bytes: 900_000, parameters: 12, outputs: 12 };
    export_within(&desired(large(processes)), Catalog::builtin(), "shop", &limits).unwrap()
}

#[test]
fn what_is_too_large_is_cut_at_network_data_and_compute() {
    let export = cut(4);
    assert_eq!(export.nested.keys().collect::<Vec<_>>(), ["compute", "data", "network"]);
    let network = export.nested["network"]["Resources"].as_object().unwrap();
    assert!(network.contains_key(&logical("compute/p0/group")), "what the network builds on is in it");
    let compute = &export.template["Resources"]["Compute"];
    assert_eq!(compute["Properties"]["TemplateURL"], "shop.compute.json");
    assert_eq!(compute["DependsOn"], json!(["Network"]), "nothing is passed from there");
    assert_eq!(compute["Properties"]["Parameters"]["RunProcesses"], json!({ "Ref": "RunProcesses" }));
    assert_eq!(export.template["Parameters"]["RunProcesses"]["Default"], "true");
}

/// Every parameter that is passed is declared, every output that is used is given, and stacks build on earlier ones only.
#[test]
fn nested_stacks_fit_together_however_many_there_are() {
    let export = cut(40);
    assert!(export.nested.len() > 6, "{:?}", export.nested.keys());
    let all: usize = export.nested.values().map(|stack| stack["Resources"].as_object().unwrap().len()).sum();
    assert_eq!((export.resources, all), (202, 202));
    let resources = export.template["Resources"].as_object().unwrap();
    let mut before: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (name, child) in resources {
        let file = child["Properties"]["TemplateURL"].as_str().unwrap();
        let stack = &export.nested[file.strip_prefix("shop.").unwrap().strip_suffix(".json").unwrap()];
        let (declared, passed) = (&stack["Parameters"], &child["Properties"]["Parameters"]);
        let names = |json: &Json| {
            json.as_object().into_iter().flat_map(|json| json.keys().cloned()).collect::<BTreeSet<_>>()
        };
        assert_eq!(names(declared), names(passed), "{name}");
        assert!(names(declared).len() <= 13 && stack["Resources"].as_object().unwrap().len() <= 20, "{name}");
        let builds_on = before.entry(name).or_default();
        builds_on.extend(
            child["DependsOn"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap().to_owned()),
        );
        for value in passed.as_object().into_iter().flat_map(|passed| passed.values()) {
            let value = value.get("Fn::If").map_or(value, |branches| &branches[1]);
            let Some(attribute) = value.get("Fn::GetAtt") else { continue };
            let from =
                resources[attribute[0].as_str().unwrap()]["Properties"]["TemplateURL"].as_str().unwrap();
            let from = &export.nested[from.strip_prefix("shop.").unwrap().strip_suffix(".json").unwrap()];
            let output = attribute[1].as_str().unwrap().strip_prefix("Outputs.").unwrap();
            assert!(from["Outputs"].get(output).is_some(), "{output}");
            builds_on.insert(attribute[0].as_str().unwrap().to_owned());
        }
    }
    while !before.is_empty() {
        let done: Vec<&str> = before.iter().filter(|(_, on)| on.is_empty()).map(|(name, _)| *name).collect();
        assert!(!done.is_empty(), "stacks in a circle: {before:?}");
        for name in done {
            before.remove(name);
            for builds_on in before.values_mut() {
                builds_on.remove(name);
            }
        }
    }
}

#[test]
fn what_fits_into_no_stack_is_said() {
    let mut properties = serde_json::Map::new();
    properties.insert("DisplayName".to_owned(), json!("x".repeat(1 << 20)));
    let found = exported(json!({ "topic/a/topic": { "kind": "AWS::SNS::Topic", "properties": properties } }));
    let Err(Unexportable::TooLarge { stack, what: "bytes", .. }) = found else { panic!("{found:?}") };
    assert_eq!(stack, "data");
}
