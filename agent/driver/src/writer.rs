//! The journal's writer: a queue in which many append, and one put at a time that takes along all who wait.
//!
//! The writer also renews the lease when nothing else was written for long enough. It is a future and no task of its own:
//! whoever awaits it keeps the lease, and whoever drops it lets go of both, as a process that dies does.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use schema_documents::journal::{Entry, Lease};
use tokio::sync::{mpsc, oneshot, watch};

use crate::journal::{MOST_BATCH_BYTES, size};
use crate::lease::Hold;
use crate::{DriverError, Journal};

/// So many appends wait at most.
const MOST_WAITING: usize = 4096;

/// A way into the queue. Clones share it; when all are gone the writer ends.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Request>,
    held: watch::Receiver<Hold>,
}

/// What waits.
struct Request {
    entries: Vec<Entry>,
    bytes: usize,
    answer: oneshot::Sender<Result<(), DriverError>>,
}

/// An append that waits. It ends when its entries are durable, or will never be.
pub struct Receipt(Result<oneshot::Receiver<Result<(), DriverError>>, Option<DriverError>>);

impl Future for Receipt {
    type Output = Result<(), DriverError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Ok(answer) => {
                Pin::new(answer).poll(context).map(|answer| answer.unwrap_or(Err(DriverError::Closed)))
            }
            Err(error) => Poll::Ready(Err(error.take().unwrap_or(DriverError::Closed))),
        }
    }
}

impl Writer {
    /// Puts entries into the queue, behind all that are there. They are appended together, in this order, or not at all.
    pub fn append(&self, entries: Vec<Entry>) -> Receipt {
        let bytes = entries.iter().map(size).sum();
        let (answer, answered) = oneshot::channel();
        Receipt(match self.queue.try_send(Request { entries, bytes, answer }) {
            Ok(()) => Ok(answered),
            Err(mpsc::error::TrySendError::Full(_)) => Err(Some(DriverError::Busy { waiting: MOST_WAITING })),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Some(DriverError::Closed)),
        })
    }

    /// The lease that is held, as it changes.
    pub(crate) fn held(&self) -> watch::Receiver<Hold> {
        self.held.clone()
    }
}

impl Journal {
    /// A queue in front of this journal. The future works it off, and keeps the lease, until every [`Writer`] is gone; then
    /// it gives the journal back.
    pub fn into_writer(self) -> (Writer, impl Future<Output = Self> + Send) {
        let (queue, requests) = mpsc::channel(MOST_WAITING);
        let (holds, held) = watch::channel(self.hold());
        (Writer { queue, held }, work(self, requests, holds))
    }
}

async fn work(
    mut journal: Journal,
    mut requests: mpsc::Receiver<Request>,
    holds: watch::Sender<Hold>,
) -> Journal {
    let mut waiting = VecDeque::new();
    while let Some(group) = next_group(&journal, &mut requests, &mut waiting).await {
        let bytes = group.iter().map(|request| request.bytes).sum();
        let (groups, answers): (Vec<_>, Vec<_>) =
            group.into_iter().map(|request| (request.entries, request.answer)).unzip();
        let results = journal.append_each(groups, bytes).await;
        holds.send_replace(journal.hold());
        for (answer, result) in answers.into_iter().zip(results) {
            // Who does not wait any more does not want to know.
            let _ = answer.send(result);
        }
        journal.start_checkpoint();
    }
    journal
}

/// What the next batch is made of: all who wait, as far as they fit; or, when nobody came in time, a renewal of the lease.
async fn next_group(
    journal: &Journal,
    requests: &mut mpsc::Receiver<Request>,
    waiting: &mut VecDeque<Request>,
) -> Option<Vec<Request>> {
    if waiting.is_empty() {
        tokio::select! {
            biased;
            request = requests.recv() => waiting.push_back(request?),
            lease = renewal(journal) => waiting.push_back(renewal_of(lease)),
        }
    }
    while let Ok(request) = requests.try_recv() {
        waiting.push_back(request);
    }
    let mut group: Vec<Request> = Vec::new();
    let mut bytes = 0;
    while let Some(request) = waiting.pop_front() {
        if !group.is_empty() && bytes + request.bytes > MOST_BATCH_BYTES {
            waiting.push_front(request);
            break;
        }
        bytes += request.bytes;
        group.push(request);
    }
    Some(group)
}

/// The lease, when it is to be renewed.
async fn renewal(journal: &Journal) -> Lease {
    match journal.hold() {
        Hold::Lease(held) => {
            journal.clock().sleep_until(held.renewal_due_ms).await;
            held.lease
        }
        Hold::Nothing | Hold::Over(_) => std::future::pending().await,
    }
}

fn renewal_of(lease: Lease) -> Request {
    let (answer, _) = oneshot::channel();
    Request { entries: vec![Entry::Lease(lease)], bytes: 0, answer }
}
