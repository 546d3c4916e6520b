//! Resources that are there already: a line of the environment file for each.

use compiler_diagnostics::{Code, Diagnostic, any_error};
use compiler_lower::{Images, lower};
use schema_documents::desired::{DesiredState, Resource};
use schema_documents::import::Named;

use crate::edit::Edit;
use crate::{Target, new_file, read};

/// An environment file in which resources are named that are there already.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The new text of the environment file.
    pub text: String,
    /// Where each line stands.
    pub places: Vec<String>,
}

/// Names resources that are there already in an environment file, each in one line. `None`: the file or the app cannot be
/// built as they are. What cannot be named is left out with a diagnostic.
pub fn name(target: Target<'_>, existing: &[Named]) -> (Option<Written>, Vec<Diagnostic>) {
    let (environment, found) = read(target, target.file);
    let Some(environment) = environment else { return (None, found) };
    let (before, found) = lower(target.model, &environment, &Images::default());
    let Some(mut before) = before else { return (None, found) };
    let text = target.file.map_or_else(|| new_file(&environment), ToOwned::to_owned);
    let (mut written, mut refused) = (Written { text, places: Vec::new() }, Vec::new());
    for named in existing {
        match attempt(target, &written.text, named, &before) {
            Ok((text, place, after)) => {
                written.text = text;
                written.places.push(place);
                before = after;
            }
            Err(reasons) => refused.extend(reasons),
        }
    }
    (Some(written), refused)
}

/// The text with one more line, and what it is lowered to: the same in everything else.
fn attempt(
    target: Target<'_>,
    text: &str,
    named: &Named,
    before: &DesiredState,
) -> Result<(String, String, DesiredState), Vec<Diagnostic>> {
    let refuse = |why: &str| {
        let message = format!("`{}` cannot be written for `{}`: {why}", named.identifier, named.resource);
        vec![Diagnostic::error(Code::I0302, message)]
    };
    let edits = Edit::existing(named);
    let text = edits
        .iter()
        .try_fold(text.to_owned(), |text, edit| edit.apply(&text))
        .map_err(|reason| refuse(&reason))?;
    let (environment, mut found) = read(target, Some(&text));
    let after = environment.and_then(|environment| {
        let (after, more) = lower(target.model, &environment, &Images::default());
        found.extend(more);
        after
    });
    let Some(after) = after.filter(|_| !any_error(&found)) else { return Err(found) };
    let is_taken = after.resources.get(&named.resource).is_some_and(|one| one.existing.is_some());
    if !is_taken || without_it(before, named) != without_it(&after, named) {
        return Err(refuse("something else would change with it"));
    }
    let places: Vec<&str> = edits.iter().map(|edit| edit.place.as_str()).collect();
    Ok((text, places.join(", "), after))
}

/// What every resource has, but for what the named one is, and without the places that move with a line.
fn without_it(desired: &DesiredState, named: &Named) -> schema_documents::Digest {
    let mut desired = desired.clone();
    if let Some(resource) = desired.resources.get_mut(&named.resource) {
        *resource = Resource { existing: None, ..resource.clone() };
    }
    desired.digest()
}
