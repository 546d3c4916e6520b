//! EKS in place of Fargate: a cluster whose nodes, load balancing and storage AWS runs (auto mode), and for each process a
//! repository and an identity that its pods take up. What is inside the cluster are resources of another provider.

use schema_documents::{Json, ResourceId, Value};
use serde_json::json;

use super::access_log::AccessLog;
use super::network::{Network, PROCESS_PORT};
use super::{gateway, key, registry, roles};
use crate::builder::{Draft, Lowering, id, output};
use crate::processes::Process;
use crate::sizes::KUBERNETES;

/// The policies of AWS by which the control plane runs nodes, volumes, networks and load balancers.
const CLUSTER_POLICIES: [&str; 5] = [
    "AmazonEKSClusterPolicy",
    "AmazonEKSComputePolicy",
    "AmazonEKSBlockStoragePolicy",
    "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingPolicy",
];

/// The policies of AWS by which nodes join, and pull images.
const NODE_POLICIES: [&str; 2] = ["AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"];

/// What the control plane logs.
const LOGGED: [&str; 5] = ["api", "audit", "authenticator", "controllerManager", "scheduler"];

/// Lowers the cluster; none for an app without services.
pub(crate) fn lower_cluster(
    lowering: &mut Lowering<'_>,
    processes: &[Process],
    network: &Network,
) -> Option<ResourceId> {
    if processes.is_empty() {
        return None;
    }
    let why = lowering.asked(&["providers", "compute"], "compute.cluster");
    let control = role(lowering, "cluster-role", "eks.amazonaws.com", &CLUSTER_POLICIES);
    let nodes = role(lowering, "node-role", "ec2.amazonaws.com", &NODE_POLICIES);
    let subnets: Vec<Value> = network.compute.iter().map(|subnet| output(subnet, "/SubnetId")).collect();
    let logged = LOGGED.map(|kind| json!({ "Type": kind }));
    let draft = Draft::new(id(["compute", "cluster"]), "AWS::EKS::Cluster", &why).named([]);
    let cluster = lowering.add(draft.properties(json!({
        "Version": KUBERNETES,
        "RoleArn": output(&control, "/Arn"),
        "AccessConfig": { "AuthenticationMode": "API" },
        "BootstrapSelfManagedAddons": false,
        "ComputeConfig": {
            "Enabled": true,
            "NodePools": ["general-purpose", "system"],
            "NodeRoleArn": output(&nodes, "/Arn"),
        },
        "KubernetesNetworkConfig": { "ElasticLoadBalancing": { "Enabled": true }, "IpFamily": "ipv4" },
        "StorageConfig": { "BlockStorage": { "Enabled": true } },
        "ResourcesVpcConfig": {
            "SubnetIds": subnets,
            "EndpointPrivateAccess": true,
            "EndpointPublicAccess": false,
        },
        "EncryptionConfig": [
            { "Provider": { "KeyArn": output(&key::key_id(), "/Arn") }, "Resources": ["secrets"] },
        ],
        "Logging": { "ClusterLogging": { "EnabledTypes": logged } },
        "DeletionProtection": lowering.sizes.database.deletion_protection,
    })));
    let draft = Draft::new(id(["compute", "cluster", "metrics-server"]), "AWS::EKS::Addon", &why);
    lowering.add(draft.properties(json!({
        "ClusterName": output(&cluster, "/Name"),
        "AddonName": "metrics-server",
    })));
    reached_by_load_balancer(lowering, &cluster, network);
    Some(cluster)
}

/// Lowers what a process has outside of the cluster.
pub(crate) fn lower(
    lowering: &mut Lowering<'_>,
    process: &Process,
    cluster: &ResourceId,
    network: &Network,
    log: Option<&AccessLog>,
) {
    registry::lower(lowering, process);
    let role = roles::lower_pod(lowering, process, &trusts("pods.eks.amazonaws.com"));
    let draft = Draft::new(
        id(["compute", &process.name, "identity"]),
        "AWS::EKS::PodIdentityAssociation",
        &process.origin,
    );
    lowering.add(draft.deployed().properties(json!({
        "ClusterName": output(cluster, "/Name"),
        "Namespace": namespace(lowering),
        "ServiceAccount": label(&process.name),
        "RoleArn": output(&role, "/Arn"),
    })));
    if process.gateway {
        gateway::lower(lowering, network, log);
    }
}

/// The namespace of the app in its cluster.
fn namespace(lowering: &Lowering<'_>) -> String {
    label(&lowering.model.app)
}

/// A name as a label of DNS, which names in Kubernetes are.
fn label(name: &str) -> String {
    let spelled: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .take(63)
        .collect();
    spelled.trim_matches('-').to_owned()
}

/// The group that EKS makes for its nodes and pods takes requests from the load balancer.
fn reached_by_load_balancer(lowering: &mut Lowering<'_>, cluster: &ResourceId, network: &Network) {
    let why = lowering.default("network.security_groups");
    let draft =
        Draft::new(id(["compute", "cluster", "load-balancer-rule"]), "AWS::EC2::SecurityGroupIngress", &why);
    lowering.add(draft.properties(json!({
        "GroupId": output(cluster, "/ClusterSecurityGroupId"),
        "IpProtocol": "tcp",
        "FromPort": PROCESS_PORT,
        "ToPort": PROCESS_PORT,
        "SourceSecurityGroupId": output(&network.groups.load_balancer, "/GroupId"),
        "Description": "requests from the load balancer",
    })));
}

/// A role of the cluster, with policies of AWS.
fn role(lowering: &mut Lowering<'_>, role: &'static str, service: &str, policies: &[&str]) -> ResourceId {
    let why = lowering.default("compute.cluster");
    let draft = Draft::new(id(["compute", "cluster", role]), "AWS::IAM::Role", &why).named_as([], role);
    let arns: Vec<String> =
        policies.iter().map(|policy| format!("arn:aws:iam::aws:policy/{policy}")).collect();
    lowering.add(draft.properties(json!({
        "AssumeRolePolicyDocument": trusts(service),
        "ManagedPolicyArns": arns,
    })))
}

/// EKS marks the sessions of its roles.
fn trusts(service: &str) -> Json {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": service },
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }],
    })
}
