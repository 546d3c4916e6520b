//! The scanners: a source tree becomes a manifest.
//!
//! A scanner never runs code and never needs the app's dependencies. It parses the files that can matter (a byte
//! search comes first), finds the declarations of each primitive, then who uses them, and says all of it as a
//! [`Manifest`]. Each language has the same rooms: a file per primitive.

mod again;
mod app;
mod difference;
pub mod disk;
mod fetched;
mod go;
mod json;
mod known;
mod merge;
mod migration;
mod moved;
mod packed;
mod parallel;
mod part;
mod per_file;
mod python;
#[cfg(test)]
mod rows;
mod rust;
mod service_file;
mod sql;
mod text;
pub mod tree;
mod typescript;
mod words;
pub mod written;

use std::collections::BTreeSet;

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::Position;
use schema_documents::manifest::{Language, Manifest, Service};

use app::App;
use known::{Known, Learned};
use per_file::{Left, Missing, Reader};
use service_file::ServiceFiles;

pub use merge::merge;
pub use tree::SourceTree;
pub use written::Part;

/// Scans one app.
///
/// The manifest is absent when there is no app to speak of (`S0003`, `S0004`). Otherwise it holds all that could be
/// found, whatever else is wrong, and the diagnostics say the rest.
pub fn scan(tree: &SourceTree) -> (Option<Manifest>, Vec<Diagnostic>) {
    on_a_large_stack(|| match scan_knowing(tree, &Known::default(), parallel::usual_threads(), false) {
        Ok(found) => (found.manifest, found.diagnostics),
        Err(missing) => (None, missing.iter().map(|path| left_out(path, "it was not read")).collect()),
    })
}

/// What a scan finds.
pub(crate) struct Found<'t> {
    pub(crate) manifest: Option<Manifest>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// What is worth knowing the next time, if that was asked for.
    pub(crate) learned: Learned<'t>,
    /// What is no longer needed.
    pub(crate) left: Vec<Left>,
}

/// Scans one app with the help of what earlier scans found, or says which files must be read first. Wants a large stack.
pub(crate) fn scan_knowing<'t>(
    tree: &'t SourceTree,
    known: &'t Known,
    threads: usize,
    learns: bool,
) -> Result<Found<'t>, BTreeSet<String>> {
    let reader = Reader::new(tree, known, threads, learns);
    let found = scan_files(&reader);
    let (learned, left) = reader.finish()?;
    let (manifest, diagnostics) = found.unwrap_or_default();
    Ok(Found { manifest, diagnostics, learned, left })
}

type Outcome = (Option<Manifest>, Vec<Diagnostic>);

fn scan_files(reader: &Reader<'_>) -> Result<Outcome, Missing> {
    let tree = reader.tree;
    if let Some(reason) = &tree.excess {
        return Ok((None, vec![too_much(reason)]));
    }
    let (services, mut diagnostics) = ServiceFiles::read(tree);
    let (app, found) = app::read(tree, &services);
    diagnostics.extend(found);
    let Some(app) = app else { return Ok((None, diagnostics)) };
    let languages = languages(tree, &app, &services);
    diagnostics.extend(unreadable(tree, &languages));
    let mut manifest = Manifest::new(&app.name, app.language);
    manifest.gateways.clone_from(&services.gateways);
    let is_plain = languages.len() == 1 && services == ServiceFiles::default();
    for language in languages {
        let app = App { language, ..app.clone() };
        let (part, found) = match language {
            Language::Go => go::scan(reader, &app)?,
            Language::Typescript => typescript::scan(reader, &app)?,
            Language::Python => python::scan(reader, &app, &services)?,
            Language::Rust => rust::scan(reader, &app, &services)?,
        };
        join(&mut manifest, part);
        diagnostics.extend(found);
    }
    if !is_plain {
        reader.keep_no_trail();
    }
    add_bare(&mut manifest, &services);
    manifest.join_references();
    sort(&mut manifest);
    compiler_diagnostics::sort(&mut diagnostics);
    Ok((Some(manifest), diagnostics))
}

/// Parsing and what follows it recurse; how deep is bounded where it is done.
pub(crate) fn on_a_large_stack<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(parallel::STACK_BYTES);
        let thread = thread.spawn_scoped(scope, work).expect("BUG: a thread can be started");
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn too_much(reason: &str) -> Diagnostic {
    Diagnostic::error(Code::S0017, format!("this folder is too large: {reason}"))
        .note("a scan of a part of it would leave out what the rest declares and uses")
        .help("name the app's own folder, or name in `.gitignore` what is not part of the app")
}

/// The languages in which the app has services: its own first, then those of the service files and of frameworks that
/// need none.
fn languages(tree: &SourceTree, app: &App, services: &ServiceFiles) -> Vec<Language> {
    let in_files = |language: Language| services.services.iter().any(|one| one.language == language);
    let has_framework = |language| !services.services.is_empty() && app::declares_services(tree, language);
    let others = app::LANGUAGES.iter().map(|(_, language)| *language);
    let others = others.filter(|language| *language != app.language);
    let others = others.filter(|language| in_files(*language) || has_framework(*language));
    std::iter::once(app.language).chain(others).collect()
}

/// Adds the services whose files say that they are in Go or TypeScript, where the framework of the language finds none.
fn add_bare(manifest: &mut Manifest, files: &ServiceFiles) {
    for language in [Language::Go, Language::Typescript] {
        for service in files.in_language(language) {
            if !manifest.services.iter().any(|known| known.path == service.path) {
                let language = service.language.filter(|language| *language != manifest.language);
                manifest.services.push(Service { language, ..service });
            }
        }
    }
}

/// Adds what one language declares to the app. Names that occur twice are the app model's to judge.
fn join(manifest: &mut Manifest, part: Manifest) {
    let own = |language: Language| (language != manifest.language).then_some(language);
    manifest
        .services
        .extend(part.services.into_iter().map(|service| Service { language: own(part.language), ..service }));
    manifest.databases.extend(part.databases);
    manifest.topics.extend(part.topics);
    manifest.buckets.extend(part.buckets);
    manifest.caches.extend(part.caches);
    manifest.cron_jobs.extend(part.cron_jobs);
    manifest.secrets.extend(part.secrets);
    manifest.metrics.extend(part.metrics);
    manifest.gateways.extend(part.gateways);
    manifest.calls.extend(part.calls);
    manifest.auth_handler = manifest.auth_handler.take().or(part.auth_handler);
}

/// Source files and migrations that could not be read may declare anything.
fn unreadable(tree: &SourceTree, languages: &[Language]) -> impl Iterator<Item = Diagnostic> {
    let endings = |language: &Language| -> &[&str] {
        match language {
            Language::Go => &["go", "mod", "sql"],
            Language::Typescript => &["ts", "mts", "cts", "tsx", "json", "sql"],
            Language::Python => &["py", "json", "sql"],
            Language::Rust => &["rs", "json", "sql"],
        }
    };
    let endings: Vec<&str> = languages.iter().flat_map(endings).copied().collect();
    let is_read =
        move |path: &str| path.rsplit_once('.').is_some_and(|(_, ending)| endings.contains(&ending));
    // A folder that cannot be read has no ending.
    let matters = move |path: &str| is_read(path) || !path.rsplit('/').next().unwrap_or(path).contains('.');
    tree.unreadable.iter().filter(move |(path, _)| matters(path)).map(|(path, reason)| {
        let code = if reason.starts_with(tree::TOO_LARGE) { Code::S0017 } else { Code::S0002 };
        Diagnostic { code, ..left_out(path, reason) }
    })
}

fn left_out(path: &str, reason: &str) -> Diagnostic {
    Diagnostic::error(Code::S0002, format!("`{path}` is left out: {reason}"))
        .at(&Position::point(path, 1, 1))
        .note("what it declares and uses is not known")
        .help("make it readable and smaller, or name it in `.gitignore` if it is not part of the app")
}

/// Lists in a manifest are sorted, so that the order of files and declarations never shows.
fn sort(manifest: &mut Manifest) {
    manifest.services.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.at.cmp(&b.at)));
    for service in &mut manifest.services {
        service.databases.sort_by(|a, b| a.database.cmp(&b.database));
        service.buckets.sort_by(|a, b| a.bucket.cmp(&b.bucket));
        service.caches.sort_by(|a, b| a.cache.cmp(&b.cache));
        service.metrics.sort();
        service.endpoints.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.at.cmp(&b.at)));
        for names in [
            &mut service.binds.databases,
            &mut service.binds.topics,
            &mut service.binds.buckets,
            &mut service.binds.caches,
        ] {
            names.sort();
            names.dedup();
        }
    }
    manifest.databases.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.at.cmp(&b.at)));
    manifest.topics.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.at.cmp(&b.at)));
    for topic in &mut manifest.topics {
        topic.publishers.sort();
        topic.publishers.dedup();
        topic.subscriptions.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.at.cmp(&b.at)));
    }
    manifest.buckets.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.at.cmp(&b.at)));
    manifest.caches.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.at.cmp(&b.at)));
    for cache in &mut manifest.caches {
        cache.keyspaces.sort_by(|a, b| (&a.pattern, &a.at, &a.service).cmp(&(&b.pattern, &b.at, &b.service)));
    }
    manifest.cron_jobs.sort_by(|a, b| a.id.cmp(&b.id).then_with(|| a.at.cmp(&b.at)));
    manifest.secrets.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.at.cmp(&b.at)));
    manifest.metrics.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.at.cmp(&b.at)));
    manifest.gateways.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.at.cmp(&b.at)));
    manifest.calls.sort_by(|a, b| (&a.from_service, &a.to).cmp(&(&b.from_service, &b.to)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(language: &str, unreadable: &[(&str, &str)], expected: &[&str]) {
        let app = format!("{{\"lang\": \"{language}\"}}");
        let mut tree = SourceTree::from_files("app", [("encore.app", app)]);
        tree.unreadable =
            unreadable.iter().map(|(path, why)| ((*path).to_owned(), (*why).to_owned())).collect();
        let (manifest, diagnostics) = scan(&tree);
        assert!(manifest.is_some());
        let said: Vec<_> =
            diagnostics.iter().map(|each| format!("{} {}", each.code.as_str(), each.message)).collect();
        assert_eq!(said, expected);
    }

    #[test]
    fn an_app_may_have_services_in_several_languages() {
        let service = |language: &str| format!(r#"{{"name": "{language}", "lang": "{language}"}}"#);
        let files = [
            ("encore.app", "{}".to_owned()),
            ("py/encore.service.json", service("python")),
            ("rs/encore.service.json", service("rust")),
            ("js/encore.service.json", service("typescript")),
            (
                "ts/encore.service.ts",
                "import { Service } from 'encore.dev/service'; export default new Service('ts');".to_owned(),
            ),
            (
                "ts/ts.ts",
                "import { Topic } from 'encore.dev/pubsub'; export const t = new Topic<M>('t', {}); t.publish({});"
                    .to_owned(),
            ),
            (
                "py/py.py",
                "from encore import pubsub\nt = pubsub.Topic.named('t')\n\
                 pubsub.Subscription(t, 's', handler=f)\nt.publish({})\n"
                    .to_owned(),
            ),
        ];
        let (manifest, diagnostics) = scan(&SourceTree::from_files("app", files));
        assert_eq!(diagnostics, []);
        let manifest = manifest.unwrap();
        assert_eq!(manifest.language, Language::Typescript);
        let services: Vec<_> =
            manifest.services.iter().map(|service| (service.name.as_str(), service.language)).collect();
        let expected = [
            ("python", Some(Language::Python)),
            ("rust", Some(Language::Rust)),
            ("ts", None),
            ("typescript", None),
        ];
        assert_eq!(services, expected);
        let [topic] = manifest.topics.as_slice() else { panic!("{:?}", manifest.topics) };
        assert!(!topic.reference);
        assert_eq!(topic.publishers, ["python", "ts"]);
        assert_eq!(topic.subscriptions[0].service, "python");
    }

    #[test]
    fn a_source_file_that_cannot_be_read_is_an_error() {
        check("go", &[("a/a.go", "permission denied")], &["S0002 `a/a.go` is left out: permission denied"]);
        check("go", &[("private", "permission denied")], &["S0002 `private` is left out: permission denied"]);
        check(
            "typescript",
            &[("a.ts", "it is larger than 8388608 bytes")],
            &["S0017 `a.ts` is left out: it is larger than 8388608 bytes"],
        );
    }

    #[test]
    fn files_of_no_concern_may_be_unreadable() {
        check(
            "go",
            &[("frontend/bundle.ts", "it is larger than 8388608 bytes"), ("environments/x.toml", "no")],
            &[],
        );
    }
}
