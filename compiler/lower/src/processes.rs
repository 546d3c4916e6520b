//! Process allocation: which services run together.

use std::collections::{BTreeMap, BTreeSet};

use compiler_diagnostics::{Code, Diagnostic, closest};
use compiler_model::{AppModel, Uses};
use schema_documents::Origin;
use schema_documents::environment::Allocation;

use crate::builder::Lowering;

/// What runs as one container.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Process {
    /// `all`, the service's or the group's name, or [`GATEWAY`].
    pub name: String,
    /// The services in it.
    pub services: BTreeSet<String>,
    /// Whether the app's gateways are in it.
    pub gateway: bool,
    /// Why it exists.
    pub origin: Origin,
}

/// The process that holds the gateways when the services are apart. A service or group of this name holds them as well.
const GATEWAY: &str = "gateway";

/// The processes, sorted by name; none for an app without services.
pub(crate) fn allocate(lowering: &mut Lowering<'_>) -> Vec<Process> {
    let model = lowering.model;
    let setting = lowering.environment.origin(&["allocation"]);
    let why = setting.unwrap_or_else(|| lowering.default("process.allocation"));
    if model.services.is_empty() {
        return Vec::new();
    }
    let mut by_name: BTreeMap<String, (BTreeSet<String>, Origin)> = BTreeMap::new();
    match &lowering.environment.environment.allocation {
        Allocation::All => {
            let services = model.services.keys().cloned().collect();
            return vec![Process { name: "all".to_owned(), services, gateway: true, origin: why }];
        }
        Allocation::PerService => {}
        Allocation::Groups(groups) => {
            check(lowering, groups);
            for (name, services) in groups.iter().filter(|(name, _)| is_process_name(name)) {
                let known = services.iter().filter(|service| model.services.contains_key(*service));
                by_name.insert(name.clone(), (known.cloned().collect(), why.clone()));
            }
        }
    }
    let grouped: BTreeSet<String> = by_name.values().flat_map(|(services, _)| services.clone()).collect();
    for service in model.services.values().filter(|service| !grouped.contains(&service.name)) {
        let origin = Lowering::declared(&service.at);
        let process = by_name.entry(service.name.clone()).or_insert_with(|| (BTreeSet::new(), origin));
        process.0.insert(service.name.clone());
    }
    by_name.entry(GATEWAY.to_owned()).or_insert_with(|| (BTreeSet::new(), why));
    let process = |(name, (services, origin)): (String, _)| Process {
        gateway: name == GATEWAY,
        name,
        services,
        origin,
    };
    by_name.into_iter().map(process).collect()
}

/// Names of the processes with a service that uses something.
pub(crate) fn users(
    model: &AppModel,
    processes: &[Process],
    uses: impl Fn(&Uses) -> bool,
) -> BTreeSet<String> {
    let is_user = |process: &&Process| {
        let mut services = process.services.iter().filter_map(|name| model.services.get(name));
        services.any(|service| uses(&service.uses))
    };
    processes.iter().filter(is_user).map(|process| process.name.clone()).collect()
}

fn check(lowering: &mut Lowering<'_>, groups: &BTreeMap<String, Vec<String>>) {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (group, services) in groups {
        for service in services {
            let known = lowering.model.services.keys().map(String::as_str);
            if !lowering.model.services.contains_key(service) {
                let help = closest(service, known).map(|near| format!("did you mean `{near}`?"));
                let message = format!("group `{group}` names the service `{service}`, which does not exist");
                report(lowering, group, Diagnostic::error(Code::E0004, message).maybe_help(help));
            } else if let Some(other) = seen.insert(service, group) {
                let message = format!("service `{service}` is in the groups `{other}` and `{group}`");
                report(
                    lowering,
                    group,
                    Diagnostic::error(Code::E0003, message).help("a service runs in one process"),
                );
            }
        }
        if !is_process_name(group) {
            let message = format!("group name `{group}` cannot be part of a resource's name");
            let help = "use letters, digits, `-`, `_` and `.`, 63 at most";
            report(lowering, group, Diagnostic::error(Code::L0203, message).help(help));
        }
    }
}

/// Groups are named as services are.
fn is_process_name(name: &str) -> bool {
    (1..=63).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

fn report(lowering: &mut Lowering<'_>, group: &str, diagnostic: Diagnostic) {
    lowering.found.push(lowering.environment.point(diagnostic, &["allocation", "groups", group]));
}
