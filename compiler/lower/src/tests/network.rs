//! Who reaches whom, and the ways in and out.

use super::*;

/// Services that call each other: `a` calls `b`, `b` and `c` call each other. `a` alone has something for the outside.
fn callers() -> Json {
    let service = |name: &str| {
        let access = if name == "a" { "public" } else { "private" };
        json!({
            "name": name, "path": name, "at": format!("{name}/{name}.go:1"),
            "endpoints": [{ "name": "Do", "access": access, "methods": ["GET"], "path": format!("/{name}"),
                "at": format!("{name}/{name}.go:2") }],
        })
    };
    let call =
        |from: &str, to: &str| json!({ "from_service": from, "to": format!("{to}.Do"), "at": "a/a.go:3" });
    json!({
        "version": 1, "app": "callers", "language": "go",
        "services": [service("a"), service("b"), service("c")],
        "calls": [call("a", "b"), call("b", "c"), call("c", "b")],
    })
}

/// Who may come in to a group, in words: the groups and the ranges.
fn comes_in(state: &DesiredState, group: &str) -> BTreeSet<String> {
    let body = body(state, group);
    let rules = body["SecurityGroupIngress"].as_array().cloned().unwrap_or_default();
    let source = |rule: &Json| match &rule["SourceSecurityGroupId"]["$ref"]["resource"] {
        Json::String(group) => group.clone(),
        _ => rule["CidrIp"].as_str().unwrap_or_default().to_owned(),
    };
    rules.iter().map(source).collect()
}

fn set<const N: usize>(texts: [&str; N]) -> BTreeSet<String> {
    texts.map(str::to_owned).into()
}

#[test]
fn a_process_is_reached_by_those_that_call_it_and_no_other() {
    let state = state(&callers(), "production", "allocation = \"per-service\"\n");
    let group = |process: &str| format!("compute/{process}/security-group");
    assert_eq!(comes_in(&state, &group("gateway")), set(["network/load-balancer/security-group"]));
    assert_eq!(comes_in(&state, &group("a")), set([&group("gateway")]));
    // Two that call each other cannot name each other's group.
    assert_eq!(comes_in(&state, &group("b")), set([&group("a"), "10.0.64.0/18", "10.0.128.0/18"]));
    assert_eq!(comes_in(&state, &group("c")), set(["10.0.64.0/18", "10.0.128.0/18"]));
}

#[test]
fn in_one_process_nobody_comes_in_but_the_load_balancer() {
    let state = state(&callers(), "production", "");
    assert_eq!(comes_in(&state, "compute/all/security-group"), set(["network/load-balancer/security-group"]));
    assert_eq!(comes_in(&state, "network/load-balancer/security-group"), set(["0.0.0.0/0"]));
}

#[test]
fn what_stores_is_reached_by_the_processes_that_use_it() {
    let state = state(&shop(), "production", "allocation = \"per-service\"\n");
    assert_eq!(comes_in(&state, "database/shared/security-group"), set(["compute/orders/security-group"]));
    assert_eq!(comes_in(&state, "cache/limits/security-group"), set(["compute/mail/security-group"]));
}

#[test]
fn private_endpoints_are_there_for_what_the_app_talks_to() {
    let services = |manifest: &Json, lines: &str| -> BTreeSet<String> {
        let state = state(manifest, "production", lines);
        let endpoints = state.resources.values().filter(|resource| resource.kind == "AWS::EC2::VPCEndpoint");
        let names = endpoints.filter_map(|endpoint| endpoint.properties["ServiceName"].as_json());
        names.map(|name| name.as_str().unwrap().replace("com.amazonaws.eu-central-1.", "")).collect()
    };
    let all = set(["s3", "ecr.api", "ecr.dkr", "logs", "secretsmanager", "sns", "sqs"]);
    assert_eq!(services(&shop(), ""), all);
    assert_eq!(services(&callers(), ""), set(["s3", "ecr.api", "ecr.dkr", "logs", "secretsmanager"]));
    assert_eq!(services(&shop(), "[network]\nprivate_endpoints = false\n"), set(["s3"]));
    let development = state(&shop(), "development", "");
    assert!(!development.resources.contains_key(&id("network/sqs/endpoint")));
}

#[test]
fn settings_of_the_network_decide_what_is_there() {
    let count = |kind: &str, lines: &str, of: &str| {
        let state = state(&shop(), kind, lines);
        state.resources.values().filter(|resource| resource.kind == of).count()
    };
    assert_eq!(count("production", "[network]\nnat_gateways = 1\n", "AWS::EC2::NatGateway"), 1);
    assert_eq!(count("development", "[network]\nnat_gateways = 2\n", "AWS::EC2::NatGateway"), 2);
    assert_eq!(count("production", "", "AWS::EC2::FlowLog"), 1);
    assert_eq!(count("production", "[network]\nflow_logs = false\n", "AWS::EC2::FlowLog"), 0);
    let state = state(&shop(), "development", "[network]\nflow_logs = true\n");
    let origin = &state.resources[&id("network/vpc/flow-log")].origin;
    assert!(matches!(origin, Origin::Setting { .. }), "{origin:?}");
}

#[test]
fn access_logs_go_to_a_bucket_that_only_those_write_to_that_log() {
    let logged = state(&shop(), "production", "");
    let bucket = body(&logged, "bucket/receipts/bucket");
    assert_eq!(bucket["LoggingConfiguration"]["LogFilePrefix"], "bucket/receipts/");
    let policy = body(&logged, "network/access-log/policy");
    let services: Vec<&Json> = policy["PolicyDocument"]["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .map(|statement| &statement["Principal"])
        .collect();
    let service = |name: &str| json!({ "Service": name });
    let (load_balancers, buckets) =
        (service("logdelivery.elasticloadbalancing.amazonaws.com"), service("logging.s3.amazonaws.com"));
    assert_eq!(services, [&json!("*"), &load_balancers, &buckets]);
    let load_balancer = &logged.resources[&id("gateway/api-gateway/load-balancer")];
    assert!(load_balancer.depends_on.contains(&id("network/access-log/policy")), "it writes when it is made");
    let silent = state(&shop(), "production", "[network]\naccess_logs = false\n");
    assert!(body(&silent, "bucket/receipts/bucket").get("LoggingConfiguration").is_none());
    assert!(!silent.resources.contains_key(&id("network/access-log/bucket")));
}

#[test]
fn with_a_domain_requests_are_encrypted_and_the_open_port_sends_there() {
    let zone = "[gateway.api-gateway]\ndomain = \"api.shop.example\"\nhosted_zone = \"Z0ABC\"\n";
    let with_zone = state(&shop(), "production", zone);
    let listener = body(&with_zone, "gateway/api-gateway/listener");
    assert_eq!((&listener["Port"], &listener["Protocol"]), (&json!(443), &json!("HTTPS")));
    let certificate =
        json!({ "$ref": { "resource": "gateway/api-gateway/certificate", "output": "/CertificateArn" } });
    assert_eq!(listener["Certificates"][0]["CertificateArn"], certificate);
    let redirect = body(&with_zone, "gateway/api-gateway/redirect");
    assert_eq!((&redirect["Port"], &redirect["DefaultActions"][0]["Type"]), (&json!(80), &json!("redirect")));
    assert_eq!(body(&with_zone, "gateway/api-gateway/record")["Name"], "api.shop.example");
    let ports = body(&with_zone, "network/load-balancer/security-group")["SecurityGroupIngress"].clone();
    assert_eq!(ports.as_array().unwrap().len(), 2);

    let own = "[gateway.api-gateway]\ndomain = \"api.shop.example\"\ncertificate = \"arn:aws:acm:eu-central-1:123456789012:certificate/x\"\n";
    let own = state(&shop(), "production", own);
    assert!(body(&own, "gateway/api-gateway/listener")["Certificates"][0]["CertificateArn"].is_string());
    assert!(!own.resources.contains_key(&id("gateway/api-gateway/record")), "its zone is kept elsewhere");
}

#[test]
fn an_unknown_gateway_is_said() {
    check_finding(
        "[gateway.api]\ndomain = \"a.example\"\nhosted_zone = \"Z\"\n",
        Code::E0004,
        1,
        "api-gateway",
    );
}

const EKS: &str = "allocation = \"per-service\"\n[providers]\ncompute = \"eks\"\n";

#[test]
fn on_eks_processes_are_pods_with_an_identity_each() {
    let state = state(&shop(), "production", EKS);
    let kinds = |kind: &str| state.resources.values().filter(|resource| resource.kind == kind).count();
    assert_eq!((kinds("AWS::EKS::Cluster"), kinds("AWS::EKS::PodIdentityAssociation")), (1, 3));
    assert_eq!((kinds("AWS::ECS::Cluster"), kinds("AWS::ECS::Service"), kinds("Manifest::Image")), (0, 0, 0));
    let identity = body(&state, "compute/orders/identity");
    assert_eq!((&identity["Namespace"], &identity["ServiceAccount"]), (&json!("shop"), &json!("orders")));
    let role = body(&state, "compute/orders/task-role");
    let trusted = &role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"];
    assert_eq!(trusted, "pods.eks.amazonaws.com");
    let cluster = body(&state, "compute/cluster");
    assert_eq!(cluster["ResourcesVpcConfig"]["EndpointPublicAccess"], false);
    assert!(state.resources[&id("compute/cluster")].stateful);
}

#[test]
fn on_eks_what_stores_is_reached_from_the_cluster_alone() {
    let state = state(&shop(), "production", EKS);
    let rules = body(&state, "database/shared/security-group")["SecurityGroupIngress"].clone();
    let cluster = json!({ "$ref": { "resource": "compute/cluster", "output": "/ClusterSecurityGroupId" } });
    assert_eq!(rules.as_array().unwrap().len(), 1);
    assert_eq!(rules[0]["SourceSecurityGroupId"], cluster);
}

#[test]
fn on_eks_sizes_of_processes_are_refused() {
    check_finding(&format!("{EKS}[process.orders]\ncpu = 512\n"), Code::L0201, 4, "EKS");
}
