//! AWS, with Fargate for compute: a network of three tiers over two zones, and a room per primitive.

pub(crate) mod bucket;
pub(crate) mod cache;
pub(crate) mod compute;
pub(crate) mod database;
pub(crate) mod gateway;
pub(crate) mod network;
pub(crate) mod registry;
pub(crate) mod roles;
pub(crate) mod secret;
pub(crate) mod service;
pub(crate) mod topic;

use crate::builder::Lowering;
use crate::processes::{self, Process};

/// Lowers the whole app, and says which processes it has.
pub(crate) fn lower(lowering: &mut Lowering<'_>) -> Vec<Process> {
    let processes = processes::allocate(lowering);
    let network = network::lower(lowering, &processes);
    database::lower(lowering, &network);
    topic::lower(lowering);
    bucket::lower(lowering);
    cache::lower(lowering, &network);
    secret::lower(lowering);
    let compute = compute::lower(lowering, &processes, &network);
    for process in &processes {
        service::lower(lowering, process, &compute, &network);
    }
    processes
}
