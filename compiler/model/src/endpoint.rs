//! Endpoints: who may call them, with which methods, where.

use std::collections::{BTreeMap, BTreeSet};

use compiler_diagnostics::Diagnostic;
use schema_documents::Position;
use schema_documents::manifest::{self, Access, BodyLimit, Language, Streaming};

use crate::cross::{self, Primitive};

/// The methods that `*` stands for, sorted: all but `CONNECT`.
pub const METHODS: [&str; 8] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

/// The limit of a request's body where Encore.ts code gives none, in bytes.
pub const DEFAULT_BODY_LIMIT_BYTES: u64 = 2 * 1024 * 1024;

/// An endpoint of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// Name, unique in the service.
    pub name: String,
    /// Who may call it; private when the code does not say.
    pub access: Access,
    /// HTTP methods, `*` spelled out as [`METHODS`].
    pub methods: BTreeSet<String>,
    /// Path: `:x` a parameter, `*x` a wildcard, `!x` a fallback; `/service.endpoint` when the code does not say.
    pub path: String,
    /// Whether it takes the request as it came.
    pub raw: bool,
    /// The direction of a stream, seen from the server.
    pub streaming: Option<Streaming>,
    /// The folder that it serves, for a static endpoint; relative to the app.
    pub static_dir: Option<String>,
    /// The file served for what is not found.
    pub static_not_found: Option<String>,
    /// The status served with it.
    pub static_not_found_status: Option<u32>,
    /// Limit of a request's body; absent where the runtime decides.
    pub body_limit: Option<BodyLimit>,
    /// Tags.
    pub tags: BTreeSet<String>,
    /// Whether its payload is kept out of traces.
    pub sensitive: bool,
    /// Whether it takes a request of its own: path parameters not counted.
    pub takes_request: bool,
    /// The declaration.
    pub at: Position,
}

impl Endpoint {
    /// Whether a gateway serves it to the outside.
    pub fn exposed(&self) -> bool {
        self.access != Access::Private
    }

    /// Whether its path has a parameter, a wildcard or a fallback.
    pub fn has_path_parameters(&self) -> bool {
        has_path_parameters(&self.path)
    }
}

pub(crate) fn has_path_parameters(path: &str) -> bool {
    path.split('/').any(|segment| segment.starts_with([':', '*', '!']))
}

pub(crate) fn resolve(
    language: Language,
    service: &manifest::Service,
    found: &mut Vec<Diagnostic>,
) -> BTreeMap<String, Endpoint> {
    let endpoints = service.endpoints.iter().map(|endpoint| (endpoint.name.as_str(), &endpoint.at, endpoint));
    cross::unique(Primitive::Endpoint, Some(&service.name), endpoints, found)
        .into_iter()
        .map(|(name, endpoint)| (name.to_owned(), with_defaults(language, &service.name, endpoint)))
        .collect()
}

fn with_defaults(language: Language, service: &str, endpoint: &manifest::Endpoint) -> Endpoint {
    let default_limit = match language {
        Language::Typescript => Some(BodyLimit::Bytes(DEFAULT_BODY_LIMIT_BYTES)),
        Language::Go | Language::Python | Language::Rust => None,
    };
    Endpoint {
        name: endpoint.name.clone(),
        access: endpoint.access.unwrap_or(Access::Private),
        methods: methods(language, endpoint),
        path: endpoint.path.clone().unwrap_or_else(|| format!("/{service}.{}", endpoint.name)),
        raw: endpoint.raw,
        streaming: endpoint.streaming,
        static_dir: endpoint.static_dir.clone(),
        static_not_found: endpoint.static_not_found.clone(),
        static_not_found_status: endpoint.static_not_found_status,
        body_limit: endpoint.body_limit.or(default_limit),
        tags: endpoint.tags.iter().cloned().collect(),
        sensitive: endpoint.sensitive,
        takes_request: endpoint.takes_request,
        at: endpoint.at.clone(),
    }
}

fn methods(language: Language, endpoint: &manifest::Endpoint) -> BTreeSet<String> {
    let declared = endpoint.methods.iter().map(String::as_str);
    let methods: Vec<&str> = if endpoint.methods.is_empty() {
        default_methods(language, endpoint).to_vec()
    } else {
        declared.collect()
    };
    if methods.contains(&"*") {
        return METHODS.iter().copied().map(str::to_owned).collect();
    }
    methods.into_iter().map(str::to_uppercase).collect()
}

fn default_methods(language: Language, endpoint: &manifest::Endpoint) -> &'static [&'static str] {
    match language {
        _ if endpoint.static_dir.is_some() => &["GET", "HEAD"],
        _ if endpoint.streaming.is_some() => &["GET"],
        Language::Typescript | Language::Python | Language::Rust => &["POST"],
        Language::Go if endpoint.raw => &["*"],
        Language::Go if endpoint.takes_request => &["POST"],
        Language::Go => &["GET", "POST"],
    }
}
