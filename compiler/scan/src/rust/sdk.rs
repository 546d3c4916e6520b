//! The names of the SDK, the crate `encore-dev`, which is called `encore` in code.

use schema_documents::manifest::MetricKind;

use super::value::Path;

/// The crate's name in `Cargo.toml`.
pub(super) const PACKAGE: &str = "encore-dev";

/// The crate's name in code.
pub(super) const CRATE: &str = "encore";

/// The type argument of a topic that keeps messages in order.
const ORDERED: &str = "Ordered";

/// The function that makes a service depend on another.
pub(super) const BASE_URL: &str = "base_url";

/// What the SDK's types declare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Construct {
    Database,
    Redis,
    Topic { is_ordered: bool },
    Subscription,
    Bucket,
    Secret(Reach),
    Config(Reach),
    Job,
    Metric(MetricKind, Reach),
}

/// Who a secret, config or metric is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// The service that declares it.
    Service,
    /// Each service that uses it.
    Shared,
    /// Every service.
    Global,
}

/// The modules that hold what matters.
const MODULES: [&[&str]; 11] = [
    &["storage"],
    &["storage", "postgres"],
    &["storage", "redis"],
    &["pubsub"],
    &["objects"],
    &["objects", "perms"],
    &["secrets"],
    &["config"],
    &["cron"],
    &["metrics"],
    &["services"],
];

/// Whether a function of a type declares a resource or names one.
pub(super) fn is_constructor(name: &str) -> bool {
    matches!(name, "new" | "named")
}

/// What a type of the SDK declares.
pub(super) fn construct(path: &[String]) -> Option<Construct> {
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    Some(match parts.as_slice() {
        ["storage", "postgres", "Database"] => Construct::Database,
        ["storage", "redis", "Database"] => Construct::Redis,
        ["pubsub", "Topic"] => Construct::Topic { is_ordered: false },
        ["pubsub", "OrderedTopic"] => Construct::Topic { is_ordered: true },
        ["pubsub", "Subscription"] => Construct::Subscription,
        ["objects", "Bucket"] => Construct::Bucket,
        ["cron", "Job"] => Construct::Job,
        ["secrets", name] => Construct::Secret(reach(name, "Secret")?),
        ["config", name] => Construct::Config(reach(name, "Config")?),
        ["metrics", name] => {
            let (reach, name) = scoped(name.strip_suffix("Group").unwrap_or(name));
            let kind = match name {
                "Counter" => MetricKind::Counter,
                "UpDownCounter" => MetricKind::UpDownCounter,
                "Gauge" => MetricKind::Gauge,
                "Histogram" => MetricKind::Histogram,
                _ => return None,
            };
            Construct::Metric(kind, reach)
        }
        _ => return None,
    })
}

fn reach(name: &str, kind: &str) -> Option<Reach> {
    let (reach, rest) = scoped(name);
    (rest == kind).then_some(reach)
}

fn scoped(name: &str) -> (Reach, &str) {
    match (name.strip_prefix("Shared"), name.strip_prefix("Global")) {
        (Some(rest), _) => (Reach::Shared, rest),
        (_, Some(rest)) => (Reach::Global, rest),
        _ => (Reach::Service, name),
    }
}

/// Whether the SDK has this path, as far as is of any concern; `use encore::pubsub::*` brings these in.
pub(super) fn has(path: &[String]) -> bool {
    let is = |known: &&[&str]| known.iter().eq(path.iter());
    let is_other = || match path {
        [module, name] if module == "pubsub" => name == "register" || name == ORDERED,
        [module, name] if module == "services" => name == BASE_URL,
        [module, name] if module == "cron" => name == "Schedule",
        [module, _, name] if module == "storage" => name == "EvictionPolicy",
        [module, ..] => module == "objects" && path.len() == 3,
        [] => false,
    };
    MODULES.iter().any(is) || construct(path).is_some() || is_other()
}

/// The names of the types, for files that have them from elsewhere.
pub(super) const TYPES: [&str; 12] = [
    "Database",
    "Topic",
    "OrderedTopic",
    "Subscription",
    "Bucket",
    "Secret",
    "SharedSecret",
    "GlobalSecret",
    "Job",
    "Counter",
    "Gauge",
    "Histogram",
];

/// Whether a type, or an argument of one, says that a topic keeps messages in order.
pub(super) fn is_ordered(path: &[String]) -> bool {
    construct(path) == Some(Construct::Topic { is_ordered: true }) || path.iter().eq(&["pubsub", ORDERED])
}

/// Whether a path is the function that names another service.
pub(super) fn is_base_url(path: &[String]) -> bool {
    path.iter().eq(&["services", BASE_URL])
}

/// Whether a path is the attribute that has a subscription started with the app.
pub(super) fn is_register(path: &[String]) -> bool {
    path.iter().eq(&["pubsub", "register"])
}

/// Whether a path leads into what is for tests only.
pub(super) fn is_for_tests(path: &Path) -> bool {
    path.first().is_some_and(|module| module == "testing")
}

impl Construct {
    /// How it is written, for messages.
    pub(super) fn written(self) -> &'static str {
        match self {
            Self::Database => "postgres::Database",
            Self::Redis => "redis::Database",
            Self::Topic { is_ordered: false } => "Topic",
            Self::Topic { is_ordered: true } => "OrderedTopic",
            Self::Subscription => "Subscription",
            Self::Bucket => "Bucket",
            Self::Secret(Reach::Service) => "Secret",
            Self::Secret(Reach::Shared) => "SharedSecret",
            Self::Secret(Reach::Global) => "GlobalSecret",
            Self::Config(Reach::Service) => "Config",
            Self::Config(Reach::Shared) => "SharedConfig",
            Self::Config(Reach::Global) => "GlobalConfig",
            Self::Job => "Job",
            Self::Metric(MetricKind::Counter, _) => "Counter",
            Self::Metric(MetricKind::UpDownCounter, _) => "UpDownCounter",
            Self::Metric(MetricKind::Gauge, _) => "Gauge",
            Self::Metric(MetricKind::Histogram, _) => "Histogram",
        }
    }

    /// Whether it has `named`, which refers to what is declared elsewhere.
    pub(super) fn can_be_named(self) -> bool {
        match self {
            Self::Database | Self::Redis | Self::Topic { .. } | Self::Bucket => true,
            Self::Metric(_, reach) => reach == Reach::Service,
            Self::Subscription | Self::Secret(_) | Self::Config(_) | Self::Job => false,
        }
    }

    /// The options that may follow its constructor.
    pub(super) fn options(self) -> &'static [&'static str] {
        match self {
            Self::Database => &["migrations"],
            Self::Redis => &["persistent", "eviction_policy"],
            Self::Topic { .. } => &["exactly_once"],
            Self::Subscription => &[
                "ack_deadline",
                "message_retention",
                "min_backoff",
                "max_backoff",
                "max_retries",
                "max_concurrency",
            ],
            Self::Bucket => &["public", "versioned"],
            Self::Job => &["title"],
            Self::Metric(MetricKind::Histogram, _) => &["unit", "description", "buckets"],
            Self::Metric(..) => &["unit", "description"],
            Self::Secret(_) | Self::Config(_) => &[],
        }
    }
}
