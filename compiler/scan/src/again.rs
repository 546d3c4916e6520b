//! Whether a scan would find what the last one found.
//!
//! A scan depends on the names of files, on the configuration, and on what is found in each source file. When all of
//! that is the same, so is what is found, and nothing has to be put together again. When lines moved in some files, and
//! nothing else, what is found moves with them.

use compiler_diagnostics::Diagnostic;
use schema_documents::manifest::Manifest;

use crate::known::{Digest, Known, Outcome};
use crate::moved::{Change, Moved};
use crate::per_file::change;
use crate::tree::{File, Part};
use crate::{SourceTree, go, python, rust, typescript};

/// What a scan has to do.
pub(crate) enum Again<'t> {
    /// Nothing: this is what it finds.
    Nothing(Box<Option<Manifest>>, Vec<Diagnostic>),
    /// To find out what has become of what the last one found, since this file says something else.
    OneFile(&'t str),
    /// To put all together.
    All,
}

/// What a scan has to do; all, when more than so many files were touched.
pub(crate) fn again<'t>(tree: &'t SourceTree, known: &Known, max_touched: usize) -> Again<'t> {
    known.outcome().and_then(|outcome| compared(tree, known, outcome, max_touched)).unwrap_or(Again::All)
}

fn compared<'t>(
    tree: &'t SourceTree,
    known: &Known,
    Outcome { context, manifest, diagnostics, trail: _ }: &Outcome,
    max_touched: usize,
) -> Option<Again<'t>> {
    let is_source = |path: &str| matches!(Part::of(path), Part::Source(_));
    let touched: Vec<_> = tree.files().filter(|(path, _)| is_source(path)).take(max_touched + 1).collect();
    if touched.len() > max_touched {
        return None;
    }
    let (mut moved, mut others) = (Moved::default(), Vec::new());
    for (path, content) in touched {
        match since(path, content, known) {
            Change::Nothing => {}
            Change::Lines(lines) => drop(moved.0.insert(path, lines)),
            Change::Facts => others.push(path),
        }
    }
    if self::context(tree) != *context {
        return None;
    }
    match others.as_slice() {
        [] => {}
        [one] if moved.is_nothing() => return Some(Again::OneFile(one)),
        _ => return None,
    }
    let mut diagnostics: Vec<Diagnostic> = serde_json::from_slice(diagnostics).ok()?;
    if moved.is_nothing() {
        return Some(Again::Nothing(Box::new(serde_json::from_slice(manifest).ok()?), diagnostics));
    }
    let mut manifest = serde_json::from_slice(manifest).ok()?;
    moved.manifest(&mut manifest)?;
    moved.diagnostics(&mut diagnostics)?;
    Some(Again::Nothing(Box::new(serde_json::from_value(manifest).ok()?), diagnostics))
}

/// What is worth keeping of a whole scan.
pub(crate) fn outcome(
    tree: &SourceTree,
    manifest: Option<&Manifest>,
    diagnostics: &[Diagnostic],
    trail: &[u8],
) -> Option<Outcome> {
    let manifest = serde_json::to_vec(&manifest).ok()?;
    let diagnostics = serde_json::to_vec(diagnostics).ok()?;
    Some(Outcome { context: context(tree), manifest, diagnostics, trail: trail.to_vec() })
}

/// What has become of a file that was touched, as far as a scan asks.
fn since(path: &str, content: &[u8], known: &Known) -> Change {
    let Some(before) = known.by_path(path) else { return Change::Facts };
    let never = |_: &[u8], _: &_| false;
    match Part::of(path) {
        Part::Source("go") => {
            change(&[&go::LANGUAGE, &go::WHOLE], content, &before, known, go::contains_word)
        }
        Part::Source("ts") => {
            change(&[&typescript::LANGUAGE, &typescript::WHOLE], content, &before, known, never)
        }
        Part::Source("py") => change(&[&python::LANGUAGE], content, &before, known, never),
        Part::Source("rs") => change(&[&rust::LANGUAGE], content, &before, known, rust::contains_word),
        _ => Change::Facts,
    }
}

/// The digest of all that a scan depends on, other than what is in source files.
fn context(tree: &SourceTree) -> Digest {
    // It is many small pieces: they are put together first, since to digest each alone takes longer.
    let mut all = Vec::new();
    let mut add = |bytes: &[u8]| {
        all.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        all.extend_from_slice(bytes);
    };
    add(tree.name.as_bytes());
    add(tree.excess.as_deref().unwrap_or_default().as_bytes());
    for (path, file) in tree.all() {
        add(path.as_bytes());
        match file {
            File::Read(content, _) if configures_code(path) => add(content),
            _ => {}
        }
    }
    for (path, reason) in &tree.unreadable {
        add(path.as_bytes());
        add(reason.as_bytes());
    }
    tree.other_apps().for_each(|folder| add(folder.as_bytes()));
    *blake3::hash(&all).as_bytes()
}

/// Whether a file says something about code, and not only about environments.
fn configures_code(path: &str) -> bool {
    Part::of(path) == Part::Configuration && !path.starts_with("environments/")
}
