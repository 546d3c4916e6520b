//! `manifestc graph`: the architecture as a picture.

use anyhow::Result;
use compiler_export::graph;

use crate::args::{Graph, GraphFormat};
use crate::files;
use crate::output::{self, Verdict};

pub(crate) fn run(args: &Graph) -> Result<Verdict> {
    let desired = files::desired(&args.desired, args.max_document_bytes)?;
    let picture = graph::picture(&desired);
    let text = match args.format {
        GraphFormat::Mermaid => graph::mermaid(&picture),
        GraphFormat::Dot => graph::dot(&picture),
        GraphFormat::Svg => graph::svg(&picture),
    };
    match &args.out {
        Some(out) => files::write(out, text.as_bytes())?,
        None => output::data(&text)?,
    }
    Ok(Verdict::Clean)
}
