//! The flow log: who talked to whom in the network, kept as long as other logs.

use schema_documents::ResourceId;
use serde_json::json;

use super::roles;
use crate::builder::{Draft, Lowering, id, output};

/// Lowers the flow log of a network.
pub(crate) fn lower(lowering: &mut Lowering<'_>, vpc: &ResourceId) {
    let why = lowering.asked(&["network", "flow_logs"], "network.flow_log");
    let days = lowering.sizes.log_days;
    let log_group = lowering.add(
        Draft::new(id(["network", "flow-log", "log-group"]), "AWS::Logs::LogGroup", &why)
            .named_as([], "flow-log")
            .properties(json!({ "RetentionInDays": days })),
    );
    let role = lowering.add(
        Draft::new(id(["network", "flow-log", "role"]), "AWS::IAM::Role", &why)
            .named_as([], "flow-log")
            .properties(json!({ "AssumeRolePolicyDocument": roles::trusts("vpc-flow-logs.amazonaws.com") })),
    );
    let arn = output(&log_group, "/Arn");
    let policy = lowering.add(
        Draft::new(id(["network", "flow-log", "role-policy"]), "AWS::IAM::RolePolicy", &why)
            .named_as([], "flow-log")
            .properties(json!({
                "RoleName": output(&role, "/RoleName"),
                "PolicyDocument": roles::document(&[roles::allow(
                    &["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                    arn,
                )]),
            })),
    );
    lowering.add(
        Draft::new(id(["network", "vpc", "flow-log"]), "AWS::EC2::FlowLog", &why)
            .properties(json!({
                "ResourceId": output(vpc, "/VpcId"),
                "ResourceType": "VPC",
                "TrafficType": "ALL",
                "LogDestinationType": "cloud-watch-logs",
                "LogGroupName": output(&log_group, "/LogGroupName"),
                "DeliverLogsPermissionArn": output(&role, "/Arn"),
            }))
            .after(&policy),
    );
}
