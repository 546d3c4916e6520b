//! Cron jobs: when, and which endpoint.

use std::collections::BTreeMap;
use std::fmt;

use compiler_diagnostics::{Code, Diagnostic, closest};
use schema_documents::Position;
use schema_documents::manifest::{self, Language, Manifest};

use crate::cross::{self, Primitive};
use crate::endpoint::has_path_parameters;
use crate::{cron_expression, language, name};

const MINUTES_PER_DAY: u32 = 24 * 60;

/// A cron job.
#[derive(Clone, Debug, PartialEq)]
pub struct CronJob {
    /// Id, unique in the app.
    pub id: String,
    /// Title; the id when the code gives none.
    pub title: String,
    /// When it runs.
    pub schedule: Schedule,
    /// What it calls.
    pub target: Target,
    /// The declaration.
    pub at: Position,
}

/// When a cron job runs, in UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// At midnight, and every so many minutes from there; 1 to 1440.
    Every {
        /// Minutes between two runs.
        minutes: u32,
    },
    /// Five fields with one blank between: minute, hour, day of month, month, day of week (0 is Sunday).
    /// Encore.go takes either of the two day fields when both are restricted; Encore.ts wants both to fit.
    Cron(String),
}

/// What a cron job calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An endpoint without parameters.
    Endpoint(EndpointRef),
    /// A path of a service, with `POST`.
    Path {
        /// The service.
        service: String,
        /// The path, with its `/`.
        path: String,
    },
}

impl Target {
    /// The service that is called.
    pub fn service(&self) -> &str {
        match self {
            Self::Endpoint(EndpointRef { service, .. }) | Self::Path { service, .. } => service,
        }
    }
}

/// An endpoint, by the name of its service and its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EndpointRef {
    /// The service.
    pub service: String,
    /// The endpoint.
    pub endpoint: String,
}

impl fmt::Display for EndpointRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.service, self.endpoint)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoint(endpoint) => endpoint.fmt(out),
            Self::Path { service, path } => write!(out, "{service} {path}"),
        }
    }
}

impl fmt::Display for Schedule {
    /// As the manifest has it: `every:MINUTES` or `schedule:EXPRESSION`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every { minutes } => write!(out, "every:{minutes}"),
            Self::Cron(expression) => write!(out, "schedule:{expression}"),
        }
    }
}

pub(crate) fn resolve(manifest: &Manifest, found: &mut Vec<Diagnostic>) -> BTreeMap<String, CronJob> {
    let declared = manifest.cron_jobs.iter().map(|job| (job.id.as_str(), &job.at, job));
    let mut jobs = BTreeMap::new();
    for (id, job) in cross::unique(Primitive::CronJob, None, declared, found) {
        name::check(language::of_declaration(manifest, &job.at), Primitive::CronJob, id, &job.at, found);
        let (schedule, target) =
            (schedule(language::of_declaration(manifest, &job.at), job, found), target(manifest, job, found));
        if let (Some(schedule), Some(target)) = (schedule, target) {
            let title = job.title.clone().unwrap_or_else(|| id.to_owned());
            jobs.insert(
                id.to_owned(),
                CronJob { id: id.to_owned(), title, schedule, target, at: job.at.clone() },
            );
        }
    }
    jobs
}

fn schedule(language: Language, job: &manifest::CronJob, found: &mut Vec<Diagnostic>) -> Option<Schedule> {
    let error =
        |message: String, help: String| Diagnostic::error(Code::M0105, message).at(&job.at).help(help);
    let Some(written) = job.schedule.as_deref() else {
        let help = "write how often it runs, or a cron expression".to_owned();
        found.push(error(format!("cron job `{}` has no schedule", job.id), help));
        return None;
    };
    let schedule = match written.split_once(':') {
        Some(("every", minutes)) => every(language, &job.id, minutes),
        Some(("schedule", expression)) => match cron_expression::parse(language, expression) {
            Ok(expression) => {
                if !expression.ever_runs(language) {
                    found.push(never_runs(job, &expression.text));
                }
                Ok(Schedule::Cron(expression.text))
            }
            Err(cron_expression::Invalid { message, help }) => {
                Err((format!("cron job `{}` has a schedule that is not valid: {message}", job.id), help))
            }
        },
        _ => Err((
            format!("cron job `{}` has the schedule `{written}`, which cannot be read", job.id),
            "write `every:MINUTES` or `schedule:EXPRESSION`".to_owned(),
        )),
    };
    schedule.map_err(|(message, help)| found.push(error(message, help))).ok()
}

fn never_runs(job: &manifest::CronJob, expression: &str) -> Diagnostic {
    Diagnostic::warning(Code::M0105, format!("cron job `{}` never runs", job.id))
        .at(&job.at)
        .note(format!("no month in `{expression}` has such a day"))
        .help("choose a day that the month has")
}

/// `every:MINUTES`, or a message and what to do.
fn every(language: Language, id: &str, minutes: &str) -> Result<Schedule, (String, String)> {
    let Ok(minutes) = minutes.parse::<i64>() else {
        return Err((
            format!("cron job `{id}` runs every `{minutes}` minutes, which is not a number"),
            "write a whole number of minutes".to_owned(),
        ));
    };
    let in_range = u32::try_from(minutes).ok().filter(|minutes| (1..=MINUTES_PER_DAY).contains(minutes));
    let Some(minutes) = in_range else {
        let help = format!("write a number of minutes from 1 to {MINUTES_PER_DAY}, which is a day");
        return Err((format!("cron job `{id}` runs every {minutes} minutes"), help));
    };
    if language != Language::Typescript && !MINUTES_PER_DAY.is_multiple_of(minutes) {
        let message =
            format!("cron job `{id}` runs every {minutes} minutes, which does not divide a day evenly");
        return Err((message, format!("try {} minutes", nearest_divisor_of_a_day(minutes))));
    }
    Ok(Schedule::Every { minutes })
}

/// The number of minutes nearest to `minutes` that divides a day; of two, the smaller.
fn nearest_divisor_of_a_day(minutes: u32) -> u32 {
    let divisors = (1..=MINUTES_PER_DAY).filter(|divisor| MINUTES_PER_DAY.is_multiple_of(*divisor));
    divisors.min_by_key(|divisor| divisor.abs_diff(minutes)).expect("BUG: 1 divides a day")
}

fn target(manifest: &Manifest, job: &manifest::CronJob, found: &mut Vec<Diagnostic>) -> Option<Target> {
    match (&job.path, &job.service) {
        (Some(path), Some(service)) => path_of_service(manifest, job, service, path, found),
        _ => endpoint(manifest, job, found).map(Target::Endpoint),
    }
}

fn path_of_service(
    manifest: &Manifest,
    job: &manifest::CronJob,
    service: &str,
    path: &str,
    found: &mut Vec<Diagnostic>,
) -> Option<Target> {
    let mut report = |message: String, help: Option<String>| {
        found.push(Diagnostic::error(Code::M0106, message).at(&job.at).maybe_help(help));
    };
    if !manifest.services.iter().any(|declared| declared.name == service) {
        let names = manifest.services.iter().map(|declared| declared.name.as_str());
        let help = closest(service, names).map(|meant| format!("did you mean `{meant}`?"));
        report(format!("cron job `{}` calls service `{service}`, which does not exist", job.id), help);
        return None;
    }
    if !path.starts_with('/') {
        let help = Some(format!("write `/{path}`"));
        report(format!("cron job `{}` calls the path `{path}`, which does not begin with `/`", job.id), help);
        return None;
    }
    Some(Target::Path { service: service.to_owned(), path: path.to_owned() })
}

fn endpoint(
    manifest: &Manifest,
    job: &manifest::CronJob,
    found: &mut Vec<Diagnostic>,
) -> Option<EndpointRef> {
    let Some(written) = job.endpoint.as_deref() else {
        let message = format!("cron job `{}` names no endpoint", job.id);
        let help = "name an endpoint that takes no parameters";
        found.push(Diagnostic::error(Code::M0106, message).at(&job.at).help(help));
        return None;
    };
    let Some((service, endpoint)) = cross::endpoint(manifest, written) else {
        let message = format!("cron job `{}` calls `{written}`, which does not exist", job.id);
        let help = cross::closest_endpoint(manifest, written).map(|meant| format!("did you mean `{meant}`?"));
        found.push(Diagnostic::error(Code::M0106, message).at(&job.at).maybe_help(help));
        return None;
    };
    if endpoint.takes_request || endpoint.path.as_deref().is_some_and(has_path_parameters) {
        let what = if endpoint.takes_request { "a request" } else { "path parameters" };
        let message = format!("cron job `{}` calls `{written}`, which takes {what}", job.id);
        found.push(
            Diagnostic::error(Code::M0107, message)
                .at(&job.at)
                .label(&endpoint.at, "the endpoint is declared here")
                .note("a cron job calls its endpoint with nothing to pass")
                .help("call an endpoint without parameters, which may call this one"),
        );
    }
    Some(EndpointRef { service: service.name.clone(), endpoint: endpoint.name.clone() })
}
