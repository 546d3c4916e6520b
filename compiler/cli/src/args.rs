//! What was typed. What it means is each command's own business.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use compiler_scan::disk;

/// Turns application code into desired states for cloud infrastructure.
#[derive(Parser)]
#[command(name = "manifestc", version, about, max_term_width = 110)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Show the manifest found in the source
    Scan(Scan),
    /// Check the app and its environments, and write nothing
    Check(Check),
    /// Write one desired state per environment
    Build(Build),
    /// Show what changes between two desired states, or since a revision
    Diff(Diff),
    /// Take console edits into the environment file
    Import(Import),
    /// Put a desired state where agents find it, under the next number
    Publish(Publish),
    /// Write a desired state for other tools
    Export(Export),
    /// Draw the architecture of a desired state
    Graph(Graph),
    /// Write what installs the agent in an account
    Bootstrap(Bootstrap),
    /// Show the page of a diagnostic
    Explain(Explain),
    /// Show what can be set in an environment file
    Settings(Settings),
    /// Show the JSON Schema of a document
    Schema(Schema),
}

/// How data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For machines
    Json,
}

/// Where an app is read from, if not from its code.
#[derive(ClapArgs)]
pub(crate) struct ReadFrom {
    /// Read this manifest (TOML, or JSON if it ends in `.json`) instead of the code in DIR, of which only `environments`
    /// is read then; may be given several times, for the parts of one app
    #[arg(long = "manifest", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// With `--manifest`: read the code in DIR as well
    #[arg(long, requires = "files")]
    pub(crate) with_source: bool,
    #[command(flatten)]
    pub(crate) keeping: Keeping,
}

/// What is kept of a scan for the next one.
#[derive(ClapArgs)]
pub(crate) struct Keeping {
    /// Keep what is found in files in this folder, for the next time; without it in the user's cache folder
    #[arg(long, env = "MANIFESTC_CACHE", value_name = "D", hide_env_values = true)]
    cache: Option<PathBuf>,
    /// Keep nothing, and use nothing that was kept
    #[arg(long)]
    no_cache: bool,
}

impl Keeping {
    /// The folder, if there is to be one.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        if self.no_cache { None } else { self.cache.clone().or_else(disk::usual_cache) }
    }
}

#[derive(ClapArgs)]
#[command(after_help = "Example:\n  manifestc scan examples/uptime > manifest.toml")]
pub(crate) struct Scan {
    /// The app's root: the folder with `encore.app`, and with `environments` if there are any
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) from: ReadFrom,
    /// `text` is TOML
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
}

#[derive(ClapArgs)]
#[command(after_help = "Example:\n  manifestc check --env production")]
pub(crate) struct Check {
    /// The app's root: the folder with `encore.app`, and with `environments` if there are any
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) from: ReadFrom,
    /// Only this environment; may be given several times
    #[arg(long = "env", value_name = "NAME")]
    pub(crate) environments: Vec<String>,
    /// `json` is a list of diagnostics
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
}

#[derive(ClapArgs)]
#[command(after_help = "Examples:\n  manifestc build --env production --out build\n  \
                  manifestc build --env production --images images.json --out build\n  \
                  manifestc build --manifest orders.toml --manifest mail.json --out build")]
pub(crate) struct Build {
    /// The app's root: the folder with `encore.app`, and with `environments` if there are any
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) from: ReadFrom,
    /// Only this environment; may be given several times. Without it: every file in `environments`, else `production`
    /// and `development`
    #[arg(long = "env", value_name = "NAME")]
    pub(crate) environments: Vec<String>,
    /// The images that processes run: a JSON object of process names and `REPOSITORY@sha256:DIGEST`. A process without one
    /// waits, and everything else is applied, so that there is a repository to push to
    #[arg(long, value_name = "FILE")]
    pub(crate) images: Option<PathBuf>,
    /// The folder for `<env>.desired.json`; without it a single environment goes to standard output
    #[arg(long, value_name = "D")]
    pub(crate) out: Option<PathBuf>,
    /// `json` makes the report on standard output a JSON object
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
}

#[derive(ClapArgs)]
#[command(after_help = "Examples:\n  manifestc diff old.desired.json new.desired.json\n  \
                  manifestc diff --base origin/main --format markdown")]
pub(crate) struct Diff {
    /// The desired state before
    #[arg(required_unless_present = "base", conflicts_with = "base")]
    pub(crate) old: Option<PathBuf>,
    /// The desired state after
    #[arg(required_unless_present = "base", conflicts_with = "base")]
    pub(crate) new: Option<PathBuf>,
    /// Compare the app as it is with the app at this git revision
    #[arg(long, value_name = "GIT-REV")]
    pub(crate) base: Option<String>,
    /// The app's root, with `--base`
    #[arg(long, default_value = ".", requires = "base")]
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) from: ReadFrom,
    /// Only this environment, with `--base`; may be given several times
    #[arg(long = "env", value_name = "NAME", requires = "base")]
    pub(crate) environments: Vec<String>,
    /// How the difference is written
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: DiffFormat,
    /// Exit with 1 when there is a difference
    #[arg(long)]
    pub(crate) exit_code: bool,
    /// Refuse documents larger than this
    #[arg(long, value_name = "BYTES", default_value_t = schema_documents::desired::DEFAULT_MAX_BYTES)]
    pub(crate) max_document_bytes: u64,
}

/// How a difference is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    /// For a terminal
    Text,
    /// For a pull request
    Markdown,
    /// For machines
    Json,
}

#[derive(ClapArgs)]
#[command(
    override_usage = "manifestc import [OPTIONS] <FILE>... [DIR]",
    after_help = "Example:\n  manifest-agent imports --env production --out edits.json … && manifestc import edits.json"
)]
pub(crate) struct Import {
    /// Import documents, as `manifest-agent imports` writes them; a folder at the end is the app's root, without one it is
    /// the current folder
    #[arg(required = true, value_name = "FILE")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) from: ReadFrom,
    /// Show the change and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(ClapArgs)]
#[command(after_help = "Example:\n  manifestc publish build --to s3://my-state")]
pub(crate) struct Publish {
    /// A desired state, or a folder with some
    #[arg(value_name = "D")]
    pub(crate) desired: PathBuf,
    /// The store: `s3://bucket/prefix`, `gs://bucket/prefix` or a folder
    #[arg(long, value_name = "URL")]
    pub(crate) to: String,
    /// The commit it was built from; without it the one that is checked out
    #[arg(long)]
    pub(crate) commit: Option<String>,
    /// Who publishes; without it the user's name
    #[arg(long)]
    pub(crate) publisher: Option<String>,
    /// Refuse documents larger than this
    #[arg(long, value_name = "BYTES", default_value_t = schema_documents::desired::DEFAULT_MAX_BYTES)]
    pub(crate) max_document_bytes: u64,
}

#[derive(ClapArgs)]
pub(crate) struct Export {
    #[command(subcommand)]
    pub(crate) to: ExportTo,
}

#[derive(Subcommand)]
pub(crate) enum ExportTo {
    /// Write a template of CloudFormation, ready to deploy
    Cloudformation(CloudFormation),
}

#[derive(ClapArgs)]
#[command(after_help = "Example:\n  manifestc build --env production --out build\n  \
                  manifestc export cloudformation build/production.desired.json --out build/shop.json")]
pub(crate) struct CloudFormation {
    /// The desired state
    pub(crate) desired: PathBuf,
    /// The file for the template. Nested stacks are written beside it, and `FILE` with the ending `.sidecar.json` for what
    /// CloudFormation does not know. Without it the template goes to standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// With `--out`: `json` makes the report on standard output a JSON object
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
    /// Refuse documents larger than this
    #[arg(long, value_name = "BYTES", default_value_t = schema_documents::desired::DEFAULT_MAX_BYTES)]
    pub(crate) max_document_bytes: u64,
}

#[derive(ClapArgs)]
#[command(
    after_help = "Example:\n  manifestc graph build/production.desired.json --format svg --out production.svg"
)]
pub(crate) struct Graph {
    /// The desired state
    pub(crate) desired: PathBuf,
    /// How it is drawn
    #[arg(long, value_enum, default_value = "mermaid")]
    pub(crate) format: GraphFormat,
    /// The file for the picture; without it standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Refuse documents larger than this
    #[arg(long, value_name = "BYTES", default_value_t = schema_documents::desired::DEFAULT_MAX_BYTES)]
    pub(crate) max_document_bytes: u64,
}

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// A flowchart, which many websites draw from text
    Mermaid,
    /// For Graphviz
    Dot,
    /// A picture
    Svg,
}

#[derive(ClapArgs)]
pub(crate) struct Bootstrap {
    #[command(subcommand)]
    pub(crate) cloud: BootstrapIn,
}

#[derive(Subcommand)]
pub(crate) enum BootstrapIn {
    /// Write the template of CloudFormation that installs the agent in an account of AWS
    Aws(BootstrapAws),
}

#[derive(ClapArgs)]
#[command(after_help = "Example:\n  manifestc build --env production --out build\n  \
                  manifestc bootstrap aws --kinds-from build/production.desired.json --out build/agent.json")]
pub(crate) struct BootstrapAws {
    /// A desired state: the agent is allowed what its kinds of resources need, and no more; may be given several times.
    /// Without it the agent is allowed all kinds that can be lowered to
    #[arg(long, value_name = "FILE")]
    pub(crate) kinds_from: Vec<PathBuf>,
    /// The app that the template suggests; without it the one of the desired states
    #[arg(long)]
    pub(crate) app: Option<String>,
    /// The environment that the template suggests; without it the one of the desired states
    #[arg(long)]
    pub(crate) env: Option<String>,
    /// The file for the template; without it standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Refuse documents larger than this
    #[arg(long, value_name = "BYTES", default_value_t = schema_documents::desired::DEFAULT_MAX_BYTES)]
    pub(crate) max_document_bytes: u64,
}

#[derive(ClapArgs)]
#[command(after_help = "Example:\n  manifestc explain M0103")]
pub(crate) struct Explain {
    /// The code; without it all codes are listed
    pub(crate) code: Option<String>,
}

#[derive(ClapArgs)]
#[command(after_help = "Example:\n  manifestc settings database")]
pub(crate) struct Settings {
    /// Only settings whose key has this in it
    pub(crate) part: Option<String>,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(ClapArgs)]
#[command(after_help = "Example:\n  manifestc schema environment > environment.schema.json")]
pub(crate) struct Schema {
    /// The document
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(schema_documents::schema::NAMES))]
    pub(crate) document: String,
}
