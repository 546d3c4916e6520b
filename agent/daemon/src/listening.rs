//! Listening to the audit trail: what it tells of wakes a narrow pass, and is given back to its queue when it was looked at.

use std::sync::Arc;
use std::time::Duration;

use agent_aws::Queue;
use agent_driver::SystemClock;
use agent_engine::attention::Looks;
use agent_engine::audit::{Authors, Inbox, Ourselves};
use agent_engine::diff::Sightings;
use agent_engine::live::Key;
use agent_engine::options::Limits;
use agent_world::{Clock as _, Delivery, Events};
use schema_catalog::Catalog;
use schema_documents::Millis;
use schema_documents::recorded::Recorded;
use tokio::sync::mpsc;

/// Deliveries that wait here while a pass runs; the queue keeps the rest.
const MOST_WAITING: usize = 64;

/// How long after a failure the queue is asked again.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// An ear at the audit trail.
pub(crate) struct Ear {
    events: Arc<dyn Events>,
    arrivals: mpsc::Receiver<Vec<Delivery>>,
    inbox: Inbox,
    clock: SystemClock,
}

impl Ear {
    /// Begins to listen at a queue.
    pub(crate) async fn at(url: &str, options: agent_aws::Options) -> Self {
        let role = options.role_arn.clone();
        let queue = Queue::connect(url, options).await;
        let access_keys = queue.access_key().map(str::to_owned).into_iter().collect();
        let inbox = Inbox::new(Ourselves { access_keys, role, ..Ourselves::default() });
        let events: Arc<dyn Events> = Arc::new(queue);
        let (sender, arrivals) = mpsc::channel(MOST_WAITING);
        tokio::spawn(listen(Arc::clone(&events), sender));
        Self { events, arrivals, inbox, clock: SystemClock::default() }
    }

    /// Waits for deliveries.
    pub(crate) async fn arrive(&mut self) -> Vec<Delivery> {
        let Some(mut deliveries) = self.arrivals.recv().await else { return std::future::pending().await };
        while let Ok(more) = self.arrivals.try_recv() {
            deliveries.extend(more);
        }
        deliveries
    }

    /// Whether deliveries concern what is recorded. What does not is given back at once.
    pub(crate) async fn hear(
        &mut self,
        deliveries: Vec<Delivery>,
        recorded: impl FnOnce() -> Option<Recorded>,
        limits: &Limits,
    ) -> bool {
        let is_news = deliveries.iter().any(|delivery| self.inbox.is_news(&delivery.event));
        let recorded = if is_news { recorded() } else { None }.unwrap_or_default();
        let about = (Catalog::builtin(), limits, self.clock.now_ms());
        let (kept, useless): (Vec<Delivery>, Vec<Delivery>) = deliveries
            .into_iter()
            .partition(|Delivery { receipt, event }| self.inbox.take(receipt, event, &recorded, about));
        self.give_back(useless.into_iter().map(|delivery| delivery.receipt).collect()).await;
        !kept.is_empty()
    }

    /// What was named, and by whom it was changed.
    pub(crate) fn told(&self) -> (std::collections::BTreeSet<Key>, Authors) {
        (self.inbox.named(), self.inbox.authors())
    }

    /// When to look again, though nobody says anything new.
    pub(crate) fn look_again_at_ms(&self) -> Option<Millis> {
        self.inbox.look_again_at_ms()
    }

    /// Gives back what a pass has done with: what it learnt is durable.
    pub(crate) async fn settle(&mut self, looks: &Looks, sightings: &Sightings) {
        let receipts = self.inbox.settle(looks, sightings, self.clock.now_ms());
        self.give_back(receipts).await;
    }

    async fn give_back(&self, receipts: Vec<String>) {
        if receipts.is_empty() {
            return;
        }
        if let Err(error) = self.events.done(&receipts).await {
            tracing::warn!("events were not given back, and come again: {error}");
        }
    }
}

async fn listen(events: Arc<dyn Events>, sender: mpsc::Sender<Vec<Delivery>>) {
    loop {
        match events.receive().await {
            Ok(deliveries) if deliveries.is_empty() => {}
            Ok(deliveries) => {
                if sender.send(deliveries).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!("the audit trail cannot be heard, and the sweep alone finds edits: {error}");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
}
