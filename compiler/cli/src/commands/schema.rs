//! `manifestc schema`: the JSON Schema of a document.

use anyhow::{Context as _, Result};
use schema_documents::{canonical, schema};

use crate::args::Schema;
use crate::output::{self, Verdict};

pub(crate) fn run(args: &Schema) -> Result<Verdict> {
    let schema = schema::of(&args.document).context("BUG: the parser knows which documents there are")?;
    output::data(&canonical::to_pretty(&schema))?;
    Ok(Verdict::Clean)
}
