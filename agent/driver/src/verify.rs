//! Verify: is the journal what was written, all of it, in its order, and legal?
//!
//! It reads every batch from the first one on and trusts no checkpoint. Checkpoints are compared with the fold on the way.
//! Beyond the end it asks the listing, which may lag but does not invent: what is listed exists.

use std::sync::Arc;
use std::time::Duration;

use agent_engine::fold;
use futures::future::try_join_all;
use schema_documents::Digest;
use schema_documents::checkpoint::Checkpoint;
use schema_documents::journal::Batch;
use schema_documents::read::Unusable;
use schema_documents::recorded::Recorded;

use crate::patient::{Patient, answered};
use crate::{Driver, DriverError};

/// So many batches are asked for at a time.
const AHEAD: u64 = 32;

/// A listing of a long journal takes its time, and so does a checkpoint of a large environment.
const LONGEST_ANSWER: Duration = Duration::from_mins(5);

/// After so many findings it stops: more of them say nothing new.
const MOST_FINDINGS: usize = 50;

/// What a journal is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verified {
    /// Its id; absent when it is empty, or its first batch cannot be read.
    pub journal: Option<String>,
    /// Batches that are whole.
    pub batches: u64,
    /// Entries in them.
    pub entries: u64,
    /// The epoch of the last one.
    pub epoch: u64,
    /// Digest of the last one: whoever notes it down can tell later that nothing before was changed.
    pub last: Option<Digest>,
    /// Checkpoints that say what the batches say.
    pub checkpoints: u64,
    /// What is wrong, in the order of the batches.
    pub findings: Vec<Finding>,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The number of the batch.
    pub batch: u64,
    /// What is wrong, in a sentence.
    pub what: String,
    /// What to do.
    pub help: String,
}

/// Walks through the whole journal. Writes nothing. An error: the store did not answer.
pub async fn verify(driver: &Driver) -> Result<Verified, DriverError> {
    let batches = Patient { store: Arc::clone(&driver.store), clock: Arc::clone(&driver.clock) };
    let listed = answered(LONGEST_ANSWER, driver.store.listed()).await?;
    let mut walk = Walk::default();
    let mut first = 1;
    loop {
        let found = try_join_all((first..first + AHEAD).map(|number| batches.get(number))).await?;
        let last_found = found.iter().rposition(Option::is_some).map_or(0, |place| first + place as u64);
        let end = last_found.max(listed.min(first + AHEAD - 1));
        for (number, bytes) in (first..=end).zip(found) {
            walk.batch(number, bytes.as_deref());
            if let Some(recorded) = walk.judged.as_ref().filter(|_| driver.checkpoints.are_due(number)) {
                let checkpoint = answered(LONGEST_ANSWER, driver.checkpoints.store.get(number)).await?;
                walk.verified.compare(recorded, checkpoint.as_deref());
            }
        }
        if end < first + AHEAD - 1 || walk.verified.findings.len() >= MOST_FINDINGS {
            break;
        }
        first += AHEAD;
    }
    let newest = answered(LONGEST_ANSWER, driver.checkpoints.store.listed()).await?;
    walk.ends_before(newest);
    Ok(walk.verified)
}

/// How far the walk is.
struct Walk {
    verified: Verified,
    /// The fold of everything so far; none after the first batch that cannot be used.
    judged: Option<Recorded>,
    /// The last batch that is right, as far as that is known: its header.
    last: Option<Header>,
    /// Digest of the last one that is whole and not right.
    rejected: Option<Digest>,
    number: u64,
}

struct Header {
    number: u64,
    journal: String,
    epoch: u64,
    digest: Digest,
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            verified: Verified::default(),
            judged: Some(Recorded::default()),
            last: None,
            rejected: None,
            number: 0,
        }
    }
}

impl Walk {
    fn batch(&mut self, number: u64, bytes: Option<&[u8]>) {
        self.number = number;
        let opened = bytes.map(Batch::open);
        match opened {
            None => self.unusable("it is missing", PUT_BACK),
            Some(Err(error @ Unusable::TooNew { .. })) => {
                self.unusable(&error.to_string(), "verify the journal with a newer agent");
            }
            Some(Err(error)) => self.unusable(&error.to_string(), PUT_BACK),
            Some(Ok((batch, digest))) => self.whole(&batch, digest),
        }
    }

    fn unusable(&mut self, what: &str, help: &str) {
        self.judged = None;
        self.verified.find(self.number, what, help);
    }

    /// A batch that is as it was written: is it the right one?
    fn whole(&mut self, batch: &Batch, digest: Digest) {
        self.names_the_one_before(batch);
        let wrong = match &mut self.judged {
            Some(recorded) => {
                fold::fold_read(recorded, batch, digest.clone()).err().map(|illegal| illegal.to_string())
            }
            None => self.last.as_ref().and_then(|last| wrong_after(last, batch)),
        };
        if let Some(wrong) = wrong {
            self.unusable(&wrong, FOREIGN);
            self.rejected = Some(digest);
            return;
        }
        let verified = &mut self.verified;
        verified.journal.get_or_insert_with(|| batch.journal.clone());
        verified.batches += 1;
        verified.entries += batch.entries.len() as u64;
        (verified.epoch, verified.last) = (batch.epoch, Some(digest.clone()));
        let (journal, epoch) = (batch.journal.clone(), batch.epoch);
        self.last = Some(Header { number: self.number, journal, epoch, digest });
    }

    /// The batch after one that is not right says which one it must have been.
    fn names_the_one_before(&mut self, batch: &Batch) {
        let is_another = batch.previous != self.rejected && self.last_number() + 1 < self.number;
        let before = self.verified.findings.last_mut().filter(|finding| finding.batch + 1 == self.number);
        if let (true, Some(finding), Some(previous)) = (is_another, before, &batch.previous) {
            finding.help = format!("{}; the right one has the digest {previous}", finding.help);
        }
    }

    fn last_number(&self) -> u64 {
        self.last.as_ref().map_or(0, |last| last.number)
    }

    fn ends_before(&mut self, newest_checkpoint: u64) {
        if newest_checkpoint > self.number {
            let what = format!("the journal ends here, and batch {newest_checkpoint} has a checkpoint");
            let help =
                "its newest batches are gone: put them back from a copy of the store before any agent runs";
            self.verified.find(self.number, &what, help);
        }
    }
}

const PUT_BACK: &str =
    "put it back from a copy or an earlier version of the object; until then no agent writes to this journal";

const FOREIGN: &str = "another program or another agent's store wrote here: find out who, and put the right batch back from a copy";

/// What is wrong with a batch that comes after another one, if that is all that is known.
fn wrong_after(last: &Header, batch: &Batch) -> Option<String> {
    if batch.journal != last.journal {
        return Some(format!("it belongs to journal `{}`, and this is `{}`", batch.journal, last.journal));
    }
    if batch.number == last.number + 1 && batch.previous.as_ref() != Some(&last.digest) {
        return Some("it names another batch before it than the one that is there".to_owned());
    }
    (batch.epoch < last.epoch).then(|| format!("epoch {} is past, {} has begun", batch.epoch, last.epoch))
}

impl Verified {
    fn find(&mut self, batch: u64, what: &str, help: &str) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(Finding { batch, what: what.to_owned(), help: help.to_owned() });
        }
    }

    /// Compares a checkpoint with what the batches say.
    fn compare(&mut self, recorded: &Recorded, checkpoint: Option<&[u8]>) {
        let Some(bytes) = checkpoint else { return };
        if Checkpoint::of(recorded.clone()).seal().bytes == bytes {
            self.checkpoints += 1;
            return;
        }
        let digest = recorded.last.as_ref();
        let read = digest.map(|digest| Checkpoint::open(bytes, recorded.number, digest));
        let what = match read {
            Some(Err(error)) => format!("its checkpoint is not used: {error}"),
            _ => "its checkpoint says something else than the batches".to_owned(),
        };
        self.find(
            recorded.number,
            &what,
            "delete the checkpoint: it is made of the batches, and nobody needs it",
        );
    }
}
