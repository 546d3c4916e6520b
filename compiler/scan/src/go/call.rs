//! Calls from one service to the endpoints of another.

use std::collections::BTreeMap;

use schema_documents::Position;
use schema_documents::manifest::Call;

use super::Found;
use super::resolve::Code;

/// Finds the calls. A reference to an endpoint counts, since whoever has it can call it.
pub(super) fn scan(code: &Code<'_>, found: &mut Found) {
    let mut calls: BTreeMap<(String, String), Position> = BTreeMap::new();
    for ((package, name), owner) in &found.endpoints {
        let services = &found.manifest.services;
        let to = format!("{}.{name}", services[*owner].name);
        for site in code.sites(package, name) {
            let node = site.used.node;
            if found.named_only.contains(&(site.file.path.to_owned(), node.start_byte())) {
                continue;
            }
            let at = site.file.at(node);
            for caller in code.services_of(site.file).iter().filter(|caller| *caller != owner) {
                let key = (services[*caller].name.clone(), to.clone());
                calls
                    .entry(key)
                    .and_modify(|first| *first = first.clone().min(at.clone()))
                    .or_insert_with(|| at.clone());
            }
        }
    }
    let calls = calls.into_iter().map(|((from_service, to), at)| Call { from_service, to, at });
    found.manifest.calls.extend(calls);
}
