//! A topological order that is the same on every machine: by phase, then by name, as far as `after` allows.

use std::collections::{BTreeMap, BTreeSet};

use schema_documents::plan::{Action, Held, Hold, Step, StepKey};

pub(super) struct Ordered {
    pub(super) steps: Vec<Step>,
    /// Steps that wait for each other in a circle.
    pub(super) circular: Vec<Held>,
}

pub(super) fn order(steps: Vec<Step>) -> Ordered {
    let mut waiting: BTreeMap<StepKey, usize> = BTreeMap::new();
    let mut followers: BTreeMap<StepKey, Vec<StepKey>> = BTreeMap::new();
    for step in &steps {
        waiting.insert(step.key.clone(), step.after.len());
        for before in &step.after {
            followers.entry(before.clone()).or_default().push(step.key.clone());
        }
    }
    let mut steps: BTreeMap<StepKey, Step> = steps.into_iter().map(|step| (step.key.clone(), step)).collect();
    let rank = |step: &Step| (step.phase, matches!(step.action, Action::Delete { .. }), step.key.clone());
    let mut ready: BTreeSet<_> = steps.values().filter(|step| step.after.is_empty()).map(rank).collect();
    let mut ordered = Vec::with_capacity(steps.len());
    while let Some((_, _, key)) = ready.pop_first() {
        ordered.extend(steps.remove(&key));
        for follower in followers.remove(&key).unwrap_or_default() {
            if let Some(left) = waiting.get_mut(&follower) {
                *left -= 1;
                if *left == 0 {
                    ready.extend(steps.get(&follower).map(rank));
                }
            }
        }
    }
    let circular = steps.values().map(|step| held(step, &steps)).collect();
    Ordered { steps: ordered, circular }
}

fn held(step: &Step, circle: &BTreeMap<StepKey, Step>) -> Held {
    let on = step.after.iter().find_map(|before| circle.get(before)).unwrap_or(step).resource.clone();
    Held {
        resource: step.resource.clone(),
        generation: step.generation,
        kind: step.kind.clone(),
        message: format!("it waits for `{on}`, which in the end waits for it"),
        why: Hold::Waiting { on },
    }
}
