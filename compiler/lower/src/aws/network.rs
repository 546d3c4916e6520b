//! The network: one VPC over two zones with three tiers. What is public holds only the load balancer and the NAT
//! gateways; what computes reaches the internet but is reached by the load balancer alone; what stores is reached by
//! what computes alone, and has no way out. The storage tier is there only when something is stored in it.
//!
//! Rules of a security group are inline, all of them: rules that stand beside a group would fight with its own list.
//! To keep the groups free of circles, a rule points from the reached to the reaching, never back.

use schema_documents::environment::EnvironmentType;
use schema_documents::{Origin, ResourceId};
use serde_json::json;

use crate::builder::{Draft, Lowering, id, output};
use crate::environment::network_prefix;
use crate::processes::Process;

/// The port on which every process listens.
pub(crate) const PROCESS_PORT: u16 = 8080;

/// The zones of a region that are used.
const ZONES: [&str; 2] = ["a", "b"];

/// What other rooms need of the network.
pub(crate) struct Network {
    pub vpc: ResourceId,
    pub gateway_attachment: ResourceId,
    pub public: Vec<ResourceId>,
    pub compute: Vec<ResourceId>,
    /// Empty when nothing is stored.
    pub storage: Vec<ResourceId>,
    /// The security group of what computes.
    pub compute_group: ResourceId,
    pub load_balancer_group: ResourceId,
}

/// A tier, with its place in the address space.
struct Tier {
    name: &'static str,
    /// The third number of its first subnet.
    first: u8,
    /// Bits that tell the network from its hosts.
    bits: u8,
    /// From one subnet to the next.
    stride: u8,
}

const PUBLIC: Tier = Tier { name: "public", first: 0, bits: 24, stride: 1 };
const STORAGE: Tier = Tier { name: "storage", first: 16, bits: 24, stride: 1 };
const COMPUTE: Tier = Tier { name: "compute", first: 64, bits: 18, stride: 64 };

pub(crate) fn lower(lowering: &mut Lowering<'_>, processes: &[Process]) -> Network {
    let why = lowering.default("network");
    let settings = lowering.environment.environment.network.as_ref();
    let cidr = settings.and_then(|network| network.cidr.as_deref()).unwrap_or("10.0.0.0/16");
    let asked = lowering.environment.origin(&["network", "cidr"]);
    let addresses = Addresses {
        prefix: network_prefix(cidr).unwrap_or((10, 0)),
        origin: asked.unwrap_or_else(|| lowering.default("network.cidr")),
    };
    let vpc = lowering.add(
        Draft::new(id(["network", "vpc"]), "AWS::EC2::VPC", &why)
            .properties(json!({ "CidrBlock": cidr, "EnableDnsHostnames": true, "EnableDnsSupport": true }))
            .from(&addresses.origin, "/CidrBlock"),
    );
    let internet =
        lowering.add(Draft::new(id(["network", "internet-gateway"]), "AWS::EC2::InternetGateway", &why));
    let gateway_attachment = lowering.add(
        Draft::new(id(["network", "internet-gateway", "attachment"]), "AWS::EC2::VPCGatewayAttachment", &why)
            .properties(json!({
                "VpcId": output(&vpc, "/VpcId"),
                "InternetGatewayId": output(&internet, "/InternetGatewayId"),
            })),
    );
    let public = tier(lowering, &vpc, &PUBLIC, &addresses);
    let compute = tier(lowering, &vpc, &COMPUTE, &addresses);
    let stores = !lowering.model.databases.is_empty() || !lowering.model.caches.is_empty();
    let storage = if stores { tier(lowering, &vpc, &STORAGE, &addresses) } else { Vec::new() };

    let public_table = route_table(lowering, &vpc, "public");
    let route = Draft::new(id(["network", "public", "route"]), "AWS::EC2::Route", &why)
        .properties(json!({
            "RouteTableId": output(&public_table, "/RouteTableId"),
            "DestinationCidrBlock": "0.0.0.0/0",
            "GatewayId": output(&internet, "/InternetGatewayId"),
        }))
        .after(&gateway_attachment);
    lowering.add(route);
    for (zone, subnet) in ZONES.iter().zip(&public) {
        associate(lowering, &format!("public-{zone}"), subnet, &public_table);
    }
    compute_routes(lowering, &vpc, &public, &compute, &gateway_attachment);
    if stores {
        let table = route_table(lowering, &vpc, "storage");
        for (zone, subnet) in ZONES.iter().zip(&storage) {
            associate(lowering, &format!("storage-{zone}"), subnet, &table);
        }
    }
    let (load_balancer_group, compute_group) = groups(lowering, &vpc, cidr, &addresses, processes);
    if lowering.sizes.flow_logs {
        flow_logs(lowering, &vpc);
    }
    Network { vpc, gateway_attachment, public, compute, storage, compute_group, load_balancer_group }
}

/// The address space, and who asked for it.
struct Addresses {
    prefix: (u8, u8),
    origin: Origin,
}

impl Addresses {
    fn subnet(&self, tier: &Tier, zone: u8) -> String {
        let (first, second) = self.prefix;
        format!("{first}.{second}.{}.0/{}", tier.first + zone * tier.stride, tier.bits)
    }
}

fn tier(
    lowering: &mut Lowering<'_>,
    vpc: &ResourceId,
    tier: &Tier,
    addresses: &Addresses,
) -> Vec<ResourceId> {
    let why = lowering.default(format!("network.{}", tier.name));
    let region = lowering.region();
    let subnet = |(number, zone): (u8, &&str)| {
        let name = format!("{}-{zone}", tier.name);
        let draft = Draft::new(id(["network", &name, "subnet"]), "AWS::EC2::Subnet", &why)
            .properties(json!({
                "VpcId": output(vpc, "/VpcId"),
                "AvailabilityZone": format!("{region}{zone}"),
                "CidrBlock": addresses.subnet(tier, number),
                "MapPublicIpOnLaunch": false,
            }))
            .from(&addresses.origin, "/CidrBlock");
        lowering.add(draft)
    };
    (0..).zip(&ZONES).map(subnet).collect()
}

fn route_table(lowering: &mut Lowering<'_>, vpc: &ResourceId, name: &str) -> ResourceId {
    let why = lowering.default("network.routes");
    let draft = Draft::new(id(["network", name, "route-table"]), "AWS::EC2::RouteTable", &why);
    lowering.add(draft.properties(json!({ "VpcId": output(vpc, "/VpcId") })))
}

fn associate(lowering: &mut Lowering<'_>, name: &str, subnet: &ResourceId, table: &ResourceId) {
    let why = lowering.default("network.routes");
    let draft = Draft::new(
        id(["network", name, "route-table-association"]),
        "AWS::EC2::SubnetRouteTableAssociation",
        &why,
    );
    lowering.add(draft.properties(json!({
        "SubnetId": output(subnet, "/SubnetId"),
        "RouteTableId": output(table, "/RouteTableId"),
    })));
}

/// The ways out of the compute tier: NAT gateways for the internet, an endpoint for object storage.
fn compute_routes(
    lowering: &mut Lowering<'_>,
    vpc: &ResourceId,
    public: &[ResourceId],
    compute: &[ResourceId],
    attachment: &ResourceId,
) {
    let why = lowering.default("network.nat_gateways");
    let count = lowering.sizes.nat_gateways;
    let gateways: Vec<ResourceId> = ZONES
        .iter()
        .zip(public)
        .take(count)
        .map(|(zone, subnet)| nat_gateway(lowering, zone, subnet, attachment))
        .collect();
    let mut tables = Vec::new();
    for (index, (zone, subnet)) in ZONES.iter().zip(compute).enumerate() {
        let name = format!("compute-{zone}");
        let table = route_table(lowering, vpc, &name);
        associate(lowering, &name, subnet, &table);
        let gateway = &gateways[index % gateways.len()];
        let draft = Draft::new(id(["network", &name, "route"]), "AWS::EC2::Route", &why);
        lowering.add(draft.properties(json!({
            "RouteTableId": output(&table, "/RouteTableId"),
            "DestinationCidrBlock": "0.0.0.0/0",
            "NatGatewayId": output(gateway, "/NatGatewayId"),
        })));
        tables.push(output(&table, "/RouteTableId"));
    }
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

fn nat_gateway(
    lowering: &mut Lowering<'_>,
    zone: &str,
    subnet: &ResourceId,
    attachment: &ResourceId,
) -> ResourceId {
    let why = lowering.default("network.nat_gateways");
    let name = format!("public-{zone}");
    let address = Draft::new(id(["network", &name, "nat-address"]), "AWS::EC2::EIP", &why);
    let address = lowering.add(address.properties(json!({ "Domain": "vpc" })).after(attachment));
    let draft = Draft::new(id(["network", &name, "nat-gateway"]), "AWS::EC2::NatGateway", &why);
    lowering.add(
        draft
            .properties(json!({
                "SubnetId": output(subnet, "/SubnetId"),
                "AllocationId": output(&address, "/AllocationId"),
                "ConnectivityType": "public",
            }))
            .after(attachment),
    )
}

/// The groups of the load balancer and of what computes. The load balancer's way in is by address range, since a rule
/// that points back would close a circle.
fn groups(
    lowering: &mut Lowering<'_>,
    vpc: &ResourceId,
    cidr: &str,
    addresses: &Addresses,
    processes: &[Process],
) -> (ResourceId, ResourceId) {
    let why = lowering.default("network.security_groups");
    let load_balancer =
        Draft::new(id(["network", "load-balancer", "security-group"]), "AWS::EC2::SecurityGroup", &why);
    let load_balancer = lowering.add(load_balancer.named_as([], "load-balancer").properties(json!({
        "VpcId": output(vpc, "/VpcId"),
        "GroupDescription": "load balancer",
        "SecurityGroupIngress": [
            tcp(80, &json!({ "CidrIp": "0.0.0.0/0", "Description": "requests from the internet" })),
        ],
        "SecurityGroupEgress": [
            tcp(PROCESS_PORT, &json!({ "CidrIp": cidr, "Description": "requests to processes" })),
        ],
    })));
    let mut ingress = vec![tcp(
        PROCESS_PORT,
        &json!({
            "SourceSecurityGroupId": output(&load_balancer, "/GroupId"),
            "Description": "requests from the load balancer",
        }),
    )];
    if processes.len() > 1 {
        ingress.extend((0..).zip(&ZONES).map(|(number, zone)| {
            let from = addresses.subnet(&COMPUTE, number);
            tcp(
                PROCESS_PORT,
                &json!({ "CidrIp": from, "Description": format!("requests from processes in zone {zone}") }),
            )
        }));
    }
    let compute = Draft::new(id(["network", "compute", "security-group"]), "AWS::EC2::SecurityGroup", &why);
    let compute = lowering.add(compute.named_as([], "compute").properties(json!({
        "VpcId": output(vpc, "/VpcId"),
        "GroupDescription": "processes of the app",
        "SecurityGroupIngress": ingress,
        "SecurityGroupEgress": [
            { "IpProtocol": "-1", "CidrIp": "0.0.0.0/0", "Description": "requests of processes" },
        ],
    })));
    (load_balancer, compute)
}

fn tcp(port: u16, rule: &serde_json::Value) -> serde_json::Value {
    let mut rule = rule.clone();
    rule["IpProtocol"] = json!("tcp");
    rule["FromPort"] = json!(port);
    rule["ToPort"] = json!(port);
    rule
}

/// A group that only what computes reaches, on one port, and that has no way out. A group without a rule for the way out
/// would get one that allows everything, so the rule allows what cannot happen.
pub(crate) fn storage_group(
    lowering: &mut Lowering<'_>,
    network: &Network,
    group: ResourceId,
    port: u16,
    why: &Origin,
) -> ResourceId {
    let name = group.declared_name().to_owned();
    let primitive = group.primitive().to_owned();
    let role = if primitive == "cache" { "cache" } else { "database" };
    lowering.add(Draft::new(group, "AWS::EC2::SecurityGroup", why).named_as([&name], role).properties(
        json!({
            "VpcId": output(&network.vpc, "/VpcId"),
            "GroupDescription": format!("{primitive} {name}"),
            "SecurityGroupIngress": [tcp(port, &json!({
                "SourceSecurityGroupId": output(&network.compute_group, "/GroupId"),
                "Description": "connections of processes",
            }))],
            "SecurityGroupEgress": [
                { "IpProtocol": "-1", "CidrIp": "127.0.0.1/32", "Description": "nothing goes out" },
            ],
        }),
    ))
}

fn flow_logs(lowering: &mut Lowering<'_>, vpc: &ResourceId) {
    let why = lowering.default("network.flow_log");
    let days = lowering.sizes.log_days;
    let log_group = lowering.add(
        Draft::new(id(["network", "flow-log", "log-group"]), "AWS::Logs::LogGroup", &why)
            .named_as([], "flow-log")
            .properties(json!({ "RetentionInDays": days })),
    );
    let role = lowering.add(
        Draft::new(id(["network", "flow-log", "role"]), "AWS::IAM::Role", &why)
            .named_as([], "flow-log")
            .properties(
                json!({ "AssumeRolePolicyDocument": super::roles::trusts("vpc-flow-logs.amazonaws.com") }),
            ),
    );
    let arn = output(&log_group, "/Arn");
    let policy = lowering.add(
        Draft::new(id(["network", "flow-log", "role-policy"]), "AWS::IAM::RolePolicy", &why)
            .named_as([], "flow-log")
            .properties(json!({
                "RoleName": output(&role, "/RoleName"),
                "PolicyDocument": super::roles::document(&[super::roles::allow(
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

/// Whether the environment is one that is destroyed as a whole, without asking for each thing.
pub(crate) fn is_ephemeral(lowering: &Lowering<'_>) -> bool {
    lowering.environment.environment.kind == EnvironmentType::Preview
}
