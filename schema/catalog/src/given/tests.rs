use serde_json::json;

use super::*;

#[track_caller]
fn check(kind: &str, path: &str, value: &Json, expected: bool) {
    let kind = broad::any_kind(kind);
    let (declared, live) = (json!({}), json!({}));
    let given = Given::new(&kind, &declared, &live);
    assert_eq!(
        given.explains(&FieldPath::parse(path).unwrap(), value),
        expected,
        "{} {path} {value}",
        kind.name
    );
}

#[test]
fn every_path_of_the_table_exists() {
    let mut wrong = Vec::new();
    for (name, paths) in &TABLE.kind {
        let Some(kind) = broad::broad_kind(name) else {
            wrong.push(name.clone());
            continue;
        };
        let missing = paths.keys().filter(|pattern| kind.schema(pattern.path()).is_none());
        wrong.extend(missing.map(|pattern| format!("{name} {pattern}")));
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_default_is_explained_and_another_value_is_not() {
    check("AWS::Lambda::Function", "/MemorySize", &json!(128), true);
    check("AWS::Lambda::Function", "/MemorySize", &json!(256), false);
    check("AWS::Kinesis::Stream", "/RetentionPeriodHours", &json!(24), true);
    check("AWS::Kinesis::Stream", "/RetentionPeriodHours", &json!(0), false);
}

#[test]
fn what_no_default_is_known_of_is_explained_where_it_says_nothing() {
    check("Custom::Thing", "/Flag", &json!(false), true);
    check("Custom::Thing", "/Flag", &json!(true), false);
    check("Custom::Thing", "/Mode", &json!("NONE"), true);
    check("Custom::Thing", "/Mode", &json!({"Level": "OFF", "Count": 0}), true);
    check("Custom::Thing", "/Mode", &json!({"Level": "OFF", "Count": 7}), false);
}

#[test]
fn who_may_do_what_is_never_explained() {
    let boundary = json!("arn:aws:iam::aws:policy/ReadOnlyAccess");
    check("AWS::IAM::Role", "/PermissionsBoundary", &boundary, false);
    check(
        "AWS::IAM::Role",
        "/ManagedPolicyArns",
        &json!(["arn:aws:iam::aws:policy/AdministratorAccess"]),
        false,
    );
    check("AWS::Lambda::Function", "/ReservedConcurrentExecutions", &json!(0), false);
}

#[test]
fn what_only_a_create_can_set_nobody_has_edited() {
    check("AWS::SNS::Topic", "/TopicName", &json!("Stack-Topic-1A2B3C"), true);
    check("AWS::SNS::Topic", "/DisplayName", &json!("Stack-Topic-1A2B3C"), false);
}

#[test]
fn the_policy_that_the_cloud_gives_is_explained_as_an_object_and_as_a_text() {
    let policy = |action: &str| {
        let principal = json!({"AWS": "arn:aws:iam::123456789012:root"});
        json!({"Statement": [{"Effect": "Allow", "Action": action, "Resource": "*", "Principal": principal}]})
    };
    for (action, expected) in [("kms:*", true), ("kms:Decrypt", false)] {
        check("AWS::KMS::Key", "/KeyPolicy", &policy(action), expected);
        check("AWS::KMS::Key", "/KeyPolicy", &json!(policy(action).to_string()), expected);
    }
}
