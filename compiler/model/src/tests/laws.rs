//! Laws that hold for every manifest, whatever nonsense it holds.

use compiler_diagnostics::{Code, any_error};
use proptest::collection::vec;
use proptest::prelude::*;
use schema_documents::manifest::Manifest;
use toml::{Table, Value};

use crate::{AppModel, Target, resolve};

/// A name from a few, so that references resolve and names collide often.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![8 => "[a-c]", 1 => Just("a b".to_owned()), 1 => Just(String::new())].prop_map(String::from)
}

fn at() -> impl Strategy<Value = Value> {
    ("[xy]", 1..9_u32).prop_map(|(file, line)| Value::from(format!("{file}:{line}")))
}

fn text(strategy: impl Strategy<Value = String> + 'static) -> BoxedStrategy<Value> {
    strategy.prop_map(Value::from).boxed()
}

fn names() -> BoxedStrategy<Value> {
    vec(name(), 0..3).prop_map(Value::from).boxed()
}

fn list(item: BoxedStrategy<Value>, most: usize) -> BoxedStrategy<Value> {
    vec(item, 0..=most).prop_map(Value::Array).boxed()
}

/// A table with these fields and a position.
fn table(fields: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let (keys, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    (values, at())
        .prop_map(move |(values, at)| {
            let mut table: Table = keys.iter().map(|key| (*key).to_owned()).zip(values).collect();
            table.insert("at".to_owned(), at);
            Value::Table(table)
        })
        .boxed()
}

fn endpoint() -> BoxedStrategy<Value> {
    table(vec![
        ("name", text(name())),
        ("path", text("/[a:*!/]{0,4}".boxed())),
        ("access", text(prop_oneof![Just("public"), Just("private"), Just("auth")].prop_map(str::to_owned))),
        (
            "methods",
            vec(prop::sample::select(vec!["GET", "POST", "*", "get"]), 0..2).prop_map(Value::from).boxed(),
        ),
        ("takes_request", any::<bool>().prop_map(Value::from).boxed()),
    ])
}

fn service() -> BoxedStrategy<Value> {
    table(vec![
        ("name", text(name())),
        ("path", text(name())),
        ("endpoints", list(endpoint(), 2)),
        ("language", text(language())),
        ("databases", list(table(vec![("database", text(name())), ("access", text(access()))]), 2)),
        (
            "buckets",
            list(table(vec![("bucket", text(name())), ("operations", Just(operations()).boxed())]), 2),
        ),
        ("caches", list(table(vec![("cache", text(name()))]), 1)),
    ])
}

fn language() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["go", "typescript", "python", "rust"]).prop_map(str::to_owned)
}

fn access() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["read", "write", "admin"]).prop_map(str::to_owned)
}

fn cache() -> BoxedStrategy<Value> {
    let keyspace = table(vec![("pattern", text("[a:*!/]{0,4}".boxed())), ("service", text(name()))]);
    table(vec![("name", text(name())), ("eviction_policy", text(name())), ("keyspaces", list(keyspace, 2))])
}

fn gateway() -> BoxedStrategy<Value> {
    let handler = table(vec![("name", text(name())), ("service", text(name()))]);
    table(vec![("name", text(name())), ("service", text(name())), ("auth_handler", handler)])
}

fn operations() -> Value {
    Value::from(vec!["write_object", "get_public_url"])
}

fn topic() -> BoxedStrategy<Value> {
    let number = |range: std::ops::Range<i64>| range.prop_map(Value::from).boxed();
    let subscription = table(vec![
        ("name", text(name())),
        ("service", text(name())),
        ("ack_deadline_ns", number(900_000_000..2_000_000_000)),
        ("max_backoff_ns", number(9_000_000_000..20_000_000_000)),
        ("max_retries", number(-4..4)),
    ]);
    table(vec![("name", text(name())), ("publishers", names()), ("subscriptions", list(subscription, 2))])
}

fn manifest() -> impl Strategy<Value = Manifest> {
    let schedule = prop_oneof!["every:(60|7|0)", "schedule:0 [0-9] [*1-9] 2 \\*"];
    let cron_job = table(vec![
        ("id", text(name())),
        ("schedule", text(schedule)),
        ("endpoint", text("[a-c]\\.[a-c]".boxed())),
    ]);
    let lists = vec![
        ("services", list(service(), 3)),
        ("databases", list(table(vec![("name", text(name()))]), 3)),
        ("topics", list(topic(), 2)),
        ("buckets", list(table(vec![("name", text(name()))]), 2)),
        ("caches", list(cache(), 2)),
        ("gateways", list(gateway(), 1)),
        ("cron_jobs", list(cron_job, 1)),
        ("secrets", list(table(vec![("name", text(name())), ("packages_or_services", names())]), 1)),
        (
            "calls",
            list(table(vec![("from_service", text(name())), ("to", text("[a-c](\\.[a-c])?".boxed()))]), 2),
        ),
    ];
    let (keys, values): (Vec<_>, Vec<_>) = lists.into_iter().unzip();
    (values, language(), any::<bool>()).prop_map(move |(values, language, tidied)| {
        let mut document: Table = keys.iter().map(|key| (*key).to_owned()).zip(values).collect();
        document.insert("version".to_owned(), Value::from(1));
        document.insert("app".to_owned(), Value::from("app"));
        document.insert("language".to_owned(), Value::from(language));
        let mut manifest = document.try_into().unwrap();
        if tidied {
            tidy(&mut manifest);
        }
        manifest
    })
}

/// Takes most of the nonsense out, so that many manifests have a model: each name occurs once, and what is used is there
/// unless it was never declared.
fn tidy(manifest: &mut Manifest) {
    let all = ["a", "b", "c"].map(str::to_owned);
    manifest.services.truncate(3);
    for (service, name) in manifest.services.iter_mut().zip(&all) {
        service.name.clone_from(name);
        service.databases.retain(|used| used.database == "a");
        service.buckets.retain(|used| used.bucket == "a");
        service.caches.retain(|used| used.cache == "a");
        service.buckets.iter_mut().for_each(|used| used.operations.truncate(1));
        for (endpoint, name) in service.endpoints.iter_mut().zip(&all) {
            endpoint.name.clone_from(name);
            endpoint.path = None;
            endpoint.access = None;
        }
    }
    for (topic, name) in manifest.topics.iter_mut().zip(&all) {
        topic.name.clone_from(name);
        topic.publishers.retain(|publisher| publisher == "a");
        topic.subscriptions.retain(|subscription| subscription.service == "a");
        for (subscription, name) in topic.subscriptions.iter_mut().zip(&all) {
            subscription.name.clone_from(name);
            subscription.ack_deadline_ns = None;
            subscription.max_backoff_ns = None;
        }
    }
    manifest.databases.iter_mut().zip(&all).for_each(|(database, name)| database.name.clone_from(name));
    manifest.buckets.iter_mut().zip(&all).for_each(|(bucket, name)| bucket.name.clone_from(name));
    for (cache, name) in manifest.caches.iter_mut().zip(&all) {
        cache.name.clone_from(name);
        cache.eviction_policy = None;
        cache.keyspaces.retain(|keyspace| keyspace.service == "a");
        cache.keyspaces.truncate(1);
    }
    manifest.gateways.clear();
    manifest.secrets.iter_mut().for_each(|secret| {
        "a".clone_into(&mut secret.name);
        secret.packages_or_services.retain(|service| service == "a");
    });
    manifest.calls.retain(|call| call.from_service == "a" && call.to.starts_with('a'));
}

/// Whether every name in the model is found in the map of its primitive.
fn is_closed(app: &AppModel) -> bool {
    let service = |name: &String| app.services.contains_key(name);
    let uses = app.services.values().map(|service| &service.uses).all(|uses| {
        uses.databases.keys().all(|name| app.databases.contains_key(name))
            && uses.buckets.keys().all(|name| app.buckets.contains_key(name))
            && uses.caches.keys().all(|name| app.caches.contains_key(name))
            && uses.publishes.keys().all(|name| app.topics.contains_key(name))
            && uses.secrets.keys().all(|name| app.secrets.contains_key(name))
            && uses.calls.iter().all(service)
    });
    let topics = app.topics.values().all(|topic| {
        topic.publishers.iter().all(service)
            && topic.subscriptions.values().all(|subscription| {
                service(&subscription.service) && subscription.min_backoff <= subscription.max_backoff
            })
    });
    let cron_jobs = app.cron_jobs.values().all(|job| {
        app.services.get(job.target.service()).is_some_and(|service| match &job.target {
            Target::Endpoint(called) => service.endpoints.contains_key(&called.endpoint),
            Target::Path { .. } => true,
        })
    });
    uses && topics && cron_jobs && app.secrets.values().all(|secret| secret.services.iter().all(service))
}

/// The same manifest with every list the other way round.
fn reversed(mut manifest: Manifest) -> Manifest {
    for service in &mut manifest.services {
        service.endpoints.reverse();
        service.databases.reverse();
        service.buckets.reverse();
    }
    for topic in &mut manifest.topics {
        topic.subscriptions.reverse();
        topic.publishers.reverse();
    }
    manifest.services.reverse();
    manifest.databases.reverse();
    manifest.topics.reverse();
    manifest.buckets.reverse();
    manifest.caches.reverse();
    manifest.secrets.reverse();
    manifest.calls.reverse();
    manifest
}

/// An app of so many endpoints, all of which conflict in one way or another, are called, and are called by wrong names.
fn large(endpoints: usize) -> Manifest {
    let at = |line: usize| Value::from(format!("a.go:{}", line + 1));
    let endpoint = |index: usize| {
        let path =
            ["/x".to_owned(), format!("/y/:p{index}"), format!("/z/{index}"), "/z/:id/*rest".to_owned()];
        let path = path[index % path.len()].clone();
        let entries = [("name", Value::from(format!("E{index}"))), ("path", path.into()), ("at", at(index))];
        Value::Table(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    };
    let service = |index: usize| {
        let endpoints: Vec<_> = (0..10).map(|each| endpoint(index * 10 + each)).collect();
        let name = Value::from(format!("s{index}"));
        let entries =
            [("name", name.clone()), ("path", name), ("endpoints", endpoints.into()), ("at", at(index))];
        Value::Table(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    };
    let call = |index: usize| {
        let to = if index.is_multiple_of(2) {
            format!("s{}.E{index}", index / 10)
        } else {
            format!("s{index}.Wrong")
        };
        let entries = [("from_service", "s0".into()), ("to", Value::from(to)), ("at", at(index))];
        Value::Table(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    };
    let mut document = Table::new();
    document.insert("version".to_owned(), Value::from(1));
    document.insert("app".to_owned(), Value::from("app"));
    document.insert("language".to_owned(), Value::from("go"));
    document.insert("services".to_owned(), (0..endpoints / 10).map(service).collect::<Vec<_>>().into());
    document.insert("calls".to_owned(), (0..endpoints).map(call).collect::<Vec<_>>().into());
    document.try_into().unwrap()
}

#[test]
fn ten_thousand_endpoints_take_no_longer_than_their_number_says() {
    let took = |endpoints| {
        let manifest = large(endpoints);
        let start = std::time::Instant::now();
        let (_, found) = resolve(&manifest);
        assert!(found.len() > endpoints, "{}", found.len());
        start.elapsed()
    };
    let (small, large) = (took(1_250), took(10_000));
    // Eight times as many; sixty-four times as long would be quadratic.
    assert!(large < small * 30, "{small:?} for 1,250 endpoints, {large:?} for 10,000");
}

proptest! {
    #[test]
    fn there_is_a_model_exactly_when_there_is_no_error_and_then_every_name_resolves(manifest in manifest()) {
        let (app, found) = resolve(&manifest);
        prop_assert_eq!(app.is_none(), any_error(&found));
        if let Some(app) = app {
            prop_assert!(is_closed(&app));
        }
    }

    #[test]
    fn the_order_of_lists_does_not_matter_unless_a_name_occurs_twice(manifest in manifest()) {
        let expected = resolve(&manifest);
        prop_assume!(expected.1.iter().all(|diagnostic| diagnostic.code != Code::M0101));
        prop_assert_eq!(resolve(&reversed(manifest)), expected);
    }
}
