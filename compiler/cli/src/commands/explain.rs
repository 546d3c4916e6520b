//! `manifestc explain`: the page of a diagnostic.

use std::fmt::Write as _;

use anyhow::{Result, anyhow};
use compiler_diagnostics::{Code, closest, code};

use crate::args::Explain;
use crate::output::{self, Verdict};

pub(crate) fn run(args: &Explain) -> Result<Verdict> {
    let Some(asked) = &args.code else {
        let mut list = String::new();
        for code in code::ALL {
            let _ = writeln!(list, "{}  {}", code.as_str(), code.title());
        }
        output::data(&list)?;
        return Ok(Verdict::Clean);
    };
    let code = Code::parse(asked).ok_or_else(|| {
        let near = closest(&asked.to_uppercase(), code::ALL.iter().map(|code| code.as_str()));
        let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        anyhow!("there is no diagnostic `{asked}`{hint} (`manifestc explain` lists them)")
    })?;
    output::data(code.page())?;
    Ok(Verdict::Clean)
}
