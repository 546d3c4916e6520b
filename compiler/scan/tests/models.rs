//! The scanner against what Encore's own parser says of real apps.
//!
//! It needs a checkout of the example apps (`EXAMPLES`) and the folder of facts about them (`MANIFEST_DATA`, else
//! `../shared/data` beside the repository); without them it says so and passes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use compiler_scan::{SourceTree, scan};
use schema_documents::manifest::{
    Access, AuthHandler, BodyLimit, Delivery, Endpoint, Gateway, Manifest, Service, Streaming, Subscription,
    Topic,
};
use serde_json::{Map, Value, json};

const SECOND_NS: i64 = 1_000_000_000;
const DAY_NS: i64 = 24 * 3_600 * SECOND_NS;
const ALL_METHODS: [&str; 8] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];
const DEFAULT_BODY_LIMIT: u64 = 2 * 1024 * 1024;

#[test]
fn real_apps_scan_as_encores_own_parser_reads_them() {
    let (Some(examples), Some(models)) = (examples(), models()) else {
        println!(
            "skipped: set EXAMPLES to a checkout of the example apps, and MANIFEST_DATA to the facts about them"
        );
        return;
    };
    let mut differing = Vec::new();
    let mut agreed = 0;
    for path in model_files(&models) {
        let expected: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let app = expected["app"].as_str().unwrap();
        let differences = differences(&examples.join(app), app, &expected);
        println!("{:<50} {}", app, if differences.is_empty() { "agrees" } else { "differs" });
        if differences.is_empty() {
            agreed += 1;
        } else {
            differing.push(format!("{app}:\n{}", differences.join("\n")));
        }
    }
    println!("{agreed} agree, {} differ", differing.len());
    assert!(differing.is_empty(), "{}", differing.join("\n\n"));
}

fn examples() -> Option<PathBuf> {
    std::env::var_os("EXAMPLES").map(PathBuf::from).filter(|path| path.is_dir())
}

fn models() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let data = std::env::var_os("MANIFEST_DATA").map_or_else(beside, PathBuf::from);
    Some(data.join("encore-models")).filter(|path| path.is_dir())
}

fn model_files(models: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(models).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect();
    files.sort();
    files
}

fn differences(folder: &Path, app: &str, expected: &Value) -> Vec<String> {
    let tree = SourceTree::read(folder).unwrap();
    let (manifest, diagnostics) = scan(&tree);
    let Some(manifest) = manifest else { return vec![format!("no manifest: {diagnostics:#?}")] };
    let found = model(app, &manifest);
    let mut differences: Vec<String> = diagnostics
        .iter()
        .map(|diagnostic| {
            format!("  {} {} {:?}", diagnostic.code.as_str(), diagnostic.message, diagnostic.span)
        })
        .collect();
    let keys = expected.as_object().unwrap().keys().chain(found.as_object().unwrap().keys());
    let mut keys: Vec<&String> = keys.collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        let (wanted, got) = (lines(&expected[key]), lines(&found[key]));
        differences.extend(
            wanted.iter().filter(|line| !got.contains(line)).map(|line| format!("  - {key}: {line}")),
        );
        differences.extend(
            got.iter().filter(|line| !wanted.contains(line)).map(|line| format!("  + {key}: {line}")),
        );
    }
    differences
}

/// Each element of a list on its own, so that a difference is small.
fn lines(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(list) => list.iter().map(ToString::to_string).collect(),
        other => vec![other.to_string()],
    }
}

/// The manifest in the words of the facts, with the language's defaults filled in.
fn model(app: &str, manifest: &Manifest) -> Value {
    let databases = manifest.databases.iter().map(|database| {
        json!({
            "name": database.name, "migrations": database.migrations.len(),
            "migrations_path": database.migrations_path, "non_sequential": database.non_sequential,
        })
    });
    let buckets = manifest
        .buckets
        .iter()
        .map(|bucket| json!({ "name": bucket.name, "public": bucket.public, "versioned": bucket.versioned }));
    let cron_jobs = manifest.cron_jobs.iter().map(|job| {
        json!({
            "id": job.id, "title": job.title.as_ref().unwrap_or(&job.id),
            "schedule": job.schedule, "endpoint": job.endpoint,
        })
    });
    let secrets = manifest
        .secrets
        .iter()
        .map(|secret| json!({ "name": secret.name, "packages_or_services": secret.packages_or_services }));
    let calls = manifest.calls.iter().map(|call| json!({ "from_service": call.from_service, "to": call.to }));
    without_empty(json!({
        "app": app,
        "language": "typescript",
        "services": manifest.services.iter().map(service).collect::<Vec<_>>(),
        "databases": databases.collect::<Vec<_>>(),
        "topics": manifest.topics.iter().map(topic).collect::<Vec<_>>(),
        "cron_jobs": cron_jobs.collect::<Vec<_>>(),
        "buckets": buckets.collect::<Vec<_>>(),
        "secrets": secrets.collect::<Vec<_>>(),
        "gateways": gateways(&manifest.gateways),
        "auth_handler": manifest.auth_handler.as_ref().map(auth_handler),
        "calls": calls.collect::<Vec<_>>(),
    }))
}

fn service(service: &Service) -> Value {
    let buckets = service.buckets.iter().map(|one| {
        let mut operations: Vec<_> =
            one.operations.iter().map(|operation| json!(operation).to_string()).collect();
        operations.sort();
        let operations: Vec<_> = operations.iter().map(|operation| operation.trim_matches('"')).collect();
        json!({ "bucket": one.bucket, "operations": operations })
    });
    json!({
        "name": service.name,
        "path": service.path,
        "databases": service.databases.iter().map(|one| one.database.as_str()).collect::<Vec<_>>(),
        "buckets": buckets.collect::<Vec<_>>(),
        "endpoints": service.endpoints.iter().map(|one| endpoint(&service.name, one)).collect::<Vec<_>>(),
    })
}

fn endpoint(service: &str, endpoint: &Endpoint) -> Value {
    let streaming = endpoint.streaming.map(|direction| match direction {
        Streaming::In => "in",
        Streaming::Out => "out",
        Streaming::Inout => "inout",
    });
    let body_limit = match endpoint.body_limit {
        None | Some(BodyLimit::Bytes(DEFAULT_BODY_LIMIT)) => Value::Null,
        Some(BodyLimit::Bytes(bytes)) => json!(bytes),
        Some(BodyLimit::None(_)) => json!("none"),
    };
    json!({
        "name": endpoint.name,
        "access": endpoint.access.unwrap_or(Access::Private),
        "raw": endpoint.raw,
        "streaming": streaming,
        "methods": methods(endpoint),
        "path": endpoint.path.clone().unwrap_or_else(|| format!("/{service}.{}", endpoint.name)),
        "static_dir": endpoint.static_dir,
        "static_not_found": endpoint.static_not_found,
        "static_not_found_status": endpoint.static_not_found_status,
        "body_limit": body_limit,
        "tags": endpoint.tags,
        "sensitive": endpoint.sensitive,
    })
}

fn methods(endpoint: &Endpoint) -> Vec<String> {
    let named = |methods: &[&str]| methods.iter().map(|method| (*method).to_owned()).collect();
    match &endpoint.methods[..] {
        _ if endpoint.static_dir.is_some() => named(&["GET", "HEAD"]),
        _ if endpoint.streaming.is_some() => named(&["GET"]),
        [] => named(&["POST"]),
        [all] if all == "*" => named(&ALL_METHODS),
        methods => methods.to_vec(),
    }
}

fn topic(topic: &Topic) -> Value {
    json!({
        "name": topic.name,
        "delivery": topic.delivery.unwrap_or(Delivery::AtLeastOnce),
        "ordering_attribute": topic.ordering_attribute,
        "publishers": topic.publishers,
        "subscriptions": topic.subscriptions.iter().map(subscription).collect::<Vec<_>>(),
    })
}

fn subscription(subscription: &Subscription) -> Value {
    json!({
        "name": subscription.name,
        "service": subscription.service,
        "ack_deadline_ns": subscription.ack_deadline_ns.unwrap_or(30 * SECOND_NS),
        "message_retention_ns": subscription.message_retention_ns.unwrap_or(7 * DAY_NS),
        "min_backoff_ns": subscription.min_backoff_ns.unwrap_or(10 * SECOND_NS),
        "max_backoff_ns": subscription.max_backoff_ns.unwrap_or(600 * SECOND_NS),
        "max_retries": subscription.max_retries.unwrap_or(100),
        "max_concurrency": subscription.max_concurrency,
    })
}

fn gateways(gateways: &[Gateway]) -> Vec<Value> {
    if gateways.is_empty() {
        return vec![json!({ "name": "api-gateway" })];
    }
    let explicit = |gateway: &Gateway| {
        json!({
            "name": gateway.name, "explicit": true, "service": gateway.service,
            "auth_handler": gateway.auth_handler.as_ref().map(auth_handler),
        })
    };
    gateways.iter().map(explicit).collect()
}

fn auth_handler(handler: &AuthHandler) -> Value {
    json!({ "name": handler.name, "service": handler.service })
}

/// What is empty, absent or `false` is left out of the facts.
fn without_empty(value: Value) -> Value {
    let is_empty = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(list) => list.is_empty(),
        _ => false,
    };
    match value {
        Value::Array(list) => list.into_iter().map(without_empty).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| (name, without_empty(value)));
            Value::Object(fields.filter(|(_, value)| !is_empty(value)).collect::<Map<_, _>>())
        }
        other => other,
    }
}
