//! Gateways: a load balancer each, in the public tier, that sends requests to the process with the gateways.

use schema_documents::{ResourceId, Value};
use serde_json::json;

use super::network::{self, Network, PROCESS_PORT};
use crate::builder::{Draft, Lowering, id, output};

/// The path that tells whether an instance of the app is well.
const HEALTH_PATH: &str = "/__encore/healthz";

/// What the process behind a gateway needs of it.
pub(crate) struct Gateway {
    pub target_group: ResourceId,
    pub listener: ResourceId,
}

pub(crate) fn lower(lowering: &mut Lowering<'_>, network: &Network) -> Vec<Gateway> {
    let model = lowering.model;
    model.gateways.values().map(|gateway| lower_one(lowering, gateway, network)).collect()
}

fn lower_one(lowering: &mut Lowering<'_>, gateway: &compiler_model::Gateway, network: &Network) -> Gateway {
    let name = gateway.name.as_str();
    let why = gateway.at.as_ref().map_or_else(|| lowering.default("gateway"), Lowering::declared);
    let subnets: Vec<Value> = network.public.iter().map(|subnet| output(subnet, "/SubnetId")).collect();
    let protected = (!network::is_ephemeral(lowering)).to_string();
    let load_balancer = lowering.add(
        Draft::new(id(["gateway", name, "load-balancer"]), "AWS::ElasticLoadBalancingV2::LoadBalancer", &why)
            .named([name])
            .properties(json!({
                "Type": "application",
                "Scheme": "internet-facing",
                "Subnets": subnets,
                "SecurityGroups": [output(&network.load_balancer_group, "/GroupId")],
                "LoadBalancerAttributes": [
                    { "Key": "deletion_protection.enabled", "Value": protected },
                    { "Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "true" },
                ],
            }))
            .after(&network.gateway_attachment),
    );
    let target_group = lowering.add(
        Draft::new(id(["gateway", name, "target-group"]), "AWS::ElasticLoadBalancingV2::TargetGroup", &why)
            .named([name])
            .properties(json!({
                "VpcId": output(&network.vpc, "/VpcId"),
                "TargetType": "ip",
                "Protocol": "HTTP",
                "Port": PROCESS_PORT,
                "HealthCheckPath": HEALTH_PATH,
                "HealthCheckProtocol": "HTTP",
                "Matcher": { "HttpCode": "200" },
                "TargetGroupAttributes": [{ "Key": "deregistration_delay.timeout_seconds", "Value": "30" }],
            })),
    );
    // Without a domain there is no certificate, so the listener speaks plain HTTP, until somebody gives it one.
    let listener = lowering.add(
        Draft::new(id(["gateway", name, "listener"]), "AWS::ElasticLoadBalancingV2::Listener", &why)
            .properties(json!({
                "LoadBalancerArn": output(&load_balancer, "/LoadBalancerArn"),
                "Port": 80,
                "Protocol": "HTTP",
                "DefaultActions": [
                    { "Type": "forward", "TargetGroupArn": output(&target_group, "/TargetGroupArn") },
                ],
            }))
            .open("/Protocol"),
    );
    Gateway { target_group, listener }
}
