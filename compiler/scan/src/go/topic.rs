//! Pub/Sub: topics, their subscriptions, and who publishes.

use compiler_diagnostics::{Code as Number, Diagnostic};
use schema_documents::manifest::{Delivery, Subscription, Topic};

use super::Found;
use super::declaration::{Config, Constructor, Declared, declared};
use super::resolve::{Code, Site};
use super::syntax::Role;

const PACKAGE: &str = "encore.dev/pubsub";

const NEW_TOPIC: Constructor = Constructor {
    package: PACKAGE,
    function: "NewTopic",
    usage: "pubsub.NewTopic[*Message](\"name\", pubsub.TopicConfig{DeliveryGuarantee: pubsub.AtLeastOnce})",
    arguments: 2,
};

/// The constructor of a subscription, which makes its folder a service.
pub(super) const NEW_SUBSCRIPTION: Constructor = Constructor {
    package: PACKAGE,
    function: "NewSubscription",
    usage: "pubsub.NewSubscription(topic, \"name\", pubsub.SubscriptionConfig[*Message]{Handler: handle})",
    arguments: 3,
};

const SUBSCRIPTION_FIELDS: [&str; 5] =
    ["Handler", "MaxConcurrency", "AckDeadline", "MessageRetention", "RetryPolicy"];

/// Finds topics, subscriptions and publishers.
pub(super) fn scan(code: &Code<'_>, found: &mut Found) {
    for each in declared(code, &NEW_TOPIC, found) {
        topic(code, &each, found);
    }
    for each in declared(code, &NEW_SUBSCRIPTION, found) {
        if let Some((topic, subscription)) = subscription(code, &each, found)
            && let Some(topic) = found.manifest.topics.iter_mut().find(|known| known.name == topic)
        {
            topic.subscriptions.push(subscription);
        }
    }
    for (variable, topic) in found.topics.clone() {
        for site in code.sites(&variable.0, &variable.1) {
            usage(code, site, &topic, found);
        }
    }
}

fn topic(code: &Code<'_>, each: &Declared<'_, '_>, found: &mut Found) {
    let Some((name, at)) = each.name(0, found) else { return };
    let config =
        Config::read(each.file, each.arguments[1], &["DeliveryGuarantee", "OrderingAttribute"], found);
    let help = "write `DeliveryGuarantee: pubsub.AtLeastOnce`, or `pubsub.ExactlyOnce`";
    let is_given = config.required("DeliveryGuarantee", help, found).is_some();
    let delivery = match config.integer("DeliveryGuarantee", found) {
        Some(1) => Some(Delivery::AtLeastOnce),
        Some(2) => Some(Delivery::ExactlyOnce),
        Some(_) if is_given => {
            let diagnostic =
                Diagnostic::error(Number::S0009, "`DeliveryGuarantee` is not a delivery guarantee")
                    .at(&config.at_field("DeliveryGuarantee"))
                    .note("there are two guarantees")
                    .help(help);
            found.diagnostics.push(diagnostic);
            None
        }
        _ => None,
    };
    let ordering_attribute = config.text("OrderingAttribute", found);
    if let Some(service) = found.service_of(code, each.file) {
        service.binds.topics.push(name.clone());
    }
    if let Some(key) = each.key().filter(|_| !each.is_nested) {
        found.topics.insert(key, name.clone());
    }
    let (publishers, subscriptions) = (Vec::new(), Vec::new());
    found.manifest.topics.push(Topic { name, delivery, ordering_attribute, publishers, subscriptions, at });
}

/// A subscription, and the name of its topic.
fn subscription(
    code: &Code<'_>,
    each: &Declared<'_, '_>,
    found: &mut Found,
) -> Option<(String, Subscription)> {
    let topic = each
        .file
        .qualified(each.arguments[0])
        .and_then(|(package, name)| found.topics.get(&(package.to_owned(), name.to_owned())).cloned());
    if topic.is_none() {
        let diagnostic = Diagnostic::error(Number::S0011, "the topic of this subscription cannot be found")
            .at(&each.file.at(each.arguments[0]))
            .note("a subscription names the package-level variable that holds its topic")
            .help("name a variable that is set to `pubsub.NewTopic[…](…)`");
        found.diagnostics.push(diagnostic);
    }
    let (name, at) = each.name(1, found)?;
    let config = Config::read(each.file, each.arguments[2], &SUBSCRIPTION_FIELDS, found);
    config.required("Handler", "write `Handler: handle`, a function of this service", found);
    let retry = config.nested("RetryPolicy", &["MinBackoff", "MaxBackoff", "MaxRetries"], found);
    let mut retry_field = |field| retry.as_ref().and_then(|retry| retry.integer(field, found));
    let (min_backoff_ns, max_backoff_ns, max_retries) =
        (retry_field("MinBackoff"), retry_field("MaxBackoff"), retry_field("MaxRetries"));
    let subscription = Subscription {
        name,
        service: found.service_of(code, each.file)?.name.clone(),
        ack_deadline_ns: config.integer("AckDeadline", found),
        message_retention_ns: config.integer("MessageRetention", found),
        min_backoff_ns,
        max_backoff_ns,
        max_retries,
        max_concurrency: config.integer("MaxConcurrency", found),
        at,
    };
    Some((topic?, subscription))
}

/// A topic is published to, or handed on as a reference for publishing, or subscribed to.
fn usage(code: &Code<'_>, site: Site<'_, '_>, topic: &str, found: &mut Found) {
    let publishes = match site.used.role {
        Role::Method(method) => method == "Publish",
        Role::Argument(call) => match site.file.callee(call) {
            Some((PACKAGE, "TopicRef")) => true,
            Some((PACKAGE, _)) => false,
            _ => return unclear(site, topic, found),
        },
        Role::Field => false,
        Role::Called(_) | Role::Value => return unclear(site, topic, found),
    };
    if !publishes {
        return;
    }
    let names: Vec<_> = found.services_of(code, site.file).map(|service| service.name.clone()).collect();
    if let Some(topic) = found.manifest.topics.iter_mut().find(|known| known.name == topic) {
        topic.publishers.extend(names);
    }
}

fn unclear(site: Site<'_, '_>, topic: &str, found: &mut Found) {
    let diagnostic = Diagnostic::error(Number::S0018, format!("the topic `{topic}` is passed on as a value"))
        .at(&site.file.at(site.used.node))
        .note("who publishes cannot be seen from here, so no service would be allowed to")
        .help("pass on a reference: `pubsub.TopicRef[pubsub.Publisher[*Message]](topic)`");
    found.diagnostics.push(diagnostic);
}
