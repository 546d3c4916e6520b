//! `manifestc diff`: what changes between two desired states, or since a git revision.

use anyhow::{Result, bail};
use compiler_cli::pipeline;
use compiler_diagnostics::Diagnostic;
use compiler_lower::Images;
use schema_catalog::Catalog;
use schema_documents::canonical;
use schema_documents::desired::DesiredState;
use schema_review::{Review, compare, render};

use crate::args::{Diff, DiffFormat};
use crate::files::{self, App};
use crate::output::{self, Verdict};

pub(crate) fn run(args: &Diff) -> Result<Verdict> {
    let (pairs, app) = match (&args.old, &args.new, &args.base) {
        (Some(old), Some(new), _) => {
            let limit = args.max_document_bytes;
            (vec![(Some(files::desired(old, limit)?), files::desired(new, limit)?)], App::default())
        }
        (_, _, Some(base)) => match since(args, base)? {
            Some(built) => built,
            None => return Ok(Verdict::Findings),
        },
        _ => bail!("name two desired states, or a revision with `--base`"),
    };
    let reviews: Vec<Review> =
        pairs.iter().map(|(old, new)| compare(old.as_ref(), new, Catalog::builtin())).collect();
    show(&reviews, args.format)?;
    let lost = unmoved(&pairs);
    output::talk_diagnostics(&app, &lost);
    let differs = reviews.iter().any(|review| !review.is_empty());
    Ok(if args.exit_code && differs { Verdict::Findings } else { Verdict::of(&lost) })
}

/// Data that would be left behind under its old name.
fn unmoved(pairs: &Pairs) -> Vec<Diagnostic> {
    let both = pairs.iter().filter_map(|(old, new)| Some((old.as_ref()?, new)));
    both.flat_map(|(old, new)| compiler_lower::unmoved(old, new)).collect()
}

type Pairs = Vec<(Option<DesiredState>, DesiredState)>;

/// Both sides built from source, and the app as it is. `None`: the app as it is has errors, which were said. Errors of the base are no
/// obstacle: what cannot be built there counts as not there.
fn since(args: &Diff, base: &str) -> Result<Option<(Pairs, App)>> {
    let app = App::read(&args.dir, &args.from)?;
    let new = pipeline::build_from(app.source(), &args.environments, &Images::default());
    output::talk_diagnostics(&app, &new.diagnostics);
    if Verdict::of(&new.diagnostics) == Verdict::Findings {
        return Ok(None);
    }
    let was = App::read_at(&args.dir, &args.from, base)?;
    let old = pipeline::build_from(was.source(), &args.environments, &Images::default());
    let pair = |new: DesiredState| {
        let same = |old: &&DesiredState| old.environment.name == new.environment.name;
        (old.desired.iter().find(same).cloned(), new)
    };
    let pairs = new.desired.into_iter().map(pair).collect();
    Ok(Some((pairs, app)))
}

fn show(reviews: &[Review], format: DiffFormat) -> Result<()> {
    let text = match format {
        DiffFormat::Text => reviews.iter().map(render::text).collect::<Vec<_>>().join("\n"),
        DiffFormat::Markdown => reviews.iter().map(render::markdown).collect::<Vec<_>>().join("\n"),
        DiffFormat::Json => {
            let with_summary = |review: &Review| {
                let mut json = serde_json::to_value(review)?;
                json["summary"] = serde_json::to_value(review.summary())?;
                anyhow::Ok(json)
            };
            canonical::to_pretty(&reviews.iter().map(with_summary).collect::<Result<Vec<_>>>()?)
        }
    };
    output::data(&text)
}
