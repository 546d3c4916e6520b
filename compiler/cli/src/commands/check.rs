//! `manifestc check`: diagnostics only.

use anyhow::Result;

use crate::args::{Check, Format};
use crate::output::{self, Verdict};
use crate::{files, pipeline};

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
