use super::*;

/// Reads service files and compares `folder: name language`, endpoints, gateways and findings with rows.
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let tree = SourceTree::from_files("app", files.iter().copied());
    let (read, mut diagnostics) = ServiceFiles::read(&tree);
    compiler_diagnostics::sort(&mut diagnostics);
    let mut rows = Vec::new();
    for service in &read.services {
        rows.push(format!("{}: {} {:?}", service.folder, service.name, service.language));
        rows.extend(service.endpoints.iter().map(|endpoint| {
            let access = endpoint.access.unwrap();
            format!("{}.{} {access:?} {}", service.name, endpoint.name, endpoint.path.as_deref().unwrap())
        }));
    }
    rows.extend(
        read.gateways.iter().map(|one| format!("gateway {} of {:?} {}", one.name, one.service, one.default)),
    );
    rows.extend(diagnostics.iter().map(|one| {
        assert!(one.help.is_some(), "{one:?}");
        let span = one.span.as_ref().unwrap();
        let place =
            format!("{}:{}:{}-{}:{}", span.file, span.line, span.column, span.end_line, span.end_column);
        format!("{} {place} {}", one.code.as_str(), one.message)
    }));
    assert_eq!(rows, expected);
}

#[test]
fn a_service_has_a_name_a_language_and_prefixes() {
    check(
        &[(
            "orders/encore.service.json",
            r#"{"name": "shop", "lang": "python", "description": "…", "run": {"type": "python"}, "api": [
                {"type": "http", "prefix": "/orders/", "name": "public", "expose": true},
                {"type": "http", "prefix": "/"}, {"type": "http"}, {"expose": ["edge"], "prefix": "/x"}]}"#,
        )],
        &[
            "orders: shop Python",
            "shop.public Public /orders/!path",
            "shop.shop Private /!path",
            "shop.shop-2 Private /!path",
            "shop.shop-3 Public /x/!path",
        ],
    );
    check(&[(FILE, r#"{"name": "all", "lang": "rust"}"#)], &[": all Rust"]);
}

#[test]
fn a_file_that_is_no_json_is_reported_where_it_is_wrong() {
    check(
        &[("a/encore.service.json", "{\n  \"name\": \"a\", // the a\n}")],
        &[
            "S0033 a/encore.service.json:2:16-2:17 `encore.service.json` is not valid JSON: key must be a string",
        ],
    );
    check(
        &[("a/encore.service.json", "[]")],
        &["S0033 a/encore.service.json:1:1-1:3 `encore.service.json` is not a JSON object"],
    );
}

#[test]
fn bad_fields_are_reported_and_the_rest_is_read() {
    check(
        &[("a/encore.service.json", r#"{"name": "", "lang": "pyton", "nmae": "b", "api": {}}"#)],
        &[
            "S0033 a/encore.service.json:1:10-1:12 `name` must be a text that is not empty",
            "S0033 a/encore.service.json:1:22-1:29 `pyton` is not a language that can be scanned",
            "S0008 a/encore.service.json:1:31-1:37 unknown field `nmae`",
            "S0033 a/encore.service.json:1:51-1:53 `api` must be a list of objects",
        ],
    );
    check(
        &[("a/encore.service.json", r#"{"api": [1, {"prefix": "x", "pth": 1}, {"name": 3}]}"#)],
        &[
            "S0033 a/encore.service.json:1:1-1:53 the field `lang` is missing",
            "S0033 a/encore.service.json:1:1-1:53 the field `name` is missing",
            "S0033 a/encore.service.json:1:10-1:11 an entry of `api` must be an object",
            "S0033 a/encore.service.json:1:24-1:27 `prefix` must begin with `/`",
            "S0008 a/encore.service.json:1:29-1:34 unknown field `pth`",
            "S0033 a/encore.service.json:1:49-1:50 `name` must be a text",
        ],
    );
}

#[test]
fn a_service_without_a_usable_name_is_named_after_its_folder() {
    let text = r#"{"lang": "rust"}"#;
    check(
        &[("b/a/encore.service.json", text)],
        &["b/a: a Rust", "S0033 b/a/encore.service.json:1:1-1:17 the field `name` is missing"],
    );
}

#[test]
fn services_do_not_lie_within_each_other() {
    let file = |name: &str| format!(r#"{{"name": "{name}", "lang": "rust"}}"#);
    let (a, b, c) = (file("a"), file("b"), file("c"));
    check(
        &[
            ("a/encore.service.json", &a),
            ("a/x/b/encore.service.json", &b),
            ("a/x/b/c/encore.service.json", &c),
            ("ab/encore.service.json", &c),
        ],
        &[
            "a: a Rust",
            "ab: c Rust",
            "S0034 a/x/b/c/encore.service.json:1:10-1:13 service `c` lies within service `a`",
            "S0034 a/x/b/encore.service.json:1:10-1:13 service `b` lies within service `a`",
        ],
    );
}

#[test]
fn a_gateway_is_hosted_by_a_service_or_stands_alone() {
    check(
        &[
            (
                "edge/encore.service.json",
                r#"{"name": "edge", "lang": "python", "gateway": {"default": true, "cors": {}}}"#,
            ),
            ("inner/encore.gateway.json", r#"{"name": "inner"}"#),
            ("bad/encore.gateway.json", r#"{"name": "bad", "default": "yes"}"#),
        ],
        &[
            "edge: edge Python",
            r#"gateway edge of "edge" true"#,
            r#"gateway bad of "" false"#,
            r#"gateway inner of "" false"#,
            "S0033 bad/encore.gateway.json:1:28-1:33 `default` must be `true` or `false`",
        ],
    );
}

#[test]
fn what_others_wrote_is_not_read() {
    for path in [
        "a/site-packages/x/encore.service.json",
        "node_modules/x/encore.service.json",
        ".x/encore.service.json",
        "env/lib/encore.service.json",
    ] {
        check(&[(path, "{"), ("env/pyvenv.cfg", "")], &[]);
    }
}

#[test]
fn most_services_decide_the_language() {
    let file = |language: &str| format!(r#"{{"name": "x", "lang": "{language}"}}"#);
    let language = |languages: &[&str]| {
        let files = languages.iter().enumerate();
        let files = files.map(|(index, language)| (format!("{index}/{FILE}"), file(language)));
        ServiceFiles::read(&SourceTree::from_files("app", files)).0.language()
    };
    assert_eq!(language(&[]), None);
    assert_eq!(language(&["rust", "python", "rust"]), Some(Language::Rust));
    assert_eq!(language(&["rust", "python"]), Some(Language::Python));
}
