//! Pub/Sub topics, their subscriptions and publishers.
//!
//! ```text
//! static PLACED: Topic<OrderPlaced> = Topic::new("order-placed");
//! static SHIPMENTS: OrderedTopic<Shipment> = OrderedTopic::new("shipments").exactly_once();
//! #[encore::pubsub::register]
//! static RECEIPT: Subscription<OrderPlaced> = Subscription::new(&PLACED, "send-receipt", send_receipt);
//! PLACED.publish(&placed).await?;
//! ```

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::manifest::{Delivery, Subscription, Topic};

use super::found::{Found, Resource, Usage};
use super::program::Key;
use super::resolve::Space;
use super::sdk;
use super::site::Site;
use super::syntax::Register;

/// What the SDK calls the key that is given when a message is published: it has no attribute of its own.
const ORDERING_KEY: &str = "ordering_key";

/// Reads a topic, or the name of one that is declared elsewhere.
pub(super) fn declare(site: Site<'_>, is_ordered: bool, found: &mut Found) {
    let Some(named) = site.name(0, &mut found.diagnostics) else { return };
    if let Some(service) = site.service() {
        found.manifest.services[service].binds.topics.push(named.name.clone());
    }
    found.hold(site, Resource::Topic(named.name.clone()));
    let is_known = found.manifest.topics.iter().any(|topic| topic.name == named.name && topic.reference);
    if site.is_named && is_known {
        return;
    }
    let is_ordered = is_ordered || is_declared_ordered(site);
    found.manifest.topics.push(Topic {
        name: named.name,
        delivery: site.has("exactly_once").then_some(Delivery::ExactlyOnce),
        ordering_attribute: (is_ordered && !site.is_named).then(|| ORDERING_KEY.to_owned()),
        publishers: Vec::new(),
        subscriptions: Vec::new(),
        reference: site.is_named,
        at: named.at,
    });
}

/// `static CHANGES: OrderedTopic<…> = Topic::new(…)`
fn is_declared_ordered(site: Site<'_>) -> bool {
    let Some((_, binding)) = site.held else { return false };
    binding.declared.iter().chain(&binding.arguments).any(|written| {
        let path = site.names.of_sdk(site.module, written, Space::Types);
        path.is_some_and(|path| sdk::is_ordered(&path))
    })
}

/// Reads a subscription, once all topics are known.
pub(super) fn declare_subscription(site: Site<'_>, found: &mut Found) {
    let out = &mut found.diagnostics;
    let Some(topic) = site.argument(0) else {
        out.push(site.missing("a topic"));
        return;
    };
    let key = topic.as_path().and_then(|path| site.names.binding(site.module, path));
    let named = site.name(1, out);
    if site.argument(2).is_none() {
        out.push(site.missing("a handler"));
    }
    let resource = key.and_then(|key| found.resources.get(&key)).cloned();
    let Some(Resource::Topic(topic_name)) = resource else {
        out.push(
            Diagnostic::error(Code::S0011, "this does not lead to a topic")
                .at(&site.position(topic.at))
                .note("names are followed through modules and imports, not through function calls")
                .help("name a `static` of this app that holds a topic: `&TOPIC`"),
        );
        return;
    };
    let Some(named) = named else { return };
    let subscription = Subscription {
        name: named.name.clone(),
        service: service(site, &named.name, found),
        ack_deadline_ns: site.duration_ns("ack_deadline", &mut found.diagnostics),
        message_retention_ns: site.duration_ns("message_retention", &mut found.diagnostics),
        min_backoff_ns: site.duration_ns("min_backoff", &mut found.diagnostics),
        max_backoff_ns: site.duration_ns("max_backoff", &mut found.diagnostics),
        max_retries: site.integer("max_retries", &mut found.diagnostics),
        max_concurrency: site.integer("max_concurrency", &mut found.diagnostics),
        at: named.at.clone(),
    };
    let topics = found.manifest.topics.iter_mut();
    // Of a declaration and a reference the declaration comes first; with neither, the topic's own name was bad.
    if let Some(topic) = topics.filter(|topic| topic.name == topic_name).min_by_key(|topic| topic.reference) {
        topic.subscriptions.push(subscription);
    }
    if let Some((key, binding)) = site.held {
        found.hold(site, Resource::Subscription);
        found.subscriptions.insert(key, (named.name, named.at));
        if binding.registers.iter().any(|register| is_register(site, register)) {
            found.started.insert(key);
        }
    }
}

/// The service that handles messages: that whose folder holds the subscription, or the only one that runs it.
fn service(site: Site<'_>, name: &str, found: &mut Found) -> String {
    let service = site.service().or_else(|| match site.program().services_of(site.module) {
        [only] => Some(*only),
        _ => None,
    });
    if service.is_none() {
        found.diagnostics.push(
            Diagnostic::error(
                Code::M0112,
                format!("subscription `{name}` is declared outside of all services"),
            )
            .at(&site.at())
            .note("the service that declares a subscription handles its messages")
            .help("move it into the folder of a service"),
        );
    }
    service.map(|service| found.manifest.services[service].name.clone()).unwrap_or_default()
}

fn is_register(site: Site<'_>, register: &Register) -> bool {
    let path = site.names.of_sdk(site.module, &register.path, Space::Values);
    path.is_some_and(|path| sdk::is_register(&path))
}

/// Reports `#[register]` where there is nothing that it could register.
pub(super) fn check_registers(site: Site<'_>, found: &mut Found) {
    let Some((_, binding)) = site.held else { return };
    for register in binding.registers.iter().filter(|register| is_register(site, register)) {
        let is_subscription = site.construct == sdk::Construct::Subscription;
        let message = match (is_subscription, register.has_arguments) {
            (false, _) => format!("`register` stands on a `{}`", site.construct.written()),
            (true, true) => "`register` takes no arguments".to_owned(),
            (true, false) => continue,
        };
        found.diagnostics.push(
            Diagnostic::error(Code::S0014, message)
                .at(&site.position(register.at))
                .note("it has the subscription that it stands on started with the app")
                .help("write `#[encore::pubsub::register]` above `static NAME: Subscription<…>`"),
        );
    }
}

/// Notes what is done with a topic.
pub(super) fn note_use(name: &str, usage: &Usage<'_>, found: &mut Found) {
    match usage.method() {
        Some("publish" | "publish_with") => {}
        Some(_) => return,
        None => found.diagnostics.push(
            Diagnostic::warning(Code::S0018, format!("the topic `{name}` is passed on as a value"))
                .at(&usage.at())
                .note("what is done with it there cannot be seen, so this service is allowed to publish")
                .help("call `publish` on the `static` itself"),
        ),
    }
    if usage.services().is_empty() {
        found.diagnostics.push(usage.outside(name));
    }
    let services = found.service_names(usage.services());
    for topic in found.manifest.topics.iter_mut().filter(|topic| topic.name == name) {
        topic.publishers.extend(services.iter().cloned());
    }
}

/// Notes that a subscription is started by hand, or passed on to who may start it.
pub(super) fn note_started(key: Key, usage: &Usage<'_>, found: &mut Found) {
    if matches!(usage.method(), None | Some("start")) {
        found.started.insert(key);
    }
}

/// Reports subscriptions that nothing starts: their messages would wait for ever.
pub(super) fn report_unstarted(found: &mut Found) {
    let unstarted = found.subscriptions.iter().filter(|(key, _)| !found.started.contains(key));
    let reports = unstarted.map(|(_, (name, at))| {
        Diagnostic::warning(Code::S0037, format!("subscription `{name}` is never started"))
            .at(at)
            .note("a `static` does nothing until it is used, so its messages are kept and not handled")
            .help("write `#[encore::pubsub::register]` above it, or call `start` on it")
    });
    let reports: Vec<_> = reports.collect();
    found.diagnostics.extend(reports);
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    const BOUND: &str = r#"services {"name": "svc", "path": "svc", "binds": {"topics": ["t"]}}"#;

    #[track_caller]
    fn check_topic(rest: &str, expected: &[&str]) {
        let source = format!("use std::time::Duration as D; use encore::pubsub::*;\n{rest}");
        check(&source, &[&[BOUND], expected].concat());
    }

    #[test]
    fn a_topic_may_keep_messages_in_order_and_deliver_once() {
        let ordered = r#"topics {"name": "t", "ordering_attribute": "ordering_key"}"#;
        check_topic("static T: OrderedTopic<u8> = OrderedTopic::new(\"t\");", &[ordered]);
        check_topic("static T: OrderedTopic<u8> = Topic::new(\"t\");", &[ordered]);
        check_topic("static T: Topic<u8, Json, Ordered> = Topic::new(\"t\");", &[ordered]);
        check_topic(
            "static T: Topic<Vec<u8>, Raw> = Topic::new(\"t\").exactly_once();",
            &[r#"topics {"name": "t", "delivery": "exactly_once"}"#],
        );
    }

    #[test]
    fn a_subscription_is_read_with_its_options() {
        check_topic(
            "static T: Topic<u8> = Topic::new(\"t\"); const N: u64 = 2; const M: D = D::from_hours(N * 12);
#[register] static S: Subscription<u8> = Subscription::new(&T, \"s\", f).ack_deadline(D::from_secs(60 * N))
.message_retention(M).min_backoff(D::new(1, 5)).max_backoff(D::from_millis(1_500).saturating_mul(2)).max_retries(-1).max_concurrency(0x10);",
            &[r#"topics {"name": "t", "subscriptions": [{"name": "s", "service": "svc", "ack_deadline_ns": 120000000000,
                "message_retention_ns": 86400000000000, "min_backoff_ns": 1000000005, "max_backoff_ns": 3000000000,
                "max_retries": -1, "max_concurrency": 16}]}"#],
        );
    }

    #[test]
    fn bad_subscriptions_are_reported() {
        check_topic(
            "static T: Topic<u8> = Topic::new(\"t\");
#[register] static S: Subscription<u8> = Subscription::new(&U, \"s\", f);
#[register] static R: Subscription<u8> = Subscription::new(&T, \"r\", f).ack_deadline(d()).retries(3);
#[register(x)] static Q: Subscription<u8> = Subscription::new(&T, \"q\");",
            &[
                r#"topics {"name": "t", "subscriptions": [{"name": "q", "service": "svc"}, {"name": "r", "service": "svc"}]}"#,
                "S0011 svc/src/main.rs:3:60-3:62 this does not lead to a topic",
                "S0008 svc/src/main.rs:4:90-4:97 `Subscription` has no option `retries`",
                "S0009 svc/src/main.rs:4:85-4:88 `ack_deadline` must be a constant such as `Duration::from_secs(30)`",
                "S0014 svc/src/main.rs:5:3-5:11 `register` takes no arguments",
                "S0007 svc/src/main.rs:5:45-5:62 `Subscription::new` needs a handler",
            ],
        );
    }

    #[test]
    fn a_subscription_has_to_be_started() {
        let found = r#"topics {"name": "t", "subscriptions": [{"name": "s", "service": "svc"}]}"#;
        let source = "static T: Topic<u8> = Topic::new(\"t\"); static S: Subscription<u8> = Subscription::new(&T, \"s\", |m| f(m));";
        check_topic(source, &[found, "S0037 svc/src/main.rs:2:91-2:94 subscription `s` is never started"]);
        check_topic(&format!("{source} fn f() {{ S.start().ok(); }}"), &[found]);
        check_topic(&format!("{source} fn f() {{ start(&S); }}"), &[found]);
    }

    #[test]
    fn publishing_makes_a_publisher() {
        let published = r#"topics {"name": "t", "publishers": ["svc"]}"#;
        let topic = "static T: Topic<u8> = Topic::new(\"t\");";
        check_topic(&format!("{topic} fn f() {{ T.publish(&1); }}"), &[published]);
        check_topic(&format!("{topic} fn f() {{ T.publish_with(&1, o); T.name(); }}"), &[published]);
        check_topic(&format!("{topic} fn f() {{ T.name(); }}"), &[r#"topics {"name": "t"}"#]);
        check_topic(
            &format!("{topic} fn f() {{ g(&T); }}"),
            &[published, "S0018 svc/src/main.rs:2:52-2:53 the topic `t` is passed on as a value"],
        );
    }

    #[test]
    fn a_topic_may_be_named_that_another_part_of_the_app_declares() {
        check_topic(
            "static T: Topic<u8> = Topic::named(\"t\"); fn f() { T.publish(&1); }",
            &[r#"topics {"name": "t", "reference": true, "publishers": ["svc"]}"#],
        );
        check_topic(
            "static T: Topic<u8> = Topic::new(\"t\"); static U: Topic<u8> = Topic::named(\"t\"); fn f() { U.publish(&1); }",
            &[r#"topics {"name": "t", "publishers": ["svc"]}"#],
        );
    }
}
