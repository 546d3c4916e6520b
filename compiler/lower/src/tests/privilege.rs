//! Least privilege, proved: from the manifest follows who must be allowed to do what on which resource. An evaluator reads the
//! policies of the desired state, and allows that and nothing else, of all there is to be allowed.

use super::*;

/// Who, does what, on what.
type Grant = (String, String, String);

/// What a policy says of a resource, as text: the id of the resource, and what follows its ARN.
fn spelled(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Object(object) => match (object.get("$ref"), object.get("$join")) {
            (Some(reference), _) => reference["resource"].as_str().unwrap().to_owned(),
            (_, Some(Json::Array(parts))) => parts.iter().map(spelled).collect(),
            _ => panic!("not a resource: {value}"),
        },
        other => panic!("not a resource: {other}"),
    }
}

/// One or several, as policies have them.
fn all(value: &Json) -> Vec<&Json> {
    value.as_array().map_or_else(|| vec![value], |items| items.iter().collect())
}

/// Is granted on no single resource, but in the namespace of the environment alone.
const METRICS: &str = "cloudwatch:PutMetricData";

/// What the roles' policies allow. Nothing in them is denied or under another condition than that of metrics, which is asserted.
fn allowed_to_roles(state: &DesiredState) -> BTreeSet<Grant> {
    let mut grants = BTreeSet::new();
    for resource in state.resources.values().filter(|resource| resource.kind == "AWS::IAM::RolePolicy") {
        let policy = serde_json::to_value(&resource.properties).unwrap();
        let who = spelled(&policy["RoleName"]);
        for statement in policy["PolicyDocument"]["Statement"].as_array().unwrap() {
            assert_eq!(statement["Effect"], "Allow");
            let mut members: Vec<&str> = statement.as_object().unwrap().keys().map(String::as_str).collect();
            if statement["Action"] == json!([METRICS]) {
                let namespace = format!("{}/{}", state.app, state.environment.name);
                let only = json!({ "StringEquals": { "cloudwatch:namespace": namespace } });
                assert_eq!(statement["Condition"], only);
                members.retain(|member| *member != "Condition");
            }
            assert_eq!(members, ["Action", "Effect", "Resource"]);
            for (action, on) in all(&statement["Action"])
                .iter()
                .flat_map(|action| all(&statement["Resource"]).into_iter().map(move |on| (action, on)))
            {
                grants.insert((who.clone(), action.as_str().unwrap().to_owned(), spelled(on)));
            }
        }
    }
    grants
}

/// What the policies of resources allow to services of AWS, each on behalf of a resource.
fn allowed_to_services(state: &DesiredState) -> BTreeSet<Grant> {
    let mut grants = BTreeSet::new();
    let policies = ["AWS::SQS::QueueInlinePolicy", "AWS::S3::BucketPolicy"];
    for resource in state.resources.values().filter(|resource| policies.contains(&resource.kind.as_str())) {
        let policy = serde_json::to_value(&resource.properties).unwrap();
        for statement in policy["PolicyDocument"]["Statement"].as_array().unwrap() {
            if statement["Effect"] == "Deny" {
                assert_eq!(statement["Condition"], json!({ "Bool": { "aws:SecureTransport": "false" } }));
                continue;
            }
            let service = statement["Principal"]["Service"].as_str().unwrap();
            let condition = statement["Condition"].as_object().unwrap().values().next().unwrap();
            for source in all(&condition["aws:SourceArn"]) {
                let who = format!("{service} for {}", spelled(source));
                let action = statement["Action"].as_str().unwrap().to_owned();
                grants.insert((who, action, spelled(&statement["Resource"])));
            }
        }
    }
    grants
}

/// The process of each service, and all processes.
fn processes(manifest: &Json, allocation: &str) -> (BTreeMap<String, String>, BTreeSet<String>) {
    let services = manifest["services"].as_array().unwrap();
    let names = services.iter().map(|service| service["name"].as_str().unwrap().to_owned());
    let of = |name: &str| match allocation {
        "all" => "all".to_owned(),
        "groups" if ["s0", "s1"].contains(&name) => "front".to_owned(),
        _ => name.to_owned(),
    };
    let homes: BTreeMap<String, String> = names.map(|name| (name.clone(), of(&name))).collect();
    let mut all: BTreeSet<String> = homes.values().cloned().collect();
    if allocation != "all" {
        all.insert("gateway".to_owned());
    }
    (homes, all)
}

/// What an operation on a bucket needs, on the bucket itself (`""`) or on its objects.
fn needed(operation: &str, versioned: bool) -> Vec<(&'static str, &'static str)> {
    let mut needed = match operation {
        "list_objects" => vec![("", "s3:ListBucket")],
        "read_object_contents" | "get_object_metadata" | "signed_download_url" => {
            vec![("/*", "s3:GetObject")]
        }
        "write_object" | "signed_upload_url" => {
            vec![("/*", "s3:PutObject"), ("/*", "s3:AbortMultipartUpload")]
        }
        "update_object_metadata" => vec![("/*", "s3:GetObject"), ("/*", "s3:PutObject")],
        "delete_object" => vec![("/*", "s3:DeleteObject")],
        "get_public_url" => vec![],
        other => panic!("no such operation: {other}"),
    };
    let reads = ["read_object_contents", "get_object_metadata", "signed_download_url"];
    if versioned && reads.contains(&operation) {
        needed.push(("/*", "s3:GetObjectVersion"));
    }
    needed
}

/// What has to be allowed to the roles, by the manifest alone. On EKS whoever runs the pods pulls images and keeps logs, and the
/// pods read their secrets themselves.
fn required_of_roles(manifest: &Json, allocation: &str, compute: &str) -> BTreeSet<Grant> {
    let (homes, all) = processes(manifest, allocation);
    let mut grants = BTreeSet::new();
    let mut grant = |who: String, action: &str, on: String| {
        grants.insert((who, action.to_owned(), on));
    };
    let runs = |service: &str| format!("compute/{}/task-role", homes[service]);
    for process in all.iter().filter(|_| compute == "fargate") {
        let starts = format!("compute/{process}/execution-role");
        grant(starts.clone(), "ecr:GetAuthorizationToken", "*".to_owned());
        for action in ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"] {
            grant(starts.clone(), action, format!("compute/{process}/repository"));
        }
        for action in ["logs:CreateLogStream", "logs:PutLogEvents"] {
            grant(starts.clone(), action, format!("compute/{process}/log-group"));
        }
    }
    for service in manifest["services"].as_array().unwrap() {
        let name = service["name"].as_str().unwrap();
        for used in service["buckets"].as_array().into_iter().flatten() {
            let bucket = used["bucket"].as_str().unwrap();
            let declared = manifest["buckets"].as_array().unwrap().iter();
            let versioned = declared.filter(|one| one["name"] == bucket).any(|one| one["versioned"] == true);
            for operation in used["operations"].as_array().unwrap() {
                for (below, action) in needed(operation.as_str().unwrap(), versioned) {
                    grant(runs(name), action, format!("bucket/{bucket}/bucket{below}"));
                }
            }
        }
    }
    for topic in manifest["topics"].as_array().unwrap() {
        let topic_name = topic["name"].as_str().unwrap();
        for publisher in topic["publishers"].as_array().unwrap() {
            grant(runs(publisher.as_str().unwrap()), "sns:Publish", format!("topic/{topic_name}/topic"));
        }
        for subscription in topic["subscriptions"].as_array().unwrap() {
            let queue = format!("topic/{topic_name}/queue/{}", subscription["name"].as_str().unwrap());
            for action in ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"] {
                grant(runs(subscription["service"].as_str().unwrap()), action, queue.clone());
            }
        }
    }
    let reads = |process: &str| {
        format!("compute/{process}/{}", if compute == "eks" { "task-role" } else { "execution-role" })
    };
    let mut read = |process: &str, secret: String| {
        grant(reads(process), "secretsmanager:GetSecretValue", secret);
        grant(reads(process), "kms:Decrypt", "encryption/key".to_owned());
    };
    for process in &all {
        read(process, "compute/call-key".to_owned());
    }
    for secret in manifest["secrets"].as_array().unwrap() {
        for service in secret["packages_or_services"].as_array().unwrap() {
            let name = secret["name"].as_str().unwrap();
            read(&homes[service.as_str().unwrap()], format!("secret/{name}/secret"));
        }
    }
    for service in manifest["services"].as_array().unwrap() {
        let home = &homes[service["name"].as_str().unwrap()];
        for _ in service["databases"].as_array().into_iter().flatten() {
            read(home, format!("database/shared/password/{home}"));
        }
        for used in service["caches"].as_array().into_iter().flatten() {
            read(home, format!("cache/{}/password/{home}", used["cache"].as_str().unwrap()));
        }
    }
    for service in manifest["services"].as_array().unwrap() {
        for _ in service["metrics"].as_array().into_iter().flatten() {
            grant(runs(service["name"].as_str().unwrap()), METRICS, "*".to_owned());
        }
    }
    grants
}

fn required_of_services(manifest: &Json) -> BTreeSet<Grant> {
    let mut grants = BTreeSet::new();
    for topic in manifest["topics"].as_array().unwrap() {
        let topic_name = topic["name"].as_str().unwrap();
        for subscription in topic["subscriptions"].as_array().unwrap() {
            let queue = format!("topic/{topic_name}/queue/{}", subscription["name"].as_str().unwrap());
            let who = format!("sns.amazonaws.com for topic/{topic_name}/topic");
            grants.insert((who, "sqs:SendMessage".to_owned(), queue));
        }
    }
    for bucket in manifest["buckets"].as_array().unwrap() {
        let name = bucket["name"].as_str().unwrap();
        let (objects, log) = (format!("bucket/{name}/bucket/*"), "network/access-log/bucket/*".to_owned());
        if bucket["public"] == true {
            let distribution = format!(
                "cloudfront.amazonaws.com for arn:aws:cloudfront::*:distribution/bucket/{name}/distribution"
            );
            grants.insert((distribution, "s3:GetObject".to_owned(), objects));
        }
        let who = format!("logging.s3.amazonaws.com for bucket/{name}/bucket");
        grants.insert((who, "s3:PutObject".to_owned(), log));
    }
    let load_balancers = "logdelivery.elasticloadbalancing.amazonaws.com for arn:aws:elasticloadbalancing:eu-central-1:*:loadbalancer/*";
    let log = "network/access-log/bucket/*".to_owned();
    grants.insert((load_balancers.to_owned(), "s3:PutObject".to_owned(), log));
    grants
}

/// Holds what is allowed against what has to be, and counts what is asked: each principal, for each action that any of them
/// has, on each resource that any of them has it on.
fn check_privileges(manifest: &Json, allocation: &str, compute: &str) -> (usize, usize) {
    let groups = "[allocation.groups]\nfront = [\"s0\", \"s1\"]\n";
    let line = match allocation {
        "groups" => groups.to_owned(),
        other => format!("allocation = \"{other}\"\n"),
    };
    let state = state(manifest, "production", &format!("{line}[providers]\ncompute = \"{compute}\"\n"));
    // What watches the network and the servers is not the app's, and has tests of its own.
    let is_app = |grant: &&Grant| grant.0.starts_with("compute/");
    let allowed: BTreeSet<Grant> = allowed_to_roles(&state).iter().filter(is_app).cloned().collect();
    let required = required_of_roles(manifest, allocation, compute);
    let who: BTreeSet<String> = state
        .resources
        .iter()
        .filter(|(id, resource)| resource.kind == "AWS::IAM::Role" && id.primitive() == "compute")
        .filter(|(id, _)| id.declared_name() != "cluster")
        .map(|(id, _)| id.as_str().to_owned())
        .collect();
    let actions: BTreeSet<&String> = allowed.iter().chain(&required).map(|(_, action, _)| action).collect();
    let on: BTreeSet<String> = state
        .resources
        .keys()
        .flat_map(|id| [id.as_str().to_owned(), format!("{id}/*")])
        .chain(["*".to_owned()])
        .collect();
    let (mut yes, mut no) = (0, 0);
    for who in &who {
        for action in &actions {
            for on in &on {
                let grant = (who.clone(), (*action).clone(), on.clone());
                assert_eq!(allowed.contains(&grant), required.contains(&grant), "{grant:?}");
                *(if required.contains(&grant) { &mut yes } else { &mut no }) += 1;
            }
        }
    }
    assert_eq!(yes, required.len(), "what is required is among what was asked");
    assert_eq!(allowed_to_services(&state), required_of_services(manifest));
    (yes, no)
}

#[test]
fn no_policy_names_everything_where_something_can_be_named() {
    let state = state(&shop(), "production", "allocation = \"per-service\"\n");
    for (who, action, on) in allowed_to_roles(&state) {
        assert!(!action.contains('*'), "{who} {action}");
        assert!(
            on != "*" || ["ecr:GetAuthorizationToken", METRICS].contains(&action.as_str()),
            "{who} {action} {on}"
        );
    }
}

/// An app whose services use what is drawn.
fn app(
    uses: &[(usize, usize, Vec<&'static str>)],
    topics: &[(usize, usize)],
    secrets: &[Vec<usize>],
) -> Json {
    let service = |number: usize| {
        let buckets: Vec<Json> = uses
            .iter()
            .filter(|(service, ..)| *service == number)
            .map(|(_, bucket, operations)| {
                json!({ "bucket": format!("b{bucket}"), "operations": operations, "at": "a.go:3" })
            })
            .collect();
        let mut service = json!({
            "name": format!("s{number}"), "path": format!("s{number}"), "at": "a.go:1", "buckets": buckets,
        });
        match number {
            0 | 1 => service["databases"] = json!([{ "database": "d", "at": "a.go:7" }]),
            2 => service["caches"] = json!([{ "cache": "c", "at": "a.go:8" }]),
            _ => service["metrics"] = json!(["m"]),
        }
        service
    };
    let topics = topics.iter().enumerate().map(|(number, (publisher, subscriber))| {
        json!({
            "name": format!("t{number}"), "delivery": "at_least_once", "publishers": [format!("s{publisher}")],
            "at": "a.go:4",
            "subscriptions": [{ "name": "sub", "service": format!("s{subscriber}"), "at": "a.go:5" }],
        })
    });
    let secrets = secrets.iter().enumerate().map(|(number, services)| {
        let services: BTreeSet<String> = services.iter().map(|service| format!("s{service}")).collect();
        json!({ "name": format!("Secret{number}"), "packages_or_services": services, "at": "a.go:6" })
    });
    let bucket = |number: usize| json!({ "name": format!("b{number}"), "versioned": number == 1, "public": number == 2, "at": "a.go:2" });
    json!({
        "version": 1, "app": "drawn", "language": "typescript",
        "services": (0..4).map(service).collect::<Vec<Json>>(),
        "buckets": (0..3).map(bucket).collect::<Vec<Json>>(),
        "databases": [{ "name": "d", "at": "a.go:7" }],
        "caches": [{ "name": "c", "at": "a.go:8" }],
        "metrics": [{ "name": "m", "kind": "counter", "at": "a.go:9" }],
        "topics": topics.collect::<Vec<Json>>(),
        "secrets": secrets.collect::<Vec<Json>>(),
    })
}

const OPERATIONS: [&str; 9] = [
    "delete_object",
    "get_object_metadata",
    "get_public_url",
    "list_objects",
    "read_object_contents",
    "signed_download_url",
    "signed_upload_url",
    "update_object_metadata",
    "write_object",
];

#[test]
fn every_operation_of_a_bucket_is_allowed_to_whom_it_is_needed_by() {
    // Buckets 0 and 1: nobody asks a private bucket for a public address.
    let private: Vec<&str> =
        OPERATIONS.into_iter().filter(|operation| *operation != "get_public_url").collect();
    let mut sum = (0, 0);
    for operation in &private {
        let manifest = app(&[(0, 0, vec![operation]), (1, 1, vec![operation])], &[], &[]);
        let (yes, no) = check_privileges(&manifest, "per-service", "fargate");
        sum = (sum.0 + yes, sum.1 + no);
    }
    println!("operation by operation: {} allowed, {} denied", sum.0, sum.1);
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    fn operations(public: bool) -> impl Strategy<Value = Vec<&'static str>> {
        let all = OPERATIONS.into_iter().filter(move |operation| public || *operation != "get_public_url");
        proptest::sample::subsequence(all.collect::<Vec<_>>(), 1..5)
    }

    fn uses() -> impl Strategy<Value = Vec<(usize, usize, Vec<&'static str>)>> {
        let one = (0..4_usize, 0..3_usize).prop_flat_map(|(service, bucket)| {
            operations(bucket == 2).prop_map(move |operations| (service, bucket, operations))
        });
        // A service says once what it does with a bucket.
        proptest::collection::vec(one, 0..7).prop_map(|uses| {
            let mut seen = BTreeSet::new();
            uses.into_iter().filter(|(service, bucket, _)| seen.insert((*service, *bucket))).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn what_the_code_uses_is_allowed_and_nothing_else(
            uses in uses(),
            topics in proptest::collection::vec((0..4_usize, 0..4_usize), 0..3),
            secrets in proptest::collection::vec(proptest::collection::vec(0..4_usize, 1..3), 0..3),
            allocation in proptest::sample::select(vec!["all", "per-service", "groups"]),
            compute in proptest::sample::select(vec!["fargate", "eks"]),
        ) {
            check_privileges(&app(&uses, &topics, &secrets), allocation, compute);
        }
    }
}

#[test]
fn every_role_has_the_boundary_that_the_environment_file_names() {
    let boundary = "arn:aws:iam::123456789012:policy/most";
    let lines = format!("[roles]\npermissions_boundary = \"{boundary}\"\n");
    for compute in ["", "[providers]\ncompute = \"eks\"\n"] {
        let is_role = |resource: &&schema_documents::desired::Resource| resource.kind == "AWS::IAM::Role";
        let bounded = state(&shop(), "production", &format!("{lines}{compute}"));
        let roles: Vec<_> = bounded.resources.values().filter(is_role).collect();
        assert!(roles.len() > 2, "{compute}");
        let boundary_of = path("/PermissionsBoundary");
        for role in roles {
            assert_eq!(role.properties.get("PermissionsBoundary"), Some(&Value::text(boundary)));
            let field = role.fields.get(&boundary_of).expect("it has an origin");
            assert!(
                matches!(field.origin, Origin::Setting { .. }) && field.class == Class::Enforced,
                "{field:?}"
            );
        }
        let unbounded = state(&shop(), "production", compute);
        let mut roles = unbounded.resources.values().filter(is_role);
        assert!(roles.all(|role| role.properties.get("PermissionsBoundary").is_none()));
    }
}
