//! Pub/Sub topics, their subscriptions and publishers.
//!
//! ```ts
//! export const added = new Topic<Site>("site.added", { deliveryGuarantee: "at-least-once" });
//! const _ = new Subscription(added, "check-site", { handler: check, ackDeadline: "30s" });
//! await added.publish(site);
//! ```

use compiler_diagnostics::{Code, Diagnostic, closest};
use schema_documents::manifest::{Delivery, Subscription, Topic};

use super::construct::Construct;
use super::facts::Action;
use super::found::{Found, Resource};
use super::literal::{Config, list};
use super::site::Site;
use super::usage::Usage;

/// Reads a topic.
pub(super) fn declare(site: Site<'_>, found: &mut Found) {
    let out = &mut found.diagnostics;
    let config = site.config(1, &["deliveryGuarantee", "orderingAttribute"], out);
    let delivery = match config.value("deliveryGuarantee").and_then(|value| value.as_string()) {
        Some("at-least-once") => Some(Delivery::AtLeastOnce),
        Some("exactly-once") => Some(Delivery::ExactlyOnce),
        _ => None,
    };
    let delivery =
        config.expect("deliveryGuarantee", delivery, "`\"at-least-once\"` or `\"exactly-once\"`", out);
    let ordering_attribute = config.string("orderingAttribute", out).map(str::to_owned);
    let Some(named) = site.name(0, out) else { return };
    if site.declaration.types.is_empty() {
        out.push(site.missing_type("the type of its messages", "new Topic<Message>(…)"));
    }
    if site.argument(1).is_none() {
        out.push(site.missing("a configuration with a `deliveryGuarantee`"));
    }
    if let Some(service) = site.service() {
        found.services[service].binds.topics.push(named.name.clone());
    }
    found.resources.insert(site.key, Resource::Topic(found.manifest.topics.len()));
    found.manifest.topics.push(Topic {
        name: named.name,
        delivery,
        ordering_attribute,
        publishers: Vec::new(),
        subscriptions: Vec::new(),
        reference: false,
        at: named.at,
    });
}

/// Reads a subscription, once all topics are known.
pub(super) fn declare_subscription(site: Site<'_>, found: &mut Found) {
    const OPTIONS: [&str; 5] =
        ["handler", "maxConcurrency", "ackDeadline", "messageRetention", "retryPolicy"];
    let out = &mut found.diagnostics;
    let config = site.config(2, &OPTIONS, out);
    let retry = config.nested("retryPolicy", &["minBackoff", "maxBackoff", "maxRetries"], out);
    let max_retries = max_retries(site, &retry, out);
    let Some(topic) = site.argument(0) else {
        out.push(site.missing("a topic"));
        return;
    };
    let Some(named) = site.name(1, out) else { return };
    if site.argument(2).is_none() {
        out.push(site.missing("a configuration with a handler"));
    } else if config.value("handler").is_none() {
        out.push(site.missing_field("handler"));
    }
    let subscription = Subscription {
        name: named.name,
        service: site.service_name(),
        ack_deadline_ns: config.duration_ns("ackDeadline", out),
        message_retention_ns: config.duration_ns("messageRetention", out),
        min_backoff_ns: retry.duration_ns("minBackoff", out),
        max_backoff_ns: retry.duration_ns("maxBackoff", out),
        max_retries,
        max_concurrency: config.integer("maxConcurrency", out),
        at: named.at,
    };
    match site.program.declaration_of(site.key.0, topic).and_then(|key| found.resources.get(&key)) {
        Some(Resource::Topic(index)) => found.manifest.topics[*index].subscriptions.push(subscription),
        _ => out.push(site.unresolved(topic, "a topic")),
    }
}

/// How often a message is tried again; there is no number for "without end".
fn max_retries(site: Site<'_>, retry: &Config<'_>, out: &mut Vec<Diagnostic>) -> Option<i64> {
    let times = retry.integer("maxRetries", out)?;
    if let (true, Some(value)) = (times < 0, retry.value("maxRetries")) {
        out.push(
            Diagnostic::error(Code::M0108, format!("`maxRetries` is {times}, which is below zero"))
                .at(&site.module.at(value.at))
                .note("it is how often a message is tried again before it becomes a dead letter")
                .help("write `0` for not once, or leave it out for 100 times"),
        );
        return None;
    }
    Some(times)
}

/// Notes what is done with a topic.
pub(super) fn note_use(index: usize, usage: &Usage<'_>, found: &mut Found) {
    let name = found.manifest.topics[index].name.clone();
    let publishes = match usage.field() {
        Some("publish") => true,
        Some("ref") if usage.is_reference() => is_publisher(&name, usage, &mut found.diagnostics),
        Some(method) => {
            found.diagnostics.extend(unknown_method(method, &name, usage));
            false
        }
        None if usage.is_argument_of(Construct::Subscription) => false,
        None => {
            found.diagnostics.push(usage.passed_on(
                &format!("the topic `{name}`"),
                "the service is allowed to publish to it",
                "pass on `topic.ref<Publisher>()` instead",
            ));
            true
        }
    };
    if publishes && usage.services.is_empty() {
        found.diagnostics.push(usage.outside(&name));
    }
    if publishes {
        found.manifest.topics[index].publishers.extend(usage.service_names().map(str::to_owned));
    }
}

fn is_publisher(name: &str, usage: &Usage<'_>, out: &mut Vec<Diagnostic>) -> bool {
    let permissions = usage.permissions();
    let is_publisher = permissions.contains("Publisher");
    if !is_publisher {
        let guess = permissions.iter().find_map(|one| closest(one, ["Publisher"]));
        let guess = guess.map(|guess| format!("did you mean `{guess}`?"));
        out.push(
            Diagnostic::error(Code::S0027, format!("the reference to topic `{name}` names no permission"))
                .at(&usage.at())
                .note("the type argument says what may be done through a reference")
                .help(guess.unwrap_or_else(|| "write `ref<Publisher>()`".to_owned())),
        );
    }
    is_publisher
}

fn unknown_method(method: &str, name: &str, usage: &Usage<'_>) -> Option<Diagnostic> {
    let known = ["publish", "ref"];
    let is_unknown = usage.action == Action::Called && usage.rest.len() == 1;
    let guess = closest(method, known).map(|guess| format!("did you mean `{guess}`?"));
    is_unknown.then(|| {
        Diagnostic::error(Code::S0028, format!("topic `{name}` has no operation `{method}`"))
            .at(&usage.at())
            .note("what a service may do with a topic follows from the operations that its code calls")
            .help(guess.unwrap_or_else(|| format!("operations are {}", list(&known))))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    const BOUND: &str = r#"services {"name": "svc", "path": "svc", "binds": {"topics": ["t"]}}"#;

    fn check_topic(rest: &str, expected: &[&str]) {
        let source = format!(
            "import {{ Topic, Subscription, Publisher as P }} from 'encore.dev/pubsub';\nconst t = new Topic<M>('t', {{}});\n{rest}"
        );
        let expected: Vec<&str> = expected.iter().copied().chain([BOUND]).collect();
        check(&source, &expected);
    }

    #[test]
    fn a_topic_has_a_guarantee_and_an_order() {
        check(
            "import { Topic } from 'encore.dev/pubsub';
const t = new Topic<M>('t', { deliveryGuarantee: 'exactly-once', orderingAttribute: 'id' });",
            &[BOUND, r#"topics {"name": "t", "delivery": "exactly_once", "ordering_attribute": "id"}"#],
        );
        check(
            "import { Topic } from 'encore.dev/pubsub';\nconst t = new Topic('t', { deliveryGuarantee: 'once' });",
            &[
                BOUND,
                r#"topics {"name": "t"}"#,
                "S0007 svc/svc.ts:2:7-2:8 `new Topic` needs the type of its messages",
                "S0009 svc/svc.ts:2:47-2:53 `deliveryGuarantee` must be `\"at-least-once\"` or `\"exactly-once\"`",
            ],
        );
    }

    #[test]
    fn a_topic_needs_a_configuration() {
        check(
            "import { Topic } from 'encore.dev/pubsub';\nconst t = new Topic<M>('t');",
            &[
                BOUND,
                r#"topics {"name": "t"}"#,
                "S0007 svc/svc.ts:2:11-2:28 `new Topic` needs a configuration with a `deliveryGuarantee`",
            ],
        );
    }

    #[test]
    fn a_message_is_not_tried_again_less_than_never() {
        check_topic(
            "new Subscription(t, 's', { handler: f, retryPolicy: { maxRetries: -1 } });",
            &[
                r#"topics {"name": "t", "subscriptions": [{"name": "s", "service": "svc"}]}"#,
                "M0108 svc/svc.ts:3:67-3:69 `maxRetries` is -1, which is below zero",
            ],
        );
    }

    #[test]
    fn a_subscription_says_only_what_the_code_says() {
        check_topic(
            "new Subscription(t, 's', { handler: async (m) => {} });",
            &[r#"topics {"name": "t", "subscriptions": [{"name": "s", "service": "svc"}]}"#],
        );
        check_topic(
            "const _ = new Subscription(t, 's', { handler, maxConcurrency: 5 * 2, ackDeadline: '1m', messageRetention: '7d',
retryPolicy: { minBackoff: '5s', maxBackoff: '1h', maxRetries: 3 } });",
            &[r#"topics {"name": "t", "subscriptions": [{"name": "s", "service": "svc", "max_concurrency": 10,
                "ack_deadline_ns": 60000000000, "message_retention_ns": 604800000000000, "min_backoff_ns": 5000000000,
                "max_backoff_ns": 3600000000000, "max_retries": 3}]}"#],
        );
    }

    #[test]
    fn bad_subscriptions_are_reported() {
        check_topic(
            "new Subscription(u, 's', { handler: f, ackDeadline: 30 });\nnew Subscription(t, 's', { retries: 3 });",
            &[
                r#"topics {"name": "t", "subscriptions": [{"name": "s", "service": "svc"}]}"#,
                "S0011 svc/svc.ts:3:18-3:19 this does not lead to a topic",
                "S0009 svc/svc.ts:3:53-3:55 `ackDeadline` must be a duration such as `\"30s\"`, `\"10m\"` or `\"7d\"`",
                "S0008 svc/svc.ts:4:28-4:35 unknown field `retries`",
                "S0010 svc/svc.ts:4:1-4:18 `new Subscription` needs the field `handler`",
            ],
        );
    }

    #[test]
    fn publishing_makes_a_publisher() {
        let published = r#"topics {"name": "t", "publishers": ["svc"]}"#;
        check_topic("async function f() { await t.publish({}); }", &[published]);
        check_topic("const p = t.ref<P>();", &[published]);
        check_topic("f(t.publish);", &[published]);
        check_topic("type All = P & { x: 1 }; export const p = t.ref<All>();", &[published]);
        check_topic("g(t);", &[published, "S0018 svc/svc.ts:3:1-3:5 the topic `t` is passed on as a value"]);
    }

    #[test]
    fn what_a_topic_cannot_do_is_reported() {
        check_topic(
            "t.publsh({}); t.ref<Publsher>();",
            &[
                r#"topics {"name": "t"}"#,
                "S0028 svc/svc.ts:3:1-3:13 topic `t` has no operation `publsh`",
                "S0027 svc/svc.ts:3:15-3:32 the reference to topic `t` names no permission",
            ],
        );
    }
}
