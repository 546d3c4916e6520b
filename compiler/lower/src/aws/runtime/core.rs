//! For the core runtime, which runs TypeScript, Python and Rust: a runtime configuration.

use schema_documents::runtime::core::{Cloud, EnvironmentType};
use schema_documents::runtime::infra::EnvironmentType as RuntimeType;
use schema_documents::{Json, Value};
use serde_json::json;

use super::{CALL_KEY, CALL_KEY_ID, Cache, Server, Situation, value};

/// A server that takes writes.
const PRIMARY: i32 = 1;
const AT_LEAST_ONCE: i32 = 1;
const EXACTLY_ONCE: i32 = 2;
/// Most connections of an instance to a database or a cache: what the runtime takes where nothing is said.
const CONNECTIONS: i32 = 100;

/// The configuration, with expressions.
pub(super) fn config(told: &Situation) -> Value {
    value(&json!({
        "environment": {
            "app_slug": told.app,
            "env_name": told.environment,
            "env_type": match told.kind {
                RuntimeType::Production => EnvironmentType::Production,
                RuntimeType::Development => EnvironmentType::Development,
                RuntimeType::Ephemeral => EnvironmentType::Ephemeral,
            } as i32,
            "cloud": Cloud::Aws as i32,
        },
        "infra": {
            "resources": resources(told),
            "credentials": {
                "sql_roles": told.servers.iter().enumerate().map(sql_role).collect::<Json>(),
                "redis_roles": told.caches.iter().map(redis_role).collect::<Json>(),
            },
        },
        "deployment": deployment(told),
        "encore_platform": { "platform_signing_keys": [call_key()] },
    }))
}

fn resources(told: &Situation) -> Json {
    let url = told.base_url.as_ref().map_or_else(|| Value::text(""), Value::clone);
    let gateways =
        told.gateways.iter().map(|name| json!({ "rid": name, "encore_name": name, "base_url": url }));
    let secrets =
        told.secrets.iter().map(|name| json!({ "rid": name, "encore_name": name, "data": { "env": name } }));
    let mut resources = json!({
        "gateways": gateways.collect::<Json>(),
        "sql_clusters": told.servers.iter().enumerate().map(sql_cluster).collect::<Json>(),
        "redis_clusters": told.caches.iter().map(redis_cluster).collect::<Json>(),
        "app_secrets": secrets.collect::<Json>(),
    });
    if !told.topics.is_empty() {
        resources["pubsub_clusters"] = json!([pubsub_cluster(told)]);
    }
    if !told.buckets.is_empty() {
        resources["bucket_clusters"] = json!([bucket_cluster(told)]);
    }
    resources
}

fn server(rid: &str, host: &Value) -> Json {
    json!([{ "rid": rid, "host": host, "kind": PRIMARY, "tls_config": {} }])
}

fn pool(role: &str) -> Json {
    json!([{ "role_rid": role, "max_connections": CONNECTIONS }])
}

fn sql_role((number, server): (usize, &Server)) -> Json {
    json!({ "rid": format!("sql-{number}"), "username": server.user, "password": { "env": server.variable } })
}

fn sql_cluster((number, found): (usize, &Server)) -> Json {
    let rid = format!("sql-{number}");
    let databases = found.databases.iter().map(|(name, cloud_name)| {
        json!({ "rid": format!("{rid}-{name}"), "encore_name": name, "cloud_name": cloud_name, "conn_pools": pool(&rid) })
    });
    json!({ "rid": rid, "servers": server(&rid, &found.host), "databases": databases.collect::<Json>() })
}

fn redis_role(cache: &Cache) -> Json {
    json!({ "rid": cache.name, "acl": { "username": cache.user, "password": { "env": cache.variable } } })
}

fn redis_cluster(cache: &Cache) -> Json {
    json!({
        "rid": cache.name,
        "servers": server(&cache.name, &cache.host),
        "databases": [{ "rid": cache.name, "encore_name": cache.name, "conn_pools": pool(&cache.name) }],
    })
}

fn pubsub_cluster(told: &Situation) -> Json {
    let topics = told.topics.iter().map(|(name, topic)| {
        let mut described = json!({
            "rid": name,
            "encore_name": name,
            "cloud_name": topic.arn,
            "delivery_guarantee": if topic.exactly_once { EXACTLY_ONCE } else { AT_LEAST_ONCE },
        });
        if let Some(attribute) = &topic.ordering_attribute {
            described["ordering_attr"] = json!(attribute);
        }
        described
    });
    let subscriptions = told.topics.iter().flat_map(|(name, topic)| {
        topic.subscriptions.iter().map(move |(subscription, url)| {
            json!({
                "rid": format!("{name}/{subscription}"),
                "topic_encore_name": name,
                "subscription_encore_name": subscription,
                "topic_cloud_name": topic.arn,
                "subscription_cloud_name": url,
            })
        })
    });
    json!({
        "rid": "aws",
        "topics": topics.collect::<Json>(),
        "subscriptions": subscriptions.collect::<Json>(),
        "aws": {},
    })
}

fn bucket_cluster(told: &Situation) -> Json {
    let buckets = told.buckets.iter().map(|(name, bucket)| {
        let mut described = json!({ "rid": name, "encore_name": name, "cloud_name": bucket.name });
        if let Some(url) = &bucket.public {
            described["public_base_url"] = json!(url);
        }
        described
    });
    json!({ "rid": "s3", "buckets": buckets.collect::<Json>(), "s3": { "region": told.region } })
}

fn deployment(told: &Situation) -> Json {
    let trusted = json!([{ "encore_auth": { "auth_keys": [call_key()] } }]);
    let hosted = told.services.iter().map(|name| json!({ "name": name }));
    let elsewhere = told
        .elsewhere
        .iter()
        .map(|(name, url)| (name.clone(), json!({ "base_url": url, "auth_methods": trusted })));
    let metrics =
        told.metrics.iter().map(|(name, services)| json!({ "encore_name": name, "services": services }));
    let mut deployment = json!({
        "hosted_gateways": told.gateways,
        "hosted_services": hosted.collect::<Json>(),
        "auth_methods": trusted,
        "service_discovery": { "services": elsewhere.collect::<serde_json::Map<_, _>>() },
        "metrics": metrics.collect::<Json>(),
    });
    if !told.metrics.is_empty() {
        let to = json!({ "rid": "cloudwatch", "aws": { "namespace": told.namespace() } });
        deployment["observability"] = json!({ "metrics": [to] });
    }
    deployment
}

fn call_key() -> Json {
    json!({ "id": CALL_KEY_ID, "data": { "env": CALL_KEY } })
}
