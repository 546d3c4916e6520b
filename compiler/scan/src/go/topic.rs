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
    found.manifest.topics.push(Topic {
        name,
        delivery,
        ordering_attribute,
        publishers,
        subscriptions,
        reference: false,
        at,
    });
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

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_file};

    const TOPIC: &str = "var t = pubsub.NewTopic[*M](\"t\", pubsub.TopicConfig{DeliveryGuarantee: pubsub.ExactlyOnce, OrderingAttribute: \"k\"})\n";

    #[test]
    fn a_topic_has_a_guarantee_and_an_order() {
        check_file(TOPIC, &["topic t ExactlyOnce k", "service svc svc binds=svc,t"], &[]);
        check_file(
            "var t = pubsub.NewTopic[*M](\"t\", pubsub.TopicConfig{})",
            &["topic t - -"],
            &["S0010 svc/svc.go:16:34-16:54 the field `DeliveryGuarantee` is missing"],
        );
        check_file(
            "var t = pubsub.NewTopic[*M](\"t\", pubsub.TopicConfig{DeliveryGuarantee: 3})",
            &["topic t - -"],
            &["S0009 svc/svc.go:16:72-16:73 `DeliveryGuarantee` is not a delivery guarantee"],
        );
    }

    #[test]
    fn all_of_a_subscription_is_read() {
        let subscription = "var _ = pubsub.NewSubscription(t, \"s\", pubsub.SubscriptionConfig[*M]{
	Handler: pubsub.MethodHandler((*Service).Handle),
	MaxConcurrency: 5,
	AckDeadline: time.Minute,
	MessageRetention: 24 * time.Hour,
	RetryPolicy: &pubsub.RetryPolicy{MinBackoff: time.Second, MaxBackoff: 2 * time.Second, MaxRetries: pubsub.InfiniteRetries},
})";
        check_file(
            &format!("{TOPIC}{subscription}"),
            &[
                "subscription t/s svc ack=60000000000 retention=86400000000000 min=1000000000 max=2000000000 retries=-1 concurrency=5",
            ],
            &[],
        );
    }

    #[test]
    fn a_subscription_needs_a_topic_and_a_handler() {
        check_file(
            "var _ = pubsub.NewSubscription(nothing, \"s\", pubsub.SubscriptionConfig[*M]{Handler: nil, RetryPolicy: nil})",
            &[],
            &[
                "S0011 svc/svc.go:16:32-16:39 the topic of this subscription cannot be found",
                "S0010 svc/svc.go:16:46-16:107 the field `Handler` is missing",
            ],
        );
    }

    #[test]
    fn who_publishes_is_seen_from_calls_and_references() {
        for usage in [
            "func f() { t.Publish(ctx, m) }",
            "var r = pubsub.TopicRef[pubsub.Publisher[*M]](t)",
            "func f() { g(pubsub.TopicRef[Mine](t)) }",
        ] {
            check_file(&format!("{TOPIC}{usage}\n"), &["topic t ExactlyOnce k svc"], &[]);
        }
        check_file(&format!("{TOPIC}func f() {{ t.Meta() }}\n"), &["topic t ExactlyOnce k"], &[]);
    }

    #[test]
    fn a_topic_of_another_package_is_published_to_by_who_does_it() {
        let shared =
            format!("package events\nimport \"encore.dev/pubsub\"\n{}", TOPIC.replace("var t", "var T"));
        check(
            &[
                ("events/events.go", &shared),
                (
                    "a/a.go",
                    "package a\nimport e \"example.com/app/events\"\n//encore:api public\nfunc A() { e.T.Publish() }\n",
                ),
                (
                    "b/b.go",
                    "package b\nimport e \"example.com/app/events\"\n//encore:api public\nfunc B(e x) { e.T.Publish() }\n",
                ),
            ],
            &["topic t ExactlyOnce k a"],
            &[],
        );
    }

    #[test]
    fn a_topic_that_is_passed_on_is_an_error() {
        check_file(
            &format!("{TOPIC}func f() {{ g(t) }}\n"),
            &[],
            &["S0018 svc/svc.go:17:14-17:15 the topic `t` is passed on as a value"],
        );
    }
}
