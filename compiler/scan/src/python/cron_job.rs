//! Cron jobs: a path of the service that declares them, called on a schedule.
//!
//! ```python
//! _ = cron.Job("cleanup", path="/internal/cleanup", title="Nightly cleanup", every="24h")
//! ```

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::manifest::CronJob;

use super::found::Found;
use super::site::{Arguments, Signature, Site};

const MINUTE_NS: i64 = 60_000_000_000;

/// Reads a cron job.
pub(super) fn declare(site: Site<'_>, found: &mut Found) {
    const TAKES: Signature =
        Signature { positional: &["name"], named: &["path", "title", "every", "schedule"] };
    let out = &mut found.diagnostics;
    let given = site.arguments(TAKES, out);
    let title = given.text("title", out).map(str::to_owned);
    let schedule = schedule(&given, site, out);
    let path = path(&given, site, out);
    let Some(named) = given.name("name", out) else { return };
    let Some(service) = site.service() else {
        out.push(site.outside(&format!("cron job `{}`", named.name)));
        return;
    };
    let Some(path) = path else { return };
    found.manifest.cron_jobs.push(CronJob {
        id: named.name,
        title,
        schedule,
        endpoint: None,
        path: Some(path),
        service: Some(found.manifest.services[service].name.clone()),
        at: named.at,
    });
}

fn path(given: &Arguments<'_>, site: Site<'_>, out: &mut Vec<Diagnostic>) -> Option<String> {
    if given.value("path").is_none() {
        out.push(
            Diagnostic::error(Code::S0010, format!("`{}` needs a `path`", site.written()))
                .at(&site.at())
                .note("it is what is called when the job is due")
                .help("add `path=\"/…\"`, a path that this service serves"),
        );
        return None;
    }
    let path = given.text("path", out)?;
    let path = path.starts_with('/').then(|| path.to_owned());
    given.expect("path", Some(path), "a path that begins with `/`", out)
}

fn schedule(given: &Arguments<'_>, site: Site<'_>, out: &mut Vec<Diagnostic>) -> Option<String> {
    if let (Some(_), Some(schedule)) = (given.value("every"), given.value("schedule")) {
        out.push(
            Diagnostic::error(Code::S0007, "a cron job has either `every` or `schedule`, not both")
                .at(&site.module.at(schedule.at))
                .note("the two can contradict each other")
                .help("remove one of them"),
        );
    }
    if given.value("every").is_some() {
        let every = given.duration_ns("every", out)?;
        let minutes = (every % MINUTE_NS == 0).then_some(every / MINUTE_NS);
        let minutes = given.expect("every", Some(minutes), "a whole number of minutes", out)?;
        return Some(format!("every:{minutes}"));
    }
    given.text("schedule", out).map(|expression| format!("schedule:{expression}"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_app};

    #[test]
    fn a_cron_job_calls_a_path_of_its_service() {
        check(
            "from encore import cron
_ = cron.Job('a', path='/a', title='All', every='1h30m')
_ = cron.Job('b', path='/b', schedule='0 4 * * *')
cron.Job('c', path='/c')",
            &[
                r#"cron_jobs {"id": "a", "title": "All", "schedule": "every:90", "path": "/a", "service": "svc"}"#,
                r#"cron_jobs {"id": "b", "schedule": "schedule:0 4 * * *", "path": "/b", "service": "svc"}"#,
                r#"cron_jobs {"id": "c", "path": "/c", "service": "svc"}"#,
            ],
        );
    }

    #[test]
    fn bad_cron_jobs_are_reported() {
        check(
            "from encore.cron import Job
Job('a', path='a', every='1h')
Job('b', every='1h')
Job('c', path='/c', every='90s', schedule='0 4 * * *')",
            &[
                r#"cron_jobs {"id": "c", "path": "/c", "service": "svc"}"#,
                "S0009 svc/svc.py:2:15-2:18 `path` must be a path that begins with `/`",
                "S0010 svc/svc.py:3:1-3:4 `cron.Job` needs a `path`",
                "S0007 svc/svc.py:4:43-4:54 a cron job has either `every` or `schedule`, not both",
                "S0009 svc/svc.py:4:27-4:32 `every` must be a whole number of minutes",
            ],
        );
        check_app(
            &[("lib/a.py", "from encore import cron\n_ = cron.Job('a', path='/a', every='1h')")],
            &["M0112 lib/a.py:2:1-2:2 cron job `a` is declared outside of all services"],
        );
    }
}
