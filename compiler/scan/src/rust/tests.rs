//! What the tests of all primitives share, and tests that concern several.

use proptest::prelude::*;

use crate::{SourceTree, rows, scan};

const APP: (&str, &str) = ("encore.app", r#"{"id": "test", "lang": "rust"}"#);
const SERVICE: (&str, &str) = ("svc/encore.service.json", r#"{"name": "svc", "lang": "rust"}"#);
const MAIN: &str = "svc/src/main.rs";

/// Scans `svc/src/main.rs`, the code of the service `svc`, and compares what is found with rows of two shapes:
/// `topics {"name": "x"}`, an element of a list of the manifest without its position, and
/// `S0006 svc/src/main.rs:1:2-1:3 message`, a diagnostic. The bare service is left out.
#[track_caller]
pub(super) fn check(source: &str, expected: &[&str]) {
    check_app(&[SERVICE, (MAIN, source)], expected);
}

/// The same for several files.
#[track_caller]
pub(super) fn check_app(files: &[(&str, &str)], expected: &[&str]) {
    rows::check(&tree(files), |_| true, expected);
}

fn rows(files: &[(&str, &str)]) -> Vec<String> {
    rows::rows(&tree(files), |_| true)
}

fn tree(files: &[(&str, &str)]) -> SourceTree {
    SourceTree::from_files("app", files.iter().chain([&APP]).copied())
}

const TOPIC: &str = r#"use encore::pubsub::Topic; pub static T: Topic<String> = Topic::new("t");"#;
const BOUND: &str = r#"services {"name": "a", "path": "a", "binds": {"topics": ["t"]}}"#;
const PUBLISHED: &str = r#"topics {"name": "t", "publishers": ["a"]}"#;

/// A topic declared in `a/src/t.rs`, and the crate around it.
#[track_caller]
fn check_published(main: &str, others: &[(&str, &str)]) {
    let service = ("a/encore.service.json", r#"{"name": "a", "lang": "rust"}"#);
    let mut files = vec![service, ("a/src/t.rs", TOPIC), ("a/src/main.rs", main)];
    files.extend(others);
    check_app(&files, &[BOUND, PUBLISHED]);
}

#[test]
fn names_are_followed_through_modules() {
    check_published("mod t; async fn f() { t::T.publish(&x).await?; }", &[]);
    check_published("mod t; use t::T; async fn f() { T.publish(&x).await?; }", &[]);
    check_published("mod t; use crate::t::T as U; async fn f() { U.publish(&x).await?; }", &[]);
    check_published("mod t; use t::*; async fn f() { T.publish(&x).await?; }", &[]);
    check_published(
        "mod t; use self::t::{self as u, T as _}; async fn f() { u::T.publish(&x).await?; }",
        &[],
    );
    check_published("mod t; fn f() { use t::T; async move { T.publish(&x).await } }", &[]);
    check_published("mod t; mod u { use super::t::T; fn f() { T.publish(&x); } }", &[]);
    check_published("mod t; mod u { fn f() { { use super::t; t::T.publish(&x) } } }", &[]);
    check_published("mod t; mod u { pub mod v { fn f() { super::super::t::T.publish(&x); } } }", &[]);
    check_published(
        "mod t; mod b;",
        &[("a/src/b.rs", "mod c;"), ("a/src/b/c.rs", "fn f() { crate::t::T.publish(&x) }")],
    );
    check_published(
        "mod t; mod b;",
        &[("a/src/b/mod.rs", "mod c;"), ("a/src/b/c.rs", "fn f() { crate::t::T.publish(&x) }")],
    );
    check_published("mod t; mod b { mod c; }", &[("a/src/b/c.rs", "fn f() { crate::t::T.publish(&x) }")]);
    check_published(
        "mod t; #[path = \"x/y.rs\"] mod b;",
        &[("a/src/x/y.rs", "fn f() { crate::t::T.publish(&x) }")],
    );
}

#[test]
fn names_are_followed_through_what_is_passed_on() {
    check_published("mod t; mod u { pub use super::t::T as V; } fn f() { u::V.publish(&x); }", &[]);
    check_published("mod t; mod u { pub use super::t::*; } use u::*; fn f() { T.publish(&x); }", &[]);
    check_published("mod t; pub use t as w; mod u { fn f() { crate::w::T.publish(&x); } }", &[]);
    check_published("mod t; use t::T; fn f() { encore::pubsub::Topic::publish(&T, &x); }", &[]);
    check_published("mod t; fn f() { (&t::T).publish(&x); }", &[]);
}

#[test]
fn names_are_followed_through_macros() {
    for call in [
        "println!(\"{}\", t::T.publish(&x).await?)",
        "tokio::select! { r = t::T.publish(&x) => { r? } }",
        "tokio::try_join!(t::T.publish(&x), y)",
        "m! { let y = t::T.publish(&x); }",
        "m!(a => [t::T.publish(&x)])",
        "m!(m!(m!(m!(m!(m!(m!(m!(m!(m!(t::T.publish(&x)))))))))))",
    ] {
        check_published(&format!("mod t; async fn f() {{ {call}; }}"), &[]);
    }
}

#[test]
fn a_circle_of_names_leads_nowhere() {
    check(
        "pub use a::*; mod a { pub use super::b::*; pub use super::X; } mod b { pub use super::a::*; pub use super::a::X; } fn f() { X.publish(); }",
        &[],
    );
    check(
        "use encore::pubsub::Topic; mod a { pub use super::b::*; } mod b { pub use super::a::*; pub use super::c::*; } mod c { pub use encore::pubsub::Topic as U; } static T: a::U<u8> = a::U::new(\"t\"); fn f() { b::U; }",
        &[
            r#"services {"name": "svc", "path": "svc", "binds": {"topics": ["t"]}}"#,
            r#"topics {"name": "t"}"#,
        ],
    );
    check_app(&[SERVICE, (MAIN, "#[path = \"main.rs\"] mod encore;")], &[]);
}

#[test]
fn the_sdk_may_have_other_names() {
    let topics =
        [r#"services {"name": "svc", "path": "svc", "binds": {"topics": ["t"]}}"#, r#"topics {"name": "t"}"#];
    for source in [
        "static T: encore::pubsub::Topic<u8> = encore::pubsub::Topic::new(\"t\");",
        "static T: ::encore::pubsub::Topic<u8> = ::encore::pubsub::Topic::<u8>::new(\"t\");",
        "use encore::*; static T: pubsub::Topic<u8> = pubsub::Topic::new(\"t\");",
        "use encore::pubsub::*; static T: Topic<u8> = <Topic<u8>>::new(\"t\");",
        "extern crate encore as e; use e::pubsub as p; static T: p::Topic<u8> = p::Topic::new(\"t\");",
        "type X = encore::pubsub::Topic<u8>; static T: X = X::new(\"t\");",
        "use encore::pubsub::{Topic as X}; static T: &X<u8> = &(X::new(\"t\"));",
    ] {
        check(source, &topics);
    }
    check_app(
        &[
            SERVICE,
            (
                "svc/Cargo.toml",
                "[package]\nname = \"svc\"\n[dependencies]\nsdk = { package = \"encore-dev\", version = \"2\" }",
            ),
            (MAIN, "use sdk::pubsub::Topic; static T: Topic<u8> = Topic::new(\"t\");"),
        ],
        &topics,
    );
    check("mod encore { pub struct Topic; } static T: encore::Topic = encore::Topic::new(\"t\");", &[]);
}

#[test]
fn crates_of_a_workspace_know_each_other() {
    let service = |name: &str| format!(r#"{{"name": "{name}", "lang": "rust"}}"#);
    let (a, b) = (service("a"), service("b"));
    let files = [
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"*\"]\n[workspace.dependencies]\nshop-events = { path = \"events\" }",
        ),
        ("events/Cargo.toml", "[package]\nname = \"shop-events\""),
        ("events/src/lib.rs", "mod t; pub use t::T; pub fn tell() { T.publish(&x); }"),
        ("events/src/t.rs", TOPIC),
        ("a/encore.service.json", &a),
        ("a/Cargo.toml", "[package]\nname = \"a\"\n[dependencies]\nshop-events.workspace = true"),
        ("a/src/main.rs", "fn f() { shop_events::tell(); }"),
        ("b/encore.service.json", &b),
        (
            "b/Cargo.toml",
            "[package]\nname = \"b\"\n[dependencies]\nev = { package = \"shop-events\", path = \"../events\" }",
        ),
        (
            "b/src/bin/tool.rs",
            "use encore::pubsub::Subscription; #[encore::pubsub::register] static S: Subscription<u8> = Subscription::new(&ev::T, \"s\", f);",
        ),
        ("c/Cargo.toml", "[package]\nname = \"c\""),
        ("c/src/lib.rs", ""),
    ];
    check_app(
        &files,
        &[
            r#"topics {"name": "t", "publishers": ["a", "b"], "subscriptions": [{"name": "s", "service": "b"}]}"#,
        ],
    );
}

#[test]
fn tests_and_other_targets_are_not_read() {
    let source = "use encore::secrets::Secret; static S: Secret = Secret::new(\"S\");";
    for path in [
        "svc/tests/a.rs",
        "svc/benches/a.rs",
        "svc/examples/a.rs",
        "svc/build.rs",
        "svc/target/x/src/main.rs",
        "svc/src/unused.rs",
    ] {
        check_app(&[SERVICE, (MAIN, "fn main() {}"), (path, source)], &[]);
    }
    for attribute in ["#[cfg(test)]", "#[cfg(all(test, feature = \"x\"))]"] {
        check(&format!("{attribute} mod tests {{ {source} }}"), &[]);
    }
    check(
        "use encore::secrets::Secret; #[encore::test] async fn t() { Secret::new(\"S\"); } // Secret::new(\"S\")\n/* Secret::new(\"S\") */",
        &[],
    );
}

#[test]
fn a_broken_item_does_not_hide_the_others() {
    check(
        "use encore::secrets::Secret;\nstatic A: Secret = Secret::new(\"A\";\nfn f( { }\nstatic B: Secret = Secret::new(\"B\");",
        &["S0001 svc/src/main.rs:3:5-3:5 syntax error: this is no Rust, or a bracket or quote is not closed"],
    );
    check(
        "use encore::secrets::Secret;\nstatic A Secret = Secret::new(\"A\");\nfn f() { let = ; }\nstatic B: Secret = Secret::new(\"B\");",
        &[
            r#"secrets {"name": "B", "scope": "service", "packages_or_services": ["svc"]}"#,
            "S0001 svc/src/main.rs:2:10-2:16 syntax error: expected `:`",
        ],
    );
    let files = [SERVICE, (MAIN, "mod b;"), ("svc/src/b.rs", "fn f( {} // no mod")];
    let (_, diagnostics) = scan(&SourceTree::from_files("app", files.into_iter().chain([APP])));
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(diagnostics[0].severity, compiler_diagnostics::Severity::Warning);
}

#[test]
fn resources_are_declared_by_statics_of_modules() {
    let bound = r#"services {"name": "svc", "path": "svc", "binds": {"topics": ["t"]}}"#;
    let topic = r#"topics {"name": "t"}"#;
    for (source, problem) in [
        ("fn f() { Topic::<u8>::new(\"t\"); }", "1:38-1:54 `Topic::new` cannot be called in a function"),
        (
            "fn f() { let t = Topic::<u8>::new(\"t\").exactly_once; }",
            "1:46-1:62 `Topic::new` cannot be called in a function",
        ),
        (
            "const T: Topic<u8> = Topic::new(\"t\");",
            "1:35-1:36 `Topic::new` is held by a `const`, which is another one wherever it is used",
        ),
        (
            "static T: [Topic<u8>; 1] = [Topic::new(\"t\")];",
            "1:57-1:67 `Topic::new` is not the whole value of a `static`",
        ),
        (
            "static T: LazyLock<Topic<u8>> = LazyLock::new(|| Topic::new(\"t\"));",
            "1:78-1:88 `Topic::new` cannot be called in a function",
        ),
        (
            "struct S; impl S { const T: Topic<u8> = Topic::new(\"t\"); }",
            "1:69-1:79 `Topic::new` is not the whole value of a `static`",
        ),
        (
            "lazy_static! { static ref T: Topic<u8> = Topic::new(\"t\"); }",
            "1:70-1:75 `Topic::new` in a macro is not seen where the macro is used",
        ),
    ] {
        let source = format!("use encore::pubsub::Topic;  {source}");
        check(&source, &[bound, topic, &format!("S0005 svc/src/main.rs:{problem}")]);
    }
    check(
        "use encore::pubsub::Topic; fn f() { static T: Topic<u8> = Topic::new(\"t\"); T.publish(&1); }",
        &[
            bound,
            r#"topics {"name": "t", "publishers": ["svc"]}"#,
            "S0005 svc/src/main.rs:1:44-1:45 `Topic::new` cannot be called in a function",
        ],
    );
}

#[test]
fn a_constructor_that_is_not_called_is_reported() {
    check(
        "use encore::pubsub::Topic as T; fn f() { g(T::<u8>::new); encore::services::base_url; }",
        &[
            "S0015 svc/src/main.rs:1:44-1:56 `Topic::new` is named here without being called",
            "S0015 svc/src/main.rs:1:59-1:85 `base_url` is named here without being called",
        ],
    );
}

#[test]
fn calls_go_to_a_service_that_is_named() {
    check(
        "use encore::services::base_url as url; fn f(s: &str) { encore::services::base_url(\"a\"); url(\"a\"); url(\"b\").len(); url(s); format!(\"{}\", url(\"c\")); }",
        &[
            r#"calls {"from_service": "svc", "to": "a"}"#,
            r#"calls {"from_service": "svc", "to": "b"}"#,
            r#"calls {"from_service": "svc", "to": "c"}"#,
            "S0006 svc/src/main.rs:1:119-1:120 the service in `base_url` must be a string literal",
        ],
    );
}

#[test]
fn a_module_without_a_file_is_reported() {
    check("mod gone;", &["S0011 svc/src/main.rs:1:5-1:9 module `gone` has no file"]);
}

#[test]
fn nesting_at_the_limit_is_survived_and_beyond_it_reported() {
    let declared = "use encore::secrets::GlobalSecret; static S: GlobalSecret = GlobalSecret::new(\"S\");";
    let found = r#"secrets {"name": "S", "scope": "global"}"#;
    let within = |open: &str, close: &str, times: usize, end: &str| {
        format!("{declared}\nfn f() {{ {}y{}{end}; }}", open.repeat(times), close.repeat(times))
    };
    for (open, close, times) in [
        ("(", ")", 290),
        ("[", "]", 290),
        ("{", "}", 290),
        ("f(", ")", 290),
        ("m!(", ")", 290),
        ("|x| ", "", 1_400),
        ("move || {", "}", 290),
        ("!", "", 2_900),
        ("&", "", 2_900),
        ("a=", "", 2_900),
        ("1+", "", 2_900),
        ("return ", "", 2_900),
    ] {
        check(&within(open, close, times, ""), &[found]);
    }
    for chain in [".a()", ".a", "()", "[0]", "?", ".await"] {
        check(&within("", "", 1, &chain.repeat(1_400)), &[found]);
    }
    check(&format!("{declared}\nfn f() {{ {}{{}} }}", "if a {} else ".repeat(900)), &[found]);
    check(&format!("{declared}\ntype T = {}u8{};", "A<".repeat(1_400), ">".repeat(1_400)), &[found]);
    for open in ["(", "[", "{", "!", "|x|", "a=", "f(", "1+", "m!["] {
        let rows = rows(&[SERVICE, (MAIN, &within(open, "", 10_000, ""))]);
        assert!(rows.len() == 1 && rows[0].starts_with("S0017 svc/src/main.rs:2:"), "{rows:?}");
    }
}

#[test]
fn every_beginning_of_a_file_is_survived() {
    let source = "#!/usr/bin/x\n#![allow(x)] use encore::{pubsub::{Topic, self}, secrets::*}; #[encore::pubsub::register]
static S: Subscription<'static, (A, B)> = Subscription::new(&T, r#\"s\"#, |m| Box::pin(f(m))).ack_deadline(D * 2);
mod a { mod b; } macro_rules! m { ($x:expr) => { Topic::new($x).publish(\"'\") } } fn f<'a>() { m!(a => T.x(1)); 'l: loop {} }";
    for end in 0..source.len() {
        rows(&[SERVICE, (MAIN, &source[..end])]);
    }
}

#[test]
fn bytes_that_are_no_text_are_reported_and_the_rest_is_read() {
    let bytes =
        b"use encore::secrets::GlobalSecret; static S: GlobalSecret = GlobalSecret::new(\"S\"); // \xff"
            .to_vec();
    let files = [SERVICE, APP].map(|(path, text)| (path, text.as_bytes().to_vec()));
    let tree = SourceTree::from_files("app", files.into_iter().chain([(MAIN, bytes)]));
    let (manifest, diagnostics) = scan(&tree);
    assert_eq!(manifest.unwrap().secrets.len(), 1);
    assert_eq!(diagnostics[0].message, "the file is not UTF-8");
}

#[test]
fn names_that_refer_to_each_other_in_many_ways_end() {
    let others: Vec<String> = (0..60).map(|other| format!("pub use super::m{other}::*;")).collect();
    let others = others.join(" ");
    let modules: Vec<String> = (0..60).map(|own| format!("pub mod m{own} {{ {others} }}")).collect();
    let modules = modules.join("\n");
    let uses = "X.publish(); ".repeat(100);
    let source = format!(
        "use encore::pubsub::Topic; use m0::*; {modules} mod t {{ pub static X: super::Topic<u8> = super::Topic::new(\"t\"); }} fn f() {{ {uses} }}"
    );
    rows(&[SERVICE, (MAIN, &source)]);
}

#[test]
fn a_handle_gives_what_it_says_to_those_who_use_it() {
    let service = |name: &str| format!(r#"{{"name": "{name}", "lang": "rust"}}"#);
    let (a, b) = (service("a"), service("b"));
    check_app(
        &[
            ("a/encore.service.json", &a),
            ("a/Cargo.toml", "[package]\nname = \"a\""),
            (
                "a/src/lib.rs",
                "use encore::storage::postgres::*; static DB: Database = Database::new(\"d\"); pub static READ: DatabaseRef = DB.read(); fn f() { DB.write(); }",
            ),
            ("b/encore.service.json", &b),
            ("b/Cargo.toml", "[package]\nname = \"b\"\n[dependencies]\na = { path = \"../a\" }"),
            ("b/src/main.rs", "fn f() { a::READ.query(x, y); g(a::READ) }"),
        ],
        &[
            r#"services {"name": "a", "path": "a", "binds": {"databases": ["d"]}, "databases": [{"database": "d"}]}"#,
            r#"services {"name": "b", "path": "b", "databases": [{"database": "d", "access": "read"}]}"#,
            r#"databases {"name": "d"}"#,
        ],
    );
}

#[test]
fn a_service_without_code_is_run_by_the_package_around_it() {
    check_app(
        &[
            ("users/encore.service.json", r#"{"name": "users", "lang": "rust"}"#),
            (
                "src/main.rs",
                "use encore::pubsub::Topic; static T: Topic<u8> = Topic::new(\"t\"); fn f() { T.publish(&1); }",
            ),
        ],
        &[r#"topics {"name": "t", "publishers": ["users"]}"#],
    );
}

#[test]
fn code_that_is_part_of_no_crate_is_reported() {
    check_app(
        &[SERVICE, ("svc/a.rs", "use encore::pubsub::Topic;")],
        &["S0011 svc/encore.service.json:1:10-1:15 the code of service `svc` is part of no crate"],
    );
}

proptest! {
    #[test]
    fn no_text_is_too_strange(pieces in proptest::collection::vec(0..PIECES.len(), 0..40)) {
        let text: String = pieces.iter().map(|piece| PIECES[*piece]).collect();
        rows(&[SERVICE, (MAIN, &text)]);
    }
}

/// What the property tests are made of.
const PIECES: [&str; 44] = [
    "static T: Topic<u8> = ",
    "Topic::new",
    "(\"t\")",
    ";",
    "use encore::pubsub::*;",
    "mod a",
    "mod main;",
    "{",
    "}",
    "(",
    ")",
    "fn f() ",
    "T",
    ".publish(&1)",
    ".await?",
    "&",
    "*",
    "|x| ",
    "#[",
    "]",
    "#[path = \"main.rs\"] ",
    "cfg(test)",
    "'a",
    "'x'",
    "r#\"",
    "\"#",
    "\"",
    "/*",
    "*/",
    "//",
    "\n",
    "m!",
    "<",
    ">",
    "::",
    "crate",
    "super",
    "self",
    "pub use ",
    " as U;",
    "const C: u8 = C + ",
    "1",
    "\u{301}",
    "é",
];

#[test]
fn facts_can_be_stored() {
    let facts = super::facts::facts(TOPIC.as_bytes());
    let stored = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<super::syntax::Facts>(&stored).unwrap(), facts);
}
