//! Services and their endpoints.
//!
//! ```ts
//! export default new Service("site");              // in encore.service.ts
//! export const get = api({ expose: true, method: "GET", path: "/site/:id" }, async ({ id }: { id: number }) => …);
//! ```

use std::collections::{BTreeMap, BTreeSet};

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::manifest::{Access, BodyLimit, Endpoint, NoLimit, Streaming};

use super::construct::{Construct, EndpointKind};
use super::facts::{DEFAULT, Declaration, Export};
use super::found::{Found, Resource};
use super::literal::{Config, Kind, list};
use super::resolve::{Key, Program, Root, is_below};
use super::shape::Parameter;
use super::site::Site;
use super::specifier::join;

/// The file that declares a service.
const FILE: &str = "encore.service.ts";

const METHODS: [&str; 10] =
    ["*", "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];
const OPTIONS: [&str; 7] = ["method", "path", "expose", "auth", "bodyLimit", "tags", "sensitive"];
const STATIC_OPTIONS: [&str; 7] = ["path", "expose", "auth", "dir", "notFound", "notFoundStatus", "headers"];

/// The folders that are services: those with a declaration, then, of the rest, the topmost with something that only a
/// service can have.
pub(super) fn roots(program: &Program<'_>, app: &str, out: &mut Vec<Diagnostic>) -> Vec<Root> {
    let mut roots = Vec::new();
    for (key, module, declaration) in program.declarations() {
        if declaration.construct == Construct::Service {
            roots.extend(declared(Site { program, key, module, declaration }, out));
        }
    }
    report_nested(&roots, out);
    let mut others: BTreeMap<&str, (Key, &Declaration)> = BTreeMap::new();
    for (key, module, declaration) in program.declarations() {
        if makes_a_service(declaration.construct)
            && !roots.iter().any(|root| is_below(module.path, &root.path))
        {
            others.entry(module.folder()).or_insert((key, declaration));
        }
    }
    for (folder, (key, declaration)) in &others {
        if folders_around(folder).any(|around| others.contains_key(around)) {
            continue;
        }
        let module = &program.modules[key.0];
        let site = Site { program, key: *key, module, declaration };
        let name = folder.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(app);
        roots.push(Root { name: name.to_owned(), path: (*folder).to_owned(), at: site.at() });
    }
    roots
}

/// Reports services that lie within others: all code in a service's folder and below belongs to it.
fn report_nested(roots: &[Root], out: &mut Vec<Diagnostic>) {
    for inner in roots {
        let around =
            roots.iter().find(|outer| inner.path != outer.path && is_below(&inner.path, &outer.path));
        let Some(outer) = around else { continue };
        out.push(
            Diagnostic::error(
                Code::S0005,
                format!("the service `{}` lies within the service `{}`", inner.name, outer.name),
            )
            .at(&inner.at)
            .label(&outer.at, "the service around it is declared here")
            .note("all code in a service's folder and below belongs to that service")
            .help("move one of them out, or remove its declaration so that it becomes a part of the other"),
        );
    }
}

/// The folders that a folder lies in, the app's root among them.
fn folders_around(folder: &str) -> impl Iterator<Item = &str> {
    let root = (!folder.is_empty()).then_some("");
    root.into_iter().chain(folder.match_indices('/').map(|(end, _)| &folder[..end]))
}

/// Whether only a service can have such a thing.
pub(super) fn makes_a_service(construct: Construct) -> bool {
    matches!(
        construct,
        Construct::Endpoint(_) | Construct::Subscription | Construct::AuthHandler | Construct::Gateway
    )
}

fn declared(site: Site<'_>, out: &mut Vec<Diagnostic>) -> Option<Root> {
    if site.module.path.rsplit('/').next() != Some(FILE) || !is_default_export(site) {
        out.push(
            Diagnostic::error(Code::S0005, format!("a service must be the default export of `{FILE}`"))
                .at(&site.at())
                .note("the folder of that file is the service")
                .help(format!(
                    "write `export default new Service(\"…\");` in `{FILE}` in the service's folder"
                )),
        );
        return None;
    }
    site.config(1, &["middlewares"], out);
    let named = site.name(0, out)?;
    Some(Root { name: named.name, path: site.module.folder().to_owned(), at: named.at })
}

fn is_default_export(site: Site<'_>) -> bool {
    match (&site.declaration.bound, site.module.facts.exports.get(DEFAULT)) {
        (Some((name, _)), Some(Export::Local(exported))) => name == exported,
        _ => false,
    }
}

/// Reads an endpoint.
pub(super) fn declare_endpoint(site: Site<'_>, kind: EndpointKind, found: &mut Found) {
    let out = &mut found.diagnostics;
    let Some(name) = site.variable(out) else { return };
    if !site.module.facts.exports.values().any(|exported| exported.local() == Some(name)) {
        out.push(
            Diagnostic::error(Code::S0005, format!("the endpoint `{name}` is not exported"))
                .at(&site.at())
                .note("what serves requests imports it by its name")
                .help(format!("write `export const {name} = …`")),
        );
    }
    let is_static = kind == EndpointKind::Static;
    let config = site.config(0, if is_static { &STATIC_OPTIONS } else { &OPTIONS }, out);
    let path = path(site, &config, out);
    let mut endpoint = Endpoint {
        name: name.to_owned(),
        access: access(&config, out),
        methods: methods(&config, out),
        raw: kind == EndpointKind::Raw,
        streaming: streaming(kind),
        static_dir: None,
        static_not_found: None,
        static_not_found_status: None,
        body_limit: body_limit(&config, out),
        tags: tags(&config, out),
        sensitive: config.bool("sensitive", out).unwrap_or(false),
        takes_request: takes_request(site, kind, path.as_deref()),
        path,
        at: site.at(),
    };
    if is_static {
        read_static(site, &config, &mut endpoint, out);
    } else if site.argument(1).is_none() {
        out.push(site.missing("a handler"));
    }
    if let Some(service) = site.service() {
        found.resources.insert(site.key, Resource::Endpoint { service, name: name.to_owned() });
        found.services[service].endpoints.push(endpoint);
    }
}

/// The path of an endpoint, if it is one.
fn path(site: Site<'_>, config: &Config<'_>, out: &mut Vec<Diagnostic>) -> Option<String> {
    let path = config.string("path", out)?;
    if let (Some((problem, help)), Some(value)) = (problem_of_path(path), config.value("path")) {
        out.push(
            Diagnostic::error(Code::S0009, format!("the path `{path}` {problem}"))
                .at(&site.module.at(value.at))
                .note("a path is matched part by part, from the root of the API on")
                .help(help),
        );
        return None;
    }
    Some(path.to_owned())
}

/// What is wrong with the form of a path, and what to do.
fn problem_of_path(path: &str) -> Option<(&'static str, &'static str)> {
    let Some(rest) = path.strip_prefix('/') else {
        return Some(("does not begin with `/`", "write it from the root, such as `/users/:id`"));
    };
    if path.contains(['?', '#']) {
        return Some(("has a query or a fragment", "take query parameters as fields of the request"));
    }
    let mut parts = rest.split('/').peekable();
    while let Some(part) = parts.next() {
        if part.is_empty() && !rest.is_empty() {
            return Some(("has an empty part", "remove the `/` that is too much"));
        }
        if path_parameter(part) == Some("") {
            return Some(("has a parameter without a name", "name it like a field, such as `:id`"));
        }
        if part.starts_with(['*', '!']) && parts.peek().is_some() {
            return Some(("goes on after a wildcard", "a `*wildcard` or `!fallback` comes last"));
        }
    }
    None
}

/// Nothing said is left to the defaults of the language; what is not exposed is private, whatever `auth` says.
fn access(config: &Config<'_>, out: &mut Vec<Diagnostic>) -> Option<Access> {
    let expose = config.bool("expose", out);
    let auth = config.bool("auth", out);
    match (expose, auth) {
        (None, None) => None,
        (Some(true), Some(true)) => Some(Access::Auth),
        (Some(true), _) => Some(Access::Public),
        _ => Some(Access::Private),
    }
}

fn methods(config: &Config<'_>, out: &mut Vec<Diagnostic>) -> Vec<String> {
    let found = match config.value("method").map(|value| &value.kind) {
        Some(Kind::String(method)) => Some(vec![method.clone()]),
        Some(Kind::Array(methods)) => {
            methods.iter().map(|value| value.as_string().map(str::to_owned)).collect()
        }
        _ => None,
    };
    let known = |method: &String| METHODS.contains(&method.as_str());
    let found = found.filter(|methods: &Vec<String>| methods.iter().all(known));
    let expected = format!("an HTTP method or a list of them ({})", list(&METHODS));
    let mut methods = config.expect("method", found, &expected, out).unwrap_or_default();
    methods.sort();
    methods.dedup();
    methods
}

fn streaming(kind: EndpointKind) -> Option<Streaming> {
    match kind {
        EndpointKind::StreamIn => Some(Streaming::In),
        EndpointKind::StreamOut => Some(Streaming::Out),
        EndpointKind::StreamInOut => Some(Streaming::Inout),
        EndpointKind::Typed | EndpointKind::Raw | EndpointKind::Static => None,
    }
}

fn body_limit(config: &Config<'_>, out: &mut Vec<Diagnostic>) -> Option<BodyLimit> {
    let limit = match config.value("bodyLimit")?.kind {
        Kind::Null => Some(BodyLimit::None(NoLimit::None)),
        Kind::Integer(bytes) => u64::try_from(bytes).ok().map(BodyLimit::Bytes),
        _ => None,
    };
    config.expect("bodyLimit", limit, "a number of bytes or `null`", out)
}

fn tags(config: &Config<'_>, out: &mut Vec<Diagnostic>) -> Vec<String> {
    let found = match config.value("tags").map(|value| &value.kind) {
        Some(Kind::Array(tags)) => tags.iter().map(|tag| tag.as_string().map(str::to_owned)).collect(),
        _ => None,
    };
    let mut tags: Vec<String> =
        config.expect("tags", found, "a list of string literals", out).unwrap_or_default();
    tags.sort();
    tags.dedup();
    tags
}

fn read_static(site: Site<'_>, config: &Config<'_>, endpoint: &mut Endpoint, out: &mut Vec<Diagnostic>) {
    let folder = site.module.folder();
    endpoint.static_dir = config.string("dir", out).and_then(|dir| join(folder, dir));
    if config.value("dir").is_none() {
        out.push(site.missing_field("dir"));
    }
    endpoint.static_not_found = config.string("notFound", out).and_then(|file| join(folder, file));
    endpoint.static_not_found_status =
        config.integer("notFoundStatus", out).and_then(|status| status.try_into().ok());
}

/// Whether a caller has to send more than the path says.
fn takes_request(site: Site<'_>, kind: EndpointKind, path: Option<&str>) -> bool {
    match kind {
        EndpointKind::Raw | EndpointKind::Static => return false,
        EndpointKind::StreamIn | EndpointKind::StreamOut | EndpointKind::StreamInOut => return true,
        EndpointKind::Typed => {}
    }
    let file = site.key.0;
    let handler = site.argument(1).and_then(|handler| site.program.function(file, handler));
    let parameter = handler.and_then(|(_, handler)| handler.parameters.first());
    let of_call = site.declaration.types.first().map(|declared| (file, declared));
    let of_parameter = || Some((handler?.0, parameter?.declared.as_ref()?));
    let in_path: BTreeSet<&str> = path.unwrap_or_default().split('/').filter_map(path_parameter).collect();
    let asks_for_more =
        |fields: &BTreeSet<String>| fields.iter().any(|field| !in_path.contains(field.as_str()));
    let declared = of_call.or_else(of_parameter);
    if let Some(fields) = declared.and_then(|(file, declared)| site.program.fields(file, declared)) {
        return asks_for_more(&fields);
    }
    match parameter {
        Some(Parameter { fields: Some(fields), .. }) => asks_for_more(fields),
        Some(_) => in_path.is_empty(),
        None => declared.is_some() && in_path.is_empty(),
    }
}

fn path_parameter(segment: &str) -> Option<&str> {
    segment.strip_prefix([':', '*', '!'])
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_app};

    fn check_endpoint(declaration: &str, expected: &str) {
        check(
            &format!("import {{ api }} from 'encore.dev/api';\nexport const e = {declaration};"),
            &[expected],
        );
    }

    #[test]
    fn an_endpoint_says_only_what_the_code_says() {
        check_endpoint("api({}, async () => {})", r#"endpoints {"name": "e"}"#);
        check_endpoint(
            "api({ expose: true, auth: true, method: ['PUT', 'GET'], path: '/a/:id', tags: ['b', 'a'], sensitive: true, bodyLimit: 2 * 1024 },
             async ({ id }: { id: string }) => {})",
            r#"endpoints {"name": "e", "access": "auth", "methods": ["GET", "PUT"], "path": "/a/:id", "tags": ["a", "b"],
                          "sensitive": true, "body_limit": 2048}"#,
        );
        check_endpoint(
            "api({ auth: true }, async () => {})",
            r#"endpoints {"name": "e", "access": "private"}"#,
        );
        check_endpoint(
            "api({ expose: true }, async () => {})",
            r#"endpoints {"name": "e", "access": "public"}"#,
        );
    }

    #[test]
    fn raw_streaming_and_static_endpoints_are_told_apart() {
        check_endpoint(
            "api.raw({ expose: true, path: '/!rest', method: '*', bodyLimit: null }, async (req, resp) => {})",
            r#"endpoints {"name": "e", "access": "public", "path": "/!rest", "methods": ["*"], "raw": true, "body_limit": "none"}"#,
        );
        check_endpoint(
            "api.streamInOut<In, Out>({ path: '/chat' }, async (stream) => {})",
            r#"endpoints {"name": "e", "path": "/chat", "streaming": "inout", "takes_request": true}"#,
        );
        check_endpoint(
            "api.static({ expose: true, path: '/!path', dir: './assets', notFound: './assets/404.html', notFoundStatus: 404 })",
            r#"endpoints {"name": "e", "access": "public", "path": "/!path", "static_dir": "svc/assets",
                          "static_not_found": "svc/assets/404.html", "static_not_found_status": 404}"#,
        );
    }

    #[test]
    fn what_the_path_gives_is_no_request() {
        let with = |takes: bool, handler: &str| {
            let takes = if takes { r#", "takes_request": true"# } else { "" };
            let source = format!(
                "import {{ api }} from 'encore.dev/api'; interface Id {{ id: string }} interface More extends Id {{ x: number }}
                 type Both = Id & {{ y: string }}; async function handler(p: More) {{}}
                 export const e = {handler};"
            );
            check(&source, &[&format!(r#"endpoints {{"name": "e", "path": "/a/:id"{takes}}}"#)]);
        };
        with(false, "api({ path: '/a/:id' }, async () => {})");
        with(false, "api({ path: '/a/:id' }, async (p: Id) => {})");
        with(false, "api({ path: '/a/:id' }, async ({ id }) => {})");
        with(false, "api<Id, void>({ path: '/a/:id' }, async (p) => {})");
        with(false, "api<void, void>({ path: '/a/:id' }, async () => {})");
        with(true, "api({ path: '/a/:id' }, async (p: More) => {})");
        with(true, "api({ path: '/a/:id' }, async (p: Both) => {})");
        with(true, "api({ path: '/a/:id' }, handler)");
        with(true, "api({ path: '/a/:id' }, async ({ id, x }) => {})");
        with(true, "api<{ x: string }>({ path: '/a/:id' }, async (p) => {})");
    }

    #[test]
    fn a_path_begins_at_the_root_and_has_no_empty_part() {
        let check_path = |path: &str, problem: Option<&str>| {
            let source = format!(
                "import {{ api }} from 'encore.dev/api'; export const e = api({{ path:\n{path:?} }}, h);"
            );
            match problem {
                None => check(&source, &[&format!(r#"endpoints {{"name": "e", "path": {path:?}}}"#)]),
                Some(problem) => {
                    let place = format!("svc/svc.ts:2:1-2:{}", path.len() + 3);
                    let reported = format!("S0009 {place} the path `{path}` {problem}");
                    check(&source, &[r#"endpoints {"name": "e"}"#, &reported]);
                }
            }
        };
        check_path("/", None);
        check_path("/a/:id/*rest", None);
        check_path("a", Some("does not begin with `/`"));
        check_path("", Some("does not begin with `/`"));
        check_path("/a/", Some("has an empty part"));
        check_path("/a//b", Some("has an empty part"));
        check_path("/a?b=c", Some("has a query or a fragment"));
        check_path("/:", Some("has a parameter without a name"));
        check_path("/*a/b", Some("goes on after a wildcard"));
    }

    #[test]
    fn a_type_of_another_file_is_followed() {
        check_app(
            &[
                (
                    "svc/encore.service.ts",
                    "import { Service } from 'encore.dev/service'; export default new Service('svc');",
                ),
                ("svc/types.ts", "export interface Id { id: string; more: string }"),
                (
                    "svc/svc.ts",
                    "import { api } from 'encore.dev/api'; import type { Id } from './types';
                    export const e = api({ path: '/:id' }, async (p: Id) => {});",
                ),
            ],
            &[r#"endpoints {"name": "e", "path": "/:id", "takes_request": true}"#],
        );
    }

    #[test]
    fn a_handler_of_another_file_is_followed() {
        check_app(
            &[
                (
                    "svc/encore.service.ts",
                    "import { Service } from 'encore.dev/service'; export default new Service('svc');",
                ),
                (
                    "svc/handlers.ts",
                    "interface P { x: string } const h = async (p: P) => {}; export { h as handler };",
                ),
                (
                    "svc/svc.ts",
                    "import { api } from 'encore.dev/api'; import { handler } from './handlers';
                    export const e = api({ path: '/a' }, handler);",
                ),
            ],
            &[r#"endpoints {"name": "e", "path": "/a", "takes_request": true}"#],
        );
    }

    #[test]
    fn bad_options_are_reported_where_they_stand() {
        check(
            "import { api } from 'encore.dev/api';
export const e = api({ exposed: true, method: 'FETCH', path: p, path: '/b', ...more }, async () => {});",
            &[
                r#"endpoints {"name": "e", "path": "/b"}"#,
                "S0008 svc/svc.ts:2:24-2:31 unknown field `exposed`",
                "S0008 svc/svc.ts:2:65-2:69 field `path` is written twice",
                "S0009 svc/svc.ts:2:47-2:54 `method` must be an HTTP method or a list of them (`*`, `CONNECT`, `DELETE`, \
                 `GET`, `HEAD`, `OPTIONS`, `PATCH`, `POST`, `PUT`, `TRACE`)",
                "S0009 svc/svc.ts:2:77-2:84 a configuration cannot have spread or computed fields",
            ],
        );
        check(
            "import { api } from 'encore.dev/api';\napi({}, async () => {});",
            &["S0005 svc/svc.ts:2:1-2:5 `api` must be held by a variable"],
        );
        check(
            "import { api } from 'encore.dev/api';\nexport const e = api(options);",
            &[
                r#"endpoints {"name": "e"}"#,
                "S0007 svc/svc.ts:2:18-2:30 `api` needs a handler",
                "S0009 svc/svc.ts:2:22-2:29 a configuration must be an object literal",
            ],
        );
    }

    #[test]
    fn a_service_stands_in_its_own_file() {
        check(
            "import { Service } from 'encore.dev/service';\nexport default new Service('x');",
            &["S0005 svc/svc.ts:2:16-2:28 a service must be the default export of `encore.service.ts`"],
        );
        let api = "import { api } from 'encore.dev/api'; export const e = api({}, async () => {});";
        check_app(
            &[("a/b/c.ts", api), ("a/b.ts", api), ("d/e/f.ts", api)],
            &[
                r#"services {"name": "a", "path": "a"}"#,
                r#"services {"name": "e", "path": "d/e"}"#,
                r#"endpoints {"name": "e"}"#,
                r#"endpoints {"name": "e"}"#,
                r#"endpoints {"name": "e"}"#,
            ],
        );
    }

    #[test]
    fn a_service_does_not_lie_within_another() {
        let service = |name: &str| {
            format!("import {{ Service }} from 'encore.dev/service'; export default new Service('{name}');")
        };
        check_app(
            &[("a/encore.service.ts", &service("a")), ("a/b/encore.service.ts", &service("b"))],
            &[
                r#"services {"name": "a", "path": "a"}"#,
                r#"services {"name": "b", "path": "a/b"}"#,
                "S0005 a/b/encore.service.ts:1:74-1:77 the service `b` lies within the service `a`",
            ],
        );
    }
}
