//! Paths of endpoints and patterns of cache keys: which of them fit the same request or the same key.
//!
//! Both take time linear in what is declared, however much of it conflicts.

use std::collections::{BTreeMap, BTreeSet};

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::manifest::{Language, Manifest};

use crate::{AppModel, Cache, Endpoint, Service, language};

/// An endpoint with its service.
type Served<'a> = (&'a Service, &'a Endpoint);

/// Reports endpoints that the same request would reach.
pub(crate) fn endpoints<'a>(app: &'a AppModel, found: &mut Vec<Diagnostic>) {
    let of_service =
        |service: &'a Service| service.endpoints.values().map(move |endpoint| (service, endpoint));
    let mut endpoints: Vec<Served<'_>> = app.services.values().flat_map(of_service).collect();
    endpoints.sort_by_key(|(_, endpoint)| &endpoint.at);
    let reported = same_shape(&endpoints, found);
    not_told_apart(&endpoints, &reported, found);
}

/// Where endpoints meet: in their service, and on the gateway when they are exposed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Router<'a> {
    Service(&'a str),
    Gateway,
}

/// Reports endpoints whose paths are the same but for the names of parameters, and says which they are. A literal goes
/// before a parameter and a fallback comes last, so these do not conflict.
fn same_shape(endpoints: &[Served<'_>], found: &mut Vec<Diagnostic>) -> BTreeSet<usize> {
    let mut shapes: BTreeMap<String, usize> = BTreeMap::new();
    let mut firsts: BTreeMap<(Router<'_>, &str, usize), usize> = BTreeMap::new();
    let mut reported = BTreeSet::new();
    for (index, (service, endpoint)) in endpoints.iter().enumerate() {
        let count = shapes.len();
        let shape = *shapes.entry(shape(&endpoint.path)).or_insert(count);
        let exposed = endpoint.exposed().then_some(Router::Gateway);
        let routers = [Some(Router::Service(&service.name)), exposed];
        let mut earliest = None;
        for router in routers.into_iter().flatten() {
            for method in &endpoint.methods {
                let first = *firsts.entry((router, method, shape)).or_insert(index);
                earliest = Some(earliest.unwrap_or(first).min(first));
            }
        }
        if let Some(first) = earliest.filter(|first| *first != index) {
            found.push(both_answer(endpoints[first], (service, endpoint)));
            reported.insert(index);
        }
    }
    reported
}

/// The path without the names of its parameters: equal shapes match the same requests.
fn shape(path: &str) -> String {
    let segment = |segment: &str| match segment.chars().next() {
        // A wildcard takes what a parameter in its place takes, and more.
        Some(':' | '*') => ":".to_owned(),
        Some('!') => "!".to_owned(),
        _ => segment.to_owned(),
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn both_answer((other, first): Served<'_>, (service, endpoint): Served<'_>) -> Diagnostic {
    let methods: Vec<&str> = first.methods.intersection(&endpoint.methods).map(String::as_str).collect();
    let message = format!(
        "endpoints `{}.{}` and `{}.{}` both answer `{} {}`",
        other.name,
        first.name,
        service.name,
        endpoint.name,
        methods.join(", "),
        endpoint.path,
    );
    Diagnostic::error(Code::M0109, message)
        .at(&endpoint.at)
        .label(&first.at, format!("this one has the path `{}`", first.path))
        .help("give one of them another path or another method")
}

/// Reports what else Encore.go does not tell apart: in one place of the whole app, private or not, it takes either fixed
/// segments, or one parameter, or one wildcard.
fn not_told_apart(endpoints: &[Served<'_>], reported: &BTreeSet<usize>, found: &mut Vec<Diagnostic>) {
    let mut trees: BTreeMap<&str, Tree<'_>> = BTreeMap::new();
    for (index, (service, endpoint)) in endpoints.iter().enumerate() {
        if service.language != Language::Go || reported.contains(&index) {
            continue;
        }
        let methods = endpoint.methods.iter();
        let conflicts =
            methods.filter_map(|method| trees.entry(method).or_default().insert(&endpoint.path, index).err());
        if let Some(first) = conflicts.min() {
            let (other, first) = endpoints[first];
            let message = format!(
                "the path `{}` of endpoint `{}.{}` conflicts with `{}` of `{}.{}`",
                endpoint.path, service.name, endpoint.name, first.path, other.name, first.name,
            );
            found.push(
                Diagnostic::error(Code::M0109, message)
                    .at(&endpoint.at)
                    .label(&first.at, format!("this one has the path `{}`", first.path))
                    .note("in one place, Encore.go takes either fixed segments, or one parameter, or one wildcard")
                    .help("give one of them another path or another method"),
            );
        }
    }
}

/// Reports keyspaces of a cache whose keys cannot be told apart. Encore.go refuses them; elsewhere they overwrite each
/// other's values.
pub(crate) fn keyspaces(manifest: &Manifest, cache: &Cache, found: &mut Vec<Diagnostic>) {
    let mut tree = Tree::default();
    for (index, keyspace) in cache.keyspaces.iter().enumerate() {
        let Err(first) = tree.insert(&keyspace.pattern, index) else { continue };
        let report = match language::of_declaration(manifest, &keyspace.at) {
            Language::Go => Diagnostic::error,
            Language::Typescript | Language::Python | Language::Rust => Diagnostic::warning,
        };
        let first = &cache.keyspaces[first];
        let message = format!(
            "keyspaces `{}` and `{}` of cache `{}` have keys in common",
            first.pattern, keyspace.pattern, cache.name,
        );
        found.push(
            report(Code::M0116, message)
                .at(&keyspace.at)
                .label(&first.at, format!("this one has the pattern `{}`", first.pattern))
                .note("a key in both holds the value of whoever wrote last, of whatever type")
                .help("begin each pattern with a word of its own, or use another cache"),
        );
    }
}

/// Paths by their segments. The nodes lie in one list, so that no path is too deep.
struct Tree<'p> {
    nodes: Vec<Node<'p>>,
}

/// What can follow in one place.
#[derive(Default)]
struct Node<'p> {
    /// The path that was here first.
    first: usize,
    literals: BTreeMap<&'p str, usize>,
    parameter: Option<usize>,
    /// The path that takes all the rest.
    wildcard: Option<usize>,
    /// The path that takes what no other takes.
    fallback: Option<usize>,
    /// The path that ends here.
    end: Option<usize>,
}

impl Default for Tree<'_> {
    fn default() -> Self {
        Self { nodes: vec![Node::default()] }
    }
}

impl<'p> Tree<'p> {
    /// Adds a path, or says with which of the others it conflicts.
    fn insert(&mut self, path: &'p str, index: usize) -> Result<(), usize> {
        let mut at = 0;
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            let place = &self.nodes[at];
            let parameter = place.parameter.map(|node| self.nodes[node].first);
            let literal = place.literals.values().next().map(|node| self.nodes[*node].first);
            let (taken, next) = match segment.chars().next() {
                Some('!') => {
                    place.fallback.map_or(Ok(()), Err)?;
                    self.nodes[at].fallback = Some(index);
                    return Ok(());
                }
                Some('*') => {
                    place.wildcard.or(parameter).or(literal).map_or(Ok(()), Err)?;
                    self.nodes[at].wildcard = Some(index);
                    return Ok(());
                }
                Some(':') => (place.wildcard.or(literal), place.parameter),
                _ => (place.wildcard.or(parameter), place.literals.get(segment).copied()),
            };
            taken.map_or(Ok(()), Err)?;
            at = next.unwrap_or_else(|| self.grow(at, segment, index));
        }
        let end = &mut self.nodes[at].end;
        end.map_or(Ok(()), Err)?;
        *end = Some(index);
        Ok(())
    }

    fn grow(&mut self, at: usize, segment: &'p str, index: usize) -> usize {
        let new = self.nodes.len();
        self.nodes.push(Node { first: index, ..Node::default() });
        if segment.starts_with(':') {
            self.nodes[at].parameter = Some(new);
        } else {
            self.nodes[at].literals.insert(segment, new);
        }
        new
    }
}
