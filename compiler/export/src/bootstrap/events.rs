//! Who changes what in the account: from the audit trail, by a rule, to the queue that the agent listens at.

use serde_json::json;

use super::store::KEY;
use super::{Template, arn, document};

/// The queue.
pub(super) const QUEUE: &str = "Events";

/// Seconds that an event is kept: what is older, the sweep has found.
const KEPT_SECONDS: u32 = 4 * 24 * 60 * 60;

pub(super) fn add(template: &mut Template) {
    template.resource(
        QUEUE,
        "AWS::SQS::Queue",
        json!({
            "KmsMasterKeyId": arn(KEY),
            "MessageRetentionPeriod": KEPT_SECONDS,
            "ReceiveMessageWaitTimeSeconds": 20,
        }),
    );
    template.resource(
        "Edits",
        "AWS::Events::Rule",
        json!({
            "Description": "calls that change something, for manifest-agent",
            "EventPattern": {
                "detail-type": ["AWS API Call via CloudTrail"],
                "detail": { "readOnly": [false] },
            },
            "State": "ENABLED",
            "Targets": [{ "Id": "agent", "Arn": arn(QUEUE) }],
        }),
    );
    template.resource(
        "EventsPolicy",
        "AWS::SQS::QueuePolicy",
        json!({
            "Queues": [{ "Ref": QUEUE }],
            "PolicyDocument": document(&[
                json!({
                    "Sid": "EditsOnly",
                    "Effect": "Allow",
                    "Principal": { "Service": "events.amazonaws.com" },
                    "Action": "sqs:SendMessage",
                    "Resource": arn(QUEUE),
                    "Condition": { "ArnEquals": { "aws:SourceArn": arn("Edits") } },
                }),
                json!({
                    "Sid": "EncryptedTransportOnly",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "sqs:*",
                    "Resource": arn(QUEUE),
                    "Condition": { "Bool": { "aws:SecureTransport": "false" } },
                }),
            ]),
        }),
    );
    template.output("EventsUrl", "for --events", json!({ "Ref": QUEUE }));
}
