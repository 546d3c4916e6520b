//! `manifest-agent verify`: whether the journal is what was written.

use std::fmt::Write as _;

use agent_driver::{LeaseTerms, Verified, verify};
use anyhow::Result;
use schema_documents::canonical;
use serde_json::json;

use crate::args::{Format, Verify};
use crate::output::{self, GREEN, RED, Verdict};
use crate::wiring::Environment;

pub(crate) async fn run(args: Verify) -> Result<Verdict> {
    let environment = Environment::find(&args.place).await?;
    let verified = verify(&environment.driver_without_cloud(LeaseTerms::default())).await?;
    let text = match args.format {
        Format::Text => text(&environment, &verified),
        Format::Json => canonical::to_pretty(&json!({
            "app": environment.app,
            "environment": environment.name,
            "journal": verified.journal,
            "batches": verified.batches,
            "entries": verified.entries,
            "epoch": verified.epoch,
            "last": verified.last,
            "checkpoints": verified.checkpoints,
            "findings": verified.findings.iter().map(|finding| json!({
                "batch": finding.batch,
                "what": finding.what,
                "help": finding.help,
            })).collect::<Vec<_>>(),
        })),
    };
    output::data(&text)?;
    Ok(if verified.findings.is_empty() { Verdict::Clean } else { Verdict::Findings })
}

fn text(environment: &Environment, verified: &Verified) -> String {
    let mut out = String::new();
    let (red, plain) = (RED.render(), RED.render_reset());
    for finding in &verified.findings {
        let _ = writeln!(out, "{red}batch {}{plain}: {}", finding.batch, finding.what);
        let _ = writeln!(out, "  help: {}", finding.help);
    }
    let last = verified.last.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
    let (style, verdict) = match verified.findings.len() {
        0 => (GREEN, "whole".to_owned()),
        1 => (RED, "1 finding".to_owned()),
        findings => (RED, format!("{findings} findings")),
    };
    let _ = writeln!(
        out,
        "{} {}: {}{verdict}{}; journal {}, {} batches with {} entries in {} epochs, {} checkpoints agree, the last batch is \
         {last}",
        environment.app,
        environment.name,
        style.render(),
        style.render_reset(),
        verified.journal.as_deref().unwrap_or("is empty"),
        verified.batches,
        verified.entries,
        verified.epoch,
        verified.checkpoints,
    );
    out
}
