//! Pub/Sub topics and their subscriptions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::Position;
use schema_documents::manifest::{self, Delivery, Language, Manifest};

use crate::cross::{self, Primitive};
use crate::language::{self, Languages};
use crate::name;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

const ACK_DEADLINE: Duration = Duration::from_secs(30);
const RETENTION: Duration = Duration::from_hours(7 * 24);
const MIN_BACKOFF: Duration = Duration::from_secs(10);
const MAX_BACKOFF: Duration = Duration::from_mins(10);
const MAX_RETRIES: u32 = 100;
/// Messages that an instance of an Encore.go app handles at a time when the code does not say.
const GO_MAX_CONCURRENCY: i64 = 100;

/// A Pub/Sub topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Topic {
    /// Name, unique in the app.
    pub name: String,
    /// Delivery guarantee.
    pub delivery: Delivery,
    /// The message attribute by which messages are kept in order.
    pub ordering_attribute: Option<String>,
    /// Services that publish.
    pub publishers: BTreeSet<String>,
    /// Subscriptions, by name.
    pub subscriptions: BTreeMap<String, Subscription>,
    /// The declaration.
    pub at: Position,
}

/// A subscription to a topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscription {
    /// Name, unique in the topic.
    pub name: String,
    /// The service that handles the messages.
    pub service: String,
    /// Time to acknowledge a message, at least a second.
    pub ack_deadline: Duration,
    /// How long an unacknowledged message is kept, at least a minute.
    pub message_retention: Duration,
    /// Shortest wait before a retry, at least a second.
    pub min_backoff: Duration,
    /// Longest wait before a retry, at least the shortest.
    pub max_backoff: Duration,
    /// When a message becomes a dead letter.
    pub retries: Retries,
    /// Messages handled at a time by one instance; absent where the runtime decides.
    pub max_concurrency: Option<i64>,
    /// The declaration.
    pub at: Position,
}

/// How often a message is tried again before it becomes a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Retries {
    /// Not once.
    None,
    /// So many times, at least one.
    Limited(u32),
    /// Without end: no message becomes a dead letter.
    Unlimited,
}

impl Retries {
    /// The number by which Encore writes it: -2 not once, -1 without end.
    pub fn as_number(self) -> i64 {
        match self {
            Self::None => -2,
            Self::Limited(times) => times.into(),
            Self::Unlimited => -1,
        }
    }
}

pub(crate) fn resolve(manifest: &Manifest, found: &mut Vec<Diagnostic>) -> BTreeMap<String, Topic> {
    let declared = manifest.topics.iter().filter(|topic| !topic.reference);
    let declared = declared.map(|topic| (topic.name.as_str(), &topic.at, topic));
    let languages = Languages::of(manifest);
    let mut topics = BTreeMap::new();
    for (name, topic) in cross::unique(Primitive::Topic, None, declared, found) {
        name::check(language::of_declaration(manifest, &topic.at), Primitive::Topic, name, &topic.at, found);
        let topic = Topic {
            name: name.to_owned(),
            delivery: topic.delivery.unwrap_or(Delivery::AtLeastOnce),
            ordering_attribute: topic.ordering_attribute.clone(),
            publishers: topic.publishers.iter().cloned().collect(),
            subscriptions: subscriptions(&languages, topic, found),
            at: topic.at.clone(),
        };
        topics.insert(name.to_owned(), topic);
    }
    topics
}

fn subscriptions(
    languages: &Languages<'_>,
    topic: &manifest::Topic,
    found: &mut Vec<Diagnostic>,
) -> BTreeMap<String, Subscription> {
    let declared =
        topic.subscriptions.iter().map(|declared| (declared.name.as_str(), &declared.at, declared));
    let mut subscriptions = BTreeMap::new();
    for (name, declared) in cross::unique(Primitive::Subscription, Some(&topic.name), declared, found) {
        let language = languages.of_service(&declared.service);
        name::check(language, Primitive::Subscription, name, &declared.at, found);
        subscriptions.insert(name.to_owned(), subscription(language, declared, found));
    }
    subscriptions
}

fn subscription(
    language: Language,
    declared: &manifest::Subscription,
    found: &mut Vec<Diagnostic>,
) -> Subscription {
    let mut value = |what: &str, written: Option<i64>, default: Duration, least: Duration| match written {
        None => default,
        Some(ns) => at_least(what, ns, least, declared, found).unwrap_or(default),
    };
    let ack_deadline = value("an ack deadline", declared.ack_deadline_ns, ACK_DEADLINE, SECOND);
    let message_retention = value("a message retention", declared.message_retention_ns, RETENTION, MINUTE);
    let min_backoff = value("a shortest backoff", declared.min_backoff_ns, MIN_BACKOFF, SECOND);
    let max_backoff = value("a longest backoff", declared.max_backoff_ns, MAX_BACKOFF, SECOND);
    if max_backoff < min_backoff {
        found.push(crossed_backoffs(declared, min_backoff, max_backoff));
    }
    let default_concurrency = match language {
        Language::Go => Some(GO_MAX_CONCURRENCY),
        Language::Typescript | Language::Python | Language::Rust => None,
    };
    Subscription {
        name: declared.name.clone(),
        service: declared.service.clone(),
        ack_deadline,
        message_retention,
        min_backoff,
        max_backoff,
        retries: retries(language, declared, found),
        max_concurrency: declared.max_concurrency.or(default_concurrency),
        at: declared.at.clone(),
    }
}

fn at_least(
    what: &str,
    written_ns: i64,
    least: Duration,
    declared: &manifest::Subscription,
    found: &mut Vec<Diagnostic>,
) -> Option<Duration> {
    let written = u64::try_from(written_ns).ok().map(Duration::from_nanos);
    if let Some(written) = written.filter(|written| *written >= least) {
        return Some(written);
    }
    let shown = match written {
        Some(written) => format!("{written:?}"),
        None => format!("-{:?}", Duration::from_nanos(written_ns.unsigned_abs())),
    };
    let message = format!("subscription `{}` has {what} of {shown}", declared.name);
    let help = format!("write at least {}", in_words(least));
    found.push(Diagnostic::error(Code::M0108, message).at(&declared.at).help(help));
    None
}

fn crossed_backoffs(declared: &manifest::Subscription, min: Duration, max: Duration) -> Diagnostic {
    let default = |written: Option<i64>| if written.is_none() { ", the default" } else { "" };
    let message = format!("subscription `{}` has a longest backoff below its shortest", declared.name);
    Diagnostic::error(Code::M0108, message)
        .at(&declared.at)
        .note(format!(
            "the shortest is {}{}, the longest {}{}",
            in_words(min),
            default(declared.min_backoff_ns),
            in_words(max),
            default(declared.max_backoff_ns),
        ))
        .help(format!("raise the longest backoff to {} or more", in_words(min)))
}

fn retries(language: Language, declared: &manifest::Subscription, found: &mut Vec<Diagnostic>) -> Retries {
    let default = Retries::Limited(MAX_RETRIES);
    let Some(written) = declared.max_retries else { return default };
    match (written, language) {
        (-2, _) | (0, Language::Typescript | Language::Python | Language::Rust) => Retries::None,
        (-1, _) => Retries::Unlimited,
        // Encore.go cannot tell an explicit zero from none at all.
        (0, Language::Go) => default,
        _ => {
            if let Ok(times) = u32::try_from(written) {
                return Retries::Limited(times);
            }
            let message = format!("subscription `{}` has a maximum of {written} retries", declared.name);
            let help = format!("write -2 for none, -1 for no end, or a number up to {}", u32::MAX);
            found.push(Diagnostic::error(Code::M0108, message).at(&declared.at).help(help));
            default
        }
    }
}

/// A duration as people write it: in the largest unit that divides it.
fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if duration.subsec_nanos() != 0 || seconds == 0 {
        return format!("{duration:?}");
    }
    let units = [(24 * 60 * 60, "day"), (60 * 60, "hour"), (60, "minute"), (1, "second")];
    let (unit, word) =
        units.into_iter().find(|(unit, _)| seconds.is_multiple_of(*unit)).unwrap_or((1, "second"));
    let count = seconds / unit;
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}
