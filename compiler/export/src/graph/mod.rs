//! The architecture as a picture: what was declared, in its tiers, and who reaches whom.
//!
//! A picture has a node for each thing that was declared, not for each resource: its roles, policies and subnets go without
//! saying. Who reaches whom follows from what lets it: security groups, policies of roles, target groups.

mod dot;
mod mermaid;
mod svg;

use std::collections::{BTreeMap, BTreeSet};

use schema_documents::desired::{DesiredState, Resource};
use schema_documents::{FieldPath, Json, ResourceId, Value};

pub use dot::dot;
pub use mermaid::mermaid;
pub use svg::svg;

/// A picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// App and environment.
    pub title: String,
    /// What is in it, sorted by tier and name.
    pub nodes: Vec<Node>,
    /// Who reaches whom, sorted.
    pub edges: BTreeSet<Edge>,
}

/// Something that was declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where it stands.
    pub tier: Tier,
    /// Its name.
    pub name: String,
    /// What is to be known of it, such as its size; may be empty.
    pub detail: String,
}

/// Where something stands, from the internet inwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Outside.
    Internet,
    /// Load balancers in the public subnets.
    Gateways,
    /// What computes.
    Processes,
    /// Databases and caches in the storage subnets.
    Storage,
    /// Topics with their queues.
    Messages,
    /// Buckets.
    Objects,
    /// Secrets.
    Secrets,
    /// All else.
    Others,
}

/// One thing reaches another. Nodes are meant by their number in the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Who begins.
    pub from: usize,
    /// Who is reached.
    pub to: usize,
    /// Whether it is a message, which waits until it is fetched.
    pub is_message: bool,
}

impl Tier {
    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Internet => "internet",
            Self::Gateways => "gateways, in public subnets",
            Self::Processes => "processes, in private subnets",
            Self::Storage => "databases and caches, in storage subnets",
            Self::Messages => "topics and their queues",
            Self::Objects => "buckets",
            Self::Secrets => "secrets",
            Self::Others => "others",
        }
    }

    /// The tier of a primitive; none for what all share.
    fn of(id: &ResourceId) -> Option<Self> {
        let is_shared = id.as_str().split('/').count() < 3;
        Some(match id.primitive() {
            "network" | "encryption" => return None,
            "compute" if is_shared => return None,
            "gateway" => Self::Gateways,
            "compute" => Self::Processes,
            "database" | "cache" => Self::Storage,
            "topic" => Self::Messages,
            "bucket" => Self::Objects,
            "secret" => Self::Secrets,
            _ => Self::Others,
        })
    }
}

/// What stands for a declared thing: primitive and name.
type Unit<'a> = (&'a str, &'a str);

fn unit(id: &ResourceId) -> Unit<'_> {
    (id.primitive(), id.declared_name())
}

/// The picture of a desired state.
pub fn picture(desired: &DesiredState) -> Picture {
    let mut units: BTreeMap<(Tier, Unit<'_>), Vec<&Resource>> = BTreeMap::new();
    for (id, resource) in &desired.resources {
        if let Some(tier) = Tier::of(id) {
            units.entry((tier, unit(id))).or_default().push(resource);
        }
    }
    let mut nodes = Vec::new();
    let is_open =
        units.keys().any(|(tier, _)| *tier == Tier::Gateways) || desired.resources.values().any(publishes);
    if is_open {
        nodes.push(Node { tier: Tier::Internet, name: "internet".to_owned(), detail: String::new() });
    }
    let mut numbers: BTreeMap<Unit<'_>, usize> = BTreeMap::new();
    for ((tier, unit), resources) in &units {
        numbers.insert(*unit, nodes.len());
        let detail = resources.iter().map(|resource| detail(resource)).find(|detail| !detail.is_empty());
        nodes.push(Node { tier: *tier, name: unit.1.to_owned(), detail: detail.unwrap_or_default() });
    }
    let mut edges = BTreeSet::new();
    for (id, resource) in &desired.resources {
        let Some(&own) = numbers.get(&unit(id)) else { continue };
        if publishes(resource) || Tier::of(id) == Some(Tier::Gateways) {
            edges.insert(Edge { from: 0, to: own, is_message: false });
        }
        for reference in resource.properties.values().flat_map(Value::references) {
            let used =
                desired.resources.get(&reference.resource).zip(numbers.get(&unit(&reference.resource)));
            if let Some((used, &other)) = used.filter(|(_, other)| **other != own) {
                edges.insert(edge(own, resource, other, used));
            }
        }
    }
    Picture { title: format!("{} {}", desired.app, desired.environment.name), nodes, edges }
}

/// Whether a resource shows objects to the internet.
fn publishes(resource: &Resource) -> bool {
    resource.kind == "AWS::CloudFront::Distribution"
}

/// Which way something goes where one resource refers to another. A rule refers to who may come in, a service to what
/// sends it requests, and messages come from the queue that a policy names.
fn edge(own: usize, resource: &Resource, other: usize, used: &Resource) -> Edge {
    let comes_in = match used.kind.as_str() {
        "AWS::EC2::SecurityGroup" | "AWS::ElasticLoadBalancingV2::TargetGroup" | "AWS::SQS::Queue" => true,
        _ => resource.kind.starts_with("AWS::CloudFront::"),
    };
    let is_message = used.kind == "AWS::SQS::Queue";
    let (from, to) = if comes_in { (other, own) } else { (own, other) };
    Edge { from, to, is_message }
}

/// What is to be known of a thing, from the resource that says it.
fn detail(resource: &Resource) -> String {
    let at = |path: &str| {
        let path = FieldPath::parse(path).ok()?;
        let (first, rest) = path.segments().split_first()?;
        let property = resource.properties.get(first)?.as_json()?;
        match FieldPath::from_segments(rest.iter().cloned()).get(&property)? {
            Json::String(text) => Some(text.clone()),
            Json::Bool(false) => None,
            other => Some(other.to_string()),
        }
    };
    let said = match resource.kind.as_str() {
        "AWS::RDS::DBInstance" => [at("/DBInstanceClass"), at("/MultiAZ").map(|_| "two zones".to_owned())],
        "AWS::ElastiCache::ReplicationGroup" => {
            [at("/CacheNodeType"), at("/NumCacheClusters").map(|count| format!("{count} nodes"))]
        }
        "AWS::ECS::TaskDefinition" => {
            [at("/Cpu").map(|cpu| format!("{cpu} CPU")), at("/Memory").map(|memory| format!("{memory} MiB"))]
        }
        "AWS::SNS::Topic" => [at("/FifoTopic").map(|_| "in order".to_owned()), None],
        "AWS::S3::Bucket" => {
            let versions = at("/VersioningConfiguration/Status").filter(|status| status == "Enabled");
            [versions.map(|_| "keeps versions".to_owned()), None]
        }
        _ => [None, None],
    };
    said.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The nodes of each tier that has some, with their numbers.
fn tiers(picture: &Picture) -> BTreeMap<Tier, Vec<(usize, &Node)>> {
    let mut tiers: BTreeMap<Tier, Vec<(usize, &Node)>> = BTreeMap::new();
    for (number, node) in picture.nodes.iter().enumerate() {
        tiers.entry(node.tier).or_default().push((number, node));
    }
    tiers
}

#[cfg(test)]
mod tests;
