//! Losses: what is gone for good with a generation that is to go, and the words of people that it may be (semantics, §8).

use schema_catalog::Catalog;
use schema_documents::journal::{Entry, Loss, confirmation_digest};
use schema_documents::recorded::{Confirmation, Recorded};
use schema_documents::{Digest, ResourceId};

/// What is lost with a generation, by the record: as it was read when its deletion was considered last, else as it was seen.
/// `None`: it has no identifier, so there is nothing.
pub fn recorded_loss(
    recorded: &Recorded,
    catalog: &Catalog,
    id: &ResourceId,
    generation: u32,
) -> Option<Loss> {
    let record = recorded.resources.get(id)?.get(&generation)?;
    let identifier = record.identifier.as_ref()?;
    let read = recorded.losses.get(id).and_then(|losses| losses.get(&generation));
    let read = read.filter(|loss| loss.identifier == *identifier).cloned();
    Some(read.unwrap_or_else(|| catalog.loss(&record.kind, generation, identifier, &record.seen.to_json())))
}

/// The generation of a resource whose loss this digest confirms, with that loss.
pub fn meant_by(recorded: &Recorded, catalog: &Catalog, id: &ResourceId, digest: &Digest) -> Option<Loss> {
    let generations = recorded.resources.get(id)?.keys();
    let losses = generations.filter_map(|generation| recorded_loss(recorded, catalog, id, *generation));
    losses.into_iter().find(|loss| confirmation_digest(id, loss) == *digest)
}

/// Confirmations of what would not be lost that way any more: they are void for good.
pub fn lapsed(recorded: &Recorded, catalog: &Catalog) -> Option<Entry> {
    let is_void = |(digest, word): &(&Digest, &Confirmation)| {
        meant_by(recorded, catalog, &word.resource, digest).is_none()
    };
    let lapsed = recorded.confirmations.iter().filter(is_void);
    let confirmations: Vec<Digest> = lapsed.map(|(digest, _)| digest.clone()).collect();
    (!confirmations.is_empty()).then(|| Entry::Lapsed { approvals: Vec::new(), confirmations })
}
