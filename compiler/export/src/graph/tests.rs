//! Pictures of a small document.

use super::*;
use serde_json::json;

fn reference(resource: &str, output: &str) -> Json {
    json!({ "$ref": { "resource": resource, "output": output } })
}

/// A gateway, two processes of which one calls the other, and a topic between them.
fn small() -> Picture {
    let kinds = json!({
        "network/vpc": ["AWS::EC2::VPC", {}],
        "compute/cluster": ["AWS::ECS::Cluster", {}],
        "gateway/api/target-group": ["AWS::ElasticLoadBalancingV2::TargetGroup", { "VpcId": reference("network/vpc", "/VpcId") }],
        "compute/web/security-group": ["AWS::EC2::SecurityGroup", { "VpcId": reference("network/vpc", "/VpcId") }],
        "compute/web/service": ["AWS::ECS::Service", {
            "Cluster": reference("compute/cluster", "/ClusterName"),
            "LoadBalancers": [reference("gateway/api/target-group", "/TargetGroupArn")],
        }],
        "compute/web/task-definition": ["AWS::ECS::TaskDefinition", { "Cpu": "256", "Memory": "512" }],
        "compute/web/task-role-policy": ["AWS::IAM::RolePolicy", { "PolicyDocument": reference("topic/t/topic", "/TopicArn") }],
        "compute/mail/security-group": ["AWS::EC2::SecurityGroup", {
            "SecurityGroupIngress": [reference("compute/web/security-group", "/GroupId")],
        }],
        "compute/mail/task-role-policy": ["AWS::IAM::RolePolicy", { "PolicyDocument": reference("topic/t/queue/s", "/Arn") }],
        "topic/t/topic": ["AWS::SNS::Topic", {}],
        "topic/t/queue/s": ["AWS::SQS::Queue", {}],
        "bucket/a<b/bucket": ["AWS::S3::Bucket", {}],
    });
    let resources: serde_json::Map<String, Json> = kinds
        .as_object()
        .unwrap()
        .iter()
        .map(|(id, kind)| {
            let resource = json!({
                "kind": kind[0],
                "properties": kind[1],
                "stateful": false,
                "phase": "provision",
                "origin": { "by": "default", "rule": "test", "edition": "2026.1" },
                "fields": {},
            });
            (id.replace('<', "-"), resource)
        })
        .collect();
    let desired = json!({
        "format": "desired-state",
        "version": 1,
        "app": "shop",
        "environment": { "name": "production", "type": "production", "cloud": "aws", "region": "eu-central-1" },
        "edition": "2026.1",
        "approval": "automatic",
        "settle_seconds": 60,
        "resources": resources,
    });
    picture(&serde_json::from_value(desired).unwrap())
}

#[test]
fn a_picture_has_what_was_declared_and_who_reaches_whom() {
    let picture = small();
    let names: Vec<(&str, &str)> =
        picture.nodes.iter().map(|node| (node.name.as_str(), node.detail.as_str())).collect();
    assert_eq!(
        names,
        [("internet", ""), ("api", ""), ("mail", ""), ("web", "256 CPU, 512 MiB"), ("t", ""), ("a-b", "")],
    );
    let edges: Vec<(&str, &str, bool)> = picture
        .edges
        .iter()
        .map(|edge| {
            let name = |number: usize| picture.nodes[number].name.as_str();
            (name(edge.from), name(edge.to), edge.is_message)
        })
        .collect();
    let expected = [
        ("internet", "api", false),
        ("api", "web", false),
        ("web", "mail", false),
        ("web", "t", false),
        ("t", "mail", true),
    ];
    assert_eq!(edges, expected);
}

#[test]
fn every_format_has_every_node_and_every_edge() {
    let picture = small();
    let (nodes, edges) = (picture.nodes.len(), picture.edges.len());
    let svg = svg(&picture);
    assert_eq!((svg.matches("<g>").count(), svg.matches("marker-end").count()), (nodes, edges));
    assert_eq!(svg.matches("stroke-dasharray").count(), 1);
    let mermaid = mermaid(&picture);
    assert_eq!(mermaid.matches(" --> ").count() + mermaid.matches(" -.-> ").count(), edges);
    let dot = dot(&picture);
    assert_eq!((dot.matches("[label=").count(), dot.matches(" -> ").count()), (nodes, edges));
}

#[test]
fn text_from_outside_cannot_leave_its_place() {
    let name = "</text><script>\"]; n0 -->\\".to_owned();
    let node = Node { tier: Tier::Processes, name, detail: String::new() };
    let picture = Picture { title: "\"a\" <b>".to_owned(), nodes: vec![node], edges: BTreeSet::new() };
    assert!(!svg(&picture).contains("<script") && !svg(&picture).contains("<b>"));
    assert!(
        mermaid(&picture).contains("[\"&lt;/text>&lt;script>&quot;]; n0 -->\\\"]"),
        "{}",
        mermaid(&picture)
    );
    assert!(dot(&picture).contains("\\\"]; n0 -->\\\\"));
}
