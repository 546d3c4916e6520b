//! What the processes share: the cluster, and the names by which they find each other.

use schema_documents::ResourceId;
use serde_json::json;

use super::network::Network;
use crate::builder::{Draft, Lowering, id, output};
use crate::processes::Process;

/// The domain under which processes find each other, inside the environment's own network, where it meets no other.
pub(crate) const DOMAIN: &str = "app.internal";

/// What every process needs.
pub(crate) struct Compute {
    /// The cluster; absent in an app without services.
    pub cluster: Option<ResourceId>,
    /// Where processes find each other, when there are several.
    pub namespace: Option<ResourceId>,
}

pub(crate) fn lower(lowering: &mut Lowering<'_>, processes: &[Process], network: &Network) -> Compute {
    if processes.is_empty() {
        return Compute { cluster: None, namespace: None };
    }
    let why = lowering.default("compute.cluster");
    let cluster = lowering.add(
        Draft::new(id(["compute", "cluster"]), "AWS::ECS::Cluster", &why)
            .named([])
            .properties(json!({ "ClusterSettings": [{ "Name": "containerInsights", "Value": "enabled" }] })),
    );
    let namespace = (processes.len() > 1).then(|| namespace(lowering, network));
    Compute { cluster: Some(cluster), namespace }
}

fn namespace(lowering: &mut Lowering<'_>, network: &Network) -> ResourceId {
    let why = lowering.default("compute.namespace");
    lowering.add(
        Draft::new(id(["compute", "namespace"]), "AWS::ServiceDiscovery::PrivateDnsNamespace", &why)
            .properties(json!({
                "Name": DOMAIN,
                "Description": "processes of the app",
                "Vpc": output(&network.vpc, "/VpcId"),
            })),
    )
}
