//! `manifestc import`: console edits become edits of the environment file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use compiler_cli::pipeline;
use compiler_diagnostics::{Diagnostic, any_error};
use compiler_imports::{Imported, Target};
use schema_documents::import::Import as Edit;

use crate::args::Import;
use crate::files::{self, App};
use crate::output::{self, Verdict};

pub(crate) fn run(args: &Import) -> Result<Verdict> {
    let (documents, dir) = match args.paths.split_last() {
        Some((dir, documents)) if dir.is_dir() => (documents, dir.as_path()),
        _ => (args.paths.as_slice(), Path::new(".")),
    };
    ensure!(
        !documents.is_empty(),
        "name an import document, as `manifest-agent imports --out FILE` writes it"
    );
    let app = App::read(dir, &args.from)?;
    let (model, mut diagnostics) = pipeline::model(app.source());
    let Some(model) = model else {
        output::talk_diagnostics(&app, &diagnostics);
        return Ok(Verdict::Findings);
    };
    let mut edited = Vec::new();
    for (environment, edits) in edits(documents, &model.app, &mut diagnostics)? {
        let path = pipeline::environment_path(&environment);
        let file = app.tree().text(&path);
        let target = Target { model: &model, environment: &environment, file: file.as_deref() };
        let (imported, found) = compiler_imports::import(target, &edits);
        diagnostics.extend(found);
        edited.extend(imported.map(|imported| (path, imported)));
    }
    output::talk_diagnostics(&app, &diagnostics);
    for (path, imported) in &edited {
        say(path, imported)?;
        if !args.dry_run && !imported.taken.is_empty() {
            write(&dir.join(path), imported)?;
        }
    }
    Ok(if any_error(&diagnostics) { Verdict::Findings } else { Verdict::Clean })
}

fn say(path: &str, imported: &Imported) -> Result<()> {
    for taken in &imported.taken {
        let what = format!("{} {}", taken.import.resource, taken.import.path);
        output::data(&format!("{path}: {} ({what})\n", taken.place))?;
    }
    Ok(())
}

fn write(file: &Path, imported: &Imported) -> Result<()> {
    let folder = file.parent().context("BUG: an environment file lies in a folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("`{}` cannot be made", folder.display()))?;
    files::write(file, imported.text.as_bytes())
}

/// The edits by environment. A document of another app is refused: its ids would only look right.
fn edits(
    documents: &[PathBuf],
    app: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<BTreeMap<String, Vec<Edit>>> {
    let mut edits: BTreeMap<String, Vec<Edit>> = BTreeMap::new();
    for file in documents {
        let named = || format!("`{}` cannot be used", file.display());
        let bytes = std::fs::read(file).with_context(named)?;
        let document = match compiler_imports::read_document(&file.display().to_string(), &bytes) {
            Ok(document) => document,
            Err(diagnostic) => {
                diagnostics.push(*diagnostic);
                continue;
            }
        };
        if document.app != app {
            anyhow::bail!("`{}` is of the app `{}`, and this is `{app}`", file.display(), document.app);
        }
        edits.entry(document.environment).or_default().extend(document.imports);
    }
    Ok(edits)
}
