//! Data on standard output, talk and logs on standard error.

use std::io::{IsTerminal as _, Write as _};

use anyhow::Result;
use tracing_subscriber::EnvFilter;

/// The colour of errors.
pub(crate) const RED: anstyle::Style = anstyle::AnsiColor::Red.on_default().bold();
/// The colour of what went well.
pub(crate) const GREEN: anstyle::Style = anstyle::AnsiColor::Green.on_default();
/// The colour of what needs attention.
pub(crate) const YELLOW: anstyle::Style = anstyle::AnsiColor::Yellow.on_default();
/// The colour of what matters less.
pub(crate) const DIM: anstyle::Style = anstyle::Style::new().dimmed();

/// How a command ended, when the tool itself did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Everything is as it should be.
    Clean,
    /// Something failed or is held, or there is a difference with `--exit-code`.
    Findings,
}

/// Writes data. A reader that went away (`| head`) is no failure.
pub(crate) fn data(text: &str) -> Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Logs go to standard error; `MANIFEST_LOG` says which (`info`, `agent_engine=debug`), `warn` without it.
pub(crate) fn logs() {
    let filter = EnvFilter::try_from_env("MANIFEST_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    let colour = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour).init();
}

/// A time, for people.
pub(crate) fn time(at_ms: u64) -> String {
    i64::try_from(at_ms)
        .ok()
        .and_then(|at| jiff::Timestamp::from_millisecond(at).ok())
        .map_or_else(|| format!("{at_ms} ms"), |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}
