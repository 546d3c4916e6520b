use serde_json::json;

use super::*;
use crate::any_kind;

/// The findings that somebody is to blame for, as `class path`.
#[track_caller]
fn check(kind: &str, declared: &Json, live: &Json, expected: &[&str]) {
    let found: Vec<String> = findings(&any_kind(kind), declared, live)
        .into_iter()
        .filter(|finding| finding.class != Class::Provider)
        .map(|finding| format!("{:?} {}", finding.class, finding.path))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_path_leads_to_the_place_in_the_document_that_has_it() {
    let rule =
        |port: u16| json!({"CidrIp": "10.0.0.0/8", "IpProtocol": "tcp", "FromPort": port, "ToPort": port});
    check(
        "AWS::EC2::SecurityGroup",
        &json!({"SecurityGroupIngress": [rule(1), rule(2)]}),
        &json!({"SecurityGroupIngress": [rule(3), rule(2)]}),
        &["Declared /SecurityGroupIngress/0/FromPort", "Declared /SecurityGroupIngress/0/ToPort"],
    );
    check(
        "AWS::EC2::SecurityGroup",
        &json!({"SecurityGroupIngress": [rule(1), rule(2)]}),
        &json!({"SecurityGroupIngress": [rule(3), rule(2), rule(4)]}),
        &[
            "Declared /SecurityGroupIngress/0",
            "Undeclared /SecurityGroupIngress/0",
            "Undeclared /SecurityGroupIngress/2",
        ],
    );
    let tags = |first: &str, second: &str| json!({"Tags": [{"Key": "b", "Value": first}, {"Key": "a~/", "Value": second}]});
    check("AWS::SQS::Queue", &tags("1", "2"), &tags("1", "3"), &["Declared /Tags/1/Value"]);
    check("Custom::Thing", &json!({"a/b": {"c": 1}}), &json!({"a/b": {"c": 2}}), &["Declared /a~1b/c"]);
}

#[test]
fn what_is_gone_as_a_whole_is_one_finding() {
    let policies = json!({"Policies": [{"PolicyName": "a", "PolicyDocument": {"Statement": []}}]});
    check("AWS::IAM::Role", &policies, &json!({"RoleName": "r"}), &["Declared /Policies"]);
    check("Custom::Thing", &json!({"A": {"B": 1}}), &json!({}), &["Declared /A"]);
}

#[test]
fn a_guard_that_was_there_from_the_start_and_is_gone_is_drift() {
    let guard = json!({"BlockPublicAcls": true, "BlockPublicPolicy": true});
    let declared = json!({"PublicAccessBlockConfiguration": guard});
    check("AWS::S3::Bucket", &declared, &json!({}), &["Declared /PublicAccessBlockConfiguration"]);
    let open = json!({"PublicAccessBlockConfiguration": {"BlockPublicAcls": false}});
    check("AWS::S3::Bucket", &json!({}), &open, &["Undeclared /PublicAccessBlockConfiguration"]);
    check("AWS::S3::Bucket", &json!({}), &declared, &[]);
}

#[test]
fn a_read_of_parameters_leaves_out_what_equals_the_engines_own() {
    let group = |parameters: Json| json!({"Parameters": parameters});
    let declared = group(json!({"a": "1", "b": "2"}));
    check("AWS::RDS::DBParameterGroup", &declared, &group(json!({"a": "1"})), &[]);
    check("AWS::RDS::DBParameterGroup", &declared, &group(json!({})), &[]);
    check("AWS::RDS::DBParameterGroup", &declared, &group(json!({"a": "7"})), &["Declared /Parameters/a"]);
}

#[test]
fn kinds_without_a_schema_go_by_the_general_rules() {
    let declared = json!({
        "Tags": {"team": "a"},
        "Document": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "a:B", "Resource": "*"}},
        "Names": ["b", "a", "b"],
        "Role": "worker",
        "Size": "50",
        "Nothing": [],
        "Cidr": "10.0.1.1/16",
        "Secret": "{{resolve:secretsmanager:a}}",
        "Steps": [{"Name": "one", "Run": "x"}],
    });
    let statement = json!([{"Sid": "", "Effect": "Allow", "Action": ["A:b"], "Resource": ["*"]}]);
    let live = json!({
        "Tags": [{"Key": "aws:x", "Value": "y"}, {"Key": "team", "Value": "a"}],
        "Document": json!({"Version": "2012-10-17", "Statement": statement}).to_string(),
        "Names": ["a", "b"],
        "Role": "arn:aws:iam::123456789012:role/worker",
        "Size": 50,
        "Cidr": "10.0.0.0/16",
        "Secret": "s3cret",
        "Steps": [{"Name": "one", "Run": "x", "Mode": "none"}],
        "Extra": false,
    });
    check("Custom::Thing", &declared, &live, &[]);
    let mut edited = live.clone();
    edited["Names"] = json!(["a", "c"]);
    edited["Role"] = json!("arn:aws:iam::123456789012:role/other");
    edited["Steps"][0]["Run"] = json!("y");
    let expected = [
        "Declared /Names/0",
        "Declared /Names/2",
        "Undeclared /Names/1",
        "Declared /Role",
        "Declared /Steps/0/Run",
    ];
    check("Custom::Thing", &declared, &edited, &expected);
}

#[test]
fn an_order_that_has_a_meaning_is_compared() {
    let command = |words: &[&str]| json!({"Command": words, "SubnetIds": words});
    check(
        "Custom::Thing",
        &command(&["a", "b"]),
        &command(&["b", "a"]),
        &["Declared /Command/0", "Declared /Command/1"],
    );
}

#[test]
fn a_short_form_that_is_answered_with_the_long_one_is_no_drift() {
    let (blue, green) = (
        "arn:aws:elasticloadbalancing:::targetgroup/blue/1",
        "arn:aws:elasticloadbalancing:::targetgroup/green/2",
    );
    let declared = json!({"DefaultActions": [{"Type": "forward", "TargetGroupArn": blue}]});
    let live = |arn: &str| json!({"DefaultActions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": arn, "Weight": 1}]}}]});
    check("AWS::ElasticLoadBalancingV2::Listener", &declared, &live(blue), &[]);
    let elsewhere =
        ["Declared /DefaultActions/0/TargetGroupArn", "Undeclared /DefaultActions/0/ForwardConfig"];
    check("AWS::ElasticLoadBalancingV2::Listener", &declared, &live(green), &elsewhere);
}

#[test]
fn a_document_of_any_depth_gets_an_answer() {
    let deep = |end: Json| (0..120).fold(end, |inner, _| json!({"a": [inner]}));
    let kind = any_kind("Custom::Thing");
    assert_eq!(findings(&kind, &deep(json!(1)), &deep(json!(1))), []);
    assert_eq!(findings(&kind, &deep(json!(1)), &deep(json!(2))).len(), 1);
    assert_eq!(findings(&kind, &json!(1), &json!([])).len(), 1);
}
