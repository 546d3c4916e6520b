//! The network: one VPC over two zones with three tiers. What is public holds only the load balancer and the NAT
//! gateways; what computes reaches the internet but is reached by the load balancer alone; what stores is reached by
//! what computes alone, and has no way out. The storage tier is there only when something is stored in it.

use schema_documents::environment::EnvironmentType;
use schema_documents::{Origin, ResourceId, Value};
use serde_json::json;

use super::groups::{self, Groups};
use super::{endpoints, flow_log};
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
    /// The security groups.
    pub groups: Groups,
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
    let settings = lowering.environment.environment.network.clone().unwrap_or_default();
    let cidr = settings.cidr.clone().unwrap_or_else(|| "10.0.0.0/16".to_owned());
    let addresses = Addresses {
        prefix: network_prefix(&cidr).unwrap_or((10, 0)),
        origin: lowering.asked(&["network", "cidr"], "network.cidr"),
        cidr,
    };
    let vpc = lowering.add(
        Draft::new(id(["network", "vpc"]), "AWS::EC2::VPC", &why)
            .properties(
                json!({ "CidrBlock": addresses.cidr, "EnableDnsHostnames": true, "EnableDnsSupport": true }),
            )
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
    let tables = compute_routes(lowering, &vpc, &public, &compute, &gateway_attachment);
    endpoints::object_storage(lowering, &vpc, &tables);
    if stores {
        let table = route_table(lowering, &vpc, "storage");
        for (zone, subnet) in ZONES.iter().zip(&storage) {
            associate(lowering, &format!("storage-{zone}"), subnet, &table);
        }
    }
    let groups = groups::lower(lowering, &vpc, &addresses, processes);
    if settings.private_endpoints.unwrap_or(lowering.sizes.private_endpoints) {
        endpoints::lower(lowering, &vpc, &compute, &addresses);
    }
    if settings.flow_logs.unwrap_or(lowering.sizes.flow_logs) {
        flow_log::lower(lowering, &vpc);
    }
    Network { vpc, gateway_attachment, public, compute, storage, groups }
}

/// The address space, and who asked for it.
pub(crate) struct Addresses {
    /// The whole of it, such as `10.0.0.0/16`.
    pub cidr: String,
    prefix: (u8, u8),
    origin: Origin,
}

impl Addresses {
    /// The ranges of the compute tier, a zone each.
    pub(crate) fn compute(&self) -> impl Iterator<Item = String> {
        (0..).zip(&ZONES).map(|(zone, _)| self.subnet(&COMPUTE, zone))
    }

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

/// The ways out of the compute tier: NAT gateways, one for all zones or one in each. Returns the route tables.
fn compute_routes(
    lowering: &mut Lowering<'_>,
    vpc: &ResourceId,
    public: &[ResourceId],
    compute: &[ResourceId],
    attachment: &ResourceId,
) -> Vec<Value> {
    let why = lowering.asked(&["network", "nat_gateways"], "network.nat_gateways");
    let settings = lowering.environment.environment.network.as_ref();
    let count = settings.and_then(|network| network.nat_gateways).unwrap_or(lowering.sizes.nat_gateways);
    let gateways: Vec<ResourceId> = ZONES
        .iter()
        .zip(public)
        .take(count as usize)
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
    tables
}

fn nat_gateway(
    lowering: &mut Lowering<'_>,
    zone: &str,
    subnet: &ResourceId,
    attachment: &ResourceId,
) -> ResourceId {
    let why = lowering.asked(&["network", "nat_gateways"], "network.nat_gateways");
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

/// Whether the environment is one that is destroyed as a whole, without asking for each thing.
pub(crate) fn is_ephemeral(lowering: &Lowering<'_>) -> bool {
    lowering.environment.environment.kind == EnvironmentType::Preview
}
