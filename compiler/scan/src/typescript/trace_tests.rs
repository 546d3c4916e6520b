//! What is followed, and where that ends.

use super::tests::{check, check_app, rows};

const PUBLISHED: &str = r#"topics {"name": "t", "publishers": ["svc"]}"#;
const UNUSED: &str = r#"topics {"name": "t"}"#;
const BOUND: &str = r#"services {"name": "svc", "path": "svc", "binds": {"topics": ["t"]}}"#;

fn check_rest(rest: &str, expected: &[&str]) {
    let source =
        format!("import {{ Topic }} from 'encore.dev/pubsub'; const t = new Topic<M>('t', {{}});\n{rest}");
    let expected: Vec<&str> = expected.iter().copied().chain([BOUND]).collect();
    check(&source, &expected);
}

#[test]
fn a_value_is_followed_through_variables() {
    for rest in [
        "const u = t; u.publish({});",
        "function f() { const u = t; const v = u; v.publish({}); }",
        "function f() { const { publish } = t; publish({}); }",
        "function f() { let u; u = t; u.publish({}); }",
        "const u = yes ? t : null; u?.publish({});",
        "const u = (t ?? other)!; u.publish({});",
        "const { publish: p } = t; p({});",
        "function f(u = t) { u.publish({}); }",
        "const f = async () => { const [a, b] = [1, await t.publish({})]; };",
    ] {
        check_rest(rest, &[PUBLISHED]);
    }
    for rest in ["const u = t;", "function f() { const u = t; }", "function f() { const { name } = t; }"] {
        check_rest(rest, &[UNUSED]);
    }
}

#[test]
fn a_value_is_followed_through_objects_and_classes() {
    for rest in [
        "const all = { topics: { t }, x: 1 }; all.topics.t.publish({});",
        "function f() { const all = { u: t }; const { u } = all; u.publish({}); }",
        "function f() { const all = { ...{ u: t } }; all.u.publish({}); }",
        "class A { private t = t; f() { this.t.publish({}); } }",
        "class A { #t = t; f() { this.#t.publish({}); } }",
        "class A { u; constructor() { this.u = t; } f = () => this.u.publish({}); }",
        "class A { constructor(private readonly u: X) {} f() { this.u.publish({}); } } new A(t);",
        "class A { constructor(u: X) { this.u = u; } u; f() { const { u } = this; u.publish({}); } } new A(t);",
        "class A { u = t; } const a = new A(); a.u.publish({});",
        "const all = { u: t, f() { this.u.publish({}); } };",
        "function f() { const all = { u: yes ? t : x }; all.u.publish({}); }",
        "const all = { u: yes ? t : x }; all.u.publish({});",
        "class A { static f(u: X) { u.publish({}); } } A.f(t);",
        "class A { g() { this.h(t); } h(u: X) { u.publish({}); } }",
    ] {
        check_rest(rest, &[PUBLISHED]);
    }
    check_rest("const all = { u: t, v: x }; all.v.publish({});", &[UNUSED]);
}

#[test]
fn a_value_is_followed_through_functions() {
    for rest in [
        "f(t); function f(u: X) { u.publish({}); }",
        "const f = (u: X) => u.publish({}); f(t);",
        "const f = ({ u, v }: X) => u.publish({}); f({ u: t, v: 1 });",
        "const f = (all: X) => g(all); const g = (all: X) => all.u.publish({}); f({ u: t });",
        "const get = () => t; get().publish({});",
        "async function get() { return t; } async function f() { (await get()).publish({}); }",
        "((u) => u.publish({}))(t);",
        "const p = t.publish.bind(t); p({});",
        "const all = { t }; const f = (u: X) => u.publish({}); f(all.t);",
        "f(t.publish);",
    ] {
        check_rest(rest, &[PUBLISHED]);
    }
    check_rest("f(t); function f(u: X) { console.log(u); if (u) {} }", &[UNUSED]);
}

#[test]
fn a_member_that_is_read_is_used_whatever_becomes_of_it() {
    for rest in [
        "keep(t.publish); function keep(u: X) { return u; }",
        "keep(t.publish); function keep() {}",
        "function f() { const p = t.publish; }",
        "function f() { const { publish } = t; }",
        "const { publish } = t;",
        "const all = { p: t.publish };",
        "const text = `${t.publish}`;",
        "class A { u = t; } const a = new A(); keep(a.u.publish); declare function keep(u: X): void;",
        "class A { u = t.publish; }",
        "const get = () => t.publish;",
    ] {
        check_rest(rest, &[PUBLISHED]);
    }
    let keep = ("lib/keep.ts", "export const keep = ({ u }: X) => { const p = u.publish; };");
    check_files(
        "import { t } from './t'; import { keep } from '../lib/keep'; keep({ u: t });",
        &[keep],
        &[PUBLISHED],
    );
    let look = ("lib/look.ts", "export const look = (all: X) => { const { u } = all; if (all.u) {} };");
    check_files(
        "import { t } from './t'; import { look } from '../lib/look'; look({ u: t });",
        &[look],
        &[UNUSED],
    );
}

#[test]
fn what_a_function_returns_or_keeps_is_passed_on_unless_a_use_is_seen() {
    let reported = |place: &str| format!("S0018 {place} the topic `t` is passed on as a value");
    for (rest, place) in [
        ("const u = keep(t); function keep(u: X) { return u; }", "2:11-2:18"),
        ("const keep = (u: X) => ({ u }); const u = keep(t);", "2:43-2:50"),
        ("class A { constructor(private u: X) {} } const a = new A(t);", "2:52-2:60"),
        ("class A { constructor(public u: X) {} } export const a = new A(t);", "2:58-2:66"),
        (
            "class A { u; constructor({ u, v }: X) { this.u = u; v.publish(); } } new A({ u: t });",
            "2:70-2:85",
        ),
    ] {
        check_rest(rest, &[PUBLISHED, &reported(&format!("svc/svc.ts:{place}"))]);
    }
    check_rest("const keep = (u: X) => u; keep(t).publish({});", &[PUBLISHED]);
    let lib = ("lib/lib.ts", "export class Store { constructor(private u: X) {} }");
    check_files(
        "import { t } from './t';\nimport { Store } from '../lib/lib'; new Store(t);",
        &[lib],
        &[PUBLISHED, &reported("svc/user.ts:2:37-2:49")],
    );
}

#[test]
fn what_cannot_be_followed_is_passed_on() {
    for (rest, place) in [
        ("f(t);", "2:1-2:5"),
        ("f(...[t]);", "2:7-2:8"),
        ("const all = [t];", "2:14-2:15"),
        ("export const get = () => t;", "2:26-2:27"),
        ("function f() { x.y = t; }", "2:22-2:23"),
        ("sql`${t}`;", "2:7-2:8"),
        ("const all = { t }; const list = [all.t];", "2:34-2:39"),
        ("export const u = yes ? t : x;", "2:18-2:29"),
        ("const u = yes ? t : x; export { u };", "2:33-2:34"),
        ("t[name]({});", "2:1-2:2"),
        ("f({ a: { t } });", "2:1-2:16"),
    ] {
        let reported = format!("S0018 svc/svc.ts:{place} the topic `t` is passed on as a value");
        check_rest(rest, &[PUBLISHED, &reported]);
    }
}

#[test]
fn a_circle_of_values_ends() {
    check_rest("let a, b; a = t; b = a; a = b; a.publish({});", &[PUBLISHED]);
    check_rest("const f = (u: X) => f(u); f(t);", &[UNUSED]);
    for rest in ["const f = (u: X) => f({ u }); f(t);", "class A { u = t; f() { this.u = { v: this.u }; } }"]
    {
        let source = format!(
            "import {{ Topic }} from 'encore.dev/pubsub'; const t = new Topic<M>('t', {{}});\n{rest}"
        );
        let files = [("svc/encore.service.ts", SERVICE), ("svc/svc.ts", &source)];
        assert!(
            rows(&files).contains(&crate::rows::normal(PUBLISHED)),
            "a chain without end counts as passed on"
        );
    }
}

const SERVICE: &str = "import { Service } from 'encore.dev/service'; export default new Service('svc');";
const TOPIC: &str = "import { Topic } from 'encore.dev/pubsub'; export const t = new Topic<M>('t', {});";

/// A topic in `svc/t.ts`, a user in `svc/user.ts`, and other files; as they are, and with so much in them that is of no
/// concern that it is worth to leave bodies out.
fn check_files(user: &str, others: &[(&str, &str)], expected: &[&str]) {
    let expected: Vec<&str> = expected.iter().copied().chain([BOUND]).collect();
    for more in ["", &format!("\nfunction unrelated() {{{}}}", " nothing();".repeat(100))] {
        let own = others.iter().copied().chain([("svc/user.ts", user)]);
        let own: Vec<_> = own.map(|(path, text)| (path, text.to_owned() + more)).collect();
        let mut files = vec![("svc/encore.service.ts", SERVICE), ("svc/t.ts", TOPIC)];
        files.extend(own.iter().map(|(path, text)| (*path, text.as_str())));
        check_app(&files, &expected);
    }
}

#[test]
fn a_value_is_followed_into_functions_of_other_files() {
    let lib = (
        "lib/lib.ts",
        "export function send(u: X, v: string) { return deeper({ u }); }
        function deeper({ u }: Y) { u.publish({}); } export const nothing = (u: X) => console.log(u);
        export class Sender { constructor(private u: X) {} f() { this.u.publish({}); } }
        import { far } from './far'; export const on = (all: X) => far(all);
        import * as npm from 'npm'; export const out = (u: X) => npm.out(u);",
    );
    let far = ("lib/far.ts", "export const far = (all: X) => all.u.publish({});");
    for user in [
        "import { t } from './t'; import { send } from '../lib/lib'; send(t, 'x');",
        "import { t } from './t'; import * as lib from '../lib/lib'; lib.send(t, 'x');",
        "import { t } from './t'; import { Sender } from '../lib/lib'; new Sender(t);",
        "import { t } from './t'; import { on } from '../lib/lib'; on({ u: t });",
        "import * as t from './t'; import { on } from '../lib/lib'; on({ u: t.t });",
    ] {
        check_files(user, &[lib, far], &[PUBLISHED]);
    }
    check_files(
        "import { t } from './t'; import { nothing, on } from '../lib/lib'; nothing(t); on({ v: t });",
        &[lib, far],
        &[UNUSED],
    );
    check_files(
        "import { t } from './t';\nimport { out } from '../lib/lib'; out(t);",
        &[lib, far],
        &[PUBLISHED, "S0018 svc/user.ts:2:35-2:41 the topic `t` is passed on as a value"],
    );
}

#[test]
fn objects_of_resources_are_followed_across_files() {
    let all = ("svc/all.ts", "import { t } from './t'; export const all = { inner: { t }, x: f() };");
    check_files("import { all } from './all'; all.inner.t.publish({});", &[all], &[PUBLISHED]);
    check_files(
        "import { all } from './all'; const { inner } = all; inner.t.publish({});",
        &[all],
        &[PUBLISHED],
    );
    let default =
        ("svc/all.ts", "import { t } from './t'; export default { t, send(u: X) { this.t.publish(u); } };");
    check_files("import all from './all'; all.t.name;", &[default], &[PUBLISHED]);
    let default = ("svc/all.ts", "import { t } from './t'; export default { t };");
    check_files("import all from './all'; all.t.publish({});", &[default], &[PUBLISHED]);
    let default = ("svc/all.ts", "export default function send(u: X) { u.publish({}); }");
    check_files("import { t } from './t'; import send from './all'; send(t);", &[default], &[PUBLISHED]);
    check_files(
        "import { all } from './all'; f(all);",
        &[all],
        &[PUBLISHED, "S0018 svc/user.ts:1:30-1:36 the topic `t` is passed on as a value"],
    );
    check(
        "import { Topic } from 'encore.dev/pubsub'; export const all = { t: new Topic<M>('t', {}) }; all.t.publish({});",
        &[BOUND, PUBLISHED],
    );
}

#[test]
fn shared_code_works_for_the_services_that_load_it() {
    let service = |name: &str| {
        format!("import {{ Service }} from 'encore.dev/service'; export default new Service('{name}');")
    };
    let (a, b) = (service("a"), service("b"));
    check_app(
        &[
            ("a/encore.service.ts", a.as_str()),
            ("b/encore.service.ts", &b),
            ("a/a.ts", "import { send } from '../lib'; export const f = () => send();"),
            ("b/b.ts", "import type { X } from '../lib'; import { Y } from '../lib'; let x: X & Y;"),
            ("lib/index.ts", "export * from './send';"),
            (
                "lib/send.ts",
                "import { Topic } from 'encore.dev/pubsub'; import { secret } from 'encore.dev/config';
                 const t = new Topic<M>('t', {}); const key = secret('Key');
                 export const send = () => t.publish(key()); export type X = string;",
            ),
        ],
        &[
            r#"services {"name": "a", "path": "a"}"#,
            r#"services {"name": "b", "path": "b"}"#,
            r#"topics {"name": "t", "publishers": ["a"]}"#,
            r#"secrets {"name": "Key", "packages_or_services": ["a"]}"#,
        ],
    );
}
