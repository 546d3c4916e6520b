//! `manifestc import`: console edits become edits of the environment file.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use compiler_cli::pipeline;
use compiler_diagnostics::{Diagnostic, any_error};
use compiler_imports::{Imported, Target};
use schema_documents::import::Import as Edit;

use crate::args::Import;
use crate::files;
use crate::output::{self, Verdict};

pub(crate) fn run(args: &Import) -> Result<Verdict> {
    let tree = files::tree(&args.dir)?;
    let (model, mut diagnostics) = pipeline::model(&tree);
    let Some(model) = model else {
        output::talk_diagnostics(&tree, &diagnostics);
        return Ok(Verdict::Findings);
    };
    let mut edited = Vec::new();
    for (environment, edits) in edits(args, &model.app, &mut diagnostics)? {
        let path = pipeline::environment_path(&environment);
        let file = tree.text(&path);
        let target = Target { model: &model, environment: &environment, file: file.as_deref() };
        let (imported, found) = compiler_imports::import(target, &edits);
        diagnostics.extend(found);
        edited.extend(imported.map(|imported| (path, imported)));
    }
    output::talk_diagnostics(&tree, &diagnostics);
    for (path, imported) in &edited {
        write(args, path, imported)?;
    }
    Ok(if any_error(&diagnostics) { Verdict::Findings } else { Verdict::Clean })
}

fn write(args: &Import, path: &str, imported: &Imported) -> Result<()> {
    for taken in &imported.taken {
        output::data(&format!(
            "{path}: {} ({} {})\n",
            taken.place, taken.import.resource, taken.import.path
        ))?;
    }
    if !args.dry_run && !imported.taken.is_empty() {
        let whole = args.dir.join(path);
        let folder = whole.parent().context("BUG: an environment file lies in a folder")?;
        std::fs::create_dir_all(folder).with_context(|| format!("`{}` cannot be made", folder.display()))?;
        files::write(&whole, imported.text.as_bytes())?;
    }
    Ok(())
}

/// The edits by environment. A document of another app is refused: its ids would only look right.
fn edits(args: &Import, app: &str, diagnostics: &mut Vec<Diagnostic>) -> Result<BTreeMap<String, Vec<Edit>>> {
    let mut edits: BTreeMap<String, Vec<Edit>> = BTreeMap::new();
    for file in &args.files {
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
