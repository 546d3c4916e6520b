//! Ways from the compute tier to services of AWS that do not lead through the internet.

use std::collections::BTreeSet;

use schema_documents::{ResourceId, Value};
use serde_json::json;

use super::groups;
use super::network::Addresses;
use crate::builder::{Draft, Lowering, id, output};

/// The way to object storage, which costs nothing.
pub(crate) fn object_storage(lowering: &mut Lowering<'_>, vpc: &ResourceId, tables: &[Value]) {
    let why = lowering.default("network.object_storage");
    let service = format!("com.amazonaws.{}.s3", lowering.region());
    let draft = Draft::new(id(["network", "object-storage", "endpoint"]), "AWS::EC2::VPCEndpoint", &why);
    lowering.add(draft.properties(json!({
        "VpcId": output(vpc, "/VpcId"),
        "ServiceName": service,
        "VpcEndpointType": "Gateway",
        "RouteTableIds": tables,
    })));
}

/// Private endpoints, each with an address in every zone, for the services that processes of this app talk to.
pub(crate) fn lower(
    lowering: &mut Lowering<'_>,
    vpc: &ResourceId,
    compute: &[ResourceId],
    addresses: &Addresses,
) {
    let services = services(lowering);
    if services.is_empty() {
        return;
    }
    let group = groups::endpoints(lowering, vpc, addresses);
    let why = lowering.asked(&["network", "private_endpoints"], "network.private_endpoints");
    let subnets: Vec<Value> = compute.iter().map(|subnet| output(subnet, "/SubnetId")).collect();
    for service in services {
        let name = service.replace('.', "-");
        let draft = Draft::new(id(["network", &name, "endpoint"]), "AWS::EC2::VPCEndpoint", &why);
        lowering.add(draft.properties(json!({
            "VpcId": output(vpc, "/VpcId"),
            "ServiceName": format!("com.amazonaws.{}.{service}", lowering.region()),
            "VpcEndpointType": "Interface",
            "PrivateDnsEnabled": true,
            "SubnetIds": subnets,
            "SecurityGroupIds": [output(&group, "/GroupId")],
        })));
    }
}

/// What a process needs to start, then what the code uses.
fn services(lowering: &Lowering<'_>) -> BTreeSet<&'static str> {
    let model = lowering.model;
    let mut services = BTreeSet::new();
    if model.services.is_empty() {
        return services;
    }
    services.extend(["ecr.api", "ecr.dkr", "logs", "secretsmanager"]);
    if !model.topics.is_empty() {
        services.insert("sns");
    }
    if model.topics.values().any(|topic| !topic.subscriptions.is_empty()) {
        services.insert("sqs");
    }
    services
}
