//! `manifestc scan`: the manifest found in the source.

use anyhow::Result;
use compiler_cli::pipeline;
use schema_documents::canonical;

use crate::args::{Format, Scan};
use crate::files::App;
use crate::output::{self, Verdict};

pub(crate) fn run(args: &Scan) -> Result<Verdict> {
    let app = App::read(&args.dir, &args.from)?;
    let (manifest, diagnostics) = pipeline::manifest(app.source());
    if let Some(manifest) = manifest {
        let text = match args.format {
            Format::Text => toml::to_string_pretty(&manifest)?,
            Format::Json => canonical::to_pretty(&manifest),
        };
        output::data(&text)?;
    }
    output::talk_diagnostics(&app, &diagnostics);
    Ok(Verdict::of(&diagnostics))
}
