//! `manifestc import`: console edits, and what is there already, become edits of the environment file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use compiler_cli::pipeline;
use compiler_diagnostics::{Diagnostic, any_error};
use compiler_imports::{Imported, Target};
use schema_documents::import::{Import as Edit, Named};

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
    for (environment, Asked { edits, existing }) in asked(documents, &model.app, &mut diagnostics)? {
        let path = pipeline::environment_path(&environment);
        let file = app.tree().text(&path);
        let target = Target { model: &model, environment: &environment, file: file.as_deref() };
        let (written, found) = compiler_imports::name(target, &existing);
        diagnostics.extend(found);
        let Some(written) = written else { continue };
        let places = written.places.iter().map(|place| format!("{path}: {place}\n"));
        output::data(&places.collect::<String>())?;
        let file = if written.places.is_empty() { file.as_deref() } else { Some(written.text.as_str()) };
        let (imported, found) = compiler_imports::import(Target { file, ..target }, &edits);
        diagnostics.extend(found);
        let is_changed = !written.places.is_empty();
        edited.extend(imported.map(|imported| (path, imported, is_changed)));
    }
    output::talk_diagnostics(&app, &diagnostics);
    for (path, imported, is_changed) in &edited {
        say(path, imported)?;
        if !args.dry_run && (*is_changed || !imported.taken.is_empty()) {
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

/// What documents ask of one environment's file.
#[derive(Default)]
struct Asked {
    edits: Vec<Edit>,
    existing: Vec<Named>,
}

/// What is asked, by environment. A document of another app is refused: its ids would only look right.
fn asked(
    documents: &[PathBuf],
    app: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<BTreeMap<String, Asked>> {
    let mut asked: BTreeMap<String, Asked> = BTreeMap::new();
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
        let of_environment = asked.entry(document.environment).or_default();
        of_environment.edits.extend(document.imports);
        of_environment.existing.extend(document.existing);
    }
    Ok(asked)
}
