//! What the tests of all primitives share, and tests that concern several.

use serde_json::Value;

use crate::{SourceTree, rows, scan};

const APP: (&str, &str) = ("encore.app", r#"{"id": "test", "lang": "python"}"#);
const SERVICE: (&str, &str) = ("svc/encore.service.json", r#"{"name": "svc", "lang": "python"}"#);

/// Scans `svc/svc.py`, a file of the service `svc`, and compares what is found with rows of two shapes:
/// `topics {"name": "x"}`, an element of a list of the manifest without its position, and
/// `S0006 svc/svc.py:1:2-1:3 message`, a diagnostic. The bare service is left out.
pub(super) fn check(source: &str, expected: &[&str]) {
    check_app(&[SERVICE, ("svc/svc.py", source)], expected);
}

/// The same for several files.
pub(super) fn check_app(files: &[(&str, &str)], expected: &[&str]) {
    rows::check(&tree(files), |name| name == "svc", expected);
}

/// What a service `svc` does with a resource that is declared by `declaration` as `r`: the field of the service.
#[track_caller]
pub(super) fn check_uses(declaration: &str, rest: &str, list: &str, expected: &str) {
    let source = format!(
        "from encore import pubsub, secrets, metrics\nfrom encore.storage import postgres, objects, redis\nr = {declaration}\n{rest}\n"
    );
    let files = [SERVICE, ("svc/svc.py", source.as_str()), APP];
    let (manifest, diagnostics) = scan(&SourceTree::from_files("app", files));
    assert_eq!(diagnostics, [], "{rest}");
    let service = rows::without_places(serde_json::to_value(&manifest.unwrap().services[0]).unwrap());
    let expected: Value = serde_json::from_str(expected).unwrap();
    assert_eq!(service.get(list).cloned().unwrap_or(Value::Null), expected, "{rest}");
}

fn rows(files: &[(&str, &str)]) -> Vec<String> {
    rows::rows(&tree(files), |name| name == "svc")
}

fn tree(files: &[(&str, &str)]) -> SourceTree {
    SourceTree::from_files("app", files.iter().chain([&APP]).copied())
}

const TOPIC: &str = "from encore import pubsub\nt = pubsub.Topic('t')\n";
const PUBLISHED: &[&str] = &[
    r#"services {"name": "a", "path": "a", "binds": {"topics": ["t"]}}"#,
    r#"services {"name": "b", "path": "b"}"#,
    r#"topics {"name": "t", "publishers": ["b"]}"#,
];

/// A topic declared in `a/t.py`, and a file of service `b` that publishes to it.
fn check_published(user: &str, others: &[(&str, &str)]) {
    let service = |name| format!(r#"{{"name": "{name}", "lang": "python"}}"#);
    let (a, b) = (service("a"), service("b"));
    let mut files =
        vec![("a/encore.service.json", a.as_str()), ("b/encore.service.json", &b), ("a/t.py", TOPIC)];
    files.push(("b/b.py", user));
    files.extend(others);
    check_app(&files, PUBLISHED);
}

#[test]
fn names_are_followed_through_imports() {
    check_published("from a.t import t\nt.publish({})", &[]);
    check_published("from a.t import t as u\nasync def f():\n    await u.publish({})", &[]);
    check_published("import a.t\na.t.t.publish({})", &[]);
    check_published("import a.t as x\nx.t.publish({})", &[]);
    check_published("from a import t as x\nx.t.publish({})", &[]);
    check_published("from ..a.t import t\nt.publish({})", &[]);
    check_published("from .. import a\na.t.t.publish({})", &[]);
    check_published("def f():\n    from a.t import t\n    t.publish({})", &[]);
    check_published("from a.t import *\nt.publish({})", &[]);
    check_published("from a.t import t\nu = t\nv = u\nv.publish({})", &[]);
    check_published("from a.t import (\n    t,\n)\nf(t.publish)", &[]);
    check_published("try:\n    from a.t import t\nexcept ImportError:\n    raise\nt.publish({})", &[]);
}

#[test]
fn names_are_followed_through_packages() {
    check_published(
        "from a import t\nt.publish({})",
        &[("a/__init__.py", "from .t import t\n__all__ = ['t']")],
    );
    check_published("import a\na.t.publish({})", &[("a/__init__.py", "from a.t import t")]);
    check_published(
        "from lib import events\nevents.t.publish({})",
        &[("lib/__init__.py", ""), ("lib/events.py", "from a.t import *")],
    );
    check_published("from inner import t\nt.publish({})", &[("b/src/inner.py", "from a.t import t")]);
}

#[test]
fn shared_code_acts_for_the_services_that_import_it() {
    check_published(
        "from lib.audit import log\nlog()",
        &[("lib/audit.py", "from a.t import t\ndef log():\n    t.publish({})"), ("lib/__init__.py", "")],
    );
    check_app(
        &[("lib/audit.py", "from encore import pubsub\nt = pubsub.Topic('t')\nt.publish({})")],
        &[r#"topics {"name": "t"}"#, "M0112 lib/audit.py:3:1-3:14 `t` is used outside of all services"],
    );
}

#[test]
fn the_sdk_is_known_by_all_its_names() {
    let found = &[
        r#"services {"name": "svc", "path": "svc", "binds": {"topics": ["t"]}}"#,
        r#"topics {"name": "t"}"#,
    ];
    for source in [
        "import encore\nt = encore.pubsub.Topic('t')",
        "import encore.pubsub\nt = encore.pubsub.Topic('t')",
        "import encore.pubsub as ps\nt = ps.Topic[Order]('t')",
        "from encore import pubsub as ps\nt: ps.Topic = ps.Topic(name='t')",
        "from encore.pubsub import Topic as T\nt = T[dict[str, int]]('t')",
        "from encore.pubsub import *\nt = (Topic('t'))",
        "from encore import (pubsub, cron)\na = t = pubsub.Topic('t')",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from encore import pubsub\nt = pubsub.Topic('t')",
    ] {
        check(source, found);
    }
    check_app(
        &[
            SERVICE,
            ("svc/infra.py", "from encore import pubsub as queues"),
            ("svc/svc.py", "from .infra import queues\nt = queues.Topic('t')"),
        ],
        found,
    );
    check("from myorm import Database\ndb = Database('x')  # not encore", &[]);
}

#[test]
fn a_name_that_is_hidden_is_another_name() {
    for rest in [
        "def f(t):\n    t.publish()",
        "def f():\n    t = g()\n    t.publish()",
        "def f():\n    for t in ts:\n        t.publish()",
        "def f():\n    with g() as t:\n        t.publish()",
        "x = [t.publish() for t in ts]",
        "f = lambda t: t.publish()",
        "class C:\n    t = 1\n    x = t.publish",
        "def f():\n    try:\n        pass\n    except E as t:\n        t.publish()",
        "def f():\n    def t(): ...\n    t.publish()",
        "def f(*t, **u):\n    def g():\n        t.publish()",
        "def f():\n    import t\n    t.publish()",
        "def f(x: t.publish) -> t.publish: ...",
        "'t.publish()'\n# t.publish()",
    ] {
        check(
            &format!("{TOPIC}{rest}"),
            &[
                r#"services {"name": "svc", "path": "svc", "binds": {"topics": ["t"]}}"#,
                r#"topics {"name": "t"}"#,
            ],
        );
    }
}

#[test]
fn a_name_of_the_top_level_is_seen_from_within() {
    for rest in [
        "def f(x=t.publish()): ...",
        "class C:\n    t = 1\n    def f(self):\n        t.publish()",
        "def f():\n    [t for t in ts]\n    t.publish()",
        "def f():\n    global t\n    t = t or 1\n    t.publish()",
        "x = [t.publish(x) for x in xs]",
        "@t.publish\ndef f(): ...",
        "print(f'{t.publish(1)}')",
        "async def f():\n    async with g():\n        return await (t).publish(t=1)",
        "match x:\n    case 1:\n        t.publish()",
        "def f():\n    def g(t): ...\n    t.publish()",
    ] {
        check(
            &format!("{TOPIC}{rest}"),
            &[
                r#"services {"name": "svc", "path": "svc", "binds": {"topics": ["t"]}}"#,
                r#"topics {"name": "t", "publishers": ["svc"]}"#,
            ],
        );
    }
}

#[test]
fn a_circle_of_imports_leads_nowhere() {
    check_app(
        &[
            SERVICE,
            ("svc/a.py", "from .b import *\nfrom .b import x"),
            ("svc/b.py", "from .a import *\nfrom .a import x"),
            (
                "svc/svc.py",
                "from encore import pubsub\nfrom .a import x\npubsub.Subscription(x, 's', handler=f)",
            ),
        ],
        &["S0011 svc/svc.py:3:21-3:22 this does not lead to a topic"],
    );
}

#[test]
fn calls_go_to_a_whole_service() {
    check(
        "from encore.services import base_url
from encore.services import httpx as services
import encore.services.requests
users = services.client('users')
def f():
    return f\"{base_url('billing')}/x\", encore.services.requests.client(service='users', timeout=3)
x = f(base_url)
base_url(name)
base_url()",
        &[
            r#"calls {"from_service": "svc", "to": "billing"}"#,
            r#"calls {"from_service": "svc", "to": "users"}"#,
            "S0015 svc/svc.py:7:7-7:15 `services.base_url` is named here without being called",
            "S0006 svc/svc.py:8:10-8:14 the name in `base_url` must be a string literal",
            "S0007 svc/svc.py:9:1-9:9 `base_url` needs the name of a service",
        ],
    );
}

#[test]
fn tests_dependencies_and_other_languages_are_not_read() {
    for path in [
        "svc/test_a.py",
        "svc/a_test.py",
        "svc/conftest.py",
        "svc/tests/a.py",
        "svc/.venv/a.py",
        "env/lib/a.py",
        "svc/lib/site-packages/a.py",
        "rs/a.py",
        "svc/a.pyi",
    ] {
        check_app(
            &[
                SERVICE,
                ("env/pyvenv.cfg", ""),
                ("rs/encore.service.json", r#"{"name": "rs", "lang": "rust"}"#),
                (path, TOPIC),
            ],
            &[r#"services {"name": "rs", "path": "rs", "language": "rust"}"#],
        );
    }
}

#[test]
fn infrastructure_is_declared_at_the_top_level() {
    for (source, place) in [
        ("def f():\n    t = pubsub.Topic('t')", "2:5-2:17 `pubsub.Topic` cannot be called in a function"),
        ("if X:\n    t = pubsub.Topic('t')", "3:9-3:21 `pubsub.Topic` cannot be called under a condition"),
        ("class C:\n    t = pubsub.Topic('t')", "3:9-3:21 `pubsub.Topic` cannot be called in a class"),
    ] {
        let place = place.replacen("2:5-2:17", "3:9-3:21", 1);
        check(
            &format!("from encore import pubsub\n{source}"),
            &[
                r#"services {"name": "svc", "path": "svc", "binds": {"topics": ["t"]}}"#,
                r#"topics {"name": "t"}"#,
                &format!("S0005 svc/svc.py:{place}"),
            ],
        );
    }
}

#[test]
fn a_construct_that_is_not_called_is_reported() {
    check(
        "from encore.pubsub import Topic\nfrom encore import pubsub\nMake = Topic\nf(pubsub.Subscription)
isinstance(x, Topic)\ndef g(x: Topic) -> list[Topic]: ...\nclass X(Topic): ...",
        &[
            "S0015 svc/svc.py:3:8-3:13 `pubsub.Topic` is named here without being called",
            "S0015 svc/svc.py:4:3-4:22 `pubsub.Subscription` is named here without being called",
        ],
    );
}

#[test]
fn arguments_are_checked() {
    check(
        "from encore import pubsub
pubsub.Topic('a', True)
pubsub.Topic('b', exactly_onec=True)
pubsub.Topic(*names)
pubsub.Topic('c', name='d')
pubsub.Topic('e', exactly_once=flag)
pubsub.Topic()",
        &[
            r#"services {"name": "svc", "path": "svc", "binds": {"topics": ["a", "b", "c", "e"]}}"#,
            r#"topics {"name": "a"}"#,
            r#"topics {"name": "b"}"#,
            r#"topics {"name": "c"}"#,
            r#"topics {"name": "e"}"#,
            "S0007 svc/svc.py:2:19-2:23 `pubsub.Topic` takes 1 argument without a name",
            "S0008 svc/svc.py:3:19-3:31 `pubsub.Topic` takes no `exactly_onec`",
            "S0009 svc/svc.py:4:14-4:20 the arguments of `pubsub.Topic` must be written out",
            "S0007 svc/svc.py:4:1-4:13 `pubsub.Topic` needs a name",
            "S0007 svc/svc.py:5:24-5:27 `name` is given twice",
            "S0009 svc/svc.py:6:32-6:36 `exactly_once` must be `True` or `False`",
            "S0007 svc/svc.py:7:1-7:13 `pubsub.Topic` needs a name",
        ],
    );
}

#[test]
fn a_syntax_error_is_an_error_only_where_infrastructure_may_be_declared() {
    check(
        "from encore import pubsub\nt = pubsub.Topic('t')\nx = (1,\n",
        &[
            r#"services {"name": "svc", "path": "svc", "binds": {"topics": ["t"]}}"#,
            r#"topics {"name": "t"}"#,
            "S0001 svc/svc.py:3:1-3:8 this is not valid Python",
        ],
    );
    let files = [SERVICE, APP, ("svc/svc.py", TOPIC), ("svc/x.py", "from .svc import t\ndef (:\n")];
    let (_, diagnostics) = scan(&SourceTree::from_files("app", files));
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(diagnostics[0].severity, compiler_diagnostics::Severity::Warning);
    check_app(&[SERVICE, ("svc/unrelated.py", "def (:\n")], &[]);
}

#[test]
fn modern_python_is_read() {
    check(
        "from encore import pubsub
type Pair[T] = tuple[T, T]
def first[T](xs: list[T], /, *, n: int = 1) -> T: ...
async def f():
    async for x in y: yield x
    if (n := len(z)) > 1: print(f'{n!r:>{width}} {d[\"k\"]}')
    try: ...
    except* (A, B): ...
    match p:
        case {'a': [1, *rest], **others} if rest: ...
        case Point(x=0) | None: ...
@decorator(lambda x: x)
class C(metaclass=M): x: int = 1
with (open(a) as b, open(c) as d): ...
t = pubsub.Topic('t')",
        &[
            r#"services {"name": "svc", "path": "svc", "binds": {"topics": ["t"]}}"#,
            r#"topics {"name": "t"}"#,
        ],
    );
}

#[test]
fn every_beginning_of_a_file_is_survived() {
    let source = "from encore import pubsub, secrets as s
t = pubsub.Topic[Order]('t', exactly_once=True)
pubsub.Subscription(t, \"s\", handler=lambda m: [x for x in m], ack_deadline='1' + 'm')
class C(A):
    k: s.Secret[str] = s.Secret[str]('K')  # é
    def f(self, *a, **b):\n        return f'{t.publish(a)}'
";
    for end in (0..source.len()).filter(|end| source.is_char_boundary(*end)) {
        rows(&[SERVICE, ("svc/svc.py", &source[..end])]);
    }
}

#[test]
fn what_is_nested_deep_is_survived() {
    for (open, close) in
        [("(", ")"), ("[", "]"), ("f(", ")"), ("not ", ""), ("-", ""), ("lambda: ", ""), ("x.", "")]
    {
        let source = format!("{TOPIC}y = {}x{}\nt.publish({{}})\n", open.repeat(5_000), close.repeat(5_000));
        check(
            &source,
            &[
                r#"services {"name": "svc", "path": "svc", "binds": {"topics": ["t"]}}"#,
                r#"topics {"name": "t", "publishers": ["svc"]}"#,
            ],
        );
    }
    for open in ["(", "{", "f\"{", "if x:\n "] {
        rows(&[SERVICE, ("svc/svc.py", &format!("{TOPIC}y = {}", open.repeat(5_000)))]);
    }
    let indented: Vec<String> = (0..300).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect();
    let indented = indented.concat();
    rows(&[SERVICE, ("svc/svc.py", &format!("{TOPIC}{indented}"))]);
}

#[test]
fn bytes_that_are_no_text_are_reported_and_the_rest_is_read() {
    let bytes = b"from encore import pubsub\nx = '\xff'\nt = pubsub.Topic('t')\n".to_vec();
    let files = [SERVICE, APP].map(|(path, text)| (path, text.as_bytes().to_vec()));
    let tree = SourceTree::from_files("app", files.into_iter().chain([("svc/svc.py", bytes)]));
    let (manifest, diagnostics) = scan(&tree);
    assert_eq!(manifest.unwrap().topics.len(), 1);
    assert_eq!(diagnostics[0].message, "the file is not UTF-8");
}

#[test]
fn thousands_of_operators_in_a_row_are_not_given_to_the_parser() {
    let source = format!("{TOPIC}{}*{}", "map[string]".repeat(100), "*/".repeat(8_000));
    let (_, diagnostics) =
        scan(&SourceTree::from_files("app", [SERVICE, APP, ("svc/svc.py", source.as_str())]));
    assert!(diagnostics[0].message.contains("operators in a row"), "{}", diagnostics[0].message);
}

#[test]
fn facts_are_kept_and_taken_up_again() {
    let source = "from encore import pubsub\nt = pubsub.Topic[Order]('t', exactly_once=True)\nt.publish({})\nX = 'é'\n";
    let facts = super::syntax::facts(source.as_bytes());
    let text = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<super::facts::Facts>(&text).unwrap(), facts);
}

proptest::proptest! {
    #[test]
    fn a_damaged_file_is_survived_and_every_position_lies_within_it(
        start in 0_usize..300,
        length in 0_usize..60,
        put in "[(){}\\[\\]\"'`:,.\n a-zé=@*#\\\\]{0,8}",
    ) {
        let source = format!("{TOPIC}from encore.storage import postgres as pg\ndb = pg.Database('d', migrations='./m')\n\
            async def f(x: int = 1):\n    async for row in db.query('SELECT 1'):\n        t.publish(row)\n");
        let (start, end) = (start.min(source.len()), (start + length).min(source.len()));
        let damaged = format!("{}{put}{}", &source[..start], &source[end..]);
        let files = [SERVICE, APP, ("svc/svc.py", damaged.as_str())];
        let (_, diagnostics) = scan(&SourceTree::from_files("app", files));
        for span in diagnostics.iter().filter_map(|one| one.span.as_ref()) {
            proptest::prop_assert!(span.end_line as usize <= damaged.split('\n').count(), "{span:?}");
            proptest::prop_assert!((span.line, span.column) <= (span.end_line, span.end_column), "{span:?}");
        }
    }
}
