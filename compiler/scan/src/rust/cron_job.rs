//! Cron jobs, which request a path of the service that declares them.
//!
//! ```text
//! static CLEANUP: Job = Job::new("cleanup", "/internal/cleanup", Schedule::Cron("0 4 * * *")).title("Nightly cleanup");
//! static REFRESH: Job = Job::new("refresh", "/internal/rates", Schedule::Every("30m"));
//! ```

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::manifest::CronJob;

use super::found::Found;
use super::resolve::Space;
use super::site::{Site, not_a_literal};
use super::value::Kind;

/// Reads a cron job.
pub(super) fn declare(site: Site<'_>, found: &mut Found) {
    let out = &mut found.diagnostics;
    let title = site.text("title", out).map(str::to_owned);
    let named = site.name(0, out);
    let path = site.literal(1, "path", out);
    let schedule = schedule(site, out);
    let Some(named) = named else { return };
    let service = site.service().or_else(|| match site.program().services_of(site.module) {
        [only] => Some(*only),
        _ => None,
    });
    if service.is_none() {
        out.push(
            Diagnostic::error(
                Code::M0112,
                format!("cron job `{}` is declared outside of all services", named.name),
            )
            .at(&named.at)
            .note("a cron job requests a path of the service that declares it")
            .help("move it into the folder of the service that serves the path"),
        );
    }
    found.manifest.cron_jobs.push(CronJob {
        id: named.name,
        title,
        schedule,
        endpoint: None,
        path: path.map(|path| path.name),
        service: service.map(|service| found.manifest.services[service].name.clone()),
        at: named.at,
    });
}

/// `Schedule::Every("30m")` or `Schedule::Cron("0 4 * * *")`
fn schedule(site: Site<'_>, out: &mut Vec<Diagnostic>) -> Option<String> {
    const WRITTEN: &str = "`Schedule::Every(\"30m\")` or `Schedule::Cron(\"0 4 * * *\")`";
    let Some(value) = site.argument(2) else {
        out.push(site.missing(&format!("a schedule, {WRITTEN}")));
        return None;
    };
    let called = match &value.kind {
        Kind::Call { callee, arguments, .. } => {
            let path = site.names.of_sdk(site.module, callee, Space::Values);
            let variant =
                path.filter(|path| path.iter().rev().nth(1).is_some_and(|owner| owner == "Schedule"));
            variant.and_then(|path| Some((path.last()?.clone(), arguments.first()?)))
        }
        _ => None,
    };
    let (variant, argument) = site.expect("the schedule", value, called, WRITTEN, out)?;
    let Some(text) = argument.as_text() else {
        out.push(
            not_a_literal(&format!("the value of `Schedule::{variant}`")).at(&site.position(argument.at)),
        );
        return None;
    };
    if variant == "Cron" {
        return Some(format!("schedule:{text}"));
    }
    let expected = "hours and minutes such as `\"30m\"`, `\"6h\"` or `\"1h30m\"`";
    site.expect("Schedule::Every", argument, minutes(text), expected, out)
        .map(|minutes| format!("every:{minutes}"))
}

/// The minutes of `1h30m`.
fn minutes(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut minutes = 0_u64;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().ok()?;
        let (unit, after) = rest[digits..].split_at_checked(1)?;
        let unit = match unit {
            "h" => 60,
            "m" => 1,
            _ => return None,
        };
        minutes = minutes.checked_add(number.checked_mul(unit)?)?;
        rest = after;
    }
    (!text.is_empty()).then_some(minutes)
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[track_caller]
    fn check_job(job: &str, expected: &[&str]) {
        check(&format!("use encore::cron::{{Job, Schedule}}; static J: Job = {job};"), expected);
    }

    #[test]
    fn a_job_has_a_path_and_a_schedule() {
        check_job(
            "Job::new(\"j\", \"/p\", Schedule::Cron(\"0 4 * * *\")).title(\"J\")",
            &[
                r#"cron_jobs {"id": "j", "title": "J", "schedule": "schedule:0 4 * * *", "path": "/p", "service": "svc"}"#,
            ],
        );
        check_job(
            "Job::new(\"j\", \"/p\", Schedule::Every(\"1h30m\"))",
            &[r#"cron_jobs {"id": "j", "schedule": "every:90", "path": "/p", "service": "svc"}"#],
        );
    }

    #[test]
    fn bad_jobs_are_reported() {
        check_job(
            "Job::new(\"j\", P, Schedule::Every(\"90s\"))",
            &[
                r#"cron_jobs {"id": "j", "service": "svc"}"#,
                "S0006 svc/src/main.rs:1:66-1:67 the path in `Job::new` must be a string literal",
                "S0009 svc/src/main.rs:1:85-1:90 `Schedule::Every` must be hours and minutes such as `\"30m\"`, `\"6h\"` or `\"1h30m\"`",
            ],
        );
        check_job(
            "Job::new(\"j\", \"/p\", every())",
            &[
                r#"cron_jobs {"id": "j", "path": "/p", "service": "svc"}"#,
                "S0009 svc/src/main.rs:1:72-1:79 the schedule must be `Schedule::Every(\"30m\")` or `Schedule::Cron(\"0 4 * * *\")`",
            ],
        );
    }
}
