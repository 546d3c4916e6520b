//! The agent at work: a service on Fargate whose instances need nothing but a way out.

use serde_json::json;

use super::events::QUEUE;
use super::execution::ROLE as EXECUTION;
use super::identities::{AGENT, STARTER};
use super::store::{DIGEST_KEY, KEY};
use super::{Template, arn, sub};

/// The agent's log.
pub(super) const LOG: &str = "Log";

pub(super) fn add(template: &mut Template) {
    template.resource(LOG, "AWS::Logs::LogGroup", json!({ "RetentionInDays": 365, "KmsKeyId": arn(KEY) }));
    template.resource(
        "Cluster",
        "AWS::ECS::Cluster",
        json!({
            "ClusterSettings": [{ "Name": "containerInsights", "Value": "enabled" }],
        }),
    );
    template.resource(
        "Group",
        "AWS::EC2::SecurityGroup",
        json!({
            "GroupDescription": "manifest-agent",
            "VpcId": { "Ref": "Vpc" },
            "SecurityGroupEgress": [{
                "IpProtocol": "tcp",
                "FromPort": 443,
                "ToPort": 443,
                "CidrIp": "0.0.0.0/0",
                "Description": "the endpoints of AWS",
            }],
        }),
    );
    template.resource("Task", "AWS::ECS::TaskDefinition", task());
    template.resource(
        "Service",
        "AWS::ECS::Service",
        json!({
            "Cluster": { "Ref": "Cluster" },
            "TaskDefinition": { "Ref": "Task" },
            "DesiredCount": { "Ref": "Replicas" },
            "LaunchType": "FARGATE",
            "DeploymentConfiguration": { "DeploymentCircuitBreaker": { "Enable": true, "Rollback": true } },
            "NetworkConfiguration": { "AwsvpcConfiguration": {
                "AssignPublicIp": { "Ref": "PublicIp" },
                "SecurityGroups": [{ "Fn::GetAtt": ["Group", "GroupId"] }],
                "Subnets": { "Ref": "Subnets" },
            } },
        }),
    );
    // An agent that starts before its roles may do anything fails, and starts again.
    template.resources["Service"]["DependsOn"] = json!(["AgentPolicy", "StartPolicy"]);
}

fn task() -> serde_json::Value {
    json!({
        "Cpu": "256",
        "Memory": "512",
        "NetworkMode": "awsvpc",
        "RequiresCompatibilities": ["FARGATE"],
        "ExecutionRoleArn": arn(STARTER),
        "TaskRoleArn": arn(AGENT),
        "ContainerDefinitions": [{
            "Name": "agent",
            "Image": { "Ref": "AgentImage" },
            "Command": [
                "run", "--app", { "Ref": "App" }, "--env", { "Ref": "Environment" }, "--log-format", "json",
            ],
            "Environment": [
                { "Name": "MANIFEST_STATE", "Value": sub("s3://${StateBucket}") },
                { "Name": "MANIFEST_DESIRED", "Value": sub("s3://${StateBucket}") },
                { "Name": "MANIFEST_EVENTS", "Value": { "Ref": QUEUE } },
                { "Name": "MANIFEST_DIGEST_KEY", "Value": { "Ref": DIGEST_KEY } },
                { "Name": "MANIFEST_ROLE_ARN", "Value": arn(EXECUTION) },
            ],
            "Essential": true,
            "LogConfiguration": { "LogDriver": "awslogs", "Options": {
                "awslogs-group": { "Ref": LOG },
                "awslogs-region": { "Ref": "AWS::Region" },
                "awslogs-stream-prefix": "agent",
            } },
            "ReadonlyRootFilesystem": true,
            "StopTimeout": 60,
            "User": "65532:65532",
        }],
    })
}
