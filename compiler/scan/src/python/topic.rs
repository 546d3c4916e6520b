//! Pub/Sub topics, their subscriptions and publishers.
//!
//! ```python
//! placed = pubsub.Topic[Order]("order-placed", exactly_once=True)
//! _ = pubsub.Subscription[Order](placed, "send-receipt", handler=send_receipt, ack_deadline="30s")
//! await placed.publish(order)
//! ```

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::manifest::{Delivery, Subscription, Topic};

use super::construct::Construct;
use super::found::{Found, Resource, Usage};
use super::literal::Kind;
use super::site::{Signature, Site};

/// The attribute by which messages of an ordered topic are kept in order: the key with which each is published.
const ORDERING_KEY: &str = "ordering_key";

/// Reads a topic.
pub(super) fn declare(site: Site<'_>, found: &mut Found) {
    let out = &mut found.diagnostics;
    let given = site.arguments(Signature { positional: &["name"], named: &["exactly_once"] }, out);
    let delivery = given.bool("exactly_once", out).then_some(Delivery::ExactlyOnce);
    let Some(named) = given.name("name", out) else { return };
    let ordering_attribute = (site.construct == Construct::OrderedTopic).then(|| ORDERING_KEY.to_owned());
    let topic = Topic {
        name: named.name,
        delivery,
        ordering_attribute,
        publishers: Vec::new(),
        subscriptions: Vec::new(),
        reference: false,
        at: named.at,
    };
    bind(site, topic, found);
}

/// Reads `Topic.named`.
pub(super) fn declare_named(site: Site<'_>, found: &mut Found) {
    let out = &mut found.diagnostics;
    let given = site.arguments(Signature { positional: &["name"], named: &[] }, out);
    let Some(named) = given.name("name", out) else { return };
    let topic = Topic {
        name: named.name,
        delivery: None,
        ordering_attribute: None,
        publishers: Vec::new(),
        subscriptions: Vec::new(),
        reference: true,
        at: named.at,
    };
    bind(site, topic, found);
}

fn bind(site: Site<'_>, topic: Topic, found: &mut Found) {
    if let Some(service) = site.service() {
        found.manifest.services[service].binds.topics.push(topic.name.clone());
    }
    found.resources.insert(site.key, Resource::Topic(found.manifest.topics.len()));
    found.manifest.topics.push(topic);
}

/// Reads a subscription, once all topics are known.
pub(super) fn declare_subscription(site: Site<'_>, found: &mut Found) {
    const TAKES: Signature = Signature {
        positional: &["topic", "name"],
        named: &[
            "handler",
            "ack_deadline",
            "message_retention",
            "min_backoff",
            "max_backoff",
            "max_retries",
            "max_concurrency",
        ],
    };
    let out = &mut found.diagnostics;
    let given = site.arguments(TAKES, out);
    let Some(topic) = given.value("topic") else {
        out.push(site.missing("a topic"));
        return;
    };
    let Some(named) = given.name("name", out) else { return };
    match given.value("handler").map(|handler| &handler.kind) {
        None => out.push(
            Diagnostic::error(Code::S0010, format!("`{}` needs a `handler`", site.written()))
                .at(&site.at())
                .note("without one its messages would pile up")
                .help("add `handler=…`, an `async` function that takes a message"),
        ),
        Some(Kind::Bool(_) | Kind::Integer(_) | Kind::Text(_) | Kind::Duration(_)) => {
            given.expect("handler", Some(None::<()>), "an `async` function", out);
        }
        Some(_) => {}
    }
    let Some(service) = site.service() else {
        out.push(site.outside(&format!("subscription `{}`", named.name)));
        return;
    };
    let subscription = Subscription {
        name: named.name,
        service: found.manifest.services[service].name.clone(),
        ack_deadline_ns: given.duration_ns("ack_deadline", out),
        message_retention_ns: given.duration_ns("message_retention", out),
        min_backoff_ns: given.duration_ns("min_backoff", out),
        max_backoff_ns: given.duration_ns("max_backoff", out),
        max_retries: given.integer("max_retries", out),
        max_concurrency: given.integer("max_concurrency", out),
        at: named.at,
    };
    match site.program.declaration_of(site.key.0, topic).and_then(|key| found.resources.get(&key)) {
        Some(Resource::Topic(index)) => found.manifest.topics[*index].subscriptions.push(subscription),
        _ => out.push(site.unresolved(topic, "a topic")),
    }
}

/// Notes what is done with a topic.
pub(super) fn note_use(index: usize, usage: &Usage<'_>, found: &mut Found) {
    let name = found.manifest.topics[index].name.clone();
    match usage.member() {
        Some("publish") => {}
        None if !usage.is_harmless(Some(Construct::Subscription)) => {
            let help = "call `publish` here, and pass on a function that does so";
            found.diagnostics.push(usage.passed_on("topic", &name, help));
        }
        _ => return,
    }
    for service in usage.services_or_report(&name, &mut found.diagnostics) {
        let service = found.manifest.services[*service].name.clone();
        found.manifest.topics[index].publishers.push(service);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_app};

    const BOUND: &str = r#"services {"name": "svc", "path": "svc", "binds": {"topics": ["t"]}}"#;

    fn check_topic(rest: &str, expected: &[&str]) {
        let expected: Vec<&str> = expected.iter().copied().chain([BOUND]).collect();
        check(&format!("from encore import pubsub\nt = pubsub.Topic('t')\n{rest}"), &expected);
    }

    #[test]
    fn a_topic_has_a_guarantee_and_an_order() {
        check(
            "from encore import pubsub\nt = pubsub.OrderedTopic[Order]('t', exactly_once=True)",
            &[
                BOUND,
                r#"topics {"name": "t", "delivery": "exactly_once", "ordering_attribute": "ordering_key"}"#,
            ],
        );
        check(
            "from encore.pubsub import Topic\nt = Topic('t', exactly_once=False)",
            &[BOUND, r#"topics {"name": "t"}"#],
        );
    }

    #[test]
    fn a_subscription_says_only_what_the_code_says() {
        check_topic(
            "pubsub.Subscription(t, 's', handler=f)",
            &[r#"topics {"name": "t", "subscriptions": [{"name": "s", "service": "svc"}]}"#],
        );
        check_topic(
            "_ = pubsub.Subscription[Order](t, name='s', handler=lambda m: None, max_concurrency=5 * 2, ack_deadline='1m',
    message_retention='7d', min_backoff='5s', max_backoff=timedelta(hours=1), max_retries=-2)",
            &[r#"topics {"name": "t", "subscriptions": [{"name": "s", "service": "svc", "max_concurrency": 10,
                "ack_deadline_ns": 60000000000, "message_retention_ns": 604800000000000, "min_backoff_ns": 5000000000,
                "max_backoff_ns": 3600000000000, "max_retries": -2}]}"#],
        );
    }

    #[test]
    fn bad_subscriptions_are_reported() {
        check_topic(
            "pubsub.Subscription(u, 's', handler=f, ack_deadline=30)
pubsub.Subscription(t, 's', retries=3)
pubsub.Subscription(topic=t)
pubsub.Subscription(name='x', handler='f')",
            &[
                r#"topics {"name": "t", "subscriptions": [{"name": "s", "service": "svc"}]}"#,
                "S0009 svc/svc.py:3:53-3:55 `ack_deadline` must be a duration such as `\"30s\"`, `\"10m\"` or `\"7d\"`",
                "S0011 svc/svc.py:3:21-3:22 this does not lead to a topic",
                "S0008 svc/svc.py:4:29-4:36 `pubsub.Subscription` takes no `retries`",
                "S0010 svc/svc.py:4:1-4:20 `pubsub.Subscription` needs a `handler`",
                "S0007 svc/svc.py:5:1-5:20 `pubsub.Subscription` needs a name",
                "S0007 svc/svc.py:6:1-6:20 `pubsub.Subscription` needs a topic",
            ],
        );
    }

    #[test]
    fn publishing_makes_a_publisher() {
        let published = r#"topics {"name": "t", "publishers": ["svc"]}"#;
        check_topic("async def f():\n    await t.publish({})", &[published]);
        check_topic("f(t.publish)", &[published]);
        check_topic("g(t)", &[published, "S0018 svc/svc.py:3:3-3:4 the topic `t` is passed on as a value"]);
    }

    #[test]
    fn a_topic_of_another_part_is_referred_to_by_name() {
        check(
            "from encore.pubsub import Topic, Subscription\nt = Topic[int].named('t')\nSubscription(t, 's', handler=f)\nt.publish(1)",
            &[
                BOUND,
                r#"topics {"name": "t", "reference": true, "publishers": ["svc"],
                    "subscriptions": [{"name": "s", "service": "svc"}]}"#,
            ],
        );
        let service = |name| format!(r#"{{"name": "{name}", "lang": "python"}}"#);
        let (a, b) = (service("a"), service("b"));
        check_app(
            &[
                ("a/encore.service.json", &a),
                ("b/encore.service.json", &b),
                (
                    "a/a.py",
                    "from encore import pubsub\npubsub.Subscription(pubsub.Topic.named('t'), 's', handler=f)",
                ),
                ("b/b.py", "from encore import pubsub\nt = pubsub.Topic('t', exactly_once=True)"),
            ],
            &[
                r#"services {"name": "a", "path": "a", "binds": {"topics": ["t"]}}"#,
                r#"services {"name": "b", "path": "b", "binds": {"topics": ["t"]}}"#,
                r#"topics {"name": "t", "delivery": "exactly_once", "subscriptions": [{"name": "s", "service": "a"}]}"#,
            ],
        );
    }

    #[test]
    fn a_subscription_belongs_to_a_service() {
        check_app(
            &[(
                "lib/t.py",
                "from encore import pubsub\nt = pubsub.Topic('t')\ns = pubsub.Subscription(t, 's', handler=f)",
            )],
            &[
                r#"topics {"name": "t"}"#,
                "M0112 lib/t.py:3:1-3:2 subscription `s` is declared outside of all services",
            ],
        );
    }
}
