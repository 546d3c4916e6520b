//! `manifest-agent`: keeps one cloud account in step with its desired states.

mod args;
mod commands;
mod desired;
mod objects;
mod output;
mod show;
mod wiring;

use std::process::ExitCode;

use args::{Args, Command};
use clap::Parser as _;

/// Exit codes: 0 clean, 1 findings (something failed or was skipped; a difference with `--exit-code`), 2 failure of the tool.
#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    output::logs();
    let outcome = match args.command {
        Command::Plan(args) => commands::plan::run(args).await,
        Command::Apply(args) => commands::apply::run(args).await,
        Command::Destroy(args) => commands::destroy::run(args).await,
        Command::Run(args) => commands::run::run(args).await,
        Command::Status(args) => commands::status::run(args).await,
        Command::Imports(args) => commands::imports::run(args).await,
        Command::Adopt(args) => commands::answer::adopt(args).await,
        Command::Revert(args) => commands::answer::revert(args).await,
        Command::Confirm(args) => commands::confirm::run(args).await,
        Command::Approve(args) => commands::approve::run(args).await,
        Command::Rollback(args) => commands::rollback::run(args).await,
        Command::Secret(args) => commands::secret::run(args).await,
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
