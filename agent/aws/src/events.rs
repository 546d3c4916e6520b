//! `CloudTrail`'s events, from the SQS queue that `EventBridge` puts them into.

use std::time::Duration;

use agent_world::{Delivery, Events, ReadError};
use async_trait::async_trait;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::ProvideCredentials as _;
use aws_sdk_sqs::types::DeleteMessageBatchRequestEntry;
use schema_documents::Json;

use crate::cloud_control::{self, Options, read_error};

/// How long the queue is asked to wait for something to deliver, in seconds: the longest that it takes.
const WAIT_SECONDS: i32 = 20;

/// What is not given back within this time is delivered again, in seconds.
const HIDDEN_SECONDS: i32 = 300;

/// How much a batch may hold: a limit of the queue.
const MOST_IN_BATCH: usize = 10;

/// Events from a queue.
pub struct Queue {
    client: Client,
    url: String,
    access_key: Option<String>,
}

impl Queue {
    /// The queue with this URL, with the usual credential chain.
    pub async fn connect(url: &str, options: Options) -> Self {
        let shared = cloud_control::shared(&options).await;
        let longest = Duration::from_secs(30);
        let config = aws_sdk_sqs::config::Builder::from(&shared)
            .retry_config(RetryConfig::standard())
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(longest).build())
            .build();
        let access_key = match shared.credentials_provider() {
            Some(provider) => provider.provide_credentials().await.ok(),
            None => None,
        };
        let access_key = access_key.map(|credentials| credentials.access_key_id().to_owned());
        Self { client: Client::from_conf(config), url: url.to_owned(), access_key }
    }

    /// The access key that our calls are made with, by which the audit trail knows them.
    pub fn access_key(&self) -> Option<&str> {
        self.access_key.as_deref()
    }
}

#[async_trait]
impl Events for Queue {
    async fn receive(&self) -> Result<Vec<Delivery>, ReadError> {
        let request = self.client.receive_message().queue_url(&self.url).max_number_of_messages(10);
        let request = request.wait_time_seconds(WAIT_SECONDS).visibility_timeout(HIDDEN_SECONDS);
        let answer = request.send().await.map_err(|error| read_error(&error))?;
        let messages = answer.messages.unwrap_or_default().into_iter();
        let delivered = messages.filter_map(|message| {
            let event = serde_json::from_str(message.body.as_deref().unwrap_or_default());
            Some(Delivery { receipt: message.receipt_handle?, event: event.unwrap_or(Json::Null) })
        });
        Ok(delivered.collect())
    }

    async fn done(&self, receipts: &[String]) -> Result<(), ReadError> {
        for batch in receipts.chunks(MOST_IN_BATCH) {
            let entries: Result<Vec<_>, _> = batch
                .iter()
                .enumerate()
                .map(|(number, receipt)| {
                    let entry = DeleteMessageBatchRequestEntry::builder().id(number.to_string());
                    entry.receipt_handle(receipt).build()
                })
                .collect();
            let entries = entries.map_err(|error| ReadError::NoAnswer(error.to_string()))?;
            let request = self.client.delete_message_batch().queue_url(&self.url).set_entries(Some(entries));
            // What could not be deleted comes again, and does no harm.
            request.send().await.map_err(|error| read_error(&error))?;
        }
        Ok(())
    }
}
