//! What was typed.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use schema_documents::{FieldPath, ResourceId};

/// Keeps one cloud account in step with its desired states, and brings console edits back.
#[derive(Parser)]
#[command(name = "manifest-agent", version, about, max_term_width = 110)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// How logs are written to standard error
    #[arg(long, value_name = "FORMAT", value_parser = ["text", "json"], default_value = "text", global = true,
        env = "MANIFEST_LOG_FORMAT", help_heading = "Logs")]
    pub(crate) log_format: String,
    /// Which logs: `error`, `warn`, `info`, `debug`, `trace`, or by part, such as `warn,agent_driver=debug`
    #[arg(
        long,
        value_name = "LEVEL",
        default_value = "warn",
        global = true,
        env = "MANIFEST_LOG",
        help_heading = "Logs"
    )]
    pub(crate) log: String,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Show what a pass would do, and write nothing anywhere
    Plan(Plan),
    /// Run one pass: import console edits, apply what must change
    Apply(Apply),
    /// Keep running passes until told to stop
    Run(Run),
    /// Show what is recorded: resources, open edits, what is in flight
    Status(Status),
    /// Tell who did what, when and why: every change that the journal knows
    History(History),
    /// Check that the journal is what was written: every batch, the chain, the order
    Verify(Verify),
    /// Write open console edits as an import document; from the record, no cloud call
    Imports(Imports),
    /// Report what it would mean to take a resource that is there already; nothing is taken by it
    Import(Import),
    /// Answer drift: the repository gets the console's value
    Adopt(Answer),
    /// Answer drift: the console's value goes
    Revert(Answer),
    /// Try a deployment again that failed, for the same document
    Retry(Retry),
    /// Confirm a deletion that waits for a person
    Confirm(Confirm),
    /// Approve the steps of a plan that wait for a person
    Approve(Approve),
    /// Publish what an earlier number said once more, after showing what that would do
    Rollback(Rollback),
    /// Remove everything that is recorded, through the same gates as any other plan
    Destroy(Destroy),
    /// Rebuild a lost journal from what is live, once a person has confirmed the list
    Recover(Recover),
    /// Set the value of a secret
    Secret(Secret),
    /// Tell drift from the cloud's own rewriting: what was declared of a resource against what is live; from files alone
    Compare(Compare),
}

/// How data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For machines
    Json,
}

/// Where the state lies, and of which environment.
#[derive(ClapArgs, Clone)]
pub(crate) struct Place {
    /// The store of journals: `s3://bucket/prefix`, `gs://bucket/prefix` or a folder
    #[arg(long, value_name = "URL", env = "MANIFEST_STATE")]
    pub(crate) state: String,
    /// The app; without it the one of the desired state, or the only one in the store
    #[arg(long)]
    pub(crate) app: Option<String>,
    /// The environment; without it the one of the desired state, or the only one in the store
    #[arg(long)]
    pub(crate) env: Option<String>,
}

/// The desired state.
#[derive(ClapArgs, Clone)]
pub(crate) struct Wanted {
    /// The desired state: a file, or the store that `manifestc publish` writes to
    #[arg(long, value_name = "URL", env = "MANIFEST_DESIRED")]
    pub(crate) desired: String,
    /// Refuse documents larger than this
    #[arg(long, value_name = "BYTES", default_value_t = schema_documents::desired::DEFAULT_MAX_BYTES)]
    pub(crate) max_document_bytes: u64,
}

/// All that a pass is connected to.
#[derive(ClapArgs, Clone)]
pub(crate) struct Connected {
    #[command(flatten)]
    pub(crate) wanted: Wanted,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// How the cloud is reached.
#[derive(ClapArgs, Clone)]
pub(crate) struct Reach {
    /// Another address for the cloud's API, such as a simulated cloud's
    #[arg(long, value_name = "U")]
    pub(crate) endpoint_url: Option<String>,
    /// The role in whose name the cloud works for the agent, such as `manifestc bootstrap` makes one; without it the agent's own
    #[arg(long, value_name = "ARN", env = "MANIFEST_ROLE_ARN")]
    pub(crate) role_arn: Option<String>,
    /// The secret in Secrets Manager whose value is the key of digests, such as `manifestc bootstrap` makes one: the journal has them in
    /// the place of sensitive values. Without it they are digests without a key, which tell a value that is easy to guess
    #[arg(long, value_name = "SECRET", env = "MANIFEST_DIGEST_KEY")]
    pub(crate) digest_key: Option<String>,
    /// Longest time for one call that changes something, in seconds; what is not answered in time is asked for again
    #[arg(long, value_name = "SECONDS", default_value_t = 4.0)]
    pub(crate) call_timeout: f64,
    /// Longest time for one question, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 20.0)]
    pub(crate) question_timeout: f64,
    /// How long the lease lasts after the last sign of life, in seconds; at least twice the call's time. Another agent
    /// takes over when this and one call's time have passed
    #[arg(long, value_name = "SECONDS", default_value_t = 9.0)]
    pub(crate) lease: f64,
    /// How much of the time that reads need to settle after a change is waited for, in percent; 0 for a cloud whose reads
    /// never lag, such as a simulated one
    #[arg(long, value_name = "PERCENT", default_value_t = 100)]
    pub(crate) read_lag: u64,
    /// After how long a deployment that is not healthy has failed, in seconds; without it, what the catalogue says of its kind
    /// (half an hour for a service)
    #[arg(long, value_name = "SECONDS")]
    pub(crate) deploy_timeout: Option<f64>,
    /// Calls and questions that may be under way at a time
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub(crate) in_flight: usize,
}

#[derive(ClapArgs)]
#[command(
    after_help = "Example:\n  manifest-agent plan --desired build/production.desired.json --state s3://my-state"
)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) at: Connected,
    /// How the plan is written
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
    /// Exit with 1 when there is anything to do or to say
    #[arg(long)]
    pub(crate) exit_code: bool,
    /// Plan the removal of everything that is recorded
    #[arg(long)]
    pub(crate) destroy: bool,
}

#[derive(ClapArgs)]
#[command(
    after_help = "Example:\n  manifest-agent apply --desired build/production.desired.json --state s3://my-state"
)]
pub(crate) struct Apply {
    #[command(flatten)]
    pub(crate) at: Connected,
}

#[derive(ClapArgs)]
#[command(
    after_help = "Example:\n  manifest-agent run --desired s3://my-state --state s3://my-state --app shop --env production \\\n      --events https://sqs.eu-central-1.amazonaws.com/123456789012/manifest-events"
)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) at: Connected,
    /// Time from the end of one pass to the start of the next, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0)]
    pub(crate) every: f64,
    /// Serve metrics, health, readiness and status at this address of this machine, such as `127.0.0.1:9464`
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<std::net::SocketAddr>,
    /// Let `--listen` take an address that other machines reach; the pages have no password
    #[arg(long, requires = "listen")]
    pub(crate) listen_anywhere: bool,
    /// Within this time everything is read once, a slice in each pass, in seconds; without it an hour where audit events
    /// are heard, else from pass to pass
    #[arg(long, value_name = "SECONDS")]
    pub(crate) sweep: Option<f64>,
    /// The sweep's share of the cloud's rate limit: reads a second at most, on average
    #[arg(long, value_name = "N", default_value_t = 5.0)]
    pub(crate) sweep_rate: f64,
    /// The queue with the account's audit events (`CloudTrail` through `EventBridge` to SQS): what they name is looked at at once
    #[arg(long, value_name = "URL", env = "MANIFEST_EVENTS")]
    pub(crate) events: Option<String>,
}

#[derive(ClapArgs)]
#[command(after_help = "Example:\n  manifest-agent status --state s3://my-state --app shop --env production")]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) place: Place,
    /// How the status is written
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
}

#[derive(ClapArgs)]
#[command(
    after_help = "Example:\n  manifest-agent history --state s3://my-state --env production --resource database/shared/instance --since 7d"
)]
pub(crate) struct History {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Only what happened to this resource
    #[arg(long, value_name = "ID")]
    pub(crate) resource: Option<ResourceId>,
    /// Only what happened since: a time (`2026-11-26T08:00:00Z`), a day in UTC, or how long ago (`36h`, `7d`)
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// At most so many events, the newest of them
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(crate) limit: usize,
    /// How the events are written
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
}

#[derive(ClapArgs)]
#[command(after_help = "Example:\n  manifest-agent verify --state s3://my-state --app shop --env production")]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) place: Place,
    /// How the verdict is written
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
}

#[derive(ClapArgs)]
#[command(
    after_help = "Example:\n  manifest-agent imports --state s3://my-state --env production --out edits.json"
)]
pub(crate) struct Imports {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The file to write; without it standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// How the edits are written to standard output
    #[arg(long, value_enum, default_value = "json")]
    pub(crate) format: Format,
}

#[derive(ClapArgs)]
#[command(
    after_help = "Example:\n  manifest-agent import database/shared/instance orders --desired s3://my-state --state s3://my-state \\\n      \
                  --app shop --env production --out import.json"
)]
pub(crate) struct Import {
    /// The resource of the desired state that it is to be
    pub(crate) resource: ResourceId,
    /// The identifier or the ARN of what is there
    pub(crate) identifier: String,
    /// Only to read its outputs, and never to write to it
    #[arg(long)]
    pub(crate) reference: bool,
    #[command(flatten)]
    pub(crate) at: Connected,
    /// Write a document by which `manifestc import` names it in the environment file, unless it is refused
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// How the report is written
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
}

#[derive(ClapArgs)]
#[command(
    after_help = "Example:\n  manifest-agent revert database/shared/instance /DBInstanceClass --state s3://my-state"
)]
pub(crate) struct Answer {
    /// The resource
    pub(crate) resource: ResourceId,
    /// The field; without it every field of the resource with an open edit or a conflict
    pub(crate) path: Option<FieldPath>,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) person: Person,
}

#[derive(ClapArgs)]
#[command(
    after_help = "Example:\n  manifest-agent confirm bucket/receipts/bucket --digest sha256:… --state s3://my-state"
)]
pub(crate) struct Confirm {
    /// The resource
    pub(crate) resource: ResourceId,
    /// What is confirmed; `plan` prints it
    #[arg(long)]
    pub(crate) digest: String,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) person: Person,
}

#[derive(ClapArgs)]
#[command(
    after_help = "Example:\n  manifest-agent approve sha256:… --state s3://my-state --app shop --env production"
)]
pub(crate) struct Approve {
    /// What is approved; `plan` and `status` print it
    pub(crate) digest: String,
    #[command(flatten)]
    pub(crate) place: Place,
    /// The desired state: with it, what only `plan` has shown can be approved, by planning once more
    #[arg(long, value_name = "URL", env = "MANIFEST_DESIRED")]
    pub(crate) desired: Option<String>,
    /// Refuse documents larger than this
    #[arg(long, value_name = "BYTES", default_value_t = schema_documents::desired::DEFAULT_MAX_BYTES)]
    pub(crate) max_document_bytes: u64,
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Who approves; without it the user's name
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
}

#[derive(ClapArgs)]
#[command(
    after_help = "Example:\n  manifest-agent retry compute/all/service --state s3://my-state --app shop --env production"
)]
pub(crate) struct Retry {
    /// The resource whose deployment failed
    pub(crate) resource: ResourceId,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) person: Person,
}

#[derive(ClapArgs)]
#[command(
    after_help = "Example:\n  manifest-agent rollback 41 --desired s3://my-state --state s3://my-state --app shop --env production"
)]
pub(crate) struct Rollback {
    /// The number to go back to; without it the one before the last
    pub(crate) number: Option<u64>,
    #[command(flatten)]
    pub(crate) at: Connected,
    /// Show what it would do, and publish nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How the plan is written
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
    /// Who goes back; without it the user's name
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
}

/// Who decides.
#[derive(ClapArgs, Clone)]
pub(crate) struct Person {
    /// Who decides; without it the user's name
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// How long the lease lasts under which the word is written, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 9.0)]
    pub(crate) lease: f64,
}

#[derive(ClapArgs)]
#[command(
    after_help = "Example:\n  manifest-agent destroy --state s3://my-state --desired s3://my-state --app shop --env preview"
)]
pub(crate) struct Destroy {
    #[command(flatten)]
    pub(crate) at: Connected,
}

#[derive(ClapArgs)]
#[command(
    after_help = "Examples:\n  manifest-agent recover --desired s3://my-state --state s3://my-state --app shop --env production\n  \
                  manifest-agent recover … --confirm sha256:… --by ada"
)]
pub(crate) struct Recover {
    #[command(flatten)]
    pub(crate) at: Connected,
    /// Write what the list with this digest says; without it the list is shown and nothing is written
    #[arg(long, value_name = "DIGEST")]
    pub(crate) confirm: Option<String>,
    /// What a resource is, where the search cannot tell; may be given several times
    #[arg(long = "is", value_name = "RESOURCE=IDENTIFIER", value_parser = told)]
    pub(crate) told: Vec<(ResourceId, String)>,
    /// That there is none of a resource, where the search cannot tell; may be given several times
    #[arg(long, value_name = "RESOURCE")]
    pub(crate) absent: Vec<ResourceId>,
    /// How the list is written
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
    /// Who confirms; without it the user's name
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
}

/// A resource and its identifier, as `--is` takes them.
fn told(typed: &str) -> Result<(ResourceId, String), String> {
    let (resource, identifier) =
        typed.split_once('=').ok_or("write `RESOURCE=IDENTIFIER`, such as `compute/web/role=web-x1`")?;
    let resource = ResourceId::parse(resource).map_err(|error| error.to_string())?;
    Ok((resource, identifier.to_owned()))
}

#[derive(ClapArgs)]
#[command(
    after_help = "Without files, standard input is read line by line, and each line of JSON answered with one:\n  \
                  {id, kind, declared, live} → {id, kind, differences: [{path, declared, live, class}]}\n\n\
                  Examples:\n  manifest-agent compare --kind AWS::SQS::Queue declared.json live.json\n  \
                  manifest-agent compare < reads.jsonl"
)]
pub(crate) struct Compare {
    /// The declared properties; `-` is standard input
    #[arg(requires_all = ["live", "kind"])]
    pub(crate) declared: Option<PathBuf>,
    /// The properties as they were read; `-` is standard input
    pub(crate) live: Option<PathBuf>,
    /// The kind of the resource, such as `AWS::SQS::Queue`; one that is not known is compared by the general rules
    #[arg(long, requires = "declared")]
    pub(crate) kind: Option<String>,
    /// Show as well what nobody needs to have set: values that only the cloud sets, defaults, names that it made up
    #[arg(long)]
    pub(crate) all: bool,
    /// How the differences are written; without it text for two files and JSON for lines
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// Exit with 1 when there is a difference
    #[arg(long)]
    pub(crate) exit_code: bool,
}

#[derive(ClapArgs)]
pub(crate) struct Secret {
    #[command(subcommand)]
    pub(crate) action: SecretAction,
}

#[derive(Subcommand)]
pub(crate) enum SecretAction {
    /// Set a value, read from standard input, straight to the secret store
    Set(SecretSet),
}

#[derive(ClapArgs)]
#[command(
    after_help = "Example:\n  manifest-agent secret set MailKey --env production --state s3://my-state < mail-key.txt"
)]
pub(crate) struct SecretSet {
    /// The secret's name in the app
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// The region; without it the environment's (`AWS_REGION`, profile)
    #[arg(long)]
    pub(crate) region: Option<String>,
}
