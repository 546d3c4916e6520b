//! Data on standard output, talk and logs on standard error.

use std::io::{IsTerminal as _, Write as _};

use anyhow::{Context as _, Result};
use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

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

/// The parts of this program, as they are named in logs.
const OURS: [&str; 2] = ["agent_", "manifest_agent"];

/// Logs go to standard error. What libraries say below `info` is left out, whatever is asked for: the cloud's SDK and the
/// HTTP client under it would write down requests as they were sent, with the secrets in them.
pub(crate) fn logs(level: &str, as_json: bool) -> Result<()> {
    let asked = EnvFilter::try_new(level).with_context(|| {
        format!("`--log {level}` is no level, such as `info`, or `warn,agent_driver=debug`")
    })?;
    let decent = filter_fn(|about| {
        *about.level() <= Level::INFO || OURS.iter().any(|ours| about.target().starts_with(ours))
    });
    let colour = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colour);
    let logs = tracing_subscriber::registry().with(asked).with(decent);
    if as_json {
        logs.with(lines.json().with_current_span(false).with_span_list(true)).init();
    } else {
        logs.with(lines).init();
    }
    Ok(())
}

/// A time, for people.
pub(crate) fn time(at_ms: u64) -> String {
    i64::try_from(at_ms)
        .ok()
        .and_then(|at| jiff::Timestamp::from_millisecond(at).ok())
        .map_or_else(|| format!("{at_ms} ms"), |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}
