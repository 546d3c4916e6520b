//! The words of the SDK: which name of it declares what.

use schema_documents::manifest::{MetricKind, SecretScope};

/// What a call declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Construct {
    /// `postgres.Database(…)`
    Database,
    /// `postgres.Database.named(…)`
    NamedDatabase,
    /// `pubsub.Topic(…)`
    Topic,
    /// `pubsub.OrderedTopic(…)`
    OrderedTopic,
    /// `pubsub.Topic.named(…)`
    NamedTopic,
    /// `pubsub.Subscription(…)`
    Subscription,
    /// `objects.Bucket(…)`
    Bucket,
    /// `objects.Bucket.named(…)`
    NamedBucket,
    /// `redis.Database(…)`
    Cache,
    /// `redis.Database.named(…)`
    NamedCache,
    /// `cron.Job(…)`
    CronJob,
    /// `secrets.Secret[str](…)` and its relatives
    Secret(SecretScope),
    /// `secrets.SharedSecret[str].named(…)`
    NamedSecret,
    /// `config.Config[T](…)` and its relatives
    Config(SecretScope),
    /// `metrics.Counter(…)` and its relatives
    Metric(MetricKind, SecretScope),
    /// `metrics.Counter.named(…)` and its relatives
    NamedMetric,
    /// `services.base_url(…)`, `services.httpx.client(…)` and its relatives
    Call,
}

/// The last parts of the names that declare something: what is worth a second look.
const WORDS: [&str; 12] = [
    "Database",
    "Topic",
    "OrderedTopic",
    "Subscription",
    "Bucket",
    "Job",
    "Secret",
    "SharedSecret",
    "GlobalSecret",
    "base_url",
    "client",
    "sync_client",
];

/// The adapters for clients of HTTP.
const ADAPTERS: [&str; 4] = ["httpx", "requests", "aiohttp", "niquests"];

impl Construct {
    /// What the full name of something of the SDK stands for, such as `encore.storage.postgres.Database`.
    pub(super) fn of(path: &[&str]) -> Option<Self> {
        Some(match path {
            ["encore", "storage", "postgres", "Database"] => Self::Database,
            ["encore", "storage", "postgres", "Database", "named"] => Self::NamedDatabase,
            ["encore", "storage", "redis", "Database"] => Self::Cache,
            ["encore", "storage", "redis", "Database", "named"] => Self::NamedCache,
            ["encore", "storage", "objects", "Bucket"] => Self::Bucket,
            ["encore", "storage", "objects", "Bucket", "named"] => Self::NamedBucket,
            ["encore", "pubsub", "Topic"] => Self::Topic,
            ["encore", "pubsub", "OrderedTopic"] => Self::OrderedTopic,
            ["encore", "pubsub", "Topic" | "OrderedTopic", "named"] => Self::NamedTopic,
            ["encore", "pubsub", "Subscription"] => Self::Subscription,
            ["encore", "cron", "Job"] => Self::CronJob,
            ["encore", "secrets", "Secret"] => Self::Secret(SecretScope::Service),
            ["encore", "secrets", "SharedSecret"] => Self::Secret(SecretScope::Shared),
            ["encore", "secrets", "GlobalSecret"] => Self::Secret(SecretScope::Global),
            ["encore", "secrets", "SharedSecret", "named"] => Self::NamedSecret,
            ["encore", "config", "Config"] => Self::Config(SecretScope::Service),
            ["encore", "config", "SharedConfig"] => Self::Config(SecretScope::Shared),
            ["encore", "config", "GlobalConfig"] => Self::Config(SecretScope::Global),
            ["encore", "metrics", class] => {
                let (kind, scope) = metric(class)?;
                Self::Metric(kind, scope)
            }
            ["encore", "metrics", class, "named"] => metric(class).map(|_| Self::NamedMetric)?,
            ["encore", "services", "base_url"] => Self::Call,
            ["encore", "services", adapter, "base_url" | "client" | "sync_client"]
                if ADAPTERS.contains(adapter) =>
            {
                Self::Call
            }
            _ => return None,
        })
    }

    /// Whether a name that something of the SDK ends in may declare something.
    pub(super) fn may_end_in(path: &[String]) -> bool {
        let last = match path {
            [.., class, named] if named == "named" => class,
            [.., class] => class,
            [] => return false,
        };
        WORDS.contains(&last.as_str()) || last.ends_with("Config") || metric(last).is_some()
    }

    /// Whether it may stand anywhere, and not at the top level alone.
    pub(super) fn may_stand_anywhere(self) -> bool {
        self == Self::Call
    }

    /// How it is written, for messages.
    pub(super) fn written(self) -> &'static str {
        match self {
            Self::Database => "postgres.Database",
            Self::NamedDatabase => "postgres.Database.named",
            Self::Topic => "pubsub.Topic",
            Self::OrderedTopic => "pubsub.OrderedTopic",
            Self::NamedTopic => "pubsub.Topic.named",
            Self::Subscription => "pubsub.Subscription",
            Self::Bucket => "objects.Bucket",
            Self::NamedBucket => "objects.Bucket.named",
            Self::Cache => "redis.Database",
            Self::NamedCache => "redis.Database.named",
            Self::CronJob => "cron.Job",
            Self::Secret(SecretScope::Service) => "secrets.Secret",
            Self::Secret(SecretScope::Shared) => "secrets.SharedSecret",
            Self::Secret(SecretScope::Global) => "secrets.GlobalSecret",
            Self::NamedSecret => "secrets.SharedSecret.named",
            Self::Config(SecretScope::Service) => "config.Config",
            Self::Config(SecretScope::Shared) => "config.SharedConfig",
            Self::Config(SecretScope::Global) => "config.GlobalConfig",
            Self::Metric(..) => "a metric",
            Self::NamedMetric => "a metric's `named`",
            Self::Call => "base_url",
        }
    }
}

/// Kind and scope of a metric, by the name of its class.
fn metric(class: &str) -> Option<(MetricKind, SecretScope)> {
    let class = class.strip_suffix("Group").unwrap_or(class);
    let scopes = [("Shared", SecretScope::Shared), ("Global", SecretScope::Global)];
    let (class, scope) = scopes
        .into_iter()
        .find_map(|(prefix, scope)| Some((class.strip_prefix(prefix)?, scope)))
        .unwrap_or((class, SecretScope::Service));
    let kind = match class {
        "Counter" => MetricKind::Counter,
        "UpDownCounter" => MetricKind::UpDownCounter,
        "Gauge" => MetricKind::Gauge,
        "Histogram" => MetricKind::Histogram,
        _ => return None,
    };
    Some((kind, scope))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_has_a_kind_and_a_scope() {
        assert_eq!(
            metric("SharedUpDownCounterGroup"),
            Some((MetricKind::UpDownCounter, SecretScope::Shared))
        );
        assert_eq!(metric("Gauge"), Some((MetricKind::Gauge, SecretScope::Service)));
        assert_eq!(metric("Group"), None);
        assert!(Construct::may_end_in(&[
            "encore".to_owned(),
            "GlobalHistogram".to_owned(),
            "named".to_owned()
        ]));
    }

    #[test]
    fn a_client_is_made_by_an_adapter() {
        assert_eq!(Construct::of(&["encore", "services", "httpx", "sync_client"]), Some(Construct::Call));
        assert_eq!(Construct::of(&["encore", "services", "client"]), None);
    }
}
