//! What a scan finds when one file says something else than before.
//!
//! The scanner of the app's language puts the part of the app together that the change concerns, once with the file as it was
//! and once as it is now. What is different between the two is different in the manifest. Where the scanner cannot tell
//! which part that is, or what is found is more than a manifest without any diagnostic, there is no answer here, and all is
//! put together again.

use std::collections::BTreeSet;

use compiler_diagnostics::Diagnostic;
use schema_documents::manifest::{Language, Manifest};

use crate::app::App;
use crate::difference::Difference;
use crate::fetched::Fetched;
use crate::known::Known;
use crate::per_file::Reader;
use crate::{SourceTree, go, sort, typescript};

/// How diagnostics are kept when there are none.
const NONE: &[u8] = b"[]";

/// What was found before a file changed.
pub(crate) struct Before<'b> {
    pub(crate) manifest: &'b Manifest,
    /// The path of the file.
    pub(crate) changed: &'b str,
    /// What the scanner kept for this.
    pub(crate) trail: &'b [u8],
}

/// A part of the app, put together twice.
pub(crate) struct Part {
    pub(crate) before: (Manifest, Vec<Diagnostic>),
    pub(crate) now: (Manifest, Vec<Diagnostic>),
    /// The files that changed or matter for the first time.
    pub(crate) changed: BTreeSet<String>,
    /// Whether nothing in a whole is wrong that could not be seen in the part.
    pub(crate) fits: fn(&Manifest) -> bool,
}

/// The manifest now that one file has changed; absent when all has to be put together again. Wants a large stack.
pub(crate) fn manifest(
    tree: &SourceTree,
    known: &Known,
    changed: &str,
    fetched: &Fetched<'_>,
    threads: usize,
) -> Option<Manifest> {
    let outcome = known.outcome().filter(|outcome| outcome.diagnostics == NONE)?;
    let manifest: Manifest = serde_json::from_slice(&outcome.manifest).ok()?;
    let app = App { name: manifest.app.clone(), language: manifest.language };
    let reader = Reader::new(tree, known, threads, false).fetching(fetched);
    let before = Before { manifest: &manifest, changed, trail: &outcome.trail };
    let part = match app.language {
        Language::Typescript => typescript::part(&reader, &app, &before),
        Language::Go => go::part(&reader, &app, &before),
        Language::Python | Language::Rust => Ok(None),
    };
    applied(manifest, part.ok()??)
}

fn applied(whole: Manifest, Part { before, now, changed, fits }: Part) -> Option<Manifest> {
    let ((mut before, said_before), (mut now, said_now)) = (before, now);
    if !is_nothing_new_said(said_before, said_now) {
        return None;
    }
    sort(&mut before);
    sort(&mut now);
    let mut whole = Difference { before: &before, now: &now, changed: &changed }.applied(whole)?;
    sort(&mut whole);
    fits(&whole).then_some(whole)
}

/// Whether nothing is said that was not said before. Of a part things are said that are not true of the whole.
fn is_nothing_new_said(mut before: Vec<Diagnostic>, now: Vec<Diagnostic>) -> bool {
    now.into_iter().all(|one| {
        let said = before.iter().position(|said| *said == one);
        said.map(|at| before.swap_remove(at)).is_some()
    })
}
