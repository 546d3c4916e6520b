//! Pub/Sub: a topic, and for each subscription a queue that only that topic may fill, with a dead letter queue.

use std::time::Duration;

use compiler_diagnostics::{Code, Diagnostic};
use compiler_model::{Retries, Subscription, Topic};
use schema_documents::manifest::Delivery;
use schema_documents::{Json, Origin, ResourceId};
use serde_json::json;

use super::roles;
use crate::builder::{Draft, Lowering, id, output};

/// Seconds that AWS allows a message to be worked on.
const ACK_SECONDS: (u64, u64) = (0, 43_200);
/// Seconds that AWS keeps a message.
const RETENTION_SECONDS: (u64, u64) = (60, 1_209_600);
/// Times that AWS hands out a message before it is a dead letter.
const RECEIVES: (u64, u64) = (1, 1_000);
/// Seconds that a receive waits for a message: the longest there is, since an empty answer costs as well.
const WAIT_SECONDS: u64 = 20;

/// The id of a topic.
pub(crate) fn topic_id(topic: &str) -> ResourceId {
    id(["topic", topic, "topic"])
}

/// The id of a subscription's queue.
pub(crate) fn queue_id(topic: &str, subscription: &str) -> ResourceId {
    id(["topic", topic, "queue", subscription])
}

pub(crate) fn lower(lowering: &mut Lowering<'_>) {
    let model = lowering.model;
    for topic in model.topics.values() {
        lower_topic(lowering, topic);
    }
}

fn lower_topic(lowering: &mut Lowering<'_>, topic: &Topic) {
    let why = Lowering::declared(&topic.at);
    let fifo = topic.delivery == Delivery::ExactlyOnce || topic.ordering_attribute.is_some();
    let mut draft = Draft::new(topic_id(&topic.name), "AWS::SNS::Topic", &why)
        .properties(json!({ "KmsMasterKeyId": "alias/aws/sns" }))
        .named([&topic.name]);
    if fifo {
        draft = draft.set("FifoTopic", true).set("ContentBasedDeduplication", true);
        draft = draft.from(&why, "/FifoTopic").from(&why, "/ContentBasedDeduplication");
    }
    let topic_id = lowering.add(draft);
    for subscription in topic.subscriptions.values() {
        Room { lowering, topic: &topic.name, subscription, fifo, why: Lowering::declared(&subscription.at) }
            .lower(&topic_id);
    }
}

/// One subscription at work.
struct Room<'a, 'b> {
    lowering: &'a mut Lowering<'b>,
    topic: &'a str,
    subscription: &'a Subscription,
    fifo: bool,
    why: Origin,
}

impl Room<'_, '_> {
    fn lower(&mut self, topic: &ResourceId) {
        let dead_letters = self.dead_letters();
        let queue = self.queue(dead_letters);
        let policy = Draft::new(self.id("queue-policy"), "AWS::SQS::QueueInlinePolicy", &self.why)
            .properties(json!({
                "Queue": output(&queue, "/QueueUrl"),
                "PolicyDocument": roles::document(&[json!({
                    "Effect": "Allow",
                    "Principal": { "Service": "sns.amazonaws.com" },
                    "Action": "sqs:SendMessage",
                    "Resource": output(&queue, "/Arn"),
                    "Condition": { "ArnEquals": { "aws:SourceArn": output(topic, "/TopicArn") } },
                })]),
            }));
        let policy = self.lowering.add(policy);
        let subscription = Draft::new(self.id("subscription"), "AWS::SNS::Subscription", &self.why)
            .properties(json!({
                "TopicArn": output(topic, "/TopicArn"),
                "Protocol": "sqs",
                "Endpoint": output(&queue, "/Arn"),
            }))
            .after(&policy);
        self.lowering.add(subscription);
    }

    fn id(&self, role: &str) -> ResourceId {
        id(["topic", self.topic, role, &self.subscription.name])
    }

    /// The dead letter queue, and after how many receives a message goes there.
    fn dead_letters(&mut self) -> Option<(ResourceId, u64)> {
        let receives = match self.subscription.retries {
            Retries::Unlimited => return None,
            Retries::None => 1,
            Retries::Limited(times) => u64::from(times) + 1,
        };
        let receives = self.clamp("number of attempts", "", receives, RECEIVES);
        let properties = self.with_fifo(json!({
            "MessageRetentionPeriod": RETENTION_SECONDS.1,
            "SqsManagedSseEnabled": true,
        }));
        let draft = Draft::new(self.id("dead-letter"), "AWS::SQS::Queue", &self.why)
            .named_as([self.topic, &self.subscription.name], "dead-letter")
            .properties(properties);
        Some((self.lowering.add(draft), receives))
    }

    fn queue(&mut self, dead_letters: Option<(ResourceId, u64)>) -> ResourceId {
        let ack = seconds(self.subscription.ack_deadline);
        let ack = self.clamp("ack deadline", " seconds", ack, ACK_SECONDS);
        let retention = seconds(self.subscription.message_retention);
        let retention = self.clamp("message retention", " seconds", retention, RETENTION_SECONDS);
        let properties = self.with_fifo(json!({
            "VisibilityTimeout": ack,
            "MessageRetentionPeriod": retention,
            "ReceiveMessageWaitTimeSeconds": WAIT_SECONDS,
            "SqsManagedSseEnabled": true,
        }));
        let mut draft = Draft::new(self.id("queue"), "AWS::SQS::Queue", &self.why)
            .named([self.topic, &self.subscription.name])
            .properties(properties)
            .from(&self.why, "/VisibilityTimeout")
            .from(&self.why, "/MessageRetentionPeriod");
        if let Some((queue, receives)) = dead_letters {
            let policy =
                json!({ "deadLetterTargetArn": output(&queue, "/Arn"), "maxReceiveCount": receives });
            draft = draft.set("RedrivePolicy", policy).from(&self.why, "/RedrivePolicy");
        }
        self.lowering.add(draft)
    }

    /// A queue behind an ordered topic is ordered as well.
    fn with_fifo(&self, mut properties: Json) -> Json {
        if self.fifo {
            properties["FifoQueue"] = json!(true);
            properties["ContentBasedDeduplication"] = json!(true);
        }
        properties
    }

    /// The value within the limits of AWS, with a warning when that is another one.
    fn clamp(&mut self, what: &str, unit: &str, value: u64, (least, most): (u64, u64)) -> u64 {
        let within = value.clamp(least, most);
        if within != value {
            let name = &self.subscription.name;
            let message =
                format!("subscription `{name}` has a {what} of {value}{unit}, AWS takes {least} to {most}");
            self.lowering.found.push(
                Diagnostic::warning(Code::L0205, message)
                    .at(&self.subscription.at)
                    .note(format!("{within}{unit} is used instead")),
            );
        }
        within
    }
}

/// Whole seconds, rounded up: nobody gets less time than was asked for.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
