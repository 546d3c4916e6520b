//! `manifestc scan`: the manifest found in the source.

use anyhow::Result;
use schema_documents::canonical;

use crate::args::{Format, Scan};
use crate::files;
use crate::output::{self, Verdict};

pub(crate) fn run(args: &Scan) -> Result<Verdict> {
    let tree = files::tree(&args.dir)?;
    let (manifest, diagnostics) = compiler_scan::scan(&tree);
    if let Some(manifest) = manifest {
        let text = match args.format {
            Format::Text => toml::to_string_pretty(&manifest)?,
            Format::Json => canonical::to_pretty(&manifest),
        };
        output::data(&text)?;
    }
    output::talk_diagnostics(&tree, &diagnostics);
    Ok(Verdict::of(&diagnostics))
}
