//! AWS, with Fargate or EKS for compute: a network of three tiers over two zones, and a room per primitive.

pub(crate) mod access_log;
pub(crate) mod bucket;
pub(crate) mod cache;
pub(crate) mod compute;
pub(crate) mod database;
pub(crate) mod eks;
pub(crate) mod endpoints;
pub(crate) mod flow_log;
pub(crate) mod gateway;
pub(crate) mod groups;
pub(crate) mod key;
pub(crate) mod network;
pub(crate) mod postgres;
pub(crate) mod registry;
pub(crate) mod roles;
pub(crate) mod runtime;
pub(crate) mod secret;
pub(crate) mod service;
pub(crate) mod topic;

use crate::Images;
use crate::builder::Lowering;
use crate::processes::{self, Process};

/// Lowers the whole app, and says which processes it has.
pub(crate) fn lower(lowering: &mut Lowering<'_>, images: &Images) -> Vec<Process> {
    let processes = rooms(lowering, images);
    roles::bound(lowering);
    processes
}

fn rooms(lowering: &mut Lowering<'_>, images: &Images) -> Vec<Process> {
    let processes = processes::allocate(lowering);
    let mut network = network::lower(lowering, &processes);
    let log = access_log::lower(lowering);
    key::lower(lowering);
    if lowering.runs_on_eks() {
        network.groups.cluster = eks::lower_cluster(lowering, &processes, &network);
    }
    database::lower(lowering, &processes, &network);
    topic::lower(lowering);
    bucket::lower(lowering, log.as_ref());
    cache::lower(lowering, &processes, &network);
    secret::lower(lowering);
    if !processes.is_empty() {
        runtime::call_key(lowering);
    }
    if let Some(cluster) = network.groups.cluster.clone() {
        for process in &processes {
            eks::lower(lowering, process, &cluster, &network, log.as_ref());
        }
        return processes;
    }
    let compute = compute::lower(lowering, &processes, &network);
    for process in &processes {
        let told = runtime::tell(lowering, &processes, process, &compute);
        let release = service::Release { image: images.of(&process.name), told };
        service::lower(lowering, process, &release, &compute, &network, log.as_ref());
    }
    processes
}
