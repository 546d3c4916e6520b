//! Events for people: a line each, in columns, with its fields below.

use std::collections::VecDeque;
use std::fmt::Write as _;

use agent_engine::history::{Doing, Done, Ending, Event, What};
use anstyle::Style;
use schema_documents::plan::StepKey;
use schema_documents::recorded::Choice;
use schema_documents::{Json, canonical};

use crate::output::{self, DIM, GREEN, RED, YELLOW};

/// No resource's column is wider than this.
const WIDEST: usize = 60;

/// All of them, oldest first.
pub(super) fn of(events: &VecDeque<Event>) -> String {
    let width = events.iter().map(|event| resource(event).len()).max().unwrap_or(0).min(WIDEST);
    let mut out = String::new();
    for event in events {
        line(&mut out, event, width);
    }
    out
}

fn line(out: &mut String, event: &Event, width: usize) {
    let (style, verb) = verb(&event.what);
    let who = event.who.as_ref().map(|who| format!(" {}by {who}{}", DIM.render(), DIM.render_reset()));
    let detail = detail(event);
    let gap = if detail.is_empty() { "" } else { "  " };
    let _ = writeln!(
        out,
        "{}  {}{verb:<9}{}  {:<width$}{gap}{detail} {}",
        output::time(event.at_ms),
        style.render(),
        style.render_reset(),
        resource(event),
        who.unwrap_or_default(),
    );
    if let What::Call(done) = &event.what {
        below(out, done);
    }
}

fn resource(event: &Event) -> String {
    match (&event.resource, event.generation) {
        (Some(resource), Some(generation)) => format!("{resource}#{generation}"),
        (Some(resource), None) => resource.to_string(),
        (None, _) => String::new(),
    }
}

fn verb(what: &What) -> (Style, &'static str) {
    match what {
        What::Pass { .. } => (Style::new().bold(), "pass"),
        What::Call(done) => match (&done.result, done.act) {
            (Ending::Failed { .. }, _) => (RED, "failed"),
            (Ending::UnderWay, Doing::Create) => (YELLOW, "creating"),
            (Ending::UnderWay, Doing::Update) => (YELLOW, "updating"),
            (Ending::UnderWay, Doing::Delete) => (YELLOW, "deleting"),
            (Ending::UnderWay, Doing::Look) => (YELLOW, "looking"),
            (Ending::Succeeded, Doing::Look) => (GREEN, "found"),
            (Ending::Succeeded, Doing::Create) => (GREEN, "created"),
            (Ending::Succeeded, Doing::Update) => (GREEN, "updated"),
            (Ending::Succeeded, Doing::Delete) => (GREEN, "deleted"),
        },
        What::Edited { .. } => (YELLOW, "edited"),
        What::Gone => (YELLOW, "gone"),
        What::Forgotten => (DIM, "forgotten"),
        What::Moved { .. } => (DIM, "moved"),
        What::Recovered { .. } => (GREEN, "recovered"),
        What::Imported { .. } => (GREEN, "imported"),
        What::Confirmed { .. } => (Style::new().bold(), "confirmed"),
        What::Proposed { .. } => (YELLOW, "waiting"),
        What::Approved { .. } => (Style::new().bold(), "approved"),
        What::Lapsed { .. } => (DIM, "lapsed"),
        What::Retried => (Style::new().bold(), "retry"),
        What::Answered { choice: Choice::Adopt, .. } => (Style::new().bold(), "adopt"),
        What::Answered { choice: Choice::Revert, .. } => (Style::new().bold(), "revert"),
    }
}

fn detail(event: &Event) -> String {
    match &event.what {
        What::Pass { desired, number, commit } => {
            let number = number.map(|number| format!("number {number}, ")).unwrap_or_default();
            let commit = commit.as_ref().map(|commit| format!("commit {commit}, ")).unwrap_or_default();
            format!("{number}{commit}desired state {}", desired.short())
        }
        What::Call(done) => {
            let why = done.why.clone().unwrap_or_default();
            let took_ms = event.at_ms.saturating_sub(done.began_at_ms);
            match &done.result {
                Ending::UnderWay => why,
                _ if why.is_empty() => format!("({} s)", seconds(took_ms)),
                _ => format!("{why} ({} s)", seconds(took_ms)),
            }
        }
        What::Edited { path, from, to } => {
            format!("{path}: {} → {}", value(from.as_ref()), value(to.as_ref()))
        }
        What::Answered { path, over, .. } => format!("{path}: live was {}", value(over.as_ref())),
        What::Moved { to } => format!("to {to}"),
        What::Recovered { identifiers } => identifiers.join(", "),
        What::Imported { identifier, is_owned: true } => format!("{identifier}, to be owned"),
        What::Imported { identifier, .. } => format!("{identifier}, only to be read"),
        What::Confirmed { digest } => format!("may be deleted ({})", digest.short()),
        What::Proposed { steps, .. } if steps.is_empty() => "nothing for approval any more".to_owned(),
        What::Proposed { plan, steps } => format!("{} for approval ({})", names(steps), plan.short()),
        What::Approved { plan } => format!("the steps of plan {}", plan.short()),
        What::Lapsed { approvals, confirmations } => {
            let words = confirmations.iter().map(|digest| format!("the confirmation {}", digest.short()));
            let all = (!approvals.is_empty()).then(|| format!("the approval of {}", names(approvals)));
            all.into_iter().chain(words).collect::<Vec<_>>().join(", ")
        }
        What::Retried => "its failed deployment".to_owned(),
        What::Gone | What::Forgotten => String::new(),
    }
}

/// The names of a few steps, or how many there are.
fn names(steps: &[StepKey]) -> String {
    match steps {
        [] => "no step".to_owned(),
        few if few.len() <= 3 => few.iter().map(|step| step.0.as_str()).collect::<Vec<_>>().join(", "),
        many => format!("{} steps", many.len()),
    }
}

/// The fields of a call, and what the provider said.
fn below(out: &mut String, done: &Done) {
    const INDENT: &str = "                         ";
    for field in &done.fields {
        let to = field.to.as_ref().map_or_else(|| "(absent)".to_owned(), canonical::to_string);
        let why = field.why.as_ref().map(|why| format!("  ({why})")).unwrap_or_default();
        let _ = writeln!(out, "{INDENT}{}: {} → {to}{why}", field.path, value(field.from.as_ref()));
    }
    if let Ending::Failed { code, message, remnant } = &done.result {
        let act = match done.act {
            Doing::Create => "create",
            Doing::Update => "update",
            Doing::Delete => "delete",
            Doing::Look => "look",
        };
        let request =
            done.request.as_ref().map(|id| format!(" (the provider's request {id})")).unwrap_or_default();
        let _ = writeln!(out, "{INDENT}{act}: {code}: {message}{request}");
        if let Some(remnant) = remnant {
            let _ = writeln!(out, "{INDENT}it left `{remnant}` behind, which is removed");
        }
    }
}

fn value(json: Option<&Json>) -> String {
    json.map_or_else(|| "(absent)".to_owned(), canonical::to_string)
}

fn seconds(ms: u64) -> String {
    format!("{}.{}", ms / 1_000, ms % 1_000 / 100)
}
