//! Cron jobs.

use compiler_diagnostics::{Code as Number, Diagnostic};
use schema_documents::manifest::CronJob;

use super::Found;
use super::declaration::{Config, Constructor, Declared, declared, named};
use super::facts::ValueForm;
use super::handler::place;
use super::program::Program;

const NEW_JOB: Constructor = Constructor {
    package: "encore.dev/cron",
    function: "NewJob",
    usage: "cron.NewJob(\"id\", cron.JobConfig{Every: 1 * cron.Hour, Endpoint: Endpoint})",
    types: 0..=0,
    arguments: 2,
};

/// Finds the cron jobs.
pub(super) fn scan(program: &Program<'_>, found: &mut Found) {
    for each in declared(program, &NEW_JOB, found) {
        let Some((id, at)) = each.name(0, found) else { continue };
        let known = ["Title", "Every", "Schedule", "Endpoint"];
        let config = Config::read(each.file, each.argument(1), &known, found);
        let title = config.text("Title", found);
        let schedule = schedule(&config, found);
        if program.service_of(each.file.folder).is_none() {
            found.diagnostics.push(each.outside("cron job"));
        }
        // Without an endpoint there is nothing more to say about it.
        if let Some(endpoint) = endpoint(program, &each, &config, found) {
            let endpoint = Some(endpoint);
            let (path, service) = (None, None);
            found.manifest.cron_jobs.push(CronJob { id, title, schedule, endpoint, path, service, at });
        }
    }
}

fn schedule(config: &Config<'_>, found: &mut Found) -> Option<String> {
    let every = config.integer("Every", found).filter(|seconds| *seconds != 0);
    let expression = config.text("Schedule", found);
    match (every, expression) {
        (Some(_), Some(_)) => {
            let diagnostic = Diagnostic::error(Number::S0007, "a cron job has both `Every` and `Schedule`")
                .at(&config.at_field("Schedule"))
                .label(&config.at_field("Every"), "this is the other")
                .note("it would not be clear when it runs")
                .help("remove one of the two");
            found.diagnostics.push(diagnostic);
            None
        }
        (Some(seconds), None) if seconds % 60 != 0 => {
            let diagnostic =
                Diagnostic::error(Number::S0009, format!("`Every` is {seconds} seconds, not whole minutes"))
                    .at(&config.at_field("Every"))
                    .note("cron jobs run by the minute")
                    .help("write it in minutes, such as `10 * cron.Minute`");
            found.diagnostics.push(diagnostic);
            None
        }
        (Some(seconds), None) => Some(format!("every:{}", seconds / 60)),
        (None, expression) => expression.map(|expression| format!("schedule:{expression}")),
    }
}

/// `service.endpoint`. Whether there is such an endpoint is asked later, when all are known.
fn endpoint(
    program: &Program<'_>,
    each: &Declared<'_>,
    config: &Config<'_>,
    found: &mut Found,
) -> Option<String> {
    let value = config.required("Endpoint", "write `Endpoint: MyEndpoint`", found)?;
    let file = each.file;
    // Naming it here is no call of the service.
    if let ValueForm::Path(path) = &value.form {
        found.named_only.insert((file.path.to_owned(), place(path)));
    }
    let named = named(program, file, value).and_then(|key| {
        let service = found.endpoints.get(&key).copied();
        let service = service.or_else(|| program.service_of(program.folder_of(&key.0)?))?;
        Some(format!("{}.{}", found.manifest.services[service].name, key.1))
    });
    if named.is_none() {
        let diagnostic = Diagnostic::error(Number::S0011, "the endpoint of this cron job cannot be found")
            .at(&file.at(value.at))
            .note("a cron job calls an endpoint of a service of this app")
            .help("name a function that has `//encore:api` above it");
        found.diagnostics.push(diagnostic);
    }
    named
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_file};

    fn check_job(config: &str, expected: &str) {
        check_file(&format!("var _ = cron.NewJob(\"j\", cron.JobConfig{{{config}}})"), &[expected], &[]);
    }

    #[test]
    fn a_job_has_one_schedule() {
        check_job("Every: 90 * cron.Minute, Endpoint: Here", "cron j \"-\" every:90 svc.Here");
        check_job(
            "Title: \"T\", Schedule: \"0 4 * * *\", Endpoint: Here",
            "cron j \"T\" schedule:0 4 * * * svc.Here",
        );
        check_job("Endpoint: Missing", "cron j \"-\" - svc.Missing");
        check_file(
            "var _ = cron.NewJob(\"j\", cron.JobConfig{Every: 90, Endpoint: Here})",
            &["cron j \"-\" - svc.Here"],
            &["S0009 svc/svc.go:16:48-16:50 `Every` is 90 seconds, not whole minutes"],
        );
        check_file(
            "var _ = cron.NewJob(\"j\", cron.JobConfig{Every: 60, Schedule: \"x\", Endpoint: Here})",
            &["cron j \"-\" - svc.Here"],
            &["S0007 svc/svc.go:16:62-16:65 a cron job has both `Every` and `Schedule`"],
        );
    }

    #[test]
    fn a_job_names_its_endpoint() {
        check_file(
            "var _ = cron.NewJob(\"j\", cron.JobConfig{Every: 60})",
            &[],
            &["S0010 svc/svc.go:16:26-16:51 the field `Endpoint` is missing"],
        );
        check_file(
            "var _ = cron.NewJob(\"j\", cron.JobConfig{Every: 60, Endpoint: func() {}})",
            &[],
            &["S0011 svc/svc.go:16:62-16:71 the endpoint of this cron job cannot be found"],
        );
    }

    #[test]
    fn naming_the_endpoint_of_another_service_is_no_call() {
        let jobs = "package b
import (\"encore.dev/cron\"; \"example.com/app/a\")
//encore:api public
func B() {}
var _ = cron.NewJob(\"j\", cron.JobConfig{Every: 60, Endpoint: a.A})
";
        check(
            &[("a/a.go", "package a\n//encore:api private\nfunc A() {}\n"), ("b/b.go", jobs)],
            &["cron j \"-\" every:1 a.A"],
            &[],
        );
    }
}
