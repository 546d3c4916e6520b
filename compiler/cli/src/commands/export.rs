//! `manifestc export`: a desired state for other tools.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use compiler_export::cloudformation::{self, Export};
use schema_catalog::Catalog;
use schema_documents::canonical;
use serde_json::json;

use crate::args::{CloudFormation, Format};
use crate::files;
use crate::output::{self, Verdict};

/// The template, the nested ones and the sidecar are written together or, if the document cannot be exported, none of them.
pub(crate) fn cloudformation(args: &CloudFormation) -> Result<Verdict> {
    let desired = files::desired(&args.desired, args.max_document_bytes)?;
    let stem = args.out.as_deref().and_then(Path::file_stem).unwrap_or_default().to_string_lossy();
    let export = cloudformation::export(&desired, Catalog::builtin(), &stem)
        .with_context(|| format!("`{}` cannot be exported", args.desired.display()))?;
    match &args.out {
        Some(out) => {
            let written = write(out, &stem, &export)?;
            if args.format == Format::Json {
                report(&export, &written)?;
            }
        }
        None if export.nested.is_empty() => output::data(&canonical::to_pretty(&export.template))?,
        None => bail!(
            "{} nested stacks do not fit on standard output: name a file with `--out`",
            export.nested.len()
        ),
    }
    talk(args, &export);
    Ok(Verdict::Clean)
}

/// Writes the templates, those of nested stacks first, and returns all paths.
fn write(out: &Path, stem: &str, export: &Export) -> Result<Vec<PathBuf>> {
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    for (name, template) in &export.nested {
        files.push((
            out.with_file_name(cloudformation::nested_file(stem, name)),
            canonical::to_pretty(template),
        ));
    }
    if let Some(sidecar) = &export.sidecar {
        files.push((sidecar_file(out), canonical::to_pretty(sidecar)));
    }
    files.push((out.to_owned(), canonical::to_pretty(&export.template)));
    if let Some(folder) = out.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).with_context(|| format!("`{}` cannot be made", folder.display()))?;
    }
    for (path, text) in &files {
        files::write(path, text.as_bytes())?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

fn sidecar_file(out: &Path) -> PathBuf {
    out.with_extension("sidecar.json")
}

fn talk(args: &CloudFormation, export: &Export) {
    let to = args.out.as_ref().map_or("standard output".into(), |out| out.display().to_string());
    let stacks = match export.nested.len() {
        0 => "in one stack".to_owned(),
        several => format!("in {several} nested stacks"),
    };
    anstream::eprintln!("{to}: {} resources {stacks}", export.resources);
    let Some(sidecar) = &export.sidecar else { return };
    let file = args.out.as_deref().map_or("`--out` writes them into a file".to_owned(), |out| {
        format!("they are in {}", sidecar_file(out).display())
    });
    anstream::eprintln!("CloudFormation does not know {} resources; {file}:", sidecar.resources.len());
    for (id, resource) in &sidecar.resources {
        anstream::eprintln!("  {id} ({})", resource.kind);
    }
}

fn report(export: &Export, written: &[PathBuf]) -> Result<()> {
    let paths: Vec<_> = written.iter().map(|path| path.display().to_string()).collect();
    let sidecar: Vec<_> = export.sidecar.iter().flat_map(|sidecar| sidecar.resources.keys()).collect();
    output::data(&canonical::to_pretty(&json!({
        "files": paths,
        "resources": export.resources,
        "nested": export.nested.len(),
        "sidecar": sidecar,
    })))
}
