//! Paths of endpoints that are in each other's way. Encore.go has one router for all services, in which a place is taken
//! by words, by a parameter or by a wildcard.
//!
//! The app model, which knows all parts of an app, has the last word on it; here the exact place is known, so what both find
//! is said in the words of the model.

use std::collections::BTreeMap;

use compiler_diagnostics::{Code as Number, Diagnostic};
use schema_documents::Position;
use schema_documents::manifest::Manifest;

use super::Found;
use super::directive::{Directed, Directive};
use super::program::Program;

/// Methods of HTTP, and the word for all of them. Others are for the app model.
const METHODS: [&str; 10] =
    ["*", "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

/// Longer paths are not looked at here.
const MAX_SEGMENTS: usize = 256;

/// The path of an endpoint.
struct Path {
    text: String,
    at: Position,
    /// Whether it stands where `at` is, and is not only made of the name there.
    is_written: bool,
    /// The endpoint, with its service.
    endpoint: String,
    /// The position of its name.
    named: Position,
    methods: Vec<String>,
}

impl Path {
    /// The position of one of its parts.
    fn at_segment(&self, index: usize) -> Position {
        let length = |segment: &str| u32::try_from(segment.chars().count()).unwrap_or(u32::MAX);
        let mut column = self.at.column + 1;
        for (at, segment) in self.text.split('/').skip(1).enumerate() {
            let end_column = column.saturating_add(length(segment));
            if at == index && self.is_written {
                return Position { column, end_column, ..self.at.clone() };
            }
            column = end_column.saturating_add(1);
        }
        self.at.clone()
    }
}

/// A path that another one is in the way of, and the part at which it is.
struct Conflict {
    with: usize,
    segment: usize,
}

/// Reports endpoints of which the router could not tell which one is meant.
pub(super) fn check(program: &Program<'_>, directed: &[Directed<'_>], found: &mut Found) {
    let mut paths: Vec<_> = directed.iter().filter_map(|each| path(program, each, found)).collect();
    paths.sort_by(|a, b| a.named.cmp(&b.named));
    let mut routers: BTreeMap<&str, Node> = BTreeMap::new();
    for (index, path) in paths.iter().enumerate() {
        let mut methods = path.methods.iter().filter(|method| METHODS.contains(&method.as_str()));
        let conflict = methods.find_map(|method| add(&mut routers, method, path, index));
        if let Some(conflict) = conflict {
            let other = &paths[conflict.with];
            found.diagnostics.push(
                Diagnostic::error(Number::M0109, conflicting(path, other))
                    .at(&path.at_segment(conflict.segment))
                    .label(&other.at, format!("this one has the path `{}`", other.text))
                    .note("in one place, Encore.go takes either fixed segments, or one parameter, or one wildcard")
                    .help("give one of them another path or another method")
                    .if_the_model_agrees(),
            );
        }
    }
}

fn conflicting(path: &Path, other: &Path) -> String {
    format!(
        "the path `{}` of endpoint `{}` conflicts with `{}` of `{}`",
        path.text, path.endpoint, other.text, other.endpoint
    )
}

/// An endpoint without a path has that of its service and its name.
fn path(program: &Program<'_>, each: &Directed<'_>, found: &Found) -> Option<Path> {
    let Directive::Api(api) = &each.directive else { return None };
    let signature = each.function()?.signature.as_ref()?;
    let service = program.service_of(each.file.folder)?;
    let endpoint = format!("{}.{}", found.manifest.services[service].name, each.name());
    let (text, at) = match &api.path {
        Some(path) => (path.clone(), each.at_word(&api.path_at)),
        None => (format!("/{endpoint}"), each.at_name()),
    };
    if text.split('/').count() > MAX_SEGMENTS {
        return None;
    }
    let parameters = super::directive::path_parameters(api.path.as_deref()).count();
    let takes_request = signature.parameters.len() > parameters + 1;
    let methods = methods(&api.methods, api.raw, takes_request);
    Some(Path { text, at, is_written: api.path.is_some(), endpoint, named: each.at_name(), methods })
}

/// Adds a path for a method, or gives one that it conflicts with; `*` meets all methods.
fn add<'p>(
    routers: &mut BTreeMap<&'p str, Node>,
    method: &'p str,
    path: &Path,
    index: usize,
) -> Option<Conflict> {
    let others = routers.iter().filter(|(other, _)| **other != method && (method == "*" || **other == "*"));
    if let Some(conflict) = others.map(|(_, router)| router).find_map(|router| router.conflict(&path.text)) {
        return Some(conflict);
    }
    let router = routers.entry(method).or_default();
    let conflict = router.conflict(&path.text);
    if conflict.is_none() {
        router.add(&path.text, index);
    }
    conflict
}

/// Whether paths of an app may be in each other's way. Of endpoints that are known by no more than the manifest says, as many as
/// that can be are taken for one that is.
pub(super) fn may_conflict(manifest: &Manifest) -> bool {
    let mut paths = Vec::new();
    for service in &manifest.services {
        for each in &service.endpoints {
            let endpoint = format!("{}.{}", service.name, each.name);
            let text = each.path.clone().unwrap_or_else(|| format!("/{endpoint}"));
            let methods = methods(&each.methods, each.raw, each.takes_request);
            let (at, is_written) = (each.at.clone(), false);
            paths.push(Path { text, named: at.clone(), at, is_written, endpoint, methods });
        }
    }
    paths.sort_by(|a, b| a.named.cmp(&b.named));
    let mut routers: BTreeMap<&str, Node> = BTreeMap::new();
    paths.iter().enumerate().any(|(index, path)| {
        path.methods.iter().any(|method| add(&mut routers, method, path, index).is_some())
    })
}

/// The methods of an endpoint: those that are written, or else by what it takes.
fn methods(written: &[String], is_raw: bool, takes_request: bool) -> Vec<String> {
    let usual: &[&str] = match (is_raw, takes_request) {
        (true, _) => &["*"],
        (false, true) => &["POST"],
        (false, false) => &["GET", "POST"],
    };
    if written.is_empty() {
        usual.iter().map(|method| (*method).to_owned()).collect()
    } else {
        written.to_vec()
    }
}

/// The paths that go on from one place.
#[derive(Default)]
struct Node {
    words: BTreeMap<String, Node>,
    parameter: Option<Box<Node>>,
    /// The path that has a wildcard here.
    wildcard: Option<usize>,
    /// The first path that comes through here.
    first: usize,
}

impl Node {
    fn add(&mut self, path: &str, index: usize) {
        let mut node = self;
        for segment in path.split('/').skip(1) {
            let new = || Node { first: index, ..Node::default() };
            node = match segment.chars().next() {
                // A fallback is in nobody's way.
                Some('!') => return,
                Some('*') => {
                    node.wildcard.get_or_insert(index);
                    return;
                }
                Some(':') => node.parameter.get_or_insert_with(|| Box::new(new())),
                _ => node.words.entry(segment.to_owned()).or_insert_with(new),
            };
        }
    }

    fn conflict(&self, path: &str) -> Option<Conflict> {
        let mut node = self;
        for (index, segment) in path.split('/').skip(1).enumerate() {
            let at = |with| Conflict { with, segment: index };
            let word = || node.words.values().next().map(|node| node.first);
            let parameter = || node.parameter.as_ref().map(|node| node.first);
            let (conflict, next) = match segment.chars().next() {
                Some('!') => return None,
                // The same wildcard again is the same path.
                Some('*') => return word().or_else(parameter).map(at),
                Some(':') => (node.wildcard.or_else(word), node.parameter.as_deref()),
                _ => (node.wildcard.or_else(parameter), node.words.get(segment)),
            };
            if let Some(with) = conflict {
                return Some(at(with));
            }
            node = next?;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    /// The second path has these characters where the first one is in the way; none if it is not.
    fn check_paths(first: &str, second: &str, conflict: Option<&str>) {
        let endpoint = |path: &str, name: &str| {
            let names = path.split('/').filter_map(|segment| segment.strip_prefix([':', '*', '!']));
            let parameters = names.fold(String::new(), |all, name| all + ", " + name + " string");
            format!(
                "//encore:api public path={path}\nfunc {name}(ctx context.Context{parameters}) error {{ return nil }}\n"
            )
        };
        let text =
            format!("package a\nimport \"context\"\n{}{}", endpoint(first, "A"), endpoint(second, "B"));
        let message = conflict.map(|segment| {
            let start = 26 + second.rfind(segment).expect("it is a part of the path");
            let end = start + segment.len();
            format!("M0109 a/a.go:5:{start}-5:{end} the path `{second}` of endpoint `a.B` conflicts with `{first}` of `a.A`")
        });
        let expected: Vec<_> = message.iter().map(String::as_str).collect();
        check(&[("a/a.go", &text)], &[], &expected);
    }

    #[test]
    fn no_path_has_a_word_where_another_has_a_parameter() {
        check_paths("/a/:x", "/a/b", Some("b"));
        check_paths("/a/b", "/:x/b", Some(":x"));
        check_paths("/a/*x", "/a/b", Some("b"));
        check_paths("/a/:x/b", "/a/*y", Some("*y"));
        check_paths("/a/*x", "/a/:y", Some(":y"));
        check_paths("/a/:x", "/a/:y/c", None);
        check_paths("/a/b", "/a/b/:x", None);
        check_paths("/a", "/!rest", None);
        check_paths("/*a", "/*b", None);
    }

    #[test]
    fn a_raw_endpoint_meets_all_methods_and_all_services() {
        let raw = "package a\nimport \"net/http\"\n//encore:api public raw path=/:x\nfunc A(w http.ResponseWriter, req *http.Request) {}\n";
        let other = "package b\nimport \"context\"\n//encore:api private\nfunc B(ctx context.Context) error { return nil }\n";
        check(
            &[("a/a.go", raw), ("b/b.go", other)],
            &[],
            &["M0109 b/b.go:4:6-4:7 the path `/b.B` of endpoint `b.B` conflicts with `/:x` of `a.A`"],
        );
    }
}
