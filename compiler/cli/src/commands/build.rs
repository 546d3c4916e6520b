//! `manifestc build`: one desired state per environment.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use compiler_cli::pipeline;
use compiler_diagnostics::render;
use schema_documents::canonical;
use schema_documents::desired::DesiredState;
use serde_json::json;

use crate::args::{Build, Format};
use crate::files::{self, App};
use crate::output::{self, Verdict};

/// With errors nothing is written: neither half a file nor some of the environments.
pub(crate) fn run(args: &Build) -> Result<Verdict> {
    let app = App::read(&args.dir, &args.from)?;
    let built = pipeline::build_from(app.source(), &args.environments);
    let verdict = Verdict::of(&built.diagnostics);
    if args.format == Format::Text {
        output::talk_diagnostics(&app, &built.diagnostics);
    }
    if verdict == Verdict::Findings {
        if args.format == Format::Json {
            report(&built, &[])?;
        }
        return Ok(verdict);
    }
    match &args.out {
        Some(out) => {
            let paths = write(out, &built.desired)?;
            if args.format == Format::Json {
                report(&built, &paths)?;
            }
        }
        None => match built.desired.as_slice() {
            [one] => output::data(&canonical::to_pretty(one))?,
            several => bail!(
                "{} environments do not fit on standard output: name a folder with `--out`, or one with `--env`",
                several.len()
            ),
        },
    }
    Ok(verdict)
}

fn write(out: &Path, desired: &[DesiredState]) -> Result<Vec<String>> {
    std::fs::create_dir_all(out).with_context(|| format!("the folder `{}` cannot be made", out.display()))?;
    let mut paths = Vec::new();
    for state in desired {
        let path = out.join(format!("{}.desired.json", state.environment.name.replace(':', "-")));
        files::write(&path, canonical::to_pretty(state).as_bytes())?;
        let (count, digest) = (state.resources.len(), state.digest());
        anstream::eprintln!("{}: {count} resources, {}", path.display(), digest.short());
        paths.push(path.display().to_string());
    }
    Ok(paths)
}

fn report(built: &pipeline::Built, paths: &[String]) -> Result<()> {
    let environments: Vec<_> = built
        .desired
        .iter()
        .zip(paths)
        .map(|(state, path)| {
            json!({
                "environment": state.environment.name,
                "path": path,
                "resources": state.resources.len(),
                "digest": state.digest(),
            })
        })
        .collect();
    let report = json!({ "environments": environments, "diagnostics": render::json(&built.diagnostics) });
    output::data(&canonical::to_pretty(&report))
}
