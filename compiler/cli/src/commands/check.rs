//! `manifestc check`: diagnostics only.

use anyhow::Result;
use compiler_cli::pipeline;
use compiler_lower::Images;

use crate::args::{Check, Format};
use crate::files::App;
use crate::output::{self, Verdict};

pub(crate) fn run(args: &Check) -> Result<Verdict> {
    let app = App::read(&args.dir, &args.from)?;
    let built = pipeline::build_from(app.source(), &args.environments, &Images::default());
    output::diagnostics(&app, &built.diagnostics, args.format)?;
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
