//! A plan, as a review.

use std::collections::BTreeSet;

use schema_documents::plan::{Action, Conflict, Consequence, Held, Hold, Plan, Reason, Step};
use schema_documents::{Json, ResourceId, Value, canonical};

use crate::shown::shown;
use crate::{Change, FieldLine, HeldLine, ImportLine, ResourceChange, Review, cause};

/// What a plan does, holds and imports. The two steps of a replacement become one line.
pub fn of_plan(plan: &Plan) -> Review {
    let replaced: BTreeSet<&ResourceId> = plan
        .steps
        .iter()
        .filter(|step| matches!(step.reason, Reason::Replaced { .. }))
        .map(|step| &step.resource)
        .collect();
    let shown_steps = plan.steps.iter().filter(|step| {
        let is_delete = matches!(step.action, Action::Delete { .. });
        !(is_delete && replaced.contains(&step.resource))
    });
    let mut held: Vec<HeldLine> = plan.held.iter().map(held_line).collect();
    held.extend(plan.conflicts.iter().map(conflict_line));
    Review {
        app: plan.app.clone(),
        environment: plan.environment.clone(),
        changes: shown_steps.map(change).collect(),
        imports: plan
            .imports
            .iter()
            .map(|planned| ImportLine {
                resource: planned.import.resource.clone(),
                path: planned.import.path.clone(),
                from: planned.import.from.clone(),
                to: planned.import.to.clone(),
                who: planned.import.who.clone(),
                settled: planned.settled,
            })
            .collect(),
        noted: plan.noted.clone(),
        held,
        unchanged: plan.unchanged,
        awaited: plan.awaited.clone(),
    }
}

fn change(step: &Step) -> ResourceChange {
    let (change, fields) = match &step.action {
        Action::Create { .. } if matches!(step.reason, Reason::Replaced { .. }) => {
            (Change::Replaced, replaced_fields(step))
        }
        Action::Create { .. } => (Change::Added, Vec::new()),
        Action::Update { changes, .. } => (Change::Changed, changes.iter().map(line).collect()),
        Action::Import { differences, .. } => (Change::Imported, differences.iter().map(line).collect()),
        Action::Delete { .. } => (Change::Removed, Vec::new()),
    };
    ResourceChange {
        change,
        resource: step.resource.clone(),
        kind: step.kind.clone(),
        stateful: step.stateful,
        cause: reason(step, &fields),
        consequence: step.consequence,
        fields,
        remark: remark(step),
    }
}

fn line(change: &schema_documents::plan::Change) -> FieldLine {
    FieldLine {
        path: change.path.clone(),
        from: change.from.clone(),
        to: change.to.as_ref().map(shown),
        cause: cause(change.origin.as_ref()),
        consequence: change.consequence,
    }
}

/// What is imported, and what becomes of it.
fn remark(step: &Step) -> Option<String> {
    let Action::Import { identifier, account, region, differences } = &step.action else { return None };
    let account = account.as_ref().map(|account| format!(" in account {account}")).unwrap_or_default();
    let region = region.as_ref().map(|region| format!(", {region}")).unwrap_or_default();
    let rest = if differences.is_empty() {
        "it is as the document says"
    } else {
        "where it differs it stays as it is: a console edit from then on, or a conflict where a setting asks for it"
    };
    Some(format!("`{identifier}`{account}{region}: nothing but ownership tags is written; {rest}"))
}

fn replaced_fields(step: &Step) -> Vec<FieldLine> {
    let (Action::Create { wishes, .. }, Reason::Replaced { fields }) = (&step.action, &step.reason) else {
        return Vec::new();
    };
    let wish_of = |path| wishes.iter().find(|wish| &wish.path == path);
    fields
        .iter()
        .map(|path| FieldLine {
            path: path.clone(),
            from: None,
            to: wish_of(path).and_then(|wish| wish.value.as_ref()).map(shown),
            cause: cause(wish_of(path).map(|wish| &wish.origin)),
            consequence: Consequence::Replacement,
        })
        .collect()
}

fn reason(step: &Step, fields: &[FieldLine]) -> String {
    match &step.reason {
        Reason::New { origin } | Reason::Existing { origin } => origin.to_string(),
        Reason::Changed => {
            let causes: BTreeSet<&str> = fields.iter().map(|field| field.cause.as_str()).collect();
            causes.into_iter().collect::<Vec<_>>().join(", ")
        }
        Reason::Revert => "an enforced field was edited".to_owned(),
        Reason::Replaced { .. } => "a field changed that only a new one can have".to_owned(),
        Reason::Gone => "it is gone, and is created again".to_owned(),
        Reason::SetBack => "its deployment failed, and it goes back to what was healthy last".to_owned(),
        Reason::Superseded => "a new one has taken its place".to_owned(),
        Reason::Removed => "no longer declared".to_owned(),
        Reason::GivenBack => "given back: its ownership tags go".to_owned(),
    }
}

fn held_line(held: &Held) -> HeldLine {
    let path = match &held.why {
        Hold::Enforced { path } | Hold::Invalid { path } => Some(path.clone()),
        _ => None,
    };
    HeldLine { resource: held.resource.clone(), path, message: held.message.clone() }
}

fn conflict_line(conflict: &Conflict) -> HeldLine {
    let text =
        |json: Option<Json>| json.map_or_else(|| "nothing".to_owned(), |json| canonical::to_string(&json));
    let json = |value: &Option<Value>| value.as_ref().map(shown);
    let message = format!(
        "conflict: {} asks for {}, the console has {}; `manifest-agent adopt {id} {path}` keeps the console's, \
         `manifest-agent revert {id} {path}` the other",
        cause(conflict.origin.as_ref()),
        text(json(&conflict.desired)),
        text(conflict.live.clone()),
        id = conflict.resource,
        path = conflict.path,
    );
    HeldLine { resource: conflict.resource.clone(), path: Some(conflict.path.clone()), message }
}
