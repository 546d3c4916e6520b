//! `manifest-agent status`: what is recorded.

use std::fmt::Write as _;

use anyhow::Result;
use schema_documents::journal::{Act, Intent};
use schema_documents::recorded::{Recorded, ResourceRecord, Setback, Status as Stage};
use schema_documents::{ResourceId, canonical};
use serde_json::json;

use crate::args::{Format, Status};
use crate::output::{self, DIM, RED, Verdict, YELLOW};
use crate::wiring::Environment;
use crate::{advice, telemetry};

pub(crate) async fn run(args: Status) -> Result<Verdict> {
    let environment = Environment::find(&args.place).await?;
    let recorded = environment.recorded().await?;
    let text = match args.format {
        Format::Text => text(&environment, &recorded),
        Format::Json => json(&environment, &recorded),
    };
    output::data(&text)?;
    Ok(Verdict::Clean)
}

/// Both forms of the status, without colours.
pub(crate) fn of(environment: &Environment, recorded: &Recorded) -> telemetry::Status {
    let text = anstream::adapter::strip_str(&text(environment, recorded)).to_string();
    telemetry::Status { text, json: json(environment, recorded) }
}

fn json(environment: &Environment, recorded: &Recorded) -> String {
    canonical::to_pretty(&json!({
        "app": environment.app,
        "environment": environment.name,
        "desired": recorded.desired,
        "journal": { "id": recorded.journal, "number": recorded.number, "epoch": recorded.epoch },
        "lease": recorded.lease,
        "resources": rows(recorded).map(|(id, generation, record)| json!({
            "resource": id,
            "generation": generation,
            "kind": record.kind,
            "identifier": record.identifier,
            "status": record.status,
            "open_edits": record.fields.iter().filter(|(_, field)| field.edit.is_some()).map(|(path, _)| path).collect::<Vec<_>>(),
            "failure": record.failure,
        })).collect::<Vec<_>>(),
        "awaited": recorded.proposal.as_ref().map(|proposal| json!({
            "digest": proposal.plan,
            "since_ms": proposal.at_ms,
            "steps": proposal.steps.iter().map(|step| &step.key).collect::<Vec<_>>(),
        })),
        "approved": recorded.approvals.iter().map(|(step, approval)| json!({
            "step": step, "who": approval.who, "at_ms": approval.at_ms,
        })).collect::<Vec<_>>(),
        "in_flight": recorded.open.values().map(|open| json!({
            "intent": open.intent.intent,
            "resource": open.intent.resource,
            "act": act(&open.intent),
            "since_ms": open.at_ms,
            "waits_for_health_since_ms": open.gated_at_ms,
        })).collect::<Vec<_>>(),
        "failed_deployments": recorded.failed_deployments().map(|(id, setback)| json!({
            "resource": id,
            "at_ms": setback.at_ms,
            "code": setback.code,
            "message": setback.message,
            "way_back_failed": setback.again,
            "is_tried_again": setback.desired.is_none(),
        })).collect::<Vec<_>>(),
    }))
}

fn rows(recorded: &Recorded) -> impl Iterator<Item = (&ResourceId, u32, &ResourceRecord)> {
    let generations = recorded.resources.iter();
    generations
        .flat_map(|(id, all)| all.iter().map(move |(generation, record)| (id, *generation, record.as_ref())))
}

fn text(environment: &Environment, recorded: &Recorded) -> String {
    let mut out = String::new();
    let width = recorded.resources.keys().map(|id| id.as_str().len()).max().unwrap_or(0).min(60);
    for (id, generation, record) in rows(recorded) {
        let (style, word) = stage(record.status);
        let identifier = record.identifier.as_deref().unwrap_or("-");
        let _ = writeln!(
            out,
            "{}{word:<10}{} {:<width$} #{generation}  {identifier}  {}{}{}",
            style.render(),
            style.render_reset(),
            id.as_str(),
            DIM.render(),
            record.kind,
            DIM.render_reset(),
        );
        for (path, field) in &record.fields {
            if let Some(edit) = &field.edit {
                let value = edit.to.as_ref().map_or_else(|| "(absent)".to_owned(), canonical::to_string);
                let (yellow, plain) = (YELLOW.render(), YELLOW.render_reset());
                let who = edit.who.as_ref().map(|who| format!("by {who}, ")).unwrap_or_default();
                let _ = writeln!(
                    out,
                    "           {yellow}edited{plain} {path}: {value}  {who}seen {}",
                    output::time(edit.seen_at_ms)
                );
            }
        }
        if let Some(failure) = &record.failure {
            let (red, plain) = (RED.render(), RED.render_reset());
            let _ = writeln!(out, "           {red}failed{plain} {}: {}", failure.code, failure.message);
            let _ = writeln!(out, "                  {}", advice::on(&failure.code));
        }
    }
    for open in recorded.open.values() {
        let waits =
            open.gated_at_ms.map(|at_ms| format!(", done and not healthy yet since {}", output::time(at_ms)));
        let _ = writeln!(
            out,
            "in flight  {} {} since {}{}",
            act(&open.intent),
            open.intent.resource,
            output::time(open.at_ms),
            waits.unwrap_or_default(),
        );
    }
    for (id, setback) in recorded.failed_deployments() {
        set_back(&mut out, id, setback);
    }
    words(&mut out, recorded);
    let edits = rows(recorded)
        .flat_map(|(_, _, record)| record.fields.values())
        .filter(|field| field.edit.is_some())
        .count();
    let lease = recorded.lease.as_ref().map_or_else(|| "nobody".to_owned(), |lease| lease.holder.clone());
    let _ = writeln!(
        out,
        "{} {}: {} resources, {edits} open console edits, {} in flight; journal at {}, lease held by {lease}",
        environment.app,
        environment.name,
        rows(recorded).count(),
        recorded.open.len(),
        recorded.number,
    );
    out
}

/// A failed deployment, and what to do.
fn set_back(out: &mut String, id: &ResourceId, setback: &Setback) {
    let (red, plain) = (RED.render(), RED.render_reset());
    let at = output::time(setback.at_ms);
    let _ = writeln!(out, "{red}failed{plain}     deployment of {id} at {at}: {}", setback.message);
    if let Some(again) = &setback.again {
        let _ = writeln!(out, "           going back to what was healthy last failed as well: {again}");
    }
    let next = match setback.desired {
        Some(_) => {
            format!("publish another document, or try this one again with `manifest-agent retry {id}`")
        }
        None => "the next pass tries it again".to_owned(),
    };
    let _ = writeln!(out, "           {next}");
}

/// What waits for a person's word, and what has it.
fn words(out: &mut String, recorded: &Recorded) {
    for (key, approval) in &recorded.approvals {
        let at = output::time(approval.at_ms);
        let _ = writeln!(out, "approved   {} by {} at {at}", key.0, approval.who);
    }
    let Some(proposal) = &recorded.proposal else { return };
    let (yellow, plain) = (YELLOW.render(), YELLOW.render_reset());
    for step in &proposal.steps {
        let _ = writeln!(out, "{yellow}waits{plain}      {}", step.key.0);
    }
    let since = output::time(proposal.at_ms);
    let _ =
        writeln!(out, "           for approval since {since}: `manifest-agent approve {}`", proposal.plan);
}

fn stage(status: Stage) -> (anstyle::Style, &'static str) {
    match status {
        Stage::Creating => (YELLOW, "creating"),
        Stage::Live => (DIM, "live"),
        Stage::Superseded => (YELLOW, "superseded"),
        Stage::Deleting => (YELLOW, "deleting"),
        Stage::Gone => (RED, "gone"),
    }
}

fn act(intent: &Intent) -> &'static str {
    match &intent.act {
        Act::Create { .. } if intent.only_looks => "look for",
        Act::Create { .. } => "create",
        Act::Update { .. } => "update",
        Act::Delete { .. } => "delete",
    }
}
