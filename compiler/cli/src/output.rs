//! Data on standard output, talk on standard error.

use std::io::IsTerminal as _;

use anyhow::Result;
use compiler_diagnostics::{Diagnostic, any_error, render};
use std::io::Write as _;

use crate::args::Format;
use crate::files::App;

/// The colour of errors.
pub(crate) const RED: anstyle::Style = anstyle::AnsiColor::Red.on_default().bold();

/// How a command ended, when the tool itself did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing to complain about.
    Clean,
    /// Errors in the app, or a difference with `--exit-code`.
    Findings,
}

impl Verdict {
    /// The verdict on some diagnostics.
    pub(crate) fn of(diagnostics: &[Diagnostic]) -> Self {
        if any_error(diagnostics) { Self::Findings } else { Self::Clean }
    }
}

/// Writes data. A reader that went away (`| head`) is no failure.
pub(crate) fn data(text: &str) -> Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Says what was found: as talk, or as data when the format is JSON.
pub(crate) fn diagnostics(app: &App, diagnostics: &[Diagnostic], format: Format) -> Result<()> {
    if format == Format::Json {
        let json = serde_json::to_string_pretty(&render::json(diagnostics))?;
        return data(&format!("{json}\n"));
    }
    talk_diagnostics(app, diagnostics);
    Ok(())
}

/// Says what was found, on standard error, with a summary line.
pub(crate) fn talk_diagnostics(app: &App, diagnostics: &[Diagnostic]) {
    if diagnostics.is_empty() {
        return;
    }
    let source = |file: &str| app.text(file);
    anstream::eprint!("{}", render::text(diagnostics, &source, color()));
    anstream::eprintln!("{}", render::summary(diagnostics));
}

fn color() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}
