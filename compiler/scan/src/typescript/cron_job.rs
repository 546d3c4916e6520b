//! Cron jobs.
//!
//! ```ts
//! const _ = new CronJob("check-all", { title: "Check all sites", every: "1h", endpoint: checkAll });
//! ```

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::manifest::CronJob;

use super::found::{Found, Resource};
use super::literal::{Config, Value};
use super::resolve::Target;
use super::site::Site;

const MINUTE_NS: i64 = 60_000_000_000;

/// Reads a cron job, once all endpoints are known.
pub(super) fn declare(site: Site<'_>, found: &mut Found) {
    let config = site.config(1, &["title", "endpoint", "every", "schedule"], &mut found.diagnostics);
    let title = config.string("title", &mut found.diagnostics).map(str::to_owned);
    let schedule = schedule(&config, site, &mut found.diagnostics);
    let Some(named) = site.name(0, &mut found.diagnostics) else { return };
    let endpoint = config.value("endpoint").and_then(|value| endpoint(site, value, found));
    if config.value("endpoint").is_none() {
        found.diagnostics.push(site.missing_field("endpoint"));
    }
    found.manifest.cron_jobs.push(CronJob {
        id: named.name,
        title,
        schedule,
        endpoint,
        path: None,
        service: None,
        at: named.at,
    });
}

fn schedule(config: &Config<'_>, site: Site<'_>, out: &mut Vec<Diagnostic>) -> Option<String> {
    if let (Some(_), Some(schedule)) = (config.value("every"), config.value("schedule")) {
        out.push(
            Diagnostic::error(Code::S0007, "a cron job has either `every` or `schedule`, not both")
                .at(&site.module.at(schedule.at))
                .note("the two can contradict each other")
                .help("remove one of them"),
        );
    }
    if config.value("every").is_some() {
        let every = config.duration_ns("every", out)?;
        let minutes = (every % MINUTE_NS == 0).then_some(every / MINUTE_NS);
        let minutes = config.expect("every", minutes, "a whole number of minutes", out)?;
        return Some(format!("every:{minutes}"));
    }
    config.string("schedule", out).map(|expression| format!("schedule:{expression}"))
}

/// The endpoint that is called, as `service.endpoint`.
fn endpoint(site: Site<'_>, value: &Value, found: &mut Found) -> Option<String> {
    let resolved = match site.program.resolve_value(site.key.0, value) {
        Some((Target::Declaration(key), rest)) if rest.is_empty() => match found.resources.get(&key) {
            Some(Resource::Endpoint { service, name }) => {
                Some(format!("{}.{name}", found.services[*service].name))
            }
            _ => None,
        },
        Some((Target::Client(service), rest)) if rest.len() == 1 => Some(format!("{service}.{}", rest[0])),
        _ => None,
    };
    if resolved.is_none() {
        found.diagnostics.push(site.unresolved(value, "an endpoint"));
    }
    resolved
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    const ENDPOINT: &str = r#"endpoints {"name": "e"}"#;

    fn check_job(config: &str, expected: &[&str]) {
        let source = format!(
            "import {{ CronJob }} from 'encore.dev/cron'; import {{ api }} from 'encore.dev/api'; import * as c from '~encore/clients';
export const e = api({{}}, async () => {{}});
const _ = new CronJob('j', {config});"
        );
        let expected: Vec<&str> = expected.iter().copied().chain([ENDPOINT]).collect();
        check(&source, &expected);
    }

    #[test]
    fn a_job_has_an_interval_or_a_schedule() {
        check_job(
            "{ title: 'J', every: '1h', endpoint: e }",
            &[r#"cron_jobs {"id": "j", "title": "J", "schedule": "every:60", "endpoint": "svc.e"}"#],
        );
        check_job(
            "{ schedule: '0 4 * * *', endpoint: e }",
            &[r#"cron_jobs {"id": "j", "schedule": "schedule:0 4 * * *", "endpoint": "svc.e"}"#],
        );
        check_job(
            "{ every: '10m', endpoint: c.mail.send }",
            &[
                r#"calls {"from_service": "svc", "to": "mail.send"}"#,
                r#"cron_jobs {"id": "j", "schedule": "every:10", "endpoint": "mail.send"}"#,
            ],
        );
    }

    #[test]
    fn bad_jobs_are_reported() {
        check_job(
            "{ every: '90s', endpoint: e }",
            &[
                r#"cron_jobs {"id": "j", "endpoint": "svc.e"}"#,
                "S0009 svc/svc.ts:3:37-3:42 `every` must be a whole number of minutes",
            ],
        );
        check_job(
            "{ every: '1h', schedule: '* * * * *', endpoint: f }",
            &[
                r#"cron_jobs {"id": "j", "schedule": "every:60"}"#,
                "S0007 svc/svc.ts:3:53-3:64 a cron job has either `every` or `schedule`, not both",
                "S0011 svc/svc.ts:3:76-3:77 this does not lead to an endpoint",
            ],
        );
        check_job(
            "{ every: '1h' }",
            &[
                r#"cron_jobs {"id": "j", "schedule": "every:60"}"#,
                "S0010 svc/svc.ts:3:7-3:8 `new CronJob` needs the field `endpoint`",
            ],
        );
    }
}
