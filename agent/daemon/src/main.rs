//! `manifest-agent`: keeps one cloud account in step with its desired states.

mod advice;
mod args;
mod commands;
mod desired;
mod listening;
mod metered;
mod metrics;
mod objects;
mod output;
mod serve;
mod setback;
mod show;
mod telemetry;
mod wiring;

use std::process::ExitCode;

use args::{Args, Command};
use clap::Parser as _;

/// A pass makes and drops documents many times its lasting size. This allocator gives that back to the system a few seconds later,
/// from a thread of its own, so also when nothing more is done. Others keep it, or give it back with the next work.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// To build the other one takes `make`, which not every machine has.
#[cfg(not(feature = "jemalloc"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exit codes: 0 clean, 1 findings (something failed or was skipped; a difference with `--exit-code`), 2 failure of the tool.
#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let logs = output::logs(&args.log, args.log_format == "json");
    let outcome = match logs {
        Ok(()) => Box::pin(execute(args.command)).await,
        error => error.map(|()| output::Verdict::Clean),
    };
    match outcome {
        Ok(output::Verdict::Clean) => ExitCode::SUCCESS,
        Ok(output::Verdict::Findings) => ExitCode::from(1),
        Err(error) => {
            anstream::eprintln!("{}error{}: {error:#}", output::RED.render(), output::RED.render_reset());
            ExitCode::from(2)
        }
    }
}

async fn execute(command: Command) -> anyhow::Result<output::Verdict> {
    match command {
        Command::Plan(args) => Box::pin(commands::plan::run(args)).await,
        Command::Apply(args) => Box::pin(commands::apply::run(args)).await,
        Command::Destroy(args) => Box::pin(commands::destroy::run(args)).await,
        Command::Run(args) => Box::pin(commands::run::run(args)).await,
        Command::Status(args) => commands::status::run(args).await,
        Command::History(args) => commands::history::run(args).await,
        Command::Verify(args) => commands::verify::run(args).await,
        Command::Imports(args) => commands::imports::run(args).await,
        Command::Import(args) => Box::pin(commands::import::run(args)).await,
        Command::Adopt(args) => commands::answer::adopt(args).await,
        Command::Revert(args) => commands::answer::revert(args).await,
        Command::Retry(args) => commands::retry::run(args).await,
        Command::Confirm(args) => commands::confirm::run(args).await,
        Command::Approve(args) => commands::approve::run(args).await,
        Command::Rollback(args) => commands::rollback::run(args).await,
        Command::Recover(args) => commands::recover::run(args).await,
        Command::Secret(args) => commands::secret::run(args).await,
        Command::Compare(args) => commands::compare::run(&args),
    }
}
