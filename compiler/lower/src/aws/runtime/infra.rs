//! For the Go runtime: an infrastructure configuration.

use schema_documents::{Json, Value};
use serde_json::json;

use super::{CALL_KEY, CALL_KEY_ID, Server, Situation, Topic, value, variable};

/// The configuration, with expressions.
pub(super) fn config(told: &Situation) -> Value {
    let mut config = json!({
        "metadata": metadata(told),
        "auth": [{ "type": "key", "id": CALL_KEY_ID, "key": variable(CALL_KEY) }],
    });
    let mut put = |name: &str, part: Json| {
        let nothing = part.as_array().is_some_and(Vec::is_empty)
            || part.as_object().is_some_and(serde_json::Map::is_empty);
        if !nothing {
            config[name] = part;
        }
    };
    put("hosted_services", json!(told.services));
    put("hosted_gateways", json!(told.gateways));
    put("service_discovery", by_name(told.elsewhere.iter(), |url| json!({ "base_url": url })));
    put("sql_servers", told.servers.iter().map(server).collect());
    put(
        "redis",
        by_name(told.caches.iter().map(|cache| (&cache.name, cache)), |cache| {
            json!({
                "host": cache.host,
                "database_index": 0,
                "in_memory": false,
                "tls_config": {},
                "auth": { "type": "acl", "username": cache.user, "password": variable(&cache.variable) },
            })
        }),
    );
    let topics = by_name(told.topics.iter(), topic);
    if topics != json!({}) {
        put("pubsub", json!([{ "type": "aws_sns_sqs", "topics": topics }]));
    }
    let buckets = by_name(told.buckets.iter(), |bucket| {
        with_url(json!({ "name": bucket.name }), bucket.public.as_ref())
    });
    if buckets != json!({}) {
        put("object_storage", json!([{ "type": "s3", "region": told.region, "buckets": buckets }]));
    }
    put("secrets", by_name(told.secrets.iter().map(|name| (name, name)), |name| variable(name)));
    if !told.metrics.is_empty() {
        put("metrics", json!({ "type": "aws_cloudwatch", "namespace": told.namespace() }));
    }
    value(&config)
}

fn metadata(told: &Situation) -> Json {
    let mut metadata = json!({
        "app_id": told.app,
        "env_name": told.environment,
        "env_type": told.kind,
        "cloud": "aws",
    });
    if let Some(url) = &told.base_url {
        metadata["base_url"] = json!(url);
    }
    metadata
}

fn server(server: &Server) -> Json {
    let as_whom = || json!({ "username": server.user, "password": variable(&server.variable) });
    json!({ "host": server.host, "databases": by_name(server.databases.iter(), |_| as_whom()) })
}

fn topic(topic: &Topic) -> Json {
    let mut described = json!({ "arn": topic.arn });
    if !topic.subscriptions.is_empty() {
        described["subscriptions"] = by_name(topic.subscriptions.iter(), |url| json!({ "url": url }));
    }
    described
}

fn with_url(mut bucket: Json, public: Option<&Value>) -> Json {
    if let Some(url) = public {
        bucket["public_base_url"] = json!(url);
    }
    bucket
}

fn by_name<'a, T: 'a>(entries: impl Iterator<Item = (&'a String, T)>, describe: impl Fn(T) -> Json) -> Json {
    Json::Object(entries.map(|(name, entry)| (name.clone(), describe(entry))).collect())
}
