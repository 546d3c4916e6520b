//! Plan: differences become ordered steps, each with its reason and consequence, and whatever is not done says why.

mod changes;
#[cfg(test)]
mod confirmations;
mod order;
mod patch;
mod record;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use schema_documents::ResourceId;
use schema_documents::plan::{Conflict, Format, Held, Hold, Noted, Plan, VERSION};
use schema_documents::recorded::Recorded;

use crate::approval;
use crate::bind::{Binding, Bound};
use crate::diff::{Context, Differences, after_moves};
use crate::import;
use crate::merge::Decision;

pub use changes::{is_pinned, substitute, update_settles, violation};
pub use patch::patch;
pub use record::journal_entries;
pub(crate) use steps::import as import_step;

/// Makes the plan of a pass.
pub fn plan(bound: &Bound, differences: &Differences, recorded: &Recorded, context: &Context<'_>) -> Plan {
    let (recorded, _) = after_moves(recorded, context.desired);
    let drafted = steps::draft(bound, differences, &recorded, context);
    let mut held: Vec<Held> = differences.resources.iter().flat_map(holds).chain(drafted.held).collect();
    let ordered = order::order(drafted.steps);
    held.extend(ordered.circular);
    let mut steps = ordered.steps;
    steps.truncate(context.limits.steps);
    held.sort_by(|a, b| (&a.resource, a.generation).cmp(&(&b.resource, b.generation)));
    let imports = import::imports(differences, &recorded, context);
    let conflicts = conflicts(differences);
    let noted = differences.resources.iter().flat_map(noted).collect();
    let spoken_of: BTreeSet<&ResourceId> = (steps.iter().map(|step| &step.resource))
        .chain(imports.iter().map(|planned| &planned.import.resource))
        .chain(held.iter().map(|held| &held.resource))
        .chain(conflicts.iter().map(|conflict| &conflict.resource))
        .collect();
    let binding = Binding {
        desired: context.desired,
        recorded: &recorded,
        catalog: context.catalog,
        hidden: &differences.hidden,
    };
    let awaited = approval::awaited(&steps, &recorded, context, &|reference| binding.output(reference));
    let silent = bound.resources.keys().filter(|id| !spoken_of.contains(id)).count() as u64;
    Plan {
        format: Format::default(),
        version: VERSION,
        app: context.desired.app.clone(),
        environment: context.desired.environment.name.clone(),
        desired: context.digest.map_or_else(|| context.desired.digest(), Clone::clone),
        journal: recorded.last.clone(),
        steps,
        imports,
        held,
        conflicts,
        noted,
        unchanged: silent + bound.at_rest,
        awaited,
    }
}

fn noted(difference: &crate::diff::ResourceDifference) -> impl Iterator<Item = Noted> {
    difference.beside.iter().map(|field| Noted {
        resource: difference.id.clone(),
        kind: difference.kind.clone(),
        path: field.path.clone(),
        from: field.from.clone(),
        to: field.to.clone(),
    })
}

fn holds(difference: &crate::diff::ResourceDifference) -> impl Iterator<Item = Held> {
    difference.holds.iter().map(|(why, message)| held(difference, why.clone(), message.clone()))
}

fn held(difference: &crate::diff::ResourceDifference, why: Hold, message: String) -> Held {
    Held {
        resource: difference.id.clone(),
        generation: difference.generation,
        kind: difference.kind.clone(),
        why,
        message,
    }
}

fn conflicts(differences: &Differences) -> Vec<Conflict> {
    let all = differences.resources.iter().flat_map(|difference| {
        let fields = difference.fields.iter().filter(|field| field.decision == Decision::Conflict);
        fields.map(|field| Conflict {
            resource: difference.id.clone(),
            kind: difference.kind.clone(),
            path: field.path.clone(),
            asked: field.asked.clone(),
            desired: field.to.clone(),
            live: field.live.clone(),
            origin: field.origin().cloned(),
        })
    });
    all.collect()
}
