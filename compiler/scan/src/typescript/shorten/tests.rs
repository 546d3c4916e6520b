//! What is left of a file gives the same facts as all of it.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::super::facts::Facts;
use super::super::syntax::{facts_of_shortened, whole_facts};
use super::*;

/// Compares what is left of a text.
fn check(text: &str, expected: Option<&str>) {
    let arena = Allocator::default();
    let left = shorten(&arena, text, 1);
    assert_eq!(left.map(|left| left.program.source_text), expected, "{text}");
    same_facts(text.as_bytes());
}

/// Whether something of a file was left out. Its facts are the same without, but for what is said to be left out, and that
/// somebody asked for all of them.
fn same_facts(content: &[u8]) -> bool {
    let Some(found) = facts_of_shortened(content, 1) else { return false };
    let mut whole = Facts { asked_whole: false, ..whole_facts(content) };
    if whole.flaws.is_empty() {
        whole.given.retain(|name, _| !found.left_out.contains(name));
        whole.left_out.clone_from(&found.left_out);
        assert_eq!(format!("{found:#?}"), format!("{whole:#?}"), "{}", String::from_utf8_lossy(content));
    }
    true
}

#[test]
fn bodies_without_names_that_matter_are_left_out() {
    check(
        "import { t } from './t';\nfunction f() { t.publish(); }\nfunction g() { h(); }",
        Some("import { t } from './t';\nfunction f() { t.publish(); }\nfunction g() {}"),
    );
    check(
        "const x = 1; export const f = () => { return x; }; class A { a() { f(); } }",
        Some("const x = 1; export const f = () => {}; class A {}"),
    );
    check(
        "import { a } from 'node:a'; import type { T } from './t'; function f() { a<T>(); }",
        Some("import { a } from 'node:a'; import type { T } from './t'; function f() {}"),
    );
}

#[test]
fn names_lead_from_statement_to_statement() {
    let imports = "import { t, other as u } from './t';";
    for text in [
        "let x; function f() { x = t; } function g() { x.publish(); }",
        "let x; x = t; const f = () => { x.publish(); };",
        "const { a: { b } } = t; const f = () => { b(); };",
        "function g(x) { x.publish(); } g(t);",
        "class A { constructor(x) { x.publish(); } } const a = () => new A(u);",
        "function f() { return t; } function g() { h().publish(); } function h() { return f(); }",
        "enum E { A = t } function f() { E.A(); }",
        "namespace N { export const x = t; } function f() { N.x(); }",
        "function f() { \\u0074.publish(); }",
    ] {
        check(&format!("{imports} {text}"), None);
    }
}

#[test]
fn statements_that_declare_who_knows_what_are_read_whole() {
    for text in ["if (a) { var x = t; }", "for (;;) {}", "try {} catch {}", "x: f();", "{ }"] {
        check(&format!("import {{ t }} from './t'; {text} function f() {{ x(); }}"), None);
    }
}

#[test]
fn what_is_broken_is_read_whole() {
    for text in [
        "function f() { a(); } function",
        "function f() { a(); }}",
        "function f() { '",
        "const = () => { a(); }",
    ] {
        check(text, None);
    }
}

#[test]
fn what_takes_something_is_said_to_be_left_out() {
    let text = "import { t } from './t';
export function plain(a: string, b: number[]) { f(a); }
export function taking(a: A) { a.f(); }
export const arrow = (a) => { a.f(); };
export class Made { constructor(private a: A) { a.f(); } }
export function kept(a: A) { t.f(a); }
function own(a: A) { a.f(); }";
    let found = facts_of_shortened(text.as_bytes(), 1).unwrap();
    assert_eq!(found.left_out.iter().collect::<Vec<_>>(), ["Made", "arrow", "taking"]);
    assert_eq!(found.given.keys().collect::<Vec<_>>(), ["kept", "plain"]);
    same_facts(text.as_bytes());
}

#[test]
fn places_are_those_of_the_whole_text() {
    let text = "import { t } from './t'; function f() {\n\n}\n function g() { t.a(); }";
    let found = facts_of_shortened(text.as_bytes(), 1).unwrap();
    assert_eq!((found.uses[0].at.line, found.uses[0].at.column), (4, 17));
}

#[test]
fn what_a_first_look_takes_for_names_need_not_be_right() {
    let text = "import { x } from './x'; const u = x, f = () => { u(); }; function g() { h(); }";
    check(text, Some(&text.replace(" h(); ", "")));
    check("function f() { a(); } /* import a from ' */", None);
}

#[test]
fn hostile_text_takes_no_longer_than_other_text() {
    for piece in [
        "import ",
        "/",
        "()/",
        "a/a ",
        "`${",
        "function f(",
        "class ",
        "=>{",
        "\\u",
        "x = () => { f(/'/); };\n",
    ] {
        let text = piece.repeat(300_000 / piece.len());
        facts_of_shortened(text.as_bytes(), 1);
    }
}

/// All files below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        let path = entry.path();
        match entry.file_type().unwrap() {
            kind if kind.is_dir() && !path.ends_with("node_modules") => files(&path, found),
            kind if kind.is_file() => found.push(path),
            _ => {}
        }
    }
}

/// With `EXAMPLES` and `ENCORE` set to checkouts, theirs are compared as well.
#[test]
fn real_files_give_the_same_facts() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let others = ["EXAMPLES", "ENCORE"].map(|name| std::env::var_os(name).map(PathBuf::from));
    let are_given = others.iter().any(Option::is_some);
    let (mut paths, mut shorter) = (Vec::new(), 0);
    for folder in others.into_iter().flatten().chain([own]) {
        files(&folder, &mut paths);
    }
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "ts"));
    for path in &paths {
        shorter += usize::from(same_facts(&fs::read(path).unwrap()));
    }
    println!("{shorter} of {} files were shortened", paths.len());
    assert!(!are_given || shorter > 0, "real apps have files that are worth it; the samples are too small");
}

/// Pieces of code around names that come from elsewhere.
const PIECES: &[&str] = &[
    "const x = t;\n",
    "let y;\n",
    "const { a, b: c } = all;\n",
    "export const o = { t, f: (v) => { v.publish(x); }, h() { return this.t; } };\n",
    "function f(v: T) { v.publish(); }\n",
    "export function g(v) { y = v; f(v); }\n",
    "export const h = async (v): Promise<{ a: T }> => { await c.publish(y); };\n",
    "class A { constructor(private v) {} run() { return this.v.publish(`${x} }`); } }\n",
    "export class B extends A { z = t; static w = () => { f(y); }; }\n",
    "export default function () { return new A(t); }\n",
    "export { f as k, x };\n",
    "k(() => { x.publish(); }, function (v) { return v / 2 / 1; });\n",
    "interface I { a: string; f(): void }\n",
    "enum E { A = 1, B }\n",
    "namespace N { export function f() { return t; } }\n",
    "// t }\n",
    "new B(x).run();\n",
    "f(o.t);\n",
    "y = new A(x);\n",
    "function q() { const s = /[}'\"]/; return s.test('{' + y); }\n",
    "if (x) { f(x); }\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn code_in_any_order_gives_the_same_facts(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..12)) {
        let imports = "import { t } from './t';\nimport * as all from './all';\nimport type { T } from './types';\n";
        same_facts((imports.to_owned() + &pieces.concat()).as_bytes());
    }
}
