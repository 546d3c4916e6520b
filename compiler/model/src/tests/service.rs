use schema_documents::manifest::{Access, BodyLimit, DatabaseAccess};

use super::{go, manifest, model, ts};
use crate::{DEFAULT_BODY_LIMIT_BYTES, METHODS, Retries, resolve};

#[test]
fn two_services_of_one_name_are_an_error() {
    go(
        r#"
        [[services]]
        name = "a"
        path = "b"
        at = "b/b:3"
        "#,
        "
M0101 b/b:3 service `a` is declared twice
  a/a:1 it is declared here first
  help: give one service another name, or remove it
",
    );
}

#[test]
fn two_endpoints_of_one_name_are_an_error_in_one_service_only() {
    go(
        r#"
        [[services]]
        name = "b"
        path = "b"
        at = "b/b:1"
        endpoints = [{ name = "Run", at = "b/b:2" }, { name = "Run", at = "b/b:9", path = "/x" }]
        "#,
        "
M0101 b/b:9 endpoint `Run` of `b` is declared twice
  b/b:2 it is declared here first
  help: give one endpoint another name, or remove it
",
    );
}

#[test]
fn what_a_service_uses_and_names_is_declared() {
    go(
        r#"
        databases = [{ name = "orders", at = "db:1" }]
        [[services]]
        name = "b"
        path = "b"
        at = "b/b:1"
        databases = [{ database = "order", at = "b/b:2" }]
        buckets = [{ bucket = "x", operations = [], at = "b/b:3" }]
        caches = [{ cache = "x", at = "b/b:4" }]
        metrics = ["m"]
        binds = { databases = ["orders"], topics = ["t"] }
        "#,
        "
M0103 b/b:1 service `b` uses metric `m`, which is not declared
M0104 b/b:1 service `b` names topic `t`, which is not declared
M0103 b/b:2 service `b` uses database `order`, which is not declared
  help: did you mean `orders`?
M0103 b/b:3 service `b` uses bucket `x`, which is not declared
M0103 b/b:4 service `b` uses cache `x`, which is not declared
",
    );
}

#[test]
fn a_call_goes_to_a_service_or_an_endpoint_that_exists() {
    go(
        r#"
        calls = [
            { from_service = "a", to = "a", at = "c:1" },
            { from_service = "a", to = "a.Run", at = "c:2" },
            { from_service = "a", to = "a.Ran", at = "c:3" },
            { from_service = "bee", to = "cee", at = "c:4" },
        ]
        "#,
        "
M0103 c:3 service `a` calls `a.Ran`, which is not declared
  help: did you mean `a.Run`?
M0103 c:4 a call is made by service `bee`, which is not declared
M0103 c:4 service `bee` calls `cee`, which is not declared
",
    );
}

#[test]
fn a_use_is_kept_apart_from_a_bind() {
    let app = model(
        "go",
        r#"
        databases = [{ name = "db", at = "db:1" }]
        topics = [{ name = "t", publishers = ["b"], at = "t:1", subscriptions = [
            { name = "s", service = "b", at = "t:2" },
        ] }]
        buckets = [{ name = "files", at = "bucket:1" }]
        caches = [{ name = "c", at = "c:1", keyspaces = [{ pattern = "p", service = "b", at = "c:2" }] }]
        secrets = [{ name = "Key", packages_or_services = ["b"], at = "k:1" }]
        calls = [{ from_service = "b", to = "a.Run", at = "b:5" }, { from_service = "b", to = "b", at = "b:6" }]
        [[services]]
        name = "b"
        path = "b"
        at = "b:1"
        buckets = [
            { bucket = "files", operations = ["write_object"], at = "b:2" },
            { bucket = "files", operations = ["list_objects", "write_object"], at = "b:3" },
        ]
        binds = { databases = ["db"] }
        "#,
    );
    let service = &app.services["b"];
    assert!(service.uses.databases.is_empty() && service.binds.databases.contains("db"));
    assert_eq!(service.uses.buckets["files"].operations.len(), 2);
    assert_eq!(service.uses.buckets["files"].at.line, 2);
    assert_eq!(service.uses.publishes["t"].file, "t");
    assert!(service.uses.subscribes["t"].contains("s"));
    assert_eq!(service.uses.caches["c"].line, 2);
    assert_eq!(service.uses.secrets["Key"].file, "k");
    assert_eq!(service.uses.calls.iter().collect::<Vec<_>>(), ["a"]);
    assert_eq!(app.services["a"].uses, crate::Uses::default());
}

const ENDPOINTS: &str = r#"
    [[services]]
    name = "b"
    path = "b"
    at = "b:1"
    endpoints = [
        { name = "plain", at = "b:2" },
        { name = "asks", takes_request = true, at = "b:3" },
        { name = "raw", access = "public", raw = true, path = "/raw", at = "b:4" },
        { name = "stream", streaming = "in", at = "b:5" },
        { name = "files", static_dir = "public", path = "/!all", at = "b:6" },
        { name = "any", methods = ["*"], path = "/any", body_limit = "none", at = "b:7" },
    ]
"#;

/// The methods of an endpoint of [`ENDPOINTS`], joined.
#[track_caller]
fn methods(language: &str, endpoint: &str, expected: &[&str]) {
    let app = model(language, ENDPOINTS);
    let methods: Vec<_> = app.services["b"].endpoints[endpoint].methods.iter().collect();
    assert_eq!(methods, expected, "{language} {endpoint}");
}

#[test]
fn methods_default_as_the_language_says() {
    methods("go", "plain", &["GET", "POST"]);
    methods("go", "asks", &["POST"]);
    methods("go", "raw", &METHODS);
    methods("typescript", "plain", &["POST"]);
    methods("typescript", "raw", &["POST"]);
    methods("typescript", "stream", &["GET"]);
    methods("typescript", "files", &["GET", "HEAD"]);
    methods("typescript", "any", &METHODS);
}

#[test]
fn access_path_and_body_limit_have_defaults() {
    let app = model("typescript", ENDPOINTS);
    let plain = &app.services["b"].endpoints["plain"];
    assert_eq!((plain.access, plain.path.as_str()), (Access::Private, "/b.plain"));
    assert_eq!(plain.body_limit, Some(BodyLimit::Bytes(DEFAULT_BODY_LIMIT_BYTES)));
    assert!(matches!(app.services["b"].endpoints["any"].body_limit, Some(BodyLimit::None(_))));
    assert_eq!(model("go", ENDPOINTS).services["b"].endpoints["plain"].body_limit, None);
}

#[test]
fn two_endpoints_that_the_same_request_reaches_are_an_error() {
    let two = |first: &str, second: &str| {
        format!(
            r#"
            [[services]]
            name = "b"
            path = "b"
            at = "b:1"
            endpoints = [{{ name = "one", at = "b:2", {first} }}, {{ name = "two", at = "b:3", {second} }}]
            "#
        )
    };
    let conflict = |methods: &str, path: &str, first: &str| {
        format!(
            "M0109 b:3 endpoints `b.one` and `b.two` both answer `{methods} {path}`
  b:2 this one has the path `{first}`
  help: give one of them another path or another method"
        )
    };
    ts(&two(r#"path = "/s/:id""#, r#"path = "/s/:name""#), &conflict("POST", "/s/:name", "/s/:id"));
    ts(&two(r#"path = "/s/:id""#, r#"path = "/s/*rest""#), &conflict("POST", "/s/*rest", "/s/:id"));
    ts(
        &two(r#"path = "/s", methods = ["*"]"#, r#"path = "/s", methods = ["PUT", "GET"]"#),
        &conflict("GET, PUT", "/s", "/s"),
    );
    ts(&two(r#"path = "/s", methods = ["GET"]"#, r#"path = "/s", methods = ["PUT"]"#), "");
    ts(&two(r#"path = "/s/:id""#, r#"path = "/s/new""#), "");
    ts(&two(r#"path = "/s/*rest""#, r#"path = "/s/!rest""#), "");
}

#[test]
fn paths_of_two_services_meet_where_both_are_exposed() {
    let two = |first: &str, second: &str| {
        format!(
            r#"
            [[services]]
            name = "b"
            path = "b"
            at = "b:1"
            endpoints = [{{ name = "one", at = "b:2", path = "/x", access = "{first}" }}]
            [[services]]
            name = "c"
            path = "c"
            at = "c:1"
            endpoints = [{{ name = "two", at = "c:2", path = "/x", access = "{second}" }}]
            "#
        )
    };
    let expected = |methods: &str| {
        format!(
            "M0109 c:2 endpoints `b.one` and `c.two` both answer `{methods} /x`
  b:2 this one has the path `/x`
  help: give one of them another path or another method"
        )
    };
    ts(&two("public", "public"), &expected("POST"));
    ts(&two("public", "private"), "");
    ts(&two("private", "private"), "");
    go(&two("public", "public"), &expected("GET, POST"));
    let anywhere = "
M0109 c:2 the path `/x` of endpoint `c.two` conflicts with `/x` of `b.one`
  b:2 this one has the path `/x`
  note: in one place, Encore.go takes either fixed segments, or one parameter, or one wildcard
  help: give one of them another path or another method";
    go(&two("public", "private"), anywhere);
    go(&two("private", "private"), anywhere);
}

/// Two endpoints of an app in Go with these paths.
fn go_paths(first: &str, second: &str) -> String {
    format!(
        r#"
        [[services]]
        name = "b"
        path = "b"
        at = "b:1"
        endpoints = [{{ name = "one", at = "b:2", path = "{first}" }}, {{ name = "two", at = "b:3", path = "{second}" }}]
        "#
    )
}

#[test]
fn go_takes_one_kind_of_segment_in_one_place() {
    for (first, second) in [
        ("/s/:id", "/s/new"),
        ("/s/new", "/s/:id"),
        ("/s/:id/x", "/s/new/y"),
        ("/s/*rest", "/s/new"),
        ("/s/new", "/s/*rest"),
        ("/s/*rest", "/s/:id/x"),
    ] {
        let (_, found) = resolve(&manifest("go", &go_paths(first, second)));
        let messages: Vec<_> = found.iter().map(|each| each.message.as_str()).collect();
        assert_eq!(
            messages,
            [format!("the path `{second}` of endpoint `b.two` conflicts with `{first}` of `b.one`")]
        );
        let (app, _) = resolve(&manifest("typescript", &go_paths(first, second)));
        assert!(app.is_some(), "{first} {second}");
    }
    for (first, second) in [("/s", "/s/:id"), ("/s/:id/x", "/s/:name/y"), ("/!rest", "/s"), ("/s", "/!rest")]
    {
        go(&go_paths(first, second), "");
    }
}

#[test]
fn each_service_has_the_defaults_of_its_language() {
    let service = |name: &str, language: &str| {
        format!(
            "[[services]]\nname = \"{name}\"\npath = \"{name}\"\nlanguage = \"{language}\"\nat = \"{name}:1\"\n\
             endpoints = [{{ name = \"E\", at = \"{name}:2\" }}]\n"
        )
    };
    let body = format!(
        "{}{}[[topics]]\nname = \"t\"\nat = \"t:1\"\nsubscriptions = [{{ name = \"g\", service = \"g\", at = \"t:2\" }}, \
         {{ name = \"p\", service = \"p\", max_retries = 0, at = \"t:3\" }}]\n",
        service("g", "go"),
        service("p", "python")
    );
    let app = model("typescript", &body);
    let methods = |service: &str| {
        app.services[service].endpoints["E"].methods.iter().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!((methods("g"), methods("p")), ("GET POST".to_owned(), "POST".to_owned()));
    let topic = &app.topics["t"];
    assert_eq!(topic.subscriptions["g"].max_concurrency, Some(100));
    assert_eq!(
        (topic.subscriptions["p"].max_concurrency, topic.subscriptions["p"].retries),
        (None, Retries::None)
    );
}

#[test]
fn names_follow_the_rule_of_the_language_they_are_written_in() {
    let topic = |file: &str| format!("topics = [{{ name = \"site.added\", at = \"{file}:1\" }}]");
    ts(&topic("a/a.ts"), "");
    go(&topic("a/a.ts"), "");
    let expected = "
M0102 a/a.go:1 `site.added` is not a valid topic name
  note: a topic name is 1 to 63 characters long: lower-case letters, digits and `-`, with a letter first and no `-` last
  help: try `site-added`";
    ts(&topic("a/a.go"), expected);
    go(&topic("manifest.toml"), &expected.replace("a/a.go", "manifest.toml"));
}

#[test]
fn the_most_that_a_service_does_in_a_database_counts() {
    let body = r#"
        databases = [{ name = "d", at = "d:1" }]
        [[services]]
        name = "b"
        path = "b"
        at = "b:1"
        databases = [{ database = "d", access = "read", at = "b:7" }, { database = "d", access = "admin", at = "b:9" }]
        [[services]]
        name = "c"
        path = "c"
        at = "c:1"
        databases = [{ database = "d", access = "read", at = "c:7" }]
    "#;
    let app = model("go", body);
    let used = |service: &str| app.services[service].uses.databases["d"].clone();
    assert_eq!((used("b").access, used("b").at.to_string()), (DatabaseAccess::Admin, "b:7:1-7:1".to_owned()));
    assert_eq!(used("c").access, DatabaseAccess::Read);
}

#[test]
fn an_endpoint_with_auth_needs_an_auth_handler() {
    let service = r#"
        [[services]]
        name = "b"
        path = "b"
        at = "b:1"
        endpoints = [{ name = "Me", access = "auth", at = "b:2" }]
    "#;
    let expected = "
M0110 b:2 endpoint `b.Me` needs an auth handler, and the app has none
  help: declare one with `//encore:authhandler`, or make the endpoint public or private";
    go(service, expected);
    ts(
        service,
        "
warning M0110 b:2 endpoint `b.Me` needs an auth handler, and the app has none
  help: declare one with `authHandler` and name it in a `Gateway`, or remove `auth` from the endpoint
",
    );
    go(&format!("auth_handler = {{ name = \"Auth\", service = \"\", at = \"x:1\" }}\n{service}"), "");
}
