use super::{check, go, model, ts};
use crate::{Schedule, Target};

fn job(fields: &str) -> String {
    format!(
        r#"
        cron_jobs = [{{ id = "j", at = "j:1", {fields} }}]
        [[services]]
        name = "b"
        path = "b"
        at = "b:1"
        endpoints = [
            {{ name = "Asks", takes_request = true, at = "b:2" }},
            {{ name = "ById", path = "/x/:id", at = "b:3" }},
        ]
        "#
    )
}

fn scheduled(schedule: &str) -> String {
    job(&format!("endpoint = \"a.Run\", schedule = \"{schedule}\""))
}

#[test]
fn an_interval_is_from_a_minute_to_a_day() {
    for (minutes, expected) in [("0", "0"), ("-5", "-5"), ("1441", "1441"), ("99999999999", "99999999999")] {
        let expected = format!(
            "M0105 j:1 cron job `j` runs every {expected} minutes
  help: write a number of minutes from 1 to 1440, which is a day"
        );
        go(&scheduled(&format!("every:{minutes}")), &expected);
        ts(&scheduled(&format!("every:{minutes}")), &expected);
    }
    for minutes in ["1", "60", "1440"] {
        go(&scheduled(&format!("every:{minutes}")), "");
    }
}

#[test]
fn in_go_an_interval_divides_a_day() {
    for (minutes, nearest) in [(7, 6), (59, 60), (1000, 720), (1439, 1440), (17, 16)] {
        let expected = format!(
            "M0105 j:1 cron job `j` runs every {minutes} minutes, which does not divide a day evenly
  help: try {nearest} minutes"
        );
        go(&scheduled(&format!("every:{minutes}")), &expected);
    }
    ts(&scheduled("every:7"), "");
}

#[test]
fn a_schedule_is_given_and_can_be_read() {
    go(
        &job("endpoint = \"a.Run\""),
        "
M0105 j:1 cron job `j` has no schedule
  help: write how often it runs, or a cron expression
",
    );
    go(
        &scheduled("hourly"),
        "
M0105 j:1 cron job `j` has the schedule `hourly`, which cannot be read
  help: write `every:MINUTES` or `schedule:EXPRESSION`
",
    );
    go(
        &scheduled("every:1h"),
        "
M0105 j:1 cron job `j` runs every `1h` minutes, which is not a number
  help: write a whole number of minutes
",
    );
    ts(
        &scheduled("schedule:0 0 * * 7"),
        "
M0105 j:1 cron job `j` has a schedule that is not valid: the day of week `7` is not between 0 and 6
  help: write 0 for Sunday
",
    );
}

#[test]
fn a_day_that_never_comes_is_a_warning() {
    go(
        &scheduled("schedule:0 0 31 2 *"),
        "
warning M0105 j:1 cron job `j` never runs
  note: no month in `0 0 31 2 *` has such a day
  help: choose a day that the month has
",
    );
}

#[test]
fn the_endpoint_exists() {
    go(
        &job("schedule = \"every:60\", endpoint = \"a.Ran\""),
        "
M0106 j:1 cron job `j` calls `a.Ran`, which does not exist
  help: did you mean `a.Run`?
",
    );
    go(
        &job("schedule = \"every:60\""),
        "
M0106 j:1 cron job `j` names no endpoint
  help: name an endpoint that takes no parameters
",
    );
}

#[test]
fn the_endpoint_takes_no_parameters() {
    for (endpoint, line, what) in [("b.Asks", 2, "a request"), ("b.ById", 3, "path parameters")] {
        let expected = format!(
            "M0107 j:1 cron job `j` calls `{endpoint}`, which takes {what}
  b:{line} the endpoint is declared here
  note: a cron job calls its endpoint with nothing to pass
  help: call an endpoint without parameters, which may call this one"
        );
        go(&job(&format!("schedule = \"every:60\", endpoint = \"{endpoint}\"")), &expected);
    }
}

#[test]
fn a_path_of_a_service_may_be_called_instead() {
    let called = |rest: &str| job(&format!("schedule = \"every:60\", {rest}"));
    let app = model("python", &called("path = \"/clean\", service = \"a\""));
    assert_eq!(
        app.cron_jobs["j"].target,
        Target::Path { service: "a".to_owned(), path: "/clean".to_owned() }
    );
    check(
        "python",
        &called("path = \"clean\", service = \"a\""),
        "
M0106 j:1 cron job `j` calls the path `clean`, which does not begin with `/`
  help: write `/clean`
",
    );
    check(
        "python",
        &called("path = \"/clean\", service = \"users\""),
        "M0106 j:1 cron job `j` calls service `users`, which does not exist",
    );
}

#[test]
fn a_day_is_divided_evenly_but_in_typescript() {
    for language in ["go", "python", "rust"] {
        check(
            language,
            &scheduled("every:50"),
            "
M0105 j:1 cron job `j` runs every 50 minutes, which does not divide a day evenly
  help: try 48 minutes
",
        );
    }
    ts(&scheduled("every:50"), "");
}

#[test]
fn the_title_is_the_id_unless_there_is_one() {
    let app = model("go", &scheduled("schedule:0  4 * * MON"));
    let job = &app.cron_jobs["j"];
    assert_eq!((job.title.as_str(), job.target.to_string()), ("j", "a.Run".to_owned()));
    assert_eq!(job.schedule, Schedule::Cron("0 4 * * MON".to_owned()));
    assert_eq!(model("go", &scheduled("every:60")).cron_jobs["j"].schedule, Schedule::Every { minutes: 60 });
}
