//! Whether a scan would find what the last one found.
//!
//! A scan depends on the names of files, on the configuration, and on what is found in each source file. When all of
//! that is the same, so is what is found, and nothing has to be put together again. When lines moved in some files, and
//! nothing else, what is found moves with them. When one file says more, what is found may be told from a part of the app.

use std::collections::BTreeMap;

use compiler_diagnostics::Diagnostic;
use schema_documents::manifest::Manifest;
use serde_json::Value;

use crate::app::App;
use crate::grown::{self, Growth, Scene};
use crate::known::{Digest, Known, KnownFile, Learned, Outcome};
use crate::mentions::Mentions;
use crate::moved::{Change, Moved};
use crate::per_file::change;
use crate::tree::{File, Part};
use crate::{SourceTree, go, python, rust, typescript};

/// What has become of an app since the last scan.
pub(crate) enum Again<'t> {
    /// A scan would find the same, in other lines perhaps.
    Same(Box<(Option<Manifest>, Vec<Diagnostic>)>),
    /// One file may say more than it did.
    Grew(Box<Grew<'t>>),
    /// Anything else.
    Other,
}

/// What has become of an app; not looked into when more than so many files were touched.
pub(crate) fn look<'t>(tree: &'t SourceTree, known: &'t Known, max_touched: usize) -> Again<'t> {
    same_or_grown(tree, known, max_touched).unwrap_or(Again::Other)
}

fn same_or_grown<'t>(tree: &'t SourceTree, known: &'t Known, max_touched: usize) -> Option<Again<'t>> {
    let outcome = known.outcome()?;
    let is_source = |path: &str| matches!(Part::of(path), Part::Source(_));
    let touched: Vec<_> = tree.files().filter(|(path, _)| is_source(path)).take(max_touched + 1).collect();
    if touched.len() > max_touched {
        return None;
    }
    let (mut moved, mut others, mut grew) = (Moved::default(), Vec::new(), None);
    for (path, content) in touched {
        match since(path, content, known) {
            Change::Nothing => others.extend(known.by_path(path).map(|file| (path, file))),
            Change::Lines(lines) => drop(moved.0.insert(path, lines)),
            Change::Facts if grew.is_none() => grew = Some((path, content, known.by_path(path)?)),
            Change::Facts => return None,
        }
    }
    if context(tree) != outcome.context {
        return None;
    }
    let mut manifest = serde_json::from_slice(&outcome.manifest).ok()?;
    let mut diagnostics: Vec<Diagnostic> = serde_json::from_slice(&outcome.diagnostics).ok()?;
    if let Some((path, content, before)) = grew {
        // Of what moved beside it the cache would have to learn as well, which is rare.
        return moved.0.is_empty().then(|| {
            let grew = Grew { tree, known, path, content, before, others, outcome, manifest, diagnostics };
            Again::Grew(Box::new(grew))
        });
    }
    moved.manifest(&mut manifest)?;
    moved.diagnostics(&mut diagnostics)?;
    Some(Again::Same(Box::new((serde_json::from_value(manifest).ok()?, diagnostics))))
}

/// An app of which one file may say more than it did.
pub(crate) struct Grew<'t> {
    tree: &'t SourceTree,
    known: &'t Known,
    path: &'t str,
    content: &'t [u8],
    /// What was known of the file.
    before: &'t KnownFile,
    /// The others that were touched, for nothing.
    others: Vec<(&'t str, &'t KnownFile)>,
    outcome: &'t Outcome,
    manifest: Value,
    diagnostics: Vec<Diagnostic>,
}

/// What is found of an app of which one file says more, and what is worth knowing of it.
pub(crate) struct Grown<'t> {
    pub(crate) manifest: Manifest,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) learned: Learned<'t>,
    pub(crate) outcome: Outcome,
}

impl<'t> Grew<'t> {
    /// The files that have to be read to find out more.
    pub(crate) fn wants(&self) -> Vec<String> {
        match Part::of(self.path) {
            Part::Source("go") => go::wants(self.tree, self.known, self.path),
            _ => Vec::new(),
        }
    }

    /// What is found, if that can be told from a part of the app.
    pub(crate) fn find(mut self, beside: &BTreeMap<String, Vec<u8>>, threads: usize) -> Option<Grown<'t>> {
        let text = |value: &Value| Some(value.as_str()?.to_owned());
        let language = serde_json::from_value(self.manifest["language"].clone()).ok()?;
        let services = self.manifest["services"].as_array().into_iter().flatten();
        let scene = Scene {
            tree: self.tree,
            known: self.known,
            threads,
            path: self.path,
            content: self.content,
            before: self.before,
            app: App { name: text(&self.manifest["app"])?, language },
            services: services.map(|service| text(&service["path"])).collect::<Option<_>>()?,
            mentions: self.outcome.mentions.as_ref()?,
            beside,
        };
        let growth = match Part::of(self.path) {
            Part::Source("go") => go::grown(&scene)?,
            Part::Source("ts") => typescript::grown(&scene)?,
            _ => return None,
        };
        let mut mentions = scene.mentions.clone();
        mentions.join(&growth.mentions);
        let Growth { lines, before, after, .. } = growth;
        let moved = Moved(BTreeMap::from([(self.path, lines)]));
        moved.manifest(&mut self.manifest)?;
        moved.diagnostics(&mut self.diagnostics)?;
        let (manifest, diagnostics) = grown::change(self.manifest, self.diagnostics, before, after)?;
        let outcome = Outcome {
            context: self.outcome.context,
            manifest: serde_json::to_vec(&Some(&manifest)).ok()?,
            diagnostics: serde_json::to_vec(&diagnostics).ok()?,
            mentions: Some(mentions),
        };
        let mut learned = Learned::default();
        for (path, file) in self.others {
            learned.glances.extend(self.known.glance(file).map(|glance| (path, glance.to_vec())));
            learned.digests.extend(file.digest.map(|digest| (path, digest)));
            learned.searches.insert(path, file.searches.clone());
        }
        learned.glances.insert(self.path, growth.glance);
        learned.digests.insert(self.path, growth.digest);
        learned.facts.insert(growth.digest, growth.facts);
        Some(Grown { manifest, diagnostics, learned, outcome })
    }
}

/// What is worth keeping of a whole scan.
pub(crate) fn outcome(
    tree: &SourceTree,
    manifest: Option<&Manifest>,
    diagnostics: &[Diagnostic],
    mentions: Option<&Mentions>,
) -> Option<Outcome> {
    let manifest = serde_json::to_vec(&manifest).ok()?;
    let diagnostics = serde_json::to_vec(diagnostics).ok()?;
    Some(Outcome { context: context(tree), manifest, diagnostics, mentions: mentions.cloned() })
}

/// What has become of a file that was touched, as far as a scan asks.
fn since(path: &str, content: &[u8], known: &Known) -> Change {
    let Some(before) = known.by_path(path) else { return Change::Facts };
    let never = |_: &[u8], _: &_| false;
    match Part::of(path) {
        Part::Source("go") => change(&[&go::LANGUAGE, &go::WHOLE], content, before, known, go::contains_word),
        Part::Source("ts") => {
            change(&[&typescript::LANGUAGE, &typescript::WHOLE], content, before, known, never)
        }
        Part::Source("py") => change(&[&python::LANGUAGE], content, before, known, never),
        Part::Source("rs") => change(&[&rust::LANGUAGE], content, before, known, rust::contains_word),
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
