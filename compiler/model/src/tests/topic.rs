use std::time::Duration;

use schema_documents::manifest::Delivery;

use super::{go, model, ts};
use crate::{Retries, Subscription};

fn subscribed(fields: &str) -> String {
    format!(
        r#"
        [[topics]]
        name = "t"
        at = "t:1"
        subscriptions = [{{ name = "s", service = "a", at = "t:2", {fields} }}]
        "#
    )
}

#[track_caller]
fn subscription(language: &str, fields: &str) -> Subscription {
    let mut app = model(language, &subscribed(fields));
    app.topics.remove("t").and_then(|mut topic| topic.subscriptions.remove("s")).unwrap()
}

#[test]
fn a_subscription_has_the_defaults_of_its_language() {
    let subscription_of = |language| subscription(language, "");
    let subscribed = subscription_of("typescript");
    assert_eq!(subscribed.ack_deadline, Duration::from_secs(30));
    assert_eq!(subscribed.message_retention, Duration::from_hours(7 * 24));
    assert_eq!(
        (subscribed.min_backoff, subscribed.max_backoff),
        (Duration::from_secs(10), Duration::from_mins(10))
    );
    assert_eq!((subscribed.retries, subscribed.max_concurrency), (Retries::Limited(100), None));
    assert_eq!(subscription_of("go").max_concurrency, Some(100));
}

#[test]
fn retries_have_words_of_their_own() {
    for (written, expected) in [("-2", Retries::None), ("-1", Retries::Unlimited), ("3", Retries::Limited(3))]
    {
        let retries = subscription("go", &format!("max_retries = {written}")).retries;
        assert_eq!((retries, retries.as_number().to_string()), (expected, written.to_owned()));
    }
    assert_eq!(subscription("go", "max_retries = 0").retries, Retries::Limited(100));
    assert_eq!(subscription("typescript", "max_retries = 0").retries, Retries::None);
    go(
        &subscribed("max_retries = -3"),
        "
M0108 t:2 subscription `s` has a maximum of -3 retries
  help: write -2 for none, -1 for no end, or a number up to 4294967295
",
    );
}

#[test]
fn durations_have_a_least_value() {
    for (field, what, ns, shown, least) in [
        ("ack_deadline_ns", "an ack deadline", "999999999", "999.999999ms", "1 second"),
        ("message_retention_ns", "a message retention", "59000000000", "59s", "1 minute"),
        ("min_backoff_ns", "a shortest backoff", "0", "0ns", "1 second"),
        ("max_backoff_ns", "a longest backoff", "-5000000000", "-5s", "1 second"),
    ] {
        let expected =
            format!("M0108 t:2 subscription `s` has {what} of {shown}\n  help: write at least {least}");
        go(&subscribed(&format!("{field} = {ns}")), &expected);
        ts(&subscribed(&format!("{field} = {ns}")), &expected);
    }
}

#[test]
fn the_longest_backoff_is_not_below_the_shortest() {
    go(
        &subscribed("min_backoff_ns = 900000000000"),
        "
M0108 t:2 subscription `s` has a longest backoff below its shortest
  note: the shortest is 15 minutes, the longest 10 minutes, the default
  help: raise the longest backoff to 15 minutes or more
",
    );
}

#[test]
fn a_topic_delivers_at_least_once_unless_it_says_otherwise() {
    let app = model("typescript", r#"topics = [{ name = "site.added", at = "t:1" }]"#);
    assert_eq!(app.topics["site.added"].delivery, Delivery::AtLeastOnce);
}

#[test]
fn one_subscription_name_serves_for_two_topics_but_not_twice_for_one() {
    let subscription = r#"{ name = "handler", service = "a", at = "t:"#;
    let one = format!("[{subscription}1\" }}]");
    let two = format!("[{subscription}1\" }}, {subscription}2\" }}]");
    let topics = |first: &str, second: &str| {
        format!(
            r#"topics = [
                {{ name = "x", at = "t:1", subscriptions = {first} }},
                {{ name = "y", at = "t:1", subscriptions = {second} }},
            ]"#
        )
    };
    ts(&topics(&one, &one), "");
    ts(
        &topics(&one, &two),
        "
M0101 t:2 subscription `handler` of `y` is declared twice
  t:1 it is declared here first
  help: give one subscription another name, or remove it
",
    );
}

#[test]
fn publishers_and_subscribers_are_services_that_exist() {
    ts(
        r#"
        [[topics]]
        name = "t"
        publishers = ["ab"]
        at = "t:1"
        subscriptions = [{ name = "s", service = "monitor", at = "t:2" }]
        "#,
        "
M0103 t:1 topic `t` is published to by service `ab`, which is not declared
  help: did you mean `a`?
M0103 t:2 subscription `s` belongs to service `monitor`, which is not declared
",
    );
}

#[test]
fn a_go_topic_is_in_kebab_case_and_a_typescript_one_may_have_dots() {
    let topic = r#"topics = [{ name = "site.added", at = "t:1" }]"#;
    ts(topic, "");
    go(
        topic,
        "
M0102 t:1 `site.added` is not a valid topic name
  note: a topic name is 1 to 63 characters long: lower-case letters, digits and `-`, with a letter first and no `-` last
  help: try `site-added`
",
    );
}
