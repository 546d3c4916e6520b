//! `manifest-agent imports`: open console edits, from the record.

use std::fmt::Write as _;

use agent_engine::import::open_imports;
use anyhow::{Context as _, Result};
use schema_documents::canonical;

use crate::args::{Format, Imports};
use crate::output::{self, Verdict};
use crate::wiring::Environment;

pub(crate) async fn run(args: Imports) -> Result<Verdict> {
    let environment = Environment::find(&args.place).await?;
    let recorded = environment.recorded().await?;
    let imports =
        open_imports(&recorded, schema_catalog::Catalog::builtin(), &environment.app, &environment.name);
    if let Some(path) = &args.out {
        schema_store::write_whole(path, canonical::to_pretty(&imports).as_bytes())
            .with_context(|| format!("`{}` cannot be written", path.display()))?;
        let count = imports.imports.len();
        let edits = if count == 1 { "edit" } else { "edits" };
        anstream::eprintln!("{}: {count} console {edits}", path.display());
        return Ok(Verdict::Clean);
    }
    match args.format {
        Format::Json => output::data(&canonical::to_pretty(&imports))?,
        Format::Text => {
            let mut text = String::new();
            let value =
                |json: &Option<_>| json.as_ref().map_or_else(|| "(absent)".to_owned(), canonical::to_string);
            for import in &imports.imports {
                let who = import.who.as_ref().map(|who| format!(" by {who}")).unwrap_or_default();
                let (from, to, at) =
                    (value(&import.from), value(&import.to), output::time(import.seen_at_ms));
                let _ =
                    writeln!(text, "{} {}: {from} → {to}  (seen {at}{who})", import.resource, import.path);
            }
            let _ = writeln!(
                text,
                "{} {}: {} open console edits",
                imports.app,
                imports.environment,
                imports.imports.len()
            );
            output::data(&text)?;
        }
    }
    Ok(Verdict::Clean)
}
