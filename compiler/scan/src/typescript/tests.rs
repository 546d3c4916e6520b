//! What the tests of all primitives share, and tests that concern several.

use serde_json::{Map, Value};

use crate::{SourceTree, scan};

const APP: (&str, &str) = ("encore.app", r#"{"id": "test", "lang": "typescript"}"#);
const SERVICE: (&str, &str) = (
    "svc/encore.service.ts",
    "import { Service } from \"encore.dev/service\";\nexport default new Service(\"svc\");",
);

/// Scans `svc/svc.ts`, a file of the service `svc`, and compares what is found with rows of two shapes:
/// `topics {"name": "x"}`, an element of a list of the manifest without its position and with endpoints in a list of
/// their own, and `S0006 svc/svc.ts:1:2-1:3 message`, a diagnostic. The bare service is left out.
pub(super) fn check(source: &str, expected: &[&str]) {
    check_app(&[SERVICE, ("svc/svc.ts", source)], expected);
}

/// The same for several files.
pub(super) fn check_app(files: &[(&str, &str)], expected: &[&str]) {
    let mut found = rows(files);
    let mut wanted: Vec<String> = expected.iter().map(|row| normal(row)).collect();
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
}

pub(super) fn rows(files: &[(&str, &str)]) -> Vec<String> {
    let files = files.iter().chain([&APP]).map(|(path, text)| (*path, *text));
    let (manifest, diagnostics) = scan(&SourceTree::from_files("app", files));
    let manifest = without_places(serde_json::to_value(manifest.unwrap()).unwrap());
    let mut rows = Vec::new();
    for (list, elements) in manifest.as_object().unwrap() {
        for element in elements.as_array().into_iter().flatten() {
            let mut element = element.as_object().unwrap().clone();
            for endpoint in element.remove("endpoints").iter().flat_map(|list| list.as_array().unwrap()) {
                rows.push(row("endpoints", endpoint.as_object().unwrap()));
            }
            let is_bare = list == "services" && element.len() == 2 && element["name"] == "svc";
            if !is_bare {
                rows.push(row(list, &element));
            }
        }
    }
    rows.extend(diagnostics.iter().map(|one| {
        let place = one.span.as_ref().map_or_else(String::new, |span| {
            format!("{}:{}:{}-{}:{} ", span.file, span.line, span.column, span.end_line, span.end_column)
        });
        format!("{} {place}{}", one.code.as_str(), one.message)
    }));
    rows
}

fn row(list: &str, element: &Map<String, Value>) -> String {
    let sorted: std::collections::BTreeMap<_, _> = element.iter().collect();
    format!("{list} {}", serde_json::to_string(&sorted).unwrap())
}

pub(super) fn normal(expected: &str) -> String {
    match expected.split_once(' ') {
        Some((list, element)) if element.starts_with('{') => {
            row(list, &serde_json::from_str(element).unwrap())
        }
        _ => expected.to_owned(),
    }
}

fn without_places(value: Value) -> Value {
    match value {
        Value::Array(list) => list.into_iter().map(without_places).collect(),
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(name, _)| name != "at");
            Value::Object(kept.map(|(name, value)| (name, without_places(value))).collect())
        }
        other => other,
    }
}

const TOPIC: &str = "import { Topic } from 'encore.dev/pubsub'; export const t = new Topic<M>('t', {});";
const PUBLISHED: &[&str] = &[
    r#"services {"name": "a", "path": "a", "binds": {"topics": ["t"]}}"#,
    r#"services {"name": "b", "path": "b"}"#,
    r#"topics {"name": "t", "publishers": ["b"]}"#,
];

/// A topic declared in `a/t.ts`, and a file of service `b` that publishes to it.
fn check_published(user: &str, others: &[(&str, &str)]) {
    let service = |name| {
        format!("import {{ Service }} from 'encore.dev/service'; export default new Service('{name}');")
    };
    let (a, b) = (service("a"), service("b"));
    let mut files = vec![
        ("a/encore.service.ts", a.as_str()),
        ("b/encore.service.ts", &b),
        ("a/t.ts", TOPIC),
        ("b/b.ts", user),
    ];
    files.extend(others);
    check_app(&files, PUBLISHED);
}

#[test]
fn names_are_followed_through_imports() {
    check_published("import { t } from '../a/t'; t.publish({});", &[]);
    check_published("import { t as other } from '../a/t.js'; async () => { await other.publish({}); };", &[]);
    check_published("import * as a from '../a/t.ts'; a.t.publish({});", &[]);
    check_published("import { t } from '../a/t'; const u = t; const v = u; v.publish({});", &[]);
    check_published("import { t } from '../a/t'; (t as any)!['publish']({});", &[]);
}

#[test]
fn names_are_followed_through_short_paths() {
    let config = ("tsconfig.json", r#"{ "compilerOptions": { "paths": { "@/*": ["./*"] } } }"#);
    check_published("import { t } from '@/a/t'; t.publish({});", &[config]);
    check_published(
        "import { t } from '../x'; t.publish({});",
        &[config, ("x.ts", "export { t } from '@/a/t';")],
    );
}

#[test]
fn every_beginning_of_a_file_is_survived() {
    let source = "import { Topic, Subscription } from 'encore.dev/pubsub';
export const t = new Topic<{ a: string }>('t', { deliveryGuarantee: \"at-least-once\" });
new Subscription(t, `s`, { handler: async ({ a }) => { await db.exec`SELECT ${a}`; } }); // /[(]/";
    for end in 0..source.len() {
        rows(&[SERVICE, ("svc/svc.ts", &source[..end])]);
    }
}

#[test]
fn names_are_followed_through_exports() {
    check_published(
        "import { t } from '../a';  t.publish({});",
        &[("a/index.ts", "export { t } from './t';")],
    );
    check_published(
        "import { u } from '../a/x'; u.publish({});",
        &[("a/x.ts", "export * from './y'"), ("a/y.ts", "import { t } from './t'; export { t as u };")],
    );
    check_published(
        "import u from '../a/x'; u.publish({});",
        &[("a/x.ts", "import { t } from './t'; export default t;")],
    );
    check_published(
        "import { ns } from '../a/x'; ns.t.publish({});",
        &[("a/x.ts", "export * as ns from './t';")],
    );
}

#[test]
fn a_circle_of_exports_leads_nowhere() {
    let circle =
        [("svc/a.ts", "export * from './b'; export { x } from './b';"), ("svc/b.ts", "export * from './a';")];
    let user = "import { x } from './a'; import { Subscription } from 'encore.dev/pubsub';
new Subscription(x, 's', { handler: () => {} });";
    check_app(
        &[SERVICE, circle[0], circle[1], ("svc/svc.ts", user)],
        &["S0011 svc/svc.ts:2:18-2:19 this does not lead to a topic"],
    );
}

#[test]
fn a_name_that_is_shadowed_is_another_name() {
    check(
        "import { site } from '~encore/clients';
export async function f(site: { url: string }) { return site.url; }
export const g = () => { const site = h(); site.get(); };",
        &[],
    );
}

#[test]
fn calls_go_to_an_endpoint_or_to_a_whole_service() {
    check(
        "import { site, slack as chat } from '~encore/clients'; import * as all from '~encore/clients';
site.get({ id: 1 }); site.get({ id: 2 }); chat.notify(); all.mail.send(); f(chat);",
        &[
            r#"calls {"from_service": "svc", "to": "mail.send"}"#,
            r#"calls {"from_service": "svc", "to": "site.get"}"#,
            r#"calls {"from_service": "svc", "to": "slack"}"#,
            r#"calls {"from_service": "svc", "to": "slack.notify"}"#,
        ],
    );
}

#[test]
fn tests_and_generated_files_are_not_read() {
    let source = "import { secret } from 'encore.dev/config'; const a = secret('A');";
    for path in [
        "svc/a.test.ts",
        "svc/a.spec.ts",
        "svc/a.d.ts",
        "encore.gen/a.ts",
        "svc/__tests__/a.ts",
        ".x/a.ts",
        "a.tsx",
    ] {
        check_app(&[SERVICE, (path, source)], &[]);
    }
}

#[test]
fn a_syntax_error_is_an_error_only_where_infrastructure_may_be_declared() {
    check(
        "import { api } from 'encore.dev/api';\nconst a = ;",
        &["S0001 svc/svc.ts:2:11-2:12 syntax error: unexpected token"],
    );
    let mut files = vec![
        SERVICE,
        ("svc/svc.ts", "import { Topic } from 'encore.dev/pubsub'; export const t = new Topic<M>('t', {});"),
        ("svc/broken.ts", "import './svc' const"),
    ];
    let (_, diagnostics) = scan(&SourceTree::from_files("app", files.drain(..).chain([APP])));
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(diagnostics[0].severity, compiler_diagnostics::Severity::Warning);
}

#[test]
fn infrastructure_is_declared_at_the_top_level() {
    check(
        "import { Topic } from 'encore.dev/pubsub'; function f() { return new Topic<M>('t', {}); }",
        &[
            r#"services {"name": "svc", "path": "svc", "binds": {"topics": ["t"]}}"#,
            r#"topics {"name": "t"}"#,
            "S0005 svc/svc.ts:1:66-1:79 `new Topic` cannot be called in a function",
        ],
    );
}

#[test]
fn a_construct_that_is_not_called_is_reported() {
    check(
        "import { Topic as T } from 'encore.dev/pubsub'; export const Make = T; class X extends T {}",
        &["S0015 svc/svc.ts:1:69-1:70 `new Topic` is named here without being called"],
    );
}

#[test]
fn a_construct_that_is_exported_again_is_reported() {
    check(
        "export { Topic as T } from 'encore.dev/pubsub';",
        &["S0015 svc/svc.ts:1:10-1:20 `new Topic` is named here without being called"],
    );
    check(
        "import { Topic } from 'encore.dev/pubsub'; export { Topic };",
        &["S0015 svc/svc.ts:1:53-1:58 `new Topic` is named here without being called"],
    );
}

#[test]
fn an_endpoint_is_exported() {
    let endpoint = r#"endpoints {"name": "e"}"#;
    check(
        "import { api } from 'encore.dev/api'; const e = api({}, async () => {}); export { e as f };",
        &[endpoint],
    );
    check(
        "import { api } from 'encore.dev/api'; const e = api({}, async () => {});",
        &[endpoint, "S0005 svc/svc.ts:1:45-1:46 the endpoint `e` is not exported"],
    );
}

#[test]
fn nesting_at_the_limit_is_survived_and_beyond_it_reported() {
    let declared = "import { secret } from 'encore.dev/config'; const s = secret('S');";
    let found = r#"secrets {"name": "S", "packages_or_services": ["svc"]}"#;
    let within = |open: &str, close: &str, times: usize, end: &str| {
        format!("{declared}\nconst x = {}y{}{end};", open.repeat(times), close.repeat(times))
    };
    for (open, close, times) in [
        ("(", ")", 480),
        ("[", "]", 480),
        ("{a:", "}", 480),
        ("f(", ")", 480),
        ("`${", "}`", 480),
        ("() => {return ", "}", 240),
        ("function(){return ", "}", 240),
        ("!", "", 4_900),
        ("typeof ", "", 4_900),
        ("a?b:", "", 2_400),
        ("x=>", "", 2_400),
        ("a=", "", 4_900),
        ("1+", "", 4_900),
        ("1**", "", 2_400),
    ] {
        check(&within(open, close, times, ""), &[found]);
    }
    for chain in [".a", "()", "[0]", "``", "!"] {
        check(&within("", "", 1, &chain.repeat(2_400)), &[found]);
    }
    let statements = format!("{declared}\n{};", "if(a){}else ".repeat(1_200));
    check(&statements, &[found]);
    for open in ["(", "[", "{a:", "!", "a?b:", "x=>", "f(", "1+", "`${"] {
        let rows = rows(&[SERVICE, ("svc/svc.ts", &within(open, "", 10_000, ""))]);
        assert!(rows.len() == 1 && rows[0].starts_with("S0017 svc/svc.ts:2:"), "{rows:?}");
    }
}

#[test]
fn types_nested_deep_are_survived() {
    let declared = "import { secret } from 'encore.dev/config'; const s = secret('S');";
    let found = r#"secrets {"name": "S", "packages_or_services": ["svc"]}"#;
    for (open, close, times) in
        [("A<", ">", 2_400), ("{a:", "}", 480), ("keyof ", "", 2_400), ("A extends B ? C : ", "", 1_600)]
    {
        let source = format!("{declared}\ntype T = {}X{};", open.repeat(times), close.repeat(times));
        check(&source, &[found]);
    }
}

#[test]
fn bytes_that_are_no_text_and_huge_literals_are_survived() {
    let mut bytes =
        b"import { secret } from 'encore.dev/config'; const a = '\xff\xfe'; const s = secret('S');".to_vec();
    let app = |bytes: Vec<u8>| {
        let files = [SERVICE, APP].map(|(path, text)| (path, text.as_bytes().to_vec()));
        let tree = SourceTree::from_files("app", files.into_iter().chain([("svc/svc.ts", bytes)]));
        scan(&tree)
    };
    assert_eq!(app(bytes.clone()).0.unwrap().secrets.len(), 1);
    bytes.extend(
        format!("const b = `{}`; const c = {};", "x".repeat(1_000_000), "9".repeat(100_000)).as_bytes(),
    );
    let (manifest, diagnostics) = app(bytes);
    assert_eq!(manifest.unwrap().secrets.len(), 1);
    assert_eq!(diagnostics, []);
    for bytes in [vec![0; 1_000], vec![b'`'; 1_000], vec![b'/'; 1_001], b"encore.dev\xe2\x28".to_vec()] {
        app(bytes);
    }
}
