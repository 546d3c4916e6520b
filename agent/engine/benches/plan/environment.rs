//! An environment in step, of any size.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use agent_engine::bind::{Bound, bind};
use schema_catalog::Catalog;
use schema_documents::desired::DesiredState;
use schema_documents::recorded::{FieldRecord, Owner, Recorded, ResourceRecord, Status};
use schema_documents::{Json, Kept, Sorted};
use serde_json::json;

/// A document of queues, half of which send what they cannot deliver to another one.
pub(crate) fn document(size: usize) -> DesiredState {
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

fn queue(number: usize, seen: &Json) -> ResourceRecord {
    ResourceRecord {
        kind: "AWS::SQS::Queue".to_owned(),
        stateful: true,
        name: None,
        identifier: Some(format!("https://sqs/{number}")),
        status: Status::Live,
        seen: seen.into(),
        seen_at_ms: 1,
        operated_at_ms: 1,
        fields: Sorted::new(),
        depends_on: BTreeSet::new(),
        attempt: 1,
        failure: None,
        attached: false,
        existing: None,
    }
}

/// The record of an environment in step: every output is known, then every wish is settled.
pub(crate) fn record(desired: &DesiredState) -> Recorded {
    let mut recorded = Recorded::default();
    for (number, id) in desired.resources.keys().enumerate() {
        let seen = json!({"Arn": format!("arn:aws:sqs:eu-central-1:1:{number}")});
        recorded.resources.insert(id.clone(), BTreeMap::from([(1, queue(number, &seen).into())]));
    }
    let Bound { resources, .. } = bind(desired, &recorded, Catalog::builtin(), &BTreeSet::new());
    for (id, bound) in resources {
        let Some(record) = recorded.resources.get_mut(&id).and_then(|all| all.get_mut(&1)) else { continue };
        let record = Arc::make_mut(record);
        let mut seen = record.seen.to_json();
        for wish in &bound.wishes {
            let value = wish.value.as_ref().and_then(schema_documents::Value::as_json);
            wish.path.set(&mut seen, value.expect("everything is known"));
        }
        record.seen = Kept::from(&seen);
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
