//! Pub/Sub: topics, their subscriptions, and who publishes.

use compiler_diagnostics::{Code as Number, Diagnostic, closest};
use schema_documents::manifest::{Delivery, Subscription, Topic};

use super::Found;
use super::declaration::{Config, Constructor, Declared, declared};
use super::handler;
use super::program::{Doing, Program, Site};
use super::types::{Shape, Struct, is_exported, permissions, shape, tagged, written};

const PACKAGE: &str = "encore.dev/pubsub";

const NEW_TOPIC: Constructor = Constructor {
    package: PACKAGE,
    function: "NewTopic",
    usage: "pubsub.NewTopic[*Message](\"name\", pubsub.TopicConfig{DeliveryGuarantee: pubsub.AtLeastOnce})",
    types: 1..=1,
    arguments: 2,
};

/// The constructor of a subscription, which makes its folder a service.
pub(super) const NEW_SUBSCRIPTION: Constructor = Constructor {
    package: PACKAGE,
    function: "NewSubscription",
    usage: "pubsub.NewSubscription(topic, \"name\", pubsub.SubscriptionConfig[*Message]{Handler: handle})",
    types: 0..=1,
    arguments: 3,
};

const SUBSCRIPTION_FIELDS: [&str; 5] =
    ["Handler", "MaxConcurrency", "AckDeadline", "MessageRetention", "RetryPolicy"];

/// The tag that makes a field of a message an attribute.
const ATTRIBUTE: &str = "pubsub-attr";

/// Finds topics, subscriptions and publishers.
pub(super) fn scan(program: &Program<'_>, found: &mut Found) {
    for each in declared(program, &NEW_TOPIC, found) {
        topic(program, &each, found);
    }
    for each in declared(program, &NEW_SUBSCRIPTION, found) {
        if let Some((topic, subscription)) = subscription(program, &each, found)
            && let Some(topic) = found.manifest.topics.iter_mut().find(|known| known.name == topic)
        {
            topic.subscriptions.push(subscription);
        }
    }
    for (variable, topic) in found.topics.clone() {
        for site in program.sites(&variable.0, &variable.1) {
            usage(program, &site, &topic, found);
        }
    }
}

fn topic(program: &Program<'_>, each: &Declared<'_>, found: &mut Found) {
    let Some((name, at)) = each.name(0, found) else { return };
    let known = ["DeliveryGuarantee", "OrderingAttribute"];
    let config = Config::read(each.file, each.argument(1), &known, found);
    let delivery = delivery(&config, found);
    let ordering_attribute = config.text("OrderingAttribute", found);
    message(program, each, &config, ordering_attribute.as_deref(), found);
    if let Some(service) = found.service_of(program, each.file) {
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

fn delivery(config: &Config<'_>, found: &mut Found) -> Option<Delivery> {
    let help = "write `DeliveryGuarantee: pubsub.AtLeastOnce`, or `pubsub.ExactlyOnce`";
    let is_given = config.required("DeliveryGuarantee", help, found).is_some();
    match config.integer("DeliveryGuarantee", found) {
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
    }
}

/// Checks the type of a topic's messages, and their attributes.
fn message(
    program: &Program<'_>,
    each: &Declared<'_>,
    config: &Config<'_>,
    order: Option<&str>,
    found: &mut Found,
) {
    let Some(ty) = each.ty(0) else { return };
    let inner = match &ty.form {
        super::facts::TypeForm::Pointer(inner) => inner,
        _ => ty,
    };
    let structure = match shape(program, each.file, inner) {
        Shape::Struct(structure) => structure,
        Shape::Foreign(..) | Shape::Unknown => return,
        Shape::Basic(_) | Shape::Other => {
            let diagnostic =
                Diagnostic::error(Number::S0020, format!("`{}` is not the type of a message", written(ty)))
                    .at(&each.file.at(ty.at))
                    .note("messages are encoded field by field, under a name that stays")
                    .help("declare a struct with a name: `type Message struct { … }`");
            found.diagnostics.push(diagnostic);
            return;
        }
    };
    found.diagnostics.extend(reserved_attributes(&structure));
    if let Some(order) = order {
        found.diagnostics.extend(ordering(&structure, order, config));
    }
}

fn reserved_attributes(message: &Struct<'_>) -> Vec<Diagnostic> {
    let is_reserved = |attribute: &&str| attribute.starts_with("encore");
    let fields = message.fields.iter().filter_map(|field| {
        let attribute = tagged(field, ATTRIBUTE).filter(is_reserved)?;
        let text = format!("the attribute `{attribute}` begins with `encore`");
        let at = field.tag.as_ref().map_or(field.at, |tag| tag.at);
        Some(
            Diagnostic::error(Number::M0102, text)
                .at(&message.file.at(at))
                .note("such attributes are the framework's own")
                .help("give it another name"),
        )
    });
    fields.collect()
}

/// The attribute that orders a topic is one of an exported field.
fn ordering(message: &Struct<'_>, order: &str, config: &Config<'_>) -> Option<Diagnostic> {
    let tagged_so = message.fields.iter().find(|field| tagged(field, ATTRIBUTE) == Some(order));
    let Some(field) = tagged_so else {
        let attributes = message.fields.iter().filter_map(|field| tagged(field, ATTRIBUTE));
        let help = closest(order, attributes).map(|meant| format!("did you mean `{meant}`?"));
        let help = help.unwrap_or_else(|| format!("write `{ATTRIBUTE}:\"{order}\"` into the tag of a field"));
        return Some(
            Diagnostic::error(
                Number::S0011,
                format!("no field of `{}` has the attribute `{order}`", message.name),
            )
            .at(&config.at_field("OrderingAttribute"))
            .note("messages with the same value of this attribute are kept in order")
            .help(help),
        );
    };
    let name = field.names.first().filter(|name| !is_exported(&name.text))?;
    Some(
        Diagnostic::error(
            Number::S0020,
            format!("the field `{}` orders messages and is not exported", name.text),
        )
        .at(&message.file.at(field.at))
        .note("only exported fields become part of a message")
        .help("begin its name with a capital letter"),
    )
}

/// A subscription, and the name of its topic.
fn subscription(
    program: &Program<'_>,
    each: &Declared<'_>,
    found: &mut Found,
) -> Option<(String, Subscription)> {
    let topic = each.named(program, 0).and_then(|key| found.topics.get(&key).cloned());
    if topic.is_none() {
        let diagnostic = no_topic(program, each, found);
        found.diagnostics.push(diagnostic);
    }
    let (name, at) = each.name(1, found)?;
    let config = Config::read(each.file, each.argument(2), &SUBSCRIPTION_FIELDS, found);
    if let Some(value) =
        config.required("Handler", "write `Handler: handle`, a function of this service", found)
    {
        handler::check(program, each, value, found);
    }
    let retry = config.nested("RetryPolicy", &["MinBackoff", "MaxBackoff", "MaxRetries"], found);
    let mut retry_field = |field| retry.as_ref().and_then(|retry| retry.integer(field, found));
    let (min_backoff_ns, max_backoff_ns, max_retries) =
        (retry_field("MinBackoff"), retry_field("MaxBackoff"), retry_field("MaxRetries"));
    let subscription = Subscription {
        name,
        service: found.service_of(program, each.file)?.name.clone(),
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

fn no_topic(program: &Program<'_>, each: &Declared<'_>, found: &Found) -> Diagnostic {
    let meant = each.named(program, 0).and_then(|(package, name)| {
        let names = found.topics.keys().filter(|(of, _)| *of == package).map(|(_, name)| name.as_str());
        closest(&name, names).map(|meant| format!("did you mean `{meant}`?"))
    });
    Diagnostic::error(Number::S0011, "the topic of this subscription cannot be found")
        .at(&each.at_argument(0))
        .note("a subscription names the package-level variable that holds its topic")
        .help(meant.unwrap_or_else(|| "name a variable that is set to `pubsub.NewTopic[…](…)`".to_owned()))
}

/// A topic is published to, or handed on as a reference for publishing, or subscribed to.
fn usage(program: &Program<'_>, site: &Site<'_>, topic: &str, found: &mut Found) {
    let publishes = match site.doing() {
        Doing::Typed => false,
        Doing::Method(method) => method == "Publish",
        Doing::Passed(passed) if site.is_passed_to(program, PACKAGE, "TopicRef") => {
            let permits = |ty| {
                let permissions = permissions(program, site.file, ty, PACKAGE);
                permissions.is_clear && permissions.names.iter().all(|name| *name == "Publisher")
            };
            if passed.types.len() != 1 || !passed.types.iter().all(permits) {
                unclear(site, topic, found);
            }
            if program.is_outside(site) {
                found.diagnostics.push(site.outside(&format!("topic `{topic}`")));
            }
            true
        }
        Doing::Passed(_)
            if site.is_passed_to(program, PACKAGE, NEW_SUBSCRIPTION.function)
                || site.is_passed_to(program, "encore.dev/et", "Topic") =>
        {
            false
        }
        Doing::Field(field) => {
            unclear(site, topic, found);
            field == "Publish"
        }
        Doing::Passed(_) | Doing::Called(_) | Doing::Valued => return unclear(site, topic, found),
    };
    if !publishes {
        return;
    }
    let names: Vec<_> = found.services_of(program, site).map(|service| service.name.clone()).collect();
    if let Some(topic) = found.manifest.topics.iter_mut().find(|known| known.name == topic) {
        topic.publishers.extend(names);
    }
}

fn unclear(site: &Site<'_>, topic: &str, found: &mut Found) {
    let diagnostic = Diagnostic::error(Number::S0018, format!("the topic `{topic}` is passed on as a value"))
        .at(&site.at())
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
        let subscription = "//encore:service
type Service struct{}
var _ = pubsub.NewSubscription(t, \"s\", pubsub.SubscriptionConfig[*M]{
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
            "func f() { g(pubsub.TopicRef[Mine](t)) }\ntype Mine interface { pubsub.Publisher[*M] }",
            "type Mine = pubsub.Publisher[*M]\nvar r = pubsub.TopicRef[Mine](t)",
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
