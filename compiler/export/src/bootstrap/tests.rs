//! What the template lets whom do.

use super::*;

fn template(kinds: &[&str]) -> Json {
    let kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
    aws(Catalog::builtin(), &Options { kinds, app: Some("shop".to_owned()), environment: None })
}

/// The actions that the execution role is allowed.
fn allowed(template: &Json) -> BTreeSet<String> {
    let resources = template["Resources"].as_object().unwrap();
    let policies = resources.iter().filter(|(name, _)| name.starts_with("Handlers"));
    let statements = policies.flat_map(|(_, policy)| {
        policy["Properties"]["PolicyDocument"]["Statement"].as_array().unwrap().iter()
    });
    let actions = statements.flat_map(|statement| statement["Action"].as_array().unwrap().iter());
    actions.map(|action| action.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_execution_role_may_do_what_the_handlers_of_the_kinds_in_use_need_and_nothing_else() {
    let kind = Catalog::builtin().kind("AWS::SQS::Queue").unwrap();
    let needed: BTreeSet<String> = kind.permissions().into_iter().map(str::to_owned).collect();
    assert_eq!(allowed(&template(&["AWS::SQS::Queue"])), needed);
    let all = allowed(&template(&[]));
    assert!(all.len() > 400 && all.contains("ecs:RegisterTaskDefinition"), "{}", all.len());
    assert!(!all.iter().any(|action| action.starts_with("iam:") && action.contains("User")), "{all:?}");
}

#[test]
fn what_holds_data_is_reached_under_the_environments_names_only() {
    let template = template(&["AWS::SQS::Queue"]);
    let statements = &template["Resources"]["Handlers1"]["Properties"]["PolicyDocument"]["Statement"];
    let own = sub("arn:${AWS::Partition}:sqs:*:${AWS::AccountId}:${App}-${Named}-*");
    assert_eq!(statements[0]["Resource"], json!([own]));
    assert!(statements[0]["Action"].as_array().unwrap().contains(&json!("sqs:DeleteQueue")));
    assert_eq!(
        (&statements[1]["Resource"], &statements[1]["Action"]),
        (&json!("*"), &json!(["sqs:ListQueues"]))
    );
}

#[test]
fn a_policy_is_no_longer_than_aws_takes_and_a_role_has_no_more_than_ten() {
    let template = template(&[]);
    let resources = template["Resources"].as_object().unwrap();
    let policies = resources.iter().filter(|(name, _)| name.starts_with("Handlers"));
    let lengths: Vec<usize> =
        policies.map(|(_, policy)| policy["Properties"]["PolicyDocument"].to_string().len()).collect();
    assert!((2..=10).contains(&lengths.len()), "{lengths:?}");
    assert!(lengths.iter().all(|length| *length <= 6_144), "{lengths:?}");
}

#[test]
fn roles_are_changed_under_the_environments_names_only() {
    let template = template(&["AWS::IAM::Role", "AWS::IAM::RolePolicy"]);
    let statements = template["Resources"]["Handlers1"]["Properties"]["PolicyDocument"]["Statement"].clone();
    let own = sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${App}-${Named}-*");
    for statement in statements.as_array().unwrap() {
        let actions = statement["Action"].as_array().unwrap().iter().map(|action| action.as_str().unwrap());
        let reads = |action: &str| action.starts_with("iam:Get") || action.starts_with("iam:List");
        if !actions.clone().all(reads) {
            assert_eq!(statement["Resource"], own, "{statement}");
        }
        let grants = actions.clone().any(|action| action == "iam:CreateRole");
        assert_eq!(grants, statement["Condition"].get("Fn::If").is_some(), "{statement}");
    }
}

#[test]
fn who_publishes_reaches_its_own_desired_states_only() {
    let template = template(&["AWS::SQS::Queue"]);
    let policy = &template["Resources"]["PublisherPolicy"]["Properties"]["PolicyDocument"]["Statement"];
    let actions: BTreeSet<&str> = policy
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|statement| match &statement["Action"] {
            Json::Array(actions) => actions.iter().map(|action| action.as_str().unwrap()).collect(),
            action => vec![action.as_str().unwrap()],
        })
        .collect();
    let only = ["kms:Decrypt", "kms:GenerateDataKey", "s3:GetObject", "s3:ListBucket", "s3:PutObject"];
    assert_eq!(actions, BTreeSet::from(only));
    assert_eq!(policy[1]["Resource"], sub("${StateBucket.Arn}/desired/${App}/${Named}/*"));
    assert_eq!(template["Parameters"]["App"]["Default"], "shop");
    assert_eq!(template["Parameters"]["Environment"].get("Default"), None);
}

#[test]
fn of_the_secrets_of_an_environment_the_agent_reads_the_passwords_of_caches_alone() {
    let template = template(&[]);
    let policy = &template["Resources"]["AgentPolicy"]["Properties"]["PolicyDocument"]["Statement"];
    let statements = policy.as_array().unwrap().iter();
    let reads: Vec<&Json> =
        statements.filter(|statement| statement["Action"].to_string().contains("secretsmanager:")).collect();
    let actions: Vec<&Json> = reads.iter().map(|statement| &statement["Action"]).collect();
    let read = "secretsmanager:GetSecretValue";
    assert_eq!(actions, [read, "secretsmanager:DescribeSecret", read]);
    assert_eq!(reads[0]["Resource"], json!({ "Ref": "DigestKey" }), "the key of its own digests");
    let which = &reads[2]["Condition"]["StringLike"]["aws:ResourceTag/manifest:resource"];
    assert_eq!(which, "cache/*/password/*");
}

#[test]
fn the_agent_may_ask_whether_what_it_deploys_is_healthy_and_only_if_it_deploys() {
    let statements = |kinds: &[&str]| {
        let policy = template(kinds)["Resources"]["AgentPolicy"]["Properties"]["PolicyDocument"].clone();
        policy["Statement"].as_array().unwrap().clone()
    };
    let of =
        |statements: &[Json], action: &str| statements.iter().find(|one| one["Action"] == action).cloned();
    let deploys = statements(&["AWS::ECS::Service"]);
    let own = "arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:service/${App}-${Named}-*";
    assert_eq!(of(&deploys, "ecs:DescribeServices").unwrap()["Resource"], sub(own));
    let health = of(&deploys, "elasticloadbalancing:DescribeTargetHealth").unwrap();
    assert_eq!(health["Condition"]["StringEquals"]["aws:RequestedRegion"], json!({ "Ref": "AWS::Region" }));
    assert_eq!(of(&statements(&["AWS::SQS::Queue"]), "ecs:DescribeServices"), None);
}

#[test]
fn a_preview_environment_has_an_agent_that_reaches_its_names_and_tags() {
    let template = template(&["AWS::SQS::Queue", "AWS::IAM::Role"]);
    assert_eq!(template["Parameters"]["Environment"]["AllowedPattern"], "[a-z][a-z0-9-]*|pr:[0-9]+");
    let text = template.to_string();
    assert!(!text.contains("${Environment}"), "a name has no colon");
    let named = json!({ "Fn::Join": ["-", { "Fn::Split": [":", { "Ref": "Environment" }] }] });
    assert_eq!(sub("${App}-${Named}-*")["Fn::Sub"][1]["Named"], named);
    // The tag and the agent have the name as it is.
    let command = &template["Resources"]["Task"]["Properties"]["ContainerDefinitions"][0]["Command"];
    assert!(command.as_array().unwrap().contains(&json!({ "Ref": "Environment" })));
    assert!(text.contains(r#""aws:ResourceTag/manifest:environment":{"Ref":"Environment"}"#), "{text}");
}
