//! A review as text for a terminal, and as Markdown for a pull request.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use schema_documents::{Json, canonical};
use similar::{ChangeTag, TextDiff};

use crate::{Awaited, Change, Consequence, FieldLine, ResourceChange, Review};

/// Values longer than this are shown line by line, as a difference.
const LONG: usize = 60;

const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const RED: Style = AnsiColor::Red.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();
const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

/// The review as text. Colours are ANSI sequences; `anstream` takes them out where nobody sees them.
pub fn text(review: &Review) -> String {
    let mut out = String::new();
    let width = review.changes.iter().map(|change| change.resource.as_str().len()).max().unwrap_or(0).min(60);
    for change in &review.changes {
        resource(&mut out, change, width);
    }
    if !review.imports.is_empty() {
        let _ = writeln!(out, "{}console edits{}", BOLD.render(), BOLD.render_reset());
        for import in &review.imports {
            let verb = if import.settled { "imported" } else { "resting" };
            let who = import.who.as_ref().map(|who| format!(" by {who}")).unwrap_or_default();
            let edit = if import.path.is_root() && import.to.is_none() {
                "deleted".to_owned()
            } else {
                format!("{}: {} → {}", import.path, value(import.from.as_ref()), value(import.to.as_ref()))
            };
            let _ = writeln!(
                out,
                "  {}<{} {} {edit}  {}{verb}{who}{}",
                CYAN.render(),
                CYAN.render_reset(),
                import.resource,
                DIM.render(),
                DIM.render_reset(),
            );
        }
    }
    if !review.noted.is_empty() {
        let _ =
            writeln!(out, "{}changed beside the app, and left alone{}", BOLD.render(), BOLD.render_reset());
        for noted in &review.noted {
            let (from, to) = (value(noted.from.as_ref()), value(noted.to.as_ref()));
            let _ = writeln!(out, "    {} {}: {from} → {to}", noted.resource, noted.path);
        }
    }
    if !review.held.is_empty() {
        let _ = writeln!(out, "{}held{}", BOLD.render(), BOLD.render_reset());
        for held in &review.held {
            let path = held.path.as_ref().map(|path| format!(" {path}")).unwrap_or_default();
            let _ = writeln!(
                out,
                "  {}!{} {}{path}: {}",
                RED.render(),
                RED.render_reset(),
                held.resource,
                held.message
            );
        }
    }
    if let Some(awaited) = &review.awaited {
        awaited_text(&mut out, awaited, review.changes.len());
    }
    if !out.is_empty() {
        out.push('\n');
    }
    let _ = writeln!(out, "{}", summary(review));
    out
}

/// What waits for a person. Where that is not all, each step is named.
fn awaited_text(out: &mut String, awaited: &Awaited, planned: usize) {
    let _ = writeln!(out, "{}waiting for approval{}", BOLD.render(), BOLD.render_reset());
    let some = awaited.steps.len() < planned;
    for step in awaited.steps.iter().filter(|step| some || step.changed.is_some()) {
        let why = step.changed.as_ref().map(|changed| format!(": {changed}")).unwrap_or_default();
        let _ = writeln!(out, "    {}{why}", step.step.0);
    }
    let count = awaited.steps.len();
    let steps = if count == 1 { "step" } else { "steps" };
    let _ = writeln!(
        out,
        "  {}!{} {count} {steps}: `manifest-agent approve {}`",
        RED.render(),
        RED.render_reset(),
        awaited.digest
    );
}

/// The summary line.
pub fn summary(review: &Review) -> String {
    let counts = review.summary();
    let mut parts = Vec::new();
    let mut say = |count: usize, what: &str| {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    };
    say(counts.added, "to add");
    say(counts.changed, "to change");
    say(counts.replaced, "to replace");
    say(counts.moved, "with a new id");
    say(counts.imported, "to import");
    say(counts.removed, "to remove");
    say(review.imports.len(), if review.imports.len() == 1 { "console edit" } else { "console edits" });
    say(review.held.len(), "held");
    let scope = format!("{} {}", review.app, review.environment);
    if parts.is_empty() {
        let resources = if review.unchanged == 1 { "resource" } else { "resources" };
        format!("{scope}: no changes, {} {resources} in step", review.unchanged)
    } else {
        format!("{scope}: {}; {} unchanged", parts.join(", "), review.unchanged)
    }
}

fn resource(out: &mut String, change: &ResourceChange, width: usize) {
    let (style, symbol) = symbol(change.change);
    let words = words(change.consequence);
    let grave = change.consequence >= Consequence::Restart;
    let word_style = if grave { RED } else { DIM };
    let _ = writeln!(
        out,
        "{}{symbol:>3}{} {:<width$}  {}{}{}  {}{words}{}  {}{}{}",
        style.render(),
        style.render_reset(),
        change.resource.as_str(),
        DIM.render(),
        change.kind,
        DIM.render_reset(),
        word_style.render(),
        word_style.render_reset(),
        DIM.render(),
        change.cause,
        DIM.render_reset(),
    );
    for field in &change.fields {
        field_text(out, field);
    }
    if let Some(remark) = &change.remark {
        let _ = writeln!(out, "      {}{remark}{}", YELLOW.render(), YELLOW.render_reset());
    }
}

fn field_text(out: &mut String, field: &FieldLine) {
    let tail = format!("{}{}, {}{}", DIM.render(), words(field.consequence), field.cause, DIM.render_reset());
    let (from, to) = (value(field.from.as_ref()), value(field.to.as_ref()));
    if from.chars().count() + to.chars().count() <= 2 * LONG {
        let _ = writeln!(out, "      {}: {from} → {to}  {tail}", field.path);
        return;
    }
    let _ = writeln!(out, "      {}:  {tail}", field.path);
    for (tag, line) in lines(field) {
        let (style, sign) = match tag {
            ChangeTag::Delete => (RED, '-'),
            ChangeTag::Insert => (GREEN, '+'),
            ChangeTag::Equal => (DIM, ' '),
        };
        let _ = writeln!(out, "        {}{sign} {line}{}", style.render(), style.render_reset());
    }
}

/// The lines of a long value that differ, with two lines around them.
fn lines(field: &FieldLine) -> Vec<(ChangeTag, String)> {
    let pretty = |value: Option<&Json>| match value {
        None => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(json) => canonical::to_pretty(json),
    };
    let (from, to) = (pretty(field.from.as_ref()), pretty(field.to.as_ref()));
    let difference = TextDiff::from_lines(&from, &to);
    let mut lines = Vec::new();
    for group in difference.grouped_ops(2) {
        for operation in group {
            for change in difference.iter_changes(&operation) {
                lines.push((change.tag(), change.value().trim_end().to_owned()));
            }
        }
    }
    lines
}

/// The review as Markdown for a pull request.
pub fn markdown(review: &Review) -> String {
    let mut out = format!("### {}\n", summary(review));
    if !review.changes.is_empty() {
        out.push_str("\n| | resource | consequence | cause |\n|---|---|---|---|\n");
        for change in &review.changes {
            let (_, symbol) = symbol(change.change);
            let emphasis = if change.consequence >= Consequence::Restart { "**" } else { "" };
            let _ = writeln!(
                out,
                "| `{symbol}` | `{}`<br>{} | {emphasis}{}{emphasis} | {} |",
                change.resource,
                change.kind,
                words(change.consequence),
                escape(&change.cause),
            );
            for field in &change.fields {
                let _ = writeln!(
                    out,
                    "| | `{}`: {} → {} | {} | {} |",
                    field.path,
                    code(field.from.as_ref()),
                    code(field.to.as_ref()),
                    words(field.consequence),
                    escape(&field.cause),
                );
            }
            if let Some(remark) = &change.remark {
                let _ = writeln!(out, "| | {} | | |", escape(remark));
            }
        }
    }
    for held in &review.held {
        let _ = writeln!(out, "\n- **held** `{}`: {}", held.resource, escape(&held.message));
    }
    if let Some(awaited) = &review.awaited {
        let _ = writeln!(out, "\n- **waiting for approval**: `manifest-agent approve {}`", awaited.digest);
    }
    for import in &review.imports {
        let (from, to) = (code(import.from.as_ref()), code(import.to.as_ref()));
        let _ = writeln!(out, "\n- console edit: `{}` `{}`: {from} → {to}", import.resource, import.path);
    }
    out
}

fn symbol(change: Change) -> (Style, &'static str) {
    match change {
        Change::Added => (GREEN, "+"),
        Change::Changed => (YELLOW, "~"),
        Change::Replaced => (RED, "-/+"),
        Change::Moved => (CYAN, ">"),
        Change::Imported => (CYAN, "="),
        Change::Removed => (RED, "-"),
    }
}

fn words(consequence: Consequence) -> &'static str {
    match consequence {
        Consequence::New => "new",
        Consequence::InPlace => "in place",
        Consequence::Restart => "restart",
        Consequence::Replacement => "replacement",
        Consequence::Removal => "removal",
        Consequence::DataLoss => "data loss",
    }
}

fn value(json: Option<&Json>) -> String {
    json.map_or_else(|| "(absent)".to_owned(), canonical::to_string)
}

fn code(json: Option<&Json>) -> String {
    let text = value(json);
    let cut: String = text.chars().take(2 * LONG).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    format!("`{}{more}`", cut.replace('`', "'").replace('|', "\\|"))
}

fn escape(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
