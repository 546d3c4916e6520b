//! Security groups: who reaches whom. The internet reaches the load balancer, that reaches the process with the gateways,
//! a process reaches those that its services call, and what stores is reached by the processes that use it.
//!
//! Rules of a group are inline, all of them: rules that stand beside a group would fight with its own list. A rule names the
//! group that may come in. Where processes call each other in a circle their groups would wait for each other, so that there
//! the range of the compute tier stands in.

use std::collections::{BTreeMap, BTreeSet};

use compiler_model::{AppModel, Endpoint, Service};
use schema_documents::{Json, Origin, ResourceId, Value};
use serde_json::json;

use super::network::{Addresses, Network, PROCESS_PORT};
use crate::builder::{Draft, Lowering, id, output};
use crate::processes::Process;

/// Names of processes, each with those that it calls.
type Calls = BTreeMap<String, BTreeSet<String>>;

/// The groups of the load balancer and of the processes.
pub(crate) struct Groups {
    pub load_balancer: ResourceId,
    /// A group for each process; none where they are pods of a cluster.
    pub processes: BTreeMap<String, ResourceId>,
    /// The cluster of EKS that they are pods of, which makes one group for all of them.
    pub cluster: Option<ResourceId>,
}

pub(crate) fn lower(
    lowering: &mut Lowering<'_>,
    vpc: &ResourceId,
    addresses: &Addresses,
    processes: &[Process],
) -> Groups {
    let load_balancer = load_balancer(lowering, vpc, addresses);
    if lowering.runs_on_eks() {
        return Groups { load_balancer, processes: BTreeMap::new(), cluster: None };
    }
    let calls = calls(lowering.model, processes);
    let groups = processes.iter().map(|process| (process.name.clone(), group_id(process))).collect();
    for process in processes {
        let mut ingress = Vec::new();
        if process.gateway {
            let group = output(&load_balancer, "/GroupId");
            ingress.push(from_group(PROCESS_PORT, &group, "requests from the load balancer"));
        }
        ingress.extend(from_callers(process, &calls, &groups, addresses));
        process_group(lowering, vpc, process, &ingress);
    }
    Groups { load_balancer, processes: groups, cluster: None }
}

fn group_id(process: &Process) -> ResourceId {
    id(["compute", &process.name, "security-group"])
}

fn load_balancer(lowering: &mut Lowering<'_>, vpc: &ResourceId, addresses: &Addresses) -> ResourceId {
    let why = lowering.default("network.security_groups");
    // Without a domain requests come in the open; with one the first answer sends them to the port that encrypts.
    let mut ports = vec![(80, "requests from the internet")];
    if lowering.environment.environment.gateway.values().any(|gateway| gateway.domain.is_some()) {
        ports.push((443, "encrypted requests from the internet"));
    }
    let ingress = ports.into_iter().map(|(port, what)| from_range(port, "0.0.0.0/0", what));
    let draft =
        Draft::new(id(["network", "load-balancer", "security-group"]), "AWS::EC2::SecurityGroup", &why);
    // The way out is by address range, since a rule that points to whom it leads to would close a circle.
    lowering.add(draft.named_as([], "load-balancer").properties(json!({
        "VpcId": output(vpc, "/VpcId"),
        "GroupDescription": "load balancer",
        "SecurityGroupIngress": ingress.collect::<Vec<Json>>(),
        "SecurityGroupEgress": [from_range(PROCESS_PORT, &addresses.cidr, "requests to processes")],
    })))
}

fn process_group(lowering: &mut Lowering<'_>, vpc: &ResourceId, process: &Process, ingress: &[Json]) {
    let draft = Draft::new(group_id(process), "AWS::EC2::SecurityGroup", &process.origin)
        .named_as([&process.name], "process")
        .properties(json!({
            "VpcId": output(vpc, "/VpcId"),
            "GroupDescription": format!("process {}", process.name),
            "SecurityGroupEgress": [
                { "IpProtocol": "-1", "CidrIp": "0.0.0.0/0", "Description": "requests of the process" },
            ],
        }));
    lowering.add(with_ingress(draft, ingress));
}

/// A group that only those processes reach, on one port, and that has no way out. A group without a rule for the way out
/// would get one that allows everything, so the rule allows what cannot happen.
pub(crate) fn storage(
    lowering: &mut Lowering<'_>,
    network: &Network,
    group: ResourceId,
    port: u16,
    users: &BTreeSet<String>,
    why: &Origin,
) -> ResourceId {
    let name = group.declared_name().to_owned();
    let primitive = group.primitive().to_owned();
    let role = if primitive == "cache" { "cache" } else { "database" };
    let ingress = network.groups.of(users, port);
    let draft = Draft::new(group, "AWS::EC2::SecurityGroup", why).named_as([&name], role).properties(json!({
        "VpcId": output(&network.vpc, "/VpcId"),
        "GroupDescription": format!("{primitive} {name}"),
        "SecurityGroupEgress": [
            { "IpProtocol": "-1", "CidrIp": "127.0.0.1/32", "Description": "nothing goes out" },
        ],
    }));
    lowering.add(with_ingress(draft, &ingress))
}

/// The group of the private endpoints of AWS services: every process may use them.
pub(crate) fn endpoints(lowering: &mut Lowering<'_>, vpc: &ResourceId, addresses: &Addresses) -> ResourceId {
    let why = lowering.default("network.private_endpoints");
    let ingress = addresses.compute().map(|range| from_range(443, &range, "requests of processes"));
    let draft = Draft::new(id(["network", "endpoints", "security-group"]), "AWS::EC2::SecurityGroup", &why)
        .named_as([], "endpoints")
        .properties(json!({
            "VpcId": output(vpc, "/VpcId"),
            "GroupDescription": "private endpoints of AWS services",
            "SecurityGroupIngress": ingress.collect::<Vec<Json>>(),
            "SecurityGroupEgress": [
                { "IpProtocol": "-1", "CidrIp": "127.0.0.1/32", "Description": "nothing goes out" },
            ],
        }));
    lowering.add(draft)
}

impl Groups {
    /// The rules by which these processes come in at a port.
    fn of(&self, users: &BTreeSet<String>, port: u16) -> Vec<Json> {
        match &self.cluster {
            Some(_) if users.is_empty() => Vec::new(),
            Some(cluster) => {
                vec![from_group(port, &output(cluster, "/ClusterSecurityGroupId"), "connections of pods")]
            }
            None => users
                .iter()
                .filter_map(|user| Some((user, output(self.processes.get(user)?, "/GroupId"))))
                .map(|(user, group)| from_group(port, &group, &format!("connections of process {user}")))
                .collect(),
        }
    }
}

fn with_ingress(draft: Draft, ingress: &[Json]) -> Draft {
    if ingress.is_empty() { draft } else { draft.set("SecurityGroupIngress", ingress) }
}

fn from_callers(
    process: &Process,
    calls: &Calls,
    groups: &BTreeMap<String, ResourceId>,
    addresses: &Addresses,
) -> Vec<Json> {
    let mut rules = Vec::new();
    let callers = calls.iter().filter(|(_, called)| called.contains(&process.name)).map(|(caller, _)| caller);
    let called: BTreeSet<&String> = reached(calls, &process.name);
    let (circle, apart): (Vec<&String>, Vec<&String>) = callers.partition(|caller| called.contains(caller));
    for caller in apart {
        let group = output(&groups[caller], "/GroupId");
        rules.push(from_group(PROCESS_PORT, &group, &format!("requests of process {caller}")));
    }
    if !circle.is_empty() {
        rules.extend(
            addresses.compute().map(|range| from_range(PROCESS_PORT, &range, "requests of processes")),
        );
    }
    rules
}

/// Which process calls which: by what their services call, and the one with the gateways calls whatever they lead to.
fn calls(model: &AppModel, processes: &[Process]) -> Calls {
    let home: BTreeMap<&str, &str> = processes
        .iter()
        .flat_map(|process| process.services.iter().map(|service| (service.as_str(), process.name.as_str())))
        .collect();
    let called = |process: &Process| -> BTreeSet<String> {
        let homes = called_by(model, process).into_iter().filter_map(|service| home.get(service).copied());
        homes.filter(|home| *home != process.name).map(str::to_owned).collect()
    };
    processes.iter().map(|process| (process.name.clone(), called(process))).collect()
}

/// The services that a process calls: those that its own call, and those that its gateways lead to.
pub(crate) fn called_by<'a>(model: &'a AppModel, process: &Process) -> BTreeSet<&'a str> {
    let services = process.services.iter().filter_map(|name| model.services.get(name));
    let mut called: BTreeSet<&str> =
        services.flat_map(|service| service.uses.calls.iter().map(String::as_str)).collect();
    if process.gateway {
        called.extend(behind_gateways(model));
    }
    called
}

/// The services that a gateway leads to: those with endpoints for the outside, those that authenticate, and those that a cron
/// job calls.
fn behind_gateways(model: &AppModel) -> BTreeSet<&str> {
    let serves = |service: &&Service| service.endpoints.values().any(Endpoint::exposed);
    let serving = model.services.values().filter(serves).map(|service| service.name.as_str());
    let handlers = model.gateways.values().filter_map(|gateway| gateway.auth_handler.as_ref());
    let authenticating = handlers.filter_map(|handler| handler.service.as_deref());
    let called = model.cron_jobs.values().map(|job| job.target.service());
    serving.chain(authenticating).chain(called).collect()
}

/// All that a process calls, directly or through others.
fn reached<'a>(calls: &'a Calls, from: &str) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&String> = calls.get(from).into_iter().flatten().collect();
    while let Some(process) = next.pop() {
        if reached.insert(process) {
            next.extend(calls.get(process).into_iter().flatten());
        }
    }
    reached
}

fn from_group(port: u16, group: &Value, what: &str) -> Json {
    tcp(port, json!({ "SourceSecurityGroupId": group, "Description": what }))
}

fn from_range(port: u16, range: &str, what: &str) -> Json {
    tcp(port, json!({ "CidrIp": range, "Description": what }))
}

fn tcp(port: u16, mut rule: Json) -> Json {
    rule["IpProtocol"] = json!("tcp");
    rule["FromPort"] = json!(port);
    rule["ToPort"] = json!(port);
    rule
}
