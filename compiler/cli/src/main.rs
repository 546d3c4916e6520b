//! `manifestc`: application code in, one checked desired state per environment out.

mod args;
mod commands;
mod files;
mod output;

use std::process::ExitCode;

use args::{Args, BootstrapIn, Command, ExportTo};
use clap::Parser as _;

/// A scan makes and gives back a million small things.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exit codes: 0 clean, 1 findings (or a difference, with `--exit-code`), 2 failure of the tool.
fn main() -> ExitCode {
    let args = Args::parse();
    let outcome = match args.command {
        Command::Scan(args) => commands::scan::run(&args),
        Command::Check(args) => commands::check::run(&args),
        Command::Build(args) => commands::build::run(&args),
        Command::Diff(args) => commands::diff::run(&args),
        Command::Import(args) => commands::import::run(&args),
        Command::Publish(args) => commands::publish::run(&args),
        Command::Export(args) => match args.to {
            ExportTo::Cloudformation(args) => commands::export::cloudformation(&args),
        },
        Command::Graph(args) => commands::graph::run(&args),
        Command::Bootstrap(args) => match args.cloud {
            BootstrapIn::Aws(args) => commands::bootstrap::aws(&args),
        },
        Command::Explain(args) => commands::explain::run(&args),
        Command::Settings(args) => commands::settings::run(&args),
        Command::Schema(args) => commands::schema::run(&args),
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
