//! The compiler as one sentence.

use std::collections::BTreeSet;

use compiler_diagnostics::{Code, Diagnostic, any_error};
use compiler_lower::{EnvironmentFile, Images};
use compiler_model::AppModel;
use compiler_scan::{Part, SourceTree};
use schema_documents::Position;
use schema_documents::desired::DesiredState;
use schema_documents::manifest::Manifest;

/// What a build makes of an app.
#[derive(Debug)]
pub struct Built {
    /// What was found in the source.
    pub manifest: Option<Manifest>,
    /// What it means; absent when something is wrong with the app.
    pub model: Option<AppModel>,
    /// One desired state per environment without errors, in the order in which they were asked for.
    pub desired: Vec<DesiredState>,
    /// What was found on the way.
    pub diagnostics: Vec<Diagnostic>,
}

/// What an app is read from.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The app's folder: its environment files, and its code unless manifests stand for it.
    pub tree: &'a SourceTree,
    /// Manifests that were written by hand or by other tools: their names and contents.
    pub manifests: &'a [(String, Vec<u8>)],
    /// Whether the code is read although there are manifests.
    pub with_source: bool,
    /// What was found in the code, where that is known already.
    pub scanned: Option<&'a Scan>,
}

/// What a scan gives.
pub type Scan = (Option<Manifest>, Vec<Diagnostic>);

impl<'a> Source<'a> {
    /// An app that is all code.
    pub fn code(tree: &'a SourceTree) -> Self {
        Self { tree, manifests: &[], with_source: false, scanned: None }
    }
}

/// What an app declares and uses: from its code, from manifests, or from both.
pub fn manifest(source: Source<'_>) -> Scan {
    let scan = || source.scanned.cloned().unwrap_or_else(|| compiler_scan::scan(source.tree));
    if source.manifests.is_empty() {
        return scan();
    }
    let (mut parts, mut diagnostics) = (Vec::new(), Vec::new());
    if source.with_source {
        let (scanned, found) = scan();
        diagnostics.extend(found);
        let at = Position::point("encore.app", 1, 1);
        parts.extend(scanned.map(|manifest| Part { manifest, at }));
    }
    for (file, bytes) in source.manifests {
        let (part, found) = compiler_scan::written::read(file, bytes);
        diagnostics.extend(found);
        parts.extend(part);
    }
    let all = source.manifests.len() + usize::from(source.with_source);
    if parts.len() < all {
        // What the others use may be declared in the part that cannot be read.
        return (None, diagnostics);
    }
    let (manifest, found) = compiler_scan::merge(parts);
    diagnostics.extend(found);
    (manifest, diagnostics)
}

/// Scan, resolve, lower: source in, one desired state per environment out. Without names: every environment.
pub fn build(tree: &SourceTree, environments: &[String]) -> Built {
    build_from(Source::code(tree), environments, &Images::default())
}

/// The same, whatever the app is read from, with the images that processes run.
pub fn build_from(source: Source<'_>, environments: &[String], images: &Images) -> Built {
    let tree = source.tree;
    let (manifest, mut diagnostics) = manifest(source);
    let model = resolve(manifest.as_ref(), &mut diagnostics);
    let mut desired = Vec::new();
    for name in names(tree, environments) {
        let (environment, found) = environment(tree, &name);
        diagnostics.extend(found);
        if let (Some(model), Some(environment)) = (&model, environment) {
            let (lowered, found) = compiler_lower::lower(model, &environment, images);
            let broken = any_error(&found);
            diagnostics.extend(found);
            desired.extend(lowered.filter(|_| !broken));
        }
    }
    compiler_diagnostics::sort(&mut diagnostics);
    Built { manifest, model, desired, diagnostics }
}

/// Scan and resolve. Without a model there are errors that say why.
pub fn model(source: Source<'_>) -> (Option<AppModel>, Vec<Diagnostic>) {
    let (manifest, mut diagnostics) = manifest(source);
    (resolve(manifest.as_ref(), &mut diagnostics), diagnostics)
}

/// The model of a manifest; none where something is wrong before. Of what a scanner leaves to the model, that stands which
/// the model finds as well, in the place that the scanner gives.
fn resolve(manifest: Option<&Manifest>, diagnostics: &mut Vec<Diagnostic>) -> Option<AppModel> {
    let (model, found) = manifest.map(compiler_model::resolve).unwrap_or_default();
    let words = |diagnostic: &Diagnostic| (diagnostic.code, diagnostic.message.clone());
    let judged: BTreeSet<_> = found.iter().map(words).collect();
    diagnostics.retain(|known| !known.is_for_model || judged.contains(&words(known)));
    let broken = any_error(diagnostics);
    let placed: BTreeSet<_> = diagnostics.iter().map(words).collect();
    diagnostics.extend(found.into_iter().filter(|new| !placed.contains(&words(new))));
    model.filter(|_| !broken)
}

/// The settings of one environment.
pub fn environment(tree: &SourceTree, name: &str) -> (Option<EnvironmentFile>, Vec<Diagnostic>) {
    let path = environment_path(name);
    if let Some(reason) = tree.unreadable.get(&path) {
        let message = format!("`{path}` cannot be read: {reason}");
        return (None, vec![Diagnostic::error(Code::S0002, message)]);
    }
    let text = tree.text(&path);
    compiler_lower::read_environment(name, text.as_deref().map(|text| (path.as_str(), text)))
}

/// The file of an environment: `pr:72` is `environments/pr-72.toml`.
pub fn environment_path(name: &str) -> String {
    format!("environments/{}.toml", name.replace(':', "-"))
}

/// The environments to build: those that were asked for, else every file, else the two that need none.
fn names(tree: &SourceTree, asked: &[String]) -> Vec<String> {
    if !asked.is_empty() {
        let mut names = Vec::new();
        for name in asked {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        return names;
    }
    let files = tree.below("environments").filter_map(|path| {
        let name = path.strip_prefix("environments/")?.strip_suffix(".toml")?;
        (!name.contains('/')).then(|| environment_name(name))
    });
    let found: Vec<String> = files.collect();
    if found.is_empty() { vec!["development".to_owned(), "production".to_owned()] } else { found }
}

/// The name of the environment in this file: `pr-72.toml` is that of `pr:72`.
fn environment_name(stem: &str) -> String {
    match stem.strip_prefix("pr-") {
        Some(number) if number.chars().all(|c| c.is_ascii_digit()) && !number.is_empty() => {
            format!("pr:{number}")
        }
        _ => stem.to_owned(),
    }
}
