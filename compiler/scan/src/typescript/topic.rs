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
use super::found::{Found, Resource, Usage};
use super::site::Site;
use super::syntax::Action;

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
            found.diagnostics.push(cannot_follow(usage.at(), &found.manifest.topics[index].name));
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

fn cannot_follow(at: Position, topic: &str) -> Diagnostic {
    Diagnostic::warning(Code::S0011, format!("what is done with topic `{topic}` here cannot be followed"))
        .at(&at)
        .note("each service is allowed to publish only to the topics to which its code publishes")
        .help("pass on `topic.ref<Publisher>()` instead of the topic")
}
