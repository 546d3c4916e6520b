//! `manifestc build`: one desired state per environment.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use compiler_cli::pipeline;
use compiler_diagnostics::render;
use compiler_lower::Images;
use schema_documents::canonical;
use schema_documents::desired::DesiredState;
use serde_json::json;

use crate::args::{Build, Format};
use crate::files::{self, App};
use crate::output::{self, Verdict};

/// With errors nothing is written: neither half a file nor some of the environments.
pub(crate) fn run(args: &Build) -> Result<Verdict> {
    let images = images(args.images.as_deref())?;
    let app = App::read(&args.dir, &args.from)?;
    let built = pipeline::build_from(app.source(), &args.environments, &images);
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
    known_processes(&images, &built.desired)?;
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

fn images(file: Option<&Path>) -> Result<Images> {
    let Some(file) = file else { return Ok(Images::default()) };
    let text =
        std::fs::read_to_string(file).with_context(|| format!("`{}` cannot be read", file.display()))?;
    Images::read(&text).map_err(|error| anyhow!("`{}` names no images: {error}", file.display()))
}

/// An image of a process that is in none of the environments is a slip of the pen, and its process would wait for ever.
fn known_processes(images: &Images, desired: &[DesiredState]) -> Result<()> {
    let processes: BTreeSet<&str> = desired.iter().flat_map(processes).collect();
    match images.processes().find(|process| !processes.contains(process)) {
        Some(unknown) => {
            let known: Vec<&str> = processes.into_iter().collect();
            bail!("there is no process `{unknown}` to run an image; the processes are: {}", known.join(", "))
        }
        None => Ok(()),
    }
}

fn processes(state: &DesiredState) -> impl Iterator<Item = &str> {
    let repositories = state.resources.iter().filter(|(_, resource)| resource.kind == "AWS::ECR::Repository");
    repositories.map(|(id, _)| id.declared_name())
}

fn without_image(state: &DesiredState) -> Vec<&str> {
    let awaited = state.resources.iter().filter(|(_, resource)| resource.kind == "Manifest::Image");
    awaited.map(|(id, _)| id.declared_name()).collect()
}

fn write(out: &Path, desired: &[DesiredState]) -> Result<Vec<String>> {
    std::fs::create_dir_all(out).with_context(|| format!("the folder `{}` cannot be made", out.display()))?;
    let mut paths = Vec::new();
    for state in desired {
        let path = out.join(format!("{}.desired.json", state.environment.name.replace(':', "-")));
        files::write(&path, canonical::to_pretty(state).as_bytes())?;
        let (count, digest) = (state.resources.len(), state.digest());
        let waiting = match without_image(state).as_slice() {
            [] => String::new(),
            processes => format!(", without an image: {}", processes.join(", ")),
        };
        anstream::eprintln!("{}: {count} resources, {}{waiting}", path.display(), digest.short());
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
                "without_image": without_image(state),
            })
        })
        .collect();
    let report = json!({ "environments": environments, "diagnostics": render::json(&built.diagnostics) });
    output::data(&canonical::to_pretty(&report))
}
