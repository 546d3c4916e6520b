//! `manifest-agent compare`: what was declared against what was read, from files alone.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufWriter, ErrorKind, Read as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use schema_catalog::findings::{Class, Finding, findings};
use schema_catalog::{Kind, any_kind};
use schema_documents::{Json, canonical};
use serde::{Deserialize, Serialize};

use crate::args::{Compare, Format};
use crate::output::{self, RED, Verdict};

/// One resource, as it is asked about in a line.
#[derive(Deserialize)]
struct Question {
    #[serde(default)]
    id: Json,
    #[serde(alias = "type")]
    kind: String,
    declared: Json,
    live: Json,
}

/// What there is to say of one resource.
#[derive(Serialize)]
struct Answer {
    #[serde(skip_serializing_if = "Json::is_null")]
    id: Json,
    kind: String,
    differences: Vec<Finding>,
}

pub(crate) fn run(args: &Compare) -> Result<Verdict> {
    match (&args.kind, &args.declared, &args.live) {
        (Some(kind), Some(declared), Some(live)) => two_files(args, kind, (declared, live)),
        _ => lines(args),
    }
}

fn two_files(args: &Compare, kind: &str, (declared, live): (&Path, &Path)) -> Result<Verdict> {
    if is_standard_input(declared) && is_standard_input(live) {
        bail!("only one of the two can be `-`: standard input is read once");
    }
    let question =
        Question { id: Json::Null, kind: kind.to_owned(), declared: read(declared)?, live: read(live)? };
    let answer = Comparer::new(args.all).answer(question).map_err(anyhow::Error::msg)?;
    match args.format {
        Some(Format::Json) => output::data(&canonical::to_pretty(&answer))?,
        _ => output::data(&text(&answer))?,
    }
    Ok(verdict(args.exit_code && differs(&answer)))
}

fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn read(path: &Path) -> Result<Json> {
    let mut bytes = Vec::new();
    if is_standard_input(path) {
        std::io::stdin().read_to_end(&mut bytes).context("standard input cannot be read")?;
    } else {
        bytes = std::fs::read(path).with_context(|| format!("`{}` cannot be read", path.display()))?;
    }
    serde_json::from_slice(&bytes).with_context(|| format!("`{}` is not JSON", path.display()))
}

/// Answers line by line. A line that is no question is told of, and the rest is answered.
fn lines(args: &Compare) -> Result<Verdict> {
    let mut comparer = Comparer::new(args.all);
    let mut out = BufWriter::new(std::io::stdout().lock());
    let (mut wrong, mut differences) = (0_usize, 0_usize);
    for (index, line) in std::io::stdin().lock().split(b'\n').enumerate() {
        let line = line.context("standard input cannot be read")?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let question = serde_json::from_slice(&line).map_err(|error| error.to_string());
        let answer = match question.and_then(|question| comparer.answer(question)) {
            Ok(answer) => answer,
            Err(problem) => {
                wrong += 1;
                let (red, plain) = (RED.render(), RED.render_reset());
                anstream::eprintln!("{red}line {}{plain}: {problem}", index + 1);
                continue;
            }
        };
        differences += usize::from(differs(&answer));
        let written = match args.format {
            Some(Format::Text) => out.write_all(text(&answer).as_bytes()),
            _ => writeln!(out, "{}", serde_json::to_string(&answer)?),
        };
        if let Err(error) = written {
            return stopped(error);
        }
    }
    if let Err(error) = out.flush() {
        return stopped(error);
    }
    Ok(verdict(wrong > 0 || args.exit_code && differences > 0))
}

/// A reader that went away (`| head`) is no failure.
fn stopped(error: std::io::Error) -> Result<Verdict> {
    match error.kind() {
        ErrorKind::BrokenPipe => Ok(Verdict::Clean),
        _ => Err(error).context("standard output cannot be written"),
    }
}

fn verdict(is_finding: bool) -> Verdict {
    if is_finding { Verdict::Findings } else { Verdict::Clean }
}

/// Whether there is a difference that somebody made.
fn differs(answer: &Answer) -> bool {
    answer.differences.iter().any(|finding| finding.class != Class::Provider)
}

/// Compares one resource after the other; what is known of a kind is read once.
struct Comparer {
    kinds: BTreeMap<String, Cow<'static, Kind>>,
    all: bool,
}

impl Comparer {
    fn new(all: bool) -> Self {
        Self { kinds: BTreeMap::new(), all }
    }

    fn answer(&mut self, question: Question) -> std::result::Result<Answer, String> {
        let Question { id, kind, declared, live } = question;
        for (name, value) in [("declared", &declared), ("live", &live)] {
            if !value.is_object() {
                return Err(format!("`{name}` is no object: it holds the properties of the resource"));
            }
        }
        let facts = self.kinds.entry(kind.clone()).or_insert_with(|| any_kind(&kind));
        let mut differences = findings(facts, &declared, &live);
        differences.retain(|finding| self.all || finding.class != Class::Provider);
        Ok(Answer { id, kind, differences })
    }
}

fn text(answer: &Answer) -> String {
    let value = |json: &Option<_>| json.as_ref().map_or_else(|| "(absent)".to_owned(), canonical::to_string);
    let mut out = String::new();
    for Finding { path, declared, live, class } in &answer.differences {
        let _ = writeln!(out, "{}{path}: {} → {}", label(*class), value(declared), value(live));
    }
    let count = |class| answer.differences.iter().filter(|finding| finding.class == class).count();
    let id = answer.id.as_str().map(|id| format!("{id} ")).unwrap_or_default();
    let provider = match count(Class::Provider) {
        0 => String::new(),
        values => format!(", {values} by the cloud"),
    };
    let _ = writeln!(
        out,
        "{id}{}: {} declared and {} undeclared differences{provider}",
        answer.kind,
        count(Class::Declared),
        count(Class::Undeclared),
    );
    out
}

fn label(class: Class) -> &'static str {
    match class {
        Class::Declared => "declared    ",
        Class::Undeclared => "undeclared  ",
        Class::Provider => "provider    ",
    }
}
