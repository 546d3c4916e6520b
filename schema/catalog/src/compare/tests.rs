use serde_json::json;

use super::*;
use crate::Catalog;

fn kind(name: &str) -> &'static Kind {
    Catalog::builtin().kind(name).unwrap()
}

fn check(name: &str, declared: &Json, live: &Json) -> Vec<String> {
    differences(kind(name), declared, live)
        .into_iter()
        .map(|difference| difference.path.to_string())
        .collect()
}

#[track_caller]
fn same(name: &str, declared: &Json, live: &Json) {
    assert_eq!(check(name, declared, live), Vec::<String>::new());
    assert!(satisfies(kind(name), &FieldPath::root(), declared, live));
}

#[test]
fn a_scalar_is_its_text() {
    same(
        "AWS::RDS::DBInstance",
        &json!({"Port": 5432, "MultiAZ": true}),
        &json!({"Port": "5432", "MultiAZ": "true"}),
    );
    assert_eq!(check("AWS::RDS::DBInstance", &json!({"Port": 5432}), &json!({"Port": "5433"})), ["/Port"]);
}

#[test]
fn order_has_no_meaning_where_the_schema_says_so() {
    same("AWS::RDS::DBSubnetGroup", &json!({"SubnetIds": ["a", "b"]}), &json!({"SubnetIds": ["b", "a"]}));
    let (declared, live) = (json!({"EntryPoint": ["a", "b"]}), json!({"EntryPoint": ["b", "a"]}));
    let path = FieldPath::parse("/ContainerDefinitions/[Name=app]").unwrap();
    assert!(!equal(kind("AWS::ECS::TaskDefinition"), &path, &declared, &live));
}

#[test]
fn tags_of_the_cloud_make_no_difference_and_foreign_ones_survive() {
    let declared = json!({"Tags": [{"Key": "team", "Value": "a"}]});
    let live = json!({"Tags": [{"Key": "aws:stack", "Value": "s"}, {"Key": "team", "Value": "a"}]});
    same("AWS::SQS::Queue", &declared, &live);
    assert!(equal(kind("AWS::SQS::Queue"), &FieldPath::root(), &declared, &live));
    assert_eq!(check("AWS::SQS::Queue", &declared, &json!({})), ["/Tags/[Key=team]"]);
}

#[test]
fn a_write_only_value_that_is_not_read_makes_no_difference() {
    same("AWS::RDS::DBInstance", &json!({"MasterUserPassword": "x"}), &json!({}));
    let rule = json!({"CidrIp": "10.0.0.0/8", "IpProtocol": "tcp"});
    let found = check("AWS::EC2::SecurityGroup", &json!({"SecurityGroupIngress": [rule]}), &json!({}));
    assert_eq!(found.len(), 1, "only one member of a rule is write-only, the rule itself is read");
}

#[test]
fn a_rule_that_somebody_added_is_an_undeclared_element() {
    let rule =
        |port: u16| json!({"CidrIp": "10.0.0.0/8", "IpProtocol": "tcp", "FromPort": port, "ToPort": port});
    let (declared, live) =
        (json!({"SecurityGroupIngress": [rule(1)]}), json!({"SecurityGroupIngress": [rule(2), rule(1)]}));
    same_differences(&declared, &live);
    let found = undeclared_elements(kind("AWS::EC2::SecurityGroup"), &declared, &live);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].live, Some(rule(2)));
}

fn same_differences(declared: &Json, live: &Json) {
    assert_eq!(check("AWS::EC2::SecurityGroup", declared, live), Vec::<String>::new());
}

#[test]
fn policies_that_grant_the_same_are_the_same() {
    let declared = json!({"Statement": {"Effect": "Allow", "Action": "sqs:SendMessage", "Principal": {"AWS": "123456789012"}}});
    let live = json!({"Version": "2008-10-17", "Statement": [{
        "Sid": "", "Effect": "Allow", "Action": ["SQS:SendMessage"],
        "Principal": {"AWS": ["arn:aws:iam::123456789012:root"]},
    }]});
    let path = FieldPath::parse("/PolicyDocument").unwrap();
    assert!(equal(kind("AWS::SQS::QueueInlinePolicy"), &path, &declared, &json!(live.to_string())));
    let wider =
        json!({"Statement": {"Effect": "Allow", "Action": "sqs:*", "Principal": {"AWS": "123456789012"}}});
    assert!(!equal(kind("AWS::SQS::QueueInlinePolicy"), &path, &wider, &live));
}

#[test]
fn storage_may_grow_and_a_version_may_be_more_exact() {
    let declared = json!({"AllocatedStorage": "20", "EngineVersion": "17"});
    same("AWS::RDS::DBInstance", &declared, &json!({"AllocatedStorage": "50", "EngineVersion": "17.4"}));
    let live = json!({"AllocatedStorage": "10", "EngineVersion": "16.4"});
    assert_eq!(check("AWS::RDS::DBInstance", &declared, &live), ["/AllocatedStorage", "/EngineVersion"]);
}

#[test]
fn a_live_element_may_say_more_than_was_declared() {
    let declared = json!({"ContainerDefinitions": [{"Name": "app", "Image": "i"}]});
    let live = json!({"ContainerDefinitions": [{"Name": "app", "Image": "i", "Cpu": 0, "Essential": true}]});
    same("AWS::ECS::TaskDefinition", &declared, &live);
    assert!(!equal(kind("AWS::ECS::TaskDefinition"), &FieldPath::root(), &declared, &live));
}

#[test]
fn numbers_booleans_and_listed_texts_have_no_other_spelling() {
    let queue = kind("AWS::SQS::Queue");
    let another = |kind: &Kind, at: &str, declared: Json, live: Json| {
        is_another_value(kind, &FieldPath::parse(at).unwrap(), &declared, &live)
    };
    assert!(another(queue, "/VisibilityTimeout", json!(30), json!(77)));
    assert!(!another(queue, "/VisibilityTimeout", json!(30), json!("30")));
    assert!(another(queue, "/FifoQueue", json!(true), json!(false)));
    assert!(another(queue, "/RedrivePolicy", json!({"maxReceiveCount": 3}), json!({"maxReceiveCount": 4})));
    assert!(!another(
        queue,
        "/RedrivePolicy",
        json!({"maxReceiveCount": 3}),
        json!({"extra": 1, "maxReceiveCount": 3})
    ));
    assert!(!another(queue, "/KmsMasterKeyId", json!("alias/a"), json!("arn:aws:kms:::alias/a")));
    let bucket = kind("AWS::S3::Bucket");
    let status = "/VersioningConfiguration/Status";
    assert!(another(bucket, status, json!("Enabled"), json!("Suspended")));
    let database = kind("AWS::RDS::DBInstance");
    assert!(!another(database, "/AllocatedStorage", json!("20"), json!("40")), "the cloud lets it grow");
}

#[test]
fn the_live_value_of_an_element_is_found_in_any_spelling() {
    let group = kind("AWS::EC2::SecurityGroup");
    let declared = json!({"CidrIp": "10.0.0.0/8", "IpProtocol": "tcp"});
    let live = json!({"SecurityGroupIngress": [{"CidrIp": "10.0.0.0/8", "IpProtocol": "6"}]});
    let path = FieldPath::parse("/SecurityGroupIngress").unwrap().element(&declared);
    assert!(live_value(group, &path, &declared, &live).is_some());
    assert!(live_value(group, &path, &declared, &json!({})).is_none());
}

#[test]
fn a_key_that_the_cloud_spells_in_another_case_is_the_same_key() {
    let bucket = |name: &str, value: &str| {
        let filter = json!({"S3Key": {"Rules": [{"Name": name, "Value": value}]}});
        json!({"NotificationConfiguration": {"TopicConfigurations": [{"Event": "s3:*", "Topic": "t", "Filter": filter}]}})
    };
    same("AWS::S3::Bucket", &bucket("prefix", "in/"), &bucket("Prefix", "in/"));
    assert_eq!(check("AWS::S3::Bucket", &bucket("prefix", "in/"), &bucket("Prefix", "out/")).len(), 1);
}
