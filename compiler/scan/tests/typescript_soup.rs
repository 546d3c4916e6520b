//! TypeScript that nobody would write: random tokens, and real code with pieces cut out, doubled and moved.
//!
//! Whatever the bytes are, a scan ends, never panics, says the same twice, and every finding can be acted on.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use compiler_scan::{SourceTree, scan};
use proptest::prelude::*;

/// Pieces of syntax, many of which mean something to the scanner.
const TOKENS: &[&str] = &[
    "import",
    "export",
    "default",
    "from",
    "const",
    "let",
    "class",
    "extends",
    "interface",
    "type",
    "function",
    "async",
    "await",
    "return",
    "new",
    "this",
    "static",
    "private",
    "constructor",
    "*",
    "as",
    "typeof",
    "=>",
    "=",
    "==",
    "?",
    ":",
    ".",
    "?.",
    "!",
    ",",
    ";",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    "...",
    "`",
    "${",
    "\"",
    "'",
    "/",
    "//",
    "/*",
    "*/",
    "#",
    "@",
    "+",
    "-",
    "**",
    "<<",
    "1",
    "1_000",
    "0x7fffffffffffffff",
    "1e309",
    "'s'",
    "\"d\"",
    "`t`",
    "a",
    "b",
    "c",
    "Topic",
    "Subscription",
    "Bucket",
    "SQLDatabase",
    "CacheCluster",
    "StringKeyspace",
    "CronJob",
    "secret",
    "Service",
    "api",
    "Gateway",
    "authHandler",
    "Counter",
    "named",
    "ref",
    "publish",
    "upload",
    "query",
    "rawQuery",
    "handler",
    "migrations",
    "every",
    "'1h'",
    "'./a'",
    "'./b'",
    "'../svc/a'",
    "'~encore/clients'",
    "\n",
    "\u{e9}",
    "\u{2028}",
    "import { Topic, Subscription } from 'encore.dev/pubsub';",
    "import { Bucket } from 'encore.dev/storage/objects';",
    "import { SQLDatabase } from 'encore.dev/storage/sqldb';",
    "import { api, Gateway } from 'encore.dev/api';",
    "import { secret } from 'encore.dev/config';",
    "import * as all from './b';",
    "export * from './a';",
    "export * from './b';",
    "export const t = new Topic<a>('t', {});",
    "const { a, b: { c } } = ",
    "f(a, b)",
    "a.b.c",
];

/// Code of every kind that the scanner reads.
const REAL: &str = r#"import { api, Gateway } from "encore.dev/api";
import { Topic, Subscription, Publisher } from "encore.dev/pubsub";
import { Bucket, Uploader, Downloader } from "encore.dev/storage/objects";
import { SQLDatabase } from "encore.dev/storage/sqldb";
import { CacheCluster, StringKeyspace } from "encore.dev/storage/cache";
import { CronJob } from "encore.dev/cron";
import { secret } from "encore.dev/config";
import { site } from "~encore/clients";
import * as other from "./b";

interface Params { id: number; name?: string }
type Both = Uploader & Downloader;
export const db = new SQLDatabase("db", { migrations: { path: "./migrations", source: "prisma" } });
export const added = new Topic<Params>("added", { deliveryGuarantee: "at-least-once", orderingAttribute: "id" });
const files = new Bucket("files", { public: true, versioned: false });
const cluster = new CacheCluster("cache", { evictionPolicy: "allkeys-lru" });
const names = new StringKeyspace<Params>(cluster, { keyPattern: "name/:id" });
const key = secret("Key");
const all = { db, inner: { added } };
class Repo { constructor(private readonly d: SQLDatabase) {} get(id: number) { return this.d.queryRow`SELECT ${id}`; } }
const repo = new Repo(db);
export const get = api({ expose: true, method: ["GET", "POST"], path: "/get/:id" }, async ({ id }: Params) => {
  const { inner: { added: again } } = all;
  await again.publish({ id, key: key() });
  await db.rawExec("UPDATE t SET x = " + "$1", id);
  return { url: files.ref<Both>().publicUrl("x"), ...(await site.get({ id })), y: other.y?.[id] };
});
const _ = new Subscription(added, "sub", { handler: async (p) => { await names.set(p, "x"); }, retryPolicy: { maxRetries: 3 } });
const job = new CronJob("job", { every: "1h30m", endpoint: get });
export default new Gateway({ authHandler: undefined });
"#;

const SERVICE: &str = "import { Service } from 'encore.dev/service'; export default new Service('svc');";

fn check(a: &str, b: &str) {
    let files = [
        ("encore.app", r#"{"id": "soup", "lang": "typescript"}"#),
        ("svc/encore.service.ts", SERVICE),
        ("svc/a.ts", a),
        ("svc/b.ts", b),
    ];
    let tree = SourceTree::from_files("soup", files);
    let (manifest, diagnostics) = scan(&tree);
    let manifest = manifest.expect("there is an app, whatever its code is");
    for diagnostic in &diagnostics {
        let span = diagnostic.span.as_ref().unwrap();
        assert!(span.line > 0 && span.column > 0, "{diagnostic:?}");
        assert!((span.end_line, span.end_column) >= (span.line, span.column), "{diagnostic:?}");
        assert!(!diagnostic.notes.is_empty(), "{diagnostic:?}");
    }
    let written = serde_json::to_string(&manifest).unwrap();
    let (again, diagnostics_again) = scan(&tree);
    assert_eq!(written, serde_json::to_string(&again.unwrap()).unwrap());
    assert_eq!(diagnostics, diagnostics_again);
}

fn soup() -> impl Strategy<Value = String> {
    let token = prop::sample::select(TOKENS);
    let joint = prop::sample::select(&["", " ", " ", "\n"][..]);
    prop::collection::vec((token, joint), 0..120)
        .prop_map(|pieces| pieces.iter().flat_map(|(token, joint)| [*token, *joint]).collect())
}

/// A piece of the real code that is cut out, doubled, or put elsewhere.
fn mutated() -> impl Strategy<Value = String> {
    let cut = (any::<prop::sample::Index>(), 0_usize..80, 0_u8..3, any::<prop::sample::Index>());
    prop::collection::vec(cut, 1..6).prop_map(|cuts| {
        let mut text = REAL.to_owned();
        for (from, length, kind, to) in cuts {
            let start = text.floor_char_boundary(from.index(text.len().max(1)));
            let end = text.floor_char_boundary((start + length).min(text.len()));
            let piece = text[start..end].to_owned();
            if kind < 2 {
                text.replace_range(start..end, "");
            }
            if kind > 0 {
                let at = text.floor_char_boundary(to.index(text.len().max(1)));
                text.insert_str(at, &piece);
            }
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tokens_in_any_order_are_survived(a in soup(), b in soup()) {
        check(&a, &b);
    }

    #[test]
    fn code_with_pieces_moved_is_survived(a in mutated(), b in mutated()) {
        check(&a, &b);
    }

    #[test]
    fn bytes_of_any_kind_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let text = [REAL.as_bytes(), &bytes].concat();
        check(&String::from_utf8_lossy(&text), &String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn what_stands_in_comments_and_strings_declares_nothing(soup in soup()) {
        let quiet: String = soup.chars().filter(|letter| !"*/`$\\".contains(*letter)).collect();
        let source = format!("{REAL}\n/* {quiet} */\nconst text = `{quiet}`;");
        let scanned = |source: &str| {
            let files = [
                ("encore.app", r#"{"id": "soup", "lang": "typescript"}"#),
                ("svc/encore.service.ts", SERVICE),
                ("svc/a.ts", source),
            ];
            let (manifest, diagnostics) = scan(&SourceTree::from_files("soup", files));
            (serde_json::to_string(&manifest.unwrap()).unwrap(), diagnostics)
        };
        prop_assert_eq!(scanned(&source), scanned(REAL));
    }
}

fn rows(count: usize, row: impl Fn(usize) -> String) -> String {
    (0..count).map(row).collect()
}

#[test]
fn values_that_lead_to_each_other_without_end_are_survived() {
    let chain = rows(5_000, |at| format!("const v{} = v{at};\n", at + 1));
    let wide = rows(3_000, |at| format!("  k{at}: {{ a: v0, b: all }},\n"));
    let calls =
        rows(2_000, |at| format!("const f{at} = (x: X) => {{ f{}(x); f{}({{ x }}); }};\n", at + 1, at + 2));
    let source = format!(
        "import {{ Topic }} from 'encore.dev/pubsub';\nexport const v0 = new Topic<X>('t');\n{chain}const all = {{\n{wide}}};\n{calls}f0(v5000); f0(all);\n"
    );
    check(
        &source,
        "export * from './a'; import * as a from './a'; export const z = { a, b: { a } }; g(z, a, z.b);",
    );
}

#[test]
fn code_that_is_very_wide_is_survived() {
    let names = rows(2_000, |at| format!("k{at}, "));
    let passed = "t, ".repeat(10_000);
    let methods = rows(2_000, |at| format!("m{at}(x: X) {{ this.m{at}(t); f(t); f(this.u); }}\n"));
    let source = format!(
        "import {{ Topic }} from 'encore.dev/pubsub';\nexport const t = new Topic<X>('t');
const f = ({{ {names} }}: X) => {{}};\ng({passed});\nclass A {{ u = t;\n{methods} }}\n"
    );
    check(&source, "");
}
