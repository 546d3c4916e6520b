//! The desired state: from a file, or the last one that was published.

use std::fs;
use std::path::Path;

use agent_engine::pass::Published;
use anyhow::{Context as _, Result, bail};
use schema_documents::desired::DesiredState;
use schema_documents::publication::Publication;
use schema_documents::{Digest, read};
use schema_store::{Missing, Store};

use crate::args::{Place, Wanted};

/// Reads what is wanted of this environment. No document, or an unreadable one, is an error: it never means "nothing".
pub(crate) async fn read(wanted: &Wanted, place: &Place) -> Result<(DesiredState, Published)> {
    let (desired, published) =
        if Store::is_store(&wanted.desired) { from_store(wanted, place).await? } else { from_file(wanted)? };
    for (asked, found, what) in
        [(&place.app, &desired.app, "app"), (&place.env, &desired.environment.name, "environment")]
    {
        if let Some(asked) = asked
            && asked != found
        {
            bail!("`{}` is of the {what} `{found}`, and `{asked}` was asked for", wanted.desired);
        }
    }
    Ok((desired, published))
}

fn from_file(wanted: &Wanted) -> Result<(DesiredState, Published)> {
    let path = Path::new(wanted.desired.strip_prefix("file://").unwrap_or(&wanted.desired));
    let named = || format!("the desired state `{}` cannot be used", path.display());
    let bytes = fs::metadata(path).with_context(named)?.len();
    if bytes > wanted.max_document_bytes {
        return Err(read::Unusable::TooLarge { bytes, limit: wanted.max_document_bytes }).with_context(named);
    }
    let (desired, head) =
        read::desired(&fs::read(path).with_context(named)?, wanted.max_document_bytes).with_context(named)?;
    Ok((desired, published(head)))
}

async fn from_store(wanted: &Wanted, place: &Place) -> Result<(DesiredState, Published)> {
    let store = publications(wanted, place).await?;
    let Some((number, bytes)) = store.numbered().last().await? else { return Err(nothing_at(&store)) };
    let named = || format!("number {number} at `{}` cannot be used", store.shown());
    let (desired, head) = read::desired(&bytes, wanted.max_document_bytes).with_context(named)?;
    Ok((desired, published(head)))
}

/// An earlier publication, and the last one.
pub(crate) struct Earlier {
    /// Where they lie.
    pub(crate) place: Store,
    /// Number of the last one.
    pub(crate) last: u64,
    /// Digest of what it says.
    pub(crate) last_digest: Digest,
    /// The earlier one.
    pub(crate) publication: Publication,
}

/// Reads the publication with this number, or the one before the last.
pub(crate) async fn earlier(wanted: &Wanted, place: &Place, number: Option<u64>) -> Result<Earlier> {
    if !Store::is_store(&wanted.desired) {
        bail!("`{}` is no store of publications, and only those have numbers to go back to", wanted.desired);
    }
    let store = publications(wanted, place).await?;
    let Some((last, bytes)) = store.numbered().last().await? else { return Err(nothing_at(&store)) };
    let number = match number {
        Some(number) if number == last => bail!("number {number} is the last one already"),
        Some(number) if number == 0 || number > last => {
            bail!("there is no number {number} at `{}`: the numbers are 1 to {last}", store.shown())
        }
        Some(number) => number,
        None if last == 1 => {
            bail!("number 1 is the only one at `{}`: there is none before it", store.shown())
        }
        None => last - 1,
    };
    let last_digest = publication(&store, last, &bytes, wanted)?.desired.digest();
    let Some(bytes) = store.numbered().get(number).await? else {
        bail!("number {number} is missing at `{}`", store.shown());
    };
    let earlier = publication(&store, number, &bytes, wanted)?;
    Ok(Earlier { place: store, last, last_digest, publication: earlier })
}

fn publication(store: &Store, number: u64, bytes: &[u8], wanted: &Wanted) -> Result<Publication> {
    read::document(bytes, schema_documents::publication::VERSION, wanted.max_document_bytes)
        .with_context(|| format!("number {number} at `{}` cannot be used", store.shown()))
}

/// Where a number comes from, for a pass.
pub(crate) fn published_as(number: u64, commit: Option<String>) -> Published {
    Published { number: Some(number), commit }
}

async fn publications(wanted: &Wanted, place: &Place) -> Result<Store> {
    let root = Store::open(&wanted.desired, Missing::Refuse)?.below("desired");
    let app = only(&root, place.app.as_ref(), "app").await?;
    let store = root.below(&app);
    let environment = only(&store, place.env.as_ref(), "environment").await?;
    Ok(store.below(&environment))
}

fn nothing_at(store: &Store) -> anyhow::Error {
    anyhow::anyhow!("nothing was published at `{}` (`manifestc publish` does)", store.shown())
}

fn published(head: Option<read::PublicationHead>) -> Published {
    head.map_or_else(Published::default, |head| Published { number: Some(head.number), commit: head.commit })
}

/// The name that was asked for, else the only one that is there.
pub(crate) async fn only(store: &Store, asked: Option<&String>, what: &str) -> Result<String> {
    if let Some(asked) = asked {
        return Ok(asked.clone());
    }
    let option = if what == "app" { "--app" } else { "--env" };
    // Desired states may lie in the same store; `desired` is the folder of those, and no app.
    let mut names = store.folders().await?;
    names.retain(|name| name != "desired");
    match names.as_slice() {
        [one] => Ok(one.clone()),
        [] => bail!("there is nothing at `{}`", store.shown()),
        several => {
            bail!("name the {what} with `{option}`: there are {} at `{}`", several.join(", "), store.shown())
        }
    }
}
