//! Pub/Sub topics, their subscriptions and publishers.
//!
//! ```ts
//! export const added = new Topic<Site>("site.added", { deliveryGuarantee: "at-least-once" });
//! const _ = new Subscription(added, "check-site", { handler: check, ackDeadline: "30s" });
//! await added.publish(site);
//! ```

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::Position;
use schema_documents::manifest::{Delivery, Subscription, Topic};

use super::construct::Construct;
use super::facts::Action;
use super::found::{Found, Resource, Usage};
use super::site::Site;

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
        max_retries: retry.integer("maxRetries", out),
        max_concurrency: config.integer("maxConcurrency", out),
        at: named.at,
    };
    match site.program.declaration_of(site.key.0, topic).and_then(|key| found.resources.get(&key)) {
        Some(Resource::Topic(index)) => found.manifest.topics[*index].subscriptions.push(subscription),
        _ => out.push(site.unresolved(topic, "a topic")),
    }
}

/// Notes what is done with a topic.
pub(super) fn note_use(index: usize, usage: &Usage<'_>, found: &mut Found) {
    let publishes = match (usage.rest.first().map(String::as_str), usage.one.action) {
        (Some("publish"), _) => true,
        (Some("ref"), Action::Called) => usage.permissions().contains("Publisher"),
        (None, _) if usage.is_argument_of(Construct::Subscription) => false,
        (None, _) => {
            found.diagnostics.push(cannot_follow(&usage.at(), &found.manifest.topics[index].name));
            false
        }
        _ => false,
    };
    if !publishes {
        return;
    }
    match usage.service_name() {
        Some(service) => found.manifest.topics[index].publishers.push(service.to_owned()),
        None => found.diagnostics.push(usage.outside(&found.manifest.topics[index].name)),
    }
}

fn cannot_follow(at: &Position, topic: &str) -> Diagnostic {
    Diagnostic::warning(Code::S0011, format!("what is done with topic `{topic}` here cannot be followed"))
        .at(at)
        .note("each service is allowed to publish only to the topics to which its code publishes")
        .help("pass on `topic.ref<Publisher>()` instead of the topic")
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    const BOUND: &str = r#"services {"name": "svc", "path": "svc", "binds": {"topics": ["t"]}}"#;

    fn check_topic(rest: &str, expected: &[&str]) {
        let source = format!(
            "import {{ Topic, Subscription, Publisher as P }} from 'encore.dev/pubsub';\nconst t = new Topic<M>('t');\n{rest}"
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
                "S0009 svc/svc.ts:2:47-2:53 `deliveryGuarantee` must be `\"at-least-once\"` or `\"exactly-once\"`",
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
        check_topic(
            "g(t);",
            &[
                r#"topics {"name": "t"}"#,
                "S0011 svc/svc.ts:3:1-3:5 what is done with topic `t` here cannot be followed",
            ],
        );
    }
}
