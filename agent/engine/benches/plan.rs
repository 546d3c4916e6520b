//! How long it takes to find out that nothing has to be done. The issue asks for at most 50 ms of CPU for 1,000.

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;

use agent_engine::bind::{Bound, bind};
use agent_engine::diff::{Context, Sightings, compare};
use agent_engine::live::{Live, LiveState};
use agent_engine::options::Limits;
use agent_engine::plan::plan;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use schema_catalog::Catalog;
use schema_documents::desired::DesiredState;
use schema_documents::recorded::{FieldRecord, Owner, Recorded, ResourceRecord, Status};
use schema_documents::{FieldPath, Json};
use serde_json::json;

/// A document of queues, half of which send what they cannot deliver to another one.
fn document(size: usize) -> DesiredState {
    let origin = json!({"by": "declaration", "at": "app.go:1:1-1:9"});
    let field = json!({"class": "open", "origin": origin});
    let resources: BTreeMap<String, Json> = (0..size)
        .map(|number| {
            let mut properties = json!({
                "VisibilityTimeout": 60, "DelaySeconds": 5, "MessageRetentionPeriod": 1_209_600,
                "ReceiveMessageWaitTimeSeconds": 20, "SqsManagedSseEnabled": true,
                "Tags": [{"Key": "team", "Value": "orders"}],
            });
            if number % 2 == 1 {
                let arn =
                    json!({"$ref": {"resource": format!("topic/t{}/queue", number - 1), "output": "/Arn"}});
                properties["RedrivePolicy"] = json!({"deadLetterTargetArn": arn, "maxReceiveCount": 3});
            }
            let fields: BTreeMap<String, &Json> = properties
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, _)| (format!("/{name}"), &field))
                .collect();
            let resource = json!({
                "kind": "AWS::SQS::Queue", "stateful": true, "phase": "provision", "properties": properties,
                "origin": origin, "fields": fields,
            });
            (format!("topic/t{number}/queue"), resource)
        })
        .collect();
    let document = json!({
        "format": "desired-state", "version": 1, "app": "shop", "edition": "2026.1", "approval": "automatic",
        "settle_seconds": 60, "environment": {"name": "production", "type": "production", "cloud": "aws"},
        "resources": resources,
    });
    serde_json::from_value(document).expect("a desired state")
}

fn queue(number: usize, seen: Json, fields: BTreeMap<FieldPath, FieldRecord>) -> ResourceRecord {
    ResourceRecord {
        kind: "AWS::SQS::Queue".to_owned(),
        stateful: true,
        name: None,
        identifier: Some(format!("https://sqs/{number}")),
        status: Status::Live,
        seen,
        seen_at_ms: 1,
        operated_at_ms: 1,
        fields,
        depends_on: BTreeSet::new(),
        attempt: 1,
        failure: None,
        attached: false,
    }
}

/// The record of an environment in step: every output is known, then every wish is settled.
fn record(desired: &DesiredState) -> Recorded {
    let mut recorded = Recorded::default();
    for (number, id) in desired.resources.keys().enumerate() {
        let seen = json!({"Arn": format!("arn:aws:sqs:eu-central-1:1:{number}")});
        recorded.resources.insert(id.clone(), BTreeMap::from([(1, queue(number, seen, BTreeMap::new()))]));
    }
    let Bound { resources } = bind(desired, &recorded, Catalog::builtin(), &BTreeSet::new());
    for (id, bound) in resources {
        let Some(record) = recorded.resources.get_mut(&id).and_then(|all| all.get_mut(&1)) else { continue };
        for wish in &bound.wishes {
            let value = wish.value.as_ref().and_then(schema_documents::Value::as_json);
            wish.path.set(&mut record.seen, value.expect("everything is known"));
        }
        record.fields = bound
            .wishes
            .into_iter()
            .map(|wish| {
                let (rank, asked) = (wish.origin.rank(), wish.value);
                (wish.path, FieldRecord { asked, rank, owner: Owner::Manifest, edit: None })
            })
            .collect();
    }
    recorded
}

fn read(recorded: &Recorded) -> LiveState {
    let all = recorded.resources.iter().flat_map(|(id, all)| all.iter().map(move |one| (id, one)));
    all.map(|(id, (generation, record))| {
        let live = Live::Present { properties: record.seen.clone(), began_at_ms: 10_000_000 };
        ((id.clone(), *generation), live)
    })
    .collect()
}

fn nothing_to_do(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plan without a change");
    group.sample_size(20);
    for size in [1_000, 10_000] {
        let desired = document(size);
        let recorded = record(&desired);
        let live = read(&recorded);
        let (limits, sightings) = (Limits::default(), Sightings::new());
        let context = Context {
            catalog: Catalog::builtin(),
            limits: &limits,
            now_ms: 20_000_000,
            desired: &desired,
            knows: &|_| true,
            sightings: &sightings,
            destroy: false,
        };
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| {
                let (bound, differences) = compare(&desired, &recorded, &live, &context);
                let plan = plan(&bound, &differences, &recorded, &context);
                assert!(plan.is_empty(), "{:#?}", plan.steps.first());
                black_box(plan)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, nothing_to_do);
criterion_main!(benches);
