//! `manifestc check`: diagnostics only.

use anyhow::Result;
use compiler_cli::pipeline;

use crate::args::{Check, Format};
use crate::files;
use crate::output::{self, Verdict};

pub(crate) fn run(args: &Check) -> Result<Verdict> {
    let tree = files::tree(&args.dir)?;
    let built = pipeline::build(&tree, &args.environments);
    output::diagnostics(&tree, &built.diagnostics, args.format)?;
    if args.format == Format::Text && built.diagnostics.is_empty() {
        for desired in &built.desired {
            let count = desired.resources.len();
            anstream::eprintln!(
                "{} {}: {count} resources, nothing to complain about",
                desired.app,
                desired.environment.name
            );
        }
    }
    Ok(Verdict::of(&built.diagnostics))
}
